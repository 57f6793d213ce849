package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/clock"
)

// DB opens transactions.
type DB struct {
	pool       *sqlx.DB
	statements *statements
	slots      chan struct{} // transactions at once
	clock      clock.Clock
	keys       *Keyring
	zone       *time.Location
	onDue      func([]Due)
}

// Options of Open.
type Options struct {
	Clock    clock.Clock
	Keys     *Keyring       // nil refuses Seal and Unseal
	Zone     *time.Location // the school's; nil means UTC
	MaxConns int            // 0 means 32
	OnDue    func([]Due)    // called after a commit with the due times the transaction announced
	Later    bool           // the server may begin to answer only after Open
}

// Due announces that a row of a queue ("send", "job") is to be acted on at a time.
type Due struct {
	Queue string
	ID    int64
	At    time.Time
}

// spare is how many connections no transaction may take: for preparing what a
// transaction is about to ask, and for the single statements of Exec.
const spare = 2

// Open connects to PostgreSQL and checks that it answers, unless it may do so later.
func Open(ctx context.Context, databaseURL string, o Options) (*DB, error) {
	pool, err := sqlx.Open("postgres", withDriverSettings(databaseURL))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if o.MaxConns == 0 {
		o.MaxConns = 32
	}
	o.MaxConns = max(o.MaxConns, spare+1)
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	pool.SetMaxOpenConns(o.MaxConns)
	pool.SetMaxIdleConns(o.MaxConns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if !o.Later {
		if err := pool.PingContext(ctx); err != nil {
			_ = pool.Close()
			return nil, fmt.Errorf("reach database: %w", err)
		}
	}
	return &DB{pool: pool, statements: &statements{pool: pool}, slots: make(chan struct{}, o.MaxConns-spare), clock: o.Clock, keys: o.Keys, zone: o.Zone, onDue: o.OnDue}, nil
}

// withDriverSettings asks lib/pq for one round trip a query instead of two, and
// states the sslmode, whose default may change with the driver.
func withDriverSettings(u string) string {
	if strings.HasPrefix(u, "postgres://") || strings.HasPrefix(u, "postgresql://") {
		p, err := url.Parse(u)
		if err != nil {
			return u
		}
		q := p.Query()
		if !q.Has("binary_parameters") {
			q.Set("binary_parameters", "yes")
		}
		if !q.Has("sslmode") {
			q.Set("sslmode", "require")
		}
		p.RawQuery = q.Encode()
		return p.String()
	}
	if !strings.Contains(u, "binary_parameters=") {
		u += " binary_parameters=yes"
	}
	if !strings.Contains(u, "sslmode=") {
		u += " sslmode=require"
	}
	return u
}

// Close closes the pool after running transactions ended.
func (db *DB) Close() error { return db.pool.Close() }

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.pool.PingContext(ctx) }

// Zone is the school's time zone.
func (db *DB) Zone() *time.Location { return db.zone }

// Clock returns the clock the transactions read.
func (db *DB) Clock() clock.Clock { return db.clock }

// At returns the same database at another time, for the sample school's past. The
// connections are shared and closed with db. What becomes due there is announced to
// nobody: who looks into the tables finds it.
func (db *DB) At(c clock.Clock) *DB {
	at := *db
	at.clock, at.onDue = c, nil
	return &at
}

// Tx is one transaction with its time.
type Tx struct {
	*sqlx.Tx
	db       *DB
	now      time.Time
	received time.Time
	due      []Due
	after    []func()
	tries    int
}

// Now is the time of the transaction: the same for every row of one act.
func (tx *Tx) Now() time.Time { return tx.now }

// Zone is the school's time zone, in which every time is shown.
func (tx *Tx) Zone() *time.Location { return tx.db.zone }

// ReceivedAt is when the act reached us, by which a deadline is judged. It is Now
// unless the face said otherwise.
func (tx *Tx) ReceivedAt() time.Time { return tx.received }

// SetReceivedAt says when the act reached us. A time after Now is taken as Now.
func (tx *Tx) SetReceivedAt(t time.Time) {
	if t.Before(tx.now) {
		tx.received = t
	}
}

// Announce has the alarm rung for a row once this transaction is committed.
func (tx *Tx) Announce(d Due) { tx.due = append(tx.due, d) }

// AfterCommit runs fn once the transaction is committed, never if it is not.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// View runs fn in a read-only transaction with one consistent picture of the data.
func (db *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	return db.run(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}, fn)
}

// maxRuns bounds how often Update runs fn when PostgreSQL asks for another try.
const maxRuns = 5

// Update runs fn in a READ COMMITTED transaction and commits it. fn runs again,
// up to five times, after a serialization failure or a deadlock.
func (db *DB) Update(ctx context.Context, fn func(tx *Tx) error) error {
	for run := 1; ; run++ {
		err := db.run(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, fn)
		if err == nil || run == maxRuns || !again(err) {
			return err
		}
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(run) * int64(10*time.Millisecond)))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (db *DB) run(ctx context.Context, opts *sql.TxOptions, fn func(tx *Tx) error) error {
	select {
	case db.slots <- struct{}{}:
		defer func() { <-db.slots }()
	case <-ctx.Done():
		return fmt.Errorf("wait for a transaction: %w", ctx.Err())
	}
	x, err := db.pool.BeginTxx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = x.Rollback() }() // no effect after a commit; also runs when fn panics
	now := db.clock.Now()
	tx := &Tx{Tx: x, db: db, now: now, received: now}
	if err := fn(tx); err != nil {
		return err
	}
	if err := x.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if len(tx.due) > 0 && db.onDue != nil {
		db.onDue(tx.due)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// Try runs fn behind a savepoint: if it fails, what it wrote and announced is
// undone and the transaction goes on. It returns fn's error.
func (tx *Tx) Try(ctx context.Context, fn func() error) error {
	tx.tries++
	name := fmt.Sprintf("try_%d", tx.tries)
	due, after := len(tx.due), len(tx.after)
	if _, err := tx.ExecContext(ctx, "savepoint "+name); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if err := fn(); err != nil {
		tx.due, tx.after = tx.due[:due], tx.after[:after]
		if _, rerr := tx.ExecContext(ctx, "rollback to savepoint "+name); rerr != nil {
			return errors.Join(err, fmt.Errorf("rollback to savepoint: %w", rerr))
		}
		return err
	}
	if _, err := tx.ExecContext(ctx, "release savepoint "+name); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

// again tells whether PostgreSQL asks to run the transaction once more.
func again(err error) bool {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return e.Code == "40001" || e.Code == "40P01"
	}
	return false
}

// Constraint returns the name of the constraint err violates, "" if none.
func Constraint(err error) string {
	if e, ok := errors.AsType[*pq.Error](err); ok && e.Code.Class() == "23" {
		return e.Constraint
	}
	return ""
}

// Missing tells whether err says that no row was found.
func Missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Exec runs one statement that is its own transaction: for the one-row and
// one-group inserts of the hot paths, which need no begin and no commit round trip.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	st, err := db.statements.get(ctx, query)
	if err == nil {
		_, err = st.ExecContext(ctx, args...)
	}
	return err
}

// Broken tells whether err came from the database or the way to it, so that the
// transaction it happened in is lost.
func Broken(err error) bool {
	if _, ok := errors.AsType[*pq.Error](err); ok {
		return true
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) || errors.Is(err, io.EOF)
}

// Refused tells whether PostgreSQL will refuse the same statement every time: its data
// or its text is wrong.
func Refused(err error) bool {
	e, ok := errors.AsType[*pq.Error](err)
	return ok && (e.Code.Class() == "22" || e.Code.Class() == "23" || e.Code.Class() == "42")
}
