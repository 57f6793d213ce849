package counselling_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/store"
)

// The races. Whoever loses reads a true sentence, and there is one booking.

func TestOneStudentJoinsOnEveryFaceAtOnceAndWaitsOnce(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	if won := race(c, make([]int, 12), func(int) error { return c.tryJoin(c.students[0], counselling.Want{}) }); won != 1 {
		t.Errorf("%d waits, want 1", won)
	}
	c.sound()
}

func TestAcceptedExactlyAsItExpiresThePlaceHasOneOwner(t *testing.T) {
	t.Parallel()
	for range 8 {
		c := newCentre(t, 3)
		c.freedHour(2)
		o := c.offered(c.students[1])
		pressed := o.Until.Add(-time.Millisecond)
		_ = c.clock.MoveTo(o.Until)
		start := make(chan struct{})
		var accepted error
		var wg sync.WaitGroup
		wg.Go(func() {
			<-start
			accepted = c.try(func(ctx context.Context, tx *store.Tx) error {
				tx.SetReceivedAt(pressed)
				_, err := counselling.Accept(ctx, tx, c.students[1], o.PublicID, counselling.ViaChat)
				return err
			})
		})
		wg.Go(func() {
			<-start
			c.work()
		})
		close(start)
		wg.Wait()
		c.work()
		if accepted == nil {
			if c.wait(c.students[1]) != nil {
				t.Error("has the place and waits on")
			}
			c.unoffered(c.students[2])
		} else {
			if got := errs.MessageOf(accepted); !strings.Contains(got, "现在已过时限。你还在排队，第 1 位") {
				t.Errorf("message = %q", got)
			}
			c.offered(c.students[2])
		}
		c.sound()
	}
}

func TestPressedAtTheDeadlineItIsTooLate(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.freedHour(1)
	o := c.offered(c.students[1])
	_ = c.clock.MoveTo(o.Until)
	if _, err := c.accept(c.students[1], o.PublicID); errs.KindOf(err) != errs.Conflict {
		t.Errorf("Accept at the deadline = %v, want a conflict", err)
	}
	c.work()
	if _, err := c.accept(c.students[1], o.PublicID); !strings.Contains(errs.MessageOf(err), "为你留到 10月12日（周一）09:30，现在已过时限。你还在排队，第 1 位") {
		t.Errorf("an old card: %v", err)
	}
	c.sound()
}

func TestAcceptPressedTwiceMakesOneBooking(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.freedHour(1)
	o := c.offered(c.students[1])
	if won := race(c, make([]int, 8), func(int) error { _, err := c.accept(c.students[1], o.PublicID); return err }); won != 1 {
		t.Errorf("%d acceptances, want 1", won)
	}
	if _, err := c.accept(c.students[1], o.PublicID); !strings.Contains(errs.MessageOf(err), "你已经要了，不用再按") {
		t.Errorf("pressed again: %v", err)
	}
	c.sound()
}

func TestTwoWaitsAndOnePlaceAtTheSameInstant(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 12)
	b := c.fullHour(30 * time.Hour)
	acts := []func() error{func() error { return c.cancel(c.students[0], b.PublicID) }}
	for _, s := range c.students[1:] {
		acts = append(acts, func() error { return c.tryJoin(s, counselling.Want{}) })
	}
	c.together(acts...)
	if n := c.count(`select count(*) from offer where state = 'open'`); n != 1 {
		t.Errorf("%d offers of one place, want 1", n)
	}
	c.sound()
}

func TestACancellationAnOfferAndNewBookingsAtTheSameInstant(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 20)
	b := c.wantedHour(30*time.Hour, 2)
	acts := []func() error{func() error { return c.cancel(c.students[0], b.PublicID) }}
	for _, s := range c.students[3:] {
		acts = append(acts, func() error { _, err := c.book(s, b.Slot.PublicID); return err })
	}
	if won := c.together(acts...); won != 1 {
		t.Errorf("%d succeeded, want only the cancellation: nobody jumps the queue", won)
	}
	c.offered(c.students[1])
	c.sound()
}

func TestJoiningAndBookingRaceForTheLastFreePlace(t *testing.T) {
	t.Parallel()
	for range 6 {
		c := newCentre(t, 8)
		c.agree(c.students...)
		slot := c.hour(30*time.Hour, 2)
		var acts []func() error
		for i, s := range c.students {
			if i%2 == 0 {
				acts = append(acts, func() error { _, err := c.book(s, slot); return err })
				continue
			}
			acts = append(acts, func() error { return c.tryJoin(s, counselling.Want{}) })
		}
		c.together(acts...)
		if n := c.count(`select count(*) from booking where state in ('offered', 'pending')`); n != 2 {
			t.Errorf("%d of 2 places are taken", n)
		}
		c.sound()
	}
}

func TestAnEarlierPlaceIsAcceptedWhileTheCentreCancelsTheBooking(t *testing.T) {
	t.Parallel()
	for range 6 {
		c := newCentre(t, 2)
		early := c.fullHour(30 * time.Hour)
		late := c.mustBook(c.students[1], c.hour(50*time.Hour, 1))
		c.join(c.students[1], counselling.Want{})
		c.mustCancel(c.students[0], early.PublicID)
		o := c.offered(c.students[1])
		c.together(
			func() error { _, err := c.accept(c.students[1], o.PublicID); return err },
			func() error { return c.cancel(c.desk, late.PublicID) },
		)
		c.sound()
	}
}
