package form

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/errs"
)

// Parse reads and checks everything. The error is an *errs.Error of kind Invalid with one
// sentence a field; the answers are in any case what could be read.
func (f Form) Parse(in Input, env Env) (Answers, error) { return f.parse(in, env, true) }

// Draft is Parse of something unfinished: what is missing is no mistake.
func (f Form) Draft(in Input, env Env) (Answers, error) { return f.parse(in, env, false) }

func (f Form) parse(in Input, env Env, whole bool) (Answers, error) {
	p := parser{form: f, in: in, env: env, whole: whole, wrong: map[string]string{}}
	answers := Answers{}
	for _, field := range f.Fields {
		p.field(field, field.Name, answers)
	}
	return answers, p.err()
}

// ParseField reads what somebody wrote in chat for one field: options by number or name,
// a range as 2026-07-01 到 2026-08-20.
func (f Form) ParseField(name, text string, env Env) (Value, error) {
	field, ok := f.Field(name)
	if !ok || !field.Open() {
		return Value{}, errs.Field(name, "这一项不用填。")
	}
	answers := Answers{}
	p := parser{form: Form{Fields: []Field{field}}, in: field.said(text, env), env: env, whole: true, wrong: map[string]string{}}
	field.If, field.AtMost = nil, "" // the dialogue asks only what is asked for, Parse holds the bound in the end
	p.field(field, name, answers)
	if err := p.err(); err != nil {
		return Value{}, err
	}
	return answers[name], nil
}

// parser reads one input and collects what is wrong.
type parser struct {
	form  Form
	in    Input
	env   Env
	whole bool // what is missing is a mistake
	names []string
	wrong map[string]string
}

func (p *parser) fail(name, sentence string) {
	if _, ok := p.wrong[name]; !ok {
		p.names = append(p.names, name)
	}
	p.wrong[name] = sentence
}

func (p *parser) err() error {
	switch len(p.names) {
	case 0:
		return nil
	case 1:
		return errs.Field(p.names[0], p.wrong[p.names[0]])
	}
	return &errs.Error{Kind: errs.Invalid, Message: fmt.Sprintf("还有 %d 处要补：%s。", len(p.names), strings.Join(p.labels(), "、")), Fields: p.wrong}
}

// labels are the fields with mistakes as people call them, each once.
func (p *parser) labels() []string {
	var labels []string
	for _, name := range p.names {
		top, _, _ := strings.Cut(name, ".")
		if field, ok := p.form.Field(top); ok && !slices.Contains(labels, field.Label) {
			labels = append(labels, field.Label)
		}
	}
	return labels
}

// field reads one field of answers, which holds the earlier ones.
func (p *parser) field(f Field, name string, answers Answers) {
	if !f.If.met(answers) {
		return
	}
	v, given, sentence := p.value(f, name, answers)
	if sentence == "" && (f.Kind == Choices || f.Kind == Photo || f.Kind == File) && f.Open() {
		sentence = f.countOf(len(v.List), p.whole)
	}
	if sentence == "" && given && f.AtMost != "" {
		sentence = p.form.overBound(f, v, answers)
	}
	if sentence == "" && !given && f.Required && !f.ReadOnly && f.Kind != Computed && p.whole {
		sentence = f.missing(p.env)
	}
	if left := f.left(v.List); sentence == "" && len(left) > 0 && p.whole {
		sentence = f.Numbered(left) + "还没有重新上传。"
	}
	if sentence != "" {
		p.fail(name, sentence)
		return
	}
	if given {
		answers[f.Name] = v
	}
}

// value reads the field. A sentence says what is wrong; given false is no answer.
func (p *parser) value(f Field, name string, answers Answers) (v Value, given bool, sentence string) {
	switch {
	case f.Kind == Computed:
		v, given = p.compute(f, answers)
		return v, given, ""
	case f.closed:
		v, given = p.env.Before[name]
		return v, given, ""
	case f.ReadOnly:
		return p.recorded(f, name)
	case f.Kind == Rows:
		return p.rows(f, name)
	case f.Kind == Range:
		return f.readRange(p.in, name, p.env)
	default:
		return f.read(p.in[name], p.env)
	}
}

// recorded is the value the school knows, with what the person says of it.
func (p *parser) recorded(f Field, name string) (v Value, given bool, sentence string) {
	r, known := p.env.Records.get(f.Source)
	dispute := strings.TrimSpace(strings.ToValidUTF8(p.in.get(name+".dispute"), ""))
	if len([]rune(dispute)) > maxDispute {
		p.fail(name+".dispute", fmt.Sprintf("最多写 %d 个字。", maxDispute))
		dispute = ""
	}
	if !known && dispute == "" {
		return Value{}, false, ""
	}
	v = r.Value
	v.Source, v.Dispute = r.Source, dispute
	if !r.At.IsZero() {
		v.At = r.At.In(p.env.Now.Location()).Format(time.DateOnly)
	}
	return v, true, ""
}

// maxDispute is how long a dispute may be, in characters.
const maxDispute = 200

// rows reads the rows by their numbers, leaving out those nobody filled in.
func (p *parser) rows(f Field, name string) (v Value, given bool, sentence string) {
	most := f.maxRows()
	for _, i := range p.rowNumbers(name) {
		row := Answers{}
		blank := true
		prefix := name + "." + strconv.Itoa(i) + "."
		for key, values := range p.in {
			if strings.HasPrefix(key, prefix) && strings.TrimSpace(strings.Join(values, "")) != "" {
				blank = false
			}
		}
		if blank {
			continue
		}
		if len(v.Rows) == most {
			return Value{}, false, fmt.Sprintf("最多填 %d 行。", most)
		}
		for _, c := range f.Columns {
			p.field(c, prefix+c.Name, row)
		}
		if len(row) > 0 {
			v.Rows = append(v.Rows, row)
		}
	}
	return v, len(v.Rows) > 0, ""
}

func (f Field) maxRows() int {
	if f.MaxRows == 0 {
		return 20
	}
	return f.MaxRows
}

// rowNumbers are the numbers after name in the input, in order.
func (p *parser) rowNumbers(name string) []int {
	var list []int
	for key := range p.in {
		rest, ok := strings.CutPrefix(key, name+".")
		digits, _, _ := strings.Cut(rest, ".")
		i, err := strconv.Atoi(digits)
		if ok && err == nil && i >= 0 && digits == strconv.Itoa(i) && !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	slices.Sort(list)
	return list
}

// compute works the field out of the answers read so far.
func (p *parser) compute(f Field, answers Answers) (Value, bool) {
	switch c := f.Compute; {
	case c.Sum != "":
		name, column := c.sum()
		var n int64
		for _, row := range answers[name].Rows {
			n += row[column].Number
		}
		return Value{Number: n}, len(answers[name].Rows) > 0
	case c.Days != "":
		from, until, ok := answers[c.Days].days()
		return Value{Number: int64(until.Sub(from).Hours()/24) + 1}, ok
	default:
		from, until, ok := answers[c.Workdays].days()
		if !ok {
			return Value{}, false
		}
		count := p.env.Workday
		if count == nil {
			count = weekdays
		}
		return Value{Number: int64(count(from, until))}, true
	}
}

// sum splits rows.column.
func (c *Compute) sum() (rows, column string) {
	rows, column, _ = strings.Cut(c.Sum, ".")
	return rows, column
}

func (v Value) days() (from, until time.Time, ok bool) {
	from, err := time.Parse(time.DateOnly, v.From)
	if err != nil {
		return from, until, false
	}
	until, err = time.Parse(time.DateOnly, v.Until)
	return from, until, err == nil
}

func weekdays(from, to time.Time) int {
	n := 0
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday {
			n++
		}
	}
	return n
}

// overBound says that the value is more than the earlier one it is bound by (D-47).
func (f Form) overBound(field Field, v Value, answers Answers) string {
	bound, ok := answers[field.AtMost]
	if !ok || v.Number <= bound.Number {
		return ""
	}
	of, _ := f.Field(field.AtMost)
	return fmt.Sprintf("最多填 %s，这是系统算出的“%s”。", f.Text(of, bound), of.Label)
}
