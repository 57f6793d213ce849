// Package inbox keeps what came in and acts on it exactly once.
//
//	callback ──Keep──> waiting ──Worker: one transaction──> done   (its text dropped)
//	                      │  ^                   │
//	                      │  └── next_at ── error, attempts+1
//	                      └── after the last attempt ──> failed    (GiveUp: apology, line on the desk)
//
// Keep answers once the row is committed; callers that arrive together share one
// insert, and wait out a restart of the database. A repeat has the same key (the hash of the plaintext, or a form's one-time
// token) and is not kept again. The worker takes rows with SKIP LOCKED, never a later
// one of a sender while an earlier one waits, and hands them to Handle in the
// transaction that also marks them done: everything the act did is committed with
// the mark, or nothing is. What we answered 200 takes effect exactly once.
package inbox
