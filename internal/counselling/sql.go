package counselling

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

type slotRow struct {
	ID         int64       `db:"id"`
	PublicID   string      `db:"public_id"`
	StartsAt   time.Time   `db:"starts_at"`
	EndsAt     time.Time   `db:"ends_at"`
	Place      string      `db:"place"`
	Campus     string      `db:"campus"`
	Open       bool        `db:"open"`
	Counsellor int64       `db:"counsellor_id"`
	CPublicID  string      `db:"c_public_id"`
	CActive    bool        `db:"c_active"`
	Centre     int64       `db:"centre_id"`
	Person     identity.ID `db:"person_id"`
	Name       string      `db:"name"`
	Capacity   int         `db:"capacity"`
	Taken      int         `db:"taken"`
}

func (r slotRow) slot(soonest time.Time) Slot {
	return Slot{
		PublicID: r.PublicID, Counsellor: r.CPublicID, Name: r.Name, StartsAt: r.StartsAt, EndsAt: r.EndsAt,
		Place: r.Place, Campus: r.Campus, Open: r.Open && r.CActive, Capacity: r.Capacity, Taken: r.Taken,
		TooSoon: r.StartsAt.Before(soonest),
		id:      r.ID, counsellor: r.Counsellor, centre: r.Centre, person: r.Person,
	}
}

const selectSlot = `
	select s.id, s.public_id, s.starts_at, s.ends_at, s.place, cam.name campus, s.open, s.counsellor_id,
		c.public_id c_public_id, c.active c_active, c.centre_id, c.person_id, p.name,
		(select count(*) from seat where slot_id = s.id) capacity,
		(select count(*) from booking b where b.slot_id = s.id and b.state in ('offered', 'pending', 'confirmed', 'arrived', 'missed')) taken
	from slot s join counsellor c on c.id = s.counsellor_id join identity_address p on p.id = c.person_id
	join campus cam on cam.id = s.campus_id`

func slotByPublicID(ctx context.Context, tx *store.Tx, publicID string, soonest time.Time) (Slot, error) {
	var r slotRow
	err := tx.GetContext(ctx, &r, selectSlot+` where s.public_id = $1`, publicID)
	return r.slot(soonest), err
}

func selectSlots(ctx context.Context, tx *store.Tx, soonest time.Time, where string, args ...any) ([]Slot, error) {
	var rows []slotRow
	if err := tx.SelectContext(ctx, &rows, selectSlot+" "+where, args...); err != nil {
		return nil, err
	}
	slots := make([]Slot, len(rows))
	for i, r := range rows {
		slots[i] = r.slot(soonest)
	}
	return slots, nil
}

// slotsByID returns the hours of what refers to them.
func slotsByID(ctx context.Context, tx *store.Tx, ids []int64) (map[int64]Slot, error) {
	slots, err := selectSlots(ctx, tx, tx.Now(), `where s.id = any($1)`, pq.Array(ids))
	byID := make(map[int64]Slot, len(slots))
	for _, s := range slots {
		byID[s.id] = s
	}
	return byID, err
}

// each opens every row, up to the first that cannot be: what is sealed may be unreadable.
func each[Row, T any](rows []Row, open func(Row) (T, error)) ([]T, error) {
	list := make([]T, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = open(r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// openSlots returns the hours of active counsellors that begin in [from, to): of one
// counsellor, or of all for ""; those behind the hour with the public id after.
func openSlots(ctx context.Context, tx *store.Tx, counsellor string, from, to, soonest time.Time, after string, limit int) ([]Slot, error) {
	return selectSlots(ctx, tx, soonest, `
		where s.open and c.active and s.starts_at >= $2 and s.starts_at < $3 and ($1 = '' or c.public_id = $1)
			and ($4 = '' or (s.starts_at, c.position, c.id) > (
				select a.starts_at, o.position, o.id from slot a join counsellor o on o.id = a.counsellor_id where a.public_id = $4))
		order by s.starts_at, c.position, c.id limit $5`, counsellor, from, to, after, limit)
}

func isSlot(ctx context.Context, tx *store.Tx, publicID string) (ok bool, err error) {
	err = tx.GetContext(ctx, &ok, `select exists (select 1 from slot where public_id = $1)`, publicID)
	return ok, err
}

// freeSlots returns the first n hours with a free place, of a counsellor (0: of any).
func freeSlots(ctx context.Context, tx *store.Tx, counsellor int64, from, to time.Time, n int) ([]Slot, error) {
	return selectSlots(ctx, tx, from, `
		where s.open and c.active and s.starts_at >= $2 and s.starts_at < $3 and ($1::bigint = 0 or c.id = $1)
			and exists (select 1 from seat where seat.slot_id = s.id and not exists (
				select 1 from booking b where b.slot_id = s.id and b.seat = seat.number
					and b.state in ('offered', 'pending', 'confirmed', 'arrived', 'missed')))
		order by s.starts_at, c.position, c.id limit $4`, counsellor, from, to, n)
}

type counsellorRow struct {
	ID       int64       `db:"id"`
	PublicID string      `db:"public_id"`
	Person   identity.ID `db:"person_id"`
	Centre   int64       `db:"centre_id"`
	Name     string      `db:"name"`
	Intro    string      `db:"intro"`
	Topics   string      `db:"topics"`
	Campus   string      `db:"campus"`
	Place    string      `db:"place"`
	Active   bool        `db:"active"`
	Number   string      `db:"number"`
	Code     string      `db:"code"`
	Position int         `db:"position"`
}

func selectCounsellors(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Counsellor, error) {
	var rows []counsellorRow
	if err := tx.SelectContext(ctx, &rows, `
		select c.id, c.public_id, c.person_id, c.centre_id, p.name, c.intro, c.topics, cam.name campus, c.place, c.active,
			coalesce(p.number, '') number, cam.code, c.position
		from counsellor c join identity_person p on p.id = c.person_id join campus cam on cam.id = c.campus_id `+where+`
		order by c.position, c.id`, args...); err != nil {
		return nil, err
	}
	list := make([]Counsellor, len(rows))
	for i, r := range rows {
		list[i] = Counsellor{
			PublicID: r.PublicID, Name: r.Name, Intro: r.Intro, Topics: r.Topics, Campus: r.Campus,
			Place: r.Place, Active: r.Active, Number: r.Number, CampusCode: r.Code, Position: r.Position, id: r.ID, centre: r.Centre, person: r.Person,
		}
	}
	return list, nil
}

// nextFree returns the first free hour of each counsellor, by the counsellor's id.
func nextFree(ctx context.Context, tx *store.Tx, from, to time.Time) (map[int64]Slot, error) {
	slots, err := selectSlots(ctx, tx, from, `
		where s.id in (
			select distinct on (f.counsellor_id) f.id from slot f
			where f.open and f.starts_at >= $1 and f.starts_at < $2
				and exists (select 1 from seat where seat.slot_id = f.id and not exists (
					select 1 from booking b where b.slot_id = f.id and b.seat = seat.number
						and b.state in ('offered', 'pending', 'confirmed', 'arrived', 'missed')))
			order by f.counsellor_id, f.starts_at)`, from, to)
	if err != nil {
		return nil, err
	}
	next := make(map[int64]Slot, len(slots))
	for _, s := range slots {
		next[s.counsellor] = s
	}
	return next, nil
}

// hoursBetween returns every hour of a centre that begins in [from, to).
func hoursBetween(ctx context.Context, tx *store.Tx, centre int64, from, to time.Time) ([]Slot, error) {
	return selectSlots(ctx, tx, tx.Now(), `
		where c.centre_id = $1 and s.starts_at >= $2 and s.starts_at < $3 and `+isShown+` order by s.starts_at, c.position, c.id limit 2000`, centre, from, to)
}

func countPending(ctx context.Context, tx *store.Tx, centres []int64) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `
		select count(*) from booking b where b.state = 'pending' and b.slot_id in (
			select s.id from slot s join counsellor c on c.id = s.counsellor_id where c.centre_id = any($1))`, pq.Array(centres))
	return n, err
}

type newBooking struct {
	PublicID  string
	Student   identity.ID
	Wish      []byte
	Via       Via
	HeldUntil time.Time
	Term      string // of the hour
	Limit     int    // of the student's hours in the term
}

// bookSQL takes the first free seat of a slot, and the student's first free hour of the
// term. Who is taking the same seat is waited for; whoever loses writes nothing. The hour
// is locked as it is: who closes it waits for this booking and sees it, or was first and
// leaves nothing to book.
const bookSQL = `
	insert into booking (public_id, slot_id, seat, student_id, wish, via, held_until, created_at, term, ordinal)
	select $2, s.slot_id, s.number, $3, $4, $5, $6, $7, $8, free.ordinal from (
		select slot_id, number from seat s join slot h on h.id = s.slot_id and h.open where slot_id = $1 and not exists (
			select 1 from booking b where b.slot_id = s.slot_id and b.seat = s.number
				and b.state in ('offered', 'pending', 'confirmed', 'arrived', 'missed'))
		order by number limit 1 for key share of s for share of h) s, (
		select min(n) ordinal from generate_series(1, $9::int) n where not exists (
			select 1 from booking b where b.student_id = $3 and b.term = $8 and b.ordinal = n
				and b.state in ('pending', 'confirmed', 'arrived', 'missed'))) free
	where free.ordinal is not null
	on conflict do nothing
	returning id`

// insertBooking writes a booking and the beginning of its history. It returns 0 if the
// seat, the student's one open booking or the last hour of the term was taken.
func insertBooking(ctx context.Context, tx *store.Tx, slot int64, b newBooking) (int64, error) {
	var id int64
	err := tx.GetContext(ctx, &id, `with b as (`+bookSQL+`)
		insert into booking_event (booking_id, at, state, person_id) select id, $7, 'pending', $3 from b returning booking_id`, slot, b.PublicID, b.Student, b.Wish, b.Via, b.HeldUntil, tx.Now(), b.Term, b.Limit)
	if store.Missing(err) {
		return 0, nil
	}
	return id, err
}

type bookingRow struct {
	ID        int64          `db:"id"`
	PublicID  string         `db:"public_id"`
	Slot      int64          `db:"slot_id"`
	Student   identity.ID    `db:"student_id"`
	State     State          `db:"state"`
	Wish      []byte         `db:"wish"`
	Via       Via            `db:"via"`
	HeldUntil time.Time      `db:"held_until"`
	CreatedAt time.Time      `db:"created_at"`
	DecidedAt sql.NullTime   `db:"decided_at"`
	DecidedBy sql.NullString `db:"decided_by"`
	Reason    string         `db:"reason"`
	Name      string         `db:"name"`
	Number    string         `db:"number"`
	College   string         `db:"college"`
	Moves     int            `db:"moves"`
	Term      string         `db:"term"`
}

// selectBooking begins and joinPersons ends what reads bookings. Which ones and in what
// order is settled first, on the table alone, so that persons are looked up for these
// and not for everybody who ever came.
const (
	selectBooking = `
	with b as materialized (
		select b.*, row_number() over () place from (
			select * from (select * from booking where state <> 'offered') b -- an offer is no booking yet
			`
	joinPersons = `
		) b)
	select b.id, b.public_id, b.slot_id, b.student_id, b.state, b.wish, b.via, b.held_until, b.created_at,
		b.decided_at, d.name decided_by, b.reason, b.moves, b.term, p.name, coalesce(p.number, '') number, coalesce(p.college_name, '') college
	from b join identity_person p on p.id = b.student_id left join identity_address d on d.id = b.decided_by
	order by b.place`
)

// selectBookings returns the bookings of a condition on b, in the order it names.
func selectBookings(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Booking, error) {
	var rows []bookingRow
	if err := tx.SelectContext(ctx, &rows, selectBooking+where+joinPersons, args...); err != nil {
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
	list := make([]Booking, len(rows))
	for i, r := range rows {
		list[i] = Booking{
			PublicID: r.PublicID, State: r.State, Slot: byID[r.Slot], Via: r.Via, HeldUntil: r.HeldUntil,
			CreatedAt: r.CreatedAt, DecidedAt: r.DecidedAt.Time, DecidedBy: r.DecidedBy.String, Reason: r.Reason,
			Student: Student{ID: r.Student, Name: r.Name, Number: r.Number, College: r.College}, Moves: r.Moves, id: r.ID, term: r.Term,
		}
		if r.Wish != nil {
			wish, err := tx.Keys().Unseal(wishPlace(r.PublicID), r.Wish)
			if err != nil {
				return nil, err
			}
			list[i].Wish = string(wish)
		}
	}
	return list, nil
}

// ownBookings returns the student's, newest first, that are older than the one with the
// public id after.
func ownBookings(ctx context.Context, tx *store.Tx, student identity.ID, after string, limit int) ([]Booking, error) {
	return selectBookings(ctx, tx, `
		where b.student_id = $1 and ($2 = '' or b.id < (select id from booking where public_id = $2 and student_id = $1))
		order by b.id desc limit $3`, student, after, limit)
}

func isOwnBooking(ctx context.Context, tx *store.Tx, student identity.ID, publicID string) (ok bool, err error) {
	err = tx.GetContext(ctx, &ok, `select exists (select 1 from booking where public_id = $2 and student_id = $1)`, student, publicID)
	return ok, err
}

// lockOne locks the row that lock finds by its public id, so that who comes at once
// queues, and only then reads it: as the one before has left it.
func lockOne[T any](ctx context.Context, tx *store.Tx, lock, publicID string,
	read func(ctx context.Context, tx *store.Tx, where string, args ...any) ([]T, error), where string,
) (one T, err error) {
	var id int64
	if err := tx.GetContext(ctx, &id, lock, publicID); err != nil {
		return one, err
	}
	list, err := read(ctx, tx, where, id)
	if err != nil {
		return one, err
	}
	return list[0], nil
}

// lockBooking locks the booking, so that two decisions queue, and returns it.
func lockBooking(ctx context.Context, tx *store.Tx, publicID string) (Booking, error) {
	return lockOne(ctx, tx, `select id from booking where public_id = $1 and state <> 'offered' for no key update`, publicID, selectBookings, `where b.id = $1`)
}

// unrecorded returns the public ids of confirmed bookings whose hour ended before a time,
// in the order in which they are locked.
func unrecorded(ctx context.Context, tx *store.Tx, before time.Time) ([]string, error) {
	var ids []string
	err := tx.SelectContext(ctx, &ids, `
		select b.public_id from booking b join slot s on s.id = b.slot_id
		where b.state = 'confirmed' and s.ends_at < $1 order by b.id limit 500`, before)
	return ids, err
}

// setState moves a booking from one state to another and writes its history;
// false means it was not in that state.
func setState(ctx context.Context, tx *store.Tx, id int64, from, to State, by identity.ID, reason string) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		update booking set state = $3, reason = $5,
			decided_at = case when $3 in ('confirmed', 'rejected') then $6 else decided_at end,
			decided_by = case when $3 in ('confirmed', 'rejected') then nullif($4::bigint, 0) else decided_by end,
			ended_at = case when $3 = 'confirmed' then null else $6 end
		where id = $1 and state = $2`, id, from, to, by, reason, tx.Now())
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	return true, insertEvent(ctx, tx, id, to, by, reason)
}

func insertEvent(ctx context.Context, tx *store.Tx, booking int64, state State, by identity.ID, reason string) error {
	_, err := tx.ExecContext(ctx, `
		insert into booking_event (booking_id, at, state, person_id, reason) values ($1, $2, $3, nullif($4::bigint, 0), $5)`,
		booking, tx.Now(), state, by, reason)
	return err
}

func selectEvents(ctx context.Context, tx *store.Tx, booking int64) ([]Event, error) {
	rows, err := tx.QueryContext(ctx, `
		select e.at, e.state, coalesce(p.name, ''), e.reason, f.starts_at, fp.name, t.starts_at, tp.name from booking_event e
		left join identity_address p on p.id = e.person_id
		left join slot f on f.id = e.from_slot left join counsellor fc on fc.id = f.counsellor_id left join identity_address fp on fp.id = fc.person_id
		left join slot t on t.id = e.to_slot left join counsellor tc on tc.id = t.counsellor_id left join identity_address tp on tp.id = tc.person_id
		where e.booking_id = $1 order by e.id`, booking)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var events []Event
	for rows.Next() {
		var e Event
		var from, to sql.NullTime
		var fromName, toName sql.NullString
		if err := rows.Scan(&e.At, &e.State, &e.By, &e.Reason, &from, &fromName, &to, &toName); err != nil {
			return nil, err
		}
		if from.Valid {
			e.From, e.To = &Hour{from.Time, fromName.String}, &Hour{to.Time, toName.String}
		}
		events = append(events, e)
	}
	return events, rows.Err()
}

// Notice is a version of 预约须知.
type Notice struct {
	Version     int       `db:"version"`
	Body        string    `db:"body"`
	PublishedAt time.Time `db:"published_at"`
}

func latestNotice(ctx context.Context, tx *store.Tx) (Notice, error) {
	var n Notice
	err := tx.GetContext(ctx, &n, `select version, body, published_at from counselling_notice order by version desc limit 1`)
	return n, err
}

// noticeFor returns the notice in force and whether the person agreed to it.
func noticeFor(ctx context.Context, tx *store.Tx, who identity.ID) (n Notice, agreed bool, err error) {
	err = tx.QueryRowContext(ctx, `
		select n.version, n.body, n.published_at,
			exists (select 1 from counselling_consent c where c.person_id = $1 and c.version = n.version and c.withdrawn_at is null)
		from counselling_notice n order by n.version desc limit 1`, who).Scan(&n.Version, &n.Body, &n.PublishedAt, &agreed)
	return n, agreed, err
}

func insertNotice(ctx context.Context, tx *store.Tx, version int, body string, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `
		insert into counselling_notice (version, body, published_at, published_by) values ($1, $2, $3, nullif($4::bigint, 0))`,
		version, body, tx.Now(), by)
	return err
}

func insertConsent(ctx context.Context, tx *store.Tx, who identity.ID, version int) error {
	_, err := tx.ExecContext(ctx, `
		insert into counselling_consent (person_id, version, agreed_at) values ($1, $2, $3)
		on conflict (person_id, version) do update set withdrawn_at = null`, who, version, tx.Now())
	return err
}

func selectConsents(ctx context.Context, tx *store.Tx, who identity.ID) ([]Consent, error) {
	var list []Consent
	err := tx.SelectContext(ctx, &list, `
		select version, agreed_at, withdrawn_at from counselling_consent where person_id = $1 order by version desc`, who)
	return list, err
}

// lockCounsellor lets two editors of one counsellor's hours queue.
func lockCounsellor(ctx context.Context, tx *store.Tx, publicID string) (Counsellor, error) {
	return lockOne(ctx, tx, `select id from counsellor where public_id = $1 for no key update`, publicID, selectCounsellors, `where c.id = $1`)
}

func upsertCounsellor(ctx context.Context, tx *store.Tx, e CounsellorEdit, centre int64) (string, error) {
	var id string
	err := tx.GetContext(ctx, &id, `
		insert into counsellor (public_id, person_id, centre_id, intro, topics, campus_id, place, active, position)
		select $1, $2, $3, $4, $5, cam.id, $7, $8, $9 from campus cam where cam.code = $6
		on conflict (person_id) do update set intro = excluded.intro, topics = excluded.topics, campus_id = excluded.campus_id,
			place = excluded.place, active = excluded.active, position = excluded.position
		where counsellor.centre_id = excluded.centre_id
		returning public_id`, store.NewPublicID(), e.Person, centre, e.Intro, e.Topics, e.Campus, e.Place, e.Active, e.Position)
	return id, err
}

// broken returns one line for each row that breaks an invariant of the package.
func broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	var lines []string
	err := tx.SelectContext(ctx, &lines, `
		select 'counselling: slot ' || s.public_id || ' has more bookings than places' from slot s
			where (select count(*) from booking b where b.slot_id = s.id and b.state in ('offered', 'pending', 'confirmed', 'arrived', 'missed'))
				> (select count(*) from seat where slot_id = s.id)
		union all
		select 'counselling: slot ' || s.public_id || ' overlaps another hour of the same counsellor' from slot s
			where not s.void and exists (select 1 from slot o where o.counsellor_id = s.counsellor_id and o.id <> s.id and not o.void
				and o.starts_at < s.ends_at and s.starts_at < o.ends_at)
		union all
		select 'counselling: bookings ' || string_agg(public_id, ', ' order by id) || ' of one student are open' from booking
			where state in ('pending', 'confirmed') group by student_id having count(*) > 1
		union all
		select 'counselling: booking ' || public_id || ' is held beyond its time' from booking
			where state = 'pending' and held_until < $1::timestamptz - interval '10 minutes'
		union all
		select 'counselling: booking ' || b.public_id || ' does not agree with its history' from booking b
			where b.state <> 'offered' and (b.state <> (select e.state from booking_event e where e.booking_id = b.id order by e.id desc limit 1)
				or not exists (select 1 from booking_event e where e.booking_id = b.id))
		union all
		select 'counselling: booking ' || b.public_id || ' was made without consent' from booking b
			where not exists (select 1 from counselling_consent c where c.person_id = b.student_id and c.agreed_at <= b.created_at)
				and b.via <> 'desk'
		union all`+brokenLife+`
		union all`+brokenStrikes, tx.Now(), pq.Array(steps()))
	return lines, err
}

// bookingsIn returns which of the bookings are in one of the states.
func bookingsIn(ctx context.Context, tx *store.Tx, publicIDs []string, states []State) (map[string]bool, error) {
	var ids []string
	err := tx.SelectContext(ctx, &ids, `select public_id from booking where state = any($2) and public_id = any($1)`, pq.Array(publicIDs), pq.Array(states))
	in := make(map[string]bool, len(ids))
	for _, id := range ids {
		in[id] = true
	}
	return in, err
}

// Sealed lists the columns this package seals.
func Sealed() []store.Sealed {
	return []store.Sealed{
		{Table: "booking", Column: "wish", Key: "id", Place: `'booking/wish/' || public_id`},
		{Table: "strike", Column: "appeal", Key: "id", Place: `'strike/appeal/' || public_id`},
		{Table: "concern", Column: "body", Key: "id", Place: `'concern/body/' || public_id`},
		{Table: "concern", Column: "help", Key: "id", Place: `'concern/help/' || public_id`},
		{Table: "disclosure", Column: "reason", Key: "id", Place: `'disclosure/reason/' || public_id`},
		{Table: "disclosure", Column: "delay_reason", Key: "id", Place: `'disclosure/delay_reason/' || public_id`},
		{Table: "disclosure", Column: "review", Key: "id", Place: `'disclosure/review/' || public_id`},
		{Table: "feedback", Column: "words", Key: "public_id", TextKey: true, Place: `'feedback/words/' || public_id`},
		{Table: "guardian", Column: "contact", Key: "student_id", Place: `'guardian/contact/' || student_id`},
		{Table: "intake", Column: "answers", Key: `student_id || '/' || term`, TextKey: true, Place: `'intake/answers/' || student_id || '/' || term`},
		{Table: "note_version", Column: "body", Key: `booking_id || '/' || version`, TextKey: true, Place: `'note_version/body/' || (select b.public_id from booking b where b.id = booking_id) || '/' || version`},
		{Table: "red_case", Column: "outcome", Key: "id", Place: `'red_case/outcome/' || public_id`},
		{Table: "referral", Column: "place", Key: "id", Place: `'referral/place/' || public_id`},
	}
}
