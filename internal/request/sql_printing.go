package request

import (
	"context"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func insertPrinting(ctx context.Context, tx *store.Tx, publicID string, who identity.ID, ids []string) error {
	_, err := tx.ExecContext(ctx, `
		with b as (insert into print_batch (public_id, person_id, created_at) values ($1, $2, $3) returning id)
		insert into print_batch_item (batch_id, position, application) select b.id, i.n, i.application from b, unnest($4::text[]) with ordinality as i (application, n)`,
		publicID, who, tx.Now(), pq.Array(ids))
	return err
}

type printingRow struct {
	ID     int64       `db:"id"`
	Person identity.ID `db:"person_id"`
	Done   int         `db:"done"`
	Total  int         `db:"total"`
	Pages  int         `db:"pages"`
}

func selectPrinting(ctx context.Context, tx *store.Tx, publicID string) (printingRow, error) {
	var p printingRow
	err := tx.GetContext(ctx, &p, `
		select b.id, b.person_id, count(i.done_at) done, count(*) total,
			count(c.application_id) filter (where i.done_at is not null and i.failure = '' and c.revoked_at is null) pages
		from print_batch b join print_batch_item i on i.batch_id = b.id
		left join application a on a.public_id = i.application left join certificate c on c.application_id = a.id
		where b.public_id = $1 group by b.id`, publicID)
	return p, err
}

type printItem struct {
	Batch       int64  `db:"batch_id"`
	Position    int    `db:"position"`
	Application string `db:"application"`
}

func nextPrints(ctx context.Context, tx *store.Tx, publicID string, limit int) ([]printItem, error) {
	var items []printItem
	err := tx.SelectContext(ctx, &items, `
		select i.batch_id, i.position, i.application from print_batch b join print_batch_item i on i.batch_id = b.id
		where b.public_id = $1 and i.done_at is null order by i.position limit $2`, publicID, limit)
	return items, err
}

func endPrint(ctx context.Context, tx *store.Tx, i printItem, failure string) error {
	_, err := tx.ExecContext(ctx, `
		update print_batch_item set done_at = $3, failure = $4 where batch_id = $1 and position = $2`, i.Batch, i.Position, tx.Now(), failure)
	return err
}

func failedPrints(ctx context.Context, tx *store.Tx, batch int64) ([]PrintFailure, error) {
	var list []PrintFailure
	err := tx.SelectContext(ctx, &list, `
		select application, failure from print_batch_item where batch_id = $1 and failure <> '' order by position`, batch)
	return list, err
}

// printedSheets are the certificates a batch printed that count still, of the units.
func printedSheets(ctx context.Context, tx *store.Tx, batch int64, units []int64, all bool) ([]Sheet, error) {
	var rows []certificateRow
	if err := tx.SelectContext(ctx, &rows, `
		select c.application_id, c.content from print_batch_item i join application a on a.public_id = i.application join certificate c on c.application_id = a.id
		where i.batch_id = $1 and i.done_at is not null and i.failure = '' and c.revoked_at is null and ($2 or a.department_id = any($3)) order by i.position`,
		batch, all, pq.Array(units)); err != nil {
		return nil, err
	}
	sheets := make([]Sheet, len(rows))
	for i, r := range rows {
		if err := unsealJSON(tx, certificatePlace(r.Application), r.Content, &sheets[i]); err != nil {
			return nil, err
		}
		sheets[i].IssuedAt = sheets[i].IssuedAt.In(tx.Zone())
	}
	return sheets, nil
}
