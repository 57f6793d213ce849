package form

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/region"
)

// Answers are values by the names of their fields. As JSON they are canonical: the same
// answers give the same bytes.
type Answers map[string]Value

// Value is the answer of one field; the kind says which parts it uses.
type Value struct {
	Text    string    `json:"text,omitempty"`    // text, choice, date, region (code), person (number), attestation (RFC 3339)
	List    []string  `json:"list,omitempty"`    // choices, photos, files
	Number  int64     `json:"number,omitempty"`  // integer, money (fen), computed
	From    string    `json:"from,omitempty"`    // range, first day
	Until   string    `json:"until,omitempty"`   // range, last day
	Rows    []Answers `json:"rows,omitempty"`    // rows
	Shown   string    `json:"shown,omitempty"`   // what is read instead of Text: a person's name
	Source  string    `json:"source,omitempty"`  // of a read-only field: where it comes from
	At      string    `json:"at,omitempty"`      // and the day it was recorded
	Dispute string    `json:"dispute,omitempty"` // what the person says is wrong with it (T6)
}

// Row is one answer as every face shows it.
type Row struct {
	Name    string // of the field
	Label   string
	Kind    Kind
	Text    string
	Files   []string // public ids of photos and files
	Rows    [][]Row  // of rows, column by column
	Source  string   // where a read-only value comes from
	Dispute string
}

// Rows returns the answers in the order of the form, without fields nobody answered; a
// read-only field the school knows nothing of is shown as such.
func (f Form) Rows(a Answers) []Row {
	var rows []Row
	for _, field := range f.Asked(a) {
		v, ok := a[field.Name]
		if !ok && field.ReadOnly {
			rows = append(rows, Row{Name: field.Name, Label: field.Label, Kind: field.Kind, Text: "学校没有记录，由老师核对"})
		}
		if ok {
			rows = append(rows, f.row(field, v))
		}
	}
	return rows
}

func (f Form) row(field Field, v Value) Row {
	r := Row{Name: field.Name, Label: field.Label, Kind: field.Kind, Text: f.Text(field, v), Source: v.Source, Dispute: v.Dispute}
	if v.At != "" && v.Source != "" {
		r.Source += "，" + DayText(v.At)
	}
	switch field.Kind {
	case Photo, File:
		r.Files = v.List
	case Rows:
		for _, answers := range v.Rows {
			r.Rows = append(r.Rows, Form{Fields: field.Columns}.Rows(answers))
		}
	default:
	}
	return r
}

// Text says a value in one line, as people read it.
func (f Form) Text(field Field, v Value) string {
	switch field.Kind {
	case Choice:
		return or(v.Shown, field.optionText(v.Text))
	case Choices:
		texts := make([]string, len(v.List))
		for i, s := range v.List {
			texts[i] = field.optionText(s)
		}
		return strings.Join(texts, "、")
	case Range:
		return DayText(v.From) + "至" + DayText(v.Until)
	case Date:
		return DayText(v.Text)
	case Integer:
		return number(v.Number, field.Unit)
	case Money:
		return Yuan(v.Number) + " 元"
	case Computed:
		if f.inFen(field) {
			return Yuan(v.Number) + " 元"
		}
		return number(v.Number, field.Unit)
	case Photo:
		return fmt.Sprintf("%d 张照片", len(v.List))
	case File:
		return fmt.Sprintf("%d 个文件", len(v.List))
	case Rows:
		return rowsText(field, v.Rows)
	case Attestation:
		return attested(v.Text)
	case Region:
		return or(v.Shown, region.Name(v.Text))
	case Person:
		if v.Shown != "" {
			return v.Shown + "（" + v.Text + "）"
		}
		return v.Text
	default:
		return or(v.Shown, v.Text)
	}
}

func rowsText(field Field, rows []Answers) string {
	columns := Form{Fields: field.Columns}
	lines := make([]string, len(rows))
	for i, answers := range rows {
		var cells []string
		for _, r := range columns.Rows(answers) {
			cells = append(cells, r.Text)
		}
		lines[i] = strings.Join(cells, "，")
	}
	return strings.Join(lines, "；")
}

func attested(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return "已确认"
	}
	return "已确认，" + calendar.Day(t, t.Location()) + t.Format(" 15:04")
}

// DayText says a day kept as 2026-10-14 the way people write it.
func DayText(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return calendar.Day(t, time.UTC)
}

func (f Field) optionText(value string) string {
	for _, o := range f.Options {
		if o.Value == value {
			return o.Label()
		}
	}
	return value
}

func number(n int64, unit string) string {
	s := strconv.FormatInt(n, 10)
	if unit != "" {
		s += " " + unit
	}
	return s
}

// Yuan writes fen as 128.50.
func Yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}

// inFen tells whether a computed field is a sum of money.
func (f Form) inFen(field Field) bool {
	if field.Compute == nil || field.Compute.Sum == "" {
		return false
	}
	name, column := field.Compute.sum()
	rows, _ := f.Field(name)
	c, _ := Form{Fields: rows.Columns}.Field(column)
	return c.Kind == Money
}

// Amount returns what a field counts, for limits and payouts: fen of a money or a sum of
// money, else the whole number. false if it is not answered or counts nothing.
func (f Form) Amount(a Answers, name string) (n int64, fen, ok bool) {
	fen, counts := f.Counts(name)
	v, answered := a[name]
	if !counts || !answered {
		return 0, false, false
	}
	return v.Number, fen, true
}

// Counts tells whether the field holds a number, and whether it is one of fen.
func (f Form) Counts(name string) (fen, ok bool) {
	field, known := f.Field(name)
	if !known || field.Kind != Integer && field.Kind != Money && field.Kind != Computed {
		return false, false
	}
	return field.Kind == Money || f.inFen(field), true
}

// Missing are the names of the fields that still have to be answered, in their order.
func (f Form) Missing(a Answers) []string {
	var names []string
	for _, field := range f.Asked(a) {
		v, ok := a[field.Name]
		needed := field.Required && !field.ReadOnly && field.Kind != Computed
		short := ok && len(v.List) > 0 && field.countOf(len(v.List), true) != ""
		half := slices.ContainsFunc(v.Rows, func(row Answers) bool { return !Form{Fields: field.Columns}.Complete(row) })
		if !ok && needed || short || half || len(field.left(v.List)) > 0 {
			names = append(names, field.Name)
		}
	}
	return names
}

// Complete tells whether nothing is missing, so that 提交 lights up (D-46).
func (f Form) Complete(a Answers) bool { return len(f.Missing(a)) == 0 }

// Change is a field whose answer differs.
type Change struct {
	Name, Label, Before, After string // "" is no answer
}

// Diff returns what changed between two answers, in the order of the form (D-50).
func (f Form) Diff(before, after Answers) []Change {
	var changes []Change
	for _, field := range f.Fields {
		b, hadOne := before[field.Name]
		a, hasOne := after[field.Name]
		if !hadOne && !hasOne || hadOne == hasOne && same(b, a) {
			continue
		}
		c := Change{Name: field.Name, Label: field.Label}
		if hadOne {
			c.Before = f.textWithDispute(field, b)
		}
		if hasOne {
			c.After = f.textWithDispute(field, a)
		}
		changes = append(changes, c)
	}
	return changes
}

func (f Form) textWithDispute(field Field, v Value) string {
	if v.Dispute == "" {
		return f.Text(field, v)
	}
	return f.Text(field, v) + "（本人说：" + v.Dispute + "）"
}

func same(a, b Value) bool {
	return a.Text == b.Text && slices.Equal(a.List, b.List) && a.Number == b.Number && a.From == b.From && a.Until == b.Until &&
		a.Dispute == b.Dispute && slices.EqualFunc(a.Rows, b.Rows, func(x, y Answers) bool {
		if len(x) != len(y) {
			return false
		}
		for name, v := range x {
			if w, ok := y[name]; !ok || !same(v, w) {
				return false
			}
		}
		return true
	})
}

// Input returns the answers as a page posts them, for the page to be filled again.
func (f Form) Input(a Answers) Input {
	in := Input{}
	for _, field := range f.Fields {
		if v, ok := a[field.Name]; ok {
			field.write(in, field.Name, v)
		}
	}
	return in
}

func (f Field) write(in Input, name string, v Value) {
	if v.Dispute != "" {
		in[name+".dispute"] = []string{v.Dispute}
	}
	switch {
	case f.ReadOnly || f.Kind == Computed:
		return
	case f.Kind == Range:
		in[name+".from"], in[name+".until"] = []string{v.From}, []string{v.Until}
	case f.Kind == Rows:
		for i, answers := range v.Rows {
			for _, c := range f.Columns {
				if cell, ok := answers[c.Name]; ok {
					c.write(in, name+"."+strconv.Itoa(i)+"."+c.Name, cell)
				}
			}
		}
	case f.Kind == Money:
		in[name] = []string{Yuan(v.Number)}
	case f.Kind == Integer:
		in[name] = []string{strconv.FormatInt(v.Number, 10)}
	case f.Kind == Attestation:
		in[name] = []string{yes}
	case v.List != nil:
		in[name] = slices.Clone(v.List)
	default:
		in[name] = []string{v.Text}
	}
}

// Prefill is the input of a form nobody has filled in yet: what the school knows (T6).
func (f Form) Prefill(env Env) Input {
	in := Input{}
	for _, field := range f.Fields {
		if r, ok := env.Records.get(field.Source); ok && field.Kind != Choice && field.Kind != Choices {
			field.write(in, field.Name, r.Value)
		}
	}
	return in
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
