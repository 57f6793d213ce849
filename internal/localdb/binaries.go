package localdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
)

// oldestMajor is the first version that clones databases by the strategies our tests use.
const oldestMajor = 15

const waysOut = "install PostgreSQL 15 or newer (Debian, Ubuntu: apt-get install postgresql), " +
	"or set PG_BINDIR to the folder that holds initdb and postgres, " +
	"or set DATABASE_URL to a server you have"

// machine is where servers are looked for and kept.
type machine struct {
	getenv   func(string) string
	globs    []string // folders of binaries by pattern, in the order they are tried
	cacheDir string   // unpacked packages
	stateDir string   // data of a root process whose own folder is closed to others
	pkg      npmPackage
	client   *http.Client
}

func thisMachine() *machine {
	return &machine{
		getenv: os.Getenv,
		globs: []string{
			"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
			"/usr/pgsql-*/bin",          // the PostgreSQL project's RPMs
			"/opt/homebrew/opt/postgresql@*/bin",
			"/usr/local/opt/postgresql@*/bin",
			"/Applications/Postgres.app/Contents/Versions/*/bin",
			filepath.Join(cacheDir(), "pkg", "bin"), // what scripts/need.sh unpacked
		},
		cacheDir: cacheDir(),
		stateDir: "/var/lib/xuegong",
		pkg:      pinnedPackage(runtime.GOOS, runtime.GOARCH),
		client:   http.DefaultClient,
	}
}

// binaries is a folder with initdb and postgres of one version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// findPostgres returns binaries of the wanted major version, the first that serve if
// any will do (0), from the machine or else from the pinned package.
func (m *machine) findPostgres(ctx context.Context, c *cluster, major int) (binaries, error) {
	if dir := m.getenv("PG_BINDIR"); dir != "" {
		b, ok := c.probe(ctx, dir)
		if !ok {
			return b, fmt.Errorf("PG_BINDIR=%s has no initdb and postgres of version %d or newer that run here: %s", dir, oldestMajor, waysOut)
		}
		return b, c.mustFit(b.major, major)
	}
	found := m.installed(ctx, c)
	fits := func(b binaries) bool { return major == 0 || b.major == major }
	if i := slices.IndexFunc(found, fits); i >= 0 {
		return found[i], nil
	}
	if major != 0 && major != m.pkg.major {
		if len(found) > 0 {
			return binaries{}, c.mustFit(found[0].major, major)
		}
		return binaries{}, fmt.Errorf("the data in %s belongs to PostgreSQL %d, which is not on this machine: %s", c.data(), major, waysOut)
	}
	dir, err := m.fetch(ctx, c)
	if err != nil {
		return binaries{}, fmt.Errorf("no PostgreSQL on this machine, and none could be fetched (%w): %s", err, waysOut)
	}
	b, ok := c.probe(ctx, dir)
	if !ok {
		return b, fmt.Errorf("the PostgreSQL fetched to %s does not run here: %s", dir, waysOut)
	}
	return b, nil
}

// mustFit refuses data of another major version and leaves it as it is.
func (c *cluster) mustFit(have, want int) error {
	if want == 0 || have == want {
		return nil
	}
	return fmt.Errorf("the data in %s belongs to PostgreSQL %d, but this is PostgreSQL %d: nothing was changed; install version %d, or choose another data folder, or move the data with pg_dump and pg_restore", c.data(), want, have, want)
}

// installed lists what is on the machine: PATH first, then the known places, each
// newest first.
func (m *machine) installed(ctx context.Context, c *cluster) []binaries {
	var found []binaries
	add := func(dirs []string) {
		var group []binaries
		for _, dir := range dirs {
			if b, ok := c.probe(ctx, dir); ok {
				group = append(group, b)
			}
		}
		slices.SortStableFunc(group, func(a, b binaries) int { return b.major - a.major })
		found = append(found, group...)
	}
	if path, err := m.lookPath("postgres"); err == nil {
		// A link on PATH may lead to a folder whose other programs are not on it.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			add([]string{filepath.Dir(path)})
		}
	}
	for _, pattern := range m.globs {
		if dirs, err := filepath.Glob(pattern); err == nil {
			add(dirs)
		}
	}
	return found
}

var errNotFound = errors.New("not found")

// lookPath finds a program on the machine's PATH.
func (m *machine) lookPath(name string) (string, error) {
	for _, dir := range filepath.SplitList(m.getenv("PATH")) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil || info.IsDir() || info.Mode().Perm()&0o111 == 0 {
			continue
		}
		return path, nil
	}
	return "", fmt.Errorf("%s on PATH: %w", name, errNotFound)
}

// versionLine reads "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)" and "18beta1".
var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// probe runs the binaries once, as the user who will run the server, so that a folder
// closed to that user or built for another system is passed over.
func (c *cluster) probe(ctx context.Context, dir string) (b binaries, ok bool) {
	probing := *c
	probing.bin = binaries{dir: dir}
	if _, err := probing.run(ctx, "initdb", "--version"); err != nil {
		return b, false
	}
	out, err := probing.run(ctx, "postgres", "--version")
	match := versionLine.FindStringSubmatch(out)
	if err != nil || match == nil {
		return b, false
	}
	major, err := strconv.Atoi(match[1])
	if err != nil || major < oldestMajor {
		c.log.Debug("PostgreSQL passed over", slog.String("dir", dir), slog.String("version", match[1]))
		return b, false
	}
	return binaries{dir: dir, major: major}, true
}
