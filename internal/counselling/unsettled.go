package counselling

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// Stranded is a booking whose hour was closed, and where it could go.
type Stranded struct {
	Booking Booking
	Near    []Slot // the nearest free hours, of the same counsellor first
}

// nearest is how many hours are offered for a booking.
const nearest = 6

// Unsettled lists the centre's bookings whose hour was closed and has not begun: a rule
// changed, a holiday came, a counsellor is away or left. It is what remains to be done
// until a person moved or cancelled each. Only the centre may read it; the reading is
// audited.
func Unsettled(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Stranded, error) {
	if !atCentre(who, centre) {
		return nil, ErrConfidential
	}
	list, err := unsettled(ctx, tx, centre)
	if err != nil {
		return nil, fmt.Errorf("list unsettled bookings: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "unsettled.read", fmt.Sprintf("unit/%d", centre), nil); err != nil {
		return nil, err
	}
	return withNear(ctx, tx, list)
}

func withNear(ctx context.Context, tx *store.Tx, list []Booking) ([]Stranded, error) {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return nil, err
	}
	stranded := make([]Stranded, len(list))
	for i, b := range list {
		near, err := nearSlots(ctx, tx, b.Slot, set.firstBookable(tx.Now()), set.horizon(tx.Now()), nearest)
		if err != nil {
			return nil, fmt.Errorf("nearest free hours: %w", err)
		}
		stranded[i] = Stranded{Booking: b, Near: near}
	}
	return stranded, nil
}

// UnsettledCount counts what Unsettled lists, of all centres of the person; 0 for
// everybody else.
func UnsettledCount(ctx context.Context, tx *store.Tx, who identity.Person) (int, error) {
	centres := Centres(who)
	if len(centres) == 0 {
		return 0, nil
	}
	n, err := countUnsettled(ctx, tx, centres)
	if err != nil {
		return 0, fmt.Errorf("count unsettled bookings: %w", err)
	}
	return n, nil
}

// Fate is what becomes of a booking: moved to an hour by its public id, or one of the words.
type Fate struct {
	Booking string `json:"booking"`
	To      string `json:"to"`
}

// The words of a Fate.
const (
	ToNext   = "next"   // the nearest free hour, of the same counsellor first
	ToCancel = "cancel" // cancelled with the reason
)

// chunk is how many bookings are resettled in one transaction.
const chunk = 20

// maxFates is how many bookings one act resettles.
const maxFates = 500

// ResettleJob is the kind of the job that resettles what is more than a chunk.
const ResettleJob = "counselling.resettle"

// Resettling is what was asked for, kept by the job until it is done.
type resettling struct {
	Who    identity.ID `json:"who"`
	Reason string      `json:"reason"`
	Fates  []Fate      `json:"fates"`
}

// Resettled says how far an act came.
type Resettled struct {
	Done    int // moved or cancelled
	Left    int // could not be: no free hour, or the hour was just taken; they stay unsettled
	Waiting int // are done by the job
}

// Resettle moves or cancels bookings of the centre with a reason their students read,
// each of them told once. Up to a chunk is done at once, more by a job in chunks, which
// goes on where it stopped. What cannot be done (the hour was just taken) stays
// unsettled.
func Resettle(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, reason string, fates []Fate) (Resettled, error) {
	if !atCentre(who, centre) {
		return Resettled{}, ErrConfidential
	}
	switch {
	case len(fates) == 0:
		return Resettled{}, errs.New(errs.Invalid, "还没有为任何一条预约选择去处。")
	case len(fates) > maxFates:
		return Resettled{}, errs.New(errs.TooLarge, fmt.Sprintf("一次最多安排 %d 条，请分几次来。", maxFates))
	}
	reason, err := checkReason(reason)
	if err != nil {
		return Resettled{}, err
	}
	if len(fates) <= chunk {
		return resettle(ctx, tx, who, reason, fates)
	}
	err = job.Put(ctx, tx, ResettleJob, store.NewPublicID(), scope(centre), tx.Now(), resettling{Who: who.ID, Reason: reason, Fates: fates})
	return Resettled{Waiting: len(fates)}, err
}

// ResettleStep is the step of ResettleJob: one chunk, in the name of who asked, with the
// rights they have now.
func ResettleStep(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	var a resettling
	if err := json.Unmarshal(j.Args, &a); err != nil {
		return job.Result{}, fmt.Errorf("job args: %w", err)
	}
	who, err := identity.Get(ctx, tx, a.Who)
	if err != nil {
		return job.Result{}, err
	}
	todo := a.Fates[min(j.Done, len(a.Fates)):]
	todo = todo[:min(chunk, len(todo))]
	if _, err := resettle(ctx, tx, who, a.Reason, todo); err != nil {
		return job.Result{}, err
	}
	done := j.Done + len(todo)
	return job.Result{Again: done < len(a.Fates), Done: done, Total: len(a.Fates)}, nil
}

// resettle does each in a savepoint: what is refused leaves the others done.
func resettle(ctx context.Context, tx *store.Tx, who identity.Person, reason string, fates []Fate) (r Resettled, err error) {
	touched := map[string]bool{}
	for _, f := range fates {
		err := tx.Try(ctx, func() error {
			b, err := settleOne(ctx, tx, who, reason, f)
			touched[b.Slot.Counsellor] = true
			return err
		})
		switch {
		case err == nil:
			r.Done++
		case errs.KindOf(err) == errs.Internal:
			return r, err
		default:
			r.Left++
		}
	}
	return r, clearHours(ctx, tx, touched)
}

// ErrSettled is read by who is late: the booking was dealt with meanwhile.
var ErrSettled = errs.New(errs.Conflict, "这条预约刚刚处理过了，请刷新再看。")

// settleOne does one booking, unless it stands in an open hour again or is over.
func settleOne(ctx context.Context, tx *store.Tx, who identity.Person, reason string, f Fate) (Booking, error) {
	b, err := lockFor(ctx, tx, who, f.Booking)
	if err != nil {
		return b, err
	}
	if b.Slot.Open || !b.State.Open() {
		return b, ErrSettled
	}
	switch f.To {
	case ToCancel:
		_, err = Cancel(ctx, tx, who, f.Booking, reason)
	case ToNext:
		err = moveToNext(ctx, tx, who, b, reason)
	default:
		_, err = Move(ctx, tx, who, f.Booking, f.To, reason)
	}
	return b, err
}

// moveToNext takes the booking to the nearest free hour; another's press may have taken
// the first, and leaves the next.
func moveToNext(ctx context.Context, tx *store.Tx, who identity.Person, b Booking, reason string) error {
	near, err := withNear(ctx, tx, []Booking{b})
	if err != nil {
		return err
	}
	err = errs.New(errs.Conflict, "没有空着的时间了。")
	for _, s := range near[0].Near {
		if err = tx.Try(ctx, func() error { _, err := Move(ctx, tx, who, b.PublicID, s.PublicID, reason); return err }); err == nil {
			return nil
		}
		if errs.KindOf(err) == errs.Internal {
			return err
		}
	}
	return err
}

// clearHours plans the counsellors whose closed hours may have become empty: what was
// in their way can open now.
func clearHours(ctx context.Context, tx *store.Tx, counsellors map[string]bool) error {
	for _, id := range slices.Sorted(maps.Keys(counsellors)) {
		c, err := lockCounsellor(ctx, tx, id)
		if store.Missing(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("lock counsellor: %w", err)
		}
		if _, err := plan(ctx, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// Progress is how far a job that resettles came.
type Progress struct{ Done, Total int }

// Resettlings returns what Resettle left to jobs of the centre and is not done.
func Resettlings(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Progress, error) {
	if !atCentre(who, centre) {
		return nil, ErrConfidential
	}
	jobs, err := job.Running(ctx, tx, ResettleJob, scope(centre))
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	list := make([]Progress, len(jobs))
	for i, j := range jobs {
		list[i] = Progress{Done: j.Done, Total: j.Total}
	}
	return list, nil
}

// Affected lists the bookings that stay in hours a change closes, each with the nearest
// hours that remain free. It is for a preview: act is done, looked at and undone.
func Affected(ctx context.Context, tx *store.Tx, act func() (Change, error)) (change Change, list []Stranded, err error) {
	change, err = Preview(ctx, tx, func() (Change, error) {
		c, err := act()
		if err != nil {
			return c, err
		}
		list, err = withNear(ctx, tx, c.Stay)
		return c, err
	})
	return change, list, err
}
