package desk

import (
	"context"
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

// registerCare adds the pages of care around the hour.
func registerCare(r page.Routes) {
	r.GET("/counselling/cases", cases)
	r.GET("/counselling/cases/:id", cases)
	r.POST("/counselling/cases/:id/:act", actOnCase)
	r.GET("/counselling/duty", duty)
	r.POST("/counselling/duty", addDuty)
	r.POST("/counselling/duty/:id/remove", removeDuty)
	r.GET("/counselling/care", careSettings)
	r.POST("/counselling/care", saveCare)
	r.POST("/counselling/care/questions", publishQuestions)
	registerVault(r)
}

// careItems are the centre's queues of who needs more than an hour.
func careItems(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Item, error) {
	open, err := counselling.CasesOpen(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	gaps, err := counselling.ComingGaps(ctx, tx, who, centre)
	if err != nil {
		return nil, err
	}
	items := []Item{
		{Path: "/desk/counselling/cases", Name: "紧急联系", Detail: "需要马上联系的同学", Count: open},
		{Path: "/desk/counselling/duty", Name: "值班表", Detail: "谁在什么时候接紧急联系", Count: len(gaps)},
	}
	if counselling.Cares(who, centre) {
		concerns, err := counselling.ConcernsOpen(ctx, tx, who)
		if err != nil {
			return nil, err
		}
		items = append(items,
			Item{Path: "/desk/counselling/concerns", Name: "辅导员的关注", Detail: "辅导员写来的，回复一句", Count: concerns},
			Item{Path: "/desk/counselling/disclosures", Name: "破例披露", Detail: "两人同意，限时查看"})
	}
	return items, nil
}

// Cases is who must be talked to now, and the one that is open.
type Cases struct {
	Base
	List []counselling.Case
	Open *counselling.Case
}

// Template implements page.Page.
func (*Cases) Template() string { return "desk/cases" }

// Badge is how far a case is.
func (p *Cases) Badge(c counselling.Case) page.Badge { return caseBadge(c) }

func caseBadge(c counselling.Case) page.Badge {
	tone := map[counselling.CaseState]string{counselling.CaseOpen: "todo", counselling.CaseTaken: "wait", counselling.CaseClosed: "done"}[c.State]
	return page.NewBadge(tone, c.State.Label())
}

// LevelBadge is how urgent an answer is.
func LevelBadge(l counselling.Level) page.Badge {
	tone := map[counselling.Level]string{counselling.Red: "todo", counselling.Amber: "wait", counselling.Normal: "done"}[l]
	return page.NewBadge(tone, l.Label())
}

// LevelBadge is LevelBadge, for the template.
func (p *Cases) LevelBadge(l counselling.Level) page.Badge { return LevelBadge(l) }

// IsOpen tells whether the case is the one open.
func (p *Cases) IsOpen(c counselling.Case) bool {
	return p.Open != nil && p.Open.PublicID == c.PublicID
}

func cases(c *page.Context) error {
	p := &Cases{}
	if err := loadCases(c, p, c.Param("id")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

func loadCases(c *page.Context, p *Cases, id string) error {
	p.Title = "紧急联系"
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		if p.List, err = counselling.Cases(c, tx, who, centre); err != nil || id == "" {
			return err
		}
		open, err := counselling.GetCase(c, tx, who, id)
		p.Open = &open
		return err
	})
}

func actOnCase(c *page.Context) error {
	id, act := c.Param("id"), c.Param("act")
	p := &Cases{Base: Base{Form: typed(c, "outcome", "guardian")}}
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		switch act {
		case "take":
			return counselling.TakeCase(c, tx, who, id)
		case "close":
			return counselling.CloseCase(c, tx, who, id, p.Form["outcome"])
		case "guardian":
			return counselling.SaveGuardian(c, tx, who, id, p.Form["guardian"])
		}
		return counselling.ErrConfidential
	})
	next := address("/desk/counselling/cases/"+id, "said", map[string]string{"take": "taken", "close": "done", "guardian": "saved"}[act])
	return done(c, err, next, func(cause error) error {
		if err := loadCases(c, p, id); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}

// Duty is the roster of two weeks.
type Duty struct {
	Base
	Days  []DutyDay
	Gaps  []counselling.Gap
	Staff []Choice
	May   bool // may change it
}

// DutyDay is a day with who begins or continues on it.
type DutyDay struct {
	Date  time.Time
	Turns []counselling.Duty
}

// Hours is the part of the day that a turn takes.
func (d DutyDay) Hours(t counselling.Duty) string {
	end := d.Date.AddDate(0, 0, 1)
	from, to := "00:00", "24:00"
	if t.StartsAt.After(d.Date) {
		from = t.StartsAt.In(d.Date.Location()).Format("15:04")
	}
	if t.EndsAt.Before(end) {
		to = t.EndsAt.In(d.Date.Location()).Format("15:04")
	}
	if from == "00:00" && to == "24:00" {
		return "全天"
	}
	return from + "–" + to
}

// Template implements page.Page.
func (*Duty) Template() string { return "desk/duty" }

func duty(c *page.Context) error {
	return show(c, &Duty{Base: Base{Form: Form{"start": "08:00", "end": "08:00", "position": "1", "weeks": "1"}}}, loadDuty, nil)
}

const dutyDays = 14

func loadDuty(c *page.Context, p *Duty) error {
	p.Title = "值班表"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		today := calendar.Midnight(c.Now(), c.Zone())
		turns, err := counselling.Roster(c, tx, who, centre, c.Now(), today.AddDate(0, 0, dutyDays))
		if err != nil {
			return err
		}
		if p.Gaps, err = counselling.ComingGaps(c, tx, who, centre); err != nil {
			return err
		}
		for i := range dutyDays {
			p.Days = append(p.Days, dutyDay(today.AddDate(0, 0, i), turns))
		}
		if p.May = counselling.Runs(who, centre); !p.May {
			return nil
		}
		if p.Form["from"] == "" {
			p.Form["from"], p.Form["to"] = today.Format(time.DateOnly), today.AddDate(0, 0, 1).Format(time.DateOnly)
		}
		staff, err := identity.Holders(c, tx, centre, identity.CentreHead, identity.CentreCounsellor, identity.CentreDesk)
		for _, s := range staff {
			p.Staff = append(p.Staff, Choice{s.Number, s.Name})
		}
		return err
	})
}

func dutyDay(day time.Time, turns []counselling.Duty) DutyDay {
	d := DutyDay{Date: day}
	for _, t := range turns {
		if t.StartsAt.Before(day.AddDate(0, 0, 1)) && t.EndsAt.After(day) {
			d.Turns = append(d.Turns, t)
		}
	}
	slices.SortStableFunc(d.Turns, func(a, b counselling.Duty) int { return a.Position - b.Position })
	return d
}

func addDuty(c *page.Context) error {
	form := typed(c, "person", "from", "start", "to", "end", "position", "weeks")
	added := 0
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		if !counselling.Runs(who, centre) {
			return counselling.ErrConfidential
		}
		from, okFrom := form.date("from", c.Zone())
		to, okTo := form.date("to", c.Zone())
		start, okStart := form.clock("start", from)
		end, okEnd := form.clock("end", to)
		if !okFrom || !okTo || !okStart || !okEnd {
			return errs.Field("to", "日期写成 2026-10-14，时间写成 08:00 这样。")
		}
		p, err := identity.Numbered(c, tx, form["person"])
		if err != nil {
			return errs.Field("person", "请选一位老师。")
		}
		added, err = counselling.AddDuty(c, tx, who, centre, counselling.DutyEdit{
			Person: p.ID, StartsAt: start, EndsAt: end, Position: form.number("position"), Weeks: form.number("weeks"),
		})
		return err
	})
	return done(c, err, address("/desk/counselling/duty", "said", "duty", "n", strconv.Itoa(added)), again(c, &Duty{Base: Base{Form: form}}, loadDuty))
}

func removeDuty(c *page.Context) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		return counselling.RemoveDuty(c, tx, who, c.Param("id"))
	})
	return done(c, err, "/desk/counselling/duty?said=removed", func(cause error) error { return cause })
}

// Care is the settings of care around the hour and the questions before a booking.
type Care struct {
	Base
	Questions counselling.Form
	Gaps      []counselling.Gap
}

// Template implements page.Page.
func (*Care) Template() string { return "desk/care" }

// WordChoices are what crisis words in chat may do.
func (*Care) WordChoices() []Choice {
	return []Choice{{counselling.WordsAsk, "给号码，再问同学要不要老师联系"}, {counselling.WordsAlways, "给号码，并且马上请值班老师联系"}}
}

// LevelBadge says how soon somebody talks to who chose the option.
func (*Care) LevelBadge(o counselling.Option) page.Badge {
	if o.Level == counselling.Red {
		return page.NewBadge("todo", "红，"+o.Level.Label())
	}
	return page.NewBadge("wait", "黄，"+o.Level.Label())
}

func careSettings(c *page.Context) error {
	return show(c, &Care{}, loadCare, nil)
}

func loadCare(c *page.Context, p *Care) error {
	p.Title = "问卷和值守"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		if err := mustRun(who); err != nil {
			return err
		}
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		care, err := counselling.LoadCare(c, tx)
		if err != nil {
			return err
		}
		if p.Questions, err = counselling.IntakeForm(c, tx, who); err != nil && errs.KindOf(err) != errs.Unavailable {
			return err
		}
		p.Form = careForm(care, p.Questions.Body, p.Form)
		p.Gaps, err = counselling.ComingGaps(c, tx, who, centre)
		return err
	})
}

// careForm shows what is stored under what was typed.
func careForm(care counselling.Care, body string, typed Form) Form {
	form := Form{
		"words": care.Words, "escalate_minutes": strconv.Itoa(care.EscalateMinutes), "review_days": strconv.Itoa(care.ReviewDays), "body": body,
	}
	if care.Intake {
		form["intake"] = "on"
	}
	for name, v := range typed {
		form[name] = v
	}
	return form
}

func saveCare(c *page.Context) error {
	form := typed(c, "intake", "words", "escalate_minutes", "review_days")
	care := counselling.Care{
		Intake: form["intake"] == "on", Words: form["words"], EscalateMinutes: form.number("escalate_minutes"), ReviewDays: form.number("review_days"),
	}
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		return counselling.SaveCare(c, tx, who, centre, care)
	})
	return careDone(c, err, form)
}

func publishQuestions(c *page.Context) error {
	form := typed(c, "body")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		return counselling.PublishForm(c, tx, who, centre, form["body"])
	})
	return careDone(c, err, form)
}

func careDone(c *page.Context, err error, form Form) error {
	return done(c, err, "/desk/counselling/care?said=saved", again(c, &Care{Base: Base{Form: form}}, loadCare))
}
