package counselling

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/setting"
	"github.com/xuegong/xuegong/internal/store"
)

// LoadSettings returns the centre's settings.
func LoadSettings(ctx context.Context, tx *store.Tx) (Settings, error) {
	return setting.Load(ctx, tx, settingKey, Defaults())
}

// Counsellors lists who can be booked, each with the next free hour (D-41).
// Students and the centre may read it.
func Counsellors(ctx context.Context, tx *store.Tx, who identity.Person) ([]Counsellor, error) {
	if err := mayLook(who); err != nil {
		return nil, err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return nil, err
	}
	list, err := selectCounsellors(ctx, tx, "where c.active")
	if err != nil {
		return nil, fmt.Errorf("list counsellors: %w", err)
	}
	next, err := nextFree(ctx, tx, set.firstBookable(tx.Now()), set.horizon(tx.Now()))
	if err != nil {
		return nil, fmt.Errorf("next free hours: %w", err)
	}
	for i := range list {
		if s, ok := next[list[i].id]; ok {
			list[i].NextFree = &s
		}
	}
	return list, nil
}

// OneCounsellor returns an active counsellor by public id.
func OneCounsellor(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Counsellor, error) {
	if err := mayLook(who); err != nil {
		return Counsellor{}, err
	}
	list, err := selectCounsellors(ctx, tx, "where c.public_id = $1 and c.active", publicID)
	if err != nil {
		return Counsellor{}, fmt.Errorf("load counsellor: %w", err)
	}
	if len(list) == 0 {
		return Counsellor{}, errs.New(errs.NotFound, "没有找到这位老师，可能暂时不接待。请从列表里重新选择。")
	}
	return list[0], nil
}

// Slots lists the hours of a counsellor ("" for all) that begin in [from, to), full
// and too soon ones included, so that they can be shown and not chosen (D-43).
func Slots(ctx context.Context, tx *store.Tx, who identity.Person, counsellor string, from, to time.Time) ([]Slot, error) {
	slots, _, err := SlotsAfter(ctx, tx, who, counsellor, from, to, store.Page{Limit: maxSlots})
	return slots, err
}

// maxSlots is how many hours are shown at once.
const maxSlots = 500

// SlotsAfter is a page of Slots, by time, and what the next page comes after.
func SlotsAfter(ctx context.Context, tx *store.Tx, who identity.Person, counsellor string, from, to time.Time, p store.Page) ([]Slot, string, error) {
	if err := mayLook(who); err != nil {
		return nil, "", err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return nil, "", err
	}
	if from.Before(tx.Now()) {
		from = tx.Now()
	}
	if h := set.horizon(tx.Now()); to.After(h) || to.IsZero() {
		to = h
	}
	slots, next, err := store.ReadPage(p, func(s Slot) string { return s.PublicID },
		func(limit int) ([]Slot, error) {
			return openSlots(ctx, tx, counsellor, from, to, set.firstBookable(tx.Now()), p.After, limit)
		},
		func() (bool, error) { return isSlot(ctx, tx, p.After) })
	if err != nil {
		return nil, "", fmt.Errorf("list hours: %w", err)
	}
	return slots, next, nil
}

// mayLook: students and the centre see who offers hours and when; nobody else needs to.
func mayLook(who identity.Person) error {
	if who.IsStudent() || len(Centres(who)) > 0 {
		return nil
	}
	return ErrStudentsOnly
}

// Mine lists the student's own bookings, newest first (D-44): the last hundred.
func Mine(ctx context.Context, tx *store.Tx, who identity.Person) ([]Booking, error) {
	list, _, err := MineAfter(ctx, tx, who, store.Page{Limit: 100})
	return list, err
}

// MineAfter is a page of Mine and what the next page comes after.
func MineAfter(ctx context.Context, tx *store.Tx, who identity.Person, p store.Page) ([]Booking, string, error) {
	list, next, err := store.ReadPage(p, func(b Booking) string { return b.PublicID },
		func(limit int) ([]Booking, error) { return ownBookings(ctx, tx, who.ID, p.After, limit) },
		func() (bool, error) { return isOwnBooking(ctx, tx, who.ID, p.After) })
	if err != nil {
		return nil, "", fmt.Errorf("list own bookings: %w", err)
	}
	return list, next, nil
}

// Get returns a booking with its history to its student or the centre. Every other
// id, real or not, is ErrConfidential. A reading by the centre is audited.
func Get(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Booking, error) {
	list, err := selectBookings(ctx, tx, `where b.public_id = $1`, publicID)
	if err != nil {
		return Booking{}, fmt.Errorf("load booking: %w", err)
	}
	if len(list) == 0 {
		return Booking{}, ErrConfidential
	}
	b := list[0]
	if !b.of(who) {
		if !atCentre(who, b.Slot.centre) {
			return Booking{}, ErrConfidential
		}
		if err := audit.Append(ctx, tx, int64(who.ID), "booking.read", Subject(publicID), nil); err != nil {
			return Booking{}, err
		}
	}
	if b.History, err = selectEvents(ctx, tx, b.id); err != nil {
		return Booking{}, fmt.Errorf("load history: %w", err)
	}
	return b, nil
}

func (b Booking) of(who identity.Person) bool { return b.Student.ID == who.ID && who.ID != 0 }

// Day is what the centre's desk shows of one day.
type Day struct {
	Date     time.Time
	Slots    []Slot
	Bookings []Booking
	Pending  []Booking // of all days, the earliest deadline first
}

// maxDayBookings is how many bookings of a day are shown, cancelled ones too.
const maxDayBookings = 2000

// DayList returns the centre's day. Only the centre may read it; the reading is audited.
func DayList(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, day time.Time) (Day, error) {
	if !atCentre(who, centre) {
		return Day{}, ErrConfidential
	}
	from := calendar.Midnight(day, tx.Zone())
	to := from.AddDate(0, 0, 1)
	d := Day{Date: from}
	var err error
	if d.Slots, err = selectSlots(ctx, tx, tx.Now(), `
		where c.centre_id = $1 and s.starts_at >= $2 and s.starts_at < $3 and `+isShown+` order by s.starts_at, c.position, c.id`, centre, from, to); err != nil {
		return Day{}, fmt.Errorf("hours of the day: %w", err)
	}
	if d.Bookings, err = bookingsBetween(ctx, tx, centre, from, to, maxDayBookings); err != nil {
		return Day{}, fmt.Errorf("bookings of the day: %w", err)
	}
	if d.Pending, err = pendingAt(ctx, tx, centre); err != nil {
		return Day{}, fmt.Errorf("pending bookings: %w", err)
	}
	return d, audit.Append(ctx, tx, int64(who.ID), "booking.list", fmt.Sprintf("unit/%d", centre),
		map[string]any{"day": from.Format(time.DateOnly)})
}
