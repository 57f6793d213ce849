package approval

import (
	"context"
	"fmt"

	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// Forget erases what the reviews of a subject knew of it, their cards' words too.
// Who decided what, when and why stays. The caller holds the subject's lock and knows that
// no review of it is under way.
func Forget(ctx context.Context, tx *store.Tx, s Subject) error {
	reviews, err := reviewsOf(ctx, tx, s.Kind, []string{s.ID})
	if err != nil {
		return fmt.Errorf("find reviews: %w", err)
	}
	for _, r := range reviews {
		nothing, err := sealFacts(tx, r.PublicID, nil)
		if err != nil {
			return err
		}
		if err := setFacts(ctx, tx, r.ID, nothing); err != nil {
			return fmt.Errorf("forget facts: %w", err)
		}
	}
	tasks, err := tasksOf(ctx, tx, s)
	if err != nil {
		return fmt.Errorf("find tasks: %w", err)
	}
	cards := make([]string, len(tasks))
	for i, t := range tasks {
		cards[i] = TaskSubject(t)
	}
	return outbox.Forget(ctx, tx, cards)
}
