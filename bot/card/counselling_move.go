package card

import (
	"fmt"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/wecom"
)

// movedLabel is the word for a booking that left its hour.
const movedLabel = "已改时间"

// Moved is what the centre's card becomes when its booking went to another hour: where
// it was, where it is now, who moved it.
func (m Maker) Moved(f counselling.Facts) wecom.TemplateCard {
	rows := append(m.bookingRows(f, f.Student), row("原来", m.hour(*f.Was)))
	if f.Reason != "" {
		rows = append(rows, row("理由", f.Reason))
	}
	return wecom.TemplateCard{
		CardType:    wecom.CardButtons,
		Source:      source(f.Name),
		MainTitle:   &wecom.MainTitle{Title: "预约" + movedLabel, Desc: clip(movedBy(f)+" · "+calendar.When(f.At, m.Zone), 30)},
		Rows:        rows,
		CardAction:  &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/desk/counselling?booking=" + f.Booking)},
		ButtonList:  []wecom.Button{{Text: movedLabel, Style: wecom.ButtonGrey, Key: Route(Confirm, f.Booking)}},
		ReplaceText: movedLabel,
	}
}

// MovedText tells a counsellor the same in words.
func (m Maker) MovedText(f counselling.Facts) string {
	s := fmt.Sprintf("%s 的预约（%s）由%s改到 %s，%s老师。", m.hour(*f.Was), f.Student, movedBy(f), calendar.When(f.StartsAt, m.Zone), f.Counsellor)
	if f.State == counselling.Pending {
		s += "原来的时间重新放出。"
	}
	return s
}

// MovedForStudent tells the student who moved it, or was moved.
func (m Maker) MovedForStudent(f counselling.Facts) string {
	now := fmt.Sprintf("%s，%s老师", calendar.When(f.StartsAt, m.Zone), f.Counsellor)
	place := "您预约的事项：" + Where(f.Campus, f.Place)
	link := m.Link("查看详情", "/m/counselling/mine/"+f.Booking)
	switch {
	case f.By != "":
		return fmt.Sprintf("您预约的事项改了时间：原来 %s，现在 %s，%s。原因：%s。\n这个时间不方便，可以再改或取消。\n%s",
			calendar.When(f.Was.StartsAt, m.Zone), now, Where(f.Campus, f.Place), f.Reason, link)
	case f.State == counselling.Pending:
		return fmt.Sprintf("已为你改到 %s，等待确认，最晚 %s 有结果。原来的 %s 已放出。\n%s\n%s",
			now, calendar.When(f.HeldUntil, m.Zone), calendar.When(f.Was.StartsAt, m.Zone), place, link)
	default:
		return fmt.Sprintf("已为你改到 %s，不用再等确认。原来的 %s 已放出。\n%s\n%s", now, calendar.When(f.Was.StartsAt, m.Zone), place, link)
	}
}

func (m Maker) hour(h counselling.Hour) string { return calendar.When(h.StartsAt, m.Zone) }

func movedBy(f counselling.Facts) string {
	if f.By == "" {
		return "本人"
	}
	return f.By + "老师"
}
