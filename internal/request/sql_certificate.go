package request

import (
	"context"
	"database/sql"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func insertCertificate(ctx context.Context, tx *store.Tx, application int64, s Sheet, content []byte, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `
		insert into certificate (application_id, number, code, content, issued_at, issued_by) values ($1, $2, $3, $4, $5, $6)`,
		application, s.Number, s.Code, content, tx.Now(), by)
	return err
}

func revokeCertificate(ctx context.Context, tx *store.Tx, application int64) error {
	_, err := tx.ExecContext(ctx, `update certificate set revoked_at = $2 where application_id = $1 and revoked_at is null`, application, tx.Now())
	return err
}

func certificateContent(ctx context.Context, tx *store.Tx, application int64) ([]byte, error) {
	var b []byte
	err := tx.GetContext(ctx, &b, `select content from certificate where application_id = $1`, application)
	return b, err
}

// maxChecks is how many checks a holder is shown.
const maxChecks = 20

// certificateOf returns nil if none was issued.
func certificateOf(ctx context.Context, tx *store.Tx, application int64) (*Certificate, error) {
	var c Certificate
	var revoked sql.NullTime
	err := tx.QueryRowContext(ctx, `select number, code, issued_at, revoked_at from certificate where application_id = $1`, application).
		Scan(&c.Number, &c.Code, &c.IssuedAt, &revoked)
	if store.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c.RevokedAt = revoked.Time
	err = tx.SelectContext(ctx, &c.Checks, `select at from certificate_check where application_id = $1 order by id desc limit $2`, application, maxChecks)
	return &c, err
}

type certificateRow struct {
	Application int64        `db:"application_id"`
	Content     []byte       `db:"content"`
	Holder      string       `db:"name"`
	RevokedAt   sql.NullTime `db:"revoked_at"`
}

func certificateByCode(ctx context.Context, tx *store.Tx, code string) (certificateRow, error) {
	var r certificateRow
	err := tx.GetContext(ctx, &r, `
		select c.application_id, c.content, p.name, c.revoked_at
		from certificate c join application a on a.id = c.application_id join identity_address p on p.id = a.student_id where c.code = $1`, code)
	return r, err
}

func insertCheck(ctx context.Context, tx *store.Tx, application int64) error {
	_, err := tx.ExecContext(ctx, `insert into certificate_check (application_id, at) values ($1, $2)`, application, tx.Now().Truncate(time.Minute))
	return err
}

func hasSigningKey(ctx context.Context, tx *store.Tx) (bool, error) {
	var has bool
	err := tx.GetContext(ctx, &has, `select exists (select 1 from signing_key)`)
	return has, err
}

func insertSigningKey(ctx context.Context, tx *store.Tx, certificate, key []byte) error {
	_, err := tx.ExecContext(ctx, `insert into signing_key (certificate, key, made_at) values ($1, $2, $3) on conflict do nothing`, certificate, key, tx.Now())
	return err
}

func selectSigningKey(ctx context.Context, tx *store.Tx) (certificate, key []byte, err error) {
	err = tx.QueryRowContext(ctx, `select certificate, key from signing_key`).Scan(&certificate, &key)
	return certificate, key, err
}
