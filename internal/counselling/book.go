package counselling

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// maxWish is how many characters a student may write for the counsellor.
const maxWish = 200

// Book takes a place in the hour for the student (D-42). The booking is pending until
// the centre decides, and holds its seat until then or its deadline. The errors are
// the package's, and taken with the nearest free hours when the place just went.
func Book(ctx context.Context, tx *store.Tx, who identity.Person, slotID, wish string, via Via) (Booking, error) {
	if !who.IsStudent() {
		return Booking{}, ErrStudentsOnly
	}
	if wish = strings.TrimSpace(wish); len([]rune(wish)) > maxWish {
		return Booking{}, errs.Field("wish", fmt.Sprintf("想说的话最多 %d 个字，其余见面再说。", maxWish))
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return Booking{}, err
	}
	slot, err := slotByPublicID(ctx, tx, slotID, set.firstBookable(tx.ReceivedAt()))
	if store.Missing(err) {
		return Booking{}, errs.New(errs.NotFound, "这个时间已经撤下了，请重新选一个。")
	}
	if err != nil {
		return Booking{}, fmt.Errorf("load hour: %w", err)
	}
	st, err := mayBook(ctx, tx, who, slot, set)
	if err != nil {
		return Booking{}, err
	}
	wait, err := lockWait(ctx, tx, who.ID, st.Queue)
	if err != nil {
		return Booking{}, err
	}
	b, err := take(ctx, tx, who, slot, set, wish, via)
	if err != nil {
		return Booking{}, err
	}
	if err := answered(ctx, tx, wait, slot); err != nil {
		return Booking{}, err
	}
	return b, announceBooked(ctx, tx, b, set)
}

// MayBegin refuses who can book no hour at all now, whichever they chose, before they are
// led through the steps of one: with ErrHaveOpen, ErrPaused (T19), or ErrTermFull if the
// hours of every term that is open are used up.
func MayBegin(ctx context.Context, tx *store.Tx, who identity.Person) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	var full error
	for _, term := range set.terms(tx.ReceivedAt(), set.horizon(tx.ReceivedAt()), tx.Zone()) {
		st, err := standingOf(ctx, tx, who.ID, term.Name)
		if err != nil {
			return fmt.Errorf("load standing: %w", err)
		}
		if full = st.refuse(Slot{StartsAt: term.From}, set, tx.ReceivedAt(), tx.Zone()); !errors.Is(full, ErrTermFull) {
			return full
		}
	}
	return full
}

// mayBook checks what can be said before a seat is tried, and returns where the student
// stands.
func mayBook(ctx context.Context, tx *store.Tx, who identity.Person, slot Slot, set Settings) (standing, error) {
	st, err := standingOf(ctx, tx, who.ID, set.Term(slot.StartsAt, tx.Zone()).Name)
	if err != nil {
		return st, fmt.Errorf("load standing: %w", err)
	}
	if err := st.refuse(slot, set, tx.ReceivedAt(), tx.Zone()); err != nil {
		return st, err
	}
	if err := prepared(ctx, tx, who, st); err != nil {
		return st, err
	}
	if err := refuseHour(slot, set, tx.ReceivedAt(), tx.Zone()); err != nil {
		return st, err
	}
	if !slot.Bookable() {
		return st, taken(ctx, tx, slot, set)
	}
	return st, nil
}

// prepared refuses who did not agree to the notice in force, or took that back, and who
// did not answer the questions of the term: nobody gets to an hour without them,
// whether they book, wait for a place or take one that was offered.
func prepared(ctx context.Context, tx *store.Tx, who identity.Person, st standing) error {
	if !st.Noticed {
		return errNoNotice
	}
	asked, err := NeedsIntake(ctx, tx, who)
	switch {
	case err != nil:
		return err
	case !st.Agreed:
		return ErrNotAgreed
	case asked:
		return ErrNotAsked
	}
	return nil
}

// take inserts the booking; the unique indexes decide between those who press at once.
func take(ctx context.Context, tx *store.Tx, who identity.Person, slot Slot, set Settings, wish string, via Via) (Booking, error) {
	n := newBooking{PublicID: store.NewPublicID(), Student: who.ID, Via: via, HeldUntil: set.heldUntil(tx.Now(), slot.StartsAt)}
	n.Term, n.Limit = set.Term(slot.StartsAt, tx.Zone()).Name, set.TermLimit
	if wish != "" {
		n.Wish = tx.Keys().Seal(wishPlace(n.PublicID), []byte(wish))
	}
	for range slot.Capacity { // a lost seat may leave the next one
		id, err := insertBooking(ctx, tx, slot.id, n)
		if err != nil {
			return Booking{}, fmt.Errorf("insert booking: %w", err)
		}
		if id == 0 {
			continue
		}
		if err := job.Put(ctx, tx, ExpireJob, n.PublicID, scope(slot.centre), n.HeldUntil, expireArgs{Booking: n.PublicID}); err != nil {
			return Booking{}, err
		}
		if err := audit.Append(ctx, tx, int64(who.ID), "booking.book", Subject(n.PublicID), map[string]any{"via": via}); err != nil {
			return Booking{}, err
		}
		return Booking{
			PublicID: n.PublicID, State: Pending, Slot: slot, Via: via, HeldUntil: n.HeldUntil, CreatedAt: tx.Now(),
			Wish: wish, Student: Student{ID: who.ID, Name: who.Name, Number: who.Number, College: who.CollegeName}, id: id, term: n.Term,
		}, nil
	}
	st, err := standingOf(ctx, tx, who.ID, n.Term)
	if err != nil {
		return Booking{}, fmt.Errorf("load standing: %w", err)
	}
	if err := st.refuse(slot, set, tx.ReceivedAt(), tx.Zone()); err != nil {
		return Booking{}, err // the same student was quicker on another face
	}
	return Booking{}, taken(ctx, tx, slot, set)
}

// taken says that the hour is full and which free ones are nearest.
func taken(ctx context.Context, tx *store.Tx, slot Slot, set Settings) error {
	free, err := freeSlots(ctx, tx, slot.counsellor, set.firstBookable(tx.Now()), set.horizon(tx.Now()), 2)
	if err != nil {
		return fmt.Errorf("nearest free hours: %w", err)
	}
	if len(free) == 0 {
		if free, err = freeSlots(ctx, tx, 0, set.firstBookable(tx.Now()), set.horizon(tx.Now()), 2); err != nil {
			return fmt.Errorf("nearest free hours: %w", err)
		}
	}
	s := "这个时间刚刚约满。"
	if len(free) == 0 {
		s += "最近没有空位，可以排队，有空位就告诉你；着急请直接联系中心。"
		return errs.New(errs.Conflict, s)
	}
	names := make([]string, len(free))
	for i, f := range free {
		names[i] = calendar.Near(f.StartsAt, tx.Now(), tx.Zone())
		if f.counsellor != slot.counsellor {
			names[i] += " " + f.Name
		}
	}
	return errs.New(errs.Conflict, s+"最近的空位："+strings.Join(names, "、")+"；也可以排队。")
}

// ExpireJob is the kind of the job that frees an undecided seat.
const ExpireJob = "counselling.expire"

type expireArgs struct {
	Booking string `json:"booking"`
}

// Subject is what messages and audit rows about a booking are filed under.
func Subject(publicID string) string { return "booking/" + publicID }

func scope(centre int64) string { return fmt.Sprintf("unit:%d", centre) }

func wishPlace(publicID string) string { return "booking/wish/" + publicID }
