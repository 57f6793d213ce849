package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

type notice struct {
	Version     int       `json:"version"`
	Body        string    `json:"body"`
	PublishedAt time.Time `json:"published_at"`
	Agreed      bool      `json:"agreed"`
}

func (f face) notice(c *page.Context) error {
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (notice, error) {
		n, agreed, err := counselling.CurrentNotice(c, tx, who)
		return notice{n.Version, n.Body, n.PublishedAt.In(c.Zone()), agreed}, err
	})
}

// consent agrees to the version that was read (D-38).
func (f face) consent(c *page.Context) error {
	var in struct {
		Version int `json:"version"`
	}
	c.ReadJSON(&in)
	return once(c, func(tx *store.Tx, who identity.Person) error {
		if err := counselling.Agree(c, tx, who, in.Version); err != nil || f.OnAgreed == nil {
			return err
		}
		return f.OnAgreed(c, tx, who)
	}, f.notice)
}

type counsellor struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Intro    string `json:"intro"`
	Topics   string `json:"topics"`
	Campus   string `json:"campus"`
	Place    string `json:"place"`
	NextFree *slot  `json:"next_free"`
}

func (f face) counsellors(c *page.Context) error {
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (list[counsellor], error) {
		found, err := counselling.Counsellors(c, tx, who)
		if err != nil {
			return list[counsellor]{}, err
		}
		return pageOf(c, found, func(l counselling.Counsellor) string { return l.PublicID }, counsellorIn(c.Zone()))
	})
}

func counsellorIn(zone *time.Location) func(counselling.Counsellor) counsellor {
	return func(k counselling.Counsellor) counsellor {
		out := counsellor{ID: k.PublicID, Name: k.Name, Intro: k.Intro, Topics: k.Topics, Campus: k.Campus, Place: k.Place}
		if k.NextFree != nil {
			next := slotIn(zone)(*k.NextFree)
			out.NextFree = &next
		}
		return out
	}
}

type slot struct {
	ID         string    `json:"id"`
	Counsellor string    `json:"counsellor"`
	Name       string    `json:"name"`
	StartsAt   time.Time `json:"starts_at"`
	EndsAt     time.Time `json:"ends_at"`
	Campus     string    `json:"campus"`
	Place      string    `json:"place"`
	Capacity   int       `json:"capacity"`
	Free       int       `json:"free"`
	Bookable   bool      `json:"bookable"`
}

func slotIn(zone *time.Location) func(counselling.Slot) slot {
	return func(s counselling.Slot) slot {
		return slot{
			ID: s.PublicID, Counsellor: s.Counsellor, Name: s.Name, StartsAt: s.StartsAt.In(zone), EndsAt: s.EndsAt.In(zone),
			Campus: s.Campus, Place: s.Place, Capacity: s.Capacity, Free: s.Free(), Bookable: s.Bookable(),
		}
	}
}

// slots lists hours, full ones included, of one counsellor or all; from now to the end
// of what is open unless the query says less.
func (f face) slots(c *page.Context) error {
	from, to := timeParam(c, "from", c.Now()), timeParam(c, "to", time.Time{})
	return replyPage(c, c.View, slotIn(c.Zone()), func(tx *store.Tx, who identity.Person, p store.Page) ([]counselling.Slot, string, error) {
		return counselling.SlotsAfter(c, tx, who, c.Query("counsellor"), from, to, p)
	})
}

// timeParam reads a time, or a date, which is its midnight in the school's zone.
func timeParam(c *page.Context, name string, absent time.Time) time.Time {
	v := c.Query(name)
	if v == "" {
		return absent
	}
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return t
	}
	t, err := time.ParseInLocation(time.DateOnly, v, c.Zone())
	if err != nil {
		c.Unread(errs.Field(name, name+" 写成 2026-10-14 或 2026-10-14T15:00:00+08:00。"))
		return absent
	}
	return t
}

// readDate reads a date of the body, its midnight in the school's zone; absent for "".
func readDate(c *page.Context, name, v string, absent time.Time) time.Time {
	if v == "" {
		return absent
	}
	t, err := time.ParseInLocation(time.DateOnly, v, c.Zone())
	if err != nil {
		c.Unread(errs.Field(name, "日期写成 2026-10-14 这样。"))
		return absent
	}
	return t
}

// week reads a span of time, by default the coming week.
func week(c *page.Context) (from, to time.Time) {
	from = timeParam(c, "from", c.Now())
	return from, timeParam(c, "to", from.AddDate(0, 0, 7))
}

type booking struct {
	ID        string     `json:"id"`
	State     string     `json:"state"`
	Label     string     `json:"label"`
	Slot      slot       `json:"slot"`
	Via       string     `json:"via"`
	CreatedAt time.Time  `json:"created_at"`
	HeldUntil time.Time  `json:"held_until"`
	DecidedAt *time.Time `json:"decided_at"`
	DecidedBy string     `json:"decided_by"`
	Reason    string     `json:"reason"`
	Wish      string     `json:"wish"`
	Student   student    `json:"student"`
	Moves     int        `json:"moves"`
	History   []event    `json:"history"`
}

type student struct {
	Name    string `json:"name"`
	Number  string `json:"number"`
	College string `json:"college"`
}

type event struct {
	At     time.Time `json:"at"`
	State  string    `json:"state"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	From   *hour     `json:"from"` // of a move
	To     *hour     `json:"to"`
}

func bookingIn(zone *time.Location) func(counselling.Booking) booking {
	return func(b counselling.Booking) booking {
		out := booking{
			ID: b.PublicID, State: string(b.State), Label: b.State.Label(), Slot: slotIn(zone)(b.Slot), Via: string(b.Via),
			CreatedAt: b.CreatedAt.In(zone), HeldUntil: b.HeldUntil.In(zone), DecidedAt: moment(b.DecidedAt, zone), DecidedBy: b.DecidedBy,
			Reason: b.Reason, Wish: b.Wish, Moves: b.Moves, Student: student{b.Student.Name, b.Student.Number, b.Student.College},
		}
		out.History = listOf(b.History, func(e counselling.Event) event {
			return event{e.At.In(zone), string(e.State), e.By, e.Reason, hourIn(zone, e.From), hourIn(zone, e.To)}
		})
		return out
	}
}

// bookings lists one's own, newest first (D-44).
func (f face) bookings(c *page.Context) error {
	return replyPage(c, c.View, bookingIn(c.Zone()), func(tx *store.Tx, who identity.Person, p store.Page) ([]counselling.Booking, string, error) {
		return counselling.MineAfter(c, tx, who, p)
	})
}

// book takes an hour (D-42). A repeat finds the booking the first request made: the
// newest of this person in the same hour.
func (f face) book(c *page.Context) error {
	var in struct {
		Slot string `json:"slot"`
		Wish string `json:"wish"`
	}
	c.ReadJSON(&in)
	var b counselling.Booking
	err := c.ActByKey(func(tx *store.Tx, who identity.Person) error {
		made, err := counselling.Book(c, tx, who, in.Slot, in.Wish, counselling.ViaAPI)
		if err != nil {
			return err
		}
		b, err = counselling.Get(c, tx, who, made.PublicID)
		return err
	})
	status := http.StatusCreated
	if errors.Is(err, page.ErrRepeat) {
		status = http.StatusOK
		b, err = madeBefore(c, in.Slot)
	}
	if err != nil {
		return err
	}
	c.Gin.Header("Location", "/api/v1/counselling/bookings/"+b.PublicID)
	return c.JSON(status, bookingIn(c.Zone())(b))
}

func madeBefore(c *page.Context, slotID string) (b counselling.Booking, err error) {
	err = c.View(func(tx *store.Tx, who identity.Person) error {
		mine, err := counselling.Mine(c, tx, who)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(mine, func(m counselling.Booking) bool { return m.Slot.PublicID == slotID && m.Via == counselling.ViaAPI })
		if i < 0 {
			return page.ErrOtherRequest
		}
		b, err = counselling.Get(c, tx, who, mine[i].PublicID)
		return err
	})
	return b, err
}

// booking returns one with its history, to its student or the centre.
func (f face) booking(c *page.Context) error {
	return reply(c, c.Update, func(tx *store.Tx, who identity.Person) (booking, error) {
		b, err := counselling.Get(c, tx, who, c.Param("booking"))
		return bookingIn(c.Zone())(b), err
	})
}

// cancel gives the hour back; late, if the body says that it is known to count.
func (f face) cancel(c *page.Context) error {
	var in struct {
		Reason string `json:"reason"`
		Late   bool   `json:"late"`
	}
	c.ReadJSONIfAny(&in)
	return act(c, func(ctx context.Context, tx *store.Tx, who identity.Person, id string) (err error) {
		if in.Late {
			_, err = counselling.CancelLate(ctx, tx, who, id)
			return err
		}
		_, err = counselling.Cancel(ctx, tx, who, id, in.Reason)
		return err
	})
}

func (f face) confirm(c *page.Context) error { return decide(c, plain(counselling.Confirm)) }

func (f face) reject(c *page.Context) error { return decide(c, counselling.Reject) }

func (f face) arrive(c *page.Context) error { return decide(c, plain(counselling.Arrive)) }

func (f face) unarrive(c *page.Context) error { return decide(c, plain(counselling.Unarrive)) }

func (f face) miss(c *page.Context) error { return decide(c, plain(counselling.Miss)) }

// verb acts on a booking, with a reason where one is needed.
type verb func(ctx context.Context, tx *store.Tx, who identity.Person, booking, reason string) (counselling.Booking, error)

// plain is a verb that takes no reason.
func plain(do func(context.Context, *store.Tx, identity.Person, string) (counselling.Booking, error)) verb {
	return func(ctx context.Context, tx *store.Tx, who identity.Person, booking, _ string) (counselling.Booking, error) {
		return do(ctx, tx, who, booking)
	}
}

// decide does the verb with the reason of the body, if it has one.
func decide(c *page.Context, do verb) error {
	var in struct {
		Reason string `json:"reason"`
	}
	c.ReadJSONIfAny(&in)
	return act(c, func(ctx context.Context, tx *store.Tx, who identity.Person, id string) error {
		_, err := do(ctx, tx, who, id, in.Reason)
		return err
	})
}

// act does something to the booking of the path and answers with the booking as it is
// then. A repeat only answers.
func act(c *page.Context, do func(ctx context.Context, tx *store.Tx, who identity.Person, booking string) error) error {
	id := c.Param("booking")
	var b counselling.Booking
	read := func(tx *store.Tx, who identity.Person) (err error) {
		b, err = counselling.Get(c, tx, who, id)
		return err
	}
	err := c.ActByKey(func(tx *store.Tx, who identity.Person) error {
		if err := do(c, tx, who, id); err != nil {
			return err
		}
		return read(tx, who)
	})
	if errors.Is(err, page.ErrRepeat) {
		err = c.Update(read)
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, bookingIn(c.Zone())(b))
}

type day struct {
	Date     string    `json:"date"`
	Slots    []slot    `json:"slots"`
	Bookings []booking `json:"bookings"`
	Pending  []booking `json:"pending"`
}

// day is the desk's view of one day of a centre; reading it is audited (D-10).
func (f face) day(c *page.Context) error {
	date := timeParam(c, "date", c.Now())
	return replyOfCentre(c, c.Update, func(tx *store.Tx, who identity.Person, centre int64) (day, error) {
		d, err := counselling.DayList(c, tx, who, centre, date)
		return dayIn(c.Zone(), d), err
	})
}

func dayIn(zone *time.Location, d counselling.Day) day {
	return day{
		Date: d.Date.In(zone).Format(time.DateOnly), Slots: listOf(d.Slots, slotIn(zone)),
		Bookings: listOf(d.Bookings, bookingIn(zone)), Pending: listOf(d.Pending, bookingIn(zone)),
	}
}

// replyOfCentre is reply with the centre that is asked about.
func replyOfCentre[T any](c *page.Context, in transaction, read func(tx *store.Tx, who identity.Person, centre int64) (T, error)) error {
	return reply(c, in, func(tx *store.Tx, who identity.Person) (out T, err error) {
		centre, err := centreOf(c, tx, who)
		if err != nil {
			return out, err
		}
		return read(tx, who, centre)
	})
}

// centreOf finds the centre of the query by its public id, or the first the person works
// at if it names none.
func centreOf(c *page.Context, tx *store.Tx, who identity.Person) (int64, error) {
	publicID := c.Query("centre")
	if publicID == "" {
		if own := counselling.Centres(who); len(own) > 0 {
			return own[0], nil
		}
		return 0, counselling.ErrConfidential
	}
	centres, err := identity.Units(c, tx, identity.Centre)
	if err != nil {
		return 0, err
	}
	for _, u := range centres {
		if u.PublicID == publicID {
			return u.ID, nil
		}
	}
	return 0, counselling.ErrConfidential
}
