package desk

import (
	"errors"
	"net/url"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Deps is what the desk's handlers call besides packages.
type Deps struct {
	Requests *request.Engine
}

// Register adds the desk's routes below /desk.
func Register(r page.Routes, d Deps) {
	r.GET("/", home(d.Requests))

	r.GET("/counselling", day)
	r.POST("/counselling/confirm", confirmMany)
	r.POST("/counselling/bookings/:id/:act", decide)
	r.POST("/counselling/strikes/:id/:act", answerStrike)
	r.GET("/counselling/week", diary)
	r.POST("/counselling/week/move", moveInDiary)
	r.GET("/counselling/checkin", checkIn)
	r.POST("/counselling/checkin/:id/:act", register)
	r.GET("/counselling/mine", mine)

	r.GET("/counselling/hours", hours)
	r.POST("/counselling/hours", addHours)
	r.POST("/counselling/hours/:id/close", closeHour)
	r.GET("/counselling/hours/of/:id", schedule)
	r.POST("/counselling/hours/of/:id", saveRule)
	r.POST("/counselling/hours/of/:id/look", lookAtRule)
	r.POST("/counselling/hours/of/:id/end", endRule)
	r.POST("/counselling/hours/of/:id/back", removeOff)
	r.GET("/counselling/hours/away", away)
	r.POST("/counselling/hours/away", sendAway)
	r.GET("/counselling/unsettled", unsettledPage)
	r.POST("/counselling/unsettled", resettle)
	r.GET("/counselling/counsellors", counsellors)
	r.POST("/counselling/counsellors", saveCounsellor)
	r.GET("/counselling/settings", settings)
	r.POST("/counselling/settings", saveSettings)
	r.GET("/counselling/figures", figures)
	r.GET("/counselling/figures.xlsx", exportFigures)
	r.GET("/counselling/list", askList)
	r.GET("/counselling/list.xlsx", listXLSX)
	r.GET("/counselling/list.csv", listCSV)
	r.GET("/counselling/waitlist", waitlist)
	r.POST("/counselling/waitlist/offer", offerFree)
	r.GET("/counselling/notice", notice)
	r.POST("/counselling/notice", publishNotice)

	r.GET("/calendar", calendarPage)
	r.POST("/calendar", saveDay)
	r.POST("/calendar/look", lookAtDay)
	r.POST("/calendar/file/look", lookAtDays)
	r.POST("/calendar/file", importDays)

	registerCare(r)

	registerApplications(r, d)

	r.GET("/people", people)
	r.POST("/people/:id/bind", bind)
	r.POST("/people/:id/unbind", unbind)
	r.GET("/people/import", importForm)
	r.POST("/people/import", importPreview)
	r.POST("/people/import/apply", importApply)
	r.GET("/roles", roles)
	r.POST("/roles", grant)
	r.POST("/roles/:id/revoke", revoke)
	r.POST("/roles/proposals/:id/:act", answerProposal)

	r.GET("/school", school)
	r.POST("/school", saveSchool)
	r.GET("/letters", letters)
	r.POST("/letters/:id/again", sendAgain)
	r.GET("/tokens", tokens)
	r.POST("/tokens", makeToken)
	r.POST("/tokens/:id/revoke", revokeToken)
}

// Base is what every page of the desk has.
type Base struct {
	page.Base
	Nav  []Group
	Form Form // what its form shows: what is stored, or what was typed

	work *request.Work // what the page has read already of what the navigation counts
}

func (b *Base) desk() *Base { return b }

// view is a page of the desk.
type view interface {
	page.Page
	desk() *Base
}

// fill reads what a page shows.
type fill func(tx *store.Tx, who identity.Person) error

// read fills a page and its left side in one reading transaction.
func read(c *page.Context, p view, fn fill) error {
	return c.View(func(tx *store.Tx, who identity.Person) error { return fillIn(c, tx, who, p, fn) })
}

// readAudited is read for what is written down who saw it.
func readAudited(c *page.Context, p view, fn fill) error {
	return c.Update(func(tx *store.Tx, who identity.Person) error { return fillIn(c, tx, who, p, fn) })
}

func fillIn(c *page.Context, tx *store.Tx, who identity.Person, p view, fn fill) (err error) {
	if err := fn(tx, who); err != nil {
		return err
	}
	p.desk().Nav, err = navOf(c, tx, who, c.Gin.Request.URL.Path, p.desk().work)
	return err
}

// show has load fill the page and answers with it; after cause, marked with that.
func show[P view](c *page.Context, p P, load func(c *page.Context, p P) error, cause error) error {
	if err := load(c, p); err != nil {
		return err
	}
	return answer(c, p, cause)
}

// again is show after an act that was refused, for done.
func again[P view](c *page.Context, p P, load func(c *page.Context, p P) error) func(cause error) error {
	return func(cause error) error { return show(c, p, load, cause) }
}

// answer shows the page, or, after cause, the same page marked with it.
func answer(c *page.Context, p view, cause error) error {
	if cause != nil {
		return c.Refuse(cause, p)
	}
	p.desk().Flash = said(c.Query("said"), c.Query("n"))
	return c.Show(p)
}

// done leads on after an act; one that was done before leads to the same result. What
// was refused is shown by again.
func done(c *page.Context, err error, next string, again func(cause error) error) error {
	if err == nil || errors.Is(err, page.ErrRepeat) {
		return c.SeeOther(next)
	}
	if errs.KindOf(err) == errs.Internal {
		return err
	}
	return again(err)
}

// address joins a path and its parameters, name after value; those with "" are left out.
func address(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
