package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
)

// Demo is the whole product on one machine: App, its database and Redis, the
// simulated WeCom with two phones, and the sample school.
type Demo struct {
	App       *App
	Simulator *simulator.Server

	clock     *clock.Shifted
	contacts  string // secret of the simulated contact-sync assistant
	cfg       *config.Config
	log       *slog.Logger
	listeners []net.Listener // simulator, phone, phone
	closers   []func()
}

// secrets is what demo makes up once and keeps in its data folder.
type secrets struct {
	AppSecret, ContactSecret, Token, AESKey, DataKey string
}

// NewDemo starts what the settings leave out and keeps its data in dir. cfg is
// completed in place.
func NewDemo(ctx context.Context, cfg *config.Config, dir string, log *slog.Logger) (*Demo, error) {
	d := &Demo{cfg: cfg, log: log}
	if err := d.start(ctx, dir); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// start leaves in closers what it started, also when it fails.
func (d *Demo) start(ctx context.Context, dir string) error {
	// Open to look into, since PostgreSQL runs as another user when we are root; what is
	// secret in it is 0600.
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if d.clock, err = clock.NewShifted(filepath.Join(dir, "clock")); err != nil {
		return err
	}
	if err := d.chooseSettings(dir); err != nil {
		return err
	}
	if err := d.startStores(ctx, dir); err != nil {
		return err
	}
	if err := d.startSimulator(ctx, dir); err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", d.cfg.Listen)
	if err != nil {
		return fmt.Errorf("XUEGONG_LISTEN: %w", err)
	}
	d.closers = append(d.closers, func() { _ = ln.Close() })
	if d.App, err = New(ctx, d.cfg, Options{Clock: d.clock, Log: d.log, FrameAncestors: []string{d.SimulatorURL()}, Listener: ln}); err != nil {
		return err
	}
	d.closers = append(d.closers, d.App.Close)
	return d.loadSample(ctx)
}

// Sample company of the simulator: no real one has this id.
const (
	sampleCorp  = "ww0123456789abcdef"
	sampleAgent = 1000002
)

func (d *Demo) chooseSettings(dir string) error {
	s, err := keptSecrets(filepath.Join(dir, "secrets.json"))
	if err != nil {
		return err
	}
	set := func(dest *config.Secret, v string) {
		if *dest == "" {
			*dest = config.Secret(v)
		}
	}
	set(&d.cfg.AppSecret, s.AppSecret)
	set(&d.cfg.Token, s.Token)
	set(&d.cfg.AESKey, s.AESKey)
	set(&d.cfg.DataKey, s.DataKey)
	d.contacts = s.ContactSecret
	if d.cfg.CorpID == "" {
		d.cfg.CorpID = sampleCorp
	}
	if d.cfg.AgentID == 0 {
		d.cfg.AgentID = sampleAgent
	}
	if d.cfg.PublicURL == "" {
		d.cfg.PublicURL = "http://" + d.cfg.Listen
	}
	d.cfg.APIURL, d.cfg.OAuthURL, d.cfg.LoginURL = d.SimulatorURL(), d.SimulatorURL(), d.SimulatorURL()
	return nil
}

// keptSecrets reads the data folder's secrets, or makes them up the first time.
func keptSecrets(file string) (s secrets, err error) {
	b, err := os.ReadFile(file)
	if err == nil {
		if err := json.Unmarshal(b, &s); err != nil {
			return s, fmt.Errorf("read %s: %w", file, err)
		}
		return s, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("read secrets: %w", err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	// 43 characters without + and /, as WeCom's console makes them.
	aes := store.NewPublicID() + store.NewPublicID()
	s = secrets{
		AppSecret: randomHex(), ContactSecret: randomHex(), Token: store.NewPublicID(), AESKey: aes[:43],
		DataKey: base64.StdEncoding.EncodeToString(key),
	}
	if b, err = json.Marshal(s); err != nil {
		return s, fmt.Errorf("keep secrets: %w", err)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return s, fmt.Errorf("keep secrets: %w", err)
	}
	return s, nil
}

func randomHex() string {
	b := make([]byte, 21)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

const demoDatabase = "xuegong"

func (d *Demo) startStores(ctx context.Context, dir string) error {
	if d.cfg.DatabaseURL == "" {
		pg, err := localdb.StartPostgres(ctx, localdb.Options{Dir: dir, Log: d.log})
		if err != nil {
			return err
		}
		d.closers = append(d.closers, func() { _ = pg.Stop() })
		if err := pg.EnsureDatabase(ctx, demoDatabase); err != nil {
			return err
		}
		d.cfg.DatabaseURL = config.Secret(pg.URL(demoDatabase))
	}
	if d.cfg.RedisURL == "" {
		r, err := localdb.StartRedis(localdb.Options{Dir: dir, Log: d.log})
		if err != nil {
			return err
		}
		d.closers = append(d.closers, r.Stop)
		d.cfg.RedisURL = config.Secret("redis://" + r.Addr())
	}
	if _, err := store.Migrate(ctx, d.cfg.DatabaseURL.Reveal()); err != nil {
		return err
	}
	return nil
}

// SimulatorURL is where the two phones are.
func (d *Demo) SimulatorURL() string { return "http://" + d.cfg.SimulatorListen }

func (d *Demo) startSimulator(ctx context.Context, dir string) error {
	phones, err := d.listenAll(ctx)
	if err != nil {
		return err
	}
	d.Simulator, err = simulator.New(simulator.Config{
		CorpID: d.cfg.CorpID, AgentID: d.cfg.AgentID, Secret: d.cfg.AppSecret.Reveal(), ContactSecret: d.contacts,
		Token: d.cfg.Token.Reveal(), TrustedDomain: host(d.cfg.PublicURL),
		AESKey: d.cfg.AESKey.Reveal(), AppName: "学工", CallbackURL: d.cfg.PublicURL + "/wecom/callback", HomeURL: d.cfg.PublicURL + "/m/",
		AppURL: d.cfg.PublicURL, Clock: d.clock, StateFile: filepath.Join(dir, "simulator.json"), PhoneListen: phones, Log: d.log,
		Advance: func(ctx context.Context, by time.Duration) (time.Time, error) { return d.App.Advance(ctx, d.clock, by) },
	})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, func() { _ = d.Simulator.Close() })
	d.Simulator.SetDirectory(SampleDirectory())
	return nil
}

// listenAll opens the simulator's port and the phones' two ports after it.
func (d *Demo) listenAll(ctx context.Context) (phones [2]string, err error) {
	host, port, err := net.SplitHostPort(d.cfg.SimulatorListen)
	if err != nil {
		return phones, fmt.Errorf("XUEGONG_SIMULATOR_LISTEN: %w", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return phones, fmt.Errorf("XUEGONG_SIMULATOR_LISTEN: %w", err)
	}
	for i := range 3 {
		addr := net.JoinHostPort(host, strconv.Itoa(n+i))
		ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err != nil {
			return phones, fmt.Errorf("XUEGONG_SIMULATOR_LISTEN and the two ports after it: %w", err)
		}
		d.closers = append(d.closers, func() { _ = ln.Close() })
		d.listeners = append(d.listeners, ln)
		if i > 0 {
			phones[i-1] = addr
		}
	}
	return phones, nil
}

func (d *Demo) loadSample(ctx context.Context) error {
	if err := sample.Load(ctx, d.App.db); err != nil {
		return fmt.Errorf("sample school: %w", err)
	}
	if err := d.App.db.Update(ctx, func(tx *store.Tx) error {
		_, err := service.Apply(ctx, tx, identity.Operator(), d.App.offered)
		return err
	}); err != nil {
		return fmt.Errorf("offer services: %w", err)
	}
	return nil
}

// SampleDirectory is the sample school as WeCom's address book has it.
func SampleDirectory() ([]simulator.Department, []simulator.User, []simulator.Tag) {
	deps := []simulator.Department{{ID: 1, Name: "示例大学"}}
	ids := map[string]int{}
	var users []simulator.User
	for _, m := range sample.Directory() {
		id, ok := ids[m.Department]
		if !ok {
			id = len(deps) + 1
			ids[m.Department] = id
			deps = append(deps, simulator.Department{ID: id, ParentID: 1, Name: m.Department, Order: id})
		}
		users = append(users, simulator.User{
			UserID: m.UserID, Name: m.Name, Kind: m.Kind, Department: m.Department,
			Departments: []int{id}, InRange: true,
		})
	}
	return deps, users, nil
}

// Run serves everything until ctx ends and prints where it is to out.
func (d *Demo) Run(ctx context.Context, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		served <- d.serveSimulator(ctx)
		stop()
	}()
	fmt.Fprintf(out, "ready\n  two phones   %s/\n  app          %s/m/\n  desk         %s/desk/\n", d.SimulatorURL(), d.cfg.PublicURL, d.cfg.PublicURL)
	filled := make(chan struct{})
	go func() {
		defer close(filled)
		d.fillQueues(ctx)
	}()
	err := d.App.Run(ctx)
	stop()
	<-filled
	return errors.Join(err, <-served)
}

// fillQueues puts applications before the sample school's offices, while the product is
// looked at already: nobody waits for them.
func (d *Demo) fillQueues(ctx context.Context) {
	if err := sample.Apply(ctx, d.App.db, d.App.requests); err != nil && ctx.Err() == nil {
		d.log.Error("sample applications", slog.Any("error", err))
	}
}

// serveSimulator answers on the simulator's port and the phones' until ctx ends.
func (d *Demo) serveSimulator(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	handlers := []http.Handler{d.Simulator.Handler(), d.Simulator.PhoneHandler(0), d.Simulator.PhoneHandler(1)} //nolint:contextcheck // an import goes on when its call is answered
	errs := make([]error, len(handlers))
	for i, h := range handlers {
		wg.Go(func() {
			defer stop()
			errs[i] = serve(ctx, d.listeners[i], h)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// serve answers on ln until ctx ends. Open pages hold long answers, so they are cut.
func serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	done := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer done()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close stops what NewDemo started, the last first.
func (d *Demo) Close() {
	for i := len(d.closers) - 1; i >= 0; i-- {
		d.closers[i]()
	}
	d.closers = nil
}
