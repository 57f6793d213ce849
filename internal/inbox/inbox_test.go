package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// desk is an inbox whose Handle writes what it did into a table of its own.
type desk struct {
	t      *testing.T
	db     *store.DB
	clock  *clock.Fixed
	worker *inbox.Worker
	keeper *inbox.Keeper
	fail   func(inbox.Act) error
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db, clk := storetest.DB(t)
	d := &desk{t: t, db: db, clock: clk, fail: func(inbox.Act) error { return nil }}
	storetest.Update(t, db, func(tx *store.Tx) error {
		_, err := tx.Exec(`create table did (id bigint generated always as identity, sender text, what text)`)
		return err
	})
	d.worker = &inbox.Worker{DB: db, Log: slog.New(slog.DiscardHandler), Handle: func(ctx context.Context, tx *store.Tx, a inbox.Act) error {
		if _, err := tx.ExecContext(ctx, `insert into did (sender, what) values ($1, $2)`, a.Sender, string(a.Body)); err != nil {
			return err
		}
		return d.fail(a)
	}, GiveUp: func(ctx context.Context, tx *store.Tx, a inbox.Act) error {
		_, err := tx.ExecContext(ctx, `insert into did (sender, what) values ($1, 'sorry')`, a.Sender)
		return err
	}}
	d.keeper = inbox.NewKeeper(db, nil)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.keeper.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	return d
}

func (d *desk) keep(sender, what string) error {
	return d.keeper.Keep(context.Background(), inbox.Act{Key: inbox.KeyOf([]byte(sender + what)), Sender: sender, Body: []byte(what), ReceivedAt: d.clock.Now()})
}

// drain acts with several workers at once until nothing may be done now.
func (d *desk) drain(workers int) {
	d.t.Helper()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				did, err := d.worker.Step(context.Background())
				if err != nil {
					d.t.Error(err)
				}
				if !did {
					return
				}
			}
		})
	}
	wg.Wait()
}

func (d *desk) did(sender string) []string {
	d.t.Helper()
	var list []string
	storetest.Update(d.t, d.db, func(tx *store.Tx) error {
		return tx.Select(&list, `select what from did where sender = $1 order by id`, sender)
	})
	return list
}

func TestKeptThriceDoneOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Go(func() {
			if err := d.keep(fmt.Sprint("s", i%10), fmt.Sprint("act", i/3)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d.drain(6)
	total := 0
	for i := range 10 {
		got := d.did(fmt.Sprint("s", i))
		total += len(got)
		seen := map[string]bool{}
		for _, what := range got {
			if seen[what] {
				t.Errorf("s%d did %s twice", i, what)
			}
			seen[what] = true
		}
	}
	if total != 300 {
		t.Errorf("%d acts done, want 300 different ones", total)
	}
}

func TestKeepingWaitsOutARestartOfTheDatabase(t *testing.T) {
	t.Parallel()
	dir := localdb.Options{Dir: t.TempDir()}
	pg, err := localdb.StartPostgres(t.Context(), dir)
	must(t, err)
	defer func() { _ = pg.Stop() }()
	must(t, pg.EnsureDatabase(t.Context(), "restart"))
	_, err = store.Migrate(t.Context(), pg.URL("restart"))
	must(t, err)
	k := inbox.NewKeeper(storetest.Open(t, pg.URL("restart"), clock.System{}, store.Options{}), nil)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { k.Run(ctx); close(ended) }()
	defer func() { stop(); <-ended }()
	keep := func(ctx context.Context, what string) error {
		return k.Keep(ctx, inbox.Act{Key: inbox.KeyOf([]byte(what)), Sender: "s", Body: []byte(what), ReceivedAt: storetest.Monday})
	}

	must(t, pg.Stop())
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := keep(short, "gone"); err == nil {
		t.Error("kept without a database")
	}
	kept := make(chan error)
	go func() { kept <- keep(t.Context(), "patient") }()
	pg, err = localdb.StartPostgres(t.Context(), dir)
	must(t, err)
	must(t, <-kept)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOneSenderInOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var want []string
	for i := range 40 {
		want = append(want, fmt.Sprint(i))
		if err := d.keep("s", want[i]); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 { // whoever finds an earlier one under way leaves
		d.drain(4)
	}
	if diff := cmp.Diff(want, d.did("s")); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestFailureUndoesEverythingAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fail = func(a inbox.Act) error {
		if a.Attempts < 3 {
			return errors.New("no luck")
		}
		return nil
	}
	if err := d.keep("s", "act"); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		d.drain(1)
		_ = d.clock.MoveTo(d.clock.Now().Add(time.Minute))
	}
	if diff := cmp.Diff([]string{"act"}, d.did("s")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPanicIsAFailure(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fail = func(a inbox.Act) error {
		if a.Attempts == 0 {
			panic("boom")
		}
		return nil
	}
	if err := d.keep("s", "act"); err != nil {
		t.Fatal(err)
	}
	d.drain(1)
	_ = d.clock.MoveTo(d.clock.Now().Add(time.Minute))
	d.drain(1)
	if diff := cmp.Diff([]string{"act"}, d.did("s")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInTheEndAnApologyAndALineOnTheDesk(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fail = func(inbox.Act) error { return errors.New("never") }
	if err := d.keep("s", "act"); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		d.drain(1)
		_ = d.clock.MoveTo(d.clock.Now().Add(10 * time.Minute))
	}
	if diff := cmp.Diff([]string{"sorry"}, d.did("s")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	storetest.Update(t, d.db, func(tx *store.Tx) error {
		if n, err := inbox.Failed(context.Background(), tx); err != nil || n != 1 {
			t.Errorf("Failed = %d, %v", n, err)
		}
		return nil
	})
}

func TestBodiesAreSealedAndDropped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.keep("s", "很私密的一句话"); err != nil {
		t.Fatal(err)
	}
	body := func() (b []byte) {
		storetest.Update(t, d.db, func(tx *store.Tx) error { return tx.Get(&b, `select body from inbox`) })
		return b
	}
	if strings.Contains(string(body()), "私密") {
		t.Error("the body is readable in the database")
	}
	d.drain(1)
	if body() != nil {
		t.Error("a done act keeps its text")
	}
}

func TestOneUnreadableActHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.keep("a", "bad"); err != nil {
		t.Fatal(err)
	}
	storetest.Update(t, d.db, func(tx *store.Tx) error {
		_, err := tx.Exec(`update inbox set body = 'x'`)
		return err
	})
	if err := d.keep("b", "good"); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		d.drain(1)
		_ = d.clock.MoveTo(d.clock.Now().Add(10 * time.Minute))
	}
	if diff := cmp.Diff([]string{"good"}, d.did("b")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var done int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			err := d.db.Update(context.Background(), func(tx *store.Tx) error {
				return inbox.Once(context.Background(), tx, []byte("form"), "s")
			})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				done++
			case !errors.Is(err, inbox.ErrRepeat):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done != 1 {
		t.Errorf("a form was done %d times", done)
	}
}
