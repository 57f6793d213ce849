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
