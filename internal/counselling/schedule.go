package counselling

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Schedule is when a counsellor receives, as the centre's desk edits it.
type Schedule struct {
	Counsellor Counsellor
	Rules      []Rule
	Offs       []Off
	Slots      []Slot // of the span asked for, those that void ones made way for left out
	May        bool   // who asked may change it
}

// ScheduleOf returns the rules and exceptions of a counsellor, and the hours that begin
// in [from, to). Only the centre may read them.
func ScheduleOf(ctx context.Context, tx *store.Tx, who identity.Person, counsellor string, from, to time.Time) (Schedule, error) {
	list, err := selectCounsellors(ctx, tx, "where c.public_id = $1", counsellor)
	if err != nil {
		return Schedule{}, fmt.Errorf("load counsellor: %w", err)
	}
	if len(list) == 0 || !atCentre(who, list[0].centre) {
		return Schedule{}, ErrConfidential
	}
	s := Schedule{Counsellor: list[0], May: runsCentre(who, list[0].centre) || who.ID == list[0].person}
	if s.Rules, err = selectRules(ctx, tx, s.Counsellor.id); err != nil {
		return s, fmt.Errorf("list rules: %w", err)
	}
	if s.Offs, err = selectOffs(ctx, tx, s.Counsellor.id); err != nil {
		return s, fmt.Errorf("list exceptions: %w", err)
	}
	all, err := hoursBetween(ctx, tx, s.Counsellor.centre, from, to)
	if err != nil {
		return s, fmt.Errorf("list hours: %w", err)
	}
	s.Slots = slices.DeleteFunc(all, func(x Slot) bool { return x.counsellor != s.Counsellor.id })
	return s, nil
}

// ownSchedule locks the counsellor for who may change when they receive: the centre's
// head and desk, and the counsellor.
func ownSchedule(ctx context.Context, tx *store.Tx, who identity.Person, counsellor string) (Counsellor, error) {
	c, err := lockCounsellor(ctx, tx, counsellor)
	if store.Missing(err) || err == nil && !runsCentre(who, c.centre) && who.ID != c.person {
		return Counsellor{}, ErrConfidential
	}
	if err != nil {
		return Counsellor{}, fmt.Errorf("lock counsellor: %w", err)
	}
	return c, nil
}

// ErrRoomBusy is read by who wants a room for one counsellor alone while two use it.
var ErrRoomBusy = errs.New(errs.Conflict, "这个房间已经有两位老师同时在用，先错开时间，再改成一次只给一位老师。")

// SaveRule writes a rule of a counsellor, a new one if it has no public id, and plans
// their hours at once. What would happen is seen with Preview.
func SaveRule(ctx context.Context, tx *store.Tx, who identity.Person, counsellor string, r Rule) (Change, error) {
	c, err := ownSchedule(ctx, tx, who, counsellor)
	if err != nil {
		return Change{}, err
	}
	if r.PublicID != "" {
		if owner, err := ruleOwner(ctx, tx, r.PublicID); store.Missing(err) || err == nil && owner != counsellor {
			return Change{}, errs.New(errs.NotFound, "这条规则已经结束了，请刷新再看。")
		} else if err != nil {
			return Change{}, fmt.Errorf("load rule: %w", err)
		}
	}
	r.Place = strings.TrimSpace(r.Place)
	if err := r.check(); err != nil {
		return Change{}, err
	}
	id, err := upsertRule(ctx, tx, c, r)
	if store.Missing(err) {
		return Change{}, errs.Field("campus", "请选一个校区。")
	}
	if err != nil {
		return Change{}, fmt.Errorf("save rule: %w", err)
	}
	if err := shareRoom(ctx, tx, c, r.Code, r.Place, r.Shared); err != nil {
		return Change{}, err
	}
	return replan(ctx, tx, who, c, "rule.save", "hours_rule/"+id)
}

// shareRoom says of a room whether several counsellors may be in it at once.
func shareRoom(ctx context.Context, tx *store.Tx, c Counsellor, campus, place string, shared bool) error {
	err := tx.Try(ctx, func() error { return holdRoom(ctx, tx, c.centre, campus, place, shared) })
	if store.Constraint(err) == "a_room_is_held_by_one_hour_at_a_time" {
		return ErrRoomBusy
	}
	if err != nil {
		return fmt.Errorf("hold room: %w", err)
	}
	return nil
}

// EndRule has a rule hold until the last day, included; one that begins later is
// removed. Bookings after it stay until a person moves or cancels each.
func EndRule(ctx context.Context, tx *store.Tx, who identity.Person, ruleID string, last time.Time) (Change, error) {
	owner, err := ruleOwner(ctx, tx, ruleID)
	if store.Missing(err) {
		return Change{}, ErrConfidential
	}
	if err != nil {
		return Change{}, fmt.Errorf("load rule: %w", err)
	}
	c, err := ownSchedule(ctx, tx, who, owner)
	if err != nil {
		return Change{}, err
	}
	if err := endRule(ctx, tx, ruleID, last); err != nil {
		return Change{}, fmt.Errorf("end rule: %w", err)
	}
	return replan(ctx, tx, who, c, "rule.end", "hours_rule/"+ruleID)
}

// maxAway is how long one exception may be.
const maxAway = 366 * 24 * time.Hour

// Away closes a span of a counsellor for booking, whatever the rules say and also for
// hours opened by hand. Bookings in it stay until a person moves or cancels each.
func Away(ctx context.Context, tx *store.Tx, who identity.Person, counsellor string, from, to time.Time, why Why) (Change, error) {
	c, err := ownSchedule(ctx, tx, who, counsellor)
	if err != nil {
		return Change{}, err
	}
	switch {
	case !slices.Contains(Whys(), why):
		return Change{}, errs.Field("why", "请选一个原因。")
	case !to.After(tx.Now()):
		return Change{}, errs.Field("to", "这段时间已经过去了。")
	case !to.After(from):
		return Change{}, errs.Field("to", "结束要在开始之后。")
	case to.Sub(from) > maxAway:
		return Change{}, errs.Field("to", "一次最多一年。")
	}
	return off(ctx, tx, who, c, from, to, why)
}

func off(ctx context.Context, tx *store.Tx, who identity.Person, c Counsellor, from, to time.Time, why Why) (Change, error) {
	id, err := insertOff(ctx, tx, c, from, to, why, who.ID)
	if err != nil {
		return Change{}, fmt.Errorf("record absence: %w", err)
	}
	return replan(ctx, tx, who, c, "hours.off", "hours_off/"+id)
}

// Back takes an absence away: the hours the rules make there are open again, and
// bookings that stayed in them need no more attention.
func Back(ctx context.Context, tx *store.Tx, who identity.Person, offID string) (Change, error) {
	owner, err := offOwner(ctx, tx, offID)
	if store.Missing(err) {
		return Change{}, ErrConfidential
	}
	if err != nil {
		return Change{}, fmt.Errorf("load absence: %w", err)
	}
	c, err := ownSchedule(ctx, tx, who, owner)
	if err != nil {
		return Change{}, err
	}
	if err := removeOff(ctx, tx, offID); err != nil {
		return Change{}, fmt.Errorf("remove absence: %w", err)
	}
	return replan(ctx, tx, who, c, "hours.back", "hours_off/"+offID)
}

// replan plans the hours after a change of the schedule and writes down who made it.
func replan(ctx context.Context, tx *store.Tx, who identity.Person, c Counsellor, verb, object string) (Change, error) {
	change, err := plan(ctx, tx, c)
	if err != nil {
		return Change{}, err
	}
	return change, audit.Append(ctx, tx, int64(who.ID), verb, object, map[string]any{
		"counsellor": c.PublicID, "added": len(change.Added), "removed": len(change.Removed), "stay": len(change.Stay),
	})
}

// offHolidays returns the hours that are open on a holiday without extra hours beside
// them, which no plan leaves behind.
func offHolidays(ctx context.Context, tx *store.Tx) ([]string, error) {
	list, err := selectCounsellors(ctx, tx, "")
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, c := range list {
		have, err := hoursAhead(ctx, tx, c.id)
		if err != nil {
			return nil, err
		}
		t, _, err := loadTimetable(ctx, tx, c, have)
		if err != nil {
			return nil, err
		}
		for _, s := range have {
			if day := calendar.Midnight(s.StartsAt, tx.Zone()); s.Open && t.days.Holiday(day) && !t.allows(s.StartsAt, s.EndsAt, tx.Zone()) {
				lines = append(lines, fmt.Sprintf("counselling: an hour of %s is open on %s, a holiday", c.PublicID, day.Format(time.DateOnly)))
			}
		}
	}
	return lines, nil
}
