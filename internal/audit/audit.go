package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/store"
)

// Append records that a person (0: the system) did verb to object, for example
// ("booking.confirm", "booking/ab12…"). detail holds codes and ids, never free text.
func Append(ctx context.Context, tx *store.Tx, person int64, verb, object string, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	b, err := json.Marshal(detail) // keys come out sorted, so the MAC is stable
	if err != nil {
		return fmt.Errorf("audit detail: %w", err)
	}
	mac := rowMAC(tx.Keys(), tx.Now(), person, verb, object, string(b))
	if err := insert(ctx, tx, person, verb, object, string(b), mac); err != nil {
		return fmt.Errorf("append audit: %w", err)
	}
	return nil
}

func rowMAC(k *store.Keyring, at time.Time, person int64, verb, object, detail string) []byte {
	return k.MAC(strconv.FormatInt(at.UnixMicro(), 10), strconv.FormatInt(person, 10), verb, object, detail)
}

// Seal takes every unsealed committed row into the chain and returns how many.
// Another process sealing at the same time makes it return 0.
func Seal(ctx context.Context, db *store.DB) (n int, err error) {
	err = db.Update(ctx, func(tx *store.Tx) error {
		n = 0
		free, err := tryLock(ctx, tx)
		if err != nil || !free {
			return err
		}
		last, err := lastSealed(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := unsealed(ctx, tx, 1000)
		if err != nil {
			return err
		}
		for i := range rows {
			last = chain(tx.Keys(), last, rows[i])
			if err := setSeal(ctx, tx, rows[i].ID, last); err != nil {
				return err
			}
		}
		n = len(rows)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("seal audit: %w", err)
	}
	return n, nil
}

type sealed struct {
	No   int64
	Hash []byte
}

func chain(k *store.Keyring, last sealed, r row) sealed {
	no := last.No + 1
	return sealed{No: no, Hash: k.MAC("chain", strconv.FormatInt(no, 10), string(last.Hash), strconv.FormatInt(r.ID, 10), string(r.MAC))}
}

// Verify walks the chain and returns one line for each row that does not fit.
func Verify(ctx context.Context, tx *store.Tx) ([]string, error) {
	var broken []string
	var last sealed
	err := eachSealed(ctx, tx, func(r row) {
		want := chain(tx.Keys(), last, r)
		switch {
		case r.No != want.No:
			broken = append(broken, fmt.Sprintf("audit: seal %d is missing before row %d", want.No, r.ID))
		case string(r.Seal) != string(want.Hash):
			broken = append(broken, fmt.Sprintf("audit: row %d does not fit the chain", r.ID))
		case string(rowMAC(tx.Keys(), r.At, r.Person, r.Verb, r.Object, r.Detail)) != string(r.MAC):
			broken = append(broken, fmt.Sprintf("audit: row %d was changed", r.ID))
		}
		last = sealed{No: r.No, Hash: r.Seal}
	})
	if err != nil {
		return nil, fmt.Errorf("verify audit: %w", err)
	}
	return broken, nil
}
