// Package static holds what browsers fetch besides pages: styles, scripts, icons.
//
// A file is served under the hash of its content, /static/<hash>/<name>, and may be
// kept for a year; a changed file has another address. tokens.css is the one place for
// colours, type and space: phone, desk and simulator read it.
//
// desk.css and phone.css hold what every page of a face shares. What one topic needs is
// a file in the folder of that name (desk/request.css) and is served as part of the
// sheet; the files follow in the order of their names and do not touch each other's rules.
//
// vendor holds files of others, each with its licence; VERSION says where each one
// comes from and a test checks its sum.
package static
