// Package store is the transaction: the unit in which the product thinks.
//
// A face (chat, page, API, a worker) opens one with DB.View or DB.Update and hands
// it down; a function that is given a *Tx never opens one. The transaction knows its
// own time (Tx.Now, from package clock) so that all rows of one act agree, and when
// the act was received (Tx.ReceivedAt), by which deadlines are judged.
//
//	Update ── fn(tx) ──> commit ──> AfterCommit hooks, Due times to the alarm
//	   ^          │
//	   └─ 40001, 40P01: everything undone, fn runs again
//
// Because fn may run twice, nothing inside it touches the world: no network, no
// file, no message. What must follow is a row (outbox, job) written in the same
// transaction. Tx.Try is a savepoint: a refused verb is undone, the rest stays.
//
// Rules are constraints; Constraint names the one that was violated. The package
// also holds the keyring that seals what only the product may read.
package store
