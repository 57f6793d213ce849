package counselling_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

func (c *centre) join(who identity.Person, want counselling.Want) counselling.Wait {
	c.t.Helper()
	var w counselling.Wait
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		w, err = counselling.Join(ctx, tx, who, want, counselling.ViaPage)
		return err
	})
	return w
}

func (c *centre) tryJoin(who identity.Person, want counselling.Want) error {
	return c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Join(ctx, tx, who, want, counselling.ViaPage)
		return err
	})
}

// wait is where the student stands in the queue now, nil if nowhere.
func (c *centre) wait(who identity.Person) *counselling.Wait {
	c.t.Helper()
	var w *counselling.Wait
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		w, err = counselling.MyWait(ctx, tx, who)
		return err
	})
	return w
}

// offered is the place offered to the student, which must be there.
func (c *centre) offered(who identity.Person) counselling.Offer {
	c.t.Helper()
	w := c.wait(who)
	if w == nil || w.Offer == nil {
		c.t.Fatalf("%s has no offer", who.Name)
	}
	return *w.Offer
}

func (c *centre) unoffered(who identity.Person) {
	c.t.Helper()
	if w := c.wait(who); w != nil && w.Offer != nil {
		c.t.Errorf("%s has an offer of %v", who.Name, w.Offer.Slot.StartsAt)
	}
}

func (c *centre) accept(who identity.Person, offer string) (b counselling.Booking, err error) {
	err = c.try(func(ctx context.Context, tx *store.Tx) error {
		b, err = counselling.Accept(ctx, tx, who, offer, counselling.ViaPage)
		return err
	})
	return b, err
}

func (c *centre) decline(who identity.Person, offer string) error {
	return c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Decline(ctx, tx, who, offer)
		return err
	})
}

func (c *centre) mustDecline(who identity.Person, offer string) {
	c.t.Helper()
	if err := c.decline(who, offer); err != nil {
		c.t.Fatal(err)
	}
}

func (c *centre) cancel(who identity.Person, booking string) error {
	return c.act(giving("老师临时有安排", counselling.Cancel), who, booking)
}

func (c *centre) mustCancel(who identity.Person, booking string) {
	c.t.Helper()
	if err := c.cancel(who, booking); err != nil {
		c.t.Fatal(err)
	}
}

// work does everything that is due.
func (c *centre) work() {
	c.t.Helper()
	r := &job.Runner{DB: c.db, Log: slog.New(slog.DiscardHandler), Kinds: map[string]job.Step{
		counselling.ExpireJob: counselling.Expire, counselling.OfferJob: counselling.ExpireOffer,
		counselling.ServeJob: counselling.ServeWaitlist, counselling.AskJob: counselling.AskWait,
		counselling.EscalateJob: counselling.Escalate, counselling.RosterJob: counselling.CheckRoster, counselling.ReviewJob: counselling.RemindReview,
	}}
	for {
		did, err := r.Step(context.Background(), 0)
		if err != nil {
			c.t.Fatal(err)
		}
		if !did {
			return
		}
	}
}

func (c *centre) count(query string) (n int) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error { return tx.GetContext(ctx, &n, query) })
	return n
}

// fullHour is an hour the first student has, for which the others can wait.
func (c *centre) fullHour(after time.Duration) counselling.Booking {
	c.t.Helper()
	c.agree(c.students...)
	return c.mustBook(c.students[0], c.hour(after, 1))
}

// wantedHour is a full hour, and so many of the other students wait, in their order.
func (c *centre) wantedHour(after time.Duration, waiting int) counselling.Booking {
	c.t.Helper()
	b := c.fullHour(after)
	for _, s := range c.students[1 : 1+waiting] {
		c.join(s, counselling.Want{})
	}
	return b
}

// freedHour is a wanted hour, Tuesday 15:00, after the first student cancelled it.
func (c *centre) freedHour(waiting int) counselling.Booking {
	c.t.Helper()
	b := c.wantedHour(30*time.Hour, waiting)
	c.mustCancel(c.students[0], b.PublicID)
	return b
}

func TestACancelledPlaceIsOfferedToTheFirstInTheQueueAtOnce(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 3)
	b := c.fullHour(30 * time.Hour)
	first, second := c.join(c.students[1], counselling.Want{}), c.join(c.students[2], counselling.Want{})
	if first.Place != 1 || second.Place != 2 {
		t.Errorf("places %d and %d, want 1 and 2", first.Place, second.Place)
	}
	c.mustCancel(c.students[0], b.PublicID)
	o := c.offered(c.students[1])
	c.unoffered(c.students[2])
	if !o.Until.Equal(c.clock.Now().Add(30 * time.Minute)) {
		t.Errorf("held until %v, want half an hour", o.Until)
	}
	var due time.Time
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.GetContext(ctx, &due, `select due_at from send where kind = 'counselling.offer'`)
	})
	if late := due.Sub(c.clock.Now()); late > time.Minute {
		t.Errorf("the card leaves %v after the cancellation, want within a minute", late)
	}
	if _, err := c.book(c.students[2], b.Slot.PublicID); !strings.HasPrefix(errs.MessageOf(err), "这个时间刚刚约满。") {
		t.Errorf("somebody else books the offered place: %v", err)
	}
	got, err := c.accept(c.students[1], o.PublicID)
	if err != nil || got.State != counselling.Pending || got.Slot.PublicID != b.Slot.PublicID {
		t.Errorf("Accept = %+v, %v", got, err)
	}
	if c.wait(c.students[1]) != nil {
		t.Error("who has a place waits on")
	}
	c.sound()
}

func TestWhoDeclinesKeepsTheirPlaceAndTheNextIsAsked(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 4)
	b := c.freedHour(2)
	c.mustDecline(c.students[1], c.offered(c.students[1]).PublicID)
	c.offered(c.students[2])
	if w := c.wait(c.students[1]); w == nil || w.Place != 1 || w.Offer != nil {
		t.Errorf("after declining: %+v", w)
	}
	c.sound()
	_ = c.clock.MoveTo(c.offered(c.students[2]).Until)
	c.work()
	c.unoffered(c.students[1]) // was asked about this hour before
	c.sound()
	if _, err := c.book(c.students[3], b.Slot.PublicID); err != nil {
		t.Errorf("when nobody in the queue wants it, it is free: %v", err)
	}
	c.sound()
}

func TestAWishThatDoesNotFitIsPassedOverAndKeepsItsPlace(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, 10, 12, 0, 0, 0, 0, time.FixedZone("", 8*3600))
	for name, tt := range map[string]struct {
		want func(c *centre) counselling.Want
		fits bool
	}{
		"anything":             {func(*centre) counselling.Want { return counselling.Want{} }, true},
		"this_counsellor":      {func(c *centre) counselling.Want { return counselling.Want{Counsellor: c.counsellors[0].PublicID} }, true},
		"the_other_counsellor": {func(c *centre) counselling.Want { return counselling.Want{Counsellor: c.counsellors[1].PublicID} }, false},
		"this_campus":          {func(*centre) counselling.Want { return counselling.Want{Campus: "east"} }, true},
		"an_afternoon":         {func(*centre) counselling.Want { return counselling.Want{Part: counselling.Afternoon} }, true},
		"a_morning":            {func(*centre) counselling.Want { return counselling.Want{Part: counselling.Morning} }, false},
		"this_day": {func(*centre) counselling.Want {
			return counselling.Want{From: monday.AddDate(0, 0, 1), To: monday.AddDate(0, 0, 1)}
		}, true},
		"the_day_after":        {func(*centre) counselling.Want { return counselling.Want{From: monday.AddDate(0, 0, 2)} }, false},
		"up_to_the_day_before": {func(*centre) counselling.Want { return counselling.Want{To: monday} }, false},
		"a_span_with_it_inside": {func(*centre) counselling.Want {
			return counselling.Want{From: monday, To: monday.AddDate(0, 0, 5), Part: counselling.Afternoon}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 3)
			b := c.fullHour(30 * time.Hour) // Tuesday 15:00
			c.join(c.students[1], tt.want(c))
			c.join(c.students[2], counselling.Want{})
			c.mustCancel(c.students[0], b.PublicID)
			if tt.fits {
				c.offered(c.students[1])
				c.unoffered(c.students[2])
			} else {
				c.offered(c.students[2])
				c.unoffered(c.students[1])
				if w := c.wait(c.students[1]); w == nil || w.Place != 1 {
					t.Errorf("passed over: %+v", w)
				}
			}
			c.sound()
		})
	}
}

func TestEveryWayAPlaceBecomesFreeReachesTheQueue(t *testing.T) {
	t.Parallel()
	for name, free := range map[string]func(*centre, counselling.Booking) error{
		"cancelled_by_the_student": func(c *centre, b counselling.Booking) error { return c.cancel(c.students[0], b.PublicID) },
		"cancelled_by_the_centre":  func(c *centre, b counselling.Booking) error { return c.cancel(c.desk, b.PublicID) },
		"rejected": func(c *centre, b counselling.Booking) error {
			return c.act(giving("临时有安排", counselling.Reject), c.wang, b.PublicID)
		},
		"expired": func(c *centre, b counselling.Booking) error {
			_ = c.clock.MoveTo(b.HeldUntil)
			c.work()
			return nil
		},
		"hours_added": func(c *centre, _ counselling.Booking) error {
			c.hour(50*time.Hour, 1)
			return nil
		},
		"the_student_moves_away": func(c *centre, b counselling.Booking) error {
			other := c.hour(51*time.Hour, 1)
			if err := c.decline(c.students[1], c.offered(c.students[1]).PublicID); err != nil {
				return err
			}
			return c.try(func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.Move(ctx, tx, c.students[0], b.PublicID, other, "")
				return err
			})
		},
		"an_hour_comes_within_the_horizon": func(c *centre, b counselling.Booking) error {
			c.confirm(b.PublicID)
			start := c.clock.Now().Add(30 * 24 * time.Hour)
			c.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.AddHours(ctx, tx, c.desk, counselling.HoursEdit{
					Counsellor: c.counsellors[0].PublicID, StartsAt: start, EndsAt: start.Add(time.Hour), Capacity: 1, Weeks: 1,
				})
				return err
			})
			c.unoffered(c.students[1])
			_ = c.clock.MoveTo(c.clock.Now().Add(2*24*time.Hour - time.Hour))
			c.work()
			c.unoffered(c.students[1])
			_ = c.clock.MoveTo(c.clock.Now().Add(time.Hour))
			c.work()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 2)
			b := c.fullHour(72 * time.Hour)
			c.join(c.students[1], counselling.Want{})
			if err := free(c, b); err != nil {
				t.Fatal(err)
			}
			c.offered(c.students[1])
			c.sound()
		})
	}
}

func TestAFreePlaceThatFitsIsOfferedToWhoJoins(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	c.hour(30*time.Hour, 1)
	if w := c.join(c.students[0], counselling.Want{}); w.Offer == nil {
		t.Errorf("nothing offered: %+v", w)
	}
	c.sound()
}

func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 3)
	if err := c.tryJoin(c.students[0], counselling.Want{}); !errors.Is(err, counselling.ErrNotAgreed) {
		t.Errorf("without the notice: %v", err)
	}
	if err := c.tryJoin(c.fudaoyuan, counselling.Want{}); !errors.Is(err, counselling.ErrStudentsOnly) {
		t.Errorf("a teacher: %v", err)
	}
	c.agree(c.students...)
	now := c.clock.Now()
	for field, w := range map[string]counselling.Want{
		"counsellor": {Counsellor: store.NewPublicID()}, "campus": {Campus: "moon"}, "part": {Part: "noon"},
		"to": {From: now.AddDate(0, 0, 3), To: now.AddDate(0, 0, 2)},
	} {
		if err := c.tryJoin(c.students[0], w); errs.FieldsOf(err)[field] == "" {
			t.Errorf("%+v: %v, want the field %s", w, err, field)
		}
	}
	if err := c.tryJoin(c.students[0], counselling.Want{Earlier: true}); !errors.Is(err, counselling.ErrNoEarlier) {
		t.Errorf("earlier than nothing: %v", err)
	}
	c.join(c.students[1], counselling.Want{})
	if err := c.tryJoin(c.students[1], counselling.Want{Part: counselling.Morning}); !strings.HasPrefix(errs.MessageOf(err), "你已经在排队，现在第 1 位：哪位老师都可以 · 什么时候都行") {
		t.Errorf("twice: %v", err)
	}
	c.sound()
}

func TestAnOfferAtNightWaitsForTheMorning(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	b := c.wantedHour(60*time.Hour, 1)
	at := func(day, hour, minute int) time.Time {
		return time.Date(2026, 10, day, hour, minute, 0, 0, c.db.Zone())
	}
	_ = c.clock.MoveTo(at(12, 23, 40))
	c.mustCancel(c.students[0], b.PublicID)
	o := c.offered(c.students[1])
	if !o.OpensAt.Equal(at(13, 7, 0)) || !o.Until.Equal(at(13, 7, 30)) {
		t.Errorf("opens %v, until %v; want 07:00 and 07:30", o.OpensAt, o.Until)
	}
	c.sound()
}

func TestTheClockOfAnOfferStopsInQuietHours(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	b := c.wantedHour(60*time.Hour, 1)
	_ = c.clock.MoveTo(time.Date(2026, 10, 12, 22, 20, 0, 0, c.db.Zone()))
	c.mustCancel(c.students[0], b.PublicID)
	if o, want := c.offered(c.students[1]), time.Date(2026, 10, 13, 7, 20, 0, 0, c.db.Zone()); !o.Until.Equal(want) {
		t.Errorf("until %v, want %v", o.Until, want)
	}
}

func TestNearItsStartAPlaceIsHeldShorterAndThenNotOfferedAtAll(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before time.Duration // the start
		held   time.Duration // 0: not offered
	}{
		"shorter":         {150*time.Minute + 12*time.Minute, 12 * time.Minute},
		"too_late_to_ask": {150*time.Minute + 4*time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 2)
			b := c.wantedHour(5*time.Hour, 1)
			_ = c.clock.MoveTo(b.Slot.StartsAt.Add(-tt.before))
			c.mustCancel(c.students[0], b.PublicID)
			if w := c.wait(c.students[1]); tt.held == 0 && w.Offer != nil || tt.held > 0 && !c.offered(c.students[1]).Until.Equal(c.clock.Now().Add(tt.held)) {
				t.Errorf("offer = %+v, want held for %v", w.Offer, tt.held)
			}
			c.sound()
		})
	}
}

func TestAnEarlierPlaceMovesTheBooking(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	early := c.fullHour(30 * time.Hour)
	late := c.mustBook(c.students[1], c.hour(50*time.Hour, 1))
	if w := c.join(c.students[1], counselling.Want{}); !w.Want.Earlier {
		t.Errorf("who has a booking waits for an earlier one: %+v", w.Want)
	}
	c.hour(70*time.Hour, 1)
	c.unoffered(c.students[1]) // later than what the student has
	c.mustCancel(c.students[0], early.PublicID)
	b, err := c.accept(c.students[1], c.offered(c.students[1]).PublicID)
	if err != nil || b.PublicID != late.PublicID || b.Slot.PublicID != early.Slot.PublicID {
		t.Errorf("Accept = booking %s in %s, %v; want the same booking in the earlier hour", b.PublicID, b.Slot.PublicID, err)
	}
	if c.wait(c.students[1]) != nil {
		t.Error("who was moved waits on")
	}
	if _, err := c.book(c.students[0], late.Slot.PublicID); err != nil {
		t.Errorf("the hour given up is free: %v", err)
	}
	c.sound()
}

func TestWhoCancelsTheBookingWaitsForNothingEarlier(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	b := c.fullHour(30 * time.Hour)
	c.join(c.students[0], counselling.Want{})
	c.mustCancel(c.students[0], b.PublicID)
	if w := c.wait(c.students[0]); w != nil {
		t.Errorf("waits on: %+v", w)
	}
	c.sound()
}

func TestABookingThatAnswersTheWishEndsTheWaitAndPassesItsOfferOn(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 3)
	b := c.wantedHour(30*time.Hour, 1)
	c.join(c.students[2], counselling.Want{Part: counselling.Afternoon})
	c.mustCancel(c.students[0], b.PublicID)
	evening := c.hour(34*time.Hour, 1) // 19:00: nobody else in the queue wants it
	c.mustBook(c.students[1], evening)
	if c.wait(c.students[1]) != nil {
		t.Error("who has an hour waits on")
	}
	c.offered(c.students[2])
	c.sound()
}

func TestAClosedHourIsNotOfferedAnyMore(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	b := c.freedHour(1)
	o := c.offered(c.students[1])
	c.update(func(ctx context.Context, tx *store.Tx) error {
		left, err := counselling.CloseHour(ctx, tx, c.desk, b.Slot.PublicID)
		if left != 0 {
			t.Errorf("%d bookings left, want none: an offer is no booking", left)
		}
		return err
	})
	c.unoffered(c.students[1])
	if _, err := c.accept(c.students[1], o.PublicID); errs.MessageOf(err) != "10月13日（周二）15:00 的空位已经撤下了。你还在排队，第 1 位，有合适的空位再告诉你。" {
		t.Errorf("Accept = %v", err)
	}
	c.sound()
}

func TestAWaitIsAskedAboutOnceAndEndsWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	c.join(c.students[0], counselling.Want{})
	c.join(c.students[1], counselling.Want{})
	_ = c.clock.MoveTo(c.clock.Now().AddDate(0, 0, 14))
	c.work()
	c.work()
	if n := c.count(`select count(*) from send where kind = 'counselling.wait_ask'`); n != 2 {
		t.Fatalf("%d questions, want one each", n)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Keep(ctx, tx, c.students[1])
		return err
	})
	_ = c.clock.MoveTo(c.clock.Now().Add(48 * time.Hour))
	c.work()
	if w := c.wait(c.students[0]); w != nil {
		t.Errorf("nobody answered: %+v", w)
	}
	if w := c.wait(c.students[1]); w == nil || w.Place != 1 {
		t.Errorf("who is still there moves up: %+v", w)
	}
	c.sound()
}

func TestAWaitEndsWithItsLastDay(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	b := c.fullHour(72 * time.Hour)
	c.join(c.students[1], counselling.Want{To: c.clock.Now()})
	_ = c.clock.MoveTo(c.clock.Now().Add(24 * time.Hour))
	c.work()
	if err := c.cancel(c.students[0], b.PublicID); err != nil && errs.KindOf(err) != errs.Conflict {
		t.Fatal(err)
	}
	if w := c.wait(c.students[1]); w != nil {
		t.Errorf("waits on: %+v", w)
	}
	c.sound()
}

func TestTheCentreOffersOutOfOrderOnlyWithAReason(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 4)
	b := c.wantedHour(30*time.Hour, 1)
	c.join(c.students[2], counselling.Want{Counsellor: c.counsellors[1].PublicID})
	third := c.join(c.students[3], counselling.Want{Counsellor: c.counsellors[1].PublicID})
	c.mustCancel(c.students[0], b.PublicID)
	c.mustDecline(c.students[1], c.offered(c.students[1]).PublicID)
	offer := func(who identity.Person, wait, reason string) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := counselling.OfferFree(ctx, tx, who, b.Slot.PublicID, wait, reason)
			return err
		})
	}
	if err := offer(c.fudaoyuan, "", ""); !errors.Is(err, counselling.ErrConfidential) {
		t.Errorf("not of the centre: %v", err)
	}
	if err := offer(c.desk, "", ""); errs.FieldsOf(err)["wait"] == "" {
		t.Errorf("nobody fits: %v", err)
	}
	if err := offer(c.desk, third.PublicID, ""); errs.FieldsOf(err)["reason"] == "" {
		t.Errorf("out of order without a reason: %v", err)
	}
	if err := offer(c.desk, third.PublicID, "与学生电话商量过"); err != nil {
		t.Fatal(err)
	}
	if o := c.offered(c.students[3]); o.By != "何静" || o.Reason == "" {
		t.Errorf("offer = %+v", o)
	}
	if n := c.count(`select count(*) from audit where verb = 'offer.make' and detail::text like '%电话商量%'`); n != 1 {
		t.Errorf("%d audit rows with the reason, want 1", n)
	}
	c.sound()
}

// Nobody but the student and the centre learns who waits.
func TestTheQueueIsConfidential(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 3)
	c.freedHour(1)
	real := c.offered(c.students[1]).PublicID
	for _, p := range []identity.Person{c.students[2], c.fudaoyuan, c.admin, c.desk} {
		for _, id := range []string{real, store.NewPublicID()} {
			if _, err := c.accept(p, id); !errors.Is(err, counselling.ErrConfidential) {
				t.Errorf("%s accepts: %v", p.Name, err)
			}
			if err := c.decline(p, id); !errors.Is(err, counselling.ErrConfidential) {
				t.Errorf("%s declines: %v", p.Name, err)
			}
		}
	}
	for _, p := range []identity.Person{c.students[2], c.fudaoyuan, c.admin} {
		if err := c.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := counselling.Waitlist(ctx, tx, p, c.unit)
			return err
		}); !errors.Is(err, counselling.ErrConfidential) {
			t.Errorf("%s reads the queue: %v", p.Name, err)
		}
	}
	if _, err := func() (counselling.Booking, error) {
		var got counselling.Booking
		err := c.try(func(ctx context.Context, tx *store.Tx) (err error) {
			got, err = counselling.Get(ctx, tx, c.students[1], real)
			return err
		})
		return got, err
	}(); !errors.Is(err, counselling.ErrConfidential) {
		t.Errorf("an offer is read as a booking: %v", err)
	}
}

// What the audit finds is what it was made to find.
func TestTheAuditFindsABrokenQueue(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ sabotage, finds string }{
		"no_consent":      {`delete from counselling_consent`, "was begun without consent"},
		"no_seat":         {`delete from booking where state = 'offered'`, "holds no seat"},
		"held_for_nobody": {`update offer set state = 'declined', ended_at = offered_at`, "which is over"},
		"late":            {`update offer set until = until - interval '2 hours', opens_at = opens_at - interval '3 hours'`, "is open beyond its time"},
		"out_of_order":    {`update offer set wait_id = (select max(id) from wait)`, "is out of order without a reason"},
		"not_offered":     {`with o as (delete from offer) delete from booking where state = 'offered'`, "was not offered free hour"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 3)
			c.freedHour(2)
			c.sound()
			var lines []string
			c.update(func(ctx context.Context, tx *store.Tx) (err error) {
				if _, err = tx.ExecContext(ctx, tt.sabotage); err != nil {
					return err
				}
				lines, err = counselling.Broken(ctx, tx)
				return err
			})
			if !strings.Contains(strings.Join(lines, "\n"), tt.finds) {
				t.Errorf("audit says %q, want %q", lines, tt.finds)
			}
		})
	}
}

// A counsellor who left offers no hour again: who waited for that one alone keeps the place
// in the queue, for anybody, and is told once.
func TestWhoWaitsForACounsellorWhoLeftWaitsForAnybodyInTheSamePlace(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 3)
	c.agree(c.students...)
	for i, want := range []counselling.Want{{Counsellor: c.counsellors[0].PublicID}, {}, {Counsellor: c.counsellors[1].PublicID}} {
		c.join(c.students[i], want)
	}
	for range 2 { // the second time changes nothing and tells nobody
		c.update(func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.ExecContext(ctx, `update account set valid_to = $2 where person_id = $1`, c.wang.ID, tx.Now()); err != nil {
				return err
			}
			return counselling.Departures(ctx, tx)
		})
	}
	if w := c.wait(c.students[0]); w == nil || w.Place != 1 || w.Want.Counsellor != "" {
		t.Errorf("the wait is %+v", w)
	}
	if w := c.wait(c.students[2]); w == nil || w.Want.Counsellor != c.counsellors[1].PublicID {
		t.Errorf("who waits for another one: %+v", w)
	}
	if told := c.told(counselling.KindWaitWidened); len(told) != 1 || told[c.students[0].ID] != 1 {
		t.Errorf("told %v", told)
	}
	c.liHour(30 * time.Hour)
	if o := c.offered(c.students[0]); o.Slot.Counsellor != c.counsellors[1].PublicID {
		t.Errorf("offered an hour of %s", o.Slot.Name)
	}
	c.sound()
}
