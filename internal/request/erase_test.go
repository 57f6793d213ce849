package request_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/templates"
)

// offerPersonalData adds the shipped service to the made-up ones, and somebody of every office.
func (s *school) offerPersonalData() {
	s.t.Helper()
	files, err := templates.Open("")
	if err != nil {
		s.t.Fatal(err)
	}
	offered, err := service.Load(files)
	if err != nil {
		s.t.Fatal(err)
	}
	offered = slices.DeleteFunc(offered, func(f service.File) bool { return f.Definition.Code != request.PersonalData })
	for _, code := range []string{certificate, card, subsidy, pledge} {
		offered = append(offered, fileOf(s.t, code, definitions()[code]))
	}
	s.offer(offered)
	s.update(func(ctx context.Context, tx *store.Tx) (err error) {
		if err := identity.Grant(ctx, tx, identity.Operator(), s.shen.ID, identity.Office, 0); err != nil {
			return err
		}
		s.shen, err = identity.Get(ctx, tx, s.shen.ID)
		return err
	})
	s.engine.Hooks = map[string]request.Hook{request.PersonalData: s.engine.EraseAsked}
}

// places names the sealed columns that still hold the words.
func (s *school) places(words string) (found []string) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) error {
		found = nil
		for _, c := range slices.Concat(request.Sealed(), approval.Sealed(), outbox.Sealed()) {
			var rows []struct {
				Place  string `db:"place"`
				Sealed []byte `db:"sealed"`
			}
			if err := tx.SelectContext(ctx, &rows, `select `+c.Place+` place, `+c.Column+` sealed from `+c.Table+` where `+c.Column+` is not null`); err != nil {
				return err
			}
			for _, r := range rows {
				plain, err := tx.Keys().Unseal(r.Place, r.Sealed)
				if err != nil {
					return err
				}
				if at := c.Table + "." + c.Column; strings.Contains(string(plain), words) && !slices.Contains(found, at) {
					found = append(found, at)
				}
			}
		}
		return nil
	})
	return found
}

// wrote hands in an application for 志愿登记 with the words, and asks about it with the same.
func (s *school) wrote(words string) request.Application {
	s.t.Helper()
	st := s.students[0]
	a, err := s.submit(st, s.begun(st, pledge).PublicID, in("wish", words))
	if err != nil {
		s.t.Fatal(err)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := s.engine.AskAbout(ctx, tx, st, a.PublicID, "", words)
		return err
	})
	return a
}

// asksToErase goes through the office that agrees.
func (s *school) asksToErase(what ...string) {
	s.t.Helper()
	st := s.students[0]
	a, err := s.submit(st, s.begun(st, request.PersonalData).PublicID, form.Input{"want": {"erase"}, "erase": what})
	if err != nil {
		s.t.Fatal(err)
	}
	s.byWhoeverMay(a, yes())
}

// what the office agreed to erase is gone from every table; that there was an
// application, what became of it and who decided stays.
func TestWhat_a_student_had_erased_is_gone_everywhere(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	s.offerPersonalData()
	st := s.students[0]
	withdrawn := s.mustAct(s.engine.Withdraw, st, s.wrote("想去山里支教"))
	refused := s.byWhoeverMay(s.wrote("想去海边支教"), approval.Decision{Action: approval.Reject, Reason: "内容看不清", Via: "desk"})
	given := s.byWhoeverMay(s.wrote("想去社区支教"), yes())
	draft := s.begun(st, card)

	s.asksToErase("drafts", "ended")
	s.wait(time.Minute)
	later := s.mustAct(s.engine.Withdraw, st, s.wrote("后来又想去"))

	if got := s.places("想去山里支教"); len(got) > 0 {
		t.Errorf("what was withdrawn is still in %v", got)
	}
	if a := s.get(st, withdrawn.PublicID); a.ErasedAt.IsZero() || a.State != request.Withdrawn || states(a) != "提交申请 已撤回" || len(a.Asks) > 0 {
		t.Errorf("what was withdrawn is %s since %s: %s", a.State, a.ErasedAt, states(a))
	}
	if _, err := s.start(st, card); err != nil || s.rows(`select count(*) from application where public_id = $1`, draft.PublicID) != 0 {
		t.Errorf("the draft is there (%v)", err)
	}
	if a := s.get(st, given.PublicID); !a.ErasedAt.IsZero() || a.Answers["wish"].Text != "想去社区支教" {
		t.Errorf("what was approved is gone: %+v", a.Answers)
	}
	if got := s.places("想去海边支教"); len(got) == 0 {
		t.Error("a refusal that can be appealed against lost what was written")
	}
	s.wait(10 * 24 * time.Hour)
	if got := s.places("想去海边支教"); len(got) > 0 {
		t.Errorf("after the days of appeal what was refused is still in %v", got)
	}
	if a := s.get(st, refused.PublicID); a.Review.Reason != "内容看不清" || a.ErasedAt.IsZero() {
		t.Errorf("the decision was %q, erased %s", a.Review.Reason, a.ErasedAt)
	}
	if a := s.get(st, later.PublicID); !a.ErasedAt.IsZero() {
		t.Error("what the student wrote after the request is gone")
	}
	s.sound()
}

// Only what was asked for goes, and only when the office agreed.
func TestNothing_is_erased_that_was_not_asked_for_and_agreed_to(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	s.offerPersonalData()
	st := s.students[0]
	withdrawn := s.mustAct(s.engine.Withdraw, st, s.wrote("想去山里支教"))
	s.asksToErase("drafts")
	refused, err := s.submit(st, s.begun(st, request.PersonalData).PublicID, form.Input{"want": {"erase"}, "erase": {"ended"}})
	if err != nil {
		t.Fatal(err)
	}
	s.byWhoeverMay(refused, approval.Decision{Action: approval.Reject, Reason: "按档案或财务的规定要保存", Via: "desk"})
	s.wait(30 * 24 * time.Hour)
	if a := s.get(st, withdrawn.PublicID); !a.ErasedAt.IsZero() {
		t.Error("it is gone")
	}
}

// What was erased cannot be taken up again: nobody could review it.
func TestAn_erased_application_is_not_extended(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	s.offerPersonalData()
	st := s.students[0]
	_ = s.clock.MoveTo(time.Date(2026, 10, 12, 2, 0, 0, 0, time.UTC))
	a := s.applied(st, subsidy)
	s.wait(9 * 24 * time.Hour)
	s.asksToErase("ended")
	s.wait(11 * 24 * time.Hour)
	if a = s.get(st, a.PublicID); a.State != request.Overdue || a.ErasedAt.IsZero() {
		t.Fatalf("%s, erased %s", a.State, a.ErasedAt)
	}
	err := s.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := s.engine.Extend(ctx, tx, s.shen, a.PublicID, tx.Now().AddDate(0, 0, 3), "生病")
		return err
	})
	if errs.KindOf(err) != errs.Conflict || !strings.Contains(err.Error(), "按本人的要求删除") {
		t.Errorf("extended: %v", err)
	}
}
