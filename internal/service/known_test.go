package service_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// student imports one of the school with what further columns say, "年份:2026,困难等级:困难".
func student(t *testing.T, tx *store.Tx, more string) identity.Person {
	t.Helper()
	table := sheet.Table{Header: []string{"学号", "姓名", "类别", "层次", "学院", "班级", "校区"}}
	cells := []string{"20260101", "张晓雨", "学生", "本科", "文学院", "一班", "东校区"}
	for pair := range strings.SplitSeq(more, ",") {
		if column, value, ok := strings.Cut(pair, ":"); ok {
			table.Header, cells = append(table.Header, column), append(cells, value)
		}
	}
	table.Rows = []sheet.Row{{Number: 2, Cells: cells}}
	r, err := identity.Apply(t.Context(), tx, table, identity.Operator(), identity.ImportOptions{CreateUnits: true}, "")
	if err != nil || !r.Applied {
		t.Fatalf("import: %v %v", err, r)
	}
	p, err := identity.Numbered(t.Context(), tx, "20260101")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKnow_is_what_the_lists_say_of_the_student(t *testing.T) {
	t.Parallel()
	db, clk := storetest.DB(t)
	d := filesOf(t, map[string]*strings.Replacer{"a-fund": asItIs()})[0].Definition
	storetest.Update(t, db, func(tx *store.Tx) error {
		student(t, tx, "年份:2025,困难等级:特困,奖助项目:国家助学金,荣誉称号:三好学生")
		who := student(t, tx, "年份:2026,困难等级:困难,助学贷款:国家助学贷款,奖助项目:国家励志奖学金,平均成绩:86,家庭所在地:湖北省武汉市洪山区,银行卡尾号:0423")
		k, err := service.Know(t.Context(), tx, d, who)
		if err != nil {
			return err
		}
		now := clk.Now()
		for name, want := range map[string]rule.Fact{
			"name":    {Name: "name", Label: "姓名", Text: "张晓雨", Values: []string{"张晓雨"}, Source: "学籍"},
			"status":  {Name: "status", Label: "学籍状态", Text: "在籍", Values: []string{"在籍"}, Source: "学籍"},
			"tier":    {Name: "tier", Label: "困难等级", Text: "困难", Values: []string{"困难"}, Number: 1, Source: "学校名单 2026 学年", At: now},
			"honour":  {Name: "honour", Label: "荣誉称号", Text: "2025 三好学生", Values: []string{"三好学生"}, Number: 1, Source: "学校名单 2025 学年", At: now},
			"grade":   {Name: "grade", Label: "平均成绩", Text: "2026 86", Values: []string{"86"}, Number: 86, Source: "学校名单 2026 学年", At: now},
			"home":    {Name: "home", Label: "生源地", Text: "湖北省武汉市洪山区", Values: []string{"420111"}, Number: 1, Source: "学校名单", At: now},
			"aid":     {Name: "aid", Label: "资助项目", Missing: true},
			"support": {Name: "support", Label: "奖助贷项目", Text: "2026 国家励志奖学金、2026 国家助学贷款、2025 国家助学金", Values: []string{"国家励志奖学金", "国家助学贷款", "国家助学金"}, Number: 3, Source: "学校名单 2026 学年", At: now},
		} {
			if diff := cmp.Diff(want, k.Facts[name]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		r, ok := k.Record("support")
		want := []form.Option{{Value: "2026 国家励志奖学金"}, {Value: "2026 国家助学贷款"}, {Value: "2025 国家助学金"}}
		if diff := cmp.Diff(want, r.Options); diff != "" || !ok {
			t.Errorf("options of the own support (-want +got):\n%s", diff)
		}
		if _, ok := k.Record("aid"); ok {
			t.Error("a record of a list nobody brought")
		}
		return nil
	})
}

// Whose tier counts is decided by the year, and an older one is named (D-18, T5).
func TestJudge_reads_the_tier_of_the_year(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, facts string
		year        int
		want        rule.Result
		value       string
	}{
		{"of_this_year", "年份:2026,困难等级:困难", 0, rule.Pass, "困难"},
		{"of_the_configured_year", "年份:2025,困难等级:困难", 2025, rule.Pass, "困难"},
		{"another_tier", "年份:2026,困难等级:一般困难", 0, rule.Fail, "一般困难"},
		{"nobody_has_one_this_year", "年份:2025,困难等级:困难", 0, rule.Manual, "还没有录入"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db, _ := storetest.DB(t)
			d := filesOf(t, map[string]*strings.Replacer{"a-fund": asItIs()})[0].Definition
			d.RecordYear = tt.year
			storetest.Update(t, db, func(tx *store.Tx) error {
				k, err := service.Know(t.Context(), tx, d, student(t, tx, tt.facts))
				if err != nil {
					return err
				}
				v, snapshot := d.Judge(k, tx.ReceivedAt(), tx.Zone())
				if f := v.Findings[0]; f.Result != tt.want || f.Value != tt.value {
					t.Errorf("finding %+v, want %s of %q", f, tt.want, tt.value)
				}
				if len(snapshot.Facts) != 1 {
					t.Errorf("the snapshot keeps %d facts, the rules look at one", len(snapshot.Facts))
				}
				return nil
			})
		})
	}
}

func TestJudge_names_an_older_tier_when_others_have_a_new_one(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	d := filesOf(t, map[string]*strings.Replacer{"a-fund": asItIs()})[0].Definition
	storetest.Update(t, db, func(tx *store.Tx) error {
		other := sheet.Table{Header: []string{"学号", "姓名", "类别", "层次", "学院", "班级", "校区", "困难等级", "年份"}, Rows: []sheet.Row{
			{Number: 2, Cells: []string{"20260102", "李沐阳", "学生", "本科", "文学院", "一班", "东校区", "困难", "2026"}},
		}}
		if _, err := identity.Apply(t.Context(), tx, other, identity.Operator(), identity.ImportOptions{CreateUnits: true}, ""); err != nil {
			return err
		}
		k, err := service.Know(t.Context(), tx, d, student(t, tx, "年份:2025,困难等级:特困"))
		if err != nil {
			return err
		}
		v, _ := d.Judge(k, tx.ReceivedAt(), tx.Zone())
		want := "需要本学年认定为特困或困难，现在的记录是“2026 学年没有认定，最近一次是 2025 学年的特困”。认定请找辅导员。"
		if got := v.Why(); got != want || !v.Refused() {
			t.Errorf("why %q, want %q", got, want)
		}
		return nil
	})
}

func TestSchoolYear_begins_in_September(t *testing.T) {
	t.Parallel()
	zone := storetest.Shanghai()
	for at, want := range map[time.Time]int{
		time.Date(2026, 8, 31, 23, 59, 0, 0, zone):    2025,
		time.Date(2026, 8, 31, 16, 0, 0, 0, time.UTC): 2026,
		time.Date(2027, 1, 1, 0, 0, 0, 0, zone):       2026,
	} {
		if got := service.SchoolYear(at, zone); got != want {
			t.Errorf("SchoolYear(%v) = %d, want %d", at, got, want)
		}
	}
}
