package bot

import (
	"regexp"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/outbox"
)

// answerCard takes 好 and 不 for the newest card on the person's phone that still asks: to
// cancel, to withdraw, to go on waiting, or to take a place held in the queue. It reports
// whether one did.
// The newest goes first, since that is what the person has just read.
func (t talk) answerCard(word understand.Word) (bool, error) {
	if word != understand.Yes && word != understand.No {
		return false, nil
	}
	c, err := outbox.Newest(t.ctx, t.tx, t.who.ID)
	if err != nil {
		return false, err
	}
	kind, id := c.Kind, c.Subject[strings.LastIndexByte(c.Subject, '/')+1:]
	yes := word == understand.Yes
	switch {
	case kind == counselling.KindWaitAsk && yes:
		return true, t.keepWait()
	case kind == counselling.KindWaitAsk:
		return true, t.leaveWait()
	case kind == kindAskCancel && yes:
		return true, t.cancelBooking(id, false)
	case kind == kindAskLate && yes:
		return true, t.cancelBooking(id, true)
	case kind == kindAskCancel || kind == kindAskLate:
		return true, t.keepBooking(id)
	case kind == kindAskWithdraw && yes:
		return true, t.withdrawPaper(id)
	case kind == kindAskWithdraw:
		return true, t.keepOn(id)
	}
	return t.answerOffer(yes)
}

// answerCall takes words for the button they name or mean, when the newest card asks whether
// somebody should get in touch: who is in danger must not have to find a button.
func (t talk) answerCall(text string, word understand.Word) (bool, error) {
	never := strings.ContainsAny(text, "不别")
	yes := word == understand.Yes || strings.Contains(text, "联系我") && !never
	no := word == understand.No || word == understand.Cancel || strings.Contains(text, "暂时") && never
	if !yes && !no {
		return false, nil
	}
	c, err := outbox.Newest(t.ctx, t.tx, t.who.ID)
	if err != nil || c.Subject != t.callSubject() {
		return false, err
	}
	answer := "no"
	if yes {
		answer = "yes"
	}
	return true, t.pressCall([]string{card.Call, answer})
}

// keeps are words for 先不取消 and 先不撤回.
var keeps = regexp.MustCompile(`^(那|还是|我)?先?不(想|用|要)?(取消|撤)`)

// answerKeep takes them when the newest card asks whether to cancel or to withdraw.
func (t talk) answerKeep(text string) (bool, error) {
	if !keeps.MatchString(strings.TrimSpace(text)) {
		return false, nil
	}
	c, err := outbox.Newest(t.ctx, t.tx, t.who.ID)
	if err != nil || !slices.Contains([]string{kindAskCancel, kindAskLate, kindAskWithdraw}, c.Kind) {
		return false, err
	}
	return t.answerCard(understand.No)
}

// putAside closes the earlier cards that asked the same, so that one question is open.
func (t talk) putAside(subject string) error {
	return outbox.Settle(t.ctx, t.tx, subject, kindAnswered, answered{Answer: "看新的一张"})
}
