package counselling_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// centre is a small school: a counselling centre with two counsellors and its desk,
// a class with its 辅导员, an administrator, and as many students as a test asks for.
type centre struct {
	t     testing.TB
	db    *store.DB
	clock *clock.Fixed
	unit  int64

	wang, li, head, desk, fudaoyuan, admin identity.Person
	counsellors                            []counselling.Counsellor
	students                               []identity.Person
}

func newCentre(t testing.TB, students int) *centre {
	t.Helper()
	db, clk := storetest.DB(t)
	c := &centre{t: t, db: db, clock: clk}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		var campus, college, class int64
		get := func(dest any, q string, args ...any) {
			t.Helper()
			if err := tx.GetContext(ctx, dest, q, args...); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
		unit := func(kind, name string, parent any) (id int64) {
			get(&id, `insert into unit (public_id, kind, code, name, parent_id) values ($1, $2, $3, $3, $4) returning id`,
				store.NewPublicID(), kind, name, parent)
			return id
		}
		get(&campus, `insert into campus (code, name) values ('east', '东校区') returning id`)
		college = unit("college", "文学院", nil)
		class = unit("class", "文学2301", college)
		c.unit = unit("centre", "成长中心", nil)
		person := func(name, kind, number, level, status string, unit int64, roles ...identity.Role) identity.Person {
			var id identity.ID
			get(&id, `insert into person (public_id, name, kind, created_at, updated_at) values ($1, $2, $3, $4, $4) returning id`,
				store.NewPublicID(), name, kind, tx.Now())
			var n int64
			get(&n, `insert into enrolment (person_id, number, level, status, unit_id, campus_id, valid_from)
				values ($1, $2, $3, $4, $5, $6, $7) returning id`, id, number, level, status, unit, campus, tx.Now())
			get(&n, `insert into account (person_id, userid, bound_by, valid_from) values ($1, $2, 'sample', $3) returning id`, id, number, tx.Now())
			for _, r := range roles {
				get(&n, `insert into role (public_id, person_id, name, unit_id, valid_from) values ($1, $2, $3, nullif($4::bigint, 0), $5) returning id`,
					store.NewPublicID(), id, r.Name, r.Unit, tx.Now())
			}
			p, err := identity.Get(ctx, tx, id)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		staff := func(name, number string, unit int64, roles ...identity.Role) identity.Person {
			return person(name, "staff", number, "staff", "employed", unit, roles...)
		}
		c.head = staff("郑岚", "t1", c.unit, identity.Role{Name: identity.CentreHead, Unit: c.unit})
		c.desk = staff("何静", "t2", c.unit, identity.Role{Name: identity.CentreDesk, Unit: c.unit})
		c.wang = staff("王若溪", "t3", c.unit, identity.Role{Name: identity.CentreCounsellor, Unit: c.unit})
		c.li = staff("李牧云", "t4", c.unit, identity.Role{Name: identity.CentreCounsellor, Unit: c.unit})
		c.fudaoyuan = staff("孙一凡", "t5", college, identity.Role{Name: identity.ClassCounsellor, Unit: class})
		c.admin = staff("周启明", "t6", college, identity.Role{Name: identity.Admin})
		for i := range students {
			c.students = append(c.students, person(fmt.Sprintf("张晓%d", i), "student", fmt.Sprintf("s%d", i), "bachelor", "enrolled", class))
		}
		if err := counselling.PublishNotice(ctx, tx, c.head, c.unit, notice); err != nil {
			return err
		}
		for i, p := range []identity.Person{c.wang, c.li} {
			if _, err := counselling.SaveCounsellor(ctx, tx, c.head, c.unit, counselling.CounsellorEdit{
				Person: p.ID, Intro: "陪你把事情理一理。", Campus: "east", Place: "学生活动中心 302", Active: true, Position: i,
			}); err != nil {
				return err
			}
		}
		var err error
		c.counsellors, err = counselling.CentreCounsellors(ctx, tx, c.head, c.unit)
		return err
	})
	return c
}

const notice = `预约须知：请提前到达；面谈内容依法保密，但涉及你或他人的人身安全时除外；中心不提供诊断、治疗；紧急情况请先拨打热线电话。` +
	`来不了请提前取消，把时间留给需要的同学。`

func (c *centre) update(fn func(ctx context.Context, tx *store.Tx) error) {
	c.t.Helper()
	if err := c.try(fn); err != nil {
		c.t.Fatal(err)
	}
}

func (c *centre) try(fn func(ctx context.Context, tx *store.Tx) error) error {
	return c.db.Update(context.Background(), func(tx *store.Tx) error { return fn(context.Background(), tx) })
}

// verb is what a person does to a booking.
type verb func(ctx context.Context, tx *store.Tx, who identity.Person, booking string) (counselling.Booking, error)

// giving is a verb with its reason.
func giving(reason string, do func(ctx context.Context, tx *store.Tx, who identity.Person, booking, reason string) (counselling.Booking, error)) verb {
	return func(ctx context.Context, tx *store.Tx, who identity.Person, booking string) (counselling.Booking, error) {
		return do(ctx, tx, who, booking, reason)
	}
}

func (c *centre) act(do verb, who identity.Person, booking string) error {
	return c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := do(ctx, tx, who, booking)
		return err
	})
}

func (c *centre) mustAct(do verb, who identity.Person, booking string) (b counselling.Booking) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		b, err = do(ctx, tx, who, booking)
		return err
	})
	return b
}

// hour opens an hour of the first counsellor that begins so long after now.
func (c *centre) hour(after time.Duration, capacity int) string {
	c.t.Helper()
	start := c.clock.Now().Add(after)
	var id string
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := counselling.AddHours(ctx, tx, c.desk, counselling.HoursEdit{
			Counsellor: c.counsellors[0].PublicID,
			StartsAt:   start, EndsAt: start.Add(50 * time.Minute), Capacity: capacity, Weeks: 1,
		}); err != nil {
			return err
		}
		slots, err := counselling.Slots(ctx, tx, c.head, c.counsellors[0].PublicID, start, start.Add(time.Minute))
		if err != nil {
			return err
		}
		id = slots[0].PublicID
		return nil
	})
	return id
}

func (c *centre) agree(students ...identity.Person) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		for _, s := range students {
			if err := counselling.Agree(ctx, tx, s, 1); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *centre) book(who identity.Person, slot string) (b counselling.Booking, err error) {
	err = c.try(func(ctx context.Context, tx *store.Tx) error {
		b, err = counselling.Book(ctx, tx, who, slot, "", counselling.ViaPage)
		return err
	})
	return b, err
}

func (c *centre) mustBook(who identity.Person, slot string) counselling.Booking {
	c.t.Helper()
	b, err := c.book(who, slot)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// sound fails the test if the audit finds anything.
func (c *centre) sound() {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		lines, err := counselling.Broken(ctx, tx)
		for _, l := range lines {
			c.t.Error(l)
		}
		return err
	})
}
