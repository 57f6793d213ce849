package desk

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Counsellors is the centre's list and the one being edited.
type Counsellors struct {
	Base
	List     []counselling.Counsellor
	Open     *counselling.Counsellor
	Staff    []Choice // who may be put on the list and is not yet
	Campuses []Choice
	CanEdit  bool
}

// Template implements page.Page.
func (*Counsellors) Template() string { return "desk/counsellors" }

// IsOpen tells whether the counsellor is the one open.
func (p *Counsellors) IsOpen(c counselling.Counsellor) bool {
	return p.Open != nil && p.Open.PublicID == c.PublicID
}

// Badge says whether students see the counsellor.
func (p *Counsellors) Badge(c counselling.Counsellor) page.Badge {
	if c.Active {
		return page.NewBadge("done", "接待中")
	}
	return page.NewBadge("idle", "暂不接待")
}

func counsellors(c *page.Context) error {
	p := &Counsellors{}
	if err := loadCounsellors(c, p, c.Query("counsellor")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// loadCounsellors reads the list and the counsellor to open, by staff number.
func loadCounsellors(c *page.Context, p *Counsellors, number string) error {
	p.Title = "老师"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		p.CanEdit = counselling.Runs(who, centre)
		if p.List, err = counselling.CentreCounsellors(c, tx, who, centre); err != nil {
			return err
		}
		campuses, err := identity.Campuses(c, tx)
		if err != nil {
			return err
		}
		for _, campus := range campuses {
			p.Campuses = append(p.Campuses, Choice{campus.Code, campus.Name})
		}
		holders, err := identity.Holders(c, tx, centre, identity.CentreCounsellor)
		if err != nil {
			return err
		}
		p.open(number, holders)
		return nil
	})
}

// open fills the form with the counsellor of the number, or with a new one.
func (p *Counsellors) open(number string, holders []identity.Person) {
	listed := map[string]bool{}
	for i, l := range p.List {
		listed[l.Number] = true
		if l.Number == number {
			p.Open = &p.List[i]
		}
	}
	for _, h := range holders {
		if !listed[h.Number] {
			p.Staff = append(p.Staff, Choice{h.Number, fmt.Sprintf("%s（%s）", h.Name, h.Number)})
		}
	}
	if p.Form != nil {
		return // what was typed stays
	}
	if o := p.Open; o != nil {
		p.Form = Form{
			"person": o.Number, "intro": o.Intro, "topics": o.Topics, "campus": o.CampusCode, "place": o.Place,
			"position": strconv.Itoa(o.Position),
		}
		if o.Active {
			p.Form["active"] = "on"
		}
		return
	}
	p.Form = Form{"active": "on", "position": strconv.Itoa(len(p.List) + 1)}
}

func saveCounsellor(c *page.Context) error {
	form := typed(c, "person", "intro", "topics", "campus", "place", "position", "active")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if err := mustRun(who); err != nil {
			return err
		}
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		holders, err := identity.Holders(c, tx, centre, identity.CentreCounsellor)
		if err != nil {
			return err
		}
		edit, err := counsellorEdit(form, holders)
		if err != nil {
			return err
		}
		_, err = counselling.SaveCounsellor(c, tx, who, centre, edit)
		return err
	})
	return done(c, err, address("/desk/counselling/counsellors", "counsellor", form["person"], "said", "saved"), func(cause error) error {
		p := &Counsellors{Base: Base{Form: form}}
		if err := loadCounsellors(c, p, form["person"]); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}

// counsellorEdit reads the form; the person is one of those who hold the role.
func counsellorEdit(form Form, holders []identity.Person) (counselling.CounsellorEdit, error) {
	edit := counselling.CounsellorEdit{
		Intro: form["intro"], Topics: form["topics"], Campus: form["campus"], Place: form["place"],
		Active: form["active"] == "on", Position: form.number("position"),
	}
	for _, h := range holders {
		if h.Number == form["person"] {
			edit.Person = h.ID
		}
	}
	fields := map[string]string{}
	if edit.Person == 0 {
		fields["person"] = "请选一位老师。名单里没有的，先由中心负责人在“角色”里授予“中心老师”。"
	}
	if edit.Position < 0 || edit.Position > 999 {
		fields["position"] = "排序填 0 到 999 的数字，小的在前。"
	}
	if len([]rune(edit.Topics)) > 60 {
		fields["topics"] = "擅长方向最多 60 个字。"
	}
	if len(fields) > 0 {
		return edit, wrong(fields)
	}
	return edit, nil
}

// Settings is the centre's rules.
type Settings struct {
	Base
}

// Template implements page.Page.
func (*Settings) Template() string { return "desk/settings" }

func settings(c *page.Context) error {
	return show(c, &Settings{}, loadSettings, nil)
}

func loadSettings(c *page.Context, p *Settings) error {
	p.Title = "规则"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		if err := mustRun(who); err != nil {
			return err
		}
		if p.Form != nil {
			return nil
		}
		set, err := counselling.LoadSettings(c, tx)
		p.Form = settingsForm(set)
		return err
	})
}

// mustRun refuses who does not run the centre.
func mustRun(who identity.Person) error {
	centre, err := centreOf(who)
	if err != nil || !counselling.Runs(who, centre) {
		return counselling.ErrConfidential
	}
	return nil
}

func settingsForm(s counselling.Settings) Form {
	form := Form{"name": s.Name, "eve_at": s.EveAt, "digest_at": s.DigestAt, "quiet_from": s.QuietFrom, "quiet_to": s.QuietTo, "contact": s.Contact}
	for name, n := range map[string]int{
		"hold_hours": s.HoldHours, "hold_before": s.HoldBefore, "lead_minutes": s.LeadMinutes,
		"horizon_days": s.HorizonDays, "cancel_minutes": s.CancelMinutes, "before_minutes": s.BeforeMinutes,
		"late_minutes": s.LateMinutes, "correct_days": s.CorrectDays, "term_limit": s.TermLimit, "strike_limit": s.StrikeLimit, "pause_days": s.PauseDays,
		"offer_minutes": s.OfferMinutes, "wait_days": s.WaitDays,
	} {
		form[name] = strconv.Itoa(n)
	}
	for name, lines := range map[string][]string{"reasons": s.Reasons, "keep_reasons": s.KeepReasons, "term_starts": s.TermStarts} {
		form[name] = strings.Join(lines, "\n")
	}
	for name, on := range map[string]bool{"move_confirms": s.MoveConfirms, "late_cancel": s.LateCancel, "calendar": s.Calendar} {
		if on {
			form[name] = "on"
		}
	}
	return form
}

// rules lays what was typed over the settings.
func (f Form) rules(s *counselling.Settings) {
	s.Name = f["name"]
	s.HoldHours = f.number("hold_hours")
	s.HoldBefore = f.number("hold_before")
	s.LeadMinutes = f.number("lead_minutes")
	s.HorizonDays = f.number("horizon_days")
	s.CancelMinutes = f.number("cancel_minutes")
	s.EveAt = f["eve_at"]
	s.DigestAt = f["digest_at"]
	s.BeforeMinutes = f.number("before_minutes")
	s.QuietFrom = f["quiet_from"]
	s.QuietTo = f["quiet_to"]
	s.Contact = f["contact"]
	s.Reasons = f.lines("reasons")
	s.MoveConfirms = f["move_confirms"] == "on"
	s.LateMinutes = f.number("late_minutes")
	s.CorrectDays = f.number("correct_days")
	s.TermStarts = f.lines("term_starts")
	s.TermLimit = f.number("term_limit")
	s.StrikeLimit = f.number("strike_limit")
	s.PauseDays = f.number("pause_days")
	s.LateCancel = f["late_cancel"] == "on"
	s.Calendar = f["calendar"] == "on"
	s.KeepReasons = f.lines("keep_reasons")
	s.OfferMinutes = f.number("offer_minutes")
	s.WaitDays = f.number("wait_days")
}

func saveSettings(c *page.Context) error {
	form := typed(c, "name", "hold_hours", "hold_before", "lead_minutes", "horizon_days", "cancel_minutes", "eve_at", "digest_at", "before_minutes",
		"quiet_from", "quiet_to", "contact", "reasons", "move_confirms", "late_minutes", "correct_days", "term_starts", "term_limit", "strike_limit", "pause_days",
		"late_cancel", "calendar", "keep_reasons", "offer_minutes", "wait_days")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		set, err := counselling.LoadSettings(c, tx) // what stands on no form stays
		if err != nil {
			return err
		}
		form.rules(&set)
		return counselling.SaveSettings(c, tx, who, centre, set)
	})
	return done(c, err, "/desk/counselling/settings?said=saved", again(c, &Settings{Base: Base{Form: form}}, loadSettings))
}

// Notice is the notice in force and the text to publish next.
type Notice struct {
	Base
	counselling.Notice
}

// Template implements page.Page.
func (*Notice) Template() string { return "desk/notice" }

func notice(c *page.Context) error {
	return show(c, &Notice{}, loadNotice, nil)
}

func loadNotice(c *page.Context, p *Notice) error {
	p.Title = "预约须知"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		if err := mustRun(who); err != nil {
			return err
		}
		n, _, err := counselling.CurrentNotice(c, tx, who)
		if err != nil && errs.KindOf(err) != errs.Unavailable { // none was published yet
			return err
		}
		p.Notice = n
		if p.Form == nil {
			p.Form = Form{"body": n.Body}
		}
		return nil
	})
}

func publishNotice(c *page.Context) error {
	form := typed(c, "body")
	word := "published"
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		before, _, err := counselling.CurrentNotice(c, tx, who)
		if err != nil && errs.KindOf(err) != errs.Unavailable {
			return err
		}
		if err := counselling.PublishNotice(c, tx, who, centre, form["body"]); err != nil {
			return err
		}
		after, _, err := counselling.CurrentNotice(c, tx, who)
		if before.Version == after.Version {
			word = "same"
		}
		return err
	})
	return done(c, err, "/desk/counselling/notice?said="+word, again(c, &Notice{Base: Base{Form: form}}, loadNotice))
}
