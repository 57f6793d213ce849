package counselling

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// CurrentNotice returns the notice in force and whether the person agreed to it (D-38, D-40).
func CurrentNotice(ctx context.Context, tx *store.Tx, who identity.Person) (n Notice, agreed bool, err error) {
	if n, agreed, err = noticeFor(ctx, tx, who.ID); err != nil {
		if store.Missing(err) {
			return n, false, errNoNotice
		}
		return n, false, fmt.Errorf("load notice: %w", err)
	}
	return n, agreed, nil
}

// Agree records that the student read the version to its end and agrees to it.
// Agreeing to a version that is no longer in force is refused.
func Agree(ctx context.Context, tx *store.Tx, who identity.Person, version int) error {
	if !who.IsStudent() {
		return ErrStudentsOnly
	}
	n, agreed, err := CurrentNotice(ctx, tx, who)
	if err != nil || agreed && n.Version == version {
		return err
	}
	if n.Version != version {
		return ErrStaleNotice
	}
	if err := insertConsent(ctx, tx, who.ID, version); err != nil {
		return fmt.Errorf("record consent: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "notice.agree", fmt.Sprintf("counselling_notice/%d", version), nil); err != nil {
		return err
	}
	w, err := waitOf(ctx, tx, who.ID)
	if err != nil || w == nil {
		return err
	}
	return freed(ctx, tx, w.centre) // who waits is asked again
}

// PublishNotice puts a new version in force; everybody agrees to it anew. Only who
// runs the centre may. An unchanged text changes nothing.
func PublishNotice(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, body string) error {
	if !runsCentre(who, centre) {
		return ErrConfidential
	}
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	if n := len([]rune(body)); n < 50 || n > 5000 {
		return errs.Field("body", "须知写 50 到 5000 个字。")
	}
	last, err := latestNotice(ctx, tx)
	if err != nil && !store.Missing(err) {
		return fmt.Errorf("load notice: %w", err)
	}
	if last.Body == body {
		return nil
	}
	if err := insertNotice(ctx, tx, last.Version+1, body, who.ID); err != nil {
		return fmt.Errorf("publish notice: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "notice.publish", fmt.Sprintf("counselling_notice/%d", last.Version+1), nil)
}

// Consent is a version of the notice that a student agreed to.
type Consent struct {
	Version     int        `db:"version"`
	At          time.Time  `db:"agreed_at"`
	WithdrawnAt *time.Time `db:"withdrawn_at"`
}

// Consents lists what the student agreed to and took back, the newest first.
func Consents(ctx context.Context, tx *store.Tx, who identity.Person) ([]Consent, error) {
	list, err := selectConsents(ctx, tx, who.ID)
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	return list, nil
}
