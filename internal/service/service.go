package service

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/rule"
)

// Definition is everything about one service, as its file says it.
type Definition struct {
	Code       string           `yaml:"code"`       // the name of the file; part of addresses
	Title      string           `yaml:"title"`      // on pages
	Chat       string           `yaml:"chat"`       // in the menu and in chat: short and neutral
	Detail     string           `yaml:"detail"`     // one line under the title
	Say        string           `yaml:"say"`        // what a student writes to start it; "" is 申请 and Chat
	Words      []string         `yaml:"words"`      // other names for it in chat: 实习补助
	Group      string           `yaml:"group"`      // module of the home page
	Order      int              `yaml:"order"`      // within it, smallest first
	Department string           `yaml:"department"` // the unit that owns it, by name (D-16)
	Notice     Notice           `yaml:"notice"`
	Window     Window           `yaml:"window"`
	Place      string           `yaml:"place"` // where paper is handed in and things are collected (D-35)
	Hours      string           `yaml:"hours"`
	Contacts   []Contact        `yaml:"contacts"`    // per campus (D-62)
	RecordYear int              `yaml:"record_year"` // school year whose records count; 0 is the one of the day (D-18, Q-24)
	Form       form.Form        `yaml:",inline"`
	Rules      []rule.Rule      `yaml:"rules"`
	Limits     Limits           `yaml:"limits"`
	Materials  []Material       `yaml:"materials"`
	RemindDays int              `yaml:"remind_days"` // before paper is due, when some is missing; 0 is none
	Stages     []approval.Stage `yaml:"stages"`
	Outcome    Outcome          `yaml:"outcome"`
	Appeal     Appeal           `yaml:"appeal"`
	Texts      Texts            `yaml:"texts"` // by their keys; what is left out has the words of TextKeys
}

// Notice is what has to be read to the end before the first use and after a change (D-38).
type Notice struct {
	Attention string `yaml:"attention" json:"attention"` // 注意事项
	Process   string `yaml:"process" json:"process"`     // 流程须知
}

// Version is a short hash of the text.
func (n Notice) Version() string {
	sum := sha256.Sum256([]byte(n.Attention + "\x00" + n.Process))
	return hex.EncodeToString(sum[:8])
}

// Contact is a line to ask on a campus.
type Contact struct {
	Campus string `yaml:"campus" json:"campus"` // "" is every campus
	Name   string `yaml:"name" json:"name"`
	Phone  string `yaml:"phone" json:"phone"`
}

// ContactsFor are the lines for somebody of the campus, those of every campus among them;
// all of them if there is none.
func (d Definition) ContactsFor(campus string) []Contact {
	var own []Contact
	for _, c := range d.Contacts {
		if c.Campus == "" || c.Campus == campus {
			own = append(own, c)
		}
	}
	if len(own) == 0 {
		return d.Contacts
	}
	return own
}

// Limits bound how often one student applies; 0 is no bound (D-14). A year is a school
// year. What was withdrawn, refused or fell overdue does not count.
type Limits struct {
	PerYear    int `yaml:"per_year"`
	PerCareer  int `yaml:"per_career"`
	OpenAtOnce int `yaml:"open_at_once"`
}

// Material is a thing to be handed in, ticked when it is there (D-20, D-49).
type Material struct {
	Code         string `yaml:"code"`
	Name         string `yaml:"name"`
	Note         string `yaml:"note"` // how it has to be: 盖公章
	Required     bool   `yaml:"required"`
	Paper        bool   `yaml:"paper"`         // on paper, ticked by staff; else it is the photo
	Photo        string `yaml:"photo"`         // photo field of the form that shows it
	DeadlineDays int    `yaml:"deadline_days"` // after the application; 0 is when the window closes
}

// Due is when the material has to be there for an application handed in at the time: the
// end of the last day. The zero time is no deadline.
func (d Definition) Due(m Material, submitted time.Time, zone *time.Location) time.Time {
	if m.DeadlineDays == 0 {
		_, closes := d.Window.around(submitted, zone)
		return closes
	}
	y, mo, day := submitted.In(zone).Date()
	return time.Date(y, mo, day+m.DeadlineDays+1, 0, 0, 0, 0, zone)
}

// Paper are the materials on paper.
func (d Definition) Paper() []Material {
	var paper []Material
	for _, m := range d.Materials {
		if m.Paper {
			paper = append(paper, m)
		}
	}
	return paper
}

// OutcomeKind says what follows an approval.
type OutcomeKind string

// The kinds of outcomes.
const (
	Certificate OutcomeKind = "certificate" // printed, then collected with the student card (D-11, D-15)
	Collect     OutcomeKind = "collect"     // made, then collected with the student card (D-65)
	Payout      OutcomeKind = "payout"      // to pay, then paid (D-17)
	None        OutcomeKind = "none"        // the approval is all
)

// Outcome is what follows an approval.
type Outcome struct {
	Kind     OutcomeKind `yaml:"kind"`
	Template *Template   `yaml:"template"` // of a certificate
	Amount   *Amount     `yaml:"amount"`   // of a payout
	States   []State     `yaml:"states"`   // the words of the steps; "" leaves ours
}

// Asks tells whether the sum follows from what the student wrote, so that less can be
// granted.
func (o Outcome) Asks() bool { return o.Amount != nil && o.Amount.Field != "" }

// Template is what a certificate says; its texts may hold placeholders in braces.
type Template struct {
	Title     string   `yaml:"title"`
	Issuer    string   `yaml:"issuer"`
	Rows      []Line   `yaml:"rows"`       // a table above the text
	Body      []string `yaml:"body"`       // paragraphs
	ValidDays int      `yaml:"valid_days"` // after it was issued; 0 is without end
}

// Line is a label and a text with placeholders.
type Line struct {
	Label string `yaml:"label"`
	Text  string `yaml:"text"`
}

// Amount says how much is paid; it is shown to whoever approves, who approves that sum.
// Exactly one of Fixed and Field is given. All sums are in yuan as "128.50".
type Amount struct {
	Fixed   string `yaml:"fixed"`
	Field   string `yaml:"field"`   // a field of the form: its money, or its number times Each
	Each    string `yaml:"each"`    // for each of an integer or a computed field
	Percent int    `yaml:"percent"` // of a money field; 0 is all of it. Parts of a fen are dropped
	AtMost  string `yaml:"at_most"`
}

// Of returns the sum in fen for the answers; false if there is no sum to be had.
func (a Amount) Of(f form.Form, answers form.Answers) (fen int64, ok bool) {
	if a.Fixed != "" {
		return form.ParseYuan(a.Fixed)
	}
	n, inFen, ok := f.Amount(answers, a.Field)
	if !ok {
		return 0, false
	}
	switch each, _ := form.ParseYuan(a.Each); {
	case !inFen:
		fen = n * each
	case a.Percent > 0:
		fen = n * int64(a.Percent) / 100
	default:
		fen = n
	}
	if most, bounded := form.ParseYuan(a.AtMost); bounded {
		fen = min(fen, most)
	}
	return fen, true
}

// State is a step after the approval with its word and what the student does then.
type State struct {
	Code  string `yaml:"code"`
	Title string `yaml:"title"`
	Hint  string `yaml:"hint"`
}

// Steps are the states that follow an approval, in their order, with the words people read.
func (o Outcome) Steps() []State {
	steps := stepsOf(o.Kind)
	for i, s := range steps {
		for _, own := range o.States {
			if own.Code == s.Code {
				steps[i].Title, steps[i].Hint = or(own.Title, s.Title), or(own.Hint, s.Hint)
			}
		}
	}
	return steps
}

func stepsOf(k OutcomeKind) []State {
	switch k {
	case Certificate:
		return []State{{"printed", "已打印", "凭学生证领取"}, {"collected", "已领取", ""}}
	case Collect:
		return []State{{"made", "已办好", "凭学生证领取"}, {"collected", "已领取", ""}}
	case Payout:
		return []State{{"to_pay", "待放款", "由财务统一发放"}, {"paid", "已放款", ""}, {"pay_failed", "放款未成功", "请核对收款信息"}}
	default:
		return nil
	}
}

// Appeal is where somebody who was refused can have it looked at again, and how long.
type Appeal struct {
	Text string `yaml:"text"`
	Days int    `yaml:"days"` // after the refusal was received
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
