package simulator

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/xuegong/xuegong/internal/errs"
)

// phoneAgent is what the built-in browser of the client calls itself.
const phoneAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
	"Mobile/15E148 wxwork/4.1.30 MicroMessenger/7.0.1 Language/zh ColorScheme/Light"

// phone is the built-in browser of one phone: a reverse proxy to the app on an origin of
// its own. The cookies are kept here, one jar for each person, because the two frames of
// the page would share them.
type phone struct {
	s     *Server
	index int
	app   *url.URL // nil without AppURL
	proxy *httputil.ReverseProxy
	jars  *jars
}

// jars are the cookies of each person on either phone.
type jars struct {
	mu sync.Mutex
	of map[string]*cookiejar.Jar
}

func (j *jars) person(userid string) *cookiejar.Jar {
	j.mu.Lock()
	defer j.mu.Unlock()
	jar := j.of[fold(userid)]
	if jar == nil {
		jar, _ = cookiejar.New(nil) // the error is for options we do not give
		j.of[fold(userid)] = jar
	}
	return jar
}

func (s *Server) newPhone(i int) (*phone, error) {
	p := &phone{s: s, index: i, jars: &jars{of: map[string]*cookiejar.Jar{}}}
	if i == 1 {
		p.jars = s.phones[0].jars // a person may hold both
	}
	if s.cfg.AppURL == "" {
		return p, nil
	}
	app, err := url.Parse(s.cfg.AppURL)
	if err != nil || app.Host == "" {
		return nil, fmt.Errorf("AppURL %q is not an address", s.cfg.AppURL)
	}
	p.app = app
	p.proxy = &httputil.ReverseProxy{Rewrite: p.rewrite, ModifyResponse: p.change, ErrorHandler: p.unreachable}
	return p, nil
}

// PhoneHandler is the built-in browser of phone 0 or 1, for a port of its own.
func (s *Server) PhoneHandler(i int) http.Handler {
	p := s.phones[i]
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect/oauth2/authorize", p.authorize)
	mux.HandleFunc("GET /__wecom/bridge.js", func(w http.ResponseWriter, _ *http.Request) { serveAsset(w, "bridge.js") })
	mux.HandleFunc("POST /__wecom/verify", p.verifyJS)
	mux.Handle("POST /__wecom/approval", p.s.control(p.openApproval))
	mux.HandleFunc("GET /__wecom/notice.css", func(w http.ResponseWriter, _ *http.Request) { serveAsset(w, "notice.css") })
	mux.HandleFunc("/", p.browse)
	return mux
}

// HandPhone gives phone 0 or 1 to a person of the address book.
func (s *Server) HandPhone(i int, userid string) error {
	if i != 0 && i != 1 {
		return errs.Field("phone", "只有两部手机：0 和 1。")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(userid)
	if u == nil {
		return errNoUser
	}
	s.st.Phones[i] = u.UserID
	s.touch()
	s.publish("phones", s.st.Phones)
	return nil
}

func (p *phone) holder() string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.s.st.Phones[p.index]
}

func (p *phone) browse(w http.ResponseWriter, r *http.Request) {
	if p.proxy == nil {
		p.s.showNotice(w, r, &notice{Title: "这里没有网页", Text: "模拟器启动时没有配置应用的地址。"})
		return
	}
	p.proxy.ServeHTTP(w, r)
}

// rewrite sends the request to the app as the holder's browser would.
func (p *phone) rewrite(r *httputil.ProxyRequest) {
	own := "http://" + r.In.Host
	r.SetURL(&url.URL{Scheme: p.app.Scheme, Host: p.app.Host})
	r.Out.Host = p.app.Host
	h := r.Out.Header
	h.Set("User-Agent", phoneAgent)
	h.Del("Accept-Encoding") // the page is read to put the bridge in
	h.Del("Cookie")
	for _, c := range p.jars.person(p.holder()).Cookies(p.jarURL(r.Out.URL.Path)) {
		r.Out.AddCookie(c)
	}
	for _, name := range []string{"Origin", "Referer"} {
		if v := h.Get(name); strings.HasPrefix(v, own) {
			h.Set(name, p.origin()+strings.TrimPrefix(v, own))
		}
	}
	// The page that holds the frame is another origin; to the app the visit starts here.
	if h.Get("Sec-Fetch-Site") == "same-site" || h.Get("Sec-Fetch-Site") == "cross-site" {
		h.Set("Sec-Fetch-Site", "none")
	}
	if h.Get("Sec-Fetch-Dest") == "iframe" {
		h.Set("Sec-Fetch-Dest", "document")
	}
}

func (p *phone) origin() string { return p.app.Scheme + "://" + p.app.Host }

// jarURL is https so that Secure cookies are kept: the client always speaks TLS.
func (p *phone) jarURL(path string) *url.URL {
	return &url.URL{Scheme: "https", Host: p.app.Host, Path: path}
}

// change keeps the cookies, turns redirects to this origin and puts the bridge into pages.
func (p *phone) change(res *http.Response) error {
	h := res.Header
	if cookies := res.Cookies(); len(cookies) > 0 {
		p.jars.person(p.holder()).SetCookies(p.jarURL(res.Request.URL.Path), cookies)
	}
	h.Del("Set-Cookie")
	h.Del("X-Frame-Options")
	h.Del("Strict-Transport-Security")
	if csp := h.Get("Content-Security-Policy"); csp != "" {
		h.Set("Content-Security-Policy", p.allowFrame(csp))
	}
	if l := h.Get("Location"); l != "" {
		h.Set("Location", p.local(l))
	}
	if !strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 10<<20))
	if err != nil {
		return fmt.Errorf("read page: %w", err)
	}
	if err := res.Body.Close(); err != nil {
		return fmt.Errorf("read page: %w", err)
	}
	body = p.withBridge(body)
	res.Body = io.NopCloser(bytes.NewReader(body))
	res.ContentLength = int64(len(body))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Del("ETag") // of the page without the bridge
	return nil
}

var frameAncestors = regexp.MustCompile(`(?i)\s*frame-ancestors[^;]*;?`)

// allowFrame drops the rule against frames; form targets keep working on this origin.
func (p *phone) allowFrame(csp string) string {
	return strings.ReplaceAll(frameAncestors.ReplaceAllString(csp, ""), p.origin(), "'self'")
}

// local turns an address of the app, or of the platform's authorize page, to this origin.
func (p *phone) local(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return location
	}
	if u.Host == p.app.Host || u.Path == "/connect/oauth2/authorize" {
		u.Scheme, u.Host, u.Fragment = "", "", ""
		return u.String()
	}
	return location
}

var headTag = regexp.MustCompile(`(?i)<head[^>]*>`)

func (p *phone) withBridge(page []byte) []byte {
	page = bytes.ReplaceAll(page, []byte(p.origin()+"/"), []byte("/"))
	bridge := []byte(`<script src="/__wecom/bridge.js"></script>`)
	at := headTag.FindIndex(page)
	if at == nil {
		return page
	}
	return bytes.Join([][]byte{page[:at[1]], bridge, page[at[1]:]}, nil)
}

func (p *phone) unreachable(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	p.s.log.Warn("phone could not reach the app", slog.Any("error", err))
	p.s.showNotice(w, r, &notice{Title: "打不开网页", Text: "应用没有回答。它启动好以后，点右上角刷新。", Status: http.StatusBadGateway})
}

// authorize answers the platform's authorize page for whoever holds the phone.
func (p *phone) authorize(w http.ResponseWriter, r *http.Request) {
	o := p.s.authorize(r.URL.Query(), p.holder())
	if o.notice == nil && p.app != nil {
		o.location = p.local(o.location)
	}
	p.s.follow(w, r, o)
}

// verifyJS checks the signature of config and agentConfig (identity.md 6).
func (p *phone) verifyJS(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name      string `json:"name"` // preVerifyJSAPI or agentConfig
		NonceStr  string `json:"nonceStr"`
		Timestamp string `json:"timestamp"`
		Signature string `json:"signature"`
		URL       string `json:"url"` // path and query of the page
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		writeError(w, errs.Wrap(err, errs.Invalid, "签名参数不完整。"))
		return
	}
	kind := "jsapi"
	if in.Name == "agentConfig" {
		kind = "agent_config"
	}
	page := in.URL
	if p.app != nil {
		page = p.origin() + in.URL
	}
	p.s.mu.Lock()
	t := p.s.st.Tickets[kind]
	p.s.mu.Unlock()
	ok := t.Value != "" && p.s.now().Before(t.Until) &&
		signJS(t.Value, in.NonceStr, in.Timestamp, page) == in.Signature
	writeJSON(w, http.StatusOK, reply{"ok": ok})
}

// openApproval is thirdPartyOpenPage: the member submits an approval of the app's own, or
// looks at one.
func (p *phone) openApproval(r *http.Request) (any, error) {
	var in struct {
		Type     string          `json:"oaType"` // 10001 start, 10002 view
		Template string          `json:"templateId"`
		ThirdNo  string          `json:"thirdNo"`
		Fields   json.RawMessage `json:"extData"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.Type != "10001" {
		return reply{"ok": true}, nil
	}
	p.s.mu.Lock()
	user := p.s.st.Phones[p.index]
	p.s.mu.Unlock()
	d, err := p.s.OpenApproval(user, in.Template, in.ThirdNo, in.Fields)
	if err != nil {
		return nil, err
	}
	return deliveryView(r, d, false)
}

// signJS is the JS-SDK signature: fixed order, nothing encoded, the URL without fragment.
func signJS(ticket, nonce, timestamp, page string) string {
	page, _, _ = strings.Cut(page, "#")
	sum := sha1.Sum([]byte("jsapi_ticket=" + ticket + "&noncestr=" + nonce + "&timestamp=" + timestamp + "&url=" + page))
	return hex.EncodeToString(sum[:])
}
