package page

import (
	"slices"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
)

// Notice is 预约须知, to be read to its end and agreed to (D-38, D-40).
type Notice struct {
	Base
	counselling.Notice
	Agreed bool
}

// Template implements Page.
func (*Notice) Template() string { return "h5/counselling_notice" }

// Counsellors is the list to choose from (D-41).
type Counsellors struct {
	Base
	List   []counselling.Counsellor
	Barred Barred
}

// Template implements Page.
func (*Counsellors) Template() string { return "h5/counselling_counsellors" }

// Barred is why a student can book no hour at all now, and where to go about it; the zero
// value is nobody who is.
type Barred struct {
	Why  string
	Path string // "" where only the centre can help
	Link string // what the way there is called
}

// Times are the hours of a counsellor by day, full ones included (D-42, D-43).
type Times struct {
	Base
	Counsellor counselling.Counsellor
	Days       []Day
	Barred     Barred
}

// Template implements Page.
func (*Times) Template() string { return "h5/counselling_times" }

// Weeks are the days, later weeks folded.
func (p *Times) Weeks() []Week { return byWeek(p.Days) }

// At is where the hour is chosen, "" if this student can choose none.
func (p *Times) At(s counselling.Slot) string {
	if p.Barred.Why != "" || !s.Bookable() {
		return ""
	}
	return "/m/counselling/counsellors/" + s.Counsellor + "/" + s.PublicID
}

// Off says why the hour cannot be chosen.
func (p *Times) Off(s counselling.Slot) string {
	if p.Barred.Why != "" && s.Free() > 0 {
		return "现在不能约"
	}
	return off(s)
}

func off(s counselling.Slot) string {
	if s.Free() == 0 {
		return "人数已满"
	}
	return "来不及了"
}

// Day is a day with its hours.
type Day struct {
	Date  time.Time
	Slots []counselling.Slot
}

// Free is how many of the day's hours can be chosen.
func (d Day) Free() int {
	n := 0
	for _, s := range d.Slots {
		if s.Bookable() {
			n++
		}
	}
	return n
}

// Week is some days that stand together, Monday to Sunday.
type Week struct {
	Days   []Day
	Folded bool // opened by who wants a later time
}

// Name is 12月7日–11日, the days the week has.
func (w Week) Name() string {
	first, last := w.Days[0].Date, w.Days[len(w.Days)-1].Date
	word := func(t time.Time) string { return calendar.DayAt(t, t, t.Location()) }
	switch {
	case first.Equal(last):
		return word(first)
	case first.Month() == last.Month():
		return word(first) + "–" + strconv.Itoa(last.Day()) + "日"
	}
	return word(first) + "–" + word(last)
}

// Free is how many of the week's hours can be chosen.
func (w Week) Free() int {
	n := 0
	for _, d := range w.Days {
		n += d.Free()
	}
	return n
}

// daysToChoose is how many days with a free hour are shown before later weeks are folded.
const daysToChoose = 3

// byWeek groups days, which are in order, by their week.
func byWeek(days []Day) []Week {
	var weeks []Week
	toChoose := 0
	for i, d := range days {
		if i == 0 || monday(d.Date) != monday(days[i-1].Date) {
			weeks = append(weeks, Week{Folded: toChoose >= daysToChoose})
		}
		last := &weeks[len(weeks)-1]
		last.Days = append(last.Days, d)
		if d.Free() > 0 {
			toChoose++
		}
	}
	return weeks
}

func monday(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) }

// None says why no hour of the day can be chosen, "" if one can.
func (d Day) None() string {
	switch {
	case d.Free() > 0:
		return ""
	case slices.ContainsFunc(d.Slots, func(s counselling.Slot) bool { return s.Free() > 0 }):
		return "来不及确认了"
	}
	return "已约满"
}

// ByDay groups hours, which are in order, by their day in the zone.
func ByDay(slots []counselling.Slot, zone *time.Location) []Day {
	var days []Day
	for _, s := range slots {
		date := calendar.Midnight(s.StartsAt, zone)
		if n := len(days); n == 0 || !days[n-1].Date.Equal(date) {
			days = append(days, Day{Date: date})
		}
		last := &days[len(days)-1]
		last.Slots = append(last.Slots, s)
	}
	return days
}

// Book asks whether the hour is the right one, and for a wish.
type Book struct {
	Base
	Slot      counselling.Slot
	Wish      string
	HoldHours int
}

// Template implements Page.
func (*Book) Template() string { return "h5/counselling_book" }

// Bookings is 我的预约, newest first (D-44).
type Bookings struct {
	Base
	List    []counselling.Booking
	Wait    *counselling.Wait // the place in the queue, nil if there is none
	Strikes counselling.Strikes
}

// Template implements Page.
func (*Bookings) Template() string { return "h5/counselling_mine" }

// Booking is one booking: what it is, what happens next, its history.
type Booking struct {
	Base
	counselling.Booking
	Own        bool      // of who looks at it; else it is the centre
	CancelTill time.Time // up to when the student may cancel
	MoveTill   time.Time // and move
}

// Template implements Page.
func (*Booking) Template() string { return "h5/counselling_booking" }

// CanCancel tells whether the student is offered to cancel.
func (p *Booking) CanCancel() bool {
	return p.Own && (p.State == counselling.Pending || p.State == counselling.Confirmed && p.Now.Before(p.CancelTill))
}

// Cancel names what cancelling means before it is done.
type Cancel struct {
	Base
	counselling.Booking
	Warning string // what cancelling now counts as, "" if for nothing
}

// Template implements Page.
func (*Cancel) Template() string { return "h5/counselling_cancel" }

// Badge is a state as people see it: a colour, an icon and a word.
type Badge struct{ Tone, Icon, Word string }

// The tones, each with its icon.
const (
	toneDone = "done"
	toneWait = "wait"
	toneTodo = "todo"
	toneIdle = "idle"
)

// NewBadge returns the badge of a word in a tone: done, wait, todo or idle.
func NewBadge(tone, word string) Badge {
	icon := map[string]string{toneDone: "✓", toneWait: "◷", toneTodo: "!", toneIdle: "–"}[tone]
	return Badge{Tone: tone, Icon: icon, Word: word}
}

// BadgeOf returns the badge of a booking's state.
func BadgeOf(s counselling.State) Badge {
	tone := toneIdle
	switch s {
	case counselling.Pending:
		tone = toneWait
	case counselling.Confirmed, counselling.Arrived:
		tone = toneDone
	case counselling.Rejected, counselling.Missed:
		tone = toneTodo
	}
	return NewBadge(tone, s.Label())
}
