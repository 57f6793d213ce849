package api

import (
	"context"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// hour is an hour a booking left or went to.
type hour struct {
	StartsAt   time.Time `json:"starts_at"`
	Counsellor string    `json:"counsellor"`
}

func hourIn(zone *time.Location, h *counselling.Hour) *hour {
	if h == nil {
		return nil
	}
	return &hour{h.StartsAt.In(zone), h.Counsellor}
}

// move takes the booking to another hour; the centre says why (T24).
func (f face) move(c *page.Context) error {
	var in struct {
		Slot   string `json:"slot"`
		Reason string `json:"reason"`
	}
	c.ReadJSON(&in)
	return act(c, func(ctx context.Context, tx *store.Tx, who identity.Person, id string) error {
		_, err := counselling.Move(ctx, tx, who, id, in.Slot, in.Reason)
		return err
	})
}

// calendar is the booking as an iCalendar file.
func (f face) calendar(c *page.Context) error {
	var file []byte
	err := c.Update(func(tx *store.Tx, who identity.Person) (err error) {
		file, err = counselling.CalendarFile(c, tx, who, c.Param("booking"))
		return err
	})
	if err != nil {
		return err
	}
	return c.Attachment("booking.ics", page.ICS, file)
}

type strike struct {
	ID         string     `json:"id"`
	Booking    string     `json:"booking"`
	Kind       string     `json:"kind"`
	State      string     `json:"state"`
	Label      string     `json:"label"`
	StartsAt   time.Time  `json:"starts_at"`
	Counsellor string     `json:"counsellor"`
	At         time.Time  `json:"at"`
	LapsesAt   time.Time  `json:"lapses_at"`
	Counts     bool       `json:"counts"`
	Appeal     string     `json:"appeal"`
	DecidedAt  *time.Time `json:"decided_at"`
	DecidedBy  string     `json:"decided_by"`
	Reason     string     `json:"reason"`
}

func strikeIn(c *page.Context) func(counselling.Strike) strike {
	zone, now := c.Zone(), c.Now()
	return func(s counselling.Strike) strike {
		return strike{
			ID: s.PublicID, Booking: s.Booking, Kind: string(s.Kind), State: string(s.State), Label: s.State.Label(),
			StartsAt: s.StartsAt.In(zone), Counsellor: s.Counsellor, At: s.At.In(zone), LapsesAt: s.LapsesAt.In(zone),
			Counts: s.Counts(now), Appeal: s.Appeal, DecidedAt: moment(s.DecidedAt, zone), DecidedBy: s.DecidedBy, Reason: s.Reason,
		}
	}
}

type strikes struct {
	list[strike]
	Count       int        `json:"count"`
	Limit       int        `json:"limit"`
	PausedUntil *time.Time `json:"paused_until"`
}

// strikes lists one's own strikes and what follows from them (T19).
func (f face) strikes(c *page.Context) error {
	p := pageParam(c)
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (strikes, error) {
		found, next, err := counselling.MyStrikesAfter(c, tx, who, p)
		out := strikes{list: list[strike]{listOf(found.List, strikeIn(c)), next}, Count: found.Count, Limit: found.Limit}
		if found.Paused(c.Now()) {
			out.PausedUntil = moment(found.PausedUntil, c.Zone())
		}
		return out, err
	})
}

// appeal is the student's one sentence about a strike.
func (f face) appeal(c *page.Context) error {
	var in struct {
		Text string `json:"text"`
	}
	c.ReadJSON(&in)
	return onStrike(c, counselling.Appeal, in.Text)
}

func (f face) lift(c *page.Context) error { return decideStrike(c, counselling.Lift) }

func (f face) uphold(c *page.Context) error { return decideStrike(c, counselling.Uphold) }

type strikeVerb func(ctx context.Context, tx *store.Tx, who identity.Person, strike, words string) (counselling.Strike, error)

// decideStrike does one of the centre's verbs with the reason of the body, if it has one.
func decideStrike(c *page.Context, do strikeVerb) error {
	var in struct {
		Reason string `json:"reason"`
	}
	c.ReadJSONIfAny(&in)
	return onStrike(c, do, in.Reason)
}

func onStrike(c *page.Context, do strikeVerb, words string) error {
	return once(c, func(tx *store.Tx, who identity.Person) error {
		_, err := do(c, tx, who, c.Param("strike"), words)
		return err
	}, done)
}
