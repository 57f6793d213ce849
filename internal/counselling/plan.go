package counselling

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// Change is what a plan does, or would do, to the hours that have not begun.
type Change struct {
	Added   []Opening
	Removed []Opening // free hours that go
	Stay    []Booking // in hours that no longer fit: they stay until a person moves or cancels each
	Blocked []Opening // not opened: another counsellor is in the room, or a booking stands in the way
}

// None tells whether nothing changes.
func (c Change) None() bool { return len(c.Added)+len(c.Removed)+len(c.Stay)+len(c.Blocked) == 0 }

func (c *Change) add(d Change) {
	c.Added, c.Removed = append(c.Added, d.Added...), append(c.Removed, d.Removed...)
	c.Stay, c.Blocked = append(c.Stay, d.Stay...), append(c.Blocked, d.Blocked...)
}

// undoError ends the savepoint of a preview.
type undoError struct{ Change }

func (undoError) Error() string { return "only looked at" }

// Preview says what an act would change: it does the act and undoes it, so that what
// is looked at is what would be done.
func Preview(ctx context.Context, tx *store.Tx, act func() (Change, error)) (Change, error) {
	err := tx.Try(ctx, func() error {
		c, err := act()
		if err != nil {
			return err
		}
		return undoError{c}
	})
	if undo, ok := err.(undoError); ok { //nolint:errorlint // ours, straight from the function above
		return undo.Change, nil
	}
	return Change{}, err
}

// plan brings the future hours of a counsellor, who is locked, in line with rules,
// exceptions and the school's calendar, up to the booking horizon and a day, so that
// tomorrow's plan comes in time. An hour that no longer fits is closed first: from then
// on nobody can book it, and whoever did before is seen. Then it is void if nobody
// comes, else it stands, closed, until its bookings are moved or cancelled.
func plan(ctx context.Context, tx *store.Tx, c Counsellor) (Change, error) {
	have, err := hoursAhead(ctx, tx, c.id)
	if err != nil {
		return Change{}, fmt.Errorf("load hours: %w", err)
	}
	t, until, err := loadTimetable(ctx, tx, c, have)
	if err != nil {
		return Change{}, err
	}
	d := compare(t.openings(calendar.Midnight(tx.Now(), tx.Zone()), until), have, t, tx.Now(), tx.Zone())
	var change Change
	if change, err = closeMisfits(ctx, tx, c, d.shut); err != nil {
		return Change{}, err
	}
	if err := fitSeats(ctx, tx, d.seats); err != nil {
		return Change{}, fmt.Errorf("fit seats: %w", err)
	}
	if change.Added, err = insertOpenings(ctx, tx, c, d.missing); err != nil {
		return Change{}, fmt.Errorf("open hours: %w", err)
	}
	change.Blocked = slices.DeleteFunc(d.missing, func(o Opening) bool {
		return slices.ContainsFunc(change.Added, func(a Opening) bool { return a.StartsAt.Equal(o.StartsAt) })
	})
	if len(change.Added)+len(d.seats) == 0 {
		return change, nil
	}
	return change, freed(ctx, tx, c.centre)
}

// closeMisfits closes the hours and says which go and which bookings stay.
func closeMisfits(ctx context.Context, tx *store.Tx, c Counsellor, shut []hourAhead) (change Change, err error) {
	ids := make([]int64, len(shut))
	for i, s := range shut {
		ids[i] = s.ID
	}
	if err := shutSlots(ctx, tx, ids); err != nil {
		return change, fmt.Errorf("close hours: %w", err)
	}
	if len(shut) > 0 { // an offer of the hour is withdrawn
		if err := freed(ctx, tx, c.centre); err != nil {
			return change, err
		}
	}
	void, err := voidEmpty(ctx, tx, c.id)
	if err != nil {
		return change, fmt.Errorf("clear hours: %w", err)
	}
	for _, s := range shut {
		if slices.Contains(void, s.ID) {
			change.Removed = append(change.Removed, s.opening())
		}
	}
	if change.Stay, err = liveBookings(ctx, tx, ids); err != nil {
		return change, fmt.Errorf("load bookings: %w", err)
	}
	return change, nil
}

// difference is what has to be done to the hours there are.
type difference struct {
	shut    []hourAhead
	missing []Opening
	seats   []hourAhead // open again if closed, with Capacity places
}

// compare finds out which hours fit, which do not and which are missing.
func compare(want []Opening, have []hourAhead, t timetable, now time.Time, zone *time.Location) (d difference) {
	at := make(map[int64]hourAhead, len(have))
	for _, s := range have {
		at[s.StartsAt.Unix()] = s
		wanted := s.Planned && slices.ContainsFunc(want, s.is)
		if s.Open && !wanted && (s.Planned || !t.allows(s.StartsAt, s.EndsAt, zone)) {
			d.shut = append(d.shut, s)
		}
	}
	for _, o := range want {
		if !o.StartsAt.After(now) {
			continue
		}
		s, ok := at[o.StartsAt.Unix()]
		switch {
		case ok && !s.Planned && s.Open && s.EndsAt.Equal(o.EndsAt): // opened by hand before the rule
		case !ok || !s.Planned || !s.is(o):
			d.missing = append(d.missing, o)
		case !s.Open || s.Capacity != o.Capacity:
			s.Capacity = o.Capacity
			d.seats = append(d.seats, s)
		}
	}
	return d
}

// loadTimetable reads what decides, and until which day there are to be hours.
func loadTimetable(ctx context.Context, tx *store.Tx, c Counsellor, have []hourAhead) (t timetable, until time.Time, err error) {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return t, until, err
	}
	until = calendar.Midnight(set.horizon(tx.Now()), tx.Zone()).AddDate(0, 0, 1)
	if n := len(have); n > 0 && have[n-1].StartsAt.After(until) {
		until = calendar.Midnight(have[n-1].StartsAt, tx.Zone())
	}
	t, err = timetableTo(ctx, tx, c, until)
	return t, until, err
}

// timetableTo reads what decides about the hours from today to a day.
func timetableTo(ctx context.Context, tx *store.Tx, c Counsellor, until time.Time) (t timetable, err error) {
	if t.rules, err = selectRules(ctx, tx, c.id); err != nil {
		return t, fmt.Errorf("load rules: %w", err)
	}
	if t.offs, err = selectOffs(ctx, tx, c.id); err != nil {
		return t, fmt.Errorf("load exceptions: %w", err)
	}
	if t.gone, err = hasLeft(ctx, tx, c); err != nil {
		return t, err
	}
	t.days, err = calendar.LoadDays(ctx, tx, tx.Now().In(tx.Zone()), until)
	return t, err
}

// PlanAll plans every counsellor who receives: after a change of the calendar or the
// horizon, and every night.
func PlanAll(ctx context.Context, tx *store.Tx) (Change, error) {
	ids, err := activeCounsellors(ctx, tx)
	if err != nil {
		return Change{}, fmt.Errorf("list counsellors: %w", err)
	}
	var all Change
	for _, id := range ids {
		c, err := lockCounsellor(ctx, tx, id)
		if err != nil {
			return Change{}, fmt.Errorf("lock counsellor: %w", err)
		}
		change, err := plan(ctx, tx, c)
		if err != nil {
			return Change{}, err
		}
		all.add(change)
	}
	return all, nil
}

// NightJob is the kind of the job that plans every night: the horizon moves on.
const NightJob = "counselling.night"

// Watch has the hours planned at once and then every night, and the counsellors told of
// their day every morning; every start of the program
// asks for it.
func Watch(ctx context.Context, tx *store.Tx) error {
	if err := job.Put(ctx, tx, NightJob, "all", "school", tx.Now(), struct{}{}); err != nil {
		return err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	return job.Put(ctx, tx, DigestJob, "all", "school", set.nextDigest(tx.Now(), tx.Zone()), struct{}{})
}

// Night is the step of NightJob. It begins with who has left, so that their hours are
// not opened any further.
func Night(ctx context.Context, tx *store.Tx, _ job.Job) (job.Result, error) {
	if err := Departures(ctx, tx); err != nil {
		return job.Result{}, err
	}
	if _, err := PlanAll(ctx, tx); err != nil {
		return job.Result{}, err
	}
	if err := closeUnrecorded(ctx, tx); err != nil {
		return job.Result{}, err
	}
	return job.Result{Again: true, At: calendar.Midnight(tx.Now(), tx.Zone()).AddDate(0, 0, 1)}, nil
}
