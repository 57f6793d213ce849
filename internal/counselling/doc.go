// Package counselling books an hour with a counsellor of the centre, and keeps quiet about it.
//
// A student reads the notice and agrees to its present version, chooses a
// counsellor and an hour, and books. The booking holds its seat while the centre
// decides; undecided it expires and the seat is free again.
//
//	pending 待确认 ──confirm──> confirmed 已确认 ──> arrived 已到访
//	   │ │ └─reject──> rejected 已拒绝   │     └───> missed 未到
//	   │ └──held_until──> expired 已过期 │
//	   └────────cancel──────────────> cancelled 已取消
//
// Who comes after being marked as missed has arrived after all. An open booking is moved
// to another hour and stays the same booking: moved by the student it is pending again,
// moved by the centre it is confirmed. Both hours are in its history.
//
// Limits are the centre's settings. At most n hours a term is n numbers, unique for
// student and term while they count, so that nobody has the ninth of eight.
//
// A place is a seat row: an hour with capacity n has n of them, a booking takes one,
// and unique indexes say the rest (a seat is taken once, a student has one open
// booking and each number of a term once). Closing an hour removes its free seats, so that the foreign key decides
// between closing and booking.
//
// Nobody outside the centre learns whether a booking exists: every counselling id,
// real or not, is answered with ErrConfidential (D-10). What leaves through WeCom
// says neither what the centre does nor where; it uses the neutral name and place
// of the settings.
package counselling
