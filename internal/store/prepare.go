package store

import (
	"context"
	"database/sql"
	"sync"

	"github.com/jmoiron/sqlx"
)

// statements keeps every parameterised query prepared, once a connection: planning
// costs PostgreSQL more than running most of them. The product's queries are constants,
// so there are a few hundred at the most.
type statements struct {
	pool *sqlx.DB
	m    sync.Map // query -> *sqlx.Stmt
}

// get prepares on a connection of its own the first time, for which run keeps some free.
func (s *statements) get(ctx context.Context, query string) (*sqlx.Stmt, error) {
	if st, ok := s.m.Load(query); ok {
		return st.(*sqlx.Stmt), nil
	}
	st, err := s.pool.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, raced := s.m.LoadOrStore(query, st); raced {
		_ = st.Close()
		return first.(*sqlx.Stmt), nil
	}
	return st, nil
}

func (tx *Tx) prepared(ctx context.Context, query string) (*sqlx.Stmt, error) {
	st, err := tx.db.statements.get(ctx, query)
	if err != nil {
		return nil, err
	}
	return tx.StmtxContext(ctx, st), nil
}

// GetContext is sqlx's with the query prepared.
func (tx *Tx) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	if len(args) == 0 {
		return tx.Tx.GetContext(ctx, dest, query)
	}
	st, err := tx.prepared(ctx, query)
	if err != nil {
		return err
	}
	return st.GetContext(ctx, dest, args...)
}

// SelectContext is sqlx's with the query prepared.
func (tx *Tx) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	if len(args) == 0 {
		return tx.Tx.SelectContext(ctx, dest, query)
	}
	st, err := tx.prepared(ctx, query)
	if err != nil {
		return err
	}
	return st.SelectContext(ctx, dest, args...)
}

// ExecContext is sqlx's with the query prepared.
func (tx *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if len(args) == 0 {
		return tx.Tx.ExecContext(ctx, query)
	}
	st, err := tx.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

// QueryRowContext is sqlx's with the query prepared.
func (tx *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	st, err := tx.prepared(ctx, query)
	if err != nil || len(args) == 0 {
		return tx.Tx.QueryRowContext(ctx, query, args...) // its Scan says what is wrong
	}
	return st.QueryRowContext(ctx, args...)
}
