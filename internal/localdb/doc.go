// Package localdb brings the two servers the product stands on when nobody gave
// it any: a private PostgreSQL and an in-process Redis. `xuegong demo` and the
// tests use it; serve never does.
//
// # PostgreSQL
//
// The binaries come from the machine, or else from a pinned, checksummed package.
// A cluster lives in one folder, answers on a unix socket that only its owner can
// reach, and listens on no port. Who holds owner.lock has the server:
//
//	              lock free                        lock held, server answers
//	StartPostgres ---------> initdb if new, serve     ---------> join it
//	                           |
//	      Stop, or the death of the process: fast shutdown, lock free again
//
// In durable mode the server is a child that dies with its process, however that
// dies, and data is on disk before a commit returns.
//
// In test mode there is one cluster for all test processes of the user. It runs
// under a small shell of its own, which holds owner.lock; every process that uses
// it holds users.lock shared, and when nobody has held it for a few seconds the
// shell stops the server. Nobody has to call Stop, and kill -9 leaves nothing
// behind. Without flock(1) the server stays, and the next run joins it.
//
// Data that another major version wrote is refused, and never deleted.
//
// # Redis
//
// StartRedis is miniredis with real time passing. It keeps nothing: what must
// survive is in PostgreSQL. StartRedisServer runs a real redis-server for tests
// that need its speed or its exact behaviour.
package localdb
