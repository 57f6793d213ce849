package sample

import (
	"context"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// fillCalendar writes the statutory holidays and make-up days of 2026, and of 2027
// those that fall on fixed dates; the school fills in the rest when it is announced.
func fillCalendar(ctx context.Context, tx *store.Tx) error {
	_, err := calendar.SaveDays(ctx, tx, identity.Operator(), specialDays()...)
	return err
}

func specialDays() []calendar.Special {
	var list []calendar.Special
	off := func(name string, year int, month time.Month, first, last int) {
		for day := first; day <= last; day++ {
			list = append(list, calendar.Special{Day: time.Date(year, month, day, 0, 0, 0, 0, time.UTC), Kind: calendar.Holiday, Name: name})
		}
	}
	makeUp := func(name string, month time.Month, day int, follows time.Weekday) {
		list = append(list, calendar.Special{
			Day: time.Date(2026, month, day, 0, 0, 0, 0, time.UTC), Kind: calendar.MakeUp, Name: name + "调休", Follows: follows,
		})
	}
	off("元旦", 2026, time.January, 1, 3)
	makeUp("元旦", time.January, 4, time.Friday)
	makeUp("春节", time.February, 14, time.Friday)
	off("春节", 2026, time.February, 15, 23)
	makeUp("春节", time.February, 28, time.Monday)
	off("清明节", 2026, time.April, 4, 6)
	off("劳动节", 2026, time.May, 1, 5)
	makeUp("劳动节", time.May, 9, time.Tuesday)
	off("端午节", 2026, time.June, 19, 21)
	makeUp("国庆节", time.September, 20, time.Tuesday)
	off("中秋节", 2026, time.September, 25, 27)
	off("国庆节", 2026, time.October, 1, 7)
	makeUp("国庆节", time.October, 10, time.Wednesday)

	off("元旦", 2027, time.January, 1, 1)
	off("劳动节", 2027, time.May, 1, 2)
	off("国庆节", 2027, time.October, 1, 3)
	return list
}
