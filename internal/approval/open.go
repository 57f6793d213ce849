package approval

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// Open puts the subject before its first stage. The caller holds the subject's lock and
// has checked that it may be reviewed; a subject already under review is refused.
func (e *Engine) Open(ctx context.Context, tx *store.Tx, c Case) (Review, error) {
	if _, err := e.outcome(c.Subject.Kind); err != nil {
		return Review{}, err
	}
	stages, err := json.Marshal(c.Stages)
	if err != nil {
		return Review{}, fmt.Errorf("stages: %w", err)
	}
	cards, err := json.Marshal(c.Cards)
	if err != nil {
		return Review{}, fmt.Errorf("cards: %w", err)
	}
	r := reviewRow{
		PublicID: store.NewPublicID(), Kind: c.Subject.Kind, Subject: c.Subject.ID, Scope: c.Scope, Applicant: c.Applicant.ID,
		Units: unitsOf(c.Applicant), Department: sql.NullInt64{Int64: c.Department, Valid: c.Department != 0},
		Stages: stages, Cards: cards, State: Open,
	}
	if r.Facts, err = sealFacts(tx, r.PublicID, c.Facts); err != nil {
		return Review{}, err
	}
	err = tx.Try(ctx, func() error { return insertReview(ctx, tx, &r) })
	if store.Constraint(err) == "a_subject_has_one_review_under_way" {
		return Review{}, errs.New(errs.Conflict, "这份申请已经在审核了，不用再提交。")
	}
	if err != nil {
		return Review{}, fmt.Errorf("open review: %w", err)
	}
	if err := e.begin(ctx, tx, r, 0); err != nil {
		return Review{}, err
	}
	if err := insertEvent(ctx, tx, newEvent{PublicID: store.NewPublicID(), Review: r.ID, Action: opened, By: c.Applicant.ID}); err != nil {
		return Review{}, fmt.Errorf("write history: %w", err)
	}
	return Get(ctx, tx, c.Subject)
}

// Resubmit brings what was returned back to the stage that returned it, with the facts
// as they are now. The caller holds the subject's lock and has checked whose it is.
func (e *Engine) Resubmit(ctx context.Context, tx *store.Tx, who identity.Person, s Subject, facts any) (Review, error) {
	r, err := lockLatest(ctx, tx, s)
	if err != nil {
		return Review{}, fmt.Errorf("lock review: %w", err)
	}
	if r.State != Returned {
		return Review{}, ErrNotOpen
	}
	if r.Facts, err = sealFacts(tx, r.PublicID, facts); err != nil {
		return Review{}, err
	}
	if err := setFacts(ctx, tx, r.ID, r.Facts); err != nil {
		return Review{}, fmt.Errorf("keep facts: %w", err)
	}
	if err := setReview(ctx, tx, r.ID, Open, r.Stage); err != nil {
		return Review{}, fmt.Errorf("open review: %w", err)
	}
	if err := e.begin(ctx, tx, r, r.Stage); err != nil {
		return Review{}, err
	}
	if err := insertEvent(ctx, tx, newEvent{PublicID: store.NewPublicID(), Review: r.ID, Stage: r.Stage, Action: resubmitted, By: who.ID}); err != nil {
		return Review{}, fmt.Errorf("write history: %w", err)
	}
	return Get(ctx, tx, s)
}

// Refresh keeps what the owner of a subject knows of it now for the cards and reminders
// that follow; those that lie on phones stay as they are. The caller holds the subject's
// lock and knows that a review is under way.
func Refresh(ctx context.Context, tx *store.Tx, s Subject, facts any) error {
	r, err := lockLatest(ctx, tx, s)
	if err != nil {
		return fmt.Errorf("lock review: %w", err)
	}
	if r.Facts, err = sealFacts(tx, r.PublicID, facts); err != nil {
		return err
	}
	if err := setFacts(ctx, tx, r.ID, r.Facts); err != nil {
		return fmt.Errorf("keep facts: %w", err)
	}
	return nil
}

// Withdraw ends a review by the applicant's hand or, with a reason, by the owner's. The
// caller holds the subject's lock and has checked the right to it. Its Outcome does not
// run: whoever withdraws knows. Withdrawing what has ended is a conflict that says how.
func (e *Engine) Withdraw(ctx context.Context, tx *store.Tx, who identity.Person, s Subject, reason string) error {
	r, err := lockLatest(ctx, tx, s)
	if err != nil {
		return fmt.Errorf("lock review: %w", err)
	}
	if r.State != Open && r.State != Returned {
		return errs.New(errs.Conflict, fmt.Sprintf("这份申请已经是“%s”，不能再撤回。", r.State.Label()))
	}
	if r.State == Open {
		t, err := openTask(ctx, tx, r.ID)
		if err != nil {
			return fmt.Errorf("load task: %w", err)
		}
		if _, err := endTask(ctx, tx, t.ID, Withdrawn, who.ID, 0); err != nil {
			return fmt.Errorf("end task: %w", err)
		}
		if err := settle(ctx, tx, r, t, Card{Action: withdrew, By: who.Name, Reason: reason}); err != nil {
			return err
		}
	}
	if err := setReview(ctx, tx, r.ID, Withdrawn, r.Stage); err != nil {
		return fmt.Errorf("end review: %w", err)
	}
	ev := newEvent{PublicID: store.NewPublicID(), Review: r.ID, Stage: r.Stage, Action: withdrew, By: who.ID}
	if ev.Words, err = sealWords(tx, ev.PublicID, words{Reason: reason}); err != nil {
		return err
	}
	if err := insertEvent(ctx, tx, ev); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "review.withdraw", s.Kind+"/"+s.ID, nil)
}

// begin opens the task of a stage and tells whoever can decide it. A stage nobody can
// decide goes to whom it would escalate to at once; where nobody is there either, it lies
// until somebody is.
func (e *Engine) begin(ctx context.Context, tx *store.Tx, r reviewRow, at int) error {
	stages, err := decodeStages(r.Stages)
	if err != nil {
		return fmt.Errorf("read stages: %w", err)
	}
	s := stages[at]
	t := taskRow{PublicID: store.NewPublicID(), Review: r.ID, Stage: at, Keys: r.keys(s.Role, s.Scope), State: Open, OpenedAt: tx.Now()}
	barred, err := barredFrom(ctx, tx, t, s)
	if err != nil {
		return err
	}
	holders, err := r.holders(ctx, tx, s.Role, s.Scope)
	if err != nil {
		return err
	}
	holders = without(holders, barred)
	if len(holders) == 0 && s.EscalateTo != "" {
		t.Keys = append(t.Keys, r.keys(s.EscalateTo, s.escalateScope())...)
		t.Escalated = sql.NullTime{Time: tx.Now(), Valid: true}
		if holders, err = r.holders(ctx, tx, s.EscalateTo, s.escalateScope()); err != nil {
			return err
		}
		holders = without(holders, barred)
	}
	if s.Mode == All && !t.Escalated.Valid {
		for _, id := range holders {
			t.Voters = append(t.Voters, int64(id))
		}
	}
	if s.LimitHours > 0 {
		due, err := e.after(ctx, tx, tx.Now(), s.LimitHours)
		if err != nil {
			return fmt.Errorf("time limit: %w", err)
		}
		t.DueAt = sql.NullTime{Time: due, Valid: true}
	}
	if err := insertTask(ctx, tx, &t); err != nil {
		return fmt.Errorf("open task: %w", err)
	}
	if err := e.watch(ctx, tx, r, t, s); err != nil {
		return err
	}
	to, err := recipients(ctx, tx, r, t, s, holders)
	if err != nil {
		return err
	}
	if len(to) == 0 {
		return lie(ctx, tx, r, t, s)
	}
	return announce(ctx, tx, r, t, s, to)
}

// watch has the reminder and the limit of a task come by themselves.
func (e *Engine) watch(ctx context.Context, tx *store.Tx, r reviewRow, t taskRow, s Stage) error {
	if s.RemindHours > 0 {
		at, err := e.after(ctx, tx, tx.Now(), s.LimitHours-s.RemindHours)
		if err != nil {
			return fmt.Errorf("time of reminder: %w", err)
		}
		if err := job.Put(ctx, tx, RemindJob, t.PublicID, r.Scope, at, nil); err != nil {
			return err
		}
	}
	if s.LimitHours > 0 {
		return job.Put(ctx, tx, EscalateJob, t.PublicID, r.Scope, t.DueAt.Time, nil)
	}
	return nil
}

// units are those of the scope in which a role may be held; 0, the whole school, is
// always one of them.
func (r reviewRow) unitsOf(scope Scope) []int64 {
	switch {
	case scope == OfStudent:
		return append([]int64{0}, r.Units...)
	case scope == OfDepartment && r.Department.Valid:
		return []int64{0, r.Department.Int64}
	}
	return []int64{0}
}

func (r reviewRow) keys(role identity.RoleName, scope Scope) []string {
	var keys []string
	for _, u := range r.unitsOf(scope) {
		keys = append(keys, key(role, u))
	}
	return keys
}

// holders returns who can decide in the scope now, the applicant left out.
func (r reviewRow) holders(ctx context.Context, tx *store.Tx, role identity.RoleName, scope Scope) ([]identity.ID, error) {
	var ids []identity.ID
	for _, u := range r.unitsOf(scope) {
		found, err := identity.HolderIDs(ctx, tx, u, role)
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return slices.DeleteFunc(ids, func(id identity.ID) bool { return id == r.Applicant }), nil
}

func (s Stage) escalateScope() Scope {
	if s.EscalateScope == "" {
		return s.Scope
	}
	return s.EscalateScope
}

func unitsOf(p identity.Person) []int64 {
	units := []int64{p.Unit}
	if p.College != p.Unit {
		units = append(units, p.College)
	}
	return slices.DeleteFunc(units, func(u int64) bool { return u == 0 })
}

func factsPlace(review string) string { return "review/facts/" + review }
func wordsPlace(event string) string  { return "review_event/words/" + event }
func batchPlace(batch string) string  { return "review_batch/decision/" + batch }

func sealFacts(tx *store.Tx, review string, facts any) ([]byte, error) {
	b, err := json.Marshal(facts)
	if err != nil {
		return nil, fmt.Errorf("facts of a review: %w", err)
	}
	return tx.Keys().Seal(factsPlace(review), b), nil
}

type words struct {
	Reason  string `json:"reason,omitempty"`
	Opinion string `json:"opinion,omitempty"`
	Amount  int64  `json:"amount,omitempty"`
}

// sealWords seals what was said; nothing said is nil.
func sealWords(tx *store.Tx, event string, w words) ([]byte, error) {
	if w == (words{}) {
		return nil, nil
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("words of a decision: %w", err)
	}
	return tx.Keys().Seal(wordsPlace(event), b), nil
}

// late tells whether the task's limit is past.
func (t taskRow) late(now time.Time) bool {
	return t.State == Open && (t.Escalated.Valid || t.DueAt.Valid && !now.Before(t.DueAt.Time))
}
