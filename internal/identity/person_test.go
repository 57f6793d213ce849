package identity_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		userid string
		how    identity.Binding
		number string
		want   error
	}{
		{"bound_account", "s1", identity.ByHand, "20240001", nil},
		{"bound_account_in_capitals", "S1", identity.ByHand, "20240001", nil},
		{"userid_equals_the_number", "B2024003", identity.ByNumber, "B2024003", nil},
		{"userid_equals_the_number_but_for_its_case", "b2024003", identity.ByNumber, "B2024003", nil},
		{"userid_equals_the_number_where_staff_bind", "B2024003", identity.ByHand, "", identity.ErrUnbound},
		{"number_of_who_has_an_account", "20240001", identity.ByNumber, "", identity.ErrUnbound},
		{"unknown", "nobody", identity.ByNumber, "", identity.ErrUnbound},
		{"graduated", "g1", identity.ByNumber, "", identity.ErrLeft},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			for range 2 { // what was bound the first time is there the second
				err := s.Update(t.Context(), func(tx *store.Tx) error {
					p, err := identity.Resolve(t.Context(), tx, c.userid, c.how)
					if err == nil && p.Number != c.number {
						t.Errorf("number %q, want %q", p.Number, c.number)
					}
					return err
				})
				if !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
			}
		})
	}
}

// Two first entries at the same moment, from two replicas, bind one account.
func TestResolve_binds_once_when_two_enter_together(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	failures := make([]error, 8)
	var wg sync.WaitGroup
	for i := range failures {
		wg.Go(func() {
			failures[i] = s.Update(t.Context(), func(tx *store.Tx) error {
				_, err := identity.Resolve(t.Context(), tx, "b2024003", identity.ByNumber)
				return err
			})
		})
	}
	wg.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Error(err)
	}
	if got := s.numbered(t, "B2024003").UserID; got != "b2024003" {
		t.Errorf("bound to %q", got)
	}
}

func TestLeave_closes_the_account_whatever_its_case(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.do(t, "", func(tx *store.Tx, _ identity.Person) error { return identity.Leave(t.Context(), tx, "S1") })
	if got := s.numbered(t, "20240001").UserID; got != "" {
		t.Errorf("still bound to %q", got)
	}
}

// A userid changed in WeCom is the same person: nobody has to prove anything again.
func TestRename_follows_the_person_and_closes_what_the_userid_was(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	before := s.numbered(t, "20240001")
	for range 2 { // the second time nobody has the old one
		s.do(t, "", func(tx *store.Tx, _ identity.Person) error {
			return identity.Rename(t.Context(), tx, "S1", "Zhang.Xiaoyu")
		})
	}
	s.do(t, "", func(tx *store.Tx, _ identity.Person) error {
		return identity.Rename(t.Context(), tx, "S2", "not a userid")
	})
	if got := s.numbered(t, "20240001"); got.ID != before.ID || got.UserID != "zhang.xiaoyu" {
		t.Errorf("person %d is %q, was %d", got.ID, got.UserID, before.ID)
	}
	if got := s.numbered(t, "20240002").UserID; got != "s2" {
		t.Errorf("a userid WeCom does not have was taken: %q", got)
	}
}

func TestBindByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, who, number, userid string
		want                      string // how the sentence begins, "" for done
	}{
		{"admin_binds", "admin1", "B2024003", "new.one", ""},
		{"department_binds", "office", "B2024003", "new.one", ""},
		{"college_binds_its_own", "college", "20240002", "new.one", ""},
		{"college_of_another", "college", "B2024003", "new.one", "没有找到这个人"},
		{"class_counsellor_binds_the_class", "class", "20240001", "new.one", ""},
		{"class_counsellor_of_another_class", "class", "20240002", "new.one", "没有找到这个人"},
		{"student", "s1", "20240002", "new.one", identity.ErrForbidden.Message},
		{"centre", "head", "20240002", "new.one", identity.ErrForbidden.Message},
		{"who_holds_a_role_by_an_office", "office", "100005", "new.one", identity.ErrForbidden.Message},
		{"who_holds_a_role_by_an_admin", "admin1", "100005", "new.one", ""},
		{"head_of_the_centre_by_an_admin", "admin1", "100003", "new.one", identity.ErrCentreAccount.Message},
		{"account_of_another", "admin1", "B2024003", "S2", "这个账号已绑定给 李沐阳"},
		{"account_it_has", "admin1", "20240001", "S1", ""},
		{"no_account", "admin1", "B2024003", "张三", "请填企业微信的账号"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			p := s.numbered(t, c.number)
			err := s.try(t, c.who, func(tx *store.Tx, who identity.Person) error {
				return identity.BindByHand(t.Context(), tx, who, p.ID, c.userid)
			})
			wantSays(t, err, c.want)
		})
	}
}

func TestUnbind_ends_what_the_account_may(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	p := s.numbered(t, "20240001")
	for range 2 {
		s.do(t, "class", func(tx *store.Tx, who identity.Person) error { return identity.Unbind(t.Context(), tx, who, p.ID) })
	}
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		_, err := identity.Resolve(t.Context(), tx, "s1", identity.ByNumber)
		return err
	})
	if !errors.Is(err, identity.ErrUnbound) {
		t.Errorf("got %v, want ErrUnbound", err)
	}
}
