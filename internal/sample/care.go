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

// rosterDays is how far ahead the roster is filled.
const rosterDays = 28

// fillRoster has the centre's counsellors on duty in turn, day and night; who is second follows the day after. What was changed since stays.
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
	end := today.AddDate(0, 0, rosterDays)
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
	for day := from; day.Before(end); day = day.AddDate(0, 0, 1) {
		turn := int(day.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, tx.Zone())).Hours() / 24)
		for second := range 2 {
			if _, err := counselling.AddDuty(ctx, tx, heads[0], units[0].ID, counselling.DutyEdit{
				Person: staff[(turn+second)%len(staff)].ID, StartsAt: day, EndsAt: day.AddDate(0, 0, 1), Position: 1 + second, Weeks: 1,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}
