package understand_test

import (
	"testing"
	"time"

	"github.com/xuegong/xuegong/bot/understand"
)

// A shift is of a time that is spoken of; coming late is none, and neither is an hour.
func TestShift(t *testing.T) {
	t.Parallel()
	u := understand.New(school)
	const h, d = time.Hour, 24 * time.Hour
	for sentence, want := range map[string]time.Duration{
		"早半个钟":      -h / 2,
		"早半个小时可以吗":  -h / 2,
		"提前一小时":     -h,
		"提早两个钟头":    -2 * h,
		"晚一個小時":     h,
		"推迟一个半小时":   h + h/2,
		"延后半小时":     h / 2,
		"晚45分钟":     45 * time.Minute,
		"往后挪一天":     d,
		"往前推两天":     -2 * d,
		"推迟一周":      7 * d,
		"晚十分钟":      0,
		"我晚半小时到":    0,
		"要提前一天取消吗":  0,
		"提前两小时通知我":  0,
		"早八":        0,
		"晚上三点":      0,
		"半小时后":      0,
		"推迟":        0,
		"早一点的有没有":   0,
		"最早要等一个小时吗": 0,
	} {
		m := u.Understand(sentence, time.Date(2025, 10, 15, 10, 0, 0, 0, time.UTC))
		if m.Shift != want {
			t.Errorf("%s: %v, want %v", sentence, m.Shift, want)
		}
		if m.Shift != 0 && len(m.Times) > 0 {
			t.Errorf("%s is also a time: %v", sentence, m.Times)
		}
	}
}
