package understand

import "github.com/mozillazg/go-pinyin"

// maxReadings is how many readings of one character are compared.
const maxReadings = 4

// sound is how a character is read, without tones. All readings count: a surname
// such as 曾 is rarely the first in the dictionary.
type sound struct {
	n     int
	exact [maxReadings]uint32 // the syllable, five bits a letter
	loose [maxReadings]uint32 // z=zh, c=ch, s=sh, n=ng
}

// soundOf returns the readings of r. What is not Chinese sounds only like itself.
func soundOf(r rune) sound {
	var s sound
	readings, ok := pinyin.PinyinDict[int(r)]
	if !ok {
		s.add(uint32(r)|1<<31, uint32(r)|1<<31)
		return s
	}
	var exact, loose uint32
	var before byte
	for _, c := range readings {
		if c == ',' {
			s.add(exact, loose)
			exact, loose, before = 0, 0, 0
			continue
		}
		l := letter(c)
		if l == 0 {
			continue
		}
		exact = exact<<5 | uint32(l-'a'+1)
		if !slurred(before, l) {
			loose = loose<<5 | uint32(l-'a'+1)
		}
		before = l
	}
	s.add(exact, loose)
	return s
}

// slurred reports whether many leave out l after before: zh is said z, ng is said n.
func slurred(before, l byte) bool {
	return l == 'h' && (before == 'z' || before == 'c' || before == 's') || l == 'g' && before == 'n'
}

// add keeps a reading once: tones are gone, so hāo and hào are one.
func (s *sound) add(exact, loose uint32) {
	for i := range s.n {
		if s.exact[i] == exact {
			return
		}
	}
	if s.n < maxReadings {
		s.exact[s.n], s.loose[s.n] = exact, loose
		s.n++
	}
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

// glyph is a character with its sound.
type glyph struct {
	r rune
	sound
}

func glyphs(runes []rune) []glyph {
	g := make([]glyph, len(runes))
	for i, r := range runes {
		g[i] = glyph{r, soundOf(r)}
	}
	return g
}

// What it costs to read one character for another.
const (
	soundsSame  = 0.15
	soundsClose = 0.3
	differs     = 1.2
)

// differ returns 0 for the same character up to differs for an unrelated one.
func differ(a, b *glyph) float32 {
	if a.r == b.r {
		return 0
	}
	cost := float32(differs)
	for i := range a.n {
		for j := range b.n {
			if a.exact[i] == b.exact[j] {
				return soundsSame
			}
			if a.loose[i] == b.loose[j] {
				cost = soundsClose
			}
		}
	}
	return cost
}

// sameSound reports whether a and b are read alike, character by character, and how
// far apart they are written.
func sameSound(a, b []glyph) (cost float32, ok bool) {
	if len(a) != len(b) {
		return 0, false
	}
	for i := range a {
		c := differ(&a[i], &b[i])
		if c == differs {
			return 0, false
		}
		cost += c
	}
	return cost, true
}
