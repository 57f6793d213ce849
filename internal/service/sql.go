package service

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// versionRow is a version without its content.
type versionRow struct {
	ID   int64  `db:"id"`
	Hash string `db:"hash"`
	Code string `db:"code"`
}

func idsOf(rows []versionRow) []int64 {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

// setLock is the advisory lock of the active set. A lock of the table would also hold up
// the connection that prepares our own statements.
const setLock = 0x5e_41_ce

// lockSet lets one Apply at a time through and returns the active versions, nil if there
// is no active set yet.
func lockSet(ctx context.Context, tx *store.Tx) ([]versionRow, error) {
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock($1)`, setLock); err != nil {
		return nil, err
	}
	return selectActive(ctx, tx)
}

// upsertVersion keeps the file and returns the id of its content, new or old.
func upsertVersion(ctx context.Context, tx *store.Tx, f File) (id int64, err error) {
	_, err = tx.ExecContext(ctx, `
		insert into service_version (hash, code, content, created_at) values ($1, $2, $3, $4) on conflict (hash) do nothing`,
		f.Hash, f.Definition.Code, f.Content, tx.Now())
	if err != nil {
		return 0, err
	}
	err = tx.GetContext(ctx, &id, `select id from service_version where hash = $1`, f.Hash)
	return id, err
}

func writeSet(ctx context.Context, tx *store.Tx, ids []int64, hash string, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `
		insert into service_set (versions, hash, applied_by, applied_at) values ($1, $2, nullif($3::bigint, 0), $4)
		on conflict (only_one) do update set versions = excluded.versions, hash = excluded.hash,
			applied_by = excluded.applied_by, applied_at = excluded.applied_at`, pq.Array(ids), hash, int64(by), tx.Now())
	return err
}

// activeHash is the hash of the active set; false if there is none.
func activeHash(ctx context.Context, tx *store.Tx) (hash string, there bool, err error) {
	err = tx.GetContext(ctx, &hash, `select hash from service_set`)
	if store.Missing(err) {
		return "", false, nil
	}
	return hash, err == nil, err
}

func selectActive(ctx context.Context, tx *store.Tx) ([]versionRow, error) {
	var rows []versionRow
	err := tx.SelectContext(ctx, &rows, `
		select v.id, v.hash, v.code from service_set s, unnest(s.versions) with ordinality a(id, place)
			join service_version v on v.id = a.id order by a.place`)
	return rows, err
}

func selectVersion(ctx context.Context, tx *store.Tx, id int64) (versionRow, error) {
	var r versionRow
	err := tx.GetContext(ctx, &r, `select id, hash, code from service_version where id = $1`, id)
	return r, err
}

func selectVersions(ctx context.Context, tx *store.Tx, ids []int64) ([]versionRow, error) {
	var rows []versionRow
	err := tx.SelectContext(ctx, &rows, `select id, hash, code from service_version where id = any($1)`, pq.Array(ids))
	return rows, err
}

func selectContent(ctx context.Context, tx *store.Tx, id int64) ([]byte, error) {
	var b []byte
	err := tx.GetContext(ctx, &b, `select content from service_version where id = $1`, id)
	return b, err
}

// insertConsent keeps the first time.
func insertConsent(ctx context.Context, tx *store.Tx, who identity.ID, code, version string) error {
	_, err := tx.ExecContext(ctx, `
		insert into service_consent (person_id, code, version, agreed_at) values ($1, $2, $3, $4) on conflict do nothing`,
		int64(who), code, version, tx.Now())
	return err
}

func selectConsent(ctx context.Context, tx *store.Tx, who identity.ID, code, version string) (time.Time, error) {
	var at time.Time
	err := tx.GetContext(ctx, &at, `
		select agreed_at from service_consent where person_id = $1 and code = $2 and version = $3`, int64(who), code, version)
	return at, err
}

func selectConsents(ctx context.Context, tx *store.Tx, who identity.ID) ([]Consent, error) {
	var list []Consent
	err := tx.SelectContext(ctx, &list, `
		select code, version, agreed_at from service_consent where person_id = $1 order by agreed_at desc, code`, int64(who))
	return list, err
}
