package calendar

import "time"

// Kind says what a special day is.
type Kind string

// The kinds of special days.
const (
	Holiday Kind = "holiday" // 放假: not a workday, whatever its weekday
	MakeUp  Kind = "workday" // 调休上班: a workday, whatever its weekday
)

// Label is the word people read.
func (k Kind) Label() string {
	if k == MakeUp {
		return "调休上班"
	}
	return "放假"
}

// Special is a day that is not what its weekday says.
type Special struct {
	Day     time.Time // only its date counts
	Kind    Kind
	Name    string       // 国庆节, 国庆节调休
	Follows time.Weekday // of a make-up day: whose timetable holds, Monday to Friday
}

// Run is one thing that holds for some days in a row: the seven days of a feast.
type Run []Special

// First is the first day of the run.
func (r Run) First() time.Time { return r[0].Day }

// Last is the last day of the run.
func (r Run) Last() time.Time { return r[len(r)-1].Day }

// Runs puts days, which are in order, together that follow each other under one name. Each
// make-up day stands alone, as each follows a weekday of its own.
func Runs(list []Special) []Run {
	var runs []Run
	for i, s := range list {
		if i > 0 && s.Kind == Holiday && list[i-1].Kind == Holiday && s.Name == list[i-1].Name &&
			s.Day.Format(time.DateOnly) == list[i-1].Day.AddDate(0, 0, 1).Format(time.DateOnly) {
			runs[len(runs)-1] = append(runs[len(runs)-1], s)
			continue
		}
		runs = append(runs, Run{s})
	}
	return runs
}

// Days are the special days of a span, by their date 2006-01-02.
type Days map[string]Special

// NewDays returns the days by their dates; of two for one date the last one stays.
func NewDays(list ...Special) Days {
	d := make(Days, len(list))
	for _, s := range list {
		d[s.Day.Format(time.DateOnly)] = s
	}
	return d
}

// On returns what is special about the date of day, in the zone day is in.
func (d Days) On(day time.Time) (Special, bool) {
	s, ok := d[day.Format(time.DateOnly)]
	return s, ok
}

// Holiday tells whether the school is off on the date of day.
func (d Days) Holiday(day time.Time) bool {
	s, ok := d.On(day)
	return ok && s.Kind == Holiday
}

// Timetable returns the weekday whose timetable holds on the date of day: that of the
// day itself, or the one a make-up day follows. false is a holiday: none holds.
func (d Days) Timetable(day time.Time) (time.Weekday, bool) {
	switch s, ok := d.On(day); {
	case !ok:
		return day.Weekday(), true
	case s.Kind == MakeUp:
		return s.Follows, true
	default:
		return day.Weekday(), false
	}
}

// Workday tells whether the date of day is a workday: Monday to Friday except
// holidays, and make-up days.
func (d Days) Workday(day time.Time) bool {
	w, ok := d.Timetable(day)
	return ok && w != time.Saturday && w != time.Sunday
}

// Workdays counts the workdays from the date of from to that of to, both included;
// 0 if to is before from (Q-23, D-47).
func (d Days) Workdays(from, to time.Time) int {
	n := 0
	last := date(to)
	for day := date(from); !day.After(last); day = day.AddDate(0, 0, 1) {
		if d.Workday(day) {
			n++
		}
	}
	return n
}

// date is the date of t without its zone, so that days can be counted.
func date(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
