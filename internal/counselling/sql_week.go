package counselling

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/store"
)

// weekSlots returns the first n hours of a centre that begin in [from, to), of one
// counsellor or, for "", of all. It is read by a_counsellor_begins_one_hour_at_a_time.
func weekSlots(ctx context.Context, tx *store.Tx, centre int64, counsellor string, from, to time.Time, n int) ([]Slot, error) {
	return selectSlots(ctx, tx, tx.Now(), `
		where s.counsellor_id in (select id from counsellor where centre_id = $1 and ($2 = '' or public_id = $2))
			and s.starts_at >= $3 and s.starts_at < $4 and not s.void
		order by s.starts_at, c.position, c.id limit $5`, centre, counsellor, from, to, n)
}

// comingTo returns the bookings of the hours that take a place, in the order they were made.
func comingTo(ctx context.Context, tx *store.Tx, slots []Slot) ([]Booking, error) {
	ids := make([]int64, len(slots))
	for i, s := range slots {
		ids[i] = s.id
	}
	return selectBookings(ctx, tx, `
		where b.slot_id = any($1) and b.state in ('pending', 'confirmed', 'arrived', 'missed') order by b.id`, pq.Array(ids))
}

// bookingsBetween returns the first n bookings of a centre's hours that begin in
// [from, to), in the order of the hours.
func bookingsBetween(ctx context.Context, tx *store.Tx, centre int64, from, to time.Time, n int) ([]Booking, error) {
	return selectBookings(ctx, tx, `
		where b.slot_id in (select s.id from slot s join counsellor c on c.id = s.counsellor_id
			where c.centre_id = $1 and s.starts_at >= $2 and s.starts_at < $3)
		order by (select starts_at from slot where id = b.slot_id), b.id limit $4`, centre, from, to, n)
}

// pendingAt returns the centre's bookings that nobody decided yet, the earliest deadline
// first.
func pendingAt(ctx context.Context, tx *store.Tx, centre int64) ([]Booking, error) {
	return selectBookings(ctx, tx, `
		where b.state = 'pending' and b.slot_id in (select s.id from slot s join counsellor c on c.id = s.counsellor_id where c.centre_id = $1)
		order by b.held_until, b.id limit 200`, centre)
}

// unrecordedAt returns the centre's confirmed bookings whose hour is over, the oldest
// first. It asks for the hour of each open booking: there are few of these, and past hours
// grow with the years.
func unrecordedAt(ctx context.Context, tx *store.Tx, centre int64) ([]Booking, error) {
	return selectBookings(ctx, tx, `
		where b.state = 'confirmed' and (
			select c.centre_id = $1 and s.ends_at <= $2 from slot s join counsellor c on c.id = s.counsellor_id where s.id = b.slot_id)`+byHour, centre, tx.Now())
}
