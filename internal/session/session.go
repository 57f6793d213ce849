package session

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/errs"
)

const (
	lifetime      = 12 * time.Hour   // of a signed-in session
	roundLifetime = 10 * time.Minute // of a sign-in under way; WeCom's code lives 5 minutes
	maxRounds     = 8                // sign-ins one browser has under way at once
	userKey       = "userid"
	roundPrefix   = "round:"
)

// ErrUnreachable is what a person reads while sessions cannot be read or written.
var ErrUnreachable = errs.New(errs.Unavailable, "现在登录不了，过一两分钟再试就好。着急找人请看求助热线，不用登录。")

// Manager reads and writes sessions. Safe for concurrent use. Load comes first on every
// request; what was changed is kept by Save.
type Manager struct{ scs *scs.SessionManager }

// New returns a manager that keeps sessions in Redis. secure says that the site is
// reached by https: the cookie is then Secure and bound to the host.
func New(rdb redis.UniversalClient, secure bool) *Manager {
	m := scs.New()
	m.Store = redisStore{rdb}
	m.HashTokenInStore = true
	m.Lifetime = lifetime
	m.Cookie.Name = "sid"
	if secure {
		m.Cookie.Name = "__Host-sid"
	}
	m.Cookie.Secure = secure
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode // comes along when WeCom sends the person back
	m.Cookie.Path = "/"
	return &Manager{m}
}

// Load returns the request with its session, a new one if it has none. The error is
// ErrUnreachable around the cause.
func (m *Manager) Load(r *http.Request) (*http.Request, error) {
	token := ""
	if c, err := r.Cookie(m.scs.Cookie.Name); err == nil {
		token = c.Value
	}
	ctx, err := m.scs.Load(r.Context(), token)
	if err != nil {
		return r, unreachable(err)
	}
	return r.WithContext(ctx), nil
}

// Save keeps what was changed and sets or clears the cookie; before the answer is begun.
func (m *Manager) Save(ctx context.Context, w http.ResponseWriter) error {
	switch m.scs.Status(ctx) {
	case scs.Modified:
		token, expiry, err := m.scs.Commit(ctx)
		if err != nil {
			return unreachable(err)
		}
		m.scs.WriteSessionCookie(ctx, w, token, expiry)
	case scs.Destroyed:
		m.scs.WriteSessionCookie(ctx, w, "", time.Time{})
	}
	return nil
}

// UserID returns the WeCom userid of who is signed in, "" for nobody.
func (m *Manager) UserID(ctx context.Context) string { return m.scs.GetString(ctx, userKey) }

// Expect begins a sign-in: state comes back with the person, who then goes on at path.
func (m *Manager) Expect(ctx context.Context, state, path string) {
	if m.UserID(ctx) == "" {
		m.scs.SetDeadline(ctx, clock.Wall().Add(roundLifetime).UTC())
	}
	m.forgetRounds(ctx, maxRounds-1)
	m.scs.Put(ctx, roundPrefix+state, path)
}

// forgetRounds drops all sign-ins under way when there are more than left.
func (m *Manager) forgetRounds(ctx context.Context, left int) {
	var rounds []string
	for _, k := range m.scs.Keys(ctx) {
		if strings.HasPrefix(k, roundPrefix) {
			rounds = append(rounds, k)
		}
	}
	if len(rounds) <= left {
		return
	}
	for _, k := range rounds {
		m.scs.Remove(ctx, k)
	}
}

// Meet ends the sign-in that expects state and returns where the person goes on. It
// succeeds once.
func (m *Manager) Meet(ctx context.Context, state string) (path string, ok bool) {
	path = m.scs.PopString(ctx, roundPrefix+state)
	return path, path != ""
}

// SignIn makes the session that of the userid, under a new token, so that a token
// known before the sign-in opens nothing.
func (m *Manager) SignIn(ctx context.Context, userid string) error {
	if err := m.scs.RenewToken(ctx); err != nil {
		return unreachable(err)
	}
	m.forgetRounds(ctx, -1)
	m.scs.SetDeadline(ctx, clock.Wall().Add(lifetime).UTC())
	m.scs.Put(ctx, userKey, userid)
	return nil
}

// SignOut ends the session.
func (m *Manager) SignOut(ctx context.Context) error {
	if err := m.scs.Destroy(ctx); err != nil {
		return unreachable(err)
	}
	return nil
}

func unreachable(err error) error {
	return errs.Wrap(fmt.Errorf("session store: %w", err), ErrUnreachable.Kind, ErrUnreachable.Message)
}
