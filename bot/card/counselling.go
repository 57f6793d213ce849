package card

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/wecom"
)

func (m Maker) bookingRows(f counselling.Facts, who string) []wecom.Horizontal {
	return []wecom.Horizontal{
		row("时间", calendar.Span(f.StartsAt, f.EndsAt, m.Zone)),
		row("老师", f.Counsellor),
		row("来访", who),
		row("地点", Where(f.Campus, f.Place)),
	}
}

// Where names the place, and its campus unless the place says it already.
func Where(campus, place string) string {
	if strings.HasPrefix(place, campus) {
		return place
	}
	return campus + " " + place
}

// Requested asks the centre to confirm or reject a booking. The selector's first
// option is no reason, since an untouched one sends its first.
func (m Maker) Requested(taskID string, f counselling.Facts) wecom.TemplateCard {
	sel := &wecom.ButtonSelection{
		QuestionKey: ReasonKey, Title: "婉拒理由",
		OptionList: []wecom.Option{{ID: NoReason, Text: "请选择理由"}},
	}
	for i, r := range f.Reasons {
		if len(sel.OptionList) < wecom.MaxCardOptions {
			sel.OptionList = append(sel.OptionList, wecom.Option{ID: fmt.Sprintf("r%d", i), Text: label(r, 16)})
		}
	}
	title, rows := "有一条新的预约，请您确认", m.bookingRows(f, f.Student)
	if f.Was != nil {
		title, rows = "有一条预约改了时间，请您确认", append(rows, row("原来", m.hour(*f.Was)))
	}
	return wecom.TemplateCard{
		CardType: wecom.CardButtons, TaskID: taskID,
		Source:          source(f.Name),
		MainTitle:       &wecom.MainTitle{Title: title, Desc: "最晚 " + calendar.When(f.HeldUntil, m.Zone) + "，过时名额放出"},
		Rows:            rows,
		CardAction:      &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/desk/counselling?booking=" + f.Booking)},
		ButtonSelection: sel,
		ButtonList: []wecom.Button{
			{Text: "确认", Style: wecom.ButtonBlue, Key: Route(Confirm, f.Booking, strconv.Itoa(f.Moves))},
			{Text: "婉拒", Style: wecom.ButtonGrey, Key: Route(Reject, f.Booking, strconv.Itoa(f.Moves))},
		},
	}
}

// ReasonOf returns the reason selected on a Requested card, "" if none was.
func ReasonOf(selected map[string][]string, reasons []string) string {
	for i, r := range reasons {
		for _, id := range selected[ReasonKey] {
			if id == fmt.Sprintf("r%d", i) {
				return r
			}
		}
	}
	return ""
}

// Settled is what the centre's card becomes: who, when, what.
func (m Maker) Settled(f counselling.Facts) wecom.TemplateCard {
	rows := append(m.bookingRows(f, f.Student), row("结果", f.State.Label()))
	if f.Reason != "" {
		rows = append(rows, row("理由", f.Reason))
	}
	return wecom.TemplateCard{
		CardType:    wecom.CardButtons,
		Source:      source(f.Name),
		MainTitle:   &wecom.MainTitle{Title: "预约" + f.State.Label(), Desc: clip(settledBy(f)+" · "+calendar.When(f.At, m.Zone), 30)},
		Rows:        rows,
		CardAction:  &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/desk/counselling?booking=" + f.Booking)},
		ButtonList:  []wecom.Button{{Text: f.State.Label(), Style: wecom.ButtonGrey, Key: Route(Confirm, f.Booking)}},
		ReplaceText: f.State.Label(),
	}
}

func settledBy(f counselling.Facts) string {
	switch {
	case f.State == counselling.Expired:
		return "超过时限"
	case f.By == "":
		return f.Student
	default:
		return f.By + "老师"
	}
}

// SettledText says the same where the card cannot be changed any more.
func (m Maker) SettledText(f counselling.Facts) string {
	return fmt.Sprintf("%s 的预约（%s）%s：%s，%s。", calendar.When(f.StartsAt, m.Zone), f.Student, f.State.Label(),
		settledBy(f), calendar.When(f.At, m.Zone))
}

// Mine shows a student the open booking and what can be done about it.
func (m Maker) Mine(taskID string, b counselling.Booking, name string) wecom.TemplateCard {
	desc := ""
	if b.State == counselling.Pending {
		desc = "最晚 " + calendar.When(b.HeldUntil, m.Zone) + " 有结果"
	}
	c := m.Choice(taskID, "你预约的事项："+b.State.Label(), desc, []wecom.Horizontal{
		row("时间", calendar.Span(b.Slot.StartsAt, b.Slot.EndsAt, m.Zone)),
		row("老师", b.Slot.Name),
		row("地点", Where(b.Slot.Campus, b.Slot.Place)),
	}, []wecom.Button{
		{Type: wecom.LinkURL, Text: "查看详情", URL: m.URL("/m/counselling/mine/" + b.PublicID)},
		{Text: "改时间", Key: Route(Go, "counselling.move")},
		{Text: "取消预约", Key: Route(AskCancel, b.PublicID)},
	})
	c.Source = source(name)
	return c
}

// AskCancel asks once more before an hour is given up; a warning says what it counts as,
// "" if for nothing.
func (m Maker) AskCancel(taskID string, b counselling.Booking, warning string) wecom.TemplateCard {
	if warning != "" {
		return m.askCancelLate(taskID, b, warning)
	}
	return m.Choice(taskID, "要取消这个预约吗？", "取消后名额马上放给其他同学", []wecom.Horizontal{
		row("时间", calendar.Span(b.Slot.StartsAt, b.Slot.EndsAt, m.Zone)),
		row("老师", b.Slot.Name),
	}, []wecom.Button{
		{Text: "先不取消", Key: Route(Keep, b.PublicID)},
		{Text: "确定取消", Style: wecom.ButtonRed, Key: Route(Cancel, b.PublicID)},
	})
}

func (m Maker) askCancelLate(taskID string, b counselling.Booking, warning string) wecom.TemplateCard {
	c := m.Choice(taskID, "现在取消会记一次，还要取消吗？", "", []wecom.Horizontal{
		row("时间", calendar.Span(b.Slot.StartsAt, b.Slot.EndsAt, m.Zone)),
		row("老师", b.Slot.Name),
	}, []wecom.Button{
		{Text: "保留预约", Key: Route(Keep, b.PublicID)},
		{Text: "确认取消", Style: wecom.ButtonRed, Key: Route(Cancel, b.PublicID, Warned)},
	})
	c.SubTitleText = clip(warning, maxSubTitle)
	return c
}
