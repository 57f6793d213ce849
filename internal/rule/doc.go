// Package rule judges whether somebody may have something, and says why (T5, R-09).
//
// A rule compares one fact with one value: no expression language, since every rule of
// the sources is of this shape and such a rule explains itself.
//
//	rule ──fact known──> pass | fail
//	     ──fact missing─> manual: a person looks at it, never a silent pass (D-33)
//
// The package is pure. A Snapshot is what was judged, as JSON; judged again a year later
// it gives the same verdict.
package rule
