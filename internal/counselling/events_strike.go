package counselling

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// What a strike announces.
const (
	KindStruck        = "counselling.struck"         // to the student: marked, what follows, how to appeal
	KindAppealed      = "counselling.appealed"       // card to the centre: lift or keep
	KindStrikeDecided = "counselling.strike_decided" // to the student: lifted or kept
	KindStrikeSettled = "counselling.strike_settled" // the centre's card becomes its result
)

// StrikeFacts is what the renderers know of a strike. What the student wrote is not
// among it: it is read on the desk.
type StrikeFacts struct {
	Strike      string      `json:"strike"`
	Booking     string      `json:"booking"`
	Kind        StrikeKind  `json:"kind"`
	Student     string      `json:"student"` // surname and 同学
	Counsellor  string      `json:"counsellor"`
	StartsAt    time.Time   `json:"starts_at"`
	State       StrikeState `json:"state"`
	Count       int         `json:"count"` // strikes that count now
	Limit       int         `json:"limit"`
	PausedUntil time.Time   `json:"paused_until"`
	PauseDays   int         `json:"pause_days"`
	LapsesAt    time.Time   `json:"lapses_at"`
	By          string      `json:"by"` // who decided
	At          time.Time   `json:"at"`
	Reason      string      `json:"reason"`
	Reasons     []string    `json:"reasons,omitempty"` // offered for keeping it
	Name        string      `json:"name"`              // the centre's neutral name
}

func strikeFacts(ctx context.Context, tx *store.Tx, s Strike, set Settings) (StrikeFacts, error) {
	st, err := standingOf(ctx, tx, s.Student.ID, "")
	if err != nil {
		return StrikeFacts{}, fmt.Errorf("load standing: %w", err)
	}
	return StrikeFacts{
		Strike: s.PublicID, Booking: s.Booking, Kind: s.Kind, Student: shortName(s.Student.Name), Counsellor: s.Counsellor,
		StartsAt: s.StartsAt, State: s.State, Count: st.Strikes, Limit: set.StrikeLimit, PausedUntil: st.pausedUntil(set, tx.Zone()),
		PauseDays: set.PauseDays, LapsesAt: s.LapsesAt, By: s.DecidedBy, At: tx.Now(), Reason: s.Reason, Name: set.Name,
	}, nil
}

func announceStruck(ctx context.Context, tx *store.Tx, s Strike, set Settings) error {
	f, err := strikeFacts(ctx, tx, s, set)
	if err != nil {
		return err
	}
	return tellStrike(ctx, tx, s, KindStruck, KindStruck, f)
}

// announceAppealed asks who decided about the hour to decide about the strike; what is
// said at night is in the morning's digest.
func announceAppealed(ctx context.Context, tx *store.Tx, s Strike) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	if _, alone := set.cardAt(tx.Now(), s.LapsesAt, tx.Zone()); !alone {
		return nil
	}
	f, err := strikeFacts(ctx, tx, s, set)
	if err != nil {
		return err
	}
	f.Reasons = set.KeepReasons
	slots, err := selectSlots(ctx, tx, tx.Now(), `where s.id = $1`, s.slot)
	if err != nil {
		return fmt.Errorf("load hour: %w", err)
	}
	staff, err := deciders(ctx, tx, slots[0])
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: staff, Kind: KindAppealed, Class: outbox.Reply, Card: true,
		Scope: scope(s.centre), Subject: strikeSubject(s.PublicID), Key: KindAppealed + "/" + s.PublicID, Args: f,
	})
}

// announceStrikeDecided tells the student, and turns the centre's open cards into the result.
func announceStrikeDecided(ctx context.Context, tx *store.Tx, s Strike) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	f, err := strikeFacts(ctx, tx, s, set)
	if err != nil {
		return err
	}
	if err := outbox.Settle(ctx, tx, strikeSubject(s.PublicID), KindStrikeSettled, f); err != nil {
		return err
	}
	return tellStrike(ctx, tx, s, KindStrikeDecided, "counselling.strike_"+string(s.State), f)
}

// tellStrike tells the student of an event, once for each strike.
func tellStrike(ctx context.Context, tx *store.Tx, s Strike, kind, event string, f StrikeFacts) error {
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{s.Student.ID}, Kind: kind, Class: outbox.Reply, Scope: scope(s.centre),
		Subject: strikeSubject(s.PublicID), Key: event + "/" + s.PublicID, Args: f,
	})
}
