package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/sheet"
)

func TestFigures(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	body := s.shown(head, "/desk/counselling/figures")
	has(t, body, "数据", "按老师", "苏晴", "东校区", "导出表格", "少于 5 人的小组不显示")
	hasNot(t, body, "程一诺", "许知遥", "20241106")
	if s.auditRows("figures.read") == 0 {
		t.Error("reading the figures leaves no trace")
	}
	refused := s.get(head, "/desk/counselling/figures?from=2026-10-18&to=2026-08-24")
	if refused.status != http.StatusUnprocessableEntity {
		t.Errorf("an end before the beginning: %d, want 422", refused.status)
	}
	has(t, refused.body, "结束要在开始之后")
	for _, other := range []string{counsellor, admin, office, fudaoyuan, student} {
		for _, path := range []string{"/desk/counselling/figures", "/desk/counselling/figures.xlsx"} {
			if got := s.get(other, path); got.status != http.StatusForbidden {
				t.Errorf("%s at %s: %d, want 403", other, path, got.status)
			}
		}
	}
}

func TestFiguresAreExported(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	got := s.get(frontDesk, "/desk/counselling/figures.xlsx?by=month")
	if got.status != http.StatusOK {
		t.Fatalf("export = %d", got.status)
	}
	table, err := sheet.Read(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	if table.Column("等待中位数（天）") < 0 || len(table.Rows) < 4 || table.Rows[0].Cells[0] != "全部" {
		t.Errorf("exported %q and %d rows", table.Header, len(table.Rows))
	}
}
