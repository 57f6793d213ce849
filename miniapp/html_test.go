package miniapp_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// element is a part of a page, found by what it is rather than by where it stands.
type element struct{ *html.Node }

func parse(tb testing.TB, page string) *element {
	tb.Helper()
	n, err := html.Parse(strings.NewReader(page))
	if err != nil {
		tb.Fatal(err)
	}
	return &element{n}
}

// all returns the elements below e that match one simple selector: tag, .class, #id and
// [name="value"] or [name], one after the other, for example a.time[href].
func (e *element) all(selector string) []*element {
	var found []*element
	for n := range e.Descendants() {
		if x := (&element{n}); n.Type == html.ElementNode && x.is(selector) {
			found = append(found, x)
		}
	}
	return found
}

// first returns the first match, nil if there is none.
func (e *element) first(selector string) *element {
	if found := e.all(selector); len(found) > 0 {
		return found[0]
	}
	return nil
}

func (e *element) is(selector string) bool {
	tag := selector
	if i := strings.IndexAny(selector, ".#["); i >= 0 {
		tag = selector[:i]
	}
	if tag != "" && e.Data != tag {
		return false
	}
	for rest := selector[len(tag):]; rest != ""; {
		end := strings.IndexAny(rest[1:], ".#[") + 1
		if rest[0] == '[' {
			end = strings.Index(rest, "]") + 1
		}
		if end == 0 {
			end = len(rest)
		}
		if !e.has(rest[:end]) {
			return false
		}
		rest = rest[end:]
	}
	return true
}

// has tells whether one condition of a selector holds.
func (e *element) has(condition string) bool {
	switch name := condition[1:]; condition[0] {
	case '.':
		return strings.Contains(" "+e.attr("class")+" ", " "+name+" ")
	case '#':
		return e.attr("id") == name
	default:
		name, value, valued := strings.Cut(strings.TrimSuffix(name, "]"), "=")
		got, ok := e.lookup(name)
		return ok && (!valued || got == strings.Trim(value, `"`))
	}
}

func (e *element) attr(name string) string {
	v, _ := e.lookup(name)
	return v
}

func (e *element) lookup(name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// text returns what a person reads in e, blanks joined.
func (e *element) text() string {
	var b strings.Builder
	for n := range e.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
