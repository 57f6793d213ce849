package identity_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// newToken has an Admin make a token for the person of the number, good for an hour.
func newToken(t *testing.T, s school, who, number string, scopes ...string) string {
	t.Helper()
	p := s.numbered(t, number)
	var raw string
	s.do(t, who, func(tx *store.Tx, who identity.Person) (err error) {
		raw, err = identity.NewToken(t.Context(), tx, who, "第二课堂", p.ID, scopes, tx.Now().Add(time.Hour))
		return err
	})
	return raw
}

// byToken returns the number and the roles behind a token.
func byToken(t *testing.T, s school, raw string) (number string, roles []identity.Role, err error) {
	t.Helper()
	err = s.View(t.Context(), func(tx *store.Tx) error {
		p, _, err := identity.ByToken(t.Context(), tx, raw)
		number, roles = p.Number, p.Roles
		return err
	})
	return number, roles, err
}

func TestToken_acts_as_its_person_until_it_ends(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		then func(t *testing.T, s school)
		raw  func(raw string) string
		want error
	}{
		{"good", nil, nil, nil},
		{"a_moment_before_the_end", func(t *testing.T, s school) { moveOn(t, s, time.Hour-time.Second) }, nil, nil},
		{"at_its_end", func(t *testing.T, s school) { moveOn(t, s, time.Hour) }, nil, identity.ErrToken},
		{"revoked", revokeAll, nil, identity.ErrToken},
		{"another", nil, func(raw string) string { return raw[:len(raw)-1] + "!" }, identity.ErrToken},
		{"empty", nil, func(string) string { return "" }, identity.ErrToken},
		{"person_left", func(t *testing.T, s school) { s.load(t, "工号,状态\n100007,离职\n", identity.ImportOptions{}) }, nil, identity.ErrLeft},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			raw := newToken(t, s, "admin1", "100007", "hours.read", "hours.write")
			if c.then != nil {
				c.then(t, s)
			}
			if c.raw != nil {
				raw = c.raw(raw)
			}
			number, _, err := byToken(t, s, raw)
			if !errors.Is(err, c.want) || c.want == nil && number != "100007" {
				t.Errorf("acts as %q, error %v; want %v", number, err, c.want)
			}
		})
	}
}

func moveOn(t *testing.T, s school, d time.Duration) {
	t.Helper()
	if err := s.clock.MoveTo(s.clock.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
}

func revokeAll(t *testing.T, s school) {
	t.Helper()
	for range 2 {
		s.do(t, "admin1", func(tx *store.Tx, who identity.Person) error {
			list, err := identity.Tokens(t.Context(), tx, who)
			for _, tok := range list {
				err = errors.Join(err, identity.RevokeToken(t.Context(), tx, who, tok.PublicID))
			}
			return err
		})
	}
}

// Whoever administers the product cannot read the centre by a token.
func TestToken_carries_the_centres_roles_only_by_their_holder(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	headID := s.numbered(t, "100003").ID
	err := s.try(t, "admin1", func(tx *store.Tx, who identity.Person) error {
		_, err := identity.NewToken(t.Context(), tx, who, "接口", headID, []string{identity.ScopeCentre}, tx.Now().Add(time.Hour))
		return err
	})
	if !errors.Is(err, identity.ErrTwoPersons) {
		t.Errorf("an admin's token with the centre's scope: %v, want ErrTwoPersons", err)
	}
	if _, roles, err := byToken(t, s, newToken(t, s, "admin1", "100003", "hours")); err != nil || len(roles) != 0 {
		t.Errorf("an admin's token for the head holds %v (%v), want nothing", roles, err)
	}
	want := []identity.Role{{Name: identity.CentreHead, Unit: s.units["成长中心"]}}
	_, roles, err := byToken(t, s, newToken(t, s, "head", "100003", identity.ScopeCentre))
	if diff := cmp.Diff(want, roles); diff != "" || err != nil {
		t.Errorf("the head's own token (%v) (-want +got):\n%s", err, diff)
	}
}

func TestNewToken_refuses(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	office, left := s.numbered(t, "100007").ID, s.numbered(t, "20200009").ID
	for _, c := range []struct {
		name, title string
		person      identity.ID
		scopes      []string
		life        time.Duration
		want        string
	}{
		{"no_name", " ", office, []string{"hours"}, time.Hour, "有几项"},
		{"no_scope", "接口", office, nil, time.Hour, "有几项"},
		{"scope_with_blanks", "接口", office, []string{"all of it"}, time.Hour, "有几项"},
		{"past", "接口", office, []string{"hours"}, -time.Second, "有几项"},
		{"for_ever", "接口", office, []string{"hours"}, 400 * 24 * time.Hour, "有几项"},
		{"person_left", "接口", left, []string{"hours"}, time.Hour, "有几项"},
		{"nobody", "接口", 1 << 40, []string{"hours"}, time.Hour, "没有找到这个人"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := s.Update(t.Context(), func(tx *store.Tx) error {
				_, err := identity.NewToken(t.Context(), tx, identity.Operator(), c.title, c.person, c.scopes, tx.Now().Add(c.life))
				return err
			})
			wantSays(t, err, c.want)
		})
	}
}

func TestTokens_are_seen_and_ended_by_their_holder_and_admins(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	newToken(t, s, "office", "100007", "hours")
	var id string
	for who, want := range map[string]int{"office": 1, "admin1": 1, "college": 0} {
		s.do(t, who, func(tx *store.Tx, p identity.Person) error {
			list, err := identity.Tokens(t.Context(), tx, p)
			if len(list) != want {
				t.Errorf("%s sees %d tokens, want %d", who, len(list), want)
			}
			if want == 1 {
				id = list[0].PublicID
			}
			return err
		})
	}
	err := s.try(t, "college", func(tx *store.Tx, who identity.Person) error { return identity.RevokeToken(t.Context(), tx, who, id) })
	if !errors.Is(err, identity.ErrForbidden) {
		t.Errorf("another's token: %v, want ErrForbidden", err)
	}
	s.do(t, "office", func(tx *store.Tx, who identity.Person) error { return identity.RevokeToken(t.Context(), tx, who, id) })
}
