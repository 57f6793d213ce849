package counselling

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// group is how many must have said something before any figure is shown, and how many
// more before a figure changes: a difference of one would tell who said what.
const group = 5

// askFeedback asks once how it was, a while after the hour and not at night.
func askFeedback(ctx context.Context, tx *store.Tx, b Booking) error {
	asked, err := insertAsk(ctx, tx, b.id)
	if err != nil {
		return fmt.Errorf("ask for feedback: %w", err)
	}
	if !asked {
		return nil
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{b.Student.ID}, Kind: KindFeedback, Class: outbox.Bulk, Scope: scope(b.Slot.centre), Subject: Subject(b.PublicID),
		DueAt: set.afterQuiet(outbox.Jitter(b.Slot.EndsAt.Add(2*time.Hour), b.PublicID), tx.Zone()),
		Key:   KindFeedback + "/" + b.PublicID, Args: factsOf(b, set),
	})
}

// Said is what a student says of an hour, if they like.
type Said struct {
	Stars int  // 1 to 5
	Again bool // would come again
	Words string
}

// CanSay tells whether the student may still say how the hour was.
func CanSay(ctx context.Context, tx *store.Tx, who identity.Person, booking string) (Booking, bool, error) {
	b, err := ownBooking(ctx, tx, who, booking)
	if err != nil {
		return b, false, err
	}
	state, err := askState(ctx, tx, b.id)
	if store.Missing(err) {
		return b, false, nil
	}
	return b, state == "asked", err
}

func ownBooking(ctx context.Context, tx *store.Tx, who identity.Person, booking string) (Booking, error) {
	list, err := selectBookings(ctx, tx, `where b.public_id = $1`, booking)
	if err != nil {
		return Booking{}, fmt.Errorf("load booking: %w", err)
	}
	if len(list) == 0 || !list[0].of(who) {
		return Booking{}, ErrConfidential
	}
	return list[0], nil
}

// GiveFeedback keeps what the student says, without whose it is, of which hour and
// when. It is said once.
func GiveFeedback(ctx context.Context, tx *store.Tx, who identity.Person, booking string, s Said) error {
	b, err := ownBooking(ctx, tx, who, booking)
	if err != nil {
		return err
	}
	if s.Stars < 1 || s.Stars > 5 {
		return errs.Field("stars", "选一到五颗星，或点“不想说”。")
	}
	if s.Words = strings.TrimSpace(s.Words); len([]rune(s.Words)) > 300 {
		return errs.Field("words", "最多 300 个字。")
	}
	if err := answerAsk(ctx, tx, b, "given"); err != nil {
		return err
	}
	if err := lockCounsellorRow(ctx, tx, b.Slot.counsellor); err != nil { // whoever is fifth counts all five
		return fmt.Errorf("lock counsellor: %w", err)
	}
	if err := insertFeedback(ctx, tx, b.Slot.counsellor, s); err != nil {
		return fmt.Errorf("keep feedback: %w", err)
	}
	if err := countFeedback(ctx, tx, b.Slot.counsellor, group); err != nil {
		return fmt.Errorf("count feedback: %w", err)
	}
	return nil // no audit row: it would say when, and who
}

// SkipFeedback is 不想说; nobody asks again.
func SkipFeedback(ctx context.Context, tx *store.Tx, who identity.Person, booking string) error {
	b, err := ownBooking(ctx, tx, who, booking)
	if err != nil {
		return err
	}
	return answerAsk(ctx, tx, b, "skipped")
}

func answerAsk(ctx context.Context, tx *store.Tx, b Booking, state string) error {
	ok, err := setAsk(ctx, tx, b.id, state)
	if err != nil {
		return fmt.Errorf("answer the ask: %w", err)
	}
	if !ok {
		return errs.New(errs.Conflict, "这一次已经说过了，谢谢你。")
	}
	return nil
}

// SaidOf are what was said of a counsellor, by five or more.
type SaidOf struct {
	Name    string  `db:"name"`
	Said    int     `db:"said"`
	Average float64 `db:"average"` // stars
	Five    int     `db:"five"`    // how many gave five stars
	Low     int     `db:"low"`     // how many gave one or two
	Again   int     `db:"again"`   // would come again
}

// FeedbackFigures returns figures for groups of five or more, nothing else: of all
// counsellors to the head, of their own to a counsellor (T3).
func FeedbackFigures(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]SaidOf, error) {
	if !caresAt(who, centre) {
		return nil, ErrConfidential
	}
	only := who.ID
	if Heads(who, centre) {
		only = 0
	}
	list, err := selectFigures(ctx, tx, centre, only, group)
	if err != nil {
		return nil, fmt.Errorf("load figures: %w", err)
	}
	return list, nil
}

// FeedbackWords returns what was written, of all counsellors together and in no order
// of time, to the head alone and from five on. The reading is audited.
func FeedbackWords(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]string, error) {
	if !Heads(who, centre) {
		return nil, ErrConfidential
	}
	list, err := selectWords(ctx, tx, centre, group)
	if err != nil {
		return nil, fmt.Errorf("load words: %w", err)
	}
	return list, audit.Append(ctx, tx, int64(who.ID), "feedback.read", fmt.Sprintf("unit/%d", centre), nil)
}

func feedbackPlace(publicID string) string { return "feedback/words/" + publicID }
