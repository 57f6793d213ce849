package outbox

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// EntryQueue is the name under which entries announce their due time.
const EntryQueue = "entry"

// Entry is something with a time that stands in the WeCom calendars of persons (T24).
type Entry struct {
	Subject string // what it is about; a subject has one entry
	Scope   string // who may see more than its count, for example unit:3
	Kind    string // chooses the renderer
	To      []identity.ID
	Args    any // for the renderer; stored sealed
}

// PutEntry has the entry of a subject stand in the calendars, or changes the one that
// stands there. Each call makes a new version; the last one wins, whatever became of
// those before. Nobody to show it to changes nothing.
func PutEntry(ctx context.Context, tx *store.Tx, e Entry) error {
	if len(e.To) == 0 {
		return nil
	}
	args, err := json.Marshal(e.Args)
	if err != nil {
		return fmt.Errorf("entry args: %w", err)
	}
	id, err := upsertEntry(ctx, tx, e, tx.Keys().Seal(entryPlace(e.Subject), args))
	if err != nil {
		return fmt.Errorf("put entry %s: %w", e.Kind, err)
	}
	tx.Announce(store.Due{Queue: EntryQueue, ID: id, At: tx.Now()})
	return nil
}

// DropEntry has the entry of a subject gone from the calendars; without one nothing
// changes.
func DropEntry(ctx context.Context, tx *store.Tx, subject string) error {
	id, err := dropEntry(ctx, tx, subject)
	if store.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("drop entry: %w", err)
	}
	tx.Announce(store.Due{Queue: EntryQueue, ID: id, At: tx.Now()})
	return nil
}

func entryPlace(subject string) string { return "entry/args/" + subject }
