package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"golang.org/x/sync/errgroup"

	"github.com/xuegong/xuegong/bot"
	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/internal/alarm"
	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
	"github.com/xuegong/xuegong/miniapp"
	"github.com/xuegong/xuegong/templates"
)

// Options of New beyond the settings.
type Options struct {
	Clock          clock.Clock // nil is the system's
	Log            *slog.Logger
	Hold           bool     // send nothing until staff release it (after a restore)
	FrameAncestors []string // who may show our pages in a frame: the simulated phones
	Listener       net.Listener
}

// App is one process of the product.
type App struct {
	cfg      *config.Config
	log      *slog.Logger
	db       *store.DB
	redis    redis.UniversalClient
	wecom    *wecom.Client
	bot      *bot.Bot
	keeper   *inbox.Keeper
	inbox    *inbox.Worker
	outbox   *outbox.Worker
	days     *outbox.CalendarWorker
	jobs     *job.Runner
	bell     *bell
	metrics  *metrics
	requests *request.Engine
	home     templates.Home
	offered  []service.File // the service files of this process
	handler  http.Handler
	listen   net.Listener
}

// New connects and wires, and starts nothing. The settings must satisfy Require. The
// database may be down: the process then shows the hotlines and waits for it (T4).
func New(ctx context.Context, cfg *config.Config, o Options) (*App, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	a := &App{cfg: cfg, log: o.Log, metrics: newMetrics(), requests: newRequests(cfg.PublicURL), listen: o.Listener}
	files, err := templates.Open(cfg.Templates)
	if err != nil {
		return nil, err
	}
	var begin errgroup.Group // PostgreSQL takes as long to open a connection as the files take to read
	begin.Go(func() error { return a.read(files) })
	begin.Go(func() error { return a.connect(ctx, o) })
	if err := begin.Wait(); err != nil {
		a.Close()
		return nil, err
	}
	if err := a.checkReviews(ctx); err != nil {
		a.Close()
		return nil, err
	}
	if err := a.wire(files, o); err != nil { //nolint:contextcheck // what it mounts takes the context of each request
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *App) read(files fs.FS) (err error) {
	if a.home, err = templates.LoadHome(files); err != nil {
		return err
	}
	a.offered, err = service.Load(files)
	return err
}

func (a *App) connect(ctx context.Context, o Options) error {
	keys, err := config.ParseKeys(a.cfg.DataKey.Reveal())
	if err != nil {
		return fmt.Errorf("XUEGONG_DATA_KEY: %w", err)
	}
	ring, err := store.NewKeyring(keys)
	if err != nil {
		return err
	}
	if a.redis, err = openRedis(a.cfg.RedisURL.Reveal()); err != nil {
		return err
	}
	a.bell = newBell(alarm.New(a.redis), o.Clock, a.log)
	if a.db, err = store.Open(ctx, a.cfg.DatabaseURL.Reveal(), store.Options{Clock: o.Clock, Keys: ring, Zone: a.cfg.Location(), OnDue: a.bell.ring, Later: true}); err != nil {
		return err
	}
	a.metrics.watch(a.db) //nolint:contextcheck // a gauge is read by a scrape, which hands it no context
	a.wecom, err = wecom.New(wecom.Config{
		CorpID: a.cfg.CorpID, AgentID: a.cfg.AgentID, Secret: a.cfg.AppSecret.Reveal(),
		APIURL: a.cfg.APIURL, OAuthURL: a.cfg.OAuthURL, LoginURL: a.cfg.LoginURL,
		Redis: a.redis, Clock: o.Clock, Log: a.log, Observe: a.metrics.call,
	})
	return err
}

// openRedis takes redis://, rediss:// and unix:// addresses. Further ?addr=host:port
// make it a cluster, ?master_name=NAME makes its hosts Sentinels.
func openRedis(address string) (redis.UniversalClient, error) {
	wrong := errors.New("REDIS_URL: not an address redis://host:port/db")
	u, err := url.Parse(address)
	if err != nil {
		return nil, wrong
	}
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	q := u.Query()
	switch {
	case q.Has("master_name"):
		o, err := redis.ParseFailoverURL(address)
		if err != nil {
			return nil, wrong
		}
		return redis.NewFailoverClient(o), nil
	case q.Has("addr"):
		o, err := redis.ParseClusterURL(address)
		if err != nil {
			return nil, wrong
		}
		o.MaintNotificationsConfig = quiet
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, wrong
	}
	o.MaintNotificationsConfig = quiet
	return redis.NewClient(o), nil
}

func (a *App) wire(files fs.FS, o Options) error {
	a.bot = &bot.Bot{
		AgentID: a.cfg.AgentID, Home: a.home, Binding: identity.ByNumber, Requests: a.requests, Log: a.log,
		Cards: card.Maker{BaseURL: a.cfg.PublicURL, Zone: a.cfg.Location()},
	}
	a.inbox = &inbox.Worker{DB: a.db, Handle: a.bot.Handle, GiveUp: a.bot.GiveUp, Log: a.log, Concurrency: 8, Observe: a.metrics.act}
	a.keeper = inbox.NewKeeper(a.db, a.inbox.Wake)
	a.outbox = &outbox.Worker{
		DB: a.db, Alarm: a.bell.alarm, Client: a.wecom, Render: a.bot.Render, Log: a.log,
		Observe: a.metrics.sent, Hold: func() bool { return o.Hold },
	}
	a.days = &outbox.CalendarWorker{
		DB: a.db, Alarm: a.bell.alarm, Client: a.wecom, Render: a.bot.RenderEntry, Name: "学工日程", Log: a.log,
		Observe: a.metrics.sent, Hold: func() bool { return o.Hold },
	}
	a.jobs = &job.Runner{DB: a.db, Alarm: a.bell.alarm, Log: a.log, Kinds: map[string]job.Step{
		counselling.ExpireJob: counselling.Expire, counselling.OfferJob: counselling.ExpireOffer,
		counselling.ServeJob: counselling.ServeWaitlist, counselling.AskJob: counselling.AskWait,
		counselling.NightJob: counselling.Night, counselling.ResettleJob: counselling.ResettleStep,
		counselling.EscalateJob: counselling.Escalate,
		counselling.RosterJob:   counselling.CheckRoster,
		counselling.DigestJob:   counselling.Digest,
		counselling.ReviewJob:   counselling.RemindReview,
	}}
	maps.Copy(a.jobs.Kinds, requestJobs(a.requests))
	a.bell.due = map[string]func(){outbox.Queue: a.outbox.Wake, outbox.EntryQueue: a.days.Wake, job.Queue: a.jobs.Wake}
	return a.route(files, o)
}

// route mounts the machines' doors (callbacks, health, metrics) beside the pages:
// they have no session and no form tokens, a callback is proved by its signature.
func (a *App) route(files fs.FS, o Options) error {
	codec, err := wecom.NewCodec(a.cfg.Token.Reveal(), a.cfg.AESKey.Reveal(), a.cfg.CorpID)
	if err != nil {
		return fmt.Errorf("callback settings: %w", err)
	}
	pages, err := miniapp.New(miniapp.Deps{
		DB: a.db, WeCom: a.wecom, Redis: a.redis, Config: a.cfg, Home: a.home, Templates: files,
		Binding: identity.ByNumber, Requests: a.requests, FrameAncestors: o.FrameAncestors, Log: a.log, OnAgreed: a.bot.Agreed, OnFilled: a.bot.Filled, Token: identity.ByToken,
	})
	if err != nil {
		return err
	}
	gin.SetMode(gin.ReleaseMode)
	machines := gin.New()
	(&bot.Receiver{Codec: codec, Clock: a.db.Clock(), Keep: a.keeper.Keep, Log: a.log, Observe: a.metrics.callback}).Register(machines)
	a.registerHealth(machines)
	people := gin.New()
	pages.Register(people)

	mux := http.NewServeMux()
	for _, path := range []string{"/wecom/callback", "/healthz", "/readyz", "/metrics"} {
		mux.Handle(path, machines)
	}
	mux.Handle("/", pages.Wrap(people))
	a.handler = mux
	return nil
}

// DB is the database of the process.
func (a *App) DB() *store.DB { return a.db }

// Requests has the verbs of applications, as every face of the process calls them.
func (a *App) Requests() *request.Engine { return a.requests }

// drain is how long requests under way may take after a shutdown began.
const drain = 15 * time.Second

// Run serves and works until ctx ends, then finishes what is under way. It answers
// /healthz before it has looked at the schema and the services.
func (a *App) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ln := a.listen
	if ln == nil {
		var err error
		if ln, err = new(net.ListenConfig).Listen(ctx, "tcp", a.cfg.Listen); err != nil {
			return fmt.Errorf("XUEGONG_LISTEN: %w", err)
		}
	}
	srv := &http.Server{
		Handler: a.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}

	// The keeper outlives the listener: what a request handed in is still written.
	keeping, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	var wg sync.WaitGroup
	wg.Go(func() { a.keeper.Run(keeping) })
	wg.Go(func() { a.bell.run(keeping) })
	failed := make(chan error, 1)
	wg.Go(func() {
		err := a.prepare(ctx)
		switch {
		case ctx.Err() != nil: // asked to stop while it waited
			return
		case err != nil:
			failed <- err
			return
		}
		for _, work := range []func(context.Context){a.inbox.Run, a.outbox.Run, a.days.Run, a.jobs.Run, a.seal, a.keepDirectory, a.keepHours, a.keepFiles, a.setMenu} {
			wg.Go(func() { work(ctx) })
		}
	})
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()

	var err error
	select {
	case err = <-served:
	case err = <-failed:
		_ = srv.Close()
	case <-ctx.Done():
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		err = srv.Shutdown(down)
	}
	stop()
	stopKeeping()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close releases what New opened.
func (a *App) Close() {
	if a.wecom != nil {
		a.wecom.Close()
	}
	if a.db != nil {
		_ = a.db.Close()
	}
	if a.redis != nil {
		_ = a.redis.Close()
	}
}

// prepare makes ready what the work needs, once the database answers with this release's
// schema, or until ctx ends: so long the process answers /healthz and /now, keeps what
// WeCom brings, and works on nothing.
func (a *App) prepare(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for said := false; ; {
		err := a.checkSchema(ctx)
		if err == nil {
			err = errors.Join(a.checkReviews(ctx), a.offerServices(ctx))
			if !store.Broken(err) || store.Refused(err) {
				return err
			}
		}
		if !said {
			a.log.Error("waiting for the schema", slog.Any("error", err))
			said = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// seal takes committed audit rows into the hash chain, once a second.
func (a *App) seal(ctx context.Context) {
	every(ctx, time.Second, func() {
		if _, err := audit.Seal(ctx, a.db); err != nil && ctx.Err() == nil {
			a.log.Error("seal audit", slog.Any("error", err))
		}
	})
}

// setMenu puts our menu into WeCom unless it is there already, and tries again while
// WeCom does not answer.
func (a *App) setMenu(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, 5*time.Minute) {
		want, err := a.menu(ctx)
		var have []wecom.MenuButton
		if err == nil {
			have, err = a.wecom.GetMenu(ctx)
		}
		if err == nil && slices.EqualFunc(have, want, sameButton) {
			return
		}
		if err == nil {
			err = a.wecom.SetMenu(ctx, want)
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		a.log.Warn("set menu", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func sameButton(a, b wecom.MenuButton) bool {
	return a.Type == b.Type && a.Name == b.Name && a.Key == b.Key && a.URL == b.URL && slices.EqualFunc(a.SubButton, b.SubButton, sameButton)
}

func every(ctx context.Context, d time.Duration, fn func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			fn()
		}
	}
}
