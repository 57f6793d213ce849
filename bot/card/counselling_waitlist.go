package card

import (
	"fmt"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/wecom"
)

// Verbs of the queue's routes.
const (
	Accept    = "accept"  // accept|offer
	Decline   = "decline" // decline|offer
	KeepWait  = "wait"    // wait: the wait is still wanted
	LeaveWait = "leave"   // leave: it is not
)

func (m Maker) offerRows(f counselling.OfferFacts) []wecom.Horizontal {
	rows := []wecom.Horizontal{
		row("时间", calendar.Span(f.StartsAt, f.EndsAt, m.Zone)),
		row("老师", f.Counsellor),
		row("地点", Where(f.Campus, f.Place)),
	}
	if !f.Moves.IsZero() {
		rows = append(rows, row("原来", calendar.When(f.Moves, m.Zone)+"，要了就改过来"))
	}
	return rows
}

// Offer asks who waits whether they want the place held for them.
func (m Maker) Offer(taskID string, f counselling.OfferFacts) wecom.TemplateCard {
	title := "有空位了，要这个时间吗？"
	if !f.Moves.IsZero() {
		title = "有更早的空位，要改过来吗？"
	}
	c := m.Choice(taskID, title, calendar.When(f.Until, m.Zone)+" 前有效，过时给下一位", m.offerRows(f), []wecom.Button{
		{Text: "要", Key: Route(Accept, f.Offer)},
		{Text: "不要", Key: Route(Decline, f.Offer)},
	})
	c.Source = source(f.Name)
	c.CardAction = &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/m/counselling/wait")}
	return c
}

// offerLabel is the word for what became of an offer.
func offerLabel(s counselling.OfferState) string {
	return map[counselling.OfferState]string{
		counselling.OfferOpen: "等你回复", counselling.OfferAccepted: "已经要了", counselling.OfferDeclined: "已经让出",
		counselling.OfferExpired: "已过时限", counselling.OfferWithdrawn: "已经撤下",
	}[s]
}

// OfferEnded is what the offer's card becomes.
func (m Maker) OfferEnded(f counselling.OfferFacts) wecom.TemplateCard {
	label := offerLabel(f.State)
	return wecom.TemplateCard{
		CardType:    wecom.CardButtons,
		Source:      source(f.Name),
		MainTitle:   &wecom.MainTitle{Title: "这个空位" + label, Desc: offerNext(f.State)},
		Rows:        m.offerRows(f),
		CardAction:  &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/m/counselling/wait")},
		ButtonList:  []wecom.Button{{Text: label, Style: wecom.ButtonGrey, Key: Route(Accept, f.Offer)}},
		ReplaceText: label,
	}
}

// offerNext is what happens after an offer.
func offerNext(s counselling.OfferState) string {
	if s == counselling.OfferAccepted {
		return "在“我的预约”里看到了哪一步"
	}
	return "有合适的空位再告诉你"
}

// OfferEndedText says the same where the card cannot be changed any more.
func (m Maker) OfferEndedText(f counselling.OfferFacts) string {
	return fmt.Sprintf("%s 的空位%s，%s。", calendar.When(f.StartsAt, m.Zone), offerLabel(f.State), offerNext(f.State))
}

// WaitAsk asks whether a wait is still wanted.
func (m Maker) WaitAsk(taskID string, f counselling.WaitFacts) wecom.TemplateCard {
	c := m.Choice(taskID, "还要继续排队吗？", "到 "+calendar.When(f.Until, m.Zone)+" 没回复就停下", []wecom.Horizontal{
		row("现在", fmt.Sprintf("第 %d 位", f.Place)),
		row("要求", f.Says),
		row("从", calendar.When(f.Since, m.Zone)),
	}, []wecom.Button{
		{Text: "继续排队", Key: Route(KeepWait)},
		{Text: "不排了", Key: Route(LeaveWait)},
	})
	c.Source = source(f.Name)
	c.CardAction = &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/m/counselling/wait")}
	return c
}
