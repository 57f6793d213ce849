package counselling

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// Duty is a turn of somebody of the centre to answer red answers.
type Duty struct {
	PublicID string
	Name     string
	StartsAt time.Time
	EndsAt   time.Time
	Position int // who is called first: the smallest

	centre int64
	person identity.ID
}

// DutyEdit asks for a turn, or the same in several weeks.
type DutyEdit struct {
	Person   identity.ID
	StartsAt time.Time
	EndsAt   time.Time
	Position int // 1 to 9
	Weeks    int // 1 to 20
}

// AddDuty puts a person of the centre on the roster; who runs the centre may. It returns
// how many turns are new; one the person has already is left as it is.
func AddDuty(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, e DutyEdit) (int, error) {
	if !runsCentre(who, centre) {
		return 0, ErrConfidential
	}
	p, err := identity.Get(ctx, tx, e.Person)
	if err != nil {
		return 0, err
	}
	if err := e.check(p, centre, tx.Now()); err != nil {
		return 0, err
	}
	added := 0
	for week := range e.Weeks {
		ok, err := insertDuty(ctx, tx, centre, e, weeksLater(e.StartsAt, week, tx.Zone()), weeksLater(e.EndsAt, week, tx.Zone()), who.ID)
		if err != nil {
			return added, fmt.Errorf("add duty: %w", err)
		}
		if ok {
			added++
		}
	}
	if err := watchRoster(ctx, tx, centre); err != nil {
		return added, err
	}
	return added, audit.Append(ctx, tx, int64(who.ID), "duty.add", "person/"+p.PublicID, map[string]any{"added": added})
}

func (e DutyEdit) check(p identity.Person, centre int64, now time.Time) error {
	fields := map[string]string{}
	if !p.Here() || !atCentre(p, centre) {
		fields["person"] = "值班要由中心的老师来，请从列表里选。"
	}
	if !e.EndsAt.After(now) {
		fields["end"] = "结束时间要在现在之后。"
	}
	if d := e.EndsAt.Sub(e.StartsAt); d < 30*time.Minute || d > 31*24*time.Hour {
		fields["end"] = "一班 30 分钟到 31 天。"
	}
	if e.Position < 1 || e.Position > 9 {
		fields["position"] = "顺序填 1 到 9，1 最先联系。"
	}
	if e.Weeks < 1 || e.Weeks > 20 {
		fields["weeks"] = "重复填 1 到 20 周。"
	}
	return wrong(fields)
}

// RemoveDuty takes a turn that is not over off the roster.
func RemoveDuty(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) error {
	list, err := selectDuties(ctx, tx, `where d.public_id = $1 for no key update of d`, publicID)
	if err != nil {
		return fmt.Errorf("load duty: %w", err)
	}
	if len(list) == 0 || !runsCentre(who, list[0].centre) {
		return ErrConfidential
	}
	if !list[0].EndsAt.After(tx.Now()) {
		return errs.New(errs.Conflict, "这一班已经结束，留作记录，不能再撤。")
	}
	if err := deleteDuty(ctx, tx, publicID); err != nil {
		return fmt.Errorf("remove duty: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "duty.remove", "duty/"+publicID, nil)
}

// Roster lists the turns that touch [from, to), the earliest first. Only the centre may read it.
func Roster(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, from, to time.Time) ([]Duty, error) {
	if !atCentre(who, centre) {
		return nil, ErrConfidential
	}
	return dutiesBetween(ctx, tx, centre, from, to)
}

func dutiesBetween(ctx context.Context, tx *store.Tx, centre int64, from, to time.Time) ([]Duty, error) {
	list, err := selectDuties(ctx, tx, `
		where d.centre_id = $1 and d.ends_at > $2 and d.starts_at < $3 order by d.starts_at, d.position, d.id`, centre, from, to)
	if err != nil {
		return nil, fmt.Errorf("load roster: %w", err)
	}
	return list, nil
}

// Gap is a time at which nobody is on duty.
type Gap struct{ From, To time.Time }

// String is 10月14日（周三）22:00 至 10月15日（周四）08:00.
func (g Gap) String(zone *time.Location) string {
	return calendar.When(g.From, zone) + " 至 " + calendar.When(g.To, zone)
}

// watched is how far ahead the roster has to be without a gap.
const watched = 7 * 24 * time.Hour

// Gaps returns the times in [from, to) that no turn of the list covers; the list is in
// the order of its beginnings.
func Gaps(list []Duty, from, to time.Time) []Gap {
	var gaps []Gap
	for _, d := range list {
		if d.StartsAt.After(from) && from.Before(to) {
			gaps = append(gaps, Gap{from, earlier(d.StartsAt, to)})
		}
		if d.EndsAt.After(from) {
			from = d.EndsAt
		}
	}
	if from.Before(to) {
		gaps = append(gaps, Gap{from, to})
	}
	return gaps
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// ComingGaps returns when nobody is on duty within the next seven days, for the
// centre's desk.
func ComingGaps(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Gap, error) {
	if !atCentre(who, centre) {
		return nil, ErrConfidential
	}
	return comingGaps(ctx, tx, centre)
}

func comingGaps(ctx context.Context, tx *store.Tx, centre int64) ([]Gap, error) {
	from, to := tx.Now(), tx.Now().Add(watched)
	list, err := dutiesBetween(ctx, tx, centre, from, to)
	return Gaps(list, from, to), err
}

// RosterJob looks every morning for a gap in the roster.
const RosterJob = "counselling.roster"

type rosterArgs struct {
	Centre int64 `json:"centre"`
}

// watchRoster begins the daily look; there is one for each centre.
func watchRoster(ctx context.Context, tx *store.Tx, centre int64) error {
	return job.Put(ctx, tx, RosterJob, scope(centre), scope(centre), nextMorning(tx), rosterArgs{centre})
}

func nextMorning(tx *store.Tx) time.Time {
	day := calendar.Midnight(tx.Now(), tx.Zone())
	at := time.Date(day.Year(), day.Month(), day.Day(), 8, 12, 0, 0, tx.Zone())
	if !at.After(tx.Now()) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// CheckRoster tells who runs the centre of the next gap; it is the step of RosterJob.
func CheckRoster(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	var a rosterArgs
	if err := readArgs(j, &a); err != nil {
		return job.Result{}, err
	}
	again := job.Result{Again: true, At: nextMorning(tx)}
	gaps, err := comingGaps(ctx, tx, a.Centre)
	if err != nil || len(gaps) == 0 {
		return again, err
	}
	to, err := identity.HolderIDs(ctx, tx, a.Centre, identity.CentreHead, identity.CentreDesk)
	if err != nil {
		return job.Result{}, err
	}
	return again, outbox.Put(ctx, tx, outbox.Message{
		To: to, Kind: KindGap, Class: outbox.Reply, Scope: scope(a.Centre),
		Key: fmt.Sprintf("%s/%d/%s", KindGap, a.Centre, tx.Now().In(tx.Zone()).Format(time.DateOnly)), Args: GapFacts{gaps[0].From, gaps[0].To, len(gaps)},
	})
}

// GapFacts is what the morning's message of a gap says.
type GapFacts struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Gaps int       `json:"gaps"`
}

// onDuty returns who is on duty at the moment and still of the centre, in the order
// they are called.
func onDuty(ctx context.Context, tx *store.Tx, centre int64) ([]identity.ID, error) {
	list, err := dutiesBetween(ctx, tx, centre, tx.Now(), tx.Now().Add(time.Second))
	if err != nil {
		return nil, err
	}
	staff, err := identity.HolderIDs(ctx, tx, centre, identity.CentreHead, identity.CentreCounsellor, identity.CentreDesk)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b Duty) int { return a.Position - b.Position })
	var ids []identity.ID
	for _, d := range list {
		if !d.StartsAt.After(tx.Now()) && slices.Contains(staff, d.person) && !slices.Contains(ids, d.person) {
			ids = append(ids, d.person)
		}
	}
	return ids, nil
}
