// Package understand turns a student's sentence into what it means: the service
// that is wanted, times, people, places, a numbered choice, or a word that steers
// a dialogue. It is pure: no clock, no database, the same answer for the same
// sentence, vocabulary and now.
//
// A sentence goes through five stages:
//
//	text     width, script and case folded; each rune remembers where it came from
//	names    people and places are found first, so 周老师 is never a weekday
//	times    what is left is scanned for time phrases, grouped and resolved
//	words    返回, 取消, 好的 … when they are the whole sentence
//	intents  what is still left is compared with the phrases of the vocabulary
//
// Typing errors are expected. Characters that sound alike are nearly equal
// (心里资询), sounds that Chinese speakers confuse (z/zh, n/ng) a little less, and
// a missing, extra or swapped character costs something. When two intents are
// close, or the best is weak, there is no Intent but Alternatives: the caller asks.
//
// Rules for times, all in the location of now:
//
//   - A week is Monday to Sunday. 下周三 is the Wednesday of the week after this
//     one, 这周三 that of this week even if it is over, and a bare 周三 the coming
//     one, today included while the time named is still ahead.
//   - 14号 is the coming 14th; 10月14日 lies in the year that puts it nearest to now.
//   - An hour from 1 to 7 without a part of the day is in the afternoon; 8 to 12 are
//     in the morning and at noon; 07:30 with a leading zero is as written.
//   - Hours and parts of a day without a day (下午, 三点) mean any day: the span is
//     the next one ahead and repeats daily.
//   - 晚一个小时 is no time but a shift of one that is spoken of; 晚十分钟 is somebody who
//     comes late.
//   - What is over is kept and flagged Past.
package understand
