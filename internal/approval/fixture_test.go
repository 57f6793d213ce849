package approval_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// office is a small school: a department with two officers and its head, a class with
// its 辅导员, and a student whose things are reviewed.
type office struct {
	t      testing.TB
	db     *store.DB
	clock  *clock.Fixed
	engine *approval.Engine
	jobs   *job.Runner

	unit, class               int64
	he, shen, lu, head, jiang identity.Person // he and shen: officers; lu: nobody yet; jiang: 辅导员
	admin                     identity.Person
	student                   identity.Person
	mu                        sync.Mutex
	results                   []approval.Result
	refuse                    error // what Allow says
}

const thing = "thing"

func newOffice(t testing.TB) *office {
	t.Helper()
	db, clk := storetest.DB(t)
	o := &office{t: t, db: db, clock: clk}
	o.engine = &approval.Engine{Outcomes: map[string]approval.Outcome{thing: {
		Lock: func(context.Context, *store.Tx, string) error { return nil },
		Allow: func(context.Context, *store.Tx, string, approval.Decision, approval.Stage, bool) error {
			return o.refuse
		},
		Decided: func(_ context.Context, _ *store.Tx, r approval.Result) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.results = append(o.results, r)
			return nil
		},
	}}}
	o.jobs = &job.Runner{DB: db, Kinds: o.engine.Jobs()}
	o.update(func(ctx context.Context, tx *store.Tx) error {
		op := identity.Operator()
		campus, err := identity.SaveCampus(ctx, tx, op, "east", "东校区")
		if err != nil {
			return err
		}
		unit := func(kind identity.UnitKind, code, name string, parent int64) int64 {
			t.Helper()
			u, err := identity.SaveUnit(ctx, tx, op, identity.Unit{Kind: kind, Code: code, Name: name, Parent: parent, Campus: campus.ID})
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		}
		college := unit(identity.College, "literature", "文学院", 0)
		o.class = unit(identity.Class, "c1", "文学2301", college)
		o.unit = unit(identity.Department, "aid", "资助中心", 0)
		person := func(name, kind, number, level, status string, at int64) identity.Person {
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
			p, err := identity.Get(ctx, tx, id)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		staff := func(name, number string, role identity.RoleName, at int64) identity.Person {
			p := person(name, "staff", number, "staff", "employed", o.unit)
			if role != "" {
				if err := identity.Grant(ctx, tx, op, p.ID, role, at); err != nil {
					t.Fatal(err)
				}
			}
			p, err := identity.Get(ctx, tx, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		o.he = staff("何秋白", "t1", identity.Office, o.unit)
		o.shen = staff("沈嘉木", "t2", identity.Office, o.unit)
		o.lu = staff("陆一舟", "t3", "", 0)
		o.head = staff("陈立夏", "t4", identity.Advisor, unit(identity.Organisation, "head", "处长室", 0))
		o.jiang = staff("江月明", "t5", identity.ClassCounsellor, o.class)
		o.admin = staff("周海宁", "t6", identity.Admin, 0)
		o.student = person("张晓雨", "student", "s1", "bachelor", "enrolled", o.class)
		return nil
	})
	return o
}

func (o *office) update(fn func(ctx context.Context, tx *store.Tx) error) {
	o.t.Helper()
	if err := o.try(fn); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) try(fn func(ctx context.Context, tx *store.Tx) error) error {
	return o.db.Update(context.Background(), func(tx *store.Tx) error { return fn(context.Background(), tx) })
}

// first is the officers' stage, second the 辅导员's.
func first() approval.Stage {
	return approval.Stage{
		Code: "first", Title: "初审", Role: identity.Office, Scope: approval.OfDepartment,
		MayReturn: true, MayReject: true, Reasons: []string{"材料看不清"},
	}
}

func second() approval.Stage {
	return approval.Stage{Code: "second", Title: "复核", Role: identity.ClassCounsellor, Scope: approval.OfStudent, MayReturn: true, Reasons: []string{"请补充"}}
}

// open puts somebody's thing under review and returns it.
func (o *office) open(of identity.Person, stages ...approval.Stage) approval.Review {
	o.t.Helper()
	return o.openThing("a", of, stages...)
}

func (o *office) openThing(id string, of identity.Person, stages ...approval.Stage) (r approval.Review) {
	o.t.Helper()
	o.update(func(ctx context.Context, tx *store.Tx) (err error) {
		r, err = o.engine.Open(ctx, tx, approval.Case{
			Subject: approval.Subject{Kind: thing, ID: id}, Applicant: of, Department: o.unit, Scope: "unit:1", Stages: stages,
			Cards: approval.Cards{Review: "thing.review", Reminder: "thing.reminder", Settled: "thing.settled"}, Facts: map[string]string{"title": "困难证明"},
		})
		return err
	})
	return r
}

// decide is a press: the person as they are now.
func (o *office) decide(who identity.Person, task string, d approval.Decision) (r approval.Review, err error) {
	err = o.try(func(ctx context.Context, tx *store.Tx) error {
		p, err := identity.Get(ctx, tx, who.ID)
		if err != nil {
			return err
		}
		d.Via = "chat"
		r, err = o.engine.Decide(ctx, tx, p, task, d)
		return err
	})
	return r, err
}

func (o *office) mustDecide(who identity.Person, task string, d approval.Decision) approval.Review {
	o.t.Helper()
	r, err := o.decide(who, task, d)
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

func approve() approval.Decision { return approval.Decision{Action: approval.Approve} }

// wait moves the clock and does what became due.
func (o *office) wait(d time.Duration) {
	o.t.Helper()
	_ = o.clock.MoveTo(o.clock.Now().Add(d))
	o.work()
}

func (o *office) work() {
	o.t.Helper()
	for {
		did, err := o.jobs.Step(context.Background(), 0)
		if err != nil {
			o.t.Fatal(err)
		}
		if !did {
			return
		}
	}
}

// told returns to whom a kind was sent, in the order of the sends.
func (o *office) told(kind string) (names []string) {
	o.t.Helper()
	o.update(func(ctx context.Context, tx *store.Tx) error {
		names = nil
		return tx.SelectContext(ctx, &names, `
			select p.name from outbox o join send s on s.id = o.send_id join person p on p.id = o.person_id
			where s.kind = $1 order by s.id, p.id`, kind)
	})
	return names
}

// sound fails the test if the audit finds anything.
func (o *office) sound() {
	o.t.Helper()
	o.update(func(ctx context.Context, tx *store.Tx) error {
		lines, err := approval.Broken(ctx, tx)
		for _, l := range lines {
			o.t.Error(l)
		}
		return err
	})
}
