package miniapp_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// read decodes a JSON answer.
func read[T any](t *testing.T, a *answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return v
}

type apiBooking struct {
	ID    string
	State string
	Slot  apiSlot
	Wish  string

	History []struct{ State string }
}

type apiSlot struct {
	ID       string
	StartsAt string `json:"starts_at"`
	Bookable bool
	Free     int
}

type problem struct {
	Kind    string
	Message string
	Fields  map[string]string
}

func TestAPI_books_and_decides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	student, desk := w.as("s01"), w.as("t06")

	notice := read[struct {
		Version int
		Agreed  bool
	}](t, student.json(http.MethodGet, "/api/v1/counselling/notice", ""))
	if notice.Agreed {
		t.Fatal("agreed before reading")
	}
	slots := read[struct{ Items []apiSlot }](t, student.json(http.MethodGet, "/api/v1/counselling/slots?from=2026-10-14&to=2026-10-15", "")).Items
	if len(slots) == 0 || !strings.HasPrefix(slots[0].StartsAt, "2026-10-14T09:00:00+08:00") || slots[0].Bookable {
		t.Fatalf("slots of 14 October, the first taken: %+v", slots)
	}
	slots = slices.DeleteFunc(slots, func(s apiSlot) bool { return !s.Bookable })
	book := `{"slot":"` + slots[0].ID + `","wish":"想聊聊睡眠"}`
	if res := student.json(http.MethodPost, "/api/v1/counselling/bookings", book); res.status != http.StatusConflict {
		t.Fatalf("before agreeing: %d %s", res.status, res.body)
	}
	if res := student.json(http.MethodPost, "/api/v1/counselling/consent", `{"version":1}`); res.status != http.StatusOK || !strings.Contains(res.body, `"agreed":true`) {
		t.Fatalf("consent: %d %s", res.status, res.body)
	}

	res := student.json(http.MethodPost, "/api/v1/counselling/bookings", book, "Idempotency-Key", "k1")
	made := read[apiBooking](t, res)
	if res.status != http.StatusCreated || made.State != "pending" || made.Wish != "想聊聊睡眠" || len(made.History) != 1 {
		t.Fatalf("book: %d %s", res.status, res.body)
	}
	path := "/api/v1/counselling/bookings/" + made.ID
	if res.header.Get("Location") != path {
		t.Errorf("Location %q", res.header.Get("Location"))
	}
	res = student.json(http.MethodPost, "/api/v1/counselling/bookings", book, "Idempotency-Key", "k1")
	if again := read[apiBooking](t, res); res.status != http.StatusOK || again.ID != made.ID {
		t.Errorf("a repeat: %d %s", res.status, res.body)
	}
	other := `{"slot":"` + slots[1].ID + `"}`
	if res := student.json(http.MethodPost, "/api/v1/counselling/bookings", other, "Idempotency-Key", "k1"); res.status != http.StatusConflict {
		t.Errorf("the key with another hour: %d %s", res.status, res.body)
	}
	mine := read[struct{ Items []apiBooking }](t, student.json(http.MethodGet, "/api/v1/counselling/bookings", "")).Items
	if len(mine) != 1 || mine[0].ID != made.ID {
		t.Errorf("own bookings: %+v", mine)
	}

	day := read[struct {
		Date     string
		Bookings []apiBooking
		Pending  []apiBooking
	}](t, desk.json(http.MethodGet, "/api/v1/counselling/day?date=2026-10-14", ""))
	if day.Date != "2026-10-14" || len(day.Pending) != 2 {
		t.Errorf("the centre's day: %+v", day)
	}
	for _, step := range []struct {
		name, verb, body, key string
		at                    time.Time
		status                int
		state                 string
	}{
		{"reject_needs_a_reason", "reject", `{}`, "", storetest.Monday, http.StatusUnprocessableEntity, "pending"},
		{"confirm", "confirm", ``, "c1", storetest.Monday, http.StatusOK, "confirmed"},
		{"confirm_again_with_the_key", "confirm", ``, "c1", storetest.Monday, http.StatusOK, "confirmed"},
		{"confirm_again", "confirm", ``, "", storetest.Monday, http.StatusConflict, "confirmed"},
		{"arrive_too_early", "arrive", ``, "", storetest.Monday, http.StatusConflict, "confirmed"},
		{"arrive", "arrive", `{}`, "", storetest.Monday.AddDate(0, 0, 2), http.StatusOK, "arrived"},
		{"miss_who_arrived", "miss", ``, "", storetest.Monday.AddDate(0, 0, 2), http.StatusConflict, "arrived"},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := w.clock.MoveTo(step.at); err != nil {
				t.Fatal(err)
			}
			res := desk.json(http.MethodPost, path+"/"+step.verb, step.body, "Idempotency-Key", step.key)
			if res.status != step.status {
				t.Errorf("got %d, want %d: %s", res.status, step.status, res.body)
			}
			if got := read[apiBooking](t, student.json(http.MethodGet, path, "")).State; got != step.state {
				t.Errorf("state %s, want %s", got, step.state)
			}
		})
	}
	// A key belongs to one request: with another address or body it does nothing, and says so.
	for _, other := range []struct{ path, body string }{{path + "/cancel", ""}, {path + "/confirm", `{}`}} {
		if res := desk.json(http.MethodPost, other.path, other.body, "Idempotency-Key", "c1"); res.status != http.StatusConflict || !strings.Contains(res.body, "Idempotency-Key") {
			t.Errorf("the key of a confirmation at %s with %q: %d %s", other.path, other.body, res.status, res.body)
		}
	}
}

func TestAPI_says_who_I_am_and_what_works(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.as("s01")
	me := read[map[string]string](t, b.json(http.MethodGet, "/api/v1/me", ""))
	if me["name"] != "张晓雨" || me["kind"] != "student" || len(me["id"]) != 26 {
		t.Errorf("me: %v", me)
	}
	home := read[struct {
		Items []struct {
			Name  string
			Items []struct{ Code string }
		}
	}](t, b.json(http.MethodGet, "/api/v1/home", ""))
	var names []string
	for _, m := range home.Items {
		names = append(names, m.Name)
		if m.Items == nil {
			t.Errorf("%s: an empty list is null", m.Name)
		}
	}
	if diff := cmp.Diff([]string{"信息查询", "事务办理", "实践锻炼"}, names); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
}

func TestAPI_errors_have_one_shape(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, nobody := w.as("s02"), w.browser(onThePC)
	for _, tt := range []struct {
		name               string
		b                  *browser
		method, path, body string
		status             int
		kind, field        string
	}{
		{"nobody", nobody, http.MethodGet, "/api/v1/me", "", http.StatusUnauthorized, "unauthenticated", ""},
		{"nobody_posts", nobody, http.MethodPost, "/api/v1/counselling/bookings", `{}`, http.StatusUnauthorized, "unauthenticated", ""},
		{"no_such_call", b, http.MethodGet, "/api/v1/nothing", "", http.StatusNotFound, "not_found", ""},
		{"not_JSON", b, http.MethodPost, "/api/v1/counselling/bookings", `slot=1`, http.StatusUnprocessableEntity, "invalid", ""},
		{"two_values", b, http.MethodPost, "/api/v1/counselling/bookings", `{"slot":"x"} {}`, http.StatusUnprocessableEntity, "invalid", ""},
		{"an_unknown_field", b, http.MethodPost, "/api/v1/counselling/bookings", `{"slots":"x"}`, http.StatusUnprocessableEntity, "invalid", ""},
		{"too_large", b, http.MethodPost, "/api/v1/counselling/bookings", `{"wish":"` + strings.Repeat("x", 70<<10) + `"}`, http.StatusRequestEntityTooLarge, "too_large", ""},
		{"no_such_hour", b, http.MethodPost, "/api/v1/counselling/bookings", `{"slot":"x"}`, http.StatusNotFound, "not_found", ""},
		{"a_wish_too_long", b, http.MethodPost, "/api/v1/counselling/bookings", `{"slot":"x","wish":"` + strings.Repeat("想", 201) + `"}`, http.StatusUnprocessableEntity, "invalid", "wish"},
		{"no_date", b, http.MethodGet, "/api/v1/counselling/slots?from=tomorrow", "", http.StatusUnprocessableEntity, "invalid", "from"},
		{"a_foreign_centre", b, http.MethodGet, "/api/v1/counselling/day?centre=x", "", http.StatusForbidden, "forbidden", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := tt.b.json(tt.method, tt.path, tt.body)
			p := read[problem](t, res)
			if res.status != tt.status || p.Kind != tt.kind || p.Message == "" || tt.field != "" && p.Fields[tt.field] == "" {
				t.Errorf("got %d %s", res.status, res.body)
			}
		})
	}
	long := b.json(http.MethodPost, "/api/v1/counselling/consent", `{"version":1}`, "Idempotency-Key", strings.Repeat("k", 256))
	if long.status != http.StatusUnprocessableEntity {
		t.Errorf("a key of 256 characters: %d", long.status)
	}
}

func TestAPI_tokens_act_within_their_scopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := func(userid string, scopes ...string) (raw string) {
		storetest.Update(t, w.db, func(tx *store.Tx) error {
			who, err := identity.Find(t.Context(), tx, userid)
			if err != nil {
				return err
			}
			raw, err = identity.NewToken(t.Context(), tx, who, "测试", who.ID, scopes, tx.Now().Add(time.Hour))
			return err
		})
		return raw
	}
	reader, writer, bare := token("t06", "counselling:read", "centre"), token("t06", "counselling:write", "centre"), token("t06", "counselling:write")
	confirm := "/api/v1/counselling/bookings/" + w.bookings("s06")[0].PublicID + "/confirm"
	for _, tt := range []struct {
		name, header, method, path string
		want                       int
	}{
		{"reads_the_day", "Bearer " + reader, http.MethodGet, "/api/v1/counselling/day", http.StatusOK},
		{"who_writes_reads", "Bearer " + writer, http.MethodGet, "/api/v1/counselling/day", http.StatusOK},
		{"without_the_centre's_scope_it_has_no_centre", "Bearer " + bare, http.MethodGet, "/api/v1/counselling/day", http.StatusForbidden},
		{"who_reads_does_not_write", "Bearer " + reader, http.MethodPost, confirm, http.StatusForbidden},
		{"another_area", "Bearer " + reader, http.MethodGet, "/api/v1/me", http.StatusForbidden},
		{"unknown", "Bearer xg_nothing", http.MethodGet, "/api/v1/me", http.StatusUnauthorized},
		{"not_a_bearer", "Basic " + reader, http.MethodGet, "/api/v1/counselling/day", http.StatusUnauthorized},
		{"confirms", "Bearer " + writer, http.MethodPost, confirm, http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := w.browser("a machine").json(tt.method, tt.path, "", "Authorization", tt.header)
			if res.status != tt.want {
				t.Errorf("got %d, want %d: %s", res.status, tt.want, res.body)
			}
		})
	}
	if res := w.browser("a machine").get("/m/"); res.status != http.StatusFound {
		t.Errorf("a token opens no pages, got %d", res.status)
	}
}

func TestAPI_describes_itself_to_everybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := w.browser(onThePC).get("/api/v1/openapi.json")
	if v := read[struct{ OpenAPI string }](t, res); res.status != http.StatusOK || v.OpenAPI != "3.1.0" {
		t.Errorf("got %d %.80s", res.status, res.body)
	}
}

func TestLimit_of_acts_in_a_minute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.redis.SetTime(storetest.Monday) // the limiter gives a place back every second of Redis's clock
	b, other := w.as("s02"), w.as("s03")
	act := func(b *browser) *answer {
		return b.json(http.MethodPost, "/api/v1/counselling/consent", `{"version":1}`)
	}
	for i := range 60 {
		if res := act(b); res.status != http.StatusOK {
			t.Fatalf("act %d: %d %s", i+1, res.status, res.body)
		}
	}
	res := act(b)
	if p := read[problem](t, res); res.status != http.StatusTooManyRequests || p.Kind != "too_many" || res.header.Get("Retry-After") == "" {
		t.Errorf("act 61: %d %s, Retry-After %q", res.status, res.body, res.header.Get("Retry-After"))
	}
	if res := act(other); res.status != http.StatusOK {
		t.Errorf("another person: %d", res.status)
	}
	if res := b.get("/m/counselling/mine"); res.status != http.StatusOK {
		t.Errorf("reading: %d", res.status)
	}
}

func TestLimit_without_Redis_lets_pass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var raw string
	storetest.Update(t, w.db, func(tx *store.Tx) error {
		who, err := identity.Find(t.Context(), tx, "t06")
		if err != nil {
			return err
		}
		raw, err = identity.NewToken(t.Context(), tx, who, "测试", who.ID, []string{"counselling:write", "centre"}, tx.Now().Add(time.Hour))
		return err
	})
	w.redis.Close()
	confirm := "/api/v1/counselling/bookings/" + w.bookings("s06")[0].PublicID + "/confirm"
	if res := w.browser("a machine").json(http.MethodPost, confirm, "", "Authorization", "Bearer "+raw); res.status != http.StatusOK {
		t.Errorf("got %d: %s", res.status, res.body)
	}
}
