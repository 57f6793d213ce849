package dialogue

import (
	"regexp"
	"slices"
	"strings"
)

// correction is how a sentence begins, or goes on, that changes an answer.
var correction = regexp.MustCompile(`^(不对|不是|错了|选错|写错|填错|改|换|应该|我要改|要改)|改成|改为|换成|应该是`)

// replacement parts what is changed from what it becomes: 发证单位改成教育部.
var replacement = regexp.MustCompile(`(改成|改为|换成|应该是)[:：，, ]*(.+)$`)

// corrects takes what is said at the read-back for what it changes: 不对，升学 names
// another option of an answered choice, 发证单位改成教育部 a question and its new answer. A
// question that is only named is asked again.
func (t *turn) corrects() (bool, error) {
	if strings.TrimSpace(t.in.Text) == "" {
		return false, nil
	}
	named := t.labelled()
	for _, q := range t.script.Steps {
		if q.Kind != Choice || !t.stands(q) || named.Name != "" && named.Name != q.Name {
			continue
		}
		o, err := t.otherOption(q)
		if err != nil {
			return false, err
		}
		if o.Key != "" {
			t.choose(q, o)
			return true, nil
		}
	}
	if named.Name == "" {
		return false, nil
	}
	t.reopen(named.Name)
	becomes := replacement.FindStringSubmatch(t.in.Text)
	if becomes == nil || !named.typed() && named.Kind != Number && named.Kind != Money {
		return true, nil
	}
	t.in = Input{Text: becomes[2]}
	if named.typed() {
		return t.answerText(named)
	}
	return t.answerValue(named)
}

// labelled is the question of the read-back that the sentence names; of 原因 and 其他原因
// the longer.
func (t *turn) labelled() (named Question) {
	for _, q := range t.script.Steps {
		if t.stands(q) && strings.Contains(t.in.Text, q.Label) && len(q.Label) > len(named.Label) {
			named = q
		}
	}
	return named
}

// stands reports whether the answer to q is read back and may be changed.
func (t *turn) stands(q Question) bool {
	_, answered := t.state.Answers[q.Name]
	return answered && q.read(t.state.Answers) && !q.Fixed
}

// otherOption is the one option of q the sentence asks for that is not the answer; the
// zero Option if there is none, or more than one. A sentence that does not say that
// something is to change must be the option and nothing else.
func (t *turn) otherOption(q Question) (Option, error) {
	options, err := t.options(q)
	if err != nil {
		return Option{}, err
	}
	written, changes := plain(t.in.Text), correction.MatchString(t.in.Text)
	match := slices.DeleteFunc(options, func(o Option) bool {
		return o.Key == t.state.Answers[q.Name].Value || !slices.ContainsFunc(o.written(), func(w string) bool {
			return w != "" && (w == written || changes && strings.Contains(written, w))
		})
	})
	if len(match) != 1 {
		return Option{}, nil
	}
	return match[0], nil
}
