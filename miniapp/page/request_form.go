package page

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/region"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
)

// Paper is an application being written, or what came back for supplement (D-45 to D-50,
// D-58 to D-60).
type Paper struct {
	Base
	request.Paper
	Inputs   []Input
	Lacks    []string // labels of what is still missing
	Contacts []service.Contact
}

// Template implements Page.
func (*Paper) Template() string { return "h5/application_form" }

// Fill lays out the form with what was typed, which may be more than what is kept.
func (p *Paper) Fill(paper request.Paper, typed form.Input, now time.Time) {
	p.Paper = paper
	p.Lacks = Lacks(paper)
	l := layout{paper: paper, typed: typed, wrong: p.Fields, now: now}
	p.Inputs = l.fields(paper.Form.Fields, "", paper.Answers)
}

// Lacks are the labels of what is still missing.
func Lacks(paper request.Paper) []string {
	labels := make([]string, len(paper.Missing))
	for i, name := range paper.Missing {
		f, _ := paper.Form.Field(name)
		labels[i] = f.Label
		stands := paper.Answers[name].List
		if left := slices.DeleteFunc(slices.Clone(f.Retakes()), func(r form.Retake) bool { return !slices.Contains(stands, r.File) }); len(left) > 0 {
			labels[i] = f.Numbered(left)
		}
	}
	return labels
}

// Open are the inputs that can be filled in, and what is shown beside them.
func (p *Paper) Open() []Input {
	return slices.DeleteFunc(slices.Clone(p.Inputs), func(i Input) bool { return i.Closed })
}

// Settled are those that stay as they stand.
func (p *Paper) Settled() []Input {
	return slices.DeleteFunc(slices.Clone(p.Inputs), func(i Input) bool { return !i.Closed })
}

// inputPrefix keeps the names of a service's fields apart from our own inputs.
const inputPrefix = "a."

// filePrefix is before the name of a field in its inputs of files.
const filePrefix = "file."

// ReadInput returns what was posted for the fields.
func ReadInput(values url.Values) form.Input {
	in := form.Input{}
	for name, v := range values {
		if field, ok := strings.CutPrefix(name, inputPrefix); ok {
			in[field] = v
		}
	}
	return in
}

// ReadFiles returns the files that were posted, by field.
func ReadFiles(files map[string][]File) map[string][]File {
	of := map[string][]File{}
	for name, list := range files {
		if field, ok := strings.CutPrefix(name, filePrefix); ok {
			of[field] = list
		}
	}
	return of
}

// Input is one field as the form page shows it.
type Input struct {
	form.Field
	Key         string // of its sentences and of its texts while it is filled in: invoices.0.fee
	Value       string
	From, Until string
	Ticked      bool
	Options     []Tick
	Uploads     []Upload
	Table       []TableRow
	Shown       string // what stands: read-only, computed, closed; of a person the name
	Source      string // of what stands, and when it was recorded
	Dispute     string
	Disputable  bool
	Closed      bool // stays as it stands
	Hidden      bool // its condition is not met
	Wrong       string
	First, Last string // days that can be chosen
}

// Tick is an option of a choice.
type Tick struct {
	ID, Value, Label string
	On               bool
}

// Upload is a file that was taken.
type Upload struct {
	ID, URL string
	Again   bool // marked to be taken again (D-48)
	Stays   bool // others of the field were marked, not this one
}

// TableRow is a row of a field of rows.
type TableRow struct {
	Number int // in the names of its inputs
	Cells  []Input
}

// Shows is the number people read.
func (r TableRow) Shows() int { return r.Number + 1 }

// Name of the input.
func (i Input) Name() string { return inputPrefix + i.Key }

// ID of the element.
func (i Input) ID() string { return strings.ReplaceAll(i.Name(), ".", "-") }

// File is the name of the input that takes files.
func (i Input) File() string { return filePrefix + i.Key }

// Accepts are the kinds of files the input takes.
func (i Input) Accepts() string {
	if i.Kind == form.Photo {
		return "image/jpeg,image/png,image/webp"
	}
	return "application/pdf,image/jpeg,image/png,image/webp"
}

// AgainBadge marks what has to be sent anew.
func (i Input) AgainBadge() Badge {
	if i.Kind == form.Photo {
		return NewBadge(toneTodo, "请重拍")
	}
	return NewBadge(toneTodo, "请重传")
}

// Conditions are the answers that make the field be asked, for the script.
func (i Input) Conditions() string {
	if i.If == nil {
		return ""
	}
	return strings.Join(i.If.In, "|")
}

// Room tells whether another file fits.
func (i Input) Room() bool { return len(i.Uploads) < i.Most() }

// Mark is what stands after the label.
func (i Input) Mark() string {
	if i.Required || i.ReadOnly || i.Closed || i.Kind == form.Computed {
		return ""
	}
	return "（可以不填）"
}

// layout turns fields into inputs.
type layout struct {
	paper request.Paper
	typed form.Input
	wrong map[string]string
	now   time.Time
}

func (l layout) fields(fields []form.Field, prefix string, answers form.Answers) []Input {
	asked := form.Form{Fields: fields}.Asked(answers)
	inputs := make([]Input, len(fields))
	for i, f := range fields {
		inputs[i] = l.field(f, prefix+f.Name, answers)
		inputs[i].Hidden = !slices.ContainsFunc(asked, func(a form.Field) bool { return a.Name == f.Name }) && inputs[i].Wrong == ""
	}
	return inputs
}

func (l layout) field(f form.Field, key string, answers form.Answers) Input {
	in := Input{Field: f, Key: key, Value: l.get(key), Wrong: l.wrong[key]}
	in.First, in.Last = f.Days(l.now)
	in.Closed = l.closed(f)
	v, answered := answers[f.Name]
	if answered {
		in.Shown = l.paper.Form.Text(f, v)
	}
	switch {
	case f.ReadOnly:
		l.recorded(&in, v, answered)
	case f.Kind == form.Person:
		in.Shown = v.Shown
	case f.Kind == form.Choice, f.Kind == form.Choices:
		in.Options = l.options(in)
	case f.Kind == form.Range:
		in.From, in.Until = l.get(key+".from"), l.get(key+".until")
	case f.Kind == form.Attestation:
		in.Ticked = in.Value == "true"
	case f.Kind == form.Region:
		if name := region.Name(in.Value); name != "" {
			in.Value = name
		}
	case f.Kind == form.Photo, f.Kind == form.File:
		in.Uploads = l.uploads(f, key, v)
	case f.Kind == form.Rows:
		in.Table = l.rows(in, v)
	}
	return in
}

// closed tells whether a field of a returned paper stays as it stands; what is computed
// goes with what it is made of.
func (l layout) closed(f form.Field) bool {
	if !l.paper.Returned || f.Kind != form.Computed {
		return l.paper.Returned && !f.Open()
	}
	rows, _, _ := strings.Cut(f.Compute.Sum, ".")
	of, _ := l.paper.Form.Field(cmp.Or(f.Compute.Workdays, f.Compute.Days, rows))
	return !of.Open()
}

func (l layout) get(key string) string {
	if v := l.typed[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// recorded shows what the school knows, and takes what the student says of it (T6).
func (l layout) recorded(in *Input, v form.Value, answered bool) {
	if !answered || in.Shown == "" {
		in.Shown = "学校还没有记录，由老师核对"
	}
	in.Source = v.Source
	if v.At != "" && v.Source != "" {
		in.Source += "，" + form.DayText(v.At)
	}
	in.Dispute, in.Disputable = l.get(in.Key+".dispute"), !l.paper.Returned
	if wrong := l.wrong[in.Key+".dispute"]; wrong != "" {
		in.Wrong = wrong
	}
}

func (l layout) options(in Input) []Tick {
	var ticks []Tick
	for i, o := range in.Choices(l.paper.Env) {
		on := slices.Contains(l.typed[in.Key], o.Value) || slices.Contains(l.typed[in.Key], o.Label())
		ticks = append(ticks, Tick{ID: in.ID() + "-" + strconv.Itoa(i), Value: o.Value, Label: o.Label(), On: on})
	}
	return ticks
}

func (l layout) uploads(f form.Field, key string, v form.Value) []Upload {
	ids := l.typed[key]
	if l.typed == nil {
		ids = v.List
	}
	var list []Upload
	again := f.Retakes()
	for _, id := range ids {
		if id == "" {
			continue
		}
		no := len(list) + 1
		list = append(list, Upload{
			ID: id, URL: UploadPath(l.paper.PublicID, id),
			Again: slices.ContainsFunc(again, func(r form.Retake) bool { return r.File == id }),
			Stays: len(again) > 0 && !slices.ContainsFunc(again, func(r form.Retake) bool { return r.No == no }),
		})
	}
	return list
}

// UploadPath is where an upload of an application is looked at.
func UploadPath(application, file string) string {
	return fmt.Sprintf("/m/applications/%s/files/%s", application, file)
}

// rows are those that were typed, and an empty one where there is none.
func (l layout) rows(in Input, v form.Value) []TableRow {
	numbers := l.numbers(in.Key)
	if len(numbers) == 0 {
		numbers = []int{0}
	}
	list := make([]TableRow, len(numbers))
	for i, n := range numbers {
		answers := form.Answers{}
		if i < len(v.Rows) {
			answers = v.Rows[i]
		}
		list[i] = TableRow{Number: n, Cells: l.fields(in.Columns, in.Key+"."+strconv.Itoa(n)+".", answers)}
	}
	return list
}

// numbers are those of the rows typed, in order.
func (l layout) numbers(key string) []int {
	var list []int
	for name := range l.typed {
		rest, ok := strings.CutPrefix(name, key+".")
		digits, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(digits); ok && err == nil && n >= 0 && n < 1000 && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list
}
