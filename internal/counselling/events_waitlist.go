package counselling

import (
	"context"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// What the queue announces.
const (
	KindOffer      = "counselling.offer"       // card to who waits: a place, until when
	KindOfferEnded = "counselling.offer_ended" // the card becomes what was answered
	KindWaitAsk    = "counselling.wait_ask"    // card: is it still wanted?
	KindWaitEnded  = "counselling.wait_ended"  // the card becomes the answer
	KindWaitLapsed = "counselling.wait_lapsed" // to who waited in vain

	KindWaitWidened = "counselling.wait_widened" // to who waited for a counsellor who left
)

// OfferFacts is what the renderers know of an offer. It is sealed while it waits.
type OfferFacts struct {
	Offer      string     `json:"offer"`
	Counsellor string     `json:"counsellor"`
	StartsAt   time.Time  `json:"starts_at"`
	EndsAt     time.Time  `json:"ends_at"`
	Place      string     `json:"place"`
	Campus     string     `json:"campus"`
	Until      time.Time  `json:"until"`
	State      OfferState `json:"state"`
	Moves      time.Time  `json:"moves"` // the hour an answer gives up; zero: none
	Name       string     `json:"name"`  // the centre's neutral name
}

// WaitFacts is what the renderers know of a wait.
type WaitFacts struct {
	Place  int       `json:"place"`
	Says   string    `json:"says"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Result string    `json:"result"`
	Gone   string    `json:"gone,omitempty"` // the counsellor who left
	Name   string    `json:"name"`
}

func offerFacts(o Offer, set Settings) OfferFacts {
	return OfferFacts{
		Offer: o.PublicID, Counsellor: o.Slot.Name, StartsAt: o.Slot.StartsAt, EndsAt: o.Slot.EndsAt,
		Place: o.Slot.Place, Campus: o.Slot.Campus, Until: o.Until, State: o.State, Name: set.Name,
	}
}

func announceOffer(ctx context.Context, tx *store.Tx, o Offer, set Settings) error {
	f := offerFacts(o, set)
	have, err := selectBookings(ctx, tx, `where b.student_id = $1 and b.state in ('pending', 'confirmed')`, o.student)
	if err != nil {
		return err
	}
	if len(have) > 0 {
		f.Moves = have[0].Slot.StartsAt
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{o.student}, Kind: KindOffer, Class: outbox.Offer, DueAt: o.OpensAt, NotAfter: o.Until, Card: true,
		Scope: scope(o.Slot.centre), Subject: offerSubject(o.PublicID), Key: KindOffer + "/" + o.PublicID, Args: f,
	})
}

// settleOffer turns the offer's card into what became of it.
func settleOffer(ctx context.Context, tx *store.Tx, o Offer) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	return outbox.Settle(ctx, tx, offerSubject(o.PublicID), KindOfferEnded, offerFacts(o, set))
}

func announceAsk(ctx context.Context, tx *store.Tx, w Wait, until time.Time) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{w.Student.ID}, Kind: KindWaitAsk, Class: outbox.Offer, DueAt: set.quiet(tx.Zone()).Add(tx.Now(), 0), NotAfter: until, Card: true,
		Scope: scope(w.centre), Subject: waitSubject(w.PublicID),
		Args: WaitFacts{Place: w.Place, Says: w.Says(tx.Zone()), Since: w.Since, Until: until, Name: set.Name},
	})
}

// settleAsk turns the question whether a wait is still wanted into its answer.
func settleAsk(ctx context.Context, tx *store.Tx, w Wait, result string) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	return outbox.Settle(ctx, tx, waitSubject(w.PublicID), KindWaitEnded,
		WaitFacts{Place: w.Place, Says: w.Says(tx.Zone()), Since: w.Since, Result: result, Name: set.Name})
}

// announceLapsed tells who waited in vain. Who wanted an earlier hour than a booking
// that is gone was told of that.
func announceLapsed(ctx context.Context, tx *store.Tx, w Wait) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil || w.Want.Earlier {
		return err
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{w.Student.ID}, Kind: KindWaitLapsed, Class: outbox.Offer, DueAt: set.quiet(tx.Zone()).Add(tx.Now(), 0),
		Scope: scope(w.centre), Subject: waitSubject(w.PublicID), Key: KindWaitLapsed + "/" + w.PublicID,
		Args: WaitFacts{Says: w.Says(tx.Zone()), Since: w.Since, Name: set.Name},
	})
}

// announceWidened tells who waited for the counsellor that they wait for anybody now.
func announceWidened(ctx context.Context, tx *store.Tx, w Wait, gone Counsellor) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{w.Student.ID}, Kind: KindWaitWidened, Class: outbox.Offer, DueAt: set.quiet(tx.Zone()).Add(tx.Now(), 0),
		Scope: scope(w.centre), Subject: waitSubject(w.PublicID), Key: KindWaitWidened + "/" + w.PublicID + "/" + gone.PublicID,
		Args: WaitFacts{Place: w.Place, Says: w.Says(tx.Zone()), Since: w.Since, Gone: gone.Name, Name: set.Name},
	})
}
