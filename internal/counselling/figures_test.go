package counselling_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func (c *centre) figures(who identity.Person, from, to time.Time) (f counselling.Figures, err error) {
	err = c.try(func(ctx context.Context, tx *store.Tx) error {
		f, err = counselling.LoadFigures(ctx, tx, who, c.unit, from, to, counselling.ByWeek)
		return err
	})
	return f, err
}

func TestFiguresCountWhatBecameOfTheHours(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 12)
	c.agree(c.students...)
	group := c.hour(48*time.Hour, 12)
	for i, s := range c.students {
		b := c.mustBook(s, group)
		c.update(func(ctx context.Context, tx *store.Tx) error {
			if i >= 6 { // six leave again
				_, err := counselling.Cancel(ctx, tx, s, b.PublicID, "")
				return err
			}
			_, err := counselling.Confirm(ctx, tx, c.wang, b.PublicID)
			return err
		})
	}
	from := c.clock.Now()
	f, err := c.figures(c.head, from, from.AddDate(0, 0, 14))
	if err != nil {
		t.Fatal(err)
	}
	want := counselling.Line{
		Requested: counselling.Count{N: 12}, Cancelled: counselling.Count{N: 6}, Open: counselling.Count{N: 6},
		WaitDays: 2, Seats: 12, Taken: 6,
	}
	if diff := cmp.Diff(want, f.Total, cmpopts.IgnoreUnexported(counselling.Line{})); diff != "" {
		t.Errorf("total (-want +got):\n%s", diff)
	}
	if len(f.Spans) != 1 || len(f.Counsellors) != 1 || len(f.Campuses) != 1 || f.Counsellors[0].Name != c.wang.Name {
		t.Errorf("groups: %+v", f)
	}
}

func TestFiguresTellTheMedianOfTheDaysFromTheRequestToTheHour(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 7)
	c.agree(c.students...)
	hours := []string{c.hour(2*24*time.Hour, 8), c.hour(4*24*time.Hour, 8), c.hour(9*24*time.Hour, 8)}
	for i, slot := range []int{0, 0, 0, 1, 1, 2} {
		c.confirm(c.mustBook(c.students[i], hours[slot]).PublicID)
	}
	undecided := c.mustBook(c.students[6], hours[1]) // counts as a wait once it is confirmed
	from := c.clock.Now()
	f, err := c.figures(c.head, from, from.AddDate(0, 0, 28))
	if err != nil || f.Total.WaitDays != 3 {
		t.Errorf("half waited two days and half at least four: %v days, %v", f.Total.WaitDays, err)
	}
	c.confirm(undecided.PublicID)
	if f, err = c.figures(c.head, from, from.AddDate(0, 0, 28)); err != nil || f.Total.WaitDays != 4 {
		t.Errorf("of seven the fourth waited four days: %v days, %v", f.Total.WaitDays, err)
	}
}

// Whoever reads the numbers must not find the one student of a small group, not even
// by subtraction.
func TestFiguresHideASmallGroup(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 8)
	c.agree(c.students...)
	next := c.hour(48*time.Hour, 8)
	later := c.hour(9*24*time.Hour, 8)
	for i, s := range c.students {
		slot := next
		if i == 7 { // alone in the second week
			slot = later
		}
		c.mustBook(s, slot)
	}
	from := c.clock.Now()
	f, err := c.figures(c.head, from, from.AddDate(0, 0, 21))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range f.Spans {
		if !l.Requested.Hidden || l.Requested.N != 0 || !l.Open.Hidden || l.Open.N != 0 {
			t.Errorf("the week of %s shows %+v: with the total of %d the other is known", l.From.Format(time.DateOnly), l, f.Total.Requested.N)
		}
	}
	if f.Total.Requested.N != 8 {
		t.Errorf("total %+v", f.Total)
	}
}

func TestFiguresAreForWhoRunsTheCentre(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	from := c.clock.Now()
	tests := []struct {
		name string
		who  identity.Person
		want errs.Kind
	}{
		{"head", c.head, ""},
		{"front desk", c.desk, ""},
		{"counsellor", c.wang, errs.Forbidden},
		{"class counsellor", c.fudaoyuan, errs.Forbidden},
		{"administrator", c.admin, errs.Forbidden},
		{"student", c.students[0], errs.Forbidden},
	}
	for _, test := range tests {
		if _, err := c.figures(test.who, from, from.AddDate(0, 0, 7)); (err != nil || test.want != "") && errs.KindOf(err) != test.want {
			t.Errorf("%s: %v, want kind %q", test.name, err, test.want)
		}
	}
	for _, span := range [][2]time.Time{{from, from}, {from, from.AddDate(0, 0, -1)}, {from, from.AddDate(5, 0, 0)}} {
		if _, err := c.figures(c.head, span[0], span[1]); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a span of %s: %v", span[1].Sub(span[0]), err)
		}
	}
}
