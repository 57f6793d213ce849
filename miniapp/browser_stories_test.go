package miniapp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/miniapp/desk"
	"github.com/xuegong/xuegong/miniapp/page"
	"github.com/xuegong/xuegong/templates"
)

// screen is what a page is looked at on, and what is asked of it there.
type screen struct {
	name          string
	width, height int64
	target        int // px, the smallest thing that is pressed
}

func phones() []screen {
	return []screen{{"390", 390, 844, 44}, {"360", 360, 780, 44}}
}

func desks() []screen { return []screen{{"1440", 1440, 900, 0}} }

// poor lists what is hard to read or to press on the page shown: words of too little
// contrast with what lies under them (4.5:1, large ones 3:1), targets that are too small,
// questions that open outside the page, and a page wider than the screen.
const poor = `(target => {
	const bad = new Set();
	const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return {r: m[0], g: m[1], b: m[2], a: m.length > 3 ? m[3] : 1}; };
	const over = (top, under) => ({r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1});
	const light = c => { const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(c.r) + 0.7152 * f(c.g) + 0.0722 * f(c.b); };
	const under = e => {
		const layers = [];
		for (; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
		return layers.reverse().reduce((below, c) => over(c, below), {r: 255, g: 255, b: 255, a: 1});
	};
	const shown = e => e.checkVisibility({opacityProperty: true, visibilityProperty: true}) && !e.closest('.hear, .skip, .weui-mask');
	if (document.documentElement.scrollWidth > innerWidth) bad.add('wider than the screen: ' + document.documentElement.scrollWidth);
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; n = texts.nextNode();) {
		const e = n.parentElement, text = n.data.trim();
		if (!text || !shown(e) || e.closest('script, style, :disabled, [aria-disabled=true], option')) continue;
		const range = document.createRange();
		range.selectNodeContents(n);
		const box = range.getBoundingClientRect();
		if (!box.width || !box.height) continue;
		if (box.right > innerWidth + 1 && !e.closest('.table-scroll, pre')) bad.add('outside on the right: ' + text.slice(0, 30));
		const style = getComputedStyle(e), ground = under(e), ink = over(parse(style.color), ground);
		const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
		const least = size >= 24 || size >= 18.6 && style.fontWeight >= 700 ? 3 : 4.5;
		if (ratio < least) bad.add(ratio.toFixed(2) + ':1 ' + (e.className || e.tagName) + ' ' + text.slice(0, 30));
	}
	for (const e of document.querySelectorAll('a, button, summary, select, textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), label:has(> input[type=checkbox], > input[type=radio])')) {
		const r = e.getBoundingClientRect();
		const inSentence = e.tagName === 'A' && getComputedStyle(e).display === 'inline' && e.parentElement.textContent.trim() !== e.textContent.trim();
		if (!r.width || !r.height || !shown(e) || inSentence) continue;
		if (target && (r.height < target - 0.5 || r.width < target - 0.5)) bad.add('small: ' + e.outerHTML.replace(/\s+/g, ' ').slice(0, 80) + ' is ' + Math.round(r.width) + ' by ' + Math.round(r.height));
		else if (!target && r.height < 31.5 && getComputedStyle(e).display !== 'inline') bad.add('small: ' + e.outerHTML.replace(/\s+/g, ' ').slice(0, 80) + ' is ' + Math.round(r.width) + ' by ' + Math.round(r.height));
	}
	for (const ask of document.querySelectorAll('details.ask')) {
		const was = ask.open;
		ask.open = true;
		const r = (ask.querySelector('.ask__box') || ask).getBoundingClientRect();
		if (r.height && (r.bottom + scrollY < r.height || r.left < 0 || r.right > innerWidth + 1)) bad.add('opens outside the page: ' + ask.querySelector('summary').textContent.trim());
		ask.open = was;
	}
	return [...bad];
})`

// machineWords are what pages besides applications may say in Latin letters: keys, file
// formats, what WeCom calls an account, a token that is shown once.
var machineWords = regexp.MustCompile(`userid|Enter|Esc|Excel|CSV|xlsx|csv|GBK|UTF-8|MB|xg_[0-9a-z]+|[A-Z]?\d{3,}`)

// TestBrowser_every_page_can_be_read_and_pressed shows every page besides applications
// with made-up data by day and by night, on two phones or on the desk. With SHOTS it
// leaves the pictures in that folder.
func TestBrowser_every_page_can_be_read_and_pressed(t *testing.T) {
	t.Parallel()
	home, err := templates.LoadHome(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := page.LoadHotlines(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, face := range []struct {
		name    string
		stories []page.Story
		screens []screen
	}{
		{"phone", page.Stories(home, lines, storetest.Shanghai()), phones()},
		{"desk", desk.Stories(storetest.Shanghai()), desks()},
	} {
		url, names := book(t, face.stories, false)
		t.Run(face.name, func(t *testing.T) {
			t.Parallel()
			ctx := chromium(t, 390, 844)
			for _, name := range names {
				do(ctx, t, chromedp.Navigate(url+name))
				text := machineWords.ReplaceAllString(run(ctx, t, chromedp.Evaluate[string](`document.body.innerText`)), "")
				for _, word := range foreign.FindAllString(text, -1) {
					t.Errorf("%s: a machine says %s", name, word)
				}
				for _, on := range face.screens {
					for _, scheme := range []string{"light", "dark"} {
						do(ctx, t, chromedp.EmulateViewport(on.width, on.height), inScheme(scheme))
						for _, bad := range run(ctx, t, chromedp.Evaluate[[]string](fmt.Sprintf("%s(%d)", poor, on.target))) {
							t.Errorf("%s at %s, %s: %s", name, on.name, scheme, bad)
						}
						if dir := os.Getenv("SHOTS"); dir != "" {
							png := run(ctx, t, chromedp.FullScreenshot(80))
							if err := os.WriteFile(filepath.Join(dir, face.name+"_"+name+"_"+on.name+"_"+scheme+".jpg"), png, 0o600); err != nil {
								t.Fatal(err)
							}
						}
					}
				}
			}
		})
	}
}
