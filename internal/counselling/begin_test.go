package counselling_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func (c *centre) mayBegin(who identity.Person) error {
	c.t.Helper()
	return c.try(func(ctx context.Context, tx *store.Tx) error { return counselling.MayBegin(ctx, tx, who) })
}

func TestWhoCanBookNoHourAtAllIsToldBeforeTheFirstStep(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 4)
	c.agree(c.students...)
	fresh, busy, full, paused := c.students[0], c.students[1], c.students[2], c.students[3]
	c.set(func(s *counselling.Settings) { s.TermLimit, s.TermStarts = 1, []string{"02-20", "08-20"} })
	c.come(full, true)
	c.pause(paused)
	c.mustBook(busy, c.hour(48*time.Hour, 1))
	for who, want := range map[*identity.Person]error{&fresh: nil, &busy: counselling.ErrHaveOpen, &full: counselling.ErrTermFull, &paused: counselling.ErrPaused} {
		if err := c.mayBegin(*who); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", who.Name, err, want)
		}
	}
	c.set(func(s *counselling.Settings) { s.TermStarts = []string{"02-20", "10-20"} })
	if err := c.mayBegin(full); err != nil {
		t.Errorf("hours of the next term are open: %v", err)
	}
}
