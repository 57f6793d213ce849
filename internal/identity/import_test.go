package identity_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

const head = "学号/工号,姓名,类别,层次,状态,学院,班级,校区,性别,出生日期,企业微信账号,原学号,困难等级,奖助项目,年份\n"

func TestPreview_names_every_wrong_cell(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, c := range []struct {
		name, rows string
		want       []string // row column: how the sentence begins
	}{
		{"good", "20260001,新同学,学生,本科,在籍,文学院,一班,东校区,女,2007-05-20,new1,,特困,国家助学金,2026", nil},
		{"no_number", ",新同学,学生,本科,,文学院,一班", []string{"2 学号/工号: 这一格必填"}},
		{"number_of_a_number_cell", "20990001.5,新同学,学生,本科,,文学院,一班,,,,,20240001.25", []string{"2 学号/工号: “20990001.5”带小数点", "2 原学号: “20240001.25”带小数点"}},
		{"number_with_blanks", "2026 0001,新同学,学生,本科,,文学院,一班", []string{"2 学号/工号: 号码由"}},
		{"same_number_twice", "20260001,甲,学生,本科,,文学院,一班\n20260001,乙,学生,本科,,文学院,一班", []string{"3 学号/工号: 和第 2 行重复"}},
		{"new_without_name", "20260001,,学生,本科,,文学院,一班", []string{"2 姓名: 新登记的人要写姓名"}},
		{"new_without_kind", "20260001,新同学,,本科,,文学院,一班", []string{"2 类别: 新登记的人要写类别"}},
		{"unknown_kind", "20260001,新同学,家长,本科,,文学院,一班", []string{"2 类别: 请写学生、教职工中的一个"}},
		{"new_student_without_level", "20260001,新同学,学生,,,文学院,一班", []string{"2 层次: 新登记的学生要写层次"}},
		{"staff_with_level", "200001,新老师,教职工,本科,,学工处", []string{"2 层次: 教职工不填层次"}},
		{"student_employed", "20260001,新同学,学生,本科,在职,文学院,一班", []string{"2 状态: 学生的状态是"}},
		{"staff_on_leave", "200001,新老师,教职工,,休学,学工处", []string{"2 状态: 教职工的状态是"}},
		{"kind_changed", "20240001,张晓雨,教职工,,,学工处", []string{"2 类别: 这个号码已登记为另一类"}},
		{"new_without_college", "20260001,新同学,学生,本科,,,一班", []string{"2 学院: 请写学院"}},
		{"unknown_college", "20260001,新同学,学生,本科,,医学院,", []string{"2 学院: 没有这个学院"}},
		{"unknown_class", "20260001,新同学,学生,本科,,文学院,九班", []string{"2 班级: 这个学院没有这个班"}},
		{"class_of_another_college", "20260001,新同学,学生,本科,,信息学院,一班", []string{"2 班级: 这个学院没有这个班"}},
		{"unknown_campus", "20260001,新同学,学生,本科,,文学院,一班,南校区", []string{"2 校区: 没有这个校区"}},
		{"unknown_gender", "20260001,新同学,学生,本科,,文学院,一班,,保密", []string{"2 性别: 请写女、男中的一个"}},
		{"no_date", "20260001,新同学,学生,本科,,文学院,一班,,女,2007-02-30", []string{"2 出生日期: 日期写成"}},
		{"no_account", "20260001,新同学,学生,本科,,文学院,一班,,,,张三", []string{"2 企业微信账号: 账号由"}},
		{"account_of_another", "20260001,新同学,学生,本科,,文学院,一班,,,,S1", []string{"2 企业微信账号: 这个账号已绑定给别人"}},
		{"account_of_the_head_of_the_centre", "100003,,,,,,,,,,thief", []string{"2 企业微信账号: 这位老师承担中心的工作"}},
		{"account_twice", "20260001,甲,学生,本科,,文学院,一班,,,,new1\n20260002,乙,学生,本科,,文学院,一班,,,,NEW1", []string{"3 企业微信账号: 和第 2 行重复"}},
		{"previous_number_unknown", "20260001,,学生,硕士,,文学院,一班,,,,,19990001", []string{"2 原学号: 没有登记过这个号码"}},
		{"previous_number_is_the_number", "20240001,,,,,,,,,,,20240001", []string{"2 原学号: 原学号和学号一样"}},
		{"previous_number_of_another", "20240001,,,,,,,,,,,20240002", []string{"2 原学号: 这两个号码登记的不是同一个人"}},
		{"tier_without_year", "20240001,,,,,,,,,,,,特困", []string{"2 年份: 填了困难等级"}},
		{"two_rows_wrong", "1,甲\n20260001,乙,学生,本科,,医学院", []string{"2 学号/工号: 号码由", "3 学院: 没有这个学院"}},
		{"two_cells_wrong", "20260001,甲,家长,本科,,文学院,一班,,未知", []string{"2 类别: 请写", "2 性别: 请写"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var report identity.ImportReport
			if err := s.View(t.Context(), func(tx *store.Tx) (err error) {
				report, err = identity.Preview(t.Context(), tx, table(t, head+c.rows+"\n"), identity.ImportOptions{})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if len(report.Errors) != len(c.want) {
				t.Fatalf("errors %v, want %d: %v", report.Errors, len(c.want), c.want)
			}
			for i, e := range report.Errors {
				row, sentence, _ := strings.Cut(c.want[i], " ")
				column, sentence, _ := strings.Cut(sentence, ": ")
				if got := string(rune('0' + e.Row)); got != row || e.Column != column || !strings.HasPrefix(e.Message, sentence) {
					t.Errorf("error %v, want %s", e, c.want[i])
				}
			}
		})
	}
}

func TestImport_twice_changes_nothing(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	list := head + `20260001,新同学,学生,本科,在籍,文学院,一班,东校区,女,2007-05-20,new1,,特困,国家助学金、励志奖学金,2026
20260002,罗锦程,学生,硕士,在籍,文学院,二班,东校区,男,,,20200009,,,
20240001,张小雨,,,休学,,二班,,,,,,,,
`
	list = strings.Replace(list, "休学,,二班", "休学,文学院,二班", 1)
	first := s.load(t, list, identity.ImportOptions{})
	if diff := cmp.Diff(identity.ImportReport{Rows: 3, Created: 1, Continued: 1, Changed: 1, Bound: 1, Applied: true}, first); diff != "" {
		t.Errorf("first import (-want +got):\n%s", diff)
	}
	second := s.load(t, list, identity.ImportOptions{})
	if diff := cmp.Diff(identity.ImportReport{Rows: 3, Unchanged: 3, Applied: true}, second); diff != "" {
		t.Errorf("second import (-want +got):\n%s", diff)
	}
	wantHealthy(t, s)
}

func TestImport_writes_what_the_list_says(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	before := s.numbered(t, "20240001")
	s.load(t, head+"20240001,张小雨,,,休学,文学院,二班,,女,2006/3/9,S1.new,,,,\n", identity.ImportOptions{})
	got := s.numbered(t, "20240001")
	if got.ID != before.ID || got.Name != "张小雨" || got.Status != "suspended" || got.UnitName != "二班" || got.CollegeName != "文学院" ||
		got.BornOn == nil || got.BornOn.Format("2006-01-02") != "2006-03-09" || got.UserID != "s1.new" {
		t.Errorf("person after the import: %+v", got)
	}
	s.load(t, "学号,状态\n20240001,在籍\n", identity.ImportOptions{})
	if again := s.numbered(t, "20240001"); again.Status != "enrolled" || again.Name != "张小雨" || again.UserID != "s1.new" {
		t.Errorf("a list of two columns changed more than them: %+v", again)
	}
}

func TestImport_second_number_continues_the_person(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	before := s.numbered(t, "20200009")
	s.load(t, head+"M2026001,,学生,硕士,,文学院,二班,,,,,20200009,,,\n", identity.ImportOptions{})
	got := s.numbered(t, "M2026001")
	if got.ID != before.ID || got.Level != "master" || got.Status != "enrolled" || got.UserID != "g1" || got.Name != "罗锦程" {
		t.Errorf("person under the second number: %+v, before: %+v", got, before)
	}
	wantHealthy(t, s)
}

func TestImport_is_all_or_nothing(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	report := s.load(t, head+"20260001,新同学,学生,本科,,文学院,一班\n20260002,新同学,学生,本科,,医学院,一班\n", identity.ImportOptions{})
	if report.Applied || len(report.Errors) != 1 {
		t.Fatalf("report %+v, want one error and nothing applied", report)
	}
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		_, err := identity.Numbered(t.Context(), tx, "20260001")
		return err
	})
	wantSays(t, err, "没有这个学号")
}

func TestImport_without_confirmation_writes_nothing(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	list := head + "20260001,新同学,学生,本科,,医学院,一班,南校区\n"
	report, err := identity.ImportFile(t.Context(), s.DB, strings.NewReader(list), identity.Operator(), identity.ImportOptions{CreateUnits: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := identity.ImportReport{Rows: 1, Created: 1, Units: []string{"校区 南校区", "学院 医学院", "班级 一班"}}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	s.do(t, "", func(tx *store.Tx, _ identity.Person) error {
		units, err := identity.Units(t.Context(), tx, identity.College)
		if len(units) != 2 {
			t.Errorf("colleges after a preview: %+v", units)
		}
		return err
	})
}

func TestImport_refuses_a_file_of_another_kind(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for name, c := range map[string]struct{ who, list, want string }{
		"no_number_column":               {"admin1", "姓名,学院\n甲,文学院\n", "第 1 行当作表头（姓名、学院），里面没有“学号/工号”"},
		"a_line_of_two_above_the_header": {"admin1", "学院：文学院,2026年秋\n学号,姓名\n20260001,甲\n", "第 1 行当作表头（学院：文学院、2026年秋），里面没有"},
		"number_only":                    {"admin1", "学号,电话\n20240001,1\n", "第 1 行当作表头（学号、电话），除了学号，没有认出别的列"},
		"not_an_admin":                   {"office", roll, identity.ErrForbidden.Message},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := s.try(t, c.who, func(_ *store.Tx, who identity.Person) error {
				_, err := identity.ImportFile(t.Context(), s.DB, strings.NewReader(c.list), who, identity.ImportOptions{}, false)
				return err
			})
			wantSays(t, err, c.want)
		})
	}
}

// More persons than one statement writes, in a school that has only this list.
func TestImport_of_many(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	var b strings.Builder
	b.WriteString("学号,姓名,类别,层次,学院,班级,困难等级,年份\n")
	for i := range 2500 {
		b.WriteString("2026" + padded(i) + ",同学" + padded(i) + ",学生,本科,文学院,新班" + padded(i%40) + ",困难,2026\n")
	}
	if r := s.load(t, b.String(), identity.ImportOptions{CreateUnits: true}); r.Created != 2500 || len(r.Units) != 40 || !r.Applied {
		t.Errorf("created %d persons and %d units", r.Created, len(r.Units))
	}
	if r := s.load(t, b.String(), identity.ImportOptions{}); r.Unchanged != 2500 {
		t.Errorf("second import: %s", r)
	}
	wantHealthy(t, s)
}

func padded(i int) string {
	digits := []byte("0000")
	for at := 3; i > 0; at-- {
		digits[at] = byte('0' + i%10)
		i /= 10
	}
	return string(digits)
}

// wantHealthy checks the invariants.
func wantHealthy(t *testing.T, s school) {
	t.Helper()
	s.do(t, "", func(tx *store.Tx, _ identity.Person) error {
		lines, err := identity.Broken(t.Context(), tx)
		for _, line := range lines {
			t.Error(line)
		}
		return err
	})
}

func TestImportReport_reads_as_a_letter(t *testing.T) {
	t.Parallel()
	r := identity.ImportReport{
		Rows: 3, Created: 1, Unchanged: 1, Bound: 1, Units: []string{"学院 医学院"}, Ignored: []string{"电话"},
		Errors: []identity.RowError{{Row: 4, Column: "学院", Message: "没有这个学院。"}},
	}
	want := `共 3 行：新增 1 人，换学号 0 人，更新 0 人，没有变化 1 人；绑定账号 1 个。
新建单位：学院 医学院。
没有用到的列：电话。
第 4 行“学院”：没有这个学院。
有 1 处要改，一行都没有写入。改好后整份再传即可。`
	if diff := cmp.Diff(want, r.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
