package bot

import (
	"errors"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
)

// askNow is the hour a move leaves; it is read back beside the new one.
const askNow = "now"

// moveScript moves the open booking to another hour: of the same counsellor, unless
// another one is named.
func moveScript() script {
	return script{
		Script: dialogue.Script{Name: intentMove, Version: 1, Cancelled: "好的，不改了，原来的预约还在。", Steps: []dialogue.Question{
			{Name: askNow, Kind: dialogue.Text, Label: "原来", Prompt: "原来约的时间", Fixed: true},
			{
				Name: askCounsellor, Kind: dialogue.Choice, Label: "老师", Prompt: "想换成哪位老师？",
				Help: "写老师的姓就行；不换老师也可以直接说新的时间。", Empty: "最近没有可约的老师，原来的预约还在。",
			},
			{
				Name: askTime, Kind: dialogue.Time, Label: "时间", Prompt: "想改到什么时间？\n原来约的是 {now}，改好之前一直留着",
				Help: "写时间就行，比如“周四下午”“下周二上午十点”。", Empty: "这位老师最近没有别的空位，原来的预约还在。可以写“换个老师”。",
				Instead: dialogue.Instead{Intent: intentWait, Label: "有更早的告诉我"},
			},
			{Name: askConfirm, Kind: dialogue.Confirm, Prompt: "这样改，可以吗？"},
		}},
		title: "改时间", changes: true, also: []string{intentFree},
		home:    card.Page{Label: "到页面上看", Path: "/m/counselling/mine"},
		host:    func(t talk) dialogue.Host { return dialogue.Host{Options: t.moveOptions, Away: t.away} },
		instead: talk.startWait,
		done:    talk.submitMove,
	}
}

// startMove begins to move the open booking, if there is one that can be.
func (t talk) startMove(w dialogue.Wish) error {
	if !t.who.IsStudent() {
		return t.desk()
	}
	b, ok, err := t.openBooking()
	if err != nil {
		return err
	}
	if !ok {
		return t.say("现在没有可以改的预约。想约一个新的时间，写“我想预约”，或直接写时间，比如“周四下午”。")
	}
	if b.Over(t.tx.Now()) {
		return t.over(b)
	}
	s := moveScript()
	return t.begin(s, dialogue.State{Script: s.Name, Version: s.Version, At: b.Slot.StartsAt, Answers: map[string]dialogue.Answer{
		askNow:        {Value: b.PublicID, Label: calendar.When(b.Slot.StartsAt, t.tx.Zone())},
		askCounsellor: {Value: b.Slot.Counsellor, Label: b.Slot.Name + "老师"},
	}}, w)
}

// openBooking returns the student's booking that still waits for something.
func (t talk) openBooking() (b counselling.Booking, ok bool, err error) {
	list, err := counselling.Mine(t.ctx, t.tx, t.who)
	if err != nil || len(list) == 0 {
		return b, false, err
	}
	return list[0], list[0].State.Open(), nil
}

func (t talk) moveOptions(question string, answers map[string]dialogue.Answer) ([]dialogue.Option, error) {
	options, err := t.bookingOptions(question, answers)
	if err != nil || question != askTime {
		return options, err
	}
	b, ok, err := t.openBooking()
	if err != nil || !ok {
		return options, err
	}
	for i, o := range options {
		if o.Key == b.Slot.PublicID {
			options[i].Disabled = "这就是现在约的时间，不用改。"
		}
	}
	return options, nil
}

// submitMove acts on the confirmed dialogue. The move announces itself.
func (t talk) submitMove(st dialogue.State) error {
	_, err := counselling.Move(t.ctx, t.tx, t.who, st.Answers[askNow].Value, st.Answers[askTime].Value, "")
	if k := errs.KindOf(err); err != nil && (k == errs.Conflict || k == errs.NotFound) && !errors.Is(err, counselling.ErrTooLateToMove) {
		return &reopen{question: askTime, err: err}
	}
	return err
}
