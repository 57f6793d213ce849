// Package dialogue asks a student one thing after another until a service can be
// applied for. It is pure: Step takes a script, the state so far and one input, and
// returns the next state and what to say. The state is the draft row.
//
// A script is a list of questions. The current question is always the first one
// without an answer, so going back is taking an answer away, and resuming is asking
// again (a Step with the zero Input).
//
//	asking ──answer──▶ asking the next … ──yes at the confirm question──▶ Done
//	  │  ▲
//	  │  └─ 返回 (one back), 帮助 (explains), anything not understood (says so, asks again)
//	  ├─ 取消 ──▶ Cancelled
//	  └─ another intent ──▶ Interrupted; the state stays, to be resumed
//
// Options come from the database, so the caller brings them in a Host when the
// engine asks. A sentence may answer several questions at once: what it names is kept
// as a wish until the question it fits comes up. Choices are filled in order, since
// the options of one may depend on the answers before it. One option that fits is
// taken, several are offered alone, none is said so beside what there is. Nothing is
// submitted that the confirm question has not read back.
package dialogue
