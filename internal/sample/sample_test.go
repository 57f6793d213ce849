package sample_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// school loads the sample school on a Monday morning.
func school(t *testing.T) (*store.DB, *clock.Fixed) {
	t.Helper()
	db, clk := storetest.DB(t)
	if err := clk.MoveTo(storetest.Monday.Add(time.Minute)); err != nil { // off the hours
		t.Fatal(err)
	}
	if err := sample.Load(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db, clk
}

func person(t *testing.T, tx *store.Tx, userid string) identity.Person {
	t.Helper()
	p, err := identity.Resolve(t.Context(), tx, userid, identity.ByNumber)
	if err != nil {
		t.Fatalf("resolve %s: %v", userid, err)
	}
	return p
}

func TestLoad_founds_a_school_that_breaks_no_invariant(t *testing.T) {
	t.Parallel()
	db, _ := school(t)
	storetest.Update(t, db, func(tx *store.Tx) error {
		people, err := identity.Broken(t.Context(), tx)
		if err != nil {
			return err
		}
		centre, err := counselling.Broken(t.Context(), tx)
		if diff := cmp.Diff([]string(nil), append(people, centre...)); diff != "" {
			t.Errorf("broken (-want +got):\n%s", diff)
		}
		return err
	})
}

func TestLoad_twice_keeps_what_is_there(t *testing.T) {
	t.Parallel()
	db, _ := school(t)
	before := picture(t, db)
	storetest.Update(t, db, func(tx *store.Tx) error {
		return identity.BindByHand(t.Context(), tx, person(t, tx, "t07"), numbered(t, tx, "20260302"), "u01")
	})
	if err := sample.Load(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, picture(t, db)); diff != "" {
		t.Errorf("second start changed the school (-before +after):\n%s", diff)
	}
	storetest.Update(t, db, func(tx *store.Tx) error {
		if got := person(t, tx, "u01").Number; got != "20260302" {
			t.Errorf("u01 is bound to %q after the second start, want 20260302", got)
		}
		return nil
	})
}

func TestLoad_at_night_leaves_the_quiet_hours_off(t *testing.T) {
	t.Parallel()
	for at, want := range map[time.Duration]string{
		0: "07:00", 11 * time.Hour: "07:00", 12 * time.Hour: "22:30", 16 * time.Hour: "22:30", // from 09:00 on
	} {
		t.Run(storetest.Monday.Add(at).In(storetest.Shanghai()).Format("15:04"), func(t *testing.T) {
			t.Parallel()
			db, clk := storetest.DB(t)
			if err := clk.MoveTo(storetest.Monday.Add(at + time.Minute)); err != nil {
				t.Fatal(err)
			}
			if err := sample.Load(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			storetest.Update(t, db, func(tx *store.Tx) error {
				set, err := counselling.LoadSettings(t.Context(), tx)
				if set.QuietFrom != "22:30" || set.QuietTo != want {
					t.Errorf("quiet from %s to %s, want to %s", set.QuietFrom, set.QuietTo, want)
				}
				return err
			})
		})
	}
}

func TestLoad_a_month_later_has_hours_again(t *testing.T) {
	t.Parallel()
	db, clk := school(t)
	before := picture(t, db)
	if err := clk.MoveTo(clk.Now().AddDate(0, 0, 35)); err != nil {
		t.Fatal(err)
	}
	if got := picture(t, db).Hours; len(got) != 0 {
		t.Fatalf("%d hours are left after five weeks, want none", len(got))
	}
	if err := sample.Load(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if got, want := len(picture(t, db).Hours), len(before.Hours); got != want {
		t.Errorf("%d hours after five weeks, want %d as at the beginning", got, want)
	}
}

type view struct {
	Numbers []string
	Hours   []string
}

// picture lists everybody and the hours a student may see.
func picture(t *testing.T, db *store.DB) view {
	t.Helper()
	var v view
	storetest.Update(t, db, func(tx *store.Tx) error {
		v = view{}
		for after := ""; ; {
			page, next, err := identity.People(t.Context(), tx, identity.Operator(), identity.PeopleQuery{After: after})
			if err != nil {
				return err
			}
			for _, p := range page {
				v.Numbers = append(v.Numbers, p.Number)
			}
			if after = next; after == "" {
				break
			}
		}
		slots, err := counselling.Slots(t.Context(), tx, person(t, tx, "s01"), "", tx.Now(), time.Time{})
		for _, s := range slots {
			v.Hours = append(v.Hours, s.StartsAt.Format(time.RFC3339)+" "+s.Name)
		}
		return err
	})
	return v
}

func numbered(t *testing.T, tx *store.Tx, number string) identity.ID {
	t.Helper()
	p, err := identity.Numbered(t.Context(), tx, number)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func TestHours_are_four_weeks_of_workdays(t *testing.T) {
	t.Parallel()
	db, _ := school(t)
	storetest.Update(t, db, func(tx *store.Tx) error {
		slots, err := counselling.Slots(t.Context(), tx, person(t, tx, "s01"), "", tx.Now(), time.Time{})
		if err != nil {
			return err
		}
		groups := 0
		for _, s := range slots {
			if d := s.StartsAt.In(tx.Zone()).Weekday(); d == time.Saturday || d == time.Sunday {
				t.Errorf("%s has an hour on a %s", s.Name, d)
			}
			if got := s.EndsAt.Sub(s.StartsAt); got != 50*time.Minute {
				t.Errorf("%s has an hour of %s", s.Name, got)
			}
			if s.Capacity == 3 {
				groups++
			}
		}
		if got, want := len(slots), 4*(5*(4+3+3+2)+1); got != want {
			t.Errorf("%d hours, want %d", got, want)
		}
		if groups != 4 {
			t.Errorf("%d group hours, want one a week", groups)
		}
		return nil
	})
}

func TestCast_stands_where_the_table_says(t *testing.T) {
	t.Parallel()
	db, _ := school(t)
	storetest.Update(t, db, func(tx *store.Tx) error {
		for _, c := range []struct {
			userid string
			agreed bool
			states []counselling.State
		}{
			{"s01", false, nil},
			{"s02", true, nil},
			{"s05", true, []counselling.State{counselling.Confirmed}},
			{"s06", true, []counselling.State{counselling.Pending}},
			{"s07", true, []counselling.State{counselling.Cancelled}},
			{"s08", true, []counselling.State{counselling.Rejected}},
		} {
			p := person(t, tx, c.userid)
			_, agreed, err := counselling.CurrentNotice(t.Context(), tx, p)
			if err != nil {
				return err
			}
			if agreed != c.agreed {
				t.Errorf("%s agreed to the notice: %v, want %v", c.userid, agreed, c.agreed)
			}
			mine, err := counselling.Mine(t.Context(), tx, p)
			if err != nil {
				return err
			}
			var states []counselling.State
			for _, b := range mine {
				states = append(states, b.State)
			}
			if diff := cmp.Diff(c.states, states); diff != "" {
				t.Errorf("bookings of %s (-want +got):\n%s", c.userid, diff)
			}
		}
		return nil
	})
}

func TestEntry_of_special_persons(t *testing.T) {
	t.Parallel()
	db, _ := school(t)
	for _, c := range []struct {
		userid, number string
		want           error
	}{
		{"s01", "20241101", nil},
		{"20260301", "20260301", nil},
		{"u01", "", identity.ErrUnbound},
		{"g01", "", identity.ErrLeft},
		{"s281", "", identity.ErrSuspended},
	} {
		t.Run(c.userid, func(t *testing.T) {
			t.Parallel()
			var got identity.Person
			err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
				got, err = identity.Resolve(t.Context(), tx, c.userid, identity.ByNumber)
				return err
			})
			if errs.MessageOf(err) != errs.MessageOf(c.want) || got.Number != c.number {
				t.Errorf("number %q, error %v; want %q, %v", got.Number, err, c.number, c.want)
			}
		})
	}
}

func TestRoles_of_staff(t *testing.T) {
	t.Parallel()
	db, _ := school(t)
	storetest.Update(t, db, func(tx *store.Tx) error {
		for userid, role := range map[string]identity.RoleName{
			"t01": identity.CentreCounsellor, "t04": identity.CentreCounsellor, "t05": identity.CentreHead, "t06": identity.CentreDesk,
			"t07": identity.Admin, "t08": identity.Office, "t13": identity.Office, "t14": identity.ClassCounsellor, "t23": identity.ClassCounsellor, "t24": identity.OfficeHead,
		} {
			p := person(t, tx, userid)
			if len(p.Roles) != 1 || !p.Has(role) {
				t.Errorf("%s holds %v, want %s", userid, p.Roles, role)
			}
		}
		return nil
	})
}

// README quotes the table of the package; it names everybody Cast does.
func TestCast_is_the_table_of_the_package(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]bool{}
	for _, m := range sample.Directory() {
		in[m.UserID] = true
	}
	for _, p := range sample.Cast() {
		if !in[p.UserID] {
			t.Errorf("%s is not in the directory", p.UserID)
		}
		if p.UserID < "t14" || p.UserID > "t99" { // the table names the 辅导员 together
			if !strings.Contains(string(doc), p.UserID) && !strings.Contains(string(doc), p.Name) {
				t.Errorf("%s %s is not in the table", p.UserID, p.Name)
			}
		}
	}
}

func TestDirectory_begins_with_the_example_of_the_control_interface(t *testing.T) {
	t.Parallel()
	members := sample.Directory()
	if diff := cmp.Diff(sample.Member{UserID: "s01", Name: "张晓雨", Kind: "student", Department: "文学院"}, members[0]); diff != "" {
		t.Errorf("first member (-want +got):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, m := range members {
		if seen[m.UserID] {
			t.Errorf("userid %s twice", m.UserID)
		}
		seen[m.UserID] = true
		if m.Name == "" || m.Department == "" {
			t.Errorf("incomplete member %+v", m)
		}
	}
}

func TestNotice_says_what_the_law_asks(t *testing.T) {
	t.Parallel()
	db, _ := school(t)
	storetest.Update(t, db, func(tx *store.Tx) error {
		n, _, err := counselling.CurrentNotice(t.Context(), tx, person(t, tx, "s01"))
		for _, must := range []string{"不提供诊断、治疗", "生命安全", "性侵犯或虐待", "法律规定", "最少的内容", "110", "120", "12356"} {
			if !strings.Contains(n.Body, must) {
				t.Errorf("the notice does not say %q", must)
			}
		}
		if !counselling.Neutral(n.Body) {
			t.Error("the notice is not neutral, and chat shows it")
		}
		return err
	})
}

// What the services judge by is as varied as at a school: who may, who may no more, who
// never could, and of whom it is not known.
func TestLoad_brings_records_of_every_sort(t *testing.T) {
	t.Parallel()
	db, _ := school(t)
	storetest.Update(t, db, func(tx *store.Tx) error {
		for userid, want := range map[string]string{
			"s01": "困难", "s03": "2026 学年没有认定，最近一次是 2025 学年的困难", "s07": "困难", "s11": "特困", "s13": "一般困难", "s04": "",
		} {
			k, err := service.Know(t.Context(), tx, service.Definition{}, person(t, tx, userid))
			if err != nil {
				return err
			}
			if f := k.Facts["tier"]; f.Text != want || f.Missing {
				t.Errorf("tier of %s: %+v, want %q", userid, f, want)
			}
		}
		k, err := service.Know(t.Context(), tx, service.Definition{}, person(t, tx, "s01"))
		if support, _ := k.Record("support"); len(support.Options) < 3 || k.Facts["home"].Text != "湖北省恩施土家族苗族自治州利川市" || k.Facts["honour"].Number != 2 {
			t.Errorf("s01: %+v", k.Facts)
		}
		if !k.Facts["grade"].Missing {
			t.Error("nobody's grades were imported")
		}
		return err
	})
}
