package alarm_test

import (
	"context"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/alarm"
)

// A day is longer than any test: what it beats never comes by itself.
const never = 24 * time.Hour

func TestAWatchBeginsWithTheDiaryAndAsksItWhenWoken(t *testing.T) {
	t.Parallel()
	w := &alarm.Watch{Poll: never, Sweep: never}
	asked := keep(t, w)
	want(t, asked, "diary")
	w.Wake()
	want(t, asked, "diary")
}

func TestAWakeBeforeTheWatchBeginsIsNotLost(t *testing.T) {
	t.Parallel()
	w := &alarm.Watch{Poll: never, Sweep: never}
	w.Wake()
	w.Wake()
	asked := keep(t, w)
	want(t, asked, "diary")
	want(t, asked, "diary")
}

func TestAWatchAsksTheAlarmAtEachPollAndTheDiaryAtEachSweep(t *testing.T) {
	t.Parallel()
	polling := keep(t, &alarm.Watch{Poll: time.Millisecond, Sweep: never})
	want(t, polling, "diary")
	want(t, polling, "alarm")
	want(t, polling, "alarm")
	sweeping := keep(t, &alarm.Watch{Poll: never, Sweep: time.Millisecond})
	want(t, sweeping, "diary")
	want(t, sweeping, "diary")
}

// keep runs the watch until the test ends and tells whom it asks.
func keep(t *testing.T, w *alarm.Watch) <-chan string {
	t.Helper()
	asked := make(chan string)
	ask := func(whom string) func(context.Context) {
		return func(ctx context.Context) {
			select {
			case asked <- whom:
			case <-ctx.Done():
			}
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.Keep(ctx, ask("alarm"), ask("diary")); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	return asked
}

func want(t *testing.T, asked <-chan string, whom string) {
	t.Helper()
	if got := <-asked; got != whom {
		t.Errorf("asked the %s, want the %s", got, whom)
	}
}
