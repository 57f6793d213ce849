package counselling_test

import (
	"context"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// standing returns whose calendars shall show a booking and in which version; 0 is none.
func (c *centre) standing() (version int, persons []identity.ID) {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.GetContext(ctx, &version, `select coalesce(max(wanted), 0) from entry where not dropped`); err != nil {
			return err
		}
		return tx.SelectContext(ctx, &persons, `select unnest(persons) from entry where not dropped`)
	})
	return version, persons
}

// The calendars follow the booking: they show it while it is confirmed, at its hour (T24).
func TestCalendarsFollowTheBooking(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.set(func(s *counselling.Settings) { s.MoveConfirms = false })
	c.agree(c.students...)
	student := c.students[0]
	wants := func(when string, version int, persons ...identity.ID) {
		t.Helper()
		got, who := c.standing()
		if got != version || len(who) != len(persons) || len(who) == 2 && (who[0] != persons[0] || who[1] != persons[1]) {
			t.Errorf("%s: version %d for %v, want %d for %v", when, got, who, version, persons)
		}
	}
	b := c.mustBook(student, c.hour(48*time.Hour, 1))
	wants("pending", 0)
	c.confirm(b.PublicID)
	wants("confirmed", 1, student.ID, c.wang.ID)
	if _, err := c.move(student, b.PublicID, c.hour(72*time.Hour, 1), ""); err != nil {
		t.Fatal(err)
	}
	wants("moved and still confirmed", 2, student.ID, c.wang.ID)
	if _, err := c.move(student, b.PublicID, c.liHour(73*time.Hour), ""); err != nil {
		t.Fatal(err)
	}
	wants("moved and to be confirmed again", 0)
	c.confirm(b.PublicID)
	wants("confirmed with another counsellor", 4, student.ID, c.li.ID)
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Cancel(ctx, tx, student, b.PublicID, "")
		return err
	})
	wants("cancelled", 0)
	c.sound()
}

// A centre that leaves the calendars alone puts nothing there, and a booking that stood
// there goes with its next change.
func TestACentreMayLeaveTheCalendarsAlone(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.set(func(s *counselling.Settings) { s.MoveConfirms = false })
	c.agree(c.students...)
	standing := c.mustBook(c.students[0], c.hour(48*time.Hour, 1))
	c.confirm(standing.PublicID)
	c.set(func(s *counselling.Settings) { s.Calendar = false })
	c.confirm(c.mustBook(c.students[1], c.hour(49*time.Hour, 1)).PublicID)
	if _, who := c.standing(); len(who) != 2 || who[0] != c.students[0].ID {
		t.Errorf("the calendars of %v show an hour, want those of the first student's alone", who)
	}
	if _, err := c.move(c.students[0], standing.PublicID, c.hour(72*time.Hour, 1), ""); err != nil {
		t.Fatal(err)
	}
	if _, who := c.standing(); len(who) != 0 {
		t.Errorf("after the move the calendars of %v still show it", who)
	}
	c.sound()
}

// The audit names a booking that was cancelled and still stands in the calendars.
func TestAuditNamesAnEntryOfNoBooking(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	b := c.mustBook(c.students[0], c.hour(48*time.Hour, 1))
	c.confirm(b.PublicID)
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if lines, err := counselling.BrokenEntries(ctx, tx, []string{counselling.Subject(b.PublicID)}); err != nil || len(lines) != 0 {
			t.Errorf("a confirmed booking in the calendars: %v, %v", lines, err)
		}
		if _, err := tx.ExecContext(ctx, `update booking set state = 'cancelled' where public_id = $1`, b.PublicID); err != nil {
			return err
		}
		lines, err := counselling.BrokenEntries(ctx, tx, []string{counselling.Subject(b.PublicID)})
		if len(lines) != 1 {
			t.Errorf("a cancelled booking in the calendars: %v, want one line", lines)
		}
		return err
	})
}
