package counselling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// OfferState of an offer.
type OfferState string

// The states.
const (
	OfferOpen      OfferState = "open"
	OfferAccepted  OfferState = "accepted"
	OfferDeclined  OfferState = "declined"
	OfferExpired   OfferState = "expired"
	OfferWithdrawn OfferState = "withdrawn" // the hour was closed, or the wait ended
)

// Offer is a place held for who waits, until they answer or its time is over.
type Offer struct {
	PublicID  string
	State     OfferState
	Slot      Slot
	OfferedAt time.Time
	OpensAt   time.Time // after quiet hours
	Until     time.Time
	By        string // who of the centre offered it, "" if the order did
	Reason    string // why out of order

	id      int64
	wait    int64
	student identity.ID
}

// leastAnswer is the shortest time in which anybody can be asked to answer.
const leastAnswer = 5 * time.Minute

// offerUntil is how long a place at start offered at now is held: for the setting's
// minutes, which stop in quiet hours, and never beyond the time at which it could
// still be booked. opens is when the student hears of it.
func (s Settings) offerUntil(now, start time.Time, zone *time.Location) (opens, until time.Time) {
	quiet := s.quiet(zone)
	opens, until = quiet.Add(now, 0), quiet.Add(now, time.Duration(s.OfferMinutes)*time.Minute)
	if last := start.Add(-time.Duration(s.LeadMinutes) * time.Minute); last.Before(until) {
		until = last
	}
	return opens, until
}

// firstOfferable is the earliest start of a place that can be offered at now.
func (s Settings) firstOfferable(now time.Time, zone *time.Location) time.Time {
	return s.firstBookable(s.quiet(zone).Add(now, leastAnswer))
}

// freed gives every free place of the centre to the first in the queue whose wish it
// fits. Whoever makes a place free, or ends a wait, calls it in the same transaction,
// so that nobody else sees the place free before it is offered.
func freed(ctx context.Context, tx *store.Tx, centre int64) error {
	next, err := serve(ctx, tx, centre)
	if err != nil || next.IsZero() {
		return err
	}
	return job.Put(ctx, tx, ServeJob, strconv.FormatInt(centre, 10), scope(centre), next, serveArgs{Centre: centre})
}

// serve does what freed says. It returns when the next hour comes within the horizon, or
// the next pause is over; zero if nobody waits for either.
func serve(ctx context.Context, tx *store.Tx, centre int64) (next time.Time, err error) {
	if err := lockQueue(ctx, tx, centre); err != nil {
		return next, err
	}
	n, err := countWaits(ctx, tx, []int64{centre})
	if err != nil || n == 0 {
		return next, err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return next, err
	}
	over, err := skipsAt(ctx, tx, centre, set, tx.Now())
	if err != nil {
		return next, err
	}
	if err := tidy(ctx, tx, centre, over); err != nil {
		return next, err
	}
	for {
		m, err := nextMatch(ctx, tx, centre, over, set.firstOfferable(tx.Now(), tx.Zone()), set.horizon(tx.Now()))
		if store.Missing(err) {
			break
		}
		if err != nil {
			return next, fmt.Errorf("match waits: %w", err)
		}
		if err := offerPlace(ctx, tx, set, m, 0, ""); err != nil && !errors.Is(err, errLost) {
			return next, err
		}
	}
	next = over.next()
	start, err := firstHourFrom(ctx, tx, centre, set.horizon(tx.Now()))
	if err != nil || start.IsZero() {
		return next, err
	}
	comes := start.AddDate(0, 0, -set.HorizonDays)
	if !comes.After(tx.Now()) { // clocks were changed in between
		comes = tx.Now().Add(time.Hour)
	}
	if next.IsZero() || comes.Before(next) {
		next = comes
	}
	return next, nil
}

// tidy withdraws offers that cannot be accepted any more and ends waits that nothing can
// answer any more: their last day is over, or there is no booking to be earlier than.
func tidy(ctx context.Context, tx *store.Tx, centre int64, over skips) error {
	gone, err := offersInVain(ctx, tx, centre, over)
	if err != nil {
		return fmt.Errorf("find offers in vain: %w", err)
	}
	for _, o := range gone {
		if err := endOffer(ctx, tx, o, OfferWithdrawn); err != nil {
			return err
		}
	}
	ended, err := overWaits(ctx, tx, centre)
	if err != nil {
		return fmt.Errorf("find waits that are over: %w", err)
	}
	for _, w := range ended {
		if err := endWait(ctx, tx, 0, w, WaitLapsed); err != nil {
			return err
		}
	}
	return nil
}

// errLost says that somebody booked the free place at this moment.
var errLost = errors.New("the place was just taken")

// offerPlace holds the seat for the wait and tells the student. by and reason are the
// centre's, if it offers by hand.
func offerPlace(ctx context.Context, tx *store.Tx, set Settings, m match, by identity.ID, reason string) error {
	slots, err := selectSlots(ctx, tx, tx.Now(), `where s.id = $1`, m.Slot)
	if err != nil {
		return fmt.Errorf("load hour: %w", err)
	}
	n := newOffer{match: m, PublicID: store.NewPublicID(), By: by, Reason: reason}
	n.Opens, n.Until = set.offerUntil(tx.Now(), slots[0].StartsAt, tx.Zone())
	ok, err := insertOffer(ctx, tx, n)
	if err != nil {
		return fmt.Errorf("insert offer: %w", err)
	}
	if !ok {
		return errLost
	}
	list, err := selectOffers(ctx, tx, `where o.public_id = $1`, n.PublicID)
	if err != nil {
		return fmt.Errorf("load offer: %w", err)
	}
	o := list[0]
	if err := job.Put(ctx, tx, OfferJob, o.PublicID, scope(o.Slot.centre), o.Until, offerArgs{Offer: o.PublicID}); err != nil {
		return err
	}
	if err := audit.Append(ctx, tx, int64(by), "offer.make", offerSubject(o.PublicID), map[string]any{"reason": reason}); err != nil {
		return err
	}
	return announceOffer(ctx, tx, o, set)
}

// endOffer is the one place where an offer ends; its seat is free then. Ending what has
// ended changes nothing. Its job finds that by itself.
func endOffer(ctx context.Context, tx *store.Tx, o Offer, state OfferState) error {
	ok, err := setOfferState(ctx, tx, o.PublicID, state)
	if err != nil {
		return fmt.Errorf("end offer: %w", err)
	}
	if !ok {
		return nil
	}
	o.State = state
	by := o.student
	if state == OfferExpired || state == OfferWithdrawn {
		by = 0
	}
	if err := audit.Append(ctx, tx, int64(by), "offer."+string(state), offerSubject(o.PublicID), nil); err != nil {
		return err
	}
	return settleOffer(ctx, tx, o)
}

// Accept takes the offered place: it books it by the rules of Book, or moves the open
// booking there. Of an answer and the time limit, and of two answers, the first
// counts; the later one reads what happened.
func Accept(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, via Via) (Booking, error) {
	o, err := ownOffer(ctx, tx, who, publicID)
	if err != nil {
		return Booking{}, err
	}
	have, err := lockOpenBooking(ctx, tx, who.ID) // before the queue, as whoever frees a place does
	if err != nil {
		return Booking{}, fmt.Errorf("lock open booking: %w", err)
	}
	w, o, err := lockOffer(ctx, tx, who, o)
	if err != nil {
		return Booking{}, err
	}
	st, err := standingOf(ctx, tx, who.ID, "")
	if err != nil {
		return Booking{}, fmt.Errorf("load standing: %w", err)
	}
	if err := prepared(ctx, tx, who, st); err != nil { // Move does not ask, since who moves was asked before
		return Booking{}, err
	}
	if err := endOffer(ctx, tx, o, OfferAccepted); err != nil {
		return Booking{}, err
	}
	w.Offer = nil
	var b Booking
	if have == "" {
		b, err = Book(ctx, tx, who, o.Slot.PublicID, "", via)
	} else {
		b, err = Move(ctx, tx, who, have, o.Slot.PublicID, "")
	}
	if err != nil {
		return Booking{}, err
	}
	if err := endWait(ctx, tx, who.ID, w, WaitServed); err != nil {
		return Booking{}, err
	}
	return b, freed(ctx, tx, w.centre)
}

// Decline gives the offered place to the next; the wait keeps its place in the queue.
func Decline(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Wait, error) {
	o, err := ownOffer(ctx, tx, who, publicID)
	if err != nil {
		return Wait{}, err
	}
	w, o, err := lockOffer(ctx, tx, who, o)
	if err != nil {
		return Wait{}, err
	}
	if err := endOffer(ctx, tx, o, OfferDeclined); err != nil {
		return Wait{}, err
	}
	w.Offer = nil
	return w, freed(ctx, tx, w.centre)
}

// ownOffer returns an offer made to this person; every other id, real or not, is
// ErrConfidential.
func ownOffer(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Offer, error) {
	list, err := selectOffers(ctx, tx, `where o.public_id = $1 and w.student_id = $2`, publicID, who.ID)
	if err != nil {
		return Offer{}, fmt.Errorf("load offer: %w", err)
	}
	if len(list) == 0 {
		return Offer{}, ErrConfidential
	}
	return list[0], nil
}

// lockOffer locks the queue and returns the wait and its offer if it can still be
// answered; a late answer reads what became of it.
func lockOffer(ctx context.Context, tx *store.Tx, who identity.Person, o Offer) (Wait, Offer, error) {
	if err := lockQueue(ctx, tx, o.Slot.centre); err != nil {
		return Wait{}, o, err
	}
	o, err := ownOffer(ctx, tx, who, o.PublicID)
	if err != nil {
		return Wait{}, o, err
	}
	w, err := MyWait(ctx, tx, who)
	if err != nil {
		return Wait{}, o, err
	}
	if o.State != OfferOpen || w == nil || !tx.ReceivedAt().Before(o.Until) {
		return Wait{}, o, lateFor(o, w, tx.Zone())
	}
	return *w, o, nil
}

// lateFor tells who answers late what became of the offer, and whether they still wait.
func lateFor(o Offer, w *Wait, zone *time.Location) error {
	when := calendar.When(o.Slot.StartsAt, zone)
	var s string
	switch o.State {
	case OfferAccepted:
		return errs.New(errs.Conflict, when+" 的空位你已经要了，不用再按。在“我的预约”里能看到。")
	case OfferDeclined:
		s = when + " 的空位你已经让出了。"
	case OfferWithdrawn:
		s = when + " 的空位已经撤下了。"
	case OfferOpen, OfferExpired:
		s = fmt.Sprintf("%s 的空位为你留到 %s，现在已过时限。", when, calendar.When(o.Until, zone))
	}
	if w == nil {
		return errs.New(errs.Conflict, s+"想继续等，写“排队”。")
	}
	return errs.New(errs.Conflict, fmt.Sprintf("%s你还在排队，第 %d 位，有合适的空位再告诉你。", s, w.Place))
}

// OfferFree offers a free place by the hand of who runs the centre: to the first whose
// wish it fits (wait ""), or to another wait with a written reason, which is audited.
func OfferFree(ctx context.Context, tx *store.Tx, who identity.Person, slotID, waitID, reason string) (Wait, error) {
	slot, err := slotByPublicID(ctx, tx, slotID, tx.Now())
	if store.Missing(err) || err == nil && !runsCentre(who, slot.centre) {
		return Wait{}, ErrConfidential
	}
	if err != nil {
		return Wait{}, fmt.Errorf("load hour: %w", err)
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return Wait{}, err
	}
	if err := lockQueue(ctx, tx, slot.centre); err != nil {
		return Wait{}, err
	}
	opens, until := set.offerUntil(tx.Now(), slot.StartsAt, tx.Zone())
	switch reason = strings.TrimSpace(reason); {
	case !slot.Open || slot.StartsAt.After(set.horizon(tx.Now())):
		return Wait{}, errs.Field("slot", "这个时间现在不开放预约。")
	case !until.After(opens):
		return Wait{}, errs.Field("slot", "离开始太近，来不及等学生答复了。请直接联系学生。")
	case len([]rune(reason)) > 200:
		return Wait{}, errs.Field("reason", "理由最多 200 个字。")
	}
	over, err := skipsAt(ctx, tx, slot.centre, set, tx.Now())
	if err != nil {
		return Wait{}, err
	}
	m, err := chosen(ctx, tx, slot, over, waitID, reason)
	if err != nil {
		return Wait{}, err
	}
	if err := offerPlace(ctx, tx, set, m, who.ID, reason); errors.Is(err, errLost) {
		return Wait{}, errs.Field("slot", "这个名额刚刚有人约了。")
	} else if err != nil {
		return Wait{}, err
	}
	list, err := selectWaits(ctx, tx, `where w.id = $1`, m.Wait)
	if err != nil {
		return Wait{}, fmt.Errorf("load wait: %w", err)
	}
	return list[0], nil
}

// chosen is the match the centre wants, if it is in order or has its reason.
func chosen(ctx context.Context, tx *store.Tx, slot Slot, over skips, waitID, reason string) (match, error) {
	first, err := firstFor(ctx, tx, slot.id, over)
	if err != nil && !store.Missing(err) {
		return first, fmt.Errorf("match waits: %w", err)
	}
	if waitID == "" {
		if store.Missing(err) {
			return first, errs.Field("wait", "排队的同学里没有要求相符、又没有被问过这个时间的。要给别的同学，请选一位并写明理由。")
		}
		return first, nil
	}
	m, err := matchOf(ctx, tx, slot.id, waitID, over)
	switch {
	case store.Missing(err):
		return m, errs.Field("wait", "这位同学已经不在排队，手上有一个还没答复的空位，或者现在不能预约（暂停、这学期次数已满）；也可能名额刚刚没有了。")
	case err != nil:
		return m, fmt.Errorf("match wait: %w", err)
	case m.Wait != first.Wait && reason == "":
		return m, errs.Field("reason", "这不是顺序里的第一位，请写明为什么先给这位同学，会记入审计。")
	}
	return m, nil
}

// The kinds of the queue's jobs.
const (
	OfferJob = "counselling.offer"    // an offer's time is over
	ServeJob = "counselling.waitlist" // an hour comes within the horizon
	AskJob   = "counselling.wait"     // whether a wait is still wanted
)

type offerArgs struct {
	Offer string `json:"offer"`
}

type serveArgs struct {
	Centre int64 `json:"centre"`
}

type askArgs struct {
	Wait string `json:"wait"`
}

// ExpireOffer gives the place nobody answered for to the next; it is the step of OfferJob.
func ExpireOffer(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	var a offerArgs
	if err := json.Unmarshal(j.Args, &a); err != nil {
		return job.Result{}, fmt.Errorf("job args: %w", err)
	}
	find := func() (Offer, error) {
		list, err := selectOffers(ctx, tx, `where o.public_id = $1`, a.Offer)
		if err != nil || len(list) == 0 {
			return Offer{}, fmt.Errorf("load offer %s: %w", a.Offer, err)
		}
		return list[0], nil
	}
	o, err := find()
	if err != nil || o.State != OfferOpen {
		return job.Result{}, err
	}
	if err := lockQueue(ctx, tx, o.Slot.centre); err != nil {
		return job.Result{}, err
	}
	if o, err = find(); err != nil || o.State != OfferOpen {
		return job.Result{}, err
	}
	if tx.Now().Before(o.Until) {
		return job.Result{Again: true, At: o.Until}, nil
	}
	if err := endOffer(ctx, tx, o, OfferExpired); err != nil {
		return job.Result{}, err
	}
	return job.Result{}, freed(ctx, tx, o.Slot.centre)
}

// ServeWaitlist offers what has come within the horizon; it is the step of ServeJob.
func ServeWaitlist(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	var a serveArgs
	if err := json.Unmarshal(j.Args, &a); err != nil {
		return job.Result{}, fmt.Errorf("job args: %w", err)
	}
	next, err := serve(ctx, tx, a.Centre)
	return job.Result{Again: !next.IsZero(), At: next}, err
}

// askFor is how long the answer to whether a wait is still wanted is waited for.
const askFor = 48 * time.Hour

// AskWait asks whether a wait is still wanted, and ends it if nobody answers; it is
// the step of AskJob.
func AskWait(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	var a askArgs
	if err := json.Unmarshal(j.Args, &a); err != nil {
		return job.Result{}, fmt.Errorf("job args: %w", err)
	}
	find := func() (*Wait, error) {
		list, err := selectWaits(ctx, tx, `where w.public_id = $1 and w.ended_at is null`, a.Wait)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		return &list[0], nil
	}
	w, err := find()
	if err != nil || w == nil {
		return job.Result{}, err
	}
	if err := lockQueue(ctx, tx, w.centre); err != nil {
		return job.Result{}, err
	}
	if w, err = find(); err != nil || w == nil {
		return job.Result{}, err
	}
	switch end := w.Want.end(tx.Zone()); {
	case !end.IsZero() && !tx.Now().Before(end): // its last day is over
	case w.AskedAt.IsZero() && tx.Now().Before(w.askAt):
		return job.Result{Again: true, At: w.askAt}, nil
	case w.AskedAt.IsZero():
		until := tx.Now().Add(askFor)
		if err := setAsked(ctx, tx, w.id); err != nil {
			return job.Result{}, fmt.Errorf("ask about wait: %w", err)
		}
		return job.Result{Again: true, At: until}, announceAsk(ctx, tx, *w, until)
	case tx.Now().Before(w.AskedAt.Add(askFor)):
		return job.Result{Again: true, At: w.AskedAt.Add(askFor)}, nil
	}
	if err := endWait(ctx, tx, 0, *w, WaitLapsed); err != nil {
		return job.Result{}, err
	}
	return job.Result{}, freed(ctx, tx, w.centre)
}

func putAsk(ctx context.Context, tx *store.Tx, n newWait) error {
	return job.Put(ctx, tx, AskJob, n.PublicID, scope(n.Centre), n.AskAt, askArgs{Wait: n.PublicID})
}

func offerSubject(publicID string) string { return "offer/" + publicID }

// brokenQueue returns one line for each row that breaks an invariant of the queue
// (T1, T2): held seats, deadlines, the order, consent, places that nobody was offered.
func brokenQueue(ctx context.Context, tx *store.Tx) ([]string, error) {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return nil, err
	}
	since, err := firstOffer(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit waitlist: %w", err)
	}
	if late := tx.Now().Add(-latency); late.Before(since) {
		since = late
	}
	over, err := skipsAt(ctx, tx, 0, set, since)
	if err != nil {
		return nil, err
	}
	lines, err := brokenWaits(ctx, tx, over, set.firstOfferable(tx.Now(), tx.Zone()), set.horizon(tx.Now().Add(-latency)), tx.Now().Add(-latency))
	if err != nil {
		return nil, fmt.Errorf("audit waitlist: %w", err)
	}
	return lines, nil
}

// latency is how late due work may be before it counts as not done.
const latency = 10 * time.Minute
