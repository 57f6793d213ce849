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
		options = append(slices.Clip(options), t.anyOf(q, options))
	}
	return options, err
}

// anyOf is the choice not to choose, which keeps what was turned down: 除了许老师，都可以.
func (t *turn) anyOf(q Question, options []Option) Option {
	o := Option{Key: AnyKey, Label: q.Any}
	var but []string
	for _, other := range options {
		if t.unwanted(q, other) {
			but = append(but, other.Label)
		}
	}
	if len(but) > 0 {
		o.Read = "除了" + strings.Join(but, "、") + "，" + q.Any
	}
	return o
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
	match := slices.DeleteFunc(slices.Clone(options), func(o Option) bool {
		return o.Key != key && (key != "" || !slices.Contains(o.written(), written))
	})
	if len(match) == 1 {
		t.choose(q, match[0])
		t.done = q.Final && t.in.Press != nil && t.current().Kind == Confirm
		return true, nil
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
	if !o.At.IsZero() {
		t.state.At = o.At
	}
	a := Answer{Value: o.Key, Label: cmp.Or(o.Read, o.Label)}
	if o.Key == AnyKey {
		a.Not = t.state.Wish.NotNames[q.Name]
	}
	t.set(q, a)
	t.granted(q)
}

// granted drops the wish for q.
func (t *turn) granted(q Question) {
	if q.Kind == Time {
		t.state.Wish.Times, t.state.Wish.Hours, t.state.Wish.Soonest = nil, nil, false
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
	w.NotNames = turnedDown(w.NotNames, in)
	t.times(in.Times)
	w.NotTimes = slices.DeleteFunc(slices.Clone(w.NotTimes), func(not When) bool { // 周五吧, after 周五不行
		return slices.ContainsFunc(in.Times, func(x When) bool { return not.fits(x.From) })
	})
	w.NotTimes = append(w.NotTimes, in.NotTimes...)
	w.Soonest = w.Soonest || in.Soonest
	return slices.ContainsFunc(t.script.Steps, func(q Question) bool { return q.asked(t.state.Answers) && t.about(q) })
}

// times puts times named now beside those named before: 三点 after 下周三 is an hour of
// that day, 周四 after 下周三 is of that week and keeps the hour.
func (t *turn) times(now []When) {
	if len(now) == 0 {
		return
	}
	w := &t.state.Wish
	now = slices.Clone(now)
	for i := range now {
		now[i] = now[i].inWeekOf(t.state.At)
	}
	switch {
	case all(now, When.anyDay):
		w.Hours, w.Times = now, slices.Clone(w.Times)
		for i, x := range w.Times { // 周三上午, then 三点: the later word counts
			if !slices.ContainsFunc(now, x.holds) {
				w.Times[i] = x.wholeDays()
			}
		}
		return
	case !all(now, When.days):
		w.Hours = nil
	}
	w.Times = now
	if !t.shifted {
		t.state.At = now[0].From
	}
}

func all(list []When, is func(When) bool) bool {
	return !slices.ContainsFunc(list, func(w When) bool { return !is(w) })
}

func (w When) anyDay() bool { return w.Every == 1 }

func (w When) days() bool { return w.Every != 1 && w.To.Sub(w.From) >= 23*time.Hour }

// holds reports whether hours of any day can lie in w.
func (w When) holds(hours When) bool {
	return w.days() || hours.fits(w.From) || w.fits(on(w.From, hours.From))
}

// on is the clock of at on the day of day.
func on(day, at time.Time) time.Time {
	y, m, d := day.Date()
	at = at.In(day.Location())
	return time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, day.Location())
}

func (w When) wholeDays() When {
	y, m, d := w.From.Date()
	w.From = time.Date(y, m, d, 0, 0, 0, 0, w.From.Location())
	w.To = w.From.AddDate(0, 0, 1)
	return w
}

// inWeekOf moves a weekday without its week to the later week that is spoken of.
func (w When) inWeekOf(at time.Time) When {
	if !w.Bare || w.Every != 0 || at.IsZero() {
		return w
	}
	at = at.In(w.From.Location())
	if weeks := int(monday(at).Sub(monday(w.From)).Round(24*time.Hour) / (7 * 24 * time.Hour)); weeks > 0 {
		w.From, w.To = w.From.AddDate(0, 0, 7*weeks), w.To.AddDate(0, 0, 7*weeks)
	}
	return w
}

func monday(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, t.Location())
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

// turnedDown adds what is turned down now to what was before, without what is wanted now.
func turnedDown(before map[string][]string, now Wish) map[string][]string {
	all := map[string][]string{}
	for _, names := range []map[string][]string{before, now.NotNames} {
		for q, keys := range names {
			for _, k := range keys {
				if !slices.Contains(all[q], k) && !slices.Contains(now.Names[q], k) {
					all[q] = append(all[q], k)
				}
			}
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
		return len(w.Times)+len(w.Hours)+len(w.NotTimes) > 0 || w.Soonest || t.any(q)
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
		if !q.chosen() || q.Fixed || !q.asked(t.state.Answers) || answered && (!named || !t.about(q)) {
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
		if answered {
			match = t.closest(match, options, old)
		}
		switch {
		case answered && slices.Contains(keys(match), old.Value) && t.excepts(q, old):
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

// excepts reports whether an answer still leaves out all that was turned down.
func (t *turn) excepts(q Question, a Answer) bool {
	return a.Value != AnyKey || slices.Equal(a.Not, t.state.Wish.NotNames[q.Name])
}

// closest returns the one option of match that changes only what was said: 不对，是周四
// moves the day and keeps the hour, 是两点 moves the hour and keeps the day, and
// 不要苏老师 leaves whoever else it may be.
func (t *turn) closest(match, options []Option, old Answer) []Option {
	if anyone := among(match, []string{AnyKey}); old.Value == AnyKey && len(anyone) > 0 {
		return anyone
	}
	i := slices.IndexFunc(options, func(o Option) bool { return o.Key == old.Value })
	if i < 0 || options[i].At.IsZero() || slices.Contains(keys(match), old.Value) {
		return match
	}
	before, hours := options[i].At, len(t.in.Times) > 0 && all(t.in.Times, When.anyDay)
	same := slices.DeleteFunc(slices.Clone(match), func(o Option) bool {
		if hours {
			return !o.At.Equal(on(before, o.At))
		}
		return !o.At.Equal(on(o.At, before))
	})
	if len(same) == 1 {
		return same
	}
	return match
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
	if len(t.state.Wish.Times) == 0 && len(t.state.Wish.Hours) > 0 && !t.state.At.IsZero() {
		match = t.sameDay(match)
	}
	if q.Kind == Time && (t.state.Wish.Soonest || t.any(q)) && len(match) > 1 {
		return []Option{slices.MinFunc(match, func(a, b Option) int { return a.At.Compare(b.At) })}
	}
	return match
}

// sameDay takes hours without a day to be of the day spoken of, if there are any: 两点 moves
// Friday at three to Friday at two.
func (t *turn) sameDay(match []Option) []Option {
	same := slices.DeleteFunc(slices.Clone(match), func(o Option) bool { return o.At.IsZero() || !o.At.Equal(on(t.state.At.In(o.At.Location()), o.At)) })
	if len(same) > 0 {
		return same
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
		return fitsAny(w.Times, o.At) && fitsAny(w.Hours, o.At)
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

// fitsAny reports whether one of the times is meant, or there are none.
func fitsAny(times []When, at time.Time) bool {
	return len(times) == 0 || slices.ContainsFunc(times, func(x When) bool { return x.fits(at) })
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
		if i := slices.Index(keys(options), a.Value); i >= 0 {
			t.state.Answers[later.Name] = Answer{Value: a.Value, Label: cmp.Or(options[i].Read, options[i].Label)}
			continue
		}
		if i := slices.IndexFunc(options, a.calledLike); i >= 0 {
			t.state.Answers[later.Name] = Answer{Value: options[i].Key, Label: cmp.Or(options[i].Read, options[i].Label)}
			continue
		}
		delete(t.state.Answers, later.Name)
		t.tell("换过之后，“" + cmp.Or(a.Label, later.Label) + "”不能选了，请再选一次。")
	}
	return nil
}

// calledLike tells whether the answer and the option are called the same; one may say more
// than the other, as the hour of anybody says of whom.
func (a Answer) calledLike(o Option) bool {
	name := cmp.Or(o.Read, o.Label)
	return a.Label != "" && (strings.HasPrefix(a.Label, name) || strings.HasPrefix(name, a.Label))
}

func keys(options []Option) []string {
	k := make([]string, len(options))
	for i, o := range options {
		k[i] = o.Key
	}
	return k
}
