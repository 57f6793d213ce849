// Package blob keeps files in the database, so that one backup holds everything.
//
//	Put (before the verb) ──> loose ──Attach (in the verb)──> attached to its object
//	                            │  ^                               │
//	                            │  └── an Attach without it ───────┘
//	                            └── Sweep, a day later ──> gone
//
// A file is known by its content, not by its name or by what the browser says. It is
// sealed at rest. Who may read an attached file is for its object's feature to ask; a
// loose one is only its owner's.
package blob
