package desk

import (
	"strings"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Papers is the counter where paper is handed in: a card or a number, the lists of what
// is missing, ticks (D-20, D-49).
type Papers struct {
	Base
	Query   string
	List    []*Opened
	Closed  []Entry  // what the student has besides, which takes no papers
	Refused string   // id of the one whose form was refused
	Takes   []Choice // services a student can be given longer for
}

// Template implements page.Page.
func (*Papers) Template() string { return "desk/papers" }

// Found tells whether anything came of the search.
func (p *Papers) Found() bool { return len(p.List)+len(p.Closed) > 0 }

// WrongAt is the sentence at an input of the form that was refused.
func (p *Papers) WrongAt(id, input string) string {
	if p.Refused != id {
		return ""
	}
	return p.Wrong(input)
}

// maxCounter is how many applications the counter opens at once: every one is audited.
const maxCounter = 10

func (h applications) papers(c *page.Context) error {
	p := &Papers{}
	if err := h.loadPapers(c, p, c.Query("q")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

func (h applications) loadPapers(c *page.Context, p *Papers, query string) error {
	p.Title, p.Query = "收材料", strings.TrimSpace(query)
	if p.Form == nil {
		p.Form = Form{}
	}
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		p.List, p.Closed, p.Takes = nil, nil, nil
		w, err := p.workOf(c, tx, who)
		if err != nil {
			return err
		}
		if !w.Office {
			return identity.ErrForbidden
		}
		for _, s := range w.Services {
			if s.Offered {
				p.Takes = append(p.Takes, Choice{s.Version.Code, s.Version.Title})
			}
		}
		if p.Query == "" {
			return nil
		}
		found, _, err := h.engine.Queue(c, tx, who, request.Filter{Search: p.Query}, "", listed)
		if err != nil {
			return err
		}
		for _, i := range found {
			if err := h.counter(c, tx, who, p, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// counter opens what takes papers and lists the rest.
func (h applications) counter(c *page.Context, tx *store.Tx, who identity.Person, p *Papers, i request.Item) error {
	takes := len(i.Service.Paper()) > 0 && (i.State == request.Submitted || i.State == request.Returned || i.State == request.Overdue)
	if !takes || len(p.List) >= maxCounter {
		p.Closed = append(p.Closed, Entry{i})
		return nil
	}
	v, err := h.engine.Open(c, tx, who, i.PublicID)
	if err == nil {
		p.List = append(p.List, &Opened{View: v, Zone: c.Zone()})
	}
	return err
}

// takePapers ticks what was handed in.
func (h applications) takePapers(c *page.Context) error {
	return h.atCounter(c, "application_receive", func(tx *store.Tx, who identity.Person, id string) error {
		return h.receive(c, tx, who, id)
	})
}

// extendPapers gives longer and, where something is there already, ticks it (D-49).
func (h applications) extendPapers(c *page.Context) error {
	return h.atCounter(c, "application_extend", func(tx *store.Tx, who identity.Person, id string) error {
		if err := h.extend(c, tx, who, id, typed(c, "until", "why")); err != nil {
			return err
		}
		if len(c.Gin.PostFormArray("material")) == 0 {
			return nil
		}
		return h.receive(c, tx, who, id)
	})
}

func (h applications) atCounter(c *page.Context, word string, do func(tx *store.Tx, who identity.Person, id string) error) error {
	id := c.Param("id")
	err := c.Act(func(tx *store.Tx, who identity.Person) error { return do(tx, who, id) })
	return done(c, err, address("/desk/papers", "q", c.Form("q"), "said", word), func(cause error) error {
		p := &Papers{Base: Base{Form: typed(c, "until", "why")}, Refused: id}
		if err := h.loadPapers(c, p, c.Form("q")); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}

// extendWindow takes an application of one student after the window has closed.
func (h applications) extendWindow(c *page.Context) error {
	f := typed(c, "service", "student", "until", "reason")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		until, err := f.endOf("until", c.Zone())
		if err != nil {
			return err
		}
		return h.engine.ExtendWindow(c, tx, who, f["service"], f["student"], until, f["reason"])
	})
	return done(c, err, address("/desk/papers", "said", "application_window"), func(cause error) error {
		p := &Papers{Base: Base{Form: f}}
		if err := h.loadPapers(c, p, ""); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}

// Handout is the counter where what was made is given out: what waits to be made, and,
// with a card, what waits for its student (D-11, D-15).
type Handout struct {
	Base
	Card  string
	Mine  []request.Application // what waits for the card's student
	Make  []Entry               // approved, to be printed or made
	More  bool                  // there are more to be made
	Waits int                   // to be printed or made, all of them
	Ready int                   // made and not collected yet
}

// Template implements page.Page.
func (*Handout) Template() string { return "desk/handout" }

// MostPrinted is how many are printed with one press.
func (*Handout) MostPrinted() int { return request.MaxPrint }

func (h applications) handout(c *page.Context) error {
	p := &Handout{}
	if err := h.loadHandout(c, p, c.Query("card")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

func (h applications) loadHandout(c *page.Context, p *Handout, card string) error {
	p.Title, p.Card = "打印与发放", strings.TrimSpace(card)
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		w, err := p.workOf(c, tx, who)
		if err != nil {
			return err
		}
		p.Ready, p.Waits = w.Count(request.Printed, request.Made), w.Count(request.Approved)
		items, next, err := h.engine.Queue(c, tx, who, request.Filter{State: request.Approved}, "", listed)
		if err != nil {
			return err
		}
		p.More = next != ""
		for _, i := range items {
			p.Make = append(p.Make, Entry{i})
		}
		if p.Card == "" {
			return nil
		}
		p.Mine, err = h.engine.Collectable(c, tx, who, p.Card)
		return err
	})
}

// handOut gives one to the student of the card that was read.
func (h applications) handOut(c *page.Context) error {
	card := c.Form("card")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := h.engine.HandOver(c, tx, who, c.Param("id"), card)
		return err
	})
	return done(c, err, address("/desk/handout", "card", card, "said", "application_handover"), func(cause error) error {
		p := &Handout{}
		if err := h.loadHandout(c, p, card); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}

// certificate sends the printed form of a certificate (D-11).
func (h applications) certificate(c *page.Context) error {
	p, err := page.Printable(c, h.engine, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Certificate(p)
}
