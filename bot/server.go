package bot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/wecom"
)

// Limits of the callback endpoint.
const (
	maxBody  = 64 << 10         // a callback is a few kB
	maxRead  = 16 << 20         // of one that is too large, until it is cut off
	maxSkew  = 15 * time.Minute // off our clock, either way
	keepTime = 4 * time.Second  // WeCom gives five
)

// Keep keeps an act durably or says why not; inbox.Keeper has it.
type Keep func(ctx context.Context, a inbox.Act) error

// Receiver answers WeCom's callbacks.
type Receiver struct {
	Codec   *wecom.Codec
	Clock   clock.Clock
	Keep    Keep
	Log     *slog.Logger
	Observe func(outcome string) // kept, forged, stale, oversized, malformed, unkept

	bodies sync.Pool // of *bytes.Buffer
}

// Register mounts the callback URL.
func (r *Receiver) Register(g gin.IRoutes) {
	g.GET("/wecom/callback", r.verify)
	g.POST("/wecom/callback", r.receive)
}

// verify answers the URL check of the admin console (wecom/callback.md section 2).
func (r *Receiver) verify(c *gin.Context) {
	q := query(c.Request.URL.RawQuery)
	plain, err := r.Codec.Verify(q.get("msg_signature"), q.get("timestamp"), q.get("nonce"), q.get("echostr"))
	if err != nil {
		r.refuse(c, outcomeOf(err), statusOf(err))
		return
	}
	if !r.fresh(q.get("timestamp")) {
		r.refuse(c, "stale", http.StatusForbidden)
		return
	}
	c.Data(http.StatusOK, "text/plain; charset=utf-8", plain)
}

// receive keeps a callback and answers 200, empty.
func (r *Receiver) receive(c *gin.Context) {
	plain, outcome, status := r.open(c)
	if outcome != "" {
		r.refuse(c, outcome, status)
		return
	}
	cb, err := wecom.Decode(plain)
	if err != nil {
		r.refuse(c, "malformed", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), keepTime)
	defer cancel()
	err = r.Keep(ctx, inbox.Act{Key: inbox.KeyOf(plain), Sender: cb.FromUserName, Body: plain, ReceivedAt: r.Clock.Now()})
	if err != nil {
		r.Log.Error("callback not kept", slog.Any("error", err))
		r.observe("unkept")
		panic(http.ErrAbortHandler) // no answer: WeCom repeats it
	}
	r.observe("kept")
	c.Status(http.StatusOK)
}

// open returns the plaintext of a callback that is really WeCom's and recent.
func (r *Receiver) open(c *gin.Context) (plain []byte, outcome string, status int) {
	body, ok := r.bodies.Get().(*bytes.Buffer)
	if !ok {
		body = new(bytes.Buffer)
	}
	defer r.bodies.Put(body) // what is opened is a copy
	body.Reset()
	if _, err := body.ReadFrom(io.LimitReader(c.Request.Body, maxBody+1)); err != nil {
		return nil, "malformed", http.StatusBadRequest
	}
	if body.Len() > maxBody {
		// Who is cut off while sending never reads the answer.
		_, _ = io.Copy(io.Discard, io.LimitReader(c.Request.Body, maxRead))
		return nil, "oversized", http.StatusRequestEntityTooLarge
	}
	q := query(c.Request.URL.RawQuery)
	plain, err := r.Codec.Open(q.get("msg_signature"), q.get("timestamp"), q.get("nonce"), body.Bytes())
	if err != nil {
		return nil, outcomeOf(err), statusOf(err)
	}
	// The timestamp is part of what was signed, so only now can it be believed.
	if !r.fresh(q.get("timestamp")) {
		return nil, "stale", http.StatusForbidden
	}
	return plain, "", 0
}

// query is a raw query of few parameters, each read once: url.Values would cost nearly
// what the signature does.
type query string

// get returns the first value of the name, "" without one.
func (q query) get(name string) string {
	for pair := range strings.SplitSeq(string(q), "&") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			value, _ = url.QueryUnescape(value)
			return value
		}
	}
	return ""
}

func (r *Receiver) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return false
	}
	return time.Unix(n, 0).Sub(r.Clock.Now()).Abs() <= maxSkew
}

func (r *Receiver) refuse(c *gin.Context, outcome string, status int) {
	r.observe(outcome)
	c.Status(status)
}

func (r *Receiver) observe(outcome string) {
	if r.Observe != nil {
		r.Observe(outcome)
	}
}

func outcomeOf(err error) string {
	if errors.Is(err, wecom.ErrMalformed) {
		return "malformed"
	}
	return "forged"
}

func statusOf(err error) int {
	if errors.Is(err, wecom.ErrMalformed) {
		return http.StatusBadRequest
	}
	return http.StatusForbidden
}
