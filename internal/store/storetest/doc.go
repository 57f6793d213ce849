// Package storetest gives every test a clean real PostgreSQL.
//
// DB clones a migrated template (some 40 ms), Loaded one that already holds a school,
// so tests share nothing and run in parallel. The server is private to the tests and
// shared by all test processes; what earlier runs left behind is dropped when a
// template is built.
package storetest
