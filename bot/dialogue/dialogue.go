package dialogue

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// State is a dialogue so far; it is the draft, and travels as JSON. The zero State
// begins a dialogue. A page that answers a question puts it into Answers.
type State struct {
	Script  string            `json:"script"`
	Version int               `json:"version"`
	Step    string            `json:"step"` // the question asked last
	Answers map[string]Answer `json:"answers,omitempty"`
	Offered []string          `json:"offered,omitempty"` // option keys, as numbered in the last reply
	Few     bool              `json:"few,omitempty"`     // Offered is all that fitted, not a page of all there is
	Turned  int               `json:"turned,omitempty"`  // options passed over by 更多
	Missed  int               `json:"missed,omitempty"`  // inputs in a row that were not understood
	Picked  []string          `json:"picked,omitempty"`  // option keys of a Many question so far
	Wish    Wish              `json:"wish,omitzero"`
	Vain    Wish              `json:"vain,omitzero"` // the times nothing was found for
	At      time.Time         `json:"at,omitzero"`   // the time chosen or named last: 周四 is of its week
	Seq     int               `json:"seq"`           // one more after every Step
}

// Wish is what sentences named for questions that are not answered yet.
type Wish struct {
	Names    map[string][]string `json:"names,omitempty"`     // by question, option keys
	NotNames map[string][]string `json:"not_names,omitempty"` // by question, option keys turned down
	Times    []When              `json:"times,omitempty"`     // for Time questions
	Hours    []When              `json:"hours,omitempty"`     // hours of any day; with Times, both must fit
	NotTimes []When              `json:"not_times,omitempty"`
	Soonest  bool                `json:"soonest,omitempty"` // 尽快: the earliest that fits
	Shift    time.Duration       `json:"shift,omitempty"`   // 晚一个小时: from State.At, in place of Times
}

// shifted is the wish with the time it means for one of at.
func (w Wish) shifted(at time.Time) Wish {
	if w.Shift != 0 && !at.IsZero() {
		at = at.Add(w.Shift)
		w.Times, w.Shift = []When{{From: at, To: at.Add(time.Minute)}}, 0
	}
	return w
}

// When is a time someone named: what starts in [From, To) fits, or that many days
// later or earlier when it repeats.
type When struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Every int       `json:"every,omitempty"` // days: 0 once, 1 daily, 7 weekly
	Past  bool      `json:"past,omitempty"`  // nothing of it is ahead
	Bare  bool      `json:"bare,omitempty"`  // a weekday without its week
}

// Word steers the dialogue whatever is asked.
type Word string

// The words.
const (
	Yes    Word = "yes"
	No     Word = "no"
	Back   Word = "back"
	Cancel Word = "cancel"
	Help   Word = "help"
	More   Word = "more"
	Any    Word = "any"
	Skip   Word = "skip"
	Hello  Word = "hello" // somebody waits for a sign of life
	Thanks Word = "thanks"
	Keep   Word = "keep"  // nothing is to be changed
	Pause  Word = "pause" // somebody thinks first
	Left   Word = "left"  // somebody is weary of answering
)

// enough is the press that ends a Many question.
const enough Word = "enough"

// Key is the button key that says the word.
func (w Word) Key() string { return "!" + string(w) }

// AnyKey is the key and the answer of Question.Any.
const AnyKey = "!any"

// Input is one thing the student did. The zero Input asks the current question (again).
type Input struct {
	Text    string // as written
	Press   *Press // a button instead of text
	Word    Word
	Choice  int      // 第二个 is 2, the last is -1, 0 none
	Intent  string   // when the sentence certainly asks for a service; the script's own name is fine
	Whole   bool     // the sentence says little but the intent: it interrupts even where text is asked for
	Remarks []string // what is to be said about the sentence first: 日历上没有 2月30日。
	Wish             // what the sentence names
}

// Press is a button: the Seq of the State it was sent with (0 if unknown) and the key
// of an option, a question (修改 at the confirm question) or a Word.
type Press struct {
	Seq int
	Key string
}

// Result is the state after an input and what to say. At most one of Done, Cancelled,
// Interrupted and Instead is set; without them the last reply asks the current question.
type Result struct {
	State       State
	Say         []Reply
	Done        bool   // everything is answered and confirmed: act on State.Answers
	Cancelled   bool   // drop the draft
	Interrupted string // the intent wanted instead; keep the draft and offer to go on
	Instead     string // Question.Instead was taken: drop the draft and begin that intent
	Wish        Wish   // with Instead: what was wanted, Names by question
}

// Reply is one message.
type Reply struct {
	Text    string
	Rows    []Row    // the read-back
	Options []Option // numbered from 1 in this order
	Buttons []Button
	Page    bool // add the link to the page of this draft
}

// Row is a line of the read-back.
type Row struct{ Label, Value string }

// Button is a press that is not an option.
type Button struct{ Key, Label string }

// Step takes one input. State.Seq always grows by one; the given state is not changed.
// The error is the host's.
func Step(s Script, st State, in Input, host Host) (Result, error) {
	t := begin(s, st, in, host)
	if err := t.take(); err != nil {
		return Result{}, err
	}
	t.settle()
	return Result{t.state, t.say, t.done, t.cancelled, t.interrupted, t.left, t.leftWith}, nil
}

// Reopen takes an answer back because acting on it was refused (the time was just
// taken), says why and asks again. State.Seq grows by one.
func Reopen(s Script, st State, question, why string, host Host) (Result, error) {
	t := begin(s, st, Input{}, host)
	t.reopen(question)
	if at := st.At; !at.IsZero() {
		t.state.Vain.Times = []When{{From: at, To: at.Add(time.Minute)}}
	}
	t.tell(why)
	if err := t.ask(); err != nil {
		return Result{}, err
	}
	t.settle()
	return Result{State: t.state, Say: t.say}, nil
}

// turn is one Step on its way.
type turn struct {
	script Script
	state  State
	in     Input
	host   Host
	unseen bool // the current question has not been asked yet: the input cannot answer it
	stale  bool // a button of an earlier message

	shifted bool // the time named is one of State.At, which it does not replace unless it is chosen

	complaint       string // what is wrong with the text
	say             []Reply
	done, cancelled bool
	interrupted     string
	left            string // for Question.Instead,
	leftWith        Wish   // with this
}

// begin copies the state, so that the caller's stays as it was, and makes it fit the script.
func begin(s Script, st State, in Input, host Host) *turn {
	t := &turn{script: s, state: st, in: in, host: host}
	if p := in.Press; p != nil {
		t.stale = p.Seq != 0 && p.Seq != st.Seq
		if w, ok := strings.CutPrefix(p.Key, "!"); ok {
			t.in.Word, t.in.Press = Word(w), nil
		}
	}
	t.state.Answers = maps.Clone(st.Answers)
	if t.state.Answers == nil {
		t.state.Answers = map[string]Answer{}
	}
	t.state.Offered, t.state.Picked = slices.Clone(st.Offered), slices.Clone(st.Picked)
	t.state.Wish.Names, t.state.Wish.NotNames = maps.Clone(st.Wish.Names), maps.Clone(st.Wish.NotNames)
	t.state.Seq++
	t.shifted = in.Shift != 0
	t.in.Wish = in.shifted(st.At)
	switch {
	case st.Script != s.Name:
		t.state = State{Answers: map[string]Answer{}, Seq: t.state.Seq}
	case st.Version != s.Version:
		t.renew()
	}
	t.state.Script, t.state.Version = s.Name, s.Version
	t.unseen = t.state.Step == "" || t.state.Step != t.current().Name
	return t
}

// settle names the question asked and drops answers that no longer belong.
func (t *turn) settle() {
	t.state.Step = t.current().Name
	if !t.done {
		return
	}
	for _, q := range t.script.Steps {
		if !q.asked(t.state.Answers) {
			delete(t.state.Answers, q.Name)
		}
	}
}

// renew takes a draft of another version over: notices are to be read again, and
// answers to questions that are gone are dropped.
func (t *turn) renew() {
	for name := range t.state.Answers {
		i := slices.IndexFunc(t.script.Steps, func(q Question) bool { return q.Name == name })
		if i < 0 || t.script.Steps[i].Kind == Notice {
			delete(t.state.Answers, name)
		}
	}
	t.state.Step = ""
	t.forget()
	t.tell("办理的内容有更新，已经填的都还在。")
}

// current is the first question without an answer; the zero Question when there is none.
func (t *turn) current() Question {
	for _, q := range t.script.Steps {
		if _, answered := t.state.Answers[q.Name]; q.asked(t.state.Answers) && (!answered || q.Kind == Confirm) {
			return q
		}
	}
	return Question{}
}

// take tells the story of one input.
func (t *turn) take() error {
	q := t.current()
	for _, r := range t.in.Remarks {
		t.tell(r)
	}
	switch {
	case t.in.Word == Cancel && !t.stale:
		t.cancelled = true
		t.tell(cmp.Or(t.script.Cancelled, "好的，这次不办了，没有提交任何内容。需要时随时再说。"))
		return nil
	case t.stale:
		t.tell("这是前面一步的按钮，现在到这里了。")
		return t.ask()
	case t.in.Word == Back:
		return t.back(q)
	case t.in.Word == Help:
		t.help(q)
		return t.ask()
	case t.in.Word == Hello:
		t.tell("在的，接着往下办。")
		return t.ask()
	case t.in.Word == Thanks:
		t.tell("不客气，还差下面这一步。")
		return t.ask()
	case t.in.Word == Keep:
		t.tell("好的，这里先不改。")
		return t.ask()
	case t.in.Word == Pause:
		t.tell("不急，选好的都留着，想好了接着回就行。")
		return t.ask()
	case t.in.Word == Left:
		t.tell(t.remaining())
		return t.ask()
	}
	if t.leaves(q) {
		return nil
	}
	understood, err := t.answer(q)
	if err != nil || t.interrupted != "" {
		return err
	}
	if !understood {
		t.miss(q)
		return t.ask()
	}
	t.state.Missed = 0
	if t.done {
		return nil
	}
	return t.ask()
}

// back takes the answer before q away.
func (t *turn) back(q Question) error {
	var before string
	for _, p := range t.script.Steps {
		if p.Name == q.Name {
			break
		}
		if p.asked(t.state.Answers) && !p.Fixed {
			before = p.Name
		}
	}
	if before == "" {
		t.tell("这已经是第一步了。不想办了可以回“取消”。")
		return t.ask()
	}
	t.reopen(before)
	return t.ask()
}

// reopen makes name the current question again.
func (t *turn) reopen(name string) {
	delete(t.state.Answers, name)
	t.state.Wish = Wish{}
	t.forget()
}

// forget drops what belongs to the question asked last.
func (t *turn) forget() {
	t.state.Offered, t.state.Few, t.state.Turned, t.state.Missed, t.state.Picked = nil, false, 0, 0, nil
	t.state.Vain = Wish{}
}
