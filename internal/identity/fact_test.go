package identity_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

const factHead = "学号,困难等级,奖助项目,资助项目,助学贷款,荣誉称号,技能证书,平均成绩,年份,家庭所在地,银行卡尾号\n"

func factsOf(t *testing.T, s school, number string) []identity.Fact {
	t.Helper()
	var facts []identity.Fact
	who := s.numbered(t, number)
	s.do(t, "", func(tx *store.Tx, _ identity.Person) (err error) {
		facts, err = identity.FactsOf(t.Context(), tx, who.ID)
		return err
	})
	return facts
}

func TestFactsOf_are_what_the_lists_brought_newest_first(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.load(t, factHead+"20240001,特困,,,国家助学贷款,三好学生,,,2024,湖北省武汉市洪山区,\n", identity.ImportOptions{})
	s.load(t, factHead+"20240001,困难,国家助学金、励志奖学金,冬衣补助,,,普通话二级甲等,86,2025,湖北省武汉市洪山区,0423\n", identity.ImportOptions{})
	s.load(t, factHead+"20240001,,,,,,,,,河南省郑州市,\n", identity.ImportOptions{})
	want := []identity.Fact{
		{Kind: "aid", Value: "冬衣补助", Year: 2025, Source: "import"},
		{Kind: "award", Value: "励志奖学金", Year: 2025, Source: "import"},
		{Kind: "award", Value: "国家助学金", Year: 2025, Source: "import"},
		{Kind: "bank", Value: "0423", Source: "import"},
		{Kind: "certificate", Value: "普通话二级甲等", Year: 2025, Source: "import"},
		{Kind: "grade", Value: "86", Year: 2025, Source: "import"},
		{Kind: "home", Value: "410100", Source: "import"},
		{Kind: "honour", Value: "三好学生", Year: 2024, Source: "import"},
		{Kind: "loan", Value: "国家助学贷款", Year: 2024, Source: "import"},
		{Kind: "tier", Value: "困难", Year: 2025, Source: "import"},
		{Kind: "tier", Value: "特困", Year: 2024, Source: "import"},
	}
	got := factsOf(t, s, "20240001")
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(identity.Fact{}, "RecordedAt")); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if got[0].RecordedAt.Before(s.clock.Now().Add(-time.Hour)) || got[0].SourceLabel() != "学校名单 2025 学年" || got[6].SourceLabel() != "学校名单" {
		t.Errorf("recorded %v by %q and %q", got[0].RecordedAt, got[0].SourceLabel(), got[6].SourceLabel())
	}
}

func TestImport_names_a_record_that_is_wrong(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for name, c := range map[string]struct{ row, column, want string }{
		"honour_without_year": {"20240001,,,,,三好学生,,,,,", "年份", "填了困难等级、奖助、荣誉、证书、成绩或贷款，就要写四位数的年份。"},
		"grade_of_words":      {"20240001,,,,,,,优,2025,,", "平均成绩", "写 0 到 100 的整数。"},
		"grade_of_more":       {"20240001,,,,,,,101,2025,,", "平均成绩", "写 0 到 100 的整数。"},
		"nowhere":             {"20240001,,,,,,,,,火星,", "家庭所在地", "没有找到这个地区，写到省、市、县，如 湖北省武汉市洪山区。"},
		"whole_card":          {"20240001,,,,,,,,,,6222020200112233", "银行卡尾号", "写收款卡的后四位数字。"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.load(t, factHead+c.row+"\n", identity.ImportOptions{})
			want := []identity.RowError{{Row: 2, Column: c.column, Message: c.want}}
			if diff := cmp.Diff(want, r.Errors); diff != "" || r.Applied {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordedIn_tells_a_missing_list_from_not_being_on_it(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.load(t, factHead+"20240001,困难,,,,,,,2025,湖北武汉,\n", identity.ImportOptions{})
	s.do(t, "", func(tx *store.Tx, _ identity.Person) error {
		r, err := identity.RecordedIn(t.Context(), tx, 2026)
		if err != nil {
			return err
		}
		if !r.Has(identity.TierFact) || r.HasInYear(identity.TierFact) || !r.HasInYear(identity.HomeFact) || r.Has(identity.GradeFact) {
			t.Errorf("recorded %+v", r)
		}
		if r, err = identity.RecordedIn(t.Context(), tx, 2025); !r.HasInYear(identity.TierFact) {
			t.Errorf("recorded in 2025: %+v", r)
		}
		return err
	})
}
