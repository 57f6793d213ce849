package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/internal/wecom"
)

// post is a worker between a real database and the simulated WeCom.
type post struct {
	t       *testing.T
	db      *store.DB
	clock   *clock.Fixed
	sim     *simulator.Server
	api     string
	client  *wecom.Client
	worker  *outbox.Worker
	persons []identity.ID // userids p0, p1, …
}

func newPost(t *testing.T, persons int) *post {
	t.Helper()
	db, clk := storetest.DB(t)
	p := &post{t: t, db: db, clock: clk}
	var users []simulator.User
	storetest.Update(t, db, func(tx *store.Tx) error {
		for i := range persons {
			var id identity.ID
			if err := tx.Get(&id, `insert into person (public_id, name, kind, created_at, updated_at) values ($1, $2, 'student', $3, $3) returning id`,
				store.NewPublicID(), fmt.Sprintf("学生%d", i), tx.Now()); err != nil {
				return err
			}
			userid := fmt.Sprintf("p%d", i)
			if _, err := tx.Exec(`insert into account (person_id, userid, bound_by, valid_from) values ($1, $2, 'sample', $3)`, id, userid, tx.Now()); err != nil {
				return err
			}
			p.persons = append(p.persons, id)
			users = append(users, simulator.User{UserID: userid, Name: "学生", Kind: "student", Departments: []int{1}, InRange: true})
		}
		return nil
	})
	var err error
	p.sim, err = simulator.New(simulator.Config{
		CorpID: "ww1", AgentID: 1, Secret: "s", Token: "t", CallbackURL: "http://127.0.0.1:1/",
		AESKey: strings.Repeat("a", 43), Clock: clk,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.sim.SetDirectory([]simulator.Department{{ID: 1, Name: "学校"}}, users, nil)
	srv := httptest.NewServer(p.sim.Handler())
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close(); _ = p.sim.Close() })
	p.api = srv.URL
	if p.client, err = wecom.New(wecom.Config{
		CorpID: "ww1", AgentID: 1, Secret: "s", APIURL: srv.URL, Clock: clk,
		Limits: wecom.Limits{Trip: 1000, Budget: 50 * time.Millisecond},
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.client.Close)
	p.worker = p.newWorker(p.client)
	return p
}

func (p *post) newWorker(c outbox.Client) *outbox.Worker {
	return &outbox.Worker{DB: p.db, Client: c, Render: render, Log: slog.New(slog.DiscardHandler)}
}

// render makes texts and cards of {"text": …}; the word 过期 is obsolete.
func render(ctx context.Context, tx *store.Tx, o outbox.Outgoing) (json.RawMessage, error) {
	if o.Kind == outbox.KindSummary {
		cards, joined, err := outbox.Undecided(ctx, tx, o.To[0].ID, "card")
		if err == nil && joined == 0 {
			err = outbox.ErrObsolete
		}
		return wecom.TextBody(o.UserIDs(), 1, fmt.Sprintf("汇总 %d+%d", cards, joined), 3600), err
	}
	var args struct{ Text string }
	if err := json.Unmarshal(o.Args, &args); err != nil {
		return nil, err
	}
	c := wecom.TemplateCard{
		CardType: wecom.CardButtons, TaskID: o.PublicID, MainTitle: &wecom.MainTitle{Title: args.Text},
		ButtonList: []wecom.Button{{Text: "好", Key: "ok"}},
	}
	switch {
	case args.Text == "过期":
		return nil, outbox.ErrObsolete
	case o.Kind == outbox.KindRenewed:
		return wecom.ReplaceButtonBody(o.UserIDs(), 1, o.Code, "已换新卡片"), nil
	case o.Update:
		c.ReplaceText = args.Text
		return wecom.UpdateBody(o.UserIDs(), 1, o.Code, c), nil
	case o.Kind == "card":
		return wecom.CardBody(o.UserIDs(), 1, c), nil
	default:
		return wecom.TextBody(o.UserIDs(), 1, args.Text, 3600), nil
	}
}

func (p *post) put(m outbox.Message, text string) {
	p.t.Helper()
	if m.Kind == "" {
		m.Kind = "text"
	}
	if m.Class == "" {
		m.Class = outbox.Reply
	}
	m.Scope, m.Args = "school", map[string]string{"text": text}
	storetest.Update(p.t, p.db, func(tx *store.Tx) error { return outbox.Put(context.Background(), tx, m) })
}

func (p *post) update(fn func(tx *store.Tx) error) {
	p.t.Helper()
	storetest.Update(p.t, p.db, fn)
}

func (p *post) drain() { p.worker.Drain(context.Background()) }

// later moves the clock on and delivers.
func (p *post) later(d time.Duration) {
	_ = p.clock.MoveTo(p.clock.Now().Add(d))
	p.drain()
}

// phone returns what the person's phone shows, a word a message.
func (p *post) phone(i int) []string {
	p.t.Helper()
	var got []string
	for _, m := range p.messages(i) {
		var body struct {
			Text struct{ Content string } `json:"text"`
		}
		_ = json.Unmarshal(m.Body, &body)
		switch {
		case m.Card != nil:
			var c struct {
				MainTitle   struct{ Title string } `json:"main_title"`
				ReplaceText string                 `json:"replace_text"`
			}
			_ = json.Unmarshal(m.Card, &c)
			if c.ReplaceText != "" {
				got = append(got, "("+c.ReplaceText+")")
			} else {
				got = append(got, "["+c.MainTitle.Title+"]")
			}
		default:
			got = append(got, body.Text.Content)
		}
	}
	return got
}

type message struct {
	MsgID string          `json:"msgid"`
	Body  json.RawMessage `json:"body"`
	Card  json.RawMessage `json:"card"`
	Shown bool            `json:"shown"`
}

func (p *post) messages(i int) []message {
	p.t.Helper()
	rec := httptest.NewRecorder()
	p.sim.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/sim/messages?user=p%d", i), nil))
	var list []message
	if err := json.Unmarshal(rec.Body.Bytes(), &list); err != nil {
		p.t.Fatalf("messages: %v: %s", err, rec.Body)
	}
	return list
}

func (p *post) fault(body string) {
	p.t.Helper()
	rec := httptest.NewRecorder()
	p.sim.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/sim/faults", strings.NewReader(body)))
	if rec.Code >= 300 {
		p.t.Fatalf("faults: %d %s", rec.Code, rec.Body)
	}
}

func (p *post) states() map[string]int {
	p.t.Helper()
	states := map[string]int{}
	p.update(func(tx *store.Tx) error {
		rows, err := tx.Query(`select state, count(*) from send group by state`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var s string
			var n int
			if err := rows.Scan(&s, &n); err != nil {
				return err
			}
			states[s] = n
		}
		return rows.Err()
	})
	return states
}

func (p *post) want(i int, want ...string) {
	p.t.Helper()
	if diff := cmp.Diff(want, p.phone(i)); diff != "" {
		p.t.Errorf("phone of p%d (-want +got):\n%s", i, diff)
	}
}

func (p *post) sound() {
	p.t.Helper()
	p.update(func(tx *store.Tx) error {
		lines, err := outbox.Broken(context.Background(), tx)
		for _, l := range lines {
			p.t.Error(l)
		}
		return err
	})
}

func TestMessagesLeaveInOrder(t *testing.T) {
	t.Parallel()
	p := newPost(t, 1)
	for i := range 12 {
		p.put(outbox.Message{To: p.persons}, fmt.Sprint(i))
	}
	p.drain()
	p.want(0, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
	p.sound()
}

func TestAnEventIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	p := newPost(t, 2)
	p.put(outbox.Message{To: p.persons[:1], Key: "e"}, "甲")
	p.put(outbox.Message{To: p.persons, Key: "e"}, "乙") // only the second has not heard
	p.drain()
	p.want(0, "甲")
	p.want(1, "乙")
	p.sound()
}

func TestTimes(t *testing.T) {
	t.Parallel()
	p := newPost(t, 1)
	now := p.clock.Now()
	p.put(outbox.Message{To: p.persons, DueAt: now.Add(time.Hour)}, "一小时后")
	p.put(outbox.Message{To: p.persons, DueAt: now.Add(2 * time.Hour), Subject: "s"}, "会取消")
	p.put(outbox.Message{To: p.persons, Class: outbox.Timed, DueAt: now.Add(3 * time.Hour), NotAfter: now.Add(4 * time.Hour)}, "太晚")
	p.put(outbox.Message{To: p.persons, DueAt: now.Add(time.Minute)}, "过期")
	p.drain()
	p.want(0)
	p.later(time.Hour)
	p.want(0, "一小时后")
	p.update(func(tx *store.Tx) error { return outbox.Cancel(context.Background(), tx, "s") })
	p.later(5 * time.Hour)
	p.want(0, "一小时后")
	if diff := cmp.Diff(map[string]int{"sent": 1, "cancelled": 2, "dead": 1}, p.states()); diff != "" {
		t.Error(diff)
	}
	p.sound()
}

// What WeCom answers, and what becomes of the message.
func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault string
		wait  time.Duration
		want  []string
		state string
	}{
		{"busy_is_tried_again", `{"kind":"errcode","path":"message/send","code":-1,"count":10}`, time.Hour, []string{"信"}, "sent"},
		{"token_gone_is_fetched_anew", `{"kind":"errcode","path":"message/send","code":42001,"count":1}`, 0, []string{"信"}, "sent"},
		{"too_fast_waits_for_the_window", `{"kind":"errcode","path":"message/send","code":45009,"count":1}`, time.Hour, []string{"信"}, "sent"},
		{"untrusted_address_waits_for_the_administrator", `{"kind":"errcode","path":"message/send","code":60020,"count":1}`, time.Hour, []string{"信"}, "sent"},
		{"nobody_there_is_refused", `{"kind":"errcode","path":"message/send","code":81013,"count":1}`, time.Hour, nil, "refused"},
		{"a_wrong_request_is_dead", `{"kind":"errcode","path":"message/send","code":40058,"count":1}`, time.Hour, nil, "dead"},
		{"no_answer_after_it_worked_is_shown_once", `{"kind":"lost_answer","path":"message/send","count":1}`, time.Hour, []string{"信"}, "sent"},
		{"a_reset_connection_is_tried_again", `{"kind":"reset","path":"message/send","count":1}`, time.Hour, []string{"信"}, "sent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPost(t, 1)
			p.fault(tt.fault)
			p.put(outbox.Message{To: p.persons}, "信")
			p.drain()
			for range 12 {
				p.later(tt.wait / 12)
			}
			p.want(0, tt.want...)
			if p.states()[tt.state] != 1 {
				t.Errorf("states %v, want one %s", p.states(), tt.state)
			}
			p.sound()
		})
	}
}

func TestSomeRecipientsAreGone(t *testing.T) {
	t.Parallel()
	p := newPost(t, 2)
	p.sim.SetDirectory([]simulator.Department{{ID: 1, Name: "学校"}},
		[]simulator.User{{UserID: "p0", Name: "学生", Kind: "student", Departments: []int{1}, InRange: true}}, nil)
	p.put(outbox.Message{To: p.persons}, "信")
	p.drain()
	p.want(0, "信")
	var state string
	p.update(func(tx *store.Tx) error {
		return tx.Get(&state, `select state from outbox where person_id = $1`, p.persons[1])
	})
	if state != "refused" {
		t.Errorf("state of the one who is gone = %q, want refused", state)
	}
	p.sound()
}

func TestDeadLettersAreSentAgain(t *testing.T) {
	t.Parallel()
	p := newPost(t, 1)
	p.fault(`{"kind":"errcode","path":"message/send","code":40058,"count":1}`)
	p.put(outbox.Message{To: p.persons}, "信")
	p.drain()
	var letters []outbox.Letter
	p.update(func(tx *store.Tx) (err error) {
		letters, err = outbox.Letters(context.Background(), tx, []string{"school"}, 10)
		return err
	})
	if len(letters) != 1 || letters[0].Code != 40058 {
		t.Fatalf("letters = %+v", letters)
	}
	p.update(func(tx *store.Tx) error { return outbox.Again(context.Background(), tx, letters[0].PublicID) })
	p.drain()
	p.want(0, "信")
	p.sound()
}

// crashing does the call and dies before anything is recorded.
type crashing struct {
	*wecom.Client
}

func (c crashing) Send(ctx context.Context, b json.RawMessage) (wecom.SendResult, error) {
	_, _ = c.Client.Send(ctx, b)
	runtime.Goexit()
	return wecom.SendResult{}, nil
}

func (c crashing) UpdateCard(ctx context.Context, b json.RawMessage) (wecom.UpdateResult, error) {
	_, _ = c.Client.UpdateCard(ctx, b)
	runtime.Goexit()
	return wecom.UpdateResult{}, nil
}

func TestKilledBetweenCallAndRecord(t *testing.T) {
	t.Parallel()
	t.Run("text_and_card_are_shown_once", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		p.put(outbox.Message{To: p.persons}, "信")
		p.newWorker(crashing{p.client}).Drain(context.Background())
		p.want(0, "信")
		if p.states()["waiting"] != 1 {
			t.Fatalf("states %v: the crash left no trace", p.states())
		}
		p.later(2 * time.Minute)
		p.put(outbox.Message{To: p.persons, Kind: "card", Card: true, Subject: "s"}, "卡")
		p.newWorker(crashing{p.client}).Drain(context.Background())
		p.later(2 * time.Minute)
		p.want(0, "信", "[卡]")
		if diff := cmp.Diff(map[string]int{"sent": 2}, p.states()); diff != "" {
			t.Error(diff)
		}
		p.sound()
	})
	t.Run("a_card_becomes_its_result_once", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		p.put(outbox.Message{To: p.persons, Kind: "card", Card: true, Subject: "s"}, "卡")
		p.drain()
		p.settle()
		p.newWorker(crashing{p.client}).Drain(context.Background())
		p.later(2 * time.Minute)
		p.want(0, "(办好了)")
		if diff := cmp.Diff(map[string]int{"sent": 2}, p.states()); diff != "" {
			t.Error(diff)
		}
		p.sound()
	})
}

// settle turns every card of the subject into 办好了.
func (p *post) settle() {
	p.t.Helper()
	p.update(func(tx *store.Tx) error {
		return outbox.Settle(context.Background(), tx, "s", "text", map[string]string{"text": "办好了"})
	})
}

func TestSettle(t *testing.T) {
	t.Parallel()
	card := func(p *post) {
		p.put(outbox.Message{To: p.persons, Kind: "card", Card: true, Subject: "s"}, "卡")
	}
	t.Run("every_holder_sees_the_result", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 3)
		card(p)
		p.drain()
		p.settle()
		p.drain()
		for i := range 3 {
			p.want(i, "(办好了)")
		}
		p.sound()
	})
	t.Run("a_card_not_yet_sent_is_withdrawn", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		card(p)
		p.settle()
		p.drain()
		p.want(0)
		p.sound()
	})
	t.Run("after_three_days_the_holder_reads_it_as_text", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		card(p)
		p.drain()
		p.later(73 * time.Hour)
		p.settle()
		p.drain()
		p.want(0, "[卡]", "办好了")
		p.sound()
	})
	t.Run("a_spent_code_gives_way_to_that_of_the_press", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		card(p)
		p.drain()
		m := p.messages(0)[0]
		if _, err := p.sim.Press("p0", m.MsgID, "ok", nil, false); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		p.fault(`{"kind":"errcode","path":"message/update_template_card","code":60140,"count":1}`)
		p.update(func(tx *store.Tx) error {
			var task string
			if err := tx.Get(&task, `select public_id from send`); err != nil {
				return err
			}
			_, err := outbox.Pressed(context.Background(), tx, task, "no-such-code")
			return err
		})
		p.settle()
		for range 5 {
			p.later(time.Second)
		}
		p.want(0, "(办好了)")
		p.sound()
	})
}

func TestBudgetStaysUnderTheSilentDrop(t *testing.T) {
	t.Parallel()
	p := newPost(t, 1)
	for i := range 60 {
		p.put(outbox.Message{To: p.persons}, fmt.Sprint(i))
	}
	p.drain()
	if n := len(p.phone(0)); n != 25 {
		t.Errorf("%d in the first minute, want 25", n)
	}
	p.later(61 * time.Second)
	p.later(61 * time.Second)
	for i, m := range p.messages(0) {
		if !m.Shown {
			t.Fatalf("message %d was dropped silently", i)
		}
	}
	if n := len(p.phone(0)); n != 60 {
		t.Errorf("%d in three minutes, want 60", n)
	}
	p.sound()
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	zone := storetest.Shanghai()
	q := outbox.Quiet{From: "22:30", To: "07:00", Zone: zone}
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 10, day, hour, minute, 0, 0, zone) }
	tests := []struct {
		name     string
		due, now time.Time
		want     time.Time
	}{
		{"by_day_nothing_changes", at(12, 15, 0), at(12, 9, 0), at(12, 15, 0)},
		{"early_morning_goes_out_the_evening_before", at(13, 6, 30), at(12, 9, 0), at(12, 22, 23)},
		{"if_that_is_past_at_the_end_of_quiet", at(13, 6, 30), at(12, 23, 0), at(13, 7, 0)},
		{"late_evening_goes_out_before_it", at(12, 23, 0), at(12, 9, 0), at(12, 22, 23)},
		{"the_end_is_not_quiet", at(13, 7, 0), at(12, 9, 0), at(13, 7, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := q.TimedAt(tt.due, tt.now); !got.Equal(tt.want) {
				t.Errorf("TimedAt = %v, want %v", got, tt.want)
			}
		})
	}
}

// A row that no key opens goes to the desk; the others leave.
func TestOneUnreadableMessageHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	p := newPost(t, 2)
	p.put(outbox.Message{To: p.persons[:1]}, "坏")
	p.update(func(tx *store.Tx) error {
		_, err := tx.Exec(`update send set args = 'x'`)
		return err
	})
	p.put(outbox.Message{To: p.persons[:1]}, "甲")
	p.put(outbox.Message{To: p.persons[1:]}, "乙")
	p.drain()
	p.want(0, "甲")
	p.want(1, "乙")
	if p.states()["dead"] != 1 {
		t.Errorf("states %v, want one dead", p.states())
	}
	p.sound()
}
