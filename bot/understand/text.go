package understand

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxRunes is how much of a message is read; nobody asks for anything further down.
const maxRunes = 300

// Marks that survive folding beside letters and digits, since times need them.
// Every other sign is a comma (ends a clause), a space (joins), or dropped.
const (
	comma = ','
	space = ' '
)

// text is a sentence made comparable. Rune i stands for sentence[from[i]:to[i]].
type text struct {
	runes    []rune
	from, to []int
}

// folder makes texts. The zero value is not usable; see newFolder.
type folder struct {
	simple map[rune]rune
	faces  map[rune]string
	same   []respelling
}

// respelling rewrites a frequent spelling to the usual one of the same length.
type respelling struct{ from, to []rune }

func newFolder() folder {
	f := folder{simple: simpler(), faces: faces()}
	for _, p := range [][2]string{
		{"预定", "预约"},
		{"预订", "预约"},
		{"老湿", "老师"},
		{"老帅", "老师"},
		{"名天", "明天"},
		{"民天", "明天"},
		{"明填", "明天"},
		{"后添", "后天"},
		{"星其", "星期"},
		{"礼败", "礼拜"},
		{"下舞", "下午"},
		{"夏午", "下午"},
		{"上舞", "上午"},
		{"下伍", "下午"},
		{"心里咨", "心理咨"},
	} {
		f.same = append(f.same, respelling{[]rune(p[0]), []rune(p[1])})
	}
	return f
}

// fold normalises per rune, so that every rune keeps its place in the sentence.
func (f folder) fold(sentence string) text {
	if !strings.ContainsFunc(sentence, isWord) {
		return f.face(sentence)
	}
	n := min(len(sentence), maxRunes)
	t := text{runes: make([]rune, 0, n), from: make([]int, 0, n), to: make([]int, 0, n)}
	read := 0
	for i, r := range sentence {
		if read++; read > maxRunes {
			break
		}
		_, size := utf8.DecodeRuneInString(sentence[i:])
		if r < utf8.RuneSelf || plainHan(r) {
			t.add(f.plain(r), i, i+size)
			continue
		}
		for _, r := range norm.NFKC.String(string(r)) {
			t.add(f.plain(r), i, i+size)
		}
	}
	t.close()
	for _, s := range f.same {
		for i := 0; i+len(s.from) <= len(t.runes); i++ {
			if slices.Equal(t.runes[i:i+len(s.from)], s.from) {
				copy(t.runes[i:], s.to)
			}
		}
	}
	return t
}

// Letters returns the function that leaves of a text its letters and digits, as sentences
// are compared: in one width, case and script, and nothing between them. Making it costs
// more than many calls of it.
func Letters() func(s string) string {
	f := newFolder()
	return func(s string) string {
		var b strings.Builder
		for _, r := range norm.NFKC.String(s) {
			if isWord(r) {
				b.WriteRune(f.plain(r))
			}
		}
		return b.String()
	}
}

// faces are what pictures say where nothing else is said.
func faces() map[rune]string {
	said := map[rune]string{}
	for words, pictures := range map[string]string{
		"想哭": "😭😢😿🥺", "很难过": "😞😔😟🙁☹😥😓😩😫💔😖😣", "好烦": "😤😠😡🤬💢", "谢谢": "🙏🌹❤💐🥰😘", "好的": "👌👍✅🆗🙆", "不要": "❌👎🙅🚫", "你好": "👋",
	} {
		for _, p := range pictures {
			said[p] = words
		}
	}
	return said
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// face reads a sentence of pictures alone: what the first known one says.
func (f folder) face(sentence string) text {
	var t text
	for i, p := range sentence {
		if words, ok := f.faces[p]; ok {
			for _, r := range words {
				t.add(r, i, i+utf8.RuneLen(p))
			}
			return t
		}
	}
	return t
}

// close drops the spaces of a sentence written with one between all its characters.
func (t *text) close() {
	spaces := 0
	for _, r := range t.runes {
		if r == space {
			spaces++
		}
	}
	if spaces < 3 || 3*spaces < 2*(len(t.runes)-spaces) {
		return
	}
	n := 0
	for i, r := range t.runes {
		if r != space {
			t.runes[n], t.from[n], t.to[n] = r, t.from[i], t.to[i]
			n++
		}
	}
	t.runes, t.from, t.to = t.runes[:n], t.from[:n], t.to[:n]
}

// add appends r unless it is dropped (0).
func (t *text) add(r rune, from, to int) {
	if r != 0 {
		t.runes, t.from, t.to = append(t.runes, r), append(t.from, from), append(t.to, to)
	}
}

// plain folds one rune that is already width-normalised; 0 means drop it.
func (f folder) plain(r rune) rune {
	switch {
	case '0' <= r && r <= '9', 'a' <= r && r <= 'z':
		return r
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case isHan(r):
		if s, ok := f.simple[r]; ok {
			return s
		}
		return r
	case unicode.IsSpace(r), unicode.In(r, unicode.Ps, unicode.Pe), r == '、', r == '&', r == '+', r == '|':
		return space
	case r == ':', r == '/', r == '.', r == '-':
		return r
	case r == '~', r == '∼', r == '〜':
		return '~'
	case r == '—', r == '–', r == '―', r == '−', r == '‐':
		return '-'
	case unicode.IsPunct(r):
		return comma
	case unicode.IsLetter(r):
		return unicode.ToLower(r)
	}
	return 0
}

// plainHan are the ideographs that normalisation leaves alone.
func plainHan(r rune) bool { return 0x4E00 <= r && r <= 0x9FFF }

func isHan(r rune) bool { return plainHan(r) || unicode.Is(unicode.Han, r) }

func isMark(r rune) bool {
	return r == comma || r == space || r == ':' || r == '/' || r == '.' || r == '-' || r == '~'
}

// words returns the runes of s that carry meaning: no marks.
func (f folder) words(s string) []rune {
	return slices.DeleteFunc(f.fold(s).runes, isMark)
}

// prefix reports whether runes[i:] starts with word.
func prefix(runes []rune, i int, word string) bool {
	for _, w := range word {
		if i < 0 || i >= len(runes) || runes[i] != w {
			return false
		}
		i++
	}
	return true
}

// number reads a number at runes[i:]: ASCII digits (at most four) or Chinese
// numerals up to 99, 零五 included. It returns its width in runes, 0 if there is none.
func number(runes []rune, i int) (n, width int) {
	for i+width < len(runes) && '0' <= runes[i+width] && runes[i+width] <= '9' {
		if width == 4 {
			return 0, 0
		}
		n = n*10 + int(runes[i+width]-'0')
		width++
	}
	if width > 0 {
		return n, width
	}
	j := i
	tens, hasTens := 1, false
	if d, ok := numeral(runes, j); ok {
		j++
		if d == 0 {
			d2, ok := numeral(runes, j)
			if !ok {
				return 0, 1
			}
			return d2, 2
		}
		if j >= len(runes) || runes[j] != '十' {
			return d, 1
		}
		tens = d
	}
	if j < len(runes) && runes[j] == '十' {
		hasTens = true
		j++
	}
	if !hasTens {
		return 0, 0
	}
	n = tens * 10
	if d, ok := numeral(runes, j); ok && d > 0 {
		n += d
		j++
	}
	return n, j - i
}

// numeral reads one Chinese digit.
func numeral(runes []rune, i int) (int, bool) {
	if i >= len(runes) {
		return 0, false
	}
	switch runes[i] {
	case '〇', '零':
		return 0, true
	case '一', '壹':
		return 1, true
	case '二', '两', '贰':
		return 2, true
	case '三', '叁':
		return 3, true
	case '四':
		return 4, true
	case '五':
		return 5, true
	case '六':
		return 6, true
	case '七':
		return 7, true
	case '八':
		return 8, true
	case '九':
		return 9, true
	}
	return 0, false
}
