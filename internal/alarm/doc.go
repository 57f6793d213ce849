// Package alarm is the reminder queue: due times in Redis sorted sets, one per queue.
//
// PostgreSQL is the diary, Redis the alarm clock. A row that is due later announces
// its time after the commit; any process pops the ids that are due, in batches, by
// one script, and then claims the rows in PostgreSQL. An id popped twice, lost or
// never set costs nothing but time: whoever pops re-checks the row, and a sweep
// over the diary adds what Redis has forgotten. A Watch is that beat, the same for
// every worker.
package alarm
