package understand

import "time"

// stretch is a part of a month in days; to 0 is its end.
type stretch struct {
	word     string
	from, to int
}

func stretches() []stretch {
	return []stretch{
		{"上旬", 1, 10},
		{"中旬", 11, 20},
		{"下旬", 21, 0},
		{"初", 1, 5},
		{"中", 11, 20},
		{"底", 25, 0},
		{"末", 25, 0},
	}
}

// month reads 月底, 下个月, 下月初, 11月中旬, 11月份; a day that follows makes it a date,
// which is read elsewhere.
func (s *scanner) month(i int) int {
	first, j := s.monthNamed(i)
	if j == i {
		return 0
	}
	for _, p := range stretches() {
		if w := s.is(j, p.word); w > 0 {
			from := first.AddDate(0, 0, p.from-1)
			to := first.AddDate(0, 1, 0)
			if p.to > 0 {
				to = first.AddDate(0, 0, p.to)
			}
			return s.put(token{day: day{from, daysBetween(from, to), fixed}}, i, j+w)
		}
	}
	if s.at(i) == '月' || digitOrNumeral(s.runes, j) {
		return s.dayOfNamed(i, j)
	}
	return s.put(token{day: day{first, daysBetween(first, first.AddDate(0, 1, 0)), fixed}}, i, j)
}

// dayOfNamed reads 下个月5号 as one, so that nothing of it is left unread.
func (s *scanner) dayOfNamed(i, j int) int {
	n, w := number(s.runes, j)
	u := s.dayUnit(j + w)
	if s.is(i, "这", "本", "下") == 0 || w == 0 || u == 0 || s.dayOfMonth(n, j, j+w+u) == 0 {
		return 0
	}
	s.last().from = i
	return j + w + u - i
}

// monthNamed returns the first of the month named at i and where its name ends, i if
// there is none.
func (s *scanner) monthNamed(i int) (time.Time, int) {
	this := s.today.AddDate(0, 0, 1-s.today.Day())
	for _, p := range []struct {
		words  []string
		months int
	}{{[]string{"这个月", "本月", "这月"}, 0}, {[]string{"下个月", "下月"}, 1}} {
		if w := s.is(i, p.words...); w > 0 {
			return this.AddDate(0, p.months, 0), i + w
		}
	}
	if s.at(i) == '月' && (i == 0 || !isHan(s.at(i-1)) && !digit(s.at(i-1))) {
		return this, i + 1
	}
	m, w := number(s.runes, i)
	if w == 0 || m < 1 || m > 12 || digit(s.at(i-1)) {
		return this, i
	}
	u := s.is(i+w, "月份", "月")
	if u == 0 {
		return this, i
	}
	ahead := (m - int(this.Month()) + 12) % 12
	return this.AddDate(0, ahead, 0), i + w + u
}

func digitOrNumeral(runes []rune, i int) bool {
	_, w := number(runes, i)
	return w > 0
}

func daysBetween(from, to time.Time) int {
	return int(to.Sub(from).Round(24*time.Hour) / (24 * time.Hour))
}

// festival reads the holidays that have a fixed date; 国庆后 begins after them.
func (s *scanner) festival(i int) int {
	for _, f := range []struct {
		words      []string
		m, d, days int
	}{
		{[]string{"国庆长假", "国庆假期", "国庆节", "国庆"}, 10, 1, 7},
		{[]string{"元旦节", "元旦"}, 1, 1, 1},
		{[]string{"圣诞节", "圣诞", "christmas"}, 12, 25, 1},
		{[]string{"平安夜"}, 12, 24, 1},
		{[]string{"五一长假", "五一节", "五一假期", "劳动节", "五一"}, 5, 1, 5},
	} {
		if w := s.is(i, f.words...); w > 0 {
			return s.put(token{day: day{s.midnight(s.nearestYear(f.m, f.d), f.m, f.d), f.days, fixed}}, i, i+w)
		}
	}
	return 0
}

// impossible reads a date or an hour that does not exist, so that it can be said.
func (s *scanner) impossible(i int) int {
	if digit(s.at(i - 1)) {
		return 0
	}
	n, w := number(s.runes, i)
	if w == 0 {
		return 0
	}
	j := i + w
	if 24 < n && n < 100 && s.is(j, "点") > 0 && s.is(j+1, "建议", "意见") == 0 {
		return s.putNever(i, j+1)
	}
	u := s.is(j, "月份", "月")
	d, dw := number(s.runes, j+u)
	end := j + u + dw
	if u == 0 || dw == 0 || n > 31 || d > 99 || end+s.dayUnit(end) == end && (n > 12 || d > 31) || leapDay(n, d) {
		return 0
	}
	return s.putNever(i, end+s.dayUnit(end))
}

// leapDay reports whether any year has the day.
func leapDay(m, d int) bool { return validDate(2024, m, d) }

func (s *scanner) putNever(from, to int) int {
	s.never = append(s.never, [2]int{from, to})
	return s.put(token{kind: textToken}, from, to)
}

// shortPart reads the 早 of 早八 and the 晚 of 晚7点.
func (s *scanner) shortPart(i int) int {
	word := map[rune]string{'早': "早上", '晚': "晚上"}[s.at(i)]
	n, w := number(s.runes, i+1)
	if word == "" || w == 0 || n > 12 || s.is(i+1+w, "个", "天", "次", "分", "小时") > 0 || s.is(i+1, "一点") > 0 {
		return 0
	}
	for _, f := range s.fixed[[]rune(word)[0]] {
		if string(f.words) == word {
			return s.put(f.tokens[0], i, i+1)
		}
	}
	return 0
}
