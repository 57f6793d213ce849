package identity

import (
	"context"
	"fmt"

	"github.com/xuegong/xuegong/internal/store"
)

// LeftWeCom tells whether the person had an account and has none any more; one who
// never entered has not left.
func LeftWeCom(ctx context.Context, tx *store.Tx, person ID) (bool, error) {
	closed, err := accountClosed(ctx, tx, person)
	if err != nil {
		return false, fmt.Errorf("load accounts: %w", err)
	}
	return closed, nil
}
