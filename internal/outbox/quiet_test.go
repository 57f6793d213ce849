package outbox_test

import (
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/outbox"
)

func TestTheClockOfAnOfferStopsInQuietHours(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*3600)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 10, day, hour, minute, 0, 0, zone) }
	night := outbox.Quiet{From: "22:30", To: "07:00", Zone: zone}
	noon := outbox.Quiet{From: "12:00", To: "14:00", Zone: zone}
	for name, tt := range map[string]struct {
		quiet outbox.Quiet
		from  time.Time
		add   time.Duration
		want  time.Time
	}{
		"by_day":                   {night, at(12, 9, 0), 30 * time.Minute, at(12, 9, 30)},
		"into_the_night":           {night, at(12, 22, 20), 30 * time.Minute, at(13, 7, 20)},
		"to_its_very_beginning":    {night, at(12, 22, 0), 30 * time.Minute, at(12, 22, 30)},
		"from_within":              {night, at(12, 23, 0), 30 * time.Minute, at(13, 7, 30)},
		"from_within_after_twelve": {night, at(13, 3, 0), 0, at(13, 7, 0)},
		"over_two_nights":          {night, at(12, 22, 0), 17 * time.Hour, at(14, 8, 0)},
		"at_noon":                  {noon, at(12, 11, 50), 20 * time.Minute, at(12, 14, 10)},
		"never_quiet":              {outbox.Quiet{From: "07:00", To: "07:00", Zone: zone}, at(12, 23, 0), time.Hour, at(13, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.quiet.Add(tt.from, tt.add); !got.Equal(tt.want) {
				t.Errorf("Add(%v, %v) = %v, want %v", tt.from, tt.add, got, tt.want)
			}
		})
	}
}

// What a date brings waits for the morning; by day it is said at once.
func TestByDayWaitsForTheMorning(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*3600)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 10, day, hour, minute, 0, 0, zone) }
	for _, noon := range []time.Time{at(12, 7, 0), at(12, 12, 0), at(12, 21, 29)} {
		if got := outbox.ByDay(noon, zone, "a"); !got.Equal(noon) {
			t.Errorf("%v moved to %v", noon, got)
		}
	}
	for _, late := range []time.Time{at(12, 21, 30), at(13, 0, 0), at(13, 6, 59)} {
		if got := outbox.ByDay(late, zone, "a"); got.Before(at(13, 7, 0)) || got.After(at(13, 8, 0)) || got.Minute()%30 == 0 {
			t.Errorf("%v moved to %v", late, got)
		}
	}
}
