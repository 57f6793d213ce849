package dialogue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// answerMany takes presses one by one until 选好了, and words all at once: 1 3, 奖学金和助学金, 都要.
func (t *turn) answerMany(q Question) (bool, error) {
	options, err := t.options(q)
	if err != nil {
		return false, err
	}
	options = slices.DeleteFunc(options, func(o Option) bool { return o.Disabled != "" })
	switch {
	case t.in.Word == More:
		t.state.Turned += maxOffered
		return true, nil
	case t.in.Word == enough || t.in.Word == Yes:
		return t.enough(q, options, t.state.Picked)
	case t.in.Press != nil:
		t.toggle(options, t.in.Press.Key)
		return true, nil
	}
	picked := t.named(options)
	if len(picked) == 0 {
		return false, nil
	}
	return t.enough(q, options, picked)
}

// toggle picks an option, or puts it back.
func (t *turn) toggle(options []Option, key string) {
	switch i := slices.Index(t.state.Picked, key); {
	case i >= 0:
		t.state.Picked = slices.Delete(t.state.Picked, i, i+1)
	case slices.Contains(keys(options), key):
		t.state.Picked = append(t.state.Picked, key)
	default:
		t.tell("这个选项已经不在了，看看现在有的。")
	}
}

// everything are the words for all of the options.
var everything = regexp.MustCompile(`^我?(要|选)?(全部|全都|全选|全要|都要|都选|都办|所有)`)

// named returns the options whose number or label is written, or all of them.
func (t *turn) named(options []Option) []string {
	var picked []string
	written := plain(t.in.Text)
	for _, o := range options {
		if slices.ContainsFunc(o.written(), func(w string) bool { return w != "" && strings.Contains(written, w) }) {
			picked = append(picked, o.Key)
		}
	}
	if len(picked) > 0 {
		return picked
	}
	if everything.MatchString(written) {
		return keys(options)
	}
	for _, n := range strings.FieldsFunc(norm.NFKC.String(t.in.Text), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsPunct(r) || strings.ContainsRune("和跟与选第个、", r)
	}) {
		i, ok := whole(n)
		if !ok || i < 1 || i > len(t.state.Offered) {
			return nil
		}
		if key := t.state.Offered[i-1]; !slices.Contains(picked, key) {
			picked = append(picked, key)
		}
	}
	return picked
}

// enough answers q with what was picked, if that many may be.
func (t *turn) enough(q Question, options []Option, picked []string) (bool, error) {
	least := max(q.Min, 1)
	switch n := len(picked); {
	case n < least:
		t.complaint = fmt.Sprintf("至少选 %d 项，再选好就行。", least)
		return false, nil
	case q.Max > 0 && n > q.Max:
		t.complaint = fmt.Sprintf("最多选 %d 项，现在选了 %d 项。", q.Max, n)
		return false, nil
	}
	var values, labels []string
	for _, o := range options {
		if slices.Contains(picked, o.Key) {
			values, labels = append(values, o.Key), append(labels, o.Label)
		}
	}
	return t.check(q, Answer{Value: strings.Join(values, ","), Label: strings.Join(labels, "、")})
}

// askMany offers the options, those picked with a tick.
func (t *turn) askMany(q Question, r *Reply) error {
	options, err := t.options(q)
	if err != nil {
		return err
	}
	options = slices.DeleteFunc(slices.Clone(options), func(o Option) bool { return o.Disabled != "" })
	if len(options) == 0 {
		r.Text, r.Page = t.none(q, nil), true
		r.Buttons = []Button{{Back.Key(), "返回"}, {Cancel.Key(), "取消"}}
		return nil
	}
	page := slices.Clone(t.onePage(options))
	t.state.Offered = keys(page)
	for i := range page {
		if slices.Contains(t.state.Picked, page[i].Key) {
			page[i].Label = "✓ " + page[i].Label
		}
	}
	r.Options = page
	if len(options) > maxOffered {
		r.Buttons = append(r.Buttons, Button{More.Key(), "更多"})
	}
	if len(t.state.Picked) > 0 {
		r.Buttons = append(r.Buttons, Button{enough.Key(), "选好了"})
	}
	return nil
}
