package miniapp_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

const noticePath = "/m/counselling/notice"

func TestHome_has_the_three_modules_with_what_works(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		name, userid string
		want         []string
	}{
		{"for_a_student", "s01", []string{"信息查询", "/m/counselling/mine", "/m/applications", "/now", "事务办理", "/m/counselling", "实践锻炼"}},
		{"for_a_teacher", "t14", []string{"信息查询", "/now", "事务办理", "/desk/", "实践锻炼"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := w.as(tt.userid).get("/m/")
			var got []string
			for _, section := range res.doc.all("section") {
				got = append(got, section.attr("aria-label"))
				for _, a := range section.all("a") {
					got = append(got, a.attr("href"))
				}
				if len(section.all("a")) == 0 && section.first(".empty-line") == nil {
					t.Errorf("%s is empty and does not say what would be here", section.attr("aria-label"))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("home (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBooking_straight_through(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s01") // has not read the notice

	if res := b.get("/m/counselling"); res.location != noticePath {
		t.Fatalf("before the notice was read: %d to %q", res.status, res.location)
	}
	res := b.post(noticePath, b.get(noticePath).form(noticePath))
	if res.status != http.StatusSeeOther || res.location != "/m/counselling" {
		t.Fatalf("agree: %d to %q", res.status, res.location)
	}
	if diff := cmp.Diff([]string{"张晓雨"}, w.agreed.names); diff != "" {
		t.Errorf("the chat was told (-want +got):\n%s", diff)
	}

	list := b.get("/m/counselling")
	cards := list.doc.all(".counsellor")
	if len(cards) != 4 {
		t.Fatalf("%d counsellors, want 4:\n%s", len(cards), list.body)
	}
	if strings.Count(cards[0].text(), "东校区") != 1 {
		t.Errorf("the first card %q names the campus more than once", cards[0].text())
	}
	for _, word := range []string{"苏晴", "听你慢慢说", "东校区致远楼 305", "最近空位", "我要预约"} {
		if !strings.Contains(cards[0].text(), word) {
			t.Errorf("the first card %q lacks %q", cards[0].text(), word)
		}
	}

	times := b.get(cards[0].first("a.weui-btn").attr("href"))
	hour := times.doc.first("a.time").attr("href")
	ask := b.get(hour)
	form := ask.form(hour)
	form.Set("wish", "最近睡得不好")
	res = b.post(hour, form)
	if res.status != http.StatusSeeOther || !strings.HasPrefix(res.location, "/m/counselling/mine/") {
		t.Fatalf("book: %d to %q\n%s", res.status, res.location, res.body)
	}
	made := b.get(res.location)
	for _, word := range []string{"已为你留下", "待确认", "最近睡得不好", "最晚", "东校区致远楼 305", "电话"} {
		if !strings.Contains(made.doc.text(), word) {
			t.Errorf("the booking's page lacks %q:\n%s", word, made.doc.text())
		}
	}
	if back := made.doc.first(".bar__back"); back == nil || back.attr("href") != "/m/counselling/mine" {
		t.Error("‹ does not lead to 我的预约")
	}

	mine := b.get("/m/counselling/mine")
	first := mine.doc.first(".booking")
	if first == nil || !strings.Contains(first.text(), "待确认") || !strings.Contains(first.text(), "取消") {
		t.Fatalf("我的预约 does not begin with the new booking:\n%s", mine.body)
	}

	cancel := strings.TrimSuffix(res.location, "?new=1") + "/cancel"
	res = b.post(cancel, b.get(cancel).form(cancel))
	if res.status != http.StatusSeeOther {
		t.Fatalf("cancel: %d\n%s", res.status, res.body)
	}
	gone := b.get(res.location)
	if !strings.Contains(gone.doc.first(".badge").text(), "已取消") || !strings.Contains(gone.doc.text(), "再约一个时间") {
		t.Errorf("after cancelling:\n%s", gone.doc.text())
	}
	if res := b.get(cancel); res.location != strings.TrimSuffix(cancel, "/cancel") {
		t.Errorf("cancelling what is cancelled: %d to %q", res.status, res.location)
	}
}

// firstHour opens a counsellor's times and returns the path of the first free hour.
func (b *browser) firstHour() string {
	b.w.tb.Helper()
	list := b.get("/m/counselling")
	card := list.doc.first("a.weui-btn_soft")
	if card == nil {
		b.w.tb.Fatalf("no counsellor to book:\n%s", list.body)
	}
	return b.get(card.attr("href")).doc.first("a.time").attr("href")
}

func TestBooking_posted_twice_is_made_once(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s02")
	hour := b.firstHour()
	form := b.get(hour).form(hour)
	answers := make([]*answer, 8)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = b.post(hour, form) })
	}
	wg.Wait()
	made := 0
	for _, res := range answers {
		switch {
		case res.status != http.StatusSeeOther:
			t.Errorf("got %d: %s", res.status, res.body)
		case strings.HasSuffix(res.location, "?new=1"):
			made++
		case res.location != "/m/counselling/mine":
			t.Errorf("a repeat went to %q", res.location)
		}
	}
	if n := len(w.bookings("s02")); made != 1 || n != 1 {
		t.Errorf("%d answers made a booking and %d bookings exist, want 1 and 1", made, n)
	}
}

// bookings are those of the student with the userid.
func (w *world) bookings(userid string) (list []counselling.Booking) {
	w.tb.Helper()
	storetest.Update(w.tb, w.db, func(tx *store.Tx) error {
		who, err := identity.Find(w.tb.Context(), tx, userid)
		if err != nil {
			return err
		}
		list, err = counselling.Mine(w.tb.Context(), tx, who)
		return err
	})
	return list
}

func TestBooking_refused_keeps_what_was_typed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s02")
	hour := b.firstHour()
	form := b.get(hour).form(hour)
	wish := strings.Repeat("想", 201)
	form.Set("wish", wish)
	res := b.post(hour, form)
	area := res.doc.first("textarea")
	if res.status != http.StatusUnprocessableEntity || area.text() != wish || area.attr("aria-invalid") != "true" {
		t.Fatalf("got %d: %s", res.status, res.body)
	}
	if alert := res.doc.first(`[role="alert"]`); alert == nil || !strings.Contains(alert.text(), "200") {
		t.Errorf("nothing says what is wrong:\n%s", res.body)
	}
	again := res.form(hour)
	again.Set("wish", "短一点")
	if res := b.post(hour, again); res.status != http.StatusSeeOther {
		t.Errorf("the corrected form got %d", res.status)
	}
}

func TestTimes_a_full_hour_cannot_be_chosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fast, slow := w.as("s02"), w.as("s03")
	hour := fast.firstHour()
	stale := slow.get(hour).form(hour) // opened while it was free
	if res := fast.post(hour, fast.get(hour).form(hour)); res.status != http.StatusSeeOther {
		t.Fatalf("book: %d", res.status)
	}

	times := slow.get(hour[:strings.LastIndex(hour, "/")])
	for _, a := range times.doc.all("a.time") {
		if a.attr("href") == hour {
			t.Error("a full hour is a link")
		}
	}
	full := times.doc.first("span.time--off")
	if full == nil || full.attr("aria-disabled") != "true" || !strings.Contains(times.doc.text(), "人数已满") {
		t.Errorf("no hour is shown as full:\n%s", times.body)
	}
	for name, res := range map[string]*answer{"posted_from_a_stale_page": slow.post(hour, stale), "opened_by_its_address": slow.get(hour)} {
		t.Run(name, func(t *testing.T) {
			alert := res.doc.first(`[role="alert"]`)
			if res.status != http.StatusConflict || alert == nil || !strings.Contains(alert.text(), "刚刚约满") {
				t.Fatalf("got %d: %s", res.status, res.body)
			}
			if len(res.doc.all("a.time")) == 0 {
				t.Error("the page does not show which hours are free now")
			}
		})
	}
	if n := len(w.bookings("s03")); n != 0 {
		t.Errorf("%d bookings were made on a full hour", n)
	}
}

func TestNotice_a_new_version_is_agreed_to_anew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s01")
	old := b.get(noticePath).form(noticePath)
	w.publishNotice(strings.Repeat("新的须知，请读到最后。", 10))
	res := b.post(noticePath, old)
	if res.status != http.StatusConflict || !strings.Contains(res.doc.text(), "新的须知") {
		t.Fatalf("agreeing to the old text: %d %s", res.status, res.body)
	}
	if res := b.post(noticePath, res.form(noticePath)); res.status != http.StatusSeeOther {
		t.Fatalf("agreeing to the new text: %d", res.status)
	}
	if res := w.as("s02").get("/m/counselling"); res.location != noticePath {
		t.Errorf("who agreed to the old text got %d to %q", res.status, res.location)
	}
	if text := b.get(noticePath).doc.first(".action").text(); !strings.Contains(text, "已读过") {
		t.Errorf("who agreed reads %q", text)
	}
}

// publishNotice has the centre's desk put a new text in force.
func (w *world) publishNotice(body string) {
	w.tb.Helper()
	storetest.Update(w.tb, w.db, func(tx *store.Tx) error {
		desk, err := identity.Find(w.tb.Context(), tx, "t06")
		if err != nil {
			return err
		}
		return counselling.PublishNotice(w.tb.Context(), tx, desk, counselling.Centres(desk)[0], body)
	})
}

func TestCancel_too_late_says_what_to_do(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	confirmed := w.bookings("s05")[0]
	b := w.as("s05")
	cancel := "/m/counselling/mine/" + confirmed.PublicID + "/cancel"
	form := b.get(cancel).form(cancel)
	if err := w.clock.MoveTo(confirmed.Slot.StartsAt.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	res := b.post(cancel, form)
	if res.status != http.StatusConflict || !strings.Contains(res.doc.text(), "电话告诉中心") {
		t.Fatalf("got %d: %s", res.status, res.body)
	}
	if text := b.get("/m/counselling/mine/" + confirmed.PublicID).doc.text(); strings.Contains(text, "取消预约") {
		t.Errorf("cancelling is still offered: %s", text)
	}
}

func TestForms_are_ours_and_work_once(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s01")
	form := b.get(noticePath).form(noticePath)
	foreign := w.as("s02").get(noticePath)
	for name, once := range map[string]string{"missing": "", "invented": "0000.0000", "of_another_person": foreign.doc.first(`form[method="post"]`).first(`[name="once"]`).attr("value")} {
		t.Run("token_"+name, func(t *testing.T) {
			bad := url.Values{"version": form["version"], "once": {once}}
			if res := b.post(noticePath, bad); res.status != http.StatusConflict {
				t.Errorf("got %d", res.status)
			}
		})
	}
	for _, tt := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"from_another_site", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"from_another_origin", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"from_no_origin", []string{"Origin", "null"}, http.StatusForbidden},
		{"from_ourselves", []string{"Origin", w.url, "Sec-Fetch-Site", "same-origin"}, http.StatusSeeOther},
		{"again", nil, http.StatusSeeOther},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := b.request(http.MethodPost, noticePath, "application/x-www-form-urlencoded", form.Encode())
			for i := 0; i < len(tt.headers); i += 2 {
				req.Header.Set(tt.headers[i], tt.headers[i+1])
			}
			if res := b.do(req); res.status != tt.want {
				t.Errorf("got %d, want %d: %s", res.status, tt.want, res.body)
			}
		})
	}
	if diff := cmp.Diff([]string{"张晓雨"}, w.agreed.names); diff != "" {
		t.Errorf("agreed (-want +got):\n%s", diff)
	}
}

func TestPages_lead_back_and_name_the_centre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s06")
	booking := "/m/counselling/mine/" + w.bookings("s06")[0].PublicID
	for _, path := range []string{noticePath, "/m/counselling", "/m/counselling/mine", booking, booking + "/cancel"} {
		res := b.get(path)
		if res.status != http.StatusOK {
			t.Errorf("%s: %d", path, res.status)
			continue
		}
		if res.doc.first("a.bar__back") == nil {
			t.Errorf("%s has no way back", path)
		}
		if foot := res.doc.first("footer").text(); !strings.Contains(foot, "021-5550-0101") {
			t.Errorf("%s does not say how to reach the centre: %s", path, foot)
		}
	}
}
