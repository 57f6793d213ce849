// Package request is an application of a student to an office, whatever the office
// gives: a certificate, money, a card. Everything that differs between services is data
// of a service file; an application points at the version it was submitted with and reads
// form, rules, limits, materials, stages and outcome from there to its end. A draft goes by
// the file as it is now.
//
//	draft ──submit──> submitted 待审核 ──approve──> approved 已通过
//	                   │ ^  │ └─reject──> rejected 不通过    ├─ certificate, collect ─> printed ──> collected 已领取
//	                   │ │  └─return──> returned 退回补充    ├─ payout ─> to_pay 待放款 ──> paid 已放款
//	                   │ └──resubmit──────┘ │ │             │              ^   └──> pay_failed ─┐
//	                   │                    │ │             │              └────── build list ──┘
//	                   ├──withdraw──────────┘ │             └─ none ─> done 已办结
//	                   └──overdue by itself───┴─> overdue 逾期 ──extend (with a reason)──> submitted
//
// What was given may be revoked. Each step is an event with its time and who.
//
// A draft is one row a student and service, shared by every face (Start, Save,
// SaveField). Submitting judges, in this order: the window (by when the act reached us,
// or an extension of the student's own), the notice, the rules on a snapshot of what the
// school knows, the form, the limits. A limit of n is n numbered seats, so that the
// database refuses the one after (D-14). Refused input writes nothing.
//
// The review is package approval's; its outcome is Outcome here. What was returned opens
// again only where it was marked, and goes back to the stage that returned it (D-50).
// The last approval waits for the papers that are required (D-20), and papers that do
// not come in time end the application by itself (D-49).
//
// Whoever approves may grant less than was asked (核定金额), never more. The staff note among
// themselves what its student never reads (Annotate); the student asks whoever reviews it
// (AskAbout). A return can mark a single picture (Picture), which alone is sent anew.
//
// WorkOf says what waits for one of the staff: reviews put before them, and the queues
// of their offices by service and state.
//
// A student may have what was written erased: the service personal-data asks for it,
// and when its office agrees EraseAsked empties what came to nothing, once nothing can be
// appealed against any more. That it was, what became of it and who decided stays.
//
// Who is nobody to an application gets ErrNotYours, for real ids and invented ones.
// Answers, snapshots, reasons and questions are sealed; lists search by number, name,
// service and state.
package request
