package request

import (
	"context"
	"fmt"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Outcome is what a decision on an application leads to, for approval.Engine.Outcomes
// under Kind.
func (e *Engine) Outcome() approval.Outcome {
	return approval.Outcome{Lock: lockApplication, Allow: allow, Decided: e.decided, Facts: facts}
}

func facts(ctx context.Context, tx *store.Tx, id string) (any, error) {
	a, err := one(ctx, tx, id)
	if err != nil {
		return nil, fmt.Errorf("load application: %w", err)
	}
	return factsOf(a, tx.Now()), nil
}

// allow holds an approval until every required paper is there where the stage says so, and
// the last one always (D-20); it grants at most what was asked, and lets a return mark only
// what there is.
func allow(ctx context.Context, tx *store.Tx, id string, d approval.Decision, s approval.Stage, last bool) error {
	a, err := one(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("load application: %w", err)
	}
	if missing := a.Missing(); d.Action == approval.Approve && (last || s.Papers) && len(missing) > 0 {
		return errs.New(errs.Conflict, fmt.Sprintf("还没有收到%s，收齐并登记后再通过。", names(missing)))
	}
	switch {
	case d.Amount == 0:
	case !a.Service.Outcome.Asks():
		return errs.Field("amount", "这项服务的金额是定好的，不能改。")
	case d.Amount > a.Applied:
		return errs.Field("amount", fmt.Sprintf("最多 %s 元，不能超过学生申请的金额。", form.Yuan(a.Applied)))
	}
	for _, mark := range d.Marked {
		if _, _, ok := marked(a.Service.Definition, a.Answers, mark); !ok {
			return errs.Field("marked", "要补充的内容里有一项不在这份申请里，请重新勾选。")
		}
	}
	return nil
}

// decided moves the application after the review.
func (e *Engine) decided(ctx context.Context, tx *store.Tx, r approval.Result) error {
	a, err := one(ctx, tx, r.Subject.ID)
	if err != nil {
		return fmt.Errorf("load application: %w", err)
	}
	words := said{Reason: r.Reason, Opinion: r.Opinion}
	if r.Amount != 0 {
		if a, err = assess(ctx, tx, a, r); err != nil {
			return err
		}
		words.Sum = fmt.Sprintf("核定金额 %s 元（申请 %s 元），原因：%s", form.Yuan(a.Amount), form.Yuan(a.Applied), sentence(r.Reason))
	}
	switch r.State {
	case approval.Open:
		if err := record(ctx, tx, a, a.State, actionStage, r.By.ID, r.Opinion); err != nil {
			return err
		}
		if r.Opinion == "" && words.Sum == "" {
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

// assess grants another sum than was asked, with its reason in the history (核定金额).
func assess(ctx context.Context, tx *store.Tx, a Application, r approval.Result) (Application, error) {
	if err := setAmount(ctx, tx, a.id, r.Amount); err != nil {
		return a, fmt.Errorf("grant amount: %w", err)
	}
	a.Amount = r.Amount
	words := fmt.Sprintf("%s 元（申请 %s 元）：%s", form.Yuan(a.Amount), form.Yuan(a.Applied), r.Reason)
	return a, record(ctx, tx, a, a.State, actionAmount, r.By.ID, words)
}

// returned opens the marked fields, takes the marks off the marked papers, and keeps the
// answers as the beginning of what is handed in again.
func (e *Engine) returned(ctx context.Context, tx *store.Tx, a Application, r approval.Result, words said) error {
	words.Marked = labels(a.Service.Definition, a.Answers, r.Marked)
	for _, mark := range r.Marked {
		if _, paper, _ := marked(a.Service.Definition, a.Answers, mark); paper == nil {
			continue
		}
		if _, err := setMaterial(ctx, tx, a.id, mark, 0); err != nil {
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
	a, err := e.move(ctx, tx, r.By.ID, a, Approved, r.Opinion)
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
