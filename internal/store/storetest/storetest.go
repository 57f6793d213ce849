package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/migrations"
)

// Monday is where a test's clock stands unless it says otherwise: 2026-10-12 09:00 in Shanghai.
var Monday = time.Date(2026, 10, 12, 1, 0, 0, 0, time.UTC)

// Shanghai is the school's zone in every test.
func Shanghai() *time.Location {
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return loc
}

// Keys is the keyring of every test database.
func Keys() *store.Keyring {
	k, err := store.NewKeyring([]config.Key{{ID: "test", Bytes: []byte("0123456789abcdef0123456789abcdef")}})
	if err != nil {
		panic(err)
	}
	return k
}

var server = sync.OnceValues(func() (*localdb.Postgres, error) {
	return localdb.StartPostgres(context.Background(), localdb.Options{Test: true})
})

// URL creates a migrated database of the test's own and returns how to reach it.
func URL(tb testing.TB) string {
	tb.Helper()
	pg, err := server()
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	template, err := ensureTemplate(pg)
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	name := fmt.Sprintf("t_%d_%s", clock.Wall().Unix(), store.NewPublicID()[:10])
	if err := exec(pg.URL("postgres"), fmt.Sprintf("create database %s template %s strategy file_copy", name, template)); err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	tb.Cleanup(func() {
		if err := exec(pg.URL("postgres"), fmt.Sprintf("drop database if exists %s with (force)", name)); err != nil {
			tb.Logf("storetest: drop %s: %v", name, err)
		}
	})
	return pg.URL(name)
}

// Open opens the database at url with the test's keys.
func Open(tb testing.TB, url string, clk clock.Clock, o store.Options) *store.DB {
	tb.Helper()
	o.Clock, o.Keys, o.Zone = clk, Keys(), Shanghai()
	if o.MaxConns == 0 {
		o.MaxConns = 12
	}
	db, err := store.Open(context.Background(), url, o)
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// DB returns a database of the test's own whose clock stands at Monday until moved.
func DB(tb testing.TB) (*store.DB, *clock.Fixed) {
	tb.Helper()
	clk := clock.NewFixed(Monday)
	return Open(tb, URL(tb), clk, store.Options{}), clk
}

// Update runs fn in a transaction and fails the test if it is not committed.
func Update(tb testing.TB, db *store.DB, fn func(tx *store.Tx) error) {
	tb.Helper()
	if err := db.Update(tb.Context(), fn); err != nil {
		tb.Fatalf("update: %v", err)
	}
}

// ensureTemplate builds the migrated template once per content of the migrations,
// whoever of the test processes comes first.
func ensureTemplate(pg *localdb.Postgres) (string, error) {
	name := "template_" + fingerprint()
	err := withLock(pg.URL("postgres"), func(db *sql.DB) error {
		var exists bool
		if err := db.QueryRow("select exists(select 1 from pg_database where datname = $1)", name).Scan(&exists); err != nil || exists {
			return err
		}
		dropLeftovers(db)
		building := name + "_building"
		for _, q := range []string{"drop database if exists " + building + " with (force)", "create database " + building} {
			if _, err := db.Exec(q); err != nil {
				return err
			}
		}
		if _, err := store.Migrate(context.Background(), pg.URL(building)); err != nil {
			return err
		}
		_, err := db.Exec(fmt.Sprintf("alter database %s rename to %s", building, name))
		return err
	})
	return name, err
}

// dropLeftovers removes databases that tests killed an hour or more ago left behind.
func dropLeftovers(db *sql.DB) {
	var names []string
	old := clock.Wall().Add(-time.Hour).Unix()
	if err := db.QueryRow(`select array_agg(datname::text) from pg_database
		where datname ~ '^t_[0-9]+_' and split_part(datname, '_', 2)::bigint < $1`, old).Scan(pq.Array(&names)); err != nil {
		return // a leftover only costs disk
	}
	for _, n := range names {
		_, _ = db.Exec("drop database if exists " + pq.QuoteIdentifier(n) + " with (force)")
	}
}

func withLock(url string, fn func(*sql.DB) error) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	const lock = 7_265_011
	if _, err := conn.ExecContext(context.Background(), "select pg_advisory_lock($1)", lock); err != nil {
		return err
	}
	defer func() { _, _ = conn.ExecContext(context.Background(), "select pg_advisory_unlock($1)", lock) }()
	return fn(db)
}

func exec(url, query string) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, err = db.Exec(query)
	return err
}

func fingerprint() string {
	h := sha256.New()
	entries, _ := fs.ReadDir(migrations.FS, ".")
	for _, e := range entries {
		b, _ := migrations.FS.ReadFile(e.Name())
		fmt.Fprintf(h, "%s %d\n%s", e.Name(), len(b), b)
	}
	return strings.ToLower(hex.EncodeToString(h.Sum(nil))[:16])
}
