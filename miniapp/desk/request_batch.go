package desk

import (
	"strconv"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Batch is how far something done to many is, and what could not be done.
type Batch struct {
	Base
	Done, Total int
	Failed      int
	Left        []Failure
	From        string // address of the list it was begun in
	Prints      bool   // certificates are printed
	PublicID    string // of what prints them
	Pages       int    // to be put on paper
}

// Failure is one to which it could not be done.
type Failure struct {
	Entry
	Message string
}

// Template implements page.Page.
func (*Batch) Template() string { return "desk/batch" }

// OK is to how many it was done.
func (p *Batch) OK() int { return p.Done - p.Failed }

// Finished tells whether nothing is left to do.
func (p *Batch) Finished() bool { return p.Done == p.Total }

// More is how many failures are not listed.
func (p *Batch) More() int { return p.Failed - len(p.Left) }

// left names what could not be done, as far as the person may read it.
func (h applications) left(c *page.Context, tx *store.Tx, who identity.Person, p *Batch, ids, messages []string) error {
	p.Failed, p.Left = len(ids), nil
	named, err := h.engine.Named(c, tx, who, ids)
	for i, id := range ids {
		if item, ok := named[id]; ok {
			p.Left = append(p.Left, Failure{Entry{item}, messages[i]})
		}
	}
	return err
}

func (h applications) batch(c *page.Context) error {
	p := &Batch{From: "/desk/applications"}
	p.Title = "批量处理"
	err := read(c, p, func(tx *store.Tx, who identity.Person) error {
		b, err := approval.OneBatch(c, tx, who, c.Param("id"))
		if err != nil {
			return err
		}
		p.Done, p.Total = b.Done, b.Total
		var ids, messages []string
		for _, f := range b.Failed {
			ids, messages = append(ids, f.Subject), append(messages, f.Message)
		}
		return h.left(c, tx, who, p, ids, messages)
	})
	if err != nil {
		return err
	}
	return answer(c, p, nil)
}

// printMany prints the chosen ones, or all that wait in the list. The page it leads to has
// the progress, and the certificates in one document for the printer.
func (h applications) printMany(c *page.Context) error {
	at := placeOf(c.Form("of"), c.Form)
	at.State = request.Approved
	var b request.Printing
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		ids, err := h.toPrint(c, tx, who, at)
		if err != nil {
			return err
		}
		b, err = h.engine.PrintMany(c, tx, who, ids)
		return err
	})
	next := at.address()
	if b.PublicID != "" {
		next = "/desk/applications/prints/" + b.PublicID
	}
	if b.Finished() {
		next = address(next, "said", "application_printed", "n", strconv.Itoa(b.Done-len(b.Failed)))
	}
	return done(c, err, next, func(cause error) error { return h.listAgain(c, at, cause) })
}

// toPrint are those that were ticked, or with all those of the whole list, the oldest
// first, as many as are printed at once.
func (h applications) toPrint(c *page.Context, tx *store.Tx, who identity.Person, at place) ([]string, error) {
	if c.Form("all") == "" {
		return chosen(c, "print"), nil
	}
	var ids []string
	whole := &Applications{place: at}
	for whole.After = ""; ; {
		next, err := h.fillList(c, tx, who, whole, wholePage)
		if err != nil {
			return nil, err
		}
		for _, e := range whole.List {
			ids = append(ids, e.PublicID)
		}
		if whole.After, whole.List = next, nil; next == "" || len(ids) >= request.MaxPrint {
			return ids[:min(len(ids), request.MaxPrint)], nil
		}
	}
}

func (h applications) prints(c *page.Context) error {
	p := &Batch{From: "/desk/handout", Prints: true, PublicID: c.Param("id")}
	p.Title = "打印证明"
	err := read(c, p, func(tx *store.Tx, who identity.Person) error {
		b, err := h.engine.PrintingOf(c, tx, who, c.Param("id"))
		if err != nil {
			return err
		}
		p.Done, p.Total, p.Pages = b.Done, b.Total, b.Pages
		var ids, messages []string
		for _, f := range b.Failed {
			ids, messages = append(ids, f.Application), append(messages, f.Message)
		}
		return h.left(c, tx, who, p, ids, messages)
	})
	if err != nil {
		return err
	}
	return answer(c, p, nil)
}

// stack sends the certificates of a printing in one document.
func (h applications) stack(c *page.Context) error {
	var s request.Stack
	if err := c.Update(func(tx *store.Tx, who identity.Person) (err error) {
		s, err = h.engine.Stack(c, tx, who, c.Param("id"))
		return err
	}); err != nil {
		return err
	}
	pdf, err := s.PDF()
	if err != nil {
		return err
	}
	return c.Attachment("证明.pdf", "application/pdf", pdf)
}
