package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// Kinds of cards a student is shown of an application.
const (
	kindMyPaper     = "request.mine"
	kindAskWithdraw = "request.ask_withdraw"
)

// review reads the owner's facts inside a card of package approval.
func review(render func(o outbox.Outgoing, c approval.Card, f request.Facts) json.RawMessage) renderer {
	return of(func(_ context.Context, _ *store.Tx, o outbox.Outgoing, c approval.Card) (json.RawMessage, error) {
		var f request.Facts
		if err := json.Unmarshal(c.Facts, &f); err != nil {
			return nil, fmt.Errorf("facts of %s: %w", o.Kind, err)
		}
		return render(o, c, f), nil
	})
}

func (b *Bot) renderReview(o outbox.Outgoing, c approval.Card, f request.Facts) json.RawMessage {
	return b.send(o, b.Cards.Review(o.PublicID, c, f))
}

func (b *Bot) renderReviewed(o outbox.Outgoing, c approval.Card, f request.Facts) json.RawMessage {
	if !o.Update {
		return b.text(o, b.Cards.ReviewedText(c, f))
	}
	return b.update(o, b.Cards.Reviewed(c, f))
}

func (b *Bot) renderReviewWaits(o outbox.Outgoing, c approval.Card, f request.Facts) json.RawMessage {
	return wecom.TextCardBody(o.UserIDs(), b.AgentID, b.Cards.ReviewWaits(o.PublicID, c, f))
}

func (b *Bot) renderChanged(_ context.Context, _ *store.Tx, o outbox.Outgoing, n request.Notice) (json.RawMessage, error) {
	return b.text(o, b.Cards.Changed(n)), nil
}

func (b *Bot) renderHandedOver(_ context.Context, _ *store.Tx, o outbox.Outgoing, h approval.HandedOver) (json.RawMessage, error) {
	return b.text(o, b.Cards.HandedOver(h)), nil
}

func (b *Bot) renderUnheld(_ context.Context, _ *store.Tx, o outbox.Outgoing, n approval.Nobody) (json.RawMessage, error) {
	return b.text(o, b.Cards.Unheld(n)), nil
}

func (b *Bot) renderAsked(_ context.Context, _ *store.Tx, o outbox.Outgoing, f request.AskFacts) (json.RawMessage, error) {
	return b.text(o, b.Cards.Asked(f)), nil
}

// pass approves the task of a card.
func (t talk) pass(task string) error {
	return t.decide(task, approval.Decision{Action: approval.Approve})
}

// sendBack returns or rejects for the reason selected. Who decides reads it with the
// application, so a key with another application's id opens nothing.
func (t talk) sendBack(action approval.Action, task, application string) error {
	a, err := t.Requests.Get(t.ctx, t.tx, t.who, application)
	if err != nil {
		return err
	}
	d := approval.Decision{Action: action}
	if a.Review.Task == task && task != "" {
		d.Reason = card.ReasonOf(t.cb.Selected, a.Review.Stage().Reasons)
		if name := card.MissingOf(t.cb.Selected); name != "" && action == approval.Return {
			if d, err = forPaper(a, name); err != nil {
				return err
			}
		}
	}
	return t.decide(task, d)
}

// forPaper returns an application for a paper that is not there. A card that came before
// the paper still offers it as a reason.
func forPaper(a request.Application, name string) (approval.Decision, error) {
	d := approval.Decision{Action: approval.Return}
	i := slices.IndexFunc(a.Materials, func(m request.Material) bool { return m.Name == name })
	if i < 0 {
		return d, nil
	}
	if a.Materials[i].Received() {
		return d, errs.New(errs.Conflict, fmt.Sprintf("%s已经收到了，这张卡片发得更早。请选别的理由，或到工作台退回。", name))
	}
	d.Reason, d.Marked = "还缺"+name+"，请补交", []string{a.Materials[i].Code}
	return d, nil
}

// decide is the press; a verb refused for want of a reason says where to find one.
func (t talk) decide(task string, d approval.Decision) error {
	d.Via = string(request.ViaChat)
	_, err := t.Requests.Approval.Decide(t.ctx, t.tx, t.who, task, d)
	if errs.FieldsOf(err)["reason"] != "" {
		return errs.New(errs.Invalid, fmt.Sprintf("还差一步：先在卡片上选一个理由，再按“%s”。", map[approval.Action]string{
			approval.Return: "退回", approval.Reject: "不通过",
		}[d.Action]))
	}
	return err
}
