package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/xuegong/xuegong/internal/store"
)

// Act is something a person did that we promised to act on.
type Act struct {
	ID         int64
	Key        []byte // what makes a repeat a repeat
	Sender     string // acts of one sender are done in order
	Body       []byte
	ReceivedAt time.Time
	Attempts   int
}

// KeyOf returns the key of a callback: the hash of its plaintext, since a repeat is
// the same byte for byte (wecom/callback.md section 5).
func KeyOf(plaintext []byte) []byte {
	h := sha256.Sum256(plaintext)
	return h[:]
}

// Keeper keeps acts durably, many in one insert when many arrive together.
type Keeper struct {
	db   *store.DB
	wake func()
	in   chan keeping
}

type keeping struct {
	act  Act
	done chan error
}

// Limits of one insert, and how many inserts run side by side.
const (
	maxGroup = 128
	flushers = 2
)

// ErrClosed is what Keep returns after Run ended.
var ErrClosed = errors.New("inbox: closed")

// NewKeeper returns a keeper; wake is called after each commit that kept something.
func NewKeeper(db *store.DB, wake func()) *Keeper {
	return &Keeper{db: db, wake: wake, in: make(chan keeping, maxGroup)}
}

// The waits between the tries of one Keep.
const (
	firstWait = 20 * time.Millisecond
	maxWait   = 500 * time.Millisecond
)

// Keep returns once the act is committed, or was kept before. ctx bounds the wait; when
// it ends the act may still be kept, which the sender's repeat finds out. While the
// database is away Keep goes on trying: who refuses at once sees all of WeCom's repeats
// within a blink (wecom/callback.md section 5), and then the act is gone.
func (k *Keeper) Keep(ctx context.Context, a Act) error {
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		err := k.try(ctx, a)
		if !store.Broken(err) || store.Refused(err) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

func (k *Keeper) try(ctx context.Context, a Act) error {
	w := keeping{act: a, done: make(chan error, 1)}
	select {
	case k.in <- w:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run writes until ctx ends, then answers who still waits with ErrClosed.
func (k *Keeper) Run(ctx context.Context) {
	stopped := make(chan struct{})
	for range flushers {
		go func() {
			defer func() { stopped <- struct{}{} }()
			k.flush(ctx)
		}()
	}
	for range flushers {
		<-stopped
	}
	for {
		select {
		case w := <-k.in:
			w.done <- ErrClosed
		default:
			return
		}
	}
}

func (k *Keeper) flush(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-k.in:
			k.write(ctx, k.group(first))
		}
	}
}

// group takes whoever else is already waiting; it never waits itself.
func (k *Keeper) group(first keeping) []keeping {
	g := []keeping{first}
	for len(g) < maxGroup {
		select {
		case w := <-k.in:
			g = append(g, w)
		default:
			return g
		}
	}
	return g
}

func (k *Keeper) write(ctx context.Context, g []keeping) {
	acts := make([]Act, len(g))
	for i, w := range g {
		acts[i] = w.act
	}
	// A shutdown must not tear a commit that callers wait for.
	err := insertActs(context.WithoutCancel(ctx), k.db, acts)
	for _, w := range g {
		w.done <- err
	}
	if err == nil && k.wake != nil {
		k.wake()
	}
}

func place(key []byte) string { return "inbox/body/" + hex.EncodeToString(key) }
