package request

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Note is what one of the staff wrote about an application for the others who work on it.
// It is on the desk alone: no page of the student's, no push, no certificate and no export
// has it.
type Note struct {
	At    time.Time
	By    string
	Words string
}

const maxNote = 500

// Annotate adds a note, which stays: by whoever may read the application but its student.
func (e *Engine) Annotate(ctx context.Context, tx *store.Tx, who identity.Person, publicID, words string) error {
	if err := lockApplication(ctx, tx, publicID); err != nil && !store.Missing(err) {
		return fmt.Errorf("lock application: %w", err)
	}
	a, err := readable(ctx, tx, who, publicID)
	if err != nil {
		return err
	}
	if a.Student.ID == who.ID {
		return approval.ErrOwn
	}
	words = strings.TrimSpace(words)
	if n := len([]rune(words)); n == 0 || n > maxNote {
		return errs.Field("note", fmt.Sprintf("备注写 1 到 %d 个字，只有经办的老师能看。", maxNote))
	}
	id := store.NewPublicID()
	if err := insertNote(ctx, tx, id, a.id, who.ID, tx.Keys().Seal(notePlace(id), []byte(words))); err != nil {
		return fmt.Errorf("write note: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "application.note", Subject(publicID), nil)
}
