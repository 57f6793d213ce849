package app_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// Whoever needs the numbers needs them now (T4): a process that is up shows them whatever
// else is broken, also when it was started while it was.
func TestTheHotlinesAreShownWithPostgreSQLAndRedisStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	pg, err := localdb.StartPostgres(ctx, localdb.Options{Dir: dir})
	must(t, err)
	stopped := false
	defer func() {
		if !stopped {
			_ = pg.Stop()
		}
	}()
	must(t, pg.EnsureDatabase(ctx, "xuegong"))
	_, err = store.Migrate(ctx, pg.URL("xuegong"))
	must(t, err)
	red, err := localdb.StartRedisServer(ctx, t.TempDir())
	must(t, err)
	defer func() { _ = red.Stop() }()

	r := &replica{t: t, addr: freeAddr(t)}
	base := "http://" + r.addr
	sim, api := newSimulator(t, simulator.Config{CallbackURL: base + "/wecom/callback", AppURL: base})
	_, r.env = settings(t, pg.URL("xuegong"), "", base, api)
	r.env = append(slices.DeleteFunc(r.env, func(e string) bool { return strings.HasPrefix(e, "REDIS_URL=") }), "REDIS_URL="+red.URL())
	must(t, sample.Load(ctx, storetest.Open(t, pg.URL("xuegong"), clock.System{}, store.Options{})))
	must(t, pg.Stop())
	stopped = true
	r.start()
	defer func() {
		r.kill()
		if t.Failed() {
			t.Log(tail(r.log.String(), 3000))
		}
	}()

	get := func(path string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		must(t, err)
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		must(t, err)
		return res.StatusCode, string(body)
	}
	onlyTheHotlines := func() {
		t.Helper()
		if status, _ := get("/readyz"); status != http.StatusServiceUnavailable {
			t.Errorf("without a database /readyz = %d, want 503", status)
		}
		for range 3 {
			status, body := get("/now")
			if status != http.StatusOK || !strings.Contains(body, `href="tel:12356"`) || !strings.Contains(body, `href="tel:110"`) {
				t.Errorf("/now = %d\n%s", status, body)
			}
		}
	}
	onlyTheHotlines()

	pg, err = localdb.StartPostgres(ctx, localdb.Options{Dir: dir})
	must(t, err)
	stopped = false
	_, err = sim.Text(sample.UserID(20), "帮助")
	must(t, err)
	waitFor(t, ctx, sim, sample.UserID(20), func(m simulator.Message) bool { return strings.Contains(string(m.Body), "这里能办这些") })
	if status, body := get("/readyz"); status != http.StatusOK {
		t.Fatalf("with its database /readyz = %d %s", status, body)
	}

	must(t, pg.Stop())
	stopped = true
	must(t, red.Stop())
	onlyTheHotlines()
}
