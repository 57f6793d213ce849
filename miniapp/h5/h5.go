package h5

import (
	"context"
	"errors"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
	"github.com/xuegong/xuegong/templates"
)

// Deps is what the phone's pages need besides the kit. OnAgreed may be nil.
type Deps struct {
	Home     templates.Home
	Hotlines page.Hotlines
	Requests *request.Engine
	OnAgreed func(ctx context.Context, tx *store.Tx, who identity.Person) error
	// OnFilled runs in the transaction in which a page changed an application being
	// written, so that a conversation about it goes on; nil does nothing.
	OnFilled func(ctx context.Context, tx *store.Tx, who identity.Person) error
}

type face struct{ Deps }

// Register adds the phone's pages below /m.
func Register(r page.Routes, d Deps) {
	f := face{d}
	r.GET("/", show(f.home))
	registerOwn(r, f)

	r.GET("/counselling", show(f.counsellors))
	r.GET("/counselling/notice", show(f.notice))
	r.POST("/counselling/notice", f.agree)
	r.GET("/counselling/counsellors/:counsellor", show(f.times))
	r.GET("/counselling/counsellors/:counsellor/:slot", f.askBook)
	r.POST("/counselling/counsellors/:counsellor/:slot", f.book)
	r.GET("/counselling/mine", show(f.mine))
	r.GET("/counselling/mine/:booking", show(f.booking))
	r.GET("/counselling/mine/:booking/move", show(f.moveTimes))
	r.GET("/counselling/mine/:booking/move/:slot", f.askMove)
	r.POST("/counselling/mine/:booking/move/:slot", f.move)
	r.GET("/counselling/mine/:booking/booking.ics", f.calendar)
	r.GET("/counselling/strikes", show(f.strikes))
	r.POST("/counselling/strikes/:strike/appeal", f.appeal)
	r.GET("/counselling/mine/:booking/cancel", f.askCancel)
	r.POST("/counselling/mine/:booking/cancel", f.cancel)
	registerCare(r, f)
	r.GET("/counselling/wait", show(f.wait))
	r.POST("/counselling/wait", f.join)
	r.POST("/counselling/wait/leave", f.leave)
	r.POST("/counselling/wait/keep", f.keepWait)
	r.POST("/counselling/offers/:offer/accept", f.acceptOffer)
	r.POST("/counselling/offers/:offer/decline", f.declineOffer)

	r.GET("/services", show(f.services))
	r.GET("/services/:service", show(f.offer))
	r.POST("/services/:service", f.start)
	r.GET("/services/:service/notice", show(f.serviceNotice))
	r.POST("/services/:service/notice", f.agreeService)
	r.POST("/services/:service/ask", f.askAbout)
	r.GET("/applications", show(f.applications))
	r.GET("/applications/:application", f.application)
	r.GET("/applications/:application/form", f.paper)
	r.POST("/applications/:application/form", f.write)
	r.POST("/applications/:application/files", f.upload)
	r.GET("/applications/:application/files/:file", f.file)
	r.GET("/applications/:application/certificate.pdf", f.certificate)
	r.GET("/applications/:application/withdraw", f.askTakeBack)
	r.POST("/applications/:application/withdraw", f.takeBack)
	r.POST("/applications/:application/discard", f.discard)
	r.POST("/applications/:application/ask", f.askOn)
	r.GET("/applications/asks/:ask", show(f.question))
	r.GET("/regions", f.regions)
}

// show answers with the page that load fills, unless the student has to do something first.
func show[P page.Page](load func(c *page.Context) (P, error)) page.Handler {
	return func(c *page.Context) error {
		p, err := load(c)
		if to := first(err); to != "" {
			return c.SeeOther(to)
		}
		if err != nil {
			return err
		}
		return c.Show(p)
	}
}

// done leads on after an act; one that was done before leads to the same result. What
// the person can put right is said on the page that load fills.
func done[P page.Page](c *page.Context, err error, next string, load func(c *page.Context) (P, error)) error {
	switch kind := errs.KindOf(err); {
	case err == nil || errors.Is(err, page.ErrRepeat):
		return c.SeeOther(next)
	case first(err) != "":
		return c.SeeOther(first(err))
	case errors.Is(err, page.ErrStaleForm) || kind != errs.Conflict && kind != errs.Invalid:
		return err
	}
	p, loadErr := load(c)
	if loadErr != nil {
		return loadErr
	}
	return c.Refuse(err, p)
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
