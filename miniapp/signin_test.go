package miniapp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/internal/wecom"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	t.Run("inside_WeCom_silently_and_back_to_the_page", func(t *testing.T) {
		b := w.browser(inWeCom)
		back, state := b.get("/m/counselling/mine?x=1").toWeCom(authorizeHost)
		res := b.get(back + "?code=" + w.wecom.code(wecom.Identity{UserID: "s02"}) + "&state=" + state)
		if res.status != http.StatusFound || res.location != "/m/counselling/mine?x=1" {
			t.Fatalf("got %d to %q, want the page first asked for, without the code", res.status, res.location)
		}
		if res := b.get("/m/counselling/mine"); res.status != http.StatusOK {
			t.Errorf("signed in, got %d", res.status)
		}
		cookie := res.header.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("cookie %q lacks %s", cookie, want)
			}
		}
	})

	t.Run("elsewhere_by_scanning_a_code", func(t *testing.T) {
		for _, path := range []string{"/m/", "/desk/"} {
			b := w.browser(onThePC)
			back, state := b.get(path).toWeCom(loginHost)
			res := b.get(back + "?code=" + w.wecom.code(wecom.Identity{UserID: "T06"}) + "&state=" + state)
			if res.location != path {
				t.Errorf("got %d to %q, want %s", res.status, res.location, path)
			}
		}
	})

	t.Run("gives_the_session_a_new_token", func(t *testing.T) {
		b := w.browser(inWeCom)
		res := b.get("/m/")
		before := res.header.Get("Set-Cookie")
		back, state := res.toWeCom(authorizeHost)
		after := b.get(back + "?code=" + w.wecom.code(wecom.Identity{UserID: "s02"}) + "&state=" + state).header.Get("Set-Cookie")
		if value(before) == value(after) || value(after) == "" {
			t.Errorf("the cookie stayed %q", value(after))
		}
		for _, key := range w.redis.Keys() {
			if strings.Contains(key, value(after)) {
				t.Errorf("the cookie's value is readable in Redis: %s", key)
			}
		}
	})

	t.Run("the_state_must_be_the_session's_own", func(t *testing.T) {
		attacker, victim := w.browser(inWeCom), w.browser(inWeCom)
		back, state := attacker.get("/m/").toWeCom(authorizeHost)
		victim.get("/m/")
		res := victim.get(back + "?code=" + w.wecom.code(wecom.Identity{UserID: "s03"}) + "&state=" + state)
		wantFailedRound(t, res)
		if res := victim.get("/m/"); res.status != http.StatusFound {
			t.Errorf("after a foreign state the victim is signed in: %d", res.status)
		}
	})

	t.Run("a_state_works_once", func(t *testing.T) {
		b := w.browser(inWeCom)
		back, state := b.get("/m/").toWeCom(authorizeHost)
		wantFailedRound(t, b.get(back+"?code=wrong&state="+state))
		wantFailedRound(t, b.get(back+"?code="+w.wecom.code(wecom.Identity{UserID: "s02"})+"&state="+state))
	})

	t.Run("a_refused_scan_brings_no_code_and_no_circle", func(t *testing.T) {
		b := w.browser(onThePC)
		back, state := b.get("/m/").toWeCom(loginHost)
		wantFailedRound(t, b.get(back+"?state="+state))
	})

	t.Run("a_browser_without_cookies_is_not_sent_in_circles", func(t *testing.T) {
		b := w.browser(inWeCom)
		b.http.Jar = nil
		back, state := b.get("/m/").toWeCom(authorizeHost)
		wantFailedRound(t, b.get(back+"?code="+w.wecom.code(wecom.Identity{UserID: "s02"})+"&state="+state))
	})

	t.Run("the_back_button_after_it_worked_goes_home", func(t *testing.T) {
		b := w.browser(inWeCom)
		back, state := b.get("/m/").toWeCom(authorizeHost)
		path := back + "?code=" + w.wecom.code(wecom.Identity{UserID: "s02"}) + "&state=" + state
		b.get(path)
		asked := w.wecom.asked
		if res := b.get(path); res.location != "/m/" || w.wecom.asked != asked {
			t.Errorf("got %d to %q and %d more exchanges", res.status, res.location, w.wecom.asked-asked)
		}
	})

	t.Run("a_link_begins_again_and_stays_on_this_site", func(t *testing.T) {
		for to, want := range map[string]string{
			"/m/counselling":       "/m/counselling",
			"https://evil.example": "/m/",
			"//evil.example/m/":    "/m/",
			`/\evil.example`:       "/m/",
			"/signin?to=/m/":       "/m/",
			"":                     "/m/",
		} {
			b := w.browser(inWeCom)
			back, state := b.get("/signin?to=" + url.QueryEscape(to)).toWeCom(authorizeHost)
			res := b.get(back + "?code=" + w.wecom.code(wecom.Identity{UserID: "s02"}) + "&state=" + state)
			if res.location != want {
				t.Errorf("to %q ends at %q, want %q", to, res.location, want)
			}
		}
	})

	t.Run("somebody_from_outside_reads_whom_it_is_for", func(t *testing.T) {
		b := w.browser(inWeCom)
		back, state := b.get("/m/").toWeCom(authorizeHost)
		res := b.get(back + "?code=" + w.wecom.code(wecom.Identity{OpenID: "o1", ExternalUserID: "e1"}) + "&state=" + state)
		if res.status != http.StatusForbidden || !strings.Contains(res.doc.text(), "师生") {
			t.Errorf("got %d: %s", res.status, res.body)
		}
	})

	t.Run("a_form_posted_after_the_session_ended_says_so", func(t *testing.T) {
		res := w.browser(inWeCom).post("/m/counselling/notice", url.Values{"version": {"1"}})
		if res.status != http.StatusUnauthorized || !strings.Contains(res.doc.text(), "登录过期了") {
			t.Errorf("got %d: %s", res.status, res.body)
		}
	})
}

func value(setCookie string) string {
	pair, _, _ := strings.Cut(setCookie, ";")
	_, v, _ := strings.Cut(pair, "=")
	return v
}

func wantFailedRound(t *testing.T, res *answer) {
	t.Helper()
	if res.status != http.StatusUnauthorized || res.location != "" || res.doc == nil {
		t.Fatalf("got %d to %q, want a page that does not go on by itself", res.status, res.location)
	}
	if link := res.doc.first("a.weui-btn"); link == nil || !strings.HasPrefix(link.attr("href"), "/signin?to=%2F") {
		t.Errorf("the page has no link to begin again:\n%s", res.body)
	}
}

func TestSignIn_while_WeCom_is_down(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wecom.down = true
	b := w.browser(inWeCom)
	back, state := b.get("/m/").toWeCom(authorizeHost)
	res := b.get(back + "?code=x&state=" + state)
	if res.status != http.StatusServiceUnavailable || !strings.Contains(res.doc.text(), "企业微信暂时没有回应") {
		t.Errorf("got %d: %s", res.status, res.body)
	}
}

func TestSignIn_while_Redis_is_down(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	signedIn := w.as("s02")
	w.redis.Close()
	for name, b := range map[string]*browser{"somebody_new": w.browser(inWeCom), "who_was_signed_in": signedIn} {
		t.Run(name, func(t *testing.T) {
			res := b.get("/m/")
			if res.status != http.StatusServiceUnavailable || !strings.Contains(res.doc.text(), "过一两分钟再试") {
				t.Errorf("got %d: %s", res.status, res.body)
			}
			if res := b.get("/now"); res.status != http.StatusOK {
				t.Errorf("/now answers %d", res.status)
			}
		})
	}
}

func TestSignIn_of_a_stranger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		name, userid string
		says         string
	}{
		{"in_WeCom_but_not_bound", "u01", identity.ErrUnbound.Message},
		{"no_longer_at_the_school", "g01", identity.ErrLeft.Message},
		{"of_a_linked_company", "wwffffffffffffffff/s02", identity.ErrUnbound.Message},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := w.as(tt.userid)
			for _, path := range []string{"/m/", "/m/counselling", "/m/counselling/mine", "/m/counselling/notice", "/m/counselling/mine/0000000000000000000000000"} {
				res := b.get(path)
				if res.status != http.StatusForbidden || !strings.Contains(res.doc.text(), tt.says) {
					t.Errorf("%s: got %d: %s", path, res.status, res.body)
				}
			}
			if res := b.json(http.MethodGet, "/api/v1/me", ""); res.status != http.StatusForbidden {
				t.Errorf("API: got %d: %s", res.status, res.body)
			}
		})
	}
}

func TestSignIn_binds_by_the_number_at_first_entry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if res := w.as("20260301").get("/m/"); res.status != http.StatusOK || !strings.Contains(res.doc.text(), "秦朗") {
		t.Errorf("got %d: %s", res.status, res.body)
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("t06")
	if res := b.post("/signout", nil); res.status != http.StatusOK {
		t.Fatalf("got %d", res.status)
	}
	if res := b.get("/m/"); res.status != http.StatusFound {
		t.Errorf("after signing out, got %d", res.status)
	}
}

func TestSignIn_limits_rounds_that_fail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.redis.SetTime(storetest.Monday) // the limiter gives a place back every other second of Redis's clock
	for range 30 {
		w.browser(inWeCom).get("/signin?code=guess&state=guess")
	}
	res := w.browser(inWeCom).get("/signin?code=guess&state=guess")
	if res.status != http.StatusTooManyRequests || res.header.Get("Retry-After") == "" || !strings.Contains(res.body, "秒再试") {
		t.Errorf("the 31st failed round got %d, Retry-After %q", res.status, res.header.Get("Retry-After"))
	}
}
