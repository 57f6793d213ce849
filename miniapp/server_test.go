package miniapp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/miniapp"
)

func TestNow_needs_nothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	w.redis.Close()
	res := w.browser(onThePC).get("/now")
	if res.status != http.StatusOK || len(res.header["Set-Cookie"]) != 0 {
		t.Fatalf("got %d, cookies %v", res.status, res.header["Set-Cookie"])
	}
	if first := res.doc.first(`main`).first("a"); first.attr("href") != "tel:12356" {
		t.Errorf("the first thing to press is %q", first.attr("href"))
	}
	for _, number := range []string{"tel:120", "tel:110", "tel:12355", "tel:02155500110"} {
		if res.doc.first(`a[href="`+number+`"]`) == nil {
			t.Errorf("%s is missing", number)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s02")
	for path, cache := range map[string]string{
		"/m/":        "no-store",
		"/api/v1/me": "no-store",
		"/nowhere":   "no-store",
		"/now":       "public, max-age=600",
	} {
		h := b.get(path).header
		if got := h.Get("Cache-Control"); got != cache {
			t.Errorf("%s: Cache-Control %q, want %q", path, got, cache)
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'self';") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'self' "+frame) {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" || len(h.Get("X-Request-Id")) != 12 {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

func TestHeaders_of_a_site_reached_by_https(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *miniapp.Deps) { d.Config.PublicURL = "https://xuegong.example" })
	h := w.browser(inWeCom).get("/m/").header
	cookie := h.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-sid=") || !strings.Contains(cookie, "; Secure") {
		t.Errorf("cookie %q", cookie)
	}
	if h.Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security")
	}
}

func TestAddresses_for_everybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(onThePC)
	if res := b.get("/"); res.location != "/m/" {
		t.Errorf("/ leads to %q", res.location)
	}
	if res := b.get("/" + verifyMe); res.body != "a1B2c3D4e5F6g7H8" {
		t.Errorf("the domain's proof is %q", res.body)
	}
	if res := b.get("/WW_verify_other.txt"); res.status != http.StatusNotFound {
		t.Errorf("another proof: %d", res.status)
	}
	page := b.get("/now")
	for _, link := range append(page.doc.all(`link[rel="stylesheet"]`), page.doc.all("script[src]")...) {
		path := link.attr("href") + link.attr("src")
		res := b.get(path)
		if res.status != http.StatusOK || !strings.Contains(res.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, Cache-Control %q", path, res.status, res.header.Get("Cache-Control"))
		}
	}
	if res := b.get("/static/000000000000/tokens.css"); res.status != http.StatusNotFound {
		t.Errorf("a file of another version: %d", res.status)
	}
	if res := b.get("/nowhere"); res.status != http.StatusNotFound || res.doc.first("a.weui-btn") == nil {
		t.Errorf("an unknown address: %d\n%s", res.status, res.body)
	}
}

func TestFault_is_ours_to_know(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s02")
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	page := b.get("/m/counselling")
	id := page.header.Get("X-Request-Id")
	if page.status != http.StatusInternalServerError || !strings.Contains(page.doc.text(), id) || strings.Contains(page.body, "sql") {
		t.Errorf("page: %d %s", page.status, page.body)
	}
	api := b.json(http.MethodGet, "/api/v1/me", "")
	if p := read[problem](t, api); api.status != http.StatusInternalServerError || p.Kind != "internal" || strings.Contains(p.Message, "sql") {
		t.Errorf("API: %d %s", api.status, api.body)
	}
}

func TestNew_refuses_a_site_without_address(t *testing.T) {
	t.Parallel()
	if _, err := miniapp.New(miniapp.Deps{Config: newConfig("")}); err == nil || !strings.Contains(err.Error(), "XUEGONG_PUBLIC_URL") {
		t.Errorf("got %v", err)
	}
}
