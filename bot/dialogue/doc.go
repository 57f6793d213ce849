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
//	  │  └─ 返回 (one back), 帮助 (explains), 等一下 and 还有几步 (answered, asked again),
//	  │     anything not understood (says so, asks again)
//	  ├─ 取消 ──▶ Cancelled
//	  └─ another intent ──▶ Interrupted; the state stays, to be resumed
//
// Options come from the database, so the caller brings them in a Host when the
// engine asks. A sentence may answer several questions at once: what it names is kept
// as a wish until the question it fits comes up. Choices are filled in order, since
// the options of one may depend on the answers before it. One option that fits is
// taken, several are offered alone, none is said so beside what there is. Nothing is
// submitted that the confirm question has not read back; there 不对，升学 changes the answer it
// names, and the whole is read back again.
//
// # A service by data
//
// A Script is plain data: a service's definition becomes one by making a Question of
// each field, in order, and a Confirm at the end (Validate refuses one that cannot
// work). TestACertificateIsAskedForByData is a whole one.
//
//	field in the definition       Question                        Answer.Value
//	notice to read                Notice                          yes
//	one line, a paragraph         Text, Long; Min, Max characters the text
//	one of, several of            Choice, Many; Min, Max picked   key; keys with commas
//	number, amount                Number, Money; Min, Max, Unit   12; fen
//	day, days                     Date, Period                    2006-01-02; 2006-01-02/2006-01-05
//	promise, yes or no            Attest                          yes or no
//	photo, file, rows, region     Page                            what the page put there
//	asked only when               If: an earlier question and its values
//	may be left out               Optional; answers ""
//	known to the school           an Answer in State.Answers before the first Step; read
//	                              back and changeable, unless the Question is Fixed
//
// The Host is what a definition cannot hold: Options reads the choices (of the
// definition, or of the database with the answers so far), Check refuses a value with
// the sentence the student reads at the question (errs.Invalid) or returns the Answer to
// keep (an empty Label leaves the engine's), Away explains a time without options. The
// caller turns a sentence into an Input with package understand; Date and Period read
// its Times, so that dates are understood in every way people write them.
//
// A Page question is left with a link (Reply.Page) to the page of the same draft. The
// page writes the answer and goes on with a Step of the zero Input: in chat the next
// question follows by itself (bot.Answered).
//
// A draft of another Version is asked again what is new. How long a draft stays silent
// before it is offered instead, and which draft waits for another one, is the face's
// (package bot, drafts).
package dialogue
