package desk

import (
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Diary is the centre's week: a row for each counsellor, a column for each day, and in
// each hour who comes. A booking is moved in three steps, each an address: open it,
// choose where it goes, confirm what follows. Scripts make of the first two a drag or
// a few keys.
type Diary struct {
	Base
	seven
	With        string // the public id of the counsellor shown alone, "" for all
	Counsellors []Choice
	Rows        []DiaryRow
	Special     calendar.Days
	More        bool // not all hours are shown
	Unsettled   int  // bookings of all days whose hour was closed
	Open        *counselling.Booking
	Moving      bool              // another hour is being chosen for it
	To          *counselling.Slot // the one chosen, to be confirmed
	Stays       string            // why it cannot go to the hour that was asked for
}

// DiaryRow is the week of one counsellor.
type DiaryRow struct {
	Counsellor counselling.Counsellor
	Days       [7][]Hour
}

// Template implements page.Page.
func (*Diary) Template() string { return "desk/diary" }

// seven are the days of a week.
type seven struct{ Monday time.Time }

// weekOf is the week that holds the day.
func weekOf(day time.Time) seven {
	return seven{day.AddDate(0, 0, -(int(day.Weekday())+6)%7)}
}

// Days are the seven days.
func (s seven) Days() []time.Time {
	days := make([]time.Time, 7)
	for i := range days {
		days[i] = s.Monday.AddDate(0, 0, i)
	}
	return days
}

// Sunday is the last day.
func (s seven) Sunday() time.Time { return s.Monday.AddDate(0, 0, 6) }

// Heading is 周一 10月12日, over a narrow column.
func (s seven) Heading(day time.Time) string { return calendar.Weekday(day) + day.Format(" 1月2日") }

// column is the number of the column a moment stands in, from 0.
func (s seven) column(t time.Time) int {
	return (int(t.In(s.Monday.Location()).Weekday()) + 6) % 7
}

// IsToday tells whether the day is today.
func (p *Diary) IsToday(day time.Time) bool {
	return day.Equal(calendar.Midnight(p.Now, p.Monday.Location()))
}

// Holiday is the name of a day on which the school is special, "" on others.
func (p *Diary) Holiday(day time.Time) string {
	s, _ := p.Special.On(day)
	return s.Name
}

func (p *Diary) address(monday time.Time, pairs ...string) string {
	return address("/desk/counselling/week", append([]string{"week", monday.Format(time.DateOnly), "with", p.With}, pairs...)...)
}

// beside is a neighbouring week with the same booking in hand.
func (p *Diary) beside(days int) string {
	monday := p.Monday.AddDate(0, 0, days)
	if p.Moving {
		return p.address(monday, "booking", p.Open.PublicID, "act", "move")
	}
	return p.address(monday)
}

// Prev is the week before.
func (p *Diary) Prev() string { return p.beside(-7) }

// Next is the week after.
func (p *Diary) Next() string { return p.beside(7) }

// At is this week with a booking open, or with none.
func (p *Diary) At(booking string) string { return p.address(p.Monday, "booking", booking) }

// MoveAt is this week with another hour being chosen for a booking.
func (p *Diary) MoveAt(booking string) string {
	return p.address(p.Monday, "booking", booking, "act", "move")
}

// MoveTo is this week with the open booking about to go to the hour.
func (p *Diary) MoveTo(h Hour) string {
	return p.address(p.Monday, "booking", p.Open.PublicID, "act", "move", "to", h.PublicID)
}

// IsOpen tells whether the booking is the one open.
func (p *Diary) IsOpen(b counselling.Booking) bool {
	return p.Open != nil && p.Open.PublicID == b.PublicID
}

// IsTo tells whether the hour is the one chosen.
func (p *Diary) IsTo(h Hour) bool { return p.To != nil && p.To.PublicID == h.PublicID }

// Movable tells whether the booking can go to another hour.
func (p *Diary) Movable(b counselling.Booking) bool { return p.fixed(b) == "" }

// fixed says why the booking can go nowhere, "" if it can.
func (p *Diary) fixed(b counselling.Booking) string {
	switch {
	case !b.State.Open():
		return "这条预约" + b.State.Label() + "，不能再改时间。"
	case !b.Slot.StartsAt.After(p.Now):
		return "这次已经开始，不能再改时间。"
	}
	return ""
}

// Takes tells whether the hour has a place for somebody.
func (p *Diary) Takes(h Hour) bool { return p.stays(h) == "" }

// stays says why the booking cannot go to the hour, "" if it can.
func (p *Diary) stays(h Hour) string {
	at := calendar.When(h.StartsAt, p.Monday.Location()) + "（" + h.Name + "）"
	switch {
	case !h.StartsAt.After(p.Now):
		return at + "已经开始，请选晚一点的时间。"
	case !h.Open:
		return at + "已经关闭，不再接待。请选一个空着的时间。"
	case h.Free() == 0 && h.Held() > 0:
		return at + "留给了排队的同学，正在等回复。请选一个空着的时间。"
	case h.Free() == 0:
		return at + "已经约满。请选一个空着的时间。"
	}
	return ""
}

// Held is how many places wait for the answer of who was offered them.
func (h Hour) Held() int { return max(0, h.Taken-len(h.Bookings)) }

// Badge is the state of a booking in its hour: one whose hour was closed is to be
// settled, whatever else it is.
func (p *Diary) Badge(h Hour, b counselling.Booking) page.Badge {
	if !h.Open && p.Movable(b) {
		return page.NewBadge("todo", "待安排")
	}
	return page.BadgeOf(b.State)
}

func diary(c *page.Context) error {
	p := &Diary{Moving: c.Query("act") == "move", Base: Base{Form: Form{"reason": sorry}}}
	if err := loadDiary(c, p, diaryAt{c.Query("week"), c.Query("with"), c.Query("booking"), c.Query("to")}); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// diaryAt is what is looked at: a day of the week ("": today), one counsellor, the
// booking that is open, and where it would go.
type diaryAt struct{ day, with, booking, to string }

func loadDiary(c *page.Context, p *Diary, at diaryAt) error {
	p.Title, p.With = "一周", at.with
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		day, err := time.ParseInLocation(time.DateOnly, at.day, c.Zone())
		if err != nil {
			day = calendar.Midnight(c.Now(), c.Zone())
		}
		p.seven = weekOf(day)
		list, err := counselling.CentreCounsellors(c, tx, who, centre)
		if err != nil {
			return err
		}
		w, err := counselling.WeekList(c, tx, who, centre, p.With, p.Monday)
		if err != nil {
			return err
		}
		p.arrange(list, w, at.to)
		if p.Special, err = calendar.LoadDays(c, tx, p.Monday, p.Sunday()); err != nil {
			return err
		}
		if p.Unsettled, err = counselling.UnsettledCount(c, tx, who); err != nil || at.booking == "" {
			p.Moving, p.To, p.Stays = false, nil, ""
			return err
		}
		b, err := counselling.Get(c, tx, who, at.booking)
		if err != nil {
			return err
		}
		p.Open = &b
		if fixed := p.fixed(b); p.Moving && fixed != "" {
			p.Moving, p.To, p.Stays = false, nil, fixed
		}
		return nil
	})
}

// arrange puts the hours with who comes into their cells, and finds the one chosen or
// says why it cannot be had.
func (p *Diary) arrange(list []counselling.Counsellor, w counselling.Week, to string) {
	row := map[string]int{}
	for _, c := range list {
		p.Counsellors = append(p.Counsellors, Choice{c.PublicID, c.Name})
		if p.With == "" || p.With == c.PublicID {
			row[c.PublicID] = len(p.Rows)
			p.Rows = append(p.Rows, DiaryRow{Counsellor: c})
		}
	}
	coming := map[string][]counselling.Booking{}
	for _, b := range w.Bookings {
		coming[b.Slot.PublicID] = append(coming[b.Slot.PublicID], b)
	}
	if to != "" {
		p.Stays = "这个时间已经撤下了，请重新选一个。"
	}
	for _, s := range w.Slots {
		h := Hour{Slot: s, Bookings: coming[s.PublicID]}
		cell := &p.Rows[row[s.Counsellor]].Days[p.column(s.StartsAt)]
		*cell = append(*cell, h)
		if s.PublicID != to {
			continue
		}
		if p.Stays = p.stays(h); p.Stays == "" {
			p.To = &s
		}
	}
	p.More = w.More
}

// moveInDiary takes the booking to the hour chosen.
func moveInDiary(c *page.Context) error {
	at := diaryAt{c.Form("week"), c.Form("with"), c.Form("booking"), c.Form("to")}
	p := &Diary{Moving: true, Base: Base{Form: typed(c, "reason")}}
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if _, err := centreOf(who); err != nil {
			return err
		}
		_, err := counselling.Move(c, tx, who, at.booking, at.to, p.Form["reason"])
		return err
	})
	next := address("/desk/counselling/week", "week", at.day, "with", at.with, "booking", at.booking, "said", "move")
	return done(c, err, next, func(cause error) error {
		if err := loadDiary(c, p, at); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}
