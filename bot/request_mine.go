package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// What can be asked for about applications under way.
const (
	intentMyPapers  = "request.mine"
	intentLacking   = "request.lacking"
	intentMend      = "request.mend"
	intentWhere     = "request.where"
	intentMoney     = "request.money"
	intentTakeBack  = "request.withdraw"
	intentServices  = "request.services"
	maxPapersListed = 6
)

// requestIntents is how people say it. A service is asked for by what its file calls it.
func requestIntents(active []service.Version) []understand.Intent {
	list := []understand.Intent{
		{Name: intentMyPapers, Phrases: []string{
			"我的申请", "我的申请到哪了", "申请到哪一步了", "申请进度", "进度查询", "看看我的申请", "我的申请怎么样了", "申请通过了吗", "审核到哪了", "审核通过了吗", "审批到哪了",
			"材料审核了吗", "申请结果", "证明办好了吗", "证明打印了吗", "证明好了吗", "办到哪一步了",
			"谁在审我的申请", "哪个老师在审", "申请编号", "我的草稿", "草稿还在吗", "接着填", "继续填", "上次填到一半",
		}},
		{Name: intentLacking, Phrases: []string{
			"我还差什么", "我还缺什么", "还要交什么", "还差什么材料", "还缺什么材料", "要交哪些材料", "还要补什么", "材料齐了吗", "材料收到了吗", "差哪些材料",
		}},
		{Name: intentMend, Phrases: []string{
			"补交材料", "补充材料", "我要补材料", "补充申请", "修改申请", "重新提交", "退回的申请", "被退回了怎么办", "申请被退回了", "重拍", "老师说要重拍", "照片要重拍", "改申请",
			"为什么退回", "为什么退给我", "为什么给我退了", "老师退回了改哪里", "退回后改哪里", "退回是什么意思", "退回补充是什么意思", "材料补交",
		}},
		{Name: intentWhere, Phrases: []string{
			"在哪交材料", "材料交到哪里", "材料交哪", "去哪交材料", "在哪领证明", "去哪领证明", "在哪里领取", "证明在哪领", "去哪里领证明", "办公地点", "交材料的地方", "几点上班", "几点下班", "车票怎么交", "车票交哪", "几点可以交",
			"材料补交哪里", "补交的材料交哪", "证明盖好章在哪领", "能去领吗", "能领吗", "可以去领吗", "能去交吗", "可以去交吗", "能交吗", "上班吗", "中午能交材料吗", "勤工助学中心电话", "勤工助学中心电话多少", "勤工助学中心在哪", "资助中心电话", "资助中心电话多少", "办公室电话", "交到哪个楼",
		}},
		{Name: intentMoney, Phrases: []string{
			"什么时候放款", "什么时候发钱", "补贴什么时候发", "放款了吗", "什么时候到账", "补助什么时候到账", "还没到账", "钱什么时候到", "什么时候能拿到钱", "钱什么时候打到卡里", "补贴怎么还没下来", "补助还没下来", "我那个补贴还没下来", "补贴下来了吗", "钱到了没",
		}},
		{Name: intentTakeBack, Phrases: []string{"撤回申请", "撤销申请", "取消申请", "我要撤回", "申请不要了", "不申请了", "撤回我的申请", "申请错了想撤回", "不想申请了", "删除草稿", "把草稿删了", "草稿不要了"}},
		{Name: intentServices, Phrases: []string{"能申请什么", "可以申请什么", "有什么可以申请", "我要申请", "事务办理", "办证明", "开证明", "我要开证明", "有什么补助", "家里困难怎么办", "家里没钱怎么办", "我能申请哪些", "能申请哪些", "有哪些补助", "有哪些证明", "有哪些可以申请", "我符合哪些条件", "不是贫困生可以申请吗"}},
	}
	list = append(list, askedIntents()...)
	for _, v := range active {
		list = append(list, understand.Intent{Name: applyIntent + v.Code, Phrases: phrases(v)})
	}
	return list
}

// phrases are the ways to ask for a service.
func phrases(v service.Version) []string {
	list := []string{v.StartSentence()}
	for _, name := range append([]string{v.Chat, v.Title}, v.Words...) {
		list = append(list, name, "申请"+name, "办"+name, "我要"+name, "我想申请"+name, "怎么申请"+name)
		if strings.HasSuffix(name, "证明") {
			list = append(list, "开"+name, "我要开"+name)
		}
	}
	return list
}

// papers acts on what is asked about applications; false if the intent is another.
func (t talk) papers(intent string, w dialogue.Wish) (bool, error) {
	if code, ok := strings.CutPrefix(intent, applyIntent); ok && asksTerms(t.cb.Content) {
		return true, t.termsOfOne(code)
	} else if ok && t.who.IsStudent() && asksToMend(t.cb.Content) {
		intent = intentMend
	} else if ok {
		return true, t.startService(code, w)
	}
	if id, ok := strings.CutPrefix(intent, paperScript); ok {
		return true, t.overAgain(id, w)
	}
	if intent == intentServices && !t.who.IsStudent() {
		return true, t.module(intentModule2)
	}
	if intent == intentServices {
		return true, t.offers()
	}
	verb, ok := map[string]func([]request.Application) error{
		intentMyPapers: t.myPapers, intentLacking: t.lacking, intentMend: t.mend, intentWhere: t.where, intentMoney: t.money,
		intentTakeBack: t.takeBack, intentWhy: t.why, intentUrge: t.urge, intentProof: t.proof, intentBank: t.bank, intentMistake: t.mistake,
		intentCollect: t.collect, intentPaper: t.whichPapers, intentTerms: t.terms, intentAgain: t.again,
	}[intent]
	if !ok {
		return false, nil
	}
	if !t.who.IsStudent() {
		return true, t.desk()
	}
	list, err := t.Requests.Mine(t.ctx, t.tx, t.who)
	if err != nil {
		return true, err
	}
	return true, verb(list)
}

// underWay leaves out what is over.
func underWay(list []request.Application) []request.Application {
	return slices.DeleteFunc(slices.Clone(list), func(a request.Application) bool { return !a.State.Open() })
}

// in are the applications in one of the states.
func in(list []request.Application, states ...request.State) []request.Application {
	return slices.DeleteFunc(slices.Clone(list), func(a request.Application) bool { return !slices.Contains(states, a.State) })
}

// myPapers shows one application as a card with what can be done, several as lines.
func (t talk) myPapers(list []request.Application) error {
	open := underWay(list)
	switch {
	case len(list) == 0:
		return t.say("你还没有申请。想办什么写一句话就行，写“能申请什么”看全部。")
	case len(open) == 0:
		return t.say("现在没有进行中的申请。上一份：" + t.standingOf(list[0]))
	case len(open) == 1:
		return t.show(kindMyPaper, t.paperSubject(open[0].PublicID), paperCard{Application: open[0].PublicID})
	}
	lines := make([]string, 0, maxPapersListed)
	for _, a := range open[:min(len(open), maxPapersListed)] {
		lines = append(lines, "· "+t.standingOf(a)) // no numbers: they would ask to be answered
	}
	return t.say(strings.Join(lines, "\n") + "\n" + t.Cards.Link("全部申请", "/m/applications"))
}

// standingOf says in one line how an application stands and what is to be done.
func (t talk) standingOf(a request.Application) string {
	name := t.Cards.Link(a.Service.Chat, card.MyPath(a.PublicID))
	return strings.TrimSpace(name + "：" + a.StateLabel() + "。" + t.nextOf(a))
}

// nextOf is what the student does now, by when, where; else what happens by itself.
func (t talk) nextOf(a request.Application) string {
	d := a.Service.Definition
	missing := names(a.Missing())
	switch {
	case a.State == request.Draft:
		return "填到一半，写“" + d.StartSentence() + "”接着填。"
	case a.State == request.Submitted && missing != "":
		return fmt.Sprintf("还缺%s，最晚 %s 交到%s，%s。", missing, card.LastDay(a, t.Cards), d.Place, d.Hours)
	case a.State == request.Submitted:
		return "有结果会告诉你。"
	case a.State == request.Returned:
		return "老师请你补充，写“补交材料”就能接着改。"
	case a.State == request.Approved:
		return "正在办，好了会告诉你。"
	case a.State == request.Printed || a.State == request.Made:
		return fmt.Sprintf("带学生证到%s领取，%s。", d.Place, d.Hours)
	case a.State == request.ToPay:
		return form.Yuan(a.Amount) + " 元等财务统一发放，到账会告诉你。"
	case a.State == request.PayFailed:
		return "请核对收款信息，联系" + t.contact(d) + "。"
	case a.State == request.Paid:
		return form.Yuan(a.Amount) + " 元已经发放。"
	}
	return ""
}

func names(list []request.Material) string {
	s := make([]string, len(list))
	for i, m := range list {
		s[i] = m.Name
	}
	return strings.Join(s, "、")
}

func (t talk) contact(d service.Definition) string {
	lines := d.ContactsFor(t.who.CampusName)
	if len(lines) == 0 {
		return d.Department
	}
	return lines[0].Name + " " + lines[0].Phone
}

// lacking says what is still to be filled in, mended or brought.
func (t talk) lacking(list []request.Application) error {
	var lines []string
	for _, a := range underWay(list) {
		if a.State != request.Draft && a.State != request.Returned {
			if len(a.Missing()) > 0 {
				lines = append(lines, t.standingOf(a))
			}
			continue
		}
		p, err := t.Requests.Paper(t.ctx, t.tx, t.who, a.PublicID)
		if err != nil {
			return err
		}
		lines = append(lines, t.Cards.Link(a.Service.Chat, card.MyPath(a.PublicID))+"："+toDo(p)+t.nextOf(a))
	}
	if len(lines) == 0 {
		return t.say("现在没有要补的，都齐了。想看进度写“我的申请”。")
	}
	return t.say(strings.Join(lines, "\n"))
}

// toDo names the fields that wait for the student.
func toDo(p request.Paper) string {
	labels, how := p.MarkedLabels(), cmp.Or(p.Reason, "要补充")+"，要改"
	if !p.Returned {
		how = "还没填"
		for _, name := range p.Missing {
			f, _ := p.Service.Form.Field(name)
			labels = append(labels, f.Label)
		}
	}
	switch {
	case len(labels) > 0:
		return how + strings.Join(labels, "、") + "。"
	case p.Returned:
		return p.Reason + "。"
	}
	return "都填好了，还没提交。"
}

// asksToMend tells whether a sentence that names a service is about one handed in already.
func asksToMend(text string) bool {
	return slices.ContainsFunc([]string{"补交", "补充", "补材料", "退回", "重拍", "重新提交"}, func(w string) bool { return strings.Contains(text, w) })
}

// mend goes on with what came back; papers that are missing are brought, not written.
func (t talk) mend(list []request.Application) error {
	if named := t.mentioned(underWay(list)); len(named) > 0 {
		list = named
	}
	returned := in(list, request.Returned)
	switch len(returned) {
	case 0:
		return t.lacking(list)
	case 1:
		return t.startPaper(returned[0].PublicID, dialogue.Wish{})
	}
	return t.choose("要补充哪一份？", returned, func(a request.Application) string { return card.Route(card.Go, paperScript+a.PublicID) })
}

// choose asks which of several applications is meant.
func (t talk) choose(title string, list []request.Application, key func(request.Application) string) error {
	o := offer{Title: title}
	for _, a := range list {
		o.Buttons = append(o.Buttons, wecom.Button{Text: a.Service.Chat, Key: key(a)})
	}
	if err := t.settleTalk("请看下一条"); err != nil {
		return err
	}
	o.led = t.lead(o.Title)
	return t.show(kindOffer, t.subject(), o)
}

// where says where papers are brought and things are collected (D-35): of what is under
// way, else of everything offered.
func (t talk) where(list []request.Application) error {
	var lines []string
	add := func(d service.Definition) {
		line := fmt.Sprintf("%s，%s，联系%s", d.Place, d.Hours, t.contact(d))
		if d.Place != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	for _, a := range underWay(list) {
		add(a.Service.Definition)
	}
	if len(lines) > 0 {
		return t.say("交材料、领证明都在这里：\n" + strings.Join(lines, "\n"))
	}
	active, err := service.Active(t.ctx, t.tx)
	if err != nil {
		return err
	}
	for _, v := range active {
		add(v.Definition)
	}
	if len(lines) == 0 {
		return t.say("现在没有开放的申请。")
	}
	return t.say("你现在没有进行中的申请。交材料、领证明都在这里：\n" + strings.Join(lines, "\n"))
}

// money says when something is paid, of what ends in a payout.
func (t talk) money(list []request.Application) error {
	var lines []string
	for _, a := range list {
		if a.Service.Outcome.Kind == service.Payout && (a.State.Open() || a.State == request.Paid) {
			lines = append(lines, t.standingOf(a))
		}
	}
	if len(lines) == 0 {
		return t.say("你没有等待放款的申请。想看能申请的，写“能申请什么”。")
	}
	return t.say(strings.Join(lines[:min(len(lines), maxPapersListed)], "\n"))
}

// takeBack asks once more before the one application that can be taken back is, or which.
func (t talk) takeBack(list []request.Application) error {
	if named := t.mentioned(list); len(named) > 0 {
		list = named
	}
	open := in(list, request.Submitted, request.Returned)
	switch {
	case len(open) == 1:
		return t.askWithdraw(open[0].PublicID)
	case len(open) > 1:
		return t.choose("要撤回哪一份？", open, func(a request.Application) string { return card.Route(card.AskWithdraw, a.PublicID) })
	case len(underWay(list)) > 0:
		return t.say("现在没有可以撤回的申请：没提交的不用撤，不想要了在页面底部点“删除草稿”；已经通过的不能撤。\n" + t.standingOf(underWay(list)[0]))
	}
	return t.say("现在没有可以撤回的申请。")
}

// mentioned are those whose service the sentence names: 撤回奖助贷证明.
func (t talk) mentioned(list []request.Application) []request.Application {
	return slices.DeleteFunc(slices.Clone(list), func(a request.Application) bool {
		d := a.Service.Definition
		return !slices.ContainsFunc(append([]string{d.Chat, d.Title}, d.Words...), func(name string) bool { return strings.Contains(t.cb.Content, name) })
	})
}

// askWithdraw asks about the student's own; the verb refuses anybody else's.
func (t talk) askWithdraw(id string) error {
	a, err := t.Requests.Get(t.ctx, t.tx, t.who, id)
	switch {
	case err != nil:
		return err
	case a.Student.ID != t.who.ID:
		return request.ErrNotYours
	case a.State != request.Submitted && a.State != request.Returned:
		return errs.New(errs.Conflict, fmt.Sprintf("这份申请现在是“%s”，不用撤回。", a.StateLabel()))
	}
	if err := t.putAside(t.paperSubject(id)); err != nil {
		return err
	}
	return t.show(kindAskWithdraw, t.paperSubject(id), paperCard{Application: id})
}

func (t talk) withdrawPaper(id string) error {
	if _, err := t.Requests.Withdraw(t.ctx, t.tx, t.who, id); err != nil {
		return err
	}
	return outbox.Settle(t.ctx, t.tx, t.paperSubject(id), kindAnswered, answered{Answer: "已撤回"})
}

// keepOn leaves the application as it is; pressed after all was over, it says what it is.
func (t talk) keepOn(id string) error {
	a, err := t.Requests.Get(t.ctx, t.tx, t.who, id)
	if err != nil {
		return err
	}
	if err := outbox.Settle(t.ctx, t.tx, t.paperSubject(id), kindAnswered, answered{Answer: "没有撤回"}); err != nil {
		return err
	}
	if !a.State.Open() {
		return t.say("这份申请现在是“" + a.StateLabel() + "”。想再办一次，写“" + a.Service.StartSentence() + "”。")
	}
	return t.say("好的，没有撤回。" + t.standingOf(a))
}

// paperSubject is the one of a student's own cards of an application.
func (t talk) paperSubject(id string) string { return t.subject() + "/" + id }

// paperCard names the application a card is made of when it is sent.
type paperCard struct {
	Application string `json:"application"`
}

func (b *Bot) renderMyPaper(ctx context.Context, tx *store.Tx, o outbox.Outgoing, p paperCard) (json.RawMessage, error) {
	a, err := b.ownPaper(ctx, tx, o, p)
	if err != nil {
		return nil, err
	}
	t := talk{Bot: b, ctx: ctx, tx: tx, who: o.To[0]}
	return b.send(o, b.Cards.MyApplication(o.PublicID, a, t.nextOf(a))), nil
}

func (b *Bot) renderAskWithdraw(ctx context.Context, tx *store.Tx, o outbox.Outgoing, p paperCard) (json.RawMessage, error) {
	a, err := b.ownPaper(ctx, tx, o, p)
	if err != nil {
		return nil, err
	}
	return b.send(o, b.Cards.AskWithdraw(o.PublicID, a)), nil
}

// ownPaper reads the recipient's own application as it is when the card leaves.
func (b *Bot) ownPaper(ctx context.Context, tx *store.Tx, o outbox.Outgoing, p paperCard) (request.Application, error) {
	if len(o.To) == 0 {
		return request.Application{}, outbox.ErrObsolete
	}
	return b.Requests.Get(ctx, tx, o.To[0], p.Application)
}
