package approval

import (
	"context"

	"github.com/xuegong/xuegong/internal/store"
)

// tasksOf are the public ids of every task there was of a subject.
func tasksOf(ctx context.Context, tx *store.Tx, s Subject) ([]string, error) {
	var ids []string
	err := tx.SelectContext(ctx, &ids, `
		select t.public_id from review_task t join review r on r.id = t.review_id where r.kind = $1 and r.subject = $2 order by t.id`, s.Kind, s.ID)
	return ids, err
}
