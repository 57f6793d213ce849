package request

import (
	"context"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// lockErasable locks what a student had begun, or had ended with nothing, at the time.
func lockErasable(ctx context.Context, tx *store.Tx, student identity.ID, at time.Time) ([]string, error) {
	var ids []string
	err := tx.SelectContext(ctx, &ids, `
		select public_id from application where student_id = $1 and erased_at is null
			and (state = 'draft' and created_at <= $2 or state in ('rejected', 'withdrawn', 'overdue') and ended_at <= $2)
		order by id for no key update`, student, at)
	return ids, err
}

func emptyAnswers(ctx context.Context, tx *store.Tx, a Application, no int, s submission) error {
	answers, snapshot, err := sealSubmission(tx, a, no, s)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		update application_answers set answers = $3, snapshot = $4 where application_id = $1 and no = $2`, a.id, no, answers, snapshot)
	return err
}

// deleteAsked removes the questions and the staff's notes, and returns the public ids of
// the questions.
func deleteAsked(ctx context.Context, tx *store.Tx, application int64) ([]string, error) {
	var ids []string
	err := tx.SelectContext(ctx, &ids, `
		with notes as (delete from application_note where application_id = $1)
		delete from application_ask where application_id = $1 returning public_id`, application)
	return ids, err
}

func setErased(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `update application set erased_at = $2, draft = null where id = $1`, id, tx.Now())
	return err
}
