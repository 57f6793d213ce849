package h5

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

const (
	listPath   = "/m/counselling"
	noticePath = "/m/counselling/notice"
	minePath   = "/m/counselling/mine"
)

func timesPath(counsellor string) string { return listPath + "/counsellors/" + counsellor }

func bookingPath(booking string) string { return minePath + "/" + booking }

// errFull is what a person reads who opens an hour that was free on the page before.
var errFull = errs.New(errs.Conflict, "这个时间刚刚约满，下面是现在还空着的时间。")

// load fills a counselling page in one reading transaction: its Base, with how to reach
// the centre at the foot, and what fill reads.
func load(c *page.Context, b *page.Base, title, back string, fill filling) error {
	return c.View(func(tx *store.Tx, who identity.Person) error { return fillIn(c, tx, who, b, title, back, fill) })
}

// loadAudited is load for what is written down who saw it.
func loadAudited(c *page.Context, b *page.Base, title, back string, fill filling) error {
	return c.Update(func(tx *store.Tx, who identity.Person) error { return fillIn(c, tx, who, b, title, back, fill) })
}

// filling reads what a page shows.
type filling func(tx *store.Tx, who identity.Person, set counselling.Settings) error

func fillIn(c *page.Context, tx *store.Tx, who identity.Person, b *page.Base, title, back string, fill filling) error {
	set, err := counselling.LoadSettings(c, tx)
	if err != nil {
		return err
	}
	*b = page.Base{Title: title, Back: back, Contact: set.Contact}
	return fill(tx, who, set)
}

// notice shows 预约须知; what is read is sent back with its version (D-38, D-40).
func (f face) notice(c *page.Context) (*page.Notice, error) {
	p := &page.Notice{}
	err := load(c, &p.Base, "预约须知", "/m/", func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		p.Notice, p.Agreed, err = counselling.CurrentNotice(c, tx, who)
		return err
	})
	return p, err
}

// agree records that the notice was read, and lets the chat know that it may go on.
func (f face) agree(c *page.Context) error {
	version, _ := strconv.Atoi(c.Form("version")) // none is 0, which is no version
	next := listPath
	err := c.Act(func(tx *store.Tx, who identity.Person) (err error) {
		if err := counselling.Agree(c, tx, who, version); err != nil {
			return err
		}
		if next, err = onward(c, tx, who); err != nil || f.OnAgreed == nil {
			return err
		}
		return f.OnAgreed(c, tx, who)
	})
	return done(c, err, next, f.notice)
}

// onward leads on after what comes before a booking: to the place held for the student,
// else to the counsellors.
func onward(c *page.Context, tx *store.Tx, who identity.Person) (string, error) {
	w, err := counselling.MyWait(c, tx, who)
	if w != nil && w.Offer != nil {
		return waitPath, err
	}
	return listPath, err
}

// counsellors lists who can be booked (D-41), once the present notice was agreed to.
func (f face) counsellors(c *page.Context) (*page.Counsellors, error) {
	p := &page.Counsellors{}
	err := load(c, &p.Base, "心理咨询预约", "/m/", func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		if p.List, err = counselling.Counsellors(c, tx, who); err != nil {
			return err
		}
		if err := mustHaveAgreed(c, tx, who); err != nil {
			return err
		}
		p.Barred, err = barred(c, tx, who)
		return err
	})
	return p, err
}

// mustHaveAgreed sends students to the notice first, then to the questions; the centre
// looks without.
func mustHaveAgreed(c *page.Context, tx *store.Tx, who identity.Person) error {
	if !who.IsStudent() {
		return nil
	}
	_, agreed, err := counselling.CurrentNotice(c, tx, who)
	if err == nil && !agreed {
		return counselling.ErrNotAgreed
	}
	if err != nil {
		return err
	}
	asked, err := counselling.NeedsIntake(c, tx, who)
	if err == nil && asked {
		return counselling.ErrNotAsked
	}
	return err
}

// barred tells a student before the first step why none of the hours can be booked.
func barred(c *page.Context, tx *store.Tx, who identity.Person) (page.Barred, error) {
	err := counselling.MayBegin(c, tx, who)
	b := page.Barred{Why: errs.MessageOf(err)}
	switch {
	case err == nil:
		return page.Barred{}, nil
	case errors.Is(err, counselling.ErrHaveOpen):
		open, err := openBooking(c, tx, who)
		if err != nil || open == nil {
			return b, err
		}
		b.Why = "你约了 " + calendar.When(open.Slot.StartsAt, c.Zone()) + " " + open.Slot.Name + "老师（" + open.State.Label() + "）。一次约一个：想换时间就改这一个，去完再约下一次。"
		b.Path, b.Link = bookingPath(open.PublicID), "看这个预约，改时间或取消"
		if open.Over(tx.Now()) {
			b.Why, b.Link = calendar.When(open.Slot.StartsAt, c.Zone())+" 的那一次还没有登记到访，登记以后就能约新的时间；等不及请联系中心。", "看这个预约"
		}
	case errors.Is(err, counselling.ErrPaused):
		b.Path, b.Link = strikesPath, "看未到记录，说明情况"
	case !errors.Is(err, counselling.ErrTermFull):
		return b, err
	}
	return b, nil
}

func openBooking(c *page.Context, tx *store.Tx, who identity.Person) (*counselling.Booking, error) {
	list, err := counselling.Mine(c, tx, who)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, func(b counselling.Booking) bool { return b.State.Open() }); i >= 0 {
		return &list[i], nil
	}
	return nil, nil
}

// times shows the hours of a counsellor by day; a full one cannot be chosen (D-43).
func (f face) times(c *page.Context) (*page.Times, error) {
	p := &page.Times{}
	err := load(c, &p.Base, "选时间", listPath, func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		if p.Counsellor, err = counselling.OneCounsellor(c, tx, who, c.Param("counsellor")); err != nil {
			return err
		}
		if err := mustHaveAgreed(c, tx, who); err != nil {
			return err
		}
		if p.Barred, err = barred(c, tx, who); err != nil {
			return err
		}
		slots, err := counselling.Slots(c, tx, who, p.Counsellor.PublicID, tx.Now(), time.Time{})
		p.Days = page.ByDay(slots, c.Zone())
		return err
	})
	return p, err
}

// askBook shows the hour once more and asks for a wish.
func (f face) askBook(c *page.Context) error {
	p, err := f.bookPage(c)
	if err != nil {
		return f.otherTime(c, err)
	}
	return c.Show(p)
}

func (f face) bookPage(c *page.Context) (*page.Book, error) {
	p := &page.Book{}
	err := load(c, &p.Base, "确认预约", timesPath(c.Param("counsellor")), func(tx *store.Tx, who identity.Person, set counselling.Settings) (err error) {
		p.HoldHours = set.HoldHours
		if err := mustHaveAgreed(c, tx, who); err != nil {
			return err
		}
		if err := counselling.MayBegin(c, tx, who); err != nil {
			return err
		}
		p.Slot, err = freeSlot(c, tx, who, c.Param("counsellor"))
		return err
	})
	return p, err
}

// freeSlot is the hour of the path, of one counsellor or of any, if it can be booked.
func freeSlot(c *page.Context, tx *store.Tx, who identity.Person, counsellor string) (counselling.Slot, error) {
	slots, err := counselling.Slots(c, tx, who, counsellor, tx.Now(), time.Time{})
	if err != nil {
		return counselling.Slot{}, err
	}
	i := slices.IndexFunc(slots, func(s counselling.Slot) bool { return s.PublicID == c.Param("slot") })
	if i < 0 || !slots[i].Bookable() {
		return counselling.Slot{}, errFull
	}
	return slots[i], nil
}

// otherTime answers a refusal with the hours as they are now (D-43).
func (f face) otherTime(c *page.Context, refusal error) error {
	if to := first(refusal); to != "" {
		return c.SeeOther(to)
	}
	if errs.KindOf(refusal) != errs.Conflict && errs.KindOf(refusal) != errs.NotFound {
		return refusal
	}
	p, err := f.times(c)
	if err != nil {
		return err
	}
	return c.Refuse(refusal, p)
}

// book takes the hour (D-42). A double tap ends at the one booking it made.
func (f face) book(c *page.Context) error {
	var b counselling.Booking
	wish := c.Form("wish")
	err := c.Act(func(tx *store.Tx, who identity.Person) (err error) {
		b, err = counselling.Book(c, tx, who, c.Param("slot"), wish, counselling.ViaPage)
		return err
	})
	switch {
	case errors.Is(err, page.ErrRepeat):
		return c.SeeOther(minePath)
	case errs.KindOf(err) == errs.Invalid:
		p, loadErr := f.bookPage(c)
		if loadErr != nil {
			return f.otherTime(c, loadErr)
		}
		p.Wish = wish
		return c.Refuse(err, p)
	case errors.Is(err, page.ErrStaleForm):
		return err
	case err != nil:
		return f.otherTime(c, err)
	}
	return c.SeeOther(bookingPath(b.PublicID) + "?new=1")
}

// mine lists the student's bookings, newest first (D-44).
func (f face) mine(c *page.Context) (*page.Bookings, error) {
	p := &page.Bookings{}
	err := load(c, &p.Base, "我的预约", "/m/", func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		if p.Wait, err = counselling.MyWait(c, tx, who); err != nil {
			return err
		}
		if p.List, err = counselling.Mine(c, tx, who); err != nil {
			return err
		}
		p.Strikes, err = counselling.MyStrikes(c, tx, who)
		return err
	})
	return p, err
}

// booking shows one booking. The centre may read it too, and that is audited.
func (f face) booking(c *page.Context) (*page.Booking, error) {
	p := &page.Booking{}
	err := loadAudited(c, &p.Base, "预约", minePath, func(tx *store.Tx, who identity.Person, set counselling.Settings) (err error) {
		if p.Booking, err = counselling.Get(c, tx, who, c.Param("booking")); err != nil {
			return err
		}
		p.Own = p.Student.ID == who.ID
		p.CancelTill, p.MoveTill = set.MayCancelTill(p.Slot.StartsAt), set.CutOff(p.Slot.StartsAt)
		return nil
	})
	if err != nil {
		return p, err
	}
	if !p.Own {
		p.Back = "/m/"
	}
	if c.Query("moved") != "" {
		p.Flash = movedFlash(p, c)
	}
	if c.Query("new") != "" && p.State == counselling.Pending {
		p.Flash = "已为你留下 " + calendar.When(p.Slot.StartsAt, c.Zone()) + "，等待确认，最晚 " +
			calendar.Near(p.HeldUntil, c.Now(), c.Zone()) + " 有结果。"
	}
	return p, nil
}

// askCancel names what cancelling means.
func (f face) askCancel(c *page.Context) error {
	p, err := f.cancelPage(c)
	if err != nil {
		return err
	}
	if !p.State.Open() {
		return c.SeeOther(bookingPath(p.PublicID))
	}
	return c.Show(p)
}

func (f face) cancelPage(c *page.Context) (*page.Cancel, error) {
	p := &page.Cancel{}
	err := loadAudited(c, &p.Base, "取消预约", bookingPath(c.Param("booking")), func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		p.Booking, err = counselling.Get(c, tx, who, c.Param("booking"))
		if err == nil && p.Student.ID != who.ID {
			return counselling.ErrConfidential // the centre cancels on the desk, with a reason
		}
		if err == nil && p.State.Open() {
			p.Warning, err = counselling.CancelWarning(c, tx, who, p.Booking)
		}
		if errors.Is(err, counselling.ErrTooLate) { // pressing says so, with whom to call
			err = nil
		}
		return err
	})
	return p, err
}

// cancel gives the hour back; late, after the page has said what it counts as.
func (f face) cancel(c *page.Context) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if _, err := own(c, tx, who); err != nil {
			return err
		}
		if c.Form("warned") != "" {
			_, err := counselling.CancelLate(c, tx, who, c.Param("booking"))
			return err
		}
		_, err := counselling.Cancel(c, tx, who, c.Param("booking"), "")
		return err
	})
	return done(c, err, bookingPath(c.Param("booking")), f.cancelPage)
}
