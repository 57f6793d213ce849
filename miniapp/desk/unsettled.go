package desk

import (
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

// sorry is what students read unless the desk writes something else.
const sorry = "老师临时有事，这个时间来不了，很抱歉"

// Unsettled is the bookings whose hour was closed, and where each could go.
type Unsettled struct {
	Base
	List    []counselling.Stranded
	Running []counselling.Progress
	Zone    *time.Location
}

// Template implements page.Page.
func (*Unsettled) Template() string { return "desk/unsettled" }

// Fates are the ways out for a booking.
func (p *Unsettled) Fates(s counselling.Stranded) Input {
	return fates(&p.Base, s, "先不动", p.Zone)
}

func fates(b *Base, s counselling.Stranded, open string, zone *time.Location) Input {
	name := "to:" + s.Booking.PublicID
	list := []Choice{{"", open}}
	if len(s.Near) > 0 {
		list = append(list, Choice{counselling.ToNext, "改到最近的空位"})
	}
	for _, n := range s.Near {
		label := calendar.When(n.StartsAt, zone) + " " + n.Name
		if n.Counsellor != s.Booking.Slot.Counsellor {
			label += "（换老师）"
		}
		list = append(list, Choice{n.PublicID, label})
	}
	list = append(list, Choice{counselling.ToCancel, "取消并告诉学生"})
	return b.Select(name, "安排到", list)
}

func unsettledPage(c *page.Context) error {
	return show(c, &Unsettled{Base: Base{Form: Form{"reason": sorry}}}, loadUnsettled, nil)
}

func loadUnsettled(c *page.Context, p *Unsettled) error {
	p.Title, p.Zone = "待安排", c.Zone()
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		if p.List, err = counselling.Unsettled(c, tx, who, centre); err != nil {
			return err
		}
		p.Running, err = counselling.Resettlings(c, tx, who, centre)
		return err
	})
}

// chosenFates reads what was chosen for each booking; all is for those left open.
func chosenFates(c *page.Context) []counselling.Fate {
	var list []counselling.Fate
	all := c.Form("all")
	_ = c.Form("reason") // has the form read
	for name := range c.Gin.Request.PostForm {
		id, ok := strings.CutPrefix(name, "to:")
		to := c.Form(name)
		if to == "" {
			to = all
		}
		if ok && to != "" {
			list = append(list, counselling.Fate{Booking: id, To: to})
		}
	}
	return list
}

func resettle(c *page.Context) error {
	var r counselling.Resettled
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		r, err = counselling.Resettle(c, tx, who, centre, c.Form("reason"), chosenFates(c))
		return err
	})
	return done(c, err, resettledAddress(r), again(c, &Unsettled{Base: Base{Form: typed(c, "reason", "all")}}, loadUnsettled))
}

func resettledAddress(r counselling.Resettled) string {
	word, n := "resettled", r.Done
	switch {
	case r.Waiting > 0:
		word, n = "resettling", r.Waiting
	case r.Left > 0:
		word, n = "resettled_some", r.Left
	}
	return address("/desk/counselling/unsettled", "said", word, "n", strconv.Itoa(n))
}

// Away is what to do when a counsellor cannot come: choose who and when, see who is
// affected, decide for each.
type Away struct {
	Base
	May  []Choice
	Look *Look // nil before a span was chosen
	List []counselling.Stranded
	Zone *time.Location
}

// Template implements page.Page.
func (*Away) Template() string { return "desk/away" }

// Whys are the reasons.
func (p *Away) Whys() []Choice { return whys() }

// All are the ways out for those left open.
func (p *Away) All() []Choice {
	return []Choice{{counselling.ToNext, "改到最近的空位"}, {counselling.ToCancel, "取消并告诉学生"}, {"", "先不动，稍后安排"}}
}

// Hidden are the inputs that lead from what was looked at to the act.
func (p *Away) Hidden() []string {
	return []string{"counsellor", "why", "from_day", "from_time", "to_day", "to_time"}
}

// Fates are the ways out for a booking.
func (p *Away) Fates(s counselling.Stranded) Input {
	return fates(&p.Base, s, "按下面统一安排", p.Zone)
}

func away(c *page.Context) error {
	now := c.Now().In(c.Zone())
	p := &Away{Base: Base{Form: Form{
		"counsellor": c.Query("counsellor"), "from_day": c.Query("from_day"), "to_day": c.Query("to_day"), "from_time": c.Query("from_time"),
		"to_time": c.Query("to_time"), "why": c.Query("why"), "reason": sorry, "all": counselling.ToNext,
	}}}
	chosen := p.Form["from_day"] != ""
	if !chosen {
		day := now.Format(time.DateOnly)
		p.Form["from_day"], p.Form["to_day"], p.Form["from_time"], p.Form["to_time"], p.Form["why"] = day, day, "00:00", "24:00", string(counselling.WhyIll)
	}
	if err := loadAway(c, p); err != nil {
		return err
	}
	if !chosen {
		return answer(c, p, nil)
	}
	return answer(c, p, p.look(c))
}

func loadAway(c *page.Context, p *Away) error {
	p.Title, p.Zone = "老师来不了", c.Zone()
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		list, err := counselling.CentreCounsellors(c, tx, who, centre)
		for _, l := range list {
			if counselling.Runs(who, centre) || l.Number == who.Number {
				p.May = append(p.May, Choice{l.PublicID, l.Name})
			}
		}
		return err
	})
}

func (p *Away) look(c *page.Context) error {
	from, to, err := p.Form.span(c.Zone())
	if err != nil {
		return err
	}
	return c.Update(func(tx *store.Tx, who identity.Person) error {
		change, list, err := counselling.Affected(c, tx, func() (counselling.Change, error) {
			return counselling.Away(c, tx, who, p.Form["counsellor"], from, to, counselling.Why(p.Form["why"]))
		})
		if err == nil {
			p.Look, p.List = &Look{Change: change}, list
		}
		return err
	})
}

// span reads from_day, from_time, to_day and to_time.
func (f Form) span(zone *time.Location) (from, to time.Time, err error) {
	fields := map[string]string{}
	moment := func(day, clock string) time.Time {
		d, ok := f.date(day, zone)
		if !ok {
			fields[day] = "日期写成 2026-10-14 这样。"
		}
		m := f.minutes(clock)
		if m < 0 {
			fields[clock] = "时间写成 15:00 这样。"
		}
		return time.Date(d.Year(), d.Month(), d.Day(), 0, m, 0, 0, zone)
	}
	from, to = moment("from_day", "from_time"), moment("to_day", "to_time")
	if len(fields) > 0 {
		return from, to, wrong(fields)
	}
	return from, to, nil
}

// sendAway closes the span and does what was chosen for each booking, in one act.
func sendAway(c *page.Context) error {
	form := typed(c, "counsellor", "from_day", "to_day", "from_time", "to_time", "why", "reason", "all")
	var r counselling.Resettled
	stay := 0
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		from, to, err := form.span(c.Zone())
		if err != nil {
			return err
		}
		change, err := counselling.Away(c, tx, who, form["counsellor"], from, to, counselling.Why(form["why"]))
		if stay = len(change.Stay); err != nil || stay == 0 {
			return err
		}
		if list := chosenFates(c); len(list) > 0 {
			r, err = counselling.Resettle(c, tx, who, centre, form["reason"], list)
		}
		return err
	})
	next := address("/desk/counselling/hours/of/"+form["counsellor"], "week", form["from_day"], "said", "away")
	if stay > 0 {
		next = resettledAddress(r)
	}
	return done(c, err, next, func(cause error) error {
		p := &Away{Base: Base{Form: form}}
		if err := loadAway(c, p); err != nil {
			return err
		}
		if err := p.look(c); err != nil && errs.KindOf(err) == errs.Internal { // a refusal is said by cause
			return err
		}
		return answer(c, p, cause)
	})
}
