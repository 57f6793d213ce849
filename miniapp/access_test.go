package miniapp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/store"
)

// Nobody but its student and the centre learns whether a booking exists: every other id,
// real or not, is answered alike (D-10).
func TestBookings_are_confidential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.as("s06")
	pending := w.bookings("s06")[0]
	acts := []struct{ method, path, body string }{
		{http.MethodGet, "/m/counselling/mine/ID", ""},
		{http.MethodGet, "/m/counselling/mine/ID/cancel", ""},
		{http.MethodPost, "/m/counselling/mine/ID/cancel", "once"},
		{http.MethodGet, "/m/counselling/mine/ID/move", ""},
		{http.MethodPost, "/m/counselling/mine/ID/move/ID", "once"},
		{http.MethodGet, "/m/counselling/mine/ID/booking.ics", ""},
		{http.MethodPost, "/m/counselling/strikes/ID/appeal", "once"},
		{http.MethodPost, "/api/v1/counselling/bookings/ID/move", `{"slot":"0","reason":"临时有事"}`},
		{http.MethodGet, "/api/v1/counselling/bookings/ID/calendar", ""},
		{http.MethodPost, "/api/v1/counselling/strikes/ID/appeal", `{"text":"那天发烧了"}`},
		{http.MethodPost, "/api/v1/counselling/strikes/ID/lift", ""},
		{http.MethodPost, "/api/v1/counselling/strikes/ID/uphold", `{"reason":"临时有事"}`},
		{http.MethodGet, "/api/v1/counselling/bookings/ID", ""},
		{http.MethodPost, "/api/v1/counselling/bookings/ID/cancel", `{"reason":"临时有事"}`},
		{http.MethodPost, "/api/v1/counselling/bookings/ID/confirm", ""},
		{http.MethodPost, "/api/v1/counselling/bookings/ID/reject", `{"reason":"临时有事"}`},
		{http.MethodPost, "/api/v1/counselling/bookings/ID/arrive", ""},
		{http.MethodPost, "/api/v1/counselling/bookings/ID/miss", ""},
	}
	for _, who := range []struct{ name, userid string }{
		{"another_student", "s02"},
		{"her_辅导员", "t14"},
		{"the_admin", "t07"},
		{"an_office", "t08"},
	} {
		t.Run(who.name, func(t *testing.T) {
			b := w.as(who.userid)
			once := b.get(noticePath).doc.first(`input[name="once"]`).attr("value")
			for _, act := range acts {
				ask := func(id string) *answer {
					path := strings.ReplaceAll(act.path, "ID", id)
					if act.body == "once" {
						return b.post(path, url.Values{"once": {once}})
					}
					return b.json(act.method, path, act.body)
				}
				real, unreal := ask(pending.PublicID), ask(store.NewPublicID())
				if act.method == http.MethodPost && act.body != "once" {
					path := strings.ReplaceAll(act.path, "ID", pending.PublicID)
					if res := b.json(act.method, path, `{"reason`); res.status != http.StatusForbidden || res.body != real.body {
						t.Errorf("%s %s with JSON nobody can read: %d %s", act.method, act.path, res.status, res.body)
					}
				}
				if real.status != http.StatusForbidden || unreal.status != http.StatusForbidden {
					t.Errorf("%s %s: %d for a real id, %d for an invented one", act.method, act.path, real.status, unreal.status)
				}
				if diff := cmp.Diff(unreal.body, real.body); act.body != "once" && diff != "" {
					t.Errorf("%s %s tells a real id from an invented one:\n%s", act.method, act.path, diff)
				}
				if strings.Contains(real.body, "程一诺") {
					t.Errorf("%s %s shows the student's name", act.method, act.path)
				}
			}
			if res := b.json(http.MethodGet, "/api/v1/counselling/day", ""); res.status != http.StatusForbidden {
				t.Errorf("the centre's day: %d", res.status)
			}
		})
	}
	if b := w.bookings("s06")[0]; b.State != counselling.Pending {
		t.Errorf("the booking is now %s", b.State)
	}

	t.Run("its_student_and_the_centre_read_it", func(t *testing.T) {
		for name, b := range map[string]*browser{"student": owner, "front_desk": w.as("t06"), "counsellor": w.as("t01"), "head": w.as("t05")} {
			if res := b.get("/m/counselling/mine/" + pending.PublicID); res.status != http.StatusOK {
				t.Errorf("%s: page %d", name, res.status)
			}
			if res := b.json(http.MethodGet, "/api/v1/counselling/bookings/"+pending.PublicID, ""); res.status != http.StatusOK {
				t.Errorf("%s: API %d", name, res.status)
			}
		}
	})
}

// Who is no student is told so, and who the centre is not asked about.
func TestCounselling_pages_are_for_students_and_the_centre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hour := w.as("s02").firstHour()
	for _, tt := range []struct {
		userid, path string
		want         int
	}{
		{"t14", "/m/counselling", http.StatusForbidden},
		{"t14", hour[:strings.LastIndex(hour, "/")], http.StatusForbidden},
		{"t14", hour, http.StatusForbidden},
		{"t14", "/api/v1/counselling/counsellors", http.StatusForbidden},
		{"t14", "/api/v1/counselling/slots", http.StatusForbidden},
		{"t06", "/m/counselling", http.StatusOK},
		{"t06", hour, http.StatusOK},
		{"s281", "/m/counselling", http.StatusForbidden}, // on leave
	} {
		if res := w.as(tt.userid).get(tt.path); res.status != tt.want {
			t.Errorf("%s %s: got %d, want %d", tt.userid, tt.path, res.status, tt.want)
		}
	}
	b := w.as("t06")
	if res := b.post(hour, b.get(hour).form(hour)); res.status != http.StatusForbidden {
		t.Errorf("staff books: %d", res.status)
	}
}

// A call that cannot be read is answered so to those who may make it; to everybody else,
// that they may not (D-10).
func TestAPI_asks_who_calls_before_what_the_call_says(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bookings("s06")[0]
	of := strings.NewReplacer("BOOKING", b.PublicID, "COUNSELLOR", b.Slot.Counsellor)
	for _, call := range []struct{ method, path, may string }{
		{http.MethodPost, "/counselling/bookings", "s02"},
		{http.MethodPost, "/counselling/bookings/BOOKING/move", "s06"},
		{http.MethodPost, "/counselling/bookings/BOOKING/cancel", "s06"},
		{http.MethodPost, "/counselling/bookings/BOOKING/reject", "t01"},
		{http.MethodPost, "/counselling/wait", "s02"},
		{http.MethodPost, "/counselling/waitlist/offer", "t06"},
		{http.MethodPost, "/counselling/intake", "s02"},
		{http.MethodPost, "/counselling/counsellors/COUNSELLOR/rules", "t01"},
		{http.MethodPost, "/counselling/counsellors/COUNSELLOR/absences", "t01"},
		{http.MethodPost, "/calendar/days", "t07"},
		{http.MethodPost, "/calendar/days/remove", "t07"},
		{http.MethodGet, "/counselling/slots?from=soon", "s02"},
		{http.MethodGet, "/counselling/slots?limit=many", "s02"},
		{http.MethodGet, "/counselling/day?date=today", "t06"},
		{http.MethodGet, "/counselling/duty?from=now", "t06"},
		{http.MethodGet, "/counselling/waitlist?limit=0", "t06"},
		{http.MethodGet, "/counselling/cases?after=nothing", "t05"},
	} {
		path := "/api/v1" + of.Replace(call.path)
		for userid, want := range map[string]int{"t14": http.StatusForbidden, call.may: http.StatusUnprocessableEntity} {
			if res := w.as(userid).json(call.method, path, `{"reason`); res.status != want {
				t.Errorf("%s %s as %s: %d, want %d: %s", call.method, call.path, userid, res.status, want, res.body)
			}
		}
	}
	if got := w.bookings("s06")[0]; got.State != b.State {
		t.Errorf("the booking is %s now", got.State)
	}
}
