package understand

import (
	"slices"
	"time"
)

// kind is what a token of a time phrase does.
type kind int8

const (
	dayToken     kind = iota // a day or several
	partToken                // a part of the day
	clockToken               // a time of day
	soonToken                // 尽快
	joinToken                // 和, 或: another of the same
	tillToken                // 到: the end of a range
	commaToken               // ends a clause
	afterToken               // 以后
	beforeToken              // 以前
	aboutToken               // 左右
	exceptToken              // 除了: what follows is excluded
	excludeToken             // 不行, 除外: what came before is excluded
	fineToken                // 都行 after a time: says nothing more
	textToken                // anything else
)

// token is a piece of a time phrase at runes[from:to].
type token struct {
	kind     kind
	from, to int
	day      day
	ahead    int // days from today to day.start, for phrases of the table
	part     part
	clock    clock
	gaveUp   bool // 来不了: says of a time that it does not suit, and perhaps more
}

// roll is how a day that is over moves on.
type roll int8

const (
	fixed      roll = iota
	nextWeek        // 周三: also bare, since 下周三 and 这周三 are fixed
	everyWeek       // 每周三
	nextMonth       // 14号
	sameMonths      // 10月14日: the end of a range stays behind its beginning
)

// day is n days from start (midnight).
type day struct {
	start time.Time
	n     int
	roll  roll
}

// part is a part of the day in minutes from midnight.
type part struct {
	from, to int
	late     bool // hours up to 11 are in the second half of the day
	noon     bool
	midnight bool // its twelve is midnight
}

// clock is a time of day as said, before a part of the day is applied.
type clock struct {
	hour, minute int
	asWritten    bool // 15:00, 07:30, 3pm: no guess about the half of the day
	many         int  // 三四点: hours it covers, 0 for one instant
}

// fixedPhrase is a phrase that always means the same.
type fixedPhrase struct {
	words  []rune
	tokens []token
}

// timePhrases are the fixed phrases by first rune, longest first.
type timePhrases map[rune][]fixedPhrase

func newTimePhrases() timePhrases {
	t := timePhrases{}
	for n, words := range map[int][]string{
		-2: {"前天"}, -1: {"昨天", "昨日"}, 0: {"今天", "今日", "今儿", "今儿个", "今个", "今朝", "today", "jintian"},
		1: {"明天", "明日", "明儿", "明儿个", "明个", "明朝", "听日", "tomorrow", "tmr", "mingtian"}, 2: {"后天", "后儿", "后儿个", "后日", "day after tomorrow", "houtian"}, 3: {"大后天"}, 4: {"大大后天"},
	} {
		t.put(token{day: day{n: 1}, ahead: n}, words...)
	}
	for _, d := range []struct {
		ahead, n int
		words    []string
	}{
		{0, 2, []string{"这两天", "这2天", "今明两天", "今明2天", "近两天"}},
		{0, 3, []string{"这几天", "近几天", "最近几天", "这三天"}},
		{1, 2, []string{"明后两天", "明后天"}},
	} {
		t.put(token{day: day{n: d.n}, ahead: d.ahead}, d.words...)
	}
	for _, p := range []struct {
		part  part
		words []string
		short string // after 今, 明, 后天
	}{
		{part{from: 0, to: 6 * 60, midnight: true}, []string{"凌晨", "半夜", "深夜", "后半夜"}, "凌晨"},
		{part{from: 6 * 60, to: 10 * 60}, []string{"早上", "早晨", "清晨", "一早", "一大早", "早晌", "zaoshang"}, "早"},
		{part{from: 8 * 60, to: 12 * 60}, []string{"上午", "午前", "前晌", "上昼", "上半日", "上半天", "morning", "shangwu"}, "上午"},
		{part{from: 11 * 60, to: 14 * 60, noon: true}, []string{"中午", "午间", "正午", "晌午", "noon", "zhongwu"}, "中午"},
		{part{from: 12 * 60, to: 18 * 60, late: true}, []string{"下午", "午后", "后晌", "下昼", "下半日", "下半天", "afternoon", "xiawu"}, "下午"},
		{part{from: 17 * 60, to: 19 * 60, late: true}, []string{"傍晚", "黄昏"}, "傍晚"},
		{part{from: 18 * 60, to: 23 * 60, late: true, midnight: true}, []string{"晚上", "夜里", "夜晚", "晚间", "夜头", "evening", "tonight", "wanshang"}, "晚"},
		{part{from: 8 * 60, to: 18 * 60}, []string{"白天"}, "白天"},
	} {
		t.put(token{kind: partToken, part: p.part}, p.words...)
		for n, near := range []string{"今", "明", "后天"} {
			t.putPair(near, p.short, n, p.part)
		}
	}
	for k, words := range map[kind][]string{
		soonToken:   {"尽快", "越快越好", "越早越好", "尽早", "最快", "最早", "最近的", "最近有", "赶紧的", "赶紧", "早的那个", "早点的那个", "早一点的那个", "靠前的", "立刻", "立马", "asap", "as soon as possible"},
		joinToken:   {"和", "或", "或者", "或是", "还是", "以及", "还有", "跟", "要么", "的"},
		tillToken:   {"到", "至", "-", "~", "直到", "--"},
		commaToken:  {","},
		afterToken:  {"以后", "之后", "后", "过后", "开始", "往后"},
		beforeToken: {"以前", "之前", "前"},
		aboutToken:  {"左右", "前后", "多", "上下", "附近"},
		exceptToken: {"除了", "除开", "不要", "避开", "不想", "不约", "除去", "就是别", "但是别", "只要别", "但别", "别约", "别在", "除"},
		excludeToken: {
			"除外", "以外", "之外", "不行", "不可以", "不方便", "不能", "不在", "不考虑", "没空", "没有空", "没时间",
			"没有时间", "有课", "有事", "出差", "要出差", "有会", "开会", "要开会", "开班会", "考试", "有考试", "要考试", "回家", "要回家", "有安排", "有约了", "要训练", "有训练", "有比赛", "要兼职", "要上班", "要上课", "上课", "满课", "要实习", "没法", "约不了", "不太行", "不太方便",
		},
		fineToken: {"都行", "都可以", "都有空", "都有时间", "都能", "都好", "都方便", "均可"},
	} {
		t.put(token{kind: k}, words...)
	}
	t.put(token{kind: excludeToken, gaveUp: true}, "去不了", "来不了", "不能来", "不能去", "不来了", "不去了")
	for r := range t {
		slices.SortFunc(t[r], func(a, b fixedPhrase) int { return len(b.words) - len(a.words) })
	}
	return t
}

func (t timePhrases) put(tk token, words ...string) {
	for _, w := range words {
		r := []rune(w)
		tk.to = len(r)
		t[r[0]] = append(t[r[0]], fixedPhrase{r, []token{tk}})
	}
}

// putPair adds 今晚 and the like: a day and a part in one.
func (t timePhrases) putPair(near, short string, ahead int, p part) {
	n, r := len([]rune(near)), []rune(near+short)
	t[r[0]] = append(t[r[0]], fixedPhrase{r, []token{
		{kind: dayToken, to: n, day: day{n: 1}, ahead: ahead}, {kind: partToken, from: n, to: len(r), part: p},
	}})
}

// scanner cuts a sentence into tokens.
type scanner struct {
	fixed  timePhrases
	runes  []rune
	free   []bool
	now    time.Time
	today  time.Time // midnight
	tokens []token
	never  [][2]int // runes of dates and hours that do not exist: 2月30日, 25点

	shift   time.Duration // the last one said
	shifted [][2]int      // its runes
}

func (s *scanner) scan() []token {
	for i := 0; i < len(s.runes); {
		switch {
		case !s.free[i]:
			s.text(i)
			i++
		case s.runes[i] == space:
			i++
		default:
			w := s.token(i)
			if w == 0 {
				s.text(i)
				w = 1
			}
			i += w
		}
	}
	return s.tokens
}

// token reads what starts at i and returns its width, 0 if it is not about time.
// Weekdays and numbers are read by rule, the rest from the table.
func (s *scanner) token(i int) int {
	for _, read := range []func(int) int{s.shiftBy, s.weekday, s.month, s.festival, s.impossible, s.number, s.shortPart, s.phrase} {
		if w := read(i); w > 0 {
			return w
		}
	}
	return 0
}

func (s *scanner) put(k token, from, to int) int {
	k.from, k.to = from, to
	s.tokens = append(s.tokens, k)
	return to - from
}

// text adds rune i to the text before it.
func (s *scanner) text(i int) {
	if k := s.last(); k != nil && k.kind == textToken && k.to == i {
		k.to = i + 1
		return
	}
	s.put(token{kind: textToken}, i, i+1)
}

func (s *scanner) last() *token {
	if len(s.tokens) == 0 {
		return nil
	}
	return &s.tokens[len(s.tokens)-1]
}

// touches reports whether the token before i ends there and is one of the kinds.
func (s *scanner) touches(i int, kinds ...kind) bool {
	k := s.last()
	for i > 0 && s.runes[i-1] == space {
		i--
	}
	return k != nil && k.to == i && slices.Contains(kinds, k.kind)
}

func (s *scanner) at(i int) rune {
	if 0 <= i && i < len(s.runes) {
		return s.runes[i]
	}
	return 0
}

func (s *scanner) is(i int, words ...string) int {
	for _, w := range words {
		if prefix(s.runes, i, w) {
			return len([]rune(w))
		}
	}
	return 0
}

func (s *scanner) phrase(i int) int {
	for _, f := range s.fixed[s.runes[i]] {
		if i+len(f.words) > len(s.runes) || !slices.Equal(s.runes[i:i+len(f.words)], f.words) || !s.fits(f, i) {
			continue
		}
		for _, k := range f.tokens {
			if k.kind == dayToken {
				k.day.start = s.today.AddDate(0, 0, k.ahead)
			}
			s.put(k, i+k.from, i+k.to)
		}
		return len(f.words)
	}
	return 0
}

// fits keeps phrases out of where they mean something else: 行不行 and 有没有空 ask, and 以后 or 多
// without a time before it is about nothing here.
func (s *scanner) fits(f fixedPhrase, i int) bool {
	switch f.tokens[0].kind {
	case afterToken, beforeToken, aboutToken:
		return s.touches(i, dayToken, partToken, clockToken)
	case excludeToken:
		asks := f.words[0] == '不' && s.at(i-1) == f.words[1] || f.words[0] == '没' && s.at(i-1) == '有'
		return !asks
	case exceptToken:
		return len(f.words) > 1 || slices.Contains(s.runes[i:min(len(s.runes), i+nearText+2)], '外') // 除周五外
	}
	return true
}

// weekday reads 周三, 下周二, 这个星期五, 下下周一, 周末, 下周, 每周三, 周三四.
func (s *scanner) weekday(i int) int {
	j, weeks, named, roll := i, 0, false, nextWeek
	for _, p := range []struct {
		word  string
		weeks int
	}{{"下下", 2}, {"下", 1}, {"上上", -2}, {"上", -1}, {"这", 0}, {"本", 0}} {
		if w := s.is(i, p.word); w > 0 {
			j, weeks, named, roll = i+w, p.weeks, true, fixed
			break
		}
	}
	if s.at(i) == '每' {
		j, roll = i+1, everyWeek
	}
	if j > i && s.at(j) == '个' {
		j++
	}
	w := s.is(j, "周", "星期", "礼拜")
	if w == 0 {
		if e := s.englishDay(i); e > 0 {
			return e
		}
		return s.moreWeekdays(i)
	}
	j += w
	return s.ofWeek(i, j, weeks, named, roll)
}

// ofWeek reads the day behind 周, or takes the week for itself.
func (s *scanner) ofWeek(i, j, weeks int, named bool, roll roll) int {
	monday := s.today.AddDate(0, 0, -(int(s.today.Weekday())+6)%7+7*weeks)
	if s.at(j) == '末' {
		return s.put(token{day: day{monday.AddDate(0, 0, 5), 2, roll}}, i, j+1)
	}
	if n := s.weekdayDigit(j); n > 0 {
		return s.put(token{day: day{monday.AddDate(0, 0, n-1), 1, roll}}, i, j+1)
	}
	if named {
		return s.put(token{day: day{monday, 7, fixed}}, i, j)
	}
	return 0
}

// englishDay reads tuesday and next tuesday.
func (s *scanner) englishDay(i int) int {
	j, weeks, roll := i, 0, nextWeek
	for word, n := range map[string]int{"next": 1, "this": 0} {
		if w := s.is(i, word); w > 0 && s.at(i+w) == space {
			j, weeks, roll = i+w+1, n, fixed
		}
	}
	monday := s.today.AddDate(0, 0, -(int(s.today.Weekday())+6)%7+7*weeks)
	if w := s.is(j, "week"); w > 0 && j > i {
		return s.put(token{day: day{monday, 7, fixed}}, i, j+w)
	}
	for n, name := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		if w := s.is(j, name); w > 0 {
			return s.put(token{day: day{monday.AddDate(0, 0, n), 1, roll}}, i, j+w)
		}
	}
	return 0
}

// moreWeekdays reads the 四 of 周三四, 周三、四 and 周三到五.
func (s *scanner) moreWeekdays(i int) int {
	n := s.weekdayDigit(i)
	if n == 0 || len(s.tokens) == 0 || s.runes[i] == '1' && s.at(i+1) == '0' {
		return 0
	}
	k := len(s.tokens) - 1
	if (s.tokens[k].kind == joinToken || s.tokens[k].kind == tillToken) && s.tokens[k].to == i {
		k--
	}
	if k < 0 || s.tokens[k].kind != dayToken || s.tokens[k].day.n != 1 {
		return 0
	}
	d := s.tokens[k]
	if s.weekdayDigit(d.to-1) == 0 || (d.to-d.from > 1 && s.is(d.to-2, "周", "期", "拜") == 0) || s.hourFollows(i) {
		return 0
	}
	was := (int(d.day.start.Weekday())+6)%7 + 1
	return s.put(token{day: day{d.day.start.AddDate(0, 0, n-was), 1, d.day.roll}}, i, i+1)
}

// weekdayDigit returns 1 for Monday to 7 for Sunday, 0 for anything else; a digit of a
// longer number is not a weekday.
func (s *scanner) weekdayDigit(i int) int {
	switch r := s.at(i); {
	case r == '日' || r == '天':
		return 7
	case '1' <= r && r <= '7':
		if next := s.at(i + 1); next < '0' || next > '9' {
			return int(r - '0')
		}
	case r == '两' || r == '〇' || r == '零':
		return 0
	default:
		if n, ok := numeral(s.runes, i); ok && n <= 7 {
			return n
		}
	}
	return 0
}

// hourFollows reports whether the digit at i belongs to an hour, a date or a count.
func (s *scanner) hourFollows(i int) bool {
	return s.is(i+1, "点", "时", ":", "个", "号", "月", "十", "楼", "位", "-", "/") > 0
}

// number reads what starts with a number: a date, an hour, 三天后.
func (s *scanner) number(i int) int {
	if r := s.at(i - 1); '0' <= r && r <= '9' || 'a' <= r && r <= 'z' {
		return 0
	}
	if w := s.relative(i); w > 0 {
		return w
	}
	if w := s.date(i); w > 0 {
		return w
	}
	return s.hour(i)
}

// relative reads 三天后, 两小时后, 半小时后, 一周内.
func (s *scanner) relative(i int) int {
	n, w := number(s.runes, i)
	half := s.at(i) == '半'
	if half {
		w = 1
	}
	if w == 0 || n > 100 {
		return 0
	}
	j := i + w
	if s.at(j) == '个' {
		j++
	}
	for _, u := range []struct {
		word          string
		days, minutes int
	}{{"天", 1, 0}, {"日", 1, 0}, {"周", 7, 0}, {"星期", 7, 0}, {"礼拜", 7, 0}, {"小时", 0, 60}, {"钟头", 0, 60}, {"分钟", 0, 1}} {
		w := s.is(j, u.word)
		if w == 0 {
			continue
		}
		end := j + w + s.is(j+w, "以后", "之后", "过后", "后")
		within := s.is(j+w, "以内", "之内", "内")
		switch {
		case within > 0 && u.days > 0 && n > 0:
			return s.put(token{day: day{s.today, n*u.days + 1, fixed}}, i, j+w+within)
		case end == j+w:
			return 0
		case u.days > 0 && n > 0:
			return s.put(token{day: day{s.today.AddDate(0, 0, n*u.days), 1, fixed}}, i, end)
		case u.minutes > 0:
			minutes := n * u.minutes
			if half {
				minutes = u.minutes / 2
			}
			at := s.now.Add(time.Duration(minutes) * time.Minute)
			y, m, d := at.Date()
			s.put(token{day: day{time.Date(y, m, d, 0, 0, 0, 0, at.Location()), 1, fixed}}, i, end)
			return s.put(token{kind: clockToken, clock: clock{hour: at.Hour(), minute: at.Minute(), asWritten: true}}, i, end)
		}
		return 0
	}
	return 0
}

// date reads 2025年10月14日, 2025-10-14, 10月14号, 10-14, 10/14, 10.14, 下个月3号, 14号.
func (s *scanner) date(i int) int {
	n, w := s.year(i)
	j := i + w
	if w > 0 {
		if m, d, w := s.monthDay(j); w > 0 && validDate(n, m, d) {
			return s.put(token{day: day{s.midnight(n, m, d), 1, fixed}}, i, j+w)
		}
		return 0
	}
	if s.tail(i) {
		return 0
	}
	if m, d, w := s.monthDay(i); w > 0 {
		if y := s.nearestYear(m, d); y > 0 {
			return s.put(token{day: day{s.midnight(y, m, d), 1, sameMonths}}, i, i+w)
		}
		return 0
	}
	n, w = number(s.runes, i)
	if w == 0 || n < 1 || n > 31 {
		return 0
	}
	if u := s.dayUnit(i + w); u > 0 {
		return s.dayOfMonth(n, i, i+w+u)
	}
	if s.listed(i+w, s.dayUnit) {
		return s.dayOfMonth(n, i, i+w)
	}
	return 0
}

// tail reports whether the number at i ends something that was no date: 13月1, 138-12-13.
func (s *scanner) tail(i int) bool {
	switch s.at(i - 1) {
	case '月':
		return s.touchesMonth(i) == 0
	case '-':
		return digit(s.at(i-2)) && !s.ends(i, dayToken)
	}
	return false
}

// year reads 2025年, 二零二五年, 2025- and the like.
func (s *scanner) year(i int) (n, width int) {
	n, w := number(s.runes, i)
	if n < 1000 {
		for n, w = 0, 0; w < 4; w++ {
			d, ok := numeral(s.runes, i+w)
			if !ok {
				return 0, 0
			}
			n = n*10 + d
		}
	}
	if n < 2000 || n > 2100 {
		return 0, 0
	}
	if u := s.is(i+w, "年", "-", "/", "."); u > 0 {
		return n, w + u
	}
	return 0, 0
}

// monthDay reads 10月14日, 10月14, 10-14, 10/14; with a dot one of the two must have two
// digits, since 3.5 is a grade.
func (s *scanner) monthDay(i int) (m, d, width int) {
	m, w := number(s.runes, i)
	if w == 0 || m < 1 || m > 12 {
		return 0, 0, 0
	}
	j := i + w
	sign := s.at(j)
	u := s.is(j, "月份", "月", "-", "/", ".")
	d, dw := number(s.runes, j+u)
	if u == 0 || dw == 0 || d < 1 || d > 31 {
		return 0, 0, 0
	}
	end := j + u + dw
	unit := s.dayUnit(end)
	if sign != '月' {
		if s.touches(i, partToken, clockToken) || s.ends(i, clockToken) || s.is(end, "点", "时", ":", "-", "/", ".", "%", "元", "块", "分", "个", "人") > 0 ||
			(sign == '.' && w+dw < 3) || !digit(s.runes[i]) {
			return 0, 0, 0
		}
	} else if unit == 0 && s.is(end, "个", "点", ":", "位") > 0 {
		return 0, 0, 0
	}
	return m, d, end + unit - i
}

func digit(r rune) bool { return '0' <= r && r <= '9' }

// dayUnit returns the width of 号 or 日 at i unless it counts buildings, lines or doors.
func (s *scanner) dayUnit(i int) int {
	if s.is(i, "号", "日") == 0 || s.is(i+1, "楼", "线", "门", "厅", "馆", "教", "院", "房", "窗", "位", "机", "码", "选项", "老师") > 0 {
		return 0
	}
	return 1
}

// listed reports whether a connector, a number and a unit follow: the 14 of 14-16号.
func (s *scanner) listed(i int, unit func(int) int) bool {
	c := s.is(i, "到", "至", "-", "~", "和", "或者", "或", " ", ",")
	if c == 0 {
		return false
	}
	_, w := number(s.runes, i+c)
	return w > 0 && unit(i+c+w) > 0
}

// dayOfMonth puts 14号: in the month just named, else the coming one.
func (s *scanner) dayOfMonth(n, from, to int) int {
	if w := s.touchesMonth(from); w != 0 {
		first := s.today.AddDate(0, 0, 1-s.today.Day()).AddDate(0, w-1, 0)
		if validDate(first.Year(), int(first.Month()), n) {
			return s.put(token{day: day{first.AddDate(0, 0, n-1), 1, fixed}}, from, to)
		}
		return 0
	}
	for months := range 12 {
		first := s.today.AddDate(0, 0, 1-s.today.Day()).AddDate(0, months, 0)
		d := first.AddDate(0, 0, n-1)
		if d.Month() == first.Month() && !d.Before(s.today) {
			return s.put(token{day: day{d, 1, nextMonth}}, from, to)
		}
	}
	return 0
}

// touchesMonth returns 1 for 本月 and 2 for 下个月 right before i, else 0.
func (s *scanner) touchesMonth(i int) int {
	for n, words := range [][]string{{"这个月", "本月", "这月"}, {"下个月", "下月"}} {
		for _, w := range words {
			if s.is(i-len([]rune(w)), w) > 0 {
				return n + 1
			}
		}
	}
	return 0
}

func (s *scanner) midnight(y, m, d int) time.Time {
	return time.Date(y, time.Month(m), d, 0, 0, 0, 0, s.today.Location())
}

// nearestYear puts a month and day as near to today as it can be, 0 if no year has it.
func (s *scanner) nearestYear(m, d int) int {
	best, distance := 0, time.Duration(1<<62)
	for y := s.today.Year() - 1; y <= s.today.Year()+1; y++ {
		if away := s.midnight(y, m, d).Sub(s.today).Abs(); validDate(y, m, d) && away < distance {
			best, distance = y, away
		}
	}
	return best
}

func validDate(y, m, d int) bool {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t.Year() == y && int(t.Month()) == m && t.Day() == d
}

// hour reads 三点半, 15:00, 15点30分, 三点一刻, 3pm, the 3 of 3-5点, and a bare number
// after a part of the day.
func (s *scanner) hour(i int) int {
	n, w := number(s.runes, i)
	if w == 0 || n > 24 {
		return 0
	}
	c := clock{hour: n, asWritten: n > 12 || n == 0 || (s.runes[i] == '0' && w == 2)}
	j := i + w
	if next, ok := numeral(s.runes, j); ok && next == n+1 && s.hourUnit(j+1) > 0 && numeralOnly(s.runes[i]) {
		c.many = 2
		return s.put(token{kind: clockToken, clock: c}, i, j+1+s.hourUnit(j+1))
	}
	u := s.hourUnit(j)
	switch {
	case u > 0 && s.vague(i, j, n):
		return 0
	case u > 0:
		c.minute, j = s.minutes(j + u)
	case s.colon(i, j) > 0:
		k := s.colon(i, j)
		m, w := number(s.runes, k)
		if w != 2 || m > 59 || s.at(k+w) == ':' {
			return 0
		}
		c.minute, j = m, k+w
	case s.is(j, "am", "pm") > 0:
	case s.listed(j, s.hourUnit), s.bareHour(i, j):
	default:
		return 0
	}
	if m := s.is(j, "am", "pm"); m > 0 {
		if c.hour %= 12; s.at(j) == 'p' {
			c.hour += 12
		}
		c.asWritten, j = true, j+m
	}
	if c.hour*60+c.minute > 24*60 {
		return 0
	}
	return s.put(token{kind: clockToken, clock: c}, i, j)
}

// colon returns where the minutes begin after the sign at j: 15:30, 15 : 30, and after a
// day 15.30.
func (s *scanner) colon(i, j int) int {
	k := j
	for s.at(k) == space {
		k++
	}
	if s.at(k) != ':' && (k > j || s.at(k) != '.' || !s.touches(i, dayToken, partToken)) {
		return 0
	}
	for k++; s.at(k) == space; k++ {
	}
	return k
}

func numeralOnly(r rune) bool { return !digit(r) && r != '十' }

// hourUnit returns the width of 点 or 时 at i.
func (s *scanner) hourUnit(i int) int {
	if s.at(i) == ':' {
		return 0
	}
	return s.is(i, "点钟", "点整", "点", "时整", "时")
}

// vague reports whether 一点 means a bit and 三点 means three items.
func (s *scanner) vague(i, j, n int) bool {
	if s.is(j+1, "建议", "意见", "问题", "要求", "希望", "原因", "想法", "疑问", "理由", "注意") > 0 {
		return true
	}
	if n != 1 || digit(s.runes[i]) {
		return false
	}
	return !s.touches(i, dayToken, partToken, tillToken, joinToken, commaToken) && i > 0 &&
		s.is(j+1, "半", "钟", "整", "以", "之", "左", "到", "前", "后", "一刻", "三刻") == 0 ||
		s.is(j+1, "点", "儿", "都", "也", "不") > 0
}

// bareHour reports whether the number at runes[i:j] is an hour without a unit: after a
// part of the day or the 到 of a range, and before nothing it could count.
func (s *scanner) bareHour(i, j int) bool {
	return (s.touches(i, partToken) || s.ends(i, clockToken)) && (!isHan(s.at(j)) || s.is(j, "到", "至", "或", "和", "左右", "以", "之", "前", "后", "吧", "可", "行", "有", "半", "约") > 0) &&
		s.is(j, ":", ".", "/") == 0
}

// ends reports whether i follows a range's beginning of this kind: 三点到.
func (s *scanner) ends(i int, k kind) bool {
	n := len(s.tokens)
	return s.touches(i, tillToken) && n > 1 && s.tokens[n-2].kind == k
}

// minutes reads 半, 一刻, 三刻, 45, 30分 after the hour.
func (s *scanner) minutes(j int) (minute, end int) {
	switch {
	case s.at(j) == '半':
		return 30, j + 1
	case s.is(j, "一刻", "1刻") > 0:
		return 15, j + 2
	case s.is(j, "三刻", "3刻") > 0:
		return 45, j + 2
	}
	m, w := number(s.runes, j)
	if w == 0 || m > 59 {
		return 0, j
	}
	if s.at(j+w) == '分' {
		return m, j + w + 1
	}
	if w >= 2 && s.is(j+w, "个", "位", "人", "号", "月", "点") == 0 {
		return m, j + w
	}
	return 0, j
}
