package desk

import (
	"slices"
	"strconv"
	"strings"

	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Payouts is the lists of money to be paid (D-17).
type Payouts struct {
	Base
	Services []request.Service // that pay
	Lists    []PayList
}

// PayList is a list in the words of the desk.
type PayList struct{ request.List }

// Sum is the total in yuan, exact to the fen.
func (l PayList) Sum() string { return form.Yuan(l.Total) }

// Badge is how far the list is.
func (l PayList) Badge() page.Badge {
	switch {
	case !l.ClosedAt.IsZero():
		return page.NewBadge("done", "已登记完")
	case !l.ExportedAt.IsZero():
		return page.NewBadge("wait", "已导出，等结果")
	}
	return page.NewBadge("wait", "待导出")
}

// Template implements page.Page.
func (*Payouts) Template() string { return "desk/payouts" }

// ToPay is how many of the service wait for their money.
func (*Payouts) ToPay(s request.Service) int { return s.Counts[request.ToPay] }

// Failed is how many came back.
func (*Payouts) Failed(s request.Service) int { return s.Counts[request.PayFailed] }

func (h applications) payouts(c *page.Context) error {
	return show(c, &Payouts{}, h.loadPayouts, nil)
}

func (h applications) loadPayouts(c *page.Context, p *Payouts) error {
	p.Title = "放款"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		lists, err := h.engine.PayoutLists(c, tx, who)
		if err != nil {
			return err
		}
		for _, l := range lists {
			p.Lists = append(p.Lists, PayList{l})
		}
		w, err := p.workOf(c, tx, who)
		for _, s := range w.Services {
			if s.Version.Outcome.Kind == service.Payout {
				p.Services = append(p.Services, s)
			}
		}
		return err
	})
}

func (h applications) buildList(c *page.Context) error {
	var l request.List
	err := c.Act(func(tx *store.Tx, who identity.Person) (err error) {
		l, err = h.engine.BuildList(c, tx, who, c.Form("service"))
		return err
	})
	next := "/desk/payouts"
	if l.PublicID != "" {
		next = address("/desk/payouts/"+l.PublicID, "said", "payout_built")
	}
	return done(c, err, next, again(c, &Payouts{}, h.loadPayouts))
}

// Payout is one list with its rows.
type Payout struct {
	Base
	List   PayList
	Asking string // the row whose form was refused
}

// Template implements page.Page.
func (*Payout) Template() string { return "desk/payout" }

// Waiting is how many rows have no result yet.
func (p *Payout) Waiting() int {
	n := 0
	for _, r := range p.List.Rows {
		if r.State == "waiting" {
			n++
		}
	}
	return n
}

// Cardless are the students who wait for money and have no bank card recorded.
func (p *Payout) Cardless() []string {
	var names []string
	for _, r := range p.List.Rows {
		if r.State == "waiting" && r.Card == "" && !slices.Contains(names, r.Student.Name) {
			names = append(names, r.Student.Name)
		}
	}
	return names
}

// NoCard stands for a card that is not recorded.
func (*Payout) NoCard() page.Badge { return page.NewBadge("todo", request.NoCard) }

// Yuan is the sum of a row.
func (*Payout) Yuan(r request.PayoutRow) string { return form.Yuan(r.Amount) }

// RowBadge is what became of a row.
func (*Payout) RowBadge(r request.PayoutRow) page.Badge {
	tone := "wait"
	switch r.State {
	case "paid":
		tone = "done"
	case "failed":
		tone = "todo"
	}
	return page.NewBadge(tone, r.Label())
}

func (h applications) payout(c *page.Context) error {
	return show(c, &Payout{}, h.loadPayout, nil)
}

func (h applications) loadPayout(c *page.Context, p *Payout) error {
	return read(c, p, func(tx *store.Tx, who identity.Person) (err error) {
		p.List.List, err = h.engine.PayoutList(c, tx, who, c.Param("id"))
		p.Title = p.List.Title
		return err
	})
}

// payAct does one act on a list and shows it again.
func (h applications) payAct(c *page.Context, word string, do func(tx *store.Tx, who identity.Person, id string) (int, error)) error {
	n := 0
	err := c.Act(func(tx *store.Tx, who identity.Person) (err error) {
		n, err = do(tx, who, c.Param("id"))
		return err
	})
	next := address("/desk/payouts/"+c.Param("id"), "said", word, "n", strconv.Itoa(n))
	return done(c, err, next, again(c, &Payout{Base: Base{Form: typed(c, "reason")}, Asking: c.Form("application")}, h.loadPayout))
}

// markPaid records the chosen rows as paid, all that wait if none is chosen.
func (h applications) markPaid(c *page.Context) error {
	return h.payAct(c, "payout_paid", func(tx *store.Tx, who identity.Person, id string) (int, error) {
		return h.engine.MarkPaid(c, tx, who, id, chosen(c, "application")...)
	})
}

func (h applications) markFailed(c *page.Context) error {
	return h.payAct(c, "payout_failed", func(tx *store.Tx, who identity.Person, id string) (int, error) {
		return 1, h.engine.MarkFailed(c, tx, who, id, c.Form("application"), c.Form("reason"))
	})
}

// payAgain has money that came back wait for the next list.
func (h applications) payAgain(c *page.Context) error {
	return h.payAct(c, "application_requeue", func(tx *store.Tx, who identity.Person, _ string) (int, error) {
		_, err := h.engine.Requeue(c, tx, who, c.Form("application"))
		return 1, err
	})
}

func (h applications) exportList(c *page.Context) error {
	id := c.Param("id")
	return h.workbook(c, "payout-"+id+".xlsx", func(tx *store.Tx, who identity.Person, w *strings.Builder) error {
		return h.engine.ExportList(c, tx, who, id, w)
	})
}
