package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

func readCSV(content []byte, b *builder) error {
	text, err := decode(content)
	if err != nil {
		return err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	r.Comma = separator(text)
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		line, _ := r.FieldPos(0)
		if err := b.add(line, cells); err != nil {
			return err
		}
	}
}

// decode returns UTF-8. What is not UTF-8 is GB18030, as Chinese Excel saves a .csv;
// what is neither is no text of ours.
func decode(content []byte) ([]byte, error) {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(content, 0) >= 0 {
		return nil, invalid("这不是能读的表格。请传 .xlsx，或 UTF-8、GBK 编码的 .csv。")
	}
	if utf8.Valid(content) {
		return content, nil
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(content)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, invalid("文件的文字编码认不出来。请在 Excel 里另存为 .xlsx 再传。")
	}
	return text, nil
}

// separator is the comma, or the tab if the first line has only tabs.
func separator(text []byte) rune {
	first, _, _ := bytes.Cut(bytes.TrimLeft(text, "\r\n"), []byte("\n"))
	if !bytes.ContainsRune(first, ',') && bytes.ContainsRune(first, '\t') {
		return '\t'
	}
	return ','
}

func csvError(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return invalid(fmt.Sprintf("第 %d 行的引号没有成对。请改好，或在 Excel 里另存为 .xlsx 再传。", e.Line))
	}
	return fmt.Errorf("read csv: %w", err)
}

// WriteCSV writes a .csv as Chinese Excel opens it: UTF-8 with its mark, and nothing
// that a spreadsheet would run. A cell that begins like a formula gets an apostrophe.
func WriteCSV(w io.Writer, header []string, rows iter.Seq[[]string]) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return fmt.Errorf("begin csv: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(header); err != nil {
		return fmt.Errorf("write header: %w", err)
	}
	for row := range rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = inert(v)
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("write row: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("end csv: %w", err)
	}
	return nil
}

// inert keeps a cell from being taken for a formula, also behind blanks and in full width.
func inert(cell string) string {
	if begin := strings.TrimLeft(cell, " \t\r\n\u3000"); begin != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(begin)[0]) {
		return "'" + cell
	}
	return cell
}
