package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/migrations"
)

// template is a database that tests clone. It is built once for each hash of what it
// is made of, by whichever test process comes first.
type template struct {
	kind string // what is in it
	hash string
	fill func(ctx context.Context, url string) error
}

func (t template) name() string { return t.kind + "_" + t.hash }

// clone creates a database from the template, building that first where it is missing,
// and drops it when the test ends.
func clone(tb testing.TB, t template) string {
	tb.Helper()
	pg, err := server()
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	ctx := context.Background() // the template outlives the test, and so does the drop
	if err := t.ensure(ctx, pg); err != nil {
		tb.Fatalf("storetest: %s: %v", t.kind, err)
	}
	name := fmt.Sprintf("t_%d_%s", clock.Wall().Unix(), store.NewPublicID()[:10])
	// wal_log spares the two checkpoints of file_copy, which write out what all tests have changed.
	if err := exec(ctx, pg.URL("postgres"), fmt.Sprintf("create database %s template %s strategy wal_log", name, t.name())); err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	tb.Cleanup(func() {
		if err := exec(ctx, pg.URL("postgres"), fmt.Sprintf("drop database if exists %s with (force)", name)); err != nil {
			tb.Logf("storetest: drop %s: %v", name, err)
		}
	})
	return pg.URL(name)
}

func (t template) ensure(ctx context.Context, pg *localdb.Postgres) error {
	return withLock(ctx, pg.URL("postgres"), func(db *sql.DB) error {
		var exists bool
		if err := db.QueryRowContext(ctx, "select exists(select 1 from pg_database where datname = $1)", t.name()).Scan(&exists); err != nil || exists {
			return err
		}
		t.dropLeftovers(ctx, db)
		building := t.name() + "_building"
		for _, q := range []string{"drop database if exists " + building + " with (force)", "create database " + building} {
			if _, err := db.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		if err := t.fill(ctx, pg.URL(building)); err != nil {
			return err
		}
		_, err := db.ExecContext(ctx, fmt.Sprintf("alter database %s rename to %s", building, t.name()))
		return err
	})
}

// dropLeftovers removes what is an hour old or more: databases of tests that were
// killed, and templates of this kind that other code or migrations made.
func (t template) dropLeftovers(ctx context.Context, db *sql.DB) {
	var names []string
	old := clock.Wall().Add(-time.Hour)
	if err := db.QueryRowContext(ctx, `select array_agg(datname::text) from pg_database where case
			when datname ~ '^t_[0-9]+_' then split_part(datname, '_', 2)::bigint < extract(epoch from $1::timestamptz)
			when datname ~ ('^' || $2 || '_[0-9a-f]{16}$') then (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification < $1
		end`, old, t.kind).Scan(pq.Array(&names)); err != nil {
		return // a leftover only costs disk
	}
	for _, n := range names {
		_, _ = db.ExecContext(ctx, "drop database if exists "+pq.QuoteIdentifier(n)+" with (force)")
	}
}

func migrate(ctx context.Context, url string) error {
	_, err := store.Migrate(ctx, url)
	return err
}

func withLock(ctx context.Context, url string, fn func(*sql.DB) error) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	const lock = 7_265_011
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock($1)", lock); err != nil {
		return err
	}
	defer func() { _, _ = conn.ExecContext(ctx, "select pg_advisory_unlock($1)", lock) }()
	return fn(db)
}

func exec(ctx context.Context, url, query string) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(ctx, query)
	return err
}

func fingerprint() string {
	var parts []string
	entries, _ := fs.ReadDir(migrations.FS, ".")
	for _, e := range entries {
		b, _ := migrations.FS.ReadFile(e.Name())
		parts = append(parts, e.Name(), string(b))
	}
	return hash(parts...)
}

// codeHash is the hash of all that a load may pass through: the code and texts of
// internal/ without the tests.
var codeHash = sync.OnceValues(func() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	var parts []string
	err = filepath.WalkDir(filepath.Join(root, "internal"), func(path string, e fs.DirEntry, err error) error {
		code := strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".txt")
		if err != nil || e.IsDir() || !code {
			return err
		}
		b, err := os.ReadFile(path)
		parts = append(parts, path, string(b))
		return err
	})
	return hash(parts...), err
})

// moduleRoot is the nearest folder above with a go.mod: a test runs in its package's folder.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", os.ErrNotExist
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d\n%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
