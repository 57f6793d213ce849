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

func TestDigestIsOneMessageAMorningForWhoHasSomething(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 2)
	c.agree(c.students...)
	digest := func() (next time.Time) {
		c.update(func(ctx context.Context, tx *store.Tx) error {
			r, err := counselling.Digest(ctx, tx, job.Job{})
			next = r.At
			return err
		})
		return next
	}
	digest()
	if told := c.told(counselling.KindDigest); len(told) != 0 {
		t.Errorf("told of nothing: %v", told)
	}
	for _, s := range c.students {
		c.mustBook(s, c.hour(time.Duration(48+len(c.told(counselling.KindBooked)))*time.Hour, 1))
	}
	next := digest()
	digest() // a step that is done again
	if told := c.told(counselling.KindDigest); len(told) != 1 || told[c.wang.ID] != 1 {
		t.Errorf("told: %v, want one message for the counsellor", told)
	}
	if !next.After(c.clock.Now()) || next.In(c.clock.Now().Location()).Minute()%30 == 0 {
		t.Errorf("the next is at %s", next)
	}
}

func TestQueueAsksForNoticeAndQuestionsAsBookingDoes(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	s := c.students[0]
	c.agree(s)
	c.duty(c.wang, 1, -time.Hour, 8*24*time.Hour)
	c.asks()
	join := func() error {
		return c.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := counselling.Join(ctx, tx, s, counselling.Want{}, counselling.ViaPage)
			return err
		})
	}
	if err := join(); !errors.Is(err, counselling.ErrNotAsked) {
		t.Errorf("before the questions: %v", err)
	}
	c.answers(s, 0, 0)
	if err := join(); err != nil {
		t.Errorf("after them: %v", err)
	}
}
