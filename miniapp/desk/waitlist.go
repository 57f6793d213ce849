package desk

import (
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Waitlist is the centre's queue in its order, with what is offered to whom (T2).
type Waitlist struct {
	Base
	List   []Waiting
	Free   []counselling.Slot // places nobody in the queue was asked about any more
	CanRun bool               // may offer by hand
}

// Waiting is one place in the queue.
type Waiting struct {
	counselling.Wait
	Says string
}

// Template implements page.Page.
func (*Waitlist) Template() string { return "desk/waitlist" }

// Out is how many offers wait for an answer.
func (p *Waitlist) Out() int {
	n := 0
	for _, w := range p.List {
		if w.Offer != nil {
			n++
		}
	}
	return n
}

// PassedOver is how many cannot be given a place now.
func (p *Waitlist) PassedOver() int {
	n := 0
	for _, w := range p.List {
		if w.Skipped != "" {
			n++
		}
	}
	return n
}

// Badge says what becomes of the wait now.
func (p *Waitlist) Badge(w Waiting) page.Badge {
	switch {
	case w.Offer != nil:
		return page.NewBadge("todo", "等学生答复")
	case w.Skipped != "":
		return page.NewBadge("idle", "先问后面的")
	case !w.AskedAt.IsZero():
		return page.NewBadge("idle", "在问是否还要")
	}
	return page.NewBadge("wait", "等空位")
}

// maxFree is how many free hours are offered to choose from.
const maxFree = 60

func waitlist(c *page.Context) error {
	return show(c, &Waitlist{Base: Base{Form: Form{"slot": c.Query("slot")}}}, loadWaitlist, nil)
}

func loadWaitlist(c *page.Context, p *Waitlist) error {
	p.Title = "排队"
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		list, err := counselling.Waitlist(c, tx, who, centre)
		if err != nil {
			return err
		}
		for _, w := range list {
			p.List = append(p.List, Waiting{w, w.Says(c.Zone())})
		}
		p.CanRun = counselling.Runs(who, centre)
		if !p.CanRun || len(list) == 0 {
			return nil
		}
		slots, err := counselling.Slots(c, tx, who, "", c.Now(), time.Time{})
		free := slices.DeleteFunc(slots, func(s counselling.Slot) bool { return !s.Bookable() })
		p.Free = free[:min(len(free), maxFree)]
		return err
	})
}

// offerFree offers a free place by hand: in order, or out of it with a written reason.
func offerFree(c *page.Context) error {
	p := &Waitlist{Base: Base{Form: typed(c, "slot", "wait", "reason")}}
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if _, err := centreOf(who); err != nil {
			return err
		}
		_, err := counselling.OfferFree(c, tx, who, p.Form["slot"], p.Form["wait"], p.Form["reason"])
		return err
	})
	return done(c, err, "/desk/counselling/waitlist?said=offered", again(c, p, loadWaitlist))
}
