// Package job does what is due: the expiry of a hold, a monthly run, an import.
//
//	Put (in the transaction that makes it true) ──> waiting ──due_at──> Step ──> done
//	                                                   ^                  │
//	                                                   └──── Again ───────┘
//
// Each step is one transaction that claims the row, re-checks the state of what it
// is about and writes its result with it: a process killed between two lines leaves
// the job as it was. Long work advances by its cursor in chunks of at most 50 and
// can be left and taken up by any process.
package job
