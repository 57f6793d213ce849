package counselling

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// KindDigest is the morning of who decides about bookings in one message (T17).
const KindDigest = "counselling.digest"

// DigestJob tells every counsellor and the front desk in the morning what the day has for
// them, and what came at night.
const DigestJob = "counselling.digest"

// digestLasts is how long after its time the digest is still worth sending: it may be all
// that tells of a request that came at night.
const digestLasts = 8 * time.Hour

// digestLists is how many of the pending bookings the digest names.
const digestLists = 5

// DigestFacts is what the morning's message says. It names a student as cards do: 张同学.
type DigestFacts struct {
	Today     int          `json:"today"`
	First     time.Time    `json:"first"` // the start of the first hour
	Pending   int          `json:"pending"`
	Asked     []DigestItem `json:"asked,omitempty"` // of the pending, the earliest deadlines
	Appeals   int          `json:"appeals"`
	Unsettled int          `json:"unsettled"`
	Unwritten int          `json:"unwritten"`
	Desk      bool         `json:"desk"` // of the whole centre
}

// DigestItem is a booking that waits for a decision.
type DigestItem struct {
	Booking  string    `json:"booking"`
	Student  string    `json:"student"`
	StartsAt time.Time `json:"starts_at"`
	Until    time.Time `json:"until"`
}

// None tells whether there is nothing to say.
func (f DigestFacts) None() bool { return f.Today+f.Pending+f.Appeals+f.Unsettled+f.Unwritten == 0 }

func (d MyDay) digest() DigestFacts {
	f := DigestFacts{Pending: len(d.Pending), Unsettled: len(d.Unsettled), Unwritten: len(d.Unwritten)}
	for _, b := range d.Today {
		if b.State != Confirmed { // what is pending is counted there
			continue
		}
		if f.Today == 0 {
			f.First = b.Slot.StartsAt
		}
		f.Today++
	}
	for _, b := range d.Pending[:min(len(d.Pending), digestLists)] {
		f.Asked = append(f.Asked, DigestItem{b.PublicID, shortName(b.Student.Name), b.Slot.StartsAt, b.HeldUntil})
	}
	return f
}

// cardAt is when a card that wants a decision by a time goes to the centre: at once, or
// after quiet hours if the time ends with that day, at night if it ends before. alone is
// false for what the morning's digest says for all.
func (s Settings) cardAt(now, by time.Time, zone *time.Location) (at time.Time, alone bool) {
	switch at = s.afterQuiet(now, zone); {
	case at.Equal(now) || !by.After(at):
		return now, true
	case by.Before(calendar.Midnight(at, zone).AddDate(0, 0, 1)):
		return at, true
	}
	return time.Time{}, false
}

// nextDigest is the setting's hour today or, when that has passed, tomorrow; never within
// quiet hours, so that it tells of everything that came in them.
func (s Settings) nextDigest(now time.Time, zone *time.Location) time.Time {
	for day := 1; ; day++ {
		at := eveOf(calendar.Midnight(now, zone).AddDate(0, 0, day), s.DigestAt, zone)
		if at = s.afterQuiet(at, zone); at.After(now) {
			return at
		}
	}
}

// reader is who gets a digest.
type reader struct {
	person identity.ID
	centre int64
	desk   bool // decides for everybody
}

// Digest is the step of DigestJob. Who has nothing is left alone.
func Digest(ctx context.Context, tx *store.Tx, _ job.Job) (job.Result, error) {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return job.Result{}, err
	}
	list, err := readers(ctx, tx)
	if err != nil {
		return job.Result{}, err
	}
	for _, r := range list {
		f, err := r.morning(ctx, tx)
		if err != nil {
			return job.Result{}, err
		}
		if err := putDigest(ctx, tx, r, f); err != nil {
			return job.Result{}, err
		}
	}
	return job.Result{Again: true, At: set.nextDigest(tx.Now(), tx.Zone())}, nil
}

// readers are those who decide about bookings: the counsellors and the front desk.
func readers(ctx context.Context, tx *store.Tx) ([]reader, error) {
	all := map[identity.ID]reader{}
	counsellors, err := selectCounsellors(ctx, tx, "where c.active")
	if err != nil {
		return nil, fmt.Errorf("list counsellors: %w", err)
	}
	for _, c := range counsellors {
		all[c.person] = reader{person: c.person, centre: c.centre}
	}
	centres, err := identity.Units(ctx, tx, identity.Centre)
	if err != nil {
		return nil, err
	}
	for _, u := range centres {
		staff, err := identity.HolderIDs(ctx, tx, u.ID, identity.CentreDesk)
		if err != nil {
			return nil, err
		}
		for _, id := range staff {
			all[id] = reader{person: id, centre: u.ID, desk: true}
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b reader) int { return int(a.person - b.person) }), nil
}

// morning is what the day has for the reader.
func (r reader) morning(ctx context.Context, tx *store.Tx) (DigestFacts, error) {
	whose := r.person
	if r.desk {
		whose = 0
	}
	d, err := dayOf(ctx, tx, r.centre, whose)
	if err != nil {
		return DigestFacts{}, err
	}
	f := d.digest()
	f.Desk = r.desk
	if f.Appeals, err = appealsOf(ctx, tx, r.centre, whose); err != nil {
		return f, fmt.Errorf("count appeals: %w", err)
	}
	if !r.desk {
		return f, nil
	}
	own, err := unwrittenSince(ctx, tx, r.centre, r.person) // a note is its counsellor's alone
	f.Unwritten = len(own)
	return f, err
}

func putDigest(ctx context.Context, tx *store.Tx, r reader, f DigestFacts) error {
	if f.None() {
		return nil
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{r.person}, Kind: KindDigest, Class: outbox.Timed, NotAfter: tx.Now().Add(digestLasts), Scope: scope(r.centre),
		Key: fmt.Sprintf("%s/%d/%s", KindDigest, r.person, tx.Now().In(tx.Zone()).Format(time.DateOnly)), Args: f,
	})
}
