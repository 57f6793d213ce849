package card

import (
	"fmt"
	"strings"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/wecom"
)

func (m Maker) strikeRows(f counselling.StrikeFacts) []wecom.Horizontal {
	return []wecom.Horizontal{
		row("来访", f.Student), row("时间", calendar.When(f.StartsAt, m.Zone)), row("老师", f.Counsellor),
		row("记录", fmt.Sprintf("%s，这学期第 %d 次", f.Kind.Label(), f.Count)),
	}
}

// Appealed asks the centre whether a strike stands. What the student wrote is read on
// the desk: cards are read over shoulders.
func (m Maker) Appealed(taskID string, f counselling.StrikeFacts) wecom.TemplateCard {
	sel := &wecom.ButtonSelection{
		QuestionKey: ReasonKey, Title: "维持理由",
		OptionList: []wecom.Option{{ID: NoReason, Text: "请选择理由"}},
	}
	for i, r := range f.Reasons {
		if len(sel.OptionList) < wecom.MaxCardOptions {
			sel.OptionList = append(sel.OptionList, wecom.Option{ID: fmt.Sprintf("r%d", i), Text: label(r, 16)})
		}
	}
	return wecom.TemplateCard{
		CardType: wecom.CardButtons, TaskID: taskID,
		Source:          source(f.Name),
		MainTitle:       &wecom.MainTitle{Title: "一次" + f.Kind.Label() + "有说明，请您处理", Desc: "说明的内容在工作台上，点卡片打开"},
		Rows:            m.strikeRows(f),
		CardAction:      &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/desk/counselling?booking=" + f.Booking)},
		ButtonSelection: sel,
		ButtonList: []wecom.Button{
			{Text: "撤销记录", Style: wecom.ButtonBlue, Key: Route(LiftStrike, f.Strike)},
			{Text: "维持", Style: wecom.ButtonGrey, Key: Route(KeepStrike, f.Strike)},
		},
	}
}

// StrikeSettled is what the centre's card becomes.
func (m Maker) StrikeSettled(f counselling.StrikeFacts) wecom.TemplateCard {
	rows := append(m.strikeRows(f), row("结果", f.State.Label()))
	if f.Reason != "" {
		rows = append(rows, row("理由", f.Reason))
	}
	return wecom.TemplateCard{
		CardType:    wecom.CardButtons,
		Source:      source(f.Name),
		MainTitle:   &wecom.MainTitle{Title: f.Kind.Label() + "：" + f.State.Label(), Desc: clip(f.By+"老师 · "+calendar.When(f.At, m.Zone), 30)},
		Rows:        rows,
		CardAction:  &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/desk/counselling?booking=" + f.Booking)},
		ButtonList:  []wecom.Button{{Text: f.State.Label(), Style: wecom.ButtonGrey, Key: Route(LiftStrike, f.Strike)}},
		ReplaceText: f.State.Label(),
	}
}

// StrikeSettledText says the same where the card cannot be changed any more.
func (m Maker) StrikeSettledText(f counselling.StrikeFacts) string {
	return fmt.Sprintf("%s（%s）的%s%s：%s老师，%s。", calendar.When(f.StartsAt, m.Zone), f.Student, f.Kind.Label(), f.State.Label(),
		f.By, calendar.When(f.At, m.Zone))
}

// Struck tells the student of a strike, what follows, and how to say why.
func (m Maker) Struck(f counselling.StrikeFacts) string {
	var s strings.Builder
	if f.Kind == counselling.ForLateCancel {
		fmt.Fprintf(&s, "您预约的事项（%s）离开始太近才取消，记了一次。", calendar.When(f.StartsAt, m.Zone))
	} else {
		fmt.Fprintf(&s, "您预约的事项（%s）没有等到你，记为未到。", calendar.When(f.StartsAt, m.Zone))
	}
	s.WriteString(m.strikesSoFar(f))
	return s.String() + "\n有特殊情况，可以说明一次，老师会看。\n" + m.Link("查看和说明", "/m/counselling/strikes")
}

// strikesSoFar counts the term's strikes and names what follows from them.
func (m Maker) strikesSoFar(f counselling.StrikeFacts) string {
	switch {
	case !f.PausedUntil.IsZero():
		return fmt.Sprintf("这学期第 %d 次，预约暂停到 %s，那天起可以再约。", f.Count, calendar.Date(f.PausedUntil, m.Zone))
	case f.Limit == 0:
		return fmt.Sprintf("这学期第 %d 次。", f.Count)
	default:
		return fmt.Sprintf("这学期第 %d 次，满 %d 次会暂停预约 %d 天；%s新学期起不再计算。", f.Count, f.Limit, f.PauseDays, calendar.Date(f.LapsesAt, m.Zone))
	}
}

// StrikeDecided tells the student that a strike was lifted or kept.
func (m Maker) StrikeDecided(f counselling.StrikeFacts) string {
	when := calendar.When(f.StartsAt, m.Zone)
	if f.State != counselling.Lifted {
		return fmt.Sprintf("关于 %s 的说明，老师看过了，这次记录维持：%s。%s\n%s", when, f.Reason, m.strikesSoFar(f), m.Link("查看记录", "/m/counselling/strikes"))
	}
	s := fmt.Sprintf("%s 的%s记录已撤销", when, f.Kind.Label())
	if f.Reason != "" {
		s += "：" + f.Reason
	}
	if f.PausedUntil.IsZero() {
		return s + "。现在可以预约，写“我想预约”就行。"
	}
	return s + "。" + m.strikesSoFar(f)
}
