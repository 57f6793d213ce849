package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/photo"
	"github.com/xuegong/xuegong/internal/store"
)

// Kit is what every handler works with. miniapp builds one.
type Kit struct {
	DB     *store.DB
	Render *Renderer
	Photos *photo.Reader
	Log    *slog.Logger
}

// Actor is who makes a request, before the database was asked.
type Actor struct {
	// Key tells actors apart without a database: it signs forms and counts requests.
	Key string
	// Find returns the person in the transaction that acts for them. With lock, two
	// acts of one person queue.
	Find func(ctx context.Context, tx *store.Tx, lock bool) (identity.Person, error)
}

const actorKey = "page.actor"

// SetActor says who makes the request; whoever checks the session or token calls it.
func SetActor(g *gin.Context, a Actor) { g.Set(actorKey, a) }

// ActorKey returns the key of who makes the request.
func ActorKey(g *gin.Context) string {
	a, _ := g.MustGet(actorKey).(Actor)
	return a.Key
}

// Handler answers a request of a signed-in person. What it returns is answered by kind.
type Handler func(c *Context) error

// Routes adds handlers of one face to a router.
type Routes struct {
	kit  *Kit
	face Face
	gin  gin.IRouter
}

// Routes returns the routes of a face below the router, whose middleware has set the actor.
func (k *Kit) Routes(r gin.IRouter, face Face) Routes { return Routes{kit: k, face: face, gin: r} }

// GET adds a handler that shows.
func (r Routes) GET(path string, h Handler) { r.gin.GET(path, r.serve(h)) }

// POST adds a handler that acts.
func (r Routes) POST(path string, h Handler) { r.gin.POST(path, r.serve(h)) }

func (r Routes) serve(h Handler) gin.HandlerFunc {
	return func(g *gin.Context) {
		actor, _ := g.MustGet(actorKey).(Actor)
		c := &Context{Context: g.Request.Context(), Gin: g, kit: r.kit, face: r.face, actor: actor, received: r.kit.DB.Clock().Now()}
		defer r.kit.recovered(g, r.face)
		if err := h(c); err != nil {
			r.kit.Fail(g, r.face, err)
		}
	}
}

// recovered answers a panic as any other fault of ours.
func (k *Kit) recovered(g *gin.Context, face Face) {
	if v := recover(); v != nil {
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		k.Fail(g, face, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
	}
}

// Context is one request of a signed-in person. It is the context of its request.
type Context struct {
	context.Context
	Gin *gin.Context

	kit      *Kit
	face     Face
	actor    Actor
	received time.Time
	who      identity.Person   // as last found
	posted   [sha256.Size]byte // of the JSON that was read
	unread   error             // the first part of the request that could not be read
}

// View runs fn in a reading transaction.
func (c *Context) View(fn func(tx *store.Tx, who identity.Person) error) error {
	return c.kit.DB.View(c, func(tx *store.Tx) error { return c.in(tx, false, fn) })
}

// Update runs fn in a writing transaction: for acts that cannot harm when done twice,
// and for reading what is audited.
func (c *Context) Update(fn func(tx *store.Tx, who identity.Person) error) error {
	return c.kit.DB.Update(c, func(tx *store.Tx) error { return c.in(tx, true, fn) })
}

// Act runs fn once for the form that was posted. A form posted before is ErrRepeat.
func (c *Context) Act(fn func(tx *store.Tx, who identity.Person) error) error {
	key, err := readOnce(c.kit.DB.Keys(), c.actor.Key, c.Gin.PostForm("once"))
	if err != nil {
		return err
	}
	return c.once(key, fn)
}

// ErrOtherRequest is what a caller reads who used an Idempotency-Key for something else before.
var ErrOtherRequest = errs.New(errs.Conflict, "这个 Idempotency-Key 已经用在另一个请求上，请换一个。")

// ActByKey is Act for the API: once for each Idempotency-Key, every time without one. A key
// that came with another request before is ErrOtherRequest.
func (c *Context) ActByKey(fn func(tx *store.Tx, who identity.Person) error) error {
	value := c.Gin.GetHeader("Idempotency-Key")
	if value == "" {
		return c.Update(fn)
	}
	if len(value) > 255 {
		return errs.Field("Idempotency-Key", "Idempotency-Key 最长 255 个字符。")
	}
	request := fmt.Sprintf("%s\x00%s\x00%x", c.Gin.Request.Method, c.Gin.Request.URL.RequestURI(), c.posted)
	return c.kit.DB.Update(c, func(tx *store.Tx) error {
		used := inbox.Once(c, tx, onceKey(c.actor.Key, "api", value), c.actor.Key)
		same := inbox.Once(c, tx, onceKey(c.actor.Key, "api request", value+"\x00"+request), c.actor.Key)
		switch {
		case errors.Is(used, inbox.ErrRepeat) && same == nil:
			return ErrOtherRequest
		case used != nil || same != nil:
			return errors.Join(used, same)
		}
		return c.in(tx, true, fn)
	})
}

// once keeps the order of locks: the inbox row, then the person, then what fn acts on.
func (c *Context) once(key []byte, fn func(tx *store.Tx, who identity.Person) error) error {
	return c.kit.DB.Update(c, func(tx *store.Tx) error {
		if err := inbox.Once(c, tx, key, c.actor.Key); err != nil {
			return err
		}
		return c.in(tx, true, fn)
	})
}

func (c *Context) in(tx *store.Tx, lock bool, fn func(tx *store.Tx, who identity.Person) error) error {
	tx.SetReceivedAt(c.received)
	who, err := c.actor.Find(c, tx, lock)
	if err != nil {
		return err
	}
	c.who = who
	return c.unlessUnread(fn(tx, who))
}

// Unread keeps why a part of the request cannot be read. What was read runs all the same,
// for whether the person may ask at all comes first and is the same for ids nobody has; it
// is undone and answered with err.
func (c *Context) Unread(err error) {
	if c.unread == nil {
		c.unread = err
	}
}

func (c *Context) unlessUnread(err error) error {
	if c.unread == nil || errs.KindOf(err) == errs.Forbidden {
		return err
	}
	return c.unread
}

// Who is the person of the last View, Update or Act, zero before the first.
func (c *Context) Who() identity.Person { return c.who }

// Param returns a part of the path.
func (c *Context) Param(name string) string { return c.Gin.Param(name) }

// Query returns a parameter of the address.
func (c *Context) Query(name string) string { return c.Gin.Query(name) }

// Form returns an input of the posted form, without blanks at its ends.
func (c *Context) Form(name string) string { return strings.TrimSpace(c.Gin.PostForm(name)) }

// Forms returns every value of a field that may be given several times, as checkboxes are.
func (c *Context) Forms(name string) []string { return c.Gin.PostFormArray(name) }

// Now is when the request came, by the product's clock.
func (c *Context) Now() time.Time { return c.received }

// Zone is the school's time zone.
func (c *Context) Zone() *time.Location { return c.kit.DB.Zone() }

// Show answers with the page.
func (c *Context) Show(p Page) error { return c.show(http.StatusOK, p) }

// Refuse shows the page again, marked with err. A fault of ours is not the page's
// business and is returned.
func (c *Context) Refuse(err error, p Page) error {
	if errs.KindOf(err) == errs.Internal {
		return err
	}
	p.base().refuse(err)
	return c.show(errs.Status(errs.KindOf(err)), p)
}

func (c *Context) show(status int, p Page) error {
	b := p.base()
	b.Who, b.Now, b.Path = c.who, c.received, c.Gin.Request.URL.Path
	b.Once = newOnce(c.kit.DB.Keys(), c.actor.Key)
	return c.kit.show(c.Gin, status, p)
}

// SeeOther sends the browser on to a path of ours, after an act.
func (c *Context) SeeOther(path string) error {
	c.Gin.Redirect(http.StatusSeeOther, path)
	return nil
}

// JSON answers with v.
func (c *Context) JSON(status int, v any) error {
	c.Gin.JSON(status, v)
	return nil
}

// maxJSON is how many bytes the body of an API call may have.
const maxJSON = 64 << 10

// ReadJSON reads the body into v. A body that cannot be read, or has what v does not know,
// is Unread.
func (c *Context) ReadJSON(v any) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Gin.Writer, c.Gin.Request.Body, maxJSON))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		c.Unread(errs.Wrap(err, errs.TooLarge, "请求太大，最多 64 KB。"))
		return
	}
	c.posted = sha256.Sum256(body)
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err == nil {
		err = d.Decode(v)
	}
	if err != nil || d.More() {
		c.Unread(errs.Wrap(err, errs.Invalid, "请求的 JSON 读不懂，请对照 /api/v1/openapi.json。"))
	}
}

// ReadJSONIfAny is ReadJSON for a call that may come without a body.
func (c *Context) ReadJSONIfAny(v any) {
	if c.Gin.Request.ContentLength != 0 {
		c.ReadJSON(v)
	}
}

// ICS is the media type of a calendar file.
const ICS = "text/calendar; charset=utf-8"

// Attachment answers with a file to keep.
func (c *Context) Attachment(name, mediaType string, file []byte) error {
	c.Gin.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	c.Gin.Data(http.StatusOK, mediaType, file)
	return nil
}
