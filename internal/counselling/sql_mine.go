package counselling

import (
	"context"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// ofCounsellor are the hours of the person $2 at the centre $1; person 0 is everybody there.
const ofCounsellor = `b.slot_id in (select s.id from slot s join counsellor c on c.id = s.counsellor_id
	where c.centre_id = $1 and ($2::bigint = 0 or c.person_id = $2)`

// byHour is the order of the hours.
const byHour = ` order by (select starts_at from slot where id = b.slot_id), b.id limit 100`

func bookingsToday(ctx context.Context, tx *store.Tx, centre int64, who identity.ID, from, to time.Time) ([]Booking, error) {
	return selectBookings(ctx, tx, `where `+ofCounsellor+` and s.starts_at >= $3 and s.starts_at < $4 and not s.void)
		and b.state in ('pending', 'confirmed', 'arrived', 'missed')`+byHour, centre, who, from, to)
}

func pendingOf(ctx context.Context, tx *store.Tx, centre int64, who identity.ID) ([]Booking, error) {
	return selectBookings(ctx, tx, `where b.state = 'pending' and `+ofCounsellor+`) order by b.held_until, b.id limit 100`, centre, who)
}

func unsettledOf(ctx context.Context, tx *store.Tx, centre int64, who identity.ID) ([]Booking, error) {
	return selectBookings(ctx, tx, `where b.state in ('pending', 'confirmed') and `+ofCounsellor+` and not s.open and not s.void and s.starts_at > $3)`+byHour,
		centre, who, tx.Now())
}

// appealsOf counts what students said about strikes for hours of the person, and nobody
// answered yet.
func appealsOf(ctx context.Context, tx *store.Tx, centre int64, who identity.ID) (n int, err error) {
	err = tx.GetContext(ctx, &n, `select count(*) from strike k join booking b on b.id = k.booking_id where k.state = 'appealed' and `+ofCounsellor+`)`, centre, who)
	return n, err
}

// unwrittenOf returns who came since a time and has no note.
func unwrittenOf(ctx context.Context, tx *store.Tx, centre int64, who identity.ID, since time.Time) ([]Booking, error) {
	return selectBookings(ctx, tx, `where b.state = 'arrived' and `+ofCounsellor+` and s.starts_at >= $3 and s.starts_at < $4 and not s.void)
		and not exists (select 1 from note_version n where n.booking_id = b.id)`+byHour, centre, who, since, tx.Now())
}

func offersOf(ctx context.Context, tx *store.Tx, centre int64, who identity.ID) ([]Offer, error) {
	return selectOffers(ctx, tx, `
		where o.state = 'open' and o.slot_id in (
			select s.id from slot s join counsellor c on c.id = s.counsellor_id where c.centre_id = $1 and c.person_id = $2)
		order by o.until, o.id limit 100`, centre, who)
}
