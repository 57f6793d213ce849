package miniapp_test

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/store"
)

// roles are who tries every route, in the order in which they are let through: who is
// refused everywhere comes first, so that nobody finds what another one changed. owner is
// the student whose booking is asked for.
func roles() []struct{ name, userid string } {
	return []struct{ name, userid string }{
		{"student", "s02"},
		{"辅导员", "t14"},
		{"office", "t08"},
		{"admin", "t07"},
		{"counsellor", "t01"},
		{"desk", "t06"},
		{"head", "t05"},
		{"owner", "s06"},
	}
}

// TestAccess tries every route of the phone, the desk and the API as every role, with
// ids that are there and ids that are not, and compares who is not refused with
// testdata/access.txt. A route without a line fails: whoever adds one says there for whom.
func TestAccess_every_role_at_every_route(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	booking := w.bookings("s06")[0]
	real := strings.NewReplacer(
		":booking", booking.PublicID, ":counsellor", booking.Slot.Counsellor, ":slot", booking.Slot.PublicID,
		"/desk/counselling/bookings/:id", "/desk/counselling/bookings/"+booking.PublicID,
		"/desk/counselling/checkin/:id", "/desk/counselling/checkin/"+booking.PublicID,
		"/desk/counselling/records/:id", "/desk/counselling/records/"+booking.PublicID,
		"/desk/counselling/hours/of/:id", "/desk/counselling/hours/of/"+booking.Slot.Counsellor,
		":act", "confirm",
	)
	may := map[string][]string{}
	for _, who := range roles() {
		b := w.as(who.userid)
		for _, r := range w.routes {
			if !slices.ContainsFunc([]string{"/m/", "/desk/", "/api/v1/"}, func(face string) bool { return strings.HasPrefix(r.Path, face) }) || r.Path == "/api/v1/openapi.json" {
				continue // is for everybody
			}
			paths := map[string]string{r.Method + " " + r.Path: r.Path}
			if there := real.Replace(r.Path); there != r.Path {
				paths[r.Method+" "+r.Path+" (there)"] = there
			}
			for line, path := range paths {
				if _, ok := may[line]; !ok {
					may[line] = nil
				}
				status := w.attempt(b, r.Method, invented(path))
				if status >= http.StatusInternalServerError {
					t.Errorf("%s as %s: %d", line, who.name, status)
				}
				if status != http.StatusForbidden {
					may[line] = append(may[line], who.name)
				}
			}
		}
	}
	var got []string
	for line, names := range may {
		got = append(got, strings.TrimSpace(line+": "+strings.Join(names, " ")))
	}
	slices.Sort(got)
	file, err := os.ReadFile("testdata/access.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			want = append(want, line)
		}
	}
	slices.Sort(want)
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("testdata/access.txt lacks\n%s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("testdata/access.txt has, and it is not so:\n%s", line)
		}
	}
}

// invented puts ids that are nowhere into what is left of a route's parameters.
func invented(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, ":") {
			parts[i] = store.NewPublicID()
		}
	}
	return strings.Join(parts, "/")
}

// attempt asks once, with what a form or a call has in common with all others.
func (w *world) attempt(b *browser, method, path string) int {
	w.tb.Helper()
	for _, key := range w.redis.Keys() { // nobody is told to slow down here
		if strings.Contains(key, "act:") {
			w.redis.Del(key)
		}
	}
	switch {
	case method == http.MethodGet:
		return b.get(path).status
	case strings.HasPrefix(path, "/api/"):
		return b.json(method, path, `{}`).status
	default:
		once := b.get(noticePath).doc.first(`input[name="once"]`).attr("value")
		return b.post(path, url.Values{"once": {once}}).status
	}
}
