package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Queue is the name under which sends announce their due time.
const Queue = "send"

// Class says how a message stands to time.
type Class string

// The classes (design.md "A message out").
const (
	Reply  Class = "reply"  // now: somebody is waiting for it
	Urgent Class = "urgent" // now, also in quiet hours
	Timed  Class = "timed"  // at its hour; before quiet hours if that falls inside; dead after NotAfter
	Offer  Class = "offer"  // after quiet hours, its clock stops in them
	Bulk   Class = "bulk"   // after the night (Put sees to it); nobody waits for it
)

// Message is one event announced to one or more persons with one call.
type Message struct {
	To       []identity.ID
	Stranger string // userid of somebody who is no person here, instead of To
	Kind     string // chooses the renderer, for example counselling.confirmed
	Class    Class
	DueAt    time.Time // zero means now
	NotAfter time.Time // zero means it is never too late
	Scope    string    // who may see more than its count, for example unit:3
	Subject  string    // what it is about; Cancel and Settle work by it
	Key      string    // an event announced before under the key is not announced again; may be empty
	Card     bool      // waits for a press, until Settle
	Decision bool      // of a Card: asks staff to decide; renewed when it grows old, joins a summary when there are many
	Args     any       // for the renderer; stored sealed
}

// Put announces events in the transaction that makes them true, in this order. Nobody to
// tell, or a key already announced, changes nothing.
func Put(ctx context.Context, tx *store.Tx, messages ...Message) error {
	var sends []newSend
	for _, m := range messages {
		if len(m.To) == 0 && m.Stranger == "" {
			continue
		}
		if m.DueAt.IsZero() || m.DueAt.Before(tx.Now()) {
			m.DueAt = tx.Now()
		}
		if m.Class == Bulk {
			m.DueAt = byDay(m.DueAt, tx.Zone(), m.Subject+m.Key)
		}
		args, err := json.Marshal(m.Args)
		if err != nil {
			return fmt.Errorf("message args: %w", err)
		}
		s := newSend{PublicID: store.NewPublicID(), Message: m}
		s.Sealed = tx.Keys().Seal(argsPlace(s.PublicID), args)
		sends = append(sends, s)
	}
	if len(sends) == 0 {
		return nil
	}
	put, err := insertMessages(ctx, tx, sends)
	if err != nil {
		return fmt.Errorf("put message %s: %w", sends[0].Kind, err)
	}
	for i, a := range put {
		if a.Told == 0 {
			if err := dropSend(ctx, tx, a.ID); err != nil {
				return err
			}
			continue
		}
		tx.Announce(store.Due{Queue: Queue, ID: a.ID, At: sends[i].DueAt})
	}
	return nil
}

// Cancel withdraws what waits for its time under a subject: the kinds given, or all
// messages if none is. What is already leaving is not held back.
func Cancel(ctx context.Context, tx *store.Tx, subject string, kinds ...string) error {
	if err := cancelWaiting(ctx, tx, subject, kinds); err != nil {
		return fmt.Errorf("cancel messages: %w", err)
	}
	return nil
}

// Settle ends every open card of a subject: a card not yet sent is withdrawn, every
// other one becomes its result, rendered from kind and args for all who hold it.
func Settle(ctx context.Context, tx *store.Tx, subject, kind string, args any) error {
	return settle(ctx, tx, subject, kind, args, false)
}

// Supersede is Settle for cards that a further one takes the place of. One not yet sent
// is sent all the same, since whom it calls has heard nothing yet.
func Supersede(ctx context.Context, tx *store.Tx, subject, kind string, args any) error {
	return settle(ctx, tx, subject, kind, args, true)
}

func settle(ctx context.Context, tx *store.Tx, subject, kind string, args any, keepUnsent bool) error {
	cards, err := lockOpenCards(ctx, tx, subject)
	if err != nil {
		return fmt.Errorf("find open cards: %w", err)
	}
	b, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("message args: %w", err)
	}
	for _, c := range cards {
		if c.Unsent && keepUnsent {
			continue
		}
		if err := closeCard(ctx, tx, c.ID); err != nil {
			return fmt.Errorf("close card: %w", err)
		}
		if c.Unsent {
			if err := cancelSend(ctx, tx, c.ID); err != nil {
				return fmt.Errorf("withdraw card: %w", err)
			}
			continue
		}
		if err := putUpdate(ctx, tx, c, kind, b); err != nil {
			return fmt.Errorf("put card result: %w", err)
		}
	}
	return nil
}

// putUpdate changes a card for everybody who holds it.
func putUpdate(ctx context.Context, tx *store.Tx, c openCard, kind string, args []byte) error {
	s := newSend{
		PublicID: store.NewPublicID(), Updates: c.ID,
		Message: Message{Kind: kind, Class: Reply, DueAt: tx.Now(), Scope: c.Scope, Subject: c.Subject},
	}
	s.Sealed = tx.Keys().Seal(argsPlace(s.PublicID), args)
	id, err := insertUpdate(ctx, tx, s)
	if err != nil {
		return err
	}
	held, err := copyHolders(ctx, tx, id, c.ID, tx.Now())
	if err != nil {
		return err
	}
	if !held {
		return dropSend(ctx, tx, id)
	}
	tx.Announce(store.Due{Queue: Queue, ID: id, At: tx.Now()})
	return nil
}

// codeLife is how long a response code can be used (wecom/sending.md section 5),
// less an hour for slow clocks.
const codeLife = 71 * time.Hour

// Pressed keeps the fresh response code a press brought and returns the subject of
// the card; an unknown task id returns "".
func Pressed(ctx context.Context, tx *store.Tx, taskID, code string) (subject string, err error) {
	subject, err = keepPressCode(ctx, tx, taskID, code, tx.Now().Add(codeLife))
	if store.Missing(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("keep response code: %w", err)
	}
	return subject, nil
}

// Again has a dead or refused send or entry tried once more by the hand of staff. Only
// the recipients it failed for are tried; not_after no longer counts.
func Again(ctx context.Context, tx *store.Tx, publicID string) error {
	switch id, err := reviveEntry(ctx, tx, publicID); {
	case err == nil:
		tx.Announce(store.Due{Queue: EntryQueue, ID: id, At: tx.Now()})
		return nil
	case !store.Missing(err):
		return fmt.Errorf("try entry again: %w", err)
	}
	id, err := revive(ctx, tx, publicID)
	if err != nil {
		return fmt.Errorf("send again: %w", err)
	}
	tx.Announce(store.Due{Queue: Queue, ID: id, At: tx.Now()})
	return nil
}

// Quiet is the time of day in which nobody is disturbed.
type Quiet struct {
	From, To string // "22:30", "07:00"; equal means never
	Zone     *time.Location
}

// Bounds returns the quiet span that holds t, and whether there is one.
func (q Quiet) Bounds(t time.Time) (from, to time.Time, inside bool) {
	f, okf := minutes(q.From)
	e, oke := minutes(q.To)
	if !okf || !oke || f == e || q.Zone == nil {
		return t, t, false
	}
	local := t.In(q.Zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, q.Zone)
	at := func(d time.Time, m int) time.Time {
		return time.Date(d.Year(), d.Month(), d.Day(), m/60, m%60, 0, 0, q.Zone)
	}
	for _, start := range []time.Time{day.AddDate(0, 0, -1), day} {
		from, to = at(start, f), at(start, e)
		if e < f {
			to = at(start.AddDate(0, 0, 1), e)
		}
		if !t.Before(from) && t.Before(to) {
			return from, to, true
		}
	}
	return t, t, false
}

// TimedAt moves a timed message that falls into quiet hours to shortly before them,
// or, if that is past, to their end.
func (q Quiet) TimedAt(due, now time.Time) time.Time {
	from, to, inside := q.Bounds(due)
	if !inside {
		return due
	}
	if before := from.Add(-7 * time.Minute); before.After(now) {
		return before
	}
	return to
}

// Add returns when d has passed since t, not counting quiet hours: the clock of an
// offer stops in them. For d 0 it is the first moment from t on outside them.
func (q Quiet) Add(t time.Time, d time.Duration) time.Time {
	for {
		if _, to, inside := q.Bounds(t); inside {
			t = to
		}
		from, ok := q.next(t)
		left := from.Sub(t)
		if !ok || d <= left {
			return t.Add(d)
		}
		t, d = from, d-left
	}
}

// next returns when the next quiet span after t begins, and whether there is one.
func (q Quiet) next(t time.Time) (time.Time, bool) {
	f, okf := minutes(q.From)
	e, oke := minutes(q.To)
	if !okf || !oke || f == e || q.Zone == nil {
		return t, false
	}
	local := t.In(q.Zone)
	from := time.Date(local.Year(), local.Month(), local.Day(), f/60, f%60, 0, 0, q.Zone)
	if !from.After(t) {
		from = time.Date(local.Year(), local.Month(), local.Day()+1, f/60, f%60, 0, 0, q.Zone)
	}
	return from, true
}

func minutes(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil
}

// Jitter moves a time off minute 0 and 30, at which WeCom asks not to send
// (wecom/sending.md section 7), by a number that is always the same for the key.
func Jitter(t time.Time, key string) time.Time {
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	t = t.Add(-time.Duration(h%180) * time.Second)
	if m := t.Minute(); m == 0 || m == 30 {
		t = t.Add(-90 * time.Second)
	}
	return t
}

func argsPlace(publicID string) string { return "send/args/" + publicID }
func bodyPlace(publicID string) string { return "send/body/" + publicID }

func recipientKey(key string, person identity.ID) string {
	return key + "/" + strconv.FormatInt(int64(person), 10)
}
