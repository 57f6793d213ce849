package rule_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/rule"
)

func number(n int64) *int64 { return &n }

func yes(b bool) *bool { return &b }

// The day of the tests, in the school's zone.
func day() time.Time {
	return time.Date(2026, 10, 12, 0, 30, 0, 0, time.FixedZone("CST", 8*3600))
}

func facts() rule.Facts {
	return rule.Facts{
		"tier":   {Name: "tier", Label: "困难等级", Values: []string{"困难"}, Source: "学校名单", At: day()},
		"honour": {Name: "honour", Label: "荣誉称号"},
		"awards": {Name: "awards", Label: "奖助项目", Values: []string{"国家助学金", "校级一等奖学金"}},
		"grade":  {Name: "grade", Label: "平均成绩", Missing: true},
		"count":  {Name: "count", Label: "次数", Text: "2 次", Number: 2},
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		rule  rule.Rule
		want  rule.Result
		value string
	}{
		{"in", rule.Rule{Fact: "tier", In: []string{"特困", "困难"}}, rule.Pass, "困难"},
		{"not_among_them", rule.Rule{Fact: "tier", In: []string{"特困"}}, rule.Fail, "困难"},
		{"one_of_several_is_enough", rule.Rule{Fact: "awards", In: []string{"国家助学金"}}, rule.Pass, "国家助学金、校级一等奖学金"},
		{"not_in", rule.Rule{Fact: "tier", NotIn: []string{"特困"}}, rule.Pass, "困难"},
		{"not_in_refuses", rule.Rule{Fact: "awards", NotIn: []string{"国家助学金"}}, rule.Fail, "国家助学金、校级一等奖学金"},
		{"has", rule.Rule{Fact: "awards", Has: yes(true)}, rule.Pass, "国家助学金、校级一等奖学金"},
		{"has_none", rule.Rule{Fact: "honour", Has: yes(true)}, rule.Fail, "没有记录"},
		{"must_have_none", rule.Rule{Fact: "honour", Has: yes(false)}, rule.Pass, "没有记录"},
		{"at_most", rule.Rule{Fact: "count", AtMost: number(2)}, rule.Pass, "2 次"},
		{"more_than_at_most", rule.Rule{Fact: "count", AtMost: number(1)}, rule.Fail, "2 次"},
		{"at_least", rule.Rule{Fact: "count", AtLeast: number(3)}, rule.Fail, "2 次"},
		{"between", rule.Rule{Fact: "count", AtLeast: number(1), AtMost: number(3)}, rule.Pass, "2 次"},
		{"source_missing", rule.Rule{Fact: "grade", AtLeast: number(60)}, rule.Manual, "还没有录入"},
		{"fact_nobody_gave", rule.Rule{Fact: "height", Has: yes(false)}, rule.Manual, "还没有录入"},
		{"must_have_none_of_a_missing_source", rule.Rule{Fact: "grade", Has: yes(false)}, rule.Manual, "还没有录入"},
		{"from_today", rule.Rule{Fact: "tier", In: []string{"特困"}, From: "2026-10-12"}, rule.Fail, "困难"},
		{"from_tomorrow", rule.Rule{Fact: "tier", In: []string{"特困"}, From: "2026-10-13"}, "", ""},
		{"until_today", rule.Rule{Fact: "tier", In: []string{"特困"}, Until: "2026-10-12"}, rule.Fail, "困难"},
		{"until_yesterday", rule.Rule{Fact: "tier", In: []string{"特困"}, Until: "2026-10-11"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := rule.Judge([]rule.Rule{tt.rule}, facts(), day())
			if tt.want == "" {
				if len(v.Findings) != 0 {
					t.Errorf("findings %+v, want none: the rule does not hold that day", v.Findings)
				}
				return
			}
			if got := v.Findings[0]; got.Result != tt.want || got.Value != tt.value {
				t.Errorf("result %s of %q, want %s of %q", got.Result, got.Value, tt.want, tt.value)
			}
			if v.Refused() != (tt.want == rule.Fail) || v.Manual() != (tt.want == rule.Manual) {
				t.Errorf("refused %v, manual %v with %s", v.Refused(), v.Manual(), tt.want)
			}
		})
	}
}

func TestWhy_says_what_is_asked_what_is_known_and_what_to_do(t *testing.T) {
	t.Parallel()
	rules := []rule.Rule{
		{Code: "tier", Text: "本学年认定为特困", Fact: "tier", In: []string{"特困"}, Otherwise: "认定请找辅导员。"},
		{Code: "grade", Text: "没有不及格", Fact: "grade", AtLeast: number(60), Otherwise: "x"},
	}
	want := "需要本学年认定为特困，现在的记录是“困难”。认定请找辅导员。"
	if got := rule.Judge(rules, facts(), day()).Why(); got != want {
		t.Errorf("Why = %q, want %q", got, want)
	}
	if got := rule.Judge(rules[1:], facts(), day()).Why(); got != "" {
		t.Errorf("nobody is refused, and Why = %q", got)
	}
}

func TestSnapshot_gives_the_same_verdict_a_year_later(t *testing.T) {
	t.Parallel()
	rules := []rule.Rule{
		{Code: "tier", Text: "特困或困难", Fact: "tier", In: []string{"特困", "困难"}, Until: "2026-10-12", Otherwise: "x"},
		{Code: "awards", Text: "没有国家助学金", Fact: "awards", NotIn: []string{"国家助学金"}, Otherwise: "x"},
		{Code: "grade", Text: "及格", Fact: "grade", AtLeast: number(60), Otherwise: "x"},
	}
	before := rule.Judge(rules, facts(), day())
	b, err := json.Marshal(rule.Take(rules, facts(), day()))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "honour") {
		t.Error("a snapshot keeps a fact no rule looks at")
	}
	var kept rule.Snapshot
	if err := json.Unmarshal(b, &kept); err != nil {
		t.Fatal(err)
	}
	same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
	if diff := cmp.Diff(before, kept.Judge(), same); diff != "" {
		t.Errorf("verdict from JSON (-before +after):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := rule.Rule{Code: "tier", Text: "困难", Fact: "tier", In: []string{"困难"}, Otherwise: "找辅导员。"}
	for _, tt := range []struct {
		name   string
		change func(*rule.Rule)
		want   []rule.Wrong
	}{
		{"good", func(*rule.Rule) {}, nil},
		{"no_advice", func(r *rule.Rule) { r.Otherwise = "" }, []rule.Wrong{{"otherwise", "要填"}}},
		{"no_comparison", func(r *rule.Rule) { r.In = nil }, []rule.Wrong{{"", "一条规则只写一种比较：in、not_in、has，或 at_least 和 at_most"}}},
		{"two_comparisons", func(r *rule.Rule) { r.Has = yes(true) }, []rule.Wrong{{"", "一条规则只写一种比较：in、not_in、has，或 at_least 和 at_most"}}},
		{"no_room_between", func(r *rule.Rule) { r.In, r.AtLeast, r.AtMost = nil, number(3), number(2) }, []rule.Wrong{{"at_most", "比 at_least 小"}}},
		{"no_such_day", func(r *rule.Rule) { r.From = "2026-02-30" }, []rule.Wrong{{"from", "日期写成 2026-09-01 这样"}}},
		{"ends_before_it_begins", func(r *rule.Rule) { r.From, r.Until = "2026-09-02", "2026-09-01" }, []rule.Wrong{{"until", "在 from 之前"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := good
			tt.change(&r)
			if diff := cmp.Diff(tt.want, r.Check()); diff != "" {
				t.Errorf("Check (-want +got):\n%s", diff)
			}
		})
	}
}
