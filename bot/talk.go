package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// script is a dialogue the bot can hold: its questions, what they are answered
// from, and what happens when everything is answered.
type script struct {
	dialogue.Script
	page card.Page // where chat hands over what it cannot ask
	host func(t talk) dialogue.Host
	done func(t talk, st dialogue.State) error
}

// scripts is every dialogue there is, by name.
func (t talk) scripts() map[string]script {
	return map[string]script{intentBook: bookScript()}
}

// stale is the age at which a draft is offered instead of silently gone on with.
const stale = 30 * time.Minute

// open is a dialogue under way.
type open struct {
	script
	state dialogue.State
	age   time.Duration
}

// openDialogue returns the person's dialogue, nil if there is none. A draft of a
// script that no longer exists is dropped.
func (t talk) openDialogue() (*open, error) {
	st, at, err := selectDialogue(t.ctx, t.tx, t.who.ID)
	if store.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load dialogue: %w", err)
	}
	s, ok := t.scripts()[st.Script]
	if !ok {
		return nil, t.drop()
	}
	return &open{script: s, state: st, age: t.tx.Now().Sub(at)}, nil
}

// begin starts a dialogue, with what the first sentence said already.
func (t talk) begin(s script, st dialogue.State, m understand.Meaning) error {
	in := input("", m)
	in.Intent, in.Word, in.Choice = "", "", 0
	return t.step(&open{script: s, state: st}, in)
}

// goOn hands an input to the open dialogue.
func (t talk) goOn(d *open, in dialogue.Input) error {
	if in.Intent == d.state.Script {
		in.Intent = ""
	}
	if d.age > stale && in.Press == nil {
		return t.resume(d, in)
	}
	return t.step(d, in)
}

// resume asks whether an old draft is still wanted.
func (t talk) resume(d *open, in dialogue.Input) error {
	switch {
	case in.Word == dialogue.Cancel:
		return t.step(d, in)
	case in.Intent != "":
		if err := t.drop(); err != nil {
			return err
		}
		return t.start(in.Intent, understand.Meaning{})
	}
	if err := t.settleTalk("请看下一条"); err != nil {
		return err
	}
	if err := t.save(d.state); err != nil { // fresh again, so that the next word goes on with it
		return err
	}
	r := dialogue.Reply{Text: "上次的预约还没填完，要接着来吗？", Buttons: []dialogue.Button{
		{Key: "!again", Label: "接着来"}, {Key: dialogue.Cancel.Key(), Label: "不用了"},
	}}
	return t.ask(d, r)
}

// step runs the engine and does what it says.
func (t talk) step(d *open, in dialogue.Input) error {
	res, err := dialogue.Step(d.Script, d.state, in, d.host(t))
	if err != nil {
		return err
	}
	return t.follow(d, res)
}

func (t talk) follow(d *open, res dialogue.Result) error {
	given := newAnswer(d, res.State)
	d.state = res.State
	switch {
	case res.Done:
		return t.finish(d)
	case res.Cancelled:
		if err := t.settleTalk("已取消"); err != nil {
			return err
		}
		if err := t.drop(); err != nil {
			return err
		}
		return t.sayAll(d, res.Say)
	case res.Interrupted != "":
		if err := t.save(d.state); err != nil {
			return err
		}
		return t.start(res.Interrupted, understand.Meaning{})
	}
	if err := t.settleTalk(given); err != nil {
		return err
	}
	if err := t.save(d.state); err != nil {
		return err
	}
	return t.sayAll(d, res.Say)
}

// finish acts on a confirmed dialogue. A refusal that another answer would mend asks
// for it again; any other ends the dialogue with its sentence.
func (t talk) finish(d *open) error {
	err := t.tx.Try(t.ctx, func() error { return d.done(t, d.state) })
	var again *reopen
	switch {
	case err == nil:
		if err := t.settleTalk("已提交"); err != nil {
			return err
		}
		return t.drop()
	case errors.As(err, &again):
		res, err := dialogue.Reopen(d.Script, d.state, again.question, errs.MessageOf(again.err), d.host(t))
		if err != nil {
			return err
		}
		return t.follow(d, res)
	case errs.KindOf(err) == errs.Internal:
		return err
	}
	if derr := t.settleTalk("没有提交"); derr != nil {
		return derr
	}
	if derr := t.drop(); derr != nil {
		return derr
	}
	return t.say(errs.MessageOf(err))
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
	Seq   int            `json:"seq"`
	Page  card.Page      `json:"page"`
	Reply dialogue.Reply `json:"reply"`
}

func (t talk) ask(d *open, r dialogue.Reply) error {
	return t.show(kindQuestion, t.subject(), asked{Seq: d.state.Seq, Page: d.page, Reply: r})
}

// settleTalk greys the person's earlier question out.
func (t talk) settleTalk(answer string) error {
	return outbox.Settle(t.ctx, t.tx, t.subject(), kindAnswered, answered{Answer: answer})
}

type answered struct {
	Answer string `json:"answer"`
}

// newAnswer is what the greyed card shows: the answer just given, if one was.
func newAnswer(d *open, now dialogue.State) string {
	last := "请看下一条"
	for _, q := range d.Steps {
		switch a, ok := now.Answers[q.Name]; {
		case ok && q.Kind == dialogue.Page && d.state.Step == q.Name:
			last = "已读完"
		case a.Label != "" && a.Label != d.state.Answers[q.Name].Label:
			last = "已选：" + a.Label
		}
	}
	return last
}

func (t talk) subject() string { return "talk/" + strconv.FormatInt(int64(t.who.ID), 10) }

// pressTalk is a button of a question.
func (t talk) pressTalk(parts []string) error {
	d, err := t.openDialogue()
	if err != nil {
		return err
	}
	if d == nil {
		return t.say("这一步已经过去了，不用再按。想知道现在到哪一步，写“我的预约”；想重新开始，写“我想预约”。")
	}
	p := card.Press(parts, t.cb.Selected)
	if p.Key == "!again" {
		return t.step(d, dialogue.Input{})
	}
	return t.goOn(d, dialogue.Input{Press: &p})
}

func (t talk) save(st dialogue.State) error {
	b, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("write dialogue: %w", err)
	}
	if err := upsertDialogue(t.ctx, t.tx, t.who.ID, st, b); err != nil {
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
