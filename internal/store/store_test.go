package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/config"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func TestTry(t *testing.T) {
	t.Parallel()
	var rang []store.Due
	db := storetest.Open(t, storetest.URL(t), clock.NewFixed(storetest.Monday), store.Options{OnDue: func(d []store.Due) { rang = d }})
	ctx := context.Background()
	refused := errors.New("refused")
	storetest.Update(t, db, func(tx *store.Tx) error {
		if _, err := tx.Exec(`insert into campus (code, name) values ('a', 'A')`); err != nil {
			return err
		}
		tx.Announce(store.Due{Queue: "q", ID: 1})
		err := tx.Try(ctx, func() error {
			tx.Announce(store.Due{Queue: "q", ID: 2})
			tx.AfterCommit(func() { t.Error("the hook of an undone part ran") })
			if _, err := tx.Exec(`insert into campus (code, name) values ('b', 'B')`); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Errorf("Try = %v", err)
		}
		err = tx.Try(ctx, func() error {
			_, err := tx.Exec(`insert into campus (code, name) values ('a', 'again')`)
			return err
		})
		if store.Constraint(err) != "campus_code_is_unique" {
			t.Errorf("Constraint = %q", store.Constraint(err))
		}
		return nil
	})
	var n int
	storetest.Update(t, db, func(tx *store.Tx) error { return tx.Get(&n, `select count(*) from campus`) })
	if n != 1 {
		t.Errorf("%d rows, want 1: only what was not undone", n)
	}
	if len(rang) != 1 || rang[0].ID != 1 {
		t.Errorf("announced %v, want only what was committed", rang)
	}
}

// Two transactions that lock two rows in opposite order both get through.
func TestUpdateRunsAgainAfterADeadlock(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	storetest.Update(t, db, func(tx *store.Tx) error {
		_, err := tx.Exec(`insert into campus (code, name) values ('a', 'A'), ('b', 'B')`)
		return err
	})
	met := make(chan struct{}, 2)
	both := make(chan struct{})
	go func() { <-met; <-met; close(both) }()
	var wg sync.WaitGroup
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		wg.Go(func() {
			first := true
			if err := db.Update(context.Background(), func(tx *store.Tx) error {
				if _, err := tx.Exec(`update campus set name = name || '1' where code = $1`, order[0]); err != nil {
					return err
				}
				if first {
					first = false
					met <- struct{}{}
					<-both
				}
				_, err := tx.Exec(`update campus set name = name || '2' where code = $1`, order[1])
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestReceivedAtIsNeverAfterNow(t *testing.T) {
	t.Parallel()
	db, clk := storetest.DB(t)
	storetest.Update(t, db, func(tx *store.Tx) error {
		tx.SetReceivedAt(clk.Now().Add(time.Hour))
		if !tx.ReceivedAt().Equal(tx.Now()) {
			t.Errorf("received in the future: %v", tx.ReceivedAt())
		}
		tx.SetReceivedAt(clk.Now().Add(-time.Hour))
		if !tx.ReceivedAt().Equal(clk.Now().Add(-time.Hour)) {
			t.Errorf("ReceivedAt = %v", tx.ReceivedAt())
		}
		return nil
	})
}

func TestSeal(t *testing.T) {
	t.Parallel()
	old := config.Key{ID: "old", Bytes: make([]byte, 32)}
	fresh := config.Key{ID: "new", Bytes: append(make([]byte, 31), 1)}
	ring := func(keys ...config.Key) *store.Keyring {
		k, err := store.NewKeyring(keys)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	sealed := ring(old).Seal("booking/wish/1", []byte("想说的话"))
	tests := []struct {
		name  string
		ring  *store.Keyring
		place string
		data  []byte
		ok    bool
	}{
		{"the_same_key_and_place", ring(old), "booking/wish/1", sealed, true},
		{"a_newer_key_first", ring(fresh, old), "booking/wish/1", sealed, true},
		{"another_row", ring(old), "booking/wish/2", sealed, false},
		{"the_key_is_gone", ring(fresh), "booking/wish/1", sealed, false},
		{"cut_short", ring(old), "booking/wish/1", sealed[:10], false},
		{"empty", ring(old), "booking/wish/1", nil, false},
		{"changed", ring(old), "booking/wish/1", append(append([]byte{}, sealed[:len(sealed)-1]...), sealed[len(sealed)-1]^1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			plain, err := tt.ring.Unseal(tt.place, tt.data)
			if (err == nil) != tt.ok || tt.ok && string(plain) != "想说的话" {
				t.Errorf("Unseal = %q, %v", plain, err)
			}
		})
	}
	if string(ring(fresh, old).MAC("a")) != string(ring(old).MAC("a")) {
		t.Error("the MAC must outlive a change of the sealing key")
	}
	if string(ring(old).MAC("ab", "c")) == string(ring(old).MAC("a", "bc")) {
		t.Error("the MAC does not tell its parts apart")
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		have, newest int64
		want         bool
	}{
		{"its_own", 3, 3, true},
		{"not_migrated_yet", 2, 3, false},
		{"the_next_release_came_first", 104, 3, true},
		{"two_releases_ahead", 200, 3, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := store.Fits(tt.have, tt.newest); got != tt.want {
				t.Errorf("Fits(%d, %d) = %v", tt.have, tt.newest, got)
			}
		})
	}
}
