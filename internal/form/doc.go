// Package form is fields and their validation, once for every face: what a page posts, a
// chat answers and the API sends is read by the same Parse, and what it makes is shown,
// stored and compared in the same way everywhere.
//
//	Input (page, chat, JSON) ──Parse──> Answers ──JSON──> kept
//	Answers ──Input──> the page again; ──Rows──> card, desk, chat; ──Diff──> what changed
//
// A field that the school knows the answer of has a Source: its value, or its options, come
// from Records with where and when they were recorded. A read-only one is never typed; who
// finds it wrong says so in a sentence kept beside it (T6). A computed field is worked out
// of others and bounds them (D-47). An application sent back opens the marked fields alone
// (Only), of a field with several pictures single ones (Again); everything else stays as it
// stood.
//
// The package is pure: calendar, records and persons are functions in Env.
package form
