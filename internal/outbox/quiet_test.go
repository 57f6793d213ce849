package outbox_test

import (
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
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

// What nobody waits for waits for the morning, whoever puts it; by day it is said at once.
// What somebody waits for, or must know, is never held.
func TestBulkWaitsForTheMorning(t *testing.T) {
	t.Parallel()
	p := newPost(t, 1)
	zone := time.FixedZone("", 8*3600)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 10, day, hour, minute, 0, 0, zone) }
	due := func(class outbox.Class, at time.Time) (got time.Time) {
		storetest.Update(t, p.db, func(tx *store.Tx) error {
			key := string(class) + at.String()
			if err := outbox.Put(t.Context(), tx, outbox.Message{To: p.persons, Kind: "note", Class: class, DueAt: at, Subject: key}); err != nil {
				return err
			}
			return tx.Get(&got, `select due_at from send where subject = $1`, key)
		})
		return got
	}
	for _, day := range []time.Time{at(13, 7, 0), at(13, 12, 0), at(13, 21, 29)} {
		if got := due(outbox.Bulk, day); !got.Equal(day) {
			t.Errorf("%v moved to %v", day, got)
		}
	}
	for _, night := range []time.Time{at(13, 21, 30), at(14, 0, 0), at(14, 6, 59)} {
		if got := due(outbox.Bulk, night); got.Before(at(14, 7, 0)) || got.After(at(14, 8, 0)) || got.Minute()%30 == 0 {
			t.Errorf("%v moved to %v", night, got)
		}
		for _, class := range []outbox.Class{outbox.Reply, outbox.Urgent, outbox.Timed, outbox.Offer} {
			if got := due(class, night); !got.Equal(night) {
				t.Errorf("%s moved from %v to %v", class, night, got)
			}
		}
	}
}
