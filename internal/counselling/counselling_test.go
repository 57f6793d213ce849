package counselling_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

func TestBook(t *testing.T) {
	t.Parallel()
	t.Run("pending_until_a_day_has_passed_or_two_hours_before", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 2)
		c.agree(c.students...)
		far := c.mustBook(c.students[0], c.hour(72*time.Hour, 1))
		near := c.mustBook(c.students[1], c.hour(6*time.Hour, 1))
		if far.State != counselling.Pending || !far.HeldUntil.Equal(c.clock.Now().Add(24*time.Hour)) {
			t.Errorf("far: %s until %v", far.State, far.HeldUntil)
		}
		if !near.HeldUntil.Equal(c.clock.Now().Add(4 * time.Hour)) {
			t.Errorf("near: held until %v", near.HeldUntil)
		}
		c.sound()
	})
	refusals := []struct {
		name  string
		hour  time.Duration
		agree bool
		who   func(*centre) identity.Person
		want  error
	}{
		{"without_the_notice_nothing", 72 * time.Hour, false, student, counselling.ErrNotAgreed},
		{"too_soon_to_be_confirmed", 2 * time.Hour, true, student, counselling.ErrTooSoon},
		{"beyond_the_horizon", 40 * 24 * time.Hour, true, student, counselling.ErrTooFar},
		{"teachers_do_not_book", 72 * time.Hour, true, func(c *centre) identity.Person { return c.fudaoyuan }, counselling.ErrStudentsOnly},
	}
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 1)
			if tt.agree {
				c.agree(c.students...)
			}
			start := c.clock.Now().Add(tt.hour)
			var slot string
			c.update(func(ctx context.Context, tx *store.Tx) error {
				if _, err := counselling.AddHours(ctx, tx, c.desk, counselling.HoursEdit{
					Counsellor: c.counsellors[0].PublicID,
					StartsAt:   start, EndsAt: start.Add(time.Hour), Capacity: 1, Weeks: 1,
				}); err != nil {
					return err
				}
				return tx.GetContext(ctx, &slot, `select public_id from slot`)
			})
			if _, err := c.book(tt.who(c), slot); !errors.Is(err, tt.want) {
				t.Errorf("Book = %v, want %v", err, tt.want)
			}
			c.sound()
		})
	}
	t.Run("a_full_hour_names_the_nearest_free_ones", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 2)
		c.agree(c.students...)
		slot := c.hour(25*time.Hour, 1)
		c.hour(26*time.Hour, 1)
		c.mustBook(c.students[0], slot)
		_, err := c.book(c.students[1], slot)
		if want := "这个时间刚刚约满。最近的空位：明天 11:00；也可以排队。"; errs.MessageOf(err) != want {
			t.Errorf("message = %q, want %q", errs.MessageOf(err), want)
		}
	})
	t.Run("a_new_text_of_the_notice_is_agreed_to_anew", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 1)
		c.agree(c.students...)
		slot := c.hour(25*time.Hour, 1)
		c.update(func(ctx context.Context, tx *store.Tx) error {
			return counselling.PublishNotice(ctx, tx, c.head, c.unit, notice+"新增一条：请带学生证。")
		})
		if _, err := c.book(c.students[0], slot); !errors.Is(err, counselling.ErrNotAgreed) {
			t.Errorf("Book = %v, want ErrNotAgreed", err)
		}
	})
}

func student(c *centre) identity.Person { return c.students[0] }

func TestTwoHundredPressForOnePlace(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 200)
	c.agree(c.students...)
	slot := c.hour(30*time.Hour, 1)
	won := race(c, c.students, func(s identity.Person) error { _, err := c.book(s, slot); return err })
	if won != 1 {
		t.Errorf("%d bookings, want 1", won)
	}
	c.sound()
}

func TestThreeSeatsAreGivenThrice(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 40)
	c.agree(c.students...)
	slot := c.hour(30*time.Hour, 3)
	if won := race(c, c.students, func(s identity.Person) error { _, err := c.book(s, slot); return err }); won != 3 {
		t.Errorf("%d bookings, want 3", won)
	}
	c.sound()
}

func TestOneStudentOnEveryFaceAtOnce(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	slots := make([]string, 12)
	for i := range slots {
		slots[i] = c.hour(time.Duration(30+i)*time.Hour, 1)
	}
	if won := race(c, slots, func(slot string) error { _, err := c.book(c.students[0], slot); return err }); won != 1 {
		t.Errorf("%d bookings, want 1", won)
	}
	c.sound()
}

// race runs fn for every item at once and returns how many succeeded; a refusal
// must be one a person can read.
func race[T any](c *centre, items []T, fn func(T) error) int {
	c.t.Helper()
	start := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for _, item := range items {
		wg.Go(func() {
			<-start
			err := fn(item)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case errs.KindOf(err) == errs.Internal:
				c.t.Errorf("not a sentence for the person: %v", err)
			}
		})
	}
	close(start)
	wg.Wait()
	return won
}

// together does all acts at once and returns how many succeeded.
func (c *centre) together(acts ...func() error) int {
	c.t.Helper()
	return race(c, acts, func(act func() error) error { return act() })
}

func TestDecide(t *testing.T) {
	t.Parallel()
	t.Run("two_officers_one_decision", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 1)
		c.agree(c.students...)
		b := c.mustBook(c.students[0], c.hour(30*time.Hour, 1))
		won := race(c, []identity.Person{c.wang, c.desk, c.head, c.li}, func(p identity.Person) error {
			if p.ID == c.desk.ID {
				return c.act(giving("这个时间老师临时有安排", counselling.Reject), p, b.PublicID)
			}
			return c.act(counselling.Confirm, p, b.PublicID)
		})
		if won != 1 {
			t.Errorf("%d decisions, want 1", won)
		}
		c.sound()
	})
	t.Run("the_late_one_reads_what_was_decided", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 1)
		c.agree(c.students...)
		b := c.mustBook(c.students[0], c.hour(30*time.Hour, 1))
		c.confirm(b.PublicID)
		err := c.act(counselling.Confirm, c.desk, b.PublicID)
		if got := errs.MessageOf(err); !strings.HasPrefix(got, "王若溪老师已在 10月12日（周一）09:00 处理：已确认") {
			t.Errorf("message = %q", got)
		}
	})
	t.Run("after_the_deadline_the_place_is_free_again", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 2)
		c.agree(c.students...)
		slot := c.hour(72*time.Hour, 1)
		b := c.mustBook(c.students[0], slot)
		_ = c.clock.MoveTo(b.HeldUntil)
		if err := c.act(counselling.Confirm, c.wang, b.PublicID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("Confirm at the deadline = %v, want a conflict", err)
		}
		r := &job.Runner{DB: c.db, Kinds: map[string]job.Step{counselling.ExpireJob: counselling.Expire}}
		if did, err := r.Step(context.Background(), 0); !did || err != nil {
			t.Fatalf("Step = %v, %v", did, err)
		}
		if _, err := c.book(c.students[1], slot); err != nil {
			t.Errorf("the freed place: %v", err)
		}
		c.sound()
	})
}

// Nobody but the student and the centre learns anything, also not whether an id is real.
func TestConfidential(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	b := c.mustBook(c.students[0], c.hour(30*time.Hour, 1))
	verbs := map[string]verb{
		"get": counselling.Get, "confirm": counselling.Confirm, "reject": giving("临时有安排", counselling.Reject),
		"arrive": counselling.Arrive, "miss": counselling.Miss, "cancel": giving("临时有安排", counselling.Cancel),
	}
	for who, p := range map[string]identity.Person{"fudaoyuan": c.fudaoyuan, "admin": c.admin, "other_student": c.students[1]} {
		for verb, do := range verbs {
			for kind, id := range map[string]string{"real": b.PublicID, "unreal": store.NewPublicID()} {
				if err := c.act(do, p, id); !errors.Is(err, counselling.ErrConfidential) {
					t.Errorf("%s %s %s booking: %v, want ErrConfidential", who, verb, kind, err)
				}
			}
		}
		if err := c.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := counselling.DayList(ctx, tx, p, c.unit, tx.Now())
			return err
		}); !errors.Is(err, counselling.ErrConfidential) {
			t.Errorf("%s day list: %v", who, err)
		}
	}
}

func TestReminders(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	b := c.mustBook(c.students[0], c.hour(53*time.Hour, 1)) // Wednesday 14:00
	c.confirm(b.PublicID)
	zone := c.db.Zone()
	dues := c.reminders()
	if len(dues) != 4 { // two each for student and counsellor
		t.Fatalf("%d reminders, want 4: %v", len(dues), dues)
	}
	for _, at := range dues {
		local := at.In(zone)
		if m := local.Minute(); m == 0 || m == 30 {
			t.Errorf("reminder at %v: WeCom asks to avoid minute %d", local, m)
		}
		eve := local.Day() == 13 && local.Hour() == 19 && local.Minute() >= 48
		soon := local.Day() == 14 && (local.Hour() == 12 && local.Minute() >= 55 || local.Hour() == 13 && local.Minute() == 0)
		if !eve && !soon {
			t.Errorf("reminder at %v, want about 19:50 the day before or an hour before", local)
		}
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Cancel(ctx, tx, c.students[0], b.PublicID, "")
		return err
	})
	if left := c.reminders(); len(left) != 0 {
		t.Errorf("%d reminders left after cancelling", len(left))
	}
	c.sound()
}

func (c *centre) reminders() (dues []time.Time) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.SelectContext(ctx, &dues, `select due_at from send where kind in ('counselling.eve', 'counselling.soon') and state = 'waiting'`)
	})
	return dues
}

func TestStatesAgreeWithTheSchema(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	var check string
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.GetContext(ctx, &check, `select pg_get_constraintdef(oid) from pg_constraint where conname = 'booking_state_is_known'`)
	})
	var inSQL []string
	for part := range strings.SplitSeq(check, "'") {
		if s := strings.TrimSpace(part); s != "" && !strings.ContainsAny(s, "(),:= ") {
			inSQL = append(inSQL, s)
		}
	}
	inGo := []string{"offered"} // the seat of an offer, which is no booking yet
	for _, s := range counselling.States() {
		inGo = append(inGo, string(s))
	}
	slices.Sort(inSQL)
	slices.Sort(inGo)
	if diff := cmp.Diff(inGo, inSQL); diff != "" {
		t.Errorf("states (-Go +SQL):\n%s", diff)
	}
}
