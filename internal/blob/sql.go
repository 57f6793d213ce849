package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

// insertBlob stores a loose file unless its owner has too many; false means so.
func insertBlob(ctx context.Context, tx *store.Tx, b Blob, sealed, thumb []byte) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		insert into blob (public_id, owner_id, name, type, size, sha256, content, created_at, loose_since, thumb)
		select $1, $2, $3, $4, $5, $6, $7, $8, $8, $10
		where (select count(*) from blob where owner_id = $2 and object is null) < $9`,
		b.PublicID, b.Owner, b.Name, b.Type, b.Size, b.SHA256, sealed, b.At, maxLoose, thumb)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func bind(ctx context.Context, tx *store.Tx, publicID, purpose string) error {
	_, err := tx.ExecContext(ctx, `update blob set purpose = $2 where public_id = $1`, publicID, purpose)
	return err
}

func loosen(ctx context.Context, tx *store.Tx, object string, keep []string) error {
	_, err := tx.ExecContext(ctx, `
		update blob set object = null, loose_since = $3 where object = $1 and public_id <> all(coalesce($2::text[], '{}'))`, object, pq.Array(keep), tx.Now())
	return err
}

// attach returns how many of the files are the object's now.
func attach(ctx context.Context, tx *store.Tx, owner int64, object string, publicIDs []string) (int, error) {
	res, err := tx.ExecContext(ctx, `
		update blob set object = $2, loose_since = null
		where public_id = any($3) and (object is null and owner_id = $1 or object = $2)`, owner, object, pq.Array(publicIDs))
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

func selectBlob(ctx context.Context, tx *store.Tx, publicID, object string, owner int64, small bool) (b Blob, sealed []byte, err error) {
	err = tx.QueryRowContext(ctx, `
		select public_id, owner_id, name, type, size, sha256, created_at, $4 and thumb is not null,
			case when $4 and thumb is not null then thumb else content end from blob
		where public_id = $1 and coalesce(object, '') = $2 and ($3::bigint = 0 or owner_id = $3)`, publicID, object, owner, small).
		Scan(&b.PublicID, &b.Owner, &b.Name, &b.Type, &b.Size, &b.SHA256, &b.At, &b.Small, &sealed)
	return b, sealed, err
}

func selectBlobs(ctx context.Context, tx *store.Tx, object string) ([]Blob, error) {
	rows, err := tx.QueryxContext(ctx, `
		select public_id, owner_id, name, type, size, sha256, created_at, purpose from blob where object = $1 order by id`, object)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []Blob
	for rows.Next() {
		var b Blob
		if err := rows.Scan(&b.PublicID, &b.Owner, &b.Name, &b.Type, &b.Size, &b.SHA256, &b.At, &b.Purpose); err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, rows.Err()
}

func sweep(ctx context.Context, tx *store.Tx, before time.Time, limit int) (int, error) {
	res, err := tx.ExecContext(ctx, `
		delete from blob where id in (
			select id from blob where object is null and loose_since < $1 order by loose_since limit $2 for update skip locked)`, before, limit)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

func broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	var lines []string
	err := tx.SelectContext(ctx, &lines, `
		select 'blob: ' || public_id || ' has been loose for too long' from blob
		where object is null and loose_since < $1::timestamptz - interval '2 days'`, tx.Now())
	return lines, err
}

// changed names the files whose content is not what was stored.
func changed(ctx context.Context, tx *store.Tx) (lines []string, err error) {
	rows, err := tx.QueryContext(ctx, `select public_id, size, sha256, content from blob order by id`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b Blob
		var sealed []byte
		if err := rows.Scan(&b.PublicID, &b.Size, &b.SHA256, &sealed); err != nil {
			return nil, err
		}
		content, err := tx.Keys().Unseal(place(b.PublicID), sealed)
		sum := sha256.Sum256(content)
		switch {
		case err != nil:
			lines = append(lines, "blob: "+b.PublicID+" cannot be opened")
		case !bytes.Equal(sum[:], b.SHA256) || len(content) != b.Size:
			lines = append(lines, "blob: "+b.PublicID+" is not what was stored")
		}
	}
	return lines, rows.Err()
}

// Sealed lists the columns this package seals.
func Sealed() []store.Sealed {
	return []store.Sealed{
		{Table: "blob", Column: "content", Key: "id", Place: `'blob/content/' || public_id`},
		{Table: "blob", Column: "thumb", Key: "id", Place: `'blob/thumb/' || public_id`},
	}
}
