package wecom

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"github.com/xuegong/xuegong/internal/clock"
)

// NoAnswer is what Config.Observe reads as code when a call had no usable answer.
const NoAnswer = -2

// Config is what a Client needs. Only CorpID, AgentID and Secret have no default.
type Config struct {
	CorpID  string
	AgentID int
	Secret  string // the app's, never logged

	APIURL   string // https://qyapi.weixin.qq.com
	OAuthURL string // https://open.weixin.qq.com, where a person signs in inside WeCom
	LoginURL string // https://login.work.weixin.qq.com, where a person signs in at a desk

	Redis       redis.UniversalClient // shares token and tickets; nil keeps them in this process
	Clock       clock.Clock           // clock.System
	HTTPTimeout time.Duration         // of one attempt, 10 s; media get six times as long
	Limits      Limits
	Log         *slog.Logger // discards

	// Observe, if set, is told of every attempt: errcode (NoAnswer without one) and duration.
	Observe func(api string, code int, d time.Duration)
}

// Limits bound what one Client does. The zero value takes the defaults.
type Limits struct {
	Concurrency int           // calls at once, 16; each 45033 takes one away for Cooldown
	Cooldown    time.Duration // 10 s
	Tries       int           // attempts at a call that answers -1 or 6000, 3
	Budget      time.Duration // for all of them together, 5 s
	Trip        int           // failures in a row that open the breaker, 5
	Rest        time.Duration // how long it stays open, 10 s
}

// Client calls WeCom for one app. Safe for concurrent use; build one per app and process.
type Client struct {
	cfg     Config
	http    *http.Client
	token   accessToken
	tickets struct{ corp, agent *lease }
	gate    *gate
	windows *windows
	breaker *gobreaker.CircuitBreaker[reply]
	log     *slog.Logger
}

// New checks the configuration and builds the client. It calls nothing.
func New(cfg Config) (*Client, error) {
	if cfg.CorpID == "" || cfg.AgentID == 0 || cfg.Secret == "" {
		return nil, errors.New("wecom: corp id, agent id and secret must be set")
	}
	cfg = withDefaults(cfg)
	for _, u := range []*string{&cfg.APIURL, &cfg.OAuthURL, &cfg.LoginURL} {
		p, err := url.Parse(*u)
		if err != nil || p.Host == "" || p.Scheme != "http" && p.Scheme != "https" {
			return nil, fmt.Errorf("wecom: %q is not http(s)://host", *u)
		}
		*u = strings.TrimRight(*u, "/")
	}
	c := &Client{cfg: cfg, http: newHTTPClient(cfg.Limits.Concurrency), log: cfg.Log.With(slog.String("corp", cfg.CorpID), slog.Int("agent", cfg.AgentID))}
	c.gate = newGate(cfg.Limits)
	c.windows = &windows{clock: cfg.Clock}
	c.breaker = newBreaker(cfg.Limits, c.log)
	c.token = accessToken{c.newLease("token", c.fetchToken)}
	c.tickets.corp = c.newLease("ticket:corp", c.fetchTicket("get_jsapi_ticket", nil))
	c.tickets.agent = c.newLease("ticket:agent", c.fetchTicket("ticket/get", url.Values{"type": {"agent_config"}}))
	return c, nil
}

func withDefaults(cfg Config) Config {
	cfg.APIURL = cmp.Or(cfg.APIURL, "https://qyapi.weixin.qq.com")
	cfg.OAuthURL = cmp.Or(cfg.OAuthURL, "https://open.weixin.qq.com")
	cfg.LoginURL = cmp.Or(cfg.LoginURL, "https://login.work.weixin.qq.com")
	cfg.HTTPTimeout = cmp.Or(cfg.HTTPTimeout, 10*time.Second)
	cfg.Limits.Concurrency = cmp.Or(cfg.Limits.Concurrency, 16)
	cfg.Limits.Cooldown = cmp.Or(cfg.Limits.Cooldown, 10*time.Second)
	cfg.Limits.Tries = cmp.Or(cfg.Limits.Tries, 3)
	cfg.Limits.Budget = cmp.Or(cfg.Limits.Budget, 5*time.Second)
	cfg.Limits.Trip = cmp.Or(cfg.Limits.Trip, 5)
	cfg.Limits.Rest = cmp.Or(cfg.Limits.Rest, 10*time.Second)
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, int, time.Duration) {}
	}
	return cfg
}

// newHTTPClient follows no redirects: WeCom sends none, and the token is in the URL.
func newHTTPClient(concurrency int) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = concurrency
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

const (
	maxAnswer = 16 << 20 // bytes of JSON; the list of a large university is 3 MB
	apiToken  = "gettoken"
)

// request is one API call. Without a body it is a GET.
type request struct {
	api     string // path below /cgi-bin/
	query   url.Values
	body    []byte
	mime    string        // of the body, JSON if ""
	limit   int64         // bytes of the answer, maxAnswer if 0
	timeout time.Duration // of one attempt, Config.HTTPTimeout if 0
	bare    bool          // needs no access token
}

// reply is what came back with HTTP 200.
type reply struct {
	body []byte
	mime string
}

func (c *Client) get(ctx context.Context, api string, query url.Values, out any) error {
	return c.call(ctx, request{api: api, query: query}, out)
}

func (c *Client) post(ctx context.Context, api string, in, out any) error {
	return c.call(ctx, request{api: api, body: encode(in)}, out)
}

// call reads the answer into out, also that of an error: it may list who was refused.
func (c *Client) call(ctx context.Context, r request, out any) error {
	rep, err := c.do(ctx, r)
	if out == nil || len(rep.body) == 0 {
		return err
	}
	if jsonErr := json.Unmarshal(rep.body, out); jsonErr != nil && err == nil {
		return &TransportError{API: r.api, Sent: true, Err: fmt.Errorf("read answer: %w", c.redacted(jsonErr))}
	}
	return err
}

// do repeats a call that WeCom asks to repeat, inside a small budget. Long waits are not its
// business: whoever keeps the message does them.
func (c *Client) do(ctx context.Context, r request) (reply, error) {
	if until, closed := c.windows.closed(r.api); closed {
		return reply{}, &APIError{API: r.api, Code: CodeFrequency, Msg: "waiting for the rate limit", Action: ActionWait, Until: until}
	}
	var last reply
	var lastErr error
	attempt := func() (reply, error) {
		last, lastErr = c.authorized(ctx, r)
		if code := CodeOf(lastErr); code == -1 || code == 6000 {
			return last, lastErr
		}
		return last, backoff.Permanent(lastErr)
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = c.cfg.Limits.Budget / 16
	_, _ = backoff.Retry(ctx, attempt,
		backoff.WithBackOff(pauses),
		backoff.WithMaxTries(uint(c.cfg.Limits.Tries)),
		backoff.WithMaxElapsedTime(c.cfg.Limits.Budget))
	return last, lastErr // not Retry's, which is about the waiting if that was cut short
}

// authorized makes the call with the token, and once more with a fresh one if it was refused.
func (c *Client) authorized(ctx context.Context, r request) (reply, error) {
	if r.bare {
		return c.once(ctx, r, "")
	}
	token, err := c.token.GetAccessTokenContext(ctx)
	if err != nil {
		return reply{}, c.unsent(r.api, err)
	}
	rep, err := c.once(ctx, r, token)
	if ActionOf(err) != ActionToken {
		return rep, err
	}
	c.token.drop(ctx, token)
	if token, err = c.token.GetAccessTokenContext(ctx); err != nil {
		return reply{}, c.unsent(r.api, err)
	}
	return c.once(ctx, r, token)
}

// unsent says that a call was not made because its token could not be had. Only the reason's
// own action counts then: an unclear gettoken leaves nothing unclear about this call.
func (c *Client) unsent(api string, err error) error {
	if _, ok := errors.AsType[*APIError](err); ok {
		return fmt.Errorf("before %s: %w", api, err)
	}
	status := 0
	if t, ok := errors.AsType[*TransportError](err); ok {
		status = t.Status
	}
	return &TransportError{API: api, Status: status, Err: fmt.Errorf("no access token: %w", c.redacted(err))}
}

// once is one attempt: a place at the gate, the breaker, the wire, and what the answer means.
func (c *Client) once(ctx context.Context, r request, token string) (reply, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return reply{}, &TransportError{API: r.api, Err: fmt.Errorf("wait for a place: %w", err)}
	}
	start := clock.Wall()
	rep, err := c.breaker.Execute(func() (reply, error) { return c.send(ctx, r, token) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = &TransportError{API: r.api, Err: err}
	}
	if err == nil && rep.isJSON() {
		err = c.apiErrorOrGarbage(r.api, rep.body)
	}
	leave(CodeOf(err) == CodeConcurrency)
	c.settle(r.api, err)
	c.cfg.Observe(r.api, observedCode(err), clock.Wall().Sub(start))
	return rep, err
}

// settle opens or closes the API's window after an attempt.
func (c *Client) settle(api string, err error) {
	e, ok := errors.AsType[*APIError](err)
	switch {
	case ok && e.Code == CodeFrequency:
		e.Until = c.windows.close(api)
		c.log.Warn("wecom rate limit", slog.String("api", api), slog.Time("until", e.Until))
	case ok && e.Action == ActionWait:
		e.Until = c.cfg.Clock.Now().Add(time.Minute)
	case err == nil:
		c.windows.open(api)
	}
}

func observedCode(err error) int {
	switch e, ok := errors.AsType[*APIError](err); {
	case err == nil:
		return 0
	case ok:
		return e.Code
	default:
		return NoAnswer
	}
}

func (c *Client) apiErrorOrGarbage(api string, body []byte) error {
	err := c.apiError(api, body)
	if _, ok := errors.AsType[*APIError](err); ok || err == nil {
		return err
	}
	return &TransportError{API: api, Sent: true, Err: fmt.Errorf("read answer: %w", c.redacted(err))}
}

// send puts the request on the wire and returns the body of a 200. Its errors are all
// *TransportError, which is what the breaker counts.
func (c *Client) send(ctx context.Context, r request, token string) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.timeout, c.cfg.HTTPTimeout))
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	fail := func(status int, err error) (reply, error) {
		return reply{}, &TransportError{API: r.api, Sent: sent.Load(), Status: status, Err: c.redacted(bareError(err))}
	}
	req, err := c.newRequest(ctx, r, token)
	if err != nil {
		return fail(0, err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fail(0, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
		return fail(res.StatusCode, fmt.Errorf("HTTP status %d", res.StatusCode))
	}
	limit := cmp.Or(r.limit, maxAnswer)
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return fail(0, fmt.Errorf("read answer: %w", err))
	}
	if int64(len(body)) > limit {
		return fail(0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit))
	}
	return reply{body: body, mime: res.Header.Get("Content-Type")}, nil
}

func (c *Client) newRequest(ctx context.Context, r request, token string) (*http.Request, error) {
	query := url.Values{}
	for k, v := range r.query {
		query[k] = v
	}
	if !r.bare {
		query.Set("access_token", token)
	}
	method := http.MethodGet
	var body io.Reader
	if r.body != nil {
		method, body = http.MethodPost, bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.cfg.APIURL+"/cgi-bin/"+r.api+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		req.Header.Set("Content-Type", cmp.Or(r.mime, "application/json; charset=utf-8"))
	}
	return req, nil
}

// bareError takes the URL, and the token in it, off an error of net/http.
func bareError(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// isJSON tells an answer from a file; errors of media/get come as JSON with status 200.
func (r reply) isJSON() bool {
	mime, _, _ := strings.Cut(r.mime, ";")
	switch strings.TrimSpace(strings.ToLower(mime)) {
	case "application/json", "text/plain", "":
		return true
	}
	return false
}

// encode marshals what this package defines, which cannot fail, and leaves < and > readable:
// texts hold links.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("wecom: encode %T: %v", v, err))
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func (c *Client) agentQuery() url.Values {
	return url.Values{"agentid": {strconv.Itoa(c.cfg.AgentID)}}
}
