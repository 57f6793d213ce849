package request_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"testing"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/templates"
)

func TestEvery_shipped_service_goes_through_the_same_life(t *testing.T) {
	t.Parallel()
	files, err := templates.Open("")
	if err != nil {
		t.Fatal(err)
	}
	offered, err := service.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(offered) < 7 {
		t.Fatalf("%d services are shipped", len(offered))
	}
	s := newSchool(t, 1)
	s.know(map[identity.FactKind]string{
		identity.AwardFact: "国家励志奖学金", identity.AidFact: "国家助学金", identity.LoanFact: "国家助学贷款", identity.HonourFact: "三好学生",
		identity.CertificateFact: "教师资格证", identity.GradeFact: "85", identity.HomeFact: "310101", identity.BankFact: "1234",
	})
	s.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := service.Apply(ctx, tx, identity.Operator(), offered); err != nil {
			return err
		}
		return identity.Grant(ctx, tx, identity.Operator(), s.shen.ID, identity.Office, 0)
	})
	for _, f := range offered {
		s.liveShipped(f.Definition)
	}
	s.sound()
}

// know records facts of the first student for the school year.
func (s *school) know(facts map[identity.FactKind]string) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) error {
		for kind, value := range facts {
			year := 2026
			if kind.Lasting() {
				year = 0
			}
			if _, err := tx.ExecContext(ctx, `insert into fact (person_id, kind, value, year, source, recorded_at) values ($1, $2, $3, $4, 'import', $5)`,
				s.students[0].ID, kind, value, year, tx.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// liveShipped takes an application through return, supplement, review and outcome.
func (s *school) liveShipped(d service.Definition) {
	s.t.Helper()
	st := s.students[0]
	s.agree(st, d.Code)
	p, err := s.start(st, d.Code)
	if err != nil {
		s.t.Fatalf("%s: %v", d.Code, err)
	}
	a, err := s.submit(st, p.PublicID, s.fill(p))
	if err != nil {
		s.t.Fatalf("%s: %v", d.Code, err)
	}
	a = s.byWhoeverMay(a, approval.Decision{Action: approval.Return, Reason: "请补充", Marked: []string{d.Form.Fields[len(d.Form.Fields)-1].Name}, Via: "desk"})
	a = s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Resubmit(ctx, tx, st, a.PublicID, p.Form.Input(a.Answers))
	})
	for _, m := range a.Materials {
		a = s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
			return s.engine.Receive(ctx, tx, s.lu, a.PublicID, m.Code, true)
		})
	}
	for a.State == request.Submitted {
		a = s.byWhoeverMay(a, yes())
	}
	if last := a.Review.History[len(a.Review.History)-1]; d.Outcome.Kind == service.Payout && last.By != s.cheng.Name {
		s.t.Errorf("%s: money was let go by %s at %s", d.Code, last.By, last.Stage)
	}
	want := request.Collected
	switch d.Outcome.Kind {
	case service.Certificate, service.Collect:
		a = s.mustAct(s.engine.Print, s.lu, a)
		a = s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
			return s.engine.HandOver(ctx, tx, s.lu, a.PublicID, st.Number)
		})
	case service.Payout:
		want = request.Paid
		s.update(func(ctx context.Context, tx *store.Tx) error {
			l, err := s.engine.BuildList(ctx, tx, s.lu, d.Code)
			if err != nil {
				return err
			}
			_, err = s.engine.MarkPaid(ctx, tx, s.lu, l.PublicID)
			return err
		})
	case service.None:
		want = request.Done
	}
	if a = s.get(st, a.PublicID); a.State != want {
		s.t.Errorf("%s ends as %s, want %s", d.Code, a.State, want)
	}
}

// byWhoeverMay decides by the first of the staff who may.
func (s *school) byWhoeverMay(a request.Application, d approval.Decision) request.Application {
	s.t.Helper()
	for _, who := range []identity.Person{s.jiang, s.cheng, s.lu, s.shen} {
		var may bool
		s.update(func(ctx context.Context, tx *store.Tx) (err error) {
			if who, err = identity.Get(ctx, tx, who.ID); err != nil {
				return err
			}
			may, err = approval.MayDecide(ctx, tx, who, a.Review.Task)
			return err
		})
		if may {
			return s.mustDecide(who, a, d)
		}
	}
	s.t.Fatalf("%s: nobody may decide at %s", a.Service.Code, a.Review.Stage().Title)
	return a
}

// fill answers every open field of a paper with something it takes.
func (s *school) fill(p request.Paper) form.Input {
	s.t.Helper()
	input := p.Input()
	for _, f := range p.Form.Fields {
		if f.Open() {
			s.answer(input, f, f.Name, p.Env)
		}
	}
	return input
}

func (s *school) answer(input form.Input, f form.Field, name string, env form.Env) {
	s.t.Helper()
	day := env.Now.AddDate(0, 0, -40)
	if f.Kind == form.Range {
		input[name+".from"], input[name+".until"] = []string{day.Format("2006-01-02")}, []string{day.AddDate(0, 0, 30).Format("2006-01-02")}
		return
	}
	if f.Kind == form.Rows {
		for _, c := range f.Columns {
			s.answer(input, c, name+".0."+c.Name, env)
		}
		return
	}
	var value string
	switch f.Kind {
	case form.Choice, form.Choices:
		value = f.Choices(env)[0].Value
	case form.Date:
		value = day.Format("2006-01-02")
	case form.Integer:
		value = "5"
	case form.Money:
		value = "100.50"
	case form.Photo, form.File:
		value = s.upload()
	case form.Attestation:
		value = "true"
	case form.Region:
		value = "310101"
	case form.Person:
		value = s.jiang.Number
	default:
		value = "如实填写的内容"
	}
	input[name] = []string{value}
}

func (s *school) upload() (id string) {
	s.t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		s.t.Fatal(err)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		f, err := blob.Put(ctx, tx, int64(s.students[0].ID), "票.png", b.Bytes(), nil)
		id = f.PublicID
		return err
	})
	return id
}
