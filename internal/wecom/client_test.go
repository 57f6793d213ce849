package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/xuegong/xuegong/internal/clock"
)

// theSecret must never be seen outside a request.
const theSecret = "SEKRET-of-the-app"

// script is a server that answers each API with what the test wrote down: the nth call gets the
// nth answer, the last one stays. gettoken hands out T1, T2, … by itself unless it is scripted.
type script struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string][]string
	calls   map[string]int
	tokens  []string // access_token of each business call
	bodies  []string
}

func newScript(t *testing.T, answers map[string][]string) *script {
	t.Helper()
	s := &script{answers: answers, calls: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *script) serve(w http.ResponseWriter, r *http.Request) {
	api := strings.TrimPrefix(r.URL.Path, "/cgi-bin/")
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.calls[api]
	s.calls[api]++
	if api != apiToken {
		s.tokens = append(s.tokens, r.URL.Query().Get("access_token"))
		s.bodies = append(s.bodies, string(body))
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	answers := s.answers[api]
	switch {
	case len(answers) > 0:
		answer(w, answers[min(n, len(answers)-1)])
	case api == apiToken:
		_, _ = fmt.Fprintf(w, `{"errcode":0,"errmsg":"ok","access_token":"T%d","expires_in":7200}`, n+1)
	default:
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
	}
}

// answer writes a body, or does what a word says.
func answer(w http.ResponseWriter, a string) {
	switch a {
	case "reset":
		panic(http.ErrAbortHandler)
	case "502":
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html>bad gateway corpsecret="+theSecret+"</html>")
	case "404":
		w.WriteHeader(http.StatusNotFound)
	case "redirect":
		w.Header().Set("Location", "http://elsewhere.invalid/?access_token=T1")
		w.WriteHeader(http.StatusFound)
	case "image":
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = io.WriteString(w, "JPEGJPEG")
	default:
		_, _ = io.WriteString(w, a)
	}
}

func (s *script) count(api string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[api]
}

// testConfig is quick about everything that waits.
func testConfig(url string) Config {
	return Config{
		CorpID: testCorp, AgentID: 1000002, Secret: theSecret, APIURL: url,
		Clock:  clock.NewFixed(time.Date(2026, 10, 14, 9, 0, 0, 0, time.UTC)),
		Limits: Limits{Budget: 80 * time.Millisecond, Trip: 1000, Cooldown: time.Millisecond},
	}
}

func newTestClient(t *testing.T, cfg Config) *Client {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newRedis(t *testing.T) (*miniredis.Miniredis, redis.UniversalClient) {
	t.Helper()
	m := miniredis.RunT(t)
	r := redis.NewClient(&redis.Options{
		Addr: m.Addr(), MaxRetries: -1, DialTimeout: time.Second, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	t.Cleanup(func() { _ = r.Close() })
	return m, r
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

const refusedToken = `{"errcode":40014,"errmsg":"invalid access_token"}`

func TestFiftyCallersFetchOneToken(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	_, shared := newRedis(t)
	cfg := testConfig(s.URL)
	cfg.Redis = shared
	clients := []*Client{newTestClient(t, cfg), newTestClient(t, cfg), newTestClient(t, cfg)} // three processes
	together(50, func(i int) {
		if err := clients[i%3].Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if n := s.count(apiToken); n != 1 {
		t.Errorf("%d tokens fetched, want 1", n)
	}
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []int{40014, 42001, 40001} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{"agent/get": {fmt.Sprintf(`{"errcode":%d,"errmsg":"expired"}`, code), `{"errcode":0,"name":"学工"}`}})
			_, shared := newRedis(t)
			cfg := testConfig(s.URL)
			cfg.Redis = shared
			agent, err := newTestClient(t, cfg).Agent(t.Context())
			if err != nil || agent.Name != "学工" {
				t.Fatalf("Agent = %+v, %v", agent, err)
			}
			if diff := cmp.Diff([]string{"T1", "T2"}, s.tokens); diff != "" {
				t.Errorf("tokens used (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATokenRefusedForAllIsFetchedOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	fetched := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, apiToken):
			fetched++
			_, _ = fmt.Fprintf(w, `{"access_token":"T%d","expires_in":7200}`, fetched)
		case r.URL.Query().Get("access_token") == "T1":
			_, _ = io.WriteString(w, refusedToken)
		default:
			_, _ = io.WriteString(w, `{"errcode":0}`)
		}
	}))
	t.Cleanup(server.Close)
	m, shared := newRedis(t)
	cfg := testConfig(server.URL)
	cfg.Redis = shared
	a, b := newTestClient(t, cfg), newTestClient(t, cfg)
	for _, c := range []*Client{a, b} { // both hold T1 now
		if _, err := c.token.GetAccessToken(); err != nil {
			t.Fatal(err)
		}
	}
	together(50, func(i int) {
		if err := []*Client{a, b}[i%2].Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if fetched != 2 {
		t.Errorf("%d tokens fetched, want 2: the refused one and its successor", fetched)
	}
	if got, _ := m.Get(a.token.key); !strings.HasSuffix(got, " T2") {
		t.Errorf("redis has %q, want T2", got)
	}
}

func TestATokenThatStaysRefusedIsAnError(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string][]string{"agent/get": {refusedToken}})
	err := newTestClient(t, testConfig(s.URL)).Ping(t.Context())
	if ActionOf(err) != ActionToken || s.count("agent/get") != 2 || s.count(apiToken) != 2 {
		t.Errorf("Ping = %v after %d calls and %d tokens", err, s.count("agent/get"), s.count(apiToken))
	}
}

func TestTokenLife(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		expiresIn int
		pass      time.Duration
		fetches   int
	}{
		{"held_for_nine_tenths", 7200, 107 * time.Minute, 1},
		{"then_fetched_again", 7200, 109 * time.Minute, 2},
		{"a_short_life_is_no_error", 600, 8 * time.Minute, 1},
		{"a_zero_life_holds_a_second", 0, 500 * time.Millisecond, 1},
		{"a_negative_life_too", -5, 2 * time.Second, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{apiToken: {fmt.Sprintf(`{"access_token":"T","expires_in":%d}`, tt.expiresIn)}})
			_, shared := newRedis(t)
			cfg := testConfig(s.URL)
			cfg.Redis = shared
			now := clock.NewFixed(time.Unix(1_800_000_000, 0))
			cfg.Clock = now
			c := newTestClient(t, cfg)
			if err := c.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			_ = now.MoveTo(now.Now().Add(tt.pass))
			if err := c.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := s.count(apiToken); n != tt.fetches {
				t.Errorf("%d fetches, want %d", n, tt.fetches)
			}
		})
	}
}

func TestWithoutRedisTheTokenIsKeptInMemory(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string][]string{"agent/get": {`{"errcode":0}`, refusedToken, `{"errcode":0}`}})
	m, shared := newRedis(t)
	cfg := testConfig(s.URL)
	cfg.Redis = shared
	c := newTestClient(t, cfg)
	m.Close()
	for range 3 { // the second drops the token
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.count(apiToken); n != 2 {
		t.Errorf("%d tokens fetched, want 2", n)
	}
}

func TestAProcessThatDiedWithTheLockDelaysOthersOnly(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	m, shared := newRedis(t)
	cfg := testConfig(s.URL)
	cfg.Redis = shared
	c := newTestClient(t, cfg)
	if err := m.Set(c.token.key+":lock", "the dead"); err != nil {
		t.Fatal(err)
	}
	tried := make(chan struct{}, 1)
	shared.AddHook(afterSet{tried})
	done := make(chan error, 1)
	go func() { done <- c.Ping(t.Context()) }()
	<-tried
	if n := s.count(apiToken); n != 0 {
		t.Errorf("%d tokens fetched while another process had the lock", n)
	}
	m.Del(c.token.key + ":lock") // what its TTL does
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// afterSet tells that a SET, here the attempt to lock, came back.
type afterSet struct{ done chan<- struct{} }

func (afterSet) DialHook(next redis.DialHook) redis.DialHook { return next }

func (afterSet) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h afterSet) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() == "set" {
			select {
			case h.done <- struct{}{}:
			default:
			}
		}
		return err
	}
}

func TestAWrongSecretIsNotTriedAgainAtOnce(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string][]string{apiToken: {`{"errcode":40001,"errmsg":"invalid credential"}`}})
	cfg := testConfig(s.URL)
	now := clock.NewFixed(time.Unix(1_800_000_000, 0))
	cfg.Clock = now
	c := newTestClient(t, cfg)
	for _, step := range []struct {
		pass time.Duration
		want int // fetches so far
	}{{0, 1}, {0, 1}, {59 * time.Second, 1}, {time.Second, 2}, {time.Minute, 2}, {time.Minute, 3}, {time.Minute, 3}} {
		_ = now.MoveTo(now.Now().Add(step.pass))
		err := c.Ping(t.Context())
		if ActionOf(err) != ActionConfig || CodeOf(err) != 40001 {
			t.Fatalf("Ping = %v, want a config error", err)
		}
		if n := s.count(apiToken); n != step.want {
			t.Errorf("after %v: %d fetches, want %d", step.pass, n, step.want)
		}
	}
	if n := s.count("agent/get"); n != 0 {
		t.Errorf("%d calls without a token", n)
	}
}

func TestACallerWhoLeavesDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, apiToken) {
			arrived <- struct{}{}
			<-release
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"T1","expires_in":7200}`)
	}))
	t.Cleanup(server.Close)
	c := newTestClient(t, testConfig(server.URL))
	impatient, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- c.Ping(impatient) }()
	<-arrived
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) || ActionOf(err) != ActionRetry {
		t.Errorf("the impatient got %v, want canceled and unsent", err)
	}
	close(release)
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestQuickRepeats(t *testing.T) {
	t.Parallel()
	const busy, ok = `{"errcode":-1,"errmsg":"system busy"}`, `{"errcode":0,"msgid":"m1"}`
	tests := []struct {
		name    string
		answers []string
		calls   int
		action  Action
	}{
		{"busy_then_fine", []string{busy, ok}, 2, ActionDone},
		{"a_conflict_then_fine", []string{`{"errcode":6000}`, ok}, 2, ActionDone},
		{"three_at_most", []string{busy}, 3, ActionRetry},
		{"a_bug_is_not_repeated", []string{`{"errcode":40058}`}, 1, ActionBug},
		{"nor_what_is_unclear", []string{"502"}, 1, ActionUnclear},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{"message/send": tt.answers})
			cfg := testConfig(s.URL)
			cfg.Limits.Budget = 2 * time.Second
			_, err := newTestClient(t, cfg).Send(t.Context(), TextBody([]string{"a"}, 1, "x", 1800))
			if ActionOf(err) != tt.action || s.count("message/send") != tt.calls {
				t.Errorf("Send = %v after %d calls, want %q after %d", err, s.count("message/send"), tt.action, tt.calls)
			}
			for _, b := range s.bodies {
				if b != s.bodies[0] {
					t.Errorf("a repeat differs: %s", b)
				}
			}
		})
	}
}

func TestRateLimitWindow(t *testing.T) {
	t.Parallel()
	const limited, ok = `{"errcode":45009,"errmsg":"api freq out of limit"}`, `{"errcode":0}`
	s := newScript(t, map[string][]string{"message/send": {limited, limited, ok, limited}})
	cfg := testConfig(s.URL)
	start := time.Unix(1_800_000_000, 0)
	now := clock.NewFixed(start)
	cfg.Clock = now
	c := newTestClient(t, cfg)
	for _, step := range []struct {
		at     time.Duration
		until  time.Duration // 0: sent
		called int
	}{
		{0, time.Minute, 1},
		{59 * time.Second, time.Minute, 1}, // waits without asking
		{time.Minute, 6 * time.Minute, 2},  // refused again: longer
		{6 * time.Minute, 0, 3},
		{7 * time.Minute, 8 * time.Minute, 4}, // a success began the count anew
	} {
		_ = now.MoveTo(start.Add(step.at))
		_, err := c.Send(t.Context(), TextBody([]string{"a"}, 1, "x", 1))
		e, refused := errors.AsType[*APIError](err)
		switch {
		case refused != (step.until > 0):
			t.Errorf("at %v: %v", step.at, err)
		case refused && (e.Action != ActionWait || !e.Until.Equal(start.Add(step.until))):
			t.Errorf("at %v: %s until %v, want %v", step.at, e.Action, e.Until.Sub(start), step.until)
		}
		if n := s.count("message/send"); n != step.called {
			t.Errorf("at %v: %d calls, want %d", step.at, n, step.called)
		}
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Errorf("another API waits as well: %v", err)
	}
}

func TestTooManyAtOnceLowersConcurrency(t *testing.T) {
	t.Parallel()
	g := newGate(Limits{Concurrency: 3, Cooldown: time.Hour})
	for range 5 { // each was one too many; the last place stays
		leave, err := g.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leave(true)
	}
	leave, err := g.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.enter(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("a second place was free: %v", err)
	}
	leave(false)
}

func TestConcurrencyComesBack(t *testing.T) {
	t.Parallel()
	g := newGate(Limits{Concurrency: 2, Cooldown: time.Millisecond})
	leave, _ := g.enter(t.Context())
	leave(true)
	for range 2 {
		if _, err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestActionOfTransport(t *testing.T) {
	t.Parallel()
	tests := []struct {
		answer string
		want   Action
	}{
		{"reset", ActionUnclear},
		{"502", ActionUnclear},
		{"404", ActionConfig},
		{"redirect", ActionUnclear},
		{"not json", ActionUnclear},
		{`{"errcode":"0"}`, ActionUnclear},
		{`{"errcode":0,"msgid":7}`, ActionUnclear},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.answer, " ", "_"), func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{"message/send": {tt.answer}})
			_, err := newTestClient(t, testConfig(s.URL)).Send(t.Context(), TextBody([]string{"a"}, 1, "x", 1))
			if got := ActionOf(err); got != tt.want {
				t.Errorf("ActionOf(%v) = %q, want %q", err, got, tt.want)
			}
		})
	}
}

// closedAddress is an address that refuses connections.
func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return "http://" + l.Addr().String()
}

func TestARefusedConnectionWasNotSent(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, testConfig(closedAddress(t)))
	_, err := c.Send(t.Context(), TextBody([]string{"a"}, 1, "x", 1))
	if ActionOf(err) != ActionRetry {
		t.Errorf("ActionOf(%v) = %q, want retry", err, ActionOf(err))
	}
}

func TestTimeoutIsUnclear(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, apiToken) {
			_, _ = io.WriteString(w, `{"access_token":"T1","expires_in":7200}`)
			return
		}
		<-release
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	cfg := testConfig(server.URL)
	cfg.HTTPTimeout = 50 * time.Millisecond
	_, err := newTestClient(t, cfg).Send(t.Context(), TextBody([]string{"a"}, 1, "x", 1))
	if ActionOf(err) != ActionUnclear || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send = %v, want an unclear timeout", err)
	}
}

func TestBreakerSparesAHostThatIsDown(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string][]string{"agent/get": {"502"}, "message/send": {`{"errcode":40058}`}})
	cfg := testConfig(s.URL)
	cfg.Limits.Trip, cfg.Limits.Rest = 3, time.Hour
	c := newTestClient(t, cfg)
	for range 10 { // an errcode is an answer
		_, _ = c.Send(t.Context(), TextBody([]string{"a"}, 1, "x", 1))
	}
	if n := s.count("message/send"); n != 10 {
		t.Errorf("%d sends, want 10", n)
	}
	var err error
	for range 10 {
		err = c.Ping(t.Context())
	}
	if n := s.count("agent/get"); n != 3 || ActionOf(err) != ActionRetry {
		t.Errorf("%d calls, then %v; want 3 and an unsent call", n, err)
	}
}

// TestNoSecretIsSeen lets everything go wrong and reads every error and log line.
func TestNoSecretIsSeen(t *testing.T) {
	t.Parallel()
	const code = "CODE-of-a-person"
	echo := fmt.Sprintf(`{"errcode":40029,"errmsg":"invalid code, url: /auth/getuserinfo?access_token=T1&code=%s, key=%s"}`, code, theSecret)
	secrets := []string{theSecret, code, "access_token=T1", "TICKET"}
	var log bytes.Buffer
	var mu sync.Mutex
	check := func(t *testing.T, what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", what)
			return
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			for _, s := range secrets {
				if text := fmt.Sprintf("%v %+v %#v", e, e, e.Error()); strings.Contains(text, s) {
					t.Errorf("%s shows %q: %s", what, s, text)
				}
			}
		}
	}
	servers := map[string]string{"refused_connection": closedAddress(t)}
	for _, a := range []string{"502", "reset", "redirect", "404", echo, "garbage corpsecret=" + theSecret} {
		servers[a] = newScript(t, map[string][]string{apiToken: {a}}).URL
		servers["business "+a] = newScript(t, map[string][]string{"auth/getuserinfo": {a}, "ticket/get": {a}}).URL
	}
	for name, address := range servers {
		cfg := testConfig(address)
		cfg.Log = slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
		m, shared := newRedis(t)
		m.Close()
		cfg.Redis = shared
		c := newTestClient(t, cfg)
		_, err := c.UserInfo(t.Context(), code)
		check(t, name, err)
		_, err = c.AgentConfig(t.Context(), "https://app.example.com/")
		check(t, name, err)
	}
	for _, s := range append(secrets, "T1 ", "=T1") {
		if strings.Contains(log.String(), s) {
			t.Errorf("the log shows %q:\n%s", s, log.String())
		}
	}
	if log.Len() == 0 {
		t.Error("nothing was logged, so nothing was checked")
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func TestObserveHearsEveryAttempt(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string][]string{"agent/get": {refusedToken, "502"}})
	cfg := testConfig(s.URL)
	var heard []string
	cfg.Observe = func(api string, code int, d time.Duration) {
		if d <= 0 {
			t.Errorf("%s took %v", api, d)
		}
		heard = append(heard, fmt.Sprintf("%s %d", api, code))
	}
	_ = newTestClient(t, cfg).Ping(t.Context())
	if diff := cmp.Diff([]string{"gettoken 0", "agent/get 40014", "gettoken 0", "agent/get -2"}, heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNewRefusesBadSettings(t *testing.T) {
	t.Parallel()
	good := testConfig("http://127.0.0.1:1")
	for name, spoil := range map[string]func(*Config){
		"no_corp":   func(c *Config) { c.CorpID = "" },
		"no_agent":  func(c *Config) { c.AgentID = 0 },
		"no_secret": func(c *Config) { c.Secret = "" },
		"no_scheme": func(c *Config) { c.APIURL = "qyapi.weixin.qq.com" },
		"no_host":   func(c *Config) { c.OAuthURL = "https://" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			spoil(&cfg)
			if _, err := New(cfg); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestSendResult(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		want         SendResult
		code         int
	}{
		{"all_reached", `{"errcode":0,"errmsg":"ok","msgid":"m1","response_code":"rc"}`, SendResult{MsgID: "m1", ResponseCode: "rc"}, 0},
		{"empty_lists_are_none", `{"errcode":0,"invaliduser":"","unlicenseduser":"","msgid":"m1"}`, SendResult{MsgID: "m1"}, 0},
		{"some_reached", `{"errcode":0,"msgid":"m1","invaliduser":"a|b","unlicenseduser":"c"}`, SendResult{MsgID: "m1", Invalid: []string{"a", "b"}, Unlicensed: []string{"c"}}, 0},
		{"nobody_reached", `{"errcode":81013,"errmsg":"user & party & tag all invalid","invaliduser":"a"}`, SendResult{Invalid: []string{"a"}}, CodeNoRecipient},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{"message/send": {tt.answer}})
			body := json.RawMessage(`{"touser":"a|b","exact":  "bytes"}`)
			got, err := newTestClient(t, testConfig(s.URL)).Send(t.Context(), body)
			if CodeOf(err) != tt.code {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.Transformer("nil", func(s []string) string { return strings.Join(s, "|") })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s.bodies[0] != string(body) {
				t.Errorf("sent %s", s.bodies[0])
			}
		})
	}
}

// TestCalls drives every other call once: what goes out, what comes back.
func TestCalls(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	tests := []struct {
		name, api, answer string
		call              func(context.Context, *Client) (any, error)
		body              string
		want              any
	}{
		{
			"update", "message/update_template_card", `{"errcode":0,"invaliduser":["a"]}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.UpdateCard(ctx, ReplaceButtonBody([]string{"a"}, 1, "rc", "已处理"))
			},
			`{"userids":["a"],"agentid":1,"response_code":"rc","button":{"replace_name":"已处理"}}`,
			UpdateResult{Invalid: []string{"a"}},
		},
		{
			"recall", "message/recall", `{"errcode":0}`,
			func(ctx context.Context, c *Client) (any, error) { return nil, c.Recall(ctx, "m1") },
			`{"msgid":"m1"}`, nil,
		},
		{
			"set_menu", "menu/create", `{"errcode":0}`,
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.SetMenu(ctx, []MenuButton{{Name: "更多", SubButton: []MenuButton{{Type: "click", Name: "今日", Key: "TODAY"}}}})
			},
			`{"button":[{"name":"更多","sub_button":[{"type":"click","name":"今日","key":"TODAY"}]}]}`, nil,
		},
		{
			"get_menu", "menu/get", `{"errcode":0,"button":[{"type":"view","name":"n","url":"u"}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.GetMenu(ctx) },
			"",
			[]MenuButton{{Type: "view", Name: "n", URL: "u"}},
		},
		{
			"no_menu_is_no_error", "menu/get", `{"errcode":46003,"errmsg":"no menu"}`,
			func(ctx context.Context, c *Client) (any, error) { return c.GetMenu(ctx) },
			"", []MenuButton(nil),
		},
		{
			"user", "user/get", `{"errcode":0,"userid":"T01","name":"周明","department":[2,5],"is_leader_in_dept":[0,1],"main_department":2,"status":1,"extattr":{"attrs":[{"type":0,"name":"工号","text":{"value":"9"}},{"type":1,"name":"页","web":{"url":"u"}}]}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.User(ctx, "T01") },
			"",
			Member{UserID: "T01", Name: "周明", Department: []int{2, 5}, MainDepartment: 2, Leader: []int{5}, Status: MemberActive, Attributes: map[string]string{"工号": "9"}},
		},
		{
			"simple_list", "user/simplelist", `{"errcode":0,"userlist":[{"userid":"a","name":"甲","department":[1]}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.SimpleList(ctx, 1) },
			"",
			[]Member{{UserID: "a", Name: "甲", Department: []int{1}}},
		},
		{
			"departments", "department/list", `{"errcode":0,"department":[{"id":2,"name":"文学院","parentid":1,"order":3,"department_leader":["t"]}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Departments(ctx, 1) },
			"",
			[]Department{{ID: 2, ParentID: 1, Order: 3, Name: "文学院", Leaders: []string{"t"}}},
		},
		{
			"calendar", "oa/calendar/add", `{"errcode":0,"cal_id":"c1"}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.AddCalendar(ctx, Calendar{Summary: "预约", Color: "#07C160", Default: true})
			},
			`{"calendar":{"color":"#07C160","description":"","set_as_default":1,"summary":"预约"}}`, "c1",
		},
		{
			"schedule", "oa/schedule/add", `{"errcode":0,"schedule_id":"s1"}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.AddSchedule(ctx, Schedule{ID: "left out", CalendarID: "c1", Start: at, End: at.Add(time.Hour), Summary: "您预约的事项", Attendees: []string{"a"}, RemindAhead: []time.Duration{time.Hour}})
			},
			`{"schedule":{"cal_id":"c1","start_time":1800000000,"end_time":1800003600,"is_whole_day":0,"summary":"您预约的事项","description":"","location":"","attendees":[{"userid":"a"}],"reminders":{"is_remind":1,"remind_time_diffs":[-3600]}}}`, "s1",
		},
		{
			"update_schedule_keeps_its_id", "oa/schedule/update", `{"errcode":0}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.UpdateSchedule(ctx, Schedule{ID: "s1", Start: at, End: at})
			},
			`{"schedule":{"schedule_id":"s1","start_time":1800000000,"end_time":1800000000,"is_whole_day":0,"summary":"","description":"","location":"","attendees":[],"reminders":{"is_remind":0}},"skip_attendees":0}`, "s1",
		},
		{
			"delete_schedule", "oa/schedule/del", `{"errcode":0}`,
			func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteSchedule(ctx, "s1") },
			`{"schedule_id":"s1"}`, nil,
		},
		{
			"user_info", "auth/getuserinfo", `{"errcode":0,"userid":"s01"}`,
			func(ctx context.Context, c *Client) (any, error) { return c.UserInfo(ctx, "code") },
			"",
			Identity{UserID: "s01"},
		},
		{
			"api_ips", "get_api_domain_ip", `{"errcode":0,"ip_list":["1.2.3.4"]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.APIDomainIP(ctx) },
			"",
			[]string{"1.2.3.4"},
		},
		{
			"callback_ips", "getcallbackip", `{"errcode":0,"ip_list":["101.226.103.*"]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.CallbackIP(ctx) },
			"",
			[]string{"101.226.103.*"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{tt.api: {tt.answer}})
			got, err := tt.call(t.Context(), newTestClient(t, testConfig(s.URL)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s.count(tt.api) != 1 || s.bodies[0] != tt.body {
				t.Errorf("%d calls with\n%s\nwant\n%s", s.count(tt.api), s.bodies[0], tt.body)
			}
		})
	}
}

func TestDownloadMedia(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		limit        int64
		want         string
		fails        func(error) bool
	}{
		{"a_file", "image", 8, "JPEGJPEG", nil},
		{"one_byte_too_many", "image", 7, "", func(err error) bool { return errors.Is(err, ErrTooLarge) }},
		{"an_error_comes_as_JSON", `{"errcode":40007,"errmsg":"invalid media_id"}`, 100, "", func(err error) bool { return ActionOf(err) == ActionUpload }},
		{"JSON_without_error_is_no_file", `{"errcode":0}`, 100, "", func(err error) bool { return ActionOf(err) == ActionUnclear }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{"media/get": {tt.answer}})
			got, mime, err := newTestClient(t, testConfig(s.URL)).DownloadMedia(t.Context(), "m1", tt.limit)
			switch {
			case tt.fails != nil && (err == nil || !tt.fails(err)):
				t.Errorf("DownloadMedia = %v", err)
			case tt.fails == nil && (err != nil || string(got) != tt.want || mime != "image/jpeg"):
				t.Errorf("DownloadMedia = %q, %q, %v", got, mime, err)
			}
		})
	}
}

func TestUploadMediaSendsOneFile(t *testing.T) {
	t.Parallel()
	var name, content atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, apiToken) {
			_, _ = io.WriteString(w, `{"access_token":"T1","expires_in":7200}`)
			return
		}
		f, h, err := r.FormFile("media")
		if err != nil {
			t.Error(err)
			return
		}
		b, _ := io.ReadAll(f)
		name.Store(h.Filename)
		content.Store(string(b))
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"","type":"file","media_id":"m1","created_at":"1380000000"}`)
	}))
	t.Cleanup(server.Close)
	id, err := newTestClient(t, testConfig(server.URL)).UploadMedia(t.Context(), MediaFile, "证明\".pdf", []byte("%PDF-"))
	if err != nil || id != "m1" || name.Load() != "证明_.pdf" || content.Load() != "%PDF-" {
		t.Errorf("UploadMedia = %q, %v; received %v with %v", id, err, name.Load(), content.Load())
	}
}

func TestSignInAddresses(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, testConfig("http://127.0.0.1:1"))
	const back = "https://app.example.com/m/back?to=/m/"
	if got, want := c.AuthorizeURL(back, "abc123"), "https://open.weixin.qq.com/connect/oauth2/authorize?appid="+testCorp+"&redirect_uri=https%3A%2F%2Fapp.example.com%2Fm%2Fback%3Fto%3D%2Fm%2F&response_type=code&scope=snsapi_base&state=abc123&agentid=1000002#wechat_redirect"; got != want {
		t.Errorf("AuthorizeURL = %s\nwant %s", got, want)
	}
	if got, want := c.LoginURL(back, "abc123"), "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid="+testCorp+"&agentid=1000002&redirect_uri=https%3A%2F%2Fapp.example.com%2Fm%2Fback%3Fto%3D%2Fm%2F&state=abc123&lang=zh"; got != want {
		t.Errorf("LoginURL = %s\nwant %s", got, want)
	}
}

func TestPageSignature(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t).JSAPI {
		if got := signPage(v.Ticket, v.NonceStr, v.Timestamp, v.URL+"#fragment"); got != v.Signature {
			t.Errorf("signature = %s, want %s", got, v.Signature)
		}
	}
}

func TestTicketsAreFetchedOnceEach(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string][]string{
		"get_jsapi_ticket": {`{"errcode":0,"ticket":"CORP","expires_in":7200}`},
		"ticket/get":       {`{"errcode":0,"ticket":"AGENT","expires_in":7200}`},
	})
	c := newTestClient(t, testConfig(s.URL))
	together(20, func(int) {
		for _, sign := range []struct {
			ticket string
			f      func(context.Context, string) (JSSignature, error)
		}{{"CORP", c.JSConfig}, {"AGENT", c.AgentConfig}} {
			got, err := sign.f(t.Context(), "https://app.example.com/m/?a=1#x")
			if err != nil || got.Signature != signPage(sign.ticket, got.NonceStr, got.Timestamp, "https://app.example.com/m/?a=1") {
				t.Errorf("%s: %+v, %v", sign.ticket, got, err)
			}
		}
	})
	if a, b, n := s.count("get_jsapi_ticket"), s.count("ticket/get"), s.count(apiToken); a != 1 || b != 1 || n != 1 {
		t.Errorf("fetched %d, %d tickets and %d tokens, want one each", a, b, n)
	}
}
