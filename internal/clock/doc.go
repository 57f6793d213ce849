// Package clock is where the time comes from, and the only place that calls time.Now.
//
// The product asks a Clock; serve gives it the system's, demo and tests one whose
// offset grows. Nothing ever goes back in time: an offset is added to, never taken
// from, and it is kept in the data folder so that a restarted demo goes on where
// it was.
//
// How long something took is measured with Since on a reading of Wall, never on a
// Clock: a moved clock would report hours.
package clock
