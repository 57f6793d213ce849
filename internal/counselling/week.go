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

// maxWeekHours is how many hours of a week are shown at once: about twenty counsellors
// with six hours a day.
const maxWeekHours = 600

// Week is what the centre's desk shows of seven days.
type Week struct {
	From     time.Time // midnight
	Slots    []Slot
	Bookings []Booking // who comes or came: pending, confirmed, arrived and missed
	More     bool      // there are more hours than these: look at one counsellor
}

// WeekList returns the hours of the seven days from day on, of one counsellor or, for "",
// of all, and who comes to them. Only the centre may read it; the reading is audited.
func WeekList(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, counsellor string, day time.Time) (Week, error) {
	if !atCentre(who, centre) {
		return Week{}, ErrConfidential
	}
	w := Week{From: calendar.Midnight(day, tx.Zone())}
	var err error
	if w.Slots, err = weekSlots(ctx, tx, centre, counsellor, w.From, w.From.AddDate(0, 0, 7), maxWeekHours+1); err != nil {
		return Week{}, fmt.Errorf("hours of the week: %w", err)
	}
	if w.More = len(w.Slots) > maxWeekHours; w.More {
		w.Slots = w.Slots[:maxWeekHours]
	}
	if w.Bookings, err = comingTo(ctx, tx, w.Slots); err != nil {
		return Week{}, fmt.Errorf("bookings of the week: %w", err)
	}
	return w, audit.Append(ctx, tx, int64(who.ID), "booking.list", fmt.Sprintf("unit/%d", centre),
		map[string]any{"week": w.From.Format(time.DateOnly)})
}
