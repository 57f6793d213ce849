package desk

import (
	"cmp"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Moving is the choice of another hour for the booking that is open: a counsellor, a day
// to look from, and the hours that are free in the week after it.
type Moving struct {
	Counsellors []Choice
	With        string // public id
	On          time.Time
	Days        []page.Day
}

// movingDays is how many days of hours are offered at once.
const movingDays = 7

// life is what a booking has besides itself: where it may go, and its student's strikes.
type life struct {
	Moving  *Moving // nil: not asked for
	Strikes counselling.Strikes
	Appeals []counselling.Strike // of all students, nobody answered yet
}

// MoveAt is the address of this list with the open booking about to be moved.
func (p *Day) MoveAt() string {
	return address("/desk/counselling", "date", p.Date.Format(time.DateOnly), "q", p.Query, "booking", p.Open.PublicID, "act", "move")
}

// StrikeBadge is where a strike stands.
func (p *Day) StrikeBadge(s counselling.Strike) page.Badge { return page.StrikeBadge(s.State) }

// Lapsed tells whether the strike is of a term that is over.
func (p *Day) Lapsed(s counselling.Strike) bool { return !p.Now.Before(s.LapsesAt) }

// loadLife reads what the open booking's panel shows besides the booking.
func loadLife(c *page.Context, tx *store.Tx, who identity.Person, p *Day, centre int64) (err error) {
	if p.Appeals, err = counselling.Appeals(c, tx, who, centre); err != nil || p.Open == nil {
		return err
	}
	if p.Strikes, err = counselling.StrikesAt(c, tx, who, p.Open.PublicID); err != nil {
		return err
	}
	if p.Asking == "move" && p.Open.State.Open() {
		p.Moving, err = moving(c, tx, who, *p.Open, param(c, "with"), param(c, "on"))
	}
	return err
}

// param reads a parameter of the address or, after a refusal, of the form.
func param(c *page.Context, name string) string { return cmp.Or(c.Query(name), c.Form(name)) }

// moving reads the free hours of a counsellor ("": the booking's) from a date on ("":
// today).
func moving(c *page.Context, tx *store.Tx, who identity.Person, b counselling.Booking, with, on string) (*Moving, error) {
	m := &Moving{With: cmp.Or(with, b.Slot.Counsellor)}
	var err error
	if m.On, err = time.ParseInLocation(time.DateOnly, on, c.Zone()); err != nil {
		m.On = c.Now()
	}
	list, err := counselling.Counsellors(c, tx, who)
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		m.Counsellors = append(m.Counsellors, Choice{k.PublicID, k.Name})
	}
	slots, err := counselling.Slots(c, tx, who, m.With, m.On, m.On.AddDate(0, 0, movingDays))
	if err != nil {
		return nil, err
	}
	slots = slices.DeleteFunc(slots, func(s counselling.Slot) bool { return !s.Open || s.Free() == 0 })
	m.Days = page.ByDay(slots, c.Zone())
	return m, nil
}

// answerStrike lifts or upholds a strike from the panel of a booking.
func answerStrike(c *page.Context) error {
	verbs := map[string]func(c *page.Context, tx *store.Tx, who identity.Person, id, reason string) error{
		"lift": func(c *page.Context, tx *store.Tx, who identity.Person, id, reason string) error {
			_, err := counselling.Lift(c, tx, who, id, reason)
			return err
		},
		"uphold": func(c *page.Context, tx *store.Tx, who identity.Person, id, reason string) error {
			_, err := counselling.Uphold(c, tx, who, id, reason)
			return err
		},
	}
	id, act, booking := c.Param("id"), c.Param("act"), c.Form("booking")
	do, ok := verbs[act]
	if !ok {
		return counselling.ErrConfidential
	}
	p := &Day{Base: Base{Form: typed(c, "reason", "own")}, Asking: act + "/" + id}
	reason := cmp.Or(p.Form["own"], p.Form["reason"])
	err := c.Act(func(tx *store.Tx, who identity.Person) error { return atCentre(c, tx, who, do, id, reason) })
	next := address("/desk/counselling", "date", c.Form("date"), "q", c.Form("q"), "booking", booking, "said", act)
	return done(c, err, next, func(cause error) error {
		if err := loadDay(c, p, c.Form("date"), c.Form("q"), booking); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}
