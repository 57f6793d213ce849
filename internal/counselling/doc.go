// Package counselling books an hour with a counsellor of the centre, and keeps quiet about it.
//
// A student reads the notice and agrees to its present version, chooses a
// counsellor and an hour, and books. The booking holds its seat while the centre
// decides; undecided it expires and the seat is free again.
//
//	pending 待确认 ──confirm──> confirmed 已确认 <──undo──> arrived 已到访
//	   │ │ └─reject──> rejected 已婉拒   │     └──> missed 未到 ──┘
//	   │ └──held_until──> expired 已过期 │
//	   └────────cancel──────────────> cancelled 已取消
//
// An hour that nobody records within two days counts as attended. Who pressed 已到访 by
// mistake takes it back within ten minutes.
//
// Who comes after being marked as missed has arrived after all, up to so many days later;
// from then on only the strike is lifted, with a reason. An open booking is moved
// to another hour and stays the same booking: moved by the student it is pending again,
// moved by the centre it is confirmed. Both hours are in its history.
//
// Who stays away, or cancels too late where the school counts that, has a strike until the
// term ends; so many of them pause booking (T19).
//
//	standing 已记录 ──appeal──> appealed 说明待处理 ──keep──> kept 维持
//	   └──────────────lift──────────────┴─────────────────────┴──lift──> lifted 已撤销
//
// Limits are the centre's settings. At most n hours a term is n numbers, unique for
// student and term while they count, so that nobody has the ninth of eight.
//
// A place is a seat row: an hour with capacity n has n of them, a booking takes one,
// and unique indexes say the rest (a seat is taken once, a student has one open
// booking and each number of a term once). Closing an hour removes its free seats.
//
// When hours exist follows from what can be read: the rules of a counsellor (weekly, or
// the extra hours of one day), the spans a counsellor is away, and the school's calendar.
// A plan brings the hours in line with it, at once after every change and every night,
// up to the booking horizon:
//
//	(wanted) ──> open ──does not fit──> closed ──nobody comes──> void
//	               ^                     │  │
//	               └─────fits again──────┘  └─ somebody comes: unsettled, until a person
//	                                           moved or cancelled each booking
//
// An hour is closed before anybody looks who booked it, and a booking holds its hour open
// while it is made, so that no booking is lost between the two. That a counsellor and a
// room are in one hour at a time are constraints. What a change would do is the change
// done and undone (Preview).
//
// Who finds nothing that fits waits (T2): for a counsellor, or anybody but some who are
// left out, days, a part of the day, a campus or anything, and with a booking for an
// earlier hour. The queue is in the order
// of the waits' ids. A place that becomes free is offered to the first whose wish it
// fits, in the transaction that frees it (freed), which locks the queue of the centre
// last of all. An offer holds its seat as a booking in the state offered, so that the
// index that keeps a seat from being taken twice decides here too; that row is no
// booking yet and goes with the offer.
//
//	wait: waiting ──accept, or a booking that answers it──> served
//	         ├──Leave──> withdrawn
//	         └──last day over, asked and no answer──> lapsed
//
//	offer: open ──> accepted: Book or Move     ──┐
//	         ├────> declined, expired, withdrawn ┴─> the seat goes to the next, or is free
//
// Who waits for a counsellor who leaves the school waits for anybody from then on, in the
// same place, and is told.
//
// Who could not accept an offer is passed over and keeps the place in the queue: while
// booking is paused, for hours of a term whose number is used up, without consent. Who is,
// is one list (skip) by the rules of Book, given to the matching and to the audit alike.
//
// Who looks at the centre's time sees it in three ways: the week of everybody, one's own
// day (MyDay), and in the morning one message with what the day has (Digest). At night
// nobody of the centre is disturbed: what asks for a decision is in the digest, each to
// be opened, and comes as a card of its own only if its time ends that day; what only
// informs waits for the end of quiet hours. A red case waits for nothing.
//
// Nobody outside the centre learns whether a booking exists: every counselling id,
// real or not, is answered with ErrConfidential (D-10). What leaves through WeCom
// says neither what the centre does nor where; it uses the neutral name and place
// of the settings.
//
// The desk begins with what is to be done (LoadDue). A list with names leaves it for the
// head alone, for a purpose that stands in the audit log, without a word of what was
// written (List); numbers without names are Figures.
//
// Around the hour stands care (T3, T4). The questions before a booking are asked once a
// term; a red answer, or words in chat, opens a case: who is on duty is called at once,
// then the next, then the head, then everybody, until a person takes it, and only a
// person closes it, with a sentence of what was done.
//
//	open 等待联系 ──take──> taken 联系中 ──close──> closed 已办结
//	      └──────────────close──────────────┘
//
// The card of a call becomes who was called next; nobody holds two of one case.
//
// A note after the hour is read by its counsellor and the head alone. What students say
// of an hour is kept without whose it is, and counted five at a time. A disclosure has one
// of three grounds, two persons (one the head), the fewest fields, one recipient and a
// time, and is a line the student reads.
package counselling
