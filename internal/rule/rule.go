package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Date is a day written 2006-01-02, in the zone of whoever reads it; "" is no day.
type Date string

// dateOf returns the day of t in the location t carries.
func dateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Valid tells whether the date is a day of the calendar; "" is not.
func (d Date) Valid() bool {
	_, err := time.Parse(time.DateOnly, string(d))
	return err == nil
}

// Fact is one thing the school knows of a person, or knows that it does not know.
type Fact struct {
	Name   string    `json:"name"`
	Label  string    `json:"label"`            // 困难等级
	Text   string    `json:"text,omitempty"`   // as it is shown: 特困
	Values []string  `json:"values,omitempty"` // what In, NotIn and Has look at; empty means recorded as having none
	Number int64     `json:"number,omitempty"` // what AtLeast and AtMost look at
	Source string    `json:"source,omitempty"` // where it comes from: 学校名单 2026 学年
	At     time.Time `json:"at,omitzero"`      // when it was recorded
	// Missing says that the source itself is not there: nobody's grades were imported.
	// A person who is not in a source that is there has a fact without values.
	Missing bool `json:"missing,omitempty"`
}

// Facts are by their names.
type Facts map[string]Fact

// Rule asks one thing of one fact. Exactly one of In, NotIn and Has is given, or AtLeast
// and AtMost or one of them (Check).
type Rule struct {
	Code      string   `yaml:"code" json:"code"`
	Text      string   `yaml:"text" json:"text"` // what is asked: 本学年认定为特困或困难
	Fact      string   `yaml:"fact" json:"fact"`
	In        []string `yaml:"in" json:"in,omitempty"`         // one of the values is among these
	NotIn     []string `yaml:"not_in" json:"not_in,omitempty"` // none of the values is among these
	Has       *bool    `yaml:"has" json:"has,omitempty"`       // there is a value, or there is none
	AtLeast   *int64   `yaml:"at_least" json:"at_least,omitempty"`
	AtMost    *int64   `yaml:"at_most" json:"at_most,omitempty"`
	From      Date     `yaml:"from" json:"from,omitempty"`   // the rule holds from this day on
	Until     Date     `yaml:"until" json:"until,omitempty"` // and to the end of this one
	Otherwise string   `yaml:"otherwise" json:"otherwise"`   // what to do when it is not met
}

// Result of a rule.
type Result string

// The results.
const (
	Pass   Result = "pass"
	Fail   Result = "fail"
	Manual Result = "manual" // the source is missing: 由老师核对
)

// Text is the result as people read it.
func (r Result) Text() string {
	switch r {
	case Pass:
		return "符合"
	case Fail:
		return "不符合"
	default:
		return "由老师核对"
	}
}

// Finding is what became of one rule: the value it saw, where it came from and when.
type Finding struct {
	Rule      string    `json:"rule"` // its code
	Text      string    `json:"text"`
	Label     string    `json:"label"`
	Value     string    `json:"value"`
	Source    string    `json:"source,omitempty"`
	At        time.Time `json:"at,omitzero"`
	Result    Result    `json:"result"`
	Otherwise string    `json:"otherwise,omitempty"` // unless passed
}

// Verdict is what all rules found, in their order.
type Verdict struct {
	Findings []Finding `json:"findings"`
}

// Refused tells whether a rule failed.
func (v Verdict) Refused() bool { return v.any(Fail) }

// Manual tells whether somebody has to look at a rule.
func (v Verdict) Manual() bool { return v.any(Manual) }

func (v Verdict) any(r Result) bool {
	return slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Result == r })
}

// Why says in one sentence why somebody is refused and what to do; "" if nobody is (D-03).
func (v Verdict) Why() string {
	var why []string
	for _, f := range v.Findings {
		if f.Result == Fail {
			why = append(why, fmt.Sprintf("需要%s，现在的记录是“%s”。%s", f.Text, f.Value, f.Otherwise))
		}
	}
	return strings.Join(why, "")
}

// Lacks is the beginning of Why, for a line in a list: what is needed, "" if nothing lacks.
func (v Verdict) Lacks() string {
	var needed []string
	for _, f := range v.Findings {
		if f.Result == Fail {
			needed = append(needed, f.Text)
		}
	}
	if len(needed) == 0 {
		return ""
	}
	return "需要" + strings.Join(needed, "，")
}

// Judge applies the rules that hold on the day of at, in the location at carries.
func Judge(rules []Rule, facts Facts, at time.Time) Verdict {
	v := Verdict{Findings: []Finding{}}
	day := dateOf(at)
	for _, r := range rules {
		if (r.From == "" || day >= r.From) && (r.Until == "" || day <= r.Until) {
			v.Findings = append(v.Findings, r.judge(facts))
		}
	}
	return v
}

func (r Rule) judge(facts Facts) Finding {
	fact, known := facts[r.Fact]
	f := Finding{Rule: r.Code, Text: r.Text, Label: fact.Label, Value: fact.shown(), Source: fact.Source, At: fact.At}
	switch {
	case !known || fact.Missing:
		f.Result, f.Value = Manual, "还没有录入"
	case r.met(fact):
		f.Result = Pass
	default:
		f.Result, f.Otherwise = Fail, r.Otherwise
	}
	return f
}

func (r Rule) met(f Fact) bool {
	among := func(list []string) bool {
		return slices.ContainsFunc(f.Values, func(v string) bool { return slices.Contains(list, v) })
	}
	switch {
	case len(r.In) > 0:
		return among(r.In)
	case len(r.NotIn) > 0:
		return !among(r.NotIn)
	case r.Has != nil:
		return *r.Has == (len(f.Values) > 0)
	default:
		return (r.AtLeast == nil || f.Number >= *r.AtLeast) && (r.AtMost == nil || f.Number <= *r.AtMost)
	}
}

func (f Fact) shown() string {
	switch {
	case f.Text != "":
		return f.Text
	case len(f.Values) > 0:
		return strings.Join(f.Values, "、")
	case f.Number != 0:
		return strconv.FormatInt(f.Number, 10)
	default:
		return "没有记录"
	}
}

// Wrong is a mistake in a rule: the key it is about ("" is the whole rule) and, in
// Chinese for whoever at the school wrote it, the reason.
type Wrong struct{ Key, Reason string }

const (
	oneComparison = "一条规则只写一种比较：in、not_in、has，或 at_least 和 at_most"
	notADay       = "日期写成 2026-09-01 这样"
)

// Check returns what is wrong with the rule.
func (r Rule) Check() []Wrong {
	var wrong []Wrong
	for key, v := range map[string]string{"code": r.Code, "text": r.Text, "fact": r.Fact, "otherwise": r.Otherwise} {
		if v == "" {
			wrong = append(wrong, Wrong{key, "要填"})
		}
	}
	asked := 0
	for _, given := range []bool{len(r.In) > 0, len(r.NotIn) > 0, r.Has != nil, r.AtLeast != nil || r.AtMost != nil} {
		if given {
			asked++
		}
	}
	if asked != 1 {
		wrong = append(wrong, Wrong{"", oneComparison})
	}
	if r.AtLeast != nil && r.AtMost != nil && *r.AtLeast > *r.AtMost {
		wrong = append(wrong, Wrong{"at_most", "比 at_least 小"})
	}
	if r.From != "" && !r.From.Valid() {
		wrong = append(wrong, Wrong{"from", notADay})
	}
	if r.Until != "" && !r.Until.Valid() {
		wrong = append(wrong, Wrong{"until", notADay})
	}
	if r.From.Valid() && r.Until.Valid() && r.Until < r.From {
		wrong = append(wrong, Wrong{"until", "在 from 之前"})
	}
	slices.SortFunc(wrong, func(a, b Wrong) int { return strings.Compare(a.Key, b.Key) })
	return wrong
}

// Snapshot is everything a verdict was made of, kept with an application (T5).
type Snapshot struct {
	Rules []Rule    `json:"rules"`
	Facts Facts     `json:"facts"`
	At    time.Time `json:"at"`
}

// Judge gives the verdict of the snapshot, the same whenever it is asked.
func (s Snapshot) Judge() Verdict { return Judge(s.Rules, s.Facts, s.At) }

// Take keeps what the rules look at, and no other fact.
func Take(rules []Rule, facts Facts, at time.Time) Snapshot {
	s := Snapshot{Rules: rules, Facts: Facts{}, At: at}
	for _, r := range rules {
		if f, ok := facts[r.Fact]; ok {
			s.Facts[r.Fact] = f
		}
	}
	return s
}
