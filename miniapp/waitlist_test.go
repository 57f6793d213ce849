package miniapp_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/store"
)

var acceptForm = regexp.MustCompile(`/m/counselling/offers/\w+/accept`)

const waitPath = "/m/counselling/wait"

type apiWait struct {
	Wait *struct {
		ID     string
		Place  int
		Part   string
		Except []string
		Offer  *struct {
			ID   string
			Slot apiSlot
		}
	}
}

// s05 has the only hour of 苏晴 on Wednesday morning that is not waited for by the
// centre; who waits for one gets it when s05 cancels.
func (w *world) cancelOf(userid string) {
	w.tb.Helper()
	if res := w.as(userid).json(http.MethodPost, "/api/v1/counselling/bookings/"+w.bookings(userid)[0].PublicID+"/cancel", ""); res.status != http.StatusOK {
		w.tb.Fatalf("cancel: %d %s", res.status, res.body)
	}
}

func (w *world) su() string {
	w.tb.Helper()
	return w.bookings("s05")[0].Slot.Counsellor
}

func TestQueue_leaves_out_who_is_ticked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, su := w.as("s02"), w.su()
	form := b.get(waitPath).form(waitPath)
	form["except"] = []string{su}
	form.Set("counsellor", su)
	res := b.post(waitPath, form)
	if res.status != http.StatusUnprocessableEntity || !strings.Contains(res.body, "不用再排除") || !strings.Contains(res.body, `value="`+su+`" checked`) {
		t.Fatalf("waiting for whom one leaves out: %d\n%s", res.status, res.body)
	}
	form = res.form(waitPath)
	form["except"] = []string{su}
	form.Set("counsellor", "")
	form.Set("to", "2026-10-13")
	if res := b.post(waitPath, form); res.status != http.StatusSeeOther {
		t.Fatalf("join: %d\n%s", res.status, res.body)
	}
	if got := read[apiWait](t, b.json(http.MethodGet, "/api/v1/counselling/wait", "")); got.Wait == nil || len(got.Wait.Except) != 1 || got.Wait.Except[0] != su {
		t.Errorf("my wait: %+v", got.Wait)
	}
	if page := b.get(waitPath); !strings.Contains(page.body, "除了苏晴老师都可以") {
		t.Errorf("the page does not say who is left out:\n%s", page.body)
	}
}

func TestQueue_from_the_form_to_the_booking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s02")
	send := func(path string, form url.Values) *answer {
		t.Helper()
		form.Set("once", b.get(waitPath).doc.first(`input[name="once"]`).attr("value"))
		return b.post(path, form)
	}
	if res := send(waitPath, url.Values{"from": {"2026-10-16"}, "to": {"2026-10-14"}, "part": {"morning"}}); res.status != http.StatusUnprocessableEntity ||
		!strings.Contains(res.body, "最后一天不要早于第一天。") || !strings.Contains(res.body, `value="2026-10-16"`) {
		t.Fatalf("days the wrong way round: %d\n%s", res.status, res.body)
	}
	if res := send(waitPath, url.Values{"counsellor": {w.su()}, "from": {"2026-10-14"}, "to": {"2026-10-14"}, "part": {"morning"}}); res.status != http.StatusSeeOther {
		t.Fatalf("join: %d\n%s", res.status, res.body)
	}
	for _, says := range []string{"第 1 位", "苏晴老师 · 10月14日（周三） · 上午", "不排了"} {
		if page := b.get(waitPath); !strings.Contains(page.body, says) {
			t.Errorf("the page of who waits does not say %s:\n%s", says, page.body)
		}
	}
	if mine := b.get("/m/counselling/mine"); !strings.Contains(mine.body, "你在排队等空位") {
		t.Errorf("我的预约 does not show the wait:\n%s", mine.body)
	}
	w.cancelOf("s05")
	page := b.get(waitPath)
	accept := acceptForm.FindString(page.body)
	if accept == "" {
		t.Fatalf("no offer on the page:\n%s", page.body)
	}
	if res := send(accept, url.Values{}); res.status != http.StatusSeeOther || !strings.Contains(res.header.Get("Location"), "?new=1") {
		t.Fatalf("accept: %d\n%s", res.status, res.body)
	}
	if res := send(accept, url.Values{}); res.status != http.StatusConflict || !strings.Contains(res.body, "你已经要了，不用再按") {
		t.Errorf("accept again: %d\n%s", res.status, res.body)
	}
	if got := w.bookings("s02"); len(got) != 1 {
		t.Errorf("%d bookings, want 1", len(got))
	}
}

func TestAPI_waits_declines_and_leaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, desk := w.as("s02"), w.as("t06")
	if got := read[apiWait](t, b.json(http.MethodGet, "/api/v1/counselling/wait", "")); got.Wait != nil {
		t.Fatalf("waits already: %+v", got)
	}
	join := `{"counsellor":"` + w.su() + `","from":"2026-10-14","to":"2026-10-14","part":"morning"}`
	if got := read[apiWait](t, b.json(http.MethodPost, "/api/v1/counselling/wait", join)); got.Wait == nil || got.Wait.Place != 1 || got.Wait.Part != "morning" {
		t.Fatalf("join: %+v", got)
	}
	if res := b.json(http.MethodPost, "/api/v1/counselling/wait", join); res.status != http.StatusConflict {
		t.Errorf("join twice: %d %s", res.status, res.body)
	}
	w.cancelOf("s05")
	list := read[struct {
		Items []struct {
			Place   int
			Student struct{ Name string }
		}
	}](t, desk.json(http.MethodGet, "/api/v1/counselling/waitlist", "")).Items
	if len(list) != 1 || list[0].Student.Name == "" {
		t.Errorf("the centre's queue: %+v", list)
	}
	got := read[apiWait](t, b.json(http.MethodGet, "/api/v1/counselling/wait", ""))
	if got.Wait == nil || got.Wait.Offer == nil {
		t.Fatalf("no offer: %+v", got)
	}
	offer := "/api/v1/counselling/offers/" + got.Wait.Offer.ID
	if after := read[apiWait](t, b.json(http.MethodPost, offer+"/decline", "")); after.Wait == nil || after.Wait.Offer != nil {
		t.Errorf("decline: %+v", after)
	}
	if res := b.json(http.MethodPost, offer+"/accept", ""); res.status != http.StatusConflict {
		t.Errorf("accept what was declined: %d %s", res.status, res.body)
	}
	byHand := `{"slot":"` + got.Wait.Offer.Slot.ID + `","wait":"` + got.Wait.ID + `"`
	if res := desk.json(http.MethodPost, "/api/v1/counselling/waitlist/offer", byHand+`}`); res.status != http.StatusUnprocessableEntity {
		t.Errorf("out of order without a reason: %d %s", res.status, res.body)
	}
	if res := desk.json(http.MethodPost, "/api/v1/counselling/waitlist/offer", byHand+`,"reason":"电话里说又可以了"}`); res.status != http.StatusOK {
		t.Errorf("with a reason: %d %s", res.status, res.body)
	}
	if left := read[apiWait](t, b.json(http.MethodPost, "/api/v1/counselling/wait/leave", "")); left.Wait != nil {
		t.Errorf("leave: %+v", left)
	}
}

// Nobody but the student and the centre learns who waits, or whether an offer exists.
func TestTheQueueIsConfidential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.as("s02")
	owner.json(http.MethodPost, "/api/v1/counselling/wait", `{"counsellor":"`+w.su()+`","from":"2026-10-14","to":"2026-10-14","part":"morning"}`)
	w.cancelOf("s05")
	real := read[apiWait](t, owner.json(http.MethodGet, "/api/v1/counselling/wait", "")).Wait.Offer
	for _, userid := range []string{"s03", "t14", "t07", "t08", "t06"} {
		b := w.as(userid)
		for _, act := range []string{"accept", "decline"} {
			one := b.json(http.MethodPost, "/api/v1/counselling/offers/"+real.ID+"/"+act, "")
			other := b.json(http.MethodPost, "/api/v1/counselling/offers/"+store.NewPublicID()+"/"+act, "")
			if one.status != http.StatusForbidden || one.body != other.body {
				t.Errorf("%s %ss: %d %s, an invented offer: %s", userid, act, one.status, one.body, other.body)
			}
		}
		if userid == "t06" {
			continue
		}
		for _, ask := range []*answer{
			b.json(http.MethodGet, "/api/v1/counselling/waitlist", ""),
			b.json(http.MethodPost, "/api/v1/counselling/waitlist/offer", `{"slot":"`+real.Slot.ID+`"}`),
			b.get("/desk/counselling/waitlist"),
		} {
			if ask.status != http.StatusForbidden {
				t.Errorf("%s: %d %s", userid, ask.status, ask.body)
			}
		}
	}
}
