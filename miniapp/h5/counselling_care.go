package h5

import (
	"fmt"
	"strconv"

	"github.com/xuegong/xuegong/internal/counselling"
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
	r.GET("/counselling/intake", show(f.intake))
	r.POST("/counselling/intake", f.answerIntake)
	r.GET("/counselling/help", show(f.help))
	r.GET("/counselling/mine/:booking/feedback", show(f.feedback))
	r.POST("/counselling/mine/:booking/feedback", f.giveFeedback)
	r.GET("/counselling/seen", show(f.seen))
	r.POST("/counselling/seen/withdraw", f.withdraw)
}

// intake asks the questions before a booking (T4).
func (f face) intake(c *page.Context) (*page.Intake, error) {
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
	next := listPath
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		level, err := counselling.AnswerIntake(c, tx, who, version, choices)
		if err != nil {
			return err
		}
		if next = helpPath; level != counselling.Red {
			next, err = onward(c, tx, who)
		}
		return err
	})
	return done(c, err, next, func(c *page.Context) (*page.Intake, error) {
		p, err := f.intake(c)
		p.Chosen = chosen
		return p, err
	})
}

// help is where a red answer leads: whom to call, and that somebody is on the way.
func (f face) help(c *page.Context) (*page.Help, error) {
	p := &page.Help{Hotlines: f.Hotlines}
	err := load(c, &p.Base, "先照顾好自己", "/m/", func(*store.Tx, identity.Person, counselling.Settings) error { return nil })
	return p, err
}

// feedback asks once how the hour was; it may be skipped.
func (f face) feedback(c *page.Context) (*page.Feedback, error) {
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
	return done(c, err, bookingPath(c.Param("booking"))+"/feedback", func(c *page.Context) (*page.Feedback, error) {
		p, err := f.feedback(c)
		p.Stars, p.Words = c.Form("stars"), c.Form("words")
		return p, err
	})
}

// seen is 谁看过我的信息 (T3).
func (f face) seen(c *page.Context) (*page.Seen, error) {
	p := &page.Seen{}
	err := load(c, &p.Base, "谁看过我的信息", minePath, func(tx *store.Tx, who identity.Person, _ counselling.Settings) (err error) {
		if p.List, err = counselling.WhoSaw(c, tx, who); err != nil {
			return err
		}
		_, p.Agreed, err = counselling.CurrentNotice(c, tx, who)
		return err
	})
	if c.Query("withdrawn") != "" {
		p.Flash = "已撤回同意。之后的预约已取消，以前的记录按规定保存。"
	}
	return p, err
}

// withdraw takes the consent back.
func (f face) withdraw(c *page.Context) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := counselling.Withdraw(c, tx, who)
		return err
	})
	return done(c, err, seenPath+"?withdrawn=1", f.seen)
}
