package counselling_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func (c *centre) withdraw(who identity.Person) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Withdraw(ctx, tx, who)
		return err
	})
}

// queue is why the first two in the queue are passed over, as the centre reads it.
func (c *centre) queue() (why [2]string) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		list, err := counselling.Waitlist(ctx, tx, c.desk, c.unit)
		for i := range min(len(list), len(why)) {
			why[i] = list[i].Skipped
		}
		return err
	})
	return why
}

// pause lets the student stay away once, which pauses booking for a day.
func (c *centre) pause(who identity.Person) {
	c.t.Helper()
	c.set(func(s *counselling.Settings) { s.StrikeLimit, s.PauseDays = 1, 1 })
	c.come(who, false)
}

// hourOfLi opens an hour of the second counsellor.
func (c *centre) hourOfLi(start time.Time) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.AddHours(ctx, tx, c.desk, counselling.HoursEdit{
			Counsellor: c.counsellors[1].PublicID, StartsAt: start, EndsAt: start.Add(50 * time.Minute), Capacity: 1, Weeks: 1,
		})
		return err
	})
}

func TestWhosePauseRunsIsPassedOverAndAskedWhenItEnds(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 4)
	c.agree(c.students...)
	paused, next := c.students[1], c.students[2]
	c.join(paused, counselling.Want{Counsellor: c.counsellors[1].PublicID})
	c.join(next, counselling.Want{Counsellor: c.counsellors[1].PublicID})
	c.pause(paused) // Tuesday: until Thursday
	friday := time.Date(2026, 10, 16, 15, 0, 0, 0, c.db.Zone())
	c.hourOfLi(friday)
	if o := c.offered(next); !o.Slot.StartsAt.Equal(friday) {
		t.Errorf("the next is offered %v", o.Slot.StartsAt)
	}
	c.unoffered(paused)
	w := c.wait(paused)
	if want := "你的预约暂停到 10月15日（周四），在那之前空位先问后面的同学，你的位置不变。有特殊情况，可以在“我的预约”里说明。"; w.Place != 1 || w.Skipped != want {
		t.Errorf("place %d, told %q; want 1 and %q", w.Place, w.Skipped, want)
	}
	if got, want := c.queue(), [2]string{"预约暂停到 10月15日（周四），那天起接着问", ""}; got != want {
		t.Errorf("the centre reads %q, want %q", got, want)
	}
	c.mustDecline(next, c.offered(next).PublicID)
	c.unoffered(paused)
	c.sound()
	_ = c.clock.MoveTo(time.Date(2026, 10, 14, 23, 59, 0, 0, c.db.Zone()))
	c.work()
	c.unoffered(paused)
	_ = c.clock.MoveTo(time.Date(2026, 10, 15, 0, 0, 0, 0, c.db.Zone()))
	c.work()
	if o := c.offered(paused); !o.Slot.StartsAt.Equal(friday) {
		t.Errorf("after the pause %v is offered", o.Slot.StartsAt)
	}
	if w := c.wait(paused); w.Skipped != "" {
		t.Errorf("still told %q", w.Skipped)
	}
	c.sound()
}

func TestAPlaceHeldForWhoIsPausedGoesToTheNextAndComesBackWithTheStrike(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 3)
	c.agree(c.students...)
	c.set(func(s *counselling.Settings) { s.StrikeLimit, s.PauseDays = 1, 30 })
	paused, next := c.students[0], c.students[1]
	b := c.confirm(c.mustBook(paused, c.hour(24*time.Hour, 1)).PublicID)
	c.advance(24*time.Hour + 15*time.Minute)
	c.mustAct(counselling.Arrive, c.desk, b.PublicID)
	miss := c.confirm(c.mustBook(paused, c.hour(24*time.Hour, 1)).PublicID)
	c.join(next, counselling.Want{Counsellor: c.counsellors[1].PublicID})
	c.advance(24*time.Hour + 15*time.Minute)
	c.mustAct(counselling.Miss, c.desk, miss.PublicID)
	if err := c.tryJoin(paused, counselling.Want{}); !errors.Is(err, counselling.ErrPaused) {
		t.Errorf("who is paused joins: %v", err)
	}
	strike := c.strikes(paused).List[0].PublicID
	if err := c.lift(c.desk, strike, ""); err != nil {
		t.Fatal(err)
	}
	c.join(paused, counselling.Want{})
	hour := c.hour(48*time.Hour, 1)
	held := c.offered(paused)
	c.update(func(ctx context.Context, tx *store.Tx) error { // the strike stands again: the centre was wrong
		_, err := tx.ExecContext(ctx, `update strike set state = 'standing', decided_at = null, decided_by = null where public_id = $1`, strike)
		return err
	})
	c.join(c.students[2], counselling.Want{})
	c.unoffered(paused)
	if o := c.offered(c.students[2]); o.Slot.PublicID != hour {
		t.Errorf("the next is offered %v", o.Slot.StartsAt)
	}
	if _, err := c.accept(paused, held.PublicID); !strings.Contains(errs.MessageOf(err), "的空位已经撤下了。你还在排队，第 2 位") {
		t.Errorf("an old card: %v", err)
	}
	c.sound()
}

func TestWhoHadTheHoursOfATermIsPassedOverUpToTheNextTerm(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	c.set(func(s *counselling.Settings) { s.TermLimit, s.TermStarts = 1, []string{"02-20", "10-20"} })
	full, next := c.students[0], c.students[1]
	c.join(full, counselling.Want{Counsellor: c.counsellors[1].PublicID})
	c.come(full, true)
	if got, want := c.queue(), [2]string{"这学期的 1 次已经约满，10月20日（周二）起的空位再问", ""}; got != want {
		t.Errorf("the centre reads %q, want %q", got, want)
	}
	if w, want := c.wait(full), "这学期的 1 次已经约满，10月20日（周二）起的空位再问你，你的位置不变。着急请直接联系中心。"; w.Skipped != want {
		t.Errorf("told %q, want %q", w.Skipped, want)
	}
	start := time.Date(2026, 10, 19, 15, 0, 0, 0, c.db.Zone())
	for _, at := range []time.Time{start, start.AddDate(0, 0, 1)} {
		c.hourOfLi(at)
	}
	if o := c.offered(full); !o.Slot.StartsAt.Equal(start.AddDate(0, 0, 1)) {
		t.Errorf("offered %v, want the hour of the next term", o.Slot.StartsAt)
	}
	c.join(next, counselling.Want{})
	if o := c.offered(next); !o.Slot.StartsAt.Equal(start) {
		t.Errorf("the next is offered %v, want the hour the first may not have", o.Slot.StartsAt)
	}
	c.sound()
}

func TestAfterTheConsentIsWithdrawnAnOfferGoesToTheNextAndIsNotAccepted(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 3)
	c.freedHour(2)
	o := c.offered(c.students[1])
	c.withdraw(c.students[1])
	c.offered(c.students[2])
	if _, err := c.accept(c.students[1], o.PublicID); errs.MessageOf(err) != "10月13日（周二）15:00 的空位已经撤下了。想继续等，写“排队”。" {
		t.Errorf("Accept = %v", err)
	}
	c.sound()
}

// Withdrawing gives up what is booked; the place freed goes to the others, not back to
// who withdrew and waits for something else.
func TestAPlaceGivenUpByWithdrawingIsNotOfferedToWhoWithdraws(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	leaves, next := c.students[0], c.students[1]
	c.join(leaves, counselling.Want{Counsellor: c.counsellors[1].PublicID})
	b := c.mustBook(leaves, c.hour(30*time.Hour, 1))
	c.join(next, counselling.Want{})
	c.withdraw(leaves)
	if o := c.offered(next); o.Slot.PublicID != b.Slot.PublicID {
		t.Errorf("offered %v", o.Slot.StartsAt)
	}
	if w := c.wait(leaves); w != nil {
		t.Errorf("who withdrew waits on: %+v", w)
	}
	if n := c.count(`select count(*) from offer`); n != 1 {
		t.Errorf("%d offers, want 1", n)
	}
	c.sound()
}

func TestAWaitWithoutConsentHoldsUpNobodyAndGoesOnWithIt(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	without, next := c.students[0], c.students[1]
	c.join(without, counselling.Want{})
	c.join(next, counselling.Want{})
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `update counselling_consent set withdrawn_at = $2 where person_id = $1`, without.ID, tx.Now())
		return err
	})
	c.hour(30*time.Hour, 1)
	c.offered(next)
	if w := c.wait(without); w.Offer != nil || !strings.HasPrefix(w.Skipped, "你撤回了同意") {
		t.Errorf("without consent: %+v", w)
	}
	c.mustDecline(next, c.offered(next).PublicID)
	c.sound()
	c.agree(without)
	c.offered(without)
	c.sound()
}

func TestTheCentreOffersNothingToWhoMayNotBook(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	w := c.join(c.students[0], counselling.Want{Counsellor: c.counsellors[1].PublicID})
	c.pause(c.students[0])
	hour := c.hour(24*time.Hour, 1)
	err := c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.OfferFree(ctx, tx, c.desk, hour, w.PublicID, "与学生电话商量过")
		return err
	})
	if !strings.Contains(errs.FieldsOf(err)["wait"], "现在不能预约") {
		t.Errorf("OfferFree = %v", err)
	}
	c.sound()
}
