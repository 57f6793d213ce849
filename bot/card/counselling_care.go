package card

import (
	"strings"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/wecom"
)

// Paged calls somebody of the centre for a student. It names nobody: it is read on a
// lock screen at night.
func (m Maker) Paged(taskID string, f counselling.CaseFacts) wecom.TemplateCard {
	return wecom.TemplateCard{
		CardType: wecom.CardButtons, TaskID: taskID,
		MainTitle:    &wecom.MainTitle{Title: "有一位同学需要您现在联系"},
		SubTitleText: "请打开工作台。按“我来联系”后，其他老师会知道由您联系，不再转给下一位。",
		CardAction:   &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/desk/counselling/cases/" + f.Case)},
		ButtonList: []wecom.Button{
			{Text: "我来联系", Style: wecom.ButtonBlue, Key: Route(Take, f.Case)},
			{Type: wecom.LinkURL, Text: "打开工作台", Style: wecom.ButtonGrey, URL: m.URL("/desk/counselling/cases/" + f.Case)},
		},
	}
}

// PassedOn is what the card becomes when somebody else is called: it can still be taken,
// on the desk.
func (m Maker) PassedOn(f counselling.CaseFacts) wecom.TemplateCard {
	label, next := "已换新卡片", "请看新的卡片"
	if len(f.Next) > 0 {
		label, next = "已转给下一位", "已转给"+strings.Join(f.Next, "、")+"老师"
	}
	return wecom.TemplateCard{
		CardType:    wecom.CardButtons,
		MainTitle:   &wecom.MainTitle{Title: clip("还没有人联系，"+next, 26), Desc: clip(calendar.When(f.At, m.Zone)+"，您也可以打开工作台接手", 30)},
		CardAction:  &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/desk/counselling/cases/" + f.Case)},
		ButtonList:  []wecom.Button{{Text: label, Style: wecom.ButtonGrey, Key: Route(Take, f.Case)}},
		ReplaceText: label,
	}
}

// Taken is what the card becomes: who came, and when.
func (m Maker) Taken(f counselling.CaseFacts) wecom.TemplateCard {
	return wecom.TemplateCard{
		CardType:    wecom.CardButtons,
		MainTitle:   &wecom.MainTitle{Title: clip(f.By+"老师"+takenWord(f), 26), Desc: calendar.When(f.At, m.Zone)},
		CardAction:  &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL("/desk/counselling/cases/" + f.Case)},
		ButtonList:  []wecom.Button{{Text: takenWord(f), Style: wecom.ButtonGrey, Key: Route(Take, f.Case)}},
		ReplaceText: takenWord(f),
	}
}

// TakenText says the same where the card cannot be changed any more.
func (m Maker) TakenText(f counselling.CaseFacts) string {
	return "那位同学，" + f.By + "老师" + takenWord(f) + "（" + calendar.When(f.At, m.Zone) + "）。"
}

func takenWord(f counselling.CaseFacts) string {
	if f.Done {
		return "已办结"
	}
	return "已接手"
}
