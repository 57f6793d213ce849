package counselling

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// lockQueue lets everybody who changes the queue of a centre, or the places it is
// served from, line up until the end of the transaction.
func lockQueue(ctx context.Context, tx *store.Tx, centre int64) error {
	_, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(7265020, $1::bigint::int)`, centre)
	return err
}

// queueOf returns the centre the student waits at; sql.ErrNoRows if at none. Every
// booking asks, and few who book wait, so it reads nothing else.
func queueOf(ctx context.Context, tx *store.Tx, student identity.ID) (int64, error) {
	var centre int64
	err := tx.GetContext(ctx, &centre, `select centre_id from wait where student_id = $1 and ended_at is null`, student)
	return centre, err
}

type newWait struct {
	PublicID   string
	Centre     int64
	Student    identity.ID
	Counsellor int64 // 0: whoever
	Except     []int64
	Campus     int64 // 0: wherever
	Want       Want
	Via        Via
	AskAt      time.Time
}

// insertWait returns false if the student waits already.
func insertWait(ctx context.Context, tx *store.Tx, n newWait) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		insert into wait (public_id, centre_id, student_id, counsellor_id, campus_id, first_day, last_day, part, earlier, via, created_at, ask_at, except_ids)
		values ($1, $2, $3, nullif($4::bigint, 0), nullif($5::bigint, 0), $6, $7, $8, $9, $10, $11, $12, coalesce($13::bigint[], '{}'))
		on conflict (student_id) where ended_at is null do nothing`,
		n.PublicID, n.Centre, n.Student, n.Counsellor, n.Campus, date(n.Want.From, tx.Zone()), date(n.Want.To, tx.Zone()),
		n.Want.Part, n.Want.Earlier, n.Via, tx.Now(), n.AskAt, pq.Array(n.Except))
	if err != nil {
		return false, err
	}
	rows, err := res.RowsAffected()
	return rows == 1, err
}

// date is a day of the zone as SQL wants it, null for the zero time.
func date(t time.Time, zone *time.Location) any {
	if t.IsZero() {
		return nil
	}
	return t.In(zone).Format(time.DateOnly)
}

func campusByCode(ctx context.Context, tx *store.Tx, code string) (int64, error) {
	var id int64
	err := tx.GetContext(ctx, &id, `select id from campus where code = $1`, code)
	return id, err
}

type waitRow struct {
	ID         int64          `db:"id"`
	PublicID   string         `db:"public_id"`
	State      WaitState      `db:"state"`
	Centre     int64          `db:"centre_id"`
	Student    identity.ID    `db:"student_id"`
	Counsellor sql.NullString `db:"counsellor"`
	Teacher    sql.NullString `db:"teacher"`
	Except     pq.StringArray `db:"except"`
	Others     pq.StringArray `db:"others"`
	Code       sql.NullString `db:"code"`
	Campus     sql.NullString `db:"campus"`
	First      sql.NullString `db:"first_day"`
	Last       sql.NullString `db:"last_day"`
	Part       Part           `db:"part"`
	Earlier    bool           `db:"earlier"`
	CreatedAt  time.Time      `db:"created_at"`
	AskAt      time.Time      `db:"ask_at"`
	AskedAt    sql.NullTime   `db:"asked_at"`
	Place      int            `db:"place"`
	Name       string         `db:"name"`
	Number     string         `db:"number"`
	College    string         `db:"college"`
}

// selectWaits returns waits with their place and open offer.
func selectWaits(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Wait, error) {
	var rows []waitRow
	if err := tx.SelectContext(ctx, &rows, `
		select w.id, w.public_id, w.state, w.centre_id, w.student_id, c.public_id counsellor, t.name teacher, cam.code, cam.name campus, x."except", x.others,
			w.first_day::text first_day, w.last_day::text last_day, w.part, w.earlier, w.created_at, w.ask_at, w.asked_at,
			(select count(*) from wait e where e.centre_id = w.centre_id and e.ended_at is null and e.id <= w.id) place,
			p.name, coalesce(p.number, '') number, coalesce(p.college_name, '') college
		from wait w join identity_person p on p.id = w.student_id left join campus cam on cam.id = w.campus_id
		left join counsellor c on c.id = w.counsellor_id left join identity_address t on t.id = c.person_id
		left join lateral (
			select array_agg(o.public_id order by o.position, o.id) "except", array_agg(q.name order by o.position, o.id) others
			from counsellor o join identity_address q on q.id = o.person_id where o.id = any(w.except_ids)) x on true `+where, args...); err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	offers, err := selectOffers(ctx, tx, `where o.state = 'open' and o.wait_id = any($1)`, pq.Array(ids))
	if err != nil {
		return nil, err
	}
	open := make(map[int64]*Offer, len(offers))
	for i := range offers {
		open[offers[i].wait] = &offers[i]
	}
	list := make([]Wait, len(rows))
	for i, r := range rows {
		list[i] = Wait{
			PublicID: r.PublicID, State: r.State, Name: r.Teacher.String, Except: r.Others, Campus: r.Campus.String, Since: r.CreatedAt, Place: r.Place,
			AskedAt: r.AskedAt.Time, Offer: open[r.ID], Student: Student{ID: r.Student, Name: r.Name, Number: r.Number, College: r.College},
			Want: Want{
				Counsellor: r.Counsellor.String, Except: r.Except, Campus: r.Code.String, From: day(r.First, tx.Zone()), To: day(r.Last, tx.Zone()),
				Part: r.Part, Earlier: r.Earlier,
			},
			id: r.ID, centre: r.Centre, askAt: r.AskAt,
		}
	}
	return list, nil
}

// queueAfter returns who waits at the centre, in the order of the queue, behind the wait
// with the public id after.
func queueAfter(ctx context.Context, tx *store.Tx, centre int64, after string, limit int) ([]Wait, error) {
	return selectWaits(ctx, tx, `
		where w.centre_id = $1 and w.ended_at is null and ($2 = '' or w.id > (select id from wait where public_id = $2 and centre_id = $1))
		order by w.id limit $3`, centre, after, limit)
}

// widenWaits has those who wait for the counsellor wait for anybody, and returns them.
func widenWaits(ctx context.Context, tx *store.Tx, counsellor int64) (ids []int64, err error) {
	err = tx.SelectContext(ctx, &ids, `
		update wait set counsellor_id = null where counsellor_id = $1 and ended_at is null returning id`, counsellor)
	return ids, err
}

func waitsByID(ctx context.Context, tx *store.Tx, ids []int64) ([]Wait, error) {
	return selectWaits(ctx, tx, `where w.id = any($1) order by w.id`, pq.Array(ids))
}

func isWait(ctx context.Context, tx *store.Tx, centre int64, publicID string) (ok bool, err error) {
	err = tx.GetContext(ctx, &ok, `select exists (select 1 from wait where public_id = $2 and centre_id = $1)`, centre, publicID)
	return ok, err
}

// day reads what date wrote.
func day(s sql.NullString, zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s.String, zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

func countWaits(ctx context.Context, tx *store.Tx, centres []int64) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `select count(*) from wait where centre_id = any($1) and ended_at is null`, pq.Array(centres))
	return n, err
}

func setWaitState(ctx context.Context, tx *store.Tx, id int64, state WaitState) (bool, error) {
	res, err := tx.ExecContext(ctx, `update wait set state = $2, ended_at = $3 where id = $1 and ended_at is null`, id, state, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func setAsked(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `update wait set asked_at = $2 where id = $1`, id, tx.Now())
	return err
}

func askAgain(ctx context.Context, tx *store.Tx, id int64, at time.Time) error {
	_, err := tx.ExecContext(ctx, `update wait set asked_at = null, ask_at = $2 where id = $1`, id, at)
	return err
}

// overWaits returns the waits that nothing can answer any more.
func overWaits(ctx context.Context, tx *store.Tx, centre int64) ([]Wait, error) {
	return selectWaits(ctx, tx, `
		where w.centre_id = $1 and w.ended_at is null and (
			w.last_day < $2::date
			or w.earlier and not exists (select 1 from booking b where b.student_id = w.student_id and b.state in ('pending', 'confirmed')))
		order by w.id`, centre, date(tx.Now(), tx.Zone()))
}

// wishFits compares the wish of wait w with hour s of counsellor c; $1 is the zone.
const wishFits = `
	c.centre_id = w.centre_id
	and (w.counsellor_id is null or w.counsellor_id = s.counsellor_id) and s.counsellor_id <> all(w.except_ids)
	and (w.campus_id is null or w.campus_id = s.campus_id)
	and (w.first_day is null or w.first_day <= (s.starts_at at time zone $1)::date)
	and (w.last_day is null or w.last_day >= (s.starts_at at time zone $1)::date)
	and (w.part = 'any' or w.part = case
		when extract(hour from s.starts_at at time zone $1) < 12 then 'morning'
		when extract(hour from s.starts_at at time zone $1) < 18 then 'afternoon'
		else 'evening' end)`

// wantsFrom leaves out the hour the student has, and for who wants an earlier one
// whatever is not earlier.
const wantsFrom = `
	not exists (
		select 1 from booking b join slot h on h.id = b.slot_id
		where b.student_id = w.student_id and b.state in ('pending', 'confirmed')
			and (h.id = s.id or w.earlier and h.starts_at <= s.starts_at))`

// seatFree tells whether nobody has the seat, booked or offered.
const seatFree = `
	not exists (
		select 1 from booking b where b.slot_id = seat.slot_id and b.seat = seat.number
			and b.state in ('offered', 'pending', 'confirmed', 'arrived', 'missed'))`

// canBeAsked leaves out who has an offer to answer, and who was asked about this hour before.
const canBeAsked = `
	not exists (select 1 from offer o where o.wait_id = w.id and (o.state = 'open' or o.slot_id = s.id))`

// fits tells whether the hour is what the wait is for, apart from the booking it moves.
func fits(ctx context.Context, tx *store.Tx, wait, slot int64) (bool, error) {
	var yes bool
	err := tx.GetContext(ctx, &yes, `
		select exists (select 1 from wait w, slot s join counsellor c on c.id = s.counsellor_id
			where w.id = $2 and s.id = $3 and `+wishFits+`)`, tx.Zone().String(), wait, slot)
	return yes, err
}

// match is a free seat for a wait.
type match struct {
	Wait int64 `db:"wait_id"`
	Slot int64 `db:"slot_id"`
	Seat int   `db:"seat"`
}

const selectMatch = `
	select w.id wait_id, s.id slot_id, seat.number seat
	from wait w, slot s join counsellor c on c.id = s.counsellor_id join seat on seat.slot_id = s.id
	where w.ended_at is null and s.open and c.active and ` + seatFree + ` and `

// nextMatch returns the first in the queue for whom a place in [from, to) is free, and
// the earliest such place.
func nextMatch(ctx context.Context, tx *store.Tx, centre int64, over skips, from, to time.Time) (match, error) {
	var m match
	passed, err := over.param()
	if err != nil {
		return m, err
	}
	err = tx.GetContext(ctx, &m, selectMatch+notSkipped(`$3`)+` and w.centre_id = $4 and s.starts_at >= $5 and s.starts_at <= $6
		and `+wishFits+` and `+wantsFrom+` and `+canBeAsked+`
		order by w.id, s.starts_at, s.id, seat.number limit 1`, tx.Zone().String(), passed, tx.Now(), centre, from, to)
	return m, err
}

// firstFor returns the first in the queue whom a free place of the hour fits.
func firstFor(ctx context.Context, tx *store.Tx, slot int64, over skips) (match, error) {
	var m match
	passed, err := over.param()
	if err != nil {
		return m, err
	}
	err = tx.GetContext(ctx, &m, selectMatch+notSkipped(`$3`)+` and s.id = $4 and `+wishFits+` and `+wantsFrom+` and `+canBeAsked+`
		order by w.id, seat.number limit 1`, tx.Zone().String(), passed, tx.Now(), slot)
	return m, err
}

// matchOf returns a free place of the hour for a wait of its centre, whatever it wishes.
func matchOf(ctx context.Context, tx *store.Tx, slot int64, waitID string, over skips) (match, error) {
	var m match
	passed, err := over.param()
	if err != nil {
		return m, err
	}
	err = tx.GetContext(ctx, &m, selectMatch+notSkipped(`$3`)+` and s.id = $1 and w.public_id = $4 and w.centre_id = c.centre_id
		and not exists (select 1 from offer o where o.wait_id = w.id and o.state = 'open')
		and not exists (select 1 from booking b where b.student_id = w.student_id and b.slot_id = s.id and b.state in ('pending', 'confirmed'))
		order by seat.number limit 1`, slot, passed, tx.Now(), waitID)
	return m, err
}

// offersInVain returns the open offers of a centre that nobody can accept any more: the
// hour is closed, or its student is passed over now.
func offersInVain(ctx context.Context, tx *store.Tx, centre int64, over skips) ([]Offer, error) {
	passed, err := over.param()
	if err != nil {
		return nil, err
	}
	return selectOffers(ctx, tx, `
		where o.state = 'open' and w.centre_id = $1 and exists (
			select 1 from slot s join counsellor c on c.id = s.counsellor_id
			where s.id = o.slot_id and not (s.open and c.active and `+notSkipped(`$3`)+`))`, centre, passed, tx.Now())
}

// firstOffer returns when the oldest open offer was made, now if there is none.
func firstOffer(ctx context.Context, tx *store.Tx) (time.Time, error) {
	var at time.Time
	err := tx.GetContext(ctx, &at, `select coalesce(min(offered_at), $1) from offer where state = 'open'`, tx.Now())
	return at, err
}

// firstHourFrom returns the start of the first open hour after t, zero if there is none.
func firstHourFrom(ctx context.Context, tx *store.Tx, centre int64, t time.Time) (time.Time, error) {
	var start sql.NullTime
	err := tx.GetContext(ctx, &start, `
		select min(s.starts_at) from slot s join counsellor c on c.id = s.counsellor_id
		where s.open and c.active and c.centre_id = $1 and s.starts_at > $2`, centre, t)
	return start.Time, err
}

type newOffer struct {
	match
	PublicID string
	Opens    time.Time
	Until    time.Time
	By       identity.ID
	Reason   string
}

// insertOffer takes the seat for the offer, in the index that keeps a seat from being
// booked twice. It returns false if a booking was quicker.
func insertOffer(ctx context.Context, tx *store.Tx, n newOffer) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		with hold as (
			insert into booking (public_id, slot_id, seat, student_id, state, via, held_until, created_at)
			select $1, $3, $4, w.student_id, 'offered', w.via, $6, $7 from wait w where w.id = $2
			on conflict do nothing returning id)
		insert into offer (public_id, wait_id, slot_id, seat, offered_at, opens_at, until, offered_by, reason)
		select $1, $2, $3, $4, $7, $5, $6, nullif($8::bigint, 0), $9 from hold`,
		n.PublicID, n.Wait, n.Slot, n.Seat, n.Opens, n.Until, tx.Now(), n.By, n.Reason)
	if err != nil {
		return false, err
	}
	rows, err := res.RowsAffected()
	return rows == 1, err
}

// setOfferState ends an open offer and frees its seat; false means it had ended.
func setOfferState(ctx context.Context, tx *store.Tx, publicID string, state OfferState) (bool, error) {
	res, err := tx.ExecContext(ctx, `update offer set state = $2, ended_at = $3 where public_id = $1 and state = 'open'`, publicID, state, tx.Now())
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `delete from booking where public_id = $1 and state = 'offered'`, publicID)
	return true, err
}

type offerRow struct {
	ID        int64          `db:"id"`
	PublicID  string         `db:"public_id"`
	Wait      int64          `db:"wait_id"`
	Slot      int64          `db:"slot_id"`
	Student   identity.ID    `db:"student_id"`
	State     OfferState     `db:"state"`
	OfferedAt time.Time      `db:"offered_at"`
	OpensAt   time.Time      `db:"opens_at"`
	Until     time.Time      `db:"until"`
	By        sql.NullString `db:"by"`
	Reason    string         `db:"reason"`
}

func selectOffers(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Offer, error) {
	var rows []offerRow
	if err := tx.SelectContext(ctx, &rows, `
		select o.id, o.public_id, o.wait_id, o.slot_id, w.student_id, o.state, o.offered_at, o.opens_at, o.until, p.name by, o.reason
		from offer o join wait w on w.id = o.wait_id left join identity_address p on p.id = o.offered_by `+where, args...); err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.Slot
	}
	byID, err := slotsByID(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Offer, len(rows))
	for i, r := range rows {
		list[i] = Offer{
			PublicID: r.PublicID, State: r.State, Slot: byID[r.Slot], OfferedAt: r.OfferedAt, OpensAt: r.OpensAt, Until: r.Until,
			By: r.By.String, Reason: r.Reason, id: r.ID, wait: r.Wait, student: r.Student,
		}
	}
	return list, nil
}

// lockOpenBooking locks the student's open booking and returns its public id, "" if
// there is none.
func lockOpenBooking(ctx context.Context, tx *store.Tx, student identity.ID) (string, error) {
	var id string
	err := tx.GetContext(ctx, &id, `
		select public_id from booking where student_id = $1 and state in ('pending', 'confirmed') for no key update`, student)
	if store.Missing(err) {
		return "", nil
	}
	return id, err
}

// brokenWaits returns one line for each row that breaks an invariant of the queue.
// Places in [from, to] can be offered; what was due before late should be done. Who was
// passed over when an open offer was made is in over, and nothing that has since changed
// who is can be held against the order.
func brokenWaits(ctx context.Context, tx *store.Tx, over skips, from, to, late time.Time) ([]string, error) {
	var lines []string
	passed, err := over.param()
	if err != nil {
		return nil, err
	}
	err = tx.SelectContext(ctx, &lines, `
		select 'counselling: offer ' || o.public_id || ' holds no seat' from offer o
			where o.state = 'open' and not exists (select 1 from booking b where b.public_id = o.public_id and b.state = 'offered'
				and b.slot_id = o.slot_id and b.seat = o.seat)
		union all
		select 'counselling: a seat is held for offer ' || b.public_id || ', which is over' from booking b
			where b.state = 'offered' and not exists (select 1 from offer o where o.public_id = b.public_id and o.state = 'open')
		union all
		select 'counselling: the seat of offer ' || o.public_id || ' is booked' from offer o
			join booking b on b.slot_id = o.slot_id and b.seat = o.seat and b.state in ('pending', 'confirmed', 'arrived', 'missed')
			where o.state = 'open'
		union all
		select 'counselling: offer ' || o.public_id || ' is open beyond its time' from offer o where o.state = 'open' and o.until < $5
		union all
		select 'counselling: offer ' || o.public_id || ' is out of order without a reason' from offer o
			join slot s on s.id = o.slot_id join counsellor c on c.id = s.counsellor_id
			where o.state = 'open' and o.reason = '' and exists (
				select 1 from wait w where w.id < o.wait_id and w.ended_at is null and w.created_at <= o.offered_at
					and `+wishFits+` and `+wantsFrom+` and `+notSkipped(`o.offered_at`)+`
					and not exists (select 1 from strike k where k.student_id = w.student_id and (k.at >= o.offered_at or k.decided_at >= o.offered_at))
					and not exists (select 1 from booking b join booking_event e on e.booking_id = b.id
						where b.student_id = w.student_id and e.at >= o.offered_at)
					and not exists (select 1 from offer e where e.wait_id = w.id and e.id <> o.id and e.offered_at <= o.offered_at
						and (e.slot_id = s.id or e.ended_at is null or e.ended_at >= o.offered_at)))
		union all
		select 'counselling: wait ' || w.public_id || ' was begun without consent' from wait w
			where not exists (select 1 from counselling_consent k where k.person_id = w.student_id and k.agreed_at <= w.created_at)
		union all
		select distinct 'counselling: wait ' || w.public_id || ' was not offered free hour ' || s.public_id
			from wait w, slot s join counsellor c on c.id = s.counsellor_id join seat on seat.slot_id = s.id
			where w.ended_at is null and s.open and c.active and s.starts_at >= $3 and s.starts_at <= $4
				and `+seatFree+` and `+wishFits+` and `+wantsFrom+` and `+canBeAsked+` and `+notSkipped(`$5`),
		tx.Zone().String(), passed, from, to, late)
	return lines, err
}
