package wecom

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/xuegong/xuegong/internal/clock"
)

// gate lets so many calls through at once. A call that WeCom found one too many (45033) keeps
// its place for a while after it ended, so concurrency falls by one and comes back by itself.
type gate struct {
	places   chan struct{}
	cooldown time.Duration

	mu   sync.Mutex
	kept int
}

func newGate(l Limits) *gate {
	return &gate{places: make(chan struct{}, l.Concurrency), cooldown: l.Cooldown}
}

// enter waits for a place. Leaving with tooMany keeps it for the cooldown.
func (g *gate) enter(ctx context.Context) (leave func(tooMany bool), err error) {
	select {
	case g.places <- struct{}{}:
		return g.leave, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *gate) leave(tooMany bool) {
	if !tooMany || !g.keep() {
		<-g.places
		return
	}
	time.AfterFunc(g.cooldown, func() {
		g.mu.Lock()
		g.kept--
		g.mu.Unlock()
		<-g.places
	})
}

// keep reserves a place; the last one stays in use.
func (g *gate) keep() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept >= cap(g.places)-1 {
		return false
	}
	g.kept++
	return true
}

// windows remembers which APIs answered 45009. The answer does not say which limit was hit,
// minute, hour or day, so each refusal in a row waits longer.
type windows struct {
	clock clock.Clock

	mu  sync.Mutex
	api map[string]window
}

type window struct {
	until time.Time
	times int // refusals in a row
}

// closed says whether the API is waiting, and until when.
func (w *windows) closed(api string) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	until := w.api[api].until
	return until, w.clock.Now().Before(until)
}

// close starts or lengthens the wait. Calls that were under way together count once.
func (w *windows) close(api string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.api == nil {
		w.api = map[string]window{}
	}
	now, was := w.clock.Now(), w.api[api]
	if now.Before(was.until) {
		return was.until
	}
	waits := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	next := window{times: was.times + 1, until: now.Add(waits[min(was.times, len(waits)-1)])}
	w.api[api] = next
	return next.until
}

// open ends the waiting after a success. A success of a call that was under way when another
// was refused does not count.
func (w *windows) open(api string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if was, ok := w.api[api]; ok && !w.clock.Now().Before(was.until) {
		delete(w.api, api)
	}
}

// newBreaker spares a host that does not answer. An errcode is an answer, and a caller who
// went away says nothing about the host.
func newBreaker(l Limits, log *slog.Logger) *gobreaker.CircuitBreaker[reply] {
	return gobreaker.NewCircuitBreaker[reply](gobreaker.Settings{
		Name:        "wecom",
		Timeout:     l.Rest,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= uint32(l.Trip) },
		IsExcluded: func(err error) bool {
			return errors.Is(err, context.Canceled) || errors.Is(err, ErrTooLarge)
		},
		OnStateChange: func(_ string, from, to gobreaker.State) {
			log.Warn("wecom breaker", slog.String("from", from.String()), slog.String("to", to.String()))
		},
	})
}
