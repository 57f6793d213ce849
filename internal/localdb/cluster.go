package localdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxSocketPath is the longest socket path every system takes: 108 bytes with the
// final zero on Linux, 104 on macOS.
const maxSocketPath = 103

// cluster is a folder with a data directory, two locks and the server's log.
type cluster struct {
	dir     string
	bin     binaries
	account *account // who the server runs as; nil is ourselves
	test    bool
	log     *slog.Logger
}

func (c *cluster) file(name string) string { return filepath.Join(c.dir, name) }
func (c *cluster) data() string            { return c.file("data") }

// openCluster finds the folder and binaries that fit each other. Durable data stays
// with the major version that wrote it; a test cluster has a folder per version.
func (m *machine) openCluster(ctx context.Context, o Options) (*cluster, error) {
	c := &cluster{test: o.Test, log: o.Log}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	root, err := o.root()
	if err != nil {
		return nil, err
	}
	if c.account, err = serverAccount(); err != nil {
		return nil, err
	}
	if c.dir, err = m.reachableDir(filepath.Join(root, "postgres"), c.account); err != nil {
		return nil, err
	}
	if c.dir != filepath.Join(root, "postgres") {
		c.log.Info("this folder is closed to the user PostgreSQL runs as; its data is kept elsewhere",
			slog.String("folder", root), slog.String("user", c.account.name), slog.String("data", c.dir))
	}
	major, err := c.writtenBy()
	if err != nil {
		return nil, err
	}
	if c.bin, err = m.findPostgres(ctx, c, major); err != nil {
		return nil, err
	}
	if c.test {
		c.dir = c.file(strconv.Itoa(c.bin.major))
		if err := os.MkdirAll(c.dir, 0o755); err != nil {
			return nil, fmt.Errorf("make test folder: %w", err)
		}
	}
	return c, nil
}

func (o Options) root() (string, error) {
	dir := o.Dir
	if dir == "" && o.Test {
		dir = testDir()
	}
	if dir == "" {
		return "", errors.New("no data folder for PostgreSQL given")
	}
	return filepath.Abs(dir)
}

// writtenBy returns the major version that wrote the data, 0 for a new cluster.
func (c *cluster) writtenBy() (int, error) {
	b, err := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the data in %s: %w", c.data(), err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("%s is no PostgreSQL version we know", filepath.Join(c.data(), "PG_VERSION"))
	}
	return major, nil
}

// prepare leaves a data directory that can be served. The caller holds the owner lock.
func (c *cluster) prepare(ctx context.Context) error {
	if err := c.endOrphan(ctx); err != nil {
		return err
	}
	major, err := c.writtenBy()
	if err != nil || major != 0 {
		return err
	}
	return c.create(ctx)
}

// create runs initdb beside the data's place and renames, so an interrupted initdb
// is simply done again.
func (c *cluster) create(ctx context.Context) error {
	fresh := c.file("data.new")
	var out string
	var err error
	// C.UTF-8 lets pg_trgm see Chinese and sorts fast; not every system has it.
	for _, locale := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		if err := c.emptyDir(fresh); err != nil {
			return err
		}
		out, err = c.run(ctx, "initdb", c.initArgs(fresh, locale)...)
		if err == nil {
			c.log.Info("new PostgreSQL cluster", slog.String("data", c.data()), slog.Int("version", c.bin.major), slog.String("locale", locale))
			return os.Rename(fresh, c.data())
		}
		if !strings.Contains(out, "invalid locale") {
			break
		}
	}
	if strings.Contains(out, "could not look up effective user ID") {
		return fmt.Errorf("user id %d has no entry in /etc/passwd, which PostgreSQL insists on: run as a named user, or set DATABASE_URL to a server you have", os.Geteuid())
	}
	return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(out))
}

func (c *cluster) initArgs(data, locale string) []string {
	args := []string{
		"-D", data, "-U", superuser, "--encoding=UTF8", "--locale=" + locale,
		"--auth-local=trust", "--auth-host=reject", "--no-instructions",
	}
	if c.test {
		args = append(args, "--no-sync")
	}
	return args
}

func (c *cluster) serverArgs(socket string) []string {
	settings := []string{
		"listen_addresses=",
		`unix_socket_directories="` + strings.ReplaceAll(socket, `"`, `""`) + `"`,
		"logging_collector=off",
		"log_destination=stderr",
		"jit=off", // our statements are short; compiling them costs more than it saves
	}
	if c.test { // its databases live for seconds
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
			"autovacuum=off", "max_connections=300", "shared_buffers=256MB")
	} else {
		settings = append(settings, "fsync=on", "synchronous_commit=on", "max_connections=200")
	}
	args := []string{"-D", c.data(), "-p", port}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

// socketDir makes the folder of the socket: beside the data, or a short one of its
// own where that path would be too long for a socket.
func (c *cluster) socketDir() (string, error) {
	dir := c.file("run")
	if len(dir)+len("/.s.PGSQL.")+len(port) <= maxSocketPath {
		return dir, c.emptyDir(dir)
	}
	dir, err := shortTempDir()
	if err != nil {
		return "", err
	}
	return dir, c.account.own(dir)
}

func (c *cluster) dropSocketDir(dir string) {
	if dir != c.file("run") {
		_ = os.Remove(dir) // it is empty and in the system's temporary folder: nothing depends on it
	}
}

// shortTempDir is for sockets. A long TMPDIR would defeat it, so then it is /tmp.
func shortTempDir() (string, error) {
	parent := os.TempDir()
	if len(parent) > 60 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "xuegong-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the socket: %w", err)
	}
	return dir, nil
}

// emptyDir makes dir anew, closed to everybody but the server.
func (c *cluster) emptyDir(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear %s: %w", dir, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return c.account.own(dir)
}

// openLog starts the server's log and keeps the one before it.
func (c *cluster) openLog() (*os.File, error) {
	name := c.file("server.log")
	if err := os.Rename(name, name+".1"); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("keep the last log: %w", err)
	}
	return os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

func (c *cluster) lastWords() string {
	lines := readLines(c.file("server.log"))
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

func readLines(name string) []string {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimRight(string(b), "\n"), "\n")
}

// shortHash names a folder after a path.
func shortHash(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:6])
}
