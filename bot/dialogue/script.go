package dialogue

import (
	"fmt"
	"slices"
	"time"
)

// Script is what a service asks for, in order. It is data and never changes while in use.
type Script struct {
	Name    string // also the intent that starts it
	Version int    // of the texts and questions; a draft of another version asks what changed
	Steps   []Question

	Cancelled string // what 取消 is answered with; "" says that nothing was submitted
}

// Kind is how a question is answered.
type Kind string

// The kinds.
const (
	Notice  Kind = "notice"  // read and agree
	Choice  Kind = "choice"  // one of the options
	Many    Kind = "many"    // some of the options, Min to Max of them; the value is their keys, joined by commas
	Time    Kind = "time"    // one of the options, each at a time
	Text    Kind = "text"    // a line, Min to Max characters (100)
	Long    Kind = "long"    // a paragraph, Min to Max characters (500)
	Number  Kind = "number"  // a whole number from Min to Max
	Money   Kind = "money"   // the value is in fen, from Min to Max
	Date    Kind = "date"    // the value is 2006-01-02
	Period  Kind = "period"  // the value is 2006-01-02/2006-01-05, both days included
	Attest  Kind = "attest"  // the value is yes or no
	Page    Kind = "page"    // what chat cannot ask (a photo, a file, rows, a region): the page puts the answer into the draft
	Confirm Kind = "confirm" // reads everything back; yes ends the dialogue
)

// kinds are all there are.
func kinds() []Kind {
	return []Kind{Notice, Choice, Many, Time, Text, Long, Number, Money, Date, Period, Attest, Page, Confirm}
}

// Question is one step of a script.
type Question struct {
	Name     string
	Kind     Kind
	Label    string     // two to four characters, beside the answer in the read-back; "" leaves it out
	Prompt   string     // {name} stands for the answer to that question
	Help     string     // what 帮助 says; "" says how this kind is answered
	Empty    string     // what is said when there are no options
	Any      string     // of a choice: also offer not to choose, under this label; answers AnyKey
	Optional bool       // may be skipped; answers ""
	Fixed    bool       // once answered, by the host or by a page, it stays: read back, never changed
	Final    bool       // of a choice whose options say everything: pressing one of them confirms too
	Min, Max int        // of what is answered, by kind; Max 0 is the kind's own, or none
	Done     string     // of a Page: its button, "" is 填好了
	Unit     string     // of a Number, read back behind it: 门, 小时
	If       *Condition // asked only when it holds
	Instead  Instead    // of a choice: what is offered where nothing fits; zero for nothing
}

// Condition holds when an earlier question was answered with one of the values.
type Condition struct {
	Name string
	In   []string
}

// Option is one thing to choose.
type Option struct {
	Key      string    // unique in its question; does not begin with "!"
	Label    string    // what is read, and what may be written instead of a number
	Short    string    // the label where there is little room, as on a button; "" is the label
	Detail   string    // one more line
	Read     string    // how it is read back; "" is as the label
	Words    []string  // other ways to write the label
	Disabled string    // why it cannot be chosen now, as a sentence; "" when it can
	At       time.Time // when it starts; needed in Time questions
}

// Words of an Attest's answer.
const (
	attested = "是"
	denied   = "否"
)

// Answer is what was answered: the value for the machine, the label for the read-back.
type Answer struct {
	Value string   `json:"value"`
	Label string   `json:"label,omitempty"`
	Not   []string `json:"not,omitempty"` // of AnyKey: the options it is not
}

// Host brings what only the caller knows. It is called inside Step, with the answers so
// far, which it must not change. An error ends the Step and comes back from it, except
// an errs.Invalid from Check, whose sentence the student reads. A nil function is one
// that has nothing to say.
type Host struct {
	// Options returns the options of a Choice, Many or Time question, best or earliest first.
	Options func(question string, answers map[string]Answer) ([]Option, error)
	// Check takes or refuses what was answered at any question that is typed. value is what
	// the engine made of it, in the form of the question's kind.
	Check func(question, value string, answers map[string]Answer) (Answer, error)
	// Away says why nothing can be chosen at a time somebody named: it is over, not open
	// yet, a holiday. "" leaves it to the engine. Without hope nothing will ever be free
	// then, and Instead is not offered.
	Away func(question string, w When, answers map[string]Answer) (why string, hope bool, err error)
}

// Validate returns an error naming the first question that cannot work.
func (s Script) Validate() error {
	if s.Name == "" || len(s.Steps) == 0 {
		return fmt.Errorf("script %q has no name or no steps", s.Name)
	}
	var names []string
	for i, q := range s.Steps {
		switch {
		case q.Name == "" || slices.Contains(names, q.Name):
			return fmt.Errorf("script %s: step %d: name %q is empty or taken", s.Name, i+1, q.Name)
		case !slices.Contains(kinds(), q.Kind):
			return fmt.Errorf("script %s: step %s: unknown kind %q", s.Name, q.Name, q.Kind)
		case q.Prompt == "":
			return fmt.Errorf("script %s: step %s: no prompt", s.Name, q.Name)
		case q.If != nil && !slices.Contains(names, q.If.Name):
			return fmt.Errorf("script %s: step %s: asked if %q, which is not an earlier step", s.Name, q.Name, q.If.Name)
		case q.Instead.Intent != "" && !q.chosen():
			return fmt.Errorf("script %s: step %s: only of a choice nothing fits", s.Name, q.Name)
		case q.Final && !q.chosen():
			return fmt.Errorf("script %s: step %s: only a choice can be final", s.Name, q.Name)
		case q.Max != 0 && q.Min > q.Max:
			return fmt.Errorf("script %s: step %s: at least %d and at most %d", s.Name, q.Name, q.Min, q.Max)
		case (q.Kind == Confirm) != (i == len(s.Steps)-1):
			return fmt.Errorf("script %s: step %s: the last step, and only it, confirms", s.Name, q.Name)
		}
		names = append(names, q.Name)
	}
	return nil
}

// asked reports whether the question belongs to this dialogue.
func (q Question) asked(answers map[string]Answer) bool {
	return q.If == nil || slices.Contains(q.If.In, answers[q.If.Name].Value)
}

// chosen reports whether one of the options answers the question.
func (q Question) chosen() bool { return q.Kind == Choice || q.Kind == Time }

// typed reports whether words answer the question, whatever they say.
func (q Question) typed() bool { return q.Kind == Text || q.Kind == Long }
