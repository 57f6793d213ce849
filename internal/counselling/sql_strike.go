package counselling

import (
	"context"
	"database/sql"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

type strikeRow struct {
	ID            int64          `db:"id"`
	PublicID      string         `db:"public_id"`
	Booking       string         `db:"booking"`
	Kind          StrikeKind     `db:"kind"`
	At            time.Time      `db:"at"`
	LapsesAt      time.Time      `db:"lapses_at"`
	State         StrikeState    `db:"state"`
	Appeal        []byte         `db:"appeal"`
	AppealedAt    sql.NullTime   `db:"appealed_at"`
	DecidedAt     sql.NullTime   `db:"decided_at"`
	DecidedBy     sql.NullString `db:"decided_by"`
	Reason        string         `db:"reason"`
	StartsAt      time.Time      `db:"starts_at"`
	Slot          int64          `db:"slot_id"`
	Counsellor    string         `db:"counsellor"`
	Centre        int64          `db:"centre_id"`
	Student       identity.ID    `db:"student_id"`
	StudentName   string         `db:"student_name"`
	StudentNumber string         `db:"student_number"`
	College       string         `db:"college"`
}

func selectStrikes(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Strike, error) {
	var rows []strikeRow
	if err := tx.SelectContext(ctx, &rows, `
		select s.id, s.public_id, b.public_id booking, s.kind, s.at, s.lapses_at, s.state, s.appeal, s.appealed_at,
			s.decided_at, d.name decided_by, s.reason, sl.starts_at, b.slot_id, cp.name counsellor, c.centre_id,
			s.student_id, p.name student_name, coalesce(p.number, '') student_number, coalesce(p.college_name, '') college
		from strike s join booking b on b.id = s.booking_id join slot sl on sl.id = b.slot_id
		join counsellor c on c.id = sl.counsellor_id join identity_address cp on cp.id = c.person_id
		join identity_person p on p.id = s.student_id left join identity_address d on d.id = s.decided_by `+where, args...); err != nil {
		return nil, err
	}
	list := make([]Strike, len(rows))
	for i, r := range rows {
		list[i] = Strike{
			PublicID: r.PublicID, Booking: r.Booking, Kind: r.Kind, StartsAt: r.StartsAt, Counsellor: r.Counsellor, At: r.At,
			LapsesAt: r.LapsesAt, State: r.State, AppealedAt: r.AppealedAt.Time, DecidedAt: r.DecidedAt.Time, DecidedBy: r.DecidedBy.String,
			Reason: r.Reason, Student: Student{ID: r.Student, Name: r.StudentName, Number: r.StudentNumber, College: r.College},
			id: r.ID, centre: r.Centre, slot: r.Slot,
		}
		if r.Appeal != nil {
			text, err := tx.Keys().Unseal(appealPlace(r.PublicID), r.Appeal)
			if err != nil {
				return nil, err
			}
			list[i].Appeal = string(text)
		}
	}
	return list, nil
}

// strikesAfter returns the student's, newest first, that are older than the one with the
// public id after.
func strikesAfter(ctx context.Context, tx *store.Tx, student identity.ID, after string, limit int) ([]Strike, error) {
	return selectStrikes(ctx, tx, `
		where s.student_id = $1 and ($2 = '' or (s.at, s.id) < (select at, id from strike where public_id = $2 and student_id = $1))
		order by s.at desc, s.id desc limit $3`, student, after, limit)
}

func isStrike(ctx context.Context, tx *store.Tx, student identity.ID, publicID string) (ok bool, err error) {
	err = tx.GetContext(ctx, &ok, `select exists (select 1 from strike where public_id = $2 and student_id = $1)`, student, publicID)
	return ok, err
}

// lockStrike locks the strike, so that two decisions queue, and returns it.
func lockStrike(ctx context.Context, tx *store.Tx, publicID string) (Strike, error) {
	return lockOne(ctx, tx, `select id from strike where public_id = $1 for no key update`, publicID, selectStrikes, `where s.id = $1`)
}

// insertStrike marks a booking and returns the strike's public id, "" if it has one
// already.
func insertStrike(ctx context.Context, tx *store.Tx, b Booking, kind StrikeKind, term Term) (string, error) {
	var id string
	err := tx.GetContext(ctx, &id, `
		insert into strike (public_id, booking_id, student_id, kind, term, at, lapses_at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (booking_id) do nothing returning public_id`, store.NewPublicID(), b.id, b.Student.ID, kind, term.Name, tx.Now(), term.To)
	if store.Missing(err) {
		return "", nil
	}
	return id, err
}

func appealStrike(ctx context.Context, tx *store.Tx, s Strike, text string) error {
	_, err := tx.ExecContext(ctx, `update strike set state = 'appealed', appeal = $2, appealed_at = $3 where id = $1`,
		s.id, tx.Keys().Seal(appealPlace(s.PublicID), []byte(text)), tx.Now())
	return err
}

func setStrike(ctx context.Context, tx *store.Tx, id int64, to StrikeState, by identity.ID, reason string) error {
	_, err := tx.ExecContext(ctx, `
		update strike set state = $2, decided_at = $3, decided_by = nullif($4::bigint, 0), reason = $5 where id = $1`, id, to, tx.Now(), by, reason)
	return err
}

// brokenStrikes is what the audit asks of strikes.
const brokenStrikes = `
		select 'counselling: strike ' || s.public_id || ' (' || s.kind || ') counts for a booking that is ' || b.state
			from strike s join booking b on b.id = s.booking_id
			where s.state <> 'lifted' and b.state <> case s.kind when 'missed' then 'missed' else 'cancelled' end
		union all
		select 'counselling: strike ' || s.public_id || ' is somebody else''s' from strike s join booking b on b.id = s.booking_id
			where s.student_id <> b.student_id
		union all
		select 'counselling: strike ' || public_id || ' was decided before it was appealed' from strike
			where decided_at < appealed_at or appealed_at < at`
