// Package bot is the chat face: WeCom's callbacks in, words and cards out.
//
//	GET  verify ── plaintext of echostr
//	POST callback ── limit, signature, 15 minutes, corp ── inbox.Keep ── 200, empty
//	                                                          │
//	inbox worker, one transaction: who ── route ── dialogue step or verb ── outbox rows
//	                                                          │
//	outbox worker: Render makes the body of a kind ── WeCom
//
// A forged, stale, truncated, oversized or malformed request is answered 4xx, writes
// nothing, is counted, and nothing of it is logged. If a callback cannot be kept in
// four seconds the connection is closed without an answer, so that WeCom repeats it.
//
// An application to an office is talked through by a script made of its service's file.
// Its answers are kept in the application, not in the dialogue, which takes them over
// before every step: page and chat write the same draft, and each goes on where the
// other stopped (Filled).
//
// What a person did wrong is a sentence to them (a reply); what we did wrong undoes
// the act and is tried again. The dialogue of a person is one row, written in the
// transaction; its engine (package dialogue) is pure, as is understanding a sentence
// (package understand) and making a card (package card).
package bot
