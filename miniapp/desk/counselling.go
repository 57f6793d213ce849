package desk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Day is the centre's day: what waits for a decision, the hours with who comes, and the
// booking that is open.
type Day struct {
	Base
	Date    time.Time
	Query   string // part of a name or number
	Pending []counselling.Booking
	Hours   []Hour
	Open    *counselling.Booking
	Reasons []string // offered for a rejection
	Rules   counselling.Settings
	Asking  string // the act whose confirmation stands open: reject, cancel, move, or uphold and a strike
	life
}

// Hour is an hour with who comes.
type Hour struct {
	counselling.Slot
	Bookings []counselling.Booking
}

// Template implements page.Page.
func (*Day) Template() string { return "desk/counselling" }

// At is the address of this list with a booking open.
func (p *Day) At(booking string) string { return p.address(p.Date, booking) }

// Prev and Next are the days beside this one, Today is today.
func (p *Day) Prev() string { return p.address(p.Date.AddDate(0, 0, -1), "") }

// Next is the day after.
func (p *Day) Next() string { return p.address(p.Date.AddDate(0, 0, 1), "") }

// Today is today.
func (p *Day) Today() string { return p.address(p.Now, "") }

// IsToday tells whether the list is today's.
func (p *Day) IsToday() bool { return p.Date.Equal(calendar.Midnight(p.Now, p.Date.Location())) }

func (p *Day) address(date time.Time, booking string) string {
	return address("/desk/counselling", "date", date.In(p.Date.Location()).Format(time.DateOnly), "q", p.Query, "booking", booking)
}

// Offered tells whether the hour has places that can still be taken.
func (p *Day) Offered(h Hour) bool { return h.Open && h.Free() > 0 && h.StartsAt.After(p.Now) }

// Queued tells whether somebody waits for a free hour.
func (p *Day) Queued() bool {
	return slices.ContainsFunc(p.Nav, func(g Group) bool {
		return slices.ContainsFunc(g.Items, func(i Item) bool { return i.Path == "/desk/counselling/waitlist" && i.Count > 0 })
	})
}

// IsOpen tells whether the booking is the one open.
func (p *Day) IsOpen(b counselling.Booking) bool {
	return p.Open != nil && p.Open.PublicID == b.PublicID
}

// Deadline is the badge of how long a pending booking is still held.
func (p *Day) Deadline(b counselling.Booking) page.Badge {
	return deadline(b, p.Now, p.Date.Location())
}

func deadline(b counselling.Booking, now time.Time, zone *time.Location) page.Badge {
	tone := "wait"
	switch left := b.HeldUntil.Sub(now); {
	case left <= 0:
		return page.NewBadge("idle", "已过时限")
	case left < 2*time.Hour:
		tone = "todo"
	}
	return page.NewBadge(tone, calendar.Near(b.HeldUntil, now, zone)+" 前")
}

// Late tells whether the open booking was not decided in time: its place is being freed.
func (p *Day) Late() bool { return !p.Now.Before(p.Open.HeldUntil) }

// CanArrive tells whether it is time to record who came; Arrive refuses before.
func (p *Day) CanArrive() bool { return !p.Now.Before(p.Open.Slot.StartsAt.Add(-time.Hour)) }

// CanMiss tells whether it is time to record who did not come.
func (p *Day) CanMiss() bool { return !p.Now.Before(p.Rules.LateAt(p.Open.Slot.StartsAt)) }

// Here is how many of the day's bookings came or will come.
func (p *Day) Here() int {
	n := 0
	for _, h := range p.Hours {
		n += h.Taken
	}
	return n
}

// Own tells whether the typed reason is none of those offered.
func (p *Day) Own() bool {
	return p.Form["reason"] != "" && !slices.Contains(p.Reasons, p.Form["reason"])
}

// Reads tells whether the record of the open booking is this person's to read: its
// counsellor's, or the head's. The verb decides; this only offers the link.
func (p *Day) Reads() bool {
	return p.Who.Has(identity.CentreHead) || p.Who.Has(identity.CentreCounsellor) && p.Open.Slot.Name == p.Who.Name
}

func day(c *page.Context) error {
	p := &Day{}
	p.Asking = c.Query("act")
	if err := loadDay(c, p, c.Query("date"), c.Query("q"), c.Query("booking")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// loadDay reads the day of a date ("": today), and the booking to open ("": none).
func loadDay(c *page.Context, p *Day, date, query, booking string) error {
	p.Title, p.Query = "预约", strings.TrimSpace(query)
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		day, err := time.ParseInLocation(time.DateOnly, date, c.Zone())
		if err != nil {
			day = c.Now()
		}
		d, err := counselling.DayList(c, tx, who, centre, day)
		if err != nil {
			return err
		}
		p.Date, p.Pending, p.Hours = d.Date, slices.DeleteFunc(d.Pending, p.hides), p.join(d)
		set, err := counselling.LoadSettings(c, tx)
		if err != nil {
			return err
		}
		p.Reasons, p.Rules = set.Reasons, set
		if booking != "" {
			b, err := counselling.Get(c, tx, who, booking)
			if err != nil {
				return err
			}
			p.Open = &b
		}
		return loadLife(c, tx, who, p, centre)
	})
}

// centreOf returns the centre whose desk the person works at. A school has one; its
// settings and its notice are the school's.
func centreOf(who identity.Person) (int64, error) {
	centres := counselling.Centres(who)
	if len(centres) == 0 {
		return 0, counselling.ErrConfidential
	}
	return slices.Min(centres), nil
}

// hides tells whether the search leaves the booking out.
func (p *Day) hides(b counselling.Booking) bool {
	return !strings.Contains(b.Student.Name, p.Query) && !strings.HasPrefix(b.Student.Number, p.Query) && !strings.Contains(b.Slot.Name, p.Query)
}

// join puts the day's bookings under their hours. A search leaves out what does not fit.
func (p *Day) join(d counselling.Day) []Hour {
	byHour := map[string][]counselling.Booking{}
	for _, b := range d.Bookings {
		if !p.hides(b) {
			byHour[b.Slot.PublicID] = append(byHour[b.Slot.PublicID], b)
		}
	}
	var hours []Hour
	for _, s := range d.Slots {
		h := Hour{Slot: s, Bookings: byHour[s.PublicID]}
		if len(h.Bookings) > 0 || p.Query == "" || strings.Contains(s.Name, p.Query) {
			hours = append(hours, h)
		}
	}
	return hours
}

// verb is one of the desk's acts on a booking.
type verb func(c *page.Context, tx *store.Tx, who identity.Person, id, reason string) error

func verbOf(act string) (verb, bool) {
	switch act {
	case "confirm":
		return func(c *page.Context, tx *store.Tx, who identity.Person, id, _ string) error {
			_, err := counselling.Confirm(c, tx, who, id)
			return err
		}, true
	case "reject":
		return func(c *page.Context, tx *store.Tx, who identity.Person, id, reason string) error {
			_, err := counselling.Reject(c, tx, who, id, reason)
			return err
		}, true
	case "move":
		return func(c *page.Context, tx *store.Tx, who identity.Person, id, reason string) error {
			_, err := counselling.Move(c, tx, who, id, c.Form("slot"), reason)
			return err
		}, true
	case "cancel":
		return func(c *page.Context, tx *store.Tx, who identity.Person, id, reason string) error {
			_, err := counselling.Cancel(c, tx, who, id, reason)
			return err
		}, true
	case "arrive":
		return func(c *page.Context, tx *store.Tx, who identity.Person, id, _ string) error {
			_, err := counselling.Arrive(c, tx, who, id)
			return err
		}, true
	case "unarrive":
		return func(c *page.Context, tx *store.Tx, who identity.Person, id, _ string) error {
			_, err := counselling.Unarrive(c, tx, who, id)
			return err
		}, true
	case "miss":
		return func(c *page.Context, tx *store.Tx, who identity.Person, id, _ string) error {
			_, err := counselling.Miss(c, tx, who, id)
			return err
		}, true
	}
	return nil, false
}

func decide(c *page.Context) error {
	id, act := c.Param("id"), c.Param("act")
	do, ok := verbOf(act)
	if !ok {
		return counselling.ErrConfidential // what is under this address is nobody's to learn
	}
	p := &Day{Base: Base{Form: typed(c, "reason", "own")}, Asking: act}
	if own := p.Form["own"]; own != "" {
		p.Form["reason"] = own
	}
	err := c.Act(func(tx *store.Tx, who identity.Person) error { return atCentre(c, tx, who, do, id, p.Form["reason"]) })
	next := address("/desk/counselling", "date", c.Form("date"), "q", c.Form("q"), "booking", id, "said", act)
	return done(c, err, next, func(cause error) error {
		if err := loadDay(c, p, c.Form("date"), c.Form("q"), id); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}

// atCentre does the act for who works at a centre; to everybody else nothing is there.
// A student may cancel their own booking, but not from the desk.
func atCentre(c *page.Context, tx *store.Tx, who identity.Person, do verb, id, reason string) error {
	if _, err := centreOf(who); err != nil {
		return err
	}
	return do(c, tx, who, id, reason)
}

// maxBatch is how many bookings are confirmed with one press.
const maxBatch = 50

// confirmMany confirms the chosen bookings. One that was decided meanwhile is left as it
// is and named; the others are confirmed.
func confirmMany(c *page.Context) error {
	ids := chosen(c, "booking")
	confirmed := 0
	var left []string
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		confirmed, left = 0, nil
		if _, err := centreOf(who); err != nil {
			return err
		}
		if len(ids) == 0 || len(ids) > maxBatch {
			return errs.New(errs.Invalid, "先勾选要确认的预约，一次最多 "+strconv.Itoa(maxBatch)+" 条。")
		}
		for _, id := range ids {
			err := tx.Try(c, func() error {
				_, err := counselling.Confirm(c, tx, who, id)
				return err
			})
			switch {
			case err == nil:
				confirmed++
			case errs.KindOf(err) == errs.Conflict:
				left = append(left, errs.MessageOf(err))
			default:
				return err
			}
		}
		return nil
	})
	if err == nil && len(left) > 0 {
		err = errs.New(errs.Conflict, fmt.Sprintf("确认了 %d 条，%d 条没有动：%s", confirmed, len(left), strings.Join(left, "")))
	}
	next := address("/desk/counselling", "date", c.Form("date"), "q", c.Form("q"), "said", "confirmed", "n", strconv.Itoa(confirmed))
	return done(c, err, next, func(cause error) error {
		p := &Day{}
		if err := loadDay(c, p, c.Form("date"), c.Form("q"), ""); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}
