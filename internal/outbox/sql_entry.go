package outbox

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func upsertEntry(ctx context.Context, tx *store.Tx, e Entry, sealed []byte) (int64, error) {
	persons := make([]int64, len(e.To))
	for i, p := range e.To {
		persons[i] = int64(p)
	}
	var id int64
	err := tx.GetContext(ctx, &id, `
		insert into entry (public_id, subject, kind, scope, persons, args, due_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, $7)
		on conflict (subject) do update set kind = excluded.kind, scope = excluded.scope, persons = excluded.persons, args = excluded.args,
			wanted = entry.wanted + 1, dropped = false, due_at = excluded.due_at, attempts = 0, state = 'waiting', done_at = null,
			error = null, code = null
		returning id`, store.NewPublicID(), e.Subject, e.Kind, e.Scope, pq.Array(persons), sealed, tx.Now())
	return id, err
}

func dropEntry(ctx context.Context, tx *store.Tx, subject string) (int64, error) {
	var id int64
	err := tx.GetContext(ctx, &id, `
		update entry set wanted = wanted + 1, dropped = true, due_at = $2, attempts = 0, state = 'waiting', done_at = null,
			error = null, code = null
		where subject = $1 and not dropped returning id`, subject, tx.Now())
	return id, err
}

// claimedEntry is an entry taken for its next call. What a call taught is kept in it
// and recorded as a whole.
type claimedEntry struct {
	ID       int64         `db:"id"`
	PublicID string        `db:"public_id"`
	Subject  string        `db:"subject"`
	Kind     string        `db:"kind"`
	Persons  pq.Int64Array `db:"persons"`
	Args     []byte        `db:"args"`
	Wanted   int           `db:"wanted"`
	Dropped  bool          `db:"dropped"`
	Shown    int           `db:"shown"`
	Calendar string        `db:"calendar_id"`
	Schedule string        `db:"schedule_id"`
	Adding   sql.NullTime  `db:"adding_since"`
	Lease    time.Time     `db:"claimed_until"`
	Attempts int           `db:"attempts"`
}

// claimEntry takes the first due entry and gives it the calendar of the year.
func claimEntry(ctx context.Context, tx *store.Tx) (*claimedEntry, error) {
	var e claimedEntry
	err := tx.GetContext(ctx, &e, `
		with due as (
			select id from entry where state = 'waiting' and due_at <= $1 and (claimed_until is null or claimed_until < $1)
			order by due_at, id limit 1 for no key update skip locked)
		update entry e set claimed_until = $2, attempts = e.attempts + 1,
			calendar_id = coalesce(e.calendar_id, (select c.calendar_id from entry_calendar c where c.year = $3))
		from due where e.id = due.id
		returning e.id, e.public_id, e.subject, e.kind, e.persons, e.args, e.wanted, e.dropped, e.shown,
			coalesce(e.calendar_id, '') calendar_id, coalesce(e.schedule_id, '') schedule_id, e.adding_since, e.claimed_until, e.attempts`,
		tx.Now(), tx.Now().Add(lease), tx.Now().In(tx.Zone()).Year())
	return &e, err
}

func selectPersons(ctx context.Context, tx *store.Tx, ids []int64) ([]identity.Person, error) {
	var rows []recipient
	if err := tx.SelectContext(ctx, &rows, `
		select 0::bigint send_id, id person_id, name, kind, coalesce(userid, '') userid from identity_address where id = any($1) order by id`,
		pq.Array(ids)); err != nil {
		return nil, err
	}
	var persons []identity.Person
	for _, r := range rows {
		if r.UserID != "" {
			persons = append(persons, r.person())
		}
	}
	return persons, nil
}

// markAdding commits before the call that an add is under way.
func markAdding(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `update entry set adding_since = $2 where id = $1`, id, tx.Now())
	return err
}

// ending is how an entry goes on after a call.
type ending struct {
	State  string // waiting, done, refused, dead
	At     time.Time
	Code   int
	Reason string
}

// recordEntry keeps what the call of a claim taught. An entry changed meanwhile waits on,
// due at once. A claim whose lease ran out records nothing: another holds the entry.
func recordEntry(ctx context.Context, tx *store.Tx, e *claimedEntry, how ending) (due time.Time, waits bool, err error) {
	var r struct {
		Due   time.Time `db:"due_at"`
		State string    `db:"state"`
	}
	err = tx.GetContext(ctx, &r, `
		update entry set shown = $3, calendar_id = nullif($4, ''), schedule_id = nullif($5, ''), adding_since = $6, claimed_until = null,
			state = case when wanted = $7 then $8 else 'waiting' end,
			done_at = case when wanted = $7 and $8 <> 'waiting' then $9::timestamptz end,
			due_at = case when wanted = $7 then $10::timestamptz else due_at end,
			attempts = case when wanted = $7 then $11 else 0 end,
			code = nullif($12::int, 0), error = nullif($13, '')
		where id = $1 and claimed_until = $2 returning due_at, state`,
		e.ID, e.Lease, e.Shown, e.Calendar, e.Schedule, e.Adding, e.Wanted, how.State, tx.Now(), how.At, e.Attempts, how.Code, how.Reason)
	if store.Missing(err) {
		return time.Time{}, false, nil
	}
	return r.Due, r.State == "waiting", err
}

func insertCalendar(ctx context.Context, tx *store.Tx, year int, calendarID string) error {
	_, err := tx.ExecContext(ctx, `
		insert into entry_calendar (year, calendar_id, created_at) values ($1, $2, $3) on conflict (year) do nothing`, year, calendarID, tx.Now())
	return err
}

// reviveEntry has a dead or refused entry tried again.
func reviveEntry(ctx context.Context, tx *store.Tx, publicID string) (int64, error) {
	var id int64
	err := tx.GetContext(ctx, &id, `
		update entry set state = 'waiting', done_at = null, due_at = $2, attempts = 0, claimed_until = null, error = null, code = null
		where public_id = $1 and state in ('dead', 'refused') returning id`, publicID, tx.Now())
	return id, err
}
