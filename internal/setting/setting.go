package setting

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/xuegong/xuegong/internal/store"
)

// Load returns the value of key laid over the defaults given.
func Load[T any](ctx context.Context, tx *store.Tx, key string, defaults T) (T, error) {
	b, err := selectValue(ctx, tx, key)
	if store.Missing(err) {
		return defaults, nil
	}
	if err != nil {
		return defaults, fmt.Errorf("load setting %s: %w", key, err)
	}
	v := defaults
	if err := json.Unmarshal(b, &v); err != nil {
		return defaults, fmt.Errorf("read setting %s: %w", key, err)
	}
	return v, nil
}

// Save stores the whole value of key. Permission and audit are the caller's.
func Save[T any](ctx context.Context, tx *store.Tx, key string, v T, by int64) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write setting %s: %w", key, err)
	}
	if err := upsertValue(ctx, tx, key, string(b), by); err != nil {
		return fmt.Errorf("save setting %s: %w", key, err)
	}
	return nil
}
