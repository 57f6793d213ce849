package inbox_test

import (
	"context"
	"strings"
	"testing"

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
