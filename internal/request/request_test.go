package request_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func TestEvery_outcome_goes_through_its_whole_life(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code string
		want string
	}{
		{certificate, "提交申请 退回补充 重新提交 已通过 已打印 已领取 已撤销"},
		{card, "提交申请 退回补充 重新提交 已通过 已办好 已领取 已撤销"},
		{subsidy, "提交申请 退回补充 重新提交 收到材料 收到材料 本环节通过 已通过 待放款 放款未成功 待放款 已放款"},
		{pledge, "提交申请 退回补充 重新提交 已通过 已办结 已撤销"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, 1)
			a := s.live(tt.code)
			if got := states(a); got != tt.want {
				t.Errorf("history:\ngot  %s\nwant %s", got, tt.want)
			}
			s.sound()
		})
	}
}

// live takes an application of the first student through everything there is for it.
func (s *school) live(code string) request.Application {
	s.t.Helper()
	a := s.applied(s.students[0], code)
	reviewers := []identity.Person{s.he}
	if code == subsidy {
		reviewers = []identity.Person{s.jiang, s.he}
	}
	a = s.mustDecide(reviewers[0], a, approval.Decision{Action: approval.Return, Reason: "内容看不清"})
	a = s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Resubmit(ctx, tx, s.students[0], a.PublicID, filled(code))
	})
	if code == subsidy {
		a = s.receive(a, "ticket", "proof")
	}
	for _, who := range reviewers {
		a = s.mustDecide(who, a, yes())
	}
	switch code {
	case certificate, card:
		a = s.collect(a)
	case subsidy:
		return s.pay(a)
	}
	return s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Revoke(ctx, tx, s.he, a.PublicID, "办理有误")
	})
}

func (s *school) collect(a request.Application) request.Application {
	s.t.Helper()
	a = s.mustAct(s.engine.Print, s.he, a)
	return s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.HandOver(ctx, tx, s.he, a.PublicID, " "+a.Student.Number+"\n")
	})
}

// pay fails once and succeeds then.
func (s *school) pay(a request.Application) request.Application {
	s.t.Helper()
	list := s.buildList(subsidy)
	s.update(func(ctx context.Context, tx *store.Tx) error {
		return s.engine.MarkFailed(ctx, tx, s.he, list.PublicID, a.PublicID, "卡号和姓名对不上")
	})
	s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Requeue(ctx, tx, s.he, a.PublicID)
	})
	list = s.buildList(subsidy)
	s.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := s.engine.MarkPaid(ctx, tx, s.he, list.PublicID)
		return err
	})
	return s.get(s.he, a.PublicID)
}

func (s *school) buildList(code string) (l request.List) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) (err error) {
		l, err = s.engine.BuildList(ctx, tx, s.he, code)
		return err
	})
	return l
}

func TestTwo_officers_decide_the_same_application_at_the_same_moment(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	a := s.applied(s.students[0], certificate)
	results := together(
		func() error { return s.decide(s.he, a, yes()) },
		func() error {
			return s.decide(s.shen, a, approval.Decision{Action: approval.Reject, Reason: "不符合"})
		},
	)
	if (results[0] == nil) == (results[1] == nil) {
		t.Fatalf("one must win: %v, %v", results[0], results[1])
	}
	for _, err := range results {
		if err != nil && (errs.KindOf(err) != errs.Conflict || !strings.Contains(errs.MessageOf(err), "老师已在")) {
			t.Errorf("the late one reads %v", err)
		}
	}
	s.sound()
}

func TestA_student_who_submits_twice_has_one_application(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	st := s.students[0]
	p := s.begun(st, certificate)
	var wg sync.WaitGroup
	numbers := make([]string, 8)
	for i := range numbers {
		wg.Go(func() {
			a, err := s.submit(st, p.PublicID, filled(certificate))
			if err != nil {
				t.Error(err)
			}
			numbers[i] = a.Number
		})
	}
	wg.Wait()
	for _, n := range numbers {
		if n == "" || n != numbers[0] {
			t.Errorf("numbers %v", numbers)
			break
		}
	}
	if n := s.rows(`select count(*) from application`); n != 1 {
		t.Errorf("%d applications", n)
	}
	s.sound()
}

func TestThe_fourth_of_three_is_refused_with_limit_and_count(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	st := s.students[0]
	var last request.Application
	for range 3 {
		last = s.applied(st, certificate)
	}
	want := "资助证明2026—2027 学年最多申请 3 份，你已有 3 份。需要更多请联系活动中心 101。"
	if _, err := s.start(st, certificate); errs.KindOf(err) != errs.Conflict || errs.MessageOf(err) != want {
		t.Errorf("a fourth reads %v", err)
	}
	if _, err := s.do(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Withdraw(ctx, tx, st, last.PublicID)
	}); err != nil {
		t.Fatal(err)
	}
	s.applied(st, certificate) // what was withdrawn does not count
	s.sound()
}

func TestA_draft_begun_before_the_limit_was_reached_is_refused_by_its_seat(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	st := s.students[0]
	for range 2 {
		s.applied(st, certificate)
	}
	p := s.mustStart(st, certificate)
	s.apply(map[string]string{certificate: strings.Replace(definitions()[certificate], "per_year: 3", "per_year: 2", 1)})
	if _, err := s.submit(st, p.PublicID, filled(certificate)); errs.KindOf(err) != errs.Conflict || !strings.Contains(errs.MessageOf(err), "最多申请 2 份，你已有 2 份") {
		t.Errorf("got %v", err)
	}
	if n := s.rows(`select count(*) from application where state = 'submitted'`); n != 2 {
		t.Errorf("%d applications", n)
	}
	s.sound()
}

func TestThe_last_second_of_a_window_counts_by_when_the_act_reached_us(t *testing.T) {
	t.Parallel()
	closes := time.Date(2026, 10, 21, 0, 0, 0, 0, storetest.Shanghai())
	for _, tt := range []struct {
		name     string
		received time.Time
		ok       bool
	}{
		{"its last second", closes.Add(-time.Second), true},
		{"the second after", closes, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, 1)
			st := s.students[0]
			p := s.begun(st, subsidy)
			_ = s.clock.MoveTo(closes.Add(time.Hour)) // acted on late, say after a restart
			s.at = tt.received
			_, err := s.submit(st, p.PublicID, filled(subsidy))
			if tt.ok != (err == nil) {
				t.Fatalf("got %v", err)
			}
			if !tt.ok && errs.MessageOf(err) != "实习补贴现在不在申请时间：已于10月20日截止。" {
				t.Errorf("reads %q", errs.MessageOf(err))
			}
		})
	}
}

func TestA_window_is_kept_open_for_one_student(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 2)
	s.wait(20 * 24 * time.Hour)
	extend := func(who identity.Person, reason string) error {
		return s.try(func(ctx context.Context, tx *store.Tx) error {
			return s.engine.ExtendWindow(ctx, tx, who, subsidy, s.students[0].Number, tx.Now().Add(24*time.Hour), reason)
		})
	}
	if err := extend(s.lu, "住院"); !errors.Is(err, identity.ErrForbidden) {
		t.Errorf("another office: %v", err)
	}
	if err := extend(s.he, " "); errs.FieldsOf(err)["reason"] == "" {
		t.Errorf("without a reason: %v", err)
	}
	if err := extend(s.he, "住院"); err != nil {
		t.Fatal(err)
	}
	s.applied(s.students[0], subsidy)
	if _, err := s.start(s.students[1], subsidy); errs.KindOf(err) != errs.Conflict {
		t.Errorf("the other student: %v", err)
	}
	s.wait(25 * time.Hour)
	if _, err := s.start(s.students[0], subsidy); errs.KindOf(err) != errs.Conflict {
		t.Errorf("after the extension: %v", err)
	}
	s.sound()
}

func TestA_stranger_learns_nothing_from_an_id(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 3)
	a := s.applied(s.students[0], subsidy)
	p := s.mustStart(s.students[0], pledge)
	later := s.clock.Now().Add(time.Hour)
	e, ctx := s.engine, context.Background()
	type verbs map[string]func(tx *store.Tx, who identity.Person, id string) (any, error)
	student := verbs{
		"Get":   func(tx *store.Tx, who identity.Person, id string) (any, error) { return e.Get(ctx, tx, who, id) },
		"Paper": func(tx *store.Tx, who identity.Person, id string) (any, error) { return e.Paper(ctx, tx, who, id) },
		"Save": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return e.Save(ctx, tx, who, id, in("wish", "x"))
		},
		"SaveField": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return e.SaveField(ctx, tx, who, id, "wish", "x")
		},
		"Submit": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return e.Submit(ctx, tx, who, id, nil, request.ViaAPI)
		},
		"Resubmit": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return e.Resubmit(ctx, tx, who, id, nil)
		},
		"Withdraw": func(tx *store.Tx, who identity.Person, id string) (any, error) { return e.Withdraw(ctx, tx, who, id) },
		"Discard": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return nil, e.Discard(ctx, tx, who, id)
		},
		"AskAbout": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return e.AskAbout(ctx, tx, who, id, "tier", "不对")
		},
		"Annotate": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return nil, e.Annotate(ctx, tx, who, id, "备注")
		},
		"File": func(tx *store.Tx, who identity.Person, id string) (any, error) { return e.File(ctx, tx, who, id, "x") },
		"Open": func(tx *store.Tx, who identity.Person, id string) (any, error) { return e.Open(ctx, tx, who, id) },
	}
	office := verbs{
		"Receive": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return e.Receive(ctx, tx, who, id, "ticket", true)
		},
		"Extend": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return e.Extend(ctx, tx, who, id, later, "x")
		},
		"Print": func(tx *store.Tx, who identity.Person, id string) (any, error) { return e.Print(ctx, tx, who, id) },
		"HandOver": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return e.HandOver(ctx, tx, who, id, "1")
		},
		"Revoke": func(tx *store.Tx, who identity.Person, id string) (any, error) {
			return e.Revoke(ctx, tx, who, id, "x")
		},
		"Requeue": func(tx *store.Tx, who identity.Person, id string) (any, error) { return e.Requeue(ctx, tx, who, id) },
	}
	refuses := func(of verbs, who []identity.Person, ids ...string) {
		for name, verb := range of {
			for _, p := range who {
				for _, id := range ids {
					if err := s.try(func(_ context.Context, tx *store.Tx) error { _, err := verb(tx, p, id); return err }); !errors.Is(err, request.ErrNotYours) {
						t.Errorf("%s by %s of %s: %v", name, p.Name, id, err)
					}
				}
			}
		}
	}
	refuses(student, []identity.Person{s.students[1], s.lu, s.admin}, a.PublicID, p.PublicID, "invented")
	refuses(office, []identity.Person{s.students[0], s.students[1], s.lu, s.admin, s.jiang}, a.PublicID, "invented")
	for _, task := range []string{a.Review.Task, "invented"} { // what a card's key holds
		b := a
		b.Review.Task = task
		if err := s.decide(s.students[1], b, yes()); !errors.Is(err, approval.ErrNotYours) {
			t.Errorf("decide %s: %v", task, err)
		}
	}
	if err := s.try(func(ctx context.Context, tx *store.Tx) error { _, err := e.Get(ctx, tx, s.he, p.PublicID); return err }); !errors.Is(err, request.ErrNotYours) {
		t.Errorf("the office reads a draft: %v", err)
	}
}

func TestA_service_file_changed_while_applications_are_under_way(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	a := s.applied(s.students[0], certificate)
	changed := strings.Replace(definitions()[certificate], "title: 审核,", "title: 会审,", 1)
	s.apply(map[string]string{certificate: strings.Replace(changed, "label: 办理原因", "label: 用途", 1)})
	a = s.get(s.students[0], a.PublicID)
	if got := a.Rows()[1].Label; got != "办理原因" || a.Review.Stage().Title != "审核" {
		t.Errorf("it reads %q at %q", got, a.Review.Stage().Title)
	}
	b := s.applied(s.students[0], certificate)
	if got := b.Rows()[1].Label; got != "用途" || b.Review.Stage().Title != "会审" {
		t.Errorf("a new one reads %q at %q", got, b.Review.Stage().Title)
	}
	s.mustDecide(s.he, a, yes())
	s.sound()
}

func TestRejected_input_writes_nothing(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 2)
	st := s.students[0]
	p := s.mustStart(st, subsidy)
	if _, err := s.submit(st, p.PublicID, filled(subsidy)); !errors.Is(err, request.ErrNotAgreed) {
		t.Errorf("without the notice: %v", err)
	}
	s.agree(st, subsidy)
	for _, cost := range []string{"", "12.345", "-1", "1e3", "12,3", "500.01"} {
		if _, err := s.submit(st, p.PublicID, in("cost", cost)); errs.FieldsOf(err)["cost"] == "" {
			t.Errorf("%q: %v", cost, err)
		}
		if err := s.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := s.engine.Save(ctx, tx, st, p.PublicID, in("cost", cost))
			return err
		}); cost != "" && errs.FieldsOf(err)["cost"] == "" {
			t.Errorf("draft of %q: %v", cost, err)
		}
	}
	if _, err := s.start(s.students[1], certificate); errs.MessageOf(err) != "需要本学年认定为特困或困难，现在的记录是“不困难”。可以先向辅导员申请困难认定。" {
		t.Errorf("not eligible: %v", err)
	}
	for table, want := range map[string]int{
		"application": 1, "application_answers": 0, "application_seat": 0, "application_material": 0, "application_event": 0, "review": 0, "send": 0,
	} {
		if n := s.rows(`select count(*) from ` + table); n != want {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

func TestOne_draft_is_shared_by_page_and_chat(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	st := s.students[0]
	p := s.begun(st, certificate)
	if diff := cmp.Diff([]string{"reason"}, p.Missing); diff != "" || p.Ready() || p.Answers["tier"].Text != "困难" {
		t.Errorf("begun: missing %v, ready %t, tier %q", p.Missing, p.Ready(), p.Answers["tier"].Text)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := s.engine.Save(ctx, tx, st, p.PublicID, in("note", "两份"))
		return err
	})
	s.update(func(ctx context.Context, tx *store.Tx) (err error) {
		p, err = s.engine.SaveField(ctx, tx, st, p.PublicID, "reason", "助学贷款")
		return err
	})
	again, err := s.start(st, certificate)
	if err != nil || again.PublicID != p.PublicID || !again.Ready() || again.Answers["note"].Text != "两份" {
		t.Errorf("begun again: %v %v %v", again.PublicID == p.PublicID, again.Answers, err)
	}
	a, err := s.submit(st, p.PublicID, nil)
	if err != nil || a.Answers["reason"].Text != "助学贷款" || a.Answers["note"].Text != "两份" {
		t.Errorf("submitted %v, %v", a.Answers, err)
	}
	if next, err := s.start(st, certificate); err != nil || next.PublicID == p.PublicID {
		t.Errorf("a new draft may begin: %v", err)
	}
}

func TestA_missing_paper_blocks_the_last_approval(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	a := s.applied(s.students[0], subsidy)
	if a.StateLabel() != "待交材料" {
		t.Errorf("it is %s", a.StateLabel())
	}
	a = s.mustDecide(s.jiang, a, yes()) // an earlier stage need not wait
	a = s.receive(a, "ticket")
	if err := s.decide(s.he, a, yes()); errs.MessageOf(err) != "还没有收到实习证明，收齐并登记后再通过。" {
		t.Errorf("got %v", err)
	}
	a = s.receive(a, "proof")
	if a.StateLabel() != "已收材料，待审核" {
		t.Errorf("it is %s", a.StateLabel())
	}
	if a = s.mustDecide(s.he, a, yes()); a.State != request.ToPay {
		t.Errorf("it is %s", a.State)
	}
	s.sound()
}

func TestOnly_what_was_marked_opens_again(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	st := s.students[0]
	s.agree(st, certificate)
	p, _ := s.start(st, certificate)
	a, err := s.submit(st, p.PublicID, in("reason", "助学贷款", "note", "一份"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.decide(s.he, a, approval.Decision{Action: approval.Return, Reason: "内容看不清", Marked: []string{"invented"}}); errs.FieldsOf(err)["marked"] == "" {
		t.Errorf("an invented mark: %v", err)
	}
	a = s.mustDecide(s.he, a, approval.Decision{Action: approval.Return, Reason: "内容看不清", Marked: []string{"reason"}})
	a = s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Resubmit(ctx, tx, st, a.PublicID, in("reason", "奖学金", "note", "改了别的"))
	})
	if a.Answers["reason"].Text != "奖学金" || a.Answers["note"].Text != "一份" {
		t.Errorf("answers %v", a.Answers)
	}
	if len(a.Changes) != 1 || a.Changes[0].Before != "助学贷款" || a.Changes[0].After != "奖学金" {
		t.Errorf("changes %v", a.Changes)
	}
	if again := s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Resubmit(ctx, tx, st, a.PublicID, in("reason", "第三次"))
	}); again.Answers["reason"].Text != "奖学金" {
		t.Errorf("twice: %v", again.Answers)
	}
	s.sound()
}

func TestPapers_that_do_not_come_end_the_application_by_itself(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	st := s.students[0]
	a := s.applied(st, subsidy)
	s.wait(6*24*time.Hour + 2*time.Hour)
	if got := s.told(a); len(got) != 2 {
		t.Errorf("told %v; want the receipt and one reminder", got)
	}
	s.wait(a.Due.Sub(s.clock.Now()))
	a = s.get(s.he, a.PublicID)
	if a.State != request.Overdue || a.Review.State != approval.Withdrawn {
		t.Fatalf("it is %s, its review %s", a.State, a.Review.State)
	}
	// It ended at midnight, and nobody is woken for that.
	if n := s.rows(`select count(*) from outbox o join send s on s.id = o.send_id
		where s.subject = $1 and extract(hour from o.due_at at time zone 'Asia/Shanghai') not between 7 and 21`, request.Subject(a.PublicID)); n > 0 || len(s.told(a)) != 3 {
		t.Errorf("told %v, %d of them at night", s.told(a), n)
	}
	s.sound()
	if _, err := s.do(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Receive(ctx, tx, s.he, a.PublicID, "ticket", true)
	}); errs.MessageOf(err) != "这份申请已经逾期。确实要收，先写明原因延长期限。" {
		t.Errorf("a late paper: %v", err)
	}
	a = s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Extend(ctx, tx, s.he, a.PublicID, tx.Now().Add(48*time.Hour), "车票寄丢了")
	})
	if a.State != request.Submitted || a.Review.State != approval.Open {
		t.Fatalf("it is %s, its review %s", a.State, a.Review.State)
	}
	a = s.receive(a, "ticket", "proof")
	s.wait(5 * 24 * time.Hour)
	a = s.mustDecide(s.jiang, s.get(s.he, a.PublicID), yes())
	if a = s.mustDecide(s.he, a, yes()); a.State != request.ToPay {
		t.Errorf("it is %s", a.State)
	}
	s.sound()
}

func TestA_verdict_is_the_same_when_it_is_replayed_a_year_later(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	a := s.applied(s.students[0], certificate)
	s.wait(365 * 24 * time.Hour)
	s.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `update fact set value = $1`, "不困难")
		return err
	})
	s.update(func(ctx context.Context, tx *store.Tx) error {
		v, err := request.Replay(ctx, tx, s.students[0], a.PublicID)
		if diff := cmp.Diff(a.Verdict, v); diff != "" || v.Refused() {
			t.Errorf("replayed (-want +got):\n%s", diff)
		}
		return err
	})
}

func TestServices_say_what_is_open_and_for_whom(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 2)
	_ = s.clock.MoveTo(s.clock.Now().Add(15 * 24 * time.Hour))
	s.update(func(ctx context.Context, tx *store.Tx) error {
		offers, err := s.engine.Services(ctx, tx, s.students[1])
		if err != nil {
			return err
		}
		got := map[string]string{}
		for _, o := range offers {
			got[o.Service.Code] = o.Blocked
		}
		want := map[string]string{
			certificate: "需要本学年认定为特困或困难，现在的记录是“不困难”。可以先向辅导员申请困难认定。", card: "", pledge: "",
			subsidy: "实习补贴现在不在申请时间：已于10月20日截止。",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		_, err = s.engine.Services(ctx, tx, s.he)
		if !errors.Is(err, request.ErrStudentsOnly) {
			t.Errorf("staff: %v", err)
		}
		return nil
	})
}

func TestWhat_leaves_through_WeCom_is_put_for_every_change(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	a := s.live(subsidy)
	if got := len(s.told(a)); got != 7 {
		t.Errorf("told %d times: %v", got, s.told(a))
	}
}
