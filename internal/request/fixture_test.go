package request_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/document"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// school is a small one: an aid office with two officers, a work office with one, a class
// with its 辅导员, and students of whom every second is 困难.
type school struct {
	t      testing.TB
	db     *store.DB
	clock  *clock.Fixed
	engine *request.Engine
	jobs   *job.Runner

	he, shen, lu, jiang, admin identity.Person // he and shen: aid office; lu: work office; jiang: 辅导员
	cheng                      identity.Person // leads the work office
	students                   []identity.Person
	at                         time.Time // when an act reaches us; zero is now
}

// The made-up services, one of every outcome.
const (
	certificate = "proof"
	card        = "card"
	subsidy     = "subsidy"
	pledge      = "pledge"
)

// head is what every made-up service says alike.
const head = `
code: %[1]s
title: %[2]s
chat: %[2]s
detail: 一句话说明
group: 事务办理
department: 资助中心
place: 活动中心 101
hours: 工作日 9:00–17:00
contacts: [{name: 资助中心, phone: 021-5550-0102}]
notice: {attention: 如实填写, process: 填写、审核、领取}
appeal: {text: 可在 10 日内向学生申诉处理委员会提出。, days: 10}
`

const stage = `
stages:
  - {code: review, title: 审核, role: office, scope: department, may_return: true, may_reject: true, reasons: [内容看不清]}
`

// definitions are the files of the made-up services.
func definitions() map[string]string {
	return map[string]string{
		certificate: fmt.Sprintf(head, certificate, "资助证明") + `
fields:
  - {name: tier, label: 困难等级, kind: text, source: tier, read_only: true}
  - {name: reason, label: 办理原因, kind: text, required: true}
  - {name: note, label: 说明, kind: text}
rules:
  - {code: tier, text: 本学年认定为特困或困难, fact: tier, in: [特困, 困难], otherwise: 可以先向辅导员申请困难认定。}
limits: {per_year: 3}
` + stage + `
outcome: {kind: certificate, template: {title: 资助证明, issuer: 资助中心, body: ["{name}（{number}）为{tier}学生，用于{reason}。"]}}
`,
		card: fmt.Sprintf(head, card, "补办义工证") + `
fields:
  - {name: reason, label: 补办原因, kind: text, required: true}
limits: {open_at_once: 1}
` + stage + `
outcome: {kind: collect}
`,
		subsidy: fmt.Sprintf(head, subsidy, "实习补贴") + `
window: {opens: "2026-10-10", closes: "2026-10-20"}
fields:
  - {name: cost, label: 费用, kind: money, required: true, max: "500"}
materials:
  - {code: ticket, name: 往返车票, required: true, paper: true, deadline_days: 7}
  - {code: proof, name: 实习证明, required: true, paper: true, deadline_days: 7}
  - {code: extra, name: 其他材料, paper: true, deadline_days: 7}
remind_days: 2
` + `
stages:
  - {code: class, title: 辅导员初审, role: class_counsellor, scope: student, may_return: true, reasons: [内容看不清]}
  - {code: office, title: 资助中心审核, role: office, scope: department, may_return: true, may_reject: true, reasons: [内容看不清]}
outcome: {kind: payout, amount: {field: cost}}
`,
		pledge: fmt.Sprintf(head, pledge, "志愿登记") + `
fields:
  - {name: wish, label: 意向, kind: text, required: true}
` + stage + `
outcome: {kind: none}
`,
	}
}

// fileOf reads a made-up service as a start would.
func fileOf(t testing.TB, code, text string) service.File {
	t.Helper()
	d, err := service.Parse(code+".yaml", []byte(text))
	if err != nil {
		t.Fatalf("%s:\n%v", code, err)
	}
	sum := sha256.Sum256([]byte(text))
	return service.File{Definition: d, Content: []byte(text), Hash: hex.EncodeToString(sum[:])}
}

// apply makes the made-up services the active set, with one of them changed.
func (s *school) apply(changed map[string]string) {
	s.t.Helper()
	var files []service.File
	for _, code := range []string{certificate, card, subsidy, pledge} {
		text := definitions()[code]
		if c, ok := changed[code]; ok {
			text = c
		}
		files = append(files, fileOf(s.t, code, text))
	}
	s.offer(files)
}

// applyOnly makes one of the made-up services all there is.
func (s *school) applyOnly(code string) {
	s.t.Helper()
	s.offer([]service.File{fileOf(s.t, code, definitions()[code])})
}

func (s *school) offer(files []service.File) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := service.Apply(ctx, tx, identity.Operator(), files)
		return err
	})
}

// newEngine wires requests and their reviews as the program does.
func newEngine() *request.Engine {
	e := &request.Engine{Approval: &approval.Engine{}, Press: &document.Press{}, PublicURL: "https://xuegong.example"}
	e.Approval.Outcomes = map[string]approval.Outcome{request.Kind: e.Outcome()}
	return e
}

func newSchool(t testing.TB, students int) *school {
	t.Helper()
	db, clk := storetest.DB(t)
	s := &school{t: t, db: db, clock: clk, engine: newEngine()}
	s.jobs = &job.Runner{DB: db, Kinds: s.engine.Approval.Jobs()}
	for kind, step := range s.engine.Jobs() {
		s.jobs.Kinds[kind] = step
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		op := identity.Operator()
		campus, err := identity.SaveCampus(ctx, tx, op, "east", "东校区")
		if err != nil {
			return err
		}
		unit := func(kind identity.UnitKind, name string, parent int64) int64 {
			t.Helper()
			u, err := identity.SaveUnit(ctx, tx, op, identity.Unit{Kind: kind, Code: name, Name: name, Parent: parent, Campus: campus.ID})
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		}
		college := unit(identity.College, "文学院", 0)
		class := unit(identity.Class, "文学2301", college)
		aid, work := unit(identity.Department, "资助中心", 0), unit(identity.Department, "勤工助学中心", 0)
		unit(identity.Department, "学工处", 0)
		person := func(name, kind, number, level, status string, at int64) identity.ID {
			t.Helper()
			var id identity.ID
			get := func(dest any, q string, args ...any) {
				t.Helper()
				if err := tx.GetContext(ctx, dest, q, args...); err != nil {
					t.Fatal(err)
				}
			}
			get(&id, `insert into person (public_id, name, kind, created_at, updated_at) values ($1, $2, $3, $4, $4) returning id`,
				store.NewPublicID(), name, kind, tx.Now())
			var n int64
			get(&n, `insert into enrolment (person_id, number, level, status, unit_id, campus_id, valid_from)
				values ($1, $2, $3, $4, $5, $6, $7) returning id`, id, number, level, status, at, campus.ID, tx.Now())
			return id
		}
		staff := func(name, number string, role identity.RoleName, at int64) identity.Person {
			t.Helper()
			id := person(name, "staff", number, "staff", "employed", aid)
			if err := identity.Grant(ctx, tx, op, id, role, at); err != nil {
				t.Fatal(err)
			}
			p, err := identity.Get(ctx, tx, id)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		s.he = staff("何秋白", "t1", identity.Office, aid)
		s.shen = staff("沈嘉木", "t2", identity.Office, aid)
		s.lu = staff("陆一舟", "t3", identity.Office, work)
		s.jiang = staff("江月明", "t4", identity.ClassCounsellor, class)
		s.cheng = staff("程景行", "t6", identity.OfficeHead, work)
		s.admin = staff("周海宁", "t5", identity.Admin, 0)
		for i := range students {
			id := person(fmt.Sprintf("张晓%c", '一'+rune(i)), "student", fmt.Sprintf("2023%04d", i), "bachelor", "enrolled", class)
			tier := []string{"困难", "不困难"}[i%2]
			var n int64
			if err := tx.GetContext(ctx, &n, `insert into fact (person_id, kind, value, year, source, recorded_at)
				values ($1, 'tier', $2, 2026, 'import', $3) returning id`, id, tier, tx.Now()); err != nil {
				return err
			}
			p, err := identity.Get(ctx, tx, id)
			if err != nil {
				return err
			}
			s.students = append(s.students, p)
		}
		return nil
	})
	s.apply(nil)
	return s
}

func (s *school) update(fn func(ctx context.Context, tx *store.Tx) error) {
	s.t.Helper()
	if err := s.try(fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *school) try(fn func(ctx context.Context, tx *store.Tx) error) error {
	return s.db.Update(context.Background(), func(tx *store.Tx) error {
		if !s.at.IsZero() {
			tx.SetReceivedAt(s.at)
		}
		return fn(context.Background(), tx)
	})
}

func in(pairs ...string) form.Input {
	input := form.Input{}
	for i := 0; i < len(pairs); i += 2 {
		input[pairs[i]] = []string{pairs[i+1]}
	}
	return input
}

// filled is an input each made-up service takes.
func filled(code string) form.Input {
	switch code {
	case certificate:
		return in("reason", "助学贷款")
	case card:
		return in("reason", "遗失")
	case subsidy:
		return in("cost", "128.50")
	}
	return in("wish", "支教")
}

// agree has the student read the service's notice to the end.
func (s *school) agree(student identity.Person, code string) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) error {
		v, err := service.ByCode(ctx, tx, code)
		if err != nil {
			return err
		}
		return service.Agree(ctx, tx, student, v.Definition, v.Notice.Version())
	})
}

func (s *school) start(student identity.Person, code string) (p request.Paper, err error) {
	err = s.try(func(ctx context.Context, tx *store.Tx) error {
		p, err = s.engine.Start(ctx, tx, student, code, request.ViaPage)
		return err
	})
	return p, err
}

func (s *school) mustStart(student identity.Person, code string) request.Paper {
	s.t.Helper()
	p, err := s.start(student, code)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// begun is an application the student began to write, having read the notice.
func (s *school) begun(student identity.Person, code string) request.Paper {
	s.t.Helper()
	s.agree(student, code)
	return s.mustStart(student, code)
}

func (s *school) submit(student identity.Person, id string, input form.Input) (a request.Application, err error) {
	err = s.try(func(ctx context.Context, tx *store.Tx) error {
		a, err = s.engine.Submit(ctx, tx, student, id, input, request.ViaPage)
		return err
	})
	return a, err
}

// applied begins and submits an application.
func (s *school) applied(student identity.Person, code string) request.Application {
	s.t.Helper()
	p := s.begun(student, code)
	a, err := s.submit(student, p.PublicID, filled(code))
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *school) get(who identity.Person, id string) (a request.Application) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) (err error) {
		a, err = s.engine.Get(ctx, tx, who, id)
		return err
	})
	return a
}

func (s *school) decide(who identity.Person, a request.Application, d approval.Decision) error {
	return s.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := s.engine.Approval.Decide(ctx, tx, who, a.Review.Task, d)
		return err
	})
}

func (s *school) mustDecide(who identity.Person, a request.Application, d approval.Decision) request.Application {
	s.t.Helper()
	if err := s.decide(who, a, d); err != nil {
		s.t.Fatal(err)
	}
	return s.get(who, a.PublicID)
}

func yes() approval.Decision { return approval.Decision{Action: approval.Approve, Via: "desk"} }

// do runs a verb that returns the application.
func (s *school) do(verb func(ctx context.Context, tx *store.Tx) (request.Application, error)) (a request.Application, err error) {
	err = s.try(func(ctx context.Context, tx *store.Tx) error {
		a, err = verb(ctx, tx)
		return err
	})
	return a, err
}

func (s *school) must(verb func(ctx context.Context, tx *store.Tx) (request.Application, error)) request.Application {
	s.t.Helper()
	a, err := s.do(verb)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// mustAct has the person do a verb that needs nothing but the application.
func (s *school) mustAct(verb func(ctx context.Context, tx *store.Tx, who identity.Person, id string) (request.Application, error), who identity.Person, a request.Application) request.Application {
	s.t.Helper()
	return s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return verb(ctx, tx, who, a.PublicID)
	})
}

// together does all acts at once and returns what became of each.
func together(acts ...func() error) []error {
	var wg sync.WaitGroup
	results := make([]error, len(acts))
	for i, act := range acts {
		wg.Go(func() { results[i] = act() })
	}
	wg.Wait()
	return results
}

func (s *school) receive(a request.Application, codes ...string) request.Application {
	s.t.Helper()
	for _, c := range codes {
		a = s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
			return s.engine.Receive(ctx, tx, s.he, a.PublicID, c, true)
		})
	}
	return a
}

// wait moves the clock and does what became due.
func (s *school) wait(d time.Duration) {
	s.t.Helper()
	_ = s.clock.MoveTo(s.clock.Now().Add(d))
	for {
		did, err := s.jobs.Step(context.Background(), 0)
		if err != nil {
			s.t.Fatal(err)
		}
		if !did {
			return
		}
	}
}

// told returns what the student was told, the newest last.
func (s *school) told(a request.Application) (kinds []string) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) error {
		kinds = nil
		return tx.SelectContext(ctx, &kinds, `select kind from send where subject = $1 order by id`, request.Subject(a.PublicID))
	})
	return kinds
}

// rows counts what a statement finds.
func (s *school) rows(query string, args ...any) (n int) {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.GetContext(ctx, &n, query, args...)
	})
	return n
}

// sound fails the test if an audit finds anything.
func (s *school) sound() {
	s.t.Helper()
	s.update(func(ctx context.Context, tx *store.Tx) error {
		for _, check := range []func(context.Context, *store.Tx) ([]string, error){request.Broken, approval.Broken} {
			lines, err := check(ctx, tx)
			if err != nil {
				return err
			}
			for _, l := range lines {
				s.t.Error(l)
			}
		}
		return nil
	})
}

// states is the history in one line.
func states(a request.Application) string {
	var list []string
	for _, e := range a.History {
		list = append(list, e.Label())
	}
	return strings.Join(list, " ")
}
