package request

import (
	"context"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

func stringArray(list []string) any { return pq.Array(list) }

func countAsks(ctx context.Context, tx *store.Tx, units []int64, all bool) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `
		select count(*) from application_ask where answer is null and ($1 or department_id = any($2))`, all, pq.Array(units))
	return n, err
}

// selectLatestVersions returns the version of the newest application of each service.
func selectLatestVersions(ctx context.Context, tx *store.Tx, codes []string) ([]int64, error) {
	var ids []int64
	err := tx.SelectContext(ctx, &ids, `
		select v.version_id from unnest($1::text[]) as c (code)
		cross join lateral (select version_id from application a where a.service = c.code and a.state <> 'draft' order by a.id desc limit 1) v
		order by c.code`, pq.Array(codes))
	return ids, err
}

type useRow struct {
	ID    int64 `db:"version_id"`
	Under int   `db:"under"`
	All   int   `db:"total"`
}

func selectUses(ctx context.Context, tx *store.Tx, units []int64, all bool, code string) ([]useRow, error) {
	var rows []useRow
	err := tx.SelectContext(ctx, &rows, `
		select version_id, count(*) filter (where ended_at is null) under, count(*) total from application
		where service = $3 and state <> 'draft' and ($1 or department_id = any($2)) group by version_id order by version_id desc`, all, pq.Array(units), code)
	return rows, err
}
