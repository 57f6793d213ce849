// Package sheet reads the tables people send (.xlsx, .csv) as rows of strings, and
// writes the .xlsx and .csv they get back.
//
//	bytes ──limit──> what is it? ──> .xlsx by excelize, .csv by encoding/csv ──> Table
//
// The content decides what a file is, not its name. A cell is text: a student number
// is never a number, "=…" is never a formula, and a long number that Excel has
// already rounded is refused instead of stored wrong. Limits hold before memory is
// spent: bytes, unpacked bytes, rows, columns, characters a cell.
package sheet
