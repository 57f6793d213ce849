package app

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/document"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
)

// newRequests wires applications and the reviews of everything that is decided.
func newRequests(publicURL string) *request.Engine {
	e := &request.Engine{Approval: &approval.Engine{After: afterWorkdays}, Press: &document.Press{}, PublicURL: publicURL}
	e.Hooks = map[string]request.Hook{request.PersonalData: e.EraseAsked}
	e.Approval.Outcomes = map[string]approval.Outcome{request.Kind: e.Outcome()}
	return e
}

// requestJobs are the due work of reviews, applications and files.
func requestJobs(e *request.Engine) map[string]job.Step {
	kinds := map[string]job.Step{sweepJob: sweepFiles}
	maps.Copy(kinds, e.Approval.Jobs())
	maps.Copy(kinds, e.Jobs())
	return kinds
}

// afterWorkdays is so many hours later, counting only those of workdays: a review that
// has two days has them also when a holiday lies between.
func afterWorkdays(ctx context.Context, tx *store.Tx, from time.Time, hours int) (time.Time, error) {
	left := time.Duration(hours) * time.Hour
	days, err := calendar.LoadDays(ctx, tx, from, from.Add(3*left).AddDate(0, 1, 0))
	if err != nil {
		return time.Time{}, err
	}
	at := from.In(tx.Zone())
	for left > 0 {
		next := calendar.Midnight(at, tx.Zone()).AddDate(0, 0, 1)
		if days.Workday(at) {
			part := min(left, next.Sub(at))
			left -= part
			at = at.Add(part)
			continue
		}
		at = next
	}
	return at, nil
}

// sweepJob removes files that belong to nothing, every hour.
const sweepJob = "blob.sweep"

func sweepFiles(ctx context.Context, tx *store.Tx, _ job.Job) (job.Result, error) {
	n, err := blob.Sweep(ctx, tx)
	if n > 0 {
		return job.Result{Again: true, At: tx.Now()}, err
	}
	return job.Result{Again: true, At: tx.Now().Add(time.Hour)}, err
}

// keepFiles asks for the sweep of files, and asks again while the database does not answer.
func (a *App) keepFiles(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, 5*time.Minute) {
		err := a.db.Update(ctx, func(tx *store.Tx) error { return job.Put(ctx, tx, sweepJob, "", "school", tx.Now(), nil) })
		if err == nil || ctx.Err() != nil {
			return
		}
		a.log.Warn("sweep files", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// checkReviews refuses the start while a review waits that this release cannot decide. A
// database that does not answer, or is without the tables of reviews yet, has none; readyz
// says what it needs.
func (a *App) checkReviews(ctx context.Context) error {
	if have, _, err := a.db.Schema(ctx); err != nil || have < firstWithReviews {
		return nil //nolint:nilerr // prepare says it
	}
	return a.db.View(ctx, func(tx *store.Tx) error {
		if err := a.requests.Approval.Ready(ctx, tx); err != nil {
			return fmt.Errorf("reviews: %w", err)
		}
		return nil
	})
}

// firstWithReviews is the migration that brought them.
const firstWithReviews = 9
