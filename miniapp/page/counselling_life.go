package page

import (
	"github.com/xuegong/xuegong/internal/counselling"
)

// Move are the free hours a booking may go to, of one counsellor by day (T24).
type Move struct {
	Base
	counselling.Booking
	Counsellors []counselling.Counsellor // to choose among
	With        counselling.Counsellor   // whose hours these are
	Days        []Day
}

// Template implements Page.
func (*Move) Template() string { return "h5/counselling_move" }

// Weeks are the days, later weeks folded.
func (p *Move) Weeks() []Week { return byWeek(p.Days) }

// At is where the hour is chosen, "" if it cannot be.
func (p *Move) At(s counselling.Slot) string {
	if !s.Bookable() {
		return ""
	}
	return "/m/counselling/mine/" + p.PublicID + "/move/" + s.PublicID
}

// Off says why the hour cannot be chosen.
func (p *Move) Off(s counselling.Slot) string { return off(s) }

// MoveTo says what moving means before it is done.
type MoveTo struct {
	Base
	counselling.Booking
	To        counselling.Slot
	Confirmed bool // it stays confirmed there
	HoldHours int
}

// Template implements Page.
func (*MoveTo) Template() string { return "h5/counselling_move_to" }

// Strikes are a student's hours that stayed empty, what follows, and the one sentence
// about each (T19).
type Strikes struct {
	Base
	counselling.Strikes
	Asking string // the strike whose sentence was refused
	Typed  string
}

// Template implements Page.
func (*Strikes) Template() string { return "h5/counselling_strikes" }

// CanAppeal tells whether the student may still say why.
func (p *Strikes) CanAppeal(s counselling.Strike) bool { return s.Appealable(p.Now) }

// Lapsed tells whether the strike is of a term that is over.
func (p *Strikes) Lapsed(s counselling.Strike) bool { return !p.Now.Before(s.LapsesAt) }

// Badge is where a strike stands.
func (p *Strikes) Badge(s counselling.Strike) Badge {
	if p.Lapsed(s) {
		return NewBadge(toneIdle, "不再计算")
	}
	return StrikeBadge(s.State)
}

// StrikeBadge returns the badge of a strike's state.
func StrikeBadge(s counselling.StrikeState) Badge {
	tone := toneTodo
	switch s {
	case counselling.Appealed:
		tone = toneWait
	case counselling.Lifted:
		tone = toneDone
	}
	return NewBadge(tone, s.Label())
}

// CanMove tells whether the student is offered to move the booking.
func (p *Booking) CanMove() bool {
	return p.Own && (p.State == counselling.Pending || p.State == counselling.Confirmed && p.Now.Before(p.MoveTill))
}
