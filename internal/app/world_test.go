package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/app"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// world is the product as its users meet it: one process, the simulated WeCom over
// real HTTP and real encryption, a real database, and a clock that stands still
// until it is moved.
type world struct {
	t     testing.TB
	clock *clock.Fixed
	db    *store.DB
	app   *app.App
	sim   *simulator.Server
	api   string // of the simulator
	url   string // of the product
	redis *localdb.Redis
	after map[string]int64 // messages a person has seen
}

const (
	corp   = "ww00000000000000aa"
	agent  = 1000002
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

func settings(t testing.TB, dbURL, redisAddr, public, sim string) (*config.Config, []string) {
	t.Helper()
	env := []string{
		"DATABASE_URL=" + dbURL, "REDIS_URL=redis://" + redisAddr, "XUEGONG_PUBLIC_URL=" + public,
		"WECOM_CORP_ID=" + corp, fmt.Sprintf("WECOM_AGENT_ID=%d", agent), "WECOM_SECRET=secret", "WECOM_TOKEN=token",
		"WECOM_AES_KEY=" + aesKey, "WECOM_API_URL=" + sim, "WECOM_OAUTH_URL=" + sim, "WECOM_LOGIN_URL=" + sim,
		"XUEGONG_DATA_KEY=test:" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
	}
	cfg, err := config.Load(env)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, env
}

// lateHandler lets a server's address be known before its handler.
type lateHandler struct{ http.Handler }

func newSimulator(t testing.TB, cfg simulator.Config) (*simulator.Server, string) {
	t.Helper()
	late := &lateHandler{}
	srv := httptest.NewServer(late)
	cfg.CorpID, cfg.AgentID, cfg.Secret, cfg.Token, cfg.AESKey = corp, agent, "secret", "token", aesKey
	cfg.AppName = "学工"
	sim, err := simulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	late.Handler = sim.Handler()
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close(); _ = sim.Close() })
	sim.SetDirectory(app.SampleDirectory())
	return sim, srv.URL
}

func newWorld(t testing.TB) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return newLoggedWorld(t, log)
}

func newLoggedWorld(t testing.TB, log *slog.Logger, before ...func(db *store.DB)) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewFixed(storetest.Monday), after: map[string]int64{}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + ln.Addr().String()
	if w.redis, err = localdb.StartRedis(localdb.Options{Test: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.redis.Stop)
	w.sim, w.api = newSimulator(t, simulator.Config{
		CallbackURL: w.url + "/wecom/callback", HomeURL: w.url + "/m/", AppURL: w.url, Clock: w.clock,
		Advance: func(ctx context.Context, d time.Duration) (time.Time, error) { return w.app.Advance(ctx, w.clock, d) },
	})
	cfg, _ := settings(t, storetest.Loaded(t, "sample", sample.Load), w.redis.Addr(), w.url, w.api)
	if w.app, err = app.New(context.Background(), cfg, app.Options{Clock: w.clock, Log: log, Listener: ln}); err != nil {
		t.Fatal(err)
	}
	w.db = w.app.DB()
	for _, prepare := range before {
		prepare(w.db)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.app.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		w.app.Close()
	})
	return w
}

// control posts to the simulator's control API.
func (w *world) control(path string, body map[string]any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	res, err := http.Post(w.api+path, "application/json", bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= 300 {
		text, _ := io.ReadAll(res.Body)
		return fmt.Errorf("%s: %s %s", path, res.Status, text)
	}
	return nil
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// shown is a message as the phone shows it.
type shown struct {
	Seq     int64           `json:"seq"`
	MsgID   string          `json:"msgid"`
	MsgType string          `json:"msgtype"`
	Body    json.RawMessage `json:"body"`
	Card    map[string]any  `json:"card"`
}

// messages waits for something new to a person and returns it, nothing after the wait.
func (w *world) messages(user string, wait time.Duration) []shown {
	w.t.Helper()
	q := url.Values{"user": {user}, "after": {fmt.Sprint(w.after[user])}}
	if wait > 0 {
		q.Set("wait", wait.String())
	}
	res, err := http.Get(w.api + "/sim/messages?" + q.Encode())
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	var list []shown
	w.must(json.NewDecoder(res.Body).Decode(&list))
	return list
}

// next returns the next message of a person, in the order of the phone.
func (w *world) next(user string) shown {
	w.t.Helper()
	list := w.messages(user, time.Minute)
	if len(list) == 0 {
		w.t.Fatalf("%s waited a minute for a message", user)
	}
	w.after[user] = list[0].Seq
	return list[0]
}

// text flattens a message to what a person reads on it.
func (m shown) text() string {
	if m.Card != nil {
		return flatten(m.Card)
	}
	var body struct {
		Text     struct{ Content string }
		TextCard struct{ Title, Description, URL string }
	}
	_ = json.Unmarshal(m.Body, &body)
	if body.TextCard.Title != "" {
		return body.TextCard.Title + " / " + body.TextCard.Description
	}
	return body.Text.Content
}

func flatten(card map[string]any) string {
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	title, _ := card["main_title"].(map[string]any)
	add(str(title["title"]))
	add(str(title["desc"]))
	add(str(card["sub_title_text"]))
	for _, row := range list(card["horizontal_content_list"]) {
		add(str(row["keyname"]) + "：" + str(row["value"]))
	}
	if sel, ok := card["button_selection"].(map[string]any); ok {
		var options []string
		for _, o := range list(sel["option_list"]) {
			options = append(options, str(o["text"]))
		}
		add("{" + strings.Join(options, "|") + "}")
	}
	if grey := str(card["replace_text"]); grey != "" {
		add("(" + grey + ")")
		return strings.Join(parts, " / ")
	}
	for _, b := range list(card["button_list"]) {
		add("[" + str(b["text"]) + "]")
	}
	return strings.Join(parts, " / ")
}

func str(v any) string { s, _ := v.(string); return s }

func list(v any) []map[string]any {
	items, _ := v.([]any)
	var out []map[string]any
	for _, i := range items {
		if m, ok := i.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// press presses the button of that label on a card; with option it first selects it.
func (w *world) press(user string, m shown, label, option string) error {
	body := map[string]any{"user": user, "msgid": m.MsgID}
	for _, b := range list(m.Card["button_list"]) {
		if str(b["text"]) == label {
			body["key"] = str(b["key"])
		}
	}
	if body["key"] == nil {
		return fmt.Errorf("no button %q on: %s", label, m.text())
	}
	if option != "" {
		sel, _ := m.Card["button_selection"].(map[string]any)
		for _, o := range list(sel["option_list"]) {
			if strings.Contains(str(o["text"]), option) {
				body["selected"] = map[string][]string{str(sel["question_key"]): {str(o["id"])}}
			}
		}
		if body["selected"] == nil {
			return fmt.Errorf("no option %q on: %s", option, m.text())
		}
	}
	return w.control("/sim/press", body)
}

// browser signs a person in as the WeCom client does and keeps the session.
func (w *world) browser(user string) *http.Client {
	w.t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar, Timeout: time.Minute, Transport: phone{user}}
	res, err := c.Get(w.url + "/m/")
	w.must(err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s signs in: %s", user, res.Status)
	}
	return c
}

// phone is the WeCom client's web view: its User-Agent, and whose it is.
type phone struct{ user string }

func (p phone) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 13) Mobile wxwork/4.1.39 MicroMessenger/7.0.1")
	if strings.HasPrefix(r.URL.Path, "/connect/oauth2/authorize") {
		q := r.URL.Query()
		q.Set("user", p.user)
		r.URL.RawQuery = q.Encode()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// call posts JSON to the product's API as the person.
func (w *world) call(c *http.Client, method, path string, body any) (int, map[string]any) {
	w.t.Helper()
	b, err := json.Marshal(body)
	w.must(err)
	req, err := http.NewRequest(method, w.url+path, bytes.NewReader(b))
	w.must(err)
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	var out map[string]any
	_ = json.NewDecoder(res.Body).Decode(&out)
	return res.StatusCode, out
}

// agree reads the present notice to its end and agrees, on the page's API.
func (w *world) agree(c *http.Client) {
	w.t.Helper()
	status, notice := w.call(c, http.MethodGet, "/api/v1/counselling/notice", nil)
	if status != http.StatusOK {
		w.t.Fatalf("notice: %d %v", status, notice)
	}
	if status, out := w.call(c, http.MethodPost, "/api/v1/counselling/consent", map[string]any{"version": notice["version"]}); status >= 300 {
		w.t.Fatalf("agree: %d %v", status, out)
	}
}

// sound fails the test if the audit finds anything.
func (w *world) sound() {
	w.t.Helper()
	lines, err := app.Broken(context.Background(), w.db)
	w.must(err)
	for _, l := range lines {
		w.t.Error(l)
	}
}
