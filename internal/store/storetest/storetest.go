package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/store"
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
	return clone(tb, template{kind: "template", hash: fingerprint(), fill: migrate})
}

// Loaded creates a database of the test's own that already holds what load brings
// into an empty one at Monday, and returns how to reach it. load runs once for all
// test processes, and again when a migration or code of internal/ has changed: what it
// brings must hang on nothing else. name is lower-case letters.
func Loaded(tb testing.TB, name string, load func(ctx context.Context, db *store.DB) error) string {
	tb.Helper()
	code, err := codeHash()
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	return clone(tb, template{kind: "template_" + name, hash: hash(fingerprint(), code), fill: func(ctx context.Context, url string) error {
		if err := migrate(ctx, url); err != nil {
			return err
		}
		db, err := store.Open(ctx, url, options(clock.NewFixed(Monday), store.Options{}))
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		return load(ctx, db)
	}})
}

// Open opens the database at url with the test's keys.
func Open(tb testing.TB, url string, clk clock.Clock, o store.Options) *store.DB {
	tb.Helper()
	db, err := store.Open(context.Background(), url, options(clk, o))
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func options(clk clock.Clock, o store.Options) store.Options {
	o.Clock, o.Keys, o.Zone = clk, Keys(), Shanghai()
	if o.MaxConns == 0 {
		o.MaxConns = 12
	}
	return o
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
