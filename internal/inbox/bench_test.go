package inbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// BenchmarkKeep keeps callbacks durably, 64 at a time, beside pgbench inserting single
// rows of the same size into a table with the same keys (32 clients). x_pgbench is ours
// over pgbench's.
func BenchmarkKeep(b *testing.B) {
	url := storetest.Durable(b)
	db := storetest.Open(b, url, clock.System{}, store.Options{})
	storetest.Update(b, db, func(tx *store.Tx) error {
		_, err := tx.Exec(`create table plain (id bigint generated always as identity primary key, key bytea not null unique,
			sender text not null, body bytea, received_at timestamptz not null, state text not null default 'waiting')`)
		return err
	})
	limit := storetest.PgBench(b, url, `\set k random(1, 9000000000000000)
insert into plain (key, sender, body, received_at) values (decode(md5(:k::text), 'hex'), 's', decode(repeat('ab', 450), 'hex'), '2026-10-12') on conflict do nothing;
`)
	k := inbox.NewKeeper(db, nil)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { k.Run(ctx); close(done) }()
	defer func() { stop(); <-done }()
	body := []byte(strings.Repeat("x", 420))
	b.ResetTimer()
	storetest.Callers(b, 64, func(int) {
		if err := k.Keep(ctx, inbox.Act{Key: []byte(store.NewPublicID()), Sender: "s", Body: body, ReceivedAt: db.Clock().Now()}); err != nil {
			b.Error(err)
		}
	})
	b.StopTimer()
	perSecond := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "kept/s")
	b.ReportMetric(limit, "pgbench/s")
	b.ReportMetric(perSecond/limit, "x_pgbench")
}

// BenchmarkBurst acts on many callbacks that came at once, two of each sender, with the
// workers of a process and a Handle that does nothing. acts/s is of 500 and of 5,000 at
// once; x_500 is what an act of the many costs over one of the few.
func BenchmarkBurst(b *testing.B) {
	db := storetest.Open(b, storetest.Durable(b), clock.System{}, store.Options{})
	for b.Loop() {
		few, many := burst(b, db, 500), burst(b, db, 5000)
		b.ReportMetric(few, "acts/s_500")
		b.ReportMetric(many, "acts/s_5000")
		b.ReportMetric(few/many, "x_500")
	}
}

// burst keeps n acts and returns how many were done in a second.
func burst(b *testing.B, db *store.DB, n int) (perSecond float64) {
	b.Helper()
	keepAll(b, db, n)
	left := atomic.Int64{}
	left.Store(int64(n))
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	w := &inbox.Worker{
		DB: db, Log: slog.New(slog.DiscardHandler), Concurrency: 8,
		Handle: func(context.Context, *store.Tx, inbox.Act) error { return nil },
		Observe: func(string, time.Duration) {
			if left.Add(-1) == 0 {
				stop()
			}
		},
	}
	begin := clock.Wall()
	w.Run(ctx)
	return float64(n) / clock.Wall().Sub(begin).Seconds()
}

func keepAll(b *testing.B, db *store.DB, n int) {
	b.Helper()
	k := inbox.NewKeeper(db, nil)
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { k.Run(ctx); close(done) }()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			a := inbox.Act{Key: []byte(store.NewPublicID()), Sender: fmt.Sprint("s", i/2), Body: []byte(strings.Repeat("x", 420)), ReceivedAt: db.Clock().Now()}
			if err := k.Keep(ctx, a); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	stop()
	<-done
}
