package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

type migrateCmd struct{}

func (migrateCmd) Run(e *environment) error {
	cfg, err := e.config()
	if err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	if cfg.DatabaseURL == "" {
		return errors.New("DATABASE_URL: not set")
	}
	n, err := store.Migrate(e.ctx, cfg.DatabaseURL.Reveal())
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%d migrations applied\n", n)
	return nil
}

// withDB runs fn on the installation's database, outside any server.
func (e *environment) withDB(fn func(db *store.DB) error) error {
	cfg, err := e.config()
	if err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	if cfg.DatabaseURL == "" || cfg.DataKey == "" {
		return errors.New("needs DATABASE_URL and XUEGONG_DATA_KEY (a demo keeps its own in its data folder: use --data FOLDER)")
	}
	return withDB(e.ctx, cfg, clock.System{}, fn)
}

func withDB(ctx context.Context, cfg *config.Config, clk clock.Clock, fn func(db *store.DB) error) error {
	keys, err := config.ParseKeys(cfg.DataKey.Reveal())
	if err != nil {
		return fmt.Errorf("XUEGONG_DATA_KEY: %w", err)
	}
	ring, err := store.NewKeyring(keys)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, cfg.DatabaseURL.Reveal(), store.Options{Clock: clk, Keys: ring, Zone: cfg.Location(), MaxConns: 4})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return fn(db)
}

// dataFlag lets a command work on a demo's data folder instead of the environment.
type dataFlag struct {
	Data string `help:"Data folder of a demo, instead of the settings." type:"path"`
}

func (f dataFlag) withDB(e *environment, fn func(db *store.DB) error) error {
	if f.Data == "" {
		return e.withDB(fn)
	}
	cfg, err := e.config()
	if err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	d := &Demo{cfg: cfg, log: e.log()}
	defer d.Close()
	if d.clock, err = clock.NewShifted(f.Data + "/clock"); err != nil {
		return err
	}
	if err := d.chooseSettings(f.Data); err != nil {
		return err
	}
	if err := d.startStores(e.ctx, f.Data); err != nil {
		return err
	}
	return withDB(e.ctx, cfg, d.clock, fn)
}

type auditCmd struct{ dataFlag }

func (c auditCmd) Run(e *environment) error {
	return c.withDB(e, func(db *store.DB) error {
		lines, err := Broken(e.ctx, db)
		if err != nil {
			return err
		}
		for _, l := range lines {
			fmt.Fprintln(e.stdout, l)
		}
		if len(lines) > 0 {
			return fmt.Errorf("%d invariants are broken", len(lines))
		}
		fmt.Fprintln(e.stdout, "every invariant holds")
		return nil
	})
}

// Broken checks every invariant of the product and returns one line for each row
// that breaks one. What is so broken that it cannot be checked is a line as well.
func Broken(ctx context.Context, db *store.DB) ([]string, error) {
	var lines []string
	for _, check := range []func(context.Context, *store.Tx) ([]string, error){
		store.BrokenSchema, identity.Broken, counselling.Broken, outbox.Broken, remindersBroken, entriesBroken,
		approval.Broken, request.Broken, blob.Broken, unreadable, audit.Verify,
	} {
		var more []string
		err := db.View(ctx, func(tx *store.Tx) (err error) {
			more, err = check(ctx, tx)
			return err
		})
		if err != nil && (ctx.Err() != nil || !store.Refused(err)) {
			return nil, err
		}
		if err != nil {
			more = []string{"not checked: " + err.Error()}
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

// unreadable opens every sealed value; files are opened by their own check.
func unreadable(ctx context.Context, tx *store.Tx) ([]string, error) {
	var lines []string
	for _, s := range Sealed() {
		if s.Table == "blob" {
			continue
		}
		more, err := store.Unreadable(ctx, tx, s)
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

// remindersBroken joins what two packages know: which reminders wait, which bookings
// are confirmed.
func remindersBroken(ctx context.Context, tx *store.Tx) ([]string, error) {
	subjects, err := outbox.WaitingSubjects(ctx, tx, counselling.KindEve, counselling.KindSoon)
	if err != nil {
		return nil, fmt.Errorf("waiting reminders: %w", err)
	}
	return counselling.BrokenReminders(ctx, tx, subjects)
}

// entriesBroken joins which bookings stand in calendars with what became of them (T24).
func entriesBroken(ctx context.Context, tx *store.Tx) ([]string, error) {
	subjects, err := outbox.StandingSubjects(ctx, tx, counselling.KindEntry)
	if err != nil {
		return nil, fmt.Errorf("calendar entries: %w", err)
	}
	return counselling.BrokenEntries(ctx, tx, subjects)
}

type importCmd struct {
	People    importPeopleCmd    `cmd:"" help:"Import people; shows a preview unless --yes."`
	Directory importDirectoryCmd `cmd:"" help:"Read WeCom's directory now and close the accounts of who is gone."`
	Role      importRoleCmd      `cmd:"" help:"Give the first roles of a new installation: admin, or centre_head of a centre."`
}

type importDirectoryCmd struct {
	Force bool `help:"Close the accounts even if they are unusually many."`
}

func (c importDirectoryCmd) Run(e *environment) error {
	cfg, err := e.settings()
	if err != nil {
		return err
	}
	a, err := New(e.ctx, cfg, Options{Log: e.log()})
	if err != nil {
		return err
	}
	defer a.Close()
	report, err := a.readDirectory(e.ctx, c.Force)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%d members read, %d accounts closed, %d bound\n", report.Members, report.Closed, report.Bound)
	return nil
}

type importRoleCmd struct {
	dataFlag
	Role   string `arg:"" enum:"admin,centre_head" help:"admin or centre_head"`
	Number string `arg:"" help:"Staff number of an imported person."`
	Centre string `help:"Name of the centre; it is created if it is new." placeholder:"NAME"`
}

// Run gives the roles that nobody at the desk can give: the first administrator, and
// the first head of a centre, who administrators have no part in choosing.
func (c importRoleCmd) Run(e *environment) error {
	return c.withDB(e, func(db *store.DB) error {
		return db.Update(e.ctx, func(tx *store.Tx) error {
			p, err := identity.Numbered(e.ctx, tx, c.Number)
			if err != nil {
				return err
			}
			if c.Role == "admin" {
				return identity.Grant(e.ctx, tx, identity.Operator(), p.ID, identity.Admin, 0)
			}
			if c.Centre == "" {
				return errors.New("--centre: which centre?")
			}
			centre, err := identity.SaveUnit(e.ctx, tx, identity.Operator(), identity.Unit{Kind: identity.Centre, Code: c.Centre, Name: c.Centre})
			if err != nil {
				return err
			}
			return identity.Found(e.ctx, tx, identity.Operator(), p.ID, centre.ID)
		})
	})
}

type importPeopleCmd struct {
	dataFlag
	File string `arg:"" type:"existingfile" help:".xlsx or .csv"`
	Yes  bool   `help:"Apply what the preview shows."`

	CreateUnits bool `help:"Create colleges, classes and campuses nobody knows yet."`
}

func (c importPeopleCmd) Run(e *environment) error {
	return c.withDB(e, func(db *store.DB) error {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		report, err := identity.ImportFile(e.ctx, db, f, identity.Operator(), identity.ImportOptions{CreateUnits: c.CreateUnits}, c.Yes)
		if err != nil {
			return err
		}
		fmt.Fprintln(e.stdout, report)
		switch {
		case len(report.Errors) > 0:
			return fmt.Errorf("%d rows are wrong, nothing was written", len(report.Errors))
		case !report.Applied:
			fmt.Fprintln(e.stdout, "nothing is written yet; run again with --yes to apply")
			return nil
		}
		return db.Update(e.ctx, func(tx *store.Tx) error { return counselling.Departures(e.ctx, tx) })
	})
}

type simulateCmd struct {
	Callback string `help:"Callback URL of your app." placeholder:"URL"`
	Home     string `help:"Home URL of your app." placeholder:"URL"`
	Data     string `help:"Folder for the state." default:"./.simulator" type:"path"`
}

func (c simulateCmd) Run(e *environment) error {
	cfg, err := e.config()
	if err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	d := &Demo{cfg: cfg, log: e.log()}
	defer d.Close()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	if err := d.chooseSettings(c.Data); err != nil {
		return err
	}
	phones, err := d.listenAll(e.ctx)
	if err != nil {
		return err
	}
	d.Simulator, err = simulator.New(simulator.Config{
		CorpID: cfg.CorpID, AgentID: cfg.AgentID, Secret: cfg.AppSecret.Reveal(), ContactSecret: d.contacts, TrustedDomain: host(c.Home),
		Token: cfg.Token.Reveal(), AESKey: cfg.AESKey.Reveal(), AppName: "学工", CallbackURL: c.Callback, HomeURL: c.Home,
		AppURL: origin(c.Home), StateFile: c.Data + "/simulator.json", PhoneListen: phones, Log: d.log,
	})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, func() { _ = d.Simulator.Close() })
	d.Simulator.SetDirectory(SampleDirectory())
	printSimulator(e.stdout, d)
	return d.serveSimulator(e.ctx)
}

// printSimulator tells a developer what to put into the settings of the app.
func printSimulator(out io.Writer, d *Demo) {
	fmt.Fprintf(out, "ready\n  two phones      %s/\n  API base URL    %s\n  corp id         %s\n  agent id        %d\n  secret          %s\n  contact secret  %s\n  token           %s\n  EncodingAESKey  %s\n",
		d.SimulatorURL(), d.SimulatorURL(), d.cfg.CorpID, d.cfg.AgentID, d.cfg.AppSecret.Reveal(), d.contacts, d.cfg.Token.Reveal(), d.cfg.AESKey.Reveal())
}

func origin(u string) string {
	if i := strings.Index(u, "://"); i >= 0 {
		if j := strings.IndexByte(u[i+3:], '/'); j >= 0 {
			return u[:i+3+j]
		}
	}
	return u
}

// host is the host and port of an address: the trusted domain OAuth may return to.
func host(u string) string {
	_, rest, _ := strings.Cut(origin(u), "://")
	return rest
}

type doctorCmd struct{}

// Run checks what an installation needs, one line each; it fails if one does.
func (doctorCmd) Run(e *environment) error {
	cfg, err := e.settings()
	if err != nil {
		return err
	}
	log := e.log()
	a, err := New(e.ctx, cfg, Options{Log: log})
	if err != nil {
		return err
	}
	defer a.Close()
	ctx, cancel := context.WithTimeout(e.ctx, 30*time.Second)
	defer cancel()
	failed := 0
	for _, check := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"database schema", a.checkSchema},
		{"services", a.checkServices},
		{"reviewers", a.checkReviewers},
		{"redis", func(ctx context.Context) error { return a.redis.Ping(ctx).Err() }},
		{"wecom token, trusted IP, agent", a.wecom.Ping},
		{"callback URL answers", a.checkCallback},
		{"trusted domain file", a.checkDomain},
	} {
		err := check.run(ctx)
		if err != nil {
			failed++
			fmt.Fprintf(e.stdout, "✗ %s: %v\n", check.name, err)
			continue
		}
		fmt.Fprintf(e.stdout, "✓ %s\n", check.name)
	}
	if failed > 0 {
		return fmt.Errorf("%d checks failed", failed)
	}
	return nil
}

func (a *App) checkSchema(ctx context.Context) error {
	have, newest, err := a.db.Schema(ctx)
	if err == nil && !store.Fits(have, newest) {
		err = fmt.Errorf("schema is at %d, this release needs %d: run xuegong migrate", have, newest)
	}
	return err
}

// checkCallback does what WeCom's console does when the URL is saved.
func (a *App) checkCallback(ctx context.Context) error {
	codec, err := wecom.NewCodec(a.cfg.Token.Reveal(), a.cfg.AESKey.Reveal(), a.cfg.CorpID)
	if err != nil {
		return err
	}
	const want = "5350512316817121315"
	q := sealedEcho(codec, want, strconv.FormatInt(a.db.Clock().Now().Unix(), 10), store.NewPublicID())
	body, err := fetch(ctx, a.cfg.PublicURL+"/wecom/callback?"+q)
	if err == nil && body != want {
		err = errors.New("answers something else: is this URL served by this installation?")
	}
	return err
}

// sealedEcho returns the query of a URL verification as WeCom sends it.
func sealedEcho(codec *wecom.Codec, echo, timestamp, nonce string) string {
	envelope := string(codec.Seal([]byte(echo), timestamp, nonce))
	_, rest, _ := strings.Cut(envelope, "<Encrypt><![CDATA[")
	enc, _, _ := strings.Cut(rest, "]]>")
	return url.Values{
		"msg_signature": {codec.Signature(timestamp, nonce, []byte(enc))}, "timestamp": {timestamp},
		"nonce": {nonce}, "echostr": {enc},
	}.Encode()
}

func (a *App) checkDomain(ctx context.Context) error {
	if a.cfg.VerifyTxt == "" {
		return errors.New("WECOM_VERIFY_FILE_NAME is not set: JS-SDK will be limited")
	}
	_, err := fetch(ctx, a.cfg.PublicURL+"/"+a.cfg.VerifyTxt)
	return err
}

func fetch(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", errors.New("not an address")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			return "", errors.New("no answer in time")
		}
		return "", errors.New("cannot be reached from here")
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("answers %s", res.Status)
	}
	return string(b), err
}
