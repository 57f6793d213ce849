package counselling

import (
	"context"
	"fmt"
	"strings"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// Move takes an open booking to another free hour (D-44, T24): of the same counsellor or
// another, for the student up to the cut-off, for the centre up to its start and with a
// reason the student reads. The new seat is taken and the old one freed in one statement,
// so that whoever loses the new one keeps the old.
//
// A move by the student waits to be confirmed again, unless the school's setting lets an
// hour of the same counsellor stand; a move by the centre is its decision. Moving to
// where the booking is already changes nothing.
func Move(ctx context.Context, tx *store.Tx, who identity.Person, bookingID, slotID, reason string) (Booking, error) {
	b, err := lockBooking(ctx, tx, bookingID)
	if store.Missing(err) || err == nil && !b.of(who) && !atCentre(who, b.Slot.centre) {
		return Booking{}, ErrConfidential
	}
	if err != nil {
		return Booking{}, fmt.Errorf("lock booking: %w", err)
	}
	if b.Slot.PublicID == slotID {
		return b, nil
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return b, err
	}
	to, err := slotByPublicID(ctx, tx, slotID, set.firstBookable(tx.ReceivedAt()))
	if store.Missing(err) || err == nil && to.centre != b.Slot.centre {
		return b, errs.New(errs.NotFound, "这个时间已经撤下了，请重新选一个。")
	}
	if err != nil {
		return b, fmt.Errorf("load hour: %w", err)
	}
	if reason, err = mayMove(tx, who, b, to, set, reason); err != nil {
		return b, err
	}
	wait, err := lockMyWait(ctx, tx, b.Student.ID)
	if err != nil {
		return b, err
	}
	moved, err := b.moveTo(ctx, tx, who, to, set, reason)
	if err != nil {
		return b, err
	}
	if wait != nil && wait.Want.Earlier && !to.StartsAt.Before(b.Slot.StartsAt) {
		wait = nil // a later hour is not what the student waits for
	}
	if err := answered(ctx, tx, wait, to); err != nil {
		return b, err
	}
	if err := freed(ctx, tx, b.Slot.centre); err != nil {
		return b, err
	}
	return moved, announceMoved(ctx, tx, who, b, moved, reason, set)
}

// mayMove checks what can be said before a seat is tried, and returns the reason as it
// is kept.
func mayMove(tx *store.Tx, who identity.Person, b Booking, to Slot, set Settings, reason string) (string, error) {
	now, zone := tx.ReceivedAt(), tx.Zone()
	switch {
	case !b.State.Open():
		return "", errs.New(errs.Conflict, fmt.Sprintf("这条预约%s，不能再改时间。", b.State.Label()))
	case b.State == Pending && !now.Before(b.HeldUntil):
		return "", errs.New(errs.Conflict, "这条预约已过确认时限，名额已放出。")
	case b.of(who):
		if cut := set.CutOff(b.Slot.StartsAt); b.State == Confirmed && !now.Before(cut) {
			return "", errs.Wrap(ErrTooLateToMove, errs.Conflict, fmt.Sprintf("开始前 %s（%s）起不能在线改时间。来不了请直接电话告诉中心。",
				minutes(set.CancelMinutes), calendar.When(cut, zone)))
		}
		return "", refuseHour(to, set, now, zone)
	case !now.Before(b.Slot.StartsAt):
		return "", errs.New(errs.Conflict, "这次已经开始，不能再改时间。")
	case !now.Before(to.StartsAt):
		return "", errs.New(errs.Conflict, "这个时间已经开始，请选晚一点的。")
	}
	return checkReason(reason)
}

// checkReason trims what the centre writes for the student.
func checkReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len([]rune(reason)) > 60 || !Neutral(reason) {
		return "", errs.Field("reason", "请写一句 60 字以内的理由，学生会收到；不要写“心理”“咨询”。")
	}
	return reason, nil
}

// moveTo takes the new seat; the unique indexes decide between those who press at once.
func (b Booking) moveTo(ctx context.Context, tx *store.Tx, who identity.Person, to Slot, set Settings, reason string) (Booking, error) {
	if !to.Open {
		return b, taken(ctx, tx, to, set)
	}
	byCentre := !b.of(who)
	m := moveTo{
		Slot: to.id, State: b.stateAfter(to, set, byCentre), HeldUntil: set.heldUntil(tx.Now(), to.StartsAt),
		Term: set.Term(to.StartsAt, tx.Zone()).Name, Limit: set.TermLimit, By: who.ID, Decided: byCentre, Reason: reason,
	}
	for range to.Capacity { // a lost seat may leave the next one
		won := false
		err := tx.Try(ctx, func() (err error) {
			won, err = moveBooking(ctx, tx, b.id, m)
			return err
		})
		if store.Constraint(err) != "" {
			continue
		}
		if err != nil {
			return b, fmt.Errorf("move booking: %w", err)
		}
		if won {
			return b.moved(ctx, tx, who, to, m)
		}
		break
	}
	return b, b.lost(ctx, tx, to, set)
}

// stateAfter is what a move leaves of a confirmation.
func (b Booking) stateAfter(to Slot, set Settings, byCentre bool) State {
	switch {
	case byCentre:
		return Confirmed
	case b.State == Confirmed && !set.MoveConfirms && to.counsellor == b.Slot.counsellor:
		return Confirmed
	default:
		return Pending
	}
}

// moved keeps what follows from the move: its trace and the end of its hold.
func (b Booking) moved(ctx context.Context, tx *store.Tx, who identity.Person, to Slot, m moveTo) (Booking, error) {
	if m.State == Confirmed {
		if err := job.Cancel(ctx, tx, ExpireJob, b.PublicID); err != nil {
			return b, err
		}
	} else if err := job.Put(ctx, tx, ExpireJob, b.PublicID, scope(to.centre), m.HeldUntil, expireArgs{Booking: b.PublicID}); err != nil {
		return b, err
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "booking.move", Subject(b.PublicID),
		map[string]any{"from": b.Slot.PublicID, "to": to.PublicID}); err != nil {
		return b, err
	}
	list, err := selectBookings(ctx, tx, `where b.id = $1`, b.id)
	if err != nil {
		return b, fmt.Errorf("load booking: %w", err)
	}
	return list[0], nil
}

// lost says why the new hour was not to be had: it is full, or it lies in a term whose
// hours are used up.
func (b Booking) lost(ctx context.Context, tx *store.Tx, to Slot, set Settings) error {
	if term := set.Term(to.StartsAt, tx.Zone()).Name; term != b.term {
		st, err := standingOf(ctx, tx, b.Student.ID, term)
		if err != nil {
			return fmt.Errorf("load standing: %w", err)
		}
		if err := st.refuseTerm(to, set, tx.Zone()); err != nil {
			return err
		}
	}
	return taken(ctx, tx, to, set)
}

// Unmoved locks a booking and tells whether it is still where a card showed it, moves
// being how often it had been moved then: who presses an old card must not confirm an
// hour they did not read.
func Unmoved(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, moves int) error {
	b, err := lockFor(ctx, tx, who, publicID)
	if err != nil || b.Moves == moves {
		return err
	}
	return errs.New(errs.Conflict, fmt.Sprintf("这条预约已改到 %s（%s老师），请看新的卡片。", calendar.When(b.Slot.StartsAt, tx.Zone()), b.Slot.Name))
}
