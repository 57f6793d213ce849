package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func draftPlace(who identity.ID) string { return fmt.Sprintf("dialogue/body/%d", who) }

func selectDialogue(ctx context.Context, tx *store.Tx, who identity.ID) (d drafts, at time.Time, err error) {
	var body []byte
	if err = tx.QueryRowContext(ctx, `select body, updated_at from dialogue where person_id = $1`, who).Scan(&body, &at); err != nil {
		return d, at, err
	}
	plain, err := tx.Keys().Unseal(draftPlace(who), body)
	if err != nil {
		return d, at, err
	}
	return d, at, json.Unmarshal(plain, &d)
}

func upsertDialogue(ctx context.Context, tx *store.Tx, who identity.ID, d drafts, body []byte) error {
	_, err := tx.ExecContext(ctx, `
		insert into dialogue (person_id, script, version, step, seq, body, updated_at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (person_id) do update set script = excluded.script, version = excluded.version, step = excluded.step,
			seq = excluded.seq, body = excluded.body, updated_at = excluded.updated_at`,
		who, d.Script, d.Version, d.Step, d.Seq, tx.Keys().Seal(draftPlace(who), body), tx.Now())
	return err
}

func deleteDialogue(ctx context.Context, tx *store.Tx, who identity.ID) error {
	_, err := tx.ExecContext(ctx, `delete from dialogue where person_id = $1`, who)
	return err
}

// Sealed lists the columns the chat seals.
func Sealed() []store.Sealed {
	return []store.Sealed{{Table: "dialogue", Column: "body", Key: "person_id", Place: `'dialogue/body/' || person_id`}}
}
