package document_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/document"
)

// ten is a measure in which every character is ten wide.
func ten(s string) float64 { return 10 * float64(utf8.RuneCountInString(s)) }

func fontFile(tb testing.TB) []byte {
	tb.Helper()
	b, err := document.FontData()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestWrap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", []string{""}},
		{"one line", "特此证明", []string{"特此证明"}},
		{"between any two characters", "兹证明张晓雨同学系", []string{"兹证明张晓", "雨同学系"}},
		{"no comma begins a line", "兹证明同学，系我校", []string{"兹证明同", "学，系我校"}},
		{"no bracket ends a line", "兹证明雨（学号）", []string{"兹证明雨", "（学号）"}},
		{"a number stays whole", "金额共6000元", []string{"金额共", "6000元"}},
		{"a word longer than the line stands alone", "见abcdefgh页", []string{"见", "abcdefgh", "页"}},
		{"a blank at the break goes", "ab cdefg", []string{"ab", "cdefg"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, document.Wrap(test.text, 50, ten)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// Wrapping loses nothing but blanks, and only a single word is wider than the line.
func FuzzWrap(f *testing.F) {
	f.Add("兹证明张晓雨同学（学号20240101）系我校2024级本科生。")
	f.Add("ab cd，（（（（（（（（（")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		lines := document.Wrap(text, 80, ten)
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := bare(strings.Join(lines, "")); got != bare(text) {
			t.Errorf("%q became %q", text, lines)
		}
	})
}
