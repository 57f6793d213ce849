package counselling

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// undoableBy returns when the person recorded the arrival of confirmed bookings, if that
// was the last thing and after a time.
func undoableBy(ctx context.Context, tx *store.Tx, who identity.ID, ids []int64, since time.Time) (map[int64]time.Time, error) {
	var rows []struct {
		Booking int64     `db:"booking_id"`
		At      time.Time `db:"at"`
	}
	err := tx.SelectContext(ctx, &rows, `
		select booking_id, at from (
			select distinct on (booking_id) booking_id, state, at, person_id, was from (
				select *, lag(state) over (partition by booking_id order by id) was from booking_event where booking_id = any($1)) e
			order by booking_id, id desc) last
		where state = 'arrived' and was = 'confirmed' and person_id = $2 and at > $3`, pq.Array(ids), who, since)
	at := make(map[int64]time.Time, len(rows))
	for _, r := range rows {
		at[r.Booking] = r.At
	}
	return at, err
}

// unarrive keeps who decided about the booking and when. The unique index refuses it if
// the student has another open booking by now.
func unarrive(ctx context.Context, tx *store.Tx, id int64, by identity.ID) error {
	if _, err := tx.ExecContext(ctx, `update booking set state = 'confirmed', reason = '', ended_at = null where id = $1 and state = 'arrived'`, id); err != nil {
		return err
	}
	return insertEvent(ctx, tx, id, Confirmed, by, "撤回到访登记")
}
