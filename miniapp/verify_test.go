package miniapp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// certified applies for a certificate as the student, has it approved and printed, and
// returns the application's id and the code on the paper.
func (w *world) certified(t *testing.T, userid string) (application, code string) {
	t.Helper()
	b := w.as(userid)
	const service = "/api/v1/services/hardship-certificate"
	one := read[struct{ Notice struct{ Version string } }](t, b.json(http.MethodGet, service, ""))
	b.json(http.MethodPost, service+"/consent", `{"version":"`+one.Notice.Version+`"}`)
	draft := read[apiDraft](t, b.json(http.MethodPost, service+"/applications", ""))
	if res := b.json(http.MethodPost, "/api/v1/applications/"+draft.ID+"/submit", `{"purpose":"job"}`); res.status != http.StatusOK {
		t.Fatalf("submit: %d %s", res.status, res.body)
	}
	w.decide(draft.ID, approval.Decision{Action: approval.Approve, Via: "desk"})
	err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		officer, err := identity.Find(t.Context(), tx, "t10")
		if err != nil {
			return err
		}
		a, err := newRequests().Print(t.Context(), tx, officer, draft.ID)
		code = a.Certificate.Code
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return draft.ID, code
}

func TestAStrangerChecksACertificate(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	id, code := w.certified(t, "s01")
	stranger := w.browser(onThePC)
	res := stranger.get("/verify?code=" + strings.ToLower(code))
	if res.status != http.StatusSeeOther {
		t.Fatalf("the form: %d", res.status)
	}
	res = stranger.get(res.location)
	if res.status != http.StatusOK || !strings.Contains(res.body, "有效") || !strings.Contains(res.body, "张**") {
		t.Errorf("a valid one: %d\n%s", res.status, res.body)
	}
	if strings.Contains(res.body, "张晓雨") || strings.Contains(res.body, "困难等级") {
		t.Error("a stranger reads more than the paper needs")
	}
	if res.header.Get("X-Robots-Tag") == "" {
		t.Error("a search engine may keep it")
	}
	if own := w.as("s01").get("/m/applications/" + id); strings.Contains(own.body, "还没有人核验过") || !strings.Contains(own.body, "谁查过") {
		t.Error("the holder does not see that it was checked")
	}
	unknown := stranger.get("/verify/0000-0000-0000-0000")
	if unknown.status != http.StatusNotFound || !strings.Contains(unknown.body, "查不到") {
		t.Errorf("an invented code: %d", unknown.status)
	}
}

func TestWhoGuessesCodesIsStopped(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	stranger := w.browser(onThePC)
	for range 20 {
		if stranger.get("/verify/0000000000000000").status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("twenty wrong codes in a row and nobody was stopped")
}

func TestACertificateIsHandedToItsHolder(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	id, _ := w.certified(t, "s01")
	for _, path := range []string{"/m/applications/", "/api/v1/applications/"} {
		res := w.as("s01").do(w.as("s01").request(http.MethodGet, path+id+"/certificate.pdf", "", ""))
		if res.status != http.StatusOK || !strings.HasPrefix(res.body, "%PDF-") || !strings.Contains(res.body, "adbe.pkcs7.detached") {
			t.Errorf("%s: %d, %d bytes", path, res.status, len(res.body))
		}
		for _, application := range []string{id, "0000000000000000000000"} {
			other := w.as("s02").do(w.as("s02").request(http.MethodGet, path+application+"/certificate.pdf", "", ""))
			if other.status != http.StatusForbidden {
				t.Errorf("%s%s for another student: %d, want 403", path, application, other.status)
			}
		}
	}
}
