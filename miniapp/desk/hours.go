package desk

import (
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Week is the hours of a week: a row for each counsellor, a column for each day.
type Week struct {
	Base
	seven
	Rows []WeekRow
	Open *counselling.Slot // the hour that is open
	May  []Choice          // counsellors this person may open hours for
}

// WeekRow is the week of one counsellor.
type WeekRow struct {
	Counsellor counselling.Counsellor
	Days       [7][]counselling.Slot
}

// Template implements page.Page.
func (*Week) Template() string { return "desk/hours" }

// Prev is the week before.
func (p *Week) Prev() string { return weekAddress(p.Monday.AddDate(0, 0, -7), "") }

// Next is the week after.
func (p *Week) Next() string { return weekAddress(p.Monday.AddDate(0, 0, 7), "") }

// At is the address with an hour open.
func (p *Week) At(hour string) string { return weekAddress(p.Monday, hour) }

// IsOpen tells whether the hour is the one open.
func (p *Week) IsOpen(s counselling.Slot) bool { return p.Open != nil && p.Open.PublicID == s.PublicID }

// IsToday tells whether the day is today.
func (p *Week) IsToday(day time.Time) bool {
	return day.Equal(calendar.Midnight(p.Now, p.Monday.Location()))
}

// Past tells whether the hour began.
func (p *Week) Past(s counselling.Slot) bool { return !s.StartsAt.After(p.Now) }

// Badge is the state of an hour.
func (p *Week) Badge(s counselling.Slot) page.Badge {
	switch {
	case !s.Open:
		return page.NewBadge("idle", "已关闭")
	case p.Past(s):
		return page.NewBadge("idle", "已开始")
	case s.Free() == 0:
		return page.NewBadge("wait", "已约满")
	default:
		return page.NewBadge("done", "可预约")
	}
}

// CanClose tells whether the open hour is offered to be closed.
func (p *Week) CanClose() bool {
	if p.Open == nil || !p.Open.Open {
		return false
	}
	for _, c := range p.May {
		if c.Value == p.Open.Counsellor {
			return true
		}
	}
	return false
}

func weekAddress(day time.Time, hour string) string {
	return address("/desk/counselling/hours", "week", day.Format(time.DateOnly), "hour", hour)
}

func hours(c *page.Context) error {
	p := &Week{Base: Base{Form: Form{"date": c.Query("date"), "start": "15:00", "end": "15:50", "capacity": "1", "weeks": "1"}}}
	if err := loadWeek(c, p, c.Query("week"), c.Query("hour")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// loadWeek reads the week that holds the day ("": today), and the hour to open.
func loadWeek(c *page.Context, p *Week, day, hour string) error {
	p.Title = "排班"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		at, err := time.ParseInLocation(time.DateOnly, day, c.Zone())
		if err != nil {
			at = calendar.Midnight(c.Now(), c.Zone())
		}
		p.seven = weekOf(at)
		if p.Form["date"] == "" {
			p.Form["date"] = later(p.Monday, c.Now().In(c.Zone()).AddDate(0, 0, 1)).Format(time.DateOnly)
		}
		list, err := counselling.CentreCounsellors(c, tx, who, centre)
		if err != nil {
			return err
		}
		slots, err := counselling.Hours(c, tx, who, centre, p.Monday, p.Monday.AddDate(0, 0, 7))
		if err != nil {
			return err
		}
		p.arrange(list, slots, hour)
		for _, l := range list {
			if l.Active && (counselling.Runs(who, centre) || l.Number == who.Number) {
				p.May = append(p.May, Choice{l.PublicID, l.Name})
			}
		}
		return nil
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// arrange puts the hours into their cells.
func (p *Week) arrange(list []counselling.Counsellor, slots []counselling.Slot, open string) {
	row := map[string]int{}
	for _, c := range list {
		row[c.PublicID] = len(p.Rows)
		p.Rows = append(p.Rows, WeekRow{Counsellor: c})
	}
	for _, s := range slots {
		cell := &p.Rows[row[s.Counsellor]].Days[p.column(s.StartsAt)]
		*cell = append(*cell, s)
		if s.PublicID == open {
			p.Open = &s
		}
	}
}

func addHours(c *page.Context) error {
	form := typed(c, "counsellor", "date", "start", "end", "capacity", "place", "weeks")
	opened := 0
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if _, err := centreOf(who); err != nil {
			return err
		}
		edit, err := hoursEdit(form, c.Zone())
		if err != nil {
			return err
		}
		if opened, err = counselling.AddHours(c, tx, who, edit); err != nil {
			return err
		}
		if opened == 0 {
			return errs.Field("start", "老师在这些时间已经有安排或不在，或房间有人用、学校放假，没有新开放。换个时间试试。")
		}
		return nil
	})
	next := address("/desk/counselling/hours", "week", form["date"], "said", "opened", "n", strconv.Itoa(opened))
	return done(c, err, next, func(cause error) error {
		p := &Week{Base: Base{Form: form}}
		if err := loadWeek(c, p, form["date"], ""); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}

// hoursEdit reads the form; what cannot be read as a time is marked.
func hoursEdit(form Form, zone *time.Location) (counselling.HoursEdit, error) {
	fields := map[string]string{}
	day, ok := form.date("date", zone)
	if !ok {
		fields["date"] = "日期写成 2026-10-14 这样。"
	}
	start, ok := form.clock("start", day)
	if !ok {
		fields["start"] = "时间写成 15:00 这样。"
	}
	end, ok := form.clock("end", day)
	if !ok {
		fields["end"] = "时间写成 15:50 这样。"
	}
	if form["counsellor"] == "" {
		fields["counsellor"] = "请选一位老师。"
	}
	if len(fields) > 0 {
		return counselling.HoursEdit{}, wrong(fields)
	}
	return counselling.HoursEdit{
		Counsellor: form["counsellor"], StartsAt: start, EndsAt: end, Place: form["place"],
		Capacity: form.number("capacity"), Weeks: form.number("weeks"),
	}, nil
}

// wrong marks several inputs.
func wrong(fields map[string]string) error {
	return &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
}

func closeHour(c *page.Context) error {
	left := 0
	err := c.Act(func(tx *store.Tx, who identity.Person) (err error) {
		left, err = counselling.CloseHour(c, tx, who, c.Param("id"))
		return err
	})
	next := address("/desk/counselling/hours", "week", c.Form("week"), "hour", c.Param("id"), "said", "closed", "n", strconv.Itoa(left))
	return done(c, err, next, func(cause error) error { return cause })
}
