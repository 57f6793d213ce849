package approval_test

import (
	"context"
	"testing"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/store"
)

// BenchmarkDecideMany is 2,000 decisions in one batch, done by its job in chunks of 50.
func BenchmarkDecideMany(b *testing.B) {
	const n = 2000
	for b.Loop() {
		b.StopTimer()
		o := newOffice(b)
		tasks := o.openMany(n)
		b.StartTimer()
		o.update(func(ctx context.Context, tx *store.Tx) error {
			_, err := o.engine.DecideMany(ctx, tx, o.he, tasks, approve())
			return err
		})
		o.work()
		if len(o.results) != n {
			b.Fatalf("%d decided", len(o.results))
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkDecide is one decision a transaction, as a press makes it.
func BenchmarkDecide(b *testing.B) {
	o := newOffice(b)
	tasks := o.openMany(5000)
	i := 0
	for b.Loop() {
		if i == len(tasks) {
			b.Fatal("too few tasks")
		}
		o.mustDecide(o.he, tasks[i], approval.Decision{Action: approval.Approve})
		i++
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkTasks lists and counts what one can decide, of 5,000 open reviews.
func BenchmarkTasks(b *testing.B) {
	o := newOffice(b)
	o.openMany(5000)
	if err := o.db.Exec(b.Context(), `vacuum analyze`); err != nil {
		b.Fatal(err)
	}
	ask := func(name string, fn func(ctx context.Context, tx *store.Tx) (int, error), want int) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				o.update(func(ctx context.Context, tx *store.Tx) error {
					n, err := fn(ctx, tx)
					if n != want {
						b.Errorf("%d, want %d", n, want)
					}
					return err
				})
			}
		})
	}
	ask("first page", func(ctx context.Context, tx *store.Tx) (int, error) {
		list, _, err := approval.Tasks(ctx, tx, o.he, "", 100, thing)
		return len(list), err
	}, 100)
	ask("count", func(ctx context.Context, tx *store.Tx) (int, error) {
		return approval.Waiting(ctx, tx, o.he, thing)
	}, 5000)
	ask("of fifty", func(ctx context.Context, tx *store.Tx) (int, error) {
		list, _, err := approval.Tasks(ctx, tx, o.he, "", 50, thing)
		if err != nil {
			return 0, err
		}
		ids := make([]string, len(list))
		for i, t := range list {
			ids[i] = t.Subject.ID
		}
		tasks, err := approval.TasksOf(ctx, tx, o.he, thing, ids)
		return len(tasks), err
	}, 50)
}
