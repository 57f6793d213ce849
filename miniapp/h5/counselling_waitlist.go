package h5

import (
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

const waitPath = "/m/counselling/wait"

// wait shows the student's place in the queue with the place held for them, or the form
// to wait for one (T2).
func (f face) wait(c *page.Context) (*page.Queue, error) {
	p := &page.Queue{Counsellor: c.Query("counsellor")}
	err := load(c, &p.Base, "排队等空位", listPath, func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		if !who.IsStudent() {
			return counselling.ErrStudentsOnly
		}
		if err := mustHaveAgreed(c, tx, who); err != nil {
			return err
		}
		if p.Wait, err = counselling.MyWait(c, tx, who); err != nil {
			return err
		}
		if p.Wait != nil {
			p.Says = p.Wait.Says(c.Zone())
		}
		if p.Open, err = openBooking(c, tx, who); err != nil {
			return err
		}
		p.Counsellors, err = counselling.Counsellors(c, tx, who)
		p.Campuses = page.CampusesOf(p.Counsellors)
		return err
	})
	return p, err
}

// join takes a place in the queue. A double tap ends at the one place it took.
func (f face) join(c *page.Context) error {
	want, err := wantOf(c)
	if err == nil {
		err = c.Act(func(tx *store.Tx, who identity.Person) error {
			_, err := counselling.Join(c, tx, who, want, counselling.ViaPage)
			return err
		})
	}
	return f.waited(c, err)
}

// wantOf reads the form.
func wantOf(c *page.Context) (counselling.Want, error) {
	w := counselling.Want{Counsellor: c.Form("counsellor"), Except: c.Forms("except"), Campus: c.Form("campus"), Part: counselling.Part(c.Form("part"))}
	fields := map[string]string{}
	for name, day := range map[string]*time.Time{"from": &w.From, "to": &w.To} {
		v := c.Form(name)
		if v == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, v, c.Zone())
		if err != nil {
			fields[name] = "日期写成 2026-10-14 这样。"
		}
		*day = t
	}
	if len(fields) > 0 {
		return w, &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
	}
	return w, nil
}

func (f face) leave(c *page.Context) error {
	return f.waited(c, c.Act(func(tx *store.Tx, who identity.Person) error { return counselling.Leave(c, tx, who) }))
}

func (f face) keepWait(c *page.Context) error {
	return f.waited(c, c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.Keep(c, tx, who)
		return err
	}))
}

func (f face) declineOffer(c *page.Context) error {
	return f.waited(c, c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.Decline(c, tx, who, c.Param("offer"))
		return err
	}))
}

// acceptOffer takes the place held; it goes on to the booking.
func (f face) acceptOffer(c *page.Context) error {
	next := minePath
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		b, err := counselling.Accept(c, tx, who, c.Param("offer"), counselling.ViaPage)
		next = bookingPath(b.PublicID) + "?new=1"
		return err
	})
	return done(c, err, next, f.waitAgain)
}

// waited answers an act on the queue with the queue as it is now.
func (f face) waited(c *page.Context, err error) error { return done(c, err, waitPath, f.waitAgain) }

// waitAgain is the queue as it is now, with what was typed.
func (f face) waitAgain(c *page.Context) (*page.Queue, error) {
	p, err := f.wait(c)
	p.Counsellor, p.Except, p.Campus = c.Form("counsellor"), c.Forms("except"), c.Form("campus")
	p.From, p.To, p.Part = c.Form("from"), c.Form("to"), c.Form("part")
	return p, err
}
