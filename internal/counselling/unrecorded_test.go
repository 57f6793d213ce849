package counselling_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

func TestAnHourNobodyRecordedFreesItsStudentAfterTwoDays(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	student := c.students[0]
	c.agree(student)
	b := c.mustBook(student, c.hour(4*time.Hour, 1))
	night := func() {
		c.update(func(ctx context.Context, tx *store.Tx) error {
			_, err := counselling.Night(ctx, tx, job.Job{})
			return err
		})
	}
	c.confirm(b.PublicID)
	c.later(50 * time.Hour) // two days after the hour are not over yet
	night()
	if _, err := c.book(student, c.hour(24*time.Hour, 1)); !errors.Is(err, counselling.ErrHaveOpen) {
		t.Fatalf("while the centre may still record it: %v", err)
	}
	c.later(24 * time.Hour)
	night()
	c.mustBook(student, c.hour(48*time.Hour, 1))
	c.update(func(ctx context.Context, tx *store.Tx) error {
		got, err := counselling.Get(ctx, tx, student, b.PublicID)
		if got.State != counselling.Arrived || got.DecidedBy != c.wang.Name {
			t.Errorf("the hour is %s, confirmed by %q", got.State, got.DecidedBy)
		}
		return err
	})
	c.sound()
}
