package desk

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// viaDesk is how the history names where a decision was made.
const viaDesk = "desk"

// act does what a button of the open application says. After a decision the next one
// that waits opens by itself; after anything else the application stays.
func (h applications) act(c *page.Context) error {
	id, act := c.Param("id"), c.Param("act")
	do, ok := h.verb(act)
	if !ok {
		return request.ErrNotYours // what is under this address is nobody's to learn
	}
	p := &Applications{place: placeOf(c.Form("of"), c.Form), Asking: act}
	p.Form = typed(c, "reason", "own", "opinion", "amount", "until", "why", "card", "note", "answer")
	p.marked = c.Gin.PostFormArray("marked")
	if own := p.Form["own"]; own != "" {
		p.Form["reason"] = own
	}
	err := c.Act(func(tx *store.Tx, who identity.Person) error { return do(c, tx, who, id, p.Form) })
	next := id
	if decides(act) {
		next = c.Form("next")
	}
	return done(c, err, p.address("application", next, "said", "application_"+act), func(cause error) error {
		if err := h.load(c, p, id); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}

func decides(act string) bool {
	return slices.Contains([]approval.Action{approval.Approve, approval.Return, approval.Reject}, approval.Action(act))
}

// requestVerb is an act on an application with what was typed.
type requestVerb func(c *page.Context, tx *store.Tx, who identity.Person, id string, f Form) error

func (h applications) verb(act string) (requestVerb, bool) {
	if decides(act) {
		return func(c *page.Context, tx *store.Tx, who identity.Person, _ string, f Form) error {
			d, err := decision(c, approval.Action(act), f)
			if err != nil {
				return err
			}
			_, err = h.engine.Approval.Decide(c, tx, who, c.Form("task"), d)
			return err
		}, true
	}
	verb, ok := map[string]requestVerb{
		"receive": func(c *page.Context, tx *store.Tx, who identity.Person, id string, _ Form) error {
			return h.receive(c, tx, who, id)
		},
		"note": func(c *page.Context, tx *store.Tx, who identity.Person, id string, f Form) error {
			return h.engine.Annotate(c, tx, who, id, f["note"])
		},
		"answer": func(c *page.Context, tx *store.Tx, who identity.Person, _ string, f Form) error {
			_, err := h.engine.Answer(c, tx, who, c.Form("ask"), f["answer"])
			return err
		},
		"unreceive": h.giveBack,
		"extend":    h.extend,
		"print": func(c *page.Context, tx *store.Tx, who identity.Person, id string, _ Form) error {
			_, err := h.engine.Print(c, tx, who, id)
			return err
		},
		"handover": func(c *page.Context, tx *store.Tx, who identity.Person, id string, f Form) error {
			_, err := h.engine.HandOver(c, tx, who, id, f["card"])
			return err
		},
		"requeue": func(c *page.Context, tx *store.Tx, who identity.Person, id string, _ Form) error {
			_, err := h.engine.Requeue(c, tx, who, id)
			return err
		},
		"revoke": func(c *page.Context, tx *store.Tx, who identity.Person, id string, f Form) error {
			_, err := h.engine.Revoke(c, tx, who, id, f["why"])
			return err
		},
	}[act]
	return verb, ok
}

// decision reads the form of a decision; no sum is the one that was asked for.
func decision(c *page.Context, act approval.Action, f Form) (approval.Decision, error) {
	d := approval.Decision{Action: act, Opinion: f["opinion"], Reason: f["reason"], Via: viaDesk}
	if act == approval.Return {
		d.Marked = c.Gin.PostFormArray("marked")
	}
	if typed := strings.TrimSpace(f["amount"]); typed != "" && act == approval.Approve {
		fen, ok := form.ParseYuan(typed)
		if !ok || fen == 0 {
			return d, errs.Field("amount", "金额写到分就够了，例如 128.50。")
		}
		d.Amount = fen
	}
	return d, nil
}

// receive ticks every paper that was chosen.
func (h applications) receive(c *page.Context, tx *store.Tx, who identity.Person, id string) error {
	papers := c.Gin.PostFormArray("material")
	if len(papers) == 0 {
		return errs.Field("material", "先勾选收到的材料。")
	}
	for _, m := range papers {
		if _, err := h.engine.Receive(c, tx, who, id, m, true); err != nil {
			return err
		}
	}
	return nil
}

func (h applications) giveBack(c *page.Context, tx *store.Tx, who identity.Person, id string, _ Form) error {
	_, err := h.engine.Receive(c, tx, who, id, c.Form("material"), false)
	return err
}

func (h applications) extend(c *page.Context, tx *store.Tx, who identity.Person, id string, f Form) error {
	until, err := f.endOf("until", c.Zone())
	if err != nil {
		return err
	}
	_, err = h.engine.Extend(c, tx, who, id, until, f["why"])
	return err
}

// endOf reads a date as the end of that day.
func (f Form) endOf(name string, zone *time.Location) (time.Time, error) {
	day, ok := f.date(name, zone)
	if !ok {
		return time.Time{}, errs.Field(name, "请选一天，到那天 24:00 为止。")
	}
	return day.AddDate(0, 0, 1), nil
}

// decideMany decides what was chosen in a list alike: up to 50 at once, more by a job
// whose progress has a page of its own.
func (h applications) decideMany(c *page.Context) error {
	at := placeOf(c.Form("of"), c.Form)
	f := typed(c, "reason", "own", "opinion", "act")
	if f["own"] != "" {
		f["reason"] = f["own"]
	}
	var b approval.Batch
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if err := mayReview(c, tx, who); err != nil {
			return err
		}
		tasks, err := h.tasks(c, tx, who, at)
		if err != nil {
			return err
		}
		if len(tasks) == 0 {
			return errs.New(errs.Invalid, "先勾选要处理的申请。")
		}
		d, err := decision(c, approval.Action(f["act"]), f)
		if err != nil {
			return err
		}
		if d.Action != approval.Approve && d.Reason == "" {
			return errs.Field("reason", "请选一个理由或写一句话，学生会看到。")
		}
		b, err = h.engine.Approval.DecideMany(c, tx, who, tasks, d)
		return err
	})
	next := at.address("said", "application_many", "n", strconv.Itoa(b.Done))
	if err == nil && (!b.Finished() || len(b.Failed) > 0) {
		next = "/desk/applications/batches/" + b.PublicID
	}
	return done(c, err, next, func(cause error) error { return h.listAgain(c, at, cause) })
}

// mayReview refuses who has nothing put before them, before what they sent is looked at.
func mayReview(c *page.Context, tx *store.Tx, who identity.Person) error {
	may, err := request.Reviews(c, tx, who)
	if err == nil && !may {
		err = identity.ErrForbidden
	}
	return err
}

func (h applications) listAgain(c *page.Context, at place, cause error) error {
	p := &Applications{place: at}
	p.Form = typed(c, "reason", "own", "opinion")
	if err := h.load(c, p, ""); err != nil {
		return err
	}
	return answer(c, p, cause)
}

// chosen are the ticked boxes of a name, each once.
func chosen(c *page.Context, name string) []string {
	_ = c.Form(name) // has the form read
	return slices.Compact(slices.Sorted(slices.Values(c.Gin.PostFormArray(name))))
}
