package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/lib/pq"
)

// Sealed is a column whose values Seal made. The package that owns the table declares
// it, so that the values can be sealed anew when the school changes its key.
type Sealed struct {
	Table, Column string
	Key           string // SQL expression, unique, by which the rows are walked: a bigint column
	TextKey       bool   // or, for a table without one, a text
	Place         string // SQL expression of the place of a row's value
}

// rekeyAtOnce is how many values one transaction seals anew: few enough to hold nobody up.
const rekeyAtOnce = 100

// sealedBy reads the id of the key from a sealed value, "" from one that is broken.
const sealedBy = `case when length(%[1]s) > 1 then convert_from(substr(%[1]s, 2, get_byte(%[1]s, 0)), 'SQL_ASCII') else '' end`

// Rekey seals anew, with the first key, every value of the column that an older one
// sealed, and returns how many; those that no key opens are left and counted. Each chunk
// is a transaction, so that it can be stopped at any time and begun again, beside
// running processes that know both keys.
func (db *DB) Rekey(ctx context.Context, s Sealed) (done, unreadable int, err error) {
	after := "0"
	if s.TextKey {
		after = ""
	}
	for more := true; more; {
		var n, bad int
		err := db.Update(ctx, func(tx *Tx) (err error) {
			n, bad, after, more, err = tx.rekey(ctx, s, after)
			return err
		})
		if err != nil {
			return done, unreadable, fmt.Errorf("rekey %s.%s: %w", s.Table, s.Column, err)
		}
		done, unreadable = done+n, unreadable+bad
	}
	return done, unreadable, nil
}

func (tx *Tx) rekey(ctx context.Context, s Sealed, after string) (done, bad int, last string, more bool, err error) {
	var rows []struct {
		Key   string `db:"key"`
		Place string `db:"place"`
		Value []byte `db:"value"`
	}
	if err := tx.SelectContext(ctx, &rows, fmt.Sprintf(`
		select (%[2]s)::text as key, %[3]s as place, %[4]s as value from %[5]s
		where %[2]s > $1::%[7]s and %[4]s is not null and %[1]s <> $2
		order by %[2]s limit %[6]d for no key update`,
		fmt.Sprintf(sealedBy, s.Column), s.Key, s.Place, s.Column, s.Table, rekeyAtOnce, s.keyType()), after, tx.Keys().first); err != nil {
		return 0, 0, after, false, err
	}
	var keys []string
	var values [][]byte
	for _, r := range rows {
		after = r.Key
		plain, err := tx.Keys().Unseal(r.Place, r.Value)
		if err != nil {
			bad++
			continue
		}
		keys, values = append(keys, r.Key), append(values, tx.Keys().Seal(r.Place, plain))
	}
	if len(keys) > 0 {
		_, err = tx.ExecContext(ctx, fmt.Sprintf(`
			update %[1]s set %[2]s = t.value from unnest($1::%[4]s[], $2::bytea[]) as t (key, value) where %[3]s = t.key`,
			s.Table, s.Column, s.Key, s.keyType()), pq.Array(keys), pq.Array(values))
	}
	return len(keys), bad, after, len(rows) == rekeyAtOnce, err
}

func (s Sealed) keyType() string {
	if s.TextKey {
		return "text"
	}
	return "bigint"
}

// KeyUse returns how many values of the column each key has sealed, by the key's id; ""
// are broken ones.
func (db *DB) KeyUse(ctx context.Context, s Sealed) (map[string]int, error) {
	use := map[string]int{}
	err := db.View(ctx, func(tx *Tx) error {
		rows, err := tx.QueryContext(ctx, fmt.Sprintf(`select %[1]s, count(*) from %[2]s where %[3]s is not null group by 1`,
			fmt.Sprintf(sealedBy, s.Column), s.Table, s.Column))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var id string
			var n int
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			use[id] = n
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("count keys of %s.%s: %w", s.Table, s.Column, err)
	}
	return use, nil
}

// KeyIDs returns the ids of the keys; the first seals, and the last is the one the MACs
// of audit rows and searched values hang on.
func (k *Keyring) KeyIDs() []string { return k.ids }
