// Package storetest gives every test a clean real PostgreSQL.
//
// DB clones a migrated template (some 40 ms), so tests share nothing and run in
// parallel; Tx opens one transaction in such a clone's pool and rolls it back,
// enough for most verbs. The server is private to the tests and shared by all test
// processes; what an earlier run left behind is dropped when the next one begins.
package storetest
