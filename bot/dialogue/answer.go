package dialogue

import (
	"cmp"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/internal/errs"
)

// answer reads the input as an answer to q, then as answers to other questions.
// It reports whether anything was understood.
func (t *turn) answer(q Question) (bool, error) {
	if q.typed() && !t.unseen && (!t.in.Whole || !t.interrupts()) {
		return t.answerText(q)
	}
	if !t.unseen {
		understood, err := t.answerDirectly(q)
		if understood || err != nil {
			return understood, err
		}
	}
	if t.interrupts() {
		t.interrupted = t.in.Intent
		return true, nil
	}
	named := t.wish()
	changed, err := t.fill(named)
	if err != nil {
		return false, err
	}
	switch {
	case changed:
		return true, nil
	case named:
		t.note(q)
		return true, nil
	case t.unseen || t.in.silent() || len(t.in.Remarks) > 0:
		return true, nil
	case t.changes(q):
		return true, nil
	case t.in.Intent == t.script.Name:
		t.tell("正在办这个，接着下面这一步就好。")
		return true, nil
	case q.Kind == Confirm && t.in.Word == Any: // what is read back says it already
		return true, nil
	case q.chosen() && t.in.Word == No:
		t.tell("都不合适就回“更多”看别的，要改前一步就回“返回”。")
		return true, nil
	case q.chosen():
		return t.narrow(q)
	}
	return false, nil
}

// interrupts reports whether the sentence asks for something else.
func (t *turn) interrupts() bool { return t.in.Intent != "" && t.in.Intent != t.script.Name }

// changes takes 换个老师 and 时间错了 for what they are: the answered question is asked
// again, and of the one that is open there is more to see.
func (t *turn) changes(q Question) bool {
	if !strings.ContainsAny(t.in.Text, "换改错") {
		return false
	}
	if q.chosen() && q.Label != "" && strings.Contains(t.in.Text, q.Label) {
		t.turn(q)
		return true
	}
	for _, o := range t.changeable() {
		if strings.Contains(t.in.Text, o.Label) {
			t.reopen(o.Key)
			return true
		}
	}
	return false
}

// silent reports whether nothing was done: the question is only asked again.
func (in Input) silent() bool {
	return strings.TrimSpace(in.Text) == "" && in.Press == nil && in.Word == "" && in.Choice == 0
}

// note says that something was understood although the same question comes again.
func (t *turn) note(q Question) {
	if t.unseen || t.current().Name != q.Name || q.Kind == Confirm || t.about(q) {
		return
	}
	for _, p := range t.script.Steps {
		if a, ok := t.state.Answers[p.Name]; ok && slices.Contains(t.in.Names[p.Name], a.Value) {
			t.tell(p.Label + "已经选了" + a.Label + "，接着下面这一步就好。")
			return
		}
	}
	t.tell("记下了，先把这一步办完。")
}

// answerText takes whatever is written; only 跳过 is not text, where it is allowed, and 好的
// or 读完了, which says that somebody is ready.
func (t *turn) answerText(q Question) (bool, error) {
	text := strings.TrimSpace(t.in.Text)
	switch {
	case t.in.Word == Skip && q.Optional:
		t.set(q, Answer{})
		return true, nil
	case t.in.silent():
		return true, nil
	case text == "":
		return false, nil
	case t.in.Word == Yes:
		t.complaint = "这一步要你写几个字，写好发给我就行。"
		return false, nil
	}
	if t.complaint = q.length(text); t.complaint != "" {
		return false, nil
	}
	return t.check(q, Answer{Value: text, Label: text})
}

// check lets the host refuse or finish an answer.
func (t *turn) check(q Question, a Answer) (bool, error) {
	if t.host.Check != nil {
		checked, err := t.host.Check(q.Name, a.Value, t.state.Answers)
		if errs.KindOf(err) == errs.Invalid {
			t.complaint = errs.MessageOf(err)
			return false, nil
		}
		if err != nil {
			return false, err
		}
		a = Answer{Value: checked.Value, Label: cmp.Or(checked.Label, a.Label)}
	}
	t.set(q, a)
	return true, nil
}

// answerDirectly takes a press, a number, the exact label, or a word that q waits for.
func (t *turn) answerDirectly(q Question) (bool, error) {
	switch {
	case t.in.Word == Skip && q.Optional:
		t.set(q, Answer{})
		return true, nil
	case q.Kind == Notice && t.in.Word == Yes:
		t.set(q, Answer{Value: string(Yes)})
		return true, nil
	case q.Kind == Notice && t.in.Word == No:
		t.tell("同意须知之后才能办理。不想办了可以回“取消”。")
		return true, nil
	case q.Kind == Page && t.in.Word == Yes:
		t.tell("页面上这一步还没有完成，完成后会自动接着办。")
		return true, nil
	case q.Kind == Confirm:
		return t.answerConfirm()
	case q.Kind == Many:
		return t.answerMany(q)
	case q.chosen():
		return t.answerChoice(q)
	case q.Kind != Page && q.Kind != Notice:
		return t.answerValue(q)
	}
	return false, nil
}

// answerConfirm ends the dialogue, or opens the question that is to be changed.
func (t *turn) answerConfirm() (bool, error) {
	if t.in.Word == Yes {
		t.done = true
		return true, nil
	}
	if key := t.picked(); key != "" && slices.ContainsFunc(t.changeable(), func(o Option) bool { return o.Key == key }) {
		t.reopen(key)
		return true, nil
	}
	if t.in.Word == No {
		t.state.Offered = keys(t.changeable())
		return true, nil
	}
	if len(t.in.Times)+len(t.in.Names)+len(t.in.NotTimes)+len(t.in.NotNames) > 0 {
		return false, nil // says itself what it should become
	}
	return t.corrects()
}

// changeable are the answered questions that the read-back shows, as options.
func (t *turn) changeable() []Option {
	var options []Option
	for _, q := range t.script.Steps {
		if t.stands(q) {
			options = append(options, Option{Key: q.Name, Label: q.Label, Detail: t.state.Answers[q.Name].Label})
		}
	}
	return options
}

// read reports whether the answer to q is read back.
func (q Question) read(answers map[string]Answer) bool {
	return q.Label != "" && q.Kind != Confirm && q.asked(answers)
}

// picked returns the key pressed or chosen by number, "" for neither.
func (t *turn) picked() string {
	if t.in.Press != nil {
		return t.in.Press.Key
	}
	n := t.in.Choice
	if n == -1 {
		n = len(t.state.Offered)
	}
	if 1 <= n && n <= len(t.state.Offered) {
		return t.state.Offered[n-1]
	}
	return ""
}

// set answers q. It no longer matters what was offered.
func (t *turn) set(q Question, a Answer) {
	t.state.Answers[q.Name] = a
	t.forget()
}
