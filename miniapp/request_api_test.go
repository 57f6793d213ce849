package miniapp_test

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/approval"
)

type apiDraft struct {
	ID            string
	Missing       []string
	Marked        []string
	Returned      bool
	Agreed, Ready bool
	Blocked       string
	Answers       map[string]any
}

type apiApplication struct {
	ID, Number, State, Label string
	Next                     struct{ Step, Office string }
	Amount                   string
	Marked                   []string
	Materials                []struct{ Code string }
	History                  []struct{ State string }
	Answers                  []struct {
		Name, Text string
		Files      []string
	}
}

// file uploads one file through the API.
func (b *browser) file(application, field string, content []byte) *answer {
	b.w.tb.Helper()
	return b.do(b.request(http.MethodPost, "/api/v1/applications/"+application+"/files?name=1.jpg&field="+field, "image/jpeg", string(content)))
}

// slowly sends a body to its end before it reads the first line of the answer.
func (b *browser) slowly(path string, size int) string {
	b.w.tb.Helper()
	req := b.request(http.MethodPost, path, "image/jpeg", strings.Repeat("0", size))
	for _, c := range b.http.Jar.Cookies(req.URL) {
		req.AddCookie(c)
	}
	conn, err := net.Dial("tcp", req.URL.Host)
	if err != nil {
		b.w.tb.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := req.Write(conn); err != nil {
		return err.Error()
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line)
}

func TestAPI_applies_from_the_list_to_the_supplement(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	offers := read[struct {
		Items []struct {
			Code, Blocked string
			Open          bool
			Findings      []struct{ Result string }
		}
	}](t, b.json(http.MethodGet, "/api/v1/services", ""))
	var codes []string
	for _, o := range offers.Items {
		codes = append(codes, o.Code)
	}
	if diff := cmp.Diff([]string{
		"award-certificate", "honour-certificate", "hardship-certificate", "volunteer-card", "internship-subsidy", "skill-certificate", "mutual-aid", "personal-data",
	}, codes); diff != "" {
		t.Fatalf("offered (-want +got):\n%s", diff)
	}
	const service = "/api/v1/services/internship-subsidy"
	one := read[struct {
		Notice struct{ Version string }
		Place  string
	}](t, b.json(http.MethodGet, service, ""))
	if !strings.Contains(one.Place, "勤工助学中心") {
		t.Errorf("place %q", one.Place)
	}
	schema := read[struct {
		Required   []string
		Properties map[string]any
	}](t, b.json(http.MethodGet, service+"/schema", ""))
	if diff := cmp.Diff([]string{"company", "city", "stay", "days", "route", "tickets", "proof", "statement"}, schema.Required); diff != "" {
		t.Errorf("required (-want +got):\n%s", diff)
	}
	draft := read[apiDraft](t, b.json(http.MethodPost, service+"/applications", "", "Idempotency-Key", "begin"))
	again := read[apiDraft](t, b.json(http.MethodPost, service+"/applications", "", "Idempotency-Key", "begin"))
	if draft.ID == "" || again.ID != draft.ID || draft.Agreed || draft.Ready {
		t.Fatalf("begun: %+v, then %+v", draft, again)
	}
	path := "/api/v1/applications/" + draft.ID

	// Mistakes have their fields, and write nothing.
	res := b.json(http.MethodPost, path+"/draft", `{"company":"杭州远行科技有限公司","stay":{"from":"2026-07-06","until":"2026-08-21"},"days":36}`)
	if p := read[problem](t, res); res.status != http.StatusUnprocessableEntity || p.Fields["days"] == "" {
		t.Errorf("36 of 35 days: %d %+v", res.status, p)
	}
	if p := read[problem](t, b.json(http.MethodPost, path+"/draft", `{"salary":1}`)); p.Fields["salary"] == "" {
		t.Errorf("a field nobody asks for: %+v", p)
	}
	if d := read[apiDraft](t, b.json(http.MethodGet, path+"/draft", "")); d.Answers["company"] != nil {
		t.Errorf("refused and kept: %+v", d.Answers)
	}

	// Files.
	ids := map[string]string{}
	for _, field := range []string{"tickets", "proof"} {
		up := b.file(draft.ID, field, picture(t, 80, 120))
		if up.status != http.StatusCreated {
			t.Fatalf("upload: %d %s", up.status, up.body)
		}
		ids[field] = read[struct{ ID string }](t, up).ID
	}
	if res := b.file(draft.ID, "tickets", []byte("%PDF-1.7")); res.status != http.StatusUnprocessableEntity || read[problem](t, res).Fields["tickets"] == "" {
		t.Errorf("a renamed PDF: %d %s", res.status, res.body)
	}
	if res := b.file(draft.ID, "tickets", make([]byte, 25<<20)); res.status != http.StatusRequestEntityTooLarge || read[problem](t, res).Fields["tickets"] == "" {
		t.Errorf("25 MB: %d %s", res.status, res.body)
	}
	if got := b.slowly("/api/v1/applications/"+draft.ID+"/files?name=1.jpg&field=tickets", 25<<20); !strings.HasPrefix(got, "HTTP/1.1 413") {
		t.Errorf("25 MB from who sends before reading: %q", got)
	}
	if res := b.file(draft.ID, "company", picture(t, 80, 120)); res.status != http.StatusUnprocessableEntity {
		t.Errorf("a picture for a text: %d", res.status)
	}

	if res := b.json(http.MethodPost, path+"/draft", `{"tickets":["`+ids["proof"]+`"]}`); res.status != http.StatusUnprocessableEntity || read[problem](t, res).Fields["tickets"] == "" {
		t.Errorf("a picture sent for another field: %d %s", res.status, res.body)
	}

	whole := `{"company":"杭州远行科技有限公司","city":"330106","stay":{"from":"2026-07-06","until":"2026-08-21"},"days":30,"route":"school",
		"tickets":["` + ids["tickets"] + `"],"proof":["` + ids["proof"] + `"],"statement":true}`
	if res := b.json(http.MethodPost, path+"/submit", whole); res.status != http.StatusConflict {
		t.Errorf("submitted before the notice was read: %d %s", res.status, res.body)
	}
	b.json(http.MethodPost, service+"/consent", `{"version":"`+one.Notice.Version+`"}`)
	var a apiApplication
	for range 2 { // a repeat answers the same and takes no effect
		res := b.json(http.MethodPost, path+"/submit", whole, "Idempotency-Key", "submit")
		if a = read[apiApplication](t, res); res.status != http.StatusOK || a.State != "submitted" || a.Amount != "900.00" || len(a.History) != 1 {
			t.Fatalf("submit: %d %s", res.status, res.body)
		}
	}
	if a.Label != "待交材料" || !strings.Contains(a.Next.Step, "交材料") || len(a.Materials) != 2 {
		t.Errorf("submitted: %+v", a)
	}
	if res := b.do(b.request(http.MethodGet, path+"/files/"+ids["proof"], "", "")); res.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("file: %d %s", res.status, res.header.Get("Content-Type"))
	}

	w.decide(draft.ID, approval.Decision{Action: approval.Return, Reason: "实习证明没有公章或日期", Marked: []string{"proof"}, Via: "desk"})
	back := read[apiDraft](t, b.json(http.MethodGet, path+"/draft", ""))
	if diff := cmp.Diff([]string{"proof"}, back.Marked); diff != "" || !back.Returned {
		t.Errorf("returned: %+v", back)
	}
	fresh := read[struct{ ID string }](t, b.file(draft.ID, "proof", picture(t, 90, 90))).ID
	res = b.json(http.MethodPost, path+"/resubmit", `{"company":"别的公司","proof":["`+fresh+`"]}`)
	if a = read[apiApplication](t, res); res.status != http.StatusOK || a.State != "submitted" {
		t.Fatalf("resubmit: %d %s", res.status, res.body)
	}
	for _, row := range a.Answers {
		if row.Name == "company" && row.Text != "杭州远行科技有限公司" || row.Name == "proof" && row.Files[0] != fresh {
			t.Errorf("after the supplement: %+v", row)
		}
	}
	if a = read[apiApplication](t, b.json(http.MethodPost, path+"/withdraw", "")); a.State != "withdrawn" {
		t.Errorf("withdrawn: %+v", a)
	}
	if list := read[struct{ Items []apiApplication }](t, b.json(http.MethodGet, "/api/v1/applications", "")); len(list.Items) != 1 {
		t.Errorf("mine: %+v", list)
	}
}

func TestAPI_an_application_of_somebody_else_is_as_one_nobody_made(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	theirs := strings.TrimPrefix(w.as("s01").submitted(), "/m/applications/")
	other := w.as("s02")
	for _, call := range []struct{ method, rest, body string }{
		{"GET", "", ""},
		{"GET", "/draft", ""},
		{"GET", "/files/0000000000000000", ""},
		{"POST", "/draft", "{}"},
		{"POST", "/submit", "{}"},
		{"POST", "/submit", ""},
		{"POST", "/resubmit", ""},
		{"POST", "/withdraw", ""},
		{"POST", "/discard", ""},
		{"POST", "/files?field=tickets", "x"},
	} {
		got := other.json(call.method, "/api/v1/applications/"+theirs+call.rest, call.body)
		made := other.json(call.method, "/api/v1/applications/0000000000000000000000000a"+call.rest, call.body)
		if got.status != http.StatusForbidden || made.status != got.status || made.body != got.body {
			t.Errorf("%s %s: %d %s for a real one, %d %s for an invented one", call.method, call.rest, got.status, got.body, made.status, made.body)
		}
	}
}

func TestAPI_a_list_is_read_page_by_page(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	b.submitted()
	b.begin("hardship-certificate")
	type entry struct{ Code, ID string }
	type page struct {
		Items []entry
		Next  string
	}
	for path, want := range map[string]int{"/api/v1/services": len(read[page](t, b.json(http.MethodGet, "/api/v1/services", "")).Items), "/api/v1/applications": 2} {
		var names []string
		for after := ""; ; {
			p := read[page](t, b.json(http.MethodGet, path+"?limit=1&after="+after, ""))
			if len(p.Items) != 1 {
				t.Fatalf("%s: a page of %d", path, len(p.Items))
			}
			names = append(names, p.Items[0].Code+p.Items[0].ID)
			if after = p.Next; after == "" {
				break
			}
		}
		slices.Sort(names)
		if got := len(slices.Compact(names)); got != want {
			t.Errorf("%s: %d by pages, want %d", path, got, want)
		}
		for _, wrong := range []string{"limit=0", "limit=201", "limit=many", "limit=-1", "after=nothing"} {
			if res := b.json(http.MethodGet, path+"?"+wrong, ""); res.status != http.StatusUnprocessableEntity || !strings.Contains(res.body, strings.Split(wrong, "=")[0]) {
				t.Errorf("%s?%s: %d %s", path, wrong, res.status, res.body)
			}
		}
	}
	mine := read[page](t, b.json(http.MethodGet, "/api/v1/applications", "")).Items[0].ID
	if res := w.as("s02").json(http.MethodGet, "/api/v1/applications?after="+mine, ""); res.status != http.StatusUnprocessableEntity {
		t.Errorf("a page after another student's application: %d", res.status)
	}
}
