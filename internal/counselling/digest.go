package counselling

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// KindDigest is the counsellor's morning in one message (T17).
const KindDigest = "counselling.digest"

// DigestJob tells every counsellor in the morning what the day has for them.
const DigestJob = "counselling.digest"

// digestLasts is how long after its time the digest is still worth sending.
const digestLasts = 2 * time.Hour

// DigestFacts is what the morning's message says. It names nobody.
type DigestFacts struct {
	Today     int       `json:"today"`
	First     time.Time `json:"first"` // the start of the first hour
	Pending   int       `json:"pending"`
	Deadline  time.Time `json:"deadline"` // the earliest
	Unsettled int       `json:"unsettled"`
	Unwritten int       `json:"unwritten"`
}

// None tells whether there is nothing to say.
func (f DigestFacts) None() bool { return f.Today+f.Pending+f.Unsettled+f.Unwritten == 0 }

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
	if f.Pending > 0 {
		f.Deadline = d.Pending[0].HeldUntil
	}
	return f
}

// nextDigest is the setting's hour today or, when that has passed, tomorrow.
func (s Settings) nextDigest(now time.Time, zone *time.Location) time.Time {
	at := eveOf(calendar.Midnight(now, zone).AddDate(0, 0, 1), s.DigestAt, zone)
	if !at.After(now) {
		at = eveOf(calendar.Midnight(now, zone).AddDate(0, 0, 2), s.DigestAt, zone)
	}
	return at
}

// Digest is the step of DigestJob. Who has nothing is left alone.
func Digest(ctx context.Context, tx *store.Tx, _ job.Job) (job.Result, error) {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return job.Result{}, err
	}
	list, err := selectCounsellors(ctx, tx, "where c.active")
	if err != nil {
		return job.Result{}, fmt.Errorf("list counsellors: %w", err)
	}
	for _, c := range list {
		d, err := dayOf(ctx, tx, c.centre, c.person)
		if err != nil {
			return job.Result{}, err
		}
		if err := putDigest(ctx, tx, c, d.digest(), set); err != nil {
			return job.Result{}, err
		}
	}
	return job.Result{Again: true, At: set.nextDigest(tx.Now(), tx.Zone())}, nil
}

func putDigest(ctx context.Context, tx *store.Tx, c Counsellor, f DigestFacts, set Settings) error {
	if f.None() {
		return nil
	}
	due := set.quiet(tx.Zone()).Add(tx.Now(), 0)
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{c.person}, Kind: KindDigest, Class: outbox.Timed, DueAt: due, NotAfter: due.Add(digestLasts), Scope: scope(c.centre),
		Key: fmt.Sprintf("%s/%d/%s", KindDigest, c.person, tx.Now().In(tx.Zone()).Format(time.DateOnly)), Args: f,
	})
}
