package request_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
)

// headed is the subsidy with a stage of whoever leads the office.
func headed() string {
	return strings.Replace(definitions()[subsidy], "may_reject: true, reasons: [内容看不清]}\noutcome", `may_reject: true, papers: true, reasons: [内容看不清]}
  - {code: head, title: 负责人确认金额, role: office_head, scope: department, limit_hours: 72, remind_hours: 24, escalate_to: office, escalate_scope: student, may_return: true, may_reject: true, reasons: [金额请核对]}
outcome`, 1)
}

func TestMoney_waits_for_the_head_of_the_office(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	begun := s.applied(s.students[0], subsidy)
	s.apply(map[string]string{subsidy: headed()})
	s.promote(&s.shen, identity.OfficeHead)
	begun = s.receive(s.mustDecide(s.jiang, begun, yes()), "ticket", "proof")
	if begun = s.mustDecide(s.he, begun, yes()); begun.State != request.ToPay {
		t.Errorf("what was begun before the head came in is %s", begun.State)
	}
	a := s.applied(s.students[0], subsidy)
	if a = s.mustDecide(s.jiang, a, yes()); a.Review.Stage().Code != "office" {
		t.Fatalf("after the 辅导员: %s", a.Review.Stage().Title)
	}
	if err := s.decide(s.he, a, yes()); errs.MessageOf(err) != "还没有收到往返车票、实习证明，收齐并登记后再通过。" {
		t.Errorf("the office lets it go without papers: %v", err)
	}
	a = s.mustDecide(s.he, s.receive(a, "ticket", "proof"), yes())
	if step, office, due := a.Next(); a.State != request.Submitted || step != "负责人确认金额" || office != "资助中心负责人" || due.IsZero() {
		t.Errorf("after the office: %s, %s by %s until %s", a.State, step, office, due)
	}
	for _, who := range []identity.Person{s.he, s.jiang, s.lu, s.cheng, s.admin} {
		if err := s.decide(who, a, yes()); !errors.Is(err, approval.ErrNotYours) {
			t.Errorf("%s confirms money: %v", who.Name, err)
		}
	}
	if a = s.mustDecide(s.shen, a, yes()); a.State != request.ToPay {
		t.Errorf("after the head: %s", a.State)
	}
	s.sound()
}

// promote gives a role at the aid office.
func (s *school) promote(who *identity.Person, role identity.RoleName) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) (err error) {
		if err := identity.Grant(ctx, tx, identity.Operator(), who.ID, role, s.he.Unit); err != nil {
			return err
		}
		*who, err = identity.Get(ctx, tx, who.ID)
		return err
	})
}

func TestA_head_who_says_nothing_never_gives_money_away(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	s.apply(map[string]string{subsidy: headed()})
	s.promote(&s.shen, identity.OfficeHead)
	a := s.mustDecide(s.jiang, s.applied(s.students[0], subsidy), yes())
	a = s.mustDecide(s.he, s.receive(a, "ticket", "proof"), yes())
	s.wait(20 * 24 * time.Hour)
	if a = s.get(s.he, a.PublicID); a.State != request.Submitted || !a.Review.Late || a.Review.Stage().Code != "head" {
		t.Errorf("after twenty days: %s, late %v at %s", a.State, a.Review.Late, a.Review.Stage().Title)
	}
	s.sound()
}

func TestA_reviewer_grants_less_than_was_asked(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	a := s.receive(s.applied(s.students[0], subsidy), "ticket", "proof")
	grant := func(fen int64, why string) approval.Decision {
		d := yes()
		d.Amount, d.Reason = fen, why
		return d
	}
	for _, tt := range []struct {
		name, field string
		d           approval.Decision
	}{
		{"more than was asked", "amount", grant(128_51, "多给一些")},
		{"less than nothing", "amount", grant(-1, "扣除")},
		{"without a reason", "reason", grant(100_00, " ")},
	} {
		if err := s.decide(s.jiang, a, tt.d); errs.FieldsOf(err)[tt.field] == "" {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	a = s.mustDecide(s.jiang, a, grant(100_05, "第二张票不在范围"))
	if a.Amount != 100_05 || a.Applied != 128_50 {
		t.Errorf("granted %d of %d", a.Amount, a.Applied)
	}
	if a = s.mustDecide(s.he, a, grant(110_00, "第二张票算一半")); a.State != request.ToPay || a.Amount != 110_00 {
		t.Errorf("%s with %d", a.State, a.Amount)
	}
	var words []string
	for _, e := range a.History {
		if e.Label() == "核定金额" {
			words = append(words, e.By+" "+e.Words)
		}
	}
	want := []string{"江月明 100.05 元（申请 128.50 元）：第二张票不在范围", "何秋白 110.00 元（申请 128.50 元）：第二张票算一半"}
	if diff := cmp.Diff(want, words); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		l, err := s.engine.BuildList(ctx, tx, s.he, subsidy)
		if l.Total != 110_00 || len(l.Rows) != 1 || l.Rows[0].Amount != 110_00 {
			t.Errorf("the list says %d in %v", l.Total, l.Rows)
		}
		return err
	})
	err := s.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `update application set amount = asked + 1 where public_id = $1`, a.PublicID)
		return err
	})
	if store.Constraint(err) != "what_is_granted_is_at_most_what_was_asked" {
		t.Errorf("the database takes more than was asked: %v", err)
	}
	s.sound()
}

func TestA_note_of_the_staff_is_never_the_students(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 2)
	a := s.applied(s.students[0], subsidy)
	const secret = "去年也交过同一张车票"
	note := func(who identity.Person) error {
		return s.try(func(ctx context.Context, tx *store.Tx) error {
			return s.engine.Annotate(ctx, tx, who, a.PublicID, secret)
		})
	}
	if err := note(s.jiang); err != nil {
		t.Fatal(err)
	}
	for _, who := range []identity.Person{s.lu, s.admin, s.students[1]} {
		if err := note(who); !errors.Is(err, request.ErrNotYours) {
			t.Errorf("%s writes a note: %v", who.Name, err)
		}
	}
	if err := note(s.students[0]); !errors.Is(err, approval.ErrOwn) {
		t.Errorf("the student writes a note: %v", err)
	}
	seen := func(who identity.Person) (v request.View) {
		s.update(func(ctx context.Context, tx *store.Tx) (err error) {
			v, err = s.engine.Open(ctx, tx, who, a.PublicID)
			return err
		})
		return v
	}
	for _, who := range []identity.Person{s.jiang, s.he} {
		if notes := seen(who).Notes; len(notes) != 1 || notes[0].Words != secret || notes[0].By != "江月明" {
			t.Errorf("%s reads %v", who.Name, notes)
		}
	}
	own := seen(s.students[0])
	if text := fmt.Sprintf("%+v", own); len(own.Notes) != 0 || strings.Contains(text, secret) {
		t.Errorf("the student reads it: %s", text)
	}
	a = s.mustDecide(s.he, s.receive(s.mustDecide(s.jiang, a, yes()), "ticket", "proof"), yes())
	var book bytes.Buffer
	s.update(func(ctx context.Context, tx *store.Tx) error {
		return s.engine.Export(ctx, tx, s.he, request.Filter{Service: subsidy}, &book)
	})
	table, err := sheet.Read(&book)
	if err != nil || strings.Contains(fmt.Sprint(table), secret) || !strings.Contains(fmt.Sprint(table), a.Number) {
		t.Errorf("the export has %v, %v", table, err)
	}
	if n := s.rows(`select count(*) from audit where verb = 'application.note' and object = $1`, request.Subject(a.PublicID)); n != 1 {
		t.Errorf("%d notes are audited", n)
	}
	if n := s.rows(`select count(*) from application_note where position($1 in words) > 0`, []byte(secret)); n != 0 {
		t.Error("it lies open in the database")
	}
}

// photographed is the card with a question for up to four pictures.
func photographed() string {
	return strings.Replace(definitions()[card], "required: true}\nlimits", "required: true}\n  - {name: ticket, label: 车票, kind: photo, required: true, max: 4}\nlimits", 1)
}

func TestOnly_the_marked_picture_is_taken_again(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	s.apply(map[string]string{card: photographed()})
	st := s.students[0]
	p := s.begun(st, card)
	first, second, third := s.upload(), s.upload(), s.upload()
	input := in("reason", "遗失")
	input["ticket"] = []string{first, second, third}
	a, err := s.submit(st, p.PublicID, input)
	if err != nil {
		t.Fatal(err)
	}
	back := approval.Decision{Action: approval.Return, Reason: "看不清", Via: "desk"}
	back.Marked = []string{request.Picture("ticket", "0123456789abcdef")}
	if err := s.decide(s.he, a, back); errs.FieldsOf(err)["marked"] == "" {
		t.Errorf("a picture that is not there was marked: %v", err)
	}
	back.Marked = []string{request.Picture("ticket", second)}
	a = s.mustDecide(s.he, a, back)
	if diff := cmp.Diff([]string{"车票第 2 张"}, a.MarkedLabels()); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
	save := func(pictures ...string) (p request.Paper) {
		s.update(func(ctx context.Context, tx *store.Tx) (err error) {
			input["reason"], input["ticket"] = []string{"改了别的"}, pictures
			p, err = s.engine.Save(ctx, tx, st, a.PublicID, input)
			return err
		})
		return p
	}
	if p = save(); p.Ready() || len(p.Answers["ticket"].List) != 3 {
		t.Errorf("nothing sent: ready %v with %v", p.Ready(), p.Answers["ticket"].List)
	}
	_, err = s.do(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Resubmit(ctx, tx, st, a.PublicID, nil)
	})
	if errs.FieldsOf(err)["ticket"] != "车票第 2 张还没有重新上传。" {
		t.Errorf("handed in without it: %v", err)
	}
	anew := s.upload()
	if p = save(anew); !p.Ready() {
		t.Errorf("still missing %v", p.Missing)
	}
	a = s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Resubmit(ctx, tx, st, a.PublicID, nil)
	})
	if diff := cmp.Diff([]string{first, anew, third}, a.Answers["ticket"].List); diff != "" {
		t.Errorf("pictures (-want +got):\n%s", diff)
	}
	if a.Fresh("ticket", first) || !a.Fresh("ticket", anew) {
		t.Error("what is new is not told from what stood")
	}
	if a.Answers["reason"].Text != "遗失" {
		t.Errorf("another answer became %q", a.Answers["reason"].Text)
	}
	s.sound()
}

func TestA_question_about_an_application_reaches_who_reviews_it(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 2)
	st := s.students[0]
	a := s.applied(st, subsidy)
	ask := func(field, question string) (k request.Ask, err error) {
		err = s.try(func(ctx context.Context, tx *store.Tx) error {
			k, err = s.engine.AskAbout(ctx, tx, st, a.PublicID, field, question)
			return err
		})
		return k, err
	}
	k, err := ask("", "车票丢了一张，用订单截图可以吗")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask("", "再问一次"); errs.KindOf(err) != errs.Conflict {
		t.Errorf("asked twice: %v", err)
	}
	if _, err := ask("cost", "不对"); errs.FieldsOf(err)["field"] == "" {
		t.Errorf("what the student wrote is disputed: %v", err)
	}
	if diff := cmp.Diff([]string{"江月明"}, s.toldOf("request.asked")); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		v, err := s.engine.Open(ctx, tx, s.jiang, a.PublicID)
		if len(v.Asks) != 1 || v.Asks[0].Question != k.Question {
			t.Errorf("the 辅导员 reads %v", v.Asks)
		}
		return err
	})
	answer := func(who identity.Person) error {
		return s.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := s.engine.Answer(ctx, tx, who, k.PublicID, "可以，写上车次。")
			return err
		})
	}
	for _, who := range []identity.Person{s.lu, s.admin, st, s.students[1]} {
		if err := answer(who); !errors.Is(err, request.ErrNotYours) {
			t.Errorf("answered by %s: %v", who.Name, err)
		}
	}
	if err := answer(s.jiang); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{st.Name}, s.toldOf("request.answered")); diff != "" {
		t.Errorf("told of the answer (-want +got):\n%s", diff)
	}
	if asks := s.get(st, a.PublicID).Asks; len(asks) != 1 || asks[0].Answer != "可以，写上车次。" {
		t.Errorf("the student reads %v", asks)
	}
}

// toldOf returns who was sent a kind.
func (s *school) toldOf(kind string) (names []string) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) error {
		names = nil
		return tx.SelectContext(ctx, &names, `
			select p.name from outbox o join send s on s.id = o.send_id join person p on p.id = o.person_id where s.kind = $1 order by s.id, p.id`, kind)
	})
	return names
}

func TestPapers_stand_in_the_order_of_the_file(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	var names []string
	for _, m := range s.applied(s.students[0], subsidy).Materials {
		names = append(names, m.Name)
	}
	if diff := cmp.Diff([]string{"往返车票", "实习证明", "其他材料"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestServices_take_as_many_statements_for_many_as_for_one(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	statements := func(list func(ctx context.Context, tx *store.Tx) error) (n int) {
		s.update(func(ctx context.Context, tx *store.Tx) error {
			executed := func() (n int) {
				if err := tx.GetContext(ctx, &n, `select coalesce(sum(generic_plans + custom_plans), 0) from pg_prepared_statements`); err != nil {
					t.Fatal(err)
				}
				return n
			}
			before := executed()
			err := list(ctx, tx)
			n = executed() - before
			return err
		})
		return n
	}
	all := func(ctx context.Context, tx *store.Tx) error {
		_, err := s.engine.Services(ctx, tx, s.students[0])
		return err
	}
	statements(all) // has them prepared
	many := statements(all)
	s.applyOnly(pledge)
	if one := statements(all); one != many || one == 0 {
		t.Errorf("%d statements for four services, %d for one", many, one)
	}
}

func TestA_draft_goes_by_the_file_as_it_is_now(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	st := s.students[0]
	p := s.begun(st, card)
	save := func(input form.Input) (p2 request.Paper, err error) {
		err = s.try(func(ctx context.Context, tx *store.Tx) error {
			p2, err = s.engine.Save(ctx, tx, st, p.PublicID, input)
			return err
		})
		return p2, err
	}
	if _, err := save(in("reason", "遗失")); err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(definitions()[card], "required: true}\nlimits", "required: true}\n  - {name: use, label: 用途, kind: text, required: true}\nlimits", 1)
	s.apply(map[string]string{card: changed})
	s.update(func(ctx context.Context, tx *store.Tx) (err error) {
		p, err = s.engine.Paper(ctx, tx, st, p.PublicID)
		return err
	})
	if diff := cmp.Diff([]string{"use"}, p.Missing); diff != "" || p.Answers["reason"].Text != "遗失" {
		t.Errorf("the paper lacks %v with %v", p.Missing, p.Answers)
	}
	if p, err := save(in("reason", "遗失", "use", "志愿服务")); err != nil || !p.Ready() {
		t.Fatalf("the new question cannot be answered: %v, %v", p.Missing, err)
	}
	s.applyOnly(pledge)
	if _, err := s.submit(st, p.PublicID, nil); !errors.Is(err, service.ErrNoVersion) {
		t.Errorf("of a service nobody offers: %v", err)
	}
	s.apply(map[string]string{card: changed})
	a, err := s.submit(st, p.PublicID, nil)
	if err != nil || a.Answers["use"].Text != "志愿服务" {
		t.Fatalf("%v %v", a.Answers, err)
	}
	s.apply(nil)
	if a = s.get(st, a.PublicID); a.Answers["use"].Text != "志愿服务" || len(a.Rows()) != 2 {
		t.Errorf("what was submitted goes by another file: %v", a.Rows())
	}
	s.sound()
}

func TestDays_of_work_over_the_National_Day_are_those_of_the_school_s_calendar(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	st := s.students[0]
	s.apply(map[string]string{pledge: strings.Replace(definitions()[pledge], "fields:\n", `fields:
  - {name: stay, label: 起止日期, kind: range, required: true}
  - {name: workdays, label: 可计的工作日, kind: computed, unit: 天, compute: {workdays: stay}}
  - {name: days, label: 实际天数, kind: integer, unit: 天, min: "1", at_most: workdays, required: true}
`, 1)})
	s.update(func(ctx context.Context, tx *store.Tx) error {
		var list []calendar.Special
		for day := 1; day <= 7; day++ {
			list = append(list, calendar.Special{Day: time.Date(2026, 10, day, 0, 0, 0, 0, tx.Zone()), Kind: calendar.Holiday, Name: "国庆节"})
		}
		list = append(list,
			calendar.Special{Day: time.Date(2026, 9, 27, 0, 0, 0, 0, tx.Zone()), Kind: calendar.MakeUp, Name: "国庆节调休", Follows: time.Tuesday},
			calendar.Special{Day: time.Date(2026, 10, 10, 0, 0, 0, 0, tx.Zone()), Kind: calendar.MakeUp, Name: "国庆节调休", Follows: time.Wednesday})
		_, err := calendar.SaveDays(ctx, tx, identity.Operator(), list...)
		return err
	})
	p := s.begun(st, pledge)
	try := func(days string) error {
		_, err := s.submit(st, p.PublicID, in("wish", "支教", "stay.from", "2026-09-26", "stay.until", "2026-10-11", "days", days))
		return err
	}
	// Sunday 27 September and Saturday 10 October are worked, 28 to 30 September and
	// 8 and 9 October are ordinary: seven.
	if err := try("8"); errs.FieldsOf(err)["days"] == "" {
		t.Errorf("eight days: %v", err)
	}
	if err := try("7"); err != nil {
		t.Errorf("seven days: %v", err)
	}
}
