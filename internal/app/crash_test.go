package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/app"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// TestMain lets the test binary be the program itself, so that processes of it can
// be killed.
func TestMain(m *testing.M) {
	if os.Getenv("XUEGONG_TEST_SERVE") != "" {
		os.Exit(app.Main([]string{"serve"}, os.Environ(), os.Stdout, os.Stderr, "test"))
	}
	os.Exit(m.Run())
}

// replica is one serve process behind the front door.
type replica struct {
	t    *testing.T
	env  []string
	addr string
	mu   sync.Mutex
	cmd  *exec.Cmd
	log  bytes.Buffer
}

func (r *replica) start() {
	r.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(append(os.Environ(), r.env...), "XUEGONG_TEST_SERVE=1", "XUEGONG_LISTEN="+r.addr)
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	cmd.Stderr = &r.log
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	ready := make([]byte, 5)
	if _, err := io.ReadFull(out, ready); err != nil || string(ready) != "ready" {
		_ = cmd.Wait()
		r.t.Fatalf("replica did not start: %v\n%s", err, r.log.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	r.mu.Lock()
	r.cmd = cmd
	r.mu.Unlock()
}

// kill is kill -9.
func (r *replica) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// frontDoor spreads requests over the replicas and goes to the next one only when a
// connection cannot be made at all.
func frontDoor(t *testing.T, replicas []*replica) string {
	var n atomic.Int64
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		first := int(n.Add(1))
		for i := range replicas {
			out := req.Clone(req.Context())
			out.RequestURI, out.URL.Scheme, out.URL.Host = "", "http", replicas[(first+i)%len(replicas)].addr
			out.Body = io.NopCloser(bytes.NewReader(body))
			res, err := transport.RoundTrip(out)
			if _, refused := errors.AsType[*net.OpError](err); refused && i+1 < len(replicas) {
				continue
			}
			if err != nil {
				panic(http.ErrAbortHandler) // the platform sees a broken connection
			}
			defer func() { _ = res.Body.Close() }()
			w.WriteHeader(res.StatusCode)
			_, _ = io.Copy(w, res.Body)
			return
		}
	}))
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	return srv.URL
}

func freeAddr(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// The promise of the product: what was answered 200 takes effect exactly once, and
// every message is shown once, while processes are killed at any line, Redis is
// emptied, PostgreSQL restarts and WeCom fails, loses its answers or is slow.
func TestNothingIsLostOrDoubled(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	dir := t.TempDir()
	pg, err := localdb.StartPostgres(ctx, localdb.Options{Dir: dir})
	must(t, err)
	defer func() { _ = pg.Stop() }()
	must(t, pg.EnsureDatabase(ctx, "xuegong"))
	_, err = store.Migrate(ctx, pg.URL("xuegong"))
	must(t, err)
	red, err := localdb.StartRedisServer(ctx, t.TempDir())
	must(t, err)
	defer func() { _ = red.Stop() }()

	replicas := []*replica{{t: t, addr: freeAddr(t)}, {t: t, addr: freeAddr(t)}}
	door := frontDoor(t, replicas)
	sim, api := newSimulator(t, simulator.Config{CallbackURL: door + "/wecom/callback", AppURL: door})
	_, env := settings(t, pg.URL("xuegong"), "", door, api)
	for i, e := range env {
		if strings.HasPrefix(e, "REDIS_URL=") {
			env[i] = "REDIS_URL=" + red.URL()
		}
	}
	db := storetest.Open(t, pg.URL("xuegong"), clock.System{}, store.Options{})
	must(t, sample.Load(ctx, db))
	slot := agreeAll(t, ctx, db, 30)
	for _, r := range replicas {
		r.env = env
		r.start()
		defer func() {
			r.kill()
			if t.Failed() {
				t.Logf("replica %s:\n%s", r.addr, tail(r.log.String(), 3000))
			}
		}()
	}

	const students, texts = 30, 4
	user := func(i int) string { return sample.UserID(i + 20) }
	before := map[string]int{}
	for i := range students {
		before[user(i)] = len(sim.Messages(user(i), 0))
	}
	var talking sync.WaitGroup
	for i := range students {
		talking.Go(func() {
			for round := range texts {
				said, err := sim.Text(user(i), fmt.Sprintf("帮助%s", strings.Repeat("。", round)))
				if err != nil {
					t.Error(err)
					return
				}
				if accepted, err := said.Wait(ctx); !accepted {
					t.Errorf("%s wrote, and the platform gave up: %v", user(i), err)
				}
			}
		})
	}
	rdb := redisClient(t, red.URL())
	defer func() { _ = rdb.Close() }()
	for i, hurt := range []func(){
		func() {
			must(t, sim.Arm(simulator.Fault{Kind: simulator.FaultLostAnswer, Path: "message/send", Count: 4}))
		},
		func() { replicas[0].kill(); replicas[0].start() },
		func() { must(t, rdb.FlushAll(ctx).Err()) },
		func() {
			must(t, sim.Arm(simulator.Fault{Kind: simulator.FaultErrcode, Path: "message/send", Code: -1, Count: 6},
				simulator.Fault{Kind: simulator.FaultDuplicate, Count: 20}, simulator.Fault{Kind: simulator.FaultExpiredToken}))
		},
		func() { replicas[1].kill(); replicas[1].start() },
		func() {
			must(t, pg.Stop())
			pg, err = localdb.StartPostgres(ctx, localdb.Options{Dir: dir})
			must(t, err)
		},
		func() { replicas[0].kill(); replicas[0].start() },
	} {
		reached(t, ctx, sim, (i+1)*students/4)
		hurt()
	}
	talking.Wait()
	quiet(t, ctx, db)
	for i := range students {
		got := len(sim.Messages(user(i), 0)) - before[user(i)]
		if got != texts {
			t.Errorf("%s wrote %d times and was answered %d times", user(i), texts, got)
		}
	}
	bookAtOnce(t, ctx, db, sim, replicas, slot, students)
	quiet(t, ctx, db)
	lines, err := app.Broken(ctx, db)
	must(t, err)
	for _, l := range lines {
		t.Error(l)
	}
}

// agreeAll has the students agree to the notice and picks the hour they will all want.
func agreeAll(t *testing.T, ctx context.Context, db *store.DB, n int) counselling.Slot {
	t.Helper()
	var slot counselling.Slot
	must(t, db.Update(ctx, func(tx *store.Tx) error {
		for i := range n {
			p, err := identity.Resolve(ctx, tx, sample.UserID(i+20), identity.ByHand)
			if err != nil {
				return err
			}
			if err := counselling.Agree(ctx, tx, p, 1); err != nil {
				return err
			}
			if i > 0 {
				continue
			}
			slots, err := counselling.Slots(ctx, tx, p, "", tx.Now().AddDate(0, 0, 3), time.Time{})
			if err != nil {
				return err
			}
			for _, s := range slots {
				if s.Bookable() && s.Capacity == 1 {
					slot = s
					break
				}
			}
		}
		return nil
	}))
	return slot
}

// bookAtOnce has every student press for the same hour at the same moment, each press
// delivered twice, while a process dies.
func bookAtOnce(t *testing.T, ctx context.Context, db *store.DB, sim *simulator.Server, replicas []*replica, slot counselling.Slot, students int) {
	t.Helper()
	at := slot.StartsAt.In(db.Zone())
	wish := fmt.Sprintf("%d月%d日%d点约%s老师", int(at.Month()), at.Day(), at.Hour(), slot.Name)
	for i := range students {
		if _, err := sim.Text(sample.UserID(i+20), wish); err != nil {
			t.Fatal(err)
		}
	}
	cards := make([]simulator.Message, students) // all of them, before the first press takes the place
	for i := range students {
		cards[i] = waitFor(t, ctx, sim, sample.UserID(i+20), func(m simulator.Message) bool { return strings.Contains(string(m.Card), "这样约，可以吗") })
	}
	must(t, sim.Arm(simulator.Fault{Kind: simulator.FaultDuplicate, Count: students}))
	var pressing sync.WaitGroup
	for i := range students {
		pressing.Go(func() {
			user, card := sample.UserID(i+20), cards[i]
			if _, err := sim.Press(user, card.MsgID, keyOf(t, card, "确认"), nil, false); err != nil {
				t.Errorf("%s presses: %v", user, err)
			}
		})
	}
	pressing.Wait()
	replicas[1].kill()
	replicas[1].start()
	won := 0
	for i := range students {
		m := waitFor(t, ctx, sim, sample.UserID(i+20), func(m simulator.Message) bool {
			return strings.Contains(string(m.Body), "已为你留下") || strings.Contains(string(m.Body), "刚刚约满")
		})
		if strings.Contains(string(m.Body), "已为你留下") {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d students were told that they have the place, want 1", won)
	}
	must(t, db.View(ctx, func(tx *store.Tx) error {
		var n int
		err := tx.GetContext(ctx, &n, `
			select count(*) from booking b join slot s on s.id = b.slot_id
			where s.public_id = $1 and b.state <> 'cancelled'`, slot.PublicID) // the sample's cancelled one may lie there
		if n != 1 {
			t.Errorf("%d bookings of one place", n)
		}
		return err
	}))
}

func waitFor(t *testing.T, ctx context.Context, sim *simulator.Server, user string, ok func(simulator.Message) bool) simulator.Message {
	t.Helper()
	var found simulator.Message
	if err := sim.Wait(ctx, func(v simulator.View) bool {
		for _, m := range v.Messages(user) {
			if ok(m) {
				found = m
				return true
			}
		}
		return false
	}); err != nil {
		t.Errorf("%s waits for an answer: %v", user, err)
		for _, m := range sim.Messages(user, 0) {
			t.Logf("%s has %s %.200s", user, m.MsgType, m.Body)
		}
	}
	return found
}

func keyOf(t *testing.T, m simulator.Message, label string) string {
	t.Helper()
	var card map[string]any
	must(t, json.Unmarshal(m.Card, &card))
	for _, b := range list(card["button_list"]) {
		if str(b["text"]) == label {
			return str(b["key"])
		}
	}
	t.Errorf("no button %s", label)
	return ""
}

// reached waits until the app has sent so many messages in all.
func reached(t *testing.T, ctx context.Context, sim *simulator.Server, n int) {
	t.Helper()
	if err := sim.Wait(ctx, func(v simulator.View) bool {
		sent := 0
		for i := range 30 {
			sent += len(v.Messages(sample.UserID(i + 20)))
		}
		return sent >= n
	}); err != nil {
		t.Fatalf("waiting for message %d: %v", n, err)
	}
}

// quiet waits until nothing that was kept or put is left to do.
func quiet(t *testing.T, ctx context.Context, db *store.DB) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for calm := 0; calm < 10; {
		left := 1
		if err := db.View(ctx, func(tx *store.Tx) error {
			return tx.GetContext(ctx, &left, `select (select count(*) from inbox where state = 'waiting') +
				(select count(*) from send where state = 'waiting' and due_at < $1::timestamptz + interval '10 minutes')`, tx.Now())
		}); err == nil && left == 0 {
			calm++
		} else {
			calm = 0
		}
		select {
		case <-ctx.Done():
			t.Fatalf("work is left: %d", left)
		case <-tick.C:
		}
	}
}

func redisClient(t *testing.T, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	must(t, err)
	return redis.NewClient(o)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
