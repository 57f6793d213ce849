package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/xuegong/xuegong/internal/store"
)

type row struct {
	ID     int64     `db:"id"`
	At     time.Time `db:"at"`
	Person int64     `db:"person_id"`
	Verb   string    `db:"verb"`
	Object string    `db:"object"`
	Detail string    `db:"detail"`
	MAC    []byte    `db:"mac"`
	No     int64     `db:"seal_no"`
	Seal   []byte    `db:"seal"`
}

func insert(ctx context.Context, tx *store.Tx, person int64, verb, object, detail string, mac []byte) error {
	_, err := tx.ExecContext(ctx, `
		insert into audit (at, person_id, verb, object, detail, mac) values ($1, nullif($2::bigint, 0), $3, $4, $5, $6)`,
		tx.Now(), person, verb, object, detail, mac)
	return err
}

func tryLock(ctx context.Context, tx *store.Tx) (bool, error) {
	var ok bool
	err := tx.GetContext(ctx, &ok, `select pg_try_advisory_xact_lock(7265012)`)
	return ok, err
}

func lastSealed(ctx context.Context, tx *store.Tx) (sealed, error) {
	var s sealed
	err := tx.QueryRowContext(ctx, `select seal_no, seal from audit where seal_no is not null order by seal_no desc limit 1`).Scan(&s.No, &s.Hash)
	if err == sql.ErrNoRows {
		return sealed{}, nil
	}
	return s, err
}

func unsealed(ctx context.Context, tx *store.Tx, n int) ([]row, error) {
	var rows []row
	err := tx.SelectContext(ctx, &rows, `select id, mac from audit where seal is null order by id limit $1`, n)
	return rows, err
}

func setSeal(ctx context.Context, tx *store.Tx, id int64, s sealed) error {
	_, err := tx.ExecContext(ctx, `update audit set seal_no = $2, seal = $3 where id = $1`, id, s.No, s.Hash)
	return err
}

func eachSealed(ctx context.Context, tx *store.Tx, fn func(row)) error {
	rows, err := tx.QueryxContext(ctx, `
		select id, at, coalesce(person_id, 0) person_id, verb, object, detail::text detail, mac, seal_no, seal
		from audit where seal_no is not null order by seal_no`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r row
		if err := rows.StructScan(&r); err != nil {
			return err
		}
		// jsonb has its own spacing; the MAC was made over Go's.
		var v any
		if err := json.Unmarshal([]byte(r.Detail), &v); err != nil {
			return err
		}
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		r.Detail = string(b)
		fn(r)
	}
	return rows.Err()
}
