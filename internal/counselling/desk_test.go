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

func TestDeskReadsAreTheCentres(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.agree(c.students...)
	slot := c.hour(30*time.Hour, 2)
	c.mustBook(c.students[0], slot)
	from := c.clock.Now()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := counselling.CloseHour(ctx, tx, c.desk, slot); err != nil {
			return err
		}
		for _, tt := range []struct {
			name    string
			who     identity.Person
			waiting int
			err     error
			runs    bool
		}{
			{"head", c.head, 1, nil, true},
			{"desk", c.desk, 1, nil, true},
			{"counsellor", c.wang, 1, nil, false},
			{"fudaoyuan", c.fudaoyuan, 0, counselling.ErrConfidential, false},
			{"admin", c.admin, 0, counselling.ErrConfidential, false},
			{"student", c.students[0], 0, counselling.ErrConfidential, false},
		} {
			waiting, err := counselling.Waiting(ctx, tx, tt.who)
			if err != nil || waiting != tt.waiting {
				t.Errorf("%s: %d wait, %v, want %d", tt.name, waiting, err, tt.waiting)
			}
			hours, err := counselling.Hours(ctx, tx, tt.who, c.unit, from, from.AddDate(0, 0, 7))
			if !errors.Is(err, tt.err) {
				t.Errorf("%s: Hours = %v, want %v", tt.name, err, tt.err)
			}
			if tt.err == nil && (len(hours) != 1 || hours[0].Open || hours[0].Taken != 1 || hours[0].Capacity != 1) {
				t.Errorf("%s: the closed hour is %+v", tt.name, hours)
			}
			if got := counselling.Runs(tt.who, c.unit); got != tt.runs {
				t.Errorf("%s: Runs = %t", tt.name, got)
			}
		}
		return nil
	})
}
