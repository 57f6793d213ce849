package counselling

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// unwrittenDays is how far back hours without a note are listed.
const unwrittenDays = 14

// MyDay is what a counsellor has before them today (T17).
type MyDay struct {
	Today     []Booking // who comes or came, by time
	Pending   []Booking // to be decided, the earliest deadline first
	Unsettled []Booking // in hours that were closed
	Unwritten []Booking // who came in the last fourteen days and has no note yet
	Offers    []Offer   // places of theirs that wait for a student's answer
	Duty      []Duty    // their turns that touch today
}

// LoadMyDay returns the counsellor's own day; other bookings of the centre are not in
// it. Whoever is no counsellor of a centre gets ErrConfidential. The reading is audited.
func LoadMyDay(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) (MyDay, error) {
	if !who.HasIn(centre, identity.CentreCounsellor) {
		return MyDay{}, ErrConfidential
	}
	d, err := dayOf(ctx, tx, centre, who.ID)
	if err != nil {
		return MyDay{}, err
	}
	return d, audit.Append(ctx, tx, int64(who.ID), "booking.list", fmt.Sprintf("unit/%d", centre),
		map[string]any{"mine": tx.Now().In(tx.Zone()).Format(time.DateOnly)})
}

// unwrittenSince are the hours of a counsellor of the last fourteen days without a note.
func unwrittenSince(ctx context.Context, tx *store.Tx, centre int64, who identity.ID) ([]Booking, error) {
	list, err := unwrittenOf(ctx, tx, centre, who, calendar.Midnight(tx.Now(), tx.Zone()).AddDate(0, 0, -unwrittenDays))
	if err != nil {
		return nil, fmt.Errorf("hours without a note: %w", err)
	}
	return list, nil
}

// dayOf is the day of a person; of person 0 it is that of everybody at the centre.
func dayOf(ctx context.Context, tx *store.Tx, centre int64, who identity.ID) (d MyDay, err error) {
	from := calendar.Midnight(tx.Now(), tx.Zone())
	to := from.AddDate(0, 0, 1)
	if d.Today, err = bookingsToday(ctx, tx, centre, who, from, to); err != nil {
		return d, fmt.Errorf("bookings of today: %w", err)
	}
	if d.Pending, err = pendingOf(ctx, tx, centre, who); err != nil {
		return d, fmt.Errorf("pending bookings: %w", err)
	}
	if d.Unsettled, err = unsettledOf(ctx, tx, centre, who); err != nil {
		return d, fmt.Errorf("unsettled bookings: %w", err)
	}
	if d.Unwritten, err = unwrittenSince(ctx, tx, centre, who); err != nil {
		return d, err
	}
	if d.Offers, err = offersOf(ctx, tx, centre, who); err != nil {
		return d, fmt.Errorf("open offers: %w", err)
	}
	turns, err := dutiesBetween(ctx, tx, centre, tx.Now(), to)
	for _, t := range turns {
		if t.person == who {
			d.Duty = append(d.Duty, t)
		}
	}
	return d, err
}
