package counselling_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/store"
)

// ids lists the public ids of what stands on a page.
func ids[T any](list []T, id func(T) string) []string {
	out := make([]string, len(list))
	for i, item := range list {
		out[i] = id(item)
	}
	return out
}

// Every list read two at a time is the list read at once, in the same order.
func TestPages_hold_every_entry_once(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 5)
	c.agree(c.students...)
	c.come(c.students[0], false)
	c.come(c.students[0], false)
	for _, s := range c.students[1:] {
		c.join(s, counselling.Want{})
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		start := tx.Now().Add(30 * time.Hour).Truncate(time.Hour)
		for _, k := range c.counsellors { // at the same time, so that the place of the counsellor decides
			if _, err := counselling.AddHours(ctx, tx, c.desk, counselling.HoursEdit{
				Counsellor: k.PublicID, StartsAt: start, EndsAt: start.Add(50 * time.Minute), Place: k.Name, Capacity: 1, Weeks: 2,
			}); err != nil {
				return err
			}
		}
		for _, s := range c.students {
			if err := counselling.OpenCase(ctx, tx, s, counselling.SourceWords); err != nil {
				return err
			}
		}
		return nil
	})
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return counselling.TakeCase(ctx, tx, c.head, c.cases()[1].PublicID)
	})

	lists := map[string]func(ctx context.Context, tx *store.Tx, p store.Page) ([]string, string, error){
		"hours": func(ctx context.Context, tx *store.Tx, p store.Page) ([]string, string, error) {
			list, next, err := counselling.SlotsAfter(ctx, tx, c.students[0], "", tx.Now(), time.Time{}, p)
			return ids(list, func(s counselling.Slot) string { return s.PublicID }), next, err
		},
		"bookings": func(ctx context.Context, tx *store.Tx, p store.Page) ([]string, string, error) {
			list, next, err := counselling.MineAfter(ctx, tx, c.students[0], p)
			return ids(list, func(b counselling.Booking) string { return b.PublicID }), next, err
		},
		"strikes": func(ctx context.Context, tx *store.Tx, p store.Page) ([]string, string, error) {
			s, next, err := counselling.MyStrikesAfter(ctx, tx, c.students[0], p)
			return ids(s.List, func(s counselling.Strike) string { return s.PublicID }), next, err
		},
		"queue": func(ctx context.Context, tx *store.Tx, p store.Page) ([]string, string, error) {
			list, next, err := counselling.WaitlistAfter(ctx, tx, c.head, c.unit, p)
			return ids(list, func(w counselling.Wait) string { return w.PublicID }), next, err
		},
		"cases": func(ctx context.Context, tx *store.Tx, p store.Page) ([]string, string, error) {
			list, next, err := counselling.CasesAfter(ctx, tx, c.head, c.unit, p)
			return ids(list, func(k counselling.Case) string { return k.PublicID }), next, err
		},
	}
	for name, read := range lists {
		page := func(p store.Page) (list []string, next string, err error) {
			err = c.try(func(ctx context.Context, tx *store.Tx) error {
				list, next, err = read(ctx, tx, p)
				return err
			})
			return list, next, err
		}
		want, next, err := page(store.Page{Limit: 200})
		if err != nil || next != "" || len(want) < 2 {
			t.Fatalf("%s: %d at once, then %q, %v", name, len(want), next, err)
		}
		var got []string
		for after := ""; ; {
			list, next, err := page(store.Page{After: after, Limit: 2})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got = append(got, list...); next == "" {
				break
			}
			after = next
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s by pages (-at once +by pages):\n%s", name, diff)
		}
		if list, next, err := page(store.Page{After: want[len(want)-1], Limit: 2}); len(list) != 0 || next != "" || err != nil {
			t.Errorf("%s behind the last: %v %q %v", name, list, next, err)
		}
		if _, _, err := page(store.Page{After: "nothing", Limit: 2}); !errors.Is(err, store.ErrNoPage) {
			t.Errorf("%s behind what is not there: %v", name, err)
		}
	}
}
