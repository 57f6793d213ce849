// Package migrations holds the numbered SQL files of the schema, embedded.
//
// A migration works with the previous release's code; what it replaces is dropped
// one release later. Constraints are named as sentences, because their names are
// what the code reads when a rule refuses a row.
package migrations

import "embed"

// FS holds the files in the order of their numbers.
//
//go:embed *.sql
var FS embed.FS
