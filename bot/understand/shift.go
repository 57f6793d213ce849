package understand

import "time"

// leastShift is what a time is shifted by at least: who says 晚十分钟 comes late.
const leastShift = 20 * time.Minute

// shiftBy reads 晚一个小时, 推迟半小时, 早半个钟, 往前挪一天: by how much a time that is spoken of
// is to be later or earlier.
func (s *scanner) shiftBy(i int) int {
	sign := time.Duration(1)
	w := s.is(i, "推迟", "推后", "延后", "延迟", "延期", "往后", "向后", "后移", "晚")
	if w == 0 {
		sign = -1
		w = s.is(i, "提前", "提早", "往前", "向前", "前移", "早")
	}
	if w == 0 {
		return 0
	}
	j := i + w
	j += s.is(j, "挪", "推", "移", "调", "改", "延")
	j += s.is(j, "了", "个", "上", "它")
	by, w := s.duration(j)
	if by < leastShift || s.is(j+w, "到", "来", "走", "通知", "取消", "告诉", "约", "预约", "提醒", "以上", "以内", "后", "前") > 0 {
		return 0
	}
	s.shift = sign * by
	s.shifted = append(s.shifted, [2]int{i, j + w})
	return s.put(token{kind: commaToken}, i, j+w)
}

// duration reads 半小时, 一个半小时, 两个钟, 45分钟, 一天, 一周.
func (s *scanner) duration(i int) (time.Duration, int) {
	const day = 24 * time.Hour
	n, w := number(s.runes, i)
	halves, j := 2*n, i+w
	if s.at(i) == '半' {
		halves, j = 1, i+1
	} else if w == 0 || n > 60 {
		return 0, 0
	}
	if s.at(j) == '个' {
		j++
	}
	if s.at(j) == '半' && w > 0 {
		halves, j = halves+1, j+1
	}
	for _, u := range []struct {
		word string
		unit time.Duration
	}{
		{"小时", time.Hour},
		{"钟头", time.Hour},
		{"钟", time.Hour},
		{"分钟", time.Minute},
		{"分", time.Minute},
		{"刻钟", 15 * time.Minute},
		{"天", day},
		{"日", day},
		{"周", 7 * day},
		{"星期", 7 * day},
		{"礼拜", 7 * day},
	} {
		if w := s.is(j, u.word); w > 0 {
			return time.Duration(halves) * u.unit / 2, j + w - i
		}
	}
	return 0, 0
}
