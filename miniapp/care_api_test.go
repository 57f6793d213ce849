package miniapp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/store"
)

// read decodes what the API answered.
func (a *answer) read(into any) {
	a.w.tb.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		a.w.tb.Fatalf("%d %s: %v", a.status, a.body, err)
	}
}

func TestAPI_a_red_answer_opens_a_case_that_the_centre_takes_and_closes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asks()
	b, head := w.as("s02"), w.as("t05")
	var form struct {
		Needed    bool
		Version   int
		Questions []struct {
			Text    string
			Options []string
		}
	}
	res := b.json(http.MethodGet, "/api/v1/counselling/intake", "")
	if res.read(&form); !form.Needed || form.Version != 1 || len(form.Questions) != 4 || strings.Contains(res.body, "red") {
		t.Fatalf("the questions: %s", res.body)
	}
	if res := b.json(http.MethodPost, "/api/v1/counselling/intake", `{"version":1,"choices":[0]}`); res.status != http.StatusUnprocessableEntity {
		t.Errorf("answers left out: %d %s", res.status, res.body)
	}
	key := store.NewPublicID()
	for range 2 { // a repeat answers the same
		var next struct{ Help bool }
		res := b.json(http.MethodPost, "/api/v1/counselling/intake", `{"version":1,"choices":[2,0,2,0]}`, "Idempotency-Key", key)
		if res.read(&next); !next.Help {
			t.Fatalf("a red answer: %d %s", res.status, res.body)
		}
	}
	type red struct {
		ID, State, Outcome string
		TakenBy            string `json:"taken_by"`
		Student            struct{ Name string }
		Intake             *struct{ Level string }
	}
	var list struct{ Items []red }
	head.json(http.MethodGet, "/api/v1/counselling/cases", "").read(&list)
	if len(list.Items) != 1 || list.Items[0].State != "open" {
		t.Fatalf("cases: %+v", list)
	}
	at := "/api/v1/counselling/cases/" + list.Items[0].ID
	for _, other := range []string{"s02", "s06", "t07", "t08", "t14"} {
		for _, id := range []string{at, "/api/v1/counselling/cases/" + store.NewPublicID()} {
			for _, call := range [][3]string{{http.MethodGet, id, ""}, {http.MethodPost, id + "/take", ""}, {http.MethodPost, id + "/close", `{"outcome":"已电话联系"}`}} {
				if res := w.as(other).json(call[0], call[1], call[2]); res.status != http.StatusForbidden {
					t.Errorf("%s as %s: %d", call[1], other, res.status)
				}
			}
		}
	}
	var one red
	if head.json(http.MethodPost, at+"/take", "").read(&one); one.State != "taken" || one.TakenBy == "" || one.Intake == nil || one.Intake.Level != "red" {
		t.Errorf("taken: %+v", one)
	}
	if res := head.json(http.MethodPost, at+"/close", `{"outcome":""}`); res.status != http.StatusUnprocessableEntity {
		t.Errorf("closed without a word: %d", res.status)
	}
	if head.json(http.MethodPost, at+"/close", `{"outcome":"电话联系上了，约了明天见面。"}`).read(&one); one.State != "closed" || one.Outcome == "" {
		t.Errorf("closed: %+v", one)
	}
	var duty struct{ Items, Gaps []any }
	if head.json(http.MethodGet, "/api/v1/counselling/duty", "").read(&duty); len(duty.Items) == 0 || len(duty.Gaps) != 0 {
		t.Errorf("the roster has %d turns and %d gaps", len(duty.Items), len(duty.Gaps))
	}
}

func TestAPI_a_rule_and_an_absence_change_the_hours_at_once(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := "/api/v1/counselling/counsellors/" + w.su()
	own, desk := w.as("t01"), w.as("t06")
	type schedule struct {
		Rules []struct {
			ID       string
			From, To string
			Weekdays []int
		}
		Absences []struct{ ID string }
		Slots    []struct{ ID string }
		May      bool `json:"may_change"`
	}
	read := func(b *browser) (s schedule) {
		b.json(http.MethodGet, at+"/schedule?from=2026-10-19&to=2026-10-26", "").read(&s)
		return s
	}
	before := read(own)
	if len(before.Rules) == 0 || len(before.Slots) == 0 || !before.May {
		t.Fatalf("the schedule: %+v", before)
	}
	if s := read(w.as("t02")); s.May || len(s.Slots) != len(before.Slots) {
		t.Errorf("another counsellor reads %+v", s)
	}
	type change struct {
		Added, Removed int
		Stay           []any
	}
	var done change
	key := store.NewPublicID()
	const rule = `{"weekdays":[],"weeks":"every","from":"18:00","to":"19:40","length":50,"buffer":0,"campus":"east","place":"致远楼 305","capacity":1,"begins":"2026-10-24","ends":"2026-10-24"}`
	if own.json(http.MethodPost, at+"/rules", rule, "Idempotency-Key", key).read(&done); done.Added != 2 {
		t.Fatalf("a rule of one evening: %+v", done)
	}
	own.json(http.MethodPost, at+"/rules", rule, "Idempotency-Key", key)
	after := read(desk)
	if len(after.Slots) != len(before.Slots)+2 || len(after.Rules) != len(before.Rules)+1 {
		t.Errorf("twice with one key: %d hours, %d rules", len(after.Slots), len(after.Rules))
	}
	if res := own.json(http.MethodPost, at+"/rules", `{"weekdays":[1],"weeks":"every","from":"25:00","to":"19:40","length":50,"campus":"east","place":"x","capacity":1,"begins":"2026-10-24"}`); res.status != http.StatusUnprocessableEntity {
		t.Errorf("a rule that begins at 25:00: %d %s", res.status, res.body)
	}
	if desk.json(http.MethodPost, at+"/absences", `{"from":"2026-10-24T00:00:00+08:00","to":"2026-10-25T00:00:00+08:00","why":"leave"}`).read(&done); done.Removed != 2 {
		t.Errorf("away on that day: %+v", done)
	}
	away := read(desk).Absences
	if desk.json(http.MethodPost, "/api/v1/counselling/absences/"+away[len(away)-1].ID+"/end", "").read(&done); done.Added != 2 {
		t.Errorf("back again: %+v", done)
	}
	for _, other := range []string{"s02", "t07", "t14"} {
		if res := w.as(other).json(http.MethodPost, at+"/absences", `{"from":"2026-10-24T00:00:00+08:00","to":"2026-10-25T00:00:00+08:00","why":"leave"}`); res.status != http.StatusForbidden {
			t.Errorf("%s sends a counsellor away: %d", other, res.status)
		}
	}
}

func TestAPI_the_calendar_is_read_by_all_and_changed_by_the_office(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const day = `{"day":"2026-10-21","kind":"holiday","name":"校运会"}`
	for _, other := range []string{"s02", "t01", "t05", "t14"} {
		if res := w.as(other).json(http.MethodPost, "/api/v1/calendar/days", day); res.status != http.StatusForbidden {
			t.Errorf("%s changes the calendar: %d", other, res.status)
		}
	}
	office := w.as("t08")
	if res := office.json(http.MethodPost, "/api/v1/calendar/days", day); res.status != http.StatusNoContent {
		t.Fatalf("a holiday: %d %s", res.status, res.body)
	}
	if res := w.as("s02").json(http.MethodGet, "/api/v1/calendar/days?year=2026", ""); !strings.Contains(res.body, `"day":"2026-10-21","kind":"holiday","name":"校运会"`) {
		t.Errorf("the year: %s", res.body)
	}
	if res := office.json(http.MethodPost, "/api/v1/calendar/days/remove", `{"day":"2026-10-21"}`); res.status != http.StatusNoContent {
		t.Errorf("an ordinary day again: %d %s", res.status, res.body)
	}
	for _, wrong := range []string{`{"day":"21.10.2026"}`, `{}`} {
		if res := office.json(http.MethodPost, "/api/v1/calendar/days/remove", wrong); res.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", wrong, res.status)
		}
	}
}
