package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// script is a dialogue the bot can hold: its questions, what they are answered
// from, and what happens when everything is answered.
type script struct {
	dialogue.Script
	title string    // what it is called in a sentence: 预约
	also  []string  // other intents that mean it while it is under way
	page  card.Page // where chat hands over what it cannot ask
	home  card.Page // where all of it can be done without chat
	host  func(t talk) dialogue.Host
	done  func(t talk, st dialogue.State) error

	// instead begins what Question.Instead offers, with what was wanted; nil where nothing is.
	instead func(t talk, w dialogue.Wish) error
	// asks are questions that depend on the person and the moment, after the first one;
	// nil where the steps are all there is.
	asks func(t talk) ([]dialogue.Question, error)
	// heard acts on answers the moment they are given, before anything else is said;
	// nil where the end is early enough.
	heard func(t talk, before, now map[string]dialogue.Answer) error

	// changes tells that it changes what there is: 不改了 leaves it.
	changes bool
	// hear takes out of a sentence what no question of the script is asked about; nil where
	// every question hears for itself.
	hear func(t talk, st *dialogue.State, in *dialogue.Input)

	// Of a dialogue whose answers live elsewhere; nil where its draft is the truth.
	sync func(st *dialogue.State)              // takes over what is kept there
	read func(step string, in *dialogue.Input) // reads a sentence before the engine does
	keep keeping                               // keeps there what a step changed
}

// keeping keeps what a step changed; why is what the student reads of an answer that
// could not be kept and is asked again.
type keeping func(t talk, before, after dialogue.State) (changed bool, why string, err error)

// script returns the dialogue of the name; false if there is none, or no more.
func (t talk) script(name string) (script, bool, error) {
	if id, ok := strings.CutPrefix(name, paperScript); ok {
		s, err := t.paper(id)
		if kind := errs.KindOf(err); kind == errs.Conflict || kind == errs.Forbidden { // handed in, thrown away
			return s, false, nil
		}
		return s, err == nil, err
	}
	s, ok := map[string]script{intentBook: bookScript(), intentFree: freeScript(), intentMove: moveScript(), intentWait: waitScript()}[name]
	return s, ok, nil
}

// stale is the age at which a draft is offered instead of silently gone on with.
const stale = 30 * time.Minute

// drafts is the row of a person: the dialogue under way, and those it interrupted.
type drafts struct {
	dialogue.State
	Aside  []dialogue.State `json:"aside,omitempty"`  // the one to go on with first is last
	Paused bool             `json:"paused,omitempty"` // whether to go on was asked last
	Said   dialogue.Wish    `json:"said,omitzero"`    // what was said instead of an answer to that
}

// open is a dialogue under way.
type open struct {
	script
	drafts
	age time.Duration
}

// openDialogue returns the person's dialogue, nil if there is none. A draft of a
// script that no longer exists is dropped.
func (t talk) openDialogue() (*open, error) {
	d, at, err := selectDialogue(t.ctx, t.tx, t.who.ID)
	if store.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load dialogue: %w", err)
	}
	for {
		s, ok, err := t.script(d.Script)
		if err != nil {
			return nil, err
		}
		if ok {
			if s.sync != nil {
				s.sync(&d.State)
			}
			return &open{script: s, drafts: d, age: t.tx.Now().Sub(at)}, nil
		}
		if err := t.settleTalk("已经办过了"); err != nil {
			return nil, err
		}
		if !d.resume() {
			return nil, t.drop()
		}
	}
}

// waits tells whether a dialogue of the script was set aside.
func (d *drafts) waits(script string) bool {
	return slices.ContainsFunc(d.Aside, func(s dialogue.State) bool { return s.Script == script })
}

// resume puts the dialogue that was set aside last in the place of the one that ended;
// false if there is none.
func (d *drafts) resume() bool {
	last := len(d.Aside) - 1
	if last < 0 {
		return false
	}
	*d = drafts{State: d.Aside[last], Aside: d.Aside[:last], Paused: true}
	return true
}

// begin starts a dialogue with what the first sentence said already. One of the same
// kind that is under way, or was set aside, is gone on with instead; any other is set
// aside.
func (t talk) begin(s script, st dialogue.State, w dialogue.Wish) error {
	in := dialogue.Input{Wish: w}
	d, err := t.openDialogue()
	if err != nil {
		return err
	}
	if d == nil {
		return t.step(&open{script: s, drafts: drafts{State: st}}, in)
	}
	if d.means(s.Name) {
		return t.step(d, in)
	}
	if err := t.setAside(d); err != nil {
		return err
	}
	aside := append(slices.Clone(d.Aside), d.State)
	for i, a := range aside {
		before, ok, err := t.script(a.Script)
		if err != nil {
			return err
		}
		if ok && before.means(s.Name) {
			if before.sync != nil {
				before.sync(&a)
			}
			return t.step(&open{script: before, drafts: drafts{State: a, Aside: slices.Delete(aside, i, i+1)}}, in)
		}
	}
	return t.step(&open{script: s, drafts: drafts{State: st, Aside: aside}}, in)
}

// setAside says what becomes of a dialogue that another one takes the place of, and how to
// come back to it.
func (t talk) setAside(d *open) error {
	if err := t.settleTalk("先放一边"); err != nil {
		return err
	}
	return t.say(fmt.Sprintf("刚才的%s先放一边，填过的都在。办完这件会再问你；想先办它，写“%s”。", d.title, d.title))
}

// means reports whether the intent asks for what this dialogue is about.
func (s script) means(intent string) bool { return intent == s.Name || slices.Contains(s.also, intent) }

// goOn hands an input to the open dialogue.
func (t talk) goOn(d *open, in dialogue.Input) error {
	if in.Intent == intentTakeBack {
		unsent, err := t.unsent(d)
		if err != nil {
			return err
		}
		if unsent { // there is nothing to take back
			in.Intent, in.Word = "", dialogue.Cancel
		}
	}
	switch {
	case in.Intent == intentCancel && len(in.NotTimes) > 0: // 周五去不了 says when
		in.Intent = ""
	case in.Intent == intentGender && d.means(intentBook):
		in.Intent, in.Remarks = "", append(in.Remarks, byGender)
	case in.Intent == intentCancel && d.means(intentBook): // nothing else there to cancel
		in.Intent, in.Word = "", dialogue.Cancel
	case d.means(in.Intent):
		in.Intent = d.Name
	}
	if in.Word == dialogue.Keep && d.changes {
		in.Word = dialogue.Cancel
	}
	switch {
	case d.Paused && in.Word == dialogue.Yes && in.Press == nil:
		return t.step(d, dialogue.Input{Wish: d.Said})
	case d.Paused && in.Word == dialogue.No:
		in.Word = dialogue.Cancel
	case d.age > stale && in.Press == nil && in.Word != dialogue.Cancel && !d.Paused:
		return t.recall(d, in)
	}
	return t.step(d, in)
}

// unsent tells whether the dialogue writes an application that was not handed in yet, and
// the sentence names no other one.
func (t talk) unsent(d *open) (bool, error) {
	id, ok := strings.CutPrefix(d.Name, paperScript)
	if !ok {
		return false, nil
	}
	mine, err := t.Requests.Mine(t.ctx, t.tx, t.who)
	if err != nil {
		return false, err
	}
	its := func(a request.Application) bool { return a.PublicID == id }
	named := t.mentioned(mine)
	if len(named) > 0 && !slices.ContainsFunc(named, its) {
		return false, nil
	}
	at := slices.IndexFunc(mine, its)
	return at >= 0 && mine[at].State == request.Draft, nil
}

// recall asks whether an old draft is still wanted. What was said is not lost: it is
// gone on with, or begun with.
func (t talk) recall(d *open, in dialogue.Input) error {
	if in.Intent != "" && in.Intent != d.Name {
		return t.interrupt(d, in.Intent, in.Wish)
	}
	d.Said = in.Wish
	return t.offerDraft(d, "上次的"+d.title+"还没办完，要接着来吗？")
}

// offerDraft asks whether to go on with a dialogue, and keeps it fresh meanwhile.
func (t talk) offerDraft(d *open, question string) error {
	if err := t.settleTalk("请看下一条"); err != nil {
		return err
	}
	d.Paused = true
	if err := t.save(d.drafts); err != nil {
		return err
	}
	r := dialogue.Reply{Text: question, Buttons: []dialogue.Button{
		{Key: goOnKey, Label: "接着来"}, {Key: anewKey, Label: "重新开始"}, {Key: dialogue.Cancel.Key(), Label: "不用了"},
	}}
	return t.ask(d, r)
}

// Buttons of the question whether to go on.
const (
	goOnKey = "!again"
	anewKey = "!anew"
)

// interrupt does what is wanted instead. A dialogue that begins sets this one aside;
// after anything else this one is offered at once.
func (t talk) interrupt(d *open, intent string, w dialogue.Wish) error {
	if err := t.save(d.drafts); err != nil {
		return err
	}
	if err := t.start(intent, w); err != nil {
		return err
	}
	if intent == intentTakeBack { // which asks first, and may leave nothing to go on with
		return nil
	}
	now, err := t.openDialogue()
	if err != nil || now == nil || now.Name != d.Name || now.Seq != d.Seq {
		return err
	}
	return t.offerDraft(now, "刚才的"+d.title+"还没办完，接着来吗？")
}

// step runs the engine and does what it says.
func (t talk) step(d *open, in dialogue.Input) error {
	if d.asks != nil {
		more, err := d.asks(t)
		if err != nil {
			return err
		}
		d.Steps, d.asks = slices.Insert(slices.Clone(d.Steps), 1, more...), nil
	}
	st := d.State
	if d.hear != nil {
		st.Answers = maps.Clone(st.Answers)
		d.hear(t, &st, &in)
	}
	if d.read != nil {
		d.read(d.Step, &in)
	}
	res, err := dialogue.Step(d.Script, st, in, d.host(t))
	if err != nil {
		return err
	}
	if d.heard != nil {
		if err := d.heard(t, d.Answers, res.State.Answers); err != nil {
			return err
		}
	}
	if d.keep != nil && !res.Done && !res.Cancelled && res.Interrupted == "" {
		if res, err = t.keepStep(d, res); err != nil {
			return err
		}
	}
	return t.follow(d, res, in.Wish)
}

// keepStep keeps what a step changed. What is asked next may hang on it, so it is asked
// by the script as it is now.
func (t talk) keepStep(d *open, res dialogue.Result) (dialogue.Result, error) {
	changed, why, err := d.keep(t, d.State, res.State)
	if err != nil || !changed {
		return res, err
	}
	now, ok, err := t.script(d.Name)
	if err != nil || !ok {
		return res, err
	}
	d.script = now
	now.sync(&res.State)
	next, err := dialogue.Step(now.Script, res.State, dialogue.Input{}, now.host(t))
	if err != nil {
		return res, err
	}
	said := res.Say[:max(len(res.Say)-1, 0)] // the last one asks
	if why != "" {
		said = append(said, dialogue.Reply{Text: why})
	}
	next.Say = append(said, next.Say...)
	return next, nil
}

func (t talk) follow(d *open, res dialogue.Result, w dialogue.Wish) error {
	given := newAnswer(d, res.State)
	d.drafts = drafts{State: res.State, Aside: d.Aside}
	switch {
	case res.Done:
		return t.finish(d)
	case res.Cancelled:
		return t.end(d, "已取消", func() error { return t.sayAll(d, res.Say) })
	case res.Interrupted != "":
		return t.interrupt(d, res.Interrupted, w)
	case res.Instead != "":
		return t.replace(d, "请看下一条", func() error { return d.instead(t, res.Wish) })
	}
	if err := t.settleTalk(given); err != nil {
		return err
	}
	if err := t.save(d.drafts); err != nil {
		return err
	}
	return t.sayAll(d, res.Say)
}

// finish acts on a confirmed dialogue. A refusal that another answer would mend asks
// for it again; any other ends the dialogue with its sentence.
func (t talk) finish(d *open) error {
	err := t.try(func() error { return d.done(t, d.State) })
	var again *reopen
	switch {
	case err == nil:
		return t.end(d, "已提交", func() error { return nil })
	case errors.As(err, &again):
		res, err := dialogue.Reopen(d.Script, d.State, again.question, errs.MessageOf(again.err), d.host(t))
		if err != nil {
			return err
		}
		return t.follow(d, res, dialogue.Wish{})
	case errs.KindOf(err) == errs.Internal:
		return err
	}
	return t.end(d, "没有提交", func() error { return t.say(errs.MessageOf(err)) })
}

// end closes the dialogue, says what came of it, and offers the one it interrupted.
func (t talk) end(d *open, how string, say func() error) error {
	if err := t.settleTalk(how); err != nil {
		return err
	}
	if err := t.drop(); err != nil {
		return err
	}
	if err := say(); err != nil {
		return err
	}
	if !d.resume() {
		return nil
	}
	if err := t.save(d.drafts); err != nil {
		return err
	}
	next, err := t.openDialogue()
	if err != nil || next == nil {
		return err
	}
	return t.offerDraft(next, "刚才的"+next.title+"还没办完，接着来吗？")
}

// reopen is a refusal that another answer to the question would mend.
type reopen struct {
	question string
	err      error
}

func (r *reopen) Error() string { return "reopen " + r.question + ": " + r.err.Error() }
func (r *reopen) Unwrap() error { return r.err }

// sayAll sends the engine's replies: words as text, the last question as a card.
func (t talk) sayAll(d *open, say []dialogue.Reply) error {
	for _, r := range say {
		if len(r.Options) == 0 && len(r.Buttons) == 0 && !r.Page {
			if err := t.say(r.Text); err != nil {
				return err
			}
			continue
		}
		if err := t.ask(d, r); err != nil {
			return err
		}
	}
	return nil
}

// asked is a question on its way: what its card is made of.
type asked struct {
	led
	Seq   int            `json:"seq"`
	Page  card.Page      `json:"page"`
	Reply dialogue.Reply `json:"reply"`
}

// onPage tells whether the question asked last is answered on a page.
func (d *open) onPage() bool {
	return slices.ContainsFunc(d.Steps, func(q dialogue.Question) bool { return q.Name == d.Step && q.Kind == dialogue.Page })
}

func (t talk) ask(d *open, r dialogue.Reply) error {
	page := d.home
	if d.onPage() {
		page = d.page
	}
	if long := inFull(r.Rows); long != "" && len(r.Options) == 0 {
		if err := t.say(long); err != nil {
			return err
		}
		r.Rows = nil
	}
	return t.show(kindQuestion, t.subject(), asked{led: t.lead(r.Text), Seq: d.Seq, Page: page, Reply: r})
}

// inFull writes out a read-back that a card would cut short, "" if it has room for it.
func inFull(rows []dialogue.Row) string {
	const key, value = 5, 30
	cut := len(rows) > wecom.MaxCardRows
	lines := make([]string, len(rows))
	for i, r := range rows {
		cut = cut || utf8.RuneCountInString(r.Label) > key || utf8.RuneCountInString(r.Value) > value
		lines[i] = r.Label + "：" + r.Value
	}
	if !cut {
		return ""
	}
	return strings.Join(lines, "\n")
}

// settleTalk greys the person's earlier question out.
func (t talk) settleTalk(answer string) error {
	return outbox.Settle(t.ctx, t.tx, t.subject(), kindAnswered, answered{Answer: answer})
}

type answered struct {
	Answer string `json:"answer"`
}

// newAnswer is what the greyed card shows: the answer to its question, else another one
// that was just given.
func newAnswer(d *open, now dialogue.State) string {
	last := "请看下一条"
	if d.Step == "" { // it begins: what was asked before is another matter
		return last
	}
	for _, q := range d.Steps {
		a, ok := now.Answers[q.Name]
		if ok && q.Kind == dialogue.Page && d.Step == q.Name {
			return onPage(q, a)
		}
		if a.Label == "" || a.Label == d.Answers[q.Name].Label {
			continue
		}
		last = "已选：" + a.Label
		if d.Step == q.Name {
			return last
		}
	}
	return last
}

// onPage is what the greyed card of a page's question shows.
func onPage(q dialogue.Question, a dialogue.Answer) string {
	switch {
	case q.Label == "":
		return "已读完"
	case a.Value == "":
		return "已跳过"
	}
	return "已填好"
}

func (t talk) subject() string { return "talk/" + strconv.FormatInt(int64(t.who.ID), 10) }

// pressTalk is a button of a question.
func (t talk) pressTalk(parts []string) error {
	d, err := t.openDialogue()
	if err != nil {
		return err
	}
	if d == nil {
		return t.say("这一步已经过去了，不用再按。想知道现在到哪一步，写“我的预约”或“我的申请”；想重新开始，把想办的事再写一次。")
	}
	p := card.Press(parts, t.cb.Selected)
	switch {
	case p.Key == goOnKey && d.Paused:
		return t.step(d, dialogue.Input{Wish: d.Said})
	case p.Key == anewKey && d.Paused:
		return t.anew(d)
	}
	return t.goOn(d, dialogue.Input{Press: &p})
}

// Answered puts what a page answered into the person's dialogue, if one of the scripts
// is under way and waits for it, and asks the next question in chat. A page calls it in
// the transaction that writes the answer.
func (b *Bot) Answered(ctx context.Context, tx *store.Tx, who identity.Person, question string, a dialogue.Answer, scripts ...string) error {
	t := talk{Bot: b, ctx: ctx, tx: tx, who: who, told: &told{}}
	d, err := t.openDialogue()
	if err != nil || d == nil || !slices.Contains(scripts, d.Name) {
		return err
	}
	if _, done := d.Answers[question]; done {
		return nil
	}
	d.Answers = maps.Clone(d.Answers)
	if d.Answers == nil {
		d.Answers = map[string]dialogue.Answer{}
	}
	d.Answers[question] = a
	if err := t.step(d, dialogue.Input{}); err != nil {
		return err
	}
	return t.sendTold()
}

// anew begins the dialogue again, with what was said last.
func (t talk) anew(d *open) error {
	return t.replace(d, "重新开始", func() error { return t.start(d.Name, d.Said) })
}

// replace ends a dialogue for what begins in its place.
func (t talk) replace(d *open, how string, begin func() error) error {
	if err := t.settleTalk(how); err != nil {
		return err
	}
	if err := t.drop(); err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	now, err := t.openDialogue()
	if err != nil || len(d.Aside) == 0 {
		return err
	}
	if now == nil { // what was set aside waits on
		d.resume()
		return t.save(d.drafts)
	}
	now.Aside = d.Aside
	return t.save(now.drafts)
}

func (t talk) save(d drafts) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("write dialogue: %w", err)
	}
	if err := upsertDialogue(t.ctx, t.tx, t.who.ID, d, b); err != nil {
		return fmt.Errorf("save dialogue: %w", err)
	}
	return nil
}

func (t talk) drop() error {
	if err := deleteDialogue(t.ctx, t.tx, t.who.ID); err != nil {
		return fmt.Errorf("drop dialogue: %w", err)
	}
	return nil
}
