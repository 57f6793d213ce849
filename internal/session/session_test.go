package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/session"
)

func manager(t *testing.T) (*session.Manager, *miniredis.Miniredis) {
	t.Helper()
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{
		Addr: server.Addr(), MaxRetries: -1, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	t.Cleanup(func() { _ = rdb.Close() })
	return session.New(rdb, false), server
}

// browser holds the one cookie there is.
type browser struct {
	t      *testing.T
	m      *session.Manager
	cookie *http.Cookie
}

// visit is one request: the session is loaded, act changes it, it is saved.
func (b *browser) visit(act func(ctx context.Context)) {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, "/", nil)
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	r, err := b.m.Load(r)
	if err != nil {
		b.t.Fatal(err)
	}
	act(r.Context())
	w := httptest.NewRecorder()
	if err := b.m.Save(r.Context(), w); err != nil {
		b.t.Fatal(err)
	}
	for _, c := range w.Result().Cookies() {
		b.cookie = c
	}
}

func (b *browser) userid() (id string) {
	b.t.Helper()
	b.visit(func(ctx context.Context) { id = b.m.UserID(ctx) })
	return id
}

func TestSession_from_nobody_to_nobody(t *testing.T) {
	t.Parallel()
	m, server := manager(t)
	b := &browser{t: t, m: m}
	if id := b.userid(); id != "" || b.cookie != nil {
		t.Fatalf("a first visit is %q with cookie %v", id, b.cookie)
	}
	b.visit(func(ctx context.Context) { m.Expect(ctx, "state1", "/m/counselling") })
	before := b.cookie.Value
	b.visit(func(ctx context.Context) {
		if path, ok := m.Meet(ctx, "state1"); !ok || path != "/m/counselling" {
			t.Fatalf("met %q %v", path, ok)
		}
		if err := m.SignIn(ctx, "s01"); err != nil {
			t.Fatal(err)
		}
	})
	if b.cookie.Value == before {
		t.Error("the token known before the sign-in opens the session")
	}
	if id := b.userid(); id != "s01" {
		t.Errorf("signed in as %q", id)
	}
	old := &browser{t: t, m: m, cookie: &http.Cookie{Name: b.cookie.Name, Value: before}}
	if id := old.userid(); id != "" {
		t.Errorf("the old token is %q", id)
	}
	b.visit(func(ctx context.Context) {
		if err := m.SignOut(ctx); err != nil {
			t.Fatal(err)
		}
	})
	if b.cookie.MaxAge >= 0 || len(server.Keys()) != 0 {
		t.Errorf("after signing out: cookie %v, keys %v", b.cookie, server.Keys())
	}
}

// The same life on a real redis-server, whose expiry and encoding the in-process one
// only imitates.
func TestOnARealServer(t *testing.T) {
	t.Parallel()
	server, err := localdb.StartRedisServer(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	o, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(o)
	t.Cleanup(func() { _ = rdb.Close() })
	m := session.New(rdb, false)
	b := &browser{t: t, m: m}
	b.visit(func(ctx context.Context) { m.Expect(ctx, "state1", "/m/") })
	b.visit(func(ctx context.Context) {
		if path, ok := m.Meet(ctx, "state1"); !ok || path != "/m/" {
			t.Errorf("met %q %v", path, ok)
		}
		if err := m.SignIn(ctx, "s01"); err != nil {
			t.Error(err)
		}
	})
	if id := b.userid(); id != "s01" {
		t.Errorf("signed in as %q", id)
	}
	if err := rdb.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if id := b.userid(); id != "" {
		t.Errorf("an emptied Redis still knows %q", id)
	}
}

func TestExpect_keeps_rounds_apart(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	b := &browser{t: t, m: m}
	for _, state := range []string{"a", "b"} {
		b.visit(func(ctx context.Context) { m.Expect(ctx, state, "/m/"+state) })
	}
	for _, step := range []struct {
		state, want string
	}{{"c", ""}, {"b", "/m/b"}, {"b", ""}, {"a", "/m/a"}} {
		b.visit(func(ctx context.Context) {
			if path, ok := m.Meet(ctx, step.state); path != step.want || ok != (step.want != "") {
				t.Errorf("state %s: %q %v, want %q", step.state, path, ok, step.want)
			}
		})
	}
}

func TestExpect_bounds_how_many_rounds_are_kept(t *testing.T) {
	t.Parallel()
	m, server := manager(t)
	b := &browser{t: t, m: m}
	for i := range 100 {
		b.visit(func(ctx context.Context) { m.Expect(ctx, string(rune('A'+i)), "/m/") })
	}
	value, err := server.Get(server.Keys()[0])
	if err != nil || len(value) > 2000 {
		t.Errorf("the session has grown to %d bytes, %v", len(value), err)
	}
	b.visit(func(ctx context.Context) {
		if _, ok := m.Meet(ctx, string(rune('A'+99))); !ok {
			t.Error("the last round is forgotten")
		}
	})
}

func TestLifetime(t *testing.T) {
	t.Parallel()
	m, server := manager(t)
	b := &browser{t: t, m: m}
	b.visit(func(ctx context.Context) { m.Expect(ctx, "state", "/m/") })
	if ttl := server.TTL(server.Keys()[0]); ttl > 10*time.Minute || ttl < 9*time.Minute {
		t.Errorf("a sign-in under way is kept for %v", ttl)
	}
	b.visit(func(ctx context.Context) {
		if err := m.SignIn(ctx, "s01"); err != nil {
			t.Fatal(err)
		}
	})
	if ttl := server.TTL(server.Keys()[0]); ttl > 12*time.Hour || ttl < 11*time.Hour {
		t.Errorf("a session is kept for %v", ttl)
	}
	b.visit(func(ctx context.Context) { m.Expect(ctx, "again", "/m/") })
	if ttl := server.TTL(server.Keys()[0]); ttl < 11*time.Hour {
		t.Errorf("beginning another round shortens the session to %v", ttl)
	}
	server.FastForward(12 * time.Hour)
	if id := b.userid(); id != "" {
		t.Errorf("after 12 hours still %q", id)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	m, server := manager(t)
	b := &browser{t: t, m: m}
	b.visit(func(ctx context.Context) { m.Expect(ctx, "state", "/m/") })
	server.Close()

	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.AddCookie(b.cookie)
	if _, err := m.Load(r); !errors.Is(err, session.ErrUnreachable) || errs.KindOf(err) != errs.Unavailable {
		t.Errorf("load: %v", err)
	}
	fresh, err := m.Load(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	m.Expect(fresh.Context(), "state", "/m/")
	w := httptest.NewRecorder()
	if err := m.Save(fresh.Context(), w); !errors.Is(err, session.ErrUnreachable) || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("save: %v, cookie %q", err, w.Header().Get("Set-Cookie"))
	}
}

func TestCookie(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	for _, tt := range []struct {
		secure bool
		name   string
	}{{true, "__Host-sid"}, {false, "sid"}} {
		m := session.New(rdb, tt.secure)
		b := &browser{t: t, m: m}
		b.visit(func(ctx context.Context) { m.Expect(ctx, "state", "/m/") })
		c := b.cookie
		if c.Name != tt.name || c.Secure != tt.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("secure %v: %v", tt.secure, c)
		}
	}
}
