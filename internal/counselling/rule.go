package counselling

import (
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
)

// Weeks says in which weeks a rule holds; the first is the one the rule begins in.
type Weeks string

// The weeks of a rule.
const (
	EveryWeek Weeks = "every"
	OddWeeks  Weeks = "odd"
	EvenWeeks Weeks = "even"
)

// Label is the word people read.
func (w Weeks) Label() string {
	switch w {
	case OddWeeks:
		return "单周"
	case EvenWeeks:
		return "双周"
	default:
		return "每周"
	}
}

// Rule is the hours a counsellor offers again and again, or, without a weekday, the
// extra hours of one day, which hold on a holiday too.
type Rule struct {
	PublicID string
	Weekdays []time.Weekday
	Weeks    Weeks
	From, To int // minutes of the day, To at most 1440
	Length   int // minutes of an hour
	Buffer   int // minutes between two
	Campus   string
	Code     string // of the campus
	Place    string
	Shared   bool // other counsellors may be in the room at the same time
	Capacity int
	Begins   time.Time // first day
	Ends     time.Time // last day; zero: until further notice

	campus int64
}

// Extra tells whether the rule is the extra hours of one day.
func (r Rule) Extra() bool { return len(r.Weekdays) == 0 }

// on tells whether the rule holds on a day, which is a midnight in the school's zone.
// On a make-up day it does if it holds on the weekday that day follows.
func (r Rule) on(day time.Time, days calendar.Days) bool {
	if day.Before(r.Begins) || !r.Ends.IsZero() && day.After(r.Ends) {
		return false
	}
	if r.Extra() {
		return true
	}
	weekday, works := days.Timetable(day)
	return works && slices.Contains(r.Weekdays, weekday) && r.inWeek(day)
}

func (r Rule) inWeek(day time.Time) bool {
	first, this := monday(r.Begins), monday(day)
	odd := int(this.Sub(first).Hours()+12)/(7*24)%2 == 0
	return r.Weeks == EveryWeek || odd == (r.Weeks == OddWeeks)
}

// monday is the first day of the week of a day.
func monday(day time.Time) time.Time { return day.AddDate(0, 0, -(int(day.Weekday())+6)%7) }

// Opening is an hour that a plan opens, takes away or cannot open.
type Opening struct {
	StartsAt time.Time
	EndsAt   time.Time
	Place    string
	Capacity int

	campus int64
}

// openings are the hours of the rule on a day.
func (r Rule) openings(day time.Time) []Opening {
	var list []Opening
	at := func(minute int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, minute, 0, 0, day.Location())
	}
	for from := r.From; from+r.Length <= r.To; from += r.Length + r.Buffer {
		list = append(list, Opening{StartsAt: at(from), EndsAt: at(from + r.Length), Place: r.Place, Capacity: r.Capacity, campus: r.campus})
	}
	return list
}

// Why says for what a counsellor is away.
type Why string

// The reasons of an absence; none of them says more than the desk needs.
const (
	WhyIll     Why = "ill"
	WhyLeave   Why = "leave"
	WhyMeeting Why = "meeting"
	WhyOther   Why = "other"
	WhyClosed  Why = "closed" // one hour was closed by hand
)

// Whys lists the reasons one may give.
func Whys() []Why { return []Why{WhyIll, WhyLeave, WhyMeeting, WhyOther} }

// Label is the word the desk reads; students never do.
func (w Why) Label() string {
	switch w {
	case WhyIll:
		return "病假"
	case WhyLeave:
		return "请假"
	case WhyMeeting:
		return "会议、培训"
	case WhyClosed:
		return "关闭的时间"
	default:
		return "其他安排"
	}
}

// Off is a span in which a counsellor has no hours, whatever the rules say.
type Off struct {
	PublicID string
	From, To time.Time
	Why      Why
}

// timetable is what decides when a counsellor's hours are.
type timetable struct {
	rules []Rule
	offs  []Off
	days  calendar.Days
	gone  bool // the counsellor is at the centre no more: no hours at all
}

// openings are the hours from the day of from to that of to, both included. Where two
// rules meet, the hour that begins first stands.
func (t timetable) openings(from, to time.Time) []Opening {
	var list []Opening
	for day := from; !day.After(to) && !t.gone; day = day.AddDate(0, 0, 1) {
		for _, r := range t.rules {
			if r.on(day, t.days) {
				list = append(list, r.openings(day)...)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Opening) int { return a.StartsAt.Compare(b.StartsAt) })
	var kept []Opening
	for _, o := range list {
		last := len(kept) - 1
		if t.away(o.StartsAt, o.EndsAt) || last >= 0 && o.StartsAt.Before(kept[last].EndsAt) {
			continue
		}
		kept = append(kept, o)
	}
	return kept
}

func (t timetable) away(from, to time.Time) bool {
	return slices.ContainsFunc(t.offs, func(o Off) bool { return o.From.Before(to) && o.To.After(from) })
}

// allows tells whether an hour opened by hand may be there: not while the counsellor is
// away, and on a holiday only beside extra hours.
func (t timetable) allows(from, to time.Time, zone *time.Location) bool {
	day := calendar.Midnight(from, zone)
	extra := func(r Rule) bool { return r.Extra() && r.on(day, t.days) }
	return !t.gone && !t.away(from, to) && (!t.days.Holiday(day) || slices.ContainsFunc(t.rules, extra))
}

// check returns what is wrong with an edited rule, by field.
func (r Rule) check() error {
	fields := map[string]string{}
	wrong := func(is bool, name, sentence string) {
		if is {
			fields[name] = sentence
		}
	}
	wrong(r.From < 0 || r.To > 24*60 || r.To <= r.From, "to", "结束要在开始之后，同一天之内。")
	wrong(r.Length < 10 || r.Length > 240, "length", "每次 10 到 240 分钟。")
	wrong(r.Buffer < 0 || r.Buffer > 120, "buffer", "间隔填 0 到 120 分钟。")
	wrong(r.Capacity < 1 || r.Capacity > 50, "capacity", "名额填 1 到 50。")
	wrong(fields["to"] == "" && fields["length"] == "" && r.From+r.Length > r.To, "length", "这段时间放不下一次，请缩短每次的时长。")
	wrong(r.Code == "", "campus", "请选一个校区。")
	wrong(strings.TrimSpace(r.Place) == "" || len([]rune(r.Place)) > 60 || !Neutral(r.Place), "place", "地点写 1 到 60 个字，会出现在推送里，请不要写“心理”“咨询”。")
	wrong(!r.Ends.IsZero() && r.Ends.Before(r.Begins), "ends", "结束日期不能早于开始日期。")
	wrong(r.Begins.IsZero(), "begins", "日期写成 2026-10-14 这样。")
	wrong(r.Extra() && (r.Ends.IsZero() || !r.Ends.Equal(r.Begins)), "weekdays", "至少选一个周几。")
	if len(fields) > 0 {
		return &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
	}
	return nil
}
