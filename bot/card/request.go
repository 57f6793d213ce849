package card

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/wecom"
)

// Verbs of routes about applications.
const (
	Pass        = "pass"        // pass|task
	Return      = "return"      // return|task|application, the reason is selected
	Refuse      = "refuse"      // refuse|task|application, the reason is selected
	AskWithdraw = "askwithdraw" // askwithdraw|application: may it be taken back?
	Withdraw    = "withdraw"    // withdraw|application
	KeepPaper   = "keeppaper"   // keeppaper|application
)

// MyPath is the student's page of an application.
func MyPath(application string) string { return "/m/applications/" + application }

// DeskPath is the office's page of an application.
func DeskPath(application string) string { return "/desk/applications/" + application }

// missingOption begins the option that returns an application for a paper.
const missingOption = "m:"

// maxOptionID is WeCom's limit, in bytes.
const maxOptionID = 128

// applicationRows say what is decided; what is sensitive stays on the desk.
func (m Maker) applicationRows(f request.Facts) []wecom.Horizontal {
	rows := []wecom.Horizontal{row("申请人", strings.TrimSpace(f.Student+" "+f.College)), row("编号", f.Number)}
	if f.Amount != "" {
		rows = append(rows, row("金额", sumOf(f)))
	}
	if f.Manual {
		rows = append(rows, row("请核对", "有一项条件学校没有记录"))
	}
	if len(f.Missing) > 0 {
		rows = append(rows, row("未收到", m.missing(f)))
	}
	for _, r := range f.Rows {
		if len(rows) < wecom.MaxCardRows {
			rows = append(rows, row(r[0], r[1]))
		}
	}
	return rows
}

// missing are the papers not there, and since a card stays as it is when they come, until
// when that was so.
func (m Maker) missing(f request.Facts) string {
	papers := strings.Join(f.Missing, "、")
	if f.At.IsZero() {
		return papers
	}
	asOf := "（截至" + calendar.DayAt(f.At, f.At, m.Zone) + f.At.In(m.Zone).Format(" 15:04）")
	return clip(papers, maxRow-len([]rune(asOf))) + asOf
}

// Review asks whoever can decide a stage. The selector's first option is no reason, since
// an untouched one sends its first; the last ones return the application for a paper.
func (m Maker) Review(taskID string, c approval.Card, f request.Facts) wecom.TemplateCard {
	card := wecom.TemplateCard{
		CardType: wecom.CardButtons, TaskID: taskID,
		Source:     source(f.Title),
		MainTitle:  &wecom.MainTitle{Title: label(f.Title+"："+c.Stage+"，请您审核", 26), Desc: clip(m.reviewNote(c, f), 30)},
		Rows:       m.applicationRows(f),
		CardAction: &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL(DeskPath(f.Application))},
		ButtonList: []wecom.Button{{Text: "通过", Style: wecom.ButtonBlue, Key: Route(Pass, c.Task)}},
	}
	if c.MayReturn {
		card.ButtonList = append(card.ButtonList, wecom.Button{Text: "退回", Style: wecom.ButtonGrey, Key: Route(Return, c.Task, f.Application)})
	}
	if c.MayReject {
		card.ButtonList = append(card.ButtonList, wecom.Button{Text: "不通过", Style: wecom.ButtonGrey, Key: Route(Refuse, c.Task, f.Application)})
	}
	if c.MayReturn || c.MayReject {
		card.ButtonSelection = reviewReasons(c, f)
	}
	return card
}

// sumOf is what is paid, with what was asked where less is granted.
func sumOf(f request.Facts) string {
	if f.Asked == "" {
		return f.Amount + " 元"
	}
	return f.Amount + " 元（申请 " + f.Asked + " 元）"
}

func (m Maker) reviewNote(c approval.Card, f request.Facts) string {
	switch {
	case c.Late:
		return "已经超过时限，请您一起处理"
	case f.Again && !c.Due.IsZero():
		return "补充后再次提交，最晚 " + calendar.When(c.Due, m.Zone)
	case f.Again:
		return "补充后再次提交"
	case !c.Due.IsZero():
		return "最晚 " + calendar.When(c.Due, m.Zone)
	}
	return "提交于 " + calendar.When(f.SubmittedAt, m.Zone)
}

func reviewReasons(c approval.Card, f request.Facts) *wecom.ButtonSelection {
	sel := &wecom.ButtonSelection{
		QuestionKey: ReasonKey, Title: "退回理由",
		OptionList: []wecom.Option{{ID: NoReason, Text: "请选择理由"}},
	}
	add := func(id, text string) {
		known := slices.ContainsFunc(sel.OptionList, func(o wecom.Option) bool { return o.ID == id })
		if len(sel.OptionList) < wecom.MaxCardOptions && len(id) <= maxOptionID && !known {
			sel.OptionList = append(sel.OptionList, wecom.Option{ID: id, Text: label(text, 16)})
		}
	}
	for i, r := range c.Reasons {
		add(fmt.Sprintf("r%d", i), r)
	}
	if c.MayReturn {
		for _, name := range f.Missing {
			add(missingOption+name, "缺"+name)
		}
	}
	return sel
}

// MissingOf returns the name of the paper selected on a Review card, "" if none was.
func MissingOf(selected map[string][]string) string {
	for _, id := range selected[ReasonKey] {
		if name, ok := strings.CutPrefix(id, missingOption); ok {
			return name
		}
	}
	return ""
}

// Reviewed is what the card becomes for everybody who holds it: who, when, what.
func (m Maker) Reviewed(c approval.Card, f request.Facts) wecom.TemplateCard {
	rows := slices.Concat(m.applicationRows(f)[:2], []wecom.Horizontal{row("结果", resultOf(c))})
	if f.Asked != "" {
		rows = append(rows, row("金额", sumOf(f)))
	}
	if c.Reason != "" {
		rows = append(rows, row("理由", c.Reason))
	}
	return wecom.TemplateCard{
		CardType:    wecom.CardButtons,
		Source:      source(f.Title),
		MainTitle:   &wecom.MainTitle{Title: label(f.Title+"："+resultOf(c), 26), Desc: clip(reviewedBy(c, f)+" · "+calendar.When(c.At, m.Zone), 30)},
		Rows:        rows,
		CardAction:  &wecom.CardAction{Type: wecom.LinkURL, URL: m.URL(DeskPath(f.Application))},
		ButtonList:  []wecom.Button{{Text: onButton(resultOf(c)), Style: wecom.ButtonGrey, Key: Route(Pass, c.Task)}},
		ReplaceText: resultOf(c),
	}
}

// resultOf is the outcome in a word: a review nobody decided was ended by the student, or
// by the deadline of its papers.
func resultOf(c approval.Card) string {
	switch c.Action {
	case approval.Approve:
		return approval.Approved.Label()
	case approval.Return:
		return approval.Returned.Label()
	case approval.Reject:
		return approval.Rejected.Label()
	}
	if c.Reason != "" {
		return "已结束"
	}
	return "已撤回"
}

// reviewedBy names who acted: 何静老师, 何静老师（代王若溪）, or the student.
func reviewedBy(c approval.Card, f request.Facts) string {
	switch {
	case resultOf(c) == "已结束":
		return c.Reason
	case resultOf(c) == "已撤回":
		return f.Student
	case c.For != "":
		return c.By + "老师（代" + c.For + "）"
	}
	return c.By + "老师"
}

// ReviewedText says the same where the card cannot be changed any more.
func (m Maker) ReviewedText(c approval.Card, f request.Facts) string {
	return fmt.Sprintf("%s（%s，%s）%s：%s，%s。", f.Title, f.Student, f.Number, resultOf(c), reviewedBy(c, f), calendar.When(c.At, m.Zone))
}

// ReviewWaits reminds who can decide; send makes its address unique.
func (m Maker) ReviewWaits(send string, c approval.Card, f request.Facts) wecom.TextCard {
	t := wecom.TextCard{
		Title:       fmt.Sprintf("%s等您审核：%s", f.Title, f.Student),
		Description: fmt.Sprintf("<div class=\"normal\">%s，编号 %s</div>", c.Stage, f.Number),
		URL:         m.URL(DeskPath(f.Application)) + "?m=" + send,
	}
	switch {
	case c.Late:
		t.Description += "<div class=\"highlight\">已经超过时限，也请上级一起处理了</div>"
	case !c.Due.IsZero():
		t.Description += "<div class=\"highlight\">最晚 " + calendar.When(c.Due, m.Zone) + "</div>"
	}
	return t
}

// Changed tells a student what became of an application: what to mend stands in lines of
// its own, and the page is one press away.
func (m Maker) Changed(n request.Notice) string {
	var b strings.Builder
	b.WriteString(n.Text)
	if n.Opinion != "" && !strings.Contains(n.Text, n.Opinion) {
		b.WriteString("\n老师的意见：" + n.Opinion)
	}
	if len(n.Marked) > 0 {
		b.WriteString("\n要补的：" + strings.Join(n.Marked, "、"))
	}
	if n.State == request.Returned {
		b.WriteString("\n写“补交材料”，在这里就能接着改；也可以" + m.Link("到页面上改", n.Path))
		return b.String()
	}
	return b.String() + "\n" + m.Link("查看申请", n.Path)
}

// HandedOver tells a deputy from when and until when they decide, and what waits.
func (m Maker) HandedOver(h approval.HandedOver) string {
	waits := "现在没有等待审核的申请"
	if h.Waiting > 0 {
		waits = fmt.Sprintf("现在有 %d 份等您审核", h.Waiting)
	}
	return fmt.Sprintf("%s老师请您代为审核，到 %s 为止，%s。新的申请也会推送给您，记录里写明是代办。\n%s",
		h.Principal, until(h.Until, m.Zone), waits, m.Link("打开工作台", "/desk/applications"))
}

// Unheld tells an administrator which role is to be given, since what waits for it waits
// for nobody.
func (m Maker) Unheld(n approval.Nobody) string {
	return fmt.Sprintf("有申请停在“%s”，没有人能审：%s还没有在岗的%s。\n请在工作台的“角色”里为一位老师登记，登记后申请会推送给这位老师。\n%s",
		n.Stage, cmp.Or(n.Unit, "全校"), n.Role.Label(), m.Link("打开角色", "/desk/roles"))
}

// until is the end of a day as the day itself.
func until(t time.Time, zone *time.Location) string {
	if t.Equal(calendar.Midnight(t, zone)) {
		return calendar.Date(t.In(zone).AddDate(0, 0, -1), zone) + "24:00"
	}
	return calendar.When(t, zone)
}

// Asked tells the office that a student wants a person to look; what was asked stays on
// the desk.
func (m Maker) Asked(f request.AskFacts) string {
	what := "想请老师看一看"
	if f.Dispute {
		what = "说学校的一项记录不对，请您核对"
	}
	path := "/desk/asks?ask=" + f.Ask
	if f.Application != "" {
		path = DeskPath(f.Application)
	}
	return fmt.Sprintf("%s：%s%s。\n%s", f.Title, f.Student, what, m.Link("打开回复", path))
}

// MyApplication shows a student one application and what can be done about it now.
func (m Maker) MyApplication(taskID string, a request.Application, next string) wecom.TemplateCard {
	d := a.Service.Definition
	rows := []wecom.Horizontal{row("状态", a.StateLabel())}
	if a.Number != "" {
		rows = append(rows, row("编号", a.Number))
	}
	if names := paperNames(a.Missing()); names != "" && a.State != request.Draft {
		rows = append(rows, row("还缺", names))
	}
	if !a.Due.IsZero() && len(a.Missing()) > 0 {
		rows = append(rows, row("最晚", LastDay(a, m)))
	}
	page := wecom.Button{Type: wecom.LinkURL, Text: "查看详情", URL: m.URL(MyPath(a.PublicID))}
	buttons := []wecom.Button{page}
	switch a.State {
	case request.Draft:
		buttons = []wecom.Button{{Text: "接着填", Key: Route(Go, "apply."+d.Code)}, page}
	case request.Returned:
		buttons = []wecom.Button{{Text: "去补充", Key: Route(Go, "paper."+a.PublicID)}, page, {Text: "撤回申请", Key: Route(AskWithdraw, a.PublicID)}}
	case request.Submitted:
		buttons = append(buttons, wecom.Button{Text: "撤回申请", Key: Route(AskWithdraw, a.PublicID)})
	}
	c := m.Choice(taskID, d.Chat+"："+a.StateLabel(), "", rows, buttons)
	c.SubTitleText = clip(next, 112)
	return c
}

// LastDay is the last day papers are taken.
func LastDay(a request.Application, m Maker) string {
	return calendar.Date(a.Due.Add(-1), m.Zone)
}

func paperNames(list []request.Material) string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.Name
	}
	return strings.Join(names, "、")
}

// AskWithdraw asks once more before an application is taken back.
func (m Maker) AskWithdraw(taskID string, a request.Application) wecom.TemplateCard {
	return m.Choice(taskID, "要撤回这份申请吗？", "撤回后不再审核，名额还给你", []wecom.Horizontal{
		row("申请", a.Service.Chat), row("编号", a.Number), row("状态", a.StateLabel()),
	}, []wecom.Button{
		{Text: "先不撤回", Key: Route(KeepPaper, a.PublicID)},
		{Text: "确定撤回", Style: wecom.ButtonRed, Key: Route(Withdraw, a.PublicID)},
	})
}
