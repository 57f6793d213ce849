package alarm_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/alarm"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// each runs a test on the in-process Redis of demo and on a real redis-server.
func each(t *testing.T, fn func(t *testing.T, a *alarm.Alarm)) {
	t.Helper()
	t.Run("in_process", func(t *testing.T) {
		t.Parallel()
		r, err := localdb.StartRedis(localdb.Options{Test: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Stop)
		on(t, "redis://"+r.Addr(), fn)
	})
	t.Run("redis_server", func(t *testing.T) {
		t.Parallel()
		r, err := localdb.StartRedisServer(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Stop() })
		on(t, r.URL(), fn)
	})
}

func on(t *testing.T, url string, fn func(t *testing.T, a *alarm.Alarm)) {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	fn(t, alarm.New(c))
}

func TestOnlyWhatIsDueRingsEarliestFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *alarm.Alarm) {
		now := storetest.Monday
		if err := a.Set(t.Context(), []store.Due{
			{Queue: "send", ID: 1, At: now},
			{Queue: "send", ID: 2, At: now.Add(-time.Hour)},
			{Queue: "send", ID: 3, At: now.Add(time.Millisecond)},
			{Queue: "job", ID: 4, At: now},
		}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"[2 1]", "[]"} {
			ids, err := a.Pop(t.Context(), "send", now, 10)
			if err != nil || fmt.Sprint(ids) != want {
				t.Errorf("Pop = %v, %v; want %s", ids, err, want)
			}
		}
		if ids, _ := a.Pop(t.Context(), "send", now.Add(time.Second), 10); fmt.Sprint(ids) != "[3]" {
			t.Errorf("a second later: %v, want [3]", ids)
		}
	})
}

func TestManyPopEachOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *alarm.Alarm) {
		const n = 3000
		due := make([]store.Due, n)
		for i := range due {
			due[i] = store.Due{Queue: "send", ID: int64(i), At: storetest.Monday}
		}
		if err := a.Set(t.Context(), due); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var got []int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for {
					ids, err := a.Pop(t.Context(), "send", storetest.Monday, 100)
					if err != nil {
						t.Error(err)
					}
					if len(ids) == 0 {
						return
					}
					mu.Lock()
					got = append(got, ids...)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		slices.Sort(got)
		if len(got) != n || len(slices.Compact(got)) != n {
			t.Errorf("%d ids popped, want %d different ones", len(got), n)
		}
	})
}
