package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// Kinds of messages the chat itself announces; the features have their own.
const (
	kindText      = "chat.text"
	kindQuestion  = "chat.question"
	kindAnswered  = "chat.answered"
	kindOffer     = "chat.offer"
	kindMine      = "counselling.mine"
	kindAskCancel = "counselling.ask_cancel"
	kindAskLate   = "counselling.ask_late" // to cancel, and that it counts
)

type words struct {
	Text string `json:"text"`
}

type offer struct {
	led
	Title   string         `json:"title"`
	Buttons []wecom.Button `json:"buttons"`
}

// renderer makes the body of one kind.
type renderer func(ctx context.Context, tx *store.Tx, o outbox.Outgoing) (json.RawMessage, error)

// Render makes the body of an outbox message; it is the outbox worker's Render.
func (b *Bot) Render(ctx context.Context, tx *store.Tx, o outbox.Outgoing) (json.RawMessage, error) {
	r, ok := b.made().kinds[o.Kind]
	if !ok {
		return nil, fmt.Errorf("no renderer for %q", o.Kind)
	}
	return r(ctx, tx, o)
}

func (b *Bot) renderers() map[string]renderer {
	all := map[string]renderer{
		kindText:                  of(b.renderText),
		kindQuestion:              of(b.renderQuestion),
		kindAnswered:              of(b.renderAnswered),
		kindOffer:                 of(b.renderOffer),
		kindMine:                  of(b.renderMine),
		kindAskCancel:             of(b.renderAskCancel),
		kindAskLate:               of(b.renderAskCancel),
		counselling.KindRequested: of(b.renderRequested),
		counselling.KindSettled:   of(b.renderSettled),
		counselling.KindBooked:    b.facts(b.bookedText),
		counselling.KindDecided:   b.facts(b.decidedText),
		counselling.KindCancelled: b.facts(b.cancelledText),
		counselling.KindExpired:   b.facts(b.expiredText),
		counselling.KindGone:      of(b.renderGone),
		counselling.KindMoved:     b.facts(b.movedText),
		counselling.KindMovedCard: of(b.renderMovedCard),
		counselling.KindEve:       of(b.renderReminder),
		counselling.KindSoon:      of(b.renderReminder),
		outbox.KindRenewed:        b.renderRenewed,
		outbox.KindSummary:        of(b.renderSummary),

		counselling.KindStruck:        b.strikeText(b.Cards.Struck),
		counselling.KindStrikeDecided: b.strikeText(b.Cards.StrikeDecided),
		counselling.KindAppealed:      of(b.renderAppealed),
		counselling.KindStrikeSettled: of(b.renderStrikeSettled),

		counselling.KindOffer:       of(b.renderPlaceOffer),
		counselling.KindOfferEnded:  of(b.renderOfferEnded),
		counselling.KindWaitAsk:     of(b.renderWaitAsk),
		counselling.KindWaitEnded:   of(b.renderWaitEnded),
		counselling.KindWaitLapsed:  of(b.renderWaitLapsed),
		counselling.KindWaitWidened: of(b.renderWaitWidened),

		request.KindReview:         review(b.renderReview),
		request.KindReviewed:       review(b.renderReviewed),
		request.KindReviewReminder: review(b.renderReviewWaits),
		request.KindChanged:        of(b.renderChanged),
		request.KindAnswered:       of(b.renderChanged),
		request.KindAsked:          of(b.renderAsked),
		approval.KindHandedOver:    of(b.renderHandedOver),
		approval.KindUnheld:        of(b.renderUnheld),
		kindMyPaper:                of(b.renderMyPaper),
		kindAskWithdraw:            of(b.renderAskWithdraw),
	}
	maps.Copy(all, b.careRenderers())
	return all
}

// of reads a kind's arguments before its renderer runs.
func of[T any](fn func(ctx context.Context, tx *store.Tx, o outbox.Outgoing, args T) (json.RawMessage, error)) renderer {
	return func(ctx context.Context, tx *store.Tx, o outbox.Outgoing) (json.RawMessage, error) {
		var args T
		if err := json.Unmarshal(o.Args, &args); err != nil {
			return nil, fmt.Errorf("args of %s: %w", o.Kind, err)
		}
		return fn(ctx, tx, o, args)
	}
}

// facts makes a plain text of what the centre announces to one person.
func (b *Bot) facts(text func(o outbox.Outgoing, f counselling.Facts) string) renderer {
	return of(func(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.Facts) (json.RawMessage, error) {
		return b.text(o, text(o, f)), nil
	})
}

// text makes the body of a text. WeCom drops a text whose bytes it has seen within
// the interval, so the interval counts down from one message to the next, and is the
// same in a message's retries.
func (b *Bot) text(o outbox.Outgoing, s string) json.RawMessage {
	const different = wecom.MaxDuplicateCheck - wecom.MinDuplicateCheck
	return wecom.TextBody(o.UserIDs(), b.AgentID, s, wecom.MaxDuplicateCheck-int(o.ID%different))
}

// update makes the body that replaces a card for everybody who holds it.
func (b *Bot) update(o outbox.Outgoing, c wecom.TemplateCard) json.RawMessage {
	return wecom.UpdateBody(o.UserIDs(), b.AgentID, o.Code, c)
}

func (b *Bot) send(o outbox.Outgoing, c wecom.TemplateCard) json.RawMessage {
	return wecom.CardBody(o.UserIDs(), b.AgentID, c)
}

func (b *Bot) renderText(_ context.Context, _ *store.Tx, o outbox.Outgoing, w words) (json.RawMessage, error) {
	return b.text(o, w.Text), nil
}

func (b *Bot) renderQuestion(_ context.Context, _ *store.Tx, o outbox.Outgoing, a asked) (json.RawMessage, error) {
	c, ok := b.Cards.Question(o.PublicID, a.Seq, a.Reply, a.Page)
	if !ok {
		return b.text(o, a.Reply.Text), nil
	}
	return b.send(o, card.Lead(c, a.Led)), nil
}

// renderAnswered greys a question out; where that is not possible any more, nothing
// needs to be said.
func (b *Bot) renderAnswered(_ context.Context, _ *store.Tx, o outbox.Outgoing, a answered) (json.RawMessage, error) {
	if !o.Update {
		return nil, outbox.ErrObsolete
	}
	return wecom.ReplaceButtonBody(o.UserIDs(), b.AgentID, o.Code, a.Answer), nil
}

func (b *Bot) renderOffer(_ context.Context, _ *store.Tx, o outbox.Outgoing, f offer) (json.RawMessage, error) {
	return b.send(o, card.Lead(b.Cards.Choice(o.PublicID, f.Title, "", nil, f.Buttons), f.Led)), nil
}

func (b *Bot) renderMine(ctx context.Context, tx *store.Tx, o outbox.Outgoing, a about) (json.RawMessage, error) {
	booking, set, err := b.booking(ctx, tx, o, a)
	if err != nil {
		return nil, err
	}
	return b.send(o, card.Lead(b.Cards.Mine(o.PublicID, booking, set.Name), a.Led)), nil
}

func (b *Bot) renderAskCancel(ctx context.Context, tx *store.Tx, o outbox.Outgoing, a about) (json.RawMessage, error) {
	booking, _, err := b.booking(ctx, tx, o, a)
	if err != nil {
		return nil, err
	}
	return b.send(o, card.Lead(b.Cards.AskCancel(o.PublicID, booking, a.Warning), a.Led)), nil
}

// booking reads the recipient's own booking as it is when the card leaves.
func (b *Bot) booking(ctx context.Context, tx *store.Tx, o outbox.Outgoing, a about) (counselling.Booking, counselling.Settings, error) {
	set, err := counselling.LoadSettings(ctx, tx)
	if err != nil || len(o.To) == 0 {
		return counselling.Booking{}, set, err
	}
	booking, err := counselling.Get(ctx, tx, o.To[0], a.Booking)
	if err == nil && !booking.State.Open() {
		err = outbox.ErrObsolete
	}
	return booking, set, err
}

func (b *Bot) renderRequested(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.Facts) (json.RawMessage, error) {
	return b.send(o, b.Cards.Requested(o.PublicID, f)), nil
}

func (b *Bot) renderSettled(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.Facts) (json.RawMessage, error) {
	if !o.Update {
		return b.text(o, b.Cards.SettledText(f)), nil
	}
	return b.update(o, b.Cards.Settled(f)), nil
}

// renderReminder is a text card to the booking's page; each link is unique, so that
// WeCom's duplicate check knows a retry and nothing else.
func (b *Bot) renderReminder(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.Facts) (json.RawMessage, error) {
	path, note := "/m/counselling/mine/"+f.Booking+"?", "来不了请尽早取消，把时间留给别的同学"
	if len(o.To) > 0 && !o.To[0].IsStudent() {
		path, note = "/desk/counselling?booking="+f.Booking+"&", "来访："+f.Student
	}
	return wecom.TextCardBody(o.UserIDs(), b.AgentID, wecom.TextCard{
		Title: "提醒：您预约的事项 " + calendar.When(f.StartsAt, b.Cards.Zone),
		Description: fmt.Sprintf("<div class=\"normal\">%s，%s老师</div><div class=\"highlight\">%s</div><div class=\"gray\">%s</div>",
			calendar.Span(f.StartsAt, f.EndsAt, b.Cards.Zone), f.Counsellor, card.Where(f.Campus, f.Place), note),
		URL: b.Cards.URL(path) + "m=" + o.PublicID,
	}), nil
}

func (b *Bot) bookedText(_ outbox.Outgoing, f counselling.Facts) string {
	return fmt.Sprintf("已为你留下 %s，%s老师，等待确认，最晚 %s 有结果。\n您预约的事项：%s\n%s",
		calendar.When(f.StartsAt, b.Cards.Zone), f.Counsellor, calendar.When(f.HeldUntil, b.Cards.Zone), card.Where(f.Campus, f.Place),
		b.Cards.Link("查看详情", "/m/counselling/mine/"+f.Booking))
}

func (b *Bot) decidedText(_ outbox.Outgoing, f counselling.Facts) string {
	if f.State == counselling.Confirmed {
		when := "前一晚和开始前"
		if calendar.Midnight(f.At, b.Cards.Zone).Equal(calendar.Midnight(f.StartsAt, b.Cards.Zone)) {
			when = "开始前"
		}
		return fmt.Sprintf("您预约的事项已确认：%s，%s老师，%s。%s会提醒你。\n%s",
			calendar.Span(f.StartsAt, f.EndsAt, b.Cards.Zone), f.Counsellor, card.Where(f.Campus, f.Place), when,
			b.Cards.Link("查看详情", "/m/counselling/mine/"+f.Booking))
	}
	return fmt.Sprintf("您预约的事项（%s）没能安排上：%s。\n可以换个时间或换一位老师，写“我想预约”就行。",
		calendar.When(f.StartsAt, b.Cards.Zone), f.Reason)
}

func (b *Bot) cancelledText(o outbox.Outgoing, f counselling.Facts) string {
	when := calendar.When(f.StartsAt, b.Cards.Zone)
	if len(o.To) > 0 && !o.To[0].IsStudent() {
		return fmt.Sprintf("%s 的预约（%s）已由本人取消，这个时间重新放出。", when, f.Student)
	}
	return fmt.Sprintf("很抱歉，您预约的事项（%s）取消了：%s。\n想另约时间，写“我想预约”就行。", when, f.Reason)
}

func (b *Bot) expiredText(_ outbox.Outgoing, f counselling.Facts) string {
	return fmt.Sprintf("很抱歉，您预约的事项（%s）在时限内没有等到确认，名额已放出。\n可以重新选一个时间，写“我想预约”就行。",
		calendar.When(f.StartsAt, b.Cards.Zone))
}
