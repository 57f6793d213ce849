package api

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
	"github.com/xuegong/xuegong/templates"
)

//go:embed openapi.json
var files embed.FS

// Deps is what the API needs besides the kit. OnAgreed and OnFilled may be nil.
type Deps struct {
	Home     templates.Home
	Requests *request.Engine
	OnAgreed func(ctx context.Context, tx *store.Tx, who identity.Person) error
	// OnFilled runs in the transaction in which a call changed an application being
	// written.
	OnFilled func(ctx context.Context, tx *store.Tx, who identity.Person) error
}

type face struct{ Deps }

// Register adds the calls below /api/v1.
func Register(r page.Routes, d Deps) {
	f := face{d}
	r.GET("/me", f.me)
	r.GET("/me/copy", f.copy)
	r.GET("/home", f.home)

	r.GET("/counselling/notice", f.notice)
	r.POST("/counselling/consent", f.consent)
	r.GET("/counselling/counsellors", f.counsellors)
	r.GET("/counselling/slots", f.slots)
	r.GET("/counselling/bookings", f.bookings)
	r.POST("/counselling/bookings", f.book)
	r.GET("/counselling/bookings/:booking", f.booking)
	r.POST("/counselling/bookings/:booking/cancel", f.cancel)
	r.POST("/counselling/bookings/:booking/confirm", f.confirm)
	r.POST("/counselling/bookings/:booking/reject", f.reject)
	r.POST("/counselling/bookings/:booking/arrive", f.arrive)
	r.POST("/counselling/bookings/:booking/unarrive", f.unarrive)
	r.POST("/counselling/bookings/:booking/miss", f.miss)
	r.GET("/counselling/day", f.day)
	r.GET("/counselling/wait", f.wait)
	r.POST("/counselling/wait", f.join)
	r.POST("/counselling/wait/leave", f.leave)
	r.POST("/counselling/wait/keep", f.keep)
	r.POST("/counselling/offers/:offer/accept", f.accept)
	r.POST("/counselling/offers/:offer/decline", f.decline)
	r.GET("/counselling/waitlist", f.waitlist)
	r.POST("/counselling/waitlist/offer", f.offerFree)
	r.POST("/counselling/bookings/:booking/move", f.move)
	r.GET("/counselling/bookings/:booking/calendar", f.calendar)
	r.GET("/counselling/strikes", f.strikes)
	r.POST("/counselling/strikes/:strike/appeal", f.appeal)
	r.POST("/counselling/strikes/:strike/lift", f.lift)
	r.POST("/counselling/strikes/:strike/uphold", f.uphold)
	registerCare(r, f)
	registerSchedule(r, f)
	registerRequests(r, f)
}

// OpenAPI serves the description of the API, to everybody.
func OpenAPI(g *gin.Context) { g.FileFromFS("openapi.json", http.FS(files)) }

// Scope names what a token needs for a call: the first word of its path below /api/v1
// (me for /me and /home) and read or write.
func Scope(method, path string) string {
	area, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/")
	if area == "home" {
		area = "me"
	}
	if method == http.MethodGet || method == http.MethodHead {
		return area + ":read"
	}
	return area + ":write"
}

// Grants tells whether the scopes of a token include the one a call needs; who may
// write an area may read it.
func Grants(scopes []string, needed string) bool {
	area, _, _ := strings.Cut(needed, ":")
	return slices.Contains(scopes, needed) || slices.Contains(scopes, area+":write")
}

// transaction is c.View, c.Update where reading is audited, or c.ActByKey.
type transaction func(fn func(tx *store.Tx, who identity.Person) error) error

// reply answers with what read finds in the transaction.
func reply[T any](c *page.Context, in transaction, read func(tx *store.Tx, who identity.Person) (T, error)) error {
	var out T
	if err := in(func(tx *store.Tx, who identity.Person) (err error) {
		out, err = read(tx, who)
		return err
	}); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// once acts once for the key of the call and answers with what then shows. A repeat
// only answers.
func once(c *page.Context, act func(tx *store.Tx, who identity.Person) error, then page.Handler) error {
	if err := c.ActByKey(act); err != nil && !errors.Is(err, page.ErrRepeat) {
		return err
	}
	return then(c)
}

// done answers an act after which there is nothing to show.
func done(c *page.Context) error {
	c.Gin.Status(http.StatusNoContent)
	return nil
}

// moment is a time in the zone, null for the zero time.
func moment(t time.Time, zone *time.Location) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(zone)
	return &t
}

// list is how every list is answered, a page of it at a time.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"` // after of the page that follows, "" at the end
}

// listOf converts all of a list; an empty one is [], never null.
func listOf[T, U any](items []T, convert func(T) U) []U {
	out := make([]U, len(items))
	for i, item := range items {
		out[i] = convert(item)
	}
	return out
}

// The size of a page.
const (
	mostListed  = 200
	usualListed = 100
)

// pageParam reads which page of a list the call asks for.
func pageParam(c *page.Context) store.Page {
	p := store.Page{After: c.Query("after"), Limit: usualListed}
	if v := c.Query("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > mostListed {
			c.Unread(errs.Field("limit", fmt.Sprintf("limit 写 1 到 %d 的整数。", mostListed)))
			return p
		}
		p.Limit = n
	}
	return p
}

// replyPage answers with the page of a list that the call asks for, as read finds it.
// Entries that come or go meanwhile are neither repeated nor left out.
func replyPage[T, U any](c *page.Context, in transaction, convert func(T) U,
	read func(tx *store.Tx, who identity.Person, p store.Page) (items []T, next string, err error),
) error {
	p := pageParam(c)
	return reply(c, in, func(tx *store.Tx, who identity.Person) (list[U], error) {
		items, next, err := read(tx, who, p)
		return list[U]{listOf(items, convert), next}, err
	})
}

// pageOf is the page that the call asks for of a list that does not grow: what a file or
// a calendar has, who works at a centre, a span of its roster.
func pageOf[T, U any](c *page.Context, items []T, key func(T) string, convert func(T) U) (list[U], error) {
	p := pageParam(c)
	i := -1
	if p.After != "" {
		if i = slices.IndexFunc(items, func(item T) bool { return key(item) == p.After }); i < 0 {
			return list[U]{}, store.ErrNoPage
		}
	}
	items, next, err := store.ReadPage(p, key,
		func(limit int) ([]T, error) { return items[i+1 : min(i+1+limit, len(items))], nil },
		func() (bool, error) { return true, nil })
	return list[U]{listOf(items, convert), next}, err
}
