package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/xuegong/xuegong/internal/alarm"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/store"
)

// bell takes the due times of committed transactions to Redis, many in one pipeline,
// and wakes the worker of this process for what is due at once. What it loses the
// sweeps find in PostgreSQL.
type bell struct {
	alarm *alarm.Alarm
	clock clock.Clock
	log   *slog.Logger
	in    chan []store.Due
	due   map[string]func() // wakes the worker of a queue
}

func newBell(a *alarm.Alarm, clk clock.Clock, log *slog.Logger) *bell {
	return &bell{alarm: a, clock: clk, log: log, in: make(chan []store.Due, 1024)}
}

// ring never blocks a commit.
func (b *bell) ring(due []store.Due) {
	select {
	case b.in <- due:
	default:
	}
}

func (b *bell) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case due := <-b.in:
			b.pass(ctx, b.gather(due))
		}
	}
}

// gather takes whatever else is already waiting.
func (b *bell) gather(due []store.Due) []store.Due {
	for len(due) < 1000 {
		select {
		case more := <-b.in:
			due = append(due, more...)
		default:
			return due
		}
	}
	return due
}

// soon is how far ahead a due time still wakes the worker of this process directly.
const soon = 50 * time.Millisecond

func (b *bell) pass(ctx context.Context, due []store.Due) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := b.alarm.Set(ctx, due); err != nil {
		b.log.Warn("alarm not set", slog.Int("due", len(due)), slog.Any("error", err))
	}
	now := b.clock.Now()
	for _, d := range due {
		if wake := b.due[d.Queue]; wake != nil && d.At.Sub(now) < soon {
			wake()
		}
	}
}
