package identity

import (
	"context"

	"github.com/xuegong/xuegong/internal/store"
)

func accountClosed(ctx context.Context, tx *store.Tx, person ID) (bool, error) {
	var closed bool
	err := tx.GetContext(ctx, &closed, `
		select exists (select 1 from account where person_id = $1)
			and not exists (select 1 from account where person_id = $1 and valid_to is null)`, person)
	return closed, err
}
