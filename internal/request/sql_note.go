package request

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func notePlace(note string) string { return "application_note/words/" + note }

func insertNote(ctx context.Context, tx *store.Tx, publicID string, application int64, by identity.ID, sealed []byte) error {
	_, err := tx.ExecContext(ctx, `
		insert into application_note (public_id, application_id, person_id, at, words) values ($1, $2, $3, $4, $5)`,
		publicID, application, by, tx.Now(), sealed)
	return err
}

// notesOf returns the notes of an application, the first one first.
func notesOf(ctx context.Context, tx *store.Tx, application int64) ([]Note, error) {
	var rows []struct {
		PublicID string    `db:"public_id"`
		At       time.Time `db:"at"`
		By       string    `db:"name"`
		Words    []byte    `db:"words"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		select n.public_id, n.at, p.name, n.words from application_note n join identity_address p on p.id = n.person_id
		where n.application_id = $1 order by n.id`, application); err != nil {
		return nil, fmt.Errorf("load notes: %w", err)
	}
	notes := make([]Note, len(rows))
	for i, r := range rows {
		words, err := tx.Keys().Unseal(notePlace(r.PublicID), r.Words)
		if err != nil {
			return nil, err
		}
		notes[i] = Note{At: r.At, By: r.By, Words: string(words)}
	}
	return notes, nil
}
