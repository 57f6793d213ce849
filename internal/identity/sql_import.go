package identity

import (
	"context"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

// lockNumbers lets imports queue and locks the persons a list names.
func lockNumbers(ctx context.Context, tx *store.Tx, numbers []string) error {
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(7265013)`); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		select id from person where id in (select person_id from enrolment where number = any($1)) order by id for no key update`, pq.Array(numbers))
	return err
}

func selectKnown(ctx context.Context, tx *store.Tx, numbers, userids []string) (known, error) {
	k := known{stays: map[string]stay{}, accounts: map[string]string{}, facts: map[fact]bool{}}
	var stays []stay
	if err := tx.SelectContext(ctx, &stays, `
		select e.id, e.number, e.person_id, p.public_id, e.level, e.status, e.unit_id, e.campus_id, e.valid_to is null present,
			p.name, p.kind, coalesce(p.gender, '') gender, coalesce(to_char(p.born_on, 'YYYY-MM-DD'), '') born, coalesce(a.userid, '') userid,
			exists (select 1 from role r where r.person_id = p.id and r.valid_to is null and r.name like 'centre\_%') of_centre
		from enrolment e join person p on p.id = e.person_id left join account a on a.person_id = p.id and a.valid_to is null
		where e.number = any($1)`, pq.Array(numbers)); err != nil {
		return k, err
	}
	persons := make([]int64, len(stays))
	for i, s := range stays {
		k.stays[s.Number], persons[i] = s, int64(s.Person)
	}
	var facts []fact
	if err := tx.SelectContext(ctx, &facts, `select person_id, kind, year, value from fact where person_id = any($1)`, pq.Array(persons)); err != nil {
		return k, err
	}
	for _, f := range facts {
		k.facts[f] = true
	}
	var holders []struct {
		UserID string `db:"userid"`
		Public string `db:"public_id"`
	}
	if err := tx.SelectContext(ctx, &holders, `
		select a.userid, p.public_id from account a join person p on p.id = a.person_id
		where a.userid = any($1) and a.valid_to is null`, pq.Array(userids)); err != nil {
		return k, err
	}
	for _, h := range holders {
		k.accounts[h.UserID] = h.Public
	}
	return k, nil
}

// columns gathers the values of many rows by column, as unnest takes them.
type columns struct {
	persons, ids, units, sites               []int64
	publics, names, kinds, genders, borns    []string
	numbers, levels, statuses, userids, vals []string
	years                                    []int64
}

// insertPeople creates the new persons and writes their keys into the acts.
func insertPeople(ctx context.Context, tx *store.Tx, acts []importAct) error {
	var c columns
	at := map[string]int{}
	for i, a := range acts {
		if a.person != 0 {
			continue
		}
		public := store.NewPublicID()
		at[public] = i
		c.publics, c.names, c.kinds = append(c.publics, public), append(c.names, a.row.name), append(c.kinds, string(a.row.kind))
		c.genders, c.borns = append(c.genders, a.row.gender), append(c.borns, a.row.born)
	}
	if len(at) == 0 {
		return nil
	}
	var made []struct {
		ID     ID     `db:"id"`
		Public string `db:"public_id"`
	}
	if err := tx.SelectContext(ctx, &made, `
		insert into person (public_id, name, kind, gender, born_on, created_at, updated_at)
		select v.public_id, v.name, v.kind, nullif(v.gender, ''), nullif(v.born, '')::date, $6, $6
		from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) v(public_id, name, kind, gender, born)
		returning id, public_id`, pq.Array(c.publics), pq.Array(c.names), pq.Array(c.kinds), pq.Array(c.genders), pq.Array(c.borns), tx.Now()); err != nil {
		return err
	}
	for _, m := range made {
		a := &acts[at[m.Public]]
		a.person, a.public, a.created = m.ID, m.Public, true
	}
	return nil
}

// updatePeople writes what is said of persons known before, under their present number.
func updatePeople(ctx context.Context, tx *store.Tx, acts []importAct) error {
	var c columns
	for _, a := range acts {
		if a.created || !a.fresh || a.before != nil && !a.before.Present {
			continue
		}
		c.persons, c.names, c.kinds = append(c.persons, int64(a.person)), append(c.names, a.row.name), append(c.kinds, string(a.row.kind))
		c.genders, c.borns = append(c.genders, a.row.gender), append(c.borns, a.row.born)
	}
	_, err := tx.ExecContext(ctx, `
		update person p set name = v.name, kind = v.kind, gender = nullif(v.gender, ''), born_on = nullif(v.born, '')::date, updated_at = $6
		from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) v(id, name, kind, gender, born)
		where p.id = v.id`,
		pq.Array(c.persons), pq.Array(c.names), pq.Array(c.kinds), pq.Array(c.genders), pq.Array(c.borns), tx.Now())
	return err
}

// endStays ends the present enrolments of who continues under a new number.
func (p *plan) endStays(ctx context.Context, tx *store.Tx, acts []importAct) error {
	var c columns
	for _, a := range acts {
		if a.before == nil {
			c.persons = append(c.persons, int64(a.person))
		}
	}
	_, err := tx.ExecContext(ctx, `
		update enrolment set valid_to = greatest($2, valid_from + interval '1 microsecond')
		where person_id = any($1) and valid_to is null`, pq.Array(c.persons), tx.Now())
	return err
}

// writeStays inserts the enrolments of new numbers and updates those of known ones.
func (p *plan) writeStays(ctx context.Context, tx *store.Tx, acts []importAct) error {
	var c columns
	for _, a := range acts {
		if !a.fresh {
			continue
		}
		id := int64(0)
		if a.before != nil {
			id = a.before.ID
		}
		c.ids, c.persons, c.numbers = append(c.ids, id), append(c.persons, int64(a.person)), append(c.numbers, a.row.number)
		c.levels, c.statuses = append(c.levels, a.row.level), append(c.statuses, a.row.status)
		c.units, c.sites = append(c.units, p.units.units[a.row.unit].ID), append(c.sites, p.units.campuses[a.row.site].ID)
	}
	const rows = `unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
		v(id, person_id, number, level, status, unit_id, campus_id)`
	args := []any{pq.Array(c.ids), pq.Array(c.persons), pq.Array(c.numbers), pq.Array(c.levels), pq.Array(c.statuses), pq.Array(c.units), pq.Array(c.sites)}
	if _, err := tx.ExecContext(ctx, `
		update enrolment e set level = v.level, status = v.status, unit_id = v.unit_id, campus_id = v.campus_id
		from `+rows+` where e.id = v.id`, args...); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		insert into enrolment (person_id, number, level, status, unit_id, campus_id, valid_from)
		select v.person_id, v.number, v.level, v.status, v.unit_id, v.campus_id, $8 from `+rows+` where v.id = 0`, append(args, tx.Now())...)
	return err
}

// accountsBoundBy binds what the rows ask for; what the persons had before is closed.
func accountsBoundBy(how string) func(context.Context, *store.Tx, []importAct) error {
	return func(ctx context.Context, tx *store.Tx, acts []importAct) error {
		var c columns
		for _, a := range acts {
			if a.bind {
				c.persons, c.userids = append(c.persons, int64(a.person)), append(c.userids, a.row.userid)
			}
		}
		if _, err := tx.ExecContext(ctx, `
			update account set valid_to = greatest($2, valid_from) where person_id = any($1) and valid_to is null`, pq.Array(c.persons), tx.Now()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			insert into account (person_id, userid, bound_by, valid_from)
			select v.person_id, v.userid, $3, $4 from unnest($1::bigint[], $2::text[]) v(person_id, userid)`,
			pq.Array(c.persons), pq.Array(c.userids), how, tx.Now())
		return err
	}
}

// writeFacts adds what is recorded; of what a person has one a year, or one at all, the
// new one takes the place of the old.
func writeFacts(ctx context.Context, tx *store.Tx, acts []importAct) error {
	var c columns
	for _, a := range acts {
		for _, f := range a.facts {
			c.persons, c.kinds, c.vals = append(c.persons, int64(a.person)), append(c.kinds, f.Kind), append(c.vals, f.Value)
			c.years = append(c.years, int64(f.Year))
		}
	}
	const rows = `unnest($1::bigint[], $2::text[], $3::text[], $4::int[]) v(person_id, kind, value, year)`
	args := []any{pq.Array(c.persons), pq.Array(c.kinds), pq.Array(c.vals), pq.Array(c.years)}
	if _, err := tx.ExecContext(ctx, `
		delete from fact f using `+rows+`
		where f.person_id = v.person_id and f.kind = v.kind and f.year = v.year and f.value <> v.value and v.kind = any($5)`, append(args, pq.Array(once()))...); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		insert into fact (person_id, kind, value, year, source, recorded_at)
		select v.person_id, v.kind, v.value, v.year, 'import', $5 from `+rows+` on conflict do nothing`, append(args, tx.Now())...)
	return err
}
