package page

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
)

// RequestIDHeader names a request in the answer and in the log.
const RequestIDHeader = "X-Request-Id"

// Problem is an error as the API answers it.
type Problem struct {
	Kind    string            `json:"kind"`
	Message string            `json:"message"`
	Fields  map[string]string `json:"fields,omitempty"`
}

// Fail answers an error as its face does and logs what the person must not see. It is
// the one place that turns errors into answers.
func (k *Kit) Fail(g *gin.Context, face Face, err error) {
	kind := errs.KindOf(err)
	status := errs.Status(kind)
	k.logFailure(g, status, err)
	g.Abort()
	if g.Writer.Written() {
		return
	}
	if face == API {
		name := string(kind)
		if kind == errs.Internal {
			name = "internal"
		}
		g.JSON(status, Problem{Kind: name, Message: errs.MessageOf(err), Fields: errs.FieldsOf(err)})
		return
	}
	if showErr := k.show(g, status, errorPage(g, face, err)); showErr != nil {
		k.logFailure(g, status, showErr)
		g.String(status, errs.MessageOf(err))
	}
}

func errorPage(g *gin.Context, face Face, err error) *Error {
	p := &Error{Face: face, Message: errs.MessageOf(err), Base: Base{Title: titleOf(err), Path: g.Request.URL.Path}}
	p.Next, p.Label = "/m/", "回到首页"
	if face == Desk {
		p.Next, p.Label = "/desk/", "回到工作台"
	}
	switch {
	case identity.IsBindingError(err):
		p.Next, p.Label = SignInPath(g), "已经办好，重新进入"
	case errs.KindOf(err) == errs.Unauthenticated:
		p.Next, p.Label = SignInPath(g), "重新登录"
	case errs.KindOf(err) == errs.Unavailable && g.Request.Method == http.MethodGet:
		p.Next, p.Label = g.Request.URL.RequestURI(), "再试一次"
	case errs.KindOf(err) == errs.Internal:
		p.Request = g.Writer.Header().Get(RequestIDHeader)
	}
	return p
}

const returnKey = "page.return"

// SetReturn says where a sign-in that is begun anew comes back to.
func SetReturn(g *gin.Context, path string) { g.Set(returnKey, path) }

// SignInPath begins a sign-in that comes back to the page of the request: itself, or the
// page whose form was posted.
func SignInPath(g *gin.Context) string {
	to := g.GetString(returnKey)
	if to == "" && g.Request.Method == http.MethodGet {
		to = g.Request.URL.RequestURI()
	}
	if from, err := url.Parse(g.Request.Referer()); to == "" && err == nil && from.Host == g.Request.Host {
		to = from.RequestURI()
	}
	return "/signin?to=" + url.QueryEscape(to)
}

// Say answers with a page of one sentence and one way on, for nobody in particular.
func (k *Kit) Say(g *gin.Context, face Face, title, message, next, label string) {
	p := &Error{Face: face, Message: message, Next: next, Label: label, Base: Base{Title: title, Path: g.Request.URL.Path}}
	if err := k.show(g, http.StatusOK, p); err != nil {
		k.Fail(g, face, err)
	}
}

func titleOf(err error) string {
	switch {
	case errors.Is(err, identity.ErrUnbound):
		return "还差一步"
	case errors.Is(err, identity.ErrSuspended), errors.Is(err, identity.ErrLeft):
		return "现在用不了"
	}
	switch errs.KindOf(err) {
	case errs.Unauthenticated:
		return "需要登录"
	case errs.Forbidden:
		return "这一页看不了"
	case errs.NotFound:
		return "没有找到"
	case errs.Conflict:
		return "有了变化"
	case errs.TooMany, errs.Unavailable:
		return "请稍等"
	case errs.Invalid, errs.TooLarge:
		return "需要改一下"
	default:
		return "没有完成"
	}
}

// logFailure writes what went wrong; refusals of the ordinary kind are no news.
func (k *Kit) logFailure(g *gin.Context, status int, err error) {
	e, ok := errors.AsType[*errs.Error](err)
	if ok && e.Err == nil {
		return
	}
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	k.Log.Log(g.Request.Context(), level, "request failed", slog.String("request", g.Writer.Header().Get(RequestIDHeader)),
		slog.String("method", g.Request.Method), slog.String("route", g.FullPath()), slog.Int("status", status), slog.Any("error", err))
}

func (k *Kit) show(g *gin.Context, status int, p Page) error {
	g.Header("Content-Type", "text/html; charset=utf-8")
	g.Status(status)
	return k.Render.Render(g.Writer, p)
}
