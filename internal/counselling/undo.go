package counselling

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// UndoFor is how long who recorded an arrival can take it back: a slip of the finger is
// seen at once, and afterwards it is history.
const UndoFor = 10 * time.Minute

// Unarrive takes back an arrival the person recorded within the last minutes (D-08, T19):
// the booking is confirmed again, and both steps stay in its history. Who came after
// being marked as missed stays arrived, since the strike is lifted with it.
func Unarrive(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Booking, error) {
	b, err := lockFor(ctx, tx, who, publicID)
	if err != nil {
		return b, err
	}
	if b.State != Arrived {
		return b, errs.New(errs.Conflict, fmt.Sprintf("这条预约现在是“%s”，没有到访登记可以撤回。", b.State.Label()))
	}
	undoable, err := undoableBy(ctx, tx, who.ID, []int64{b.id}, tx.ReceivedAt().Add(-UndoFor))
	switch {
	case err != nil:
		return b, fmt.Errorf("load history: %w", err)
	case len(undoable) == 0:
		return b, errs.New(errs.Conflict, "到访登记只能由登记的人在 10 分钟内撤回；从“未到”改来的不能撤回。")
	}
	err = tx.Try(ctx, func() error { return unarrive(ctx, tx, b.id, who.ID) })
	if store.Constraint(err) != "" {
		return b, errs.New(errs.Conflict, "这位同学已经约了新的时间，这次的到访登记不能撤回。")
	}
	if err != nil {
		return b, fmt.Errorf("take arrival back: %w", err)
	}
	b.State, b.Reason = Confirmed, ""
	return b, audit.Append(ctx, tx, int64(who.ID), "booking.unarrive", Subject(publicID), nil)
}

// Undoable returns which of the bookings' arrivals the person can still take back, and
// until when, by public id.
func Undoable(ctx context.Context, tx *store.Tx, who identity.Person, list []Booking) (map[string]time.Time, error) {
	ids, names := make([]int64, len(list)), make(map[int64]string, len(list))
	for i, b := range list {
		ids[i], names[b.id] = b.id, b.PublicID
	}
	at, err := undoableBy(ctx, tx, who.ID, ids, tx.ReceivedAt().Add(-UndoFor))
	if err != nil {
		return nil, fmt.Errorf("load history: %w", err)
	}
	until := make(map[string]time.Time, len(at))
	for id, t := range at {
		until[names[id]] = t.Add(UndoFor)
	}
	return until, nil
}
