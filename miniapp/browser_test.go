package miniapp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/wecom"
)

// chromium starts a phone's browser of the test's own.
func chromium(t *testing.T, width, height int64) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("this test needs chromium on PATH: `make test` brings it")
	}
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.UserAgent(inWeCom), chromedp.Flag("lang", "zh-CN"), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true)))
	t.Cleanup(cancel)
	late := time.AfterFunc(patience, cancel) // what bounds the first call would bound the browser's life
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height, chromedp.EmulatePortrait, chromedp.EmulateMobile, chromedp.EmulateTouch)); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	late.Stop()
	return ctx
}

// patience is how long a browser may take for one step, on a machine with other work.
const patience = time.Minute

// do runs the steps, each within patience. A step that does not come to its end fails the
// test with the page it stood before.
func do(ctx context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, step := range steps {
		if _, err := try(ctx, step); err != nil {
			t.Fatalf("step %d of %d: %v\non the page %s", i+1, len(steps), err, shownPage(ctx))
		}
	}
}

func run[T any](ctx context.Context, t *testing.T, a chromedp.Action[T]) T {
	t.Helper()
	v, err := try(ctx, a)
	if err != nil {
		t.Fatalf("%v\non the page %s", err, shownPage(ctx))
	}
	return v
}

func try[T any](ctx context.Context, a chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, a)
}

// shownPage is the address of the page and its words, as far as the browser still answers.
func shownPage(ctx context.Context) string {
	text, err := try(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return "that cannot be read: " + err.Error()
	}
	return text
}

// signer is WeCom's authorize page for a real browser: it sends the member straight back.
func (w *world) signer(userid string) {
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		q := url.Values{"code": {w.wecom.code(wecom.Identity{UserID: userid})}, "state": {r.URL.Query().Get("state")}}
		http.Redirect(rw, r, r.URL.Query().Get("redirect_uri")+"?"+q.Encode(), http.StatusFound)
	}))
	w.tb.Cleanup(srv.Close)
	w.wecom.at = srv.URL
}

// unfit lists what a thumb or a narrow screen has trouble with on the page shown.
const unfit = `(() => {
	const bad = [];
	if (document.documentElement.scrollWidth > Math.min(innerWidth, screen.width)) bad.push('wider than the screen: ' + document.documentElement.scrollWidth);
	for (const e of document.querySelectorAll('a, button, textarea, input:not([type=hidden])')) {
		const r = e.getBoundingClientRect();
		if (r.width && r.height && (r.height < 44 || r.width < 44)) bad.push(e.outerHTML.slice(0, 80) + ' is ' + r.width + ' by ' + r.height);
	}
	return bad;
})()`

func TestBrowser_from_the_notice_to_a_booking(t *testing.T) {
	t.Parallel()
	for _, screen := range []struct {
		name, userid  string
		width, height int64
	}{
		{"390_by_844", "s01", 390, 844},
		{"360_by_640", "s09", 360, 640},
	} {
		t.Run(screen.name, func(t *testing.T) {
			w := newWorld(t)
			w.signer(screen.userid)
			ctx := chromium(t, screen.width, screen.height)
			fits := func(page string) {
				t.Helper()
				if diff := cmp.Diff([]string{}, run(ctx, t, chromedp.Evaluate[[]string](unfit))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", page, diff)
				}
			}
			do(ctx, t, chromedp.Navigate(w.url+"/m/"), chromedp.WaitVisible(`a[href="/m/counselling"]`))
			fits("home")
			do(ctx, t, chromedp.Click(`a[href="/m/counselling"]`), chromedp.WaitVisible(".prose"))
			fits("notice")

			const agree = "button[type=submit]"
			if !run(ctx, t, chromedp.JavascriptAttribute[bool](agree, "disabled")) {
				t.Error("the notice can be agreed to before it was read to its end")
			}
			run(ctx, t, chromedp.Evaluate[any](`window.scrollTo(0, document.documentElement.scrollHeight)`))
			do(ctx, t, chromedp.WaitEnabled(agree), chromedp.Click(agree), chromedp.WaitVisible(".counsellor a"))
			fits("counsellors")

			do(ctx, t, chromedp.Click(".counsellor a.weui-btn_soft"), chromedp.WaitVisible("a.time"))
			fits("times")
			do(ctx, t, chromedp.Click("a.time"), chromedp.WaitVisible("#wish"), chromedp.SendKeys("#wish", "最近睡得不好"))
			fits("book")
			if got := run(ctx, t, chromedp.Text("#wish-count")); got != "6/200" {
				t.Errorf("the counter reads %q", got)
			}
			do(ctx, t, chromedp.Click(agree), chromedp.WaitVisible(".say--done"))
			fits("booking")
			if list := w.bookings(screen.userid); len(list) != 1 || list[0].Wish != "最近睡得不好" {
				t.Errorf("booked: %+v", list)
			}
			do(ctx, t, chromedp.Click(".bar__back"), chromedp.WaitVisible(".booking"))
			fits("mine")
			do(ctx, t, chromedp.Click(".booking__acts a:last-child"), chromedp.WaitVisible(".ask"))
			fits("cancel")
			do(ctx, t, chromedp.Navigate(w.url+"/now"), chromedp.WaitVisible(".call"))
			fits("now")
		})
	}
}
