package counselling

import (
	"context"
	"database/sql"
	"time"

	"github.com/xuegong/xuegong/internal/store"
)

// countRow is one line of a grouping: of a week or month, a counsellor, a campus, or all.
type countRow struct {
	Bucket     sql.NullTime    `db:"bucket"`
	Counsellor sql.NullString  `db:"counsellor"`
	Campus     sql.NullString  `db:"campus"`
	Requested  int             `db:"requested"`
	Arrived    int             `db:"arrived"`
	Missed     int             `db:"missed"`
	Cancelled  int             `db:"cancelled"`
	Declined   int             `db:"declined"`
	Waited     int             `db:"waited"`
	WaitDays   sql.NullFloat64 `db:"wait_days"`
}

// countBookings counts the bookings of hours that begin in [from, to) four ways at once.
func countBookings(ctx context.Context, tx *store.Tx, centre int64, from, to time.Time, by Bucket) ([]countRow, error) {
	var rows []countRow
	err := tx.SelectContext(ctx, &rows, `
		with counted as (
			select date_trunc($4, s.starts_at at time zone $5) at time zone $5 bucket, p.name counsellor, cam.name campus, b.state,
				extract(epoch from s.starts_at - b.created_at) / 86400 wait_days
			from slot s join counsellor c on c.id = s.counsellor_id join identity_person p on p.id = c.person_id
			join campus cam on cam.id = s.campus_id join booking b on b.slot_id = s.id
			where c.centre_id = $1 and s.starts_at >= $2 and s.starts_at < $3
		)
		select bucket, counsellor, campus, count(*) requested,
			count(*) filter (where state = 'arrived') arrived, count(*) filter (where state = 'missed') missed,
			count(*) filter (where state = 'cancelled') cancelled,
			count(*) filter (where state in ('rejected', 'expired')) declined,
			count(*) filter (where state in ('confirmed', 'arrived', 'missed')) waited,
			percentile_cont(0.5) within group (order by wait_days) filter (where state in ('confirmed', 'arrived', 'missed')) wait_days
		from counted group by grouping sets ((bucket), (counsellor), (campus), ())
		order by bucket, counsellor, campus`, centre, from, to, string(by), tx.Zone().String())
	return rows, err
}

type seatsRow struct {
	Counsellor sql.NullString `db:"counsellor"`
	Campus     sql.NullString `db:"campus"`
	Seats      int            `db:"seats"`
	Taken      int            `db:"taken"`
}

// countSeats counts the places of open hours that begin in [from, to), and how many of
// them are or were used.
func countSeats(ctx context.Context, tx *store.Tx, centre int64, from, to time.Time) ([]seatsRow, error) {
	var rows []seatsRow
	err := tx.SelectContext(ctx, &rows, `
		select p.name counsellor, cam.name campus, count(*) seats,
			count(*) filter (where exists (
				select 1 from booking b where b.slot_id = seat.slot_id and b.seat = seat.number
					and b.state in ('pending', 'confirmed', 'arrived', 'missed'))) taken
		from slot s join seat on seat.slot_id = s.id join counsellor c on c.id = s.counsellor_id
		join identity_person p on p.id = c.person_id join campus cam on cam.id = s.campus_id
		where c.centre_id = $1 and s.open and s.starts_at >= $2 and s.starts_at < $3
		group by grouping sets ((p.name), (cam.name), ())`, centre, from, to)
	return rows, err
}
