package identity

import (
	"context"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

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
