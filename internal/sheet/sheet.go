package sheet

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xuegong/xuegong/internal/errs"
)

// The limits of a table.
const (
	MaxBytes   = 10 << 20 // of the file as sent
	MaxRows    = 50_000   // below the header, blank ones not counted
	MaxColumns = 100
	MaxCell    = 4_000 // characters
)

// Table is a header and the rows below it.
type Table struct {
	Header []string // without the blanks and stars people put around names
	At     int      // number of the header's row
	Rows   []Row
}

// Row is one line of a table with as many cells as the header has names.
type Row struct {
	Number int // as the person sees it, counted from 1 with the header
	Cells  []string
}

// Column returns where the first of the names stands in the header, -1 if none does.
func (t Table) Column(names ...string) int {
	for _, name := range names {
		if i := slices.Index(t.Header, name); i >= 0 {
			return i
		}
	}
	return -1
}

// Read reads the first sheet of an .xlsx, or a .csv in UTF-8 or GB18030. Every error
// about the content is an errs.Error whose sentence says what to change.
func Read(r io.Reader) (Table, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Table{}, fmt.Errorf("read table: %w", err)
	}
	b := builder{}
	switch {
	case len(content) > MaxBytes:
		return Table{}, errs.New(errs.TooLarge, "文件超过 10 MB，请拆成几份再传。")
	case len(bytes.TrimSpace(content)) == 0:
		return Table{}, invalid("文件是空的，请选一个有内容的表格。")
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		err = readXLSX(content, &b)
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")):
		return Table{}, invalid("这是旧版或加了密码的 Excel 文件。请在 Excel 里去掉密码、另存为 .xlsx 再传。")
	default:
		err = readCSV(content, &b)
	}
	if err != nil {
		return Table{}, err
	}
	return b.table()
}

func invalid(sentence string) error { return errs.Field("file", sentence) }

// builder puts a table together row by row and holds the limits.
type builder struct {
	t     Table
	found bool // the header
}

func (b *builder) add(number int, cells []string) error {
	for i, c := range cells {
		if utf8.RuneCountInString(c) > MaxCell {
			return invalid(fmt.Sprintf("第 %d 行第 %d 列的内容超过 %d 个字，请删短再传。", number, i+1, MaxCell))
		}
		cells[i] = clean(c)
	}
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	switch {
	case len(cells) == 0:
		return nil
	case len(cells) > MaxColumns:
		return invalid(fmt.Sprintf("第 %d 行有 %d 列，最多 %d 列。请删掉多余的列再传。", number, len(cells), MaxColumns))
	case !b.found || b.titled(cells):
		return b.header(number, cells)
	case len(b.t.Rows) == MaxRows:
		return errs.New(errs.TooLarge, fmt.Sprintf("一次最多 %d 行，请拆成几份再传。", MaxRows))
	case len(cells) > len(b.t.Header):
		return invalid(fmt.Sprintf("第 %d 行比表头（第 %d 行）多出内容，请检查是不是错了列。", number, b.t.At))
	}
	row := make([]string, len(b.t.Header))
	copy(row, cells)
	b.t.Rows = append(b.t.Rows, Row{Number: number, Cells: row})
	return nil
}

// maxTitles is how many rows above a header can be titles.
const maxTitles = 5

// titled tells whether everything before the row was titles: one cell each, as people write
// above a table, and the row is the first with more.
func (b *builder) titled(cells []string) bool {
	one := func(cells []string) bool {
		return len(slices.DeleteFunc(slices.Clone(cells), func(c string) bool { return c == "" })) == 1
	}
	return len(b.t.Rows) < maxTitles && one(b.t.Header) && (!one(cells) || len(cells) > len(b.t.Header)) &&
		!slices.ContainsFunc(b.t.Rows, func(r Row) bool { return !one(r.Cells) })
}

func (b *builder) header(number int, cells []string) error {
	b.found = true
	b.t = Table{Header: make([]string, len(cells)), At: number}
	for i, c := range cells {
		name := strings.Join(strings.Fields(strings.Trim(c, "*＊ ")), "")
		if name != "" && slices.Contains(b.t.Header[:i], name) {
			return invalid(fmt.Sprintf("表头里“%s”出现了两次，请留一列。", name))
		}
		b.t.Header[i] = name
	}
	return nil
}

func (b *builder) table() (Table, error) {
	if len(b.t.Rows) == 0 {
		return Table{}, invalid(fmt.Sprintf("表里只有第 %d 行的表头，没有数据。请从下一行起填写。", b.t.At))
	}
	return b.t, nil
}

// clean takes away the blanks around a cell and the invisible characters inside,
// which come with what is copied from web pages and would make two equal names differ.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.Is(unicode.Cf, r) || unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
