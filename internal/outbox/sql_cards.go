package outbox

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// oldCard is an undecided card with what its successor is made of.
type oldCard struct {
	openCard

	PublicID string       `db:"public_id"`
	Class    Class        `db:"class"`
	Args     []byte       `db:"args"`
	NotAfter sql.NullTime `db:"not_after"`
	DoneAt   time.Time    `db:"done_at"`
}

// lockOldCards takes up to n undecided cards whose time to be renewed has come. A card
// somebody is deciding at this moment is left alone.
func lockOldCards(ctx context.Context, tx *store.Tx, n int) ([]oldCard, error) {
	var cards []oldCard
	if err := tx.SelectContext(ctx, &cards, `
		select id, kind, scope, subject, false as unsent, public_id, class, args, not_after, done_at
		from send where open and decision and state in ('sent', 'joined') and done_at <= $1
		order by done_at, id limit $2 for no key update skip locked`, tx.Now().Add(nightLong-renewAfter), n); err != nil {
		return nil, err
	}
	for i, c := range cards { // in the order of their age, so the first young one ends the list
		if tx.Now().Before(renewAt(c.DoneAt, tx.Now(), tx.Zone())) {
			return cards[:i], nil
		}
	}
	return cards, nil
}

// oldestCard returns when the oldest undecided card was sent, zero if there is none.
func oldestCard(ctx context.Context, tx *store.Tx) (time.Time, error) {
	var at *time.Time
	err := tx.GetContext(ctx, &at, `select min(done_at) from send where open and decision and state in ('sent', 'joined')`)
	if err != nil || at == nil {
		return time.Time{}, err
	}
	return *at, nil
}

func cardPersons(ctx context.Context, tx *store.Tx, card int64) ([]identity.ID, error) {
	var ids []identity.ID
	err := tx.SelectContext(ctx, &ids, `
		select person_id from outbox where send_id = $1 and person_id is not null and state in ('sent', 'joined') order by id`, card)
	return ids, err
}

// crowded returns the waiting recipients of a card on whose phones enough open cards of
// the kind lie already.
func crowded(ctx context.Context, tx *store.Tx, card int64, kind string) (map[identity.ID]bool, error) {
	var ids []identity.ID
	err := tx.SelectContext(ctx, &ids, `
		select o.person_id from outbox o where o.send_id = $1 and o.state = 'waiting' and o.person_id is not null and (
			select count(*) from send s join outbox h on h.send_id = s.id
			where s.kind = $2 and s.open and s.decision and h.person_id = o.person_id and h.state = 'sent') >= $3`, card, kind, maxOpenCards)
	full := make(map[identity.ID]bool, len(ids))
	for _, id := range ids {
		full[id] = true
	}
	return full, err
}

func join(ctx context.Context, tx *store.Tx, card int64, persons map[identity.ID]bool) error {
	ids := make([]int64, 0, len(persons))
	for id := range persons {
		ids = append(ids, int64(id))
	}
	_, err := tx.ExecContext(ctx, `
		update outbox set state = 'joined', done_at = $2 where send_id = $1 and state = 'waiting' and person_id = any($3)`,
		card, tx.Now(), pq.Array(ids))
	return err
}

func joinWhole(ctx context.Context, tx *store.Tx, card int64) error {
	_, err := tx.ExecContext(ctx, `
		update send set state = 'joined', done_at = $2, claimed_until = null where id = $1 and state = 'waiting'`, card, tx.Now())
	return err
}

// lastSummary tells whether a summary is on its way to the person, and when the last
// one since a time arrived; zero if none did.
func lastSummary(ctx context.Context, tx *store.Tx, person identity.ID, subject string, since time.Time) (waiting bool, last time.Time, err error) {
	var r struct {
		Waiting bool       `db:"waiting"`
		Last    *time.Time `db:"last"`
	}
	err = tx.GetContext(ctx, &r, `
		select exists (select 1 from outbox o join send s on s.id = o.send_id
				where o.person_id = $1 and o.state = 'waiting' and s.kind = $2 and s.subject = $3) as waiting,
			(select max(o.done_at) from outbox o join send s on s.id = o.send_id
				where o.person_id = $1 and o.state = 'sent' and o.done_at > $4 and s.kind = $2 and s.subject = $3) as last`,
		person, KindSummary, subject, since)
	if r.Last != nil {
		last = *r.Last
	}
	return r.Waiting, last, err
}

func countUndecided(ctx context.Context, tx *store.Tx, person identity.ID, kind string) (cards, joined int, err error) {
	err = tx.QueryRowContext(ctx, `
		select count(*) filter (where o.state = 'sent'), count(*) filter (where o.state = 'joined')
		from send s join outbox o on o.send_id = s.id
		where s.kind = $2 and s.open and s.decision and o.person_id = $1`, person, kind).Scan(&cards, &joined)
	return cards, joined, err
}
