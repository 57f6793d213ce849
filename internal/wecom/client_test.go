package wecom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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
