package identity

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

const selectPerson = `
	select id, public_id, name, kind, born_on,
		coalesce(number, '') number, coalesce(level, '') level, coalesce(status, '') status,
		coalesce(unit_id, 0) unit_id, coalesce(unit_name, '') unit_name,
		coalesce(college_id, 0) college_id, coalesce(college_name, '') college_name,
		coalesce(campus_id, 0) campus_id, coalesce(campus_name, '') campus_name,
		coalesce(userid, '') userid
	from identity_person`

type personRow struct {
	ID          ID           `db:"id"`
	PublicID    string       `db:"public_id"`
	Name        string       `db:"name"`
	Kind        Kind         `db:"kind"`
	BornOn      sql.NullTime `db:"born_on"`
	Number      string       `db:"number"`
	Level       string       `db:"level"`
	Status      string       `db:"status"`
	Unit        int64        `db:"unit_id"`
	UnitName    string       `db:"unit_name"`
	College     int64        `db:"college_id"`
	CollegeName string       `db:"college_name"`
	Campus      int64        `db:"campus_id"`
	CampusName  string       `db:"campus_name"`
	UserID      string       `db:"userid"`
}

func (r personRow) person() Person {
	p := Person{
		ID: r.ID, PublicID: r.PublicID, Name: r.Name, Kind: r.Kind,
		Number: r.Number, Level: r.Level, Status: r.Status,
		Unit: r.Unit, UnitName: r.UnitName, College: r.College, CollegeName: r.CollegeName,
		Campus: r.Campus, CampusName: r.CampusName, UserID: r.UserID,
	}
	if r.BornOn.Valid {
		p.BornOn = &r.BornOn.Time
	}
	return p
}

// lockByUserID locks the person a userid acts for, so that two acts of one person queue.
func lockByUserID(ctx context.Context, tx *store.Tx, userid string) (ID, error) {
	var id ID
	err := tx.GetContext(ctx, &id, `
		select p.id from person p join account a on a.person_id = p.id
		where a.userid = $1 and a.valid_to is null
		for no key update of p`, strings.ToLower(userid))
	return id, err
}

func lockPersons(ctx context.Context, tx *store.Tx, ids []int64) error {
	_, err := tx.ExecContext(ctx, `select id from person where id = any($1) order by id for no key update`, pq.Array(ids))
	return err
}

func selectPersons(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Person, error) {
	var rows []personRow
	if err := tx.SelectContext(ctx, &rows, selectPerson+" "+where, args...); err != nil {
		return nil, err
	}
	persons := make([]Person, len(rows))
	ids := make([]int64, len(rows))
	at := make(map[ID]int, len(rows))
	for i, r := range rows {
		persons[i], ids[i], at[r.ID] = r.person(), int64(r.ID), i
	}
	var roles []struct {
		Person ID            `db:"person_id"`
		Name   RoleName      `db:"name"`
		Unit   sql.NullInt64 `db:"unit_id"`
	}
	if err := tx.SelectContext(ctx, &roles,
		`select person_id, name, unit_id from identity_role where person_id = any($1) order by name, unit_id`, pq.Array(ids)); err != nil {
		return nil, err
	}
	for _, r := range roles {
		p := &persons[at[r.Person]]
		p.Roles = append(p.Roles, Role{Name: r.Name, Unit: r.Unit.Int64})
	}
	return persons, nil
}

func one(persons []Person, err error) (Person, error) {
	if err != nil {
		return Person{}, err
	}
	if len(persons) == 0 {
		return Person{}, sql.ErrNoRows
	}
	return persons[0], nil
}

func selectHolderIDs(ctx context.Context, tx *store.Tx, unit int64, names []RoleName) ([]ID, error) {
	s := make([]string, len(names))
	for i, n := range names {
		s[i] = string(n)
	}
	var ids []ID
	err := tx.SelectContext(ctx, &ids, `
		select distinct r.person_id from identity_role r join enrolment e on e.person_id = r.person_id and e.valid_to is null
		where r.name = any($1) and (r.unit_id = $2 or r.unit_id is null) and e.status in ('enrolled', 'employed') order by r.person_id`,
		pq.Array(s), unit)
	return ids, err
}

func selectHolders(ctx context.Context, tx *store.Tx, unit int64, names []RoleName) ([]Person, error) {
	s := make([]string, len(names))
	for i, n := range names {
		s[i] = string(n)
	}
	return selectPersons(ctx, tx, `where id in (
		select person_id from identity_role where name = any($1) and (unit_id = $2 or unit_id is null)) order by id`,
		pq.Array(s), unit)
}

func bindAccount(ctx context.Context, tx *store.Tx, person ID, userid, how string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, `
		insert into account (person_id, userid, bound_by, valid_from) values ($1, $2, $3, $4)`,
		person, strings.ToLower(userid), how, at); err != nil {
		return fmt.Errorf("bind account: %w", err)
	}
	return nil
}

func closeAccounts(ctx context.Context, tx *store.Tx, userid string, at time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update account set valid_to = greatest($2, valid_from) where userid = $1 and valid_to is null`,
		strings.ToLower(userid), at)
	return err
}

func closeAccountsOf(ctx context.Context, tx *store.Tx, person ID, at time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update account set valid_to = greatest($2, valid_from) where person_id = $1 and valid_to is null`, person, at)
	return err
}

func int64Array(ids []int64) any { return pq.Array(ids) }

func selectUnits(ctx context.Context, tx *store.Tx, kinds []UnitKind) ([]Unit, error) {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	rows, err := tx.QueryContext(ctx, `
		select u.id, u.public_id, u.kind, u.code, u.name, coalesce(u.parent_id, 0), coalesce(p.name, ''), coalesce(u.campus_id, 0)
		from unit u left join unit p on p.id = u.parent_id
		where cardinality($1::text[]) = 0 or u.kind = any($1::text[]) order by u.kind, u.code`, pq.Array(names))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var units []Unit
	for rows.Next() {
		var u Unit
		if err := rows.Scan(&u.ID, &u.PublicID, &u.Kind, &u.Code, &u.Name, &u.Parent, &u.ParentName, &u.Campus); err != nil {
			return nil, err
		}
		units = append(units, u)
	}
	return units, rows.Err()
}

func selectCampuses(ctx context.Context, tx *store.Tx) ([]Campus, error) {
	var list []Campus
	err := tx.SelectContext(ctx, &list, `select id, code, name from campus order by code`)
	return list, err
}

func upsertUnit(ctx context.Context, tx *store.Tx, u *Unit) error {
	return tx.QueryRowContext(ctx, `
		insert into unit (public_id, kind, code, name, parent_id, campus_id)
		values ($1, $2, $3, $4, nullif($5::bigint, 0), nullif($6::bigint, 0))
		on conflict (kind, code) do update set name = excluded.name, parent_id = excluded.parent_id, campus_id = excluded.campus_id
		returning id, public_id`, store.NewPublicID(), u.Kind, u.Code, u.Name, u.Parent, u.Campus).Scan(&u.ID, &u.PublicID)
}

func upsertCampus(ctx context.Context, tx *store.Tx, c *Campus) error {
	return tx.GetContext(ctx, &c.ID, `
		insert into campus (code, name) values ($1, $2)
		on conflict (code) do update set name = excluded.name returning id`, c.Code, c.Name)
}

// unitKind returns the kind of a unit, "" for 0, the whole school.
func unitKind(ctx context.Context, tx *store.Tx, unit int64) (UnitKind, error) {
	if unit == 0 {
		return "", nil
	}
	var k UnitKind
	err := tx.GetContext(ctx, &k, `select kind from unit where id = $1`, unit)
	return k, err
}

func anyDepartment(ctx context.Context, tx *store.Tx, units []int64) (bool, error) {
	var yes bool
	err := tx.GetContext(ctx, &yes, `select exists (select 1 from unit where id = any($1) and kind = 'department')`, pq.Array(units))
	return yes, err
}

// lockHolders locks who holds exactly this role and unit, in the order of their ids, and returns them.
func lockHolders(ctx context.Context, tx *store.Tx, name RoleName, unit int64) ([]Person, error) {
	const holders = `select person_id from role where name = $1 and coalesce(unit_id, 0) = $2 and valid_to is null`
	if _, err := tx.ExecContext(ctx, `select id from person where id in (`+holders+`) order by id for no key update`, name, unit); err != nil {
		return nil, err
	}
	return selectPersons(ctx, tx, `where id in (`+holders+`) order by id`, name, unit)
}

func insertRole(ctx context.Context, tx *store.Tx, person ID, r Role, first, second ID) (string, error) {
	id := store.NewPublicID()
	_, err := tx.ExecContext(ctx, `
		insert into role (public_id, person_id, name, unit_id, granted_by, second_by, valid_from)
		values ($1, $2, $3, nullif($4::bigint, 0), nullif($5::bigint, 0), nullif($6::bigint, 0), $7)`,
		id, person, r.Name, r.Unit, first, second, tx.Now())
	return id, err
}

func endRole(ctx context.Context, tx *store.Tx, publicID string) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		update role set valid_to = greatest($2, valid_from) where public_id = $1 and valid_to is null`, publicID, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

const selectRole = `
	select r.id, r.public_id, p.public_id, p.name, coalesce(p.number, ''), r.name, coalesce(r.unit_id, 0), coalesce(u.name, ''),
		r.valid_from, coalesce(g.name, ''), coalesce(s.name, '')
	from role r join identity_person p on p.id = r.person_id left join unit u on u.id = r.unit_id
	left join person g on g.id = r.granted_by left join person s on s.id = r.second_by`

func (r *RoleHeld) fields() []any {
	return []any{&r.id, &r.PublicID, &r.Person.PublicID, &r.Person.Name, &r.Person.Number, &r.Name, &r.Unit, &r.UnitName, &r.Since, &r.By, &r.Second}
}

func roleByPublicID(ctx context.Context, tx *store.Tx, publicID string) (RoleHeld, error) {
	var r RoleHeld
	err := tx.QueryRowContext(ctx, selectRole+` where r.public_id = $1`, publicID).Scan(r.fields()...)
	return r, err
}

func selectRoles(ctx context.Context, tx *store.Tx, all bool, units []int64, before int64, limit int) ([]RoleHeld, error) {
	rows, err := tx.QueryContext(ctx, selectRole+`
		where r.valid_to is null and ($1 or r.unit_id = any($2) and r.name like 'centre\_%') and ($3::bigint = 0 or r.id < $3)
		order by r.id desc limit $4`, all, pq.Array(units), before, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []RoleHeld
	for rows.Next() {
		var r RoleHeld
		if err := rows.Scan(r.fields()...); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func upsertProposal(ctx context.Context, tx *store.Tx, person ID, r Role, by ID) (string, error) {
	var id string
	err := tx.GetContext(ctx, &id, `
		insert into role_proposal (public_id, person_id, name, unit_id, proposed_by, proposed_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (person_id, name, unit_id) do update set proposed_by = excluded.proposed_by, proposed_at = excluded.proposed_at
		returning public_id`, store.NewPublicID(), person, r.Name, r.Unit, by, tx.Now())
	return id, err
}

func selectProposals(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Proposal, error) {
	rows, err := tx.QueryContext(ctx, `
		select r.public_id, p.public_id, p.name, coalesce(p.number, ''), r.name, r.unit_id, u.name, b.name, r.proposed_at, r.proposed_by, r.person_id
		from role_proposal r join identity_person p on p.id = r.person_id join unit u on u.id = r.unit_id
		join person b on b.id = r.proposed_by `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []Proposal
	for rows.Next() {
		var r Proposal
		if err := rows.Scan(&r.PublicID, &r.Person.PublicID, &r.Person.Name, &r.Person.Number, &r.Name, &r.Unit, &r.UnitName,
			&r.By, &r.At, &r.by, &r.person); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func deleteProposal(ctx context.Context, tx *store.Tx, publicID string) (bool, error) {
	res, err := tx.ExecContext(ctx, `delete from role_proposal where public_id = $1`, publicID)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// searchPeople returns one id more than asked for if there is more.
func searchPeople(ctx context.Context, tx *store.Tx, r reach, q PeopleQuery) ([]ID, error) {
	var ids []ID
	err := tx.SelectContext(ctx, &ids, `
		select p.id from enrolment e join person p on p.id = e.person_id join unit u on u.id = e.unit_id
		where e.valid_to is null and e.number > $1
			and ($2 = '' or position($2 in p.name) > 0 or starts_with(lower(e.number), lower($2)))
			and ($3::bigint = 0 or u.id = $3 or u.parent_id = $3)
			and ($4 = '' or p.kind = $4)
			and ($5 or u.id = any($6) or u.parent_id = any($6))
		order by e.number limit $7`, q.After, q.Text, q.Unit, q.Kind, r.All, pq.Array(r.Units), q.Limit+1)
	return ids, err
}

// accountsGone returns the accounts bound before readAt whose userid the directory does
// not have, and how many accounts there are.
func accountsGone(ctx context.Context, tx *store.Tx, userids []string, readAt time.Time) (gone []string, all int, err error) {
	if err := tx.GetContext(ctx, &all, `select count(*) from account where valid_to is null`); err != nil {
		return nil, 0, err
	}
	err = tx.SelectContext(ctx, &gone, `
		select a.userid from account a left join unnest($1::text[]) d(userid) on d.userid = a.userid
		where a.valid_to is null and d.userid is null and a.valid_from <= $2 order by a.userid`, pq.Array(userids), readAt)
	return gone, all, err
}

// bindByAttribute binds members to the persons of their numbers, unless either has an
// account or the person holds a role of a centre.
func bindByAttribute(ctx context.Context, tx *store.Tx, numbers, userids []string) (int64, error) {
	res, err := tx.ExecContext(ctx, `
		insert into account (person_id, userid, bound_by, valid_from)
		select e.person_id, v.userid, 'directory', $3 from unnest($1::text[], $2::text[]) v(number, userid)
		join enrolment e on e.number = v.number and e.valid_to is null
		where not exists (select 1 from role r where r.person_id = e.person_id and r.valid_to is null and r.name like 'centre\_%')
		order by e.person_id
		on conflict do nothing`, pq.Array(numbers), pq.Array(userids), tx.Now())
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func boundUserIDs(ctx context.Context, tx *store.Tx, userids []string) (map[string]bool, error) {
	var list []string
	if err := tx.SelectContext(ctx, &list, `select userid from account where userid = any($1) and valid_to is null`, pq.Array(userids)); err != nil {
		return nil, err
	}
	bound := make(map[string]bool, len(list))
	for _, u := range list {
		bound[u] = true
	}
	return bound, nil
}

func insertToken(ctx context.Context, tx *store.Tx, hash []byte, name string, person ID, scopes []string, expires time.Time) (string, error) {
	id := store.NewPublicID()
	_, err := tx.ExecContext(ctx, `
		insert into token (public_id, hash, name, person_id, scopes, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		id, hash, name, person, pq.Array(scopes), tx.Now(), expires)
	return id, err
}

func tokenByHash(ctx context.Context, tx *store.Tx, hash []byte) (ID, []string, error) {
	var id ID
	var scopes []string
	err := tx.QueryRowContext(ctx, `
		select person_id, scopes from token where hash = $1 and revoked_at is null and expires_at > $2`, hash, tx.Now()).
		Scan(&id, pq.Array(&scopes))
	return id, scopes, err
}

func tokenHolder(ctx context.Context, tx *store.Tx, publicID string) (ID, error) {
	var id ID
	err := tx.GetContext(ctx, &id, `select person_id from token where public_id = $1`, publicID)
	return id, err
}

func endToken(ctx context.Context, tx *store.Tx, publicID string) (bool, error) {
	res, err := tx.ExecContext(ctx, `update token set revoked_at = $2 where public_id = $1 and revoked_at is null`, publicID, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func selectTokens(ctx context.Context, tx *store.Tx, all bool, person ID) ([]Token, error) {
	rows, err := tx.QueryContext(ctx, `
		select t.public_id, t.name, p.public_id, p.name, coalesce(p.number, ''), t.scopes, t.created_at, t.expires_at, t.revoked_at
		from token t join identity_person p on p.id = t.person_id
		where $1 or t.person_id = $2 order by t.id desc limit 100`, all, person)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []Token
	for rows.Next() {
		var t Token
		var revoked sql.NullTime
		if err := rows.Scan(&t.PublicID, &t.Name, &t.Person.PublicID, &t.Person.Name, &t.Person.Number, pq.Array(&t.Scopes),
			&t.CreatedAt, &t.ExpiresAt, &revoked); err != nil {
			return nil, err
		}
		t.RevokedAt = revoked.Time
		list = append(list, t)
	}
	return list, rows.Err()
}

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

// broken returns one line for each row that breaks an invariant of the package.
func broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	var lines []string
	err := tx.SelectContext(ctx, &lines, `
		select 'identity: person ' || p.public_id || ' has ' || count(e.id) || ' present enrolments' from person p
			left join enrolment e on e.person_id = p.id and e.valid_to is null group by p.id, p.public_id having count(e.id) <> 1
		union all
		select 'identity: enrolment ' || e.id || ' has a level or status of the other kind' from enrolment e
			where (e.level = 'staff') <> (e.status in ('employed', 'left'))
		union all
		select 'identity: person ' || p.public_id || ' is not of the kind of the present enrolment' from person p
			join enrolment e on e.person_id = p.id and e.valid_to is null where (p.kind = 'staff') <> (e.level = 'staff')
		union all
		select 'identity: role ' || r.public_id || ' is held for a unit it is not for' from role r left join unit u on u.id = r.unit_id
			where r.valid_to is null and not case
				when r.name = 'admin' then u.id is null
				when r.name in ('office', 'office_head') then u.id is null or u.kind in ('department', 'college')
				when r.name = 'class_counsellor' then coalesce(u.kind in ('class', 'college'), false)
				when r.name = 'publisher' then coalesce(u.kind in ('organisation', 'department', 'college'), false)
				when r.name = 'advisor' then coalesce(u.kind = 'organisation', false)
				else coalesce(u.kind = 'centre', false) end
		union all
		select 'identity: role ' || r.public_id || ' of a centre was not granted by two persons' from role r
			where r.name like 'centre\_%' and not (r.granted_by is null and r.name = 'centre_head')
				and (r.granted_by is null or r.second_by is null or r.second_by in (r.granted_by, r.person_id))
		union all
		select 'identity: person ' || r.person_id || ' granted a role to themself' from role r
			where r.granted_by = r.person_id and r.name not like 'centre\_%'`)
	return lines, err
}
