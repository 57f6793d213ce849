package miniapp_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/miniapp/page"
)

// on the page, in the file and through the API a person reads what the school keeps
// of them, and of nobody else.
func TestEverybodyTakesAlongWhatTheSchoolKeepsOfThem(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	s01 := w.as("s01")
	notice := read[struct{ Notice struct{ Version string } }](t, s01.json(http.MethodGet, "/api/v1/services/skill-certificate", "")).Notice.Version
	s01.json(http.MethodPost, "/api/v1/services/skill-certificate/consent", `{"version":"`+notice+`"}`, "Idempotency-Key", "c")
	draft := read[struct{ ID string }](t, s01.json(http.MethodPost, "/api/v1/services/skill-certificate/applications", "{}", "Idempotency-Key", "s"))
	s01.json(http.MethodPost, "/api/v1/applications/"+draft.ID+"/draft", `{"certificate_name":"大学英语六级"}`, "Idempotency-Key", "d")

	got := read[page.Copy](t, s01.json(http.MethodGet, "/api/v1/me/copy", ""))
	if got.Person.Name != "张晓雨" || got.Person.Number == "" || got.Person.Status != "在籍" {
		t.Errorf("person: %+v", got.Person)
	}
	if !slices.ContainsFunc(got.Records, func(r page.CopyRecord) bool { return r.Label == "困难等级" && r.Text == "困难" && r.Source != "" }) {
		t.Errorf("records: %+v", got.Records)
	}
	if len(got.Consents) != 1 || got.Consents[0].What != "技能证书扶持须知" || got.Consents[0].Version != notice {
		t.Errorf("consents: %+v", got.Consents)
	}
	if len(got.Applications) == 0 || !slices.Contains(got.Applications[0].Answers, page.CopyAnswer{Label: "证书名称", Text: "大学英语六级"}) {
		t.Errorf("applications: %+v", got.Applications)
	}
	file := s01.get("/m/me/copy.json")
	if kept := read[page.Copy](t, file); !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") || cmp.Diff(got, kept) != "" {
		t.Errorf("the file differs: %s", cmp.Diff(got, kept))
	}
	if body := s01.get("/m/me").body; !strings.Contains(body, "困难等级：困难") || !strings.Contains(body, "技能证书扶持须知") {
		t.Errorf("the page:\n%s", body)
	}
	if body := s01.get("/m/me").body; !strings.Contains(body, `href="/m/services/personal-data"`) {
		t.Errorf("no way to have it corrected:\n%s", body)
	}
	if body := w.as("t14").get("/m/me").body; strings.Contains(body, "personal-data") || !strings.Contains(body, "请联系学工办") {
		t.Errorf("a teacher is sent to a service for students:\n%s", body)
	}
	for _, other := range []string{"s02", "t14"} {
		if body := w.as(other).get("/m/me/copy.json").body; strings.Contains(body, "张晓雨") || strings.Contains(body, "大学英语六级") {
			t.Errorf("%s takes along what is not theirs:\n%s", other, body)
		}
	}
}

// what was asked for stands on the page with the day it is answered by.
func TestTheStudentSeesByWhenARequestIsAnswered(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	s01 := w.as("s01")
	notice := read[struct{ Notice struct{ Version string } }](t, s01.json(http.MethodGet, "/api/v1/services/personal-data", "")).Notice.Version
	s01.json(http.MethodPost, "/api/v1/services/personal-data/consent", `{"version":"`+notice+`"}`, "Idempotency-Key", "c")
	draft := read[struct{ ID string }](t, s01.json(http.MethodPost, "/api/v1/services/personal-data/applications", "{}", "Idempotency-Key", "s"))
	got := s01.json(http.MethodPost, "/api/v1/applications/"+draft.ID+"/submit", `{"want":"explain","question":"为什么留着毕业照"}`, "Idempotency-Key", "d")
	if got.status != http.StatusOK {
		t.Fatalf("%d: %s", got.status, got.body)
	}
	if body := s01.get("/m/me").body; !strings.Contains(body, "最晚") || !strings.Contains(body, "待审核") || !strings.Contains(body, "/m/applications/"+draft.ID) {
		t.Errorf("where it stands is not said:\n%s", body)
	}
}
