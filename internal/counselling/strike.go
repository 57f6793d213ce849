package counselling

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// StrikeState is where a strike stands.
type StrikeState string

// The states of a strike (T19).
const (
	Standing StrikeState = "standing"
	Appealed StrikeState = "appealed" // the student said why; the centre has not answered yet
	Kept     StrikeState = "kept"
	Lifted   StrikeState = "lifted" // as if it had never been
)

// Label is the word people read.
func (s StrikeState) Label() string {
	switch s {
	case Standing:
		return "已记录"
	case Appealed:
		return "说明待处理"
	case Kept:
		return "维持记录"
	case Lifted:
		return "已撤销"
	}
	return string(s)
}

// StrikeKind is what a strike is for.
type StrikeKind string

// What strikes.
const (
	ForMissing    StrikeKind = "missed"
	ForLateCancel StrikeKind = "late_cancel"
)

// Label is the word people read.
func (k StrikeKind) Label() string {
	if k == ForLateCancel {
		return "临近取消"
	}
	return "未到"
}

// Strike is a mark for an hour that stayed empty. It lapses with its term.
type Strike struct {
	PublicID   string
	Booking    string // public id
	Kind       StrikeKind
	StartsAt   time.Time // of the hour
	Counsellor string    // name
	At         time.Time
	LapsesAt   time.Time
	State      StrikeState
	Appeal     string // the student's sentence; only for the student and the centre
	AppealedAt time.Time
	DecidedAt  time.Time
	DecidedBy  string // "" is the system: the student came after all
	Reason     string
	Student    Student

	id     int64
	centre int64
	slot   int64
}

// Counts tells whether the strike counts at now.
func (s Strike) Counts(now time.Time) bool { return s.State != Lifted && now.Before(s.LapsesAt) }

// Appealable tells whether the student may still say why.
func (s Strike) Appealable(now time.Time) bool { return s.State == Standing && now.Before(s.LapsesAt) }

// Liftable tells whether the centre may take the strike back at now.
func (s Strike) Liftable(now time.Time) bool { return s.Counts(now) }

// Strikes is what a student has, and what follows from it.
type Strikes struct {
	List        []Strike // newest first, lifted and lapsed ones too
	Count       int      // that count now
	Limit       int      // so many pause booking; 0 never
	PausedUntil time.Time
}

// Paused tells whether booking is paused at now.
func (s Strikes) Paused(now time.Time) bool { return now.Before(s.PausedUntil) }

// maxAppeal is how many characters a student may write about a strike.
const maxAppeal = 200

// MyStrikes returns the student's own strikes (T19).
func MyStrikes(ctx context.Context, tx *store.Tx, who identity.Person) (Strikes, error) {
	s, _, err := MyStrikesAfter(ctx, tx, who, store.Page{Limit: maxStrikes})
	return s, err
}

// MyStrikesAfter is MyStrikes with a page of their list, and what the next page comes after.
func MyStrikesAfter(ctx context.Context, tx *store.Tx, who identity.Person, p store.Page) (Strikes, string, error) {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return Strikes{}, "", err
	}
	return strikesOf(ctx, tx, who.ID, set, p)
}

// maxStrikes is how many strikes of a student are shown at once.
const maxStrikes = 100

// StrikesAt returns the strikes of a booking's student to the centre; whoever may not
// read the booking gets ErrConfidential.
func StrikesAt(ctx context.Context, tx *store.Tx, who identity.Person, bookingID string) (Strikes, error) {
	list, err := selectBookings(ctx, tx, `where b.public_id = $1`, bookingID)
	if err != nil {
		return Strikes{}, fmt.Errorf("load booking: %w", err)
	}
	if len(list) == 0 || !atCentre(who, list[0].Slot.centre) {
		return Strikes{}, ErrConfidential
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return Strikes{}, err
	}
	s, _, err := strikesOf(ctx, tx, list[0].Student.ID, set, store.Page{Limit: maxStrikes})
	return s, err
}

func strikesOf(ctx context.Context, tx *store.Tx, student identity.ID, set Settings, p store.Page) (s Strikes, next string, err error) {
	s.Limit = set.StrikeLimit
	s.List, next, err = store.ReadPage(p, func(s Strike) string { return s.PublicID },
		func(limit int) ([]Strike, error) { return strikesAfter(ctx, tx, student, p.After, limit) },
		func() (bool, error) { return isStrike(ctx, tx, student, p.After) })
	if err != nil {
		return s, "", fmt.Errorf("list strikes: %w", err)
	}
	st, err := standingOf(ctx, tx, student, "")
	if err != nil {
		return s, "", fmt.Errorf("load standing: %w", err)
	}
	s.Count, s.PausedUntil = st.Strikes, st.pausedUntil(set, tx.Zone())
	return s, next, nil
}

// Appeals lists what students said about their strikes and nobody answered yet, the
// oldest first. Only the centre may read it.
func Appeals(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Strike, error) {
	if !atCentre(who, centre) {
		return nil, ErrConfidential
	}
	list, err := selectStrikes(ctx, tx, `where s.state = 'appealed' and c.centre_id = $1 order by s.appealed_at, s.id limit 200`, centre)
	if err != nil {
		return nil, fmt.Errorf("list appeals: %w", err)
	}
	return list, nil
}

// mark strikes a booking that stayed empty, and tells its student what follows.
func mark(ctx context.Context, tx *store.Tx, by identity.ID, b Booking, kind StrikeKind) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	term := set.Term(b.Slot.StartsAt, tx.Zone())
	id, err := insertStrike(ctx, tx, b, kind, term)
	if err != nil || id == "" {
		return err
	}
	if err := audit.Append(ctx, tx, int64(by), "strike.mark", strikeSubject(id), map[string]any{"booking": b.PublicID, "kind": kind}); err != nil {
		return err
	}
	list, err := selectStrikes(ctx, tx, `where s.public_id = $1`, id)
	if err != nil {
		return fmt.Errorf("load strike: %w", err)
	}
	if err := announceStruck(ctx, tx, list[0], set); err != nil {
		return err
	}
	return freed(ctx, tx, b.Slot.centre) // a place held for who may not book now goes to the next
}

// Appeal has the student say, once for each strike, why it should not stand. The
// sentence is sealed; only the centre reads it.
func Appeal(ctx context.Context, tx *store.Tx, who identity.Person, strikeID, text string) (Strike, error) {
	s, err := lockStrike(ctx, tx, strikeID)
	if store.Missing(err) || err == nil && s.Student.ID != who.ID {
		return Strike{}, ErrConfidential
	}
	if err != nil {
		return Strike{}, fmt.Errorf("lock strike: %w", err)
	}
	text = strings.TrimSpace(text)
	switch n := len([]rune(text)); {
	case s.State == Lifted:
		return s, errs.New(errs.Conflict, "这一次已经撤销，不用再说明。")
	case s.State != Standing:
		return s, errs.New(errs.Conflict, "这一次已经说明过了，每次只能说明一回；还有补充请直接联系中心。")
	case !s.Counts(tx.ReceivedAt()):
		return s, errs.New(errs.Conflict, "上个学期的记录已经不再计算，不用说明。")
	case n < 5 || n > maxAppeal:
		return s, errs.Field("appeal", fmt.Sprintf("用 5 到 %d 个字说说那天的情况。", maxAppeal))
	}
	if err := appealStrike(ctx, tx, s, text); err != nil {
		return s, fmt.Errorf("appeal strike: %w", err)
	}
	s.State, s.Appeal, s.AppealedAt = Appealed, text, tx.Now()
	if err := audit.Append(ctx, tx, int64(who.ID), "strike.appeal", strikeSubject(strikeID), nil); err != nil {
		return s, err
	}
	return s, announceAppealed(ctx, tx, s)
}

// Lift takes a strike back, after an appeal or by hand: the student may book again at
// once if it was the last too many. The reason may be empty.
func Lift(ctx context.Context, tx *store.Tx, who identity.Person, strikeID, reason string) (Strike, error) {
	if reason = strings.TrimSpace(reason); reason != "" {
		var err error
		if reason, err = checkReason(reason); err != nil {
			return Strike{}, err
		}
	}
	s, err := lockStrikeFor(ctx, tx, who, strikeID)
	if err != nil {
		return Strike{}, err
	}
	if s.State == Lifted {
		return s, errs.New(errs.Conflict, "这条记录已经撤销，不用再处理。")
	}
	return decideStrike(ctx, tx, who, s, Lifted, reason)
}

// Uphold answers an appeal with a reason the student reads: the strike stays.
func Uphold(ctx context.Context, tx *store.Tx, who identity.Person, strikeID, reason string) (Strike, error) {
	s, err := lockStrikeFor(ctx, tx, who, strikeID)
	if err != nil {
		return Strike{}, err
	}
	if s.State != Appealed {
		return s, errs.New(errs.Conflict, fmt.Sprintf("这条记录现在是“%s”，没有等待处理的说明。", s.State.Label()))
	}
	if reason, err = checkReason(reason); err != nil {
		return s, err
	}
	return decideStrike(ctx, tx, who, s, Kept, reason)
}

// lockStrikeFor locks a strike for the centre's staff; to everybody else it does not exist.
func lockStrikeFor(ctx context.Context, tx *store.Tx, who identity.Person, strikeID string) (Strike, error) {
	s, err := lockStrike(ctx, tx, strikeID)
	if store.Missing(err) || err == nil && !atCentre(who, s.centre) {
		return Strike{}, ErrConfidential
	}
	if err != nil {
		return Strike{}, fmt.Errorf("lock strike: %w", err)
	}
	return s, nil
}

func decideStrike(ctx context.Context, tx *store.Tx, who identity.Person, s Strike, to StrikeState, reason string) (Strike, error) {
	if err := setStrike(ctx, tx, s.id, to, who.ID, reason); err != nil {
		return s, fmt.Errorf("decide strike: %w", err)
	}
	s.State, s.Reason, s.DecidedAt, s.DecidedBy = to, reason, tx.Now(), who.Name
	if err := audit.Append(ctx, tx, int64(who.ID), "strike."+string(to), strikeSubject(s.PublicID), nil); err != nil {
		return s, err
	}
	if err := announceStrikeDecided(ctx, tx, s); err != nil {
		return s, err
	}
	return s, freed(ctx, tx, s.centre) // who may book again is asked again
}

// cameAfterAll lifts the strike of a booking that was marked too early.
func cameAfterAll(ctx context.Context, tx *store.Tx, by identity.Person, b Booking) error {
	list, err := selectStrikes(ctx, tx, `where s.booking_id = $1 and s.state <> 'lifted'`, b.id)
	if err != nil || len(list) == 0 {
		return err
	}
	s, err := lockStrike(ctx, tx, list[0].PublicID)
	if err != nil || s.State == Lifted {
		return err
	}
	_, err = decideStrike(ctx, tx, by, s, Lifted, "后来到了")
	return err
}

func strikeSubject(publicID string) string { return "strike/" + publicID }

func appealPlace(publicID string) string { return "strike/appeal/" + publicID }
