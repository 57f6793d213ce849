package understand

import (
	"slices"
	"time"
)

// Vocabulary is what a school can be asked for. It is data: the services' phrases
// come from their files, people and places from the database.
type Vocabulary struct {
	Intents []Intent
	People  []Name // counsellors, advisors
	Places  []Name // campuses, rooms, offices
}

// Intent is something a student can want, with the ways to say it. Phrases of one
// character are ignored. The more a phrase says (取消咨询 rather than 取消), the
// surer the match.
type Intent struct {
	Name    string
	Phrases []string
	Aside   bool // said beside something else it gives way: a feeling, a temper
}

// Name is a person or place by id. Name and Aliases of one character are ignored.
// A person is also found by surname and title (王老师) and given name (晓燕老师).
type Name struct {
	ID      string
	Name    string
	Aliases []string
}

// Word steers a dialogue.
type Word string

// The words. All but Any are recognised only when they are the whole sentence,
// Any also beside a time (都行，明天下午).
const (
	None   Word = ""
	Yes    Word = "yes"
	No     Word = "no"
	Back   Word = "back"   // 返回
	Cancel Word = "cancel" // 取消, 算了
	Help   Word = "help"   // 帮助, 怎么用
	More   Word = "more"   // 还有吗, 换一批
	Any    Word = "any"    // 都可以, 随便
	Skip   Word = "skip"   // 跳过
	Hello  Word = "hello"  // 你好, 在吗, 人呢, 快点: somebody waits for a sign of life
	Thanks Word = "thanks" // 谢谢
	Keep   Word = "keep"   // 不改了: what there is stays
	Pause  Word = "pause"  // 等一下, 我先看看课表: not now
	Left   Word = "left"   // 怎么还要填这么多: how much is there still to do
)

// Meaning is what a sentence says. The zero Meaning is a sentence we do not understand.
type Meaning struct {
	Intent       string   // "" when none or unsure
	Score        float64  // of the best intent, 0 to 1
	Whole        bool     // the sentence says little else
	Alternatives []string // at most three, best first; only when Intent is ""

	Times    []Span        // wanted, in the order of the sentence
	NotTimes []Span        // excluded (除了周五)
	Never    []string      // dates and hours that do not exist, as written (2月30日)
	Shift    time.Duration // later than what is spoken of, or earlier: 晚一个小时, 提前半小时; 0 none

	People    []string // ids; an ambiguous surname gives several
	NotPeople []string // 不要王老师
	Others    bool     // 除了王老师都行: whoever is not in NotPeople
	Strangers []string // called by a surname that nobody known has, as written (王老师)
	Places    []string

	Choice int // 第二个 is 2, 最后一个 is -1, 0 when there is none; 2号 alone is also a day
	Word   Word

	Rest int // without an Intent: characters that are none of this and no small words (吧, 可以吗)
}

// Busy reports whether of times the sentence says only when one has none: 我明天要考试.
func (m Meaning) Busy() bool {
	return len(m.Times) == 0 && len(m.NotTimes) > 0 && !slices.ContainsFunc(m.NotTimes, func(s Span) bool { return !s.Busy })
}

// Understander knows one vocabulary. It is immutable and safe for concurrent use.
type Understander struct {
	folder  folder
	steer   steering
	phrases timePhrases
	people  directory
	places  directory
	intents intents
}

// New prepares the vocabulary. Build it when the vocabulary changes, not per sentence.
func New(v Vocabulary) *Understander {
	f := newFolder()
	return &Understander{
		folder:  f,
		steer:   newSteering(f),
		phrases: newTimePhrases(),
		people:  newDirectory(f, v.People),
		places:  newDirectory(f, v.Places),
		intents: newIntents(f, v.Intents),
	}
}

// Understand says what the sentence means at now. Times are in the location of now.
// Only the first 300 characters are read.
func (u *Understander) Understand(sentence string, now time.Time) Meaning {
	t := u.folder.fold(sentence)
	g := glyphs(t.runes)
	free := make([]bool, len(g)) // not yet explained by a name or a time
	for i := range free {
		free[i] = true
	}

	var m Meaning
	m.People, m.NotPeople = u.people.findPeople(g, free)
	m.Strangers = u.people.findStrangers(g, free)
	m.Places = u.places.findPlaces(g)
	m.Times, m.NotTimes, m.Never, m.Shift = u.phrases.find(sentence, t, free, now)
	m.Choice = choice(t.runes)

	rest := remaining(g, free)
	m.Others = len(m.NotPeople) > 0 && othersDo(rest)
	m.Word = u.steer.word(sentence, rest, len(rest) == len(remaining(g, nil)))
	if m.Word == None || m.Word == Any {
		m.Intent, m.Score, m.Whole, m.Alternatives = u.intents.match(rest)
	}
	if m.Word == Any && m.Score < asWritten { // 什么时候都行 sounds like 什么时候到账
		m.Intent, m.Whole, m.Alternatives = "", false, nil
	}
	if m.Intent == "" {
		m.Rest = u.steer.more(rest)
	}
	return m
}

// remaining returns the glyphs without marks and without what is explained.
func remaining(g []glyph, free []bool) []glyph {
	rest := make([]glyph, 0, len(g))
	for i := range g {
		if !isMark(g[i].r) && (free == nil || free[i]) {
			rest = append(rest, g[i])
		}
	}
	return rest
}
