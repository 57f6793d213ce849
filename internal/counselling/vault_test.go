package counselling_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func (c *centre) edit(fields ...counselling.Field) counselling.DisclosureEdit {
	return counselling.DisclosureEdit{
		Student: "s0", Recipient: "t5", Ground: counselling.Danger, Reason: "今晚联系不上，室友说情况不好，需要找到本人。",
		Fields: fields, Hours: 24,
	}
}

func (c *centre) propose(who identity.Person, e counselling.DisclosureEdit) (id string, err error) {
	err = c.try(func(ctx context.Context, tx *store.Tx) error {
		id, err = counselling.Propose(ctx, tx, who, c.unit, e)
		return err
	})
	return id, err
}

func (c *centre) approveDisclosure(who identity.Person, id string) error {
	return c.try(func(ctx context.Context, tx *store.Tx) error { return counselling.Decide(ctx, tx, who, id, true) })
}

func (c *centre) readGiven(who identity.Person, id string) (g counselling.Given, err error) {
	err = c.try(func(ctx context.Context, tx *store.Tx) error {
		g, err = counselling.ReadDisclosure(ctx, tx, who, id)
		return err
	})
	return g, err
}

func (c *centre) seen(who identity.Person) (list []counselling.Disclosure) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		list, err = counselling.WhoSaw(ctx, tx, who)
		return err
	})
	return list
}

func TestDisclosure_takes_two_persons_and_gives_the_fewest_fields_for_a_time(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	b := c.arrived(c.students[0])
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return counselling.WriteNote(ctx, tx, c.wang, b.PublicID, 0, "聊了宿舍的事。")
	})
	id, err := c.propose(c.wang, c.edit(counselling.FieldIdentity, counselling.FieldBookings))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.readGiven(c.fudaoyuan, id); !errors.Is(err, counselling.ErrConfidential) {
		t.Errorf("read before the second person: %v", err)
	}
	for name, who := range map[string]identity.Person{"alone": c.wang, "two_counsellors": c.li} {
		if err := c.approveDisclosure(who, id); !errors.Is(err, counselling.ErrSecondPerson) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(c.seen(c.students[0])) != 0 {
		t.Error("the student sees what was not decided")
	}
	if err := c.approveDisclosure(c.head, id); err != nil {
		t.Fatal(err)
	}
	if err := c.approveDisclosure(c.head, id); errs.KindOf(err) != errs.Conflict {
		t.Errorf("decided twice: %v", err)
	}
	g, err := c.readGiven(c.fudaoyuan, id)
	if err != nil {
		t.Fatal(err)
	}
	if g.Disclosure.Student.Number != "s0" || len(g.Bookings) != 1 || g.Bookings[0].Wish != "" || g.Notes != nil || g.Intake != nil || g.Guardian != "" {
		t.Errorf("given: %+v", g)
	}
	if _, err := c.readGiven(c.admin, id); !errors.Is(err, counselling.ErrConfidential) {
		t.Errorf("somebody else reads: %v", err)
	}
	list := c.seen(c.students[0])
	if len(list) != 1 || list[0].Ground != counselling.Danger || len(list[0].Readings) != 1 || list[0].Readings[0].By != "孙一凡" {
		t.Errorf("谁看过我的信息: %+v", list)
	}
	c.later(24 * time.Hour)
	if _, err := c.readGiven(c.fudaoyuan, id); !errors.Is(err, counselling.ErrOver) {
		t.Errorf("after the time: %v", err)
	}
	c.sound()
}

func TestDisclosure_is_refused_where_the_law_has_no_ground(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	for field, change := range map[string]func(*counselling.DisclosureEdit){
		"ground":       func(e *counselling.DisclosureEdit) { e.Ground = "curious" },
		"reason":       func(e *counselling.DisclosureEdit) { e.Reason = "需要" },
		"fields":       func(e *counselling.DisclosureEdit) { e.Fields = nil },
		"hours":        func(e *counselling.DisclosureEdit) { e.Hours = 169 },
		"recipient":    func(e *counselling.DisclosureEdit) { e.Recipient = "t3" }, // the proposer
		"student":      func(e *counselling.DisclosureEdit) { e.Student = "t5" },
		"delay_reason": func(e *counselling.DisclosureEdit) { e.DelayUntil = c.clock.Now().AddDate(0, 0, 3) },
		"delay":        func(e *counselling.DisclosureEdit) { e.DelayReason = "侦查期间" },
	} {
		e := c.edit(counselling.FieldIdentity)
		change(&e)
		if _, err := c.propose(c.wang, e); errs.FieldsOf(err)[field] == "" {
			t.Errorf("%s: %v %v", field, err, errs.FieldsOf(err))
		}
	}
	e := c.edit(counselling.FieldIdentity)
	e.Recipient = "t1" // the head is to read, so the head cannot be the second
	id, err := c.propose(c.wang, e)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.approveDisclosure(c.head, id); !errors.Is(err, counselling.ErrSecondPerson) {
		t.Errorf("the recipient decides: %v", err)
	}
	c.sound()
}

func TestDisclosure_is_told_late_only_by_law_and_reviewed_in_days(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	e := c.edit(counselling.FieldGuardian)
	e.DelayUntil, e.DelayReason = c.clock.Now().AddDate(0, 0, 3), "公安机关书面要求在侦查期间不告知"
	id, err := c.propose(c.head, e)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.approveDisclosure(c.li, id); err != nil {
		t.Fatal(err)
	}
	if n := len(c.seen(c.students[0])); n != 0 {
		t.Errorf("the student sees %d lines too early", n)
	}
	if diff := cmp.Diff([]string{"张晓0 bulk later"}, c.heard(counselling.KindSeen)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	c.later(72 * time.Hour)
	if n := len(c.seen(c.students[0])); n != 1 {
		t.Errorf("the student sees %d lines on the day, want 1", n)
	}
	c.later(4 * 24 * time.Hour)
	c.later(24 * time.Hour)
	if diff := cmp.Diff([]string{"郑岚 reply", "郑岚 reply"}, c.heard(counselling.KindReview)); diff != "" {
		t.Errorf("reminded of the review (-want +got):\n%s", diff)
	}
	review := func(who identity.Person) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error {
			return counselling.Review(ctx, tx, who, id, "依据充分，范围合适。", true)
		})
	}
	if err := review(c.li); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("a counsellor reviews: %v", err)
	}
	if err := review(c.head); err != nil {
		t.Fatal(err)
	}
	c.later(48 * time.Hour)
	if n := len(c.heard(counselling.KindReview)); n != 2 {
		t.Errorf("%d reminders after the review", n-2)
	}
	c.sound()
}

func TestConcern_goes_in_sealed_and_two_sentences_come_back(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	send := func(who identity.Person, number string) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error {
			return counselling.SendConcern(ctx, tx, who, number, "最近两周常常缺课，宿舍同学说晚上睡不着。")
		})
	}
	real, unreal := send(c.fudaoyuan, "t4"), send(c.fudaoyuan, "none")
	if !errors.Is(real, counselling.ErrNotYours) || errs.MessageOf(real) != errs.MessageOf(unreal) {
		t.Errorf("a number of another: %v, of nobody: %v", real, unreal)
	}
	if err := send(c.fudaoyuan, "s0"); err != nil {
		t.Fatal(err)
	}
	var id string
	c.update(func(ctx context.Context, tx *store.Tx) error {
		list, err := counselling.Concerns(ctx, tx, c.head, c.unit)
		if err != nil {
			return err
		}
		id = list[0].PublicID
		if !strings.Contains(list[0].Body, "缺课") {
			t.Errorf("the centre reads %+v", list[0])
		}
		return nil
	})
	reply := func(answer, help string) error {
		return c.try(func(ctx context.Context, tx *store.Tx) error {
			return counselling.AnswerConcern(ctx, tx, c.wang, id, answer, help)
		})
	}
	if err := reply(counselling.NeedsHelp, "请告诉同学来心理中心"); errs.FieldsOf(err)["help"] == "" {
		t.Errorf("words that may not leave: %v", err)
	}
	for want, err := range map[string]error{"": reply(counselling.NeedsHelp, "请今天到宿舍看看他")} {
		if err != nil {
			t.Fatalf("%s%v", want, err)
		}
	}
	label := func() (s string) {
		c.update(func(ctx context.Context, tx *store.Tx) error {
			list, err := counselling.MyConcerns(ctx, tx, c.fudaoyuan)
			s = list[0].Label()
			return err
		})
		return s
	}
	if got := label(); got != "需要您配合：请今天到宿舍看看他" {
		t.Errorf("back goes %q", got)
	}
	if err := reply(counselling.Contacted, ""); err != nil {
		t.Fatal(err)
	}
	if got := label(); got != "已联系" {
		t.Errorf("back goes %q", got)
	}
	if diff := cmp.Diff([]string{"孙一凡 reply", "孙一凡 reply"}, c.heard(counselling.KindAnswered)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// Role × relation × verb: who may do each of the verbs of care, whoever asks (D-10, T3).
func TestCare_least_privilege(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	b := c.arrived(c.students[0])
	c.duty(c.wang, 1, -time.Hour, 8*24*time.Hour)
	c.asks()
	c.answers(c.students[0], 0, 1)
	kase := c.cases()[0].PublicID
	disclosure, err := c.propose(c.head, c.edit(counselling.FieldIdentity))
	if err != nil {
		t.Fatal(err)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return counselling.SendConcern(ctx, tx, c.fudaoyuan, "s0", "最近两周常常缺课，宿舍同学说晚上睡不着。")
	})
	var concern, duty string
	c.update(func(ctx context.Context, tx *store.Tx) error {
		list, err := counselling.Concerns(ctx, tx, c.head, c.unit)
		if err != nil {
			return err
		}
		turns, err := counselling.Roster(ctx, tx, c.head, c.unit, tx.Now(), tx.Now().Add(time.Hour))
		concern, duty = list[0].PublicID, turns[0].PublicID
		return err
	})
	office := c.admin
	office.Roles = []identity.Role{{Name: identity.Office}}
	actors := []struct {
		name string
		identity.Person
	}{
		{"self", c.students[0]},
		{"other_student", c.students[1]},
		{"own_counsellor", c.wang},
		{"other_counsellor", c.li},
		{"desk", c.desk},
		{"head", c.head},
		{"admin", c.admin},
		{"office", office},
		{"fudaoyuan", c.fudaoyuan},
	}
	type verb func(ctx context.Context, tx *store.Tx, who identity.Person) error
	verbs := map[string]struct {
		do  verb
		may string
	}{
		"read the roster": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.Roster(ctx, tx, who, c.unit, tx.Now(), tx.Now())
			return err
		}, "own_counsellor other_counsellor desk head"},
		"read the gaps": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.ComingGaps(ctx, tx, who, c.unit)
			return err
		}, "own_counsellor other_counsellor desk head"},
		"add a duty": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.AddDuty(ctx, tx, who, c.unit, counselling.DutyEdit{Person: c.li.ID, StartsAt: tx.Now(), EndsAt: tx.Now().Add(time.Hour), Position: 2, Weeks: 1})
			return err
		}, "desk head"},
		"remove a duty": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.RemoveDuty(ctx, tx, who, duty)
		}, "desk head"},
		"change care": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.SaveCare(ctx, tx, who, c.unit, counselling.CareDefaults())
		}, "desk head"},
		"publish questions": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.PublishForm(ctx, tx, who, c.unit, questions)
		}, "desk head"},
		"read the questions": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.IntakeForm(ctx, tx, who)
			return err
		}, "self other_student own_counsellor other_counsellor desk head"},
		"answer the questions": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.AnswerIntake(ctx, tx, who, 1, []int{0, 0})
			return err
		}, "self other_student"},
		"open a case": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.OpenCase(ctx, tx, who, counselling.SourceWords)
		}, "self other_student"},
		"list cases": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.Cases(ctx, tx, who, c.unit)
			return err
		}, "own_counsellor other_counsellor desk head"}, // the desk: those it was called to
		"read a case": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.GetCase(ctx, tx, who, kase)
			return err
		}, "own_counsellor other_counsellor head"},
		"take a case": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.TakeCase(ctx, tx, who, kase)
		}, "own_counsellor other_counsellor head"},
		"close a case": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.CloseCase(ctx, tx, who, kase, "已联系上，平安")
		}, "own_counsellor other_counsellor head"},
		"read a record": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.GetRecord(ctx, tx, who, b.PublicID)
			return err
		}, "own_counsellor head"},
		"write a note": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.WriteNote(ctx, tx, who, b.PublicID, 0, "第一次来。")
		}, "own_counsellor"},
		"refer": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.Refer(ctx, tx, who, b.PublicID, "市立医院", tx.Now(), true)
		}, "own_counsellor"},
		"give feedback": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.GiveFeedback(ctx, tx, who, b.PublicID, counselling.Said{Stars: 5})
		}, "self"},
		"skip feedback": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.SkipFeedback(ctx, tx, who, b.PublicID)
		}, "self"},
		"read figures": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.FeedbackFigures(ctx, tx, who, c.unit)
			return err
		}, "own_counsellor other_counsellor head"},
		"read words": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.FeedbackWords(ctx, tx, who, c.unit)
			return err
		}, "head"},
		"propose a disclosure": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			e := c.edit(counselling.FieldIdentity)
			e.Recipient = "t6"
			_, err := counselling.Propose(ctx, tx, who, c.unit, e)
			return err
		}, "own_counsellor other_counsellor head"},
		"decide on a disclosure": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.Decide(ctx, tx, who, disclosure, true)
		}, "own_counsellor other_counsellor"}, // the head proposed it
		"list disclosures": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.Disclosures(ctx, tx, who, c.unit)
			return err
		}, "own_counsellor other_counsellor head"},
		"read a disclosure": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			if err := counselling.Decide(ctx, tx, c.wang, disclosure, true); err != nil {
				return err
			}
			_, err := counselling.ReadDisclosure(ctx, tx, who, disclosure)
			return err
		}, "fudaoyuan"}, // the recipient
		"see who saw": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.WhoSaw(ctx, tx, who)
			return err
		}, "self other_student"}, // each their own
		"send a concern": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.SendConcern(ctx, tx, who, "s0", "最近两周常常缺课，宿舍同学说晚上睡不着。")
		}, "fudaoyuan"},
		"read own concerns": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.MyConcerns(ctx, tx, who)
			return err
		}, "fudaoyuan"},
		"read concerns": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.Concerns(ctx, tx, who, c.unit)
			return err
		}, "own_counsellor other_counsellor head"},
		"answer a concern": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return counselling.AnswerConcern(ctx, tx, who, concern, counselling.Contacted, "")
		}, "own_counsellor other_counsellor head"},
		"take consent back": {func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			_, err := counselling.Withdraw(ctx, tx, who)
			return err
		}, "self other_student"},
	}
	undo := errors.New("undo")
	for name, v := range verbs {
		for _, who := range actors {
			var got error
			if err := c.try(func(ctx context.Context, tx *store.Tx) error {
				got = v.do(ctx, tx, who.Person)
				return undo
			}); !errors.Is(err, undo) {
				t.Fatal(err)
			}
			want := strings.Contains(" "+v.may+" ", " "+who.name+" ")
			if (got == nil) != want || got != nil && errs.KindOf(got) != errs.Forbidden {
				t.Errorf("%s by %s: %v, want allowed %v", name, who.name, got, want)
			}
		}
	}
}

// To who is outside the centre an id of ours and an invented one are the same.
func TestCare_ids_are_confidential(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	b := c.arrived(c.students[0])
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return counselling.OpenCase(ctx, tx, c.students[0], counselling.SourceWords)
	})
	disclosure, err := c.propose(c.head, c.edit(counselling.FieldIdentity))
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []identity.Person{c.desk, c.admin, c.fudaoyuan} {
		for name, ids := range map[string][2]string{
			"case":       {c.cases()[0].PublicID, store.NewPublicID()},
			"record":     {b.PublicID, store.NewPublicID()},
			"disclosure": {disclosure, store.NewPublicID()},
		} {
			for _, id := range ids {
				if err := c.try(func(ctx context.Context, tx *store.Tx) (err error) {
					switch name {
					case "case":
						_, err = counselling.GetCase(ctx, tx, who, id)
					case "record":
						_, err = counselling.GetRecord(ctx, tx, who, id)
					default:
						_, err = counselling.ReadDisclosure(ctx, tx, who, id)
					}
					return err
				}); !errors.Is(err, counselling.ErrConfidential) {
					t.Errorf("%s of %s: %v", name, who.Name, err)
				}
			}
		}
	}
}
