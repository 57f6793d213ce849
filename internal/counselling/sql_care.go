package counselling

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func insertDuty(ctx context.Context, tx *store.Tx, centre int64, e DutyEdit, from, to time.Time, by identity.ID) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		insert into duty (public_id, centre_id, person_id, starts_at, ends_at, position, created_by)
		values ($1, $2, $3, $4, $5, $6, nullif($7::bigint, 0)) on conflict (centre_id, person_id, starts_at) do nothing`,
		store.NewPublicID(), centre, e.Person, from, to, e.Position, by)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func deleteDuty(ctx context.Context, tx *store.Tx, publicID string) error {
	_, err := tx.ExecContext(ctx, `delete from duty where public_id = $1`, publicID)
	return err
}

func selectDuties(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Duty, error) {
	var rows []struct {
		PublicID string      `db:"public_id"`
		Name     string      `db:"name"`
		StartsAt time.Time   `db:"starts_at"`
		EndsAt   time.Time   `db:"ends_at"`
		Position int         `db:"position"`
		Centre   int64       `db:"centre_id"`
		Person   identity.ID `db:"person_id"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		select d.public_id, p.name, d.starts_at, d.ends_at, d.position, d.centre_id, d.person_id
		from duty d join identity_address p on p.id = d.person_id `+where, args...); err != nil {
		return nil, err
	}
	list := make([]Duty, len(rows))
	for i, r := range rows {
		list[i] = Duty{r.PublicID, r.Name, r.StartsAt, r.EndsAt, r.Position, r.Centre, r.Person}
	}
	return list, nil
}

func latestIntakeForm(ctx context.Context, tx *store.Tx) (Form, error) {
	var f Form
	err := tx.GetContext(ctx, &f, `select version, body, published_at from intake_form order by version desc limit 1`)
	return f, err
}

func insertIntakeForm(ctx context.Context, tx *store.Tx, version int, body string, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `
		insert into intake_form (version, body, published_at, published_by) values ($1, $2, $3, nullif($4::bigint, 0))`,
		version, body, tx.Now(), by)
	return err
}

func hasIntake(ctx context.Context, tx *store.Tx, student identity.ID, term string) (bool, error) {
	var ok bool
	err := tx.GetContext(ctx, &ok, `select exists (select 1 from intake where student_id = $1 and term = $2)`,
		student, term)
	return ok, err
}

func upsertIntake(ctx context.Context, tx *store.Tx, student identity.ID, term string, version int, answers []byte, level Level) error {
	_, err := tx.ExecContext(ctx, `
		insert into intake (student_id, term, version, answers, level, answered_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (student_id, term) do update set version = excluded.version, answers = excluded.answers,
			level = excluded.level, answered_at = excluded.answered_at`,
		student, term, version, answers, level, tx.Now())
	return err
}

type intakeRow struct {
	Term       string    `db:"term"`
	Answers    []byte    `db:"answers"`
	Level      Level     `db:"level"`
	AnsweredAt time.Time `db:"answered_at"`
}

func latestIntake(ctx context.Context, tx *store.Tx, student identity.ID) (intakeRow, error) {
	var r intakeRow
	err := tx.GetContext(ctx, &r, `
		select term, answers, level, answered_at from intake where student_id = $1 order by answered_at desc limit 1`, student)
	return r, err
}

// insertCase opens a case and returns its public id, "" if the student has an open one.
func insertCase(ctx context.Context, tx *store.Tx, centre int64, student identity.ID, source string) (string, error) {
	var id string
	err := tx.GetContext(ctx, &id, `
		insert into red_case (public_id, centre_id, student_id, source, opened_at) values ($1, $2, $3, $4, $5)
		on conflict (student_id) where state <> 'closed' do nothing returning public_id`,
		store.NewPublicID(), centre, student, source, tx.Now())
	if store.Missing(err) {
		return "", nil
	}
	return id, err
}

type caseRow struct {
	ID       int64          `db:"id"`
	PublicID string         `db:"public_id"`
	Centre   int64          `db:"centre_id"`
	State    CaseState      `db:"state"`
	Source   string         `db:"source"`
	OpenedAt time.Time      `db:"opened_at"`
	Student  identity.ID    `db:"student_id"`
	Name     string         `db:"name"`
	Number   string         `db:"number"`
	College  string         `db:"college"`
	Taker    sql.NullInt64  `db:"taken_by"`
	TakenBy  sql.NullString `db:"taker"`
	TakenAt  sql.NullTime   `db:"taken_at"`
	ClosedBy sql.NullString `db:"closer"`
	ClosedAt sql.NullTime   `db:"closed_at"`
	Outcome  []byte         `db:"outcome"`
}

func (r caseRow) open(tx *store.Tx) (Case, error) {
	c := Case{
		PublicID: r.PublicID, State: r.State, Source: r.Source, OpenedAt: r.OpenedAt,
		Student: Student{ID: r.Student, Name: r.Name, Number: r.Number, College: r.College},
		TakenBy: r.TakenBy.String, TakenAt: r.TakenAt.Time, ClosedBy: r.ClosedBy.String, ClosedAt: r.ClosedAt.Time,
		id: r.ID, centre: r.Centre, taker: identity.ID(r.Taker.Int64),
	}
	if r.Outcome == nil {
		return c, nil
	}
	plain, err := tx.Keys().Unseal(outcomePlace(r.PublicID), r.Outcome)
	c.Outcome = string(plain)
	return c, err
}

func selectCases(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Case, error) {
	var rows []caseRow
	if err := tx.SelectContext(ctx, &rows, `
		select c.id, c.public_id, c.centre_id, c.state, c.source, c.opened_at, c.student_id, p.name, coalesce(p.number, '') number,
			coalesce(p.college_name, '') college, c.taken_by, t.name taker, c.taken_at, e.name closer, c.closed_at, c.outcome
		from red_case c join identity_person p on p.id = c.student_id
		left join identity_address t on t.id = c.taken_by left join identity_address e on e.id = c.closed_by `+where, args...); err != nil {
		return nil, err
	}
	return each(rows, func(r caseRow) (Case, error) { return r.open(tx) })
}

// casesAfter returns the centre's cases, those that wait first, that stand behind the one
// with the public id after; only those somebody was called to, or with 0 all.
func casesAfter(ctx context.Context, tx *store.Tx, centre int64, called identity.ID, after string, limit int) ([]Case, error) {
	return selectCases(ctx, tx, `
		where c.centre_id = $1 and ($2::bigint = 0 or exists (select 1 from red_event e where e.case_id = c.id and e.kind = 'paged' and e.person_id = $2))
			and ($3 = '' or (c.state = 'closed', c.state = 'taken', -c.id) > (
				select a.state = 'closed', a.state = 'taken', -a.id from red_case a where a.public_id = $3 and a.centre_id = $1))
		order by (c.state = 'closed'), (c.state = 'taken'), c.id desc limit $4`, centre, called, after, limit)
}

func isCase(ctx context.Context, tx *store.Tx, centre int64, publicID string) (ok bool, err error) {
	err = tx.GetContext(ctx, &ok, `select exists (select 1 from red_case where public_id = $2 and centre_id = $1)`, centre, publicID)
	return ok, err
}

// lockCase locks a case, so that two who come at once queue, and returns it.
func lockCase(ctx context.Context, tx *store.Tx, publicID string) (Case, error) {
	return lockOne(ctx, tx, `select id from red_case where public_id = $1 for no key update`, publicID, selectCases, `where c.id = $1`)
}

func hasOpenCase(ctx context.Context, tx *store.Tx, student identity.ID) (open bool, err error) {
	err = tx.GetContext(ctx, &open, `select exists (select 1 from red_case where student_id = $1 and state <> 'closed')`, student)
	return open, err
}

func lockOpenCase(ctx context.Context, tx *store.Tx, student identity.ID) (Case, error) {
	var id string
	if err := tx.GetContext(ctx, &id, `
		select public_id from red_case where student_id = $1 and state <> 'closed' for no key update`, student); err != nil {
		return Case{}, err
	}
	return lockCase(ctx, tx, id)
}

func insertCaseEvent(ctx context.Context, tx *store.Tx, id int64, kind string, person identity.ID) error {
	_, err := tx.ExecContext(ctx, `
		insert into red_event (case_id, at, kind, person_id) values ($1, $2, $3, nullif($4::bigint, 0))`, id, tx.Now(), kind, person)
	return err
}

// calledFor returns who was called for a case, once for every call.
func calledFor(ctx context.Context, tx *store.Tx, id int64) ([]identity.ID, error) {
	var ids []identity.ID
	err := tx.SelectContext(ctx, &ids, `select person_id from red_event where case_id = $1 and kind = 'paged' order by id`, id)
	return ids, err
}

func selectCaseEvents(ctx context.Context, tx *store.Tx, id int64) ([]CaseEvent, error) {
	var list []CaseEvent
	err := tx.SelectContext(ctx, &list, `
		select e.at, e.kind, coalesce(p.name, '') as by from red_event e left join identity_address p on p.id = e.person_id
		where e.case_id = $1 order by e.id`, id)
	return list, err
}

func takeCase(ctx context.Context, tx *store.Tx, id int64, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `update red_case set state = 'taken', taken_by = $2, taken_at = $3 where id = $1`, id, by, tx.Now())
	return err
}

func closeCase(ctx context.Context, tx *store.Tx, id int64, by identity.ID, outcome []byte) error {
	_, err := tx.ExecContext(ctx, `
		update red_case set state = 'closed', closed_by = $2, closed_at = $3, outcome = $4 where id = $1`, id, by, tx.Now(), outcome)
	return err
}

func countCases(ctx context.Context, tx *store.Tx, centres []int64) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `select count(*) from red_case where state <> 'closed' and (centre_id = any($1) or 0 = any($1))`, pq.Array(centres))
	return n, err
}

func selectGuardian(ctx context.Context, tx *store.Tx, student identity.ID) ([]byte, error) {
	var sealed []byte
	err := tx.GetContext(ctx, &sealed, `select contact from guardian where student_id = $1`, student)
	return sealed, err
}

func upsertGuardian(ctx context.Context, tx *store.Tx, student identity.ID, sealed []byte, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `
		insert into guardian (student_id, contact, updated_at, updated_by) values ($1, $2, $3, $4)
		on conflict (student_id) do update set contact = excluded.contact, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		student, sealed, tx.Now(), by)
	return err
}
