package form

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuegong/xuegong/internal/rule"
)

// Wrong is a mistake in a form: where, as keys and numbers joined by dots (fields.2.max),
// and, in Chinese for whoever at the school wrote it, the reason.
type Wrong struct{ Path, Reason string }

// Check returns everything that is wrong with the form. sources are the records there are.
func (f Form) Check(sources []string) []Wrong {
	c := checker{sources: sources}
	c.fields("fields", f.Fields, f, false)
	return c.wrong
}

type checker struct {
	sources []string
	wrong   []Wrong
}

func (c *checker) say(path, format string, args ...any) {
	c.wrong = append(c.wrong, Wrong{path, fmt.Sprintf(format, args...)})
}

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

func (c *checker) fields(path string, fields []Field, form Form, columns bool) {
	seen := map[string]bool{}
	for i, f := range fields {
		at := fmt.Sprintf("%s.%d", path, i)
		if !nameShape.MatchString(f.Name) {
			c.say(at+".name", "name 用小写字母、数字和 _，以字母开头")
		}
		if seen[f.Name] {
			c.say(at+".name", "%s 已经有了", f.Name)
		}
		if f.Label == "" {
			c.say(at+".label", "label 要填")
		}
		if !slices.Contains(Kinds(), f.Kind) {
			c.say(at+".kind", "没有 %q 这种字段", f.Kind)
		} else if columns && slices.Contains([]Kind{Rows, Attestation, Computed, Person, File}, f.Kind) {
			c.say(at+".kind", "行里不能有 %s", f.Kind)
		}
		earlier := Form{Fields: fields[:i]}
		c.options(at, f, columns)
		c.bounds(at, f)
		c.links(at, f, earlier)
		c.rows(at, f, form)
		c.compute(at, f, earlier)
		seen[f.Name] = true
	}
}

func (c *checker) options(at string, f Field, column bool) {
	choice := f.Kind == Choice || f.Kind == Choices
	switch {
	case choice && len(f.Options) == 0 && f.Source == "":
		c.say(at, "选择题要写 options，或写 source 从学校的记录里选")
	case !choice && len(f.Options) > 0:
		c.say(at+".options", "只有 choice 和 choices 有 options")
	case len(f.Options) > 0 && f.Source != "":
		c.say(at+".source", "options 和 source 只写一个")
	}
	var values []string
	for i, o := range f.Options {
		if o.Value == "" || slices.Contains(values, o.Value) {
			c.say(fmt.Sprintf("%s.options.%d", at, i), "每个选项要有不同的 value")
		}
		values = append(values, o.Value)
	}
	switch {
	case f.Source != "" && !slices.Contains(c.sources, f.Source):
		c.say(at+".source", "学校没有 %q 这种记录，可以用：%s", f.Source, strings.Join(c.sources, "、"))
	case f.Source != "" && column:
		c.say(at+".source", "行里的字段不能取自记录")
	case f.ReadOnly && (f.Source == "" || choice):
		c.say(at+".read_only", "只读的字段要有 source，也不能是选择题")
	case f.Source != "" && !slices.Contains([]Kind{Text, Choice, Choices, Region}, f.Kind):
		c.say(at+".source", "%s 不能取自记录", f.Kind)
	}
}

func (c *checker) bounds(at string, f Field) {
	for _, b := range []struct{ key, text string }{{"min", f.Min}, {"max", f.Max}} {
		if reason := f.badBound(b.text); b.text != "" && reason != "" {
			c.say(at+"."+b.key, "%s", reason)
		}
	}
	if f.MaxLength < 0 || f.MaxLength > 5000 || f.MaxLength > 0 && f.Kind != Text && f.Kind != LongText {
		c.say(at+".max_length", "max_length 是文字的长度，最多 5000")
	}
	if f.MaxRows < 0 || f.MaxRows > 100 || f.MaxRows > 0 && f.Kind != Rows {
		c.say(at+".max_rows", "max_rows 是 rows 的行数，最多 100")
	}
	if f.Unit != "" && f.Kind != Integer && f.Kind != Computed {
		c.say(at+".unit", "只有整数和计算的字段有 unit")
	}
	if f.OnSheet && f.Kind != Photo {
		c.say(at+".on_sheet", "只有照片有 on_sheet")
	}
	if f.Required && (f.Kind == Computed || f.ReadOnly) {
		c.say(at+".required", "算出来的和只读的字段不用 required")
	}
	if f.crossed() {
		c.say(at+".max", "max 比 min 小")
	}
}

func (f Field) badBound(text string) string {
	switch f.Kind {
	case Integer:
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return "写整数"
		}
	case Money:
		if _, ok := ParseYuan(text); !ok {
			return "金额写到分，例如 128.50"
		}
	case Date, Range:
		if text != today && !rule.Date(text).Valid() {
			return "日期写成 2026-09-01，或写 today"
		}
	case Choices, Photo, File:
		if n, err := strconv.Atoi(text); err != nil || n < 0 || n > maxCount(f.Kind) {
			return fmt.Sprintf("写 0 到 %d 的整数", maxCount(f.Kind))
		}
	default:
		return "这种字段没有 min 和 max"
	}
	return ""
}

// crossed tells whether nothing lies between the bounds.
func (f Field) crossed() bool {
	if f.Min == "" || f.Max == "" || f.badBound(f.Min) != "" || f.badBound(f.Max) != "" {
		return false
	}
	switch f.Kind {
	case Date, Range:
		return f.Min != today && f.Max != today && f.Max < f.Min
	case Money:
		least, _ := ParseYuan(f.Min)
		most, _ := ParseYuan(f.Max)
		return most < least
	default:
		least, _ := strconv.ParseInt(f.Min, 10, 64)
		most, _ := strconv.ParseInt(f.Max, 10, 64)
		return most < least
	}
}

// links are conditions and bounds, which look at earlier fields.
func (c *checker) links(at string, f Field, earlier Form) {
	if f.If != nil {
		on, ok := earlier.Field(f.If.Field)
		switch {
		case !ok || on.Kind != Choice && on.Kind != Choices:
			c.say(at+".if", "if 要看前面的一道选择题，没有找到 %q", f.If.Field)
		case len(f.If.In) == 0:
			c.say(at+".if", "if 要写 in：选了哪些才问")
		default:
			for _, v := range f.If.In {
				if _, ok := option(on.Options, v); !ok && on.Source == "" {
					c.say(at+".if", "%q 没有 %q 这个选项", on.Name, v)
				}
			}
		}
	}
	if f.AtMost == "" {
		return
	}
	on, ok := earlier.Field(f.AtMost)
	if !ok || !slices.Contains([]Kind{Integer, Money, Computed}, on.Kind) || !slices.Contains([]Kind{Integer, Money}, f.Kind) {
		c.say(at+".at_most", "at_most 要看前面的一个数，没有找到 %q", f.AtMost)
		return
	}
	if fen := on.Kind == Money || earlier.inFen(on); fen != (f.Kind == Money) {
		c.say(at+".at_most", "金额和个数不能比")
	}
}

func (c *checker) rows(at string, f Field, form Form) {
	switch {
	case f.Kind == Rows && len(f.Columns) == 0:
		c.say(at, "rows 要写 columns")
	case f.Kind != Rows && len(f.Columns) > 0:
		c.say(at+".columns", "只有 rows 有 columns")
	case f.Kind == Rows:
		c.fields(at+".columns", f.Columns, form, true)
	}
}

func (c *checker) compute(at string, f Field, earlier Form) {
	if f.Kind != Computed {
		if f.Compute != nil {
			c.say(at+".compute", "只有 computed 有 compute")
		}
		return
	}
	given := 0
	if f.Compute != nil {
		for _, s := range []string{f.Compute.Workdays, f.Compute.Days, f.Compute.Sum} {
			if s != "" {
				given++
			}
		}
	}
	if given != 1 {
		c.say(at, "computed 要写 compute：workdays、days 或 sum 中的一个")
		return
	}
	on, _ := earlier.Field(f.Compute.field())
	if f.Compute.Sum == "" {
		if on.Kind != Range {
			c.say(at+".compute", "要看前面的一个 range，没有找到 %q", f.Compute.field())
		}
		return
	}
	_, column := f.Compute.sum()
	of, ok := Form{Fields: on.Columns}.Field(column)
	if !ok || of.Kind != Money && of.Kind != Integer {
		c.say(at+".compute", "sum 写成 行的名字.列的名字，列是金额或整数，没有找到 %q", f.Compute.Sum)
	}
}
