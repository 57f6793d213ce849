package setting

import (
	"context"

	"github.com/xuegong/xuegong/internal/store"
)

func selectValue(ctx context.Context, tx *store.Tx, key string) ([]byte, error) {
	var b []byte
	err := tx.GetContext(ctx, &b, `select convert_to(value::text, 'UTF8') from setting where key = $1`, key)
	return b, err
}

func upsertValue(ctx context.Context, tx *store.Tx, key, value string, by int64) error {
	_, err := tx.ExecContext(ctx, `
		insert into setting (key, value, changed_by, changed_at) values ($1, $2, nullif($3::bigint, 0), $4)
		on conflict (key) do update set value = excluded.value, version = setting.version + 1,
			changed_by = excluded.changed_by, changed_at = excluded.changed_at`, key, value, by, tx.Now())
	return err
}
