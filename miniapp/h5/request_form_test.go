package h5

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/form"
)

func TestChange_a_button_adds_and_takes_away(t *testing.T) {
	t.Parallel()
	typed := func() form.Input {
		return form.Input{"reason": {"遗失"}, "invoices.0.sum": {"12"}, "invoices.3.sum": {"8"}, "tickets": {"a", "b", "a2"}}
	}
	for name, tt := range map[string]struct {
		press string
		want  func(in form.Input)
	}{
		"nothing_pressed":        {"", func(form.Input) {}},
		"save_is_no_change":      {"save", func(form.Input) {}},
		"a_row_comes_after_all":  {"add:invoices", func(in form.Input) { in["invoices.4."] = nil }},
		"the_first_row_of_none":  {"add:others", func(in form.Input) { in["others.0."] = nil }},
		"one_row_goes":           {"drop:invoices.0", func(in form.Input) { delete(in, "invoices.0.sum") }},
		"a_row_that_is_not":      {"drop:invoices.7", func(form.Input) {}},
		"one_picture_goes":       {"drop:tickets:a", func(in form.Input) { in["tickets"] = []string{"b", "a2"} }},
		"a_picture_that_is_gone": {"drop:tickets:zz", func(form.Input) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := typed(), typed()
			change(got, tt.press)
			tt.want(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.press, diff)
			}
		})
	}
}

func TestMended_a_field_with_a_mistake_keeps_what_it_held(t *testing.T) {
	t.Parallel()
	before := form.Input{"cost": {"100"}, "rows.0.sum": {"1"}, "rowsize": {"9"}}
	in := form.Input{"cost": {"1e3"}, "rows.0.sum": {"x"}, "rows.1.sum": {"2"}, "rowsize": {"8"}, "note": {"新"}}
	wrong := map[string]string{"cost": "写成 128.50 这样", "rows": "第 1 行要改"}
	rest := without(in, wrong)
	if diff := cmp.Diff(form.Input{"rowsize": {"8"}, "note": {"新"}}, rest); diff != "" {
		t.Errorf("without what is wrong (-want +got):\n%s", diff)
	}
	want := form.Input{"rowsize": {"8"}, "note": {"新"}, "cost": {"100"}, "rows.0.sum": {"1"}}
	if diff := cmp.Diff(want, mended(rest, before, wrong)); diff != "" {
		t.Errorf("mended (-want +got):\n%s", diff)
	}
}
