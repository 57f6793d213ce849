package calendar_test

import (
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
)

func TestNear(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 10, 12, 9, 0, 0, 0, zone)
	tests := []struct {
		name string
		at   time.Time
		want string
	}{
		{"this_afternoon", now.Add(6 * time.Hour), "今天 15:00"},
		{"tonight", now.Add(11 * time.Hour), "今晚 20:00"},
		{"tomorrow", now.Add(25 * time.Hour), "明天 10:00"},
		{"tomorrow_evening", now.Add(34 * time.Hour), "明晚 19:00"},
		{"further_away", now.Add(54 * time.Hour), "10月14日（周三）15:00"},
		{"yesterday", now.Add(-24 * time.Hour), "10月11日（周日）09:00"},
		{"another_zone_is_shown_in_ours", now.Add(6 * time.Hour).UTC(), "今天 15:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := calendar.Near(tt.at, now, zone); got != tt.want {
				t.Errorf("Near = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBrief_leaves_out_the_weekday_and_says_another_year(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 10, 12, 9, 0, 0, 0, zone)
	for want, at := range map[string]time.Time{
		"今天 15:00": now.Add(6 * time.Hour), "10月14日 15:00": now.Add(54 * time.Hour), "2027年1月12日 09:00": now.AddDate(0, 3, 0),
	} {
		if got := calendar.Brief(at, now, zone); got != want {
			t.Errorf("Brief = %q, want %q", got, want)
		}
	}
	if got := calendar.Day(now, time.UTC); got != "2026年10月12日" {
		t.Errorf("Day = %q", got)
	}
}
