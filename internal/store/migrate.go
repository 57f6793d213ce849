package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "github.com/lib/pq" // the driver goose works with
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/xuegong/xuegong/migrations"
)

// release is how many numbers of migrations a release has: the first release has 1 to
// 99, the second 100 to 199. A program works with the schema of its own release, whole,
// and with that of the next one, so that a new schema can come before the new program.
const release = 100

// Fits tells whether a program whose newest migration is newest works with the schema have.
func Fits(have, newest int64) bool {
	return have >= newest && have < (newest/release+2)*release
}

// Migrate brings the schema to the newest version. Several processes may call it at
// once: one applies, the others wait for it.
func Migrate(ctx context.Context, databaseURL string) (applied int, err error) {
	db, err := sql.Open("postgres", withDriverSettings(databaseURL))
	if err != nil {
		return 0, fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := provider(db)
	if err != nil {
		return 0, err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return len(results), fmt.Errorf("migrate: %w", err)
	}
	return len(results), nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120)) // a try a second, two minutes
	if err != nil {
		return nil, fmt.Errorf("migration lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// Schema returns the version the database has and the newest this program knows.
func (db *DB) Schema(ctx context.Context) (have, newest int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	p, err := goose.NewProvider(goose.DialectPostgres, db.pool.DB, migrations.FS)
	if err != nil {
		return 0, 0, fmt.Errorf("read migrations: %w", err)
	}
	for _, s := range p.ListSources() {
		newest = max(newest, s.Version)
	}
	have, err = p.GetDBVersion(ctx)
	if err != nil {
		return 0, newest, fmt.Errorf("read schema version: %w", err)
	}
	return have, newest, nil
}
