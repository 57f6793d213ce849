package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// announce sends the task's card to whoever can decide it (recipients), with one send for
// all, so that it is settled for all.
func announce(ctx context.Context, tx *store.Tx, r reviewRow, t taskRow, s Stage, to []identity.ID) error {
	c, kinds, err := askingCard(tx, r, t, s)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: to, Kind: kinds.Review, Class: outbox.Reply, Card: true, Decision: true, Scope: r.Scope, Subject: TaskSubject(t.PublicID), Args: c,
	})
}

// remindAll tells whoever can decide the task (recipients) that it waits.
func remindAll(ctx context.Context, tx *store.Tx, r reviewRow, t taskRow, s Stage, to []identity.ID) error {
	c, kinds, err := askingCard(tx, r, t, s)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: to, Kind: kinds.Reminder, Class: outbox.Bulk, Scope: r.Scope,
		Subject: TaskSubject(t.PublicID), Args: c,
	})
}

// askingCard is the task as those see it who are asked to decide.
func askingCard(tx *store.Tx, r reviewRow, t taskRow, s Stage) (Card, Cards, error) {
	c, kinds, err := cardOf(tx, r, t)
	c.Stage, c.MayReturn, c.MayReject, c.Opinion, c.Reasons = s.Title, s.MayReturn, s.MayReject, s.Opinion, s.Reasons
	return c, kinds, err
}

// recipients are the holders and who decides for one of them now; the applicant is left
// out, and who may not decide this stage since they approved an earlier one.
func recipients(ctx context.Context, tx *store.Tx, r reviewRow, t taskRow, s Stage, ids []identity.ID) ([]identity.ID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	barred, err := barredFrom(ctx, tx, t, s)
	if err != nil {
		return nil, err
	}
	deputies, err := deputiesOf(ctx, tx, ids, tx.Now())
	if err != nil {
		return nil, fmt.Errorf("load deputies: %w", err)
	}
	seen := map[identity.ID]bool{r.Applicant: true}
	var all []identity.ID
	for _, id := range without(append(slices.Clone(ids), deputies...), barred) {
		if !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	return all, nil
}

// settle turns the task's cards into the result and stops its clock.
func settle(ctx context.Context, tx *store.Tx, r reviewRow, t taskRow, result Card) error {
	c, kinds, err := cardOf(tx, r, t)
	if err != nil {
		return err
	}
	c.Stage, c.Action, c.By, c.For, c.Reason, c.At = result.Stage, result.Action, result.By, result.For, result.Reason, tx.Now()
	if t.DueAt.Valid {
		for _, kind := range []string{RemindJob, EscalateJob} {
			if err := job.Cancel(ctx, tx, kind, t.PublicID); err != nil {
				return err
			}
		}
		if err := outbox.Cancel(ctx, tx, TaskSubject(t.PublicID), kinds.Reminder); err != nil {
			return err
		}
	}
	return outbox.Settle(ctx, tx, TaskSubject(t.PublicID), kinds.Settled, c)
}

func cardOf(tx *store.Tx, r reviewRow, t taskRow) (Card, Cards, error) {
	var kinds Cards
	if err := json.Unmarshal(r.Cards, &kinds); err != nil {
		return Card{}, kinds, fmt.Errorf("read card kinds: %w", err)
	}
	facts, err := tx.Keys().Unseal(factsPlace(r.PublicID), r.Facts)
	if err != nil {
		return Card{}, kinds, err
	}
	return Card{Task: t.PublicID, Subject: r.Subject, Due: t.DueAt.Time, Late: t.late(tx.Now()), Facts: facts}, kinds, nil
}
