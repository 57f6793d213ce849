package calendar

import (
	"fmt"
	"time"
)

// Weekday returns 周一 to 周日.
func Weekday(t time.Time) string {
	return [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}[t.Weekday()]
}

// Date returns 10月14日（周三） in the zone.
func Date(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return fmt.Sprintf("%d月%d日（%s）", int(t.Month()), t.Day(), Weekday(t))
}

// Dates returns 10月1日（周四）–7日（周三） in the zone, both ends meant; of one day its Date.
func Dates(first, last time.Time, zone *time.Location) string {
	first, last = first.In(zone), last.In(zone)
	switch {
	case first.Format(time.DateOnly) == last.Format(time.DateOnly):
		return Date(first, zone)
	case first.Month() == last.Month() && first.Year() == last.Year():
		return fmt.Sprintf("%s–%d日（%s）", Date(first, zone), last.Day(), Weekday(last))
	}
	return Date(first, zone) + "–" + Date(last, zone)
}

// Day returns 2026年10月14日 in the zone.
func Day(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return fmt.Sprintf("%d年%d月%d日", t.Year(), int(t.Month()), t.Day())
}

// DayAt is Day, or 10月14日 within the year of at.
func DayAt(t, at time.Time, zone *time.Location) string {
	t = t.In(zone)
	if t.Year() != at.In(zone).Year() {
		return Day(t, zone)
	}
	return fmt.Sprintf("%d月%d日", int(t.Month()), t.Day())
}

// When returns 10月14日（周三）15:00 in the zone.
func When(t time.Time, zone *time.Location) string {
	return Date(t, zone) + t.In(zone).Format("15:04")
}

// Span returns 10月14日（周三）15:00–15:50 in the zone.
func Span(from, to time.Time, zone *time.Location) string {
	return When(from, zone) + "–" + to.In(zone).Format("15:04")
}

// Near returns t as one says it at now: 今天 15:00, 明天 09:00, 今晚 20:00, else When.
func Near(t, now time.Time, zone *time.Location) string {
	t, now = t.In(zone), now.In(zone)
	clock := t.Format("15:04")
	switch days := int(Midnight(t, zone).Sub(Midnight(now, zone)).Hours()+12) / 24; {
	case days == 0 && t.Hour() >= 18:
		return "今晚 " + clock
	case days == 0 && !t.Before(Midnight(now, zone)):
		return "今天 " + clock
	case days == 1 && t.Hour() >= 18:
		return "明晚 " + clock
	case days == 1:
		return "明天 " + clock
	default:
		return When(t, zone)
	}
}

// Brief is Near without the weekday, for a column of a list: 今天 15:00, 10月14日 15:00.
func Brief(t, now time.Time, zone *time.Location) string {
	if near := Near(t, now, zone); near != When(t, zone) {
		return near
	}
	return DayAt(t, now, zone) + t.In(zone).Format(" 15:04")
}

// Midnight returns the beginning of the day of t in the zone.
func Midnight(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}
