package page_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/miniapp/page"
	"github.com/xuegong/xuegong/miniapp/static"
	"github.com/xuegong/xuegong/templates"
)

// book returns the renderer and every story of the phone.
func book(t *testing.T) (*page.Renderer, []page.Story) {
	t.Helper()
	assets, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	render, err := page.NewRenderer(templates.FS, assets, storetest.Shanghai())
	if err != nil {
		t.Fatal(err)
	}
	home, err := templates.LoadHome(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := page.LoadHotlines(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	return render, page.Stories(home, lines, storetest.Shanghai())
}

func TestStories_render_and_are_fit_to_be_read(t *testing.T) {
	t.Parallel()
	render, stories := book(t)
	for _, s := range stories {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			if err := render.Render(&b, s.Page); err != nil {
				t.Fatal(err)
			}
			doc, err := html.Parse(&b)
			if err != nil {
				t.Fatal(err)
			}
			for _, mistake := range check(doc) {
				t.Error(mistake)
			}
		})
	}
}

// check returns what is wrong with a page for who cannot see it, has no scripts, or
// reads it under our Content-Security-Policy.
func check(doc *html.Node) (mistakes []string) {
	bad := func(format string) { mistakes = append(mistakes, format) }
	labels, ids := map[string]bool{}, map[string]int{}
	h1, title := 0, ""
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		switch n.Data {
		case "label":
			labels[attr(n, "for")] = true
		case "h1":
			h1++
		case "title":
			title = text(n)
		case "script":
			if attr(n, "src") == "" {
				bad("an inline script: the policy forbids it")
			}
		case "style":
			bad("an inline style: the policy forbids it")
		case "html":
			if attr(n, "lang") != "zh-CN" {
				bad("html has no lang")
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				bad("inline " + a.Key + " on " + n.Data + ": the policy forbids it")
			}
		}
		if n.Data == "a" && (attr(n, "href") == "" || text(n) == "" && attr(n, "aria-label") == "") {
			bad("a link without a name or an address: " + attr(n, "href"))
		}
		if n.Data == "button" && text(n) == "" && attr(n, "aria-label") == "" {
			bad("a button without a name")
		}
	}
	for n := range doc.Descendants() {
		named := n.Data == "textarea" || n.Data == "select" || n.Data == "input" && attr(n, "type") != "hidden"
		if n.Type == html.ElementNode && named && !labels[attr(n, "id")] && attr(n, "aria-label") == "" {
			bad("an input without a label: " + attr(n, "name"))
		}
		if n.Type == html.ElementNode && n.Data == "form" && attr(n, "method") == "post" && !posts(n) {
			bad("a form without a one-time token or a button: " + attr(n, "action"))
		}
	}
	for id, n := range ids {
		if n > 1 {
			bad("the id stands twice: " + id)
		}
	}
	if h1 != 1 {
		bad("a page has one h1")
	}
	if strings.TrimSpace(title) == "" {
		bad("no title")
	}
	return mistakes
}

// posts tells whether a form can be posted without scripts.
func posts(form *html.Node) bool {
	once, button := attr(form, "action") == "/signout", false
	for n := range form.Descendants() {
		if n.Type == html.ElementNode {
			once = once || attr(n, "name") == "once"
			button = button || n.Data == "button" || n.Data == "a"
		}
	}
	return once && button
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestStories_show_every_template_of_the_phone(t *testing.T) {
	t.Parallel()
	render, stories := book(t)
	shown := map[string]bool{}
	for _, s := range stories {
		shown[s.Page.Template()] = true
	}
	var unseen []string
	for _, name := range render.Templates() {
		if strings.HasPrefix(name, "h5/") && !shown[name] {
			unseen = append(unseen, name)
		}
	}
	if diff := cmp.Diff([]string(nil), unseen); diff != "" {
		t.Errorf("templates no story shows (-want +got):\n%s", diff)
	}
}
