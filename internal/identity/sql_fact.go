package identity

import (
	"context"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

func selectFacts(ctx context.Context, tx *store.Tx, person ID) ([]Fact, error) {
	var facts []Fact
	err := tx.SelectContext(ctx, &facts, `
		select kind, value, year, source, recorded_at from fact where person_id = $1 order by kind, year desc, value`, int64(person))
	return facts, err
}

func selectValues(ctx context.Context, tx *store.Tx, kind FactKind, persons []ID) (map[ID]string, error) {
	ids := make([]int64, len(persons))
	for i, id := range persons {
		ids[i] = int64(id)
	}
	var rows []struct {
		Person ID     `db:"person_id"`
		Value  string `db:"value"`
	}
	err := tx.SelectContext(ctx, &rows, `
		select distinct on (person_id) person_id, value from fact where person_id = any($1) and kind = $2
		order by person_id, year desc, value`, pq.Array(ids), kind)
	values := make(map[ID]string, len(rows))
	for _, r := range rows {
		values[r.Person] = r.Value
	}
	return values, err
}

// recordedRow says whether anybody has a fact of a kind.
type recordedRow struct {
	Kind   FactKind `db:"kind"`
	Ever   bool     `db:"ever"`
	InYear bool     `db:"in_year"`
}

func selectRecorded(ctx context.Context, tx *store.Tx, year int) ([]recordedRow, error) {
	var rows []recordedRow
	kinds := make([]string, len(FactKinds()))
	for i, k := range FactKinds() {
		kinds[i] = string(k)
	}
	err := tx.SelectContext(ctx, &rows, `
		select k.kind, exists (select 1 from fact f where f.kind = k.kind) ever,
			exists (select 1 from fact f where f.kind = k.kind and f.year = $2) in_year
		from unnest($1::text[]) k(kind)`, pq.Array(kinds), year)
	return rows, err
}
