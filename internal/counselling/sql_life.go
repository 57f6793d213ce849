package counselling

import (
	"context"
	"database/sql"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// standing is where a student stands before one more hour is taken.
type standing struct {
	Open       bool         `db:"open"`    // a booking waits or is confirmed
	Used       int          `db:"used"`    // hours of the term that were not given back
	Strikes    int          `db:"strikes"` // that count now
	LastStrike sql.NullTime `db:"last_strike"`
	Lapses     sql.NullTime `db:"lapses"`
	Noticed    bool         `db:"noticed"` // a notice is in force
	Agreed     bool         `db:"agreed"`  // to the notice in force, and did not take it back
	Queue      int64        `db:"queue"`   // the centre in whose queue the student waits, 0 for none
}

func standingOf(ctx context.Context, tx *store.Tx, student identity.ID, term string) (standing, error) {
	var st standing
	err := tx.GetContext(ctx, &st, `
		select b.open, b.used, s.strikes, s.last_strike, s.lapses, n.version is not null noticed,
			exists (select 1 from counselling_consent c where c.person_id = $1 and c.version = n.version and c.withdrawn_at is null) agreed,
			coalesce((select centre_id from wait where student_id = $1 and ended_at is null), 0) queue from (
			select coalesce(bool_or(state in ('pending', 'confirmed')), false) open, count(*) filter (where term = $2) used
			from booking where student_id = $1 and state in ('pending', 'confirmed', 'arrived', 'missed')) b, (
			select count(*) strikes, max(at) last_strike, max(lapses_at) lapses
			from strike where student_id = $1 and state <> 'lifted' and lapses_at > $3) s, (
			select max(version) version from counselling_notice) n`, student, term, tx.Now())
	return st, err
}

// brokenLife is what the audit asks of a booking's history and of the hours of a term;
// $2 are the steps a booking may take.
const brokenLife = `
		select 'counselling: booking ' || b.public_id || ' went from ' || coalesce(e.was, 'nothing') || ' to ' || e.state from (
			select booking_id, state, from_slot, lag(state) over (partition by booking_id order by id) was from booking_event) e
			join booking b on b.id = e.booking_id
			where case
				when e.was is null then e.state not in ('pending', 'confirmed')
				when e.from_slot is not null then e.was not in ('pending', 'confirmed') or e.state not in ('pending', 'confirmed')
				else e.was || '>' || e.state <> all($2) end
		union all
		select 'counselling: booking ' || b.public_id || ' is not where its history says' from booking b
			where b.moves <> (select count(*) from booking_event e where e.booking_id = b.id and e.from_slot is not null)
				or b.slot_id <> (select e.to_slot from booking_event e where e.booking_id = b.id and e.to_slot is not null order by e.id desc limit 1)
		union all
		select 'counselling: booking ' || public_id || ' has no number in its term' from booking
			where state in ('pending', 'confirmed', 'arrived', 'missed') and (ordinal is null or term = '')`

// moveTo is where and how a booking goes on.
type moveTo struct {
	Slot      int64
	State     State
	HeldUntil time.Time
	Term      string
	Limit     int // of the term's hours
	By        identity.ID
	Decided   bool // by who moves it: the centre
	Reason    string
}

// moveBooking puts the booking into the first free seat of the slot, which frees its
// old one, and writes both hours into its history. It returns false if no seat, or no
// hour of the term, is left; somebody taking the same seat is waited for, and if they
// keep it the unique index refuses the statement.
func moveBooking(ctx context.Context, tx *store.Tx, id int64, m moveTo) (bool, error) {
	var n int64
	err := tx.GetContext(ctx, &n, `
		with old as (
			select id, slot_id, student_id from booking where id = $1
		), seat as (
			select s.number from seat s join slot h on h.id = s.slot_id and h.open where s.slot_id = $2 and not exists (
				select 1 from booking b where b.slot_id = s.slot_id and b.seat = s.number
					and b.state in ('offered', 'pending', 'confirmed', 'arrived', 'missed'))
			order by s.number limit 1 for key share of s for share of h
		), number as (
			select min(n) ordinal from old, generate_series(1, $6::int) n where not exists (
				select 1 from booking b where b.student_id = old.student_id and b.term = $5 and b.ordinal = n and b.id <> old.id
					and b.state in ('pending', 'confirmed', 'arrived', 'missed'))
		), moved as (
			update booking b set slot_id = $2, seat = seat.number, state = $3, held_until = $4, moves = b.moves + 1,
				ordinal = case when b.term = $5 then b.ordinal else number.ordinal end, term = $5,
				decided_at = case when $8 then $10 when $3 = 'pending' then null else b.decided_at end,
				decided_by = case when $8 then $7::bigint when $3 = 'pending' then null else b.decided_by end,
				reason = ''
			from seat, number
			where b.id = $1 and (b.term = $5 or number.ordinal is not null)
			returning b.id
		)
		insert into booking_event (booking_id, at, state, person_id, reason, from_slot, to_slot)
		select moved.id, $10, $3, $7, $9, old.slot_id, $2 from moved, old returning booking_id`,
		id, m.Slot, m.State, m.HeldUntil, m.Term, m.Limit, m.By, m.Decided, m.Reason, tx.Now())
	if store.Missing(err) {
		return false, nil
	}
	return err == nil, err
}
