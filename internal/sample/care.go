package sample

import (
	"context"
	_ "embed"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// questions are asked before a booking once the centre switches them on.
//
//go:embed questions.txt
var questions string

// The roster is filled a year ahead, since a demo's clock is moved by weeks: each turn is
// put down for as many weeks as the roster takes at once.
const (
	rosterWeeks = 52
	atOnce      = 20
)

// fillRoster has the centre's counsellors on duty in turn, day and night, each on their
// days of the week; who is second follows the day after. What was changed since stays.
func fillRoster(ctx context.Context, tx *store.Tx) error {
	units, err := identity.Units(ctx, tx, identity.Centre)
	if err != nil || len(units) == 0 {
		return err
	}
	heads, err := identity.Holders(ctx, tx, units[0].ID, identity.CentreHead)
	if err != nil || len(heads) == 0 {
		return err
	}
	staff, err := identity.Holders(ctx, tx, units[0].ID, identity.CentreCounsellor)
	if err != nil || len(staff) == 0 {
		return err
	}
	today := calendar.Midnight(tx.Now(), tx.Zone())
	end := today.AddDate(0, 0, 7*rosterWeeks)
	list, err := counselling.Roster(ctx, tx, heads[0], units[0].ID, today, end)
	if err != nil {
		return err
	}
	from := today
	for _, d := range list {
		if d.EndsAt.After(from) {
			from = calendar.Midnight(d.EndsAt, tx.Zone())
		}
	}
	for ; from.Before(end); from = from.AddDate(0, 0, 7*atOnce) {
		if err := fillWeek(ctx, tx, heads[0], units[0].ID, staff, from); err != nil {
			return err
		}
	}
	return nil
}

// fillWeek puts the turns of seven days on the roster, from the first, for as many weeks as it takes at once.
func fillWeek(ctx context.Context, tx *store.Tx, head identity.Person, centre int64, staff []identity.Person, first time.Time) error {
	for i := range 7 {
		day := first.AddDate(0, 0, i)
		turn := int(day.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, day.Location())).Hours() / 24)
		for second := range 2 {
			if _, err := counselling.AddDuty(ctx, tx, head, centre, counselling.DutyEdit{
				Person: staff[(turn+second)%len(staff)].ID, StartsAt: day, EndsAt: day.AddDate(0, 0, 1), Position: 1 + second, Weeks: atOnce,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}
