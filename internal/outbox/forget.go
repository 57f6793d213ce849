package outbox

import (
	"context"
	"fmt"

	"github.com/xuegong/xuegong/internal/store"
)

// Forget empties what was said about the subjects in messages that have ended: that
// and when they went out stays. What was not received is not sent anew.
func Forget(ctx context.Context, tx *store.Tx, subjects []string) error {
	sends, err := lockEnded(ctx, tx, subjects)
	if err != nil {
		return fmt.Errorf("find messages: %w", err)
	}
	for _, s := range sends {
		if err := emptySend(ctx, tx, s.ID, tx.Keys().Seal(argsPlace(s.PublicID), []byte("{}"))); err != nil {
			return fmt.Errorf("empty message: %w", err)
		}
	}
	return nil
}
