package counselling_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/store"
)

func TestAWaitForWhoeverLeavesOutWhoItNames(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	wang, li := c.counsellors[0], c.counsellors[1]
	w := c.join(c.students[0], counselling.Want{Except: []string{wang.PublicID}})
	if !slices.Equal(w.Want.Except, []string{wang.PublicID}) || w.Says(c.db.Zone()) != "除了"+wang.Name+"老师都可以 · 什么时候都行" {
		t.Errorf("waits for %q, leaves out %v", w.Says(c.db.Zone()), w.Want.Except)
	}
	c.hour(48*time.Hour, 1)
	c.join(c.students[1], counselling.Want{})
	c.unoffered(c.students[0])
	if o := c.offered(c.students[1]); o.Slot.Counsellor != wang.PublicID {
		t.Errorf("the next is offered an hour of %s", o.Slot.Name)
	}
	c.sound()
	c.hourOfLi(time.Date(2026, 10, 16, 15, 0, 0, 0, c.db.Zone()))
	if o := c.offered(c.students[0]); o.Slot.Counsellor != li.PublicID {
		t.Errorf("offered an hour of %s", o.Slot.Name)
	}
	c.sound()
}

func TestAWaitThatLeavesOutTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	wang, li := c.counsellors[0].PublicID, c.counsellors[1].PublicID
	for name, want := range map[string]counselling.Want{
		"everybody":             {Except: []string{wang, li}},
		"somebody beside a one": {Counsellor: li, Except: []string{wang}},
	} {
		err := c.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := counselling.Join(ctx, tx, c.students[0], want, counselling.ViaPage)
			return err
		})
		var refused *errs.Error
		if !errors.As(err, &refused) || refused.Fields["except"] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
