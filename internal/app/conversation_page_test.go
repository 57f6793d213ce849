package app_test

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
)

// What a student does on the phone's pages, without scripts, while the chat waits:
//
//	s23 by page reads volunteer-card
//	s23 by page fills volunteer-card: reason=…; portrait=photo   saves the form of the draft
var byPage = regexp.MustCompile(`^(\w+) by page (reads|fills) ([\w-]+)(?:: (.*))?$`)

var (
	onceOf    = regexp.MustCompile(`name="once" value="([^"]+)"`)
	versionOf = regexp.MustCompile(`name="version" value="([^"]+)"`)
	formOf    = regexp.MustCompile(`href="(/m/applications/[^/"]+/form)"`)
)

func (w *world) byPage(user, verb, code, details string) {
	w.t.Helper()
	c := w.browser(user)
	found := func(in *regexp.Regexp, html string) string {
		w.t.Helper()
		m := in.FindStringSubmatch(html)
		if m == nil {
			w.t.Fatalf("no %s in:\n%s", in, html)
		}
		return m[1]
	}
	if verb == "reads" {
		notice := "/m/services/" + code + "/notice"
		page := w.page(c, notice)
		w.send(c, notice, map[string]string{"once": found(onceOf, page), "version": found(versionOf, page)})
		return
	}
	path := found(formOf, w.page(c, "/m/services/"+code))
	typed := map[string]string{"once": found(onceOf, w.page(c, path)), "do": "save"}
	for pair := range strings.SplitSeq(details, "; ") {
		name, value, _ := strings.Cut(pair, "=")
		typed["a."+name] = value
	}
	w.send(c, path, typed)
}

// page is the text of a page.
func (w *world) page(c *http.Client, path string) string {
	w.t.Helper()
	res, err := c.Get(w.url + path)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s\n%s", path, res.Status, body)
	}
	return string(body)
}

// send posts a form; a value of photo is a picture.
func (w *world) send(c *http.Client, path string, typed map[string]string) {
	w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, value := range typed {
		if value != "photo" {
			w.must(m.WriteField(name, value))
			continue
		}
		part, err := m.CreateFormFile("file."+strings.TrimPrefix(name, "a."), "照片.png")
		w.must(err)
		w.must(png.Encode(part, image.NewGray(image.Rect(0, 0, 90, 120))))
	}
	w.must(m.Close())
	res, err := c.Post(w.url+path, m.FormDataContentType(), &body)
	w.must(err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK { // after the redirect
		w.t.Fatalf("%s: %s", path, res.Status)
	}
}
