// Package errs is the one error type of the product: a kind for the machine,
// a sentence for the person, silence for internals.
//
// Verbs return an *Error when the person can do something about it. Every other
// error is internal: it is logged where it is answered, and the person reads
// only that it is our fault and that nothing was lost. Return or log, never both.
package errs
