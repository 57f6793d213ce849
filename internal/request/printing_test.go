package request_test

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"testing"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
)

func TestPrintMany_prints_what_is_more_than_a_chunk_step_by_step_and_then_all_on_paper(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 106)
	var ids []string
	for i := 0; i < len(s.students); i += 2 { // whose tier allows it
		a := s.applied(s.students[i], certificate)
		if i > 0 { // the first one is not decided
			a = s.mustDecide(s.he, a, yes())
		}
		ids = append(ids, a.PublicID)
	}
	var p request.Printing
	see := func(do func(ctx context.Context, tx *store.Tx) error) {
		t.Helper()
		s.update(do)
	}
	see(func(ctx context.Context, tx *store.Tx) (err error) {
		p, err = s.engine.PrintMany(ctx, tx, s.he, ids)
		return err
	})
	if p.Done != 0 || p.Total != 53 {
		t.Errorf("it begins with %d of %d", p.Done, p.Total)
	}
	if did, err := s.jobs.Step(t.Context(), 0); !did || err != nil {
		t.Fatal(did, err)
	}
	read := func(ctx context.Context, tx *store.Tx) (err error) {
		p, err = s.engine.PrintingOf(ctx, tx, s.he, p.PublicID)
		return err
	}
	if see(read); p.Done != 50 || p.Pages != 49 || p.Finished() {
		t.Errorf("after a chunk it is %d of %d with %d pages", p.Done, p.Total, p.Pages)
	}
	s.wait(0)
	if see(read); !p.Finished() || p.Pages != 52 || len(p.Failed) != 1 || p.Failed[0].Application != ids[0] || p.Failed[0].Message == "" {
		t.Errorf("in the end it is %+v", p)
	}
	var stack request.Stack
	see(func(ctx context.Context, tx *store.Tx) (err error) {
		stack, err = s.engine.Stack(ctx, tx, s.he, p.PublicID)
		return err
	})
	pdf, err := stack.PDF()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`/Type /Page\b`).FindAll(pdf, -1)); n != 52 || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("the document has %d pages, want 52", n)
	}
	s.sound()
}

func TestPrintMany_is_the_office_s_and_what_it_made_is_who_began_it_s(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1)
	a := s.mustDecide(s.he, s.applied(s.students[0], certificate), yes())
	for _, tt := range []struct {
		name string
		who  identity.Person
		ids  []string
		want error
	}{
		{"a_student_with_nothing_chosen", s.students[0], nil, identity.ErrForbidden},
		{"a_辅导员", s.jiang, []string{a.PublicID}, identity.ErrForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := s.try(func(ctx context.Context, tx *store.Tx) error {
				_, err := s.engine.PrintMany(ctx, tx, tt.who, tt.ids)
				return err
			})
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, ids := range [][]string{nil, make([]string, request.MaxPrint+1)} {
		err := s.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := s.engine.PrintMany(ctx, tx, s.he, ids)
			return err
		})
		if errs.KindOf(err) != errs.Invalid {
			t.Errorf("%d chosen: %v", len(ids), err)
		}
	}
	var p request.Printing
	s.update(func(ctx context.Context, tx *store.Tx) (err error) {
		p, err = s.engine.PrintMany(ctx, tx, s.lu, []string{a.PublicID}) // another office
		return err
	})
	if len(p.Failed) != 1 || p.Failed[0].Message != request.ErrNotYours.Message || p.Pages != 0 {
		t.Errorf("another office prints %+v", p)
	}
	s.update(func(ctx context.Context, tx *store.Tx) (err error) {
		p, err = s.engine.PrintMany(ctx, tx, s.he, []string{a.PublicID})
		return err
	})
	for _, who := range []identity.Person{s.shen, s.lu, s.students[0]} {
		err := s.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := s.engine.Stack(ctx, tx, who, p.PublicID)
			return err
		})
		if !errors.Is(err, request.ErrNotYours) {
			t.Errorf("%s reads what another printed: %v", who.Name, err)
		}
	}
}
