package storetest

import (
	"context"
	"net/url"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/store"
)

// Durable starts a PostgreSQL of the benchmark's own that flushes every commit, as a
// school's does, and returns the address of a migrated database in it.
func Durable(tb testing.TB) string {
	tb.Helper()
	ctx := context.Background()
	pg, err := localdb.StartPostgres(ctx, localdb.Options{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	tb.Cleanup(func() { _ = pg.Stop() })
	if err := pg.EnsureDatabase(ctx, "bench"); err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	if _, err := store.Migrate(ctx, pg.URL("bench")); err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	return pg.URL("bench")
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// PgBench runs a script of pgbench against the database with 32 clients for three
// seconds and returns the transactions per second: the limit beside which ours is read.
func PgBench(tb testing.TB, databaseURL, script string) float64 {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	file := filepath.Join(tb.TempDir(), "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	cmd := osexec.CommandContext(tb.Context(), pgbench(tb), "-n", "-M", "prepared", "-f", file, "-c", "32", "-j", "2", "-T", "3",
		"-h", u.Query().Get("host"), "-p", u.Query().Get("port"), "-U", u.User.Username(), u.Path[1:])
	out, err := cmd.CombinedOutput()
	m := tps.FindSubmatch(out)
	if err != nil || m == nil {
		tb.Fatalf("pgbench: %v\n%s", err, out)
	}
	f, _ := strconv.ParseFloat(string(m[1]), 64)
	return f
}

// pgbench finds the program beside the newest server; Debian keeps it off the path.
func pgbench(tb testing.TB) string {
	tb.Helper()
	if p, err := osexec.LookPath("pgbench"); err == nil {
		return p
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) == 0 {
		tb.Skip("no pgbench here: nothing to compare with")
	}
	return found[len(found)-1]
}

// Callers runs fn b.N times from n goroutines.
func Callers(b *testing.B, n int, fn func(i int)) {
	b.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for i := range next {
				fn(i)
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	wg.Wait()
}
