package bot

import (
	"time"

	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
)

// away says why there is no hour at a time somebody named: it is over, not open yet, a
// holiday, or just not there; only then waiting for it makes sense. The time is read back, so that a wrong one is noticed.
func (t talk) away(_ string, w dialogue.When, _ map[string]dialogue.Answer) (why string, hope bool, err error) {
	set, err := counselling.LoadSettings(t.ctx, t.tx)
	if err != nil {
		return "", false, err
	}
	now, zone := t.tx.Now(), t.tx.Zone()
	said := sayWhen(w, now, zone)
	latest := now.AddDate(0, 0, set.HorizonDays)
	holiday, err := t.holiday(w)
	if err != nil {
		return "", false, err
	}
	switch {
	case w.Every != 0:
		return said + "没有空位，看看相近的。", true, nil
	case w.Past || !w.To.After(now):
		return said + "已经过去了，看看后面的空位。", false, nil
	case w.Every == 0 && oneDay(w) && calendar.Midnight(w.From, zone).Equal(calendar.Midnight(now, zone)):
		return said + "没有空位了，看看后面的。", true, nil
	case holiday != "":
		return said + "是" + holiday + "放假，没有空位，看看相近的。", false, nil
	case w.From.After(latest):
		return said + "还没有开放，现在最远能约到 " + calendar.Date(latest, zone) + "。", true, nil
	}
	return said + "没有空位，看看相近的。", true, nil
}

// longHoliday is how many days a holiday lasts at most; longer spans are not one.
const longHoliday = 10

// holiday names the holiday that a time lies in from its first to its last day, "" for none.
func (t talk) holiday(w dialogue.When) (string, error) {
	zone := t.tx.Zone()
	from, last := w.From.In(zone), w.To.In(zone).Add(-time.Second)
	if w.Every != 0 || last.Sub(from) > longHoliday*24*time.Hour {
		return "", nil
	}
	days, err := calendar.LoadDays(t.ctx, t.tx, from, last)
	if err != nil {
		return "", err
	}
	name := ""
	for day := calendar.Midnight(from, zone); !day.After(last); day = day.AddDate(0, 0, 1) {
		special, ok := days.On(day)
		if !ok || special.Kind != calendar.Holiday {
			return "", nil
		}
		name = special.Name
	}
	return name, nil
}

func oneDay(w dialogue.When) bool { return w.To.Sub(w.From) <= 25*time.Hour }

// sayWhen reads a time back: 10月20日（周二）15:00, 10月20日（周二）上午, 10月19日（周一）到10月25日（周日）.
func sayWhen(w dialogue.When, now time.Time, zone *time.Location) string {
	from, to := w.From.In(zone), w.To.In(zone)
	date := calendar.Date
	if from.Sub(now).Abs() > 180*24*time.Hour { // 明年3月8日 is not this year's
		date = func(t time.Time, zone *time.Location) string {
			return t.In(zone).Format("2006年") + calendar.Date(t, zone)
		}
	}
	switch length := to.Sub(from); {
	case w.Every == 1 && length <= time.Minute:
		return from.Format("15:04") + " "
	case w.Every != 0:
		return "你说的时间"
	case length <= time.Minute:
		return date(from, zone) + from.Format("15:04") + " "
	case length < 23*time.Hour:
		return date(from, zone) + partOfDay(from, to)
	case length <= 25*time.Hour:
		return date(from, zone)
	default:
		return date(from, zone) + "到" + date(to.Add(-time.Minute), zone)
	}
}

// partOfDay names the hours as one says them, by the clock where no word fits.
func partOfDay(from, to time.Time) string {
	for _, p := range []struct {
		from, to int
		word     string
	}{{0, 6, "凌晨"}, {6, 10, "早上"}, {8, 12, "上午"}, {11, 14, "中午"}, {12, 18, "下午"}, {17, 19, "傍晚"}, {18, 23, "晚上"}} {
		if from.Hour() == p.from && to.Hour() == p.to && from.Minute()+to.Minute() == 0 {
			return p.word
		}
	}
	return from.Format("15:04") + "–" + to.Format("15:04")
}
