package desk

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Calendar is the school's special days of a year, and what changing one would do.
type Calendar struct {
	Base
	Year    int
	List    []calendar.Special
	CanEdit bool
	Open    string              // date of the day that is open
	Look    *Look               // what saving the form, or the file, would change
	Days    []calendar.Special  // of the file
	Mend    []calendar.RowError // rows of the file to mend
	File    string
	Content string // base64, in the form that imports it
}

// Template implements page.Page.
func (*Calendar) Template() string { return "desk/calendar" }

// Prev is the year before.
func (p *Calendar) Prev() string { return calendarAddress(p.Year-1, "") }

// Next is the year after.
func (p *Calendar) Next() string { return calendarAddress(p.Year+1, "") }

// At is the address with a day open.
func (p *Calendar) At(day time.Time) string {
	return calendarAddress(p.Year, day.Format(time.DateOnly))
}

// Today is the day, to leave an edit.
func (p *Calendar) Today() time.Time { return p.Now }

// IsOpen tells whether the day is the one open.
func (p *Calendar) IsOpen(day time.Time) bool { return p.Open == day.Format(time.DateOnly) }

// Runs are the feasts and the make-up days.
func (p *Calendar) Runs() []calendar.Run { return calendar.Runs(p.List) }

// IsOpenIn tells whether one of the run's days is open.
func (p *Calendar) IsOpenIn(r calendar.Run) bool {
	return slices.ContainsFunc(r, func(s calendar.Special) bool { return p.IsOpen(s.Day) })
}

// Badge is what a day is.
func (p *Calendar) Badge(s calendar.Special) page.Badge {
	if s.Kind == calendar.MakeUp {
		return page.NewBadge("wait", s.Kind.Label())
	}
	return page.NewBadge("done", s.Kind.Label())
}

// Follows is 按周三 for a make-up day.
func (p *Calendar) Follows(s calendar.Special) string {
	if s.Kind != calendar.MakeUp {
		return ""
	}
	return "按" + weekdayWord(s.Follows) + "上课、排班"
}

// Kinds are the kinds of days to choose from.
func (p *Calendar) Kinds() []Choice {
	return []Choice{{string(calendar.Holiday), calendar.Holiday.Label()}, {string(calendar.MakeUp), calendar.MakeUp.Label()}}
}

// Weekdays are the weekdays a make-up day may follow.
func (p *Calendar) Weekdays() []Choice {
	list := []Choice{{"", "放假不用选"}}
	for w := time.Monday; w <= time.Friday; w++ {
		list = append(list, Choice{strconv.Itoa(int(w)), weekdayWord(w)})
	}
	return list
}

func weekdayWord(w time.Weekday) string {
	return [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}[w]
}

func calendarAddress(year int, day string) string {
	return address("/desk/calendar", "year", strconv.Itoa(year), "day", day)
}

func calendarPage(c *page.Context) error {
	p := &Calendar{Open: c.Query("day")}
	p.Year, _ = strconv.Atoi(c.Query("year"))
	return show(c, p, loadCalendar, nil)
}

// loadCalendar reads the year, and the open day into a form nothing was typed into.
func loadCalendar(c *page.Context, p *Calendar) error {
	p.Title = "校历"
	if p.Year < 2020 || p.Year > 2100 {
		p.Year = c.Now().In(c.Zone()).Year()
	}
	return read(c, p, func(tx *store.Tx, who identity.Person) (err error) {
		if !seesCalendar(who) {
			return identity.ErrForbidden
		}
		p.CanEdit = calendar.MayEdit(who)
		if p.List, err = calendar.Year(c, tx, p.Year); err != nil || p.Form != nil {
			return err
		}
		p.Form = Form{"kind": string(calendar.Holiday)}
		for _, s := range p.List {
			if p.IsOpen(s.Day) {
				p.Form = Form{"day": p.Open, "kind": string(s.Kind), "name": s.Name}
				if s.Kind == calendar.MakeUp {
					p.Form["follows"] = strconv.Itoa(int(s.Follows))
				}
			}
		}
		return nil
	})
}

func dayForm(c *page.Context) (Form, calendar.Special) {
	form := typed(c, "day", "kind", "name", "follows")
	s := calendar.Special{Kind: calendar.Kind(form["kind"]), Name: form["name"]}
	s.Day, _ = form.date("day", c.Zone())
	if n := form.number("follows"); n > 0 {
		s.Follows = time.Weekday(n)
	}
	return form, s
}

// lookAtDay says what saving the day would change, or, with remove, taking it away.
func lookAtDay(c *page.Context) error {
	form, s := dayForm(c)
	p := &Calendar{Base: Base{Form: form}, Year: s.Day.Year(), Open: form["day"]}
	cause := p.look(c, c.Form("remove") != "", s)
	return show(c, p, loadCalendar, cause)
}

// look previews the days. Only the centre sees which bookings are meant; others see
// counts of hours.
func (p *Calendar) look(c *page.Context, remove bool, days ...calendar.Special) error {
	return c.Update(func(tx *store.Tx, who identity.Person) error {
		change, err := counselling.Preview(c, tx, func() (counselling.Change, error) { return changeCalendar(c, tx, who, remove, days) })
		p.Look = &Look{Change: change, Remove: remove, Secret: len(counselling.Centres(who)) == 0}
		return err
	})
}

// changeCalendar changes the days and has the hours follow at once.
func changeCalendar(c *page.Context, tx *store.Tx, who identity.Person, remove bool, days []calendar.Special) (counselling.Change, error) {
	if remove {
		return counselling.RemoveDay(c, tx, who, days[0].Day)
	}
	return counselling.SaveDays(c, tx, who, days...)
}

func saveDay(c *page.Context) error {
	form, s := dayForm(c)
	remove := c.Form("remove") != ""
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := changeCalendar(c, tx, who, remove, []calendar.Special{s})
		return err
	})
	next := address("/desk/calendar", "year", strconv.Itoa(s.Day.Year()), "said", "saved")
	return done(c, err, next, again(c, &Calendar{Base: Base{Form: form}, Year: s.Day.Year(), Open: form["day"]}, loadCalendar))
}

// lookAtDays reads the file and says what it would change.
func lookAtDays(c *page.Context) error {
	p := &Calendar{}
	name, content, err := uploaded(c)
	if err == nil {
		p.File, p.Content = name, base64.StdEncoding.EncodeToString(content)
		err = p.readFile(content)
	}
	if err == nil && len(p.Mend) == 0 {
		err = p.look(c, false, p.Days...)
	}
	if err != nil || len(p.Mend) > 0 {
		p.Content = ""
	}
	return answerFile(c, p, err)
}

func (p *Calendar) readFile(content []byte) error {
	table, err := sheet.Read(bytes.NewReader(content))
	if err != nil {
		return err
	}
	if p.Days, p.Mend, err = calendar.ReadDays(table); err != nil {
		return err
	}
	if len(p.Days) > 0 {
		p.Year = p.Days[0].Day.Year()
	}
	return nil
}

func importDays(c *page.Context) error {
	p := &Calendar{}
	var err error = errs.Field("file", "名单没有传完整，请重新选一次文件。")
	if content, bad := base64.StdEncoding.DecodeString(c.Form("content")); bad == nil && len(content) > 0 {
		err = p.readFile(content)
	}
	if err == nil && len(p.Mend) == 0 {
		err = c.Act(func(tx *store.Tx, who identity.Person) error {
			_, err := changeCalendar(c, tx, who, false, p.Days)
			return err
		})
	}
	next := address("/desk/calendar", "year", strconv.Itoa(p.Year), "said", "days", "n", strconv.Itoa(len(p.Days)))
	return done(c, err, next, func(cause error) error { return answerFile(c, p, cause) })
}

// answerFile shows what became of a file, to who may change the calendar with one.
func answerFile(c *page.Context, p *Calendar, cause error) error {
	if err := loadCalendar(c, p); err != nil {
		return err
	}
	if !p.CanEdit {
		return identity.ErrForbidden
	}
	return answer(c, p, cause)
}

// seesCalendar tells whether the calendar is shown to the person.
func seesCalendar(who identity.Person) bool {
	return calendar.MayEdit(who) || len(counselling.Centres(who)) > 0
}
