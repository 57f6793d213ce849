package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// What can be asked for about the queue.
const (
	intentWait  = "counselling.wait"
	intentLeave = "counselling.leave"
)

// waitIntents is how people say it.
func waitIntents() []understand.Intent {
	return []understand.Intent{
		{Name: intentWait, Phrases: []string{
			"排队", "我要排队", "我想排队", "帮我排队", "排个队", "候补", "我要候补", "有空位告诉我", "有空位通知我", "有空位了告诉我", "空出来告诉我", "有人取消告诉我", "等位", "我要等位", "帮我等位", "想等位",
			"有更早的时间告诉我", "有更早的空位告诉我", "有早一点的时间告诉我", "有更早的通知我", "通知我有空位", "叫我一声", "位置出来了叫我", "有位置叫我", "有位置告诉我", "有位了叫我", "等不了", "等不及", "等不了那么久", "有没有更早的", "有更早的吗", "还是排吧", "还是排队吧", "再排", "继续排",
		}},
		{Name: intentLeave, Phrases: []string{"不排了", "不排队了", "退出排队", "取消排队", "不用排了", "别排了", "不候补了", "取消候补", "不等了"}},
	}
}

// Questions of the waiting dialogue, besides the notice and the counsellor.
const (
	askDays = "days"
	askPart = "part"
)

// waitScript asks what somebody waits for; the page asks the same and exact days.
func waitScript() script {
	notice := bookScript().Steps[0]
	notice.Prompt = "第一次来，请先读预约须知\n读到最后点“同意”，我接着帮你排队"
	return script{
		Script: dialogue.Script{Name: intentWait, Version: 1, Steps: []dialogue.Question{
			notice,
			{
				Name: askCounsellor, Kind: dialogue.Choice, Label: "老师", Prompt: "想等哪位老师的空位？", Any: "哪位都可以",
				Help: "写老师的姓就行；都可以就点“哪位都可以”，轮到得更快。", Empty: "中心现在没有接待的老师，暂时不能排队。",
			},
			{
				Name: askDays, Kind: dialogue.Choice, Label: "日子", Prompt: "哪些日子方便？", Any: "什么时候都行",
				Help: "点一个就行。要指定某一天，在页面上排队可以选日期。",
			},
			{
				Name: askPart, Kind: dialogue.Choice, Label: "时段", Prompt: "一天里什么时段？", Any: "全天都行",
				Help: "上午到 12 点，下午到 18 点，之后是晚上。",
			},
			{Name: askConfirm, Kind: dialogue.Confirm, Prompt: "这样排队，可以吗？"},
		}},
		title: "排队",
		page:  card.Page{Label: "去读须知", Path: "/m/counselling/notice"},
		home:  card.Page{Label: "在页面上排", Path: "/m/counselling/wait"},
		host:  func(t talk) dialogue.Host { return dialogue.Host{Options: t.waitOptions} },
		hear:  talk.hearDays,
		done:  talk.submitWait, asks: talk.intakeSteps, heard: talk.heardIntake,
	}
}

// waitInstead is offered where no hour fits.
func waitInstead() dialogue.Instead {
	return dialogue.Instead{Intent: intentWait, Label: "排队，有空告诉我"}
}

// waitFor begins to wait for what was not to be had. What was left open is any, so that
// only the confirmation is to be given.
func (t talk) waitFor(w dialogue.Wish) error {
	answers := daysOf(w, t.tx.Zone())
	open := map[string]string{askDays: "什么时候都行", askPart: "全天都行"}
	if len(w.Names[askCounsellor]) == 0 {
		w.Names = map[string][]string{askCounsellor: {dialogue.AnyKey}}
	}
	for question, label := range open {
		if _, said := answers[question]; !said {
			answers[question] = dialogue.Answer{Value: dialogue.AnyKey, Label: label}
		}
	}
	return t.wait(w, answers)
}

// startWait shows the student's place in the queue, or begins to ask for one. Who has a
// booking waits for an earlier hour and needs no questions.
func (t talk) startWait(w dialogue.Wish) error { return t.wait(w, daysOf(w, t.tx.Zone())) }

func (t talk) wait(w dialogue.Wish, answers map[string]dialogue.Answer) error {
	if !t.who.IsStudent() {
		return counselling.ErrStudentsOnly
	}
	mine, err := counselling.MyWait(t.ctx, t.tx, t.who)
	if err != nil {
		return err
	}
	if mine != nil {
		return t.say(t.standing(*mine))
	}
	b, open, err := t.openBooking()
	if err != nil {
		return err
	}
	if open {
		whose := dialogue.Answer{Value: dialogue.AnyKey, Not: w.NotNames[askCounsellor]}
		if names := w.Names[askCounsellor]; len(names) == 1 && names[0] != dialogue.AnyKey {
			whose = dialogue.Answer{Value: names[0]}
		}
		answers[askCounsellor] = whose
		got, err := counselling.Join(t.ctx, t.tx, t.who, t.wantOf(answers), counselling.ViaChat)
		if err != nil {
			return err
		}
		if got.Offer != nil {
			return t.say("正好有更早的空位，已经发给你，在卡片上写明的时间前回复就行。")
		}
		return t.say(fmt.Sprintf("好，比 %s 更早的空位一出来就告诉你，现在排第 %d 位；原来的预约还在。\n不想等了，写“不排了”。",
			calendar.When(b.Slot.StartsAt, t.tx.Zone()), got.Place))
	}
	s := waitScript()
	st := dialogue.State{Script: s.Name, Version: s.Version, Answers: answers}
	_, agreed, err := counselling.CurrentNotice(t.ctx, t.tx, t.who)
	if err != nil {
		return err
	}
	if agreed {
		st.Answers[askNotice] = dialogue.Answer{Value: "agreed"}
	}
	w.Times = nil // answered, or not to be had as days
	return t.begin(s, st, w)
}

// standing tells where somebody stands in the queue.
func (t talk) standing(w counselling.Wait) string {
	s := fmt.Sprintf("你在排队，现在第 %d 位：%s。%s 开始排的。", w.Place, w.Says(t.tx.Zone()), calendar.When(w.Since, t.tx.Zone()))
	if w.Offer != nil {
		s = fmt.Sprintf("有一个空位为你留着：%s，%s老师。要就写“要”，不要写“不要”，%s 前有效。",
			calendar.When(w.Offer.Slot.StartsAt, t.tx.Zone()), w.Offer.Slot.Name, calendar.When(w.Offer.Until, t.tx.Zone()))
	}
	if w.Skipped != "" {
		s += "\n" + w.Skipped
	}
	return s + "\n" + t.Cards.Link("看我的排队", "/m/counselling/wait") + "；不想等了，写“不排了”。"
}

// daysOf reads the days and the part of the day a sentence names, if it names one of each.
func daysOf(w dialogue.Wish, zone *time.Location) map[string]dialogue.Answer {
	answers := map[string]dialogue.Answer{}
	if len(w.Hours) == 1 {
		answers[askPart] = partOf(w.Hours[0], zone)
	}
	if len(w.Times) != 1 || w.Times[0].Past {
		return answers
	}
	from, to := w.Times[0].From.In(zone), w.Times[0].To.In(zone)
	if to.Sub(from) < 20*time.Hour {
		answers[askPart] = partOf(w.Times[0], zone)
	}
	if w.Times[0].Every != 0 {
		return answers
	}
	first, last := calendar.Midnight(from, zone), calendar.Midnight(to.Add(-time.Second), zone)
	label := calendar.Date(first, zone)
	if !last.Equal(first) {
		label += "到" + calendar.Date(last, zone)
	}
	answers[askDays] = dialogue.Answer{Value: first.Format(time.DateOnly) + "/" + last.Format(time.DateOnly), Label: label}
	return answers
}

// hearDays takes the days and the part of the day for the answers they are, whichever of
// its questions is asked.
func (t talk) hearDays(st *dialogue.State, in *dialogue.Input) {
	if strings.HasPrefix(st.Step, intakePrefix) || st.Step == "" || in.Press != nil {
		return
	}
	if len(in.NotTimes) > 0 {
		in.Remarks = append(in.Remarks, "排队选的是一段日子，不能单去掉某一天。到时发来的空位不方便，回“不要”就好，你还排着。")
	}
	got := daysOf(in.Wish, t.tx.Zone())
	if len(got) == 0 {
		return
	}
	if st.Answers == nil {
		st.Answers = map[string]dialogue.Answer{}
	}
	said := ""
	for _, question := range []string{askDays, askPart} {
		if a, ok := got[question]; ok {
			st.Answers[question] = a
			said += "，" + a.Label
		}
	}
	if _, asked := got[st.Step]; !asked && st.Step != askConfirm {
		in.Remarks = append(in.Remarks, "记下了"+said+"。")
	}
	in.Text, in.Times, in.Hours = "", nil, nil
}

// partOf is the part of the day in which a time begins.
func partOf(w dialogue.When, zone *time.Location) dialogue.Answer {
	part := counselling.Evening
	switch hour := w.From.In(zone).Hour(); {
	case hour < 12:
		part = counselling.Morning
	case hour < 18:
		part = counselling.Afternoon
	}
	return dialogue.Answer{Value: string(part), Label: part.Label()}
}

func (t talk) waitOptions(question string, answers map[string]dialogue.Answer) ([]dialogue.Option, error) {
	if strings.HasPrefix(question, intakePrefix) {
		return t.intakeOptions(question)
	}
	var options []dialogue.Option
	switch question {
	case askCounsellor:
		list, err := counselling.Counsellors(t.ctx, t.tx, t.who)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			options = append(options, dialogue.Option{Key: c.PublicID, Label: c.Name + "老师", Words: []string{c.Name}})
		}
	case askDays:
		today := calendar.Midnight(t.tx.Now(), t.tx.Zone())
		sunday := today.AddDate(0, 0, (7-int(today.Weekday()))%7)
		options = []dialogue.Option{
			{Key: days(today, sunday), Label: "这周", Words: []string{"本周", "这周内"}},
			{Key: days(sunday.AddDate(0, 0, 1), sunday.AddDate(0, 0, 7)), Label: "下周", Words: []string{"下个星期", "下星期"}},
		}
		if a := answers[askDays]; strings.Contains(a.Value, "/") { // the days the first sentence named
			options = append([]dialogue.Option{{Key: a.Value, Label: a.Label}}, options...)
		}
	case askPart:
		for _, p := range counselling.Parts()[1:] {
			options = append(options, dialogue.Option{Key: string(p), Label: p.Label()})
		}
	}
	return options, nil
}

func days(from, to time.Time) string {
	return from.Format(time.DateOnly) + "/" + to.Format(time.DateOnly)
}

// wantOf reads what is waited for from the answers.
func (t talk) wantOf(answers map[string]dialogue.Answer) counselling.Want {
	value := func(question string) string {
		if v := answers[question].Value; v != dialogue.AnyKey {
			return v
		}
		return ""
	}
	want := counselling.Want{Counsellor: value(askCounsellor), Except: answers[askCounsellor].Not, Part: counselling.Part(value(askPart))}
	if first, last, ok := strings.Cut(value(askDays), "/"); ok {
		want.From, _ = time.ParseInLocation(time.DateOnly, first, t.tx.Zone())
		want.To, _ = time.ParseInLocation(time.DateOnly, last, t.tx.Zone())
	}
	return want
}

// submitWait acts on the confirmed dialogue.
func (t talk) submitWait(st dialogue.State) error {
	w, err := counselling.Join(t.ctx, t.tx, t.who, t.wantOf(st.Answers), counselling.ViaChat)
	if err != nil {
		return err
	}
	if w.Offer != nil {
		return t.say("正好有合适的空位，已经发给你，在卡片上写明的时间前回复就行。")
	}
	return t.say(fmt.Sprintf("排上了，现在第 %d 位：%s。一有合适的空位就发给你，在写明的时间前回复就行。\n不想等了，写“不排了”。",
		w.Place, w.Says(t.tx.Zone())))
}

// offerOpen returns the place held for the student, nil if there is none.
func (t talk) offerOpen() (*counselling.Offer, error) {
	if !t.who.IsStudent() {
		return nil, nil
	}
	w, err := counselling.MyWait(t.ctx, t.tx, t.who)
	if err != nil || w == nil {
		return nil, err
	}
	return w.Offer, nil
}

// answerOffer takes 要 and 不要 for the place held for the student; it reports whether
// there is one.
func (t talk) answerOffer(yes bool) (bool, error) {
	o, err := t.offerOpen()
	if err != nil || o == nil {
		return false, err
	}
	if yes {
		return true, t.acceptOffer(o.PublicID)
	}
	return true, t.declineOffer(o.PublicID)
}

// acceptOffer takes the place; the booking, or its move, announces itself. Who has to read
// or answer something first is led there, and the place is still held for them after it.
func (t talk) acceptOffer(id string) error {
	_, err := counselling.Accept(t.ctx, t.tx, t.who, id, counselling.ViaChat)
	var first, link string
	switch {
	case errors.Is(err, counselling.ErrNotAgreed):
		first, link = "预约须知有更新，请先读到最后点“同意”", t.Cards.Link("读预约须知", "/m/counselling/notice")
	case errors.Is(err, counselling.ErrNotAsked):
		first, link = "请先回答几个简短的问题，每学期只问一次", t.Cards.Link("去回答", "/m/counselling/intake")
	default:
		return err
	}
	o, err := t.offerOpen()
	if err != nil || o == nil {
		return err
	}
	return t.say(fmt.Sprintf("还差一步：%s。这个空位为你留到 %s，回来写“要”就约上。\n%s", first, calendar.When(o.Until, t.tx.Zone()), link))
}

// remindOffer tells who has just agreed to the notice that a place is held for them.
func (t talk) remindOffer() error {
	if !t.who.IsStudent() {
		return nil
	}
	w, err := counselling.MyWait(t.ctx, t.tx, t.who)
	if err != nil || w == nil || w.Offer == nil {
		return err
	}
	if err := t.say(t.standing(*w)); err != nil {
		return err
	}
	return t.sendTold()
}

func (t talk) declineOffer(id string) error {
	w, err := counselling.Decline(t.ctx, t.tx, t.who, id)
	if err != nil {
		return err
	}
	return t.say(fmt.Sprintf("好的，这个空位让给下一位了。你还在排队，第 %d 位，有合适的再告诉你。", w.Place))
}

func (t talk) keepWait() error {
	w, err := counselling.Keep(t.ctx, t.tx, t.who)
	if err != nil {
		return err
	}
	return t.say(fmt.Sprintf("好的，继续为你排着，现在第 %d 位。", w.Place))
}

func (t talk) leaveWait() error {
	if err := counselling.Leave(t.ctx, t.tx, t.who); err != nil {
		return err
	}
	return t.say("好的，不排了。想再排，写“排队”。")
}

func (b *Bot) renderPlaceOffer(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.OfferFacts) (json.RawMessage, error) {
	return b.send(o, b.Cards.Offer(o.PublicID, f)), nil
}

// renderOfferEnded turns the card into what became of the offer. Where that is not
// possible any more, only who did not answer needs to be told.
func (b *Bot) renderOfferEnded(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.OfferFacts) (json.RawMessage, error) {
	switch {
	case o.Update:
		return b.update(o, b.Cards.OfferEnded(f)), nil
	case f.State == counselling.OfferExpired || f.State == counselling.OfferWithdrawn:
		return b.text(o, b.Cards.OfferEndedText(f)), nil
	}
	return nil, outbox.ErrObsolete
}

func (b *Bot) renderWaitAsk(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.WaitFacts) (json.RawMessage, error) {
	return b.send(o, b.Cards.WaitAsk(o.PublicID, f)), nil
}

func (b *Bot) renderWaitEnded(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.WaitFacts) (json.RawMessage, error) {
	if !o.Update {
		return nil, outbox.ErrObsolete
	}
	return wecom.ReplaceButtonBody(o.UserIDs(), b.AgentID, o.Code, f.Result), nil
}

func (b *Bot) renderWaitLapsed(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.WaitFacts) (json.RawMessage, error) {
	return b.text(o, "你排的“"+f.Says+"”没有等到合适的空位，已停止排队。还想等，写“排队”就行。"), nil
}

func (b *Bot) renderWaitWidened(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.WaitFacts) (json.RawMessage, error) {
	return b.text(o, fmt.Sprintf("你排队等的%s老师不再接待了。你的位置还在，第 %d 位，改成了：%s。不想等了，写“不排了”。", f.Gone, f.Place, f.Says)), nil
}
