package page_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/miniapp/page"
	"github.com/xuegong/xuegong/templates"
)

func TestByDay_goes_by_midnight_of_the_school(t *testing.T) {
	t.Parallel()
	zone := storetest.Shanghai()
	at := func(s string) counselling.Slot {
		start, err := time.Parse("2006-01-02 15:04 -0700", s)
		if err != nil {
			t.Fatal(err)
		}
		return counselling.Slot{StartsAt: start, Open: true, Capacity: 1}
	}
	full := at("2026-10-14 15:00 +0800")
	full.Taken = 1
	days := page.ByDay([]counselling.Slot{at("2026-10-13 15:30 +0000"), at("2026-10-13 16:00 +0000"), full}, zone)
	var got []string
	for _, d := range days {
		got = append(got, d.Date.Format(time.DateOnly)+strings.Repeat(" hour", len(d.Slots))+strings.Repeat(" free", d.Free()))
	}
	if diff := cmp.Diff([]string{"2026-10-13 hour free", "2026-10-14 hour hour free"}, got); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
}

func TestWeeks_are_folded_once_there_are_days_to_choose_from(t *testing.T) {
	t.Parallel()
	zone := storetest.Shanghai()
	var slots []counselling.Slot
	for d := range 20 { // from Thursday 2026-10-15; the first is full
		at := time.Date(2026, 10, 15+d, 9, 0, 0, 0, zone)
		if w := at.Weekday(); w == time.Saturday || w == time.Sunday {
			continue
		}
		s := counselling.Slot{Open: true, Capacity: 1, StartsAt: at}
		if d == 0 {
			s.Taken = 1
		}
		slots = append(slots, s)
	}
	times := page.Times{Days: page.ByDay(slots, zone)}
	var got []string
	for _, w := range times.Weeks() {
		got = append(got, fmt.Sprintf("%s free %d folded %t", w.Name(), w.Free(), w.Folded))
	}
	want := []string{"10月15日–16日 free 1 folded false", "10月19日–23日 free 5 folded false", "10月26日–30日 free 5 folded true", "11月2日–3日 free 2 folded true"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestCanCancel(t *testing.T) {
	t.Parallel()
	till := storetest.Monday
	before, at := till.Add(-time.Minute), till
	for _, tt := range []struct {
		name  string
		state counselling.State
		own   bool
		now   time.Time
		want  bool
	}{
		{"pending_at_any_time", counselling.Pending, true, at, true},
		{"confirmed_before_the_cut_off", counselling.Confirmed, true, before, true},
		{"confirmed_at_the_cut_off", counselling.Confirmed, true, at, false},
		{"what_is_over", counselling.Arrived, true, before, false},
		{"somebody_else's", counselling.Pending, false, before, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := page.Booking{Base: page.Base{Now: tt.now}, Booking: counselling.Booking{State: tt.state}, Own: tt.own, CancelTill: till}
			if got := p.CanCancel(); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A state is told by colour, icon and word together, never by one of them.
func TestBadges_have_a_tone_an_icon_and_a_word(t *testing.T) {
	t.Parallel()
	words := map[string]bool{}
	for _, s := range counselling.States() {
		b := page.BadgeOf(s)
		if b.Tone == "" || b.Icon == "" || b.Word == "" || words[b.Word] {
			t.Errorf("%s: %+v", s, b)
		}
		words[b.Word] = true
	}
}

func TestModulesFor_shows_what_is_for_the_person(t *testing.T) {
	t.Parallel()
	home := templates.Home{Modules: []templates.Module{{Name: "一", Items: []templates.Item{
		{Code: "all"}, {Code: "s", For: []string{"student"}}, {Code: "t", For: []string{"staff"}},
	}}, {Name: "二", Empty: "还没有"}}}
	codes := func(kind identity.Kind) (got []string) {
		for _, m := range page.ModulesFor(home, identity.Person{Kind: kind}) {
			got = append(got, m.Name+m.Empty)
			for _, i := range m.Items {
				got = append(got, i.Code)
			}
		}
		return got
	}
	if diff := cmp.Diff([]string{"一", "all", "s", "二还没有"}, codes(identity.Student)); diff != "" {
		t.Errorf("student (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"一", "all", "t", "二还没有"}, codes(identity.Staff)); diff != "" {
		t.Errorf("staff (-want +got):\n%s", diff)
	}
}

func TestLoadHotlines(t *testing.T) {
	t.Parallel()
	const good = "first: {name: 热线, number: \"12356\"}\n"
	for _, tt := range []struct{ name, file, mistake string }{
		{"good", good, ""},
		{"with_a_duty_line", good + "others: [{name: 值班, number: 021-5550-0110}]", ""},
		{"no_number_to_call", "first: {name: 热线, number: 暂无}", "needs a name and a number"},
		{"an_unnamed_line", good + "danger: [{number: \"120\"}]", "needs a name and a number"},
		{"an_unknown_word", good + "other: []", "other"},
		{"nothing", "", "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lines, err := page.LoadHotlines(fstest.MapFS{"shared/hotlines.yaml": {Data: []byte(tt.file)}})
			switch {
			case tt.mistake == "" && (err != nil || lines.First.Dial() != "12356"):
				t.Errorf("got %+v, %v", lines, err)
			case tt.mistake != "" && (err == nil || !strings.Contains(err.Error(), tt.mistake)):
				t.Errorf("got %v, want a word about %q", err, tt.mistake)
			}
		})
	}
}

type unknown struct{ page.Home }

func (*unknown) Template() string { return "h5/unknown" }

func TestRender_of_an_unknown_template(t *testing.T) {
	t.Parallel()
	render, _ := book(t)
	if err := render.Render(io.Discard, &unknown{}); err == nil || !strings.Contains(err.Error(), "h5/unknown") {
		t.Errorf("got %v", err)
	}
}
