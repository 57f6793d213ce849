package form_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/form"
)

func sources() []string { return []string{"home", "support"} }

func TestCheck_of_a_good_form_says_nothing(t *testing.T) {
	t.Parallel()
	if wrong := everything().Check(sources()); len(wrong) != 0 {
		t.Errorf("wrong: %+v", wrong)
	}
}

func TestCheck_names_the_place_and_the_reason(t *testing.T) {
	t.Parallel()
	ok := form.Field{Name: "a", Label: "甲", Kind: form.Choice, Options: []form.Option{{Value: "1"}, {Value: "2"}}}
	with := func(change func(*form.Field)) form.Field {
		f := form.Field{Name: "b", Label: "乙", Kind: form.Text}
		change(&f)
		return f
	}
	for _, tt := range []struct {
		name  string
		field form.Field
		want  form.Wrong
	}{
		{"a_name_of_capitals", with(func(f *form.Field) { f.Name = "B" }), form.Wrong{"fields.1.name", "name 用小写字母、数字和 _，以字母开头"}},
		{"a_name_twice", with(func(f *form.Field) { f.Name = "a" }), form.Wrong{"fields.1.name", "a 已经有了"}},
		{"no_label", with(func(f *form.Field) { f.Label = "" }), form.Wrong{"fields.1.label", "label 要填"}},
		{"no_such_kind", with(func(f *form.Field) { f.Kind = "number" }), form.Wrong{"fields.1.kind", `没有 "number" 这种字段`}},
		{"nothing_to_choose", with(func(f *form.Field) { f.Kind = form.Choice }), form.Wrong{"fields.1", "选择题要写 options，或写 source 从学校的记录里选"}},
		{"options_of_a_text", with(func(f *form.Field) { f.Options = ok.Options }), form.Wrong{"fields.1.options", "只有 choice 和 choices 有 options"}},
		{"an_option_twice", with(func(f *form.Field) {
			f.Kind, f.Options = form.Choice, []form.Option{{Value: "1"}, {Value: "1"}}
		}), form.Wrong{"fields.1.options.1", "每个选项要有不同的 value"}},
		{"an_unknown_source", with(func(f *form.Field) { f.Source = "height" }), form.Wrong{"fields.1.source", `学校没有 "height" 这种记录，可以用：home、support`}},
		{"read_only_of_nothing", with(func(f *form.Field) { f.ReadOnly = true }), form.Wrong{"fields.1.read_only", "只读的字段要有 source，也不能是选择题"}},
		{"a_bound_of_a_text", with(func(f *form.Field) { f.Min = "1" }), form.Wrong{"fields.1.min", "这种字段没有 min 和 max"}},
		{"half_a_fen", with(func(f *form.Field) { f.Kind, f.Max = form.Money, "1.005" }), form.Wrong{"fields.1.max", "金额写到分，例如 128.50"}},
		{"bounds_that_cross", with(func(f *form.Field) { f.Kind, f.Min, f.Max = form.Integer, "9", "10"; f.Min = "11" }), form.Wrong{"fields.1.max", "max 比 min 小"}},
		{"no_such_day", with(func(f *form.Field) { f.Kind, f.Min = form.Date, "2026-02-30" }), form.Wrong{"fields.1.min", "日期写成 2026-09-01，或写 today"}},
		{"a_condition_on_nothing", with(func(f *form.Field) { f.If = &form.If{Field: "x", In: []string{"1"}} }), form.Wrong{"fields.1.if", `if 要看前面的一道选择题，没有找到 "x"`}},
		{"a_condition_on_no_option", with(func(f *form.Field) { f.If = &form.If{Field: "a", In: []string{"3"}} }), form.Wrong{"fields.1.if", `"a" 没有 "3" 这个选项`}},
		{"a_bound_on_no_number", with(func(f *form.Field) { f.Kind, f.AtMost = form.Integer, "a" }), form.Wrong{"fields.1.at_most", `at_most 要看前面的一个数，没有找到 "a"`}},
		{"rows_of_nothing", with(func(f *form.Field) { f.Kind = form.Rows }), form.Wrong{"fields.1", "rows 要写 columns"}},
		{"rows_of_rows", with(func(f *form.Field) {
			f.Kind, f.Columns = form.Rows, []form.Field{{Name: "c", Label: "丙", Kind: form.Attestation}}
		}), form.Wrong{"fields.1.columns.0.kind", "行里不能有 attestation"}},
		{"computed_of_nothing", with(func(f *form.Field) { f.Kind = form.Computed }), form.Wrong{"fields.1", "computed 要写 compute：workdays、days 或 sum 中的一个"}},
		{"workdays_of_a_choice", with(func(f *form.Field) { f.Kind, f.Compute = form.Computed, &form.Compute{Workdays: "a"} }), form.Wrong{"fields.1.compute", `要看前面的一个 range，没有找到 "a"`}},
		{"a_sum_of_nothing", with(func(f *form.Field) { f.Kind, f.Compute = form.Computed, &form.Compute{Sum: "a.b"} }), form.Wrong{"fields.1.compute", `sum 写成 行的名字.列的名字，列是金额或整数，没有找到 "a.b"`}},
		{"computed_and_required", with(func(f *form.Field) { f.ReadOnly, f.Source, f.Required = true, "home", true }), form.Wrong{"fields.1.required", "算出来的和只读的字段不用 required"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := form.Form{Fields: []form.Field{ok, tt.field}}.Check(sources())
			if diff := cmp.Diff([]form.Wrong{tt.want}, got); diff != "" {
				t.Errorf("Check (-want +got):\n%s", diff)
			}
		})
	}
}
