package wecom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/clock"
)

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
