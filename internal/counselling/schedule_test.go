package counselling_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// at is a day of October 2026 in the school's zone; the clock stands on Monday the 12th
// at nine.
func (c *centre) at(day, hour int) time.Time {
	return time.Date(2026, 10, day, hour, 0, 0, 0, c.db.Zone())
}

// rule is every Tuesday from 14 to 16, two hours of fifty minutes.
func (c *centre) rule(edit ...func(*counselling.Rule)) counselling.Rule {
	r := counselling.Rule{
		Weekdays: []time.Weekday{time.Tuesday}, Weeks: counselling.EveryWeek, From: 14 * 60, To: 16 * 60, Length: 50, Buffer: 10,
		Code: "east", Place: "学生活动中心 301", Capacity: 1, Begins: c.at(12, 0),
	}
	for _, e := range edit {
		e(&r)
	}
	return r
}

func (c *centre) save(r counselling.Rule, who ...int) counselling.Change {
	c.t.Helper()
	n := 0
	if len(who) > 0 {
		n = who[0]
	}
	return c.change(func(ctx context.Context, tx *store.Tx) (counselling.Change, error) {
		return counselling.SaveRule(ctx, tx, c.desk, c.counsellors[n].PublicID, r)
	})
}

func (c *centre) change(fn func(ctx context.Context, tx *store.Tx) (counselling.Change, error)) (change counselling.Change) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		change, err = fn(ctx, tx)
		return err
	})
	return change
}

func (c *centre) schedule() (s counselling.Schedule) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		s, err = counselling.ScheduleOf(ctx, tx, c.desk, c.counsellors[0].PublicID, tx.Now(), tx.Now().AddDate(0, 0, 60))
		return err
	})
	return s
}

// open lists the hours students see, as 10-13 14:00.
func (c *centre) open() (list []string) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		slots, err := counselling.Slots(ctx, tx, c.head, "", tx.Now(), time.Time{})
		list = nil
		for _, s := range slots {
			list = append(list, s.StartsAt.In(tx.Zone()).Format("01-02 15:04"))
		}
		return err
	})
	return list
}

func (c *centre) slotAt(at time.Time) string {
	c.t.Helper()
	for _, s := range c.schedule().Slots {
		if s.StartsAt.Equal(at) && s.Open {
			return s.PublicID
		}
	}
	c.t.Fatalf("no open hour at %s", at)
	return ""
}

func (c *centre) unsettled() (list []string) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		stranded, err := counselling.Unsettled(ctx, tx, c.desk, c.unit)
		list = nil
		for _, s := range stranded {
			list = append(list, s.Booking.PublicID)
		}
		return err
	})
	return list
}

func (c *centre) want(open ...string) {
	c.t.Helper()
	if diff := cmp.Diff(open, c.open()); diff != "" {
		c.t.Errorf("open hours (-want +got):\n%s", diff)
	}
	c.sound()
}

func (c *centre) special(list ...calendar.Special) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := calendar.SaveDays(ctx, tx, c.admin, list...); err != nil {
			return err
		}
		_, err := counselling.PlanAll(ctx, tx)
		return err
	})
}

func TestARuleOpensItsHoursUpToTheHorizon(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	change := c.save(c.rule())
	c.want("10-13 14:00", "10-13 15:00", "10-20 14:00", "10-20 15:00", "10-27 14:00", "10-27 15:00", "11-03 14:00", "11-03 15:00")
	if len(change.Added) != 10 { // and the day after the horizon, for tomorrow's bookings
		t.Errorf("%d hours added, want 10", len(change.Added))
	}
	if again := c.save(func() counselling.Rule { r := c.rule(); r.PublicID = c.schedule().Rules[0].PublicID; return r }()); !again.None() {
		t.Errorf("the same rule again changes %+v", again)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		special []calendar.Special
		edit    func(c *centre, r *counselling.Rule)
		want    []string
	}{
		{
			"odd_weeks_count_from_the_week_the_rule_begins_in", nil,
			func(c *centre, r *counselling.Rule) { r.Weeks, r.Begins = counselling.OddWeeks, c.at(14, 0) },
			[]string{"10-27 14:00", "10-27 15:00"},
		},
		{
			"even_weeks_are_the_others", nil,
			func(_ *centre, r *counselling.Rule) { r.Weeks = counselling.EvenWeeks },
			[]string{"10-20 14:00", "10-20 15:00", "11-03 14:00", "11-03 15:00"},
		},
		{
			"the_last_day_of_the_term_counts", nil,
			func(c *centre, r *counselling.Rule) { r.Ends = c.at(20, 0) },
			[]string{"10-13 14:00", "10-13 15:00", "10-20 14:00", "10-20 15:00"},
		},
		{
			"the_day_before_the_term_does_not", nil,
			func(c *centre, r *counselling.Rule) { r.Begins, r.Ends = c.at(14, 0), c.at(26, 0) },
			[]string{"10-20 14:00", "10-20 15:00"},
		},
		{
			"an_hour_may_end_at_midnight", nil,
			func(c *centre, r *counselling.Rule) { r.From, r.To, r.Length, r.Ends = 23*60, 24*60, 60, c.at(13, 0) },
			[]string{"10-13 23:00"},
		},
		{
			"an_hour_may_begin_at_midnight", nil,
			func(c *centre, r *counselling.Rule) { r.From, r.To, r.Length, r.Ends = 0, 60, 60, c.at(13, 0) },
			[]string{"10-13 00:00"},
		},
		{
			"what_is_left_of_the_span_is_no_hour", nil,
			func(c *centre, r *counselling.Rule) { r.To, r.Ends = 15*60+40, c.at(13, 0) },
			[]string{"10-13 14:00"},
		},
		{
			"a_holiday_has_no_hours",
			[]calendar.Special{{Kind: calendar.Holiday, Name: "校庆", Day: time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC)}},
			func(c *centre, r *counselling.Rule) { r.Ends = c.at(27, 0) },
			[]string{"10-13 14:00", "10-13 15:00", "10-27 14:00", "10-27 15:00"},
		},
		{
			"a_make_up_saturday_has_those_of_the_weekday_it_follows",
			[]calendar.Special{{Kind: calendar.MakeUp, Name: "调休", Follows: time.Tuesday, Day: time.Date(2026, 10, 17, 0, 0, 0, 0, time.UTC)}},
			func(c *centre, r *counselling.Rule) { r.Ends = c.at(19, 0) },
			[]string{"10-13 14:00", "10-13 15:00", "10-17 14:00", "10-17 15:00"},
		},
		{
			"extra_hours_are_there_on_a_holiday_too",
			[]calendar.Special{{Kind: calendar.Holiday, Name: "校庆", Day: time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC)}},
			func(c *centre, r *counselling.Rule) { r.Weekdays, r.Begins, r.Ends = nil, c.at(20, 0), c.at(20, 0) },
			[]string{"10-20 14:00", "10-20 15:00"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 0)
			c.special(tt.special...)
			r := c.rule()
			tt.edit(c, &r)
			c.save(r)
			c.want(tt.want...)
		})
	}
}

func TestAWrongRuleIsMarkedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	for field, edit := range map[string]func(*counselling.Rule){
		"to":       func(r *counselling.Rule) { r.To = r.From },
		"length":   func(r *counselling.Rule) { r.Length = 121 },
		"buffer":   func(r *counselling.Rule) { r.Buffer = -1 },
		"capacity": func(r *counselling.Rule) { r.Capacity = 0 },
		"campus":   func(r *counselling.Rule) { r.Code = "nowhere" },
		"place":    func(r *counselling.Rule) { r.Place = "心理中心" },
		"ends":     func(r *counselling.Rule) { r.Ends = r.Begins.AddDate(0, 0, -1) },
		"weekdays": func(r *counselling.Rule) { r.Weekdays = nil },
	} {
		err := c.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := counselling.SaveRule(ctx, tx, c.desk, c.counsellors[0].PublicID, c.rule(edit))
			return err
		})
		if errs.FieldsOf(err)[field] == "" {
			t.Errorf("%s: %v, want it marked", field, err)
		}
	}
	if got := c.schedule().Rules; len(got) != 0 {
		t.Errorf("%d rules were written", len(got))
	}
}

func TestPreviewSaysWhatAnEditWouldChangeAndChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	c.save(c.rule())
	before := c.open()
	b := c.mustBook(c.students[0], c.slotAt(c.at(20, 14)))
	edited := c.rule(func(r *counselling.Rule) { r.From, r.To = 15*60, 17*60 })
	edited.PublicID = c.schedule().Rules[0].PublicID
	var looked counselling.Change
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		looked, err = counselling.Preview(ctx, tx, func() (counselling.Change, error) {
			return counselling.SaveRule(ctx, tx, c.desk, c.counsellors[0].PublicID, edited)
		})
		return err
	})
	if len(looked.Added) != 5 || len(looked.Removed) != 4 || len(looked.Stay) != 1 || looked.Stay[0].PublicID != b.PublicID {
		t.Errorf("preview: %d added, %d removed, %d stay; want 5, 4 and the booking", len(looked.Added), len(looked.Removed), len(looked.Stay))
	}
	c.want(before...)
	if got := c.unsettled(); len(got) != 0 {
		t.Errorf("a preview leaves %d bookings to settle", len(got))
	}
	if did := c.save(edited); len(did.Added) != 5 || len(did.Removed) != 4 || len(did.Stay) != 1 {
		t.Errorf("the act is not what the preview said: %+v", did)
	}
	if diff := cmp.Diff([]string{b.PublicID}, c.unsettled()); diff != "" {
		t.Errorf("unsettled (-want +got):\n%s", diff)
	}
	c.sound()
}

func TestABookingOutlivesItsRuleUntilItIsCancelled(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	c.save(c.rule())
	slot := c.slotAt(c.at(20, 14))
	b := c.mustBook(c.students[0], slot)
	c.change(func(ctx context.Context, tx *store.Tx) (counselling.Change, error) {
		return counselling.EndRule(ctx, tx, c.wang, c.schedule().Rules[0].PublicID, c.at(13, 0))
	})
	c.want("10-13 14:00", "10-13 15:00")
	if _, err := c.book(c.students[1], slot); errs.KindOf(err) != errs.Conflict {
		t.Errorf("a closed hour was booked: %v", err)
	}
	c.confirm(b.PublicID) // the student is not turned away silently
	c.update(func(ctx context.Context, tx *store.Tx) error {
		r, err := counselling.Resettle(ctx, tx, c.desk, c.unit, "老师临时有安排", []counselling.Fate{{Booking: b.PublicID, To: counselling.ToCancel}})
		if r.Done != 1 {
			t.Errorf("Resettle = %+v", r)
		}
		return err
	})
	if got := c.unsettled(); len(got) != 0 {
		t.Errorf("unsettled after cancelling: %v", got)
	}
	if left := c.reminders(); len(left) != 0 {
		t.Errorf("%d reminders of a cancelled booking", len(left))
	}
	c.want("10-13 14:00", "10-13 15:00")
}

// The rule goes while the hour is booked, in both orders and both at once: either the
// student has the hour and the desk sees it, or the student reads that it is gone.
func TestARuleEditedWhileAStudentBooksTheSameHour(t *testing.T) {
	t.Parallel()
	end := func(c *centre) {
		c.change(func(ctx context.Context, tx *store.Tx) (counselling.Change, error) {
			return counselling.EndRule(ctx, tx, c.desk, c.schedule().Rules[0].PublicID, c.at(13, 0))
		})
	}
	begin := func(t *testing.T) (*centre, string) {
		c := newCentre(t, 1)
		c.agree(c.students...)
		c.save(c.rule())
		return c, c.slotAt(c.at(20, 14))
	}
	t.Run("booked_first", func(t *testing.T) {
		t.Parallel()
		c, slot := begin(t)
		b := c.mustBook(c.students[0], slot)
		end(c)
		if diff := cmp.Diff([]string{b.PublicID}, c.unsettled()); diff != "" {
			t.Errorf("unsettled (-want +got):\n%s", diff)
		}
		c.sound()
	})
	t.Run("edited_first", func(t *testing.T) {
		t.Parallel()
		c, slot := begin(t)
		end(c)
		if _, err := c.book(c.students[0], slot); errs.KindOf(err) != errs.Conflict {
			t.Errorf("Book = %v, want a sentence", err)
		}
		c.sound()
	})
	for i := range 4 {
		t.Run(fmt.Sprintf("at_once_%d", i), func(t *testing.T) {
			t.Parallel()
			c, slot := begin(t)
			rule := c.schedule().Rules[0].PublicID
			// A seat somebody gave up cannot be taken away; it must not be booked either.
			gone := c.mustBook(c.students[0], slot)
			c.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.Cancel(ctx, tx, c.students[0], gone.PublicID, "")
				return err
			})
			start := make(chan struct{})
			var wg sync.WaitGroup
			var booked counselling.Booking
			var bookErr, endErr error
			wg.Go(func() { <-start; booked, bookErr = c.book(c.students[0], slot) })
			wg.Go(func() {
				<-start
				endErr = c.try(func(ctx context.Context, tx *store.Tx) error {
					_, err := counselling.EndRule(ctx, tx, c.desk, rule, c.at(13, 0))
					return err
				})
			})
			close(start)
			wg.Wait()
			if endErr != nil {
				t.Fatal(endErr)
			}
			var want []string
			if bookErr == nil {
				want = []string{booked.PublicID}
			} else if errs.KindOf(bookErr) == errs.Internal {
				t.Errorf("Book = %v, want a sentence", bookErr)
			}
			if diff := cmp.Diff(want, c.unsettled()); diff != "" {
				t.Errorf("unsettled (-want +got):\n%s", diff)
			}
			c.sound()
		})
	}
}

func TestTwoPlannersAtOnceOpenEachHourOnce(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	c.save(c.rule())
	_ = c.clock.MoveTo(c.clock.Now().AddDate(0, 0, 7))
	race(c, make([]int, 8), func(int) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error { _, err := counselling.PlanAll(ctx, tx); return err })
	})
	c.want("10-20 14:00", "10-20 15:00", "10-27 14:00", "10-27 15:00", "11-03 14:00", "11-03 15:00", "11-10 14:00", "11-10 15:00")
}

func TestTheHorizonMovesOnAtMidnight(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	c.save(c.rule())
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return job.Put(ctx, tx, counselling.NightJob, "all", "school", tx.Now(), struct{}{})
	})
	r := &job.Runner{DB: c.db, Kinds: map[string]job.Step{counselling.NightJob: counselling.Night}}
	for i, at := range []time.Time{c.clock.Now(), c.at(13, 0), c.at(14, 0), c.at(15, 0)} {
		_ = c.clock.MoveTo(at)
		if did, err := r.Step(context.Background(), 0); !did || err != nil {
			t.Fatalf("night %d: %v, %v", i, did, err)
		}
		if did, err := r.Step(context.Background(), 0); did || err != nil {
			t.Fatalf("night %d runs twice: %v, %v", i, did, err)
		}
	}
	_ = c.clock.MoveTo(c.at(15, 14))
	if got := c.open(); !slices.Contains(got, "11-10 14:00") {
		t.Errorf("the hours of 11-10 are not open on 10-15: %v", got)
	}
	c.sound()
}

func TestCapacityFollowsTheRuleAndNeverLosesABooking(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 3)
	c.agree(c.students...)
	group := func(n int) counselling.Rule {
		r := c.rule(func(r *counselling.Rule) { r.Capacity, r.Ends = n, c.at(13, 0) })
		if have := c.schedule().Rules; len(have) > 0 {
			r.PublicID = have[0].PublicID
		}
		return r
	}
	c.save(group(1))
	slot := c.slotAt(c.at(13, 14))
	c.save(group(3))
	bookings := make([]counselling.Booking, 3)
	for i, s := range c.students {
		bookings[i] = c.mustBook(s, slot)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Cancel(ctx, tx, c.students[1], bookings[1].PublicID, "")
		return err
	})
	c.save(group(1))
	for _, s := range c.schedule().Slots {
		if s.PublicID == slot && (s.Capacity != 2 || s.Taken != 2 || s.Free() != 0) {
			t.Errorf("%d of %d places are taken, want both of two", s.Taken, s.Capacity)
		}
	}
	if got := c.unsettled(); len(got) != 0 {
		t.Errorf("fewer places strand %v", got)
	}
	c.sound()
}

func TestTwoCounsellorsAreNotInOneRoomAtOnceUnlessItIsShared(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	r := c.rule(func(r *counselling.Rule) { r.Ends = c.at(13, 0) })
	c.save(r)
	change := c.save(r, 1)
	if len(change.Added) != 0 || len(change.Blocked) != 2 {
		t.Errorf("%d added and %d blocked, want none and two", len(change.Added), len(change.Blocked))
	}
	c.want("10-13 14:00", "10-13 15:00")
	r.Shared = true
	r.PublicID = c.schedule().Rules[0].PublicID
	c.save(r)
	c.update(func(ctx context.Context, tx *store.Tx) error { _, err := counselling.PlanAll(ctx, tx); return err })
	c.want("10-13 14:00", "10-13 14:00", "10-13 15:00", "10-13 15:00")
	r.Shared = false
	if err := c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.SaveRule(ctx, tx, c.desk, c.counsellors[0].PublicID, r)
		return err
	}); errs.MessageOf(err) != errs.MessageOf(counselling.ErrRoomBusy) {
		t.Errorf("one counsellor alone in a room of two: %v, want ErrRoomBusy", err)
	}
}

func TestTwoCounsellorsAskForOneRoomAtOnce(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	race(c, []int{0, 1}, func(n int) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := counselling.SaveRule(ctx, tx, c.desk, c.counsellors[n].PublicID, c.rule(func(r *counselling.Rule) { r.Ends = c.at(13, 0) }))
			return err
		})
	})
	c.want("10-13 14:00", "10-13 15:00")
}

func TestANewHolidayNamesTheBookingsItMeetsAndKeepsThem(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	c.save(c.rule(func(r *counselling.Rule) { r.Ends = c.at(20, 0) }))
	c.hour(8*24*time.Hour, 1) // by hand, on the same day
	b := c.mustBook(c.students[0], c.slotAt(c.at(20, 15)))
	day := calendar.Special{Kind: calendar.Holiday, Name: "校庆", Day: c.at(20, 0)}
	c.special(day)
	c.want("10-13 14:00", "10-13 15:00")
	if diff := cmp.Diff([]string{b.PublicID}, c.unsettled()); diff != "" {
		t.Errorf("unsettled (-want +got):\n%s", diff)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error { // the holiday was a mistake
		if err := calendar.RemoveDay(ctx, tx, c.admin, day.Day); err != nil {
			return err
		}
		_, err := counselling.PlanAll(ctx, tx)
		return err
	})
	if got := c.unsettled(); len(got) != 0 {
		t.Errorf("unsettled after the holiday is gone: %v", got)
	}
	c.want("10-13 14:00", "10-13 15:00", "10-20 14:00", "10-20 15:00")
}

func TestAClosedHourStaysClosed(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	c.save(c.rule(func(r *counselling.Rule) { r.Ends = c.at(13, 0) }))
	slot := c.slotAt(c.at(13, 14))
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.CloseHour(ctx, tx, c.wang, slot)
		return err
	})
	c.update(func(ctx context.Context, tx *store.Tx) error { _, err := counselling.PlanAll(ctx, tx); return err })
	c.want("10-13 15:00")
	c.change(func(ctx context.Context, tx *store.Tx) (counselling.Change, error) {
		return counselling.Back(ctx, tx, c.wang, c.schedule().Offs[0].PublicID)
	})
	c.want("10-13 14:00", "10-13 15:00")
}

func TestACounsellorFallsIll(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 3)
	c.agree(c.students...)
	c.save(c.rule(func(r *counselling.Rule) { r.Ends = c.at(20, 0) }))
	first := c.mustBook(c.students[0], c.slotAt(c.at(13, 14)))
	second := c.mustBook(c.students[1], c.slotAt(c.at(13, 15)))
	c.confirm(first.PublicID)
	c.update(func(ctx context.Context, tx *store.Tx) error {
		change, err := counselling.Away(ctx, tx, c.desk, c.counsellors[0].PublicID, c.at(13, 0), c.at(14, 0), counselling.WhyIll)
		if err != nil {
			return err
		}
		if len(change.Stay) != 2 {
			t.Errorf("%d bookings are affected, want 2", len(change.Stay))
		}
		r, err := counselling.Resettle(ctx, tx, c.desk, c.unit, "老师临时来不了，很抱歉", []counselling.Fate{
			{Booking: first.PublicID, To: counselling.ToNext}, {Booking: second.PublicID, To: counselling.ToCancel},
		})
		if r.Done != 2 || r.Left != 0 {
			t.Errorf("Resettle = %+v, want both done", r)
		}
		return err
	})
	c.want("10-20 14:00", "10-20 15:00")
	if got := c.unsettled(); len(got) != 0 {
		t.Errorf("unsettled: %v", got)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		b, err := counselling.Get(ctx, tx, c.students[0], first.PublicID)
		if err == nil && (b.State != counselling.Confirmed || !b.Slot.StartsAt.Equal(c.at(20, 14))) {
			t.Errorf("the first booking is %s at %s, want confirmed a week later", b.State, b.Slot.StartsAt)
		}
		return err
	})
	for _, at := range c.reminders() {
		if at.Before(c.at(19, 0)) {
			t.Errorf("a reminder of the old hour at %s", at)
		}
	}
	// A second press finds nothing left to do and tells nobody again.
	c.update(func(ctx context.Context, tx *store.Tx) error {
		r, err := counselling.Resettle(ctx, tx, c.desk, c.unit, "老师临时来不了，很抱歉", []counselling.Fate{{Booking: first.PublicID, To: counselling.ToCancel}})
		if r.Done != 0 || r.Left != 1 {
			t.Errorf("Resettle again = %+v, want it left alone", r)
		}
		return err
	})
	var told int
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.GetContext(ctx, &told, `select count(*) from outbox o join send s on s.id = o.send_id where s.kind in ('counselling.moved', 'counselling.cancelled') and o.person_id = any($1)`,
			personIDs(c.students))
	})
	if told != 2 {
		t.Errorf("%d messages to two students, want one each", told)
	}
}

func TestManyBookingsAreSettledInChunksThatGoOnWhereTheyStopped(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 45)
	c.agree(c.students...)
	c.save(c.rule(func(r *counselling.Rule) { r.Capacity, r.Ends = 45, c.at(13, 0) }))
	slot := c.slotAt(c.at(13, 14))
	fates := make([]counselling.Fate, len(c.students))
	for i, s := range c.students {
		fates[i] = counselling.Fate{Booking: c.mustBook(s, slot).PublicID, To: counselling.ToCancel}
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := counselling.Away(ctx, tx, c.desk, c.counsellors[0].PublicID, c.at(13, 0), c.at(14, 0), counselling.WhyIll); err != nil {
			return err
		}
		r, err := counselling.Resettle(ctx, tx, c.desk, c.unit, "老师临时来不了，很抱歉", fates)
		if r.Waiting != 45 {
			t.Errorf("Resettle = %+v, want all to wait for the job", r)
		}
		return err
	})
	r := &job.Runner{DB: c.db, Kinds: map[string]job.Step{counselling.ResettleJob: counselling.ResettleStep}}
	for _, left := range []int{25, 5, 0} {
		if did, err := r.Step(context.Background(), 0); !did || err != nil {
			t.Fatalf("Step = %v, %v", did, err)
		}
		if got := len(c.unsettled()); got != left {
			t.Errorf("%d bookings are left, want %d", got, left)
		}
	}
	c.sound()
}

func TestACounsellorWhoLeavesLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]string{
		"the_account_was_closed":   `update account set valid_to = $2 where person_id = $1`,
		"the_employment_has_ended": `update enrolment set status = 'left' where person_id = $1 and $2::timestamptz is not null`,
		"the_role_was_revoked":     `update role set valid_to = $2 where person_id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 1)
			c.agree(c.students...)
			c.save(c.rule())
			c.hour(49*time.Hour, 1)
			b := c.mustBook(c.students[0], c.slotAt(c.at(20, 14)))
			for range 2 { // the second time changes nothing and tells nobody
				c.update(func(ctx context.Context, tx *store.Tx) error {
					if _, err := tx.ExecContext(ctx, leave, c.wang.ID, tx.Now()); err != nil {
						return err
					}
					return counselling.Departures(ctx, tx)
				})
			}
			c.want()
			if diff := cmp.Diff([]string{b.PublicID}, c.unsettled()); diff != "" {
				t.Errorf("unsettled (-want +got):\n%s", diff)
			}
			var told []int64
			c.update(func(ctx context.Context, tx *store.Tx) error {
				return tx.SelectContext(ctx, &told, `select person_id from outbox o join send s on s.id = o.send_id where s.kind = 'counselling.gone' order by 1`)
			})
			if diff := cmp.Diff([]int64{int64(c.head.ID), int64(c.desk.ID)}, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			if count := c.left(c.desk); count != 1 {
				t.Errorf("the desk counts %d bookings to settle, want 1", count)
			}
		})
	}
}

func (c *centre) left(who identity.Person) (n int) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		n, err = counselling.UnsettledCount(ctx, tx, who)
		return err
	})
	return n
}

func TestOnlyTheCentreReadsAndChangesWhenHoursAre(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.save(c.rule())
	s := c.schedule()
	id := s.Counsellor.PublicID
	for who, p := range map[string]identity.Person{"student": c.students[0], "admin": c.admin, "fudaoyuan": c.fudaoyuan, "other_counsellor": c.li} {
		verbs := map[string]func(ctx context.Context, tx *store.Tx) error{
			"save": func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.SaveRule(ctx, tx, p, id, c.rule())
				return err
			},
			"end": func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.EndRule(ctx, tx, p, s.Rules[0].PublicID, tx.Now())
				return err
			},
			"away": func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.Away(ctx, tx, p, id, c.at(13, 0), c.at(14, 0), counselling.WhyIll)
				return err
			},
		}
		if who != "other_counsellor" {
			verbs["schedule"] = func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.ScheduleOf(ctx, tx, p, id, tx.Now(), tx.Now())
				return err
			}
			verbs["unsettled"] = func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.Unsettled(ctx, tx, p, c.unit)
				return err
			}
			verbs["resettle"] = func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.Resettle(ctx, tx, p, c.unit, "临时有安排", []counselling.Fate{{Booking: "x", To: counselling.ToCancel}})
				return err
			}
		}
		for name, verb := range verbs {
			if err := c.try(verb); errs.MessageOf(err) != errs.MessageOf(counselling.ErrConfidential) {
				t.Errorf("%s %s: %v, want ErrConfidential", who, name, err)
			}
		}
	}
}

func personIDs(list []identity.Person) pq.Int64Array {
	ids := make(pq.Int64Array, len(list))
	for i, p := range list {
		ids[i] = int64(p.ID)
	}
	return ids
}
