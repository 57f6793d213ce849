package counselling_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

func (c *centre) move(who identity.Person, booking, slot, reason string) (b counselling.Booking, err error) {
	err = c.try(func(ctx context.Context, tx *store.Tx) error {
		b, err = counselling.Move(ctx, tx, who, booking, slot, reason)
		return err
	})
	return b, err
}

func (c *centre) confirm(booking string) counselling.Booking {
	c.t.Helper()
	return c.mustAct(counselling.Confirm, c.wang, booking)
}

func (c *centre) get(who identity.Person, booking string) counselling.Booking {
	c.t.Helper()
	return c.mustAct(counselling.Get, who, booking)
}

// set changes the centre's settings.
func (c *centre) set(change func(*counselling.Settings)) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		set, err := counselling.LoadSettings(ctx, tx)
		if err != nil {
			return err
		}
		change(&set)
		return counselling.SaveSettings(ctx, tx, c.head, c.unit, set)
	})
}

// liHour opens an hour of the second counsellor.
func (c *centre) liHour(after time.Duration) (id string) {
	c.t.Helper()
	first := c.counsellors[0]
	c.counsellors[0] = c.counsellors[1]
	defer func() { c.counsellors[0] = first }()
	return c.hour(after, 1)
}

func TestMove(t *testing.T) {
	t.Parallel()
	t.Run("a_student_moves_and_waits_to_be_confirmed_again", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 2)
		c.agree(c.students...)
		from, to := c.hour(48*time.Hour, 1), c.hour(72*time.Hour, 1)
		b := c.confirm(c.mustBook(c.students[0], from).PublicID)
		c.advance(time.Hour)
		moved, err := c.move(c.students[0], b.PublicID, to, "")
		if err != nil {
			t.Fatal(err)
		}
		if moved.State != counselling.Pending || moved.Slot.PublicID != to || moved.Moves != 1 || !moved.HeldUntil.Equal(c.clock.Now().Add(24*time.Hour)) {
			t.Errorf("moved: %s, %d moves, held until %v", moved.State, moved.Moves, moved.HeldUntil)
		}
		if !moved.DecidedAt.IsZero() {
			t.Error("a decision about the old hour stands for the new one")
		}
		if left := c.reminders(); len(left) != 0 {
			t.Errorf("%d reminders of the old hour", len(left))
		}
		c.mustBook(c.students[1], from)
		last := c.get(c.students[0], b.PublicID).History[2]
		if last.From == nil || !last.From.StartsAt.Equal(b.Slot.StartsAt) || !last.To.StartsAt.Equal(moved.Slot.StartsAt) || last.By != c.students[0].Name {
			t.Errorf("history: %+v", last)
		}
		c.confirm(b.PublicID)
		if dues := c.reminders(); len(dues) != 4 {
			t.Errorf("%d reminders of the new hour, want 4", len(dues))
		}
		c.sound()
	})
	t.Run("the_same_counsellor_stands_if_the_school_says_so", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 1)
		c.set(func(s *counselling.Settings) { s.MoveConfirms = false })
		c.agree(c.students...)
		b := c.confirm(c.mustBook(c.students[0], c.hour(48*time.Hour, 1)).PublicID)
		if moved, err := c.move(c.students[0], b.PublicID, c.hour(72*time.Hour, 1), ""); err != nil || moved.State != counselling.Confirmed {
			t.Errorf("same counsellor: %s, %v", moved.State, err)
		}
		if dues := c.reminders(); len(dues) != 4 {
			t.Errorf("%d reminders, want 4", len(dues))
		}
		if moved, err := c.move(c.students[0], b.PublicID, c.liHour(73*time.Hour), ""); err != nil || moved.State != counselling.Pending {
			t.Errorf("another counsellor: %s, %v", moved.State, err)
		}
		c.sound()
	})
	t.Run("the_centre_moves_with_a_reason_and_it_stays_confirmed", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 1)
		c.agree(c.students...)
		b := c.confirm(c.mustBook(c.students[0], c.hour(4*time.Hour, 1)).PublicID)
		to := c.liHour(5 * time.Hour) // too near for a student to book
		c.advance(3*time.Hour + 30*time.Minute)
		for _, reason := range []string{"", "心理老师有事", strings.Repeat("长", 61)} {
			if _, err := c.move(c.desk, b.PublicID, to, reason); errs.FieldsOf(err)["reason"] == "" {
				t.Errorf("reason %q: %v", reason, err)
			}
		}
		moved, err := c.move(c.desk, b.PublicID, to, "老师临时有安排")
		if err != nil || moved.State != counselling.Confirmed || moved.Slot.Name != c.li.Name {
			t.Fatalf("moved: %s, %s, %v", moved.State, moved.Slot.Name, err)
		}
		told := c.told("counselling.moved")
		if told[c.students[0].ID] != 1 || told[c.wang.ID] != 1 || told[c.li.ID] != 1 || len(told) != 3 {
			t.Errorf("told: %v", told)
		}
		c.advance(2 * time.Hour)
		if _, err := c.move(c.desk, b.PublicID, c.hour(24*time.Hour, 1), "老师临时有安排"); errs.KindOf(err) != errs.Conflict {
			t.Errorf("after the start: %v", err)
		}
		c.sound()
	})
	refusals := []struct {
		name    string
		booked  time.Duration
		wait    time.Duration
		to      time.Duration
		want    error
		message string
	}{
		{"after_the_cut_off", 26 * time.Hour, 25 * time.Hour, 60 * time.Hour, counselling.ErrTooLateToMove, "开始前 2 小时（10月13日（周二）09:00）起不能在线改时间"},
		{"to_an_hour_too_near", 48 * time.Hour, 0, 2 * time.Hour, counselling.ErrTooSoon, "要提前 2 小时 30 分钟预约"},
		{"beyond_the_horizon", 48 * time.Hour, 0, 29 * 24 * time.Hour, counselling.ErrTooFar, "只开放 28 天以内的预约，这个时间 10月13日（周二）09:00 起可以约"},
	}
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 1)
			c.agree(c.students...)
			b := c.confirm(c.mustBook(c.students[0], c.hour(tt.booked, 1)).PublicID)
			to := c.anyHour(tt.to)
			c.advance(tt.wait)
			_, err := c.move(c.students[0], b.PublicID, to, "")
			if !errors.Is(err, tt.want) || !strings.HasPrefix(errs.MessageOf(err), tt.message) {
				t.Errorf("Move = %v, want %v %q", err, tt.want, tt.message)
			}
			if got := c.get(c.students[0], b.PublicID); got.Moves != 0 || got.State != counselling.Confirmed {
				t.Errorf("the booking changed: %+v", got)
			}
			c.sound()
		})
	}
}

// anyHour opens an hour of the first counsellor, also one that nobody is shown yet.
func (c *centre) anyHour(after time.Duration) (id string) {
	c.t.Helper()
	start := c.clock.Now().Add(after)
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := counselling.AddHours(ctx, tx, c.desk, counselling.HoursEdit{
			Counsellor: c.counsellors[0].PublicID, StartsAt: start, EndsAt: start.Add(50 * time.Minute), Capacity: 1, Weeks: 1,
		}); err != nil {
			return err
		}
		hours, err := counselling.Hours(ctx, tx, c.head, c.unit, start, start.Add(time.Minute))
		if err == nil {
			id = hours[0].PublicID
		}
		return err
	})
	return id
}

// told counts the messages of a kind by who they are for.
func (c *centre) told(kind string) map[identity.ID]int {
	c.t.Helper()
	told := map[identity.ID]int{}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		var ids []identity.ID
		err := tx.SelectContext(ctx, &ids, `select o.person_id from outbox o join send s on s.id = o.send_id where s.kind = $1`, kind)
		for _, id := range ids {
			told[id]++
		}
		return err
	})
	return told
}

func TestTwoStudentsMoveToTheSameHourAndTheLoserKeepsTheOldOne(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 12)
	c.agree(c.students...)
	bookings := map[identity.ID]counselling.Booking{}
	for i, s := range c.students {
		bookings[s.ID] = c.mustBook(s, c.hour(time.Duration(30+i)*time.Hour, 1))
	}
	to := c.hour(72*time.Hour, 1)
	c.hour(80*time.Hour, 1)
	var mu sync.Mutex
	var lost []string
	won := race(c, c.students, func(s identity.Person) error {
		_, err := c.move(s, bookings[s.ID].PublicID, to, "")
		if err != nil {
			mu.Lock()
			lost = append(lost, errs.MessageOf(err))
			mu.Unlock()
		}
		return err
	})
	if won != 1 {
		t.Errorf("%d moves, want 1", won)
	}
	for _, m := range lost {
		if !strings.HasPrefix(m, "这个时间刚刚约满。最近的空位：") {
			t.Errorf("the loser reads %q", m)
		}
	}
	kept := 0
	for _, s := range c.students {
		if b := c.get(s, bookings[s.ID].PublicID); b.Slot.PublicID == bookings[s.ID].Slot.PublicID && b.State == counselling.Pending && b.Moves == 0 {
			kept++
		}
	}
	if kept != 11 {
		t.Errorf("%d keep their old hour, want 11", kept)
	}
	c.sound()
}

func TestTwoStudentsMayNotSwapThroughAFullHour(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	a, b := c.mustBook(c.students[0], c.hour(30*time.Hour, 1)), c.mustBook(c.students[1], c.hour(32*time.Hour, 1))
	won := c.together(
		func() error { _, err := c.move(c.students[0], a.PublicID, b.Slot.PublicID, ""); return err },
		func() error { _, err := c.move(c.students[1], b.PublicID, a.Slot.PublicID, ""); return err },
	)
	if won != 0 {
		t.Errorf("%d moved into an hour that was taken", won)
	}
	c.sound()
}

func TestMoveCrossesCancelConfirmAndExpireAndOneTruthIsLeft(t *testing.T) {
	t.Parallel()
	other := map[string]func(c *centre, b counselling.Booking, to string) error{
		"cancel": func(c *centre, b counselling.Booking, _ string) error { return c.cancel(c.students[0], b.PublicID) },
		"confirm": func(c *centre, b counselling.Booking, _ string) error {
			return c.act(counselling.Confirm, c.wang, b.PublicID)
		},
		"expire": func(c *centre, _ counselling.Booking, _ string) error {
			_, err := (&job.Runner{DB: c.db, Kinds: map[string]job.Step{counselling.ExpireJob: counselling.Expire}}).Step(context.Background(), 0)
			return err
		},
		"close_the_new_hour": func(c *centre, _ counselling.Booking, to string) error {
			return c.try(func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.CloseHour(ctx, tx, c.desk, to)
				return err
			})
		},
	}
	for name, act := range other {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 4 {
				c := newCentre(t, 1)
				c.agree(c.students...)
				b := c.mustBook(c.students[0], c.hour(72*time.Hour, 1))
				to := c.hour(80*time.Hour, 1)
				if name == "expire" {
					_ = c.clock.MoveTo(b.HeldUntil)
				}
				c.together(
					func() error { _, err := c.move(c.desk, b.PublicID, to, "老师临时有安排"); return err },
					func() error { return act(c, b, to) },
				)
				got := c.get(c.students[0], b.PublicID)
				if last := got.History[len(got.History)-1]; last.State != got.State {
					t.Errorf("the history ends with %s, the booking is %s", last.State, got.State)
				}
				c.sound()
			}
		})
	}
}

func TestAnOldCardDoesNotConfirmAnHourItDidNotShow(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	b := c.mustBook(c.students[0], c.hour(48*time.Hour, 1))
	if _, err := c.move(c.students[0], b.PublicID, c.hour(72*time.Hour, 1), ""); err != nil {
		t.Fatal(err)
	}
	for moves, kind := range map[int]errs.Kind{0: errs.Conflict, 1: errs.Internal} {
		err := c.try(func(ctx context.Context, tx *store.Tx) error {
			return counselling.Unmoved(ctx, tx, c.wang, b.PublicID, moves)
		})
		if errs.KindOf(err) != kind {
			t.Errorf("a card of %d moves: %v", moves, err)
		}
	}
}

func (c *centre) advance(d time.Duration) { _ = c.clock.MoveTo(c.clock.Now().Add(d)) }
