package service

import (
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/rule"
)

// Moment is a day in the zone of the school: 2026-09-01, or 09-01 which comes every year.
type Moment string

// Valid tells whether the moment is a day of the calendar.
func (m Moment) Valid() bool {
	if m.yearly() {
		return rule.Date("2024-" + m).Valid() // a leap year
	}
	return rule.Date(m).Valid()
}

// yearly tells whether the day comes every year.
func (m Moment) yearly() bool { return len(m) == len("09-01") }

// Text says the moment as people do: 每年9月1日, 2026年9月1日.
func (m Moment) Text() string {
	if m.yearly() {
		return "每年" + calendar.DayAt(m.in(2024, time.UTC), m.in(2024, time.UTC), time.UTC)
	}
	return calendar.Day(m.in(0, time.UTC), time.UTC)
}

// in returns the begin of the day, of the given year if it comes every year.
func (m Moment) in(year int, zone *time.Location) time.Time {
	text := string(m)
	if m.yearly() {
		text = fmt.Sprintf("%04d-%s", year, m)
	}
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil { // 02-29 of a year without
		t = time.Date(year, 3, 1, 0, 0, 0, 0, zone)
	}
	return t
}

// Window is when applications are taken (D-67): from the begin of the day it opens to the
// end of the day it closes. Without either it is open always.
type Window struct {
	Opens  Moment `yaml:"opens" json:"opens,omitempty"`
	Closes Moment `yaml:"closes" json:"closes,omitempty"` // this day is the last
}

// Always tells whether there is no window.
func (w Window) Always() bool { return w.Opens == "" && w.Closes == "" }

// around returns the window that at is in, or else the next one, or else the last one:
// from opens (included) to closes (not included). The zero time is without bound.
func (w Window) around(at time.Time, zone *time.Location) (opens, closes time.Time) {
	year := at.In(zone).Year()
	for y := year - 1; y <= year+1; y++ {
		opens, closes = w.of(y, zone)
		if closes.IsZero() || at.Before(closes) {
			break
		}
	}
	return opens, closes
}

// of is the window that opens in the year, if it comes every year.
func (w Window) of(year int, zone *time.Location) (opens, closes time.Time) {
	if w.Opens != "" {
		opens = w.Opens.in(year, zone)
	}
	if w.Closes != "" {
		if closes = w.Closes.in(year, zone).AddDate(0, 0, 1); w.Closes.yearly() && closes.Before(opens) {
			closes = w.Closes.in(year+1, zone).AddDate(0, 0, 1)
		}
	}
	return opens, closes
}

// Open tells whether applications are taken at the time.
func (w Window) Open(at time.Time, zone *time.Location) bool {
	opens, closes := w.around(at, zone)
	return !at.Before(opens) && (closes.IsZero() || at.Before(closes))
}

// Text says the window as the button and the refusal do: 9月1日至9月30日开放申请. Of a day in
// another year than at it says the year too.
func (w Window) Text(at time.Time, zone *time.Location) string {
	opens, closes := w.around(at, zone)
	first, last := calendar.DayAt(opens, at, zone), calendar.DayAt(closes.AddDate(0, 0, -1), at, zone)
	switch {
	case w.Always():
		return "全年可以申请"
	case w.Closes == "":
		return first + "起开放申请"
	case !at.Before(closes):
		return "已于" + last + "截止"
	case w.Opens == "":
		return last + "截止"
	default:
		return first + "至" + last + "开放申请"
	}
}
