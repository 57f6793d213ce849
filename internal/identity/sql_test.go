package identity_test

import (
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// What no verb does and a hand in the database can.
func TestBroken_names_the_row(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, damage, want string }{
		{"two_present_enrolments", `insert into enrolment (person_id, number, level, status, unit_id, campus_id, valid_from)
			select person_id, 'X1', level, status, unit_id, campus_id, valid_from from enrolment where number = '20240001'`, "has 2 present enrolments"},
		{"no_enrolment", `delete from enrolment where number = 'B2024003'`, "has 0 present enrolments"},
		{"level_of_the_other_kind", `update enrolment set level = 'staff' where number = '20240001'`, "level or status of the other kind"},
		{"kind_of_the_other", `update person set kind = 'staff' where name = '张晓雨'`, "is not of the kind"},
		{"admin_of_a_unit", `update role set unit_id = (select min(id) from unit) where name = 'admin'`, "a unit it is not for"},
		{"centre_role_by_one_person", `insert into role (public_id, person_id, name, unit_id, granted_by, valid_from)
			select 'x', p.id, 'centre_desk', u.id, (select person_id from role where name = 'centre_head'), p.created_at
			from person p, unit u where p.name = '苏晴' and u.kind = 'centre'`, "was not granted by two persons"},
		{"own_role", `insert into role (public_id, person_id, name, granted_by, valid_from)
			select 'x', id, 'admin', id, created_at from person where name = '苏晴'`, "granted a role to themself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			wantHealthy(t, s)
			s.do(t, "", func(tx *store.Tx, _ identity.Person) error {
				if _, err := tx.ExecContext(t.Context(), c.damage); err != nil {
					return err
				}
				lines, err := identity.Broken(t.Context(), tx)
				if !strings.Contains(strings.Join(lines, "\n"), c.want) {
					t.Errorf("lines %q, want one with %q", lines, c.want)
				}
				return err
			})
		})
	}
}
