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
