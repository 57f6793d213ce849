package understand

import "time"

// Precision says how exactly a time was named.
type Precision string

// The precisions, finest first.
const (
	Instant   Precision = "instant" // 下午三点; To is one minute later
	Hours     Precision = "hours"   // 三点到五点, 三点左右, 三点以后
	PartOfDay Precision = "part"    // 明天下午
	Day       Precision = "day"     // 周三
	Days      Precision = "days"    // 下周, 周一到周三, 周三以后
	Soonest   Precision = "soonest" // 尽快: the earliest there is; To is 14 days ahead
)

// Repeat says how often a span comes back.
type Repeat string

// The repeats.
const (
	Once   Repeat = ""
	Daily  Repeat = "daily"  // no day was named: 下午都行
	Weekly Repeat = "weekly" // 每周三, 除了周五
)

// Span is one time a sentence names. An hour that is offered fits when its start lies
// in [From, To), or that many days or weeks later when it repeats.
type Span struct {
	From, To  time.Time
	Precision Precision
	Repeat    Repeat
	Past      bool   // nothing of it is ahead
	Busy      bool   // excluded for what one does then: 周五有课, not 除了周五
	Bare      bool   // a weekday without its week: 周四, the coming one unless one speaks of another
	Text      string // the words, sentence[Start:End]
	Start     int    // byte offsets in the sentence
	End       int
}

// openDays is how far a span without an end reaches.
const openDays = 14
