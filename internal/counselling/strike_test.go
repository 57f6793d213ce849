package counselling_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// come lets the student book, be confirmed and come or stay away, and returns the booking.
func (c *centre) come(who identity.Person, came bool) counselling.Booking {
	c.t.Helper()
	b := c.confirm(c.mustBook(who, c.hour(24*time.Hour, 1)).PublicID)
	c.advance(24*time.Hour + 15*time.Minute)
	do := counselling.Miss
	if came {
		do = counselling.Arrive
	}
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		b, err = do(ctx, tx, c.desk, b.PublicID)
		return err
	})
	return b
}

func (c *centre) strikes(who identity.Person) (s counselling.Strikes) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		s, err = counselling.MyStrikes(ctx, tx, who)
		return err
	})
	return s
}

func (c *centre) appeal(who identity.Person, strike, text string) error {
	return c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Appeal(ctx, tx, who, strike, text)
		return err
	})
}

func (c *centre) lift(who identity.Person, strike, reason string) error {
	return c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Lift(ctx, tx, who, strike, reason)
		return err
	})
}

func (c *centre) keep(who identity.Person, strike, reason string) error {
	return c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Uphold(ctx, tx, who, strike, reason)
		return err
	})
}

// trail lists what was audited about a strike.
func (c *centre) trail(strike string) string {
	c.t.Helper()
	var acts []string
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.SelectContext(ctx, &acts, `select verb from audit where object = 'strike/' || $1 order by id`, strike)
	})
	return strings.Join(acts, " ")
}

func TestNobodyHasTheNinthOfEight(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	for range 7 {
		c.come(c.students[0], true)
	}
	slots := make([]string, 10)
	for i := range slots {
		slots[i] = c.hour(time.Duration(30+i)*time.Hour, 1)
	}
	press := func(slot string) error { _, err := c.book(c.students[0], slot); return err }
	if won := race(c, slots, press); won != 1 {
		t.Errorf("%d hours were the eighth, want 1", won)
	}
	var open []counselling.Booking
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		open, err = counselling.Mine(ctx, tx, c.students[0])
		return err
	})
	c.confirm(open[0].PublicID)
	_ = c.clock.MoveTo(open[0].Slot.StartsAt)
	c.mustAct(counselling.Arrive, c.desk, open[0].PublicID)
	for i := range slots {
		slots[i] = c.hour(time.Duration(60+i)*time.Hour, 1)
	}
	if won := race(c, slots, press); won != 0 {
		t.Errorf("%d hours were the ninth, want none", won)
	}
	_, err := c.book(c.students[0], slots[0])
	if want := "一个学期最多约 8 次，你已经约了 8 次。2月20日（周六）起的时间可以再约；着急请直接联系中心。"; errs.MessageOf(err) != want {
		t.Errorf("message = %q, want %q", errs.MessageOf(err), want)
	}
	c.sound()
}

func TestAnHourGivenBackIsAnHourOfTheTermAgain(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.set(func(s *counselling.Settings) { s.TermLimit = 1 })
	c.agree(c.students...)
	b := c.mustBook(c.students[0], c.hour(30*time.Hour, 1))
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Cancel(ctx, tx, c.students[0], b.PublicID, "")
		return err
	})
	c.mustBook(c.students[0], c.hour(31*time.Hour, 1))
	c.sound()
}

func TestTerm(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*3600)
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, zone) }
	set := counselling.Defaults()
	for at, want := range map[time.Time]counselling.Term{
		day(2026, 10, 12):                     {Name: "2026-2", From: day(2026, 8, 20), To: day(2027, 2, 20)},
		day(2027, 1, 5):                       {Name: "2026-2", From: day(2026, 8, 20), To: day(2027, 2, 20)},
		day(2027, 2, 20):                      {Name: "2027-1", From: day(2027, 2, 20), To: day(2027, 8, 20)},
		day(2027, 2, 20).Add(-1):              {Name: "2026-2", From: day(2026, 8, 20), To: day(2027, 2, 20)},
		day(2027, 12, 31).Add(23 * time.Hour): {Name: "2027-2", From: day(2027, 8, 20), To: day(2028, 2, 20)},
	} {
		if got := set.Term(at, zone); got != want {
			t.Errorf("Term(%v) = %+v, want %+v", at, got, want)
		}
	}
	set.TermStarts = []string{"09-01"}
	if got := set.Term(day(2027, 3, 1), zone); got.Name != "2026-1" || !got.To.Equal(day(2027, 9, 1)) {
		t.Errorf("one term a year: %+v", got)
	}
}

func TestMarkAppealRestored(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	me := c.students[0]
	for range 2 {
		c.come(me, false)
	}
	if s := c.strikes(me); s.Count != 2 || s.Paused(c.clock.Now()) {
		t.Fatalf("after two: %+v", s)
	}
	third := c.come(me, false)
	s := c.strikes(me)
	if s.Count != 3 || s.List[0].Booking != third.PublicID || !s.Paused(c.clock.Now()) {
		t.Fatalf("after three: %+v", s)
	}
	slot := c.hour(30*time.Hour, 1)
	_, err := c.book(me, slot)
	if want := "这学期已有 3 次没有来，预约暂停到 11月15日（周日），那天起可以再约。有特殊情况，可以在“我的预约”里说明；着急请直接联系中心。"; !errors.Is(err, counselling.ErrPaused) || errs.MessageOf(err) != want {
		t.Errorf("Book = %v, want %q", err, want)
	}
	strike := s.List[0].PublicID
	const said = "那天在医院陪护，手机没电了，有病历可以带来。"
	if err := c.appeal(me, strike, "生病"); errs.FieldsOf(err)["appeal"] == "" {
		t.Errorf("two characters: %v", err)
	}
	if err := c.appeal(me, strike, said); err != nil {
		t.Fatal(err)
	}
	if err := c.appeal(me, strike, said); errs.KindOf(err) != errs.Conflict {
		t.Errorf("a second appeal: %v", err)
	}
	var appeals []counselling.Strike
	var plain int
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		if appeals, err = counselling.Appeals(ctx, tx, c.wang, c.unit); err != nil {
			return err
		}
		return tx.GetContext(ctx, &plain, `select count(*) from strike where position(convert_to('医院', 'UTF8') in appeal) > 0`)
	})
	if len(appeals) != 1 || appeals[0].Appeal != said || plain != 0 {
		t.Errorf("appeals: %+v, %d in plain text", appeals, plain)
	}
	if told := c.told(counselling.KindAppealed); told[c.wang.ID] != 1 || told[c.desk.ID] != 1 || len(told) != 2 {
		t.Errorf("asked: %v", told)
	}
	won := race(c, []identity.Person{c.wang, c.desk, c.head}, func(p identity.Person) error { return c.lift(p, strike, "") })
	if won != 1 {
		t.Errorf("%d lifted it, want 1", won)
	}
	if told := c.told(counselling.KindStrikeDecided); told[me.ID] != 1 {
		t.Errorf("told: %v", told)
	}
	if _, err := c.book(me, slot); err != nil {
		t.Errorf("restored: %v", err)
	}
	if got := c.trail(strike); got != "strike.mark strike.appeal strike.lifted" {
		t.Errorf("audited: %s", got)
	}
	c.sound()
}

func TestAStrikeThatIsKept(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	me := c.students[0]
	c.come(me, false)
	strike := c.strikes(me).List[0].PublicID
	if err := c.keep(c.desk, strike, "请先来电说明情况"); errs.KindOf(err) != errs.Conflict {
		t.Errorf("kept before an appeal: %v", err)
	}
	if err := c.appeal(me, strike, "那天记错了时间，下次一定注意。"); err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"", "心理老师说不行"} {
		if err := c.keep(c.desk, strike, reason); errs.FieldsOf(err)["reason"] == "" {
			t.Errorf("reason %q: %v", reason, err)
		}
	}
	if err := c.keep(c.desk, strike, "请先来电说明情况"); err != nil {
		t.Fatal(err)
	}
	if got := c.strikes(me).List[0]; got.State != counselling.Kept || got.Reason != "请先来电说明情况" || got.DecidedBy != c.desk.Name {
		t.Errorf("kept: %+v", got)
	}
	if err := c.lift(c.head, strike, "来电说明了"); err != nil { // by hand, later
		t.Errorf("lift by hand: %v", err)
	}
	if s := c.strikes(me); s.Count != 0 {
		t.Errorf("%d count", s.Count)
	}
	if got := c.trail(strike); got != "strike.mark strike.appeal strike.kept strike.lifted" {
		t.Errorf("audited: %s", got)
	}
	c.sound()
}

func TestStrikes(t *testing.T) {
	t.Parallel()
	t.Run("too_early_to_be_missed", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 1)
		c.agree(c.students...)
		b := c.confirm(c.mustBook(c.students[0], c.hour(24*time.Hour, 1)).PublicID)
		c.advance(24*time.Hour + 14*time.Minute)
		err := c.act(counselling.Miss, c.desk, b.PublicID)
		if want := "开始后等 15 分钟，今天 09:15 起才能登记未到。"; errs.MessageOf(err) != want {
			t.Errorf("Miss = %v, want %q", err, want)
		}
	})
	t.Run("who_comes_late_has_arrived_after_all", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 1)
		c.agree(c.students...)
		b := c.come(c.students[0], false)
		c.update(func(ctx context.Context, tx *store.Tx) (err error) {
			b, err = counselling.Arrive(ctx, tx, c.desk, b.PublicID)
			return err
		})
		s := c.strikes(c.students[0])
		if b.State != counselling.Arrived || s.Count != 0 || s.List[0].State != counselling.Lifted || s.List[0].Reason != "后来到了" {
			t.Errorf("%s, %+v", b.State, s)
		}
		c.sound()
	})
	t.Run("cancelling_late_is_a_strike_where_the_school_says_so", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 1)
		c.agree(c.students...)
		b := c.confirm(c.mustBook(c.students[0], c.hour(24*time.Hour, 1)).PublicID)
		c.advance(23 * time.Hour)
		cancel := func() error {
			return c.try(func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.Cancel(ctx, tx, c.students[0], b.PublicID, "")
				return err
			})
		}
		if err := cancel(); !errors.Is(err, counselling.ErrTooLate) || !strings.HasPrefix(errs.MessageOf(err), "开始前 2 小时（10月13日（周二）07:00）起已不能在线取消") {
			t.Errorf("by default: %v", err)
		}
		c.set(func(s *counselling.Settings) { s.LateCancel = true })
		if err := cancel(); !errors.Is(err, counselling.ErrCounts) || errs.MessageOf(err) != "离开始不到 2 小时，现在取消会记一次临近取消，是这学期第 1 次，满 3 次会暂停预约 30 天。" {
			t.Errorf("before it is confirmed that it counts: %v", err)
		}
		if s := c.strikes(c.students[0]); s.Count != 0 {
			t.Errorf("warned and marked: %+v", s)
		}
		c.update(func(ctx context.Context, tx *store.Tx) error {
			_, err := counselling.CancelLate(ctx, tx, c.students[0], b.PublicID)
			return err
		})
		if s := c.strikes(c.students[0]); s.Count != 1 || s.List[0].Kind != counselling.ForLateCancel {
			t.Errorf("%+v", s)
		}
		c.sound()
	})
	t.Run("they_lapse_with_the_term", func(t *testing.T) {
		t.Parallel()
		c := newCentre(t, 1)
		c.set(func(s *counselling.Settings) { s.StrikeLimit, s.PauseDays = 1, 180 })
		c.agree(c.students...)
		c.come(c.students[0], false)
		s := c.strikes(c.students[0])
		if !s.PausedUntil.Equal(s.List[0].LapsesAt) {
			t.Errorf("paused until %v, the term ends %v", s.PausedUntil, s.List[0].LapsesAt)
		}
		_ = c.clock.MoveTo(s.List[0].LapsesAt)
		c.mustBook(c.students[0], c.hour(30*time.Hour, 1))
		if err := c.appeal(c.students[0], s.List[0].PublicID, "那天发烧了，没能来。"); errs.KindOf(err) != errs.Conflict {
			t.Errorf("an appeal after it lapsed: %v", err)
		}
	})
}

func TestStrikesAreConfidential(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	b := c.come(c.students[0], false)
	strike := c.strikes(c.students[0]).List[0].PublicID
	for who, p := range map[string]identity.Person{"fudaoyuan": c.fudaoyuan, "admin": c.admin, "other_student": c.students[1]} {
		for kind, id := range map[string]string{"real": strike, "unreal": store.NewPublicID()} {
			for verb, err := range map[string]error{
				"appeal": c.appeal(p, id, "那天发烧了，没能来。"), "lift": c.lift(p, id, ""), "keep": c.keep(p, id, "请先来电说明情况"),
			} {
				if !errors.Is(err, counselling.ErrConfidential) {
					t.Errorf("%s %s %s strike: %v", who, verb, kind, err)
				}
			}
		}
		for read, call := range map[string]func(ctx context.Context, tx *store.Tx) error{
			"appeals": func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.Appeals(ctx, tx, p, c.unit)
				return err
			},
			"strikes": func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.StrikesAt(ctx, tx, p, b.PublicID)
				return err
			},
			"move": func(ctx context.Context, tx *store.Tx) error {
				_, err := counselling.Move(ctx, tx, p, b.PublicID, b.Slot.PublicID, "老师临时有安排")
				return err
			},
		} {
			if err := c.try(call); !errors.Is(err, counselling.ErrConfidential) {
				t.Errorf("%s reads %s: %v", who, read, err)
			}
		}
	}
	for _, p := range []identity.Person{c.desk, c.wang} { // its student's own verbs are not the centre's
		if err := c.appeal(p, strike, "那天发烧了，没能来。"); !errors.Is(err, counselling.ErrConfidential) {
			t.Errorf("%s appeals: %v", p.Name, err)
		}
	}
	if err := c.lift(c.students[0], strike, ""); !errors.Is(err, counselling.ErrConfidential) {
		t.Errorf("the student lifts: %v", err)
	}
}

// What no verb can write, the audit names.
func TestTheAuditNamesBrokenHistoriesTermsAndStrikes(t *testing.T) {
	t.Parallel()
	breaks := map[string]string{
		`update booking set moves = moves + 1`: "is not where its history says",
		`update booking set ordinal = null`:    "has no number in its term",
		`insert into booking_event (booking_id, at, state) select id, created_at, 'confirmed' from booking`: "went from missed to confirmed",
		`update strike set student_id = (select id from person order by id limit 1)`:                        "is somebody else's",
		`update booking set state = 'arrived'`:                                                              "counts for a booking that is arrived",
	}
	for act, want := range breaks {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, 1)
			c.agree(c.students...)
			c.come(c.students[0], false)
			c.sound()
			c.update(func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.ExecContext(ctx, act); err != nil {
					return err
				}
				lines, err := counselling.Broken(ctx, tx)
				if !strings.Contains(fmt.Sprint(lines), want) {
					t.Errorf("the audit says %q, want %q", lines, want)
				}
				return err
			})
		})
	}
}
