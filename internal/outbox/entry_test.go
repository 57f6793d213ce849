package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/internal/wecom"
)

func (p *post) calendarWorker(c outbox.CalendarClient) *outbox.CalendarWorker {
	return &outbox.CalendarWorker{DB: p.db, Client: c, Render: renderEntry, Name: "日程", Log: slog.New(slog.DiscardHandler)}
}

// renderEntry makes an hour of {"text": …, "in": hours after Monday nine}.
func renderEntry(_ context.Context, _ *store.Tx, o outbox.Outgoing) (wecom.Schedule, error) {
	var args struct {
		Text string
		In   int
	}
	if err := json.Unmarshal(o.Args, &args); err != nil {
		return wecom.Schedule{}, err
	}
	if args.Text == "过期" {
		return wecom.Schedule{}, outbox.ErrObsolete
	}
	start := storetest.Monday.Add(time.Duration(args.In) * time.Hour)
	return wecom.Schedule{Start: start, End: start.Add(time.Hour), Summary: args.Text}, nil
}

func (p *post) putEntry(text string, in int, to ...identity.ID) {
	p.t.Helper()
	if len(to) == 0 {
		to = p.persons
	}
	p.update(func(tx *store.Tx) error {
		return outbox.PutEntry(context.Background(), tx, outbox.Entry{
			Subject: "s", Scope: "school", Kind: "hour", To: to, Args: map[string]any{"text": text, "in": in},
		})
	})
}

func (p *post) dropEntry() {
	p.t.Helper()
	p.update(func(tx *store.Tx) error { return outbox.DropEntry(context.Background(), tx, "s") })
}

// days works until nothing is due now.
func (p *post) days() { p.calendarWorker(p.client).Drain(context.Background()) }

// calendar returns what the person's calendar shows, "text@hours after Monday nine".
func (p *post) calendar(i int) []string {
	p.t.Helper()
	rec := httptest.NewRecorder()
	p.sim.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/sim/calendar?user=p%d", i), nil))
	var list []struct {
		Summary string `json:"summary"`
		Start   int64  `json:"start_time"`
		Status  int    `json:"status"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &list); err != nil {
		p.t.Fatalf("calendar: %v: %s", err, rec.Body)
	}
	var got []string
	for _, s := range list {
		if s.Status == 0 {
			got = append(got, fmt.Sprintf("%s@%d", s.Summary, (s.Start-storetest.Monday.Unix())/3600))
		}
	}
	return got
}

func (p *post) shows(i int, want ...string) {
	p.t.Helper()
	if diff := cmp.Diff(want, p.calendar(i)); diff != "" {
		p.t.Errorf("calendar of p%d (-want +got):\n%s", i, diff)
	}
}

// entry returns the state of the one entry.
func (p *post) entry() (state string, wanted, shown int) {
	p.t.Helper()
	p.update(func(tx *store.Tx) error {
		return tx.QueryRow(`select state, wanted, shown from entry`).Scan(&state, &wanted, &shown)
	})
	return state, wanted, shown
}

func TestAnEntryFollowsWhatIsWanted(t *testing.T) {
	t.Parallel()
	p := newPost(t, 3)
	p.putEntry("面谈", 30, p.persons[:2]...)
	p.days()
	p.shows(0, "面谈@30")
	p.shows(1, "面谈@30")
	p.putEntry("面谈", 54, p.persons[0], p.persons[2]) // moved, and to another counsellor
	p.days()
	p.shows(0, "面谈@54")
	p.shows(1)
	p.shows(2, "面谈@54")
	if state, wanted, shown := p.entry(); state != "done" || wanted != 2 || shown != 2 {
		t.Errorf("entry is %s, wanted %d, shown %d", state, wanted, shown)
	}
	p.dropEntry()
	p.dropEntry()
	p.days()
	p.shows(0)
	p.putEntry("又约", 80)
	p.days()
	p.shows(0, "又约@80")
	p.sound()
}

func TestWhatWasNeverShownNeedsNoCallToBeDropped(t *testing.T) {
	t.Parallel()
	p := newPost(t, 1)
	p.putEntry("面谈", 30)
	p.dropEntry()
	p.fault(`{"kind":"errcode","path":"oa/calendar/add","code":40058,"count":9}`)
	p.days()
	if state, _, _ := p.entry(); state != "done" {
		t.Errorf("entry is %s, want done", state)
	}
	p.putEntry("过期", 30)
	p.dropEntry()
	p.days()
	p.sound()
}

// Whatever WeCom answers, in the end there is one entry or a line on the desk.
func TestAnswersToEntries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fault string
		want        []string
		state       string
	}{
		{"busy_is_tried_again", `{"kind":"errcode","path":"oa/schedule/add","code":-1,"count":10}`, []string{"面谈@30"}, "done"},
		{"an_add_without_an_answer_is_looked_for", `{"kind":"lost_answer","path":"oa/schedule/add","count":1}`, []string{"面谈@30"}, "done"},
		{"an_add_that_never_arrived_is_repeated", `{"kind":"reset","path":"oa/schedule/add","count":2}`, []string{"面谈@30"}, "done"},
		{"the_calendar_is_made_later", `{"kind":"reset","path":"oa/calendar/add","count":2}`, []string{"面谈@30"}, "done"},
		{"an_app_that_may_not_waits_for_the_administrator", `{"kind":"errcode","path":"oa/schedule/add","code":48002,"count":2}`, []string{"面谈@30"}, "done"},
		{"a_member_out_of_reach_is_refused", `{"kind":"errcode","path":"oa/schedule/add","code":60111,"count":1}`, nil, "refused"},
		{"a_wrong_request_is_dead", `{"kind":"errcode","path":"oa/schedule/add","code":40058,"count":1}`, nil, "dead"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPost(t, 1)
			p.fault(tt.fault)
			p.putEntry("面谈", 30)
			for range 12 {
				p.days()
				_ = p.clock.MoveTo(p.clock.Now().Add(5 * time.Minute))
			}
			p.shows(0, tt.want...)
			if state, _, _ := p.entry(); state != tt.state {
				t.Errorf("entry is %s, want %s", state, tt.state)
			}
			p.sound()
		})
	}
}

// crashingCalendar does the call and dies before anything is recorded.
type crashingCalendar struct{ *wecom.Client }

func (c crashingCalendar) AddSchedule(ctx context.Context, s wecom.Schedule) (string, error) {
	_, _ = c.Client.AddSchedule(ctx, s)
	runtime.Goexit()
	return "", nil
}

func TestKilledBetweenAddAndRecordAnEntryStandsOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile func(p *post)
		want      []string
	}{
		"unchanged": {func(*post) {}, []string{"面谈@30"}},
		"moved":     {func(p *post) { p.putEntry("面谈", 54) }, []string{"面谈@54"}},
		"dropped":   {(*post).dropEntry, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPost(t, 1)
			p.putEntry("面谈", 30)
			p.calendarWorker(crashingCalendar{p.client}).Drain(context.Background())
			p.shows(0, "面谈@30")
			tt.meanwhile(p)
			p.days() // the lease of the dead process still holds
			_ = p.clock.MoveTo(p.clock.Now().Add(time.Minute))
			p.days()
			p.shows(0, tt.want...)
			p.sound()
		})
	}
}

// movingCalendar has the entry moved while it is being added.
type movingCalendar struct {
	*wecom.Client
	move func()
}

func (c movingCalendar) AddSchedule(ctx context.Context, s wecom.Schedule) (string, error) {
	defer c.move()
	return c.Client.AddSchedule(ctx, s)
}

func TestTheLastWantedWinsOverACallUnderWay(t *testing.T) {
	t.Parallel()
	p := newPost(t, 1)
	p.putEntry("面谈", 30)
	p.calendarWorker(movingCalendar{p.client, func() { p.putEntry("面谈", 54) }}).Drain(context.Background())
	p.shows(0, "面谈@54")
	p.sound()
}

func TestAnEntryThatFailedIsOnTheDeskAndTriedAgain(t *testing.T) {
	t.Parallel()
	p := newPost(t, 1)
	users := []simulator.User{{UserID: "p0", Name: "学生", Kind: "student", Departments: []int{1}}}
	directory := func(inRange bool) {
		users[0].InRange = inRange
		p.sim.SetDirectory([]simulator.Department{{ID: 1, Name: "学校"}}, users, nil)
	}
	directory(false)
	p.putEntry("面谈", 30)
	p.days()
	var letters []outbox.Letter
	p.update(func(tx *store.Tx) (err error) {
		letters, err = outbox.Letters(context.Background(), tx, []string{"school"}, 10)
		return err
	})
	if len(letters) != 1 || letters[0].Kind != "hour" || letters[0].Code != 60111 || letters[0].To != "学生0" {
		t.Fatalf("letters = %+v", letters)
	}
	directory(true)
	p.update(func(tx *store.Tx) error { return outbox.Again(context.Background(), tx, letters[0].PublicID) })
	p.days()
	p.shows(0, "面谈@30")
	p.sound()
}
