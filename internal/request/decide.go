package request

import (
	"context"
	"fmt"
	"slices"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Outcome is what a decision on an application leads to, for approval.Engine.Outcomes
// under Kind.
func (e *Engine) Outcome() approval.Outcome {
	return approval.Outcome{Lock: lockApplication, Allow: allow, Decided: e.decided}
}

// allow holds the last approval until every required paper is there (D-20), and lets a
// return mark only what there is.
func allow(ctx context.Context, tx *store.Tx, id string, d approval.Decision, last bool) error {
	a, err := one(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("load application: %w", err)
	}
	if missing := a.Missing(); d.Action == approval.Approve && last && len(missing) > 0 {
		return errs.New(errs.Conflict, fmt.Sprintf("还没有收到%s，收齐并登记后再通过。", names(missing)))
	}
	for _, name := range d.Marked {
		if _, _, ok := a.marked(name); !ok {
			return errs.Field("marked", "要补充的内容里有一项不在这份申请里，请重新勾选。")
		}
	}
	return nil
}

// marked tells what a mark is: the label of a field or the name of a paper.
func (a Application) marked(name string) (label string, paper, ok bool) {
	if f, ok := a.Service.Form.Field(name); ok {
		return f.Label, false, true
	}
	i := slices.IndexFunc(a.Materials, func(m Material) bool { return m.Code == name })
	if i < 0 {
		return "", false, false
	}
	return a.Materials[i].Name, true, true
}

// decided moves the application after the review.
func (e *Engine) decided(ctx context.Context, tx *store.Tx, r approval.Result) error {
	a, err := one(ctx, tx, r.Subject.ID)
	if err != nil {
		return fmt.Errorf("load application: %w", err)
	}
	words := said{Reason: r.Reason, Opinion: r.Opinion}
	switch r.State {
	case approval.Open:
		if err := record(ctx, tx, a, a.State, actionStage, r.By.ID, r.Opinion); err != nil {
			return err
		}
		if r.Opinion == "" {
			return nil
		}
		return announce(ctx, tx, a, textStage, words)
	case approval.Returned:
		return e.returned(ctx, tx, a, r, words)
	case approval.Rejected:
		if a, err = e.move(ctx, tx, r.By.ID, a, Rejected, joined(r)); err != nil {
			return err
		}
		return announce(ctx, tx, a, textRejected, words)
	}
	return e.approved(ctx, tx, a, r, words)
}

// returned opens the marked fields, takes the marks off the marked papers, and keeps the
// answers as the beginning of what is handed in again.
func (e *Engine) returned(ctx context.Context, tx *store.Tx, a Application, r approval.Result, words said) error {
	for _, name := range r.Marked {
		label, paper, ok := a.marked(name)
		if !ok {
			continue
		}
		words.Marked = append(words.Marked, label)
		if !paper {
			continue
		}
		if _, err := setMaterial(ctx, tx, a.id, name, 0); err != nil {
			return fmt.Errorf("give material back: %w", err)
		}
	}
	draft, err := sealJSON(tx, draftPlace(a.PublicID), a.Answers)
	if err != nil {
		return err
	}
	if err := setDraft(ctx, tx, a.id, draft); err != nil {
		return fmt.Errorf("open answers: %w", err)
	}
	if a, err = e.move(ctx, tx, r.By.ID, a, Returned, joined(r)); err != nil {
		return err
	}
	return announce(ctx, tx, a, textReturned, words)
}

// approved goes on by the outcome of the service.
func (e *Engine) approved(ctx context.Context, tx *store.Tx, a Application, r approval.Result, words said) error {
	a, err := e.move(ctx, tx, r.By.ID, a, Approved, joined(r))
	if err != nil {
		return err
	}
	text := textApproved
	switch a.Service.Outcome.Kind {
	case service.Payout:
		text = textToPay
		a, err = e.move(ctx, tx, r.By.ID, a, ToPay, "")
	case service.None:
		a, err = e.move(ctx, tx, r.By.ID, a, Done, "")
	case service.Certificate, service.Collect:
	}
	if err != nil {
		return err
	}
	return announce(ctx, tx, a, text, words)
}

// joined is reason and opinion as the history shows them.
func joined(r approval.Result) string {
	if r.Reason != "" && r.Opinion != "" {
		return r.Reason + "。" + r.Opinion
	}
	return r.Reason + r.Opinion
}
