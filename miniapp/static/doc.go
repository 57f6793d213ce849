// Package static holds what browsers fetch besides pages: styles, scripts, icons.
//
// A file is served under the hash of its content, /static/<hash>/<name>, and may be
// kept for a year; a changed file has another address. tokens.css is the one place for
// colours, type and space: phone, desk and simulator read it.
//
// vendor holds files of others, each with its licence; VERSION says where each one
// comes from and a test checks its sum.
package static
