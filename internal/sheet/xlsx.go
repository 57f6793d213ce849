package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/xuegong/xuegong/internal/errs"
)

// What a workbook may unpack to: all of it, and one part of it in memory (the rest of
// a part goes through a temporary file).
const (
	maxUnpacked = 128 << 20
	maxInMemory = 32 << 20
)

// widest is where a row is refused before its blanks are looked at.
const widest = 10 * MaxColumns

func readXLSX(content []byte, b *builder) (err error) {
	f, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxInMemory, ShortDatePattern: "yyyy-mm-dd",
	})
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "这个 Excel 文件打不开，可能不完整或太大。请在 Excel 里另存为 .xlsx 再传。")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rows, err := f.Rows(firstVisible(f))
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "表格的第一个工作表读不出来。请在 Excel 里另存为 .xlsx 再传。")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for number := 1; rows.Next(); number++ {
		cells, err := rows.Columns()
		if err != nil {
			return errs.Wrap(err, errs.Invalid, fmt.Sprintf("表格第 %d 行读不出来。请在 Excel 里另存为 .xlsx 再传。", number))
		}
		if len(cells) > widest {
			return invalid(fmt.Sprintf("第 %d 行有 %d 列，最多 %d 列。请删掉多余的列再传。", number, len(cells), MaxColumns))
		}
		if err := exact(number, cells); err != nil {
			return err
		}
		if err := b.add(number, cells); err != nil {
			return err
		}
	}
	if err := rows.Error(); err != nil {
		return errs.Wrap(err, errs.Invalid, "表格读到一半出错了。请在 Excel 里另存为 .xlsx 再传。")
	}
	return nil
}

// rounded is a number Excel shows with an exponent: its last digits are gone or hidden.
var rounded = regexp.MustCompile(`^\d(\.\d+)?E\+\d+$`)

func exact(number int, cells []string) error {
	for i, c := range cells {
		if strings.Contains(c, "E+") && rounded.MatchString(c) {
			return invalid(fmt.Sprintf("第 %d 行第 %d 列是“数字”格式，长号码的末几位会丢。请把这一列改成“文本”格式，重新填好再传。", number, i+1))
		}
	}
	return nil
}

// firstVisible is the sheet people see first; templates hide their lists of choices.
func firstVisible(f *excelize.File) string {
	names := f.GetSheetList()
	for _, name := range names {
		if ok, err := f.GetSheetVisible(name); err == nil && ok {
			return name
		}
	}
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// Write writes a workbook of one sheet: a header that stays in view and the rows, all
// cells text, so that numbers keep their zeros and "=…" stays what was typed.
func Write(w io.Writer, header []string, rows iter.Seq[[]string]) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // "@"
	if err != nil {
		return fmt.Errorf("text style: %w", err)
	}
	bold, err := f.NewStyle(&excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true}})
	if err != nil {
		return fmt.Errorf("header style: %w", err)
	}
	s, err := f.NewStreamWriter(f.GetSheetName(0))
	if err != nil {
		return fmt.Errorf("begin sheet: %w", err)
	}
	if err := errors.Join(
		s.SetColWidth(1, max(1, len(header)), 16),
		s.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}),
		writeRow(s, 1, header, bold)); err != nil {
		return fmt.Errorf("write header: %w", err)
	}
	number := 1
	for row := range rows {
		number++
		if err := writeRow(s, number, row, text); err != nil {
			return fmt.Errorf("write row %d: %w", number, err)
		}
	}
	if err := s.Flush(); err != nil {
		return fmt.Errorf("end sheet: %w", err)
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

func writeRow(s *excelize.StreamWriter, number int, row []string, style int) error {
	cells := make([]any, len(row))
	for i, v := range row {
		cells[i] = excelize.Cell{StyleID: style, Value: v}
	}
	at, err := excelize.CoordinatesToCellName(1, number)
	if err != nil {
		return err
	}
	return s.SetRow(at, cells)
}
