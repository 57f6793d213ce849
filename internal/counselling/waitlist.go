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

// Part of a day somebody waits for.
type Part string

// The parts: before 12:00, before 18:00, and after.
const (
	AnyPart   Part = "any"
	Morning   Part = "morning"
	Afternoon Part = "afternoon"
	Evening   Part = "evening"
)

// Parts lists every part, the widest first.
func Parts() []Part { return []Part{AnyPart, Morning, Afternoon, Evening} }

// Label is the word people read.
func (p Part) Label() string {
	switch p {
	case Morning:
		return "上午"
	case Afternoon:
		return "下午"
	case Evening:
		return "晚上"
	case AnyPart:
	}
	return "全天"
}

// Want is what a student waits for; the zero Want is anybody, anywhere, any time.
type Want struct {
	Counsellor string    // public id, "" for whoever
	Except     []string  // public ids; of whoever, not these
	Campus     string    // code, "" for wherever
	From       time.Time // the first day, zero for now
	To         time.Time // the last day, zero for whenever
	Part       Part      // "" for any
	Earlier    bool      // only before the hour the student has
}

// WaitState of a wait.
type WaitState string

// The states.
const (
	InQueue       WaitState = "waiting"
	WaitServed    WaitState = "served"    // a booking was made that answers it
	WaitWithdrawn WaitState = "withdrawn" // by the student
	WaitLapsed    WaitState = "lapsed"    // its days are over, or nobody answered whether it is still wanted
)

// Wait is a student's place in the queue of a centre (T2).
type Wait struct {
	PublicID string
	State    WaitState
	Want     Want
	Name     string   // the counsellor's, "" for whoever
	Except   []string // names of those it is not
	Campus   string   // name, "" for wherever
	Since    time.Time
	Place    int       // in the queue, from 1
	AskedAt  time.Time // since when we ask whether it is still wanted; zero: not asked
	Offer    *Offer    // the open one, nil if there is none
	Skipped  string    // why places go to the others for now, "" if they do not; in words for who reads it
	Student  Student

	id     int64
	centre int64
	askAt  time.Time
}

// Says says in few words what is waited for: 苏晴老师 · 10月14日（周三） · 下午.
func (w Wait) Says(zone *time.Location) string {
	var parts []string
	if w.Want.Earlier {
		parts = append(parts, "比现在的预约更早")
	}
	switch {
	case w.Name != "":
		parts = append(parts, w.Name+"老师")
	case len(w.Except) > 0:
		parts = append(parts, "除了"+strings.Join(w.Except, "老师、")+"老师都可以")
	case !w.Want.Earlier:
		parts = append(parts, "哪位老师都可以")
	}
	if w.Campus != "" {
		parts = append(parts, w.Campus)
	}
	if days := w.Want.days(zone); days != "" {
		parts = append(parts, days)
	}
	switch {
	case w.Want.Part != AnyPart:
		parts = append(parts, w.Want.Part.Label())
	case w.Want.From.IsZero() && w.Want.To.IsZero() && !w.Want.Earlier:
		parts = append(parts, "什么时候都行")
	}
	return strings.Join(parts, " · ")
}

func (w Want) days(zone *time.Location) string {
	switch {
	case w.From.IsZero() && w.To.IsZero():
		return ""
	case w.From.IsZero():
		return calendar.Date(w.To, zone) + "以前"
	case w.To.IsZero():
		return calendar.Date(w.From, zone) + "以后"
	case w.From.Equal(w.To):
		return calendar.Date(w.From, zone)
	}
	return calendar.Date(w.From, zone) + "到" + calendar.Date(w.To, zone)
}

// end is the midnight after the last day, zero if there is none.
func (w Want) end(zone *time.Location) time.Time {
	if w.To.IsZero() {
		return w.To
	}
	return calendar.Midnight(w.To, zone).AddDate(0, 0, 1)
}

// What a person reads about the queue.
var (
	ErrNotWaiting = errs.New(errs.Conflict, "你现在没有在排队。想排队等空位，写“排队”就行。")
	ErrNoEarlier  = errs.New(errs.Conflict, "你现在没有预约，不用等更早的。直接写“排队”，有空位就告诉你。")
)

// Join puts the student into the queue of the centre. One waits for one thing: who
// waits already reads at which place. With an open booking one waits for an earlier
// hour. A place that is free already and fits is offered at once.
func Join(ctx context.Context, tx *store.Tx, who identity.Person, want Want, via Via) (Wait, error) {
	if !who.IsStudent() {
		return Wait{}, ErrStudentsOnly
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return Wait{}, err
	}
	if want, err = mayWait(ctx, tx, who, want, set); err != nil {
		return Wait{}, err
	}
	n, err := newWaitFor(ctx, tx, want)
	if err != nil {
		return Wait{}, err
	}
	n.Student, n.Via, n.AskAt = who.ID, via, tx.Now().AddDate(0, 0, set.WaitDays)
	if end := want.end(tx.Zone()); !end.IsZero() && end.Before(n.AskAt) {
		n.AskAt = end
	}
	if err := lockQueue(ctx, tx, n.Centre); err != nil {
		return Wait{}, err
	}
	if err := enter(ctx, tx, who, n); err != nil {
		return Wait{}, err
	}
	if err := freed(ctx, tx, n.Centre); err != nil {
		return Wait{}, err
	}
	w, err := MyWait(ctx, tx, who)
	if err != nil || w == nil {
		return Wait{}, err
	}
	return *w, nil
}

// mayWait checks what can be said before a place in the queue is taken.
func mayWait(ctx context.Context, tx *store.Tx, who identity.Person, want Want, set Settings) (Want, error) {
	first := Slot{StartsAt: tx.ReceivedAt()}
	if want.From.After(first.StartsAt) {
		first.StartsAt = want.From
	}
	st, err := standingOf(ctx, tx, who.ID, set.Term(first.StartsAt, tx.Zone()).Name)
	if err != nil {
		return want, fmt.Errorf("load standing: %w", err)
	}
	open := st.Open
	if !open {
		if err := st.refuse(first, set, tx.ReceivedAt(), tx.Zone()); err != nil {
			return want, err
		}
	}
	if want.Part == "" {
		want.Part = AnyPart
	}
	if err := prepared(ctx, tx, who, st); err != nil {
		return want, err
	}
	switch today := calendar.Midnight(tx.ReceivedAt(), tx.Zone()); {
	case want.Earlier && !open:
		return want, ErrNoEarlier
	case want.Part != Morning && want.Part != Afternoon && want.Part != Evening && want.Part != AnyPart:
		return want, errs.Field("part", "时段选上午、下午、晚上，或都可以。")
	case !want.To.IsZero() && want.To.Before(today):
		return want, errs.Field("to", "最后一天要在今天或以后。")
	case !want.To.IsZero() && want.To.Before(want.From):
		return want, errs.Field("to", "最后一天不要早于第一天。")
	}
	want.Earlier = open
	return want, nil
}

// newWaitFor finds whom and where the wish names.
func newWaitFor(ctx context.Context, tx *store.Tx, want Want) (newWait, error) {
	n := newWait{PublicID: store.NewPublicID(), Want: want}
	list, err := selectCounsellors(ctx, tx, "where c.active")
	if err != nil {
		return n, fmt.Errorf("load counsellors: %w", err)
	}
	if n.Centre, n.Counsellor, n.Except, err = whose(list, want); err != nil {
		return n, err
	}
	if want.Campus == "" {
		return n, nil
	}
	n.Campus, err = campusByCode(ctx, tx, want.Campus)
	if store.Missing(err) {
		return n, errs.Field("campus", "没有这个校区，请重新选择。")
	}
	if err != nil {
		return n, fmt.Errorf("load campus: %w", err)
	}
	return n, nil
}

// whose finds the counsellor a wish names, 0 for whoever, and those it leaves out.
func whose(list []Counsellor, want Want) (centre, counsellor int64, except []int64, err error) {
	for _, c := range list {
		switch {
		case c.PublicID == want.Counsellor:
			counsellor = c.id
		case slices.Contains(want.Except, c.PublicID):
			except = append(except, c.id)
		}
	}
	switch {
	case len(list) == 0:
		err = errs.New(errs.Unavailable, "中心现在没有接待的老师，暂时不能排队。")
		return 0, 0, nil, err
	case want.Counsellor != "" && counsellor == 0:
		err = errs.Field("counsellor", "没有找到这位老师，可能暂时不接待。请换一位，或选哪位都可以。")
	case want.Counsellor != "" && len(want.Except) > 0:
		err = errs.Field("except", "只等一位老师时，不用再排除别的老师。")
	case len(except) == len(list):
		err = errs.Field("except", "至少留一位老师，才等得到空位。")
	}
	return list[0].centre, counsellor, except, err
}

// enter takes the place in the queue; the unique index decides between two faces.
func enter(ctx context.Context, tx *store.Tx, who identity.Person, n newWait) error {
	ok, err := insertWait(ctx, tx, n)
	if err != nil {
		return fmt.Errorf("insert wait: %w", err)
	}
	if !ok {
		return waitsAlready(ctx, tx, who)
	}
	if err := putAsk(ctx, tx, n); err != nil {
		return err
	}
	return audit.Append(ctx, tx, int64(who.ID), "wait.join", waitSubject(n.PublicID), map[string]any{"via": n.Via})
}

// waitsAlready tells who waits at which place.
func waitsAlready(ctx context.Context, tx *store.Tx, who identity.Person) error {
	w, err := MyWait(ctx, tx, who)
	if err != nil {
		return err
	}
	if w == nil {
		return ErrNotWaiting
	}
	return errs.New(errs.Conflict, fmt.Sprintf("你已经在排队，现在第 %d 位：%s。想换要求，先退出再重新排。", w.Place, w.Says(tx.Zone())))
}

// MyWait returns the student's place in the queue with the open offer, and why none is
// made for now; nil if the student does not wait.
func MyWait(ctx context.Context, tx *store.Tx, who identity.Person) (*Wait, error) {
	w, err := waitOf(ctx, tx, who.ID)
	if err != nil || w == nil {
		return nil, err
	}
	w.Skipped, err = whySkipped(ctx, tx, *w)
	return w, err
}

func waitOf(ctx context.Context, tx *store.Tx, student identity.ID) (*Wait, error) {
	list, err := selectWaits(ctx, tx, `where w.student_id = $1 and w.ended_at is null`, student)
	if err != nil {
		return nil, fmt.Errorf("load wait: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// lockMyWait locks the queue the student waits in and returns the wait as it is then,
// nil if the student does not wait.
func lockMyWait(ctx context.Context, tx *store.Tx, student identity.ID) (*Wait, error) {
	centre, err := queueOf(ctx, tx, student)
	if store.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load queue: %w", err)
	}
	return lockWait(ctx, tx, student, centre)
}

// lockWait is lockMyWait for who knows the queue the student waits in, 0 for none.
func lockWait(ctx context.Context, tx *store.Tx, student identity.ID, queue int64) (*Wait, error) {
	if queue == 0 {
		return nil, nil
	}
	if err := lockQueue(ctx, tx, queue); err != nil {
		return nil, err
	}
	return waitOf(ctx, tx, student)
}

// Leave takes the student out of the queue. A place held for them goes to the next.
func Leave(ctx context.Context, tx *store.Tx, who identity.Person) error {
	w, err := lockMyWait(ctx, tx, who.ID)
	if err != nil {
		return err
	}
	if w == nil {
		return ErrNotWaiting
	}
	if err := endWait(ctx, tx, who.ID, *w, WaitWithdrawn); err != nil {
		return err
	}
	return freed(ctx, tx, w.centre)
}

// Keep says that the wait is still wanted; it is asked about again after as many days.
func Keep(ctx context.Context, tx *store.Tx, who identity.Person) (Wait, error) {
	w, err := lockMyWait(ctx, tx, who.ID)
	if err != nil {
		return Wait{}, err
	}
	if w == nil {
		return Wait{}, ErrNotWaiting
	}
	if w.AskedAt.IsZero() {
		return *w, nil
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return *w, err
	}
	if err := askAgain(ctx, tx, w.id, tx.Now().AddDate(0, 0, set.WaitDays)); err != nil {
		return *w, fmt.Errorf("keep wait: %w", err)
	}
	w.AskedAt = time.Time{}
	if err := audit.Append(ctx, tx, int64(who.ID), "wait.keep", waitSubject(w.PublicID), nil); err != nil {
		return *w, err
	}
	return *w, settleAsk(ctx, tx, *w, "继续排队")
}

// Waitlist returns the queue of the centre in its order, with the open offers and who is
// passed over. Only the centre may read it; the reading is audited.
func Waitlist(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Wait, error) {
	list, _, err := WaitlistAfter(ctx, tx, who, centre, store.Page{Limit: 500})
	return list, err
}

// WaitlistAfter is a page of Waitlist and what the next page comes after.
func WaitlistAfter(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, p store.Page) ([]Wait, string, error) {
	if !atCentre(who, centre) {
		return nil, "", ErrConfidential
	}
	list, next, err := store.ReadPage(p, func(w Wait) string { return w.PublicID },
		func(limit int) ([]Wait, error) { return queueAfter(ctx, tx, centre, p.After, limit) },
		func() (bool, error) { return isWait(ctx, tx, centre, p.After) })
	if err != nil {
		return nil, "", fmt.Errorf("list waits: %w", err)
	}
	if err := tellSkipped(ctx, tx, centre, list); err != nil {
		return nil, "", err
	}
	return list, next, audit.Append(ctx, tx, int64(who.ID), "wait.list", fmt.Sprintf("unit/%d", centre), nil)
}

// Queued counts who waits at the person's centres; 0 for everybody else.
func Queued(ctx context.Context, tx *store.Tx, who identity.Person) (int, error) {
	centres := Centres(who)
	if len(centres) == 0 {
		return 0, nil
	}
	n, err := countWaits(ctx, tx, centres)
	if err != nil {
		return 0, fmt.Errorf("count waits: %w", err)
	}
	return n, nil
}

// endWait is the one place where a wait ends; a place held for it is withdrawn. by is
// 0 for the system.
func endWait(ctx context.Context, tx *store.Tx, by identity.ID, w Wait, state WaitState) error {
	ok, err := setWaitState(ctx, tx, w.id, state)
	if err != nil || !ok {
		return err
	}
	if w.Offer != nil {
		if err := endOffer(ctx, tx, *w.Offer, OfferWithdrawn); err != nil {
			return err
		}
	}
	if err := settleAsk(ctx, tx, w, map[WaitState]string{WaitServed: "已有预约", WaitWithdrawn: "不排了", WaitLapsed: "已停止排队"}[state]); err != nil {
		return err
	}
	if state == WaitLapsed {
		if err := announceLapsed(ctx, tx, w); err != nil {
			return err
		}
	}
	return audit.Append(ctx, tx, int64(by), "wait."+string(state), waitSubject(w.PublicID), nil)
}

// answered ends the student's wait if the booked hour is what it was for; the queue is
// locked since before the hour was taken (lockMyWait).
func answered(ctx context.Context, tx *store.Tx, w *Wait, slot Slot) error {
	if w == nil {
		return nil
	}
	ok, err := fits(ctx, tx, w.id, slot.id)
	if err != nil {
		return fmt.Errorf("compare wish: %w", err)
	}
	if !ok {
		return nil
	}
	if err := endWait(ctx, tx, w.Student.ID, *w, WaitServed); err != nil {
		return err
	}
	return freed(ctx, tx, w.centre)
}

func waitSubject(publicID string) string { return "wait/" + publicID }
