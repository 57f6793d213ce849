package app_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/xuegong/xuegong/internal/app"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// plainBytes are the columns of bytes that are not sealed: hashes, MACs and the service
// files, which are public. Every other
// one has its owner's line in Sealed, or a change of keys would leave it behind.
var plainBytes = []string{"audit.mac", "audit.seal", "blob.sha256", "inbox.key", "service_version.content", "signing_key.certificate", "token.hash"}

func TestEveryColumnOfBytesIsSealedAnewOrKnownToBePlain(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	var have []string
	storetest.Update(t, db, func(tx *store.Tx) error {
		return tx.Select(&have, `
			select table_name || '.' || column_name from information_schema.columns
			where table_schema = 'public' and data_type = 'bytea' order by 1`)
	})
	want := slices.Clone(plainBytes)
	for _, s := range app.Sealed() {
		want = append(want, s.Table+"."+s.Column)
	}
	for _, column := range have {
		if !slices.Contains(want, column) {
			t.Errorf("%s holds bytes that Sealed of its package does not list: after a change of keys it could not be read", column)
		}
	}
	for _, column := range want {
		if !slices.Contains(have, column) {
			t.Errorf("%s is listed and does not exist", column)
		}
	}
}

func keyring(t *testing.T, ids ...string) *store.Keyring {
	t.Helper()
	keys := make([]config.Key, len(ids))
	for i, id := range ids {
		keys[i] = config.Key{ID: id, Bytes: []byte(fmt.Sprintf("%-32.32s", id+"0123456789abcdef0123456789abcdef"))}
		if id == "test" { // the key the sample school was loaded with
			keys[i].Bytes = []byte("0123456789abcdef0123456789abcdef")
		}
	}
	ring, err := store.NewKeyring(keys)
	must(t, err)
	return ring
}

func openWith(t *testing.T, url string, ring *store.Keyring) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), url, store.Options{Clock: clock.NewFixed(storetest.Monday), Keys: ring, Zone: storetest.Shanghai(), MaxConns: 6})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestRekey(t *testing.T) {
	t.Parallel()
	url := storetest.Loaded(t, "sample", sample.Load)
	ctx := context.Background()
	fillSealed(t, openWith(t, url, keyring(t, "test")))

	t.Log("stopped after the first column, then begun again")
	changing := openWith(t, url, keyring(t, "new", "test"))
	_, _, err := changing.Rekey(ctx, app.Sealed()[0])
	must(t, err)
	var out strings.Builder
	must(t, app.Rekey(ctx, changing, &out))
	if !strings.Contains(out.String(), "0 values; keep it last") {
		t.Errorf("the old key is in use:\n%s", out.String())
	}

	t.Log("everything opens with the new key alone, at its place")
	only := openWith(t, url, keyring(t, "new"))
	for _, s := range app.Sealed() {
		var rows []struct {
			Place string `db:"place"`
			Value []byte `db:"value"`
		}
		storetest.Update(t, only, func(tx *store.Tx) error {
			return tx.Select(&rows, fmt.Sprintf(`select %s as place, %s as value from %s where %s is not null`, s.Place, s.Column, s.Table, s.Column))
		})
		for _, r := range rows {
			if _, err := only.Keys().Unseal(r.Place, r.Value); err != nil {
				t.Errorf("%s.%s: %v", s.Table, s.Column, err)
			}
		}
	}

	t.Log("a key that is not in the list is told, and what it sealed is left")
	out.Reset()
	err = app.Rekey(ctx, openWith(t, url, keyring(t, "third", "test")), &out)
	if err == nil || !strings.Contains(out.String(), `"new"`) {
		t.Errorf("rekey without the key: %v\n%s", err, out.String())
	}
	out.Reset()
	must(t, app.Rekey(ctx, changing, &out))
	if !strings.Contains(out.String(), "booking.wish             0 sealed anew") {
		t.Errorf("a second run has something to do:\n%s", out.String())
	}
}

// fillSealed has something sealed in the columns a sample school leaves empty.
func fillSealed(t *testing.T, db *store.DB) {
	t.Helper()
	storetest.Update(t, db, func(tx *store.Tx) error {
		ctx := context.Background()
		p, err := identity.Resolve(ctx, tx, "s02", identity.ByHand)
		if err != nil {
			return err
		}
		slots, err := counselling.Slots(ctx, tx, p, "", tx.Now().AddDate(0, 0, 3), tx.Now().AddDate(0, 0, 9))
		if err != nil {
			return err
		}
		free := slices.IndexFunc(slots, counselling.Slot.Bookable)
		_, err = counselling.Book(ctx, tx, p, slots[free].PublicID, "想聊聊作息", counselling.ViaPage)
		return err
	})
}

// Two of them at once, and a process that seals and opens meanwhile: nothing is lost.
func TestRekeyBesideRunningProcesses(t *testing.T) {
	t.Parallel()
	url := storetest.Loaded(t, "sample", sample.Load)
	fillSealed(t, openWith(t, url, keyring(t, "test")))
	running := openWith(t, url, keyring(t, "test", "new")) // still seals with the old key
	var work sync.WaitGroup
	for range 2 {
		changing := openWith(t, url, keyring(t, "new", "test"))
		work.Go(func() {
			if err := app.Rekey(context.Background(), changing, new(strings.Builder)); err != nil {
				t.Errorf("rekey: %v", err)
			}
		})
	}
	work.Go(func() {
		for i := range 50 {
			if err := running.Update(context.Background(), func(tx *store.Tx) error {
				p, err := identity.Resolve(context.Background(), tx, "s02", identity.ByHand)
				if err != nil {
					return err
				}
				if _, err := counselling.Mine(context.Background(), tx, p); err != nil {
					return err
				}
				return outbox.Put(context.Background(), tx, outbox.Message{
					To: []identity.ID{p.ID}, Kind: "chat.text", Class: outbox.Reply, Scope: "school", Args: map[string]int{"n": i},
				})
			}); err != nil {
				t.Errorf("running: %v", err)
			}
		}
	})
	work.Wait()
	var out strings.Builder
	must(t, app.Rekey(context.Background(), openWith(t, url, keyring(t, "new", "test")), &out)) // what was sealed meanwhile
	if !strings.Contains(out.String(), "0 values; keep it last") {
		t.Errorf("the old key is in use:\n%s", out.String())
	}
}
