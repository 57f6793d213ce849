package approval

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// Kinds of jobs; Jobs has their steps.
const (
	RemindJob   = "approval.remind"
	EscalateJob = "approval.escalate"
	UnheldJob   = "approval.unheld"
	BatchJob    = "approval.batch"
	DeputyJob   = "approval.deputy"
)

// KindHandedOver is the message to a deputy whose dates begin: HandedOver.
const KindHandedOver = "approval.handed_over"

// Jobs returns the steps of the package's due work.
func (e *Engine) Jobs() map[string]job.Step {
	return map[string]job.Step{RemindJob: e.remind, EscalateJob: e.escalate, UnheldJob: e.unheld, BatchJob: e.batch, DeputyJob: e.begins}
}

// remind tells whoever can decide the task that its limit comes near. Where the limit is
// past by the time it runs, escalate says so, and nobody reads the same twice.
func (e *Engine) remind(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	v, open, err := lockDue(ctx, tx, j.Key)
	if err != nil || !open || v.task.DueAt.Valid && !tx.Now().Before(v.task.DueAt.Time) {
		return job.Result{}, err
	}
	return job.Result{}, v.urge(ctx, tx)
}

// escalate opens a task that is past its limit to whom the stage says, and after each
// further limit reminds everybody. Nothing is ever decided here (T8).
func (e *Engine) escalate(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	v, open, err := lockDue(ctx, tx, j.Key)
	if err != nil || !open {
		return job.Result{}, err
	}
	s := v.stage()
	if v.task.Escalated.Valid {
		err = v.urge(ctx, tx)
	} else {
		err = v.passOn(ctx, tx)
	}
	if err != nil {
		return job.Result{}, err
	}
	next, err := e.after(ctx, tx, tx.Now(), s.LimitHours)
	return job.Result{Again: true, At: next}, err
}

func (v view) passOn(ctx context.Context, tx *store.Tx) error {
	s := v.stage()
	if err := escalate(ctx, tx, v.task.ID, v.review.keys(s.EscalateTo, s.escalateScope())); err != nil {
		return fmt.Errorf("escalate: %w", err)
	}
	v.task.Escalated = sql.NullTime{Time: tx.Now(), Valid: true}
	if err := insertEvent(ctx, tx, newEvent{PublicID: store.NewPublicID(), Review: v.review.ID, Stage: v.task.Stage, Action: escalated}); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	before, err := v.review.holders(ctx, tx, s.Role, s.Scope)
	if err != nil {
		return err
	}
	reminded, err := recipients(ctx, tx, v.review, v.task, s, before)
	if err != nil {
		return err
	}
	if err := remindAll(ctx, tx, v.review, v.task, s, reminded); err != nil {
		return err
	}
	also, err := v.review.holders(ctx, tx, s.EscalateTo, s.escalateScope())
	if err != nil {
		return err
	}
	asked, err := recipients(ctx, tx, v.review, v.task, s, also)
	if err != nil {
		return err
	}
	if len(reminded)+len(asked) == 0 {
		return alarm(ctx, tx, v.review, s)
	}
	return announce(ctx, tx, v.review, v.task, s, without(asked, reminded))
}

// urge reminds everybody who can decide the task now.
func (v view) urge(ctx context.Context, tx *store.Tx) error {
	to, err := v.deciders(ctx, tx)
	if err != nil {
		return err
	}
	if len(to) == 0 {
		return alarm(ctx, tx, v.review, v.stage())
	}
	if err := insertEvent(ctx, tx, newEvent{PublicID: store.NewPublicID(), Review: v.review.ID, Stage: v.task.Stage, Action: reminded}); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return remindAll(ctx, tx, v.review, v.task, v.stage(), to)
}

// deciders hold the role of the stage now, and once the limit is past the one it went to;
// their deputies decide too.
func (v view) deciders(ctx context.Context, tx *store.Tx) ([]identity.ID, error) {
	s := v.stage()
	ids, err := v.review.holders(ctx, tx, s.Role, s.Scope)
	if err == nil && v.task.Escalated.Valid {
		var also []identity.ID
		also, err = v.review.holders(ctx, tx, s.EscalateTo, s.escalateScope())
		ids = append(ids, also...)
	}
	if err != nil {
		return nil, err
	}
	return recipients(ctx, tx, v.review, v.task, s, ids)
}

func without(ids, gone []identity.ID) []identity.ID {
	have := map[identity.ID]bool{}
	for _, id := range gone {
		have[id] = true
	}
	var left []identity.ID
	for _, id := range ids {
		if !have[id] {
			left = append(left, id)
		}
	}
	return left
}

// lockDue locks the review of a task whose time came; open is false if it was decided.
func lockDue(ctx context.Context, tx *store.Tx, task string) (v view, open bool, err error) {
	_, review, err := subjectOfTask(ctx, tx, task)
	if store.Missing(err) {
		return v, false, nil
	}
	if err != nil {
		return v, false, fmt.Errorf("find task: %w", err)
	}
	if v.review, err = lockReview(ctx, tx, review); err != nil {
		return v, false, fmt.Errorf("lock review: %w", err)
	}
	if v.task, err = taskByPublicID(ctx, tx, task); err != nil {
		return v, false, fmt.Errorf("load task: %w", err)
	}
	v.stages, err = decodeStages(v.review.Stages)
	return v, v.task.State == Open, err
}
