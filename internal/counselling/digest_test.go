package counselling_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

func TestDigestIsOneMessageAMorningForWhoHasSomething(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	digest := func() (next time.Time) {
		c.update(func(ctx context.Context, tx *store.Tx) error {
			r, err := counselling.Digest(ctx, tx, job.Job{})
			next = r.At
			return err
		})
		return next
	}
	digest()
	if told := c.told(counselling.KindDigest); len(told) != 0 {
		t.Errorf("told of nothing: %v", told)
	}
	for _, s := range c.students {
		c.mustBook(s, c.hour(time.Duration(48+len(c.told(counselling.KindBooked)))*time.Hour, 1))
	}
	next := digest()
	digest() // a step that is done again
	if told := c.told(counselling.KindDigest); len(told) != 2 || told[c.wang.ID] != 1 || told[c.desk.ID] != 1 {
		t.Errorf("told: %v, want one message each for the counsellor and the front desk", told)
	}
	if !next.After(c.clock.Now()) || next.In(c.clock.Now().Location()).Minute()%30 == 0 {
		t.Errorf("the next is at %s", next)
	}
}

// cards counts the cards that ask the centre to decide, by when they leave.
func (c *centre) cards(kind string) map[string]int {
	c.t.Helper()
	var due []time.Time
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.SelectContext(ctx, &due, `select due_at from send where kind = $1 and state = 'waiting' order by due_at`, kind)
	})
	at := map[string]int{}
	for _, d := range due {
		at[d.In(c.db.Zone()).Format("01-02 15:04")]++
	}
	return at
}

func TestARequestAtNightWaitsForTheDigestUnlessItsTimeEndsThatDay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		at    string // when it is booked
		after time.Duration
		hold  int
		card  string // when the card leaves; "": never, the digest says it
	}{
		"by_day":                              {"2026-10-13 14:00", 48 * time.Hour, 24, "10-13 14:00"},
		"at_night_with_a_day_to_decide":       {"2026-10-13 01:00", 72 * time.Hour, 24, ""},
		"at_night_and_the_hold_ends_that_day": {"2026-10-12 23:00", 72 * time.Hour, 24, "10-13 07:11"},
		"before_midnight_with_a_longer_hold":  {"2026-10-12 23:00", 96 * time.Hour, 48, ""},
		"at_night_and_the_hour_is_that_day":   {"2026-10-13 01:00", 14 * time.Hour, 24, "10-13 07:11"},
		"at_night_and_nobody_could_decide":    {"2026-10-13 01:00", 8 * time.Hour, 24, "10-13 01:00"},
		"at_the_last_minute_of_quiet_hours":   {"2026-10-13 06:59", 72 * time.Hour, 24, ""},
		"at_the_first_minute_after_them":      {"2026-10-13 07:00", 72 * time.Hour, 24, "10-13 07:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 1)
			c.agree(c.students...)
			c.set(func(s *counselling.Settings) { s.HoldHours = tt.hold })
			at, err := time.ParseInLocation("2006-01-02 15:04", tt.at, c.db.Zone())
			if err != nil {
				t.Fatal(err)
			}
			_ = c.clock.MoveTo(at)
			c.mustBook(c.students[0], c.hour(tt.after, 1))
			got := c.cards(counselling.KindRequested)
			if tt.card == "" && len(got) > 0 || tt.card != "" && got[tt.card] != 1 {
				t.Errorf("cards leave at %v, want %q", got, tt.card)
			}
		})
	}
}

func TestAnAppealAtNightIsInTheDigestOfWhoDecides(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	c.come(c.students[0], false)
	_ = c.clock.MoveTo(time.Date(2026, 10, 13, 23, 30, 0, 0, c.db.Zone()))
	if err := c.appeal(c.students[0], c.strikes(c.students[0]).List[0].PublicID, "那天在医院陪护。"); err != nil {
		t.Fatal(err)
	}
	if got := c.cards(counselling.KindAppealed); len(got) != 0 {
		t.Errorf("cards: %v, want none", got)
	}
	_ = c.clock.MoveTo(time.Date(2026, 10, 14, 7, 52, 0, 0, c.db.Zone()))
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Digest(ctx, tx, job.Job{})
		return err
	})
	if told := c.told(counselling.KindDigest); told[c.wang.ID] != 1 || told[c.desk.ID] != 1 || told[c.li.ID] != 0 {
		t.Errorf("told: %v, want the counsellor of the hour and the front desk", told)
	}
}

// A digest told early would leave what comes afterwards for the next morning.
func TestTheDigestIsNeverWithinQuietHours(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	c.set(func(s *counselling.Settings) { s.DigestAt = "06:00" })
	var next time.Time
	c.update(func(ctx context.Context, tx *store.Tx) error {
		r, err := counselling.Digest(ctx, tx, job.Job{})
		next = r.At
		return err
	})
	if want := time.Date(2026, 10, 13, 7, 11, 0, 0, c.db.Zone()); !next.Equal(want) {
		t.Errorf("next = %v, want %v", next, want)
	}
}

func TestQueueAsksForNoticeAndQuestionsAsBookingDoes(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	s := c.students[0]
	c.agree(s)
	c.duty(c.wang, 1, -time.Hour, 8*24*time.Hour)
	c.asks()
	if err := c.tryJoin(s, counselling.Want{}); !errors.Is(err, counselling.ErrNotAsked) {
		t.Errorf("before the questions: %v", err)
	}
	c.answers(s, 0, 0)
	if err := c.tryJoin(s, counselling.Want{}); err != nil {
		t.Errorf("after them: %v", err)
	}
}
