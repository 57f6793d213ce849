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
// duplicate check (3 to 4 h). 42014 on a retry means that the first attempt worked. An
// unclear send older than 3 h is not repeated, it goes to the desk.
//
// A person's messages leave in order; one that is dead does not block the next.
// A card that waits for a press is open under its subject; Settle turns every open
// card of a subject into its result, with the freshest response code there is, and
// tells the holders by text where no code is left.
//
// A card that asks staff for a decision does not lie forever, nor in heaps. Undecided at
// 60 h it says 已换新卡片 with its code and a new one of the same kind, args and holders
// follows; a press on the old one still decides. With five open cards of a kind on a
// phone, further ones join a summary that links to the desk: joined recipients hold no
// card, the card is open all the same, and when there are fewer the next one is a card
// again. The five stay as they are, since a card's code serves all its holders and is
// kept for the result.
//
//	sent ──60 h──> renewed (closed) + the same card, waiting
//	waiting ──five lie there──> joined ──Settle──> closed, nothing to call
//
// # Calendar entries
//
// What shall stand in WeCom's calendars is no message: only its last version counts. An
// entry is one row per subject with the version wanted and the version shown, and a
// CalendarWorker of any process brings the two together, a call at a time:
//
//	PutEntry, DropEntry ──> waiting ──claim──> add, update or delete ──> done (shown = wanted)
//	                         ^  ^                 ├── no answer to an add: look for it first
//	                         │  └── due again ────┤
//	                         └── a newer version  └──> refused, dead: on the desk, "try again"
//
// Updates and deletes can be repeated. WeCom has no key against a second add, so every
// entry carries its public id in its description and an add whose outcome is unknown (no
// answer, or a process that died between call and record) is looked for in the year's
// calendar, after a lease has passed, before another add.
//
// No network call happens inside a transaction.
package outbox
