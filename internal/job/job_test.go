package job_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func TestJobs(t *testing.T) {
	t.Parallel()
	db, clk := storetest.DB(t)
	ctx := context.Background()
	did := map[string]int{}
	note := func(j job.Job) { did[j.Key]++ }
	r := &job.Runner{DB: db, Log: slog.New(slog.DiscardHandler), Kinds: map[string]job.Step{
		"plain": func(_ context.Context, _ *store.Tx, j job.Job) (job.Result, error) { note(j); return job.Result{}, nil },
		"long": func(_ context.Context, _ *store.Tx, j job.Job) (job.Result, error) {
			note(j)
			return job.Result{Again: j.Done < 3, Cursor: "x", Done: j.Done + 1, Total: 4}, nil
		},
		"broken": func(_ context.Context, _ *store.Tx, j job.Job) (job.Result, error) {
			note(j)
			return job.Result{}, errors.New("no")
		},
	}}
	storetest.Update(t, db, func(tx *store.Tx) error {
		at := tx.Now().Add(time.Hour)
		for kind, key := range map[string]string{"plain": "p", "long": "l", "broken": "b", "unknown": "u"} {
			if err := job.Put(ctx, tx, kind, key, "school", at, nil); err != nil {
				return err
			}
		}
		if err := job.Put(ctx, tx, "plain", "cancelled", "school", at, nil); err != nil {
			return err
		}
		if err := job.Cancel(ctx, tx, "plain", "cancelled"); err != nil {
			return err
		}
		if err := job.Put(ctx, tx, "plain", "moved", "school", at, nil); err != nil {
			return err
		}
		return job.Put(ctx, tx, "plain", "moved", "school", at.AddDate(0, 0, 1), nil)
	})
	drain := func() {
		for {
			did, err := r.Step(ctx, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !did {
				return
			}
		}
	}
	drain()
	if len(did) != 0 {
		t.Fatalf("done before due: %v", did)
	}
	for range 20 {
		_ = clk.MoveTo(clk.Now().Add(30 * time.Minute))
		drain()
	}
	if diff := cmp.Diff(map[string]int{"p": 1, "l": 4, "b": 10}, did); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	_ = clk.MoveTo(clk.Now().AddDate(0, 0, 2))
	drain()
	if did["moved"] != 1 || did["cancelled"] != 0 {
		t.Errorf("moved %d, cancelled %d", did["moved"], did["cancelled"])
	}
	storetest.Update(t, db, func(tx *store.Tx) error {
		if n, err := job.Failed(ctx, tx); err != nil || n != 2 { // broken, and a kind of another release
			t.Errorf("Failed = %d, %v; want 2", n, err)
		}
		return nil
	})
}
