package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

type wait struct {
	ID         string    `json:"id"`
	Place      int       `json:"place"`
	Since      time.Time `json:"since"`
	Counsellor string    `json:"counsellor"`
	Name       string    `json:"name"`
	Except     []string  `json:"except"`
	Campus     string    `json:"campus"`
	From       string    `json:"from"`
	To         string    `json:"to"`
	Part       string    `json:"part"`
	Earlier    bool      `json:"earlier"`
	Asked      bool      `json:"asked"`
	Skipped    string    `json:"skipped"`
	Offer      *offer    `json:"offer"`
	Student    student   `json:"student"`
}

type offer struct {
	ID        string    `json:"id"`
	Slot      slot      `json:"slot"`
	OfferedAt time.Time `json:"offered_at"`
	OpensAt   time.Time `json:"opens_at"`
	Until     time.Time `json:"until"`
	By        string    `json:"by"`
	Reason    string    `json:"reason"`
}

func waitIn(zone *time.Location) func(counselling.Wait) wait {
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(zone).Format(time.DateOnly)
	}
	return func(w counselling.Wait) wait {
		out := wait{
			ID: w.PublicID, Place: w.Place, Since: w.Since.In(zone), Counsellor: w.Want.Counsellor, Name: w.Name,
			Except: append([]string{}, w.Want.Except...), Campus: w.Want.Campus,
			From: day(w.Want.From), To: day(w.Want.To), Part: string(w.Want.Part), Earlier: w.Want.Earlier, Asked: !w.AskedAt.IsZero(), Skipped: w.Skipped,
			Student: student{w.Student.Name, w.Student.Number, w.Student.College},
		}
		if o := w.Offer; o != nil {
			out.Offer = &offer{o.PublicID, slotIn(zone)(o.Slot), o.OfferedAt.In(zone), o.OpensAt.In(zone), o.Until.In(zone), o.By, o.Reason}
		}
		return out
	}
}

type myWait struct {
	Wait *wait `json:"wait"`
}

// wait is my place in the queue, null if I do not wait (T2).
func (f face) wait(c *page.Context) error {
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (myWait, error) {
		w, err := counselling.MyWait(c, tx, who)
		if err != nil || w == nil {
			return myWait{}, err
		}
		mine := waitIn(c.Zone())(*w)
		return myWait{&mine}, nil
	})
}

// join takes a place in the queue. A repeat only answers with it.
func (f face) join(c *page.Context) error {
	var in struct {
		Counsellor string   `json:"counsellor"`
		Except     []string `json:"except"`
		Campus     string   `json:"campus"`
		From       string   `json:"from"`
		To         string   `json:"to"`
		Part       string   `json:"part"`
	}
	c.ReadJSON(&in)
	want := counselling.Want{
		Counsellor: in.Counsellor, Except: in.Except, Campus: in.Campus, Part: counselling.Part(in.Part),
		From: readDate(c, "from", in.From, time.Time{}), To: readDate(c, "to", in.To, time.Time{}),
	}
	return once(c, func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.Join(c, tx, who, want, counselling.ViaAPI)
		return err
	}, f.wait)
}

func (f face) leave(c *page.Context) error {
	return once(c, func(tx *store.Tx, who identity.Person) error { return counselling.Leave(c, tx, who) }, f.wait)
}

func (f face) keep(c *page.Context) error {
	return once(c, func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.Keep(c, tx, who)
		return err
	}, f.wait)
}

func (f face) decline(c *page.Context) error {
	return once(c, func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.Decline(c, tx, who, c.Param("offer"))
		return err
	}, f.wait)
}

// accept takes the place offered and answers with the booking. A repeat finds the
// booking in the list of one's own.
func (f face) accept(c *page.Context) error {
	var b counselling.Booking
	err := c.ActByKey(func(tx *store.Tx, who identity.Person) error {
		made, err := counselling.Accept(c, tx, who, c.Param("offer"), counselling.ViaAPI)
		if err != nil {
			return err
		}
		b, err = counselling.Get(c, tx, who, made.PublicID)
		return err
	})
	if errors.Is(err, page.ErrRepeat) {
		return f.bookings(c)
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, bookingIn(c.Zone())(b))
}

// waitlist is the centre's queue in its order; reading it is audited.
func (f face) waitlist(c *page.Context) error {
	return replyPage(c, c.Update, waitIn(c.Zone()), func(tx *store.Tx, who identity.Person, p store.Page) ([]counselling.Wait, string, error) {
		centre, err := centreOf(c, tx, who)
		if err != nil {
			return nil, "", err
		}
		return counselling.WaitlistAfter(c, tx, who, centre, p)
	})
}

// offerFree offers a free place by the hand of the centre.
func (f face) offerFree(c *page.Context) error {
	var in struct {
		Slot   string `json:"slot"`
		Wait   string `json:"wait"`
		Reason string `json:"reason"`
	}
	c.ReadJSON(&in)
	return reply(c, c.ActByKey, func(tx *store.Tx, who identity.Person) (wait, error) {
		w, err := offerBy(c, tx, who, in.Slot, in.Wait, in.Reason)
		return waitIn(c.Zone())(w), err
	})
}

// offerBy keeps from who is not of a centre whether a slot exists, and tells who is of one
// that none was named.
func offerBy(ctx context.Context, tx *store.Tx, who identity.Person, slot, wait, reason string) (counselling.Wait, error) {
	if len(counselling.Centres(who)) == 0 {
		return counselling.Wait{}, counselling.ErrConfidential
	}
	if slot == "" {
		return counselling.Wait{}, errs.Field("slot", "slot 写要给出的那个时间的编号。")
	}
	return counselling.OfferFree(ctx, tx, who, slot, wait, reason)
}
