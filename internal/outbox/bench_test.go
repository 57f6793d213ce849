package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/alarm"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/internal/wecom"
)

const reminders = 20_000

// idle is a WeCom that answers at once and remembers when it was last asked.
type idle struct {
	n    atomic.Int64
	last atomic.Int64
	all  chan struct{} // closed with the last one
}

func (i *idle) Send(context.Context, json.RawMessage) (wecom.SendResult, error) {
	i.last.Store(clock.Wall().UnixNano())
	if i.n.Add(1) == reminders {
		close(i.all)
	}
	return wecom.SendResult{MsgID: "m"}, nil
}

func (i *idle) UpdateCard(context.Context, json.RawMessage) (wecom.UpdateResult, error) {
	return wecom.UpdateResult{}, nil
}

// BenchmarkDueAtOnce has 20,000 reminders, each for a person of their own, due at one
// instant. raw is the alarm alone, popped in batches of 500 (Q1); started is until the
// last call was made with the claim in PostgreSQL (Q2), settled until the last was
// recorded. All in milliseconds.
func BenchmarkDueAtOnce(b *testing.B) {
	url := storetest.Durable(b)
	red, err := localdb.StartRedisServer(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = red.Stop() }()
	o, err := redis.ParseURL(red.URL())
	if err != nil {
		b.Fatal(err)
	}
	rdb := redis.NewClient(o)
	defer func() { _ = rdb.Close() }()
	db := storetest.Open(b, url, clock.System{}, store.Options{MaxConns: 40})
	bell := alarm.New(rdb)
	for b.Loop() {
		ids := put(b, db)
		ring(b, bell, "raw", ids)
		start := clock.Wall()
		for left := reminders; left > 0; {
			popped, err := bell.Pop(b.Context(), "raw", clock.Wall(), 500)
			if err != nil {
				b.Fatal(err)
			}
			left -= len(popped)
		}
		b.ReportMetric(ms(clock.Wall().Sub(start)), "raw_ms")

		ring(b, bell, outbox.Queue, ids)
		i := &idle{all: make(chan struct{})}
		w := &outbox.Worker{DB: db, Alarm: bell, Client: i, Render: render, Log: slog.New(slog.DiscardHandler), Calls: 256, Watch: alarm.Watch{Sweep: time.Hour}}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		start = clock.Wall()
		go func() { w.Run(ctx); close(done) }()
		<-i.all // asking the database meanwhile would take a core of it
		for waiting := reminders; waiting > 0; {
			storetest.Update(b, db, func(tx *store.Tx) (err error) {
				waiting, err = outbox.Waiting(ctx, tx)
				return err
			})
		}
		b.ReportMetric(ms(clock.Wall().Sub(start)), "settled_ms")
		b.ReportMetric(ms(time.Unix(0, i.last.Load()).Sub(start)), "started_ms")
		stop()
		<-done
		if i.n.Load() != reminders {
			b.Errorf("%d calls for %d reminders", i.n.Load(), reminders)
		}
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// put writes the reminders as many small transactions of the past would have.
func put(b *testing.B, db *store.DB) (ids []int64) {
	b.Helper()
	storetest.Update(b, db, func(tx *store.Tx) error {
		for _, q := range []string{
			`truncate outbox, send, account, person cascade`,
			fmt.Sprintf(`insert into person (public_id, name, kind, created_at, updated_at) select 'p' || i, '测', 'student', now(), now() from generate_series(1, %d) i`, reminders),
			`insert into account (person_id, userid, bound_by, valid_from) select id, public_id, 'sample', now() from person`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
	storetest.Update(b, db, func(tx *store.Tx) error {
		rows, err := tx.Query(`select id from person`)
		if err != nil {
			return err
		}
		var persons []int64
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			persons = append(persons, id)
		}
		for _, p := range persons {
			public := store.NewPublicID()
			var id int64
			if err := tx.GetContext(b.Context(), &id, `insert into send (public_id, api, kind, class, scope, args, due_at, created_at)
				values ($1, 'message', 'text', 'timed', 'school', $2, $3, $3) returning id`,
				public, tx.Keys().Seal("send/args/"+public, []byte(`{"Text":"提醒"}`)), tx.Now()); err != nil {
				return err
			}
			if _, err := tx.ExecContext(b.Context(), `insert into outbox (send_id, person_id, due_at) values ($1, $2, $3)`, id, p, tx.Now()); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	storetest.Update(b, db, func(tx *store.Tx) error { _, err := tx.Exec(`analyze`); return err })
	return ids
}

func ring(b *testing.B, bell *alarm.Alarm, queue string, ids []int64) {
	b.Helper()
	due := make([]store.Due, len(ids))
	for i, id := range ids {
		due[i] = store.Due{Queue: queue, ID: id, At: clock.Wall()}
	}
	if err := bell.Set(b.Context(), due); err != nil {
		b.Fatal(err)
	}
}
