package counselling_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

const questions = `最近两周，睡得怎么样？
- 和平时差不多
- 不太好【黄】

最近有没有想伤害自己的念头？
- 没有
- 现在有【红】`

// duty puts a person on the roster for so long from now.
func (c *centre) duty(p identity.Person, position int, from, to time.Duration) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.AddDuty(ctx, tx, c.head, c.unit, counselling.DutyEdit{
			Person: p.ID, StartsAt: tx.Now().Add(from), EndsAt: tx.Now().Add(to), Position: position, Weeks: 1,
		})
		return err
	})
}

// asks publishes the questions and switches them on; the roster must cover the week.
func (c *centre) asks() {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if err := counselling.PublishForm(ctx, tx, c.head, c.unit, questions); err != nil {
			return err
		}
		care := counselling.CareDefaults()
		care.Intake = true
		return counselling.SaveCare(ctx, tx, c.head, c.unit, care)
	})
}

func (c *centre) answers(who identity.Person, choices ...int) (level counselling.Level) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		level, err = counselling.AnswerIntake(ctx, tx, who, 1, choices)
		return err
	})
	return level
}

// heard lists who is told what, with its class, in the order it was put.
func (c *centre) heard(kind string) (list []string) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.SelectContext(ctx, &list, `
			select p.name || ' ' || s.class || case when s.due_at <= $2 then '' else ' later' end
			from outbox o join send s on s.id = o.send_id join person p on p.id = o.person_id
			where s.kind = $1 and s.api = 'message' order by o.id`, kind, tx.Now())
	})
	return list
}

func (c *centre) later(d time.Duration) {
	c.t.Helper()
	if err := c.clock.MoveTo(c.clock.Now().Add(d)); err != nil {
		c.t.Fatal(err)
	}
	c.work()
}

// cases are those of the centre, as the head reads them.
func (c *centre) cases() (list []counselling.Case) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		list, err = counselling.Cases(ctx, tx, c.head, c.unit)
		return err
	})
	return list
}

func TestRed_an_answer_at_three_at_night_calls_the_duty_person_at_once(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.duty(c.wang, 1, -time.Hour, 8*24*time.Hour)
	c.asks()
	c.later(18 * time.Hour) // 03:00
	if level := c.answers(c.students[0], 1, 1); level != counselling.Red {
		t.Fatalf("level = %s", level)
	}
	if diff := cmp.Diff([]string{"王若溪 urgent"}, c.heard(counselling.KindPaged)); diff != "" {
		t.Errorf("called (-want +got):\n%s", diff)
	}
	c.sound()
}

func TestRed_nobody_answers_and_it_escalates(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.duty(c.wang, 1, -time.Hour, 8*24*time.Hour)
	c.duty(c.desk, 2, -time.Hour, 8*24*time.Hour)
	c.asks()
	c.answers(c.students[0], 0, 1)
	want := []string{"王若溪 urgent"}
	for _, next := range [][]string{{"何静 urgent"}, {"郑岚 urgent"}, {"郑岚 urgent", "王若溪 urgent", "李牧云 urgent", "何静 urgent"}} {
		c.later(9 * time.Minute)
		if diff := cmp.Diff(want, c.heard(counselling.KindPaged)); diff != "" {
			t.Fatalf("a minute early (-want +got):\n%s", diff)
		}
		c.later(time.Minute)
		got := c.heard(counselling.KindPaged)
		if diff := cmp.Diff(slices.Sorted(slices.Values(next)), slices.Sorted(slices.Values(got[len(want):]))); diff != "" {
			t.Fatalf("after the time (-want +got):\n%s", diff)
		}
		want = got
	}
	c.later(3 * time.Hour)
	if got := c.heard(counselling.KindPaged); len(got) == len(want) {
		t.Error("after everybody was called once, nobody is called again")
	}
	if got := c.cases()[0].State; got != counselling.CaseOpen {
		t.Errorf("time alone made the case %s", got)
	}
	c.sound()
}

func TestRed_the_duty_person_takes_it_twice(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.duty(c.wang, 1, -time.Hour, 8*24*time.Hour)
	c.asks()
	c.answers(c.students[0], 0, 1)
	id := c.cases()[0].PublicID
	take := func(who identity.Person) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error { return counselling.TakeCase(ctx, tx, who, id) })
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := take(c.wang); err != nil {
				t.Errorf("take: %v", err)
			}
		})
	}
	wg.Wait()
	if err := take(c.li); errs.KindOf(err) != errs.Conflict || !strings.Contains(errs.MessageOf(err), "王若溪老师已在") {
		t.Errorf("another comes late: %v", err)
	}
	if diff := cmp.Diff([]string{"张晓0 urgent"}, c.heard(counselling.KindComing)); diff != "" {
		t.Errorf("the student is told (-want +got):\n%s", diff)
	}
	before := len(c.heard(counselling.KindPaged))
	c.later(2 * time.Hour)
	if got := len(c.heard(counselling.KindPaged)); got != before {
		t.Errorf("%d more calls after somebody came", got-before)
	}
	c.sound()
}

func TestRed_many_answers_at_once_are_one_case(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := c.try(func(ctx context.Context, tx *store.Tx) error {
				return counselling.OpenCase(ctx, tx, c.students[0], counselling.SourceWords)
			}); err != nil {
				t.Errorf("open: %v", err)
			}
		})
	}
	wg.Wait()
	if n := len(c.cases()); n != 1 {
		t.Errorf("%d cases, want 1", n)
	}
	got := slices.Sorted(slices.Values(c.heard(counselling.KindPaged)))
	if diff := cmp.Diff(slices.Sorted(slices.Values([]string{"郑岚 urgent", "王若溪 urgent", "李牧云 urgent"})), got); diff != "" {
		t.Errorf("with nobody on duty (-want +got):\n%s", diff)
	}
	c.sound()
}

func TestRed_only_a_person_closes_it_with_a_sentence(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.duty(c.wang, 1, -time.Hour, 8*24*time.Hour)
	c.asks()
	c.answers(c.students[0], 0, 1)
	c.answers(c.students[0], 0, 0) // a wrong press, says the student
	id := c.cases()[0].PublicID
	closing := func(who identity.Person, outcome string) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error { return counselling.CloseCase(ctx, tx, who, id, outcome) })
	}
	if err := closing(c.students[0], "按错了，没有事"); !errors.Is(err, counselling.ErrConfidential) {
		t.Errorf("the student closes: %v", err)
	}
	if err := closing(c.wang, ""); errs.FieldsOf(err)["outcome"] == "" {
		t.Errorf("without a sentence: %v", err)
	}
	if err := closing(c.wang, "已电话联系，是按错了，本人平安"); err != nil {
		t.Fatal(err)
	}
	if err := closing(c.head, "再办结一次看看"); errs.KindOf(err) != errs.Conflict {
		t.Errorf("closing again: %v", err)
	}
	got := c.cases()[0]
	if got.State != counselling.CaseClosed || got.ClosedBy != "王若溪" || !strings.Contains(got.Outcome, "平安") {
		t.Errorf("case = %+v", got)
	}
	c.answers(c.students[0], 0, 1)
	if n := len(c.cases()); n != 2 {
		t.Errorf("a new red answer: %d cases, want 2", n)
	}
	c.sound()
}

func TestRed_of_a_minor_shows_the_guardian(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `update person set born_on = case id when $1 then '2009-01-05'::date else '2004-01-05'::date end where id in ($1, $2)`,
			c.students[0].ID, c.students[1].ID)
		return err
	})
	for _, s := range c.students {
		c.update(func(ctx context.Context, tx *store.Tx) error {
			return counselling.OpenCase(ctx, tx, s, counselling.SourceWords)
		})
	}
	cases := c.cases() // the newest first: the student of age
	save := func(id string) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error {
			return counselling.SaveGuardian(ctx, tx, c.wang, id, "母亲 周女士 139-0000-0000")
		})
	}
	if err := save(cases[0].PublicID); errs.KindOf(err) != errs.Conflict {
		t.Errorf("a guardian of somebody of age: %v", err)
	}
	if err := save(cases[1].PublicID); err != nil {
		t.Fatal(err)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		for i, minor := range []bool{false, true} {
			got, err := counselling.GetCase(ctx, tx, c.wang, cases[i].PublicID)
			if err != nil {
				return err
			}
			if got.Minor != minor || (got.Guardian != "") != minor {
				t.Errorf("%s: minor %v, guardian %q", got.Student.Name, got.Minor, got.Guardian)
			}
		}
		return nil
	})
}

func TestUnder18_counts_to_the_day(t *testing.T) {
	t.Parallel()
	zone := storetest.Shanghai()
	born := time.Date(2008, 10, 13, 0, 0, 0, 0, time.UTC)
	for day, want := range map[int]bool{12: true, 13: false} {
		if got := counselling.Under18(&born, time.Date(2026, 10, day, 23, 59, 0, 0, zone), zone); got != want {
			t.Errorf("on the %dth: %v", day, got)
		}
	}
	if counselling.Under18(nil, storetest.Monday, zone) {
		t.Error("an unknown birthday is a minor's")
	}
}

func TestIntake_is_asked_once_a_term_before_a_booking(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	s := c.students[0]
	c.agree(s)
	slot := c.hour(48*time.Hour, 1)
	c.duty(c.wang, 1, -time.Hour, 8*24*time.Hour)
	c.asks()
	if _, err := c.book(s, slot); !errors.Is(err, counselling.ErrNotAsked) {
		t.Fatalf("before the questions: %v", err)
	}
	err := c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.AnswerIntake(ctx, tx, s, 1, []int{0})
		return err
	})
	if errs.FieldsOf(err)["q2"] == "" {
		t.Errorf("one question left out: %v", err)
	}
	if level := c.answers(s, 1, 0); level != counselling.Amber {
		t.Errorf("level = %s", level)
	}
	c.mustBook(s, slot)
	if n := len(c.cases()); n != 0 {
		t.Errorf("an amber answer opened %d cases", n)
	}
	needs := func() (asked bool) {
		c.update(func(ctx context.Context, tx *store.Tx) (err error) {
			asked, err = counselling.NeedsIntake(ctx, tx, s)
			return err
		})
		return asked
	}
	if needs() {
		t.Error("asked again in the same term")
	}
	c.later(150 * 24 * time.Hour) // March
	if !needs() {
		t.Error("not asked in the next term")
	}
}

func TestIntake_cannot_be_switched_on_while_the_roster_has_a_gap(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 0)
	on := func() error {
		return c.try(func(ctx context.Context, tx *store.Tx) error {
			care := counselling.CareDefaults()
			care.Intake = true
			return counselling.SaveCare(ctx, tx, c.head, c.unit, care)
		})
	}
	if err := on(); !strings.Contains(errs.FieldsOf(err)["intake"], "先发布问卷") {
		t.Errorf("without questions: %v", err)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return counselling.PublishForm(ctx, tx, c.head, c.unit, questions)
	})
	c.duty(c.wang, 1, 0, 3*24*time.Hour)
	c.duty(c.li, 1, 4*24*time.Hour, 9*24*time.Hour)
	if err := on(); !strings.Contains(errs.FieldsOf(err)["intake"], "10月15日（周四）09:00 至 10月16日（周五）09:00") {
		t.Errorf("with a gap: %v", err)
	}
	c.later(24 * time.Hour)
	if diff := cmp.Diff([]string{"郑岚 reply", "何静 reply"}, c.heard(counselling.KindGap)); diff != "" {
		t.Errorf("told in the morning (-want +got):\n%s", diff)
	}
	c.duty(c.desk, 1, 2*24*time.Hour, 3*24*time.Hour)
	if err := on(); err != nil {
		t.Errorf("with the gap filled: %v", err)
	}
	c.later(24 * time.Hour)
	if n := len(c.heard(counselling.KindGap)); n != 2 {
		t.Errorf("%d messages of a gap that is no more", n-2)
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	at := func(h int) time.Time { return storetest.Monday.Add(time.Duration(h) * time.Hour) }
	turn := func(from, to int) counselling.Duty { return counselling.Duty{StartsAt: at(from), EndsAt: at(to)} }
	for name, tt := range map[string]struct {
		list []counselling.Duty
		want []counselling.Gap
	}{
		"nobody":               {nil, []counselling.Gap{{From: at(0), To: at(24)}}},
		"all_day":              {[]counselling.Duty{turn(-5, 30)}, nil},
		"one_after_the_other":  {[]counselling.Duty{turn(0, 12), turn(12, 24)}, nil},
		"one_inside_the_other": {[]counselling.Duty{turn(0, 20), turn(3, 5)}, []counselling.Gap{{From: at(20), To: at(24)}}},
		"before_and_between":   {[]counselling.Duty{turn(2, 4), turn(6, 40)}, []counselling.Gap{{From: at(0), To: at(2)}, {From: at(4), To: at(6)}}},
		"after_the_span":       {[]counselling.Duty{turn(30, 40)}, []counselling.Gap{{From: at(0), To: at(24)}}},
	} {
		if diff := cmp.Diff(tt.want, counselling.Gaps(tt.list, at(0), at(24))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseForm_refuses_what_chat_or_the_law_cannot_carry(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		"":                  "问题写 1 到 10 个",
		"- 没有":              "先写一个问题",
		"还好吗？\n- 好":         "2 到 6 个选项",
		"还好吗？\n- 好\n- 不好":   "至少有一个选项标【红】",
		"还好吗？\n- 好\n- 好【红】": "不能重复",
		"有没有抑郁？\n- 没有\n- 有【红】":               "抑郁",
		"做过心理测评吗？\n- 没有\n- 有【红】":             "心理",
		"还好吗？\n- 好\n- 一句特别特别特别特别特别特别长的回答【红】": "1 到 16 个字",
	} {
		_, err := counselling.ParseForm(body)
		if got := errs.FieldsOf(err)["body"]; !strings.Contains(got, says) {
			t.Errorf("%q: %q, want %q in it", body, got, says)
		}
	}
	list, err := counselling.ParseForm(questions)
	if err != nil || len(list) != 2 || list[1].Options[1] != (counselling.Option{Text: "现在有", Level: counselling.Red}) {
		t.Errorf("%+v %v", list, err)
	}
}

// arrived is a booking of the student with 王若溪 that took place.
func (c *centre) arrived(s identity.Person) counselling.Booking {
	c.t.Helper()
	c.agree(s)
	b := c.mustBook(s, c.hour(24*time.Hour, 1))
	c.confirm(b.PublicID)
	c.later(24 * time.Hour)
	c.mustAct(counselling.Arrive, c.wang, b.PublicID)
	return b
}

func TestNote_is_kept_in_versions_and_nobody_writes_over_another(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	b := c.arrived(c.students[0])
	write := func(base int, body string) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error {
			return counselling.WriteNote(ctx, tx, c.wang, b.PublicID, base, body)
		})
	}
	if err := write(0, "第一次来，聊了宿舍的事。"); err != nil {
		t.Fatal(err)
	}
	if err := write(0, "另一个窗口里的旧稿。"); errs.KindOf(err) != errs.Conflict {
		t.Errorf("an old draft: %v", err)
	}
	if err := write(1, "第一次来，聊了宿舍的事。约了下周。"); err != nil {
		t.Fatal(err)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		r, err := counselling.GetRecord(ctx, tx, c.head, b.PublicID)
		if err != nil {
			return err
		}
		if len(r.Notes) != 2 || r.Notes[0].Version != 2 || !strings.Contains(r.Notes[1].Body, "宿舍") || r.Mine {
			t.Errorf("the head reads %+v", r)
		}
		var verbs []string
		if err := tx.SelectContext(ctx, &verbs, `select verb from audit where verb like 'note.%' and verb <> 'note.agree' order by id`); err != nil {
			return err
		}
		if diff := cmp.Diff([]string{"note.write", "note.write", "note.read"}, verbs); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}
		var plain int
		if err := tx.GetContext(ctx, &plain, `select count(*) from note_version where position('宿舍'::bytea in body) > 0`); err != nil {
			return err
		}
		if plain > 0 {
			t.Error("a note lies open in the table")
		}
		return counselling.Refer(ctx, tx, c.wang, b.PublicID, "市立医院门诊", tx.Now().AddDate(0, 0, 3), true)
	})
	err := c.try(func(ctx context.Context, tx *store.Tx) error {
		return counselling.Refer(ctx, tx, c.wang, b.PublicID, "市立医院门诊", tx.Now().AddDate(0, 0, 3), false)
	})
	if errs.FieldsOf(err)["agreed"] == "" {
		t.Errorf("a referral the student did not agree to: %v", err)
	}
	c.sound()
}

func TestFeedback_is_shown_for_five_and_then_only_for_five_more(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 9)
	figures := func(who identity.Person) (list []counselling.SaidOf) {
		c.update(func(ctx context.Context, tx *store.Tx) (err error) {
			list, err = counselling.FeedbackFigures(ctx, tx, who, c.unit)
			return err
		})
		return list
	}
	for i, s := range c.students {
		b := c.arrived(s)
		give := func() error {
			return c.try(func(ctx context.Context, tx *store.Tx) error {
				return counselling.GiveFeedback(ctx, tx, s, b.PublicID, counselling.Said{Stars: 5 - i%2, Again: true, Words: fmt.Sprintf("谢谢老师%d", i)})
			})
		}
		if err := give(); err != nil {
			t.Fatal(err)
		}
		if err := give(); errs.KindOf(err) != errs.Conflict {
			t.Errorf("said twice: %v", err)
		}
		want := 0
		if i >= 4 {
			want = 5
		}
		got := 0
		if list := figures(c.wang); len(list) > 0 {
			got = list[0].Said
		}
		if got != want {
			t.Errorf("after %d: figures of %d, want %d", i+1, got, want)
		}
	}
	if n := len(figures(c.li)); n != 0 {
		t.Errorf("another counsellor sees %d figures", n)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		words, err := counselling.FeedbackWords(ctx, tx, c.head, c.unit)
		if len(words) != 5 {
			t.Errorf("the head reads %d sentences, want 5", len(words))
		}
		return err
	})
	if n := len(c.heard(counselling.KindFeedback)); n != 9 {
		t.Errorf("%d students were asked, want each of 9 once", n)
	}
	c.sound()
}

func TestWithdraw_cancels_what_is_to_come_and_keeps_the_record(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	s := c.students[0]
	past := c.arrived(s)
	next := c.mustBook(s, c.hour(72*time.Hour, 1))
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := counselling.Confirm(ctx, tx, c.wang, next.PublicID); err != nil {
			return err
		}
		n, err := counselling.Withdraw(ctx, tx, s)
		if n != 1 {
			t.Errorf("%d cancelled, want 1", n)
		}
		return err
	})
	c.update(func(ctx context.Context, tx *store.Tx) error {
		for id, want := range map[string]counselling.State{past.PublicID: counselling.Arrived, next.PublicID: counselling.Cancelled} {
			b, err := counselling.Get(ctx, tx, s, id)
			if err != nil {
				return err
			}
			if b.State != want {
				t.Errorf("a booking is %s, want %s", b.State, want)
			}
		}
		return nil
	})
	if _, err := c.book(s, c.hour(96*time.Hour, 1)); !errors.Is(err, counselling.ErrNotAgreed) {
		t.Errorf("booking without consent: %v", err)
	}
	if diff := cmp.Diff([]string{"张晓0 reply"}, c.heard(counselling.KindWithdrawn)); diff != "" {
		t.Errorf("the student is told (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"王若溪 reply"}, c.heard(counselling.KindCancelled)); diff != "" {
		t.Errorf("the counsellor is told (-want +got):\n%s", diff)
	}
	c.agree(s)
	c.mustBook(s, c.hour(120*time.Hour, 1))
	c.sound()
}
