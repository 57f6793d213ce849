package request_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
)

func TestPayout_sums_are_exact(t *testing.T) {
	t.Parallel()
	costs := []string{"0.01", "12.34", "12", "499.99", "0.10", "0.20", "33.33"}
	s := newSchool(t, len(costs))
	var ids []string
	for i, st := range s.students {
		p := s.begun(st, subsidy)
		a, err := s.submit(st, p.PublicID, in("cost", costs[i]))
		if err != nil {
			t.Fatal(err)
		}
		a = s.receive(a, "ticket", "proof")
		a = s.mustDecide(s.jiang, a, yes())
		ids = append(ids, s.mustDecide(s.he, a, yes()).PublicID)
	}
	build := func(who identity.Person) error {
		return s.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := s.engine.BuildList(ctx, tx, who, subsidy)
			return err
		})
	}
	results := together(func() error { return build(s.he) }, func() error { return build(s.shen) })
	if (results[0] == nil) == (results[1] == nil) {
		t.Fatalf("one list: %v, %v", results[0], results[1])
	}
	var lists []request.List
	s.update(func(ctx context.Context, tx *store.Tx) (err error) {
		lists, err = s.engine.PayoutLists(ctx, tx, s.shen)
		return err
	})
	if len(lists) != 1 || lists[0].Total != 55797 || lists[0].Count != len(costs) {
		t.Fatalf("lists %+v", lists)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := s.engine.PayoutList(ctx, tx, s.lu, lists[0].PublicID); !errors.Is(err, identity.ErrForbidden) {
			t.Errorf("another office: %v", err)
		}
		var b bytes.Buffer
		if err := s.engine.ExportList(ctx, tx, s.he, lists[0].PublicID, &b); err != nil {
			return err
		}
		table, err := sheet.Read(&b)
		if err != nil {
			return err
		}
		if last := table.Rows[len(table.Rows)-1].Cells; len(table.Rows) != len(costs)+1 || last[7] != "557.97" {
			t.Errorf("the workbook ends with %v", last)
		}
		return nil
	})
	s.update(func(ctx context.Context, tx *store.Tx) error {
		if err := s.engine.MarkFailed(ctx, tx, s.he, lists[0].PublicID, ids[2], "卡已注销"); err != nil {
			return err
		}
		n, err := s.engine.MarkPaid(ctx, tx, s.he, lists[0].PublicID)
		if n != len(costs)-1 {
			t.Errorf("%d paid", n)
		}
		return err
	})
	s.update(func(ctx context.Context, tx *store.Tx) error {
		n, err := s.engine.MarkPaid(ctx, tx, s.he, lists[0].PublicID)
		if n != 0 {
			t.Errorf("%d paid twice", n)
		}
		return err
	})
	s.sound()
}

// Whoever pays sees before the bank does whose card is missing; one recorded after the
// list was built is paid to.
func TestA_list_says_whose_card_is_missing(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 2)
	for _, st := range s.students {
		a := s.receive(s.applied(st, subsidy), "ticket", "proof")
		s.mustDecide(s.he, s.mustDecide(s.jiang, a, yes()), yes())
	}
	l := s.buildList(subsidy)
	cards := func() (cards []string) {
		s.update(func(ctx context.Context, tx *store.Tx) (err error) {
			l, err = s.engine.PayoutList(ctx, tx, s.he, l.PublicID)
			cards = nil
			for _, r := range l.Rows {
				cards = append(cards, r.Card)
			}
			return err
		})
		return cards
	}
	if got := cards(); !slices.Equal(got, []string{"", ""}) {
		t.Errorf("cards %q", got)
	}
	s.know(map[identity.FactKind]string{identity.BankFact: "6021"})
	if got := cards(); !slices.Equal(got, []string{"6021", ""}) {
		t.Errorf("cards %q", got)
	}
}
