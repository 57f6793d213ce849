package form

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is what a field holds.
type Kind string

// The kinds. In Input a range is name.from and name.until, a row name.0.column; photos
// and files are the public ids of uploads; an attestation and a consent are "true".
const (
	Text        Kind = "text"        // one line
	LongText    Kind = "long_text"   // several
	Choice      Kind = "choice"      // one option
	Choices     Kind = "choices"     // some options
	Date        Kind = "date"        // 2006-01-02
	Range       Kind = "range"       // two dates, both included
	Integer     Kind = "integer"     // a whole number
	Money       Kind = "money"       // yuan as written, fen as kept (D-59)
	Photo       Kind = "photo"       // pictures
	File        Kind = "file"        // documents
	Rows        Kind = "rows"        // rows of Columns
	Attestation Kind = "attestation" // a sentence ticked, kept with its time (D-58)
	Region      Kind = "region"      // a province, city or county by its code
	Person      Kind = "person"      // somebody of the school by number
	Computed    Kind = "computed"    // worked out of other fields
)

// Kinds lists all of them.
func Kinds() []Kind {
	return []Kind{Text, LongText, Choice, Choices, Date, Range, Integer, Money, Photo, File, Rows, Attestation, Region, Person, Computed}
}

// InChat tells whether chat can ask for the kind; what it cannot, it hands to the page.
func (k Kind) InChat() bool { return k != File && k != Rows && k != Region }

// Form is the fields in the order they are asked.
type Form struct {
	Fields []Field `yaml:"fields" json:"fields"`
}

// Field is one question.
type Field struct {
	Name     string   `yaml:"name" json:"name"`   // the key of the answer: letters, digits, _
	Label    string   `yaml:"label" json:"label"` // 资助项目类型
	Kind     Kind     `yaml:"kind" json:"kind"`
	Help     string   `yaml:"help" json:"help,omitempty"`         // a sentence under the label
	Example  string   `yaml:"example" json:"example,omitempty"`   // shown in the empty input
	Unit     string   `yaml:"unit" json:"unit,omitempty"`         // after a number: 天
	OnSheet  bool     `yaml:"on_sheet" json:"on_sheet,omitempty"` // a photo of paper that lies on a sheet of A4: a drawing shows how
	Required bool     `yaml:"required" json:"required,omitempty"`
	If       *If      `yaml:"if" json:"if,omitempty"` // asked only then
	Options  []Option `yaml:"options" json:"options,omitempty"`
	Source   string   `yaml:"source" json:"source,omitempty"`       // record that gives the value, or the options
	ReadOnly bool     `yaml:"read_only" json:"read_only,omitempty"` // the record's value stands; it can be disputed
	// Min and Max bound the value of an integer, a money (in yuan, "128.50"), a date or
	// both ends of a range ("2026-07-01" or "today"), and the number of choices, photos
	// and files.
	Min       string   `yaml:"min" json:"min,omitempty"`
	Max       string   `yaml:"max" json:"max,omitempty"`
	AtMost    string   `yaml:"at_most" json:"at_most,omitempty"`       // name of an earlier number it does not exceed
	MaxLength int      `yaml:"max_length" json:"max_length,omitempty"` // characters; 0 is 100, of a long text 1000
	Columns   []Field  `yaml:"columns" json:"columns,omitempty"`       // of rows
	MaxRows   int      `yaml:"max_rows" json:"max_rows,omitempty"`     // 0 is 20
	Compute   *Compute `yaml:"compute" json:"compute,omitempty"`

	closed bool     // stays as it stood (Only)
	again  []Retake // of its pictures or files; the others stay (Again)
}

// Retake is one picture or file of an answer that has to be sent anew (D-48).
type Retake struct {
	File string // id of the upload
	No   int    // its place among those of the answer, from 1
}

// Option of a choice. Text "" is Value.
type Option struct {
	Value string `yaml:"value" json:"value"`
	Text  string `yaml:"text" json:"text,omitempty"`
	// Words are how people say it besides in chat: 生病 for 本人或家人生病.
	Words []string `yaml:"words" json:"words,omitempty"`
}

// Label is what people read.
func (o Option) Label() string {
	if o.Text == "" {
		return o.Value
	}
	return o.Text
}

// If is a condition on an earlier choice: one of its values is among these.
type If struct {
	Field string   `yaml:"field" json:"field"`
	In    []string `yaml:"in" json:"in"`
}

func (c *If) met(a Answers) bool {
	if c == nil {
		return true
	}
	v := a[c.Field]
	return slices.Contains(c.In, v.Text) || slices.ContainsFunc(v.List, func(s string) bool { return slices.Contains(c.In, s) })
}

// Compute says how a computed field is worked out; exactly one is given.
type Compute struct {
	Workdays string `yaml:"workdays" json:"workdays,omitempty"` // workdays of the range, by the school's calendar
	Days     string `yaml:"days" json:"days,omitempty"`         // days of the range
	Sum      string `yaml:"sum" json:"sum,omitempty"`           // of a column: invoices.amount
}

// Input is what a face was given: names to values, as a posted form has them.
type Input map[string][]string

func (in Input) get(name string) string {
	if v := in[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Env is what a form is read in.
type Env struct {
	Now     time.Time                                  // of the act, in the school's zone
	Records Records                                    // nil knows nothing
	Before  Answers                                    // what stands already: closed fields keep it (Only)
	Workday func(from, to time.Time) int               // workdays from day to day, both included; nil counts Monday to Friday
	Person  func(number string) (name string, ok bool) // nil takes any number
}

// Records returns what the school knows under the name of a source, false if it knows
// nothing of the kind.
type Records func(source string) (Record, bool)

func (r Records) get(source string) (Record, bool) {
	if r == nil || source == "" {
		return Record{}, false
	}
	return r(source)
}

// Record is one thing the school knows of the person who fills in a form.
type Record struct {
	Value   Value     // of a field of the source's kind
	Options []Option  // to choose from: the person's own awards (D-45)
	Source  string    // where it comes from: 学校名单 2026 学年
	At      time.Time // when it was recorded
}

// Choices are the options of the field for this person.
func (f Field) Choices(env Env) []Option {
	if f.Source == "" {
		return f.Options
	}
	r, _ := env.Records.get(f.Source)
	return r.Options
}

// Field returns the field of the name.
func (f Form) Field(name string) (Field, bool) {
	for _, field := range f.Fields {
		if field.Name == name {
			return field, true
		}
	}
	return Field{}, false
}

// Open tells whether the field can be answered: not computed, not read-only, not closed.
func (f Field) Open() bool { return f.Kind != Computed && !f.ReadOnly && !f.closed }

// Asked are the fields that are asked for with these answers: those whose condition is met.
func (f Form) Asked(a Answers) []Field {
	var asked []Field
	for _, field := range f.Fields {
		if field.If.met(a) {
			asked = append(asked, field)
		}
	}
	return asked
}

// Only opens the named fields and those that hang on them (a condition, a bound), and
// closes the rest: Parse takes them from Env.Before (T9).
func (f Form) Only(names ...string) Form {
	open := map[string]bool{}
	for _, n := range names {
		open[n] = true
	}
	fields := slices.Clone(f.Fields)
	for i := range fields {
		field := &fields[i]
		if field.If != nil && open[field.If.Field] || open[field.AtMost] || field.Compute.of(open) {
			open[field.Name] = true
		}
		field.closed = !open[field.Name]
	}
	return Form{Fields: fields}
}

// Again has single pictures or files of fields sent anew, which before holds: what is sent
// takes their places, the others stay.
func (f Form) Again(before Answers, files map[string][]string) Form {
	fields := slices.Clone(f.Fields)
	for i := range fields {
		field := &fields[i]
		for n, id := range before[field.Name].List {
			if slices.Contains(files[field.Name], id) {
				field.again = append(field.again, Retake{File: id, No: n + 1})
			}
		}
	}
	return Form{Fields: fields}
}

// Retakes are the single pictures or files to be sent anew, none where the whole field is
// open.
func (f Field) Retakes() []Retake { return f.again }

// Numbered names pictures or files of the field: 来回车票第 2、3 张.
func (f Field) Numbered(list []Retake) string {
	numbers := make([]string, len(list))
	for i, r := range list {
		numbers[i] = strconv.Itoa(r.No)
	}
	return f.Label + "第 " + strings.Join(numbers, "、") + " " + unitOf(f.Kind)
}

// left are those of the retakes that the list still holds.
func (f Field) left(list []string) []Retake {
	var left []Retake
	for _, r := range f.again {
		if slices.Contains(list, r.File) {
			left = append(left, r)
		}
	}
	return left
}

// replaced puts what was sent in the places of what has to be sent anew: in its own place
// where all places were sent, as a page does, else in their order. The rest of what stood
// before stays.
func (f Field) replaced(before, sent []string) []string {
	isNew := func(id string) bool { return !slices.Contains(before, id) }
	list := slices.Clone(before)
	for _, r := range f.again {
		if at := r.No - 1; len(sent) == len(before) && isNew(sent[at]) {
			list[at] = sent[at]
		}
	}
	fresh := slices.DeleteFunc(slices.Clone(sent), func(id string) bool { return !isNew(id) || slices.Contains(list, id) })
	for _, r := range f.again {
		if at := r.No - 1; list[at] == r.File && len(fresh) > 0 {
			list[at], fresh = fresh[0], fresh[1:]
		}
	}
	return append(list, fresh...)
}

// of tells whether the value hangs on one of the fields.
func (c *Compute) of(names map[string]bool) bool { return c != nil && names[c.field()] }

// field is the name of the field the value is made of.
func (c *Compute) field() string {
	switch {
	case c.Workdays != "":
		return c.Workdays
	case c.Days != "":
		return c.Days
	}
	field, _ := c.sum()
	return field
}
