package desk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Look is what an act would change, seen before it is done.
type Look struct {
	Change counselling.Change
	Remove bool
	Secret bool // whose bookings stay is not for this person
}

// Some are the first of the hours, in short.
func (l *Look) Some(list []counselling.Opening) []counselling.Opening {
	return list[:min(len(list), 6)]
}

// Schedule is when one counsellor receives: rules, exceptions and the week they make.
type Schedule struct {
	Base
	counselling.Schedule
	Monday   time.Time
	Rule     string // public id of the rule in the form, "" is a new one
	Off      string // public id of the exception that is open
	Way      string // "extra" and "off" are the other forms, "end" asks about the rule
	Campuses []Choice
	Special  calendar.Days
	Look     *Look
}

// Template implements page.Page.
func (*Schedule) Template() string { return "desk/schedule" }

// Days are the seven days of the week shown.
func (p *Schedule) Days() []ScheduleDay {
	days := make([]ScheduleDay, 7)
	for i := range days {
		d := &days[i]
		d.Day = p.Monday.AddDate(0, 0, i)
		d.Special, d.IsSpecial = p.Special.On(d.Day)
		for _, s := range p.Slots {
			if calendar.Midnight(s.StartsAt, d.Day.Location()).Equal(d.Day) {
				d.Slots = append(d.Slots, s)
			}
		}
	}
	return days
}

// ScheduleDay is a column of the week.
type ScheduleDay struct {
	Day       time.Time
	Special   calendar.Special
	IsSpecial bool
	Slots     []counselling.Slot
}

// Heading is 周一 10月12日.
func (d ScheduleDay) Heading() string { return calendar.Weekday(d.Day) + d.Day.Format(" 1月2日") }

// Sunday is the last day of the week shown.
func (p *Schedule) Sunday() time.Time { return p.Monday.AddDate(0, 0, 6) }

// Here is the address of the page, of the week shown.
func (p *Schedule) Here(pairs ...string) string {
	return address("/desk/counselling/hours/of/"+p.Counsellor.PublicID, append([]string{"week", p.Monday.Format(time.DateOnly)}, pairs...)...)
}

// Prev is the week before.
func (p *Schedule) Prev() string { return p.week(-7) }

// Next is the week after.
func (p *Schedule) Next() string { return p.week(7) }

func (p *Schedule) week(days int) string {
	return address("/desk/counselling/hours/of/"+p.Counsellor.PublicID, "week", p.Monday.AddDate(0, 0, days).Format(time.DateOnly), "rule", p.Rule)
}

// When is 周一、周三 14:00–16:50.
func (p *Schedule) When(r counselling.Rule) string {
	span := minuteWord(r.From) + "–" + minuteWord(r.To)
	if r.Extra() {
		return calendar.Date(r.Begins, r.Begins.Location()) + span
	}
	words := make([]string, len(r.Weekdays))
	for i, w := range r.Weekdays {
		words[i] = strings.TrimPrefix(weekdayWord(w), "周")
	}
	return "周" + strings.Join(words, "、") + " " + span
}

// Each is 50 分钟，间隔 10 分钟.
func (p *Schedule) Each(r counselling.Rule) string {
	s := fmt.Sprintf("%d 分钟", r.Length)
	if r.Buffer > 0 {
		s += fmt.Sprintf("，间隔 %d", r.Buffer)
	}
	return s
}

// Valid is 9月1日起, or from to.
func (p *Schedule) Valid(r counselling.Rule) string {
	if r.Ends.IsZero() {
		return r.Begins.Format("1月2日") + " 起"
	}
	return r.Begins.Format("1月2日") + " 至 " + r.Ends.Format("1月2日")
}

// Weekdays are the boxes of the form.
func (p *Schedule) Weekdays() []Choice {
	list := make([]Choice, 7)
	for i := range list {
		w := time.Weekday((i + 1) % 7)
		list[i] = Choice{"weekday:" + strconv.Itoa(int(w)), strings.TrimPrefix(weekdayWord(w), "周")}
	}
	return list
}

// EveryOther are the weeks a rule may hold in.
func (p *Schedule) EveryOther() []Choice {
	return []Choice{{"every", "每周"}, {"odd", "单周（从开始那周数起）"}, {"even", "双周"}}
}

// Whys are the reasons of an exception.
func (p *Schedule) Whys() []Choice { return whys() }

func whys() []Choice {
	list := []Choice{}
	for _, w := range counselling.Whys() {
		list = append(list, Choice{string(w), w.Label()})
	}
	return list
}

func minuteWord(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

func schedule(c *page.Context) error {
	p := &Schedule{Rule: c.Query("rule"), Off: c.Query("off"), Way: c.Query("way")}
	if err := loadSchedule(c, p, c.Param("id"), c.Query("week")); err != nil {
		return err
	}
	var cause error
	if p.Way == "end" || p.Off != "" {
		cause = p.look(c, func(tx *store.Tx, who identity.Person) (counselling.Change, error) {
			if p.Off != "" {
				return counselling.Back(c, tx, who, p.Off)
			}
			return counselling.EndRule(c, tx, who, p.Rule, yesterday(c))
		})
	}
	return answer(c, p, cause)
}

func yesterday(c *page.Context) time.Time { return c.Now().In(c.Zone()).AddDate(0, 0, -1) }

func (p *Schedule) look(c *page.Context, act func(tx *store.Tx, who identity.Person) (counselling.Change, error)) error {
	return c.Update(func(tx *store.Tx, who identity.Person) error {
		change, err := counselling.Preview(c, tx, func() (counselling.Change, error) { return act(tx, who) })
		if err == nil {
			p.Look = &Look{Change: change}
		}
		return err
	})
}

// loadSchedule reads the schedule with the week that holds the day ("": today).
func loadSchedule(c *page.Context, p *Schedule, counsellor, day string) error {
	p.Title = "排班"
	return read(c, p, func(tx *store.Tx, who identity.Person) (err error) {
		at, err := time.ParseInLocation(time.DateOnly, day, c.Zone())
		if err != nil {
			at = calendar.Midnight(c.Now(), c.Zone())
		}
		p.Monday = at.AddDate(0, 0, -(int(at.Weekday())+6)%7)
		if p.Schedule, err = counselling.ScheduleOf(c, tx, who, counsellor, p.Monday, p.Monday.AddDate(0, 0, 7)); err != nil {
			return err
		}
		if p.Campuses, err = campusChoices(c, tx); err != nil {
			return err
		}
		if p.Special, err = calendar.LoadDays(c, tx, p.Monday, p.Sunday()); err != nil {
			return err
		}
		if p.Form == nil {
			p.Form = p.ruleForm(c)
		}
		return nil
	})
}

// ruleForm is the form of the open rule, or of a new one in the manner of the first.
func (p *Schedule) ruleForm(c *page.Context) Form {
	today := calendar.Midnight(c.Now(), c.Zone())
	r := counselling.Rule{From: 14 * 60, To: 17 * 60, Length: 50, Buffer: 10, Code: p.Counsellor.CampusCode, Place: p.Counsellor.Place, Capacity: 1, Begins: today, Weeks: counselling.EveryWeek}
	if i := slices.IndexFunc(p.Rules, func(r counselling.Rule) bool { return r.PublicID == p.Rule }); i >= 0 {
		r = p.Rules[i]
	} else {
		p.Rule = ""
	}
	form := Form{
		"from": minuteWord(r.From), "to": minuteWord(r.To), "length": strconv.Itoa(r.Length), "buffer": strconv.Itoa(r.Buffer), "campus": r.Code,
		"place": r.Place, "capacity": strconv.Itoa(r.Capacity), "begins": r.Begins.Format(time.DateOnly), "weeks": string(r.Weeks),
		"from_day": today.Format(time.DateOnly), "to_day": today.Format(time.DateOnly), "from_time": "00:00", "to_time": "24:00", "why": string(counselling.WhyLeave),
	}
	for _, w := range r.Weekdays {
		form["weekday:"+strconv.Itoa(int(w))] = "on"
	}
	if !r.Ends.IsZero() {
		form["ends"] = r.Ends.Format(time.DateOnly)
	}
	if r.Shared {
		form["shared"] = "on"
	}
	if r.PublicID != "" && r.Extra() {
		p.Way = "extra"
	}
	return form
}

// minutes reads 15:00, and 24:00, as minutes of the day; -1 is none.
func (f Form) minutes(name string) int {
	if f[name] == "24:00" {
		return 24 * 60
	}
	t, err := time.Parse("15:04", f[name])
	if err != nil {
		return -1
	}
	return t.Hour()*60 + t.Minute()
}

func (f Form) rule(id string, extra bool, zone *time.Location) counselling.Rule {
	r := counselling.Rule{
		PublicID: id, Weeks: counselling.Weeks(f["weeks"]), From: f.minutes("from"), To: f.minutes("to"), Length: f.number("length"), Buffer: f.number("buffer"),
		Code: f["campus"], Place: f["place"], Capacity: f.number("capacity"), Shared: f["shared"] == "on",
	}
	r.Begins, _ = f.date("begins", zone)
	if extra {
		r.Weeks, r.Ends = counselling.EveryWeek, r.Begins
		return r
	}
	r.Ends, _ = f.date("ends", zone)
	for i := range 7 {
		if w := (i + 1) % 7; f["weekday:"+strconv.Itoa(w)] == "on" {
			r.Weekdays = append(r.Weekdays, time.Weekday(w))
		}
	}
	return r
}

func typedRule(c *page.Context) Form {
	return typed(c, "from", "to", "length", "buffer", "campus", "place", "capacity", "shared", "begins", "ends", "weeks",
		"weekday:0", "weekday:1", "weekday:2", "weekday:3", "weekday:4", "weekday:5", "weekday:6")
}

// lookAtRule says what saving the rule would change.
func lookAtRule(c *page.Context) error {
	p := &Schedule{Base: Base{Form: typedRule(c)}, Rule: c.Form("rule"), Way: c.Form("way")}
	if err := loadSchedule(c, p, c.Param("id"), c.Form("week")); err != nil {
		return err
	}
	cause := p.look(c, func(tx *store.Tx, who identity.Person) (counselling.Change, error) {
		return counselling.SaveRule(c, tx, who, c.Param("id"), p.Form.rule(p.Rule, p.Way == "extra", c.Zone()))
	})
	return answer(c, p, cause)
}

func saveRule(c *page.Context) error {
	form := typedRule(c)
	return changeSchedule(c, form, "saved", func(tx *store.Tx, who identity.Person) (counselling.Change, error) {
		return counselling.SaveRule(c, tx, who, c.Param("id"), form.rule(c.Form("rule"), c.Form("way") == "extra", c.Zone()))
	})
}

func endRule(c *page.Context) error {
	return changeSchedule(c, nil, "ended", func(tx *store.Tx, who identity.Person) (counselling.Change, error) {
		return counselling.EndRule(c, tx, who, c.Form("rule"), yesterday(c))
	})
}

func removeOff(c *page.Context) error {
	return changeSchedule(c, nil, "back", func(tx *store.Tx, who identity.Person) (counselling.Change, error) {
		return counselling.Back(c, tx, who, c.Form("off"))
	})
}

// changeSchedule does an act and leads back to the week, or on to the bookings that stay.
func changeSchedule(c *page.Context, form Form, word string, act func(tx *store.Tx, who identity.Person) (counselling.Change, error)) error {
	stay := 0
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		change, err := act(tx, who)
		stay = len(change.Stay)
		return err
	})
	next := address("/desk/counselling/hours/of/"+c.Param("id"), "week", c.Form("week"), "said", word, "n", strconv.Itoa(stay))
	if stay > 0 {
		next = address("/desk/counselling/unsettled", "said", "stay", "n", strconv.Itoa(stay))
	}
	return done(c, err, next, func(cause error) error {
		p := &Schedule{Base: Base{Form: form}, Rule: c.Form("rule"), Way: c.Form("way")}
		if err := loadSchedule(c, p, c.Param("id"), c.Form("week")); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}

func campusChoices(c *page.Context, tx *store.Tx) ([]Choice, error) {
	campuses, err := identity.Campuses(c, tx)
	list := make([]Choice, len(campuses))
	for i, campus := range campuses {
		list[i] = Choice{campus.Code, campus.Name}
	}
	return list, err
}
