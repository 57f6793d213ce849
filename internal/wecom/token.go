package wecom

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/silenceper/wechat/v2/credential"
	"golang.org/x/sync/singleflight"

	"github.com/xuegong/xuegong/internal/clock"
)

// accessToken is the app's token as the SDK asks for it, so any client of the SDK can share it.
type accessToken struct{ *lease }

var _ credential.AccessTokenContextHandle = accessToken{}

// GetAccessToken implements the SDK's handle.
func (t accessToken) GetAccessToken() (string, error) { return t.get(context.Background()) }

// GetAccessTokenContext implements the SDK's handle.
func (t accessToken) GetAccessTokenContext(ctx context.Context) (string, error) { return t.get(ctx) }

func (c *Client) fetchToken(ctx context.Context) (string, time.Duration, error) {
	var out credential.ResAccessToken
	err := c.call(ctx, request{api: apiToken, bare: true, query: url.Values{"corpid": {c.cfg.CorpID}, "corpsecret": {c.cfg.Secret}}}, &out)
	if err == nil && out.AccessToken == "" {
		err = &TransportError{API: apiToken, Sent: true, Err: errors.New("answer without a token")}
	}
	return out.AccessToken, time.Duration(out.ExpiresIn) * time.Second, err
}

func (c *Client) fetchTicket(api string, query url.Values) func(context.Context) (string, time.Duration, error) {
	return func(ctx context.Context) (string, time.Duration, error) {
		var out credential.ResTicket
		err := c.get(ctx, api, query, &out)
		if err == nil && out.Ticket == "" {
			err = &TransportError{API: api, Sent: true, Err: errors.New("answer without a ticket")}
		}
		return out.Ticket, time.Duration(out.ExpiresIn) * time.Second, err
	}
}

const (
	leaseTimeout = 20 * time.Second      // for one renewal, waiting for another process included
	lockLife     = 10 * time.Second      // if the holder dies, others go on after this
	lockPoll     = 50 * time.Millisecond // while another process fetches
	redisTimeout = time.Second           // a slow Redis must not be slower than a fetch
	firstRest    = time.Minute           // after a refused secret, doubling:
	longestRest  = 15 * time.Minute      // many wrong ones block the IP address for an hour
)

// lease is a value that WeCom lends for a while: the access token, a JS ticket. It is kept in
// memory and in Redis; whoever finds it gone fetches it while the others wait, in this process
// by singleflight and between processes by a lock. Without Redis each process has its own.
type lease struct {
	key   string // in Redis
	redis redis.UniversalClient
	clock clock.Clock
	log   *slog.Logger
	fetch func(context.Context) (value string, life time.Duration, err error)

	flight singleflight.Group

	mu      sync.Mutex
	held    loan
	dropped string // the last value WeCom refused: not to be read from Redis again
	refused error  // why the last fetch needs an administrator
	rest    time.Duration
	restEnd time.Time
}

// loan is a value and when it must be given up.
type loan struct {
	value string
	until time.Time
}

func (l loan) encode() string { return strconv.FormatInt(l.until.UnixMilli(), 10) + " " + l.value }

func decodeLoan(s string) loan {
	until, value, _ := strings.Cut(s, " ")
	ms, _ := strconv.ParseInt(until, 10, 64)
	return loan{value: value, until: time.UnixMilli(ms)}
}

func (c *Client) newLease(name string, fetch func(context.Context) (string, time.Duration, error)) *lease {
	return &lease{
		key:   fmt.Sprintf("xuegong:wecom:%s:%s:%d", name, c.cfg.CorpID, c.cfg.AgentID),
		redis: c.cfg.Redis, clock: c.cfg.Clock, log: c.log.With(slog.String("lease", name)), fetch: fetch,
	}
}

// get returns the value, fetching it if need be. The caller's ctx ends its own waiting only,
// others may want what is being fetched.
func (l *lease) get(ctx context.Context) (string, error) {
	if v, ok := l.current(); ok {
		return v, nil
	}
	done := l.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTimeout)
		defer cancel()
		return l.renew(ctx)
	})
	select {
	case r := <-done:
		v, _ := r.Val.(string)
		return v, r.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (l *lease) current() (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held.value, l.held.value != "" && l.clock.Now().Before(l.held.until)
}

// renew runs once at a time in this process.
func (l *lease) renew(ctx context.Context) (string, error) {
	if v, ok := l.current(); ok {
		return v, nil
	}
	if l.redis != nil {
		v, err := l.renewShared(ctx)
		if !errors.Is(err, errRedis) {
			return v, err
		}
		l.log.WarnContext(ctx, "wecom keeps its lease in memory", slog.Any("error", err))
	}
	own, err := l.borrow(ctx)
	return own.value, err
}

var errRedis = errors.New("redis")

// renewShared takes what another process stored, or the lock to fetch and store it.
func (l *lease) renewShared(ctx context.Context) (string, error) {
	for {
		if v, err := l.load(ctx); err != nil || v != "" {
			return v, err
		}
		unlock, err := l.lock(ctx)
		if err != nil {
			return "", err
		}
		if unlock != nil {
			defer unlock()
			if v, err := l.load(ctx); err != nil || v != "" {
				return v, err // stored between our look and our lock
			}
			own, err := l.borrow(ctx)
			if err == nil {
				l.store(ctx, own)
			}
			return own.value, err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return "", err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// borrow fetches and keeps the value, unless the last refusal was too recent.
func (l *lease) borrow(ctx context.Context) (loan, error) {
	if err := l.resting(); err != nil {
		return loan{}, err
	}
	v, life, err := l.fetch(ctx)
	if err != nil {
		l.remember(err)
		return loan{}, err
	}
	// Nine tenths of its life, so that a call does not start with a dying token; a second at
	// least, whatever expires_in says.
	own := loan{value: v, until: l.clock.Now().Add(max(life/10*9, time.Second))}
	l.keep(own)
	l.log.InfoContext(ctx, "wecom lease renewed", slog.Time("until", own.until))
	return own, nil
}

func (l *lease) keep(held loan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held, l.refused, l.rest = held, nil, 0
}

// resting returns the last refusal while it is too early to ask again.
func (l *lease) resting() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused != nil && l.clock.Now().Before(l.restEnd) {
		return l.refused
	}
	return nil
}

// remember starts a rest after a refusal that only an administrator can end. Asking on and on
// with a wrong secret gets the IP address blocked.
func (l *lease) remember(err error) {
	if ActionOf(err) != ActionConfig {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = min(max(2*l.rest, firstRest), longestRest)
	l.refused, l.restEnd = err, l.clock.Now().Add(l.rest)
}

// drop forgets the value WeCom refused, here and in Redis, if it is still the one in use.
func (l *lease) drop(ctx context.Context, value string) {
	l.mu.Lock()
	held := l.held
	same := held.value == value
	if same {
		l.held, l.dropped = loan{}, value
	}
	l.mu.Unlock()
	if !same || l.redis == nil {
		return
	}
	if err := l.deleteIf(ctx, l.key, held.encode()); err != nil {
		l.log.WarnContext(ctx, "wecom lease stays in redis", slog.Any("error", err))
	}
}

// load reads what another process stored, "" if there is nothing of use.
func (l *lease) load(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	s, err := l.redis.Get(ctx, l.key).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("load lease: %w: %w", errRedis, err)
	}
	shared := decodeLoan(s)
	l.mu.Lock()
	refused := shared.value == l.dropped
	l.mu.Unlock()
	if refused || !l.clock.Now().Before(shared.until) {
		return "", nil
	}
	l.keep(shared)
	return shared.value, nil
}

// store shares the value. If Redis went away meanwhile, others fetch their own.
func (l *lease) store(ctx context.Context, shared loan) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	life := max(shared.until.Sub(l.clock.Now()), time.Second)
	if err := l.redis.Set(ctx, l.key, shared.encode(), life).Err(); err != nil {
		l.log.WarnContext(ctx, "wecom lease not shared", slog.Any("error", err))
	}
}

// lock returns how to unlock, or nil if another process has the lock.
func (l *lease) lock(ctx context.Context) (unlock func(), err error) {
	timed, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	key, holder := l.key+":lock", rand.Text()
	_, err = l.redis.SetArgs(timed, key, holder, redis.SetArgs{Mode: "NX", TTL: lockLife}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock lease: %w: %w", errRedis, err)
	}
	return func() {
		if err := l.deleteIf(ctx, key, holder); err != nil {
			l.log.WarnContext(ctx, "wecom lease stays locked", slog.Any("error", err))
		}
	}, nil
}

// deleteIf deletes a key while it has the value.
func (l *lease) deleteIf(ctx context.Context, key, value string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisTimeout)
	defer cancel()
	const script = `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`
	return l.redis.Eval(ctx, script, []string{key}, value).Err()
}
