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
	Taken     int             `db:"taken"` // places of hours that are open
	Waited    int             `db:"waited"`
	WaitDays  sql.NullFloat64 `db:"wait_days"`
}

// countBookings counts the bookings of hours that begin in [from, to) four ways at once.
// They are read once and hashed into cells, one for each tenth of a day from the request to
// the hour; the median is found among the cells, so that two years of bookings are not
// sorted for it four times.
func countBookings(ctx context.Context, tx *store.Tx, centre int64, from, to time.Time, by Bucket) ([]countRow, error) {
	var rows []countRow
	err := tx.SelectContext(ctx, &rows, `
		with counted as materialized (
			select date_trunc($4, s.starts_at at time zone $5) bucket, s.counsellor_id, s.campus_id, s.open, b.state,
				case when b.state in ('confirmed', 'arrived', 'missed') then (date_part('epoch', s.starts_at - b.created_at) / 8640)::int end tenths
			from slot s join booking b on b.slot_id = s.id and b.state <> 'offered'
			where s.counsellor_id in (select id from counsellor where centre_id = $1) and s.starts_at >= $2 and s.starts_at < $3
		), cell as ( -- not by grouping sets, for which PostgreSQL sorts
			select bucket, null::bigint counsellor_id, null::bigint campus_id, state, open, tenths, count(*) n from counted group by bucket, state, open, tenths
			union all select null, counsellor_id, null, state, open, tenths, count(*) from counted group by counsellor_id, state, open, tenths
			union all select null, null, campus_id, state, open, tenths, count(*) from counted group by campus_id, state, open, tenths
			union all select null, null, null, state, open, tenths, count(*) from counted group by state, open, tenths
		), ranked as (
			select *, sum(n) over (alike order by tenths) upto, sum(n) over (alike) waited from cell
			window alike as (partition by bucket, counsellor_id, campus_id, tenths is null)
		), g as (
			select bucket at time zone $5 bucket, counsellor_id, campus_id, sum(n) requested,
				coalesce(sum(n) filter (where state = 'arrived'), 0) arrived, coalesce(sum(n) filter (where state = 'missed'), 0) missed,
				coalesce(sum(n) filter (where state = 'cancelled'), 0) cancelled,
				coalesce(sum(n) filter (where state in ('rejected', 'expired')), 0) declined,
				coalesce(sum(n) filter (where open and state in ('pending', 'confirmed', 'arrived', 'missed')), 0) taken,
				coalesce(sum(n) filter (where tenths is not null), 0) waited,
				(min(tenths) filter (where 2 * upto >= waited) + min(tenths) filter (where 2 * upto > waited)) / 20.0 wait_days
			from ranked group by bucket, counsellor_id, campus_id)
		select g.*, coalesce(p.name, cam.name) as name from g`+named, centre, from, to, string(by), tx.Zone().String())
	return rows, err
}

type seatsRow struct {
	grouped
	Seats int `db:"seats"`
}

// countSeats counts the places of open hours that begin in [from, to).
func countSeats(ctx context.Context, tx *store.Tx, centre int64, from, to time.Time) ([]seatsRow, error) {
	var rows []seatsRow
	err := tx.SelectContext(ctx, &rows, `
		with g as (
			select null::timestamptz bucket, s.counsellor_id, s.campus_id, count(*) seats
			from slot s join seat on seat.slot_id = s.id
			where s.counsellor_id in (select id from counsellor where centre_id = $1) and s.open and s.starts_at >= $2 and s.starts_at < $3
			group by grouping sets ((s.counsellor_id), (s.campus_id), ()))
		select g.*, coalesce(p.name, cam.name) as name from g`+named, centre, from, to)
	return rows, err
}
