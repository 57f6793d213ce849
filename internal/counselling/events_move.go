package counselling

import (
	"context"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// What a move announces.
const (
	KindMoved     = "counselling.moved"      // to the student and to the counsellors it touches
	KindMovedCard = "counselling.moved_card" // the centre's card of the hour that was left becomes its result
)

// Hour names an hour that a booking left.
type Hour struct {
	StartsAt   time.Time `json:"starts_at"`
	Counsellor string    `json:"counsellor"`
}

// announceMoved withdraws what waits for the old hour, puts it anew for the new one, and
// tells the other side once.
func announceMoved(ctx context.Context, tx *store.Tx, who identity.Person, was, b Booking, reason string, set Settings) error {
	if err := withdrawReminders(ctx, tx, b); err != nil {
		return err
	}
	f := factsOf(b, set)
	f.At, f.Reason, f.Was = tx.Now(), reason, &Hour{was.Slot.StartsAt, was.Slot.Name}
	if !b.of(who) {
		f.By = who.Name
	}
	if err := outbox.Settle(ctx, tx, Subject(b.PublicID), KindMovedCard, f); err != nil {
		return err
	}
	news := []outbox.Message{told(b, KindMoved, f, b.Student.ID, tx.Now())}
	for _, c := range toldOfMove(was, b) {
		if c != who.ID {
			news = append(news, told(b, KindMoved, f, c, set.afterQuiet(tx.Now(), tx.Zone())))
		}
	}
	if err := outbox.Put(ctx, tx, news...); err != nil {
		return err
	}
	if b.State == Confirmed {
		if err := putEntry(ctx, tx, b, set, f); err != nil {
			return err
		}
		return remind(ctx, tx, b, set, f)
	}
	if err := outbox.DropEntry(ctx, tx, Subject(b.PublicID)); err != nil {
		return err
	}
	asked, err := request(ctx, tx, b, f, set)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, asked)
}

// toldOfMove are the counsellors who counted on the old hour or may count on the new one;
// who reads it on a card is not told besides.
func toldOfMove(was, b Booking) []identity.ID {
	var ids []identity.ID
	if was.State == Confirmed {
		ids = append(ids, was.Slot.person)
	}
	if b.State == Confirmed {
		ids = append(ids, b.Slot.person)
	}
	if b.State == Pending { // the request says it
		ids = slices.DeleteFunc(ids, func(id identity.ID) bool { return id == b.Slot.person })
	}
	return slices.Compact(ids)
}
