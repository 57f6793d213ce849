package alarm

import (
	"cmp"
	"context"
	"sync"
	"time"
)

// Watch is the beat of a worker: it looks at the alarm often, since that is cheap, and
// into the diary now and then, since the alarm may have forgotten. The zero Watch is
// ready for use.
type Watch struct {
	Poll  time.Duration // how often to ask the alarm; 0 means 100 ms
	Sweep time.Duration // how often to ask the diary; 0 means 2 s

	once sync.Once
	wake chan struct{}
}

func (w *Watch) init() {
	w.once.Do(func() {
		w.Poll = cmp.Or(w.Poll, 100*time.Millisecond)
		w.Sweep = cmp.Or(w.Sweep, 2*time.Second)
		w.wake = make(chan struct{}, 1)
	})
}

// Wake has the diary asked now. It never blocks.
func (w *Watch) Wake() {
	w.init()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Keep asks the diary, then each of the two in its turn, until ctx ends. What is being
// done then is finished first.
func (w *Watch) Keep(ctx context.Context, askAlarm, askDiary func(context.Context)) {
	w.init()
	poll, sweep := time.NewTicker(w.Poll), time.NewTicker(w.Sweep)
	defer poll.Stop()
	defer sweep.Stop()
	askDiary(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			askAlarm(ctx)
		case <-sweep.C:
			askDiary(ctx)
		case <-w.wake:
			askDiary(ctx)
		}
	}
}
