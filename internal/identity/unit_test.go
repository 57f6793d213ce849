package identity_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func TestSaveUnit_marks_what_is_wrong(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, c := range []struct {
		name string
		unit identity.Unit
		want []string // the fields marked
	}{
		{"good", identity.Unit{Kind: identity.Class, Code: "c9", Name: "九班", Parent: s.units["文学院"]}, nil},
		{"empty", identity.Unit{}, []string{"code", "kind", "name"}},
		{"class_without_college", identity.Unit{Kind: identity.Class, Code: "c9", Name: "九班"}, []string{"parent"}},
		{"class_of_a_department", identity.Unit{Kind: identity.Class, Code: "c9", Name: "九班", Parent: s.units["学工处"]}, []string{"parent"}},
		{"parent_nobody_knows", identity.Unit{Kind: identity.Department, Code: "d9", Name: "新处", Parent: 1 << 40}, []string{"parent"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := s.try(t, "admin1", func(tx *store.Tx, who identity.Person) error {
				_, err := identity.SaveUnit(t.Context(), tx, who, c.unit)
				return err
			})
			var got []string
			for _, field := range []string{"code", "kind", "name", "parent"} {
				if errs.FieldsOf(err)[field] != "" {
					got = append(got, field)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("fields marked (-want +got), error %v:\n%s", err, diff)
			}
		})
	}
}

func TestSaveUnit_of_the_same_code_changes_the_name(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.do(t, "admin1", func(tx *store.Tx, who identity.Person) error {
		u, err := identity.SaveUnit(t.Context(), tx, who, identity.Unit{Kind: identity.Department, Code: "affairs", Name: "学生处"})
		if u.ID != s.units["学工处"] {
			t.Errorf("saved as unit %d, want %d", u.ID, s.units["学工处"])
		}
		return err
	})
	if got := s.numbered(t, "100007").UnitName; got != "学生处" {
		t.Errorf("staff work at %q", got)
	}
}
