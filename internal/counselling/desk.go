package counselling

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Waiting counts the bookings of the person's centres that nobody decided yet; 0 for
// everybody else.
func Waiting(ctx context.Context, tx *store.Tx, who identity.Person) (int, error) {
	centres := Centres(who)
	if len(centres) == 0 {
		return 0, nil
	}
	n, err := countPending(ctx, tx, centres)
	if err != nil {
		return 0, fmt.Errorf("count pending bookings: %w", err)
	}
	return n, nil
}

// Hours lists the centre's hours that begin in [from, to), past and closed ones too,
// without who comes. Only the centre may read them.
func Hours(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, from, to time.Time) ([]Slot, error) {
	if !atCentre(who, centre) {
		return nil, ErrConfidential
	}
	slots, err := hoursBetween(ctx, tx, centre, from, to)
	if err != nil {
		return nil, fmt.Errorf("list hours: %w", err)
	}
	return slots, nil
}

// Runs tells whether the person may change the centre's counsellors, hours, notice and
// settings.
func Runs(who identity.Person, centre int64) bool { return runsCentre(who, centre) }
