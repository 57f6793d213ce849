package identity_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// Who may do what with roles: one line a role and verb.
func TestRoles_by_verb(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	type verb func(tx *store.Tx, who identity.Person) error
	other, centre := s.numbered(t, "100004").ID, s.units["成长中心"]
	grant := func(name identity.RoleName, unit string) verb {
		return func(tx *store.Tx, who identity.Person) error {
			return identity.Grant(t.Context(), tx, who, other, name, s.units[unit])
		}
	}
	verbs := map[string]verb{
		"grant_office":      grant(identity.Office, "学工处"),
		"grant_centre_desk": grant(identity.CentreDesk, "成长中心"),
		"found_centre": func(tx *store.Tx, who identity.Person) error {
			return identity.Found(t.Context(), tx, who, other, centre)
		},
		"propose_centre_desk": func(tx *store.Tx, who identity.Person) error {
			_, err := identity.ProposeCentreRole(t.Context(), tx, who, other, identity.CentreDesk, centre)
			return err
		},
		"list_roles": func(tx *store.Tx, who identity.Person) error {
			_, _, err := identity.Roles(t.Context(), tx, who, "", 10)
			return err
		},
		"list_proposals": func(tx *store.Tx, who identity.Person) error {
			_, err := identity.Proposals(t.Context(), tx, who)
			return err
		},
		"list_people": func(tx *store.Tx, who identity.Person) error {
			_, _, err := identity.People(t.Context(), tx, who, identity.PeopleQuery{})
			return err
		},
		"save_unit": func(tx *store.Tx, who identity.Person) error {
			_, err := identity.SaveUnit(t.Context(), tx, who, identity.Unit{Kind: identity.Department, Code: "x", Name: "新部门"})
			return err
		},
		"unbound": func(tx *store.Tx, who identity.Person) error {
			_, err := identity.Unbound(t.Context(), tx, who, nil)
			return err
		},
		"token_for_another": func(tx *store.Tx, who identity.Person) error {
			_, err := identity.NewToken(t.Context(), tx, who, "接口", other, []string{"hours"}, tx.Now().Add(time.Hour))
			return err
		},
	}
	no, two, head := identity.ErrForbidden, identity.ErrTwoPersons, identity.ErrHasHead
	for verb, row := range map[string]map[string]error{
		"grant_office":        {"": nil, "admin1": nil, "office": no, "college": no, "class": no, "head": no, "s1": no},
		"grant_centre_desk":   {"": two, "admin1": two, "office": no, "college": no, "class": no, "head": no, "s1": no},
		"found_centre":        {"": head, "admin1": two, "office": two, "college": two, "class": two, "head": two, "s1": two},
		"propose_centre_desk": {"": no, "admin1": no, "office": no, "college": no, "class": no, "head": nil, "s1": no},
		"list_roles":          {"": nil, "admin1": nil, "office": no, "college": no, "class": no, "head": nil, "s1": no},
		"list_proposals":      {"": nil, "admin1": nil, "office": no, "college": no, "class": no, "head": nil, "s1": no},
		"list_people":         {"": nil, "admin1": nil, "office": nil, "college": nil, "class": nil, "head": nil, "s1": no},
		"save_unit":           {"": nil, "admin1": nil, "office": no, "college": no, "class": no, "head": no, "s1": no},
		"unbound":             {"": nil, "admin1": nil, "office": nil, "college": nil, "class": nil, "head": no, "s1": no},
		"token_for_another":   {"": nil, "admin1": nil, "office": no, "college": no, "class": no, "head": no, "s1": no},
	} {
		for who, want := range row {
			t.Run(verb+"/"+who, func(t *testing.T) {
				undone := errors.New("undone")
				err := s.try(t, who, func(tx *store.Tx, p identity.Person) error {
					if err := verbs[verb](tx, p); err != nil {
						return err
					}
					return undone
				})
				if want == nil {
					want = undone
				}
				if !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
		}
	}
}

func TestGrant_fits_person_and_unit(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, c := range []struct {
		name, number string
		role         identity.RoleName
		unit         string
		want         string
	}{
		{"admin_of_the_school", "100004", identity.Admin, "", ""},
		{"admin_of_a_college", "100004", identity.Admin, "文学院", "这个角色不能授予到所选的范围"},
		{"class_counsellor_of_the_school", "100004", identity.ClassCounsellor, "", "这个角色不能授予到所选的范围"},
		{"student_as_class_counsellor", "20240001", identity.ClassCounsellor, "一班", ""},
		{"student_as_office", "20240001", identity.Office, "学工处", "这个角色只能授予教职工"},
		{"student_publishes_for_a_club", "20240001", identity.Publisher, "诗社", ""},
		{"who_has_left", "20200009", identity.Publisher, "诗社", "罗锦程目前不在册"},
		{"to_themself", "100001", identity.Office, "学工处", identity.ErrOwnRole.Message},
		{"twice", "100007", identity.Office, "学工处", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := s.numbered(t, c.number)
			err := s.try(t, "admin1", func(tx *store.Tx, who identity.Person) error {
				return identity.Grant(t.Context(), tx, who, p.ID, c.role, s.units[c.unit])
			})
			wantSays(t, err, c.want)
			if holds := s.numbered(t, c.number).HasIn(s.units[c.unit], c.role); c.want == "" && !holds {
				t.Error("the role is not held")
			}
		})
	}
	wantHealthy(t, s)
}

// A centre's role takes two persons, neither of whom is the one who gets it.
func TestCentreRole_needs_two_persons(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, receiver, second string
		after                  time.Duration
		want                   error
	}{
		{"an_admin_accepts", "other", "admin1", 0, nil},
		{"proposer_accepts", "other", "head", 0, identity.ErrSecondPerson},
		{"receiver_accepts", "admin1", "admin1", 0, identity.ErrSecondPerson},
		{"operator_accepts", "other", "", 0, identity.ErrSecondPerson},
		{"office_accepts", "other", "office", 0, identity.ErrForbidden},
		{"receiver_without_role_accepts", "other", "other", 0, identity.ErrForbidden},
		{"after_a_week", "other", "admin1", 7 * 24 * time.Hour, identity.ErrStale},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			centre := s.units["成长中心"]
			id := s.propose(t, c.receiver, identity.CentreCounsellor)
			if err := s.clock.MoveTo(s.clock.Now().Add(c.after)); err != nil {
				t.Fatal(err)
			}
			err := s.try(t, c.second, func(tx *store.Tx, who identity.Person) error {
				return identity.AcceptCentreRole(t.Context(), tx, who, id)
			})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			s.do(t, c.receiver, func(_ *store.Tx, p identity.Person) error {
				if p.HasIn(centre, identity.CentreCounsellor) != (c.want == nil) {
					t.Errorf("holds %v", p.Roles)
				}
				return nil
			})
			wantHealthy(t, s)
		})
	}
}

func (s school) propose(t *testing.T, userid string, name identity.RoleName) string {
	t.Helper()
	var id string
	s.do(t, "head", func(tx *store.Tx, head identity.Person) (err error) {
		id, err = identity.ProposeCentreRole(t.Context(), tx, head, s.person(t, tx, userid).ID, name, s.units["成长中心"])
		return err
	})
	return id
}

func TestCentreRole_proposal_of_a_former_head_is_void(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id := s.propose(t, "other", identity.CentreDesk)
	s.do(t, "admin1", func(tx *store.Tx, who identity.Person) error {
		return identity.Revoke(t.Context(), tx, who, s.role(t, tx, identity.CentreHead, "100003"))
	})
	err := s.try(t, "admin1", func(tx *store.Tx, who identity.Person) error {
		return identity.AcceptCentreRole(t.Context(), tx, who, id)
	})
	if !errors.Is(err, identity.ErrStale) {
		t.Errorf("got %v, want ErrStale", err)
	}
}

func TestDropProposal_leaves_nothing_to_accept(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id := s.propose(t, "other", identity.CentreDesk)
	s.do(t, "head", func(tx *store.Tx, who identity.Person) error { return identity.DropProposal(t.Context(), tx, who, id) })
	err := s.try(t, "admin1", func(tx *store.Tx, who identity.Person) error {
		return identity.AcceptCentreRole(t.Context(), tx, who, id)
	})
	wantSays(t, err, "没有这项提名")
}

// role returns the public id of a role by its holder's number.
func (s school) role(t *testing.T, tx *store.Tx, name identity.RoleName, number string) string {
	t.Helper()
	list, _, err := identity.Roles(t.Context(), tx, identity.Operator(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(r identity.RoleHeld) bool { return r.Name == name && r.Person.Number == number })
	if i < 0 {
		t.Fatalf("%s holds no %s", number, name)
	}
	return list[i].PublicID
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, who string
		role      identity.RoleName
		number    string
		want      error
	}{
		{"admin_takes_an_office", "admin1", identity.Office, "100007", nil},
		{"office_takes_an_office", "office", identity.Office, "100005", identity.ErrForbidden},
		{"head_takes_an_office", "head", identity.Office, "100007", identity.ErrForbidden},
		{"admin_takes_another_admin", "admin1", identity.Admin, "100002", nil},
		{"head_takes_the_last_head", "head", identity.CentreHead, "100003", identity.ErrLastHead},
		{"admin_takes_the_last_head", "admin1", identity.CentreHead, "100003", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			for range 2 { // taking away what is gone changes nothing
				id := ""
				err := s.try(t, c.who, func(tx *store.Tx, who identity.Person) error {
					if !s.holds(t, tx, c.role, c.number) {
						return c.want
					}
					id = s.role(t, tx, c.role, c.number)
					return identity.Revoke(t.Context(), tx, who, id)
				})
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			}
		})
	}
}

func (s school) holds(t *testing.T, tx *store.Tx, name identity.RoleName, number string) bool {
	t.Helper()
	p, err := identity.Numbered(t.Context(), tx, number)
	if err != nil {
		t.Fatal(err)
	}
	return p.Has(name)
}

// Two admins who take each other's role at the same moment leave one.
func TestRevoke_keeps_one_admin_when_two_race(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	ids := map[string]string{}
	s.do(t, "", func(tx *store.Tx, _ identity.Person) error {
		ids["admin1"], ids["admin2"] = s.role(t, tx, identity.Admin, "100002"), s.role(t, tx, identity.Admin, "100001")
		return nil
	})
	done := make(chan error)
	for who, id := range ids {
		go func() {
			done <- s.Update(t.Context(), func(tx *store.Tx) error {
				p, err := identity.Resolve(t.Context(), tx, who, identity.ByHand)
				if err != nil {
					return err
				}
				return identity.Revoke(t.Context(), tx, p, id)
			})
		}()
	}
	first, second := <-done, <-done
	if (first == nil) == (second == nil) {
		t.Errorf("got %v and %v, want one of them refused", first, second)
	}
}

func TestFound_serves_a_centre_whose_head_left(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.load(t, "学号/工号,状态\n100003,离职\n", identity.ImportOptions{})
	s.do(t, "", func(tx *store.Tx, op identity.Person) error {
		return identity.Found(t.Context(), tx, op, s.person(t, tx, "other").ID, s.units["成长中心"])
	})
	wantHealthy(t, s)
}

func TestRoles_come_in_pages(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	storetest.Update(t, s.DB, func(tx *store.Tx) error {
		all, _, err := identity.Roles(t.Context(), tx, identity.Operator(), "", 100)
		if err != nil {
			return err
		}
		var seen int
		for after := ""; ; {
			page, next, err := identity.Roles(t.Context(), tx, identity.Operator(), after, 2)
			if err != nil {
				return err
			}
			for i, r := range page {
				if r.PublicID != all[seen+i].PublicID {
					t.Errorf("place %d is %+v, want %+v", seen+i, r, all[seen+i])
				}
			}
			seen += len(page)
			if after = next; after == "" {
				break
			}
		}
		if seen != len(all) {
			t.Errorf("%d roles in pages, %d at once", seen, len(all))
		}
		_, _, err = identity.Roles(t.Context(), tx, identity.Operator(), "%%", 2)
		wantSays(t, err, "这一页的位置认不出来")
		return nil
	})
}
