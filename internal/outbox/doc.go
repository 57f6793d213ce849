// Package outbox is every word that leaves the product through WeCom.
//
// A verb puts a message into its own transaction; after the commit a worker of any
// process delivers it. One outbox row is one recipient of one event; one send row is
// one API call, shared by all recipients of the event.
//
//	Put ──> waiting ──claim + render (committed)──> call ──> sent
//	           │  ^                                   ├──> refused   WeCom will not, its code kept
//	           │  └── due again: -1, no answer, 45009 ┤
//	           │                                      └──> dead      on the desk, "send again"
//	           └── Cancel, or the renderer finds it obsolete ──> cancelled
//
// The body is rendered once and committed before the first attempt, so a retry
// repeats identical bytes: a card is known by its task id, everything else by WeCom's
// duplicate check (4 h). 42014 on a retry means that the first attempt worked. An
// unclear send older than 4 h is not repeated, it goes to the desk.
//
// A person's messages leave in order; one that is dead does not block the next.
// A card that waits for a press is open under its subject; Settle turns every open
// card of a subject into its result, with the freshest response code there is, and
// tells the holders by text where no code is left.
//
// No network call happens inside a transaction.
package outbox
