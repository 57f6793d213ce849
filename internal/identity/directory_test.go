package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// crowd imports n more students with accounts m0000, m0001, …
func crowd(t *testing.T, s school, n int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("学号,姓名,类别,层次,学院,班级,企业微信账号\n")
	for i := range n {
		b.WriteString("2026" + padded(i) + ",同学" + padded(i) + ",学生,本科,文学院,一班,m" + padded(i) + "\n")
	}
	if r := s.load(t, b.String(), identity.ImportOptions{}); r.Created != n {
		t.Fatal(r)
	}
}

// reading is the directory of everybody but the first gone of the crowd of n.
func reading(n, gone int) identity.Directory {
	d := identity.Directory{}
	for _, userid := range []string{"S1", "s2", "g1", "admin1", "admin2", "head", "other", "college", "class", "office"} {
		d.Members = append(d.Members, identity.DirectoryMember{UserID: userid})
	}
	for i := gone; i < n; i++ {
		d.Members = append(d.Members, identity.DirectoryMember{UserID: "M" + padded(i)})
	}
	return d
}

func TestSyncDirectory_closes_who_is_gone_within_reason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		crowd, gone int
		empty       bool
		force       bool
		closed      int
		want        error
	}{
		{"nobody_gone", 10, 0, false, false, 0, nil},
		{"most_of_a_small_school", 10, 10, false, false, 10, nil},
		{"twenty_of_thirty_five", 25, 20, false, false, 20, nil},
		{"twenty_one_of_thirty_five", 25, 21, false, false, 0, identity.ErrDirectoryShrank},
		{"twenty_one_of_thirty_five_forced", 25, 21, false, true, 21, nil},
		{"a_fifth_of_many", 110, 24, false, false, 24, nil},
		{"more_than_a_fifth_of_many", 110, 25, false, false, 0, identity.ErrDirectoryShrank},
		{"empty_answer", 0, 0, true, false, 0, identity.ErrDirectoryShrank},
		{"empty_answer_forced", 0, 0, true, true, 10, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			if c.crowd > 0 {
				crowd(t, s, c.crowd)
			}
			d := reading(c.crowd, c.gone)
			if c.empty {
				d.Members = nil
			}
			d.ReadAt = s.clock.Now()
			var report identity.DirectoryReport
			err := s.Update(t.Context(), func(tx *store.Tx) (err error) {
				report, err = identity.SyncDirectory(t.Context(), tx, d, c.force)
				return err
			})
			if !errors.Is(err, c.want) || report.Closed != c.closed {
				t.Errorf("closed %d, error %v; want %d, %v", report.Closed, err, c.closed, c.want)
			}
		})
	}
}

// An account bound after the reading began is not judged by it.
func TestSyncDirectory_spares_who_came_meanwhile(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	d := reading(0, 0)
	d.ReadAt = s.clock.Now()
	moveOn(t, s, 1e9)
	crowd(t, s, 1)
	s.do(t, "", func(tx *store.Tx, _ identity.Person) error {
		report, err := identity.SyncDirectory(t.Context(), tx, d, false)
		if report.Closed != 0 {
			t.Errorf("closed %d accounts, want none", report.Closed)
		}
		return err
	})
}

func TestSyncDirectory_binds_by_the_attribute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		member identity.DirectoryMember
		number string
		want   string // the userid bound afterwards
	}{
		{"unbound", identity.DirectoryMember{UserID: "Wang.SQ", Number: "B2024003"}, "B2024003", "wang.sq"},
		{"bound_already", identity.DirectoryMember{UserID: "new", Number: "20240001"}, "20240001", "s1"},
		{"userid_of_another", identity.DirectoryMember{UserID: "s2", Number: "B2024003"}, "B2024003", ""},
		{"unknown_number", identity.DirectoryMember{UserID: "new", Number: "19990001"}, "B2024003", ""},
		{"no_attribute", identity.DirectoryMember{UserID: "B2024003"}, "B2024003", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			d := reading(0, 0)
			d.Members, d.ReadAt = append(d.Members, c.member), s.clock.Now()
			s.do(t, "", func(tx *store.Tx, _ identity.Person) error {
				_, err := identity.SyncDirectory(t.Context(), tx, d, false)
				return err
			})
			if got := s.numbered(t, c.number).UserID; got != c.want {
				t.Errorf("bound to %q, want %q", got, c.want)
			}
		})
	}
}

func TestUnbound_lists_whom_nobody_is_bound_to(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	members := []identity.DirectoryMember{{UserID: "S1"}, {UserID: "u01", Name: "吴桐"}, {UserID: "head"}}
	s.do(t, "office", func(tx *store.Tx, who identity.Person) error {
		got, err := identity.Unbound(t.Context(), tx, who, members)
		if diff := cmp.Diff([]identity.DirectoryMember{{UserID: "u01", Name: "吴桐"}}, got); diff != "" {
			t.Errorf("unbound (-want +got):\n%s", diff)
		}
		return err
	})
}

func TestPeople(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, c := range []struct {
		name, who string
		q         identity.PeopleQuery
		want      []string
	}{
		{"by_part_of_the_name", "admin1", identity.PeopleQuery{Text: "思齐"}, []string{"B2024003"}},
		{"by_the_beginning_of_the_number", "admin1", identity.PeopleQuery{Text: "2024"}, []string{"20240001", "20240002"}},
		{"by_the_number_in_small_letters", "admin1", identity.PeopleQuery{Text: "b2024"}, []string{"B2024003"}},
		{"a_wildcard_is_a_character", "admin1", identity.PeopleQuery{Text: "%"}, nil},
		{"of_a_unit", "admin1", identity.PeopleQuery{Unit: s.units["信息学院"]}, []string{"B2024003"}},
		{"of_a_kind", "admin1", identity.PeopleQuery{Kind: identity.Student}, []string{"20200009", "20240001", "20240002", "B2024003"}},
		{"department_sees_all_students", "office", identity.PeopleQuery{Kind: identity.Student}, []string{"20200009", "20240001", "20240002", "B2024003"}},
		{"college_sees_its_own", "college", identity.PeopleQuery{Kind: identity.Student}, []string{"20200009", "20240001", "20240002"}},
		{"class_counsellor_sees_the_class", "class", identity.PeopleQuery{}, []string{"20200009", "20240001"}},
		{"a_unit_out_of_reach", "class", identity.PeopleQuery{Unit: s.units["信息学院"]}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.do(t, c.who, func(tx *store.Tx, who identity.Person) error {
				for _, limit := range []int{100, 1} { // all at once and one by one
					var got []string
					q := c.q
					q.Limit = limit
					for {
						page, next, err := identity.People(t.Context(), tx, who, q)
						if err != nil {
							return err
						}
						for _, p := range page {
							got = append(got, p.Number)
						}
						if q.After = next; next == "" {
							break
						}
					}
					if diff := cmp.Diff(c.want, got); diff != "" {
						t.Errorf("pages of %d (-want +got):\n%s", limit, diff)
					}
				}
				return nil
			})
		})
	}
}

func TestByPublicID_keeps_to_the_reach(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, c := range []struct{ who, number, want string }{
		{"admin1", "B2024003", ""},
		{"class", "20240001", ""},
		{"class", "20240002", "没有找到这个人"},
		{"s1", "20240002", identity.ErrForbidden.Message},
	} {
		p := s.numbered(t, c.number)
		err := s.try(t, c.who, func(tx *store.Tx, who identity.Person) error {
			_, err := identity.ByPublicID(t.Context(), tx, who, p.PublicID)
			return err
		})
		wantSays(t, err, c.want)
	}
}
