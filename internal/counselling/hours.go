package counselling

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/setting"
	"github.com/xuegong/xuegong/internal/store"
)

// HoursEdit asks for hours of a counsellor: one, or the same in several weeks.
type HoursEdit struct {
	Counsellor string
	StartsAt   time.Time
	EndsAt     time.Time
	Place      string // "" takes the counsellor's
	Capacity   int
	Weeks      int // 1 to 20
}

// AddHours opens hours by hand. It returns how many were opened; one is left out that
// meets another hour of the counsellor or of the room, that is while the counsellor is
// away, or that is on a holiday without extra hours.
func AddHours(ctx context.Context, tx *store.Tx, who identity.Person, e HoursEdit) (int, error) {
	c, err := lockCounsellor(ctx, tx, e.Counsellor)
	if store.Missing(err) || err == nil && !runsCentre(who, c.centre) && who.ID != c.person {
		return 0, ErrConfidential
	}
	if err != nil {
		return 0, fmt.Errorf("lock counsellor: %w", err)
	}
	if err := e.check(tx.Now()); err != nil {
		return 0, err
	}
	if e.Place == "" {
		e.Place = c.Place
	}
	t, err := timetableTo(ctx, tx, c, weeksLater(e.StartsAt, e.Weeks, tx.Zone()))
	if err != nil {
		return 0, err
	}
	opened := 0
	for week := range e.Weeks {
		from, to := weeksLater(e.StartsAt, week, tx.Zone()), weeksLater(e.EndsAt, week, tx.Zone())
		if !t.allows(from, to, tx.Zone()) {
			continue
		}
		ok, err := insertHour(ctx, tx, c, e, from, to, who.ID)
		if err != nil {
			return opened, fmt.Errorf("open hour: %w", err)
		}
		if ok {
			opened++
		}
	}
	if err := freed(ctx, tx, c.centre); err != nil {
		return opened, err
	}
	return opened, audit.Append(ctx, tx, int64(who.ID), "hours.add", "counsellor/"+c.PublicID, map[string]any{"opened": opened})
}

func (e HoursEdit) check(now time.Time) error {
	fields := map[string]string{}
	if !e.StartsAt.After(now) {
		fields["start"] = "开始时间要在现在之后。"
	}
	if d := e.EndsAt.Sub(e.StartsAt); d < 10*time.Minute || d > 4*time.Hour {
		fields["end"] = "每次 10 分钟到 4 小时。"
	}
	if e.Capacity < 1 || e.Capacity > 50 {
		fields["capacity"] = "名额填 1 到 50。"
	}
	if e.Weeks < 1 || e.Weeks > 20 {
		fields["weeks"] = "重复填 1 到 20 周。"
	}
	if !Neutral(e.Place) {
		fields["place"] = "地点会出现在推送里，请不要写“心理”“咨询”。"
	}
	if len(fields) > 0 {
		return &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
	}
	return nil
}

// weeksLater keeps the hour of the day in the school's zone.
func weeksLater(t time.Time, weeks int, zone *time.Location) time.Time {
	return t.In(zone).AddDate(0, 0, 7*weeks)
}

// CloseHour takes an hour out of the list: the counsellor is away for it, so that no
// rule opens it again. Bookings it has stay and are named by their number, so that the
// desk can deal with them one by one.
func CloseHour(ctx context.Context, tx *store.Tx, who identity.Person, slotID string) (left int, err error) {
	s, err := slotByPublicID(ctx, tx, slotID, tx.Now())
	if store.Missing(err) || err == nil && !runsCentre(who, s.centre) && who.ID != s.person {
		return 0, ErrConfidential
	}
	if err != nil {
		return 0, fmt.Errorf("load hour: %w", err)
	}
	if !s.EndsAt.After(tx.Now()) {
		return 0, errs.New(errs.Conflict, "这个时间已经过去了，不用关闭。")
	}
	c, err := lockCounsellor(ctx, tx, s.Counsellor)
	if err != nil {
		return 0, fmt.Errorf("lock counsellor: %w", err)
	}
	change, err := off(ctx, tx, who, c, s.StartsAt, s.EndsAt, WhyClosed)
	if err != nil {
		return 0, err
	}
	return len(change.Stay), audit.Append(ctx, tx, int64(who.ID), "hours.close", "slot/"+slotID, nil)
}

// CounsellorEdit is what the desk says about a counsellor.
type CounsellorEdit struct {
	Person   identity.ID
	Intro    string
	Topics   string
	Campus   string // code
	Place    string
	Active   bool
	Position int
}

// SaveCounsellor puts a person on the list of the centre, or changes what is said of
// them. The person must hold the centre's counsellor role.
func SaveCounsellor(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, e CounsellorEdit) (string, error) {
	if !runsCentre(who, centre) {
		return "", ErrConfidential
	}
	p, err := identity.Get(ctx, tx, e.Person)
	if err != nil {
		return "", err
	}
	fields := map[string]string{}
	if e.Active && !p.HasIn(centre, identity.CentreCounsellor) {
		fields["person"] = "先由中心负责人授予这位老师接待的角色。"
	}
	if n := len([]rune(e.Intro)); n < 5 || n > 300 {
		fields["intro"] = "简介写 5 到 300 个字。"
	}
	if e.Place == "" || !Neutral(e.Place) {
		fields["place"] = "地点必填，会出现在推送里，请不要写“心理”“咨询”。"
	}
	if len(fields) > 0 {
		return "", &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
	}
	id, err := upsertCounsellor(ctx, tx, e, centre)
	if store.Missing(err) {
		return "", errs.Field("campus", "请选一个校区。")
	}
	if err != nil {
		return "", fmt.Errorf("save counsellor: %w", err)
	}
	if err := planIfActive(ctx, tx, id); err != nil {
		return "", err
	}
	if err := freed(ctx, tx, centre); err != nil { // who receives again has free hours
		return "", err
	}
	return id, audit.Append(ctx, tx, int64(who.ID), "counsellor.save", "counsellor/"+id, nil)
}

// planIfActive opens the hours of who receives again.
func planIfActive(ctx context.Context, tx *store.Tx, counsellor string) error {
	c, err := lockCounsellor(ctx, tx, counsellor)
	if err != nil {
		return fmt.Errorf("lock counsellor: %w", err)
	}
	if !c.Active {
		return nil
	}
	_, err = plan(ctx, tx, c)
	return err
}

// CentreCounsellors lists the centre's counsellors for its desk, inactive ones too.
func CentreCounsellors(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Counsellor, error) {
	if !atCentre(who, centre) {
		return nil, ErrConfidential
	}
	list, err := selectCounsellors(ctx, tx, "where c.centre_id = $1", centre)
	if err != nil {
		return nil, fmt.Errorf("list counsellors: %w", err)
	}
	return list, nil
}

// SaveSettings changes the centre's settings.
func SaveSettings(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, s Settings) error {
	if !runsCentre(who, centre) {
		return ErrConfidential
	}
	if err := s.Check(); err != nil {
		return err
	}
	if err := setting.Save(ctx, tx, settingKey, s, int64(who.ID)); err != nil {
		return err
	}
	if _, err := PlanAll(ctx, tx); err != nil { // the horizon may have moved
		return err
	}
	if err := freed(ctx, tx, centre); err != nil { // other limits may open other hours
		return err
	}
	return audit.Append(ctx, tx, int64(who.ID), "setting.save", "setting/"+settingKey, nil)
}

// Broken returns one line for each row that breaks an invariant (T1): places, one
// open booking a student, holds, history, consent, the queue, hours that meet or are on
// a holiday.
func Broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	lines, err := broken(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit counselling: %w", err)
	}
	queue, err := brokenQueue(ctx, tx)
	if err != nil {
		return nil, err
	}
	holidays, err := offHolidays(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit hours on holidays: %w", err)
	}
	care, err := brokenCare(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit care: %w", err)
	}
	return slices.Concat(lines, queue, holidays, care), nil
}

// BrokenReminders returns one line for each of the subjects, whose reminders wait, that
// is no confirmed booking.
func BrokenReminders(ctx context.Context, tx *store.Tx, subjects []string) ([]string, error) {
	lines, err := strays(ctx, tx, subjects, "a reminder waits for booking %s, which is not confirmed", Confirmed)
	if err != nil {
		return nil, fmt.Errorf("audit reminders: %w", err)
	}
	return lines, nil
}

// BrokenEntries returns one line for each of the subjects, which stand in calendars, that
// is no hour that takes place or took place.
func BrokenEntries(ctx context.Context, tx *store.Tx, subjects []string) ([]string, error) {
	lines, err := strays(ctx, tx, subjects, "booking %s stands in the calendars and is not confirmed", Confirmed, Arrived, Missed)
	if err != nil {
		return nil, fmt.Errorf("audit calendar entries: %w", err)
	}
	return lines, nil
}

// strays says the line of each subject whose booking is in none of the states.
func strays(ctx context.Context, tx *store.Tx, subjects []string, line string, states ...State) ([]string, error) {
	ids := make([]string, len(subjects))
	for i, s := range subjects {
		ids[i] = strings.TrimPrefix(s, Subject(""))
	}
	sound, err := bookingsIn(ctx, tx, ids, states)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, id := range ids {
		if !sound[id] {
			lines = append(lines, "counselling: "+fmt.Sprintf(line, id))
		}
	}
	return lines, nil
}
