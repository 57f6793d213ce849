package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/xuegong/xuegong/internal/alarm"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// RenderEntry makes what stands in the calendars: times and words. It reads in the
// transaction and may answer ErrObsolete when there is nothing left to show.
type RenderEntry func(ctx context.Context, tx *store.Tx, o Outgoing) (wecom.Schedule, error)

// CalendarClient is what a CalendarWorker needs of WeCom.
type CalendarClient interface {
	AddCalendar(ctx context.Context, c wecom.Calendar) (calendarID string, err error)
	FindSchedule(ctx context.Context, calendarID, mark string) (scheduleID string, err error)
	AddSchedule(ctx context.Context, s wecom.Schedule) (scheduleID string, err error)
	UpdateSchedule(ctx context.Context, s wecom.Schedule) (scheduleID string, err error)
	DeleteSchedule(ctx context.Context, scheduleID string) error
}

// CalendarWorker makes WeCom's calendars show what is wanted, a call at a time.
type CalendarWorker struct {
	DB      *store.DB
	Alarm   *alarm.Alarm
	Client  CalendarClient
	Render  RenderEntry
	Name    string // of the calendars, the year follows it
	Log     *slog.Logger
	Calls   int // entries at once; 0 means 4
	Observe func(kind, state string)
	Hold    func() bool // true: call nothing (after a restore, serve -hold)
	alarm.Watch
}

// Run works until ctx ends; the calls under way then are finished and recorded.
func (w *CalendarWorker) Run(ctx context.Context) {
	w.Keep(ctx, w.popDue, w.Drain)
}

// popDue does what is due if the alarm says that something is. The diary says what.
func (w *CalendarWorker) popDue(ctx context.Context) {
	ids, err := w.Alarm.Pop(ctx, EntryQueue, w.DB.Clock().Now(), 1000)
	if err == nil && len(ids) > 0 {
		w.Drain(ctx)
	}
}

// Drain works until nothing is due. Most looks find nothing: one looks before the others
// come.
func (w *CalendarWorker) Drain(ctx context.Context) {
	next := func() bool {
		return ctx.Err() == nil && (w.Hold == nil || !w.Hold()) && w.one(context.WithoutCancel(ctx))
	}
	if !next() {
		return
	}
	var wg sync.WaitGroup
	for range cmp.Or(w.Calls, 4) {
		wg.Go(func() {
			for next() {
			}
		})
	}
	wg.Wait()
}

// one brings one due entry a call nearer to what is wanted.
func (w *CalendarWorker) one(ctx context.Context) bool {
	e, s, err := w.claim(ctx)
	if err != nil {
		w.Log.Error("calendar", slog.Any("error", err))
		return false
	}
	if e == nil || s == nil {
		return e != nil
	}
	calling, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	err = w.call(calling, e, *s)
	if err := w.DB.Update(ctx, func(tx *store.Tx) error { return w.record(ctx, tx, e, err) }); err != nil {
		w.Log.Error("record entry", slog.Int64("entry", e.ID), slog.Any("error", err))
	}
	return true
}

// claim takes a due entry and renders it. Without a schedule it needed no call.
func (w *CalendarWorker) claim(ctx context.Context) (e *claimedEntry, s *wecom.Schedule, err error) {
	err = w.DB.Update(ctx, func(tx *store.Tx) error {
		e, s = nil, nil
		c, err := claimEntry(ctx, tx)
		if store.Missing(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("claim entry: %w", err)
		}
		e = c
		made, err := w.prepare(ctx, tx, e)
		if err != nil || made == nil {
			return err
		}
		s = made
		if e.next() == addEntry {
			return markAdding(ctx, tx, e.ID)
		}
		return nil
	})
	return e, s, err
}

// step is a call an entry needs next.
type step int

const (
	nothing step = iota
	makeCalendar
	findEntry // an add without an answer may have worked
	addEntry
	updateEntry
	deleteEntry
)

// next tells which call brings the entry nearer to what is wanted.
func (e *claimedEntry) next() step {
	switch {
	case e.Schedule != "" && e.Dropped:
		return deleteEntry
	case e.Schedule != "":
		return updateEntry
	case e.Adding.Valid:
		return findEntry
	case e.Dropped:
		return nothing
	case e.Calendar == "":
		return makeCalendar
	default:
		return addEntry
	}
}

// prepare renders what a call needs; nil if none is needed, and the entry is ended.
func (w *CalendarWorker) prepare(ctx context.Context, tx *store.Tx, e *claimedEntry) (*wecom.Schedule, error) {
	switch e.next() {
	case nothing:
		e.Shown = e.Wanted
		return nil, w.end(ctx, tx, e, ending{State: "done"})
	case addEntry, updateEntry:
		return w.render(ctx, tx, e)
	default:
		return &wecom.Schedule{}, nil
	}
}

func (w *CalendarWorker) render(ctx context.Context, tx *store.Tx, e *claimedEntry) (*wecom.Schedule, error) {
	args, err := tx.Keys().Unseal(entryPlace(e.Subject), e.Args)
	if err != nil {
		w.Log.Error("unreadable entry", slog.String("kind", e.Kind), slog.Int64("entry", e.ID), slog.Any("error", err))
		return nil, w.end(ctx, tx, e, ending{State: "dead", Reason: "unreadable"})
	}
	to, err := selectPersons(ctx, tx, e.Persons)
	if err != nil {
		return nil, fmt.Errorf("load persons of entry: %w", err)
	}
	if len(to) == 0 {
		return nil, w.end(ctx, tx, e, ending{State: "refused", Reason: "no account"})
	}
	o := Outgoing{PublicID: e.PublicID, Kind: e.Kind, Subject: e.Subject, To: to, Args: args}
	var s wecom.Schedule
	err = tx.Try(ctx, func() (err error) { // a query PostgreSQL refuses must not undo the claim
		s, err = w.Render(ctx, tx, o)
		return err
	})
	switch {
	case errors.Is(err, ErrObsolete):
		e.Shown = e.Wanted
		return nil, w.end(ctx, tx, e, ending{State: "done", Reason: "obsolete"})
	case store.Broken(err) && !store.Refused(err):
		return nil, err
	case err != nil:
		w.Log.Error("render entry", slog.String("kind", e.Kind), slog.Int64("entry", e.ID), slog.Any("error", err))
		return nil, w.end(ctx, tx, e, ending{State: "dead", Reason: "could not be rendered"})
	}
	s.ID, s.CalendarID, s.Attendees = e.Schedule, e.Calendar, o.UserIDs()
	s.Description = marked(s.Description, e.PublicID)
	return &s, nil
}

// marked ends a description with the number by which its entry can be found.
func marked(description, publicID string) string {
	const most = 900 // of WeCom's 1000 characters
	if r := []rune(description); len(r) > most {
		description = string(r[:most])
	}
	if description != "" {
		description += "\n"
	}
	return description + "编号 " + publicID
}

// call makes the entry's next call and keeps in it what the answer taught.
func (w *CalendarWorker) call(ctx context.Context, e *claimedEntry, s wecom.Schedule) (err error) {
	switch e.next() {
	case makeCalendar:
		return w.makeCalendar(ctx)
	case findEntry:
		if e.Schedule, err = w.Client.FindSchedule(ctx, e.Calendar, e.PublicID); err == nil {
			e.Adding = sql.NullTime{}
		}
		return err
	case addEntry:
		e.Schedule, err = w.Client.AddSchedule(ctx, s)
		// Only an answer ends the doubt; without one the entry is looked for first.
		e.Adding = sql.NullTime{Time: w.DB.Clock().Now(), Valid: wecom.ActionOf(err) == wecom.ActionUnclear}
	case updateEntry:
		var id string
		if id, err = w.Client.UpdateSchedule(ctx, s); err == nil {
			e.Schedule = id
		}
	case deleteEntry:
		if err = w.Client.DeleteSchedule(ctx, e.Schedule); err == nil {
			e.Schedule = ""
		}
	}
	if err == nil {
		e.Shown = e.Wanted
	}
	return err
}

// makeCalendar makes the calendar of the year. Two processes that do so at once leave
// one calendar empty, which nobody sees.
func (w *CalendarWorker) makeCalendar(ctx context.Context) error {
	year := w.DB.Clock().Now().In(w.DB.Zone()).Year()
	id, err := w.Client.AddCalendar(ctx, wecom.Calendar{Summary: fmt.Sprintf("%s %d", w.Name, year), Color: "#2F7D5B"})
	if err != nil {
		return err
	}
	return w.DB.Update(ctx, func(tx *store.Tx) error { return insertCalendar(ctx, tx, year, id) })
}

// record writes what became of a call, by what errcodes.md says to do about it.
func (w *CalendarWorker) record(ctx context.Context, tx *store.Tx, e *claimedEntry, err error) error {
	switch {
	case err == nil && e.Shown == e.Wanted:
		return w.end(ctx, tx, e, ending{State: "done"})
	case err == nil: // a step on the way
		e.Attempts--
		return w.end(ctx, tx, e, ending{State: "waiting", At: tx.Now()})
	}
	code, action := wecom.CodeOf(err), wecom.ActionOf(err)
	w.Log.Warn("calendar call failed", slog.String("kind", e.Kind), slog.Int64("entry", e.ID), slog.Int("attempt", e.Attempts), slog.Any("error", err))
	wait := backoff(e.Attempts)
	switch action {
	case wecom.ActionFinal: // gone at WeCom: what is to stand is added anew
		e.Schedule = ""
		wait = 0
	case wecom.ActionUnclear: // no lookup before WeCom must have done it
		wait = max(wait, lease)
	case wecom.ActionWait:
		wait = untilOf(err, tx.Now())
	case wecom.ActionConfig:
		wait = max(time.Minute, wait)
	case wecom.ActionRetry, wecom.ActionToken:
	case wecom.ActionDrop:
		return w.end(ctx, tx, e, ending{State: "refused", Code: code, Reason: string(action)})
	default:
		return w.end(ctx, tx, e, ending{State: "dead", Code: code, Reason: string(action)})
	}
	if e.Attempts >= giveUpAfter {
		return w.end(ctx, tx, e, ending{State: "dead", Code: code, Reason: string(action)})
	}
	return w.end(ctx, tx, e, ending{State: "waiting", At: tx.Now().Add(wait), Code: code, Reason: string(action)})
}

// end records a claim and rings for what is left to do.
func (w *CalendarWorker) end(ctx context.Context, tx *store.Tx, e *claimedEntry, how ending) error {
	if how.At.IsZero() {
		how.At = tx.Now()
	}
	due, waits, err := recordEntry(ctx, tx, e, how)
	if err != nil {
		return fmt.Errorf("record entry: %w", err)
	}
	if waits {
		tx.Announce(store.Due{Queue: EntryQueue, ID: e.ID, At: due})
	}
	if w.Observe != nil && how.State != "waiting" {
		tx.AfterCommit(func() { w.Observe(e.Kind, how.State) })
	}
	return nil
}

// person is the recipient as renderers know people.
func (r recipient) person() identity.Person {
	return identity.Person{ID: r.Person, Name: r.Name, Kind: identity.Kind(r.Kind), UserID: r.UserID}
}
