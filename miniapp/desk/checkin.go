package desk

import (
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// CheckIn is the front desk's list of today: who comes when, and one press for who is here.
type CheckIn struct {
	Base
	Query string // part of a name, or the beginning of a number
	List  []counselling.Booking
	Rules counselling.Settings
	Undo  map[string]time.Time // arrivals this person can take back, by public id, and until when
}

// Template implements page.Page.
func (*CheckIn) Template() string { return "desk/checkin" }

// CanArrive tells whether who came can be recorded: from an hour before the start.
func (p *CheckIn) CanArrive(b counselling.Booking) bool {
	return b.State == counselling.Missed || b.State == counselling.Confirmed && !p.Now.Before(b.Slot.StartsAt.Add(-time.Hour))
}

// CanMiss tells whether it is late enough to record that nobody came.
func (p *CheckIn) CanMiss(b counselling.Booking) bool {
	return b.State == counselling.Confirmed && !p.Now.Before(p.LateAt(b))
}

// LateAt is from when it can be recorded that nobody came.
func (p *CheckIn) LateAt(b counselling.Booking) time.Time { return p.Rules.LateAt(b.Slot.StartsAt) }

// Here is how many have come.
func (p *CheckIn) Here() int {
	n := 0
	for _, b := range p.List {
		if b.State == counselling.Arrived {
			n++
		}
	}
	return n
}

func (p *CheckIn) hides(b counselling.Booking) bool {
	comes := b.State.Open() || b.State == counselling.Arrived || b.State == counselling.Missed
	return !comes || !strings.Contains(b.Student.Name, p.Query) && !strings.HasPrefix(b.Student.Number, p.Query)
}

func checkIn(c *page.Context) error {
	p := &CheckIn{}
	if err := loadCheckIn(c, p, c.Query("q")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

func loadCheckIn(c *page.Context, p *CheckIn, query string) error {
	p.Title, p.Query = "今天到访", strings.TrimSpace(query)
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		d, err := counselling.DayList(c, tx, who, centre, c.Now())
		if err != nil {
			return err
		}
		p.List = slices.DeleteFunc(d.Bookings, p.hides)
		if p.Undo, err = counselling.Undoable(c, tx, who, p.List); err != nil {
			return err
		}
		p.Rules, err = counselling.LoadSettings(c, tx)
		return err
	})
}

// register records who came or did not, and leads back to the list.
func register(c *page.Context) error {
	id, act := c.Param("id"), c.Param("act")
	do, ok := verbOf(act)
	if !ok || act != "arrive" && act != "unarrive" && act != "miss" {
		return counselling.ErrConfidential
	}
	err := c.Act(func(tx *store.Tx, who identity.Person) error { return atCentre(c, tx, who, do, id, "") })
	next := address("/desk/counselling/checkin", "q", c.Form("q"), "said", act) + "#b-" + id
	return done(c, err, next, func(cause error) error {
		p := &CheckIn{}
		if err := loadCheckIn(c, p, c.Form("q")); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}
