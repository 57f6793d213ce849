package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

func registerSchedule(r page.Routes, f face) {
	r.GET("/counselling/counsellors/:counsellor/schedule", f.schedule)
	r.POST("/counselling/counsellors/:counsellor/rules", f.saveRule)
	r.POST("/counselling/counsellors/:counsellor/absences", f.sendAway)
	r.POST("/counselling/rules/:rule/end", f.endRule)
	r.POST("/counselling/absences/:absence/end", f.endAbsence)
	r.GET("/calendar/days", f.days)
	r.POST("/calendar/days", f.saveDay)
	r.POST("/calendar/days/remove", f.removeDay)
}

// hoursRule is the hours a counsellor offers again and again; without weekdays, the extra
// hours of one day. Times are 14:00, days 2026-10-14, weekdays 0 (Sunday) to 6.
type hoursRule struct {
	ID       string `json:"id"`
	Weekdays []int  `json:"weekdays"`
	Weeks    string `json:"weeks"`
	From     string `json:"from"`
	To       string `json:"to"`
	Length   int    `json:"length"`
	Buffer   int    `json:"buffer"`
	Campus   string `json:"campus"`
	Place    string `json:"place"`
	Shared   bool   `json:"shared"`
	Capacity int    `json:"capacity"`
	Begins   string `json:"begins"`
	Ends     string `json:"ends"`
}

func ruleOut(r counselling.Rule) hoursRule {
	return hoursRule{
		ID: r.PublicID, Weekdays: listOf(r.Weekdays, func(d time.Weekday) int { return int(d) }), Weeks: string(r.Weeks),
		From: clockOf(r.From), To: clockOf(r.To), Length: r.Length, Buffer: r.Buffer, Campus: r.Code, Place: r.Place, Shared: r.Shared,
		Capacity: r.Capacity, Begins: dateOf(r.Begins), Ends: dateOf(r.Ends),
	}
}

// in is the rule as the verb takes it; what cannot be read the verb refuses.
func (r hoursRule) in(zone *time.Location) counselling.Rule {
	out := counselling.Rule{
		PublicID: r.ID, Weeks: counselling.Weeks(r.Weeks), From: minutesOf(r.From), To: minutesOf(r.To), Length: r.Length, Buffer: r.Buffer,
		Code: r.Campus, Place: r.Place, Shared: r.Shared, Capacity: r.Capacity,
	}
	for _, d := range r.Weekdays {
		out.Weekdays = append(out.Weekdays, time.Weekday(d))
	}
	out.Begins, _ = time.ParseInLocation(time.DateOnly, r.Begins, zone)
	out.Ends, _ = time.ParseInLocation(time.DateOnly, r.Ends, zone)
	return out
}

func clockOf(minutes int) string {
	two := func(n int) string { return strconv.Itoa(n/10) + strconv.Itoa(n%10) }
	return two(minutes/60) + ":" + two(minutes%60)
}

// minutesOf reads 15:00, and 24:00, as minutes of the day; -1 is none.
func minutesOf(s string) int {
	if s == "24:00" {
		return 24 * 60
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return -1
	}
	return t.Hour()*60 + t.Minute()
}

func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

type absence struct {
	ID   string    `json:"id"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Why  string    `json:"why"`
}

type schedule struct {
	Rules    []hoursRule `json:"rules"`
	Absences []absence   `json:"absences"`
	Slots    []slot      `json:"slots"`
	May      bool        `json:"may_change"`
}

// schedule is a counsellor's rules, absences and hours of a span, by default a week.
func (f face) schedule(c *page.Context) error {
	from, to := week(c)
	zone := c.Zone()
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (schedule, error) {
		s, err := counselling.ScheduleOf(c, tx, who, c.Param("counsellor"), from, to)
		return schedule{
			listOf(s.Rules, ruleOut),
			listOf(s.Offs, func(o counselling.Off) absence {
				return absence{o.PublicID, o.From.In(zone), o.To.In(zone), string(o.Why)}
			}),
			listOf(s.Slots, slotIn(zone)), s.May,
		}, err
	})
}

// change is what a plan did to the hours that have not begun, in numbers.
type change struct {
	Added   int       `json:"added"`
	Removed int       `json:"removed"`
	Blocked int       `json:"blocked"`
	Stay    []booking `json:"stay"` // to be moved or cancelled, each by a person
}

// replan does an act that changes when a counsellor receives and answers with what that
// did. A repeat did nothing.
func (f face) replan(c *page.Context, do func(tx *store.Tx, who identity.Person) (counselling.Change, error)) error {
	out := change{Stay: []booking{}}
	return once(c, func(tx *store.Tx, who identity.Person) error {
		did, err := do(tx, who)
		out = change{len(did.Added), len(did.Removed), len(did.Blocked), listOf(did.Stay, bookingIn(c.Zone()))}
		return err
	}, func(c *page.Context) error { return c.JSON(http.StatusOK, out) })
}

// saveRule writes a rule, a new one without an id, and plans the hours at once.
func (f face) saveRule(c *page.Context) error {
	var in hoursRule
	c.ReadJSON(&in)
	return f.replan(c, func(tx *store.Tx, who identity.Person) (counselling.Change, error) {
		return counselling.SaveRule(c, tx, who, c.Param("counsellor"), in.in(c.Zone()))
	})
}

// endRule ends a rule with its last day, by default yesterday.
func (f face) endRule(c *page.Context) error {
	var in struct {
		Last string `json:"last"`
	}
	c.ReadJSONIfAny(&in)
	last := readDate(c, "last", in.Last, calendar.Midnight(c.Now(), c.Zone()).AddDate(0, 0, -1))
	return f.replan(c, func(tx *store.Tx, who identity.Person) (counselling.Change, error) {
		return counselling.EndRule(c, tx, who, c.Param("rule"), last)
	})
}

// sendAway keeps a span free of hours.
func (f face) sendAway(c *page.Context) error {
	var in struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
		Why  string    `json:"why"`
	}
	c.ReadJSON(&in)
	return f.replan(c, func(tx *store.Tx, who identity.Person) (counselling.Change, error) {
		return counselling.Away(c, tx, who, c.Param("counsellor"), in.From, in.To, counselling.Why(in.Why))
	})
}

func (f face) endAbsence(c *page.Context) error {
	return f.replan(c, func(tx *store.Tx, who identity.Person) (counselling.Change, error) {
		return counselling.Back(c, tx, who, c.Param("absence"))
	})
}

type specialDay struct {
	Day     string `json:"day"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Follows int    `json:"follows"` // of a make-up day: 1 Monday to 5 Friday
}

// days lists the days of a year, by default this one, that are not what their weekday says.
func (f face) days(c *page.Context) error {
	year := c.Now().In(c.Zone()).Year()
	if v := c.Query("year"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 2020 || n > 2100 {
			c.Unread(errs.Field("year", "年份写成 2026 这样。"))
		}
		year = n
	}
	return reply(c, c.View, func(tx *store.Tx, _ identity.Person) (list[specialDay], error) {
		found, err := calendar.Year(c, tx, year)
		if err != nil {
			return list[specialDay]{}, err
		}
		return pageOf(c, found, func(s calendar.Special) string { return s.Day.Format(time.DateOnly) }, func(s calendar.Special) specialDay {
			return specialDay{s.Day.Format(time.DateOnly), string(s.Kind), s.Name, int(s.Follows)}
		})
	})
}

// saveDay puts a special day into the calendar; the hours follow at once. Which bookings
// that touches is not said here: it is the centre's.
func (f face) saveDay(c *page.Context) error {
	var in specialDay
	c.ReadJSON(&in)
	day, _ := time.ParseInLocation(time.DateOnly, in.Day, c.Zone()) // none is refused by the verb
	return once(c, func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.SaveDays(c, tx, who, calendar.Special{Day: day, Kind: calendar.Kind(in.Kind), Name: in.Name, Follows: time.Weekday(in.Follows)})
		return err
	}, done)
}

// removeDay makes a date an ordinary day again.
func (f face) removeDay(c *page.Context) error {
	var in struct {
		Day string `json:"day"`
	}
	c.ReadJSON(&in)
	day := readDate(c, "day", in.Day, time.Time{})
	if day.IsZero() {
		c.Unread(errs.Field("day", "写上要恢复的那一天，例如 2026-10-14。"))
	}
	return once(c, func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.RemoveDay(c, tx, who, day)
		return err
	}, done)
}
