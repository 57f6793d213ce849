package counselling

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// Confirm accepts a pending booking (D-08). The first decision counts; a later one
// reads what was decided.
func Confirm(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Booking, error) {
	return decide(ctx, tx, who, publicID, Confirmed, "")
}

// Reject refuses a pending booking with a reason the student reads.
func Reject(ctx context.Context, tx *store.Tx, who identity.Person, publicID, reason string) (Booking, error) {
	return decide(ctx, tx, who, publicID, Rejected, strings.TrimSpace(reason))
}

func checkRejection(reason string) error {
	switch {
	case reason == "":
		return errs.Field("reason", "请选一个理由或写一句话，学生会看到。")
	case len([]rune(reason)) > 60:
		return errs.Field("reason", "理由最多 60 个字。")
	case !Neutral(reason):
		return errs.Field("reason", "理由会推送给学生，请不要写“心理”“咨询”。")
	}
	return nil
}

func decide(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, to State, reason string) (Booking, error) {
	b, err := lockFor(ctx, tx, who, publicID)
	if err == nil && to == Rejected {
		err = checkRejection(reason)
	}
	if err != nil {
		return Booking{}, err
	}
	if b.State != Pending {
		return b, decidedBefore(b, tx.Zone())
	}
	if !tx.ReceivedAt().Before(b.HeldUntil) {
		return b, errs.New(errs.Conflict, "这条预约已过确认时限，名额已放出。")
	}
	if b, err = move(ctx, tx, who.ID, b, to, reason); err != nil {
		return Booking{}, err
	}
	if err := job.Cancel(ctx, tx, ExpireJob, publicID); err != nil {
		return Booking{}, err
	}
	return b, announceDecided(ctx, tx, b, who.Name)
}

// lockFor locks a booking for the centre's staff; to everybody else it does not exist.
func lockFor(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Booking, error) {
	b, err := lockBooking(ctx, tx, publicID)
	if store.Missing(err) || err == nil && !atCentre(who, b.Slot.centre) {
		return Booking{}, ErrConfidential
	}
	if err != nil {
		return Booking{}, fmt.Errorf("lock booking: %w", err)
	}
	return b, nil
}

// move is the one place where a booking changes its state.
func move(ctx context.Context, tx *store.Tx, by identity.ID, b Booking, to State, reason string) (Booking, error) {
	if !slices.Contains(b.State.Next(), to) {
		return b, errs.New(errs.Conflict, fmt.Sprintf("这条预约现在是“%s”，不能这样改。", b.State.Label()))
	}
	ok, err := setState(ctx, tx, b.id, b.State, to, by, reason)
	if err != nil {
		return b, fmt.Errorf("change booking: %w", err)
	}
	if !ok {
		return b, errs.New(errs.Conflict, "这条预约刚刚有了变化，请刷新再看。")
	}
	b.State, b.Reason = to, reason
	if to == Confirmed || to == Rejected {
		b.DecidedAt = tx.Now()
	}
	if err := audit.Append(ctx, tx, int64(by), "booking."+string(to), Subject(b.PublicID), nil); err != nil {
		return b, err
	}
	if to == Cancelled || to == Rejected || to == Expired {
		return b, freed(ctx, tx, b.Slot.centre)
	}
	return b, nil
}

// decidedBefore tells who comes late what was decided, by whom and when.
func decidedBefore(b Booking, zone *time.Location) error {
	s := "这条预约" + b.State.Label()
	if b.DecidedBy != "" {
		s = fmt.Sprintf("%s老师已在 %s 处理：%s", b.DecidedBy, calendar.When(b.DecidedAt, zone), b.State.Label())
	}
	return errs.New(errs.Conflict, s+"，不用再处理。")
}

// Arrive records that the student came; from an hour before the start. Who was marked as
// missed and came after all has arrived, and the strike is lifted; for so many days as
// the centre sets.
func Arrive(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Booking, error) {
	b, err := lockFor(ctx, tx, who, publicID)
	if err != nil || b.State == Arrived {
		return b, err
	}
	if tx.ReceivedAt().Before(b.Slot.StartsAt.Add(-time.Hour)) {
		return b, ErrNotYet
	}
	late := b.State == Missed
	if late {
		if err := mayCorrect(ctx, tx, b); err != nil {
			return b, err
		}
	}
	if b, err = move(ctx, tx, who.ID, b, Arrived, ""); err != nil {
		return b, err
	}
	if err := askFeedback(ctx, tx, b); err != nil {
		return b, err
	}
	if late {
		return b, cameAfterAll(ctx, tx, who, b)
	}
	return b, withdrawReminders(ctx, tx, b)
}

// mayCorrect refuses to rewrite what is long past.
func mayCorrect(ctx context.Context, tx *store.Tx, b Booking) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	till := set.correctTill(b.Slot.StartsAt, tx.Zone())
	if tx.ReceivedAt().Before(till) {
		return nil
	}
	return errs.New(errs.Conflict, fmt.Sprintf("这一次的到访登记只能改到 %s 为止。学生确实来过的话，请撤销这次未到记录并写明理由，或请学生说明。",
		calendar.Date(till.AddDate(0, 0, -1), tx.Zone())))
}

// recordWithin is how long after an hour the centre has to record who came.
const recordWithin = 48 * time.Hour

// closeUnrecorded takes an hour nobody recorded in time as attended: it would keep its
// student from booking again, who can do nothing about it, and nobody gets a strike
// because the front desk was busy.
func closeUnrecorded(ctx context.Context, tx *store.Tx) error {
	ids, err := unrecorded(ctx, tx, tx.Now().Add(-recordWithin))
	if err != nil {
		return fmt.Errorf("find hours nobody recorded: %w", err)
	}
	for _, id := range ids {
		b, err := lockBooking(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("lock booking: %w", err)
		}
		if b.State != Confirmed {
			continue
		}
		if _, err := move(ctx, tx, 0, b, Arrived, "两天内没有登记，按到访处理"); err != nil {
			return err
		}
	}
	return nil
}

// Miss records that the student did not come, which is a strike (T19); from so many
// minutes after the start as the centre waits.
func Miss(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Booking, error) {
	b, err := lockFor(ctx, tx, who, publicID)
	if err != nil || b.State == Missed {
		return b, err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return b, err
	}
	if at := set.LateAt(b.Slot.StartsAt); tx.ReceivedAt().Before(at) {
		return b, errs.Wrap(ErrNotYet, errs.Conflict, fmt.Sprintf("开始后等 %s，%s 起才能登记未到。",
			minutes(set.LateMinutes), calendar.Near(at, tx.Now(), tx.Zone())))
	}
	if b, err = move(ctx, tx, who.ID, b, Missed, ""); err != nil {
		return b, err
	}
	if err := withdrawReminders(ctx, tx, b); err != nil {
		return b, err
	}
	return b, mark(ctx, tx, who.ID, b, ForMissing)
}

// Cancel ends an open booking: the student's own up to the cut-off, any of the
// centre's with a reason. Its seat is free at once and its reminders are gone. Where the
// school allows it a student cancels after the cut-off too, by CancelLate; Cancel answers
// ErrCounts then. Cancelling what is cancelled already changes nothing.
func Cancel(ctx context.Context, tx *store.Tx, who identity.Person, publicID, reason string) (Booking, error) {
	return cancel(ctx, tx, who, publicID, reason, false)
}

// CancelLate ends the student's own booking, late or not, knowing that late it is a strike.
func CancelLate(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Booking, error) {
	return cancel(ctx, tx, who, publicID, "", true)
}

func cancel(ctx context.Context, tx *store.Tx, who identity.Person, publicID, reason string, knowing bool) (Booking, error) {
	b, err := lockBooking(ctx, tx, publicID)
	if store.Missing(err) || err == nil && !b.of(who) && !atCentre(who, b.Slot.centre) {
		return Booking{}, ErrConfidential
	}
	if err != nil {
		return Booking{}, fmt.Errorf("lock booking: %w", err)
	}
	if b.State == Cancelled {
		return b, nil
	}
	reason, late, err := mayCancel(ctx, tx, who, b, reason)
	if err != nil {
		return b, err
	}
	if late && !knowing {
		sentence, err := countsAs(ctx, tx, b)
		if err != nil {
			return b, err
		}
		return b, errs.Wrap(ErrCounts, errs.Conflict, sentence)
	}
	if b, err = giveUp(ctx, tx, who, b, reason); err != nil || !late {
		return b, err
	}
	return b, mark(ctx, tx, who.ID, b, ForLateCancel)
}

// giveUp ends an open booking: its seat, its deadline and its reminders.
func giveUp(ctx context.Context, tx *store.Tx, who identity.Person, b Booking, reason string) (Booking, error) {
	b, err := move(ctx, tx, who.ID, b, Cancelled, reason)
	if err != nil {
		return b, err
	}
	if err := job.Cancel(ctx, tx, ExpireJob, b.PublicID); err != nil {
		return b, err
	}
	by := who.Name
	if b.of(who) {
		by = ""
	}
	return b, announceCancelled(ctx, tx, b, by)
}

// mayCancel returns the reason as it is kept, and whether the student is late.
func mayCancel(ctx context.Context, tx *store.Tx, who identity.Person, b Booking, reason string) (kept string, late bool, err error) {
	if !b.of(who) {
		kept, err = checkReason(reason)
		return kept, false, err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return "", false, err
	}
	now, cut := tx.ReceivedAt(), set.CutOff(b.Slot.StartsAt)
	late = b.State == Confirmed && !now.Before(cut)
	if late && !now.Before(set.MayCancelTill(b.Slot.StartsAt)) {
		return "", true, errs.Wrap(ErrTooLate, errs.Conflict, fmt.Sprintf("开始前 %s（%s）起已不能在线取消。来不了请直接电话告诉中心。",
			minutes(set.CancelMinutes), calendar.When(cut, tx.Zone())))
	}
	return "", late, nil
}

// CancelWarning says what cancelling now would count as, "" if for nothing. The error is
// that of who can no longer cancel.
func CancelWarning(ctx context.Context, tx *store.Tx, who identity.Person, b Booking) (string, error) {
	_, late, err := mayCancel(ctx, tx, who, b, "")
	if err != nil || !late {
		return "", err
	}
	return countsAs(ctx, tx, b)
}

// countsAs says that cancelling now is a strike, and what follows from it.
func countsAs(ctx context.Context, tx *store.Tx, b Booking) (string, error) {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return "", err
	}
	st, err := standingOf(ctx, tx, b.Student.ID, "")
	if err != nil {
		return "", fmt.Errorf("load standing: %w", err)
	}
	s := fmt.Sprintf("离开始不到 %s，现在取消会记一次临近取消，是这学期第 %d 次", minutes(set.CancelMinutes), st.Strikes+1)
	switch {
	case set.StrikeLimit == 0:
		return s + "。", nil
	case st.Strikes+1 >= set.StrikeLimit:
		return fmt.Sprintf("%s，预约会暂停 %d 天。", s, set.PauseDays), nil
	}
	return fmt.Sprintf("%s，满 %d 次会暂停预约 %d 天。", s, set.StrikeLimit, set.PauseDays), nil
}

// Expire frees the seat of a booking nobody decided in time; it is the step of ExpireJob.
func Expire(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	var a expireArgs
	if err := json.Unmarshal(j.Args, &a); err != nil {
		return job.Result{}, fmt.Errorf("job args: %w", err)
	}
	b, err := lockBooking(ctx, tx, a.Booking)
	if err != nil {
		return job.Result{}, fmt.Errorf("lock booking: %w", err)
	}
	if b.State != Pending {
		return job.Result{}, nil
	}
	if tx.Now().Before(b.HeldUntil) {
		return job.Result{Again: true, At: b.HeldUntil}, nil
	}
	if b, err = move(ctx, tx, 0, b, Expired, ""); err != nil {
		return job.Result{}, err
	}
	return job.Result{}, announceExpired(ctx, tx, b)
}
