package counselling

import (
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
)

// Term is the span in which hours and strikes are counted. Terms follow each other
// without a gap, so that every hour lies in one.
type Term struct {
	Name string    // 2026-2: the second that begins in 2026; a corrected date keeps it
	From time.Time // its first midnight
	To   time.Time // the first midnight of the next
}

// Term returns the term that holds the time.
func (s Settings) Term(at time.Time, zone *time.Location) Term {
	var last Term
	year := at.In(zone).Year()
	for y := year - 1; y <= year+1; y++ {
		for i, start := range slices.Sorted(slices.Values(s.TermStarts)) {
			day, err := time.ParseInLocation(time.DateOnly, fmt.Sprintf("%d-%s", y, start), zone)
			if err != nil {
				continue // Check lets no such date in
			}
			last.To = day
			if day.After(at) {
				return last
			}
			last = Term{Name: fmt.Sprintf("%d-%d", y, i+1), From: day}
		}
	}
	return last
}

// wrongTermStart tells whether a text names no day of every year as 02-20 does.
func wrongTermStart(s string) bool {
	_, err := time.Parse(time.DateOnly, "2006-"+s) // no leap year
	return err != nil
}

// refuse checks what can be said before a seat is tried (D-42): every limit with its
// number and when it is possible again.
func (st standing) refuse(slot Slot, set Settings, now time.Time, zone *time.Location) error {
	if st.Open {
		return ErrHaveOpen
	}
	if err := st.refusePaused(set, now, zone); err != nil {
		return err
	}
	return st.refuseTerm(slot, set, zone)
}

// refusePaused says that booking is paused, and up to when.
func (st standing) refusePaused(set Settings, now time.Time, zone *time.Location) error {
	until := st.pausedUntil(set, zone)
	if !until.After(now) {
		return nil
	}
	return errs.Wrap(ErrPaused, errs.Conflict, fmt.Sprintf("这学期已有 %d 次没有来，预约暂停到 %s，那天起可以再约。"+
		"有特殊情况，可以在“我的预约”里说明；着急请直接联系中心。", st.Strikes, calendar.Date(until, zone)))
}

// refuseTerm says that the hours of the slot's term are used up.
func (st standing) refuseTerm(slot Slot, set Settings, zone *time.Location) error {
	if st.Used < set.TermLimit {
		return nil
	}
	return errs.Wrap(ErrTermFull, errs.Conflict, fmt.Sprintf("一个学期最多约 %d 次，你已经约了 %d 次。%s起的时间可以再约；着急请直接联系中心。",
		set.TermLimit, st.Used, calendar.Date(set.Term(slot.StartsAt, zone).To, zone)))
}

// refuseHour says that an hour is too near or too far ahead to be chosen by a student.
func refuseHour(slot Slot, set Settings, now time.Time, zone *time.Location) error {
	switch {
	case slot.StartsAt.Before(set.firstBookable(now)):
		return errs.Wrap(ErrTooSoon, errs.Conflict, fmt.Sprintf("要提前 %s预约，这个时间来不及确认了。现在能约的是 %s 以后的时间；着急请直接联系中心。",
			minutes(set.LeadMinutes), calendar.Near(set.firstBookable(now), now, zone)))
	case slot.StartsAt.After(set.horizon(now)):
		return errs.Wrap(ErrTooFar, errs.Conflict, fmt.Sprintf("只开放 %d 天以内的预约，这个时间 %s 起可以约。",
			set.HorizonDays, calendar.When(slot.StartsAt.AddDate(0, 0, -set.HorizonDays), zone)))
	}
	return nil
}

// pausedUntil is the midnight at which the student may book again; the zero time if
// booking is not paused.
func (st standing) pausedUntil(set Settings, zone *time.Location) time.Time {
	if set.StrikeLimit == 0 || st.Strikes < set.StrikeLimit {
		return time.Time{}
	}
	until := calendar.Midnight(st.LastStrike.Time, zone).AddDate(0, 0, set.PauseDays+1)
	if st.Lapses.Time.Before(until) {
		return st.Lapses.Time
	}
	return until
}

// CutOff is up to when a student changes or cancels a confirmed booking.
func (s Settings) CutOff(start time.Time) time.Time {
	return start.Add(-time.Duration(s.CancelMinutes) * time.Minute)
}

// LateAt is when the front desk may mark that the student did not come.
func (s Settings) LateAt(start time.Time) time.Time {
	return start.Add(time.Duration(s.LateMinutes) * time.Minute)
}

// correctTill is up to when an hour marked as missed is put right at the desk; after that
// the strike is lifted with a reason, or the student appeals.
func (s Settings) correctTill(start time.Time, zone *time.Location) time.Time {
	return calendar.Midnight(start, zone).AddDate(0, 0, 1+s.CorrectDays)
}

// MayCancelTill is up to when a student cancels a confirmed booking online; in the end
// as a strike, where the school allows it.
func (s Settings) MayCancelTill(start time.Time) time.Time {
	if s.LateCancel {
		return start
	}
	return s.CutOff(start)
}

// minutes says a span as people do: 2 小时 30 分钟.
func minutes(n int) string {
	switch h, m := n/60, n%60; {
	case h == 0:
		return fmt.Sprintf("%d 分钟", m)
	case m == 0:
		return fmt.Sprintf("%d 小时", h)
	default:
		return fmt.Sprintf("%d 小时 %d 分钟", h, m)
	}
}
