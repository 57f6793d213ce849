package h5

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

const (
	intakePath = "/m/counselling/intake"
	helpPath   = "/m/counselling/help"
	seenPath   = "/m/counselling/seen"
)

func registerCare(r page.Routes, f face) {
	r.GET("/counselling/intake", f.intake)
	r.POST("/counselling/intake", f.answerIntake)
	r.GET("/counselling/help", f.help)
	r.GET("/counselling/mine/:booking/feedback", f.feedback)
	r.POST("/counselling/mine/:booking/feedback", f.giveFeedback)
	r.GET("/counselling/seen", f.seen)
	r.POST("/counselling/seen/withdraw", f.withdraw)
}

// first returns where a student goes before what they wanted: the notice, then the
// questions; "" if that is not what err says.
func first(err error) string {
	switch {
	case errors.Is(err, counselling.ErrNotAgreed):
		return noticePath
	case errors.Is(err, counselling.ErrNotAsked):
		return intakePath
	}
	return ""
}

// intake asks the questions before a booking (T4).
func (f face) intake(c *page.Context) error {
	p, err := f.intakePage(c)
	if err != nil {
		return err
	}
	return c.Show(p)
}

func (f face) intakePage(c *page.Context) (*page.Intake, error) {
	p := &page.Intake{Chosen: map[string]string{}}
	err := load(c, &p.Base, "几个问题", "/m/", func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		p.Form, err = counselling.IntakeForm(c, tx, who)
		return err
	})
	return p, err
}

// answerIntake keeps the answers. After a red one the numbers to call come first; the
// student may still book.
func (f face) answerIntake(c *page.Context) error {
	version, _ := strconv.Atoi(c.Form("version")) // none is 0, which is no version
	var choices []int
	chosen := map[string]string{}
	for i := range 10 {
		name := fmt.Sprintf("q%d", i+1)
		n, err := strconv.Atoi(c.Form(name))
		if err != nil {
			n = -1
		}
		choices, chosen[name] = append(choices, n), c.Form(name)
	}
	var level counselling.Level
	err := c.Act(func(tx *store.Tx, who identity.Person) (err error) {
		level, err = counselling.AnswerIntake(c, tx, who, version, choices)
		return err
	})
	switch kind := errs.KindOf(err); {
	case err != nil && errors.Is(err, page.ErrStaleForm):
		return err
	case err != nil && !errors.Is(err, page.ErrRepeat) && (kind == errs.Invalid || kind == errs.Conflict):
		p, loadErr := f.intakePage(c)
		if loadErr != nil {
			return loadErr
		}
		p.Chosen = chosen
		return c.Refuse(err, p)
	case err != nil && !errors.Is(err, page.ErrRepeat):
		return err
	case level == counselling.Red:
		return c.SeeOther(helpPath)
	}
	return c.SeeOther(listPath)
}

// help is where a red answer leads: whom to call, and that somebody is on the way.
func (f face) help(c *page.Context) error {
	p := &page.Help{Hotlines: f.Hotlines}
	if err := load(c, &p.Base, "先照顾好自己", "/m/", func(*store.Tx, identity.Person, counselling.Settings) error {
		return nil
	}); err != nil {
		return err
	}
	return c.Show(p)
}

// feedback asks once how the hour was; it may be skipped.
func (f face) feedback(c *page.Context) error {
	p, err := f.feedbackPage(c)
	if err != nil {
		return err
	}
	return c.Show(p)
}

func (f face) feedbackPage(c *page.Context) (*page.Feedback, error) {
	p := &page.Feedback{}
	err := load(c, &p.Base, "说说感受", bookingPath(c.Param("booking")), func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		p.Booking, p.Open, err = counselling.CanSay(c, tx, who, c.Param("booking"))
		return err
	})
	return p, err
}

func (f face) giveFeedback(c *page.Context) error {
	stars, _ := strconv.Atoi(c.Form("stars")) // none is 0, which the verb refuses
	said := counselling.Said{Stars: stars, Again: c.Form("again") == "yes", Words: c.Form("words")}
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if c.Form("skip") != "" {
			return counselling.SkipFeedback(c, tx, who, c.Param("booking"))
		}
		return counselling.GiveFeedback(c, tx, who, c.Param("booking"), said)
	})
	if kind := errs.KindOf(err); err != nil && !errors.Is(err, page.ErrRepeat) && (kind == errs.Invalid || kind == errs.Conflict) {
		p, loadErr := f.feedbackPage(c)
		if loadErr != nil {
			return loadErr
		}
		p.Stars, p.Words = c.Form("stars"), c.Form("words")
		return c.Refuse(err, p)
	}
	if err != nil && !errors.Is(err, page.ErrRepeat) {
		return err
	}
	return c.SeeOther("/m/counselling/mine/" + c.Param("booking") + "/feedback")
}

// seen is 谁看过我的信息 (T3).
func (f face) seen(c *page.Context) error {
	p := &page.Seen{}
	if err := load(c, &p.Base, "谁看过我的信息", minePath, func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		if p.List, err = counselling.WhoSaw(c, tx, who); err != nil {
			return err
		}
		_, p.Agreed, err = counselling.CurrentNotice(c, tx, who)
		return err
	}); err != nil {
		return err
	}
	if c.Query("withdrawn") != "" {
		p.Flash = "已撤回同意。之后的预约已取消，以前的记录按规定保存。"
	}
	return c.Show(p)
}

// withdraw takes the consent back.
func (f face) withdraw(c *page.Context) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.Withdraw(c, tx, who)
		return err
	})
	if err != nil && !errors.Is(err, page.ErrRepeat) {
		return err
	}
	return c.SeeOther(seenPath + "?withdrawn=1")
}
