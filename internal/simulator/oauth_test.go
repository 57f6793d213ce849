package simulator

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

const back = "https://app.example.com/m/?next=1"

func authorizeURL(pairs ...string) string {
	q := url.Values{"appid": {"ww6a112864f8022910"}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"snsapi_base"}, "state": {"abc"}, "user": {"s01"}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/connect/oauth2/authorize?" + q.Encode()
}

// visit returns where a page sends the person, or what it says.
func (p *platform) visit(path string) (location *url.URL, page string) {
	p.t.Helper()
	res := p.raw(http.MethodGet, path, "", nil)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	location, err = res.Location()
	if err != nil {
		return nil, string(b)
	}
	return location, ""
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	p := openPlatform(t, func(c *Config) { c.TrustedDomain = "app.example.com" })
	tests := []struct {
		name string
		path string
		says string // "" = back to the app
	}{
		{"base", authorizeURL(), ""},
		{"another_company", authorizeURL("appid", "ww0"), "appid 参数错误"},
		{"another_app", authorizeURL("agentid", "5"), "agentid 参数错误"},
		{"another_host", authorizeURL("redirect_uri", "https://evil.example/"), "redirect_uri 参数错误"},
		{"another_port", authorizeURL("redirect_uri", "https://app.example.com:8443/"), "redirect_uri 参数错误"},
		{"a_parent_domain", authorizeURL("redirect_uri", "https://example.com/"), "redirect_uri 参数错误"},
		{"not_an_address", authorizeURL("redirect_uri", "javascript:alert(1)"), "redirect_uri 参数错误"},
		{"a_state_with_dots", authorizeURL("state", "a.b"), "state 参数错误"},
		{"a_long_state", authorizeURL("state", strings.Repeat("a", 129)), "state 参数错误"},
		{"no_scope", authorizeURL("scope", ""), "scope 参数错误"},
		{"nobody_chosen", authorizeURL("user", ""), "请在企业微信客户端打开链接"},
		{"private_asks", authorizeURL("scope", "snsapi_privateinfo", "agentid", "1000002", "user", "s02"), "申请获取你的信息"},
		{"private_without_agentid_is_base", authorizeURL("scope", "snsapi_privateinfo"), ""},
		{"private_out_of_range", authorizeURL("scope", "snsapi_privateinfo", "agentid", "1000002", "user", "out"), "没有权限"},
		{"base_out_of_range", authorizeURL("user", "out"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to, page := p.visit(tt.path)
			switch {
			case tt.says != "" && !strings.Contains(page, tt.says):
				t.Errorf("went to %v, page %s; want %s", to, page, tt.says)
			case tt.says == "" && (to == nil || to.Query().Get("code") == "" || to.Query().Get("state") != "abc" || to.Query().Get("next") != "1"):
				t.Errorf("went to %v, page %s", to, page)
			}
		})
	}
}

func (p *platform) signIn(pairs ...string) string {
	p.t.Helper()
	to, page := p.visit(authorizeURL(pairs...))
	if to == nil {
		p.t.Fatalf("not signed in: %s", page)
	}
	return to.Query().Get("code")
}

func TestCodeWorksOnceForFiveMinutes(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	code := p.signIn()
	m := p.read("auth/getuserinfo?code=" + code)
	p.code(0, m)
	if m["userid"] != "S01" || m["user_ticket"] != nil {
		t.Errorf("getuserinfo = %v", m)
	}
	p.code(40029, p.read("auth/getuserinfo?code="+code))
	p.code(40029, p.read("auth/getuserinfo?code=ghost"))
	p.code(41008, p.read("auth/getuserinfo"))
	late := p.signIn()
	p.later(5 * time.Minute)
	p.code(40029, p.read("auth/getuserinfo?code="+late))
	if old := p.read("user/getuserinfo?code=" + p.signIn("user", "t01")); old["UserId"] != "t01" {
		t.Errorf("the old path answers %v", old)
	}
}

func TestPrivateInfo(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	private := []string{"scope", "snsapi_privateinfo", "agentid", "1000002"}
	m := p.read("auth/getuserinfo?code=" + p.signIn(append(private, "consent", "1")...))
	ticket, _ := m["user_ticket"].(string)
	d := p.call("auth/getuserdetail", object{"user_ticket": ticket})
	p.code(0, d)
	_, address := d["address"]
	if d["mobile"] != "13800000001" || d["gender"] != "0" || d["name"] != nil || address {
		t.Errorf("detail = %v", d)
	}
	p.signIn(private...) // remembered
	p.code(84015, p.call("auth/getuserdetail", object{"user_ticket": "ghost"}))
	p.later(30 * time.Minute)
	p.code(84014, p.call("auth/getuserdetail", object{"user_ticket": ticket}))
	p.later(30 * 24 * time.Hour)
	if to, page := p.visit(authorizeURL(private...)); to != nil || !strings.Contains(page, "同意") {
		t.Error("consent was remembered for more than 30 days")
	}
}

func TestWebLogin(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	login := "/wwlogin/sso/login?login_type=CorpApp&appid=ww6a112864f8022910&agentid=1000002&state=x&redirect_uri=" + url.QueryEscape(back)
	if _, page := p.visit(login); !strings.Contains(page, "陈静") {
		t.Errorf("nobody to choose: %s", page)
	}
	to, page := p.visit(login + "&user=t01")
	if to == nil {
		t.Fatalf("not signed in: %s", page)
	}
	if m := p.read("auth/getuserinfo?code=" + to.Query().Get("code")); m["userid"] != "t01" {
		t.Errorf("getuserinfo = %v", m)
	}
	if to, page := p.visit(login + "&user=out"); to != nil || !strings.Contains(page, "无法登录") {
		t.Errorf("out of range went to %v", to)
	}
}

func TestJSTickets(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	company, app := p.read("get_jsapi_ticket")["ticket"], p.read("ticket/get?type=agent_config")["ticket"]
	if company == app || company != p.read("get_jsapi_ticket")["ticket"] {
		t.Error("tickets are of two kinds and last")
	}
	p.code(91040, p.read("ticket/get?type=poem"))
	phone := httptest.NewServer(p.PhoneHandler(0))
	t.Cleanup(phone.Close)
	verify := func(name, ticket, page string) string {
		body := fmt.Sprintf(`{"name":%q,"nonceStr":"n","timestamp":"1","signature":%q,"url":"/m/?a=1"}`, name, signJS(ticket, "n", "1", page))
		res, err := http.Post(phone.URL+"/__wecom/verify", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	page := p.cfg.AppURL + "/m/?a=1"
	for _, tt := range []struct {
		name, ticket, page string
		want               bool
	}{
		{"preVerifyJSAPI", company.(string), page, true},
		{"agentConfig", app.(string), page, true},
		{"agentConfig", company.(string), page, false},
		{"preVerifyJSAPI", company.(string), page + "&b=2", false},
	} {
		if got := verify(tt.name, tt.ticket, tt.page); got != `{"ok":`+strconv.FormatBool(tt.want)+`}` {
			t.Errorf("%s with %s: %s", tt.name, tt.page, got)
		}
	}
}

// pageApp is an H5 app: it signs in by OAuth and keeps the person in a cookie.
func pageApp(t *testing.T) (*httptest.Server, func(p *platform)) {
	t.Helper()
	var p *platform
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/m/", func(w http.ResponseWriter, r *http.Request) {
		if code := r.URL.Query().Get("code"); code != "" {
			http.SetCookie(w, &http.Cookie{Name: "who", Value: fold(p.read("auth/getuserinfo?code=" + code)["userid"].(string)), Path: "/", Secure: true, HttpOnly: true})
			http.Redirect(w, r, server.URL+"/m/", http.StatusFound)
			return
		}
		who, err := r.Cookie("who")
		if err != nil {
			http.Redirect(w, r, p.url+"/connect/oauth2/authorize?appid=ww6a112864f8022910&response_type=code&scope=snsapi_base&redirect_uri="+
				url.QueryEscape(server.URL+"/m/")+"#wechat_redirect", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
		fmt.Fprintf(w, `<html><head></head><body>who=%s agent=%v origin=%s <a href="%s/m/x">x</a></body></html>`,
			who.Value, strings.Contains(r.UserAgent(), "wxwork/"), r.Header.Get("Origin"), server.URL)
	})
	return server, func(q *platform) { p = q }
}

// exchanges counts the codes the app exchanged.
func (p *platform) exchanges() int {
	n := 0
	for _, e := range p.Log(0) {
		if e.Path == "auth/getuserinfo" {
			n++
		}
	}
	return n
}

func TestPhonesSignInByThemselves(t *testing.T) {
	t.Parallel()
	app, use := pageApp(t)
	p := openPlatform(t, func(c *Config) { c.AppURL = app.URL })
	use(p)
	browser := &http.Client{} // no cookie jar: the phone keeps the cookies
	for i, want := range []string{"who=s01", "who=t01"} {
		phone := httptest.NewServer(p.PhoneHandler(i))
		t.Cleanup(phone.Close)
		open := func() string {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, phone.URL+"/m/", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Origin", phone.URL)
			res, err := browser.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.Request.URL.Host != strings.TrimPrefix(phone.URL, "http://") || res.Header.Get("X-Frame-Options") != "" ||
				strings.Contains(res.Header.Get("Content-Security-Policy"), "frame-ancestors") || len(res.Cookies()) > 0 {
				t.Errorf("at %s with %v", res.Request.URL, res.Header)
			}
			return string(b)
		}
		page := open()
		for _, part := range []string{want, "agent=true", "origin=" + app.URL, `<script src="/__wecom/bridge.js"></script>`, `href="/m/x"`} {
			if !strings.Contains(page, part) {
				t.Errorf("phone %d: no %s in %s", i, part, page)
			}
		}
		if i == 0 {
			if err := p.HandPhone(0, "s02"); err != nil {
				t.Fatal(err)
			}
			if page := open(); !strings.Contains(page, "who=s02") {
				t.Errorf("in other hands: %s", page)
			}
			if err := p.HandPhone(0, "s01"); err != nil {
				t.Fatal(err)
			}
			signIns := p.exchanges()
			if page := open(); !strings.Contains(page, "who=s01") {
				t.Errorf("back in the first hands: %s", page)
			}
			if p.exchanges() != signIns {
				t.Error("the first person had to sign in again")
			}
		}
	}
}
