package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/xuegong/xuegong/internal/config"
)

// Main runs the command line and returns the exit status: 0, 1 when the command
// failed, 2 when it was called wrongly.
func Main(args, environ []string, stdout, stderr io.Writer, version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var cli commands
	parser, err := kong.New(&cli, kong.Name("xuegong"), kong.Description("学工: student affairs inside WeCom."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { panic(exit{}) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	env := &environment{ctx: ctx, stdout: stdout, stderr: stderr, environ: environ, version: version}
	return run(parser, args, env)
}

// exit is how kong's help ends the program.
type exit struct{}

func run(parser *kong.Kong, args []string, env *environment) (status int) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(exit); !ok {
				panic(p)
			}
		}
	}()
	c, err := parser.Parse(twoDashes(args))
	if err != nil {
		fmt.Fprintf(env.stderr, "xuegong: %v (xuegong --help lists the commands)\n", err)
		return 2
	}
	if err := c.Run(env); err != nil {
		fmt.Fprintln(env.stderr, "xuegong:", err)
		return 1
	}
	return 0
}

// twoDashes lets a flag be written with one dash too, as Go programs have it.
func twoDashes(args []string) []string {
	out := slices.Clone(args)
	for i, a := range out {
		if len(a) > 2 && a[0] == '-' && a[1] != '-' {
			out[i] = "-" + a
		}
	}
	return out
}

// environment is what a command works with.
type environment struct {
	ctx            context.Context
	stdout, stderr io.Writer
	environ        []string
	version        string
}

func (e *environment) log() *slog.Logger {
	return slog.New(slog.NewJSONHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func (e *environment) config() (*config.Config, error) { return config.Load(e.environ) }

// settings reads the environment for a command that needs a whole installation.
func (e *environment) settings() (*config.Config, error) {
	cfg, err := e.config()
	if err := errors.Join(err, cfg.Require()); err != nil {
		return nil, fmt.Errorf("settings:\n%w", err)
	}
	return cfg, nil
}

type commands struct {
	Demo     demoCmd      `cmd:"" help:"Everything on this machine: database, simulated WeCom, sample school."`
	Serve    serveCmd     `cmd:"" help:"One process of the product; any number run side by side."`
	Migrate  migrateCmd   `cmd:"" help:"Bring the database schema to this release."`
	Simulate simulateCmd  `cmd:"" help:"The simulated WeCom alone, for developing any WeCom app."`
	Import   importCmd    `cmd:"" help:"Import people from .xlsx or .csv."`
	Template templatesCmd `cmd:"" name:"templates" help:"Check and apply what students can apply for."`
	Audit    auditCmd     `cmd:"" help:"Check every invariant; exit 1 with the rows that break one."`
	Doctor   doctorCmd    `cmd:"" help:"Check settings, database, Redis, WeCom."`
	Rekey    rekeyCmd     `cmd:"" help:"Seal everything anew with the first data key; tells which keys are still in use."`
	Version  versionCmd   `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

func (versionCmd) Run(e *environment) error {
	_, err := fmt.Fprintln(e.stdout, e.version)
	return err
}

type demoCmd struct {
	Data string `help:"Folder for all data." default:"./.data" type:"path"`
}

func (c demoCmd) Run(e *environment) error {
	cfg, err := e.config()
	if err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	d, err := NewDemo(e.ctx, cfg, c.Data, e.log())
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Run(e.ctx, e.stdout)
}

type serveCmd struct {
	Hold bool `help:"After a restore: receive and show, but send nothing."`
}

func (c serveCmd) Run(e *environment) error {
	cfg, err := e.settings()
	if err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(e.ctx, "tcp", cfg.Listen) // who reads "ready" may connect
	if err != nil {
		return fmt.Errorf("XUEGONG_LISTEN: %w", err)
	}
	a, err := New(e.ctx, cfg, Options{Log: e.log(), Hold: c.Hold, Listener: ln})
	if err != nil {
		_ = ln.Close()
		return err
	}
	defer a.Close()
	fmt.Fprintf(e.stdout, "ready\n  app   %s (listening on %s)\n", cfg.PublicURL, cfg.Listen)
	return a.Run(e.ctx)
}
