package understand

import (
	_ "embed"
	"strings"
	"sync"
)

// maxReadings is how many readings of one character are compared.
const maxReadings = 4

// sound is how a character is read, without tones. All readings count: a surname
// such as 曾 is rarely the first in the dictionary.
type sound struct {
	n     int
	exact [maxReadings]uint32 // the syllable, five bits a letter
	loose [maxReadings]uint32 // z=zh, c=ch, s=sh, n=ng
}

// readings are the characters of each way to be read, as "ceng,zeng 曾", without tones.
// They are those of github.com/mozillazg/go-pinyin (MIT licence, Copyright (c) 2016
// mozillazg), which itself would build a map of all of them whenever a process starts.
//
//go:embed readings.txt
var readings string

// The characters that have readings lie between these.
const firstRead, lastRead = 0x3007, 0x32389

// soundBook has the sound of every character, by its place.
type soundBook struct {
	sounds []sound
	of     []uint16 // into sounds; 0 is none
}

// dictionary is built when the first sentence is read.
//
//nolint:gochecknoglobals // the embedded readings, read once; nothing changes them
var dictionary = sync.OnceValue(func() *soundBook {
	d := &soundBook{sounds: make([]sound, 1, 4600), of: make([]uint16, lastRead-firstRead+1)}
	for line := range strings.Lines(readings) {
		names, characters, _ := strings.Cut(strings.TrimSpace(line), " ")
		var s sound
		for name := range strings.SplitSeq(names, ",") {
			s.add(syllable(name))
		}
		for _, r := range characters {
			d.of[r-firstRead] = uint16(len(d.sounds))
		}
		d.sounds = append(d.sounds, s)
	}
	return d
})

// soundOf returns the readings of r. What is not Chinese sounds only like itself.
func soundOf(r rune) sound {
	if r >= firstRead && r <= lastRead {
		if d := dictionary(); d.of[r-firstRead] != 0 {
			return d.sounds[d.of[r-firstRead]]
		}
	}
	var s sound
	s.add(uint32(r)|1<<31, uint32(r)|1<<31)
	return s
}

// syllable packs a reading, exact and as it is slurred.
func syllable(name string) (exact, loose uint32) {
	for i := range len(name) {
		exact = exact<<5 | uint32(name[i]-'a'+1)
		if i == 0 || !slurred(name[i-1], name[i]) {
			loose = loose<<5 | uint32(name[i]-'a'+1)
		}
	}
	return exact, loose
}

// slurred reports whether many leave out l after before: zh is said z, ng is said n.
func slurred(before, l byte) bool {
	return l == 'h' && (before == 'z' || before == 'c' || before == 's') || l == 'g' && before == 'n'
}

// add keeps a reading once.
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
