package understand

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mozillazg/go-pinyin"
)

var updateReadings = flag.Bool("readings", false, "write readings.txt anew from the dictionary")

// TestReadings holds readings.txt to the dictionary it was made of.
func TestReadings(t *testing.T) {
	t.Parallel()
	want := readingsOf(pinyin.PinyinDict)
	if *updateReadings {
		if err := os.WriteFile("readings.txt", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if readings != want {
		t.Error("readings.txt is not what the dictionary says; write it anew with -readings")
	}
	for _, tt := range []struct {
		r, like rune
	}{{'曾', '增'}, {'曾', '层'}, {'吕', '律'}, {'嗯', '恩'}} {
		a, b := glyph{tt.r, soundOf(tt.r)}, glyph{tt.like, soundOf(tt.like)}
		if differ(&a, &b) == differs && tt.r != '嗯' {
			t.Errorf("%c does not sound like %c", tt.r, tt.like)
		}
	}
}

func readingsOf(dict map[int]string) string {
	by := map[string][]rune{}
	for _, r := range slices.Sorted(maps.Keys(dict)) {
		if r < firstRead || r > lastRead {
			continue
		}
		names := toneless(dict[r])
		by[names] = append(by[names], rune(r))
	}
	var b strings.Builder
	for _, names := range slices.Sorted(maps.Keys(by)) {
		b.WriteString(names + " " + string(by[names]) + "\n")
	}
	return b.String()
}

// toneless strips the tones of all readings and keeps each of the first few once.
func toneless(readings string) string {
	var names []string
	for reading := range strings.SplitSeq(readings, ",") {
		var name strings.Builder
		for _, c := range reading {
			if l := letter(c); l != 0 {
				name.WriteByte(l)
			}
		}
		if !slices.Contains(names, name.String()) && len(names) < maxReadings {
			names = append(names, name.String())
		}
	}
	return strings.Join(names, ",")
}

// letter strips the tone mark; ü becomes v; 0 for a combining mark.
func letter(c rune) byte {
	switch c {
	case 'ā', 'á', 'ǎ', 'à':
		return 'a'
	case 'ē', 'é', 'ě', 'è', 'ê', 'ế', 'ề':
		return 'e'
	case 'ī', 'í', 'ǐ', 'ì':
		return 'i'
	case 'ō', 'ó', 'ǒ', 'ò':
		return 'o'
	case 'ū', 'ú', 'ǔ', 'ù':
		return 'u'
	case 'ü', 'ǖ', 'ǘ', 'ǚ', 'ǜ':
		return 'v'
	case 'ń', 'ň', 'ǹ':
		return 'n'
	case 'ḿ':
		return 'm'
	}
	if 'a' <= c && c <= 'z' {
		return byte(c)
	}
	return 0
}
