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

func closeAccounts(ctx context.Context, tx *store.Tx, userid string, at time.Time) (int64, error) {
	res, err := tx.ExecContext(ctx, `
		update account set valid_to = greatest($2, valid_from) where userid = $1 and valid_to is null`,
		strings.ToLower(userid), at)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func closeAccountsOf(ctx context.Context, tx *store.Tx, person ID, at time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update account set valid_to = greatest($2, valid_from) where person_id = $1 and valid_to is null`, person, at)
	return err
}

func int64Array(ids []int64) any { return pq.Array(ids) }
