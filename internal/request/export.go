package request

import (
	"context"
	"fmt"
	"io"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
)

// maxExport bounds a workbook; a filter makes it smaller.
const maxExport = 5000

// Export writes the applications of one service that the filter chooses, with every answer
// in a column of its own, as a workbook; the export is audited.
func (e *Engine) Export(ctx context.Context, tx *store.Tx, who identity.Person, f Filter, w io.Writer) error {
	units, all := offices(who)
	if len(units) == 0 && !all {
		return identity.ErrForbidden
	}
	if f.Service == "" {
		return errs.Field("service", "一次导出一项服务，请先选一项。")
	}
	items, err := chosen(ctx, tx, units, all, f, maxExport+1)
	if err != nil {
		return fmt.Errorf("list applications: %w", err)
	}
	if len(items) > maxExport {
		return errs.Field("service", fmt.Sprintf("超过 %d 份，请按状态或姓名缩小范围再导出。", maxExport))
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "application.export", "service/"+f.Service, map[string]any{"rows": len(items), "state": f.State}); err != nil {
		return err
	}
	fields := columnsOf(items)
	header := []string{"编号", "学号", "姓名", "学院", "班级", "状态", "提交时间", "申请金额（元）", "核定金额（元）"}
	for _, c := range fields {
		header = append(header, c.label)
	}
	return sheet.Write(w, header, func(yield func([]string) bool) {
		for _, a := range items {
			if !yield(exportRow(tx, a, fields)) {
				return
			}
		}
	})
}

type column struct{ name, label string }

// columnsOf are the fields of all versions among the applications, each once.
func columnsOf(items []Application) []column {
	var list []column
	seen := map[string]bool{}
	versions := map[int64]service.Version{}
	for _, a := range items {
		if _, known := versions[a.Service.ID]; known {
			continue
		}
		versions[a.Service.ID] = a.Service
		for _, f := range a.Service.Form.Fields {
			if !seen[f.Name] {
				seen[f.Name] = true
				list = append(list, column{f.Name, f.Label})
			}
		}
	}
	return list
}

func exportRow(tx *store.Tx, a Application, fields []column) []string {
	asked, amount := "", ""
	if a.Service.Outcome.Kind == service.Payout {
		asked, amount = form.Yuan(a.Applied), form.Yuan(a.Amount)
	}
	row := []string{
		a.Number, a.Student.Number, a.Student.Name, a.Student.College, a.Student.ClassName, a.StateLabel(),
		a.SubmittedAt.In(tx.Zone()).Format("2006-01-02 15:04"), asked, amount,
	}
	texts := map[string]string{}
	for _, r := range a.Rows() {
		texts[r.Name] = r.Text
	}
	for _, c := range fields {
		row = append(row, texts[c.name])
	}
	return row
}
