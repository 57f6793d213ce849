package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// RenderEntry makes what stands in the calendars; it is the calendar worker's Render.
func (b *Bot) RenderEntry(ctx context.Context, tx *store.Tx, o outbox.Outgoing) (wecom.Schedule, error) {
	r, ok := b.entries()[o.Kind]
	if !ok {
		return wecom.Schedule{}, fmt.Errorf("no entry renderer for %q", o.Kind)
	}
	return r(ctx, tx, o)
}

func (b *Bot) entries() map[string]outbox.RenderEntry {
	return map[string]outbox.RenderEntry{
		counselling.KindEntry: entryOf(b.renderBookingEntry),
	}
}

// entryOf reads a kind's arguments before its renderer runs.
func entryOf[T any](fn func(tx *store.Tx, args T) (wecom.Schedule, error)) outbox.RenderEntry {
	return func(_ context.Context, tx *store.Tx, o outbox.Outgoing) (wecom.Schedule, error) {
		var args T
		if err := json.Unmarshal(o.Args, &args); err != nil {
			return wecom.Schedule{}, fmt.Errorf("args of %s: %w", o.Kind, err)
		}
		return fn(tx, args)
	}
}

// entryAhead is when the phone itself reminds, beside our own messages.
const entryAhead = 15 * time.Minute

// renderBookingEntry is read by whoever looks over a shoulder at a calendar: it names
// the hour, the place and the centre's neutral name, and nothing else.
func (b *Bot) renderBookingEntry(tx *store.Tx, f counselling.Facts) (wecom.Schedule, error) {
	if !f.EndsAt.After(tx.Now()) {
		return wecom.Schedule{}, outbox.ErrObsolete
	}
	return wecom.Schedule{
		Start: f.StartsAt, End: f.EndsAt, Summary: "您预约的事项（" + f.Name + "）", Location: card.Where(f.Campus, f.Place),
		Description: "来不了请尽早在学工里取消，把时间留给别的同学。", RemindAhead: []time.Duration{entryAhead},
	}, nil
}
