package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
)

// Services lists what a student can apply for, with what is open and for whom (D-03, D-67).
type Services struct {
	Base
	List []request.Offer
}

// Template implements Page.
func (*Services) Template() string { return "h5/services" }

// Offer is one service: what it is, who may have it, what to bring, where and when.
type Offer struct {
	Base
	request.Offer
	Agreed   bool // the notice as it stands now was read
	Contacts []service.Contact
	Asks     []request.Ask // the student's own questions about it
	Asked    string        // a question that was refused, as it was typed
}

// Template implements Page.
func (*Offer) Template() string { return "h5/service" }

// Badge is whether the student can apply.
func (*Offer) Badge(o request.Offer) Badge { return OfferBadge(o) }

// Line is what is said under the name of a service: why not now, else when.
func (*Services) Line(o request.Offer) string {
	if o.Blocked != "" && o.Draft == "" {
		return strings.TrimPrefix(o.Blocked, o.Service.Title)
	}
	return o.Window
}

// Badge is whether the student can apply.
func (*Services) Badge(o request.Offer) Badge { return OfferBadge(o) }

// OfferBadge is the badge of a service for one student.
func OfferBadge(o request.Offer) Badge {
	switch {
	case o.Draft != "":
		return NewBadge(toneWait, "填写中")
	case o.Verdict.Refused():
		return NewBadge(toneIdle, "暂不符合")
	case !o.Open:
		return NewBadge(toneIdle, "不在申请时间")
	case o.Blocked != "":
		return NewBadge(toneIdle, "已到上限")
	default:
		return NewBadge(toneDone, "可以申请")
	}
}

// Deadline says until when a paper is handed in.
func (p *Offer) Deadline(m service.Material) string {
	if m.DeadlineDays > 0 {
		return fmt.Sprintf("提交后 %d 天内", m.DeadlineDays)
	}
	return ""
}

// Way are the steps from the application to its end.
func (p *Offer) Way() []string { return wayOf(p.Service.Definition) }

func wayOf(d service.Definition) []string {
	way := []string{"提交"}
	for _, s := range d.Stages {
		way = append(way, s.Title)
	}
	for _, s := range d.Outcome.Steps() {
		if s.Code != string(request.PayFailed) {
			way = append(way, s.Title)
		}
	}
	return way
}

// Limits says how often one may apply.
func (p *Offer) Limits() string { return LimitsText(p.Service.Limits) }

// LimitsText says how often one may apply, "" without a limit.
func LimitsText(l service.Limits) string {
	var says []string
	if l.PerYear > 0 {
		says = append(says, fmt.Sprintf("每学年最多 %d 份", l.PerYear))
	}
	if l.PerCareer > 0 {
		says = append(says, fmt.Sprintf("在校期间最多 %d 份", l.PerCareer))
	}
	if l.OpenAtOnce > 0 {
		says = append(says, fmt.Sprintf("同时办理 %d 份", l.OpenAtOnce))
	}
	return strings.Join(says, "，")
}

// FindingBadge is the badge of what became of a rule (T5).
func FindingBadge(r rule.Result) Badge {
	switch r {
	case rule.Pass:
		return NewBadge(toneDone, r.Text())
	case rule.Fail:
		return NewBadge(toneTodo, r.Text())
	default:
		return NewBadge(toneWait, r.Text())
	}
}

// ServiceNotice is 注意事项 and 流程须知, to be read to their end and agreed to (D-38).
type ServiceNotice struct {
	Base
	Service service.Definition
	Agreed  bool
	Next    string // where somebody goes on who has agreed already
}

// Template implements Page.
func (*ServiceNotice) Template() string { return "h5/service_notice" }

// Applications is 我的申请, the newest first.
type Applications struct {
	Base
	List []request.Application
	Asks []request.Ask
}

// Template implements Page.
func (*Applications) Template() string { return "h5/applications" }

// Badge is where the application stands.
func (*Applications) Badge(a request.Application) Badge { return ApplicationBadge(a) }

// ApplicationBadge is the badge of an application's state.
func ApplicationBadge(a request.Application) Badge {
	tone := toneWait
	switch a.State {
	case request.Approved, request.Collected, request.Paid, request.Done:
		tone = toneDone
	case request.Returned, request.Rejected, request.Overdue, request.PayFailed, request.Revoked:
		tone = toneTodo
	case request.Draft, request.Withdrawn:
		tone = toneIdle
	case request.Submitted:
		if len(a.Missing()) > 0 {
			tone = toneTodo
		}
	default:
	}
	return NewBadge(tone, a.StateLabel())
}

// Application is one application: what it needs now, its steps, what was written, its
// history (D-50, D-68).
type Application struct {
	Base
	request.Application
	Own      bool
	Contacts []service.Contact
	Asked    string // a question that was refused, as it was typed
	AskedOf  string // the record it says is wrong, "" for none
}

// Template implements Page.
func (*Application) Template() string { return "h5/application" }

// Badge is where the application stands.
func (p *Application) Badge() Badge { return ApplicationBadge(p.Application) }

// Next is the step that comes now, who takes it and until when (T9).
type Next struct {
	Step, Office string
	Due          time.Time // zero: nobody has to keep to one
}

// Next is what comes now, nil at the end.
func (p *Application) Next() *Next { return nextOf(p.Application) }

func nextOf(a request.Application) *Next {
	step, office, due := a.Next()
	if step == "" {
		return nil
	}
	return &Next{step, office, due}
}

// CanMend tells whether something is to be supplemented.
func (p *Application) CanMend() bool { return p.Own && p.State == request.Returned }

// CanWithdraw tells whether the student may still take it back.
func (p *Application) CanWithdraw() bool {
	return p.Own && (p.State == request.Submitted || p.State == request.Returned)
}

// Recorded are the answers taken from the school's records, which the student may say are
// wrong (T6).
func (p *Application) Recorded() []form.Row {
	return slices.DeleteFunc(p.Rows(), func(r form.Row) bool {
		f, ok := p.Service.Form.Field(r.Name)
		return !ok || f.Source == ""
	})
}

// MayAppeal tells whether the way to have it looked at again is shown.
func (p *Application) MayAppeal() bool {
	return slices.Contains([]request.State{request.Rejected, request.Overdue, request.Revoked}, p.State)
}

// Mended are the labels of what was marked on the return.
func (p *Application) Mended() []string { return p.MarkedLabels() }

// Ended is why it went no further, in the words of who or what ended it: what was
// revoked, came too late, or could not be paid. "" for everything else.
func (p *Application) Ended() string {
	switch p.State {
	case request.Revoked, request.PayFailed:
		for _, e := range slices.Backward(p.History) {
			if e.State == p.State {
				return e.Words
			}
		}
	case request.Overdue:
		return "要求的材料没有在期限内交齐，申请自动结束"
	default:
	}
	return ""
}

// Then is what the student can do after Ended.
func (p *Application) Then() string {
	switch p.State {
	case request.PayFailed:
		return "核对收款信息后会再放一次。尾号不对的，请先到财务处更新。"
	case request.Overdue:
		return "确实有原因的，带上材料联系办理的老师，可以延长期限接着办，不用重填。"
	default:
		return ""
	}
}

// HandsIn tells whether papers are still to be brought.
func (p *Application) HandsIn() bool {
	return (p.State == request.Submitted || p.State == request.Returned) && len(p.Missing()) > 0
}

// Fetches tells whether papers lie at the office of which nothing comes any more.
func (p *Application) Fetches() bool {
	return slices.Contains([]request.State{request.Withdrawn, request.Rejected, request.Overdue}, p.State) &&
		slices.ContainsFunc(p.Materials, request.Material.Received)
}

// NoteOf is how a paper has to be.
func (p *Application) NoteOf(code string) string {
	for _, m := range p.Service.Materials {
		if m.Code == code {
			return m.Note
		}
	}
	return ""
}

// Step of an application on its way: done, now or todo.
type Step struct{ Title, State string }

// Parts are the pieces a narrow screen may break the title into: pairs from its end, as
// such titles are spoken, 负责人 确认 金额.
func (s Step) Parts() []string {
	rest := []rune(s.Title)
	var parts []string
	for len(rest) > 3 {
		parts = append(parts, string(rest[len(rest)-2:]))
		rest = rest[:len(rest)-2]
	}
	parts = append(parts, string(rest))
	slices.Reverse(parts)
	return parts
}

// Steps are the way of the application with how far it is.
func (p *Application) Steps() []Step {
	d := p.Service.Definition
	steps := []Step{{"提交", "done"}}
	over := !p.State.Open() && p.State != request.Collected && p.State != request.Paid && p.State != request.Done
	for i, s := range d.Stages {
		state := "todo"
		switch {
		case i < p.Review.At || passed(p.State):
			state = "done"
		case i == p.Review.At && !over:
			state = "now"
		}
		steps = append(steps, Step{s.Title, state})
	}
	steps = append(steps, p.after()...)
	if over { // what would have come does not come any more
		steps = slices.DeleteFunc(steps, func(s Step) bool { return s.State == "todo" })
		steps = append(steps, Step{p.StateLabel(), "end"})
	}
	return steps
}

// after are the steps after the review. Money that came back waits where it was.
func (p *Application) after() (steps []Step) {
	way, now := p.Service.Outcome.Steps(), p.State
	if now == request.PayFailed {
		now = request.ToPay
	}
	at := slices.IndexFunc(way, func(s service.State) bool { return s.Code == string(now) })
	for i, s := range way {
		step := Step{s.Title, "todo"}
		switch {
		case s.Code == string(request.PayFailed):
			continue
		case i == at && p.State == request.PayFailed:
			step = Step{p.StateLabel(), "end"}
		case i < at, i == at && !p.State.Open():
			step.State = "done"
		case i == at, i == 0 && p.State == request.Approved:
			step.State = "now"
		}
		steps = append(steps, step)
	}
	return steps
}

// passed tells whether every stage of the review is over and said yes.
func passed(s request.State) bool {
	return slices.Contains([]request.State{
		request.Approved, request.Printed, request.Made, request.Collected, request.ToPay, request.PayFailed, request.Paid, request.Done, request.Revoked,
	}, s)
}

// Withdraw names what taking an application back means before it is done.
type Withdraw struct {
	Base
	request.Application
}

// Template implements Page.
func (*Withdraw) Template() string { return "h5/application_withdraw" }

// Question is a question of a student to a person, with the answer.
type Question struct {
	Base
	request.Ask
	About  string // title of the service
	Record string // label of the school's record that is said to be wrong, "" of a question
}

// Template implements Page.
func (*Question) Template() string { return "h5/question" }

// lastDay says a deadline as people do: one at midnight is the end of the day before.
func lastDay(t time.Time, zone *time.Location) string {
	if at := t.In(zone); at.Hour() == 0 && at.Minute() == 0 {
		return calendar.Date(at.AddDate(0, 0, -1), zone) + "24:00"
	}
	return calendar.When(t, zone)
}

// numbered splits a text into the paragraphs of its lines.
func numbered(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}
