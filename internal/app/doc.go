// Package app puts the program together and runs it.
//
// App is one process of the product: it receives callbacks, serves pages, and runs
// the workers. Any number of them run side by side on one PostgreSQL and one Redis;
// none is a leader. Demo is an App with everything around it: a private PostgreSQL,
// an in-process Redis, the simulated WeCom and the sample school.
//
//	New ──> Run: listeners, workers ──ctx ends──> no new requests ──> acts and calls
//	                                              under way are finished ──> closed
//
// The commands are here too, so that main decides nothing.
package app
