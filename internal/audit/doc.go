// Package audit is the log of what was decided and of who read what is sensitive.
//
//	verb ──Append──> row (with a MAC) ──Seal, once a second──> row in the hash chain
//
// A verb appends in its own transaction and never waits for the chain: one process
// at a time seals all committed rows under an advisory lock, in the order it finds
// them. Verify walks the chain and the MACs and names the first row that was
// changed, removed or put in by hand (T23).
package audit
