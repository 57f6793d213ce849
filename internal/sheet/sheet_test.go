package sheet_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/sheet"
)

func gb18030(t *testing.T, s string) string {
	t.Helper()
	b, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// workbook returns an .xlsx that edit has filled.
func workbook(t *testing.T, edit func(f *excelize.File) error) string {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	if err := edit(f); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// filled returns a workbook with the rows from A1 on.
func filled(t *testing.T, rows ...[]any) string {
	t.Helper()
	return workbook(t, func(f *excelize.File) error {
		for i, r := range rows {
			at, err := excelize.CoordinatesToCellName(1, i+1)
			if err != nil {
				return err
			}
			if err := f.SetSheetRow("Sheet1", at, &r); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestRead(t *testing.T) {
	t.Parallel()
	want := sheet.Table{Header: []string{"学号", "姓名"}, At: 1, Rows: []sheet.Row{{Number: 2, Cells: []string{"0001", "张晓雨"}}}}
	for _, c := range []struct {
		name, content string
		want          sheet.Table
	}{
		{"utf8", "学号,姓名\n0001,张晓雨\n", want},
		{"utf8_with_bom_and_crlf", "\ufeff学号,姓名\r\n0001,张晓雨\r\n", want},
		{"gb18030", gb18030(t, "学号,姓名\n0001,张晓雨\n"), want},
		{"tabs", "学号\t姓名\n0001\t张晓雨\n", want},
		{"stars_and_blanks_in_the_header", "*学 号, 姓名＊\n0001,张晓雨\n", want},
		{"invisible_characters", "学号,姓名\n0001\u200b, \u3000张晓雨\u00a0\n", want},
		{
			"blank_lines_keep_the_numbers", "\n学号,姓名\n\n,\n0001,张晓雨\n",
			sheet.Table{Header: want.Header, At: 2, Rows: []sheet.Row{{Number: 5, Cells: want.Rows[0].Cells}}},
		},
		{
			"titles_above_the_header", "文学院 2026 级名单\n,制表：10月12日\n学号,姓名\n0001,张晓雨\n",
			sheet.Table{Header: want.Header, At: 3, Rows: []sheet.Row{{Number: 4, Cells: want.Rows[0].Cells}}},
		},
		{
			"xlsx_title_above_the_header", filled(t, []any{"文学院 2026 级名单"}, []any{"学号", "姓名"}, []any{"0001", "张晓雨"}),
			sheet.Table{Header: want.Header, At: 2, Rows: []sheet.Row{{Number: 3, Cells: want.Rows[0].Cells}}},
		},
		{"short_row", "学号,姓名\n0001\n", sheet.Table{Header: want.Header, At: 1, Rows: []sheet.Row{{Number: 2, Cells: []string{"0001", ""}}}}},
		{"formula_is_text", "学号,姓名\n0001,=1+1\n", sheet.Table{Header: want.Header, At: 1, Rows: []sheet.Row{{Number: 2, Cells: []string{"0001", "=1+1"}}}}},
		{"xlsx", filled(t, []any{"学号", "姓名"}, []any{"0001", "张晓雨"}), want},
		{
			"xlsx_formula_text", filled(t, []any{"学号", "姓名"}, []any{"0001", "=1+1"}),
			sheet.Table{Header: want.Header, At: 1, Rows: []sheet.Row{{Number: 2, Cells: []string{"0001", "=1+1"}}}},
		},
		{
			"xlsx_number_of_twelve_digits", filled(t, []any{"学号", "姓名"}, []any{int64(202603010012), "张晓雨"}),
			sheet.Table{Header: want.Header, At: 1, Rows: []sheet.Row{{Number: 2, Cells: []string{"202603010012", "张晓雨"}}}},
		},
		{"xlsx_hidden_first_sheet", workbook(t, func(f *excelize.File) error {
			if _, err := f.NewSheet("名单"); err != nil {
				return err
			}
			f.SetActiveSheet(1)
			if err := f.SetSheetVisible("Sheet1", false); err != nil {
				return err
			}
			if err := f.SetSheetRow("名单", "A1", &[]any{"学号", "姓名"}); err != nil {
				return err
			}
			return f.SetSheetRow("名单", "A2", &[]any{"0001", "张晓雨"})
		}), want},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := sheet.Read(strings.NewReader(c.content))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRead_refuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, content string
		kind          errs.Kind
		says          string
	}{
		{"nothing", " \n", errs.Invalid, "空的"},
		{"header_only", "学号,姓名\n", errs.Invalid, "没有数据"},
		{"old_xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", errs.Invalid, "另存为 .xlsx"},
		{"broken_xlsx", "PK\x03\x04broken", errs.Invalid, "打不开"},
		{"picture", "\x89PNG\r\n\x1a\n\x00\x00", errs.Invalid, "不是能读的表格"},
		{"unknown_encoding", "\xff\xff\xff,a\n1,2\n", errs.Invalid, "编码"},
		{"open_quote", "学号,姓名\n0001,\"张\n", errs.Invalid, "引号"},
		{"header_twice", "学号,学号\n1,2\n", errs.Invalid, "出现了两次"},
		{"more_cells_than_header", "学号,姓名\n0001,张晓雨,文学院\n", errs.Invalid, "第 2 行比表头（第 1 行）多"},
		{"long_cell", "学号\n" + strings.Repeat("长", sheet.MaxCell+1) + "\n", errs.Invalid, "第 2 行第 1 列"},
		{"many_columns", strings.Repeat("a,", sheet.MaxColumns) + "b\n", errs.Invalid, "最多 100 列"},
		{"many_rows", "学号\n" + strings.Repeat("1\n", sheet.MaxRows+1), errs.TooLarge, "最多 50000 行"},
		{"large_file", strings.Repeat("a", sheet.MaxBytes+1), errs.TooLarge, "10 MB"},
		{"number_that_excel_rounded", filled(t, []any{"身份证号"}, []any{310101200603090012.0}), errs.Invalid, "文本"},
		{"wide_row", workbook(t, func(f *excelize.File) error { return f.SetCellStr("Sheet1", "XFD1", "x") }), errs.Invalid, "最多 100 列"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := sheet.Read(strings.NewReader(c.content))
			if errs.KindOf(err) != c.kind || !strings.Contains(errs.MessageOf(err), c.says) {
				t.Errorf("got %v, want %s saying %q", err, c.kind, c.says)
			}
		})
	}
}

// A small file that says it unpacks to more than the limit is refused before it fills the
// memory; one that lies about it fails in archive/zip.
func TestRead_refuses_a_bomb(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CompressedSize64: 4, UncompressedSize64: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("bomb")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sheet.Read(&bomb); !strings.Contains(err.Error(), "unzip size exceeds") || !strings.Contains(errs.MessageOf(err), "太大") {
		t.Errorf("got %v, want a refusal for its unpacked size", err)
	}
}

func TestWrite_is_read_back_as_text(t *testing.T) {
	t.Parallel()
	header, rows := []string{"学号", "备注"}, [][]string{{"00012345678901234567", "=HYPERLINK(1)"}, {"2026-03-09", "+1"}}
	var b bytes.Buffer
	if err := sheet.Write(&b, header, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	got, err := sheet.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := sheet.Table{Header: header, At: 1, Rows: []sheet.Row{{Number: 2, Cells: rows[0]}, {Number: 3, Cells: rows[1]}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// Whatever comes in, a table keeps its promises or the error says what to change.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"学号,姓名\n1,张\n", "\ufeffa\tb\n\"1\n2\"\t3\n", "\xd1\xa7\xba\xc5,a\n1,2\n", "a\n\"", "a,a\n", "\n\n,\nx\n1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if bytes.HasPrefix(content, []byte("PK")) {
			t.Skip("the CSV reader is meant")
		}
		table, err := sheet.Read(bytes.NewReader(content))
		if err != nil {
			if errs.KindOf(err) == errs.Internal {
				t.Fatalf("an error without a sentence: %v", err)
			}
			return
		}
		last := 0
		for _, r := range table.Rows {
			if len(r.Cells) != len(table.Header) || r.Number <= last || len(table.Rows) > sheet.MaxRows {
				t.Fatalf("row %+v after %d under %q", r, last, table.Header)
			}
			last = r.Number
			for _, c := range r.Cells {
				if c != strings.TrimSpace(c) || strings.ContainsRune(c, '\ufeff') {
					t.Fatalf("cell %q is not clean", c)
				}
			}
		}
	})
}
