package h5

import (
	"context"

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
	r.GET("/", f.home)

	r.GET("/counselling", f.counsellors)
	r.GET("/counselling/notice", f.notice)
	r.POST("/counselling/notice", f.agree)
	r.GET("/counselling/counsellors/:counsellor", f.times)
	r.GET("/counselling/counsellors/:counsellor/:slot", f.askBook)
	r.POST("/counselling/counsellors/:counsellor/:slot", f.book)
	r.GET("/counselling/mine", f.mine)
	r.GET("/counselling/mine/:booking", f.booking)
	r.GET("/counselling/mine/:booking/move", f.moveTimes)
	r.GET("/counselling/mine/:booking/move/:slot", f.askMove)
	r.POST("/counselling/mine/:booking/move/:slot", f.move)
	r.GET("/counselling/mine/:booking/booking.ics", f.calendar)
	r.GET("/counselling/strikes", f.strikes)
	r.POST("/counselling/strikes/:strike/appeal", f.appeal)
	r.GET("/counselling/mine/:booking/cancel", f.askCancel)
	r.POST("/counselling/mine/:booking/cancel", f.cancel)
	registerCare(r, f)
	r.GET("/counselling/wait", f.wait)
	r.POST("/counselling/wait", f.join)
	r.POST("/counselling/wait/leave", f.leave)
	r.POST("/counselling/wait/keep", f.keepWait)
	r.POST("/counselling/offers/:offer/accept", f.acceptOffer)
	r.POST("/counselling/offers/:offer/decline", f.declineOffer)

	r.GET("/services", f.services)
	r.GET("/services/:service", f.offer)
	r.POST("/services/:service", f.start)
	r.GET("/services/:service/notice", f.serviceNotice)
	r.POST("/services/:service/notice", f.agreeService)
	r.POST("/services/:service/ask", f.askAbout)
	r.GET("/applications", f.applications)
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
	r.GET("/applications/asks/:ask", f.question)
	r.GET("/regions", f.regions)
}
