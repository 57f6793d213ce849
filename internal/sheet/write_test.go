package sheet_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/sheet"
)

// What somebody typed must not run on the desk of who opens the file.
func TestWriteCSV_leaves_nothing_that_a_spreadsheet_would_run(t *testing.T) {
	t.Parallel()
	rows := [][]string{
		{"张晓雨", "007", "10:00"},
		{"=HYPERLINK(\"http://example.invalid\")", "+1", "-1"},
		{"@SUM(A1)", " \t=1+1", "＝1"},
		{"说了“你好”, 再见", "两\n行", ""},
	}
	var b bytes.Buffer
	if err := sheet.WriteCSV(&b, []string{"姓名", "学号", "时间"}, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "\ufeff姓名,") {
		t.Errorf("begins with %q", b.String()[:12])
	}
	got, err := sheet.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	var cells [][]string
	for _, r := range got.Rows {
		cells = append(cells, r.Cells)
	}
	want := [][]string{
		{"张晓雨", "007", "10:00"},
		{"'=HYPERLINK(\"http://example.invalid\")", "'+1", "'-1"},
		{"'@SUM(A1)", "' \t=1+1", "'＝1"},
		{"说了“你好”, 再见", "两\n行", ""},
	}
	if diff := cmp.Diff(want, cells); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}
