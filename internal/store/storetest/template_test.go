package storetest_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func TestLoaded_loads_once_and_every_clone_is_its_own(t *testing.T) {
	t.Parallel()
	var loads atomic.Int32
	open := func() *store.DB {
		url := storetest.Loaded(t, "campus", func(ctx context.Context, db *store.DB) error {
			loads.Add(1)
			return db.Exec(ctx, `insert into campus (code, name) values ($1, '东校区')`, "east")
		})
		return storetest.Open(t, url, clock.NewFixed(storetest.Monday), store.Options{})
	}
	first, second := open(), open()
	if n := loads.Load(); n > 1 { // 0 when an earlier run left the template
		t.Errorf("loaded %d times", n)
	}
	if err := first.Exec(t.Context(), `insert into campus (code, name) values ($1, '西校区')`, "west"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		db   *store.DB
		want int
	}{{"first", first, 2}, {"second", second, 1}} {
		var n int
		storetest.Update(t, tt.db, func(tx *store.Tx) error {
			return tx.GetContext(t.Context(), &n, `select count(*) from campus`)
		})
		if n != tt.want {
			t.Errorf("the %s has %d campuses, want %d", tt.name, n, tt.want)
		}
	}
}
