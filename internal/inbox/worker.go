package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/store"
)

// Handle acts on one act in the transaction. An error undoes everything; the act is
// tried again later. What a person did wrong is no error here: it is a reply.
type Handle func(ctx context.Context, tx *store.Tx, a Act) error

// Worker acts on what was kept.
type Worker struct {
	DB          *store.DB
	Handle      Handle
	GiveUp      Handle // leaves an apology after the last attempt; may be nil
	Log         *slog.Logger
	Concurrency int           // 0 means 4
	Poll        time.Duration // how often to look without being woken; 0 means 1 s
	Observe     func(outcome string, d time.Duration)

	once sync.Once
	wake chan struct{}
}

// attempts an act gets before it is given up, and the wait before each further one.
const attempts = 8

func backoff(attempt int) time.Duration {
	return min(time.Second<<attempt, 5*time.Minute)
}

func (w *Worker) init() {
	w.once.Do(func() {
		if w.Concurrency == 0 {
			w.Concurrency = 4
		}
		if w.Poll == 0 {
			w.Poll = time.Second
		}
		w.wake = make(chan struct{}, w.Concurrency)
	})
}

// Wake has the worker look now. It never blocks.
func (w *Worker) Wake() {
	w.init()
	for range w.Concurrency {
		select {
		case w.wake <- struct{}{}:
		default:
			return
		}
	}
}

// Run acts until ctx ends; the act being done then is finished first.
func (w *Worker) Run(ctx context.Context) {
	w.init()
	var wg sync.WaitGroup
	for range w.Concurrency {
		wg.Go(func() { w.loop(ctx) })
	}
	wg.Wait()
}

func (w *Worker) loop(ctx context.Context) {
	tick := time.NewTicker(w.Poll)
	defer tick.Stop()
	for {
		for ctx.Err() == nil {
			did, err := w.Step(context.WithoutCancel(ctx))
			if err != nil {
				w.Log.Error("inbox", slog.Any("error", err))
			}
			if err != nil || !did {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-w.wake:
		}
	}
}

// Step does one act if one may be done now. Its errors are the database's; an act
// that failed is postponed or given up and counts as done.
func (w *Worker) Step(ctx context.Context) (did bool, err error) {
	start := clock.Wall()
	var a Act
	var actErr error
	err = w.DB.Update(ctx, func(tx *store.Tx) error {
		did, actErr = false, nil
		a, err = claim(ctx, tx)
		if store.Missing(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("claim act: %w", err)
		}
		did = true
		tx.SetReceivedAt(a.ReceivedAt)
		if actErr = w.run(ctx, tx, a); actErr != nil {
			return actErr
		}
		return markDone(ctx, tx, a.ID)
	})
	if actErr == nil {
		if did && err == nil {
			w.observe("done", start)
		}
		return did && err == nil, err
	}
	w.observe("error", start)
	return true, w.setAside(ctx, a, actErr)
}

// run turns a panic, or a body no key opens, into an error, so that one act cannot
// stop the others.
func (w *Worker) run(ctx context.Context, tx *store.Tx, a Act) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if a.Body, err = tx.Keys().Unseal(place(a.Key), a.Body); err != nil {
		return err
	}
	return w.Handle(ctx, tx, a)
}

// setAside postpones a failed act, or gives it up after the last attempt.
func (w *Worker) setAside(ctx context.Context, a Act, cause error) error {
	w.Log.Warn("act failed", slog.Int64("act", a.ID), slog.Int("attempt", a.Attempts+1), slog.Any("error", cause))
	reason := string(errs.KindOf(cause))
	if reason == "" {
		reason = "internal"
	}
	return w.DB.Update(ctx, func(tx *store.Tx) error {
		if a.Attempts+1 < attempts {
			return postpone(ctx, tx, a.ID, tx.Now().Add(backoff(a.Attempts)), reason)
		}
		if body, err := tx.Keys().Unseal(place(a.Key), a.Body); err == nil && w.GiveUp != nil {
			a.Body = body
			if err := tx.Try(ctx, func() error { return w.GiveUp(ctx, tx, a) }); err != nil {
				w.Log.Error("apology failed", slog.Int64("act", a.ID), slog.Any("error", err))
			}
		}
		return markFailed(ctx, tx, a.ID, reason)
	})
}

func (w *Worker) observe(outcome string, start time.Time) {
	if w.Observe != nil {
		w.Observe(outcome, clock.Wall().Sub(start))
	}
}

// ErrRepeat is what Once returns for a key that was done before.
var ErrRepeat = errors.New("inbox: done before")

// Once records a form's or an API call's one-time key as done in the transaction
// that acts on it, and returns ErrRepeat if it was done before (or is being done:
// the second waits for the first).
func Once(ctx context.Context, tx *store.Tx, key []byte, sender string) error {
	n, err := insertDone(ctx, tx, key, sender)
	if err != nil {
		return fmt.Errorf("record one-time key: %w", err)
	}
	if n == 0 {
		return ErrRepeat
	}
	return nil
}
