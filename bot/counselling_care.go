package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// intakePrefix begins the names of the questions before a booking: intake.0 and on.
const intakePrefix = "intake."

func intakeStep(i int) string { return intakePrefix + strconv.Itoa(i) }

// intakeSteps are the questions before a booking as steps of its dialogue, none if the
// student need not answer them (T4).
func (t talk) intakeSteps() ([]dialogue.Question, error) {
	form, err := t.intakeForm()
	if err != nil {
		return nil, err
	}
	steps := make([]dialogue.Question, len(form.Questions))
	for i, q := range form.Questions {
		steps[i] = dialogue.Question{
			Name: intakeStep(i), Kind: dialogue.Choice, Prompt: fmt.Sprintf("%d/%d %s", i+1, len(form.Questions), q.Text),
			Help: "选一个最接近的就行，没有对错；回答只有中心的老师能看到。每学期只问一次。",
		}
	}
	return steps, nil
}

// intakeForm returns the questions the student has to answer, without any if there are none.
func (t talk) intakeForm() (counselling.Form, error) {
	needs, err := counselling.NeedsIntake(t.ctx, t.tx, t.who)
	if err != nil || !needs {
		return counselling.Form{}, err
	}
	return counselling.IntakeForm(t.ctx, t.tx, t.who)
}

// intakeOptions are the answers to a question before a booking.
func (t talk) intakeOptions(question string) ([]dialogue.Option, error) {
	form, err := t.intakeForm()
	if err != nil {
		return nil, err
	}
	for i, q := range form.Questions {
		if intakeStep(i) != question {
			continue
		}
		options := make([]dialogue.Option, len(q.Options))
		for n, o := range q.Options {
			options[n] = dialogue.Option{Key: strconv.Itoa(n), Label: o.Text}
		}
		return options, nil
	}
	return nil, nil
}

// heardIntake acts on the answers the moment they are given: a red one is not waited
// with until the last question, and comes before anything else is said.
func (t talk) heardIntake(before, now map[string]dialogue.Answer) error {
	form, err := t.intakeForm()
	if err != nil || len(form.Questions) == 0 {
		return err
	}
	choices := make([]int, len(form.Questions))
	red, fresh, all := false, false, true
	for i, q := range form.Questions {
		a, ok := now[intakeStep(i)]
		n, err := strconv.Atoi(a.Value)
		if !ok || err != nil || n < 0 || n >= len(q.Options) {
			all = false
			continue
		}
		choices[i] = n
		if a.Value != before[intakeStep(i)].Value {
			fresh, red = true, red || q.Options[n].Level == counselling.Red
		}
	}
	if red {
		if err := t.hotlines(); err != nil {
			return err
		}
		if err := t.callForHelp(counselling.SourceIntake); err != nil {
			return err
		}
	}
	if !all || !fresh {
		return nil
	}
	_, err = counselling.AnswerIntake(t.ctx, t.tx, t.who, form.Version, choices)
	return err
}

// callForHelp has somebody get in touch; the numbers to call were given before.
func (t talk) callForHelp(source string) error {
	if err := counselling.OpenCase(t.ctx, t.tx, t.who, source); err != nil {
		return err
	}
	if err := t.say("已经请值班老师现在就联系你，请留意电话和消息。\n如果是按错了也没关系，老师联系你时说一声就好。"); err != nil {
		return err
	}
	return t.sendTold() // before anything else is said
}

// crisis answers words that must not wait: the numbers first, then whether somebody
// should call, or that somebody will.
func (t talk) crisis() error {
	if !t.who.IsStudent() {
		return t.hotlines()
	}
	care, err := counselling.LoadCare(t.ctx, t.tx)
	if err != nil {
		return err
	}
	if err := t.hotlines(); err != nil {
		return err
	}
	if care.Words == counselling.WordsAlways {
		return t.callForHelp(counselling.SourceWords)
	}
	return t.show(kindOffer, t.callSubject(), offer{
		led:   t.lead(""),
		Title: "要请值班老师现在联系你吗？",
		Buttons: []wecom.Button{
			{Text: "请老师联系我", Key: card.Route(card.Call, "yes")},
			{Text: "暂时不用", Key: card.Route(card.Call, "no")},
		},
	})
}

func (t talk) callSubject() string { return "call/" + strconv.FormatInt(int64(t.who.ID), 10) }

// pressCall is the answer to whether somebody should call.
func (t talk) pressCall(parts []string) error {
	answer := "暂时不用"
	if parts[1] == "yes" {
		answer = "请老师联系我"
	}
	if err := outbox.Settle(t.ctx, t.tx, t.callSubject(), kindAnswered, answered{Answer: answer}); err != nil {
		return err
	}
	if parts[1] != "yes" {
		coming, err := counselling.HelpComes(t.ctx, t.tx, t.who)
		if err != nil {
			return err
		}
		if coming {
			return t.say("值班老师已经知道了，会联系你；不需要的话，老师联系你时说一声就好。\n想马上有人听你说，请打 12356（24 小时）。")
		}
		return t.say("好的。什么时候想说话，写“求助热线”，或直接打 12356，都有人在。")
	}
	return t.callForHelp(counselling.SourceWords)
}

// takeCase is 我来联系.
func (t talk) takeCase(id string) error {
	if err := counselling.TakeCase(t.ctx, t.tx, t.who, id); err != nil {
		return err
	}
	return t.say("已记下由您联系。同学的姓名、班级和经过在工作台：\n" + t.Cards.Link("打开工作台", "/desk/counselling/cases/"+id) +
		"\n联系之后，请在那里写一句做了什么，这件事才算办结。")
}

// careRenderers are the messages of care around the hour. None names a student.
func (b *Bot) careRenderers() map[string]renderer {
	return map[string]renderer{
		counselling.KindPaged: of(func(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.CaseFacts) (json.RawMessage, error) {
			return b.send(o, b.Cards.Paged(o.PublicID, f)), nil
		}),
		counselling.KindPassedOn: of(func(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.CaseFacts) (json.RawMessage, error) {
			if !o.Update { // the new card says it
				return nil, outbox.ErrObsolete
			}
			return b.update(o, b.Cards.PassedOn(f)), nil
		}),
		counselling.KindTaken: of(func(_ context.Context, _ *store.Tx, o outbox.Outgoing, f counselling.CaseFacts) (json.RawMessage, error) {
			if !o.Update {
				return b.text(o, b.Cards.TakenText(f)), nil
			}
			return b.update(o, b.Cards.Taken(f)), nil
		}),
		counselling.KindMore: said(b, func(f counselling.CaseFacts) string {
			return "您联系的同学又有新的情况，请打开工作台看看。\n" + b.Cards.Link("打开工作台", "/desk/counselling/cases/"+f.Case)
		}),
		counselling.KindComing: said(b, func(counselling.CaseFacts) string {
			return "老师已经看到，会尽快联系你，请留意电话和消息。\n等的时候想说话，请打 12356（24 小时）；有危险先打 120 或 110。"
		}),
		counselling.KindGap: said(b, func(f counselling.GapFacts) string {
			return fmt.Sprintf("值班表有空档：%s 至 %s 没有人值班%s。请在工作台补上。\n%s", calendar.When(f.From, b.Cards.Zone), calendar.When(f.To, b.Cards.Zone),
				more(f.Gaps), b.Cards.Link("打开值班表", "/desk/counselling/duty"))
		}),
		counselling.KindDigest: said(b, func(f counselling.DigestFacts) string { return b.Cards.Digest(f) }),
		counselling.KindFeedback: said(b, func(f counselling.Facts) string {
			return "您预约的事项（" + calendar.When(f.StartsAt, b.Cards.Zone) + "）结束了。愿意的话，用半分钟说说感受；不想说也没关系，只问这一次。\n" +
				b.Cards.Link("说说感受", "/m/counselling/mine/"+f.Booking+"/feedback")
		}),
		counselling.KindPropose: said(b, func(f counselling.DisclosureFacts) string {
			return "有一件事等第二位老师确认，请打开工作台。\n" + b.Cards.Link("打开工作台", "/desk/counselling/disclosures")
		}),
		counselling.KindDisclosed: said(b, func(f counselling.DisclosureFacts) string {
			return "有一份材料授权您查看，" + calendar.When(f.Until, b.Cards.Zone) + " 前有效，请不要转给他人。每次查看都有记录。\n" +
				b.Cards.Link("打开工作台", "/desk/given/"+f.Disclosure)
		}),
		counselling.KindSeen: said(b, func(counselling.DisclosureFacts) string {
			return "“谁看过我的信息”里有一条新的记录，写明了谁、为什么、看了哪些内容。\n" + b.Cards.Link("去看看", "/m/counselling/seen")
		}),
		counselling.KindReview: said(b, func(counselling.DisclosureFacts) string {
			return "有一项授权到了复核的时间，请打开工作台写下结论。\n" + b.Cards.Link("打开工作台", "/desk/counselling/disclosures")
		}),
		counselling.KindConcern: said(b, func(counselling.ConcernFacts) string {
			return "有一位辅导员写来一份关注，请打开工作台查看并回复。\n" + b.Cards.Link("打开工作台", "/desk/counselling/concerns")
		}),
		counselling.KindAnswered: said(b, func(f counselling.ConcernFacts) string {
			return "您写给中心的关注有了回复：" + f.Label + "。\n" + b.Cards.Link("看全部", "/desk/concerns")
		}),
		counselling.KindWithdrawn: said(b, func(counselling.Facts) string {
			return "你已撤回同意，之后的预约已取消，名额也放出了。以前的记录按规定保存。\n想再约时间，重新读一遍须知就可以，写“我想预约”。"
		}),
	}
}

func more(gaps int) string {
	if gaps < 2 {
		return ""
	}
	return fmt.Sprintf("，之后还有 %d 处", gaps-1)
}

// said makes a plain text of what is announced.
func said[T any](b *Bot, text func(T) string) renderer {
	return of(func(_ context.Context, _ *store.Tx, o outbox.Outgoing, args T) (json.RawMessage, error) {
		return b.text(o, text(args)), nil
	})
}
