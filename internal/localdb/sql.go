package localdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"
)

const pingTimeout = 5 * time.Second

func ping(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return withConn(url, func(db *sql.DB) error { return db.PingContext(ctx) })
}

// ensureDatabase tolerates another process creating the same database just now.
func ensureDatabase(ctx context.Context, url, dbname string) error {
	return withConn(url, func(db *sql.DB) error {
		var exists bool
		err := db.QueryRowContext(ctx, `select exists (select from pg_database where datname = $1)`, dbname).Scan(&exists)
		if err != nil || exists {
			return err
		}
		_, err = db.ExecContext(ctx, `create database `+pq.QuoteIdentifier(dbname))
		if isDuplicate(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("create database %s: %w", dbname, err)
		}
		return nil
	})
}

// isDuplicate knows both answers of a lost race: 42P04 from the check, 23505 from the catalogue's index.
func isDuplicate(err error) bool {
	e, ok := errors.AsType[*pq.Error](err)
	return ok && (e.Code == "42P04" || e.Code == "23505")
}

func withConn(url string, f func(*sql.DB) error) error {
	connector, err := pq.NewConnector(url)
	if err != nil {
		return fmt.Errorf("connection URL: %w", err)
	}
	db := sql.OpenDB(connector)
	return errors.Join(f(db), db.Close())
}
