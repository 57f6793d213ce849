package service

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/form"
)

// checker collects what is wrong with a definition.
type checker struct{ wrong []form.Wrong }

func (c *checker) say(path, format string, args ...any) {
	c.wrong = append(c.wrong, form.Wrong{Path: path, Reason: fmt.Sprintf(format, args...)})
}

var codeShape = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// check returns everything that is wrong with the definition of a file of the name.
func (d Definition) check(name string) []form.Wrong {
	c := &checker{}
	c.head(d, name)
	c.window(d.Window)
	c.wrong = append(c.wrong, d.Form.Check(Sources())...)
	c.rules(d)
	c.materials(d)
	c.stages(d)
	c.outcome(d)
	c.texts(d)
	return c.wrong
}

func (c *checker) head(d Definition, name string) {
	for _, must := range []struct{ key, value string }{
		{"title", d.Title},
		{"chat", d.Chat},
		{"detail", d.Detail},
		{"group", d.Group},
		{"department", d.Department},
		{"place", d.Place},
		{"hours", d.Hours},
		{"notice.attention", d.Notice.Attention},
		{"notice.process", d.Notice.Process},
		{"appeal.text", d.Appeal.Text},
	} {
		if strings.TrimSpace(must.value) == "" {
			c.say(must.key, "%s 要填", must.key)
		}
	}
	switch {
	case !codeShape.MatchString(d.Code):
		c.say("code", "code 用小写字母、数字和 -，以字母开头")
	case d.Code != name:
		c.say("code", "code 要和文件名一样：%s", name)
	}
	if n := len([]rune(d.Chat)); n > 13 {
		c.say("chat", "chat 最多 13 个字，现在有 %d 个", n)
	}
	c.neutral("chat", d.Chat)
	c.neutral("say", d.Say)
	for i, word := range d.Words {
		c.neutral(fmt.Sprintf("words.%d", i), word)
	}
	if len(d.Contacts) == 0 {
		c.say("contacts", "contacts 至少写一条")
	}
	for i, contact := range d.Contacts {
		if contact.Name == "" || contact.Phone == "" {
			c.say(fmt.Sprintf("contacts.%d", i), "联系方式要有 name 和 phone")
		}
	}
	if d.RecordYear != 0 && (d.RecordYear < 2000 || d.RecordYear > 2100) {
		c.say("record_year", "写四位数的学年，或不写")
	}
	for key, n := range map[string]int{
		"limits.per_year": d.Limits.PerYear, "limits.per_career": d.Limits.PerCareer, "limits.open_at_once": d.Limits.OpenAtOnce,
		"remind_days": d.RemindDays, "appeal.days": d.Appeal.Days,
	} {
		if n < 0 || n > 1000 {
			c.say(key, "写 0 到 1000 的整数")
		}
	}
	if d.Appeal.Days == 0 {
		c.say("appeal.days", "写明收到结果后几天内可以申诉")
	}
}

// neutral refuses words that must not stand in what leaves through WeCom.
func (c *checker) neutral(path, text string) {
	for _, word := range []string{"心理", "咨询"} {
		if strings.Contains(text, word) {
			c.say(path, "推送里不能出现“%s”", word)
		}
	}
}

func (c *checker) window(w Window) {
	for _, m := range []struct {
		key string
		at  Moment
	}{{"window.opens", w.Opens}, {"window.closes", w.Closes}} {
		if m.at != "" && !m.at.Valid() {
			c.say(m.key, "日期写成 2026-09-01，每年都有的写成 09-01")
		}
	}
	switch {
	case w.Always() || w.Opens != "" && !w.Opens.Valid() || w.Closes != "" && !w.Closes.Valid():
	case w.Opens != "" && w.Closes != "" && w.Opens.yearly() != w.Closes.yearly():
		c.say("window.closes", "opens 和 closes 要么都有年份，要么都没有")
	case (w.Opens == "") != (w.Closes == "") && (w.Opens + w.Closes).yearly():
		c.say("window", "每年都有的窗口要写 opens 和 closes")
	case w.Opens != "" && w.Closes != "" && !w.Opens.yearly() && w.Closes < w.Opens:
		c.say("window.closes", "closes 在 opens 之前")
	}
}

func (c *checker) rules(d Definition) {
	seen := map[string]bool{}
	for i, r := range d.Rules {
		at := fmt.Sprintf("rules.%d", i)
		for _, w := range r.Check() {
			path, reason := at, w.Reason
			if w.Key != "" {
				path, reason = at+"."+w.Key, w.Key+" "+w.Reason
			}
			c.say(path, "%s", reason)
		}
		if seen[r.Code] {
			c.say(at+".code", "%s 已经有了", r.Code)
		}
		seen[r.Code] = true
		if r.Fact != "" && !slices.Contains(Sources(), r.Fact) {
			c.say(at+".fact", "学校没有 %q 这种记录，可以用：%s", r.Fact, strings.Join(Sources(), "、"))
		}
	}
}

func (c *checker) materials(d Definition) {
	seen := map[string]bool{}
	for i, m := range d.Materials {
		at := fmt.Sprintf("materials.%d", i)
		if !codeShape.MatchString(m.Code) || m.Name == "" {
			c.say(at, "材料要有 code（小写字母、数字和 -）和 name")
		}
		if seen[m.Code] {
			c.say(at+".code", "%s 已经有了", m.Code)
		}
		seen[m.Code] = true
		if _, field := d.Form.Field(m.Code); field {
			c.say(at+".code", "%s 已经是一个字段，退回时分不清要补的是哪一个", m.Code)
		}
		if f, ok := d.Form.Field(m.Photo); m.Photo != "" && (!ok || f.Kind != form.Photo) {
			c.say(at+".photo", "表里没有照片 %q", m.Photo)
		}
		if !m.Paper && m.Photo == "" {
			c.say(at, "材料要么 paper: true，要么写 photo")
		}
		if m.DeadlineDays < 0 || m.DeadlineDays > 365 {
			c.say(at+".deadline_days", "写 0 到 365 的整数")
		}
	}
}

func (c *checker) stages(d Definition) {
	if len(d.Stages) == 0 {
		c.say("stages", "至少要有一个审核环节，没有人看过就不会通过")
	}
	for i := range d.Stages {
		for _, reason := range approval.CheckStages(d.Stages[:i+1]) {
			if rest, ok := strings.CutPrefix(reason, fmt.Sprintf("第 %d 个审核环节：", i+1)); ok {
				c.say(fmt.Sprintf("stages.%d", i), "%s", rest)
			}
		}
		for _, reason := range slices.Sorted(maps.Keys(d.Stages[i].Marks)) {
			for _, name := range d.Stages[i].Marks[reason] {
				if !d.has(name) {
					c.say(fmt.Sprintf("stages.%d.marks", i), "%q 不是这项服务的内容或材料", name)
				}
			}
		}
	}
}

// has tells whether a name is that of a field or of a paper.
func (d Definition) has(name string) bool {
	_, field := d.Form.Field(name)
	return field || slices.ContainsFunc(d.Materials, func(m Material) bool { return m.Code == name })
}

func (c *checker) outcome(d Definition) {
	o := d.Outcome
	if !slices.Contains([]OutcomeKind{Certificate, Collect, Payout, None}, o.Kind) {
		c.say("outcome.kind", "kind 写 certificate、collect、payout 或 none")
		return
	}
	switch {
	case (o.Kind == Certificate) != (o.Template != nil):
		c.say("outcome", "证明要写 template，别的不写")
	case (o.Kind == Payout) != (o.Amount != nil):
		c.say("outcome", "放款要写 amount，别的不写")
	case o.Template != nil:
		c.template(d, *o.Template)
	case o.Amount != nil:
		c.amount(d, *o.Amount)
	}
	for i, s := range o.States {
		if !slices.ContainsFunc(stepsOf(o.Kind), func(step State) bool { return step.Code == s.Code }) {
			c.say(fmt.Sprintf("outcome.states.%d", i), "%s 之后没有 %q 这一步", o.Kind, s.Code)
		}
	}
}

func (c *checker) template(d Definition, t Template) {
	if t.Title == "" || t.Issuer == "" || len(t.Body) == 0 {
		c.say("outcome.template", "证明要有 title、issuer 和 body")
	}
	known := slices.Concat(personNames(), Sources())
	for _, f := range d.Form.Fields {
		known = append(known, f.Name)
	}
	check := func(path, text string) {
		for _, name := range names(text) {
			if !slices.Contains(known, name) {
				c.say(path, "{%s} 既不是字段，也不是学校的记录", name)
			}
		}
	}
	for i, line := range t.Rows {
		check(fmt.Sprintf("outcome.template.rows.%d", i), line.Text)
	}
	for i, text := range t.Body {
		check(fmt.Sprintf("outcome.template.body.%d", i), text)
	}
	if t.ValidDays < 0 || t.ValidDays > 3650 {
		c.say("outcome.template.valid_days", "写 0 到 3650 的整数")
	}
}

func (c *checker) amount(d Definition, a Amount) {
	const at = "outcome.amount"
	if (a.Fixed == "") == (a.Field == "") {
		c.say(at, "amount 写 fixed 或 field 中的一个")
		return
	}
	for _, sum := range []struct{ key, text string }{{"fixed", a.Fixed}, {"each", a.Each}, {"at_most", a.AtMost}} {
		if _, ok := form.ParseYuan(sum.text); sum.text != "" && !ok {
			c.say(at+"."+sum.key, "金额写到分，例如 128.50")
		}
	}
	if a.Percent < 0 || a.Percent > 100 {
		c.say(at+".percent", "写 0 到 100 的整数")
	}
	if a.Field == "" {
		if a.Each != "" || a.Percent != 0 {
			c.say(at, "fixed 不和 each、percent 一起写")
		}
		return
	}
	inFen, counts := d.Form.Counts(a.Field)
	switch {
	case !counts:
		c.say(at+".field", "表里没有金额或数 %q", a.Field)
	case !inFen && a.Each == "":
		c.say(at, "按个数放款要写 each：每一个多少元")
	case inFen && a.Each != "":
		c.say(at+".each", "金额不用 each，要打折写 percent")
	case !inFen && a.Percent != 0:
		c.say(at+".percent", "percent 只用于金额")
	}
}

func (c *checker) texts(d Definition) {
	for key, text := range d.Texts {
		path := "texts." + key
		if !slices.ContainsFunc(TextKeys(), func(k TextKey) bool { return k.Key == key }) {
			c.say(path, "没有 %s 这一条", key)
		}
		for _, name := range names(text) {
			if !slices.Contains(textNames(), name) {
				c.say(path, "{%s} 不能用在这里，可以用：%s", name, strings.Join(textNames(), "、"))
			}
		}
		if n := len([]rune(text)); n > 200 {
			c.say(path, "推送要短，最多 200 个字，现在有 %d 个", n)
		}
		c.neutral(path, text)
	}
}
