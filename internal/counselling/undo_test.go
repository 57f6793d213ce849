package counselling_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func TestAnArrivalIsTakenBackByWhoRecordedItWithinMinutes(t *testing.T) {
	t.Parallel()
	const others = "到访登记只能由登记的人在 10 分钟内撤回；从“未到”改来的不能撤回。"
	for name, tt := range map[string]struct {
		do   func(c *centre, b counselling.Booking) error
		says string
	}{
		"at_once": {func(c *centre, b counselling.Booking) error { return c.act(counselling.Unarrive, c.desk, b.PublicID) }, ""},
		"nine_minutes_later": {func(c *centre, b counselling.Booking) error {
			c.advance(9 * time.Minute)
			return c.act(counselling.Unarrive, c.desk, b.PublicID)
		}, ""},
		"ten_minutes_later": {func(c *centre, b counselling.Booking) error {
			c.advance(10 * time.Minute)
			return c.act(counselling.Unarrive, c.desk, b.PublicID)
		}, others},
		"by_somebody_else": {func(c *centre, b counselling.Booking) error { return c.act(counselling.Unarrive, c.wang, b.PublicID) }, others},
		"twice": {func(c *centre, b counselling.Booking) error {
			if err := c.act(counselling.Unarrive, c.desk, b.PublicID); err != nil {
				return err
			}
			return c.act(counselling.Unarrive, c.desk, b.PublicID)
		}, "这条预约现在是“已确认”，没有到访登记可以撤回。"},
		"after_the_student_booked_again": {func(c *centre, b counselling.Booking) error {
			c.mustBook(c.students[0], c.hour(48*time.Hour, 1))
			return c.act(counselling.Unarrive, c.desk, b.PublicID)
		}, "这位同学已经约了新的时间，这次的到访登记不能撤回。"},
		"of_the_other_centre": {func(c *centre, b counselling.Booking) error {
			return c.act(counselling.Unarrive, c.fudaoyuan, b.PublicID)
		}, errs.MessageOf(counselling.ErrConfidential)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 1)
			c.agree(c.students...)
			b := c.confirm(c.mustBook(c.students[0], c.hour(24*time.Hour, 1)).PublicID)
			c.advance(24 * time.Hour)
			c.mustAct(counselling.Arrive, c.desk, b.PublicID)
			if err := tt.do(c, b); errs.MessageOf(err) != tt.says && (err != nil || tt.says != "") {
				t.Errorf("Unarrive = %v, want %q", err, tt.says)
			}
			c.sound()
		})
	}
}

func TestAnArrivalTakenBackIsConfirmedAgainAndStaysInTheHistory(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	was := c.confirm(c.mustBook(c.students[0], c.hour(24*time.Hour, 1)).PublicID)
	c.advance(24*time.Hour + 20*time.Minute)
	c.mustAct(counselling.Arrive, c.desk, was.PublicID)
	c.mustAct(counselling.Unarrive, c.desk, was.PublicID)
	var b counselling.Booking
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		b, err = counselling.Get(ctx, tx, c.desk, was.PublicID)
		return err
	})
	last := b.History[len(b.History)-1]
	if b.State != counselling.Confirmed || last.By != "何静" || last.Reason != "撤回到访登记" || !b.DecidedAt.Equal(was.DecidedAt) {
		t.Errorf("%s, decided %v, last %+v", b.State, b.DecidedAt, last)
	}
	if n := c.count(`select count(*) from audit where verb = 'booking.unarrive'`); n != 1 {
		t.Errorf("%d audit rows, want 1", n)
	}
	c.mustAct(counselling.Miss, c.desk, was.PublicID)
	if s := c.strikes(c.students[0]); s.Count != 1 {
		t.Errorf("who did not come after all: %+v", s)
	}
	c.sound()
}

func TestAMissedHourIsPutRightAtTheDeskForADayAndThenOnlyWithAReason(t *testing.T) {
	t.Parallel()
	at := func(day, hour int) time.Time {
		return time.Date(2026, 10, day, hour, 0, 0, 0, time.FixedZone("", 8*3600))
	}
	for name, tt := range map[string]struct {
		days int // the setting
		at   time.Time
		ok   bool
	}{
		"the_same_evening":        {1, at(13, 22), true},
		"the_next_evening":        {1, at(14, 23), true},
		"the_midnight_after":      {1, at(15, 0), false},
		"none_that_evening":       {0, at(13, 23), true},
		"none_the_next_day":       {0, at(14, 0), false},
		"a_week_after_six_days":   {7, at(19, 9), true},
		"a_week_after_eight_days": {7, at(21, 0), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 1)
			c.agree(c.students...)
			c.set(func(s *counselling.Settings) { s.CorrectDays = tt.days })
			b := c.come(c.students[0], false) // Tuesday 09:00
			_ = c.clock.MoveTo(tt.at)
			err := c.act(counselling.Arrive, c.desk, b.PublicID)
			if tt.ok != (err == nil) {
				t.Errorf("Arrive = %v, want ok %v", err, tt.ok)
			}
			if tt.ok {
				return
			}
			strike := c.strikes(c.students[0]).List[0].PublicID
			if err := c.lift(c.desk, strike, "那天登记错了"); err != nil {
				t.Errorf("with a reason: %v", err)
			}
			if s := c.strikes(c.students[0]); s.Count != 0 || s.List[0].Reason != "那天登记错了" {
				t.Errorf("%+v", s)
			}
			c.sound()
		})
	}
}

func TestNobodyElseLearnsWhichArrivalsCanBeTakenBack(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	b := c.confirm(c.mustBook(c.students[0], c.hour(24*time.Hour, 1)).PublicID)
	c.advance(24 * time.Hour)
	c.mustAct(counselling.Arrive, c.desk, b.PublicID)
	for who, want := range map[*identity.Person]bool{&c.desk: true, &c.wang: false} {
		var until map[string]time.Time
		c.update(func(ctx context.Context, tx *store.Tx) (err error) {
			until, err = counselling.Undoable(ctx, tx, *who, []counselling.Booking{mustGet(ctx, t, tx, *who, b.PublicID)})
			return err
		})
		if got := until[b.PublicID].Equal(c.clock.Now().Add(counselling.UndoFor)); got != want {
			t.Errorf("%s: %v, want %v", who.Name, until, want)
		}
	}
	if err := c.act(counselling.Unarrive, c.students[0], b.PublicID); !errors.Is(err, counselling.ErrConfidential) {
		t.Errorf("the student: %v", err)
	}
}

func mustGet(ctx context.Context, t *testing.T, tx *store.Tx, who identity.Person, id string) counselling.Booking {
	t.Helper()
	b, err := counselling.Get(ctx, tx, who, id)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
