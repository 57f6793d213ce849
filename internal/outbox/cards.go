package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Kinds the outbox itself announces; each has a renderer in the chat face.
const (
	KindRenewed = "outbox.renewed" // an old card says that a new one follows
	KindSummary = "outbox.summary" // what waits for one person beyond the cards on the phone
)

// renewAfter is the age at which an undecided card makes way for a new one: while its
// response code (codeLife) can still say so, with time to try again.
const renewAfter = 60 * time.Hour

// The night. No card is renewed in it; that is done the evening before.
const (
	nightFrom = "21:30"
	nightTo   = "07:00"
	nightLong = 10 * time.Hour // at most, with the minutes before it
)

// renewAt returns when a card sent at a time is renewed if nobody has decided. What is
// overdue at night, since no process ran, waits for the morning.
func renewAt(sent, now time.Time, zone *time.Location) time.Time {
	night := Quiet{From: nightFrom, To: nightTo, Zone: zone}
	at := night.TimedAt(sent.Add(renewAfter), sent)
	if _, morning, inside := night.Bounds(now); inside && !at.After(now) {
		return morning
	}
	return at
}

// byDay returns t, or, if that is at night, some minutes of the morning after it, the same
// for one key.
func byDay(t time.Time, zone *time.Location, key string) time.Time {
	night := Quiet{From: nightFrom, To: nightTo, Zone: zone}
	if _, morning, inside := night.Bounds(t); inside {
		return Jitter(morning.Add(11*time.Minute), key) // off the full hour, at which WeCom asks not to send
	}
	return t
}

// renewAtOnce is how many cards one transaction renews.
const renewAtOnce = 20

// renewOld puts a new card in the place of every undecided one that has grown old.
func (w *Worker) renewOld(ctx context.Context) {
	for again := true; again && ctx.Err() == nil; {
		err := w.DB.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
			cards, err := lockOldCards(ctx, tx, renewAtOnce)
			if err != nil {
				return fmt.Errorf("find old cards: %w", err)
			}
			again = len(cards) == renewAtOnce
			for _, c := range cards {
				if err := w.renew(ctx, tx, c); err != nil {
					return fmt.Errorf("renew card: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			w.Log.Error("renew cards", slog.Any("error", err))
			return
		}
	}
}

// renew closes a card, has it say so, and puts the same one anew for all who hold it. A
// press on the old one still works: it names what it decides, and Settle finds the new one.
func (w *Worker) renew(ctx context.Context, tx *store.Tx, c oldCard) error {
	if err := closeCard(ctx, tx, c.ID); err != nil {
		return err
	}
	if err := putUpdate(ctx, tx, c.openCard, KindRenewed, []byte("{}")); err != nil {
		return err
	}
	args, err := tx.Keys().Unseal(argsPlace(c.PublicID), c.Args)
	if err != nil {
		w.Log.Error("unreadable card", slog.String("kind", c.Kind), slog.Int64("send", c.ID), slog.Any("error", err))
		return nil
	}
	to, err := cardPersons(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	return Put(ctx, tx, Message{
		To: to, Kind: c.Kind, Class: c.Class, Scope: c.Scope, Subject: c.Subject,
		NotAfter: c.NotAfter.Time, Card: true, Decision: true, Args: json.RawMessage(args),
	})
}

// maxOpenCards is how many undecided cards of one kind lie on one phone. Further ones
// join a summary that links to the desk. Those that lie there stay: a card is shared by
// all who may decide, and its code is kept for the result.
const maxOpenCards = 5

// summaryEvery is how long nobody gets a second summary of a kind.
const summaryEvery = time.Hour

// SummaryArgs are what the renderer of KindSummary gets.
type SummaryArgs struct {
	Kind string `json:"kind"` // of the cards
}

// joinSummaries takes a card's recipients who hold enough of its kind off the call and
// sees that a summary tells them. Without anybody left there is no call, and the card
// stays open.
func (w *Worker) joinSummaries(ctx context.Context, tx *store.Tx, s *claimed) (callable bool, err error) {
	full, err := crowded(ctx, tx, s.ID, s.Kind)
	if err != nil || len(full) == 0 {
		return err == nil, err
	}
	if err := join(ctx, tx, s.ID, full); err != nil {
		return false, fmt.Errorf("join summary: %w", err)
	}
	var left []recipient
	for _, r := range s.To {
		if !full[r.Person] {
			left = append(left, r)
			continue
		}
		if err := putSummary(ctx, tx, r.Person, s.Kind, s.Scope); err != nil {
			return false, fmt.Errorf("put summary: %w", err)
		}
	}
	if s.To = left; len(left) > 0 {
		return true, nil
	}
	if err := joinWhole(ctx, tx, s.ID); err != nil {
		return false, fmt.Errorf("join summary: %w", err)
	}
	return false, w.ringNext(ctx, tx, []int64{s.ID})
}

// putSummary tells what waits, unless a summary is on its way: an hour after the last
// one at the earliest. It counts when it leaves and is withdrawn if nothing is left.
func putSummary(ctx context.Context, tx *store.Tx, person identity.ID, kind, scope string) error {
	subject := "summary/" + kind
	waiting, last, err := lastSummary(ctx, tx, person, subject, tx.Now().Add(-summaryEvery))
	if err != nil || waiting {
		return err
	}
	return Put(ctx, tx, Message{
		To: []identity.ID{person}, Kind: KindSummary, Class: Reply, DueAt: last.Add(summaryEvery), Scope: scope,
		Subject: subject, Args: SummaryArgs{Kind: kind},
	})
}

// Undecided counts the open decisions of a kind that wait for a person: on cards, and
// joined to the summary.
func Undecided(ctx context.Context, tx *store.Tx, person identity.ID, kind string) (cards, joined int, err error) {
	if cards, joined, err = countUndecided(ctx, tx, person, kind); err != nil {
		return 0, 0, fmt.Errorf("count open cards: %w", err)
	}
	return cards, joined, nil
}
