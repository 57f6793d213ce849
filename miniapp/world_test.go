package miniapp_test

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/document"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/internal/wecom"
	"github.com/xuegong/xuegong/miniapp"
	"github.com/xuegong/xuegong/templates"
)

// User agents of a phone's WeCom and of a browser on a PC.
const (
	inWeCom  = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 wxwork/4.1.30 MicroMessenger/7.0.1"
	onThePC  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0.0.0"
	frame    = "http://127.0.0.1:9090"
	verifyMe = "WW_verify_a1B2c3D4e5F6g7H8.txt"
)

// world is the pages over real HTTP on a real database, with the sample school in it.
type world struct {
	tb    testing.TB
	db    *store.DB
	clock *clock.Fixed
	redis *miniredis.Miniredis
	wecom *fakeWeCom
	url   string

	agreed *agreements
	routes gin.RoutesInfo
}

// agreements are the persons for whom the chat was told to go on.
type agreements struct {
	mu    sync.Mutex
	names []string
}

func newWorld(tb testing.TB, change ...func(*miniapp.Deps)) *world {
	tb.Helper()
	clk := clock.NewFixed(storetest.Monday)
	db := storetest.Open(tb, storetest.Loaded(tb, "sample", sample.Load), clk, store.Options{})
	w := &world{tb: tb, db: db, clock: clk, redis: miniredis.RunT(tb), wecom: &fakeWeCom{}, agreed: &agreements{}}
	srv := httptest.NewUnstartedServer(nil)
	w.url = "http://" + srv.Listener.Addr().String()
	home, err := templates.LoadHome(templates.FS)
	if err != nil {
		tb.Fatal(err)
	}
	rdb := redis.NewClient(&redis.Options{
		Addr: w.redis.Addr(), MaxRetries: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	tb.Cleanup(func() { _ = rdb.Close() })
	deps := miniapp.Deps{
		DB: db, WeCom: w.wecom, Redis: rdb, Config: newConfig(w.url),
		Home: home, Templates: templates.FS, Binding: identity.ByNumber, FrameAncestors: []string{frame},
		Log: slog.New(slog.NewTextHandler(testLog{tb}, nil)), Token: identity.ByToken, Requests: newRequests(),
		OnAgreed: func(_ context.Context, _ *store.Tx, who identity.Person) error {
			w.agreed.mu.Lock()
			defer w.agreed.mu.Unlock()
			w.agreed.names = append(w.agreed.names, who.Name)
			return nil
		},
	}
	for _, f := range change {
		f(&deps)
	}
	pages, err := miniapp.New(deps)
	if err != nil {
		tb.Fatal(err)
	}
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	pages.Register(engine)
	w.routes = engine.Routes()
	srv.Config.Handler = pages.Wrap(engine)
	srv.Start()
	tb.Cleanup(srv.Close)
	return w
}

// newRequests wires applications as the program does.
func newRequests() *request.Engine {
	e := &request.Engine{Approval: &approval.Engine{}, Press: &document.Press{}, PublicURL: "https://xuegong.example"}
	e.Approval.Outcomes = map[string]approval.Outcome{request.Kind: e.Outcome()}
	return e
}

func newConfig(url string) *config.Config {
	return &config.Config{PublicURL: url, VerifyTxt: verifyMe}
}

// testLog is the log of the test it happens in.
type testLog struct{ tb testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.tb.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// fakeWeCom signs in whoever a test names. A code works once.
type fakeWeCom struct {
	mu    sync.Mutex
	codes map[string]wecom.Identity
	down  bool
	asked int
	at    string // where a real browser finds it, "" is nowhere
}

const (
	authorizeHost = "open.example"
	loginHost     = "login.example"
)

func (f *fakeWeCom) AuthorizeURL(redirect, state string) string {
	return cmp.Or(f.at, "https://"+authorizeHost) + "/?redirect_uri=" + url.QueryEscape(redirect) + "&state=" + state
}

func (f *fakeWeCom) LoginURL(redirect, state string) string {
	return "https://" + loginHost + "/?redirect_uri=" + url.QueryEscape(redirect) + "&state=" + state
}

func (f *fakeWeCom) UserInfo(_ context.Context, code string) (wecom.Identity, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.down {
		return wecom.Identity{}, &wecom.TransportError{API: "auth/getuserinfo", Err: io.ErrUnexpectedEOF}
	}
	who, ok := f.codes[code]
	if !ok {
		return wecom.Identity{}, &wecom.APIError{API: "auth/getuserinfo", Code: 40029, Action: wecom.ActionUser}
	}
	delete(f.codes, code)
	return who, nil
}

// code returns a code that stands for the member.
func (f *fakeWeCom) code(who wecom.Identity) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.codes == nil {
		f.codes = map[string]wecom.Identity{}
	}
	code := store.NewPublicID()
	f.codes[code] = who
	return code
}

// browser is somebody's browser. It follows no redirect by itself.
type browser struct {
	w     *world
	agent string
	http  *http.Client
}

func (w *world) browser(agent string) *browser {
	w.tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.tb.Fatal(err)
	}
	return &browser{w: w, agent: agent, http: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// as returns a browser in which the member has signed in, the way members do.
func (w *world) as(userid string) *browser {
	w.tb.Helper()
	b := w.browser(inWeCom)
	res := b.get("/m/")
	back, state := res.toWeCom(authorizeHost)
	res = b.get(back + "?code=" + w.wecom.code(wecom.Identity{UserID: userid}) + "&state=" + state)
	if res.status != http.StatusFound || res.location != "/m/" {
		w.tb.Fatalf("sign in %s: %d to %q", userid, res.status, res.location)
	}
	return b
}

// answer is what a browser got.
type answer struct {
	w        *world
	status   int
	location string
	header   http.Header
	body     string
	doc      *element
}

func (b *browser) do(req *http.Request) *answer {
	b.w.tb.Helper()
	req.Header.Set("User-Agent", b.agent)
	res, err := b.http.Do(req)
	if err != nil {
		b.w.tb.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.w.tb.Fatal(err)
	}
	a := &answer{w: b.w, status: res.StatusCode, location: res.Header.Get("Location"), header: res.Header, body: string(body)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		a.doc = parse(b.w.tb, string(body))
	}
	return a
}

func (b *browser) request(method, path, mime, body string) *http.Request {
	b.w.tb.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.w.url + path
	}
	req, err := http.NewRequestWithContext(b.w.tb.Context(), method, path, strings.NewReader(body))
	if err != nil {
		b.w.tb.Fatal(err)
	}
	if mime != "" {
		req.Header.Set("Content-Type", mime)
	}
	return req
}

func (b *browser) get(path string) *answer {
	b.w.tb.Helper()
	return b.do(b.request(http.MethodGet, path, "", ""))
}

func (b *browser) post(path string, form url.Values) *answer {
	b.w.tb.Helper()
	return b.do(b.request(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode()))
}

// json calls the API.
func (b *browser) json(method, path, body string, headers ...string) *answer {
	b.w.tb.Helper()
	req := b.request(method, path, "application/json", body)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return b.do(req)
}

// form returns what the page's only form with this action would post.
func (a *answer) form(action string) url.Values {
	a.w.tb.Helper()
	f := a.doc.first(`form[action="` + action + `"]`)
	if f == nil {
		a.w.tb.Fatalf("no form for %s in:\n%s", action, a.body)
	}
	v := url.Values{}
	for _, in := range f.all("input") {
		v.Set(in.attr("name"), in.attr("value"))
	}
	for _, in := range f.all("textarea") {
		v.Set(in.attr("name"), in.text())
	}
	return v
}

// toWeCom reads where a redirect to WeCom's host comes back, and with which state.
func (a *answer) toWeCom(host string) (back, state string) {
	a.w.tb.Helper()
	u, err := url.Parse(a.location)
	if err != nil || a.status != http.StatusFound || u.Host != host {
		a.w.tb.Fatalf("got %d to %q, want a redirect to %s", a.status, a.location, host)
	}
	back = strings.TrimPrefix(u.Query().Get("redirect_uri"), a.w.url)
	return back, u.Query().Get("state")
}
