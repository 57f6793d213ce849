package calendar_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/calendar"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// october is 2026: off from Thursday 1 to Wednesday 7, made up on Saturday 10 for a Wednesday.
func october(t *testing.T) calendar.Days {
	t.Helper()
	var list []calendar.Special
	for d := day(t, "2026-10-01"); d.Day() <= 7; d = d.AddDate(0, 0, 1) {
		list = append(list, calendar.Special{Day: d, Kind: calendar.Holiday, Name: "国庆节"})
	}
	list = append(list, calendar.Special{Day: day(t, "2026-10-10"), Kind: calendar.MakeUp, Name: "国庆节调休", Follows: time.Wednesday})
	return calendar.NewDays(list...)
}

func TestWorkdays_leave_out_holidays_and_count_make_up_days(t *testing.T) {
	t.Parallel()
	days := october(t)
	for _, tt := range []struct {
		name, from, to string
		want           int
	}{
		{"an_ordinary_week", "2026-10-12", "2026-10-18", 5},
		{"both_ends_count", "2026-10-12", "2026-10-12", 1},
		{"a_weekend", "2026-10-17", "2026-10-18", 0},
		{"the_holidays", "2026-10-01", "2026-10-07", 0},
		{"the_make_up_saturday", "2026-10-10", "2026-10-11", 1},
		{"the_whole_month", "2026-10-01", "2026-10-31", 18},
		{"the_wrong_way_round", "2026-10-13", "2026-10-12", 0},
		{"over_the_end_of_a_year", "2026-12-31", "2027-01-03", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := days.Workdays(day(t, tt.from), day(t, tt.to)); got != tt.want {
				t.Errorf("Workdays(%s, %s) = %d, want %d", tt.from, tt.to, got, tt.want)
			}
		})
	}
}

func TestTimetable_of_a_make_up_day_is_that_of_the_weekday_it_follows(t *testing.T) {
	t.Parallel()
	days := october(t)
	for _, tt := range []struct {
		day  string
		want time.Weekday
		ok   bool
	}{
		{"2026-10-10", time.Wednesday, true},
		{"2026-10-17", time.Saturday, true},
		{"2026-10-07", time.Wednesday, false},
		{"2026-10-08", time.Thursday, true},
	} {
		if got, ok := days.Timetable(day(t, tt.day)); ok != tt.ok || got != tt.want {
			t.Errorf("Timetable(%s) = %s, %v; want %s, %v", tt.day, got, ok, tt.want, tt.ok)
		}
	}
}

// At 00:30 in Shanghai it is still the day before in UTC; the school's date counts.
func TestWorkday_is_judged_by_the_date_where_the_school_is(t *testing.T) {
	t.Parallel()
	shanghai := time.FixedZone("CST", 8*3600)
	days := october(t)
	if at := time.Date(2026, 10, 8, 0, 30, 0, 0, shanghai); !days.Workday(at) || days.Workday(at.UTC()) {
		t.Errorf("Workday(%s) = %v and in UTC %v; want true and false", at, days.Workday(at), days.Workday(at.UTC()))
	}
}

func TestRuns_are_feasts_and_single_make_up_days(t *testing.T) {
	t.Parallel()
	special := func(date string, kind calendar.Kind, name string) calendar.Special {
		return calendar.Special{Day: day(t, date), Kind: kind, Name: name}
	}
	runs := calendar.Runs([]calendar.Special{
		special("2026-09-30", calendar.Holiday, "国庆节"),
		special("2026-10-01", calendar.Holiday, "国庆节"),
		special("2026-10-02", calendar.Holiday, "校庆"),   // another name
		special("2026-10-04", calendar.Holiday, "校庆"),   // a day between
		special("2026-10-05", calendar.MakeUp, "国庆节调休"), // each make-up day alone
		special("2026-10-06", calendar.MakeUp, "国庆节调休"),
	})
	var got []string
	for _, r := range runs {
		got = append(got, calendar.Dates(r.First(), r.Last(), time.UTC))
	}
	want := []string{"9月30日（周三）–10月1日（周四）", "10月2日（周五）", "10月4日（周日）", "10月5日（周一）", "10月6日（周二）"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if got := calendar.Dates(day(t, "2026-10-01"), day(t, "2026-10-07"), time.UTC); got != "10月1日（周四）–7日（周三）" {
		t.Errorf("Dates = %s", got)
	}
}
