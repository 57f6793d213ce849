package request_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
)

func TestA_student_can_ask_a_person(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 2)
	st := s.students[1] // the rules refuse
	ask := func() (k request.Ask, err error) {
		err = s.try(func(ctx context.Context, tx *store.Tx) error {
			k, err = s.engine.AskPerson(ctx, tx, st, certificate, "家里刚出了事，认定还没更新")
			return err
		})
		return k, err
	}
	k, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(); errs.KindOf(err) != errs.Conflict {
		t.Errorf("asked twice: %v", err)
	}
	answer := func(who identity.Person) error {
		return s.try(func(ctx context.Context, tx *store.Tx) error {
			_, err := s.engine.Answer(ctx, tx, who, k.PublicID, "请带材料来一趟，当面核对。")
			return err
		})
	}
	for _, who := range []identity.Person{s.lu, s.admin, st} {
		if err := answer(who); !errors.Is(err, request.ErrNotYours) {
			t.Errorf("answered by %s: %v", who.Name, err)
		}
	}
	if err := answer(s.he); err != nil {
		t.Fatal(err)
	}
	if err := answer(s.shen); errs.MessageOf(err) != "何秋白老师已经回复过了，不用再处理。" {
		t.Errorf("answered twice: %v", err)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		mine, err := s.engine.MyAsks(ctx, tx, st)
		if err != nil || len(mine) != 1 || mine[0].Answer != "请带材料来一趟，当面核对。" {
			t.Errorf("%+v, %v", mine, err)
		}
		return nil
	})
}

func TestThe_queue_is_searched_and_read_page_by_page(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 5)
	for i, st := range s.students {
		s.applied(st, pledge)
		if i%2 == 0 {
			s.applied(st, card)
		}
		s.wait(time.Minute)
	}
	page := func(who identity.Person, f request.Filter, after string, limit int) (names []string, next string) {
		t.Helper()
		s.update(func(ctx context.Context, tx *store.Tx) error {
			list, n, err := s.engine.Queue(ctx, tx, who, f, after, limit)
			names, next = nil, n
			for _, i := range list {
				names = append(names, i.Student.Name+" "+i.Service.Code)
			}
			return err
		})
		return names, next
	}
	first, next := page(s.he, request.Filter{}, "", 5)
	rest, end := page(s.he, request.Filter{}, next, 5)
	if len(first) != 5 || len(rest) != 3 || end != "" {
		t.Errorf("pages %v %v %q", first, rest, end)
	}
	for _, tt := range []struct {
		f    request.Filter
		want int
	}{
		{request.Filter{Service: card}, 3},
		{request.Filter{State: request.Submitted}, 8},
		{request.Filter{State: request.Approved}, 0},
		{request.Filter{Search: "20230002"}, 2},
		{request.Filter{Search: s.students[1].Name}, 1},
		{request.Filter{Search: "%"}, 0},
	} {
		if got, _ := page(s.he, tt.f, "", 100); len(got) != tt.want {
			t.Errorf("%+v finds %v", tt.f, got)
		}
	}
	if got, _ := page(s.lu, request.Filter{}, "", 100); len(got) != 0 {
		t.Errorf("another office sees %v", got)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		if _, _, err := s.engine.Queue(ctx, tx, s.jiang, request.Filter{}, "", 10); !errors.Is(err, identity.ErrForbidden) {
			t.Errorf("who has no office: %v", err)
		}
		counts, err := s.engine.Counts(ctx, tx, s.he)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(map[string]map[request.State]int{pledge: {request.Submitted: 5}, card: {request.Submitted: 3}}, counts); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		var b bytes.Buffer
		if err := s.engine.Export(ctx, tx, s.he, request.Filter{Service: pledge}, &b); err != nil {
			return err
		}
		table, err := sheet.Read(&b)
		if err != nil || len(table.Rows) != 5 || table.Rows[0].Cells[9] != "支教" {
			t.Errorf("exported %v, %v", table.Rows, err)
		}
		return nil
	})
}
