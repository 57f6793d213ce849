package counselling

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// What the package announces. Each kind has a renderer in the chat face.
const (
	KindRequested = "counselling.requested" // card to the centre: confirm or reject
	KindBooked    = "counselling.booked"    // to the student: held, until when
	KindDecided   = "counselling.decided"   // to the student: confirmed or rejected
	KindCancelled = "counselling.cancelled" // to the other side
	KindExpired   = "counselling.expired"   // to the student: nobody decided in time
	KindEve       = "counselling.eve"       // reminder the evening before
	KindSoon      = "counselling.soon"      // reminder before the start
	KindSettled   = "counselling.settled"   // the centre's card becomes its result
	KindEntry     = "counselling.entry"     // the hour in the calendars of student and counsellor
)

// What care around the hour announces. None of it names a student.
const (
	KindPaged     = "counselling.paged"     // card to who is called: a student needs somebody now
	KindPassedOn  = "counselling.passed_on" // the card becomes who was called next
	KindTaken     = "counselling.taken"     // the card becomes who came
	KindMore      = "counselling.more"      // to who came: the student answered again
	KindComing    = "counselling.coming"    // to the student: somebody will be in touch
	KindGap       = "counselling.gap"       // to who runs the centre: nobody is on duty
	KindFeedback  = "counselling.feedback"  // to the student: how was it, if you like
	KindDisclosed = "counselling.disclosed" // to the recipient: something to read, until when
	KindSeen      = "counselling.seen"      // to the student: a new line on 谁看过我的信息
	KindPropose   = "counselling.propose"   // to the second person: something waits for your word
	KindReview    = "counselling.review"    // to the head: a disclosure is to be looked at again
	KindConcern   = "counselling.concern"   // to the centre: a 辅导员 wrote
	KindAnswered  = "counselling.answered"  // to the 辅导员: contacted, or what to do
	KindWithdrawn = "counselling.withdrawn" // to the student: the consent is taken back
)

// Facts is what the renderers know of a booking. It is sealed while it waits.
type Facts struct {
	Booking    string    `json:"booking"`
	Student    string    `json:"student"` // surname and 同学, as the centre's cards show it
	Counsellor string    `json:"counsellor"`
	StartsAt   time.Time `json:"starts_at"`
	EndsAt     time.Time `json:"ends_at"`
	Place      string    `json:"place"`
	Campus     string    `json:"campus"`
	HeldUntil  time.Time `json:"held_until"`
	State      State     `json:"state"`
	By         string    `json:"by"` // who decided or cancelled; "" is the system or the student
	At         time.Time `json:"at"`
	Reason     string    `json:"reason"`
	Reasons    []string  `json:"reasons,omitempty"` // offered for a rejection
	Name       string    `json:"name"`              // the centre's neutral name
	Was        *Hour     `json:"was,omitempty"`     // the hour it was moved from
	Moves      int       `json:"moves"`             // how often it was moved
}

func factsOf(b Booking, set Settings) Facts {
	return Facts{
		Booking: b.PublicID, Student: shortName(b.Student.Name), Counsellor: b.Slot.Name, StartsAt: b.Slot.StartsAt,
		EndsAt: b.Slot.EndsAt, Place: b.Slot.Place, Campus: b.Slot.Campus, HeldUntil: b.HeldUntil, State: b.State,
		Reason: b.Reason, Name: set.Name, Moves: b.Moves,
	}
}

// shortName is how a student appears in a push: 张同学.
func shortName(name string) string {
	if r := []rune(name); len(r) > 0 {
		return string(r[0]) + "同学"
	}
	return "同学"
}

func announceBooked(ctx context.Context, tx *store.Tx, b Booking, set Settings) error {
	f := factsOf(b, set)
	asked, err := request(ctx, tx, b, f, set)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, told(b, KindBooked, f, b.Student.ID, tx.Now()), asked)
}

// request asks the centre to confirm or reject. At night it asks nobody and leaves that to
// the morning's digest, unless the time limit ends before the day does (T17).
func request(ctx context.Context, tx *store.Tx, b Booking, f Facts, set Settings) (outbox.Message, error) {
	due, alone := set.cardAt(tx.Now(), b.HeldUntil, tx.Zone())
	if !alone {
		return outbox.Message{}, nil
	}
	f.Reasons = set.Reasons
	staff, err := deciders(ctx, tx, b.Slot)
	return outbox.Message{
		To: staff, Kind: KindRequested, Class: outbox.Reply, DueAt: due, Card: true, Decision: true,
		Scope: scope(b.Slot.centre), Subject: Subject(b.PublicID), Key: b.key("counselling/requested"), Args: f,
	}, err
}

// deciders are the counsellor of the hour and the centre's front desk.
func deciders(ctx context.Context, tx *store.Tx, s Slot) ([]identity.ID, error) {
	staff, err := identity.HolderIDs(ctx, tx, s.centre, identity.CentreDesk)
	if err != nil {
		return nil, err
	}
	ids := []identity.ID{s.person}
	for _, id := range staff {
		if id != s.person {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func announceDecided(ctx context.Context, tx *store.Tx, b Booking, by string) error {
	set, f, err := settle(ctx, tx, b, by)
	if err != nil {
		return err
	}
	if err := tell(ctx, tx, b, KindDecided, f, b.Student.ID); err != nil {
		return err
	}
	if b.State != Confirmed {
		return nil
	}
	if err := putEntry(ctx, tx, b, set, f); err != nil {
		return err
	}
	return remind(ctx, tx, b, set, f)
}

// putEntry has a confirmed booking stand in the calendars of its two sides as it is now,
// or no longer, once the centre leaves the calendars alone.
func putEntry(ctx context.Context, tx *store.Tx, b Booking, set Settings, f Facts) error {
	if !set.Calendar {
		return outbox.DropEntry(ctx, tx, Subject(b.PublicID))
	}
	return outbox.PutEntry(ctx, tx, outbox.Entry{
		Subject: Subject(b.PublicID), Scope: scope(b.Slot.centre), Kind: KindEntry,
		To: []identity.ID{b.Student.ID, b.Slot.person}, Args: f,
	})
}

// settle turns the centre's open cards into the result; by is who of the centre
// decided, "" for the student and for the time limit.
func settle(ctx context.Context, tx *store.Tx, b Booking, by string) (Settings, Facts, error) {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return set, Facts{}, err
	}
	f := factsOf(b, set)
	f.At, f.By = tx.Now(), by
	return set, f, outbox.Settle(ctx, tx, Subject(b.PublicID), KindSettled, f)
}

// remind puts both reminders, for the student and the counsellor: the evening before
// and before the start, off minute 0 and 30 and out of quiet hours (D-09, Q-09). One
// whose hour has passed when the booking is confirmed is not made up for.
func remind(ctx context.Context, tx *store.Tx, b Booking, set Settings, f Facts) error {
	quiet := set.quiet(tx.Zone())
	start := b.Slot.StartsAt
	soon := quiet.TimedAt(outbox.Jitter(start.Add(-time.Duration(set.BeforeMinutes)*time.Minute), b.PublicID), tx.Now())
	eve := outbox.Jitter(eveOf(start, set.EveAt, tx.Zone()), b.PublicID)
	var reminders []outbox.Message
	for _, r := range []struct {
		kind     string
		at, last time.Time
	}{
		{KindEve, eve, soon},
		{KindSoon, soon, start},
	} {
		if !r.at.After(tx.Now()) || !r.at.Before(r.last) {
			continue
		}
		for _, to := range []identity.ID{b.Student.ID, b.Slot.person} {
			m := told(b, r.kind, f, to, r.at)
			m.Class, m.NotAfter = outbox.Timed, r.last
			reminders = append(reminders, m)
		}
	}
	return outbox.Put(ctx, tx, reminders...)
}

// eveOf is the setting's hour on the day before start.
func eveOf(start time.Time, at string, zone *time.Location) time.Time {
	t, err := time.Parse("15:04", at)
	if err != nil {
		t = time.Date(0, 1, 1, 19, 52, 0, 0, time.UTC)
	}
	day := calendar.Midnight(start, zone).AddDate(0, 0, -1)
	return time.Date(day.Year(), day.Month(), day.Day(), t.Hour(), t.Minute(), 0, 0, zone)
}

func withdrawReminders(ctx context.Context, tx *store.Tx, b Booking) error {
	return outbox.Cancel(ctx, tx, Subject(b.PublicID), KindEve, KindSoon)
}

// announceCancelled tells the side that did not cancel; by is "" for the student.
func announceCancelled(ctx context.Context, tx *store.Tx, b Booking, by string) error {
	if err := withdrawReminders(ctx, tx, b); err != nil {
		return err
	}
	if err := outbox.DropEntry(ctx, tx, Subject(b.PublicID)); err != nil {
		return err
	}
	set, f, err := settle(ctx, tx, b, by)
	if err != nil {
		return err
	}
	if by != "" {
		return tell(ctx, tx, b, KindCancelled, f, b.Student.ID)
	}
	if b.DecidedAt.IsZero() { // never confirmed: the settled card says it all
		return nil
	}
	return tellAt(ctx, tx, b, KindCancelled, f, b.Slot.person, set.afterQuiet(tx.Now(), tx.Zone()))
}

// key has an event of the kind announced once for every hour the booking is moved to.
func (b Booking) key(kind string) string { return fmt.Sprintf("%s/%s/%d", kind, b.PublicID, b.Moves) }

func announceExpired(ctx context.Context, tx *store.Tx, b Booking) error {
	_, f, err := settle(ctx, tx, b, "")
	if err != nil {
		return err
	}
	return tell(ctx, tx, b, KindExpired, f, b.Student.ID)
}

// tell tells who waits for it.
func tell(ctx context.Context, tx *store.Tx, b Booking, kind string, f Facts, to identity.ID) error {
	return tellAt(ctx, tx, b, kind, f, to, tx.Now())
}

func tellAt(ctx context.Context, tx *store.Tx, b Booking, kind string, f Facts, to identity.ID, at time.Time) error {
	return outbox.Put(ctx, tx, told(b, kind, f, to, at))
}

func told(b Booking, kind string, f Facts, to identity.ID, at time.Time) outbox.Message {
	return outbox.Message{
		To: []identity.ID{to}, Kind: kind, Class: outbox.Reply, DueAt: at, Scope: scope(b.Slot.centre),
		Subject: Subject(b.PublicID), Key: b.key(kind), Args: f,
	}
}
