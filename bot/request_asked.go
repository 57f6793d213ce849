package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
)

// What students ask about applications besides how they stand.
const (
	intentWhy      = "request.why"
	intentUrge     = "request.urge"
	intentProof    = "request.certificate"
	intentBank     = "request.bank"
	intentMistake  = "request.mistake"
	intentCollect  = "request.collect"
	intentPaper    = "request.paper"
	intentTerms    = "request.terms"
	intentAgain    = "request.again"
	maxPapersAsked = 3
)

// askedIntents is how people say it.
func askedIntents() []understand.Intent {
	return []understand.Intent{
		{Name: intentWhy, Phrases: []string{
			"为什么没通过", "为什么不通过", "为什么被拒", "申请被拒了", "申请没通过", "没通过怎么办", "我不服", "被拒了不服", "怎么申诉申请结果", "对结果有疑问", "审核没过", "为什么逾期了", "申请逾期了怎么办", "过期了还能交吗",
		}},
		{Name: intentUrge, Phrases: []string{
			"催一下", "帮我催一下", "可以催一下吗", "能不能快点", "能快一点吗", "加急", "能加急吗", "可以加急吗", "着急用", "明天就要用", "急用证明", "审核太慢了", "怎么审这么久", "怎么还没审", "老师怎么还不审", "怎么没反应", "怎么还没消息",
		}},
		{Name: intentProof, Phrases: []string{
			"证明能下载吗", "下载证明", "电子版证明", "有电子版吗", "证明有电子版吗", "证明在线下载", "怎么验证证明", "证明真假", "验证真伪", "核验码", "扫码核验", "证明有公章吗", "证明盖章", "证明要盖章",
		}},
		{Name: intentBank, Phrases: []string{
			"银行卡换了", "换了银行卡", "银行卡号换了", "银行卡号错了", "收款卡换了", "改银行卡", "卡号填错了", "打到哪张卡", "钱打到哪张卡", "卡注销了",
		}},
		{Name: intentMistake, Phrases: []string{
			"填错了", "申请填错了", "写错了", "名字填错了", "日期填错了", "天数写错了", "信息填错了", "金额填错了", "传错照片了", "照片传错了", "提交后还能改吗", "交了还能改吗", "提交错了", "想改申请内容",
		}},
		{Name: intentCollect, Phrases: []string{
			"可以代领吗", "证明可以代领吗", "同学代领", "让同学代领", "室友帮我领", "领证明要带什么", "领取要带什么", "需要带学生证吗", "没有学生证能领吗",
		}},
		{Name: intentPaper, Phrases: []string{
			"要原件还是复印件", "原件还是复印件", "要交原件吗", "复印件可以吗", "车票丢了", "车票丢了怎么办", "电子发票可以吗", "发票是电子的", "材料有什么要求", "材料怎么准备", "要准备什么材料", "实习证明怎么写", "照片怎么拍",
		}},
		{Name: intentTerms, Phrases: []string{
			"证明要几天", "多久能办好", "几天能办好", "审核要多久", "要审几天", "一年能开几次", "能申请几次", "可以申请几次", "补贴有多少钱", "给多少钱", "能补多少", "申请截止时间", "什么时候截止", "什么时候开始申请", "什么时候开放申请", "申请条件",
		}},
		{Name: intentAgain, Phrases: []string{
			"撤回以后还能再申请吗", "撤回了还能申请吗", "撤回后能重新申请吗", "撤回算次数吗", "退了还能再申请吗",
		}},
	}
}

// asksTerms tells whether a sentence that names a service asks about it instead of for it.
func asksTerms(text string) bool {
	return slices.ContainsFunc([]string{"截止", "几次", "几天", "多久", "多少钱", "什么条件", "什么时候开", "到什么时候"}, func(w string) bool { return strings.Contains(text, w) })
}

// why says why something went no further, and what can be done about it.
func (t talk) why(list []request.Application) error {
	ended := in(list, request.Returned, request.Rejected, request.Overdue, request.Revoked)
	if len(ended) == 0 {
		return t.say("你没有被退回或没通过的申请。想看进度写“我的申请”。")
	}
	a, err := t.Requests.Get(t.ctx, t.tx, t.who, ended[0].PublicID)
	if err != nil {
		return err
	}
	d := a.Service.Definition
	name := t.Cards.Link(d.Chat, card.MyPath(a.PublicID))
	switch a.State {
	case request.Returned:
		return t.say(name + "退回给你补充：" + sentence(a.Review.Reason) + "\n写“补交材料”就能接着改，其他内容都还在。")
	case request.Overdue:
		return t.say(name + "在期限内没有收齐纸质材料，按逾期结束了。\n确实有原因的，带上材料联系" + t.contact(d) + "，可以延长期限接着办，不用重填。")
	}
	return t.say(name + a.StateLabel() + "：" + sentence(lastWords(a)) + "\n" + d.Appeal.Text)
}

// lastWords are the reason of what ended an application.
func lastWords(a request.Application) string {
	for _, e := range slices.Backward(a.History) {
		if e.State == a.State && e.Words != "" {
			return e.Words
		}
	}
	return a.Review.Reason
}

// sentence ends words as a sentence.
func sentence(words string) string { return strings.TrimRight(words, "。") + "。" }

// urge says who has it and until when, and whom to call when that is too late. Nobody can
// be made to look sooner from here.
func (t talk) urge(list []request.Application) error {
	open := slices.DeleteFunc(underWay(list), func(a request.Application) bool { return a.State == request.Draft })
	if len(open) == 0 {
		return t.say("你现在没有进行中的申请。想办什么写一句话就行，写“能申请什么”看全部。")
	}
	var lines []string
	for _, a := range open[:min(len(open), maxPapersAsked)] {
		step, office, due := a.Next()
		line := t.Cards.Link(a.Service.Chat, card.MyPath(a.PublicID)) + "：现在是“" + step + "”，由" + office + "办"
		if !due.IsZero() {
			line += "，最晚 " + calendar.When(due, t.tx.Zone())
		}
		lines = append(lines, line+"。")
	}
	return t.say(strings.Join(lines, "\n") + "\n到时没有办，会提醒老师并请上级一起办。等不及（例如明天就要用）就打电话说明：" + t.contact(open[0].Service.Definition) + "。")
}

// proof says where a certificate is downloaded and how a stranger checks it (T10).
func (t talk) proof(list []request.Application) error {
	check := "别人扫上面的二维码，或在" + t.Cards.Link("核验页", "/verify") + "输入核验码，就能查真假。"
	for _, a := range in(list, request.Printed, request.Collected) {
		if a.Service.Outcome.Kind == service.Certificate {
			return t.say(t.Cards.Link(a.Service.Chat, card.MyPath(a.PublicID)) + "的页面上能下载带签名的 PDF。\n" + check)
		}
	}
	return t.say("证明通过并打印后，在申请的页面上能下载带签名的 PDF，也可以带学生证去领纸质的。\n" + check + "\n写“我的申请”看办到哪了。")
}

// bank says where the account is changed that money goes to.
func (t talk) bank(list []request.Application) error {
	at := "申请的页面"
	for _, a := range underWay(list) {
		if a.Service.Outcome.Kind == service.Payout && a.State != request.Draft {
			at = t.Cards.Link(a.Service.Chat, card.MyPath(a.PublicID)) + "的页面"
			break
		}
	}
	return t.say("补助打到学校登记的收款卡，申请里只显示尾号。\n换了卡，先到财务处更新登记；已经提交的，再到" + at + "“问一位老师”，选收款卡尾号不对，老师会核对。")
}

// mistake says how something wrong is put right, which depends on how far it is.
func (t talk) mistake(list []request.Application) error {
	if returned := in(list, request.Returned); len(returned) > 0 {
		return t.mend(list)
	}
	submitted, drafts := in(list, request.Submitted), in(list, request.Draft)
	switch {
	case len(submitted) > 0:
		name := t.Cards.Link(submitted[0].Service.Chat, card.MyPath(submitted[0].PublicID))
		return t.say(name + "已经提交，内容不能直接改。两个办法：\n· 写“撤回申请”，改好再交，占用的次数会退回\n· 到申请的页面“问一位老师”，请老师退回，只改错的那一项")
	case len(drafts) > 0:
		return t.say(t.Cards.Link(drafts[0].Service.Chat, card.MyPath(drafts[0].PublicID)) + "还没提交，打开页面改就行；也可以写“" + drafts[0].Service.StartSentence() + "”在这里接着填。")
	}
	return t.say("你没有审核中的申请。姓名、学号、等级这些取自学校的记录，不对的话请联系学院学工办更正。")
}

// collect says what is brought to fetch something (D-15).
func (t talk) collect(list []request.Application) error {
	if err := t.say("领取要本人带学生证，当面核对，不能由别人代领。"); err != nil {
		return err
	}
	return t.where(list)
}

// whichPapers says which papers are brought and how they have to be (D-20, D-34).
func (t talk) whichPapers(list []request.Application) error {
	var lines []string
	for _, a := range underWay(list) {
		if papers := a.Service.Paper(); len(papers) > 0 {
			lines = append(lines, paperLine(a.Service.Definition))
		}
	}
	if len(lines) == 0 {
		active, err := service.Active(t.ctx, t.tx)
		if err != nil {
			return err
		}
		for _, v := range active {
			if len(v.Paper()) > 0 {
				lines = append(lines, paperLine(v.Definition))
			}
		}
	}
	if len(lines) == 0 {
		return t.say("现在开放的申请都不用交纸质材料。")
	}
	return t.say(strings.Join(lines, "\n") + "\n拿不准的，或者丢了一件的，在申请的页面“问一位老师”说明情况。")
}

func paperLine(d service.Definition) string {
	var papers []string
	for _, m := range d.Paper() {
		name := m.Name
		if m.Note != "" {
			name += "（" + m.Note + "）"
		}
		if !m.Required {
			name += "，没有可以不交"
		}
		papers = append(papers, name)
	}
	return d.Chat + "交：" + strings.Join(papers, "；") + "。"
}

// terms says how long each service takes, how often and for how much.
func (t talk) terms([]request.Application) error {
	active, err := service.Active(t.ctx, t.tx)
	if err != nil {
		return err
	}
	if len(active) == 0 {
		return t.say("现在没有开放的申请。")
	}
	lines := make([]string, len(active))
	for i, v := range active {
		lines[i] = t.termsOf(v)
	}
	return t.say(strings.Join(lines, "\n"))
}

// termsOfOne says it of one, with the way to begin.
func (t talk) termsOfOne(code string) error {
	v, err := service.ByCode(t.ctx, t.tx, code)
	if err != nil {
		return err
	}
	return t.say(t.termsOf(v) + "\n要办就写“" + v.StartSentence() + "”。")
}

func (t talk) termsOf(v service.Version) string {
	says := []string{v.Window.Text(t.tx.Now(), t.tx.Zone())}
	hours := 0
	for _, s := range v.Stages {
		hours += s.LimitHours
	}
	if hours > 0 {
		says = append(says, fmt.Sprintf("审核最长 %d 个工作日", (hours+23)/24))
	}
	if n := v.Limits.PerYear; n > 0 {
		says = append(says, fmt.Sprintf("每学年最多 %d 份", n))
	}
	if n := v.Limits.PerCareer; n > 0 {
		says = append(says, fmt.Sprintf("在校期间最多 %d 份", n))
	}
	if sum := t.sumOf(v); sum != "" {
		says = append(says, sum)
	}
	return t.Cards.Link(v.Chat, "/m/services/"+v.Code) + "：" + strings.Join(says, "，") + "。"
}

// sumOf is what is paid, "" where nothing is.
func (talk) sumOf(v service.Version) string {
	a := v.Outcome.Amount
	if v.Outcome.Kind != service.Payout || a == nil {
		return ""
	}
	f, _ := v.Form.Field(a.Field)
	var sum string
	switch {
	case a.Fixed != "":
		return a.Fixed + " 元"
	case a.Each != "":
		sum = "每" + strings.TrimSpace(f.Unit) + " " + a.Each + " 元"
	case a.Percent > 0:
		sum = fmt.Sprintf("%s的 %d%%", f.Label, a.Percent)
	default:
		sum = "按" + f.Label
	}
	if a.AtMost != "" {
		sum += "，最多 " + a.AtMost + " 元"
	}
	return sum
}

// again answers whether what was taken back can be asked for anew.
func (t talk) again([]request.Application) error {
	return t.say("可以。撤回后占用的次数会退回，申请时间内随时能再交。现在开放的写“能申请什么”看。")
}

// offers says what the student can apply for now, and what not (D-03, D-67).
func (t talk) offers() error {
	all, err := t.Requests.Services(t.ctx, t.tx, t.who)
	if err != nil {
		return err
	}
	var may, not []string
	for _, o := range all {
		link := "· " + t.Cards.Link(o.Service.Chat, "/m/services/"+o.Service.Code)
		switch {
		case o.Draft != "":
			may = append(may, link+"，填到一半，写“"+o.Service.StartSentence()+"”接着填")
		case o.Blocked == "":
			may = append(may, link+"，可以写“"+o.Service.StartSentence()+"”")
		case o.Verdict.Refused():
			not = append(not, link+"，条件不符，点开看是哪一条")
		case !o.Open:
			not = append(not, link+"，"+o.Window)
		default:
			not = append(not, link+"，次数已经用完")
		}
	}
	var parts []string
	if len(may) > 0 {
		parts = append(parts, "你现在可以申请：\n"+strings.Join(may, "\n"))
	}
	if len(not) > 0 {
		parts = append(parts, "暂时不能：\n"+strings.Join(not, "\n"))
	}
	if len(parts) == 0 {
		return t.say("现在没有开放的申请。")
	}
	return t.say(strings.Join(parts, "\n\n"))
}
