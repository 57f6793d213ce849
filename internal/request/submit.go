package request

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Submit hands the draft in: in may be nil, then it goes as it stands. Window, notice,
// rules, form and limits are judged by when the act reached us; what is refused writes
// nothing. A draft begun under an older version of the service goes by the present one.
// Submitting what is submitted already returns it as it is.
func (e *Engine) Submit(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, in form.Input, via Via) (Application, error) {
	if _, err := identity.Lock(ctx, tx, who.ID); err != nil {
		return Application{}, err
	}
	a, err := own(ctx, tx, who, publicID, true)
	if err != nil {
		return Application{}, err
	}
	if a.State != Draft {
		return e.Get(ctx, tx, who, publicID)
	}
	if a.Service, err = service.ByCode(ctx, tx, a.Service.Code); err != nil {
		return Application{}, err
	}
	s, err := e.judge(ctx, tx, who, a, in)
	if err != nil {
		return Application{}, err
	}
	if err := takeSeats(ctx, tx, who, a); err != nil {
		return Application{}, err
	}
	if err := e.submit(ctx, tx, who, a, s, via); err != nil {
		return Application{}, err
	}
	return e.Get(ctx, tx, who, publicID)
}

// submission is what is handed in.
type submission struct {
	answers  form.Answers
	snapshot rule.Snapshot
	amount   *int64
}

// judge refuses what may not be handed in.
func (e *Engine) judge(ctx context.Context, tx *store.Tx, who identity.Person, a Application, in form.Input) (submission, error) {
	p, err := e.paper(ctx, tx, who, a)
	if err != nil {
		return submission{}, err
	}
	switch {
	case p.closed != "":
		return submission{}, errs.New(errs.Conflict, p.closed)
	case !p.Agreed:
		return submission{}, ErrNotAgreed
	case p.Verdict.Refused():
		return submission{}, errs.New(errs.Forbidden, p.Verdict.Why())
	}
	return e.read(ctx, tx, who, a, p, in)
}

// read parses everything and snapshots what the rules saw.
func (e *Engine) read(ctx context.Context, tx *store.Tx, who identity.Person, a Application, p Paper, in form.Input) (s submission, err error) {
	if in == nil {
		in = p.Input()
	}
	if s.answers, err = p.Form.Parse(in, p.Env); err != nil {
		return s, err
	}
	if err := attach(ctx, tx, who, a, s.answers); err != nil {
		return s, err
	}
	d := a.Service.Definition
	known, err := service.Know(ctx, tx, d, who)
	if err != nil {
		return s, err
	}
	_, s.snapshot = d.Judge(known, tx.ReceivedAt(), tx.Zone())
	if d.Outcome.Amount == nil {
		return s, nil
	}
	fen, ok := d.Outcome.Amount.Of(d.Form, s.answers)
	if !ok || fen <= 0 {
		return s, errs.New(errs.Invalid, "按填写的内容算不出金额，请核对后再提交。")
	}
	s.amount = &fen
	return s, nil
}

func (e *Engine) submit(ctx context.Context, tx *store.Tx, who identity.Person, a Application, s submission, via Via) error {
	d := a.Service.Definition
	due := dueOf(d, tx.ReceivedAt(), tx.Zone())
	if err := insertSubmission(ctx, tx, a, who, s, via, due); err != nil {
		return fmt.Errorf("submit: %w", err)
	}
	if err := insertMaterials(ctx, tx, a.id, d.Paper()); err != nil {
		return fmt.Errorf("list materials: %w", err)
	}
	a, err := one(ctx, tx, a.PublicID)
	if err != nil {
		return fmt.Errorf("load application: %w", err)
	}
	if err := record(ctx, tx, a, Submitted, actionState, who.ID, ""); err != nil {
		return err
	}
	if err := watchPapers(ctx, tx, a); err != nil {
		return err
	}
	if err := e.review(ctx, tx, who, a); err != nil {
		return err
	}
	if err := announce(ctx, tx, a, textSubmitted, said{}); err != nil {
		return err
	}
	if err := e.hook(ctx, tx, a); err != nil {
		return err
	}
	return audit.Append(ctx, tx, int64(who.ID), "application.submit", Subject(a.PublicID), map[string]any{"service": d.Code, "via": via})
}

// review puts the application before its first stage.
func (e *Engine) review(ctx context.Context, tx *store.Tx, student identity.Person, a Application) error {
	_, err := e.Approval.Open(ctx, tx, approval.Case{
		Subject: subject(a.PublicID), Applicant: student, Department: a.department, Scope: scope(a), Stages: a.Service.Stages,
		Cards: approval.Cards{Review: KindReview, Reminder: KindReviewReminder, Settled: KindReviewed}, Facts: factsOf(a, tx.Now()),
	})
	return err
}

// dueOf is when the last required paper has to be there; zero if there is none.
func dueOf(d service.Definition, submitted time.Time, zone *time.Location) time.Time {
	var due time.Time
	for _, m := range d.Paper() {
		if at := d.Due(m, submitted, zone); m.Required && at.After(due) {
			due = at
		}
	}
	return due
}

// watchPapers has the reminder and the deadline of papers come by themselves.
func watchPapers(ctx context.Context, tx *store.Tx, a Application) error {
	if a.Due.IsZero() || len(a.Missing()) == 0 {
		return nil
	}
	if days := a.Service.RemindDays; days > 0 {
		if at := a.Due.AddDate(0, 0, -days).Add(10 * time.Hour); at.After(tx.Now()) && at.Before(a.Due) {
			if err := job.Put(ctx, tx, PapersSoonJob, a.PublicID, scope(a), at, nil); err != nil {
				return err
			}
		}
	}
	return job.Put(ctx, tx, OverdueJob, a.PublicID, scope(a), a.Due, nil)
}

func unwatchPapers(ctx context.Context, tx *store.Tx, a Application) error {
	for _, kind := range []string{PapersSoonJob, OverdueJob} {
		if err := job.Cancel(ctx, tx, kind, a.PublicID); err != nil {
			return err
		}
	}
	return nil
}

// limit is one bound of a service: at most so many in a period.
type limit struct {
	period string // year, career or open
	most   int
	words  string
}

func limitsOf(d service.Definition, at time.Time, zone *time.Location) []limit {
	year := service.SchoolYear(at, zone)
	all := []limit{
		{strconv.Itoa(year), d.Limits.PerYear, fmt.Sprintf("%d—%d 学年", year, year+1)},
		{"career", d.Limits.PerCareer, "在校期间"},
		{"open", d.Limits.OpenAtOnce, "同时"},
	}
	return slices.DeleteFunc(all, func(l limit) bool { return l.most == 0 })
}

func (l limit) full(d service.Definition, taken int) string {
	next := "需要更多请联系" + d.Place + "。"
	if l.period == "open" {
		next = "先等进行中的办完，或把它撤回。"
	}
	return fmt.Sprintf("%s%s最多申请 %d 份，你已有 %d 份。%s", d.Title, l.words, l.most, taken, next)
}

// takeSeats takes one seat of each limit; the database refuses the one after the last.
func takeSeats(ctx context.Context, tx *store.Tx, who identity.Person, a Application) error {
	d := a.Service.Definition
	for _, l := range limitsOf(d, tx.ReceivedAt(), tx.Zone()) {
		ok, err := takeSeat(ctx, tx, a.id, who.ID, d.Code, l)
		if err != nil {
			return fmt.Errorf("take seat: %w", err)
		}
		if !ok {
			s, err := standingOf(ctx, tx, who)
			if err != nil {
				return err
			}
			return errs.New(errs.Conflict, l.full(d, s.taken[d.Code][l.period]))
		}
	}
	return nil
}

// Resubmit hands in again what came back: only what was marked is read from in, and the
// review goes on at the stage that returned it (D-50). Doing it twice changes nothing.
func (e *Engine) Resubmit(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, in form.Input) (Application, error) {
	a, err := own(ctx, tx, who, publicID, true)
	if err != nil {
		return Application{}, err
	}
	if a.State == Submitted && a.no > 1 {
		return e.Get(ctx, tx, who, publicID)
	}
	if a.State != Returned {
		return Application{}, ErrNotReturned
	}
	p, err := e.paper(ctx, tx, who, a)
	if err != nil {
		return Application{}, err
	}
	s, err := e.read(ctx, tx, who, a, p, in)
	if err != nil {
		return Application{}, err
	}
	if err := insertResubmission(ctx, tx, a, s); err != nil {
		return Application{}, fmt.Errorf("resubmit: %w", err)
	}
	if a, err = one(ctx, tx, publicID); err != nil {
		return Application{}, fmt.Errorf("load application: %w", err)
	}
	if err := record(ctx, tx, a, Submitted, actionResubmit, who.ID, ""); err != nil {
		return Application{}, err
	}
	if _, err := e.Approval.Resubmit(ctx, tx, who, subject(publicID), factsOf(a, tx.Now())); err != nil {
		return Application{}, err
	}
	if err := announce(ctx, tx, a, textResubmitted, said{}); err != nil {
		return Application{}, err
	}
	if err := e.hook(ctx, tx, a); err != nil {
		return Application{}, err
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "application.resubmit", Subject(publicID), nil); err != nil {
		return Application{}, err
	}
	return e.Get(ctx, tx, who, publicID)
}

// Withdraw takes an application back while it is not decided: the limits it used are free
// again. Withdrawing twice changes nothing.
func (e *Engine) Withdraw(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Application, error) {
	a, err := own(ctx, tx, who, publicID, true)
	if err != nil {
		return Application{}, err
	}
	switch a.State {
	case Withdrawn:
		return e.Get(ctx, tx, who, publicID)
	case Submitted, Returned:
	default:
		return Application{}, errs.New(errs.Conflict, fmt.Sprintf("这份申请现在是“%s”，不能撤回。", a.StateLabel()))
	}
	if err := e.Approval.Withdraw(ctx, tx, who, subject(publicID), ""); err != nil {
		return Application{}, err
	}
	if a, err = e.move(ctx, tx, who.ID, a, Withdrawn, ""); err != nil {
		return Application{}, err
	}
	if err := announce(ctx, tx, a, textWithdrawn, said{}); err != nil {
		return Application{}, err
	}
	return e.Get(ctx, tx, who, publicID)
}

// move is the one place where an application changes its state after it was submitted.
func (e *Engine) move(ctx context.Context, tx *store.Tx, by identity.ID, a Application, to State, words string) (Application, error) {
	if !slices.Contains(a.State.Next(), to) {
		return a, errs.New(errs.Conflict, fmt.Sprintf("这份申请现在是“%s”，不能这样办。", a.StateLabel()))
	}
	ok, err := setState(ctx, tx, a, to)
	if err != nil {
		return a, fmt.Errorf("change application: %w", err)
	}
	if !ok {
		return a, ErrChanged
	}
	if err := freeSeats(ctx, tx, a.id, to); err != nil {
		return a, fmt.Errorf("free seats: %w", err)
	}
	if a.State == Submitted || a.State == Returned {
		if to != Submitted && to != Returned {
			if err := unwatchPapers(ctx, tx, a); err != nil {
				return a, err
			}
		}
	}
	a.State = to
	if err := record(ctx, tx, a, to, actionState, by, words); err != nil {
		return a, err
	}
	if err := e.hook(ctx, tx, a); err != nil {
		return a, err
	}
	return a, audit.Append(ctx, tx, int64(by), "application."+string(to), Subject(a.PublicID), nil)
}

func (e *Engine) hook(ctx context.Context, tx *store.Tx, a Application) error {
	if h := e.Hooks[a.Service.Code]; h != nil {
		return h(ctx, tx, a)
	}
	return nil
}
