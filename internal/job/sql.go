package job

import (
	"context"
	"time"

	"github.com/xuegong/xuegong/internal/store"
)

func upsert(ctx context.Context, tx *store.Tx, kind, key, scope string, due time.Time, args string) (int64, error) {
	var id int64
	err := tx.GetContext(ctx, &id, `
		insert into job (public_id, kind, key, scope, args, due_at, created_at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (kind, key) where state = 'waiting' do update set due_at = excluded.due_at, args = excluded.args
		returning id`, store.NewPublicID(), kind, key, scope, args, due, tx.Now())
	return id, err
}

func cancel(ctx context.Context, tx *store.Tx, kind, key string) error {
	_, err := tx.ExecContext(ctx, `
		update job set state = 'cancelled', ended_at = $3 where kind = $1 and key = $2 and state = 'waiting'`, kind, key, tx.Now())
	return err
}

// claim locks a due job: the one with the id, or the first for id 0.
func claim(ctx context.Context, tx *store.Tx, id int64) (Job, error) {
	var j Job
	err := tx.QueryRowContext(ctx, `
		select id, public_id, kind, key, scope, args::text, due_at, cursor, done, total, attempts from job
		where state = 'waiting' and due_at <= $1 and ($2::bigint = 0 or id = $2)
		order by due_at, id limit 1
		for no key update skip locked`, tx.Now(), id).
		Scan(&j.ID, &j.PublicID, &j.Kind, &j.Key, &j.Scope, (*text)(&j.Args), &j.DueAt, &j.Cursor, &j.Done, &j.Total, &j.Attempts)
	return j, err
}

// text scans a text column into bytes that outlive the row.
type text []byte

func (t *text) Scan(v any) error {
	switch s := v.(type) {
	case string:
		*t = text(s)
	case []byte:
		*t = append(text(nil), s...)
	}
	return nil
}

func end(ctx context.Context, tx *store.Tx, id int64, state string) error {
	_, err := tx.ExecContext(ctx, `
		update job set state = $2, ended_at = $3, attempts = attempts + case when $2 = 'failed' then 1 else 0 end where id = $1`,
		id, state, tx.Now())
	return err
}

func advance(ctx context.Context, tx *store.Tx, id int64, r Result) error {
	_, err := tx.ExecContext(ctx, `
		update job set due_at = $2, cursor = $3, done = $4, total = $5, attempts = 0 where id = $1`, id, r.At, r.Cursor, r.Done, r.Total)
	return err
}

func postpone(ctx context.Context, tx *store.Tx, id int64, at time.Time) error {
	_, err := tx.ExecContext(ctx, `update job set due_at = $2, attempts = attempts + 1 where id = $1`, id, at)
	return err
}

// NextDue returns when the next job is due, zero if none waits.
func NextDue(ctx context.Context, tx *store.Tx) (time.Time, error) {
	var at *time.Time
	if err := tx.GetContext(ctx, &at, `select min(due_at) from job where state = 'waiting'`); err != nil || at == nil {
		return time.Time{}, err
	}
	return *at, nil
}

// Failed counts the jobs that were given up.
func Failed(ctx context.Context, tx *store.Tx) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `select count(*) from job where state = 'failed'`)
	return n, err
}

// Waiting counts the jobs that are due now and not done.
func Waiting(ctx context.Context, tx *store.Tx) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `select count(*) from job where state = 'waiting' and due_at <= $1`, tx.Now())
	return n, err
}

// Running returns the jobs of the kind and scope that are not ended, the oldest first,
// for the page that shows how far they are.
func Running(ctx context.Context, tx *store.Tx, kind, scope string) ([]Job, error) {
	var list []Job
	rows, err := tx.QueryContext(ctx, `
		select public_id, done, total, due_at from job where state = 'waiting' and kind = $1 and scope = $2 order by id limit 20`, kind, scope)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var j Job
		if err := rows.Scan(&j.PublicID, &j.Done, &j.Total, &j.DueAt); err != nil {
			return nil, err
		}
		list = append(list, j)
	}
	return list, rows.Err()
}
