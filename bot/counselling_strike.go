package bot

import (
	"context"
	"encoding/json"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

func (t talk) liftStrike(id string) error {
	_, err := counselling.Lift(t.ctx, t.tx, t.who, id, "")
	return err
}

// keepStrike keeps a strike for the reason selected; the verb says what is wrong
// without one, unless there is nothing left to decide.
func (t talk) keepStrike(id string) error {
	set, err := counselling.LoadSettings(t.ctx, t.tx)
	if err != nil {
		return err
	}
	_, err = counselling.Uphold(t.ctx, t.tx, t.who, id, card.ReasonOf(t.cb.Selected, set.KeepReasons))
	if errs.FieldsOf(err)["reason"] != "" {
		return errs.New(errs.Invalid, "还差一步：先在卡片上选一个维持理由，再按“维持”。")
	}
	return err
}

// strikeText makes a plain text of what the centre announces about a strike.
func (b *Bot) strikeText(text func(counselling.StrikeFacts) string) renderer {
	return of(func(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.StrikeFacts) (json.RawMessage, error) {
		return b.text(o, text(f)), nil
	})
}

func (b *Bot) renderAppealed(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.StrikeFacts) (json.RawMessage, error) {
	return b.send(o, b.Cards.Appealed(o.PublicID, f)), nil
}

func (b *Bot) renderStrikeSettled(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.StrikeFacts) (json.RawMessage, error) {
	if !o.Update {
		return b.text(o, b.Cards.StrikeSettledText(f)), nil
	}
	return b.update(o, b.Cards.StrikeSettled(f)), nil
}
