package dialogue

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// options returns the options of q with the choice not to choose.
func (t *turn) options(q Question) ([]Option, error) {
	if t.host.Options == nil {
		return nil, nil
	}
	options, err := t.host.Options(q.Name, t.state.Answers)
	if err == nil && q.Any != "" {
		options = append(slices.Clip(options), Option{Key: AnyKey, Label: q.Any})
	}
	return options, err
}

// answerChoice takes a press, a number or the exact label; 更多 turns over.
func (t *turn) answerChoice(q Question) (bool, error) {
	key := t.picked()
	switch {
	case t.in.Word == More:
		t.turn(q)
		return true, nil
	case key == "" && strings.TrimSpace(t.in.Text) == "":
		return false, nil
	}
	options, err := t.options(q)
	if err != nil {
		return false, err
	}
	written := plain(t.in.Text)
	for _, o := range options {
		if o.Key == key || key == "" && slices.ContainsFunc(o.written(), func(w string) bool { return w == written }) {
			t.choose(q, o)
			return true, nil
		}
	}
	if t.in.Press != nil {
		t.tell("这个选项已经不在了，看看现在有的。")
		return true, nil
	}
	return false, nil
}

// turn shows the next options; after few that fitted, all there are.
func (t *turn) turn(q Question) {
	if t.state.Few {
		t.granted(q)
		t.state.Few, t.state.Turned = false, 0
		return
	}
	t.state.Turned += maxOffered
}

// choose answers q with o, or says why o cannot be chosen.
func (t *turn) choose(q Question, o Option) {
	if o.Disabled != "" {
		t.tell(o.Disabled)
		return
	}
	t.set(q, Answer{Value: o.Key, Label: o.Label})
	t.granted(q)
}

// granted drops the wish for q.
func (t *turn) granted(q Question) {
	if q.Kind == Time {
		t.state.Wish.Times, t.state.Wish.Soonest = nil, false
	} else {
		delete(t.state.Wish.Names, q.Name)
	}
}

// narrow offers the options that what was written is a part of, or that are part of it.
func (t *turn) narrow(q Question) (bool, error) {
	written := plain(t.in.Text)
	if len([]rune(written)) < 2 {
		return false, nil
	}
	options, err := t.options(q)
	if err != nil {
		return false, err
	}
	match := slices.DeleteFunc(options, func(o Option) bool {
		return !slices.ContainsFunc(o.written(), func(w string) bool {
			return w != "" && (strings.Contains(w, written) || strings.Contains(written, w))
		})
	})
	switch len(match) {
	case 0:
		return false, nil
	case 1:
		t.choose(q, match[0])
	default:
		t.state.Offered, t.state.Few = keys(match), true
	}
	return true, nil
}

// written returns the ways to write o, made comparable.
func (o Option) written() []string {
	all := []string{plain(o.Label)}
	for _, w := range o.Words {
		all = append(all, plain(w))
	}
	return all
}

// plain drops what does not matter in a label.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// wish remembers what the input names; it reports whether any question is about that.
func (t *turn) wish() bool {
	w, in := &t.state.Wish, t.in.Wish
	w.Names = merge(w.Names, in.Names)
	w.NotNames = merge(w.NotNames, in.NotNames)
	if len(in.Times) > 0 {
		w.Times = in.Times
	}
	w.NotTimes = slices.DeleteFunc(slices.Clone(w.NotTimes), func(not When) bool { // 周五吧, after 周五不行
		return slices.ContainsFunc(in.Times, func(x When) bool { return not.fits(x.From) })
	})
	w.NotTimes = append(w.NotTimes, in.NotTimes...)
	w.Soonest = w.Soonest || in.Soonest
	return slices.ContainsFunc(t.script.Steps, func(q Question) bool { return q.asked(t.state.Answers) && t.about(q) })
}

// merge adds what was named now to what was named before; the newer counts.
func merge(before, now map[string][]string) map[string][]string {
	if len(now) == 0 {
		return before
	}
	all := maps.Clone(now)
	for q, names := range before {
		if _, again := now[q]; !again {
			all[q] = names
		}
	}
	return all
}

// about reports whether this very input names something for q.
func (t *turn) about(q Question) bool { return t.names(t.in.Wish, q) }

// wishes reports whether anything named so far is for q.
func (t *turn) wishes(q Question) bool { return t.names(t.state.Wish, q) }

func (t *turn) names(w Wish, q Question) bool {
	switch q.Kind {
	case Time:
		return len(w.Times)+len(w.NotTimes) > 0 || w.Soonest || t.any(q)
	case Choice:
		return len(w.Names[q.Name])+len(w.NotNames[q.Name]) > 0 || t.any(q)
	}
	return false
}

// any reports whether 都可以 answers q: the question asked, or one that offers it.
func (t *turn) any(q Question) bool {
	_, answered := t.state.Answers[q.Name]
	return t.in.Word == Any && !answered && (q.Any != "" || q.Kind == Time && t.state.Step == q.Name)
}

// fill answers choices from the wish, in order, as far as exactly one option fits. An
// answer that stands changes only when it was named now. It reports whether an answer
// came, changed or went.
func (t *turn) fill(named bool) (changed bool, err error) {
	for _, q := range t.script.Steps {
		old, answered := t.state.Answers[q.Name]
		if !q.chosen() || !q.asked(t.state.Answers) || answered && (!named || !t.about(q)) {
			continue
		}
		if !t.wishes(q) {
			return changed, nil
		}
		options, err := t.options(q)
		if err != nil {
			return changed, err
		}
		match := t.fitting(q, options)
		switch {
		case answered && slices.Contains(keys(match), old.Value):
			continue
		case len(match) == 1:
			t.choose(q, match[0])
			changed = true
			if err := t.recheck(q); err != nil {
				return changed, err
			}
		case answered:
			delete(t.state.Answers, q.Name)
			return true, nil
		default:
			return changed, nil
		}
	}
	return changed, nil
}

// fitting returns the options that can be chosen and that the wish fits. When few were
// offered, what is named next is meant among those.
func (t *turn) fitting(q Question, options []Option) []Option {
	match := slices.DeleteFunc(slices.Clone(options), func(o Option) bool {
		return o.Disabled != "" || t.unwanted(q, o) || !t.wanted(q, o)
	})
	if t.state.Few && t.state.Step == q.Name {
		if few := among(match, t.state.Offered); len(few) > 0 {
			match = few
		}
	}
	if q.Kind == Time && (t.state.Wish.Soonest || t.any(q)) && len(match) > 1 {
		return []Option{slices.MinFunc(match, func(a, b Option) int { return a.At.Compare(b.At) })}
	}
	return match
}

// among returns the options with these keys.
func among(options []Option, keys []string) []Option {
	return slices.DeleteFunc(slices.Clone(options), func(o Option) bool { return !slices.Contains(keys, o.Key) })
}

func (t *turn) wanted(q Question, o Option) bool {
	w := t.state.Wish
	switch {
	case q.Kind == Time:
		return len(w.Times) == 0 || slices.ContainsFunc(w.Times, func(x When) bool { return x.fits(o.At) })
	case t.any(q):
		return o.Key == AnyKey
	}
	return len(w.Names[q.Name]) == 0 || slices.Contains(w.Names[q.Name], o.Key)
}

func (t *turn) unwanted(q Question, o Option) bool {
	w := t.state.Wish
	return slices.Contains(w.NotNames[q.Name], o.Key) ||
		q.Kind == Time && slices.ContainsFunc(w.NotTimes, func(x When) bool { return x.fits(o.At) })
}

// fits reports whether something that starts at at is meant.
func (w When) fits(at time.Time) bool {
	if w.Every <= 0 {
		return !at.Before(w.From) && at.Before(w.To)
	}
	period := time.Duration(w.Every) * 24 * time.Hour
	k := int(at.Sub(w.From) / period)
	for _, n := range []int{k - 1, k, k + 1} {
		from, to := w.From.AddDate(0, 0, n*w.Every), w.To.AddDate(0, 0, n*w.Every)
		if !at.Before(from) && at.Before(to) {
			return true
		}
	}
	return false
}

// recheck drops the later choices that the changed answer to q has made impossible. What
// is called the same (the same hour, of somebody else) takes the place of what is gone.
func (t *turn) recheck(q Question) error {
	after := false
	for _, later := range t.script.Steps {
		if later.Name == q.Name {
			after = true
			continue
		}
		a, answered := t.state.Answers[later.Name]
		if !after || !answered || !later.chosen() {
			continue
		}
		options, err := t.options(later)
		if err != nil {
			return err
		}
		options = slices.DeleteFunc(slices.Clone(options), func(o Option) bool { return o.Disabled != "" })
		if slices.Contains(keys(options), a.Value) {
			continue
		}
		if i := slices.IndexFunc(options, func(o Option) bool { return o.Label == a.Label }); i >= 0 {
			t.state.Answers[later.Name] = Answer{Value: options[i].Key, Label: a.Label}
			continue
		}
		delete(t.state.Answers, later.Name)
		t.tell("换过之后，“" + cmp.Or(a.Label, later.Label) + "”不能选了，请再选一次。")
	}
	return nil
}

func keys(options []Option) []string {
	k := make([]string, len(options))
	for i, o := range options {
		k[i] = o.Key
	}
	return k
}
