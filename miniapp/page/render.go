package page

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/miniapp/static"
)

// Face is a way of answering: a folder of templates, or JSON.
type Face string

// The faces.
const (
	Phone Face = "h5"
	Desk  Face = "desk"
	API   Face = "api"
)

// Renderer turns pages into HTML. Safe for concurrent use. A page is parsed when it is
// first shown: a process starts in the time, and keeps the memory, of the pages it uses.
type Renderer struct {
	pages map[string]func() (*template.Template, error)
}

// NewRenderer reads shared/, h5/ and desk/ of files. Times are shown in zone.
func NewRenderer(files fs.FS, assets *static.Assets, zone *time.Location) (*Renderer, error) {
	root, err := template.New("").Funcs(funcs(assets, zone)).ParseFS(files, "shared/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	r := &Renderer{pages: map[string]func() (*template.Template, error){}}
	for _, face := range []Face{Phone, Desk} {
		names, err := fs.Glob(files, string(face)+"/*.html")
		if err != nil {
			return nil, fmt.Errorf("list templates: %w", err)
		}
		for _, name := range names {
			if page := strings.TrimSuffix(name, ".html"); path.Base(page) != "layout" {
				r.pages[page] = sync.OnceValues(func() (*template.Template, error) { return parse(files, root, face, name) })
			}
		}
	}
	return r, nil
}

// parse gives a page a set of its own: shared, the layout of its face, the page.
func parse(files fs.FS, root *template.Template, face Face, name string) (*template.Template, error) {
	set, err := root.Clone()
	if err != nil {
		return nil, fmt.Errorf("copy templates: %w", err)
	}
	if set, err = set.ParseFS(files, string(face)+"/layout.html", name); err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	return set.Option("missingkey=error"), nil
}

// Render writes the whole page, or nothing if it fails.
func (r *Renderer) Render(w io.Writer, p Page) error {
	parsed, ok := r.pages[p.Template()]
	if !ok {
		return fmt.Errorf("no template %q", p.Template())
	}
	set, err := parsed()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, "layout", p); err != nil {
		return fmt.Errorf("render %s: %w", p.Template(), err)
	}
	_, err = b.WriteTo(w)
	return err
}

// Templates lists the names of all page templates, so that a test finds one nobody shows.
func (r *Renderer) Templates() []string {
	names := make([]string, 0, len(r.pages))
	for name := range r.pages {
		names = append(names, name)
	}
	return names
}

// funcs are what templates may call: addresses of assets and times in the school's zone.
func funcs(assets *static.Assets, zone *time.Location) template.FuncMap {
	return template.FuncMap{
		"asset": assets.URL,
		"date":  func(t time.Time) string { return calendar.Date(t, zone) },               // 10月14日（周三）
		"dates": func(a, b time.Time) string { return calendar.Dates(a, b, zone) },        // 10月1日（周四）–7日（周三）
		"when":  func(t time.Time) string { return calendar.When(t, zone) },               // 10月14日（周三）15:00
		"span":  func(from, to time.Time) string { return calendar.Span(from, to, zone) }, // 10月14日（周三）15:00–15:50
		"near":  func(t, now time.Time) string { return calendar.Near(t, now, zone) },     // 明天 15:00
		"clock": func(t time.Time) string { return t.In(zone).Format("15:04") },           // 15:00
		"day":   func(t time.Time) string { return t.In(zone).Format(time.DateOnly) },     // 2026-10-14
		"brief": func(t, now time.Time) string { return calendar.Brief(t, now, zone) },    // 10月14日 15:00
		"dated": func(t time.Time) string { return calendar.Day(t, zone) },                // 2026年10月14日
		"iso":   func(t time.Time) string { return t.In(zone).Format(time.RFC3339) },      // for <time datetime>
		"until": func(t time.Time) string { return lastDay(t, zone) },                     // 10月14日（周三）24:00
		"shown": request.ShownCode,                                                        // a verification code in groups of four
		"badge": BadgeOf,
		"found": FindingBadge,
		"next":  nextOf,
		"steps": numbered,
		"tel":   func(phone string) string { return strings.NewReplacer(" ", "", "-", "").Replace(phone) },
		"where": where,
		"inc":   func(i int) int { return i + 1 }, // a list counts from one
		"first": firstRune,                        // 林, for a round picture
		"yuan":  form.Yuan,
		"lines": func(s string) []string { return strings.Split(strings.TrimSpace(s), "\n\n") }, // paragraphs
	}
}

// where names a place once, also where its name begins with the campus.
func where(campus, place string) string {
	if strings.HasPrefix(place, campus) {
		return place
	}
	return campus + " · " + place
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
