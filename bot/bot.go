package bot

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
	"github.com/xuegong/xuegong/templates"
)

// Bot acts on what people say and press.
type Bot struct {
	AgentID  int
	Cards    card.Maker
	Home     templates.Home
	Binding  identity.Binding
	Requests *request.Engine
	Log      *slog.Logger

	once  sync.Once
	kinds map[string]renderer
	ear   ear

	mu    sync.Mutex
	known vocabulary // built for the names it was last asked for
}

type vocabulary struct {
	fingerprint uint64
	*understand.Understander
}

// made is the bot with what is made once.
func (b *Bot) made() *Bot {
	b.once.Do(func() { b.kinds, b.ear = b.renderers(), newEar() })
	return b
}

// talk is one act in its transaction: what every handler works with.
type talk struct {
	*Bot
	ctx context.Context
	tx  *store.Tx
	who identity.Person
	cb  wecom.Callback

	told *told
}

// Handle acts on one kept callback; it is the inbox worker's Handle.
func (b *Bot) Handle(ctx context.Context, tx *store.Tx, a inbox.Act) error {
	cb, err := wecom.Decode(a.Body)
	if err != nil {
		return fmt.Errorf("decode kept callback: %w", err)
	}
	if cb.AgentID != 0 && cb.AgentID != b.AgentID && cb.FromUserName != wecom.System {
		b.Log.Warn("callback of another app", slog.Int64("act", a.ID), slog.Int("agent", cb.AgentID))
		return nil
	}
	if !cb.Known && !spoken(cb) {
		b.Log.Info("unknown callback", slog.Int64("act", a.ID), slog.String("type", cb.MsgType), slog.String("event", cb.Event))
		return nil
	}
	if !spoken(cb) {
		return b.notice(ctx, tx, cb)
	}
	who, err := identity.Resolve(ctx, tx, cb.FromUserName, b.Binding)
	if identity.IsBindingError(err) {
		return b.turnAway(ctx, tx, cb, err)
	}
	if err != nil {
		return err
	}
	t := talk{Bot: b, ctx: ctx, tx: tx, who: who, cb: cb, told: &told{}}
	if err := t.answer(t.act); err != nil {
		return err
	}
	return t.sendTold()
}

// spoken tells whether a person did something that wants an answer.
func spoken(cb wecom.Callback) bool {
	switch {
	case cb.FromUserName == wecom.System, cb.FromUserName == "":
		return false
	case cb.MsgType != wecom.TypeEvent:
		return true
	default:
		return cb.Event == wecom.EventClick || cb.Event == wecom.EventCard || cb.Event == wecom.EventCardMenu ||
			cb.Event == wecom.EventSubscribe
	}
}

// notice takes what nobody waits for an answer to.
func (b *Bot) notice(ctx context.Context, tx *store.Tx, cb wecom.Callback) error {
	switch {
	case cb.Event == wecom.EventUnsubscribe:
		return leave(ctx, tx, cb.FromUserName)
	case cb.Event == wecom.EventContact && cb.ChangeType == "delete_user" && cb.Contact != nil:
		return leave(ctx, tx, cb.Contact.UserID)
	case cb.Event == wecom.EventContact && cb.ChangeType == "update_user" && cb.Contact != nil && cb.Contact.NewUserID != "":
		return identity.Rename(ctx, tx, cb.Contact.UserID, cb.Contact.NewUserID)
	default:
		return nil
	}
}

// leave closes the account, and the hours of a counsellor whose it was.
func leave(ctx context.Context, tx *store.Tx, userid string) error {
	if err := identity.Leave(ctx, tx, userid); err != nil {
		return err
	}
	return counselling.Departures(ctx, tx)
}

// turnAway tells a stranger what to do, and nothing else; who may be in danger reads first
// whom to call (T4).
func (b *Bot) turnAway(ctx context.Context, tx *store.Tx, cb wecom.Callback, why error) error {
	text := errs.MessageOf(why)
	if b.made().ear.crisis(cb.Content) || cb.EventKey == intentHotlines {
		text = b.numbers() + "\n\n" + text
	}
	return outbox.Put(ctx, tx, outbox.Message{
		Stranger: cb.FromUserName, Kind: kindText, Class: outbox.Reply, Scope: "school",
		Args: words{Text: text},
	})
}

// act routes what the person did: a press by its key, a menu click, words.
func (t talk) act() error {
	switch {
	case t.cb.Event == wecom.EventCard || t.cb.Event == wecom.EventCardMenu:
		return t.press()
	case t.cb.Event == wecom.EventClick:
		return t.start(t.cb.EventKey, dialogue.Wish{})
	case t.cb.Event == wecom.EventSubscribe:
		return t.welcome()
	case t.cb.MsgType == wecom.TypeText:
		return t.hear(t.cb.Content)
	default:
		return t.unread()
	}
}

// unread answers a picture or a voice: where a page is waited for, the page takes it.
func (t talk) unread() error {
	d, err := t.openDialogue()
	if err != nil {
		return err
	}
	if d == nil || !d.onPage() {
		return t.say("我现在只看得懂文字。把想办的事写一句话发给我，或发“帮助”看看能办什么。")
	}
	if err := t.say("聊天里发来的存不进申请，这一步请点链接在页面上办。"); err != nil {
		return err
	}
	return t.step(d, dialogue.Input{})
}

// answer runs fn behind a savepoint. What the person did wrong is undone and becomes
// the sentence they read; what we did wrong undoes the whole act.
func (t talk) answer(fn func() error) error {
	err := t.try(fn)
	if err == nil || errs.KindOf(err) == errs.Internal {
		return err
	}
	return t.say(errs.MessageOf(err))
}

// GiveUp leaves an apology after the last attempt at an act.
func (b *Bot) GiveUp(ctx context.Context, tx *store.Tx, a inbox.Act) error {
	cb, err := wecom.Decode(a.Body)
	if err != nil || !spoken(cb) {
		return nil //nolint:nilerr // what cannot be read has nobody to apologise to
	}
	return outbox.Put(ctx, tx, outbox.Message{
		Stranger: cb.FromUserName, Kind: kindText, Class: outbox.Reply, Scope: "school",
		Args: words{Text: errs.Apology},
	})
}

// say replies with words; they leave with what else this act says.
func (t talk) say(text string) error {
	t.told.add(text)
	return nil
}

// show replies with a card made when it is sent, after what was told before it.
func (t talk) show(kind, subject string, args any) error {
	if err := t.sendTold(); err != nil {
		return err
	}
	return outbox.Put(t.ctx, t.tx, outbox.Message{
		To: []identity.ID{t.who.ID}, Kind: kind, Class: outbox.Reply, Scope: "school",
		Subject: subject, Card: true, Args: args,
	})
}

// understand reads a sentence with the names of who can be asked for.
func (t talk) understand(text string) (understand.Meaning, error) {
	people, err := t.counsellorNames()
	if err != nil {
		return understand.Meaning{}, err
	}
	active, err := service.Active(t.ctx, t.tx)
	if err != nil {
		return understand.Meaning{}, err
	}
	u := t.vocabulary(people, active)
	return u.Understand(text, t.tx.Now().In(t.tx.Zone())), nil
}

func (b *Bot) vocabulary(people []understand.Name, active []service.Version) *understand.Understander {
	h := fnv.New64a()
	for _, v := range active {
		fmt.Fprintf(h, "%s\x00", v.Hash)
	}
	for _, p := range people {
		fmt.Fprintf(h, "%s\x00%s\x00", p.ID, p.Name)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known.Understander == nil || b.known.fingerprint != h.Sum64() {
		b.known = vocabulary{h.Sum64(), understand.New(understand.Vocabulary{Intents: slices.Concat(intents(), requestIntents(active)), People: people})}
	}
	return b.known.Understander
}

// hear acts on words: the open dialogue first, then what they ask for.
func (t talk) hear(text string) error {
	if t.made().ear.crisis(text) {
		return t.crisis()
	}
	m, err := t.understand(text)
	if err != nil {
		return err
	}
	if m.Intent == intentHotlines {
		return t.hotlines()
	}
	if m.Intent == intentLeave && m.Score < sure { // a place in the queue does not come back
		m.Intent, m.Alternatives = "", []string{intentLeave}
	}
	if m.Shift != 0 && (m.Intent == intentBook || m.Intent == intentFree) { // 我约的那个能往后挪一天不
		m.Intent = intentMove
	}
	if answered, err := t.answerCall(text, m.Word); answered || err != nil {
		return err
	}
	if answered, err := t.answerKeep(text); answered || err != nil {
		return err
	}
	d, err := t.openDialogue()
	if err != nil {
		return err
	}
	if answered, err := t.answerChoice(text, m, d != nil); answered || err != nil {
		return err
	}
	in := input(text, m)
	if d != nil || slices.Contains([]string{intentBook, intentFree, intentWait}, m.Intent) {
		in.Wish = called(in.Wish, m.Strangers)
	}
	if d != nil {
		return t.goOn(d, in)
	}
	for _, r := range in.Remarks {
		if err := t.say(r); err != nil {
			return err
		}
	}
	w := in.Wish
	switch {
	case m.Intent != "":
		return t.start(m.Intent, w)
	case named(w) && !m.Busy() && (m.Rest == 0 || len(m.Alternatives) == 0 && m.Rest <= aside || m.Word == understand.Any) && t.who.IsStudent():
		return t.startNamed(w)
	case len(m.Never) > 0:
		return nil // said above
	case m.Word != understand.None:
		if answered, err := t.answerCard(m.Word); answered || err != nil {
			return err
		}
		return t.reply(m.Word)
	case len(w.Names)+len(w.NotNames) > 0 && len(w.Times)+len(w.NotTimes) > 0: // 后天下午三点约苏晴: nothing else takes both
		return t.start(intentBook, w)
	case named(w) && len(m.Alternatives) > 0 && t.who.IsStudent() && !slices.ContainsFunc(m.Alternatives, notATime):
		return t.startNamed(w)
	case named(w) && !slices.Contains(m.Alternatives, intentBook):
		return t.offer(append([]string{intentBook}, m.Alternatives...), w)
	case len(m.Alternatives) > 0:
		return t.offer(m.Alternatives, w)
	default:
		return t.unclear()
	}
}

// sure is the score from which a sentence is taken for what cannot be undone.
const sure = 0.9

// aside is how many characters a sentence of a time and a name may have besides.
const aside = 1

// named reports whether the sentence names a time or somebody.
func named(w dialogue.Wish) bool {
	return len(w.Times)+len(w.NotTimes)+len(w.Names)+len(w.NotNames) > 0 || w.Soonest || w.Shift != 0
}

// notATime reports whether the intent is about anything but a time to come.
func notATime(intent string) bool { return intent != intentBook && intent != intentFree }

// startNamed takes 明天下午三点, 苏老师 and 晚一个小时 alone for what a student can only mean by
// them.
func (t talk) startNamed(w dialogue.Wish) error {
	if w.Shift != 0 {
		return t.startMove(w)
	}
	if len(w.Names)+len(w.NotNames) > 0 {
		return t.start(intentBook, w)
	}
	return t.start(intentFree, w)
}

// input hands the engine what a sentence means.
func input(text string, m understand.Meaning) dialogue.Input {
	in := dialogue.Input{Text: text, Word: dialogue.Word(m.Word), Choice: m.Choice, Intent: m.Intent, Whole: m.Whole}
	if len(m.People) > 0 {
		in.Names = map[string][]string{askCounsellor: m.People}
	}
	if len(m.NotPeople) > 0 {
		in.NotNames = map[string][]string{askCounsellor: m.NotPeople}
	}
	if m.Others && len(m.People) == 0 {
		in.Names = map[string][]string{askCounsellor: {dialogue.AnyKey}}
	}
	for _, s := range m.Times {
		if s.Precision == understand.Soonest {
			in.Soonest = true
			continue
		}
		in.Times = append(in.Times, when(s))
	}
	for _, s := range m.NotTimes {
		in.NotTimes = append(in.NotTimes, when(s))
	}
	in.Shift = m.Shift
	for _, n := range m.Never {
		in.Remarks = append(in.Remarks, never(n))
	}
	return in
}

// called adds who was asked for and is not among the counsellors, so that the student is
// told so and nobody else is taken for them.
func called(w dialogue.Wish, strangers []string) dialogue.Wish {
	if len(strangers) > 0 && len(w.Names) == 0 {
		w.Names = map[string][]string{askCounsellor: strangers}
	}
	return w
}

// never says that a date or an hour does not exist.
func never(written string) string {
	if strings.HasSuffix(written, "点") {
		return "一天到 24 点为止，没有“" + written + "”。换个时间再说一次就行。"
	}
	return "日历上没有“" + written + "”这一天。换个日子再说一次就行。"
}

func when(s understand.Span) dialogue.When {
	w := dialogue.When{From: s.From, To: s.To, Past: s.Past, Bare: s.Bare}
	switch s.Repeat {
	case understand.Daily:
		w.Every = 1
	case understand.Weekly:
		w.Every = 7
	}
	return w
}

// press acts on a card's button. A press on a card that is over is answered by what
// it is about, since the verb knows.
func (t talk) press() error {
	subject, err := outbox.Pressed(t.ctx, t.tx, t.cb.TaskID, t.cb.ResponseCode)
	if err != nil {
		return err
	}
	parts := card.Parse(t.cb.EventKey)
	route, ok := t.routes()[parts[0]]
	if !ok {
		return t.help("这张卡片已经过时了。")
	}
	// Its own savepoint: a refused verb must not take back the response code just kept.
	return t.answer(func() error {
		if subject == t.subject() {
			if err := t.chosen(t.cb.EventKey); err != nil {
				return err
			}
		}
		return route(parts)
	})
}

// routes is the whole table of what a card's button can do.
func (t talk) routes() map[string]func(parts []string) error {
	return map[string]func([]string) error{
		card.Talk:      t.pressTalk,
		card.Go:        func(p []string) error { return t.start(p[1], wishOf(p[2])) },
		card.Confirm:   func(p []string) error { return t.confirmBooking(p[1], p[2]) },
		card.Reject:    func(p []string) error { return t.rejectBooking(p[1], p[2]) },
		card.AskCancel: func(p []string) error { return t.askCancel(p[1]) },
		card.Cancel:    func(p []string) error { return t.cancelBooking(p[1], p[2] == card.Warned) },
		card.Keep:      func(p []string) error { return t.keepBooking(p[1]) },

		card.LiftStrike: func(p []string) error { return t.liftStrike(p[1]) },
		card.KeepStrike: func(p []string) error { return t.keepStrike(p[1]) },

		card.Accept:    func(p []string) error { return t.acceptOffer(p[1]) },
		card.Decline:   func(p []string) error { return t.declineOffer(p[1]) },
		card.KeepWait:  func([]string) error { return t.keepWait() },
		card.LeaveWait: func([]string) error { return t.leaveWait() },

		card.Pass:   func(p []string) error { return t.pass(p[1]) },
		card.Return: func(p []string) error { return t.sendBack(approval.Return, p[1], p[2]) },
		card.Refuse: func(p []string) error { return t.sendBack(approval.Reject, p[1], p[2]) },

		card.AskWithdraw: func(p []string) error { return t.askWithdraw(p[1]) },
		card.Withdraw:    func(p []string) error { return t.withdrawPaper(p[1]) },
		card.KeepPaper:   func(p []string) error { return t.keepOn(p[1]) },
		card.Take:        func(p []string) error { return t.takeCase(p[1]) },
		card.Call:        t.pressCall,
	}
}

// start begins or shows what an intent or a menu key names.
func (t talk) start(intent string, w dialogue.Wish) error {
	if done, err := t.papers(intent, w); done {
		return err
	}
	switch intent {
	case intentBook:
		return t.startBooking(w)
	case intentFree:
		return t.startFree(w)
	case intentMove:
		return t.startMove(w)
	case intentMine:
		return t.myBookings()
	case intentTurn:
		return t.turn()
	case intentCancel:
		return t.cancelMine()
	case intentWait:
		return t.startWait(w)
	case intentLeave:
		return t.leaveWait()
	case intentHotlines:
		return t.hotlines()
	case intentLow:
		return t.comfort()
	case intentHarm:
		return t.harm()
	case intentOutside:
		return t.outside()
	case intentAngry:
		return t.soothe()
	case intentChat:
		return t.chat()
	case intentGender:
		if err := t.say(byGender); err != nil {
			return err
		}
		return t.startBooking(w)
	case intentWho, intentHuman:
		return t.people(intent)
	case intentDesk:
		return t.desk()
	case intentQuiet:
		return t.quiet()
	case intentNotice, intentSeen, intentStrikes, intentFeedback, intentOther:
		return t.question(intent)
	case intentModule1, intentModule2, intentModule3:
		return t.module(intent)
	default:
		return t.help("")
	}
}

// wishKey and wishOf carry what a sentence named through a card's button. One that is
// too long for a key is left out: the student is asked again.
func wishKey(w dialogue.Wish) string {
	if !named(w) {
		return ""
	}
	b, err := json.Marshal(w)
	if key := base64.RawURLEncoding.EncodeToString(b); err == nil && len(key) < maxWishKey {
		return key
	}
	return ""
}

const maxWishKey = 900 // WeCom's limit of a key is 1024 bytes

func wishOf(key string) (w dialogue.Wish) {
	b, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil || len(b) == 0 || json.Unmarshal(b, &w) != nil {
		return dialogue.Wish{}
	}
	return w
}
