package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// unmoved refuses the press of a card whose booking went to another hour since. The
// card says how often it had been moved; one of an earlier release does not.
func (t talk) unmoved(id, moves string) error {
	if moves == "" {
		return nil
	}
	n, err := strconv.Atoi(moves)
	if err != nil {
		return fmt.Errorf("moves on a card: %w", err)
	}
	return counselling.Unmoved(t.ctx, t.tx, t.who, id, n)
}

func (b *Bot) renderMovedCard(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.Facts) (json.RawMessage, error) {
	if !o.Update {
		return b.text(o, b.Cards.MovedText(f)), nil
	}
	return b.update(o, b.Cards.Moved(f)), nil
}

func (b *Bot) movedText(o outbox.Outgoing, f counselling.Facts) string {
	if len(o.To) > 0 && !o.To[0].IsStudent() {
		return b.Cards.MovedText(f)
	}
	return b.Cards.MovedForStudent(f)
}
