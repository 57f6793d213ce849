package counselling

import (
	"context"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// SaveDays puts special days into the school's calendar and has the hours follow at
// once. Whoever may edit the calendar may; which bookings stay is the centre's to read.
func SaveDays(ctx context.Context, tx *store.Tx, who identity.Person, days ...calendar.Special) (Change, error) {
	if _, err := calendar.SaveDays(ctx, tx, who, days...); err != nil {
		return Change{}, err
	}
	return PlanAll(ctx, tx)
}

// RemoveDay makes a date an ordinary day again and has the hours follow at once.
func RemoveDay(ctx context.Context, tx *store.Tx, who identity.Person, day time.Time) (Change, error) {
	if err := calendar.RemoveDay(ctx, tx, who, day); err != nil {
		return Change{}, err
	}
	return PlanAll(ctx, tx)
}
