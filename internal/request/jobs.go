package request

import (
	"context"
	"fmt"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// Kinds of jobs; Jobs has their steps.
const (
	PapersSoonJob = "request.papers_soon"
	OverdueJob    = "request.overdue"
	PrintJob      = "request.print"
	EraseJob      = "request.erase"
)

// Jobs returns the steps of the package's due work.
func (e *Engine) Jobs() map[string]job.Step {
	return map[string]job.Step{PapersSoonJob: e.papersSoon, OverdueJob: e.overdue, PrintJob: e.printOn, EraseJob: e.erase}
}

// papersSoon reminds a student whose papers are still missing (D-61).
func (e *Engine) papersSoon(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	a, waits, err := lockWaiting(ctx, tx, j.Key)
	if err != nil || !waits {
		return job.Result{}, err
	}
	return job.Result{}, announce(ctx, tx, a, textDueSoon, said{Material: names(a.Missing())})
}

// overdue ends an application whose papers did not come in time (D-49).
func (e *Engine) overdue(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	a, waits, err := lockWaiting(ctx, tx, j.Key)
	if err != nil || !waits {
		return job.Result{}, err
	}
	if a.Due.After(tx.Now()) { // made longer meanwhile
		return job.Result{Again: true, At: a.Due}, nil
	}
	if err := e.Approval.Withdraw(ctx, tx, identity.Person{Name: "系统"}, subject(a.PublicID), "材料逾期未交"); err != nil {
		return job.Result{}, err
	}
	if a, err = e.move(ctx, tx, 0, a, Overdue, ""); err != nil {
		return job.Result{}, err
	}
	return job.Result{}, announce(ctx, tx, a, textOverdue, said{Material: names(a.Missing())})
}

// lockWaiting locks an application; waits tells whether papers are still to come.
func lockWaiting(ctx context.Context, tx *store.Tx, publicID string) (a Application, waits bool, err error) {
	if err := lockApplication(ctx, tx, publicID); err != nil {
		return a, false, fmt.Errorf("lock application: %w", err)
	}
	if a, err = one(ctx, tx, publicID); err != nil {
		return a, false, fmt.Errorf("load application: %w", err)
	}
	return a, (a.State == Submitted || a.State == Returned) && len(a.Missing()) > 0, nil
}
