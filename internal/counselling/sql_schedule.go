package counselling

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// hourAhead is an hour that has not begun and is not void.
type hourAhead struct {
	ID       int64     `db:"id"`
	StartsAt time.Time `db:"starts_at"`
	EndsAt   time.Time `db:"ends_at"`
	Place    string    `db:"place"`
	Campus   int64     `db:"campus_id"`
	Open     bool      `db:"open"`
	Planned  bool      `db:"planned"`
	Capacity int       `db:"capacity"`
}

func (s hourAhead) is(o Opening) bool {
	return s.StartsAt.Equal(o.StartsAt) && s.EndsAt.Equal(o.EndsAt) && s.Place == o.Place && s.Campus == o.campus
}

func (s hourAhead) opening() Opening {
	return Opening{StartsAt: s.StartsAt, EndsAt: s.EndsAt, Place: s.Place, Capacity: s.Capacity, campus: s.Campus}
}

func hoursAhead(ctx context.Context, tx *store.Tx, counsellor int64) ([]hourAhead, error) {
	var list []hourAhead
	err := tx.SelectContext(ctx, &list, `
		select s.id, s.starts_at, s.ends_at, s.place, s.campus_id, s.open, s.planned,
			(select count(*) from seat where slot_id = s.id) capacity
		from slot s where s.counsellor_id = $1 and not s.void and s.starts_at > $2 order by s.starts_at`, counsellor, tx.Now())
	return list, err
}

// shutSlots closes hours: it waits for who is booking one of them, and whoever comes
// later finds it closed and its free seats gone.
func shutSlots(ctx context.Context, tx *store.Tx, ids []int64) error {
	if _, err := tx.ExecContext(ctx, `update slot set open = false where id = any($1)`, pq.Array(ids)); err != nil {
		return err
	}
	return dropFreeSeats(ctx, tx, ids)
}

func dropFreeSeats(ctx context.Context, tx *store.Tx, slots []int64) error {
	_, err := tx.ExecContext(ctx, `
		delete from seat where slot_id = any($1) and not exists (
			select 1 from booking b where b.slot_id = seat.slot_id and b.seat = seat.number)`, pq.Array(slots))
	return err
}

// isLive is a booking that holds its seat.
const isLive = `b.state not in ('cancelled', 'rejected', 'expired')`

// voidEmpty clears the closed hours of a counsellor nobody comes to, and returns them.
func voidEmpty(ctx context.Context, tx *store.Tx, counsellor int64) ([]int64, error) {
	var ids []int64
	err := tx.SelectContext(ctx, &ids, `
		update slot s set void = true where s.counsellor_id = $1 and not s.open and not s.void and s.starts_at > $2
			and not exists (select 1 from booking b where b.slot_id = s.id and `+isLive+`)
		returning s.id`, counsellor, tx.Now())
	return ids, err
}

// liveBookings returns the bookings that hold a seat in one of the hours.
func liveBookings(ctx context.Context, tx *store.Tx, slots []int64) ([]Booking, error) {
	if len(slots) == 0 {
		return nil, nil
	}
	return selectBookings(ctx, tx, `where b.slot_id = any($1) and b.state in ('pending', 'confirmed') order by b.slot_id, b.id`, pq.Array(slots))
}

// fitSeats opens the hours, with Capacity places each; places that are taken stay. A
// booking that is over gives up the number of its seat, which nothing depends on.
func fitSeats(ctx context.Context, tx *store.Tx, list []hourAhead) error {
	if len(list) == 0 {
		return nil
	}
	ids, capacities := make([]int64, len(list)), make([]int64, len(list))
	for i, s := range list {
		ids[i], capacities[i] = s.ID, int64(s.Capacity)
	}
	for _, q := range []string{
		`update slot set open = true from unnest($1::bigint[], $2::int[]) want(id, capacity) where slot.id = want.id`,
		`insert into seat (slot_id, number) select want.id, n from unnest($1::bigint[], $2::int[]) want(id, capacity), generate_series(1, want.capacity) n
			on conflict do nothing`,
		`update booking b set seat = 1 from unnest($1::bigint[], $2::int[]) want(id, capacity)
			where b.slot_id = want.id and b.seat > want.capacity and not (` + isLive + `)`,
		`delete from seat using unnest($1::bigint[], $2::int[]) want(id, capacity)
			where seat.slot_id = want.id and seat.number > want.capacity and not exists (
				select 1 from booking b where b.slot_id = seat.slot_id and b.seat = seat.number)`,
	} {
		if _, err := tx.ExecContext(ctx, q, pq.Array(ids), pq.Array(capacities)); err != nil {
			return err
		}
	}
	return nil
}

// insertOpenings opens the hours and returns those that were: the constraints leave out
// what meets another hour of the counsellor, or one of the room.
func insertOpenings(ctx context.Context, tx *store.Tx, c Counsellor, list []Opening) ([]Opening, error) {
	if len(list) == 0 {
		return nil, nil
	}
	publics, places := make([]string, len(list)), make([]string, len(list))
	from, to := make([]time.Time, len(list)), make([]time.Time, len(list))
	campuses, capacities := make([]int64, len(list)), make([]int64, len(list))
	for i, o := range list {
		publics[i], from[i], to[i], places[i] = store.NewPublicID(), o.StartsAt, o.EndsAt, o.Place
		campuses[i], capacities[i] = o.campus, int64(o.Capacity)
	}
	var opened []time.Time
	err := tx.SelectContext(ctx, &opened, `
		with want as (
			select * from unnest($3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::bigint[], $8::int[])
				v(public_id, starts_at, ends_at, place, campus_id, capacity)
		), s as (
			insert into slot (public_id, counsellor_id, starts_at, ends_at, place, campus_id, room_held, planned)
			select w.public_id, $1, w.starts_at, w.ends_at, w.place, w.campus_id, r.id, true
			from want w left join room r on r.centre_id = $2 and r.campus_id = w.campus_id and r.name = w.place and not r.shared
			order by w.starts_at
			on conflict do nothing returning id, public_id, starts_at
		), seats as (
			insert into seat (slot_id, number) select s.id, n from s join want w using (public_id), generate_series(1, w.capacity) n
		)
		select starts_at from s order by starts_at`,
		c.id, c.centre, pq.Array(publics), pq.Array(from), pq.Array(to), pq.Array(places), pq.Array(campuses), pq.Array(capacities))
	if err != nil {
		return nil, err
	}
	var added []Opening
	for _, o := range list {
		for _, at := range opened {
			if at.Equal(o.StartsAt) {
				added = append(added, o)
			}
		}
	}
	return added, nil
}

// activeCounsellors returns the public ids of who receives, in the order they are locked.
func activeCounsellors(ctx context.Context, tx *store.Tx) ([]string, error) {
	var ids []string
	err := tx.SelectContext(ctx, &ids, `select public_id from counsellor where active order by id`)
	return ids, err
}

type ruleRow struct {
	PublicID string        `db:"public_id"`
	Weekdays pq.Int64Array `db:"weekdays"`
	Weeks    Weeks         `db:"weeks"`
	From     int           `db:"from_minute"`
	To       int           `db:"to_minute"`
	Length   int           `db:"length"`
	Buffer   int           `db:"buffer"`
	CampusID int64         `db:"campus_id"`
	Campus   string        `db:"campus"`
	Code     string        `db:"code"`
	Place    string        `db:"place"`
	Shared   bool          `db:"shared"`
	Capacity int           `db:"capacity"`
	Begins   string        `db:"begins"`
	Ends     string        `db:"ends"`
}

func (r ruleRow) rule(zone *time.Location) (Rule, error) {
	rule := Rule{
		PublicID: r.PublicID, Weeks: r.Weeks, From: r.From, To: r.To, Length: r.Length, Buffer: r.Buffer, Campus: r.Campus,
		Code: r.Code, Place: r.Place, Shared: r.Shared, Capacity: r.Capacity, campus: r.CampusID,
	}
	for _, w := range r.Weekdays {
		rule.Weekdays = append(rule.Weekdays, time.Weekday(w%7))
	}
	var err error
	if rule.Begins, err = time.ParseInLocation(time.DateOnly, r.Begins, zone); err != nil || r.Ends == "" {
		return rule, err
	}
	rule.Ends, err = time.ParseInLocation(time.DateOnly, r.Ends, zone)
	return rule, err
}

// selectRules returns the rules of a counsellor that still hold some day.
func selectRules(ctx context.Context, tx *store.Tx, counsellor int64) ([]Rule, error) {
	var rows []ruleRow
	if err := tx.SelectContext(ctx, &rows, `
		select r.public_id, r.weekdays, r.weeks, r.from_minute, r.to_minute, r.length, r.buffer, r.campus_id, cam.name campus, cam.code,
			r.place, coalesce(room.shared, false) shared, r.capacity, to_char(r.valid_from, 'YYYY-MM-DD') begins, coalesce(to_char(r.valid_to, 'YYYY-MM-DD'), '') ends
		from hours_rule r join counsellor c on c.id = r.counsellor_id join campus cam on cam.id = r.campus_id
		left join room on room.centre_id = c.centre_id and room.campus_id = r.campus_id and room.name = r.place
		where r.counsellor_id = $1 and r.removed_at is null and coalesce(r.valid_to >= $2::date, true)
		order by r.weekdays, r.from_minute, r.id`, counsellor, tx.Now().In(tx.Zone()).Format(time.DateOnly)); err != nil {
		return nil, err
	}
	list := make([]Rule, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.rule(tx.Zone()); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// ruleOwner returns whose rule it is.
func ruleOwner(ctx context.Context, tx *store.Tx, publicID string) (string, error) {
	var id string
	err := tx.GetContext(ctx, &id, `
		select c.public_id from hours_rule r join counsellor c on c.id = r.counsellor_id where r.public_id = $1 and r.removed_at is null`, publicID)
	return id, err
}

// upsertRule writes a rule, a new one for "".
func upsertRule(ctx context.Context, tx *store.Tx, c Counsellor, r Rule) (string, error) {
	if r.PublicID == "" {
		r.PublicID = store.NewPublicID()
	}
	weekdays := make([]int64, len(r.Weekdays))
	for i, w := range r.Weekdays {
		weekdays[i] = int64(w+6)%7 + 1
	}
	var ends sql.NullString
	if !r.Ends.IsZero() {
		ends = sql.NullString{String: r.Ends.Format(time.DateOnly), Valid: true}
	}
	var id string
	err := tx.GetContext(ctx, &id, `
		insert into hours_rule (public_id, counsellor_id, weekdays, weeks, from_minute, to_minute, length, buffer, campus_id, place, capacity, valid_from, valid_to)
		select $1, $2, $3::int[], $4, $5, $6, $7, $8, cam.id, $10, $11, $12::date, $13::date from campus cam where cam.code = $9
		on conflict (public_id) do update set weekdays = excluded.weekdays, weeks = excluded.weeks, from_minute = excluded.from_minute,
			to_minute = excluded.to_minute, length = excluded.length, buffer = excluded.buffer, campus_id = excluded.campus_id,
			place = excluded.place, capacity = excluded.capacity, valid_from = excluded.valid_from, valid_to = excluded.valid_to
		returning public_id`, r.PublicID, c.id, pq.Array(weekdays), r.Weeks, r.From, r.To, r.Length, r.Buffer, r.Code, r.Place, r.Capacity,
		r.Begins.Format(time.DateOnly), ends)
	return id, err
}

// endRule has a rule hold to the day, included; a day before its first removes it.
func endRule(ctx context.Context, tx *store.Tx, publicID string, last time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update hours_rule set valid_to = case when $2::date >= valid_from then $2::date else valid_to end,
			removed_at = case when $2::date >= valid_from then removed_at else $3 end
		where public_id = $1`, publicID, last.Format(time.DateOnly), tx.Now())
	return err
}

// holdRoom says of a room whether several may be in it at once, and has the hours that
// have not begun hold it accordingly. It breaks a_room_is_held_by_one_hour_at_a_time if
// two are in it.
func holdRoom(ctx context.Context, tx *store.Tx, centre int64, campusCode, name string, shared bool) error {
	var room, campus int64
	if err := tx.QueryRowContext(ctx, `
		insert into room (centre_id, campus_id, name, shared) select $1, cam.id, $3, $4 from campus cam where cam.code = $2
		on conflict (centre_id, campus_id, name) do update set shared = excluded.shared
		returning id, campus_id`, centre, campusCode, name, shared).Scan(&room, &campus); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		update slot s set room_held = case when $5 then null else $1::bigint end from counsellor c
		where c.id = s.counsellor_id and c.centre_id = $2 and s.campus_id = $3 and s.place = $4 and not s.void and s.starts_at > $6
			and (s.room_held is null) <> $5`, room, centre, campus, name, shared, tx.Now())
	return err
}

// selectOffs returns the absences of a counsellor that are not over, the first one first.
func selectOffs(ctx context.Context, tx *store.Tx, counsellor int64) ([]Off, error) {
	rows, err := tx.QueryContext(ctx, `
		select public_id, starts_at, ends_at, why from hours_off
		where counsellor_id = $1 and removed_at is null and ends_at > $2 order by starts_at, id`, counsellor, tx.Now())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []Off
	for rows.Next() {
		var o Off
		if err := rows.Scan(&o.PublicID, &o.From, &o.To, &o.Why); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, rows.Err()
}

func insertOff(ctx context.Context, tx *store.Tx, c Counsellor, from, to time.Time, why Why, by identity.ID) (string, error) {
	id := store.NewPublicID()
	_, err := tx.ExecContext(ctx, `
		insert into hours_off (public_id, counsellor_id, starts_at, ends_at, why, created_by, created_at)
		values ($1, $2, $3, $4, $5, nullif($6::bigint, 0), $7)`, id, c.id, from, to, why, by, tx.Now())
	return id, err
}

func removeOff(ctx context.Context, tx *store.Tx, publicID string) error {
	_, err := tx.ExecContext(ctx, `update hours_off set removed_at = $2 where public_id = $1`, publicID, tx.Now())
	return err
}

// offOwner returns whose absence it is.
func offOwner(ctx context.Context, tx *store.Tx, publicID string) (string, error) {
	var id string
	err := tx.GetContext(ctx, &id, `
		select c.public_id from hours_off o join counsellor c on c.id = o.counsellor_id where o.public_id = $1 and o.removed_at is null`, publicID)
	return id, err
}

// receivingCounsellors returns the public ids of who receives, or has an hour that is
// open and has not begun, in the order they are locked.
func receivingCounsellors(ctx context.Context, tx *store.Tx) ([]string, error) {
	var ids []string
	err := tx.SelectContext(ctx, &ids, `
		select c.public_id from counsellor c
		where c.active or exists (select 1 from slot s where s.counsellor_id = c.id and s.open and s.starts_at > $1) order by c.id`, tx.Now())
	return ids, err
}

func deactivate(ctx context.Context, tx *store.Tx, counsellor int64) error {
	_, err := tx.ExecContext(ctx, `update counsellor set active = false where id = $1`, counsellor)
	return err
}

// unsettled returns the bookings of a centre whose hour was closed and has not begun.
func unsettled(ctx context.Context, tx *store.Tx, centre int64) ([]Booking, error) {
	return selectBookings(ctx, tx, `
		where b.state in ('pending', 'confirmed') and b.slot_id in (
			select s.id from slot s join counsellor c on c.id = s.counsellor_id
			where c.centre_id = $1 and not s.open and not s.void and s.starts_at > $2)
		order by (select starts_at from slot where id = b.slot_id), b.id limit 500`, centre, tx.Now())
}

func countUnsettled(ctx context.Context, tx *store.Tx, centres []int64) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `
		select count(*) from booking b where b.state in ('pending', 'confirmed') and b.slot_id in (
			select s.id from slot s join counsellor c on c.id = s.counsellor_id
			where c.centre_id = any($1) and not s.open and not s.void and s.starts_at > $2)`, pq.Array(centres), tx.Now())
	return n, err
}

// nearSlots returns the n free hours nearest to an hour: of its counsellor first, then
// on its campus, then by time.
func nearSlots(ctx context.Context, tx *store.Tx, near Slot, from, to time.Time, n int) ([]Slot, error) {
	return selectSlots(ctx, tx, from, `
		where s.open and c.active and s.starts_at >= $1 and s.starts_at < $2 and c.centre_id = $3 and s.id <> $4
			and exists (select 1 from seat where seat.slot_id = s.id and not exists (
				select 1 from booking b where b.slot_id = s.id and b.seat = seat.number and `+isLive+`))
		order by s.counsellor_id <> $5, s.campus_id <> (select campus_id from slot where id = $4),
			greatest(s.starts_at, $6::timestamptz) - least(s.starts_at, $6::timestamptz), s.id limit $7`,
		from, to, near.centre, near.id, near.counsellor, near.StartsAt, n)
}

// isShown leaves out the hours that made way before anybody booked them. It asks for each
// such hour alone: an exists would be read from all bookings at once.
const isShown = `(not s.void or (select true from booking b where b.slot_id = s.id limit 1))`

// insertHour opens an hour by hand; false if the constraints keep it out.
func insertHour(ctx context.Context, tx *store.Tx, c Counsellor, e HoursEdit, from, to time.Time, by identity.ID) (bool, error) {
	var seats int
	err := tx.GetContext(ctx, &seats, `
		with known as (
			insert into room (centre_id, campus_id, name) select c.centre_id, c.campus_id, $5 from counsellor c where c.id = $2
			on conflict do nothing returning *
		), r as (
			select * from known union select * from room where name = $5
		), s as (
			insert into slot (public_id, counsellor_id, starts_at, ends_at, place, campus_id, room_held, created_by)
			select $1, c.id, $3, $4, $5, c.campus_id, r.id, nullif($6::bigint, 0)
			from counsellor c left join r on r.centre_id = c.centre_id and r.campus_id = c.campus_id and not r.shared
			where c.id = $2
			on conflict do nothing returning id
		), seats as (
			insert into seat (slot_id, number) select s.id, n from s, generate_series(1, $7::int) n returning 1
		)
		select count(*) from seats`, store.NewPublicID(), c.id, from, to, e.Place, by, e.Capacity)
	return seats > 0, err
}
