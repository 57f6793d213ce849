package dialogue

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxOffered is how many options one message shows; 更多 shows the next.
const maxOffered = 6

// tell says something that asks nothing.
func (t *turn) tell(text string) { t.say = append(t.say, Reply{Text: text}) }

// ask asks the current question. A choice that the wish now decides is answered instead.
func (t *turn) ask() error {
	if _, err := t.fill(false); err != nil {
		return err
	}
	q := t.current()
	r := Reply{Text: t.filled(q.Prompt), Page: t.lost()}
	switch q.Kind {
	case "":
		t.done = true
		return nil
	case Notice:
		r.Buttons = []Button{{Yes.Key(), "同意"}, {Cancel.Key(), "取消"}}
	case Page:
		r.Page, r.Buttons = true, []Button{{Yes.Key(), cmp.Or(q.Done, "填好了")}}
	case Confirm:
		t.askConfirm(&r)
	case Attest:
		r.Buttons = []Button{{Yes.Key(), attested}, {No.Key(), denied}}
	case Many:
		if err := t.askMany(q, &r); err != nil {
			return err
		}
	case Choice, Time:
		if err := t.askChoice(q, &r); err != nil {
			return err
		}
	}
	if q.Optional {
		r.Buttons = append(r.Buttons, Button{Skip.Key(), "跳过"})
	}
	t.say = append(t.say, r)
	return nil
}

// askConfirm reads everything back, or after 修改 asks what to change.
func (t *turn) askConfirm(r *Reply) {
	options := t.changeable()
	for _, q := range t.script.Steps {
		if a, ok := t.state.Answers[q.Name]; ok && q.read(t.state.Answers) {
			r.Rows = append(r.Rows, Row{q.Label, cmp.Or(a.Label, "未填")})
		}
	}
	if t.in.Word == No && len(options) > 0 {
		r.Text, r.Options = "要改哪一项？", options
		return
	}
	t.state.Offered = nil
	r.Buttons = []Button{{Yes.Key(), "确认"}, {No.Key(), "修改"}, {Cancel.Key(), "取消"}}
}

// askChoice offers what there is: what was narrowed down, else what the wish fits,
// else everything nearest to it.
func (t *turn) askChoice(q Question, r *Reply) error {
	all, err := t.options(q)
	if err != nil {
		return err
	}
	free := slices.DeleteFunc(slices.Clone(all), func(o Option) bool { return o.Disabled != "" || t.unwanted(q, o) })
	if len(free) == 0 || len(free) == 1 && free[0].Key == AnyKey {
		r.Text, r.Page = t.none(q, all), true
		vain := t.state.Wish
		t.forget()
		if !t.excluded(q, all) {
			t.state.Vain = Wish{Times: vain.Times, Hours: vain.Hours}
			t.offerInstead(q, r)
		}
		r.Buttons = append(r.Buttons, Button{Back.Key(), "返回"}, Button{Cancel.Key(), "取消"})
		t.state.Wish = Wish{}
		return nil
	}
	offer := among(free, t.state.Offered)
	if !t.state.Few || len(offer) == 0 || t.about(q) {
		if offer, err = t.suited(q, all, free); err != nil {
			return err
		}
	}
	t.state.Few = len(offer) < len(free) && len(offer) <= maxOffered
	r.Options = t.onePage(offer)
	if len(offer) > maxOffered || t.state.Few {
		r.Buttons = append(r.Buttons, Button{More.Key(), "更多"})
	}
	if len(t.state.Vain.Times)+len(t.state.Vain.Hours) > 0 {
		t.offerInstead(q, r)
	}
	t.state.Offered = keys(r.Options)
	return nil
}

// suited returns the free options the wish fits. When none does it says so once,
// forgets the wish and returns all, for times the nearest first.
func (t *turn) suited(q Question, all, free []Option) ([]Option, error) {
	if !t.wishes(q) {
		return free, nil
	}
	if match := t.fitting(q, free); len(match) > 0 {
		t.state.Vain = Wish{}
		return match, nil
	}
	times := append(slices.Clone(t.state.Wish.Times), t.state.Wish.Hours...)
	i := slices.IndexFunc(all, func(o Option) bool { return o.Disabled != "" && t.wanted(q, o) })
	why, hope, err := t.away(q, times)
	if err != nil {
		return nil, err
	}
	if t.state.Vain = (Wish{}); hope {
		t.state.Vain = Wish{Times: t.state.Wish.Times, Hours: t.state.Wish.Hours}
	}
	t.granted(q)
	t.state.Turned = 0
	switch {
	case i >= 0:
		t.tell(all[i].Disabled)
	case q.Kind == Time:
		t.tell(cmp.Or(why, "你说的时间没有空位，看看相近的。"))
	default:
		t.tell("没有找到你说的" + cmp.Or(q.Label, "这一项") + "，看看有的。")
	}
	if len(times) > 0 {
		nearestFirst(free, times[0].From)
	}
	return free, nil
}

// away lets the host say why there is nothing at the times named.
func (t *turn) away(q Question, times []When) (why string, hope bool, err error) {
	if len(times) == 0 || t.host.Away == nil {
		return "", true, nil
	}
	return t.host.Away(q.Name, times[0], t.state.Answers)
}

// nearestFirst puts the options nearest to at on the first page, in order of time.
func nearestFirst(options []Option, at time.Time) {
	slices.SortStableFunc(options, func(a, b Option) int { return cmp.Compare(distance(a.At, at), distance(b.At, at)) })
	near := options[:min(len(options), maxOffered)]
	slices.SortStableFunc(near, func(a, b Option) int { return a.At.Compare(b.At) })
}

func distance(a, b time.Time) time.Duration { return a.Sub(b).Abs() }

// onePage returns what 更多 has turned to, from the beginning again after the last.
func (t *turn) onePage(options []Option) []Option {
	if t.state.Turned < 0 || t.state.Turned >= len(options) {
		t.state.Turned = 0
	}
	rest := options[t.state.Turned:]
	return rest[:min(len(rest), maxOffered)]
}

// none says that nothing can be chosen, in the words of the script.
func (t *turn) none(q Question, all []Option) string {
	if t.excluded(q, all) {
		return "除开你不方便的，就没有别的了。可以放宽一些再说一次。"
	}
	return cmp.Or(q.Empty, "现在没有可以选的。过些时候再来看看，也可以到页面上看看别的。")
}

// excluded reports whether there would be something, had it not been turned down.
func (t *turn) excluded(q Question, all []Option) bool {
	return slices.ContainsFunc(all, func(o Option) bool { return o.Disabled == "" && t.unwanted(q, o) })
}

// filled puts the answers' labels into a prompt.
func (t *turn) filled(prompt string) string {
	if !strings.Contains(prompt, "{") {
		return prompt
	}
	for _, q := range t.script.Steps {
		a := t.state.Answers[q.Name]
		prompt = strings.ReplaceAll(prompt, "{"+q.Name+"}", a.Label)
	}
	return prompt
}

// help explains the question and the words that always work.
func (t *turn) help(q Question) {
	t.state.Missed = 0
	t.tell(cmp.Or(q.Help, howTo(q.Kind)) + "\n回“返回”到上一步，回“取消”就不办了。")
}

// remaining says how much there is still to answer, to who is weary of it.
func (t *turn) remaining() string {
	n := 0
	for _, q := range t.script.Steps {
		if _, answered := t.state.Answers[q.Name]; q.asked(t.state.Answers) && !answered && q.Kind != Confirm {
			n++
		}
	}
	left := fmt.Sprintf("辛苦了，还差 %d 个问题，答过的都留着。", n)
	if n == 0 {
		left = "辛苦了，都答完了，看一遍就好。"
	}
	return left + "\n回“返回”改上一步，回“帮助”看说明，回“取消”就不办了。"
}

// howTo says how a question of the kind is answered.
func howTo(k Kind) string {
	switch k {
	case Notice:
		return "先看完上面的须知，同意就回“同意”。"
	case Choice:
		return "回数字选一个，也可以直接写名称。"
	case Time:
		return "回数字选一个，也可以直接说时间，例如“明天下午三点”。"
	case Many:
		return "可以选几项：回数字就行，例如“1 3”，或者一项一项点，再点“选好了”。"
	case Text, Long:
		return "直接写下来发给我就行。"
	case Number:
		return "回一个数字，例如 3。"
	case Money:
		return "金额写数字就行，例如 128.50。"
	case Date:
		return "日期写成“2026年10月14日”这样。"
	case Period:
		return "写开始和结束的日子，例如“10月14日到10月16日”。"
	case Attest:
		return "回“是”或“不是”。"
	case Page:
		return "这一步在页面上完成：点链接打开，完成后会自动接着往下办。"
	case Confirm:
		return "都对就回“确认”；要改就回“修改”，再选哪一项。"
	}
	return ""
}

// miss says in one sentence what was not understood; from the second time on it also
// shows the way out.
func (t *turn) miss(q Question) {
	t.state.Missed++
	text := cmp.Or(t.complaint, "这句我没看懂。"+howTo(q.Kind))
	if t.lost() {
		text += "\n回“帮助”看说明，也可以在页面上办。"
	}
	t.tell(text)
}

// lost reports whether the student has not been understood twice in a row.
func (t *turn) lost() bool { return t.state.Missed >= 2 }
