package app

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// movable is a clock that can be moved forward.
type movable interface {
	clock.Clock
	MoveTo(t time.Time) error
}

// Advance walks the clock from due time to due time until d has passed, and waits
// at each stop until everything due by then is done. It returns the new time.
func (a *App) Advance(ctx context.Context, clk movable, d time.Duration) (time.Time, error) {
	target := clk.Now().Add(d)
	for {
		if err := a.settle(ctx); err != nil {
			return clk.Now(), err
		}
		next, err := a.nextDue(ctx)
		if err != nil {
			return clk.Now(), err
		}
		now := clk.Now()
		if next.IsZero() || !next.Before(target) {
			if err := clk.MoveTo(target); err != nil {
				return now, err
			}
			return clk.Now(), a.settle(ctx)
		}
		if !next.After(now) { // due, but held back (a budget, a message on its way)
			next = now.Add(min(time.Minute, target.Sub(now)))
		}
		if err := clk.MoveTo(next); err != nil {
			return now, err
		}
		if !clk.Now().Before(target) {
			return clk.Now(), a.settle(ctx)
		}
	}
}

// patience is how long settle waits, in real time, for work that makes no progress.
const patience = 15 * time.Second

// wakeEvery is after how many looks without progress settle wakes the workers again.
const wakeEvery = 20

// settle has the workers do what is due and returns when nothing is, or nothing moves any
// more. It does not wake them at every look: that would keep them from what they do.
func (a *App) settle(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	last, since := -1, clock.Wall()
	for look := 0; ; look++ {
		left, err := a.due(ctx)
		if err != nil || left == 0 {
			return err
		}
		if left != last {
			last, since, look = left, clock.Wall(), 0
		}
		if look%wakeEvery == 0 {
			a.wakeAll()
		}
		if clock.Wall().Sub(since) > patience {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (a *App) wakeAll() {
	a.inbox.Wake()
	a.outbox.Wake()
	a.days.Wake()
	a.jobs.Wake()
}

// due counts what is due and not done.
func (a *App) due(ctx context.Context) (n int, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		n = 0
		for _, count := range []func(context.Context, *store.Tx) (int, error){inbox.Waiting, outbox.Waiting, job.Waiting} {
			c, err := count(ctx, tx)
			if err != nil {
				return fmt.Errorf("count what is due: %w", err)
			}
			n += c
		}
		return nil
	})
	return n, err
}

// nextDue returns the earliest time at which something is due, zero if nothing is.
func (a *App) nextDue(ctx context.Context) (next time.Time, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		for _, due := range []func(context.Context, *store.Tx) (time.Time, error){inbox.NextDue, outbox.NextDue, job.NextDue} {
			t, err := due(ctx, tx)
			if err != nil {
				return fmt.Errorf("find next due time: %w", err)
			}
			if !t.IsZero() && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
		return nil
	})
	return next, err
}
