package h5

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

const strikesPath = "/m/counselling/strikes"

func movePath(booking string) string { return bookingPath(booking) + "/move" }

// moveTimes shows the hours a booking may go to, first those of its counsellor.
func (f face) moveTimes(c *page.Context) (*page.Move, error) {
	p := &page.Move{}
	err := loadAudited(c, &p.Base, "改时间", bookingPath(c.Param("booking")), func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		if p.Booking, err = own(c, tx, who); err != nil {
			return err
		}
		with := cmp.Or(c.Query("with"), p.Slot.Counsellor)
		if p.Counsellors, err = counselling.Counsellors(c, tx, who); err != nil {
			return err
		}
		if p.With, err = counselling.OneCounsellor(c, tx, who, with); err != nil {
			return err
		}
		slots, err := counselling.Slots(c, tx, who, with, tx.Now(), time.Time{})
		slots = slices.DeleteFunc(slots, func(s counselling.Slot) bool { return s.PublicID == p.Slot.PublicID })
		p.Days = page.ByDay(slots, c.Zone())
		return err
	})
	return p, err
}

// own returns the student's own booking; the centre moves on the desk, with a reason.
func own(c *page.Context, tx *store.Tx, who identity.Person) (counselling.Booking, error) {
	b, err := counselling.Get(c, tx, who, c.Param("booking"))
	if err == nil && b.Student.ID != who.ID {
		err = counselling.ErrConfidential
	}
	return b, err
}

// askMove says what moving to the hour means.
func (f face) askMove(c *page.Context) error {
	p := &page.MoveTo{}
	err := loadAudited(c, &p.Base, "确认改时间", movePath(c.Param("booking")), func(tx *store.Tx, who identity.Person, set counselling.Settings) (err error) {
		p.HoldHours = set.HoldHours
		if p.Booking, err = own(c, tx, who); err != nil {
			return err
		}
		if p.To, err = freeSlot(c, tx, who, ""); err != nil {
			return err
		}
		p.Confirmed = p.State == counselling.Confirmed && !set.MoveConfirms && p.To.Counsellor == p.Slot.Counsellor
		return nil
	})
	if err != nil {
		return f.otherMove(c, err)
	}
	return c.Show(p)
}

// otherMove answers a refusal with the hours as they are now (D-43).
func (f face) otherMove(c *page.Context, refusal error) error {
	if kind := errs.KindOf(refusal); kind != errs.Conflict && kind != errs.NotFound || errors.Is(refusal, page.ErrStaleForm) {
		return refusal
	}
	p, err := f.moveTimes(c)
	if err != nil {
		return err
	}
	return c.Refuse(refusal, p)
}

// move takes the booking to the hour. A double tap ends at the same booking.
func (f face) move(c *page.Context) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if _, err := own(c, tx, who); err != nil {
			return err
		}
		_, err := counselling.Move(c, tx, who, c.Param("booking"), c.Param("slot"), "")
		return err
	})
	if err != nil && !errors.Is(err, page.ErrRepeat) {
		return f.otherMove(c, err)
	}
	return c.SeeOther(bookingPath(c.Param("booking")) + "?moved=1")
}

// movedFlash says where a booking went that was just moved.
func movedFlash(p *page.Booking, c *page.Context) string {
	s := "已改到 " + calendar.When(p.Slot.StartsAt, c.Zone())
	switch p.State {
	case counselling.Pending:
		return s + "，等待确认，最晚 " + calendar.Near(p.HeldUntil, c.Now(), c.Zone()) + " 有结果。原来的时间已放出。"
	case counselling.Confirmed:
		return s + "，不用再等确认。原来的时间已放出。"
	}
	return ""
}

// calendar is the booking as a file for the phone's calendar.
func (f face) calendar(c *page.Context) error {
	var file []byte
	err := c.Update(func(tx *store.Tx, who identity.Person) (err error) {
		file, err = counselling.CalendarFile(c, tx, who, c.Param("booking"))
		return err
	})
	if err != nil {
		return err
	}
	return c.Attachment("booking.ics", page.ICS, file)
}

// strikes lists the student's strikes with what follows from them.
func (f face) strikes(c *page.Context) (*page.Strikes, error) {
	p := &page.Strikes{}
	err := load(c, &p.Base, "未到记录", minePath, func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		p.Strikes, err = counselling.MyStrikes(c, tx, who)
		return err
	})
	if c.Query("said") != "" {
		p.Flash = "说明交给中心了，有结果会在企业微信里告诉你。"
	}
	return p, err
}

// appeal takes the student's one sentence about a strike.
func (f face) appeal(c *page.Context) error {
	text := c.Form("appeal")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.Appeal(c, tx, who, c.Param("strike"), text)
		return err
	})
	return done(c, err, strikesPath+"?said=1", func(c *page.Context) (*page.Strikes, error) {
		p, err := f.strikes(c)
		p.Asking, p.Typed = c.Param("strike"), text
		return p, err
	})
}
