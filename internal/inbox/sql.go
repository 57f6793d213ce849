package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

// insertActs keeps the acts in one statement that commits by itself. A key that is
// already there, or stands twice in the group, is kept once. The keys are sorted so
// that two groups with the same keys never wait for each other in a circle.
func insertActs(ctx context.Context, db *store.DB, acts []Act) error {
	keys := make([][]byte, len(acts))
	senders := make([]string, len(acts))
	bodies := make([][]byte, len(acts))
	received := make([]string, len(acts))
	for i, a := range acts {
		keys[i], senders[i] = a.Key, a.Sender
		bodies[i] = db.Keys().Seal(place(a.Key), a.Body)
		received[i] = a.ReceivedAt.Format(time.RFC3339Nano)
	}
	if len(acts) == 1 {
		return exec1(ctx, db, keys[0], senders[0], bodies[0], acts[0].ReceivedAt)
	}
	err := db.Exec(ctx, `
		insert into inbox (key, sender, body, received_at, next_at)
		select key, sender, body, at, at from unnest($1::bytea[], $2::text[], $3::bytea[], $4::timestamptz[])
			with ordinality as t (key, sender, body, at, n)
		order by n
		on conflict (key) do nothing`,
		pq.Array(keys), pq.Array(senders), pq.Array(bodies), pq.Array(received))
	if err != nil {
		return fmt.Errorf("keep %d acts: %w", len(acts), err)
	}
	return nil
}

func exec1(ctx context.Context, db *store.DB, key []byte, sender string, body []byte, at time.Time) error {
	if err := db.Exec(ctx, `
		insert into inbox (key, sender, body, received_at, next_at) values ($1, $2, $3, $4, $4)
		on conflict (key) do nothing`, key, sender, body, at); err != nil {
		return fmt.Errorf("keep act: %w", err)
	}
	return nil
}

// claim locks the first act that may be done now; sql.ErrNoRows if there is none.
// Its Body is still sealed.
func claim(ctx context.Context, tx *store.Tx) (Act, error) {
	var a Act
	err := tx.QueryRowContext(ctx, `
		select id, key, sender, body, received_at, attempts from inbox i
		where state = 'waiting' and next_at <= $1
			and not exists (select 1 from inbox e where e.sender = i.sender and e.state = 'waiting' and e.id < i.id)
		order by id limit 1
		for no key update skip locked`, tx.Now()).Scan(&a.ID, &a.Key, &a.Sender, &a.Body, &a.ReceivedAt, &a.Attempts)
	return a, err
}

func markDone(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `update inbox set state = 'done', body = null, done_at = $2 where id = $1`, id, tx.Now())
	return err
}

func postpone(ctx context.Context, tx *store.Tx, id int64, to time.Time, reason string) error {
	_, err := tx.ExecContext(ctx, `
		update inbox set attempts = attempts + 1, next_at = $2, error = $3 where id = $1 and state = 'waiting'`, id, to, reason)
	return err
}

func markFailed(ctx context.Context, tx *store.Tx, id int64, reason string) error {
	_, err := tx.ExecContext(ctx, `
		update inbox set state = 'failed', attempts = attempts + 1, error = $2, done_at = $3 where id = $1 and state = 'waiting'`,
		id, reason, tx.Now())
	return err
}

// Waiting counts the acts that are due now and not done.
func Waiting(ctx context.Context, tx *store.Tx) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `select count(*) from inbox where state = 'waiting' and next_at <= $1`, tx.Now())
	return n, err
}

// NextDue returns when the next waiting act is to be tried, zero if none waits.
func NextDue(ctx context.Context, tx *store.Tx) (time.Time, error) {
	var at *time.Time
	if err := tx.GetContext(ctx, &at, `select min(next_at) from inbox where state = 'waiting'`); err != nil || at == nil {
		return time.Time{}, err
	}
	return *at, nil
}

// Failed counts the acts that were given up.
func Failed(ctx context.Context, tx *store.Tx) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `select count(*) from inbox where state = 'failed'`)
	return n, err
}

func insertDone(ctx context.Context, tx *store.Tx, key []byte, sender string) (int64, error) {
	res, err := tx.ExecContext(ctx, `
		insert into inbox (key, sender, received_at, next_at, state, done_at) values ($1, $2, $3, $4, 'done', $4)
		on conflict (key) do nothing`, key, sender, tx.ReceivedAt(), tx.Now())
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Sealed lists the columns this package seals.
func Sealed() []store.Sealed {
	return []store.Sealed{{Table: "inbox", Column: "body", Key: "id", Place: `'inbox/body/' || encode(key, 'hex')`}}
}
