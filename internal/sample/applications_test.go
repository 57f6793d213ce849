package sample_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/document"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/templates"
)

// office is the sample school with its services and the applications, at a time.
func office(t *testing.T, at time.Time) (*store.DB, *clock.Fixed, *request.Engine) {
	t.Helper()
	db, clk, e := emptyOffice(t, at)
	if err := sample.Apply(t.Context(), db, e); err != nil {
		t.Fatal(err)
	}
	return db, clk, e
}

// emptyOffice is office before anybody applies.
func emptyOffice(t *testing.T, at time.Time) (*store.DB, *clock.Fixed, *request.Engine) {
	t.Helper()
	clk := clock.NewFixed(at)
	db := storetest.Open(t, storetest.Loaded(t, "sample", sample.Load), clk, store.Options{})
	e := &request.Engine{Approval: &approval.Engine{}, Press: &document.Press{}, PublicURL: "https://xuegong.example"}
	e.Approval.Outcomes = map[string]approval.Outcome{request.Kind: e.Outcome()}
	files, err := service.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Update(t, db, func(tx *store.Tx) error { return service.ApplyFirst(t.Context(), tx, files) })
	return db, clk, e
}

// counts are the applications of the office by state, and of whose decision they wait.
func counts(t *testing.T, db *store.DB, e *request.Engine) (by map[request.State]int) {
	t.Helper()
	storetest.Update(t, db, func(tx *store.Tx) error {
		by = map[request.State]int{}
		all, err := e.Counts(t.Context(), tx, person(t, tx, "t10"))
		for _, states := range all {
			for s, n := range states {
				by[s] += n
			}
		}
		return err
	})
	return by
}

func TestApply_puts_something_into_every_queue_and_breaks_no_invariant(t *testing.T) {
	t.Parallel()
	db, _, e := office(t, time.Date(2026, 11, 26, 10, 0, 0, 0, storetest.Shanghai()))
	want := map[request.State]int{
		request.Submitted: 7, request.Returned: 1, request.Approved: 1, request.Printed: 1, request.Collected: 1, request.ToPay: 1,
		request.Paid: 1, request.Rejected: 1, request.Overdue: 1,
	}
	if diff := cmp.Diff(want, counts(t, db, e)); diff != "" {
		t.Errorf("applications (-want +got):\n%s", diff)
	}
	storetest.Update(t, db, func(tx *store.Tx) error {
		w, err := request.WorkOf(t.Context(), tx, person(t, tx, "t10"))
		if err != nil {
			return err
		}
		if w.Reviews < 3 || w.Asks != 1 {
			t.Errorf("%d reviews and %d questions wait for the office, want at least 3 and 1", w.Reviews, w.Asks)
		}
		head, err := request.WorkOf(t.Context(), tx, person(t, tx, "t24"))
		if err != nil || head.Reviews != 1 {
			t.Errorf("%d wait for the head, %v", head.Reviews, err)
		}
		broken, err := request.Broken(t.Context(), tx)
		if diff := cmp.Diff([]string(nil), broken); diff != "" {
			t.Errorf("broken (-want +got):\n%s", diff)
		}
		return err
	})
}

func TestApply_tells_everybody_only_what_is_new(t *testing.T) {
	t.Parallel()
	before := waiting(t, storetest.Open(t, storetest.Loaded(t, "sample", sample.Load), clock.NewFixed(storetest.Monday), store.Options{}))
	db, _, _ := office(t, time.Date(2026, 11, 26, 10, 0, 0, 0, storetest.Shanghai()))
	if got, most := waiting(t, db)-before, 26; got > most {
		t.Errorf("%d messages of applications wait to be sent at the first start, want at most %d", got, most)
	}
}

// waiting is how many messages wait to be sent.
func waiting(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	storetest.Update(t, db, func(tx *store.Tx) (err error) {
		n, err = outbox.Waiting(t.Context(), tx)
		return err
	})
	return n
}

func TestApply_out_of_the_season_leaves_out_what_is_closed(t *testing.T) {
	t.Parallel()
	db, _, e := office(t, time.Date(2027, 3, 10, 10, 0, 0, 0, storetest.Shanghai()))
	got := counts(t, db, e)
	if got[request.ToPay] != 0 || got[request.Printed] != 1 {
		t.Errorf("in March there are %v", got)
	}
}

// A start that is killed leaves off between two acts, or in one, which is then undone.
func TestApply_after_a_start_that_was_killed_comes_to_the_same_end(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, storetest.Shanghai())
	whole, _, engine := office(t, now)
	want := counts(t, whole, engine)
	for _, change := range []int{1, 4, 9} {
		db, _, e := emptyOffice(t, now)
		killed, n := errors.New("killed"), 0
		e.Hooks = map[string]request.Hook{"internship-subsidy": func(context.Context, *store.Tx, request.Application) error {
			if n++; n == change {
				return killed
			}
			return nil
		}}
		if err := sample.Apply(t.Context(), db, e); !errors.Is(err, killed) {
			t.Fatalf("at change %d: %v", change, err)
		}
		e.Hooks = nil
		if err := sample.Apply(t.Context(), db, e); err != nil {
			t.Fatalf("the start after change %d: %v", change, err)
		}
		if diff := cmp.Diff(want, counts(t, db, e)); diff != "" {
			t.Errorf("killed at change %d, started again (-whole +got):\n%s", change, diff)
		}
	}
}

func TestApply_twice_keeps_what_is_there(t *testing.T) {
	t.Parallel()
	db, clk, e := office(t, time.Date(2026, 11, 26, 10, 0, 0, 0, storetest.Shanghai()))
	before := counts(t, db, e)
	if err := clk.MoveTo(clk.Now().AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	if err := sample.Apply(t.Context(), db, e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, counts(t, db, e)); diff != "" {
		t.Errorf("the second start changed the applications (-before +after):\n%s", diff)
	}
}
