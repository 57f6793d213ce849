package miniapp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

const intakePath = "/m/counselling/intake"

// asks switches the questions before a booking on.
func (w *world) asks() {
	w.tb.Helper()
	storetest.Update(w.tb, w.db, func(tx *store.Tx) error {
		head, err := identity.Find(w.tb.Context(), tx, "t05")
		if err != nil {
			return err
		}
		care := counselling.CareDefaults()
		care.Intake = true
		return counselling.SaveCare(w.tb.Context(), tx, head, counselling.Centres(head)[0], care)
	})
}

func TestIntake_page_comes_before_a_booking_and_a_red_answer_leads_to_the_numbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asks()
	b := w.as("s02")
	if res := b.get("/m/counselling"); res.location != intakePath {
		t.Fatalf("before the questions: %d to %q", res.status, res.location)
	}
	page := b.get(intakePath)
	form := url.Values{"once": {page.form(intakePath).Get("once")}, "version": {"1"}, "q1": {"2"}, "q2": {"0"}, "q3": {"2"}}
	res := b.post(intakePath, form)
	if res.status != http.StatusUnprocessableEntity || !strings.Contains(res.body, `id="q3-2" name="q3" value="2" checked`) {
		t.Fatalf("one left out = %d, and what was chosen must stay\n%s", res.status, res.body)
	}
	form.Set("once", res.form(intakePath).Get("once"))
	form.Set("q4", "0")
	res = b.post(intakePath, form)
	if res.location != "/m/counselling/help" {
		t.Fatalf("a red answer: %d to %q\n%s", res.status, res.location, res.body)
	}
	help := b.get(res.location)
	if !strings.Contains(help.doc.first(".call").text(), "12356") || help.doc.first(`a[href="/now"]`) == nil || help.doc.first(`a[href="/m/counselling"]`) == nil {
		t.Errorf("the numbers, /now and the way on:\n%s", help.body)
	}
	if res := b.get("/m/counselling"); res.status != http.StatusOK {
		t.Errorf("the student may still book: %d to %q", res.status, res.location)
	}
	for name, status := range map[string]int{"t14": http.StatusForbidden, "t07": http.StatusForbidden, "t06": http.StatusOK} {
		if got := w.as(name).get(intakePath).status; got != status {
			t.Errorf("%s opens the questions: %d, want %d", name, got, status)
		}
	}
}

func TestCare_pages_of_another_student_are_confidential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.bookings("s05")[0].PublicID
	b := w.as("s02")
	for _, path := range []string{"/m/counselling/mine/" + id + "/feedback", "/m/counselling/mine/none/feedback"} {
		if got := b.get(path).status; got != http.StatusForbidden {
			t.Errorf("%s = %d", path, got)
		}
	}
	if got := w.as("t14").get("/m/counselling/seen").status; got != http.StatusForbidden {
		t.Errorf("a teacher sees 谁看过我的信息: %d", got)
	}
	seen := b.get("/m/counselling/seen")
	if !strings.Contains(seen.body, "没有别人看过") {
		t.Errorf("seen = %d\n%s", seen.status, seen.body)
	}
	withdraw := "/m/counselling/seen/withdraw"
	if res := b.post(withdraw, seen.form(withdraw)); res.status != http.StatusSeeOther {
		t.Fatalf("withdraw = %d", res.status)
	}
	if res := b.get("/m/counselling"); res.location != noticePath {
		t.Errorf("after withdrawing: %d to %q, want the notice", res.status, res.location)
	}
}
