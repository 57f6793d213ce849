// Package simulator is WeCom itself as a server: the API under /cgi-bin/, OAuth, the
// callbacks it sends, and two phones in a page on which people press its cards.
//
// It stands in for the platform in the demo, in tests and alone (xuegong simulate), and
// behaves as the platform's own pages say, not as our client would like: HTTP 200 with
// an errcode, limits that drop silently, response codes that work once, callbacks that
// come twice. What the sources dispute or leave open is a Switch; what goes wrong in real
// life is a Fault. It has its own crypto, so that a mistake in ours cannot hide in both.
//
// # How a message travels
//
//	app   POST /cgi-bin/message/send ─► checks in WeCom's order ─► one Message per member ─► phone
//	phone press ─► client rules ─► encrypted callback ─► app answers within 5 s, or it is repeated
//	app   POST /cgi-bin/message/update_template_card with a code ─► the card changes, its seq grows
//
// A card: as sent ─► pressed any number of times ─► greyed (a label instead of buttons) or
// replaced (by any card; its buttons work again, under the first task_id). Each press makes
// a response code of its own, so does the send; a code lives 72 h and works once.
//
// A callback: queued in its member's lane (one member, one order) ─► attempt ─► accepted,
// or repeated at once, up to Switches.Repeats times ─► given up. Never kept over a restart,
// as WeCom never promises delivery.
//
// An approval goes from node to node (approval.go), by people of the address book through
// /sim/approval; an import or a fetch (job.go) ends a while after it was answered. Both tell
// the app by an event in the name of sys.
//
// The home-school book (school.go) is a second address book, of children and parents.
//
// Group webhooks and the groups an app makes are one way: what is said there can be read
// back with /sim/webhooks and /sim/chats, and nobody answers.
//
// # Time and state
//
// Every lifetime is judged by the Clock of the Config; only network deadlines and delays
// are real time. The whole state is one value under one mutex; an API call is one critical
// section. With a StateFile it is written beside itself and renamed, at most twice a second
// and at Close. The wire log, faults and cookies live in memory.
//
// It never trusts the page: the control API applies the rules of the client, and asks for
// force to break them.
package simulator
