package approval_test

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
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func TestA_review_goes_through_its_stages(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.open(o.student, first(), second())
	if diff := cmp.Diff([]string{"何秋白", "沈嘉木"}, o.told("thing.review")); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	if _, err := o.decide(o.jiang, r.Task, approve()); !errors.Is(err, approval.ErrNotYours) {
		t.Errorf("the second stage decides the first: %v", err)
	}
	r = o.mustDecide(o.he, r.Task, approval.Decision{Action: approval.Approve, Opinion: "材料齐全"})
	if r.State != approval.Open || r.Stage().Code != "second" {
		t.Fatalf("after the first stage: %s at %s", r.State, r.Stage().Code)
	}
	if r = o.mustDecide(o.jiang, r.Task, approve()); r.State != approval.Approved {
		t.Fatalf("after the last stage: %s", r.State)
	}
	var got []string
	for _, e := range r.History {
		got = append(got, fmt.Sprint(e.Stage, " ", e.Who(), " ", e.Action.Label(), " ", e.Opinion))
	}
	want := []string{"初审 张晓雨 进入审核 ", "初审 何秋白 通过 材料齐全", "复核 江月明 通过 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if len(o.results) != 2 || o.results[0].State != approval.Open || o.results[0].Next.Code != "second" || o.results[1].State != approval.Approved {
		t.Errorf("outcomes: %+v", o.results)
	}
	o.sound()
}

func TestTwo_officers_who_decide_at_the_same_moment_make_one_decision(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.open(o.student, first())
	errsBy := make([]error, 2)
	var wg sync.WaitGroup
	for i, who := range []identity.Person{o.he, o.shen} {
		wg.Go(func() {
			d := approve()
			if i == 1 {
				d = approval.Decision{Action: approval.Reject, Reason: "材料看不清"}
			}
			_, errsBy[i] = o.decide(who, r.Task, d)
		})
	}
	wg.Wait()
	if (errsBy[0] == nil) == (errsBy[1] == nil) {
		t.Fatalf("one decision must win: %v, %v", errsBy[0], errsBy[1])
	}
	late := errors.Join(errsBy...)
	if errs.KindOf(errsBy[0]) != errs.Conflict && errs.KindOf(errsBy[1]) != errs.Conflict || !strings.Contains(late.Error(), "老师已在 10月12日（周一）09:00 处理") {
		t.Errorf("the late one reads: %v", late)
	}
	if len(o.results) != 1 {
		t.Errorf("%d outcomes ran", len(o.results))
	}
	o.sound()
}

func TestA_late_press_reads_what_was_decided(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		first func(o *office, task string)
		who   func(o *office) identity.Person
		want  string
	}{
		{
			"a double press", func(o *office, task string) { o.mustDecide(o.he, task, approve()) },
			func(o *office) identity.Person { return o.he }, "您已在 10月12日（周一）09:00 处理过：已通过，不用再处理。",
		},
		{
			"decided on the desk meanwhile", func(o *office, task string) {
				o.mustDecide(o.shen, task, approval.Decision{Action: approval.Return, Reason: "材料看不清", Marked: []string{"ticket"}})
			},
			func(o *office) identity.Person { return o.he }, "沈嘉木老师已在 10月12日（周一）09:00 处理：退回补充，不用再处理。",
		},
		{
			"withdrawn meanwhile", func(o *office, _ string) {
				o.update(func(ctx context.Context, tx *store.Tx) error {
					return o.engine.Withdraw(ctx, tx, o.student, approval.Subject{Kind: thing, ID: "a"}, "")
				})
			},
			func(o *office) identity.Person { return o.he }, "申请人已在 10月12日（周一）09:00 撤回，不用再处理。",
		},
		{
			"by a stranger", func(o *office, task string) { o.mustDecide(o.he, task, approve()) },
			func(o *office) identity.Person { return o.lu }, approval.ErrNotYours.Message,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			r := o.open(o.student, first())
			tt.first(o, r.Task)
			_, err := o.decide(tt.who(o), r.Task, approve())
			if got := errs.MessageOf(err); got != tt.want {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
			o.sound()
		})
	}
}

func TestA_decision_says_enough(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	strict := first()
	strict.MayReject = false
	r := o.open(o.student, strict)
	for _, tt := range []struct {
		name  string
		d     approval.Decision
		field string
	}{
		{"no action", approval.Decision{}, "action"},
		{"an action of the history", approval.Decision{Action: "withdraw"}, "action"},
		{"a rejection where there is none", approval.Decision{Action: approval.Reject, Reason: "不符合"}, "action"},
		{"a return without a reason", approval.Decision{Action: approval.Return, Reason: " "}, "reason"},
		{"a very long reason", approval.Decision{Action: approval.Return, Reason: strings.Repeat("长", 201)}, "reason"},
		{"a very long opinion", approval.Decision{Action: approval.Approve, Opinion: strings.Repeat("长", 501)}, "opinion"},
	} {
		_, err := o.decide(o.he, r.Task, tt.d)
		if errs.FieldsOf(err)[tt.field] == "" {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	o.refuse = errs.New(errs.Conflict, "还缺车票原件。")
	if _, err := o.decide(o.he, r.Task, approve()); errs.MessageOf(err) != "还缺车票原件。" {
		t.Errorf("the owner's refusal: %v", err)
	}
	if len(o.results) != 0 {
		t.Errorf("%d outcomes ran", len(o.results))
	}
}

func TestWhat_was_returned_comes_back_to_the_stage_that_returned_it(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := approval.Subject{Kind: thing, ID: "a"}
	r := o.open(o.student, first(), second())
	r = o.mustDecide(o.he, r.Task, approve())
	r = o.mustDecide(o.jiang, r.Task, approval.Decision{Action: approval.Return, Reason: "请补充", Marked: []string{"reason", "ticket"}})
	if r.State != approval.Returned || r.Task != "" || r.Reason != "请补充" || cmp.Diff([]string{"reason", "ticket"}, r.Marked) != "" {
		t.Fatalf("returned: %+v", r)
	}
	o.update(func(ctx context.Context, tx *store.Tx) (err error) {
		r, err = o.engine.Resubmit(ctx, tx, o.student, s, map[string]string{"title": "改过"})
		return err
	})
	if r.State != approval.Open || r.Stage().Code != "second" {
		t.Fatalf("resubmitted: %s at %s", r.State, r.Stage().Code)
	}
	if err := o.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := o.engine.Resubmit(ctx, tx, o.student, s, nil)
		return err
	}); !errors.Is(err, approval.ErrNotOpen) {
		t.Errorf("resubmitted twice: %v", err)
	}
	if r = o.mustDecide(o.jiang, r.Task, approve()); r.State != approval.Approved || len(r.History) != 5 {
		t.Errorf("%s with %d steps", r.State, len(r.History))
	}
	o.sound()
}

func TestNobody_decides_the_own_case(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.open(o.he, first())
	if diff := cmp.Diff([]string{"沈嘉木"}, o.told("thing.review")); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	if _, err := o.decide(o.he, r.Task, approve()); !errors.Is(err, approval.ErrOwn) {
		t.Errorf("got %v", err)
	}
	o.mustDecide(o.shen, r.Task, approve())
	o.sound()
}

func TestA_subject_is_under_review_once(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(o.student, first())
	err := o.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := o.engine.Open(ctx, tx, approval.Case{
			Subject: approval.Subject{Kind: thing, ID: "a"}, Applicant: o.student, Department: o.unit, Scope: "unit:1", Stages: []approval.Stage{first()},
		})
		return err
	})
	if errs.KindOf(err) != errs.Conflict {
		t.Errorf("got %v", err)
	}
}

func TestA_deputy_decides_while_the_dates_say_so(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		wait time.Duration
		ok   bool
	}{
		{"the day before it begins", 0, false},
		{"on its first second", 24 * time.Hour, true},
		{"on its last second", 72*time.Hour - time.Second, true},
		{"when the dates ended", 72 * time.Hour, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			now := o.clock.Now()
			o.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := approval.SetDeputy(ctx, tx, o.he, o.he.ID, o.lu.ID, now.Add(24*time.Hour), now.Add(72*time.Hour))
				return err
			})
			r := o.open(o.student, first())
			o.wait(tt.wait)
			r, err := o.decide(o.lu, r.Task, approve())
			if !tt.ok {
				if !errors.Is(err, approval.ErrNotYours) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := r.History[1].Who(); got != "陆一舟（代何秋白）" {
				t.Errorf("history names %s", got)
			}
			o.sound()
		})
	}
}

func TestA_deputy_gets_the_card_and_loses_it_with_the_principal(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	now := o.clock.Now()
	o.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := approval.SetDeputy(ctx, tx, o.jiang, o.he.ID, o.lu.ID, now, now.Add(time.Hour)); !errors.Is(err, identity.ErrForbidden) {
			t.Errorf("somebody else sets it: %v", err)
		}
		_, err := approval.SetDeputy(ctx, tx, o.he, o.he.ID, o.lu.ID, now, now.Add(time.Hour))
		return err
	})
	r := o.open(o.student, first())
	if diff := cmp.Diff([]string{"何秋白", "沈嘉木", "陆一舟"}, o.told("thing.review")); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	o.revoke(o.he, identity.Office)
	if _, err := o.decide(o.lu, r.Task, approve()); !errors.Is(err, approval.ErrNotYours) {
		t.Errorf("got %v", err)
	}
}

func TestA_deputy_is_told_what_waits_when_the_dates_begin(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(o.student, first())
	now := o.clock.Now()
	set := func(deputy identity.Person) (id string) {
		o.update(func(ctx context.Context, tx *store.Tx) (err error) {
			id, err = approval.SetDeputy(ctx, tx, o.he, o.he.ID, deputy.ID, now.Add(24*time.Hour), now.Add(72*time.Hour))
			return err
		})
		return id
	}
	set(o.lu)
	ended := set(o.head)
	o.update(func(ctx context.Context, tx *store.Tx) error { return approval.EndDeputy(ctx, tx, o.he, ended) })
	o.wait(23 * time.Hour)
	if got := o.told(approval.KindHandedOver); got != nil {
		t.Errorf("told early: %v", got)
	}
	o.wait(time.Hour)
	if diff := cmp.Diff([]string{"陆一舟"}, o.told(approval.KindHandedOver)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func (o *office) revoke(who identity.Person, name identity.RoleName) {
	o.t.Helper()
	o.update(func(ctx context.Context, tx *store.Tx) error {
		var id string
		if err := tx.GetContext(ctx, &id, `select public_id from role where person_id = $1 and name = $2 and valid_to is null`, who.ID, name); err != nil {
			return err
		}
		return identity.Revoke(ctx, tx, identity.Operator(), id)
	})
}

func TestA_role_revoked_between_card_and_press_decides_nothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.open(o.student, first())
	o.revoke(o.he, identity.Office)
	if _, err := o.decide(o.he, r.Task, approve()); !errors.Is(err, approval.ErrNotYours) {
		t.Errorf("got %v", err)
	}
	o.mustDecide(o.shen, r.Task, approve())
}

func TestA_stage_of_all_ends_with_the_last_who_still_holds_the_role(t *testing.T) {
	t.Parallel()
	all := first()
	all.Mode = approval.All
	t.Run("both agree", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		r := o.open(o.student, all)
		if r = o.mustDecide(o.he, r.Task, approve()); r.State != approval.Open {
			t.Fatalf("one of two decided: %s", r.State)
		}
		if _, err := o.decide(o.he, r.Task, approve()); !errors.Is(err, approval.ErrVoted) {
			t.Errorf("agreed twice: %v", err)
		}
		if r = o.mustDecide(o.shen, r.Task, approve()); r.State != approval.Approved {
			t.Errorf("both agreed: %s", r.State)
		}
		o.sound()
	})
	t.Run("one lost the role", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		r := o.open(o.student, all)
		o.revoke(o.shen, identity.Office)
		if r = o.mustDecide(o.he, r.Task, approve()); r.State != approval.Approved {
			t.Errorf("the only one left agreed: %s", r.State)
		}
	})
	t.Run("one rejects", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		r := o.open(o.student, all)
		o.mustDecide(o.he, r.Task, approve())
		if r = o.mustDecide(o.shen, r.Task, approval.Decision{Action: approval.Reject, Reason: "不符合"}); r.State != approval.Rejected {
			t.Errorf("one rejected: %s", r.State)
		}
		o.sound()
	})
}

func TestA_task_nobody_acts_on_reminds_and_then_goes_on(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := first()
	s.LimitHours, s.RemindHours, s.EscalateTo, s.EscalateScope = 48, 24, identity.ClassCounsellor, approval.OfStudent
	r := o.open(o.student, s)
	o.wait(23 * time.Hour)
	if got := o.told("thing.reminder"); got != nil {
		t.Errorf("reminded early: %v", got)
	}
	o.wait(time.Hour)
	if diff := cmp.Diff([]string{"何秋白", "沈嘉木"}, o.told("thing.reminder")); diff != "" {
		t.Errorf("reminder (-want +got):\n%s", diff)
	}
	if _, err := o.decide(o.jiang, r.Task, approve()); !errors.Is(err, approval.ErrNotYours) {
		t.Errorf("before the limit: %v", err)
	}
	o.wait(24 * time.Hour)
	if diff := cmp.Diff([]string{"何秋白", "沈嘉木", "江月明"}, o.told("thing.review")); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	o.sound()
	o.wait(48 * time.Hour)
	if got := o.told("thing.reminder"); len(got) != 7 || got[6] != "江月明" {
		t.Errorf("after one more limit everybody is reminded: %v", got)
	}
	if r = o.mustDecide(o.jiang, r.Task, approve()); r.State != approval.Approved {
		t.Errorf("escalated: %s", r.State)
	}
	before := len(o.told("thing.reminder"))
	o.wait(500 * time.Hour)
	if got := len(o.told("thing.reminder")); got != before {
		t.Errorf("%d reminders after the decision", got-before)
	}
	o.sound()
}

func TestA_limit_that_passed_while_nothing_ran_is_said_once(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := first()
	s.LimitHours, s.RemindHours, s.EscalateTo, s.EscalateScope = 48, 24, identity.ClassCounsellor, approval.OfStudent
	o.open(o.student, s)
	o.wait(60 * time.Hour)
	if diff := cmp.Diff([]string{"何秋白", "沈嘉木"}, o.told("thing.reminder")); diff != "" {
		t.Errorf("reminders (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"何秋白", "沈嘉木", "江月明"}, o.told("thing.review")); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	o.sound()
}

func TestWho_has_the_card_as_a_deputy_gets_no_second_one_at_the_limit(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := approval.SetDeputy(ctx, tx, o.he, o.he.ID, o.jiang.ID, tx.Now(), tx.Now().AddDate(0, 0, 10))
		return err
	})
	s := first()
	s.LimitHours, s.EscalateTo, s.EscalateScope = 48, identity.ClassCounsellor, approval.OfStudent
	o.open(o.student, s)
	o.wait(48 * time.Hour)
	want := []string{"何秋白", "沈嘉木", "江月明"}
	if diff := cmp.Diff(want, o.told("thing.review")); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, o.told("thing.reminder")); diff != "" {
		t.Errorf("reminders (-want +got):\n%s", diff)
	}
}

func TestWhat_nobody_can_decide_is_told_once_a_day_to_who_can_give_the_role(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	head := approval.Stage{Code: "head", Title: "负责人确认", Role: identity.OfficeHead, Scope: approval.OfDepartment}
	o.openThing("a", o.student, head)
	o.wait(time.Minute)
	o.openThing("b", o.student, head)
	o.openThing("c", o.student, first())
	if diff := cmp.Diff([]string{"周海宁"}, o.told(approval.KindUnheld)); diff != "" {
		t.Errorf("told on the first day (-want +got):\n%s", diff)
	}
	o.wait(24 * time.Hour)
	if diff := cmp.Diff([]string{"周海宁", "周海宁"}, o.told(approval.KindUnheld)); diff != "" {
		t.Errorf("told by the second day (-want +got):\n%s", diff)
	}
	unattended := func(who identity.Person) (list []approval.Lying) {
		o.update(func(ctx context.Context, tx *store.Tx) (err error) {
			list, err = approval.Unattended(ctx, tx, who)
			return err
		})
		return list
	}
	want := []approval.Lying{{Nobody: approval.Nobody{Stage: "负责人确认", Role: identity.OfficeHead, Unit: "资助中心"}, Tasks: 2}}
	if diff := cmp.Diff(want, unattended(o.admin), cmpopts.IgnoreFields(approval.Lying{}, "Since")); diff != "" {
		t.Errorf("on the desk (-want +got):\n%s", diff)
	}
	if got := unattended(o.he); got != nil {
		t.Errorf("an officer is shown %v", got)
	}

	o.update(func(ctx context.Context, tx *store.Tx) error {
		return identity.Grant(ctx, tx, o.admin, o.lu.ID, identity.OfficeHead, o.unit)
	})
	if got := unattended(o.admin); got != nil {
		t.Errorf("with a head there is still %v", got)
	}
	o.wait(4 * time.Hour)
	if diff := cmp.Diff([]string{"陆一舟", "陆一舟"}, o.told("thing.review")[2:]); diff != "" {
		t.Errorf("cards after the role was given (-want +got):\n%s", diff)
	}
	if got := o.told(approval.KindUnheld); len(got) != 2 {
		t.Errorf("told %d times", len(got))
	}
	o.sound()
}

func TestA_stage_nobody_can_decide_goes_on_at_once(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := approval.Stage{
		Code: "x", Title: "学院", Role: identity.Advisor, Scope: approval.OfDepartment, Mode: approval.All,
		LimitHours: 24, EscalateTo: identity.Office,
	}
	r := o.open(o.student, s)
	if !r.Late {
		t.Error("it does not say that it is late")
	}
	if r = o.mustDecide(o.he, r.Task, approve()); r.State != approval.Approved {
		t.Errorf("got %s", r.State)
	}
}

func TestA_stage_whose_people_have_left_goes_on_at_once(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `update enrolment set status = 'left' where person_id in ($1, $2)`, o.he.ID, o.shen.ID)
		return err
	})
	s := first()
	s.LimitHours, s.EscalateTo, s.EscalateScope = 48, identity.ClassCounsellor, approval.OfStudent
	r := o.open(o.student, s)
	if diff := cmp.Diff([]string{"江月明"}, o.told("thing.review")); diff != "" || !r.Late {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	o.mustDecide(o.jiang, r.Task, approve())
	o.sound()
}

// A limit that leads back to who sat on it, away with a deputy: the deputy is asked, and
// nothing is decided by itself.
func TestA_limit_that_leads_back_to_a_reviewer_on_leave_reaches_the_deputy(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := second()
	s.LimitHours, s.RemindHours, s.EscalateTo, s.EscalateScope = 48, 24, identity.ClassCounsellor, approval.OfStudent
	r := o.open(o.student, s)
	o.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := approval.SetDeputy(ctx, tx, o.jiang, o.jiang.ID, o.lu.ID, tx.Now(), tx.Now().Add(30*24*time.Hour))
		return err
	})
	o.wait(24 * time.Hour)
	o.wait(25 * time.Hour)
	if diff := cmp.Diff([]string{"江月明", "江月明", "陆一舟", "陆一舟"}, sorted(o.told("thing.reminder"))); diff != "" {
		t.Errorf("reminded (-want +got):\n%s", diff)
	}
	o.wait(20 * 24 * time.Hour)
	o.update(func(ctx context.Context, tx *store.Tx) (err error) {
		r, err = approval.Get(ctx, tx, approval.Subject{Kind: thing, ID: "a"})
		return err
	})
	if r.State != approval.Open || !r.Late {
		t.Errorf("after three weeks it is %s", r.State)
	}
	if r = o.mustDecide(o.lu, r.Task, approve()); r.State != approval.Approved {
		t.Errorf("the deputy leaves it %s", r.State)
	}
	o.sound()
}

func TestA_deputy_until_midnight_decides_what_was_pressed_before(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		at   time.Duration // of the press, before midnight
		ok   bool
	}{{"in the last second, handled after midnight", time.Second, true}, {"at midnight", 0, false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			now := o.clock.Now()
			midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, storetest.Shanghai())
			o.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := approval.SetDeputy(ctx, tx, o.he, o.he.ID, o.lu.ID, now, midnight)
				return err
			})
			r := o.open(o.student, first())
			o.wait(midnight.Add(time.Minute).Sub(now))
			err := o.try(func(ctx context.Context, tx *store.Tx) error {
				tx.SetReceivedAt(midnight.Add(-tt.at))
				_, err := o.engine.Decide(ctx, tx, o.lu, r.Task, approve())
				return err
			})
			if tt.ok && err != nil || !tt.ok && !errors.Is(err, approval.ErrNotYours) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWho_approved_an_earlier_stage_never_decides_one_for_another_person(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	last := first()
	last.Code, last.Title, last.Another = "last", "确认金额", true
	r := o.open(o.student, first(), last)
	o.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := approval.SetDeputy(ctx, tx, o.shen, o.shen.ID, o.he.ID, tx.Now(), tx.Now().Add(24*time.Hour))
		return err
	})
	r = o.mustDecide(o.he, r.Task, approve())
	if got := o.told("thing.review"); got[len(got)-1] != "沈嘉木" || len(got) != 3 {
		t.Errorf("cards went to %v", got)
	}
	if _, err := o.decide(o.he, r.Task, approve()); !errors.Is(err, approval.ErrAnother) {
		t.Errorf("the same officer, as a deputy too: %v", err)
	}
	waits := func(who identity.Person) (n int, may bool) {
		o.update(func(ctx context.Context, tx *store.Tx) (err error) {
			if n, err = approval.Waiting(ctx, tx, who); err != nil {
				return err
			}
			list, _, err := approval.Tasks(ctx, tx, who, "", 10)
			if len(list) != n {
				t.Errorf("%d tasks in a queue of %d", len(list), n)
			}
			if err != nil {
				return err
			}
			may, err = approval.MayDecide(ctx, tx, who, r.Task)
			return err
		})
		return n, may
	}
	if n, may := waits(o.he); n != 0 || may {
		t.Errorf("%d wait for who decided already, who may %v", n, may)
	}
	if n, may := waits(o.shen); n != 1 || !may {
		t.Errorf("%d wait for the other, who may %v", n, may)
	}
	if r = o.mustDecide(o.shen, r.Task, approve()); r.State != approval.Approved {
		t.Errorf("got %s", r.State)
	}
	o.sound()
}

func TestUnheld_names_the_stages_nobody_can_decide(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	head := approval.Stage{Code: "head", Title: "负责人确认", Role: identity.OfficeHead, Scope: approval.OfDepartment}
	o.update(func(ctx context.Context, tx *store.Tx) error {
		list, err := approval.Unheld(ctx, tx, o.unit, []approval.Stage{first(), second(), head})
		if len(list) != 1 || list[0].Code != "head" {
			t.Errorf("got %v", list)
		}
		return err
	})
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

func TestTwo_thousand_decisions_in_one_batch(t *testing.T) {
	t.Parallel()
	const n = 2000
	o := newOffice(t)
	tasks := o.openMany(n)
	o.mustDecide(o.shen, tasks[7], approval.Decision{Action: approval.Reject, Reason: "不符合"})
	tasks = append(tasks, "invented")
	var b approval.Batch
	o.update(func(ctx context.Context, tx *store.Tx) (err error) {
		b, err = o.engine.DecideMany(ctx, tx, o.he, tasks, approve())
		return err
	})
	if b.Finished() {
		t.Fatal("2,001 at once")
	}
	o.work()
	o.update(func(ctx context.Context, tx *store.Tx) (err error) {
		if _, err := approval.OneBatch(ctx, tx, o.shen, b.PublicID); !errors.Is(err, approval.ErrNotYours) {
			t.Errorf("somebody else reads it: %v", err)
		}
		b, err = approval.OneBatch(ctx, tx, o.he, b.PublicID)
		return err
	})
	want := []approval.Failure{
		{Task: tasks[7], Subject: "t7", Message: "沈嘉木老师已在 10月12日（周一）09:00 处理：不通过，不用再处理。"},
		{Task: "invented", Message: approval.ErrNotYours.Message},
	}
	if diff := cmp.Diff(want, b.Failed); diff != "" || !b.Finished() || len(o.results) != n {
		t.Errorf("%d of %d done, %d outcomes, failures (-want +got):\n%s", b.Done, b.Total, len(o.results), diff)
	}
	o.sound()
}

func (o *office) openMany(n int) []string {
	o.t.Helper()
	tasks := make([]string, n)
	o.update(func(ctx context.Context, tx *store.Tx) error {
		for i := range n {
			r, err := o.engine.Open(ctx, tx, approval.Case{
				Subject: approval.Subject{Kind: thing, ID: fmt.Sprint("t", i)}, Applicant: o.student, Department: o.unit, Scope: "unit:1",
				Stages: []approval.Stage{first()}, Cards: approval.Cards{Review: "thing.review", Reminder: "thing.reminder", Settled: "thing.settled"},
			})
			if err != nil {
				return err
			}
			tasks[i] = r.Task
		}
		return nil
	})
	return tasks
}

func TestThe_queue_holds_what_one_can_decide(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.openMany(5)
	o.update(func(ctx context.Context, tx *store.Tx) error {
		for _, tt := range []struct {
			who  identity.Person
			want int
		}{{o.he, 5}, {o.jiang, 0}, {o.lu, 0}, {o.student, 0}} {
			if n, err := approval.Waiting(ctx, tx, tt.who); err != nil || n != tt.want {
				t.Errorf("%s has %d, %v; want %d", tt.who.Name, n, err, tt.want)
			}
		}
		page, next, err := approval.Tasks(ctx, tx, o.he, "", 3)
		if err != nil || len(page) != 3 || next == "" {
			t.Fatalf("first page: %d, %q, %v", len(page), next, err)
		}
		rest, next, err := approval.Tasks(ctx, tx, o.he, next, 3)
		if err != nil || len(rest) != 2 || next != "" || rest[0].Subject.ID != "t3" {
			t.Errorf("second page: %+v, %q, %v", rest, next, err)
		}
		if ok, err := approval.MayDecide(ctx, tx, o.he, page[0].PublicID); err != nil || !ok {
			t.Errorf("MayDecide = %t, %v", ok, err)
		}
		if ok, err := approval.MayRead(ctx, tx, o.jiang, page[0].Subject); err != nil || ok {
			t.Errorf("MayRead = %t, %v", ok, err)
		}
		return nil
	})
}

func TestReviews_are_those_that_Get_returns_one_by_one(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.openThing("a", o.student, first(), second()), o.openThing("b", o.student, first())
	o.mustDecide(o.he, a.Task, approve())
	o.mustDecide(o.he, b.Task, approval.Decision{Action: approval.Return, Reason: "材料看不清", Marked: []string{"tickets"}})
	o.update(func(ctx context.Context, tx *store.Tx) error {
		want := map[string]approval.Review{}
		for _, id := range []string{"a", "b"} {
			r, err := approval.Get(ctx, tx, approval.Subject{Kind: thing, ID: id})
			if err != nil {
				return err
			}
			want[id] = r
		}
		got, err := approval.Reviews(ctx, tx, thing, "a", "b", "nobody's")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("together (-one by one +together):\n%s", diff)
		}
		if got["a"].Task == "" || got["a"].Stage().Code != "second" || got["b"].Reason != "材料看不清" || len(got["b"].History) != 2 {
			t.Errorf("they say %+v", got)
		}
		return err
	})
}

func TestAn_unknown_kind_refuses_the_start(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(o.student, first())
	o.update(func(ctx context.Context, tx *store.Tx) error {
		if err := o.engine.Ready(ctx, tx); err != nil {
			t.Error(err)
		}
		if err := (&approval.Engine{}).Ready(ctx, tx); err == nil || !strings.Contains(err.Error(), `"thing"`) {
			t.Errorf("got %v", err)
		}
		return nil
	})
}

func TestStages_of_a_file_are_checked(t *testing.T) {
	t.Parallel()
	if wrong := approval.CheckStages([]approval.Stage{first(), second()}); wrong != nil {
		t.Errorf("good stages: %v", wrong)
	}
	for _, tt := range []struct {
		name string
		edit func(*approval.Stage)
		want string
	}{
		{"no title", func(s *approval.Stage) { s.Title = "" }, "title"},
		{"an unknown role", func(s *approval.Stage) { s.Role = "boss" }, `"boss"`},
		{"an unknown scope", func(s *approval.Stage) { s.Scope = "town" }, "scope"},
		{"an unknown mode", func(s *approval.Stage) { s.Mode = "most" }, "mode"},
		{"a limit without an end", func(s *approval.Stage) { s.LimitHours = 24 }, "escalate_to"},
		{"a reminder after the limit", func(s *approval.Stage) {
			s.LimitHours, s.RemindHours, s.EscalateTo = 24, 24, identity.Office
		}, "remind_hours"},
		{"no reasons", func(s *approval.Stage) { s.Reasons = nil }, "reasons"},
	} {
		s := first()
		tt.edit(&s)
		if wrong := strings.Join(approval.CheckStages([]approval.Stage{s}), "\n"); !strings.Contains(wrong, tt.want) {
			t.Errorf("%s: %q", tt.name, wrong)
		}
	}
	if wrong := approval.CheckStages([]approval.Stage{first(), first()}); len(wrong) != 1 {
		t.Errorf("a repeated code: %v", wrong)
	}
}
