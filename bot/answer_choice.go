package bot

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/wecom"
)

// maxPick is how long a sentence may be, in characters, whose number picks a button: 我要
// 第二个, and not 我想问一下第二个问题.
const maxPick = 8

// none is the key of the button that says that nothing offered was meant.
func none() string { return card.Route(card.Go, intentHelp) }

// answerChoice takes 1, 第二个, 要 and 取消 for the newest card: of a choice, whatever is
// under way, since it was asked last; of any other card of a student a number alone, where
// no dialogue waits for one.
func (t talk) answerChoice(text string, m understand.Meaning, talking bool) (bool, error) {
	n := m.Choice
	if len(m.Times) > 0 || utf8.RuneCountInString(text) > maxPick { // 2号 is a day
		n = 0
	}
	if n == 0 && !slices.Contains([]understand.Word{understand.Yes, understand.No, understand.Cancel}, m.Word) {
		return false, nil
	}
	c, err := outbox.Newest(t.ctx, t.tx, t.who.ID)
	if err != nil {
		return false, err
	}
	buttons := wecom.ButtonsOf(c.Body)
	if t.isChoice(c) {
		return true, t.choice(n, m.Word, buttons)
	}
	if n == 0 || talking || !t.who.IsStudent() || len(buttons) == 0 {
		return false, nil
	}
	return true, t.pick(n, buttons)
}

// isChoice tells whether the card asks which of a few things was meant.
func (t talk) isChoice(c outbox.Asking) bool { return c.Kind == kindOffer && c.Subject == t.subject() }

// choice answers a card that asks which of a few things was meant.
func (t talk) choice(n int, word understand.Word, buttons []wecom.Button) error {
	switch {
	case n != 0:
		return t.pick(n, buttons)
	case word != understand.Yes:
		if err := t.settleTalk("都不是"); err != nil {
			return err
		}
		return t.say("好的，都不办。想办什么写一句话就行，例如" + t.examples() + "。")
	case len(buttons) == 2 && buttons[1].Key == none():
		return t.pick(1, buttons)
	}
	return t.say(fmt.Sprintf("好的，是哪一件？按卡片上的按钮，或者写 1 到 %d 里的一个数。", len(buttons)))
}

// pick presses the nth button; the last one is -1.
func (t talk) pick(n int, buttons []wecom.Button) error {
	if n < 0 {
		n += len(buttons) + 1
	}
	if n > len(buttons) {
		return t.say(fmt.Sprintf("卡片上只有 %d 个按钮，写 1 到 %d 里的一个数，或者直接按。", len(buttons), len(buttons)))
	}
	parts := card.Parse(buttons[n-1].Key)
	route, ok := t.routes()[parts[0]]
	if !ok {
		return t.unclear()
	}
	if err := t.chosen(buttons[n-1].Key); err != nil {
		return err
	}
	return route(parts)
}

// chosen greys out the choice whose button the key is, so that it asks no more.
func (t talk) chosen(key string) error {
	c, err := outbox.Newest(t.ctx, t.tx, t.who.ID)
	if err != nil || !t.isChoice(c) {
		return err
	}
	for _, b := range wecom.ButtonsOf(c.Body) {
		if b.Key == key {
			return t.settleTalk("已选：" + b.Text)
		}
	}
	return nil
}
