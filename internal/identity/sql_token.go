package identity

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

func insertToken(ctx context.Context, tx *store.Tx, hash []byte, name string, person ID, scopes []string, expires time.Time) (string, error) {
	id := store.NewPublicID()
	_, err := tx.ExecContext(ctx, `
		insert into token (public_id, hash, name, person_id, scopes, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		id, hash, name, person, pq.Array(scopes), tx.Now(), expires)
	return id, err
}

func tokenByHash(ctx context.Context, tx *store.Tx, hash []byte) (ID, []string, error) {
	var id ID
	var scopes []string
	err := tx.QueryRowContext(ctx, `
		select person_id, scopes from token where hash = $1 and revoked_at is null and expires_at > $2`, hash, tx.Now()).
		Scan(&id, pq.Array(&scopes))
	return id, scopes, err
}

func tokenHolder(ctx context.Context, tx *store.Tx, publicID string) (ID, error) {
	var id ID
	err := tx.GetContext(ctx, &id, `select person_id from token where public_id = $1`, publicID)
	return id, err
}

func endToken(ctx context.Context, tx *store.Tx, publicID string) (bool, error) {
	res, err := tx.ExecContext(ctx, `update token set revoked_at = $2 where public_id = $1 and revoked_at is null`, publicID, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func selectTokens(ctx context.Context, tx *store.Tx, all bool, person ID) ([]Token, error) {
	rows, err := tx.QueryContext(ctx, `
		select t.public_id, t.name, p.public_id, p.name, coalesce(p.number, ''), t.scopes, t.created_at, t.expires_at, t.revoked_at
		from token t join identity_person p on p.id = t.person_id
		where $1 or t.person_id = $2 order by t.id desc limit 100`, all, person)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []Token
	for rows.Next() {
		var t Token
		var revoked sql.NullTime
		if err := rows.Scan(&t.PublicID, &t.Name, &t.Person.PublicID, &t.Person.Name, &t.Person.Number, pq.Array(&t.Scopes),
			&t.CreatedAt, &t.ExpiresAt, &revoked); err != nil {
			return nil, err
		}
		t.RevokedAt = revoked.Time
		list = append(list, t)
	}
	return list, rows.Err()
}
