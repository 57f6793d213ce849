package localdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	superuser    = "xuegong"
	port         = "5432" // names the socket file; nothing listens on TCP
	startTimeout = 2 * time.Minute
	pollEvery    = 20 * time.Millisecond
)

// Options say where a server keeps its data and how careful it is with it.
type Options struct {
	// Dir is the data folder, made if missing. Test with an empty Dir means testDir.
	// A root process runs PostgreSQL as another user, who must be able to pass
	// through Dir: if not, the data is kept under /var/lib/xuegong and Log says so.
	Dir string

	// Test asks for the cluster all test processes share: fast and not durable.
	Test bool

	// Log hears where things are and what is fetched. Nil is silent.
	Log *slog.Logger
}

// testDir is the folder of the cluster that all tests of this user share, across
// packages and runs: $XUEGONG_TEST_DIR, or a folder in the user's cache.
func testDir() string {
	if dir := os.Getenv("XUEGONG_TEST_DIR"); dir != "" {
		return dir
	}
	return filepath.Join(cacheDir(), "test-pg")
}

// Postgres is a running PostgreSQL this process started or joined.
type Postgres struct {
	socket string
	stop   func() error
}

// StartPostgres returns a server that answers: the one already running on the
// folder, or one it starts, with a new cluster if the folder has none. The context
// bounds the start only; it takes about a second the first time, 0.1 s after that.
// Keep the value as long as the server is used: it holds the locks.
//
// Without PostgreSQL on the machine it fetches a pinned build for development, and
// when it cannot, the error names the ways out.
func StartPostgres(ctx context.Context, o Options) (*Postgres, error) {
	return thisMachine().startPostgres(ctx, o)
}

// URL returns the lib/pq connection URL of a database, as the superuser, over the socket.
func (p *Postgres) URL(dbname string) string { return socketURL(p.socket, dbname) }

// EnsureDatabase creates the database unless it exists.
func (p *Postgres) EnsureDatabase(ctx context.Context, dbname string) error {
	return ensureDatabase(ctx, p.URL("postgres"), dbname)
}

// Stop ends the use of the server. The server itself stops if this process started
// it; in test mode it stops some seconds after its last user has left. A second
// call does nothing and returns the same.
func (p *Postgres) Stop() error { return p.stop() }

func socketURL(socket, dbname string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(superuser),
		Path:     "/" + dbname,
		RawQuery: url.Values{"host": {socket}, "port": {port}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

func (m *machine) startPostgres(ctx context.Context, o Options) (*Postgres, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c, err := m.openCluster(ctx, o)
	if err != nil {
		return nil, err
	}
	p, err := c.enter(ctx)
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL in %s: %w", c.dir, err)
	}
	return p, nil
}

// enter starts the server if nobody has it, and joins it if somebody has.
func (c *cluster) enter(ctx context.Context) (*Postgres, error) {
	users, err := c.register(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.startOrJoin(ctx)
	if err != nil {
		return nil, errors.Join(err, users.Close())
	}
	stop := p.stop
	p.stop = sync.OnceValue(func() error { return errors.Join(stop(), users.Close()) })
	return p, nil
}

// register holds users.lock shared as long as this process uses the server. It
// waits out a shell that is just stopping it, which holds the lock alone.
func (c *cluster) register(ctx context.Context) (*os.File, error) {
	var users *os.File
	err := poll(ctx, func() (done bool, err error) {
		users, err = tryLock(c.file("users.lock"), shared)
		return users != nil, err
	})
	return users, err
}

func (c *cluster) startOrJoin(ctx context.Context) (p *Postgres, err error) {
	err = poll(ctx, func() (bool, error) {
		owner, err := tryLock(c.file("owner.lock"), exclusive)
		if err != nil {
			return false, err
		}
		if owner != nil {
			p, err = c.own(ctx, owner)
			return true, err
		}
		if r, ok := c.answering(ctx); ok {
			p = &Postgres{socket: r.socket, stop: func() error { return nil }}
		}
		return p != nil, nil
	})
	return p, err
}

// own starts the server under the owner lock, which it gives away or releases.
func (c *cluster) own(ctx context.Context, owner *os.File) (*Postgres, error) {
	if err := c.prepare(ctx); err != nil {
		return nil, errors.Join(err, owner.Close())
	}
	socket, err := c.socketDir()
	if err != nil {
		return nil, errors.Join(err, owner.Close())
	}
	start := c.startChild
	if c.test {
		start = c.startShared
	}
	server, err := start(ctx, socket, owner)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start: %w", err), owner.Close())
	}
	if err := c.awaitReady(ctx, server); err != nil {
		return nil, errors.Join(err, server.stop(), owner.Close())
	}
	if c.test {
		// The shell has inherited the lock and keeps the server for everybody.
		return &Postgres{socket: socket, stop: func() error { return nil }}, owner.Close()
	}
	return &Postgres{socket: socket, stop: func() error {
		err := server.stop()
		c.dropSocketDir(socket)
		return errors.Join(err, owner.Close())
	}}, nil
}

func (c *cluster) awaitReady(ctx context.Context, server *child) error {
	return poll(ctx, func() (bool, error) {
		select {
		case <-server.done:
			return false, fmt.Errorf("the server ended while starting; it said:\n%s", c.lastWords())
		default:
		}
		_, ok := c.answering(ctx)
		return ok, nil
	})
}

// running is what postmaster.pid says.
type running struct {
	pid    int
	socket string
}

// answering reads postmaster.pid and asks the server it names.
func (c *cluster) answering(ctx context.Context) (running, bool) {
	r, ok := c.pidFile()
	if !ok || r.socket == "" {
		return r, false
	}
	return r, ping(ctx, socketURL(r.socket, "postgres")) == nil
}

// pidFile reads postmaster.pid: line 1 is the process, line 5 the socket folder
// (postgresql.org/docs/current/storage-file-layout.html and miscadmin.h).
func (c *cluster) pidFile() (r running, ok bool) {
	lines := readLines(filepath.Join(c.data(), "postmaster.pid"))
	if len(lines) == 0 {
		return r, false
	}
	pid, err := strconv.Atoi(lines[0])
	if err != nil || pid <= 1 {
		return r, false
	}
	r.pid = pid
	if len(lines) >= 5 {
		r.socket = lines[4]
	}
	return r, true
}

// endOrphan stops a server whose owner is gone: one that is just shutting down
// because its process was killed, or one that outlived it where the system has no
// parent-death signal. The caller holds the owner lock.
func (c *cluster) endOrphan(ctx context.Context) error {
	r, ok := c.answering(ctx)
	if ok {
		if err := interrupt(r.pid); err != nil {
			return fmt.Errorf("stop the server left behind (process %d): %w", r.pid, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	// A stale file with a recycled process number never changes; then the server
	// itself decides whether it may start, and says why not.
	_ = poll(ctx, func() (bool, error) {
		r, ok := c.pidFile()
		return !ok || !alive(r.pid), nil
	})
	return nil
}

// poll calls f until it is done, fails, or the context ends.
func poll(ctx context.Context, f func() (done bool, err error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if done, err := f(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer in time: %w", ctx.Err())
		case <-tick.C:
		}
	}
}
