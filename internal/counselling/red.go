package counselling

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// Where a case comes from.
const (
	SourceIntake = "intake" // a red answer
	SourceWords  = "words"  // words in chat
)

// CaseState is how far a case is.
type CaseState string

// The states: open ──take──> taken ──close──> closed, or open ──close──> closed. Nothing
// else ends a case: not time, and not the student's word that the press was wrong.
const (
	CaseOpen   CaseState = "open"
	CaseTaken  CaseState = "taken"
	CaseClosed CaseState = "closed"
)

// Label is the word people read.
func (s CaseState) Label() string {
	return map[CaseState]string{CaseOpen: "等待联系", CaseTaken: "联系中", CaseClosed: "已办结"}[s]
}

// Case is a student somebody must talk to now (T4).
type Case struct {
	PublicID string
	State    CaseState
	Source   string
	OpenedAt time.Time
	Student  Student
	Class    string
	TakenBy  string
	TakenAt  time.Time
	ClosedBy string
	ClosedAt time.Time
	Outcome  string
	History  []CaseEvent
	Intake   *Intake // nil if there is none
	Minor    bool    // under 18 today
	Guardian string  // how to reach the guardian, of a minor only

	id     int64
	centre int64
	taker  identity.ID
}

// CaseEvent is one step of a case.
type CaseEvent struct {
	At   time.Time `db:"at"`
	Kind string    `db:"kind"`
	By   string    `db:"by"`
}

// Label is what happened.
func (e CaseEvent) Label() string {
	return map[string]string{"opened": "同学需要联系", "again": "同学又回答了一次", "paged": "已通知", "taken": "接手", "closed": "办结"}[e.Kind]
}

// OpenCase calls somebody for the student: the duty person now, whatever the hour, then
// the next, then the head, until one takes it. A case that is open already stays the
// one case; who took it is told that there is more.
func OpenCase(ctx context.Context, tx *store.Tx, who identity.Person, source string) error {
	if !who.IsStudent() {
		return ErrStudentsOnly
	}
	centre, err := theCentre(ctx, tx)
	if err != nil {
		return err
	}
	care, err := LoadCare(ctx, tx)
	if err != nil {
		return err
	}
	id, err := insertCase(ctx, tx, centre, who.ID, source)
	if err != nil {
		return fmt.Errorf("open case: %w", err)
	}
	if id == "" {
		return moreOf(ctx, tx, who)
	}
	c, err := lockCase(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("load case: %w", err)
	}
	if err := insertCaseEvent(ctx, tx, c.id, "opened", who.ID); err != nil {
		return fmt.Errorf("record case: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "case.open", caseSubject(id), map[string]any{"source": source}); err != nil {
		return err
	}
	if _, err := call(ctx, tx, c); err != nil {
		return err
	}
	return job.Put(ctx, tx, EscalateJob, id, scope(centre), tx.Now().Add(care.wait(0)), escalateArgs{id})
}

// moreOf records that the student of an open case answered red again.
func moreOf(ctx context.Context, tx *store.Tx, who identity.Person) error {
	c, err := lockOpenCase(ctx, tx, who.ID)
	if store.Missing(err) { // it was closed this moment: it is a new one
		return errs.New(errs.Conflict, "刚刚有了变化，请再按一次。")
	}
	if err != nil {
		return fmt.Errorf("load case: %w", err)
	}
	if err := insertCaseEvent(ctx, tx, c.id, "again", who.ID); err != nil {
		return fmt.Errorf("record case: %w", err)
	}
	if c.State != CaseTaken {
		return nil
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{c.taker}, Kind: KindMore, Class: outbox.Urgent, Scope: scope(c.centre), Subject: caseSubject(c.PublicID), Args: CaseFacts{Case: c.PublicID},
	})
}

// caseSubject is what messages and audit rows about a case are filed under.
func caseSubject(publicID string) string { return "case/" + publicID }

// CaseFacts is what messages about a case know. They name nobody.
type CaseFacts struct {
	Case string    `json:"case"`
	By   string    `json:"by,omitempty"`
	At   time.Time `json:"at,omitzero"`
	Done bool      `json:"done,omitempty"`
	Next []string  `json:"next,omitempty"` // who was called next; none: everybody again
}

// call tells the next who has not been called: those on duty in their order, then the
// head, then everybody. With nobody on duty it is head and counsellors at once. The cards
// of the call before become whom it was passed on to: nobody holds two of one case.
func call(ctx context.Context, tx *store.Tx, c Case) (everybody bool, err error) {
	steps, err := chain(ctx, tx, c.centre)
	if err != nil {
		return false, err
	}
	called, err := calledFor(ctx, tx, c.id)
	if err != nil {
		return false, fmt.Errorf("load calls: %w", err)
	}
	to := steps[len(steps)-1]
	for i, step := range steps {
		if slices.ContainsFunc(step, func(id identity.ID) bool { return !slices.Contains(called, id) }) {
			to, everybody = step, i == len(steps)-1
			break
		}
		everybody = true
	}
	if err := passOn(ctx, tx, c, to, everybody); err != nil {
		return false, err
	}
	for _, id := range to {
		if err := insertCaseEvent(ctx, tx, c.id, "paged", id); err != nil {
			return false, fmt.Errorf("record call: %w", err)
		}
	}
	return everybody, outbox.Put(ctx, tx, outbox.Message{
		To: to, Kind: KindPaged, Class: outbox.Urgent, Card: true, Scope: scope(c.centre), Subject: caseSubject(c.PublicID),
		Key: fmt.Sprintf("%s/%s/%d", KindPaged, c.PublicID, len(called)), Args: CaseFacts{Case: c.PublicID},
	})
}

// passOn turns the cards of the call before into who is called now.
func passOn(ctx context.Context, tx *store.Tx, c Case, to []identity.ID, everybody bool) error {
	f := CaseFacts{Case: c.PublicID, At: tx.Now()}
	for _, id := range to {
		if everybody {
			break
		}
		p, err := identity.Get(ctx, tx, id)
		if err != nil {
			return err
		}
		f.Next = append(f.Next, p.Name)
	}
	return outbox.Supersede(ctx, tx, caseSubject(c.PublicID), KindPassedOn, f)
}

// chain lists who is called in which step.
func chain(ctx context.Context, tx *store.Tx, centre int64) ([][]identity.ID, error) {
	duty, err := onDuty(ctx, tx, centre)
	if err != nil {
		return nil, err
	}
	heads, err := identity.HolderIDs(ctx, tx, centre, identity.CentreHead)
	if err != nil {
		return nil, err
	}
	all, err := identity.HolderIDs(ctx, tx, centre, identity.CentreHead, identity.CentreCounsellor)
	if err != nil {
		return nil, err
	}
	var steps [][]identity.ID
	for _, id := range duty {
		steps = append(steps, []identity.ID{id})
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	if len(duty) > 0 && len(heads) > 0 {
		steps = append(steps, heads)
	}
	return append(steps, all), nil
}

// EscalateJob calls the next while nobody has taken a case.
const EscalateJob = "counselling.escalate"

type escalateArgs struct {
	Case string `json:"case"`
}

// wait is how long the next call waits; once everybody was called it doubles, up to an hour.
func (c Care) wait(rounds int) time.Duration {
	return min(time.Duration(c.EscalateMinutes)*time.Minute<<min(rounds, 6), max(time.Hour, time.Duration(c.EscalateMinutes)*time.Minute))
}

// Escalate calls the next, until the case is taken; it is the step of EscalateJob.
func Escalate(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	var a escalateArgs
	if err := readArgs(j, &a); err != nil {
		return job.Result{}, err
	}
	c, err := lockCase(ctx, tx, a.Case)
	if err != nil {
		return job.Result{}, fmt.Errorf("lock case: %w", err)
	}
	if c.State != CaseOpen {
		return job.Result{}, nil
	}
	care, err := LoadCare(ctx, tx)
	if err != nil {
		return job.Result{}, err
	}
	everybody, err := call(ctx, tx, c)
	if err != nil {
		return job.Result{}, err
	}
	rounds, _ := strconv.Atoi(j.Cursor) // "" is none yet
	if everybody {
		rounds++
	}
	return job.Result{Again: true, At: tx.Now().Add(care.wait(rounds)), Cursor: strconv.Itoa(rounds)}, nil
}

// lockCaseFor locks a case for who looks after students at the centre, or was called to it.
func lockCaseFor(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Case, error) {
	c, err := lockCase(ctx, tx, publicID)
	if store.Missing(err) {
		return Case{}, ErrConfidential
	}
	if err != nil {
		return Case{}, fmt.Errorf("lock case: %w", err)
	}
	if caresAt(who, c.centre) {
		return c, nil
	}
	called, err := calledFor(ctx, tx, c.id)
	if err != nil {
		return Case{}, fmt.Errorf("load calls: %w", err)
	}
	if !atCentre(who, c.centre) || !slices.Contains(called, who.ID) {
		return Case{}, ErrConfidential
	}
	return c, nil
}

// TakeCase is 我来联系: the first who says it has the case, everybody else reads who.
// Saying it again changes nothing.
func TakeCase(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) error {
	c, err := lockCaseFor(ctx, tx, who, publicID)
	if err != nil {
		return err
	}
	switch {
	case c.State == CaseTaken && c.taker == who.ID:
		return nil
	case c.State == CaseTaken:
		return errs.New(errs.Conflict, fmt.Sprintf("%s老师已在 %s 接手，不用再联系。", c.TakenBy, calendar.When(c.TakenAt, tx.Zone())))
	case c.State == CaseClosed:
		return errClosed(c, tx.Zone())
	}
	if err := takeCase(ctx, tx, c.id, who.ID); err != nil {
		return fmt.Errorf("take case: %w", err)
	}
	if err := afterCall(ctx, tx, who, c, "taken", false); err != nil {
		return err
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{c.Student.ID}, Kind: KindComing, Class: outbox.Urgent, Scope: scope(c.centre),
		Key: KindComing + "/" + c.PublicID, Args: CaseFacts{Case: c.PublicID},
	})
}

func errClosed(c Case, zone *time.Location) error {
	return errs.New(errs.Conflict, fmt.Sprintf("%s老师已在 %s 办结，不用再处理。", c.ClosedBy, calendar.When(c.ClosedAt, zone)))
}

// CloseCase ends a case with a sentence of what was done; only a person can.
func CloseCase(ctx context.Context, tx *store.Tx, who identity.Person, publicID, outcome string) error {
	c, err := lockCaseFor(ctx, tx, who, publicID)
	if err != nil {
		return err
	}
	if c.State == CaseClosed {
		return errClosed(c, tx.Zone())
	}
	outcome = strings.TrimSpace(outcome)
	if n := len([]rune(outcome)); n < 5 || n > 500 {
		return errs.Field("outcome", "写一句做了什么，5 到 500 个字，例如“已电话联系，本人安全，约好明天见面”。")
	}
	if err := closeCase(ctx, tx, c.id, who.ID, tx.Keys().Seal(outcomePlace(publicID), []byte(outcome))); err != nil {
		return fmt.Errorf("close case: %w", err)
	}
	return afterCall(ctx, tx, who, c, "closed", true)
}

// afterCall writes down that somebody came, and stops calling the others.
func afterCall(ctx context.Context, tx *store.Tx, who identity.Person, c Case, kind string, done bool) error {
	if err := insertCaseEvent(ctx, tx, c.id, kind, who.ID); err != nil {
		return fmt.Errorf("record case: %w", err)
	}
	if err := job.Cancel(ctx, tx, EscalateJob, c.PublicID); err != nil {
		return err
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "case."+kind, caseSubject(c.PublicID), nil); err != nil {
		return err
	}
	return outbox.Settle(ctx, tx, caseSubject(c.PublicID), KindTaken, CaseFacts{Case: c.PublicID, By: who.Name, At: tx.Now(), Done: done})
}

// HelpComes tells the student whether somebody was called for them who did not close the
// case yet.
func HelpComes(ctx context.Context, tx *store.Tx, who identity.Person) (bool, error) {
	open, err := hasOpenCase(ctx, tx, who.ID)
	if err != nil {
		return false, fmt.Errorf("look for an open case: %w", err)
	}
	return open, nil
}

// Cases lists the centre's cases, those that wait first; the front desk sees those it
// was called to. The reading is audited.
func Cases(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Case, error) {
	list, _, err := CasesAfter(ctx, tx, who, centre, store.Page{Limit: 100})
	return list, err
}

// CasesAfter is a page of Cases and what the next page comes after.
func CasesAfter(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, p store.Page) ([]Case, string, error) {
	if !atCentre(who, centre) {
		return nil, "", ErrConfidential
	}
	only := who.ID
	if caresAt(who, centre) {
		only = 0
	}
	list, next, err := store.ReadPage(p, func(c Case) string { return c.PublicID },
		func(limit int) ([]Case, error) { return casesAfter(ctx, tx, centre, only, p.After, limit) },
		func() (bool, error) { return isCase(ctx, tx, centre, p.After) })
	if err != nil {
		return nil, "", fmt.Errorf("list cases: %w", err)
	}
	return list, next, audit.Append(ctx, tx, int64(who.ID), "case.list", fmt.Sprintf("unit/%d", centre), nil)
}

// CasesOpen counts what waits for the person at their centre.
func CasesOpen(ctx context.Context, tx *store.Tx, who identity.Person) (int, error) {
	centres := who.Units(identity.CentreHead, identity.CentreCounsellor)
	if len(centres) == 0 {
		return 0, nil
	}
	n, err := countCases(ctx, tx, centres)
	if err != nil {
		return 0, fmt.Errorf("count cases: %w", err)
	}
	return n, nil
}

// GetCase returns a case with everything needed to call the student; of a minor, how to
// reach the guardian. The reading is audited.
func GetCase(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Case, error) {
	c, err := lockCaseFor(ctx, tx, who, publicID)
	if err != nil {
		return Case{}, err
	}
	student, err := identity.Get(ctx, tx, c.Student.ID)
	if err != nil {
		return Case{}, err
	}
	c.Class = student.UnitName
	if c.Minor = Under18(student.BornOn, tx.Now(), tx.Zone()); c.Minor {
		if c.Guardian, err = guardianOf(ctx, tx, student.ID); err != nil {
			return Case{}, err
		}
	}
	if c.Intake, err = intakeOf(ctx, tx, student.ID); err != nil {
		return Case{}, err
	}
	if c.History, err = selectCaseEvents(ctx, tx, c.id); err != nil {
		return Case{}, fmt.Errorf("load history: %w", err)
	}
	return c, audit.Append(ctx, tx, int64(who.ID), "case.read", caseSubject(publicID), nil)
}

// SaveGuardian writes down how to reach the guardian of a case's student, who is under 18.
func SaveGuardian(ctx context.Context, tx *store.Tx, who identity.Person, publicID, contact string) error {
	c, err := lockCaseFor(ctx, tx, who, publicID)
	if err != nil {
		return err
	}
	student, err := identity.Get(ctx, tx, c.Student.ID)
	if err != nil {
		return err
	}
	if !Under18(student.BornOn, tx.Now(), tx.Zone()) {
		return errs.New(errs.Conflict, "这位同学已满 18 岁，不登记监护人。")
	}
	contact = strings.TrimSpace(contact)
	if n := len([]rune(contact)); n < 5 || n > 100 {
		return errs.Field("guardian", "写监护人的称呼和电话，5 到 100 个字。")
	}
	if err := upsertGuardian(ctx, tx, student.ID, tx.Keys().Seal(guardianPlace(student.ID), []byte(contact)), who.ID); err != nil {
		return fmt.Errorf("save guardian: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "guardian.save", "person/"+student.PublicID, nil)
}

func guardianOf(ctx context.Context, tx *store.Tx, student identity.ID) (string, error) {
	sealed, err := selectGuardian(ctx, tx, student)
	if store.Missing(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("load guardian: %w", err)
	}
	plain, err := tx.Keys().Unseal(guardianPlace(student), sealed)
	return string(plain), err
}

func guardianPlace(student identity.ID) string { return fmt.Sprintf("guardian/contact/%d", student) }
func outcomePlace(publicID string) string      { return "red_case/outcome/" + publicID }

// readArgs reads what a job was put with.
func readArgs(j job.Job, v any) error {
	if err := json.Unmarshal(j.Args, v); err != nil {
		return fmt.Errorf("job args: %w", err)
	}
	return nil
}
