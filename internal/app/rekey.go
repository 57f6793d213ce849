package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/xuegong/xuegong/bot"
	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
)

// Sealed lists every column that holds sealed values, as their owners declare them.
func Sealed() []store.Sealed {
	return slices.Concat(inbox.Sealed(), outbox.Sealed(), bot.Sealed(), counselling.Sealed(), approval.Sealed(), blob.Sealed(), request.Sealed())
}

type rekeyCmd struct{ dataFlag }

func (c rekeyCmd) Run(e *environment) error {
	return c.withDB(e, func(db *store.DB) error { return Rekey(e.ctx, db, e.stdout) })
}

// Rekey seals with the first key what older ones sealed, and prints how many values were
// sealed anew and which keys are still in use. It can be stopped and begun again, beside
// running processes that know all the keys.
func Rekey(ctx context.Context, db *store.DB, out io.Writer) error {
	left := map[string]int{}
	unreadable := 0
	for _, s := range Sealed() {
		done, bad, err := db.Rekey(ctx, s)
		if err != nil {
			return err
		}
		unreadable += bad
		fmt.Fprintf(out, "%-24s %d sealed anew\n", s.Table+"."+s.Column, done)
		use, err := db.KeyUse(ctx, s)
		if err != nil {
			return err
		}
		for id, n := range use {
			left[id] += n
		}
	}
	printKeys(out, db.Keys().KeyIDs(), left)
	if unreadable > 0 {
		return fmt.Errorf("%d values could not be read: their key is not in XUEGONG_DATA_KEY, or they are damaged", unreadable)
	}
	return nil
}

// printKeys tells of each key whether it may be dropped.
func printKeys(out io.Writer, ids []string, left map[string]int) {
	for i, id := range ids {
		n := left[id]
		delete(left, id)
		switch {
		case i == 0:
			fmt.Fprintf(out, "key %-20s %d values; seals everything new\n", id, n)
		case i == len(ids)-1:
			fmt.Fprintf(out, "key %-20s %d values; keep it last in the list: audit rows and searched numbers are signed with it\n", id, n)
		case n == 0:
			fmt.Fprintf(out, "key %-20s 0 values; may be dropped\n", id)
		default:
			fmt.Fprintf(out, "key %-20s %d values; still needed\n", id, n)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		fmt.Fprintf(out, "key %-20q %d values; not in XUEGONG_DATA_KEY\n", id, left[id])
	}
}
