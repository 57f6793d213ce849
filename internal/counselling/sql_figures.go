package counselling

import (
	"context"
	"database/sql"
	"time"

	"github.com/xuegong/xuegong/internal/store"
)

// grouped is one line of a grouping: a week or month, a counsellor, a campus, or all.
type grouped struct {
	Bucket     sql.NullTime   `db:"bucket"`
	Counsellor sql.NullInt64  `db:"counsellor_id"`
	Campus     sql.NullInt64  `db:"campus_id"`
	Name       sql.NullString `db:"name"` // of the counsellor or campus
}

// named joins the names to the lines g, which are grouped by id: two may share a name.
const named = `
	left join counsellor c on c.id = g.counsellor_id left join identity_address p on p.id = c.person_id
	left join campus cam on cam.id = g.campus_id
	order by g.bucket, c.position, c.id, cam.name`

type countRow struct {
	grouped
	Requested int             `db:"requested"`
	Arrived   int             `db:"arrived"`
	Missed    int             `db:"missed"`
	Cancelled int             `db:"cancelled"`
	Declined  int             `db:"declined"`
	Waited    int             `db:"waited"`
	WaitDays  sql.NullFloat64 `db:"wait_days"`
}

// countBookings counts the bookings of hours that begin in [from, to) four ways at once.
func countBookings(ctx context.Context, tx *store.Tx, centre int64, from, to time.Time, by Bucket) ([]countRow, error) {
	var rows []countRow
	err := tx.SelectContext(ctx, &rows, `
		with g as (
			select bucket, counsellor_id, campus_id, count(*) requested,
				count(*) filter (where state = 'arrived') arrived, count(*) filter (where state = 'missed') missed,
				count(*) filter (where state = 'cancelled') cancelled,
				count(*) filter (where state in ('rejected', 'expired')) declined,
				count(*) filter (where state in ('confirmed', 'arrived', 'missed')) waited,
				percentile_cont(0.5) within group (order by wait_days) filter (where state in ('confirmed', 'arrived', 'missed')) wait_days
			from (
				select date_trunc($4, s.starts_at at time zone $5) at time zone $5 bucket, s.counsellor_id, s.campus_id, b.state,
					(extract(epoch from s.starts_at - b.created_at) / 86400)::float8 wait_days
				from slot s join booking b on b.slot_id = s.id and b.state <> 'offered'
				where s.counsellor_id in (select id from counsellor where centre_id = $1) and s.starts_at >= $2 and s.starts_at < $3) counted
			group by grouping sets ((bucket), (counsellor_id), (campus_id), ()))
		select g.*, coalesce(p.name, cam.name) as name from g`+named, centre, from, to, string(by), tx.Zone().String())
	return rows, err
}

type seatsRow struct {
	grouped
	Seats int `db:"seats"`
	Taken int `db:"taken"`
}

// countSeats counts the places of open hours that begin in [from, to), and how many of
// them are or were used.
func countSeats(ctx context.Context, tx *store.Tx, centre int64, from, to time.Time) ([]seatsRow, error) {
	var rows []seatsRow
	err := tx.SelectContext(ctx, &rows, `
		with g as (
			select null::timestamptz bucket, s.counsellor_id, s.campus_id, count(*) seats, count(b.id) taken
			from slot s join seat on seat.slot_id = s.id
			left join booking b on b.slot_id = seat.slot_id and b.seat = seat.number and b.state in ('pending', 'confirmed', 'arrived', 'missed')
			where s.counsellor_id in (select id from counsellor where centre_id = $1) and s.open and s.starts_at >= $2 and s.starts_at < $3
			group by grouping sets ((s.counsellor_id), (s.campus_id), ()))
		select g.*, coalesce(p.name, cam.name) as name from g`+named, centre, from, to)
	return rows, err
}
