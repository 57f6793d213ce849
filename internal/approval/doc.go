// Package approval is the one way in which anything is decided by the school: an
// application, a club's filing, a section of the personal record.
//
// The owner of a subject opens a review with its stages in order. A stage is one task:
// whoever holds its role for the right unit may decide it, or a deputy of theirs while
// the dates say so. The first decision wins; a later press reads who decided
// what and when (T7).
//
//	open ──approve──> next stage … ──> approved
//	 │ ^ └─reject──> rejected                      with a reason
//	 │ │ └─return──> returned ──withdraw──┐        with what is to be mended
//	 │ └──resubmit──────┘                 v
//	 └──withdraw─────────────────────> withdrawn
//
// What was returned comes back to the stage that returned it, with only the marked
// parts changed (T9). A stage in which all must agree ends with the last of them who
// still holds the role; the first who returns or rejects ends it at once.
//
// A stage for another person (Stage.Another) is never decided by who approved an earlier
// one, whatever roles and deputyships they hold.
//
// Nothing waits in silence: before its limit a task reminds who can decide it, at its
// limit it goes to somebody else as well, and after each further limit it reminds them
// again. What nobody can decide is told to the school's administrators, and goes to whom
// they give the role (Unattended). A limit never decides, so money is never given because
// nobody looked (T8).
//
// A task carries the keys that open it, "office:12" for a role in a unit. What a
// person holds at the moment of the press is compared with them, so a role taken away
// is gone between card and press. The card of a task is the owner's kind with the
// owner's facts inside Card; it is settled for every holder at once.
//
// What follows a decision belongs to the owner: an Outcome of its kind, run in the same
// transaction. Its Lock is taken before the review, so that every verb locks the
// subject first and its review second.
package approval
