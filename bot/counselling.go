package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// Questions of the booking dialogue.
const (
	askNotice     = "notice"
	askCounsellor = "counsellor"
	askTime       = "time"
	askConfirm    = "confirm"
)

// bookScript asks what a booking needs. The notice is read on its page, to the end
// (D-38); everything else is asked here.
func bookScript() script {
	return script{
		Script: dialogue.Script{Name: intentBook, Version: 1, Steps: []dialogue.Question{
			{
				Name: askNotice, Kind: dialogue.Page, Fixed: true, Prompt: "第一次来，请先读预约须知\n读到最后点“同意”，我接着帮你选时间",
				Done: "我读完了", Help: "须知说明怎么预约、怎么保密、紧急时找谁，两分钟读完。",
			},
			{
				Name: askCounsellor, Kind: dialogue.Choice, Label: "老师", Prompt: "想约哪位老师？", Any: "哪位都可以",
				Help: "写老师的姓就行，比如“王老师”；都可以就点“哪位都可以”。", Empty: "最近没有可约的老师，可以排队，有空位就告诉你；着急请直接联系中心。",
				Instead: waitInstead(),
			},
			{
				Name: askTime, Kind: dialogue.Time, Label: "时间", Prompt: "哪个时间方便？",
				Help: "写时间就行，比如“下周二上午”“周三三点以后”。", Empty: "这位老师最近没有空位，可以换一位老师，或者排队，有空位就告诉你。",
				Instead: waitInstead(),
			},
			{Name: askConfirm, Kind: dialogue.Confirm, Prompt: "这样约，可以吗？"},
		}},
		title: "预约", also: []string{intentFree, intentMove},
		page:    card.Page{Label: "去读须知", Path: "/m/counselling/notice"},
		home:    card.Page{Label: "在页面上选", Path: "/m/counselling"},
		host:    func(t talk) dialogue.Host { return dialogue.Host{Options: t.bookingOptions, Away: t.away} },
		instead: talk.waitFor,
		done:    talk.submitBooking, asks: talk.intakeSteps, heard: talk.heardIntake,
	}
}

// freeScript answers 下周二上午有空吗 with what is free then; pressing an hour books it,
// since the card says everything a booking is.
func freeScript() script {
	s := bookScript()
	s.Name, s.also = intentFree, []string{intentBook, intentMove}
	for i, q := range s.Steps {
		if q.Name == askTime {
			s.Steps[i].Prompt, s.Steps[i].Final = "这些时间有空，点一个就约好", true
		}
	}
	return s
}

func (t talk) startBooking(w dialogue.Wish) error { return t.book(bookScript(), w) }

// startFree shows free hours: of whoever was named, else of everybody. Who has a booking
// can only mean to move it.
func (t talk) startFree(w dialogue.Wish) error {
	_, open, err := t.openBooking()
	switch {
	case err != nil:
		return err
	case open:
		return t.startMove(w)
	}
	return t.book(freeScript(), w)
}

// book begins a booking dialogue, unless there is a booking already.
func (t talk) book(s script, w dialogue.Wish) error {
	if !t.who.IsStudent() {
		return counselling.ErrStudentsOnly
	}
	_, agreed, err := counselling.CurrentNotice(t.ctx, t.tx, t.who)
	if err != nil {
		return err
	}
	mine, open, err := t.openBooking()
	if err != nil {
		return err
	}
	if open && mine.Over(t.tx.Now()) {
		return t.over(mine)
	}
	if open {
		if err := t.say("你已经有一个进行中的预约，先处理它，再约新的时间。想换时间，写“改时间”或“改到周四下午”就行。"); err != nil {
			return err
		}
		return t.showMine(mine)
	}
	if err := counselling.MayBegin(t.ctx, t.tx, t.who); err != nil {
		return err
	}
	st := dialogue.State{Script: s.Name, Version: s.Version, Answers: map[string]dialogue.Answer{}}
	if agreed {
		st.Answers[askNotice] = dialogue.Answer{Value: "agreed"}
	}
	if len(w.Names[askCounsellor]) == 0 && (s.Name == intentFree || timed(w)) {
		w.Names = map[string][]string{askCounsellor: {dialogue.AnyKey}}
	}
	return t.begin(s, st, w)
}

// timed tells whether a sentence says when: then the hours of whoever is free are what it
// asks for, and the counsellor's name beside each is choice enough. A part of any day is
// too little, since it comes in stories: 晚上总睡不好.
func timed(w dialogue.Wish) bool {
	return w.Soonest || slices.ContainsFunc(w.Times, func(x dialogue.When) bool { return x.Every != 1 || x.To.Sub(x.From) <= time.Hour })
}

// Agreed goes on with what waited for the notice to be read on its page: a dialogue, or a
// place that is held. It is called in the transaction that records the consent.
func (b *Bot) Agreed(ctx context.Context, tx *store.Tx, who identity.Person) error {
	if err := b.Answered(ctx, tx, who, askNotice, dialogue.Answer{Value: "agreed"}, intentBook, intentFree, intentWait); err != nil {
		return err
	}
	return talk{Bot: b, ctx: ctx, tx: tx, who: who, told: &told{}}.remindOffer()
}

func (t talk) bookingOptions(question string, answers map[string]dialogue.Answer) ([]dialogue.Option, error) {
	switch {
	case question == askCounsellor:
		return t.counsellorOptions()
	case strings.HasPrefix(question, intakePrefix):
		return t.intakeOptions(question)
	}
	return t.timeOptions(answers[askCounsellor])
}

func (t talk) counsellorOptions() ([]dialogue.Option, error) {
	list, err := counselling.Counsellors(t.ctx, t.tx, t.who)
	if err != nil {
		return nil, err
	}
	options := make([]dialogue.Option, len(list))
	for i, c := range list {
		options[i] = dialogue.Option{Key: c.PublicID, Label: c.Name + "老师", Words: []string{c.Name, c.Campus}}
		if c.NextFree == nil {
			options[i].Disabled = "最近没有空位，可以排队"
			continue
		}
		options[i].Detail = c.Campus + " · 最近 " + calendar.Near(c.NextFree.StartsAt, t.tx.Now(), t.tx.Zone())
	}
	return options, nil
}

func (t talk) timeOptions(of dialogue.Answer) ([]dialogue.Option, error) {
	counsellor, anyone := of.Value, of.Value == dialogue.AnyKey
	if anyone {
		counsellor = ""
	}
	slots, err := counselling.Slots(t.ctx, t.tx, t.who, counsellor, t.tx.Now(), time.Time{})
	if err != nil {
		return nil, err
	}
	var options []dialogue.Option
	for _, s := range slots {
		o := dialogue.Option{
			Key: s.PublicID, Label: calendar.Near(s.StartsAt, t.tx.Now(), t.tx.Zone()), Short: shortWhen(s.StartsAt, t.tx.Now(), t.tx.Zone()), At: s.StartsAt,
		}
		if anyone {
			o.Detail = s.Name + "老师 · " + s.Campus
			o.Read = o.Label + " " + s.Name + "老师"
		}
		switch {
		case s.TooSoon || slices.Contains(of.Not, s.Counsellor):
			continue
		case !s.Bookable():
			o.Disabled = calendar.When(s.StartsAt, t.tx.Zone()) + " 已经约满，看看相近的。"
		}
		if last := len(options) - 1; anyone && last >= 0 && options[last].At.Equal(o.At) {
			if options[last].Disabled != "" { // whoever is free at the hour stands for it
				options[last] = o
			}
			continue
		}
		options = append(options, o)
	}
	return options, nil
}

// shortWhen names an hour in the ten characters of a button, each hour otherwise: 今天 15:00,
// 14日周三 15:00. Within four weeks a day's number is enough.
func shortWhen(at, now time.Time, zone *time.Location) string {
	near := calendar.Near(at, now, zone)
	switch at = at.In(zone); {
	case near != calendar.When(at, zone):
		return near
	case at.Sub(now) < 27*24*time.Hour:
		return fmt.Sprintf("%d日%s %s", at.Day(), calendar.Weekday(at), at.Format("15:04"))
	default:
		return fmt.Sprintf("%d月%d日 %s", int(at.Month()), at.Day(), at.Format("15:04"))
	}
}

// submitBooking acts on the confirmed dialogue. The booking announces itself.
func (t talk) submitBooking(st dialogue.State) error {
	_, err := counselling.Book(t.ctx, t.tx, t.who, st.Answers[askTime].Value, "", counselling.ViaChat)
	if kind := errs.KindOf(err); err != nil && (kind == errs.Conflict || kind == errs.NotFound) {
		for _, e := range []error{
			counselling.ErrHaveOpen, counselling.ErrNotAgreed, counselling.ErrNotAsked, counselling.ErrPaused, counselling.ErrTermFull,
		} {
			if errors.Is(err, e) { // no other hour would help
				return err
			}
		}
		return &reopen{question: askTime, err: err}
	}
	return err
}

func (t talk) counsellorNames() ([]understand.Name, error) {
	if !t.who.IsStudent() {
		return nil, nil
	}
	list, err := counselling.Counsellors(t.ctx, t.tx, t.who)
	if err != nil {
		return nil, err
	}
	names := make([]understand.Name, len(list))
	for i, c := range list {
		names[i] = understand.Name{ID: c.PublicID, Name: c.Name}
	}
	return names, nil
}

// myBookings shows the open booking, or says what was last. Those of the staff are on
// the desk.
func (t talk) myBookings() error {
	if !t.who.IsStudent() {
		return t.desk()
	}
	list, err := counselling.Mine(t.ctx, t.tx, t.who)
	if err != nil {
		return err
	}
	switch {
	case len(list) == 0:
		return t.say("你还没有预约。想约个时间，写“我想预约”，或写清楚时间，比如“明天下午三点”。")
	case list[0].Over(t.tx.Now()):
		return t.over(list[0])
	case list[0].State.Open():
		return t.showMine(list[0])
	}
	b := list[0]
	return t.say(fmt.Sprintf("现在没有进行中的预约。上一次：%s，%s老师，%s。\n%s",
		calendar.When(b.Slot.StartsAt, t.tx.Zone()), b.Slot.Name, b.State.Label(), t.Cards.Link("看全部记录", "/m/counselling/mine")))
}

// over says what an hour that has passed still waits for, and whom to call.
func (t talk) over(b counselling.Booking) error {
	set, err := counselling.LoadSettings(t.ctx, t.tx)
	if err != nil {
		return err
	}
	text := calendar.When(b.Slot.StartsAt, t.tx.Zone()) + " 的那一次已经过了，还没有登记到访；登记以后就能约新的时间。\n等不及的话，请联系" + set.Name
	if set.Contact != "" && counselling.Neutral(set.Contact) {
		text += "：" + set.Contact
	}
	return t.say(text + "。")
}

func (t talk) showMine(b counselling.Booking) error {
	return t.show(kindMine, "", about{led: t.lead(""), Booking: b.PublicID})
}

// about names the booking a card is made of when it is sent.
type about struct {
	led
	Booking string      `json:"booking"`
	Student identity.ID `json:"student"`
	Warning string      `json:"warning,omitempty"` // of a cancellation that counts
}

func (t talk) cancelMine() error {
	if !t.who.IsStudent() {
		return t.desk()
	}
	b, open, err := t.openBooking()
	switch {
	case err != nil:
		return err
	case !open:
		return t.say("现在没有可以取消的预约。")
	}
	return t.askCancel(b.PublicID)
}

func (t talk) askCancel(id string) error {
	b, err := counselling.Get(t.ctx, t.tx, t.who, id)
	if err != nil {
		return err
	}
	if b.Over(t.tx.Now()) {
		return t.over(b)
	}
	if !b.State.Open() {
		return t.say("这个预约" + b.State.Label() + "，不用再取消。")
	}
	warning, err := counselling.CancelWarning(t.ctx, t.tx, t.who, b)
	switch {
	case errors.Is(err, counselling.ErrTooLate):
		return t.tooLate(id, err)
	case err != nil:
		return err
	}
	if err := t.putAside(cancelSubject(id)); err != nil {
		return err
	}
	kind := kindAskCancel
	if warning != "" {
		kind = kindAskLate
	}
	return t.show(kind, cancelSubject(id), about{led: t.lead(warning), Booking: id, Warning: warning})
}

func cancelSubject(id string) string { return "ask-cancel/" + id }

// cancelBooking gives the hour up. A card from before the cut-off did not say that it
// counts now: the student is asked again by one that does.
func (t talk) cancelBooking(id string, warned bool) error {
	do := func() (counselling.Booking, error) { return counselling.Cancel(t.ctx, t.tx, t.who, id, "") }
	if warned {
		do = func() (counselling.Booking, error) { return counselling.CancelLate(t.ctx, t.tx, t.who, id) }
	}
	b, err := do()
	switch {
	case errors.Is(err, counselling.ErrTooLate):
		return t.tooLate(id, err)
	case errors.Is(err, counselling.ErrCounts):
		return t.askCancel(id)
	}
	if err != nil {
		return err
	}
	if err := outbox.Settle(t.ctx, t.tx, cancelSubject(id), kindAnswered, answered{Answer: "已取消"}); err != nil {
		return err
	}
	return t.say(fmt.Sprintf("%s 的预约已取消，名额放给其他同学了。需要时随时再来约。", calendar.When(b.Slot.StartsAt, t.tx.Zone())))
}

// tooLate says that it cannot be cancelled here any more, and where to call.
func (t talk) tooLate(id string, why error) error {
	set, err := counselling.LoadSettings(t.ctx, t.tx)
	if err != nil {
		return err
	}
	if err := outbox.Settle(t.ctx, t.tx, cancelSubject(id), kindAnswered, answered{Answer: "没有取消"}); err != nil {
		return err
	}
	text := errs.MessageOf(why)
	if set.Contact != "" && counselling.Neutral(set.Contact) {
		text += "\n" + set.Contact
	}
	return t.say(text)
}

// keepBooking leaves the booking as it is; pressed after all was over, it says what it is.
func (t talk) keepBooking(id string) error {
	b, err := counselling.Get(t.ctx, t.tx, t.who, id)
	if err != nil {
		return err
	}
	if err := outbox.Settle(t.ctx, t.tx, cancelSubject(id), kindAnswered, answered{Answer: "没有取消"}); err != nil {
		return err
	}
	if !b.State.Open() {
		return t.say("这个预约" + b.State.Label() + "，不能再留着了。想再约，写“我想预约”。")
	}
	return t.say("好的，预约还在。")
}

func (t talk) confirmBooking(id, moves string) error {
	if err := t.unmoved(id, moves); err != nil {
		return err
	}
	_, err := counselling.Confirm(t.ctx, t.tx, t.who, id)
	return err
}

func (t talk) rejectBooking(id, moves string) error {
	if err := t.unmoved(id, moves); err != nil {
		return err
	}
	set, err := counselling.LoadSettings(t.ctx, t.tx)
	if err != nil {
		return err
	}
	reason := card.ReasonOf(t.cb.Selected, set.Reasons)
	if reason == "" {
		return t.askReason(id)
	}
	_, err = counselling.Reject(t.ctx, t.tx, t.who, id, reason)
	return err
}

// askReason refuses a rejection without a reason, or tells that there is nothing to reject.
func (t talk) askReason(id string) error {
	b, err := counselling.Get(t.ctx, t.tx, t.who, id)
	switch {
	case err != nil:
		return err
	case b.State != counselling.Pending:
		return errs.New(errs.Conflict, "这条预约"+b.State.Label()+"，不用再处理。")
	}
	return errs.New(errs.Invalid, "还差一步：先在卡片上选一个婉拒理由，再按“婉拒”。")
}
