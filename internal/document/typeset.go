package document

import (
	"strings"
	"unicode"
)

// closing must not begin a line, opening must not end one.
const (
	closing = "，。、；：？！）》」』】〉”’…—·％,.;:?!)%"
	opening = "（《「『【〈“‘("
)

// measure returns the width of a text in points.
type measure func(s string) float64

// wrap breaks a text into lines no wider than width, as Chinese is set: anywhere between
// characters, but never before closing punctuation, after opening punctuation, or inside
// a number or a Latin word. A word that is wider than a line stands alone.
func wrap(text string, width float64, m measure) []string {
	var lines []string
	line, wide := "", 0.0
	for _, word := range words(text) {
		w := m(word)
		if line != "" && wide+w > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line, wide = "", 0
			word = strings.TrimLeft(word, " ")
			w = m(word)
		}
		line += word
		wide += w
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// words cuts a text into what may not be broken.
func words(text string) []string {
	var list []string
	var last rune
	for i, r := range text {
		if i > 0 && joined(last, r) {
			list[len(list)-1] += string(r)
		} else {
			list = append(list, string(r))
		}
		last = r
	}
	return list
}

// joined tells whether no line may end between two neighbours.
func joined(a, b rune) bool {
	return strings.ContainsRune(closing, b) || strings.ContainsRune(opening, a) || latin(a) && latin(b)
}

func latin(r rune) bool {
	return r < 0x2000 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_/@#&+", r))
}
