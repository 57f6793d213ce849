package job

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/xuegong/xuegong/internal/alarm"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/store"
)

// Queue is the name under which jobs announce their due time.
const Queue = "job"

// Job is one piece of due work.
type Job struct {
	ID       int64
	PublicID string
	Kind     string
	Key      string // one waiting job a kind and key
	Scope    string // who may see more than its count
	Args     json.RawMessage
	DueAt    time.Time
	Cursor   string
	Done     int
	Total    int
	Attempts int
}

// Put has kind run at due with args. A job of the same kind and key that waits
// already is moved to the new time instead.
func Put(ctx context.Context, tx *store.Tx, kind, key, scope string, due time.Time, args any) error {
	b, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("job args: %w", err)
	}
	id, err := upsert(ctx, tx, kind, key, scope, due, string(b))
	if err != nil {
		return fmt.Errorf("put job %s: %w", kind, err)
	}
	tx.Announce(store.Due{Queue: Queue, ID: id, At: due})
	return nil
}

// Cancel ends the waiting job of the kind and key, if there is one.
func Cancel(ctx context.Context, tx *store.Tx, kind, key string) error {
	if err := cancel(ctx, tx, kind, key); err != nil {
		return fmt.Errorf("cancel job %s: %w", kind, err)
	}
	return nil
}

// Result says how a job goes on after a step; the zero Result ends it.
type Result struct {
	Again  bool
	At     time.Time // when to go on; zero means at once
	Cursor string
	Done   int
	Total  int
}

// Step does one step of a job in the transaction.
type Step func(ctx context.Context, tx *store.Tx, j Job) (Result, error)

// Runner runs due jobs.
type Runner struct {
	DB    *store.DB
	Alarm *alarm.Alarm
	Kinds map[string]Step
	Log   *slog.Logger
	alarm.Watch
}

const maxAttempts = 10

// Run works until ctx ends; the step being done then is finished first.
func (r *Runner) Run(ctx context.Context) {
	r.Keep(ctx, r.popDue, r.sweepDue)
}

// popDue runs what the alarm says is due.
func (r *Runner) popDue(ctx context.Context) {
	ids, err := r.Alarm.Pop(ctx, Queue, r.DB.Clock().Now(), 100)
	if err != nil {
		return // the sweep finds the same jobs in the diary
	}
	for _, id := range ids {
		r.one(ctx, id)
	}
}

// sweepDue runs what the diary says is due, whatever Redis remembers.
func (r *Runner) sweepDue(ctx context.Context) {
	for ctx.Err() == nil && r.one(ctx, 0) {
	}
}

func (r *Runner) one(ctx context.Context, id int64) bool {
	did, err := r.Step(context.WithoutCancel(ctx), id)
	if err != nil {
		r.Log.Error("job", slog.Any("error", err))
		return false
	}
	return did
}

// Step runs one step of the job with the id, or of the first due one for id 0.
func (r *Runner) Step(ctx context.Context, id int64) (did bool, err error) {
	start := clock.Wall()
	var j Job
	var stepErr error
	err = r.DB.Update(ctx, func(tx *store.Tx) error {
		did, stepErr = false, nil
		j, err = claim(ctx, tx, id)
		if store.Missing(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("claim job: %w", err)
		}
		did = true
		var res Result
		if res, stepErr = r.run(ctx, tx, j); stepErr != nil {
			return stepErr
		}
		return r.finish(ctx, tx, j, res)
	})
	if stepErr != nil {
		r.Log.Warn("job failed", slog.String("kind", j.Kind), slog.Int64("job", j.ID),
			slog.Int("attempt", j.Attempts+1), slog.Duration("took", clock.Wall().Sub(start)), slog.Any("error", stepErr))
		return true, r.setAside(ctx, j)
	}
	return did && err == nil, err
}

func (r *Runner) run(ctx context.Context, tx *store.Tx, j Job) (res Result, err error) {
	step, ok := r.Kinds[j.Kind]
	if !ok {
		return res, fmt.Errorf("no job of kind %q in this release", j.Kind)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return step(ctx, tx, j)
}

func (r *Runner) finish(ctx context.Context, tx *store.Tx, j Job, res Result) error {
	if !res.Again {
		return end(ctx, tx, j.ID, "done")
	}
	if res.At.IsZero() {
		res.At = tx.Now()
	}
	tx.Announce(store.Due{Queue: Queue, ID: j.ID, At: res.At})
	return advance(ctx, tx, j.ID, res)
}

func (r *Runner) setAside(ctx context.Context, j Job) error {
	return r.DB.Update(ctx, func(tx *store.Tx) error {
		if j.Attempts+1 >= maxAttempts {
			return end(ctx, tx, j.ID, "failed")
		}
		at := tx.Now().Add(min(time.Second<<j.Attempts, 5*time.Minute))
		tx.Announce(store.Due{Queue: Queue, ID: j.ID, At: at})
		return postpone(ctx, tx, j.ID, at)
	})
}
