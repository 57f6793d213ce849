package miniapp_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/miniapp/desk"
	"github.com/xuegong/xuegong/miniapp/page"
	"github.com/xuegong/xuegong/miniapp/static"
	"github.com/xuegong/xuegong/templates"
)

// ofApplications are the stories of services, applications and certificates.
var ofApplications = regexp.MustCompile(`^(services?|applications?|form|question|withdraw|verify|batch|papers|handout|payouts?|asks|deputies)(_|$)`)

// book serves the stories of applications, or all others, under their names, with a
// photograph wherever one is shown.
func book(t *testing.T, stories []page.Story, applications bool) (url string, names []string) {
	t.Helper()
	assets, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	render, err := page.NewRenderer(templates.FS, assets, storetest.Shanghai())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, assets)
	photo := picture(t, 300, 400)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(photo)
	})
	for _, s := range stories {
		if ofApplications.MatchString(s.Name) != applications {
			continue
		}
		var b bytes.Buffer
		if err := render.Render(&b, s.Page); err != nil {
			t.Fatal(err)
		}
		names = append(names, s.Name)
		mux.HandleFunc("/story/"+s.Name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(b.Bytes())
		})
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL + "/story/", names
}

// faint lists the words on the page shown that stand out from their ground by less than
// 4.5 to 1 (look.md).
const faint = `(() => {
	const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
	const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
	const light = c => { const v = c.slice(0, 3).map(x => (x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
	const ground = e => {
		const layers = [];
		for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) layers.push(c); if (c[3] === 1) break; }
		return layers.reduceRight((b, a) => over(a, b), [255, 255, 255, 1]);
	};
	const bad = new Set();
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim();
		if (!text || !e.checkVisibility({visibilityProperty: true}) || ['SCRIPT', 'NOSCRIPT', 'OPTION'].includes(e.tagName)) continue;
		const b = ground(e), a = over(parse(getComputedStyle(e).color), b), [h, l] = [light(a), light(b)].sort((x, y) => y - x);
		const c = (h + 0.05) / (l + 0.05);
		if (c < 4.5) bad.add(e.className + ' ' + text.slice(0, 12) + ' ' + c.toFixed(2));
	}
	return [...bad];
})()`

// small lists what a mouse has trouble with on the desk.
const small = `(() => {
	const bad = [];
	if (document.documentElement.scrollWidth > innerWidth) bad.push('wider than the screen: ' + document.documentElement.scrollWidth);
	for (const e of document.querySelectorAll('button, summary, select, textarea, input:not([type=hidden]):not([type=checkbox]):not([type=radio]), a.button, nav a, .rows a')) {
		const r = e.getBoundingClientRect();
		if (r.width && r.height && r.height < 32) bad.push(e.outerHTML.slice(0, 80) + ' is ' + r.width + ' by ' + r.height);
	}
	for (const e of document.querySelectorAll('main *')) {
		if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'hidden' && e.clientWidth > 1) bad.push('cut off: ' + e.outerHTML.slice(0, 80));
	}
	return bad;
})()`

// Words of machines have no place on a page. Names of file formats and keys are read by
// everybody.
var (
	known   = regexp.MustCompile(`JPG|PNG|WebP|PDF|MB|xlsx|Excel|Enter|Esc|A4|[A-Z]{2,3}-20\d\d-\d+|[0-9A-Z]{4}(-[0-9A-Z]{4})+|T0003|G 0000`)
	foreign = regexp.MustCompile(`[A-Za-z_]{3,}|\d{4}-\d\d-\d\d`)
)

func TestBrowser_every_page_of_applications_fits_the_screen_and_can_be_read(t *testing.T) {
	t.Parallel()
	home, err := templates.LoadHome(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	phone, phoneNames := book(t, page.Stories(home, page.Hotlines{}, storetest.Shanghai()), true)
	pc, pcNames := book(t, desk.Stories(storetest.Shanghai()), true)
	for _, screen := range []struct {
		name, url, scheme string
		stories           []string
		width, height     int64
		check             string
	}{
		{"phone_390", phone, "light", phoneNames, 390, 844, unfit},
		{"phone_360", phone, "dark", phoneNames, 360, 780, unfit},
		{"desk", pc, "light", pcNames, 1440, 900, small},
		{"desk_at_night", pc, "dark", pcNames, 1440, 900, small},
	} {
		t.Run(screen.name, func(t *testing.T) {
			t.Parallel()
			ctx := chromium(t, screen.width, screen.height)
			if screen.url == pc {
				do(ctx, t, chromedp.EmulateViewport(screen.width, screen.height))
			}
			do(ctx, t, inScheme(screen.scheme))
			for _, name := range screen.stories {
				do(ctx, t, chromedp.Navigate(screen.url+name))
				bad := run(ctx, t, chromedp.Evaluate[[]string](screen.check))
				bad = append(bad, run(ctx, t, chromedp.Evaluate[[]string](faint))...)
				text := known.ReplaceAllString(run(ctx, t, chromedp.Evaluate[string](`document.body.innerText`)), "")
				bad = append(bad, foreign.FindAllString(text, -1)...)
				if diff := cmp.Diff([]string{}, bad); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// inScheme has the page see the system in light or dark colours.
func inScheme(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}
