package counselling

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Due is what is to be done at a centre now, for the first page of its desk (T17). Who
// runs the centre has all of it; a counsellor what is theirs.
type Due struct {
	Cases      []Case    // nobody closed yet
	Pending    []Booking // to be decided, the earliest deadline first
	Unrecorded []Booking // their hour is over and nobody wrote down who came
	Today      []Booking // who comes or came today, by time
	Gaps       []Gap     // when nobody is on duty in the coming week
	Unsettled  int       // bookings whose hour was closed
	Appeals    int       // strikes a student explained
}

// LoadDue returns what is to be done at the centre. Only the centre may read it; the
// reading is audited.
func LoadDue(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) (d Due, err error) {
	if !atCentre(who, centre) {
		return Due{}, ErrConfidential
	}
	if d.Cases, err = Cases(ctx, tx, who, centre); err != nil {
		return Due{}, err
	}
	d.Cases = slices.DeleteFunc(d.Cases, func(c Case) bool { return c.State == CaseClosed })
	if d.Gaps, err = comingGaps(ctx, tx, centre); err != nil {
		return Due{}, err
	}
	if err := d.loadBookings(ctx, tx, who, centre); err != nil {
		return Due{}, err
	}
	appeals, err := Appeals(ctx, tx, who, centre)
	if err != nil {
		return Due{}, err
	}
	if d.Appeals = len(appeals); !runsCentre(who, centre) {
		d.Appeals = 0
	}
	return d, audit.Append(ctx, tx, int64(who.ID), "booking.list", fmt.Sprintf("unit/%d", centre), map[string]any{"due": true})
}

func (d *Due) loadBookings(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) error {
	day := calendar.Midnight(tx.Now(), tx.Zone())
	unsettled, err := unsettled(ctx, tx, centre)
	if err != nil {
		return fmt.Errorf("unsettled bookings: %w", err)
	}
	if d.Pending, err = pendingAt(ctx, tx, centre); err != nil {
		return fmt.Errorf("pending bookings: %w", err)
	}
	if d.Unrecorded, err = unrecordedAt(ctx, tx, centre); err != nil {
		return fmt.Errorf("bookings nobody recorded: %w", err)
	}
	if d.Today, err = bookingsBetween(ctx, tx, centre, day, day.AddDate(0, 0, 1), maxDayBookings); err != nil {
		return fmt.Errorf("bookings of today: %w", err)
	}
	d.Today = slices.DeleteFunc(d.Today, func(b Booking) bool { return !b.State.Open() && b.State != Arrived && b.State != Missed })
	if !runsCentre(who, centre) {
		for _, list := range []*[]Booking{&unsettled, &d.Pending, &d.Unrecorded, &d.Today} {
			*list = slices.DeleteFunc(*list, func(b Booking) bool { return b.Slot.person != who.ID })
		}
	}
	d.Unsettled = len(unsettled)
	return nil
}

// RecordedBy is when an hour that nobody recorded counts as attended.
func (b Booking) RecordedBy() time.Time { return b.Slot.EndsAt.Add(recordWithin) }
