package outbox

import (
	"context"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

type endedSend struct {
	ID       int64  `db:"id"`
	PublicID string `db:"public_id"`
}

// lockEnded reads every message there is: no index of subjects is kept for the little it
// is asked for.
func lockEnded(ctx context.Context, tx *store.Tx, subjects []string) ([]endedSend, error) {
	var sends []endedSend
	err := tx.SelectContext(ctx, &sends, `
		select id, public_id from send where subject = any($1) and state <> 'waiting' and not open order by id for no key update`, pq.Array(subjects))
	return sends, err
}

func emptySend(ctx context.Context, tx *store.Tx, id int64, args []byte) error {
	_, err := tx.ExecContext(ctx, `
		with o as (update outbox set state = 'cancelled' where send_id = $1 and state in ('dead', 'refused'))
		update send set args = $2, body = null, state = case when state in ('dead', 'refused') then 'cancelled' else state end where id = $1`, id, args)
	return err
}
