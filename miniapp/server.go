package miniapp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/photo"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/session"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
	"github.com/xuegong/xuegong/miniapp/api"
	"github.com/xuegong/xuegong/miniapp/desk"
	"github.com/xuegong/xuegong/miniapp/h5"
	"github.com/xuegong/xuegong/miniapp/page"
	"github.com/xuegong/xuegong/miniapp/static"
	"github.com/xuegong/xuegong/templates"
)

// WeCom is what sign-in needs of it; *wecom.Client is one.
type WeCom interface {
	AuthorizeURL(redirect, state string) string
	LoginURL(redirect, state string) string
	UserInfo(ctx context.Context, code string) (wecom.Identity, error)
}

// Deps is what the pages stand on. Log, OnAgreed, OnFilled, Token and FrameAncestors may be nil.
type Deps struct {
	DB        *store.DB
	WeCom     WeCom
	Requests  *request.Engine
	Redis     redis.UniversalClient
	Config    *config.Config
	Home      templates.Home
	Templates fs.FS
	Binding   identity.Binding

	// FrameAncestors are the origins, besides our own, that may show our pages in a frame.
	FrameAncestors []string
	Log            *slog.Logger

	// OnAgreed runs in the transaction in which a student agreed to the notice, so that
	// the chat can go on.
	OnAgreed func(ctx context.Context, tx *store.Tx, who identity.Person) error
	// OnFilled runs in the transaction in which a page changed an application being
	// written, so that chat goes on with it.
	OnFilled func(ctx context.Context, tx *store.Tx, who identity.Person) error
	// Token returns whom an API token acts for and its scopes; nil accepts no tokens.
	Token func(ctx context.Context, tx *store.Tx, raw string) (identity.Person, []string, error)
}

// Server is the pages of one process.
type Server struct {
	deps     Deps
	kit      *page.Kit
	sessions *session.Manager
	limits   limits
	origin   *http.CrossOriginProtection
	assets   *static.Assets
	headers  map[string]string
	lines    page.Hotlines
	now      []byte // their page
}

// New reads and checks everything the pages are made of.
func New(d Deps) (*Server, error) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	public, err := url.Parse(d.Config.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errors.New("XUEGONG_PUBLIC_URL: the pages need the address browsers use")
	}
	assets, err := static.New()
	if err != nil {
		return nil, err
	}
	render, err := page.NewRenderer(d.Templates, assets, d.DB.Zone())
	if err != nil {
		return nil, err
	}
	s := &Server{
		deps:     d,
		kit:      &page.Kit{DB: d.DB, Render: render, Photos: photo.NewReader(runtime.GOMAXPROCS(0)), Log: d.Log},
		sessions: session.New(d.Redis, public.Scheme == "https"),
		limits:   newLimits(d.Redis, d.Log),
		origin:   http.NewCrossOriginProtection(),
		assets:   assets,
		headers:  headers(public, d.FrameAncestors),
	}
	if err := s.origin.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, fmt.Errorf("XUEGONG_PUBLIC_URL: %w", err)
	}
	if s.lines, err = page.LoadHotlines(d.Templates); err != nil {
		return nil, err
	}
	s.now, err = renderNow(s.lines, render)
	return s, err
}

// renderNow makes the page of the hotlines once, so that it is there whatever else is not.
func renderNow(lines page.Hotlines, render *page.Renderer) ([]byte, error) {
	var b bytes.Buffer
	err := render.Render(&b, &page.Now{Base: page.Base{Title: "求助热线", Back: "/m/"}, Hotlines: lines})
	return b.Bytes(), err
}

// proxies are where a reverse proxy may stand; only from there is X-Forwarded-For believed.
func proxies() []string {
	return []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"}
}

// Register adds all routes.
func (s *Server) Register(r *gin.Engine) {
	_ = r.SetTrustedProxies(proxies()) // the error is for malformed networks
	r.GET("/", func(g *gin.Context) { g.Redirect(http.StatusFound, "/m/") })
	r.GET("/now", s.showNow)
	s.registerVerify(r)
	r.GET(static.Prefix+"*file", gin.WrapH(s.assets))
	if name := s.deps.Config.VerifyTxt; name != "" {
		content := strings.TrimSuffix(strings.TrimPrefix(name, "WW_verify_"), ".txt")
		r.GET("/"+name, func(g *gin.Context) { g.String(http.StatusOK, content) })
	}
	r.GET("/signin", s.signIn)
	r.POST("/signout", s.sameOrigin(page.Desk), s.signOut)

	phone := r.Group("/m", s.sameOrigin(page.Phone), s.signedIn(page.Phone), s.limitActs(page.Phone))
	h5.Register(s.kit.Routes(phone, page.Phone), h5.Deps{
		Home: s.deps.Home, Hotlines: s.lines, Requests: s.deps.Requests, OnAgreed: s.deps.OnAgreed, OnFilled: s.deps.OnFilled,
	})
	staff := r.Group("/desk", s.sameOrigin(page.Desk), s.signedIn(page.Desk), s.limitActs(page.Desk))
	desk.Register(s.kit.Routes(staff, page.Desk), desk.Deps{Requests: s.deps.Requests})
	v1 := r.Group("/api/v1", s.sameOrigin(page.API), s.authenticated, s.limitActs(page.API))
	api.Register(s.kit.Routes(v1, page.API), api.Deps{Home: s.deps.Home, Requests: s.deps.Requests, OnAgreed: s.deps.OnAgreed, OnFilled: s.deps.OnFilled})
	r.GET("/api/v1/openapi.json", api.OpenAPI)
	r.NoRoute(func(g *gin.Context) {
		s.kit.Fail(g, faceOf(g.Request.URL.Path), errs.New(errs.NotFound, "这个地址没有内容，可能是链接不完整。"))
	})
}

func faceOf(path string) page.Face {
	switch {
	case strings.HasPrefix(path, "/api/"):
		return page.API
	case strings.HasPrefix(path, "/desk"):
		return page.Desk
	default:
		return page.Phone
	}
}

func (s *Server) showNow(g *gin.Context) {
	g.Header("Cache-Control", "public, max-age=600")
	g.Data(http.StatusOK, "text/html; charset=utf-8", s.now)
}
