package understand_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/bot/understand"
)

var shanghai = time.FixedZone("CST", 8*3600)

// wednesday is 2025-10-15 10:00 in Shanghai.
var wednesday = time.Date(2025, 10, 15, 10, 0, 0, 0, shanghai)

// show writes spans as the tables do: 10-16 15:00 for an instant, from..to (or the day,
// when it is whole days) otherwise, with what is special about them; excluded ones begin with "not", impossible
// ones with "never".
func show(m understand.Meaning) string {
	var out []string
	for _, s := range m.Times {
		out = append(out, showSpan(s))
	}
	for _, s := range m.NotTimes {
		out = append(out, "not "+showSpan(s))
	}
	for _, s := range m.Never {
		out = append(out, "never "+s)
	}
	return strings.Join(out, "; ")
}

func showSpan(s understand.Span) string {
	text := s.From.Format("01-02 15:04")
	switch s.Precision {
	case understand.Instant:
	case understand.Day:
		text = s.From.Format("01-02")
	case understand.Days:
		text = s.From.Format("01-02") + ".." + s.To.AddDate(0, 0, -1).Format("01-02")
	case understand.Soonest:
		text = "soonest"
	default:
		to := s.To.Format("15:04")
		if s.To.YearDay() != s.From.YearDay() {
			to = s.To.Format("01-02 15:04")
		}
		text += ".." + to
	}
	if s.From.Year() != wednesday.Year() {
		text = s.From.Format("2006-") + text
	}
	if s.Repeat != understand.Once {
		text += " " + string(s.Repeat)
	}
	if s.Past {
		text += " past"
	}
	return text
}

func TestTimes(t *testing.T) {
	t.Parallel()
	u := understand.New(understand.Vocabulary{})
	for _, tt := range times {
		t.Run(strings.ReplaceAll(tt.sentence, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, show(u.Understand(tt.sentence, wednesday))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
