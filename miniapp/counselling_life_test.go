package miniapp_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func TestMove_on_the_phone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.bookings("s05")[0]
	b := w.as("s05")
	booking := "/m/counselling/mine/" + before.PublicID
	for _, path := range []string{booking, "/m/counselling/mine"} {
		if !strings.Contains(b.get(path).body, booking+"/move") {
			t.Errorf("%s does not offer to move", path)
		}
	}
	times := b.get(booking + "/move")
	if strings.Contains(times.body, before.Slot.PublicID) {
		t.Error("the hour it is at is offered again")
	}
	hour := times.doc.first("a.time").attr("href")
	ask := b.get(hour)
	if text := ask.doc.text(); !strings.Contains(text, "重新确认") || !strings.Contains(text, "马上放给别的同学") {
		t.Errorf("what moving means: %s", text)
	}
	form := ask.form(hour)
	for range 2 { // a double tap
		if res := b.post(hour, form); res.status != http.StatusSeeOther || res.location != booking+"?moved=1" {
			t.Fatalf("move: %d to %q\n%s", res.status, res.location, res.body)
		}
	}
	page := b.get(booking + "?moved=1").doc.text()
	for _, part := range []string{"已改到", "等待确认", "待确认", "改时间：10月14日"} {
		if !strings.Contains(page, part) {
			t.Errorf("the moved booking does not say %q:\n%s", part, page)
		}
	}
	after := w.bookings("s05")[0]
	if after.PublicID != before.PublicID || after.Moves != 1 || after.State != counselling.Pending {
		t.Errorf("after: %+v", after)
	}
}

func TestMove_to_an_hour_just_taken_shows_the_others(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.bookings("s05")[0]
	b := w.as("s05")
	hour := b.get("/m/counselling/mine/" + before.PublicID + "/move").doc.first("a.time").attr("href")
	form := b.get(hour).form(hour)
	slot := hour[strings.LastIndex(hour, "/")+1:]
	storetest.Update(t, w.db, func(tx *store.Tx) error {
		who, err := identity.Find(t.Context(), tx, "s02")
		if err != nil {
			return err
		}
		_, err = counselling.Book(t.Context(), tx, who, slot, "", counselling.ViaChat)
		return err
	})
	res := b.post(hour, form)
	if res.status != http.StatusConflict || !strings.Contains(res.doc.text(), "刚刚约满") || res.doc.first("a.time") == nil {
		t.Errorf("%d: %s", res.status, res.doc.text())
	}
	if now := w.bookings("s05")[0]; now.Slot.PublicID != before.Slot.PublicID || now.State != before.State {
		t.Errorf("the old hour was lost: %+v", now)
	}
}

func TestCalendarFile_needs_a_sign_in(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/m/counselling/mine/" + w.bookings("s05")[0].PublicID + "/booking.ics"
	res := w.as("s05").get(path)
	if res.status != http.StatusOK || !strings.HasPrefix(res.header.Get("Content-Type"), "text/calendar") ||
		!strings.HasPrefix(res.header.Get("Content-Disposition"), "attachment") || !strings.Contains(res.body, "STATUS:CONFIRMED\r\n") {
		t.Errorf("%d %v\n%s", res.status, res.header, res.body)
	}
	if !strings.Contains(w.as("s05").get(strings.TrimSuffix(path, "/booking.ics")).body, path) {
		t.Error("the page does not offer the file")
	}
	if res := w.browser(inWeCom).get(path); res.status == http.StatusOK {
		t.Errorf("a stranger has the file: %s", res.body)
	}
}

// missed has the centre mark the student's booking as missed.
func (w *world) missed(b counselling.Booking) {
	w.tb.Helper()
	if err := w.clock.MoveTo(b.Slot.StartsAt.Add(15 * time.Minute)); err != nil {
		w.tb.Fatal(err)
	}
	storetest.Update(w.tb, w.db, func(tx *store.Tx) error {
		desk, err := identity.Find(context.Background(), tx, "t06")
		if err != nil {
			return err
		}
		_, err = counselling.Miss(context.Background(), tx, desk, b.PublicID)
		return err
	})
}

func TestBooking_paused_is_said_on_the_first_page(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s05")
	hour := w.as("s02").firstHour()
	if text := b.get("/m/counselling").doc.text(); !strings.Contains(text, "一次约一个") || !strings.Contains(text, "改时间或取消") {
		t.Errorf("with an open booking: %s", text)
	}
	storetest.Update(t, w.db, func(tx *store.Tx) error {
		set := counselling.Defaults()
		set.StrikeLimit = 1
		head, err := identity.Find(t.Context(), tx, "t05")
		if err != nil {
			return err
		}
		return counselling.SaveSettings(t.Context(), tx, head, counselling.Centres(head)[0], set)
	})
	w.missed(w.bookings("s05")[0])
	for name, path := range map[string]string{"counsellors": "/m/counselling", "times": hour[:strings.LastIndex(hour, "/")]} {
		res := b.get(path)
		if text := res.doc.text(); res.status != http.StatusOK || !strings.Contains(text, "预约暂停到") || !strings.Contains(res.body, "/m/counselling/strikes") {
			t.Errorf("%s: %d %s", name, res.status, text)
		}
		if strings.Contains(res.doc.text(), "我要预约") || len(res.doc.all("a.time")) > 0 {
			t.Errorf("%s offers what will be refused", name)
		}
	}
	if res := b.get(hour); res.status != http.StatusConflict || strings.Count(res.doc.text(), "预约暂停到") != 1 {
		t.Errorf("an hour by its address: %d %s", res.status, res.doc.text())
	}
}

func TestOffer_waits_while_a_new_notice_is_read(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, full := w.as("s02"), w.bookings("s05")[0]
	form := b.get(waitPath).form(waitPath)
	form.Set("counsellor", full.Slot.Counsellor)
	form.Del("except") // none is ticked
	form.Set("from", full.Slot.StartsAt.Format(time.DateOnly))
	form.Set("to", full.Slot.StartsAt.Format(time.DateOnly))
	form.Set("part", "morning")
	if res := b.post(waitPath, form); res.status != http.StatusSeeOther {
		t.Fatalf("join: %d %s", res.status, res.body)
	}
	cancel := "/m/counselling/mine/" + full.PublicID + "/cancel"
	giver := w.as("s05")
	if res := giver.post(cancel, giver.get(cancel).form(cancel)); res.status != http.StatusSeeOther {
		t.Fatalf("cancel: %d %s", res.status, res.body)
	}
	offer := b.get(waitPath)
	accept := offer.doc.first("form").attr("action")
	w.publishNotice(strings.Repeat("新的须知，请读到最后。", 10))
	if res := b.post(accept, offer.form(accept)); res.location != noticePath {
		t.Fatalf("accept: %d to %q", res.status, res.location)
	}
	if res := b.post(noticePath, b.get(noticePath).form(noticePath)); res.location != waitPath {
		t.Fatalf("after agreeing: %d to %q", res.status, res.location)
	}
	if res := b.post(accept, b.get(waitPath).form(accept)); !strings.HasPrefix(res.location, "/m/counselling/mine/") {
		t.Errorf("accept again: %d to %q", res.status, res.location)
	}
}

func TestStrike_is_answered_once_and_lifted_over_the_api(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.missed(w.bookings("s05")[0])
	b, desk := w.as("s05"), w.as("t06")
	const strikes = "/m/counselling/strikes"
	if !strings.Contains(b.get("/m/counselling/mine").body, strikes) {
		t.Error("the bookings do not lead to the strikes")
	}
	page := b.get(strikes)
	action := page.doc.first("form").attr("action")
	form := page.form(action)
	form.Set("appeal", "生病")
	res := b.post(action, form)
	if res.status != http.StatusUnprocessableEntity || !strings.Contains(res.body, "用 5 到 200 个字") || !strings.Contains(res.body, ">生病</textarea>") {
		t.Errorf("too short: %d\n%s", res.status, res.body)
	}
	form = res.form(action)
	form.Set("appeal", "那天在医院陪护，没来得及取消。")
	if res := b.post(action, form); res.status != http.StatusSeeOther {
		t.Fatalf("appeal: %d\n%s", res.status, res.body)
	}
	if text := b.get(strikes).doc.text(); !strings.Contains(text, "说明待处理") || strings.Contains(text, "说明一次") {
		t.Errorf("after the appeal: %s", text)
	}
	type list struct {
		Items []struct{ ID, State, Appeal string }
		Count int
	}
	mine := read[list](t, b.json(http.MethodGet, "/api/v1/counselling/strikes", ""))
	if mine.Count != 1 || mine.Items[0].State != "appealed" || mine.Items[0].Appeal == "" {
		t.Fatalf("%+v", mine)
	}
	path := "/api/v1/counselling/strikes/" + mine.Items[0].ID
	if res := desk.json(http.MethodPost, path+"/uphold", `{"reason":""}`, "Idempotency-Key", "k1"); res.status != http.StatusUnprocessableEntity {
		t.Errorf("upheld without a reason: %d %s", res.status, res.body)
	}
	for range 2 { // a repeat has the same answer
		if res := desk.json(http.MethodPost, path+"/lift", "", "Idempotency-Key", "k2"); res.status != http.StatusNoContent {
			t.Errorf("lift: %d %s", res.status, res.body)
		}
	}
	if mine := read[list](t, b.json(http.MethodGet, "/api/v1/counselling/strikes", "")); mine.Count != 0 || mine.Items[0].State != "lifted" {
		t.Errorf("%+v", mine)
	}
}

func TestAPI_moves_a_booking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.bookings("s05")[0]
	desk := w.as("t06")
	slots := read[struct {
		Items []struct {
			ID       string
			Bookable bool
		}
	}](t, desk.json(http.MethodGet, "/api/v1/counselling/slots", "")).Items
	to := ""
	for _, s := range slots {
		if s.Bookable {
			to = s.ID
			break
		}
	}
	path := "/api/v1/counselling/bookings/" + before.PublicID
	if res := desk.json(http.MethodPost, path+"/move", `{"slot":"`+to+`"}`, "Idempotency-Key", "m0"); res.status != http.StatusUnprocessableEntity {
		t.Errorf("the centre without a reason: %d %s", res.status, res.body)
	}
	for range 2 {
		moved := read[struct {
			State   string
			Moves   int
			Slot    struct{ ID string }
			History []struct{ From, To *struct{ Counsellor string } }
		}](t, desk.json(http.MethodPost, path+"/move", `{"slot":"`+to+`","reason":"老师临时有安排"}`, "Idempotency-Key", "m1"))
		if moved.Slot.ID != to || moved.Moves != 1 || moved.State != "confirmed" || moved.History[len(moved.History)-1].To == nil {
			t.Errorf("%+v", moved)
		}
	}
	if res := desk.json(http.MethodGet, path+"/calendar", ""); res.status != http.StatusOK || !strings.Contains(res.body, "SEQUENCE:1\r\n") {
		t.Errorf("calendar: %d %s", res.status, res.body)
	}
}
