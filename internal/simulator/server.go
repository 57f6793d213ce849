package simulator

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/errs"
)

// Config says which company and app are simulated and where the app is.
type Config struct {
	CorpID        string // "ww" and 16 hex digits on the real platform; any text here
	AgentID       int
	Secret        string // of the app
	ContactSecret string // of the contact-sync assistant; "" = there is none
	Token         string // of the callback; letters and digits, at most 32
	AESKey        string // of the callback; 43 letters and digits
	AppName       string
	CallbackURL   string // where callbacks go; "" = not configured, interactive cards answer 43012
	HomeURL       string // opened by the app's tile in the workbench
	TrustedDomain string // host:port OAuth may return to; "" = any
	AppURL        string // public URL of the app, upstream of the phones

	Clock clock.Clock // nil = a clock of its own, kept beside StateFile
	// Advance moves the time for POST /sim/clock and returns it; nil moves Clock itself.
	Advance func(ctx context.Context, d time.Duration) (time.Time, error)

	StateFile   string    // "" = memory only
	PhoneListen [2]string // host:port of the two phones, for the page to open; "" = not started
	Log         *slog.Logger
}

// Server is the simulated platform. Safe for concurrent use.
type Server struct {
	cfg    Config
	log    *slog.Logger
	clock  clock.Clock
	crypto *crypto // nil without Token and AESKey
	client *http.Client
	notice *template.Template // of the page for a person

	callbackDeadline time.Duration // 5 s on the platform
	verifyDeadline   time.Duration // 1 s on the platform

	mu       sync.Mutex
	st       *state
	byID     map[string]int // folded userid to place in st.Users
	switches Switches
	faults   []Fault
	wire     []Entry
	wireSeq  int64
	lanes    map[string]*lane
	limits   map[string]*limiter
	recent   map[string][]time.Time // deliveries per member, for the silent drop
	seen     map[string]duplicate   // bodies sent with enable_duplicate_check
	lastPost *attemptRequest        // replayed by the replay fault
	changed  chan struct{}          // closed and replaced at every change
	watchers map[chan event]struct{}
	dirty    bool

	phones [2]*phone
	ctx    context.Context
	stop   context.CancelFunc
	work   sync.WaitGroup
}

// New opens the platform, with the state of StateFile if there is one. Refused are a
// missing CorpID, AgentID or Secret and a Token or AESKey the admin console would refuse.
func New(cfg Config) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	page, err := template.ParseFS(pageFiles, "page/notice.html")
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	st, err := loadState(cfg)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	s := &Server{
		cfg: cfg, log: cfg.Log, clock: cfg.Clock, st: st, notice: page,
		client:           &http.Client{Transport: callbackTransport()},
		callbackDeadline: 5 * time.Second, verifyDeadline: time.Second,
		switches: *st.Switches,
		lanes:    map[string]*lane{}, limits: map[string]*limiter{},
		recent: map[string][]time.Time{}, seen: map[string]duplicate{},
		changed: make(chan struct{}), watchers: map[chan event]struct{}{},
	}
	s.reindex()
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.clock == nil {
		if s.clock, err = clock.NewShifted(cfg.beside(".clock")); err != nil {
			return nil, fmt.Errorf("simulator: %w", err)
		}
	}
	if cfg.AESKey != "" {
		if s.crypto, err = newCrypto(cfg.Token, cfg.AESKey, cfg.CorpID); err != nil {
			return nil, fmt.Errorf("simulator: %w", err)
		}
	}
	for i := range s.phones {
		if s.phones[i], err = s.newPhone(i); err != nil {
			return nil, fmt.Errorf("simulator: %w", err)
		}
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.work.Go(s.keepState)
	return s, nil
}

var (
	tokenShape  = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)
	aesKeyShape = regexp.MustCompile(`^[0-9A-Za-z]{43}$`)
)

func (c *Config) check() error {
	switch {
	case c.CorpID == "":
		return errors.New("no corp id")
	case c.AgentID <= 0:
		return errors.New("no agent id")
	case c.Secret == "":
		return errors.New("no secret")
	case c.CallbackURL != "" && (c.Token == "" || c.AESKey == ""):
		return errors.New("a callback URL needs Token and AESKey")
	case c.Token != "" && !tokenShape.MatchString(c.Token):
		return errors.New("the token must be 1 to 32 letters and digits")
	case c.AESKey != "" && !aesKeyShape.MatchString(c.AESKey):
		return errors.New("the AES key must be 43 letters and digits")
	}
	return nil
}

// beside names a file next to the state file, "" without one.
func (c *Config) beside(suffix string) string {
	if c.StateFile == "" {
		return ""
	}
	return c.StateFile + suffix
}

// Handler serves the WeCom API, OAuth, the control API and the page.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/cgi-bin/", s.apiHandler())
	mux.HandleFunc("GET /connect/oauth2/authorize", s.authorizePage)
	mux.HandleFunc("GET /wwlogin/sso/login", s.webLoginPage)
	mux.HandleFunc("GET /wwopen/sso/qrConnect", s.webLoginPage)
	mux.HandleFunc("GET /files/{id}", s.servePublicFile)
	s.controlRoutes(mux)
	s.pageRoutes(mux)
	return mux
}

// Close delivers nothing more, waits for what runs and keeps the state.
func (s *Server) Close() error {
	s.mu.Lock()
	s.stop() // under the lock: no lane starts after it
	s.mu.Unlock()
	s.work.Wait()
	s.client.CloseIdleConnections()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saveState()
}

// now is the platform's time; the caller need not hold the lock.
func (s *Server) now() time.Time { return s.clock.Now() }

// touch tells everyone who waits that something changed. The caller holds the lock.
func (s *Server) touch() {
	s.dirty = true
	close(s.changed)
	s.changed = make(chan struct{})
}

// maxAdvance is how far one call moves the time: every day on the way is lived through, and
// there is no way back.
const maxAdvance = 3 * 366 * 24 * time.Hour

// Advance moves the platform's time by d > 0, at most three years, and returns the new time.
func (s *Server) Advance(ctx context.Context, d time.Duration) (time.Time, error) {
	if d <= 0 {
		return time.Time{}, errs.Field("advance", "时间只能往前走，例如 1h 或 24h。")
	}
	if d > maxAdvance {
		return time.Time{}, errs.Field("advance", "一次最多走三年。")
	}
	now, err := s.advance(ctx, d)
	if err != nil {
		return time.Time{}, fmt.Errorf("advance the clock by %s: %w", d, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touch()
	s.publish("clock", clockView(now))
	return now, nil
}

func (s *Server) advance(ctx context.Context, d time.Duration) (time.Time, error) {
	if s.cfg.Advance != nil {
		return s.cfg.Advance(ctx, d)
	}
	c, ok := s.clock.(interface{ MoveTo(time.Time) error })
	if !ok {
		return time.Time{}, errs.New(errs.Conflict, "这里用的是真实时间，不能拨动。")
	}
	if err := c.MoveTo(s.clock.Now().Add(d)); err != nil {
		return time.Time{}, err
	}
	return s.clock.Now(), nil
}

// View is what a waiting caller sees; it is valid only inside the function it is given to.
type View struct{ s *Server }

// Messages returns what the app sent to the member, oldest change first.
func (v View) Messages(user string) []Message { return v.s.messages(user, 0, false) }

// Log returns the wire log, oldest first.
func (v View) Log() []Entry { return append([]Entry(nil), v.s.wire...) }

// Wait returns when ok holds, asking again after every change, or with the error of ctx.
// ok runs under the server's lock and must not call the server.
func (s *Server) Wait(ctx context.Context, ok func(View) bool) error {
	for {
		s.mu.Lock()
		done, changed := ok(View{s}), s.changed
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fold is the form in which userids are compared: WeCom ignores case.
func fold(userid string) string { return strings.ToLower(userid) }
