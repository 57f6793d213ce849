package request_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
)

func TestHanding_out_to_the_wrong_student_is_refused(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 2)
	a := s.mustDecide(s.he, s.applied(s.students[0], certificate), yes())
	hand := func(card string) error {
		_, err := s.do(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
			return s.engine.HandOver(ctx, tx, s.he, a.PublicID, card)
		})
		return err
	}
	if err := hand(a.Student.Number); errs.KindOf(err) != errs.Conflict {
		t.Errorf("before it is printed: %v", err)
	}
	a = s.mustAct(s.engine.Print, s.he, a)
	if err := hand(s.students[1].Number); errs.FieldsOf(err)["card"] != "这份是张晓一（学号尾号 0000）的，和这张学生证不一致，不能发放。" {
		t.Errorf("another's card: %v", err)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		list, err := s.engine.Collectable(ctx, tx, s.he, s.students[0].Number)
		if err != nil || len(list) != 1 || list[0].PublicID != a.PublicID {
			t.Errorf("what waits: %d, %v", len(list), err)
		}
		return nil
	})
	if err := hand(a.Student.Number); err != nil {
		t.Fatal(err)
	}
	if err := hand(a.Student.Number); errs.KindOf(err) != errs.Conflict {
		t.Errorf("twice: %v", err)
	}
	a = s.get(s.he, a.PublicID)
	if last := a.History[len(a.History)-1]; last.By != "何秋白" || last.State != request.Collected {
		t.Errorf("history ends with %+v", last)
	}
	s.sound()
}

func TestA_certificate_says_what_was_known_and_can_be_checked_by_a_stranger(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 2)
	a := s.mustDecide(s.he, s.applied(s.students[0], certificate), yes())
	s.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := s.engine.Certify(ctx, tx, s.students[0], a.PublicID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("before it is issued: %v", err)
		}
		return nil
	})
	a = s.mustAct(s.engine.Print, s.he, a)
	again := s.mustAct(s.engine.Print, s.he, a)
	if a.Certificate == nil || again.Certificate.Code != a.Certificate.Code {
		t.Fatalf("printed twice: %v, %v", a.Certificate, again.Certificate)
	}
	s.update(func(ctx context.Context, tx *store.Tx) error {
		sheet, err := s.engine.Certify(ctx, tx, s.he, a.PublicID)
		if err != nil {
			return err
		}
		if diff := cmp.Diff([]string{"张晓一（20230000）为困难学生，用于助学贷款。"}, sheet.Body); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
		own, err := s.engine.Printable(ctx, tx, s.students[0], a.PublicID)
		if err != nil {
			return err
		}
		if pdf, err := own.PDF(); err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf, []byte("/SubFilter /adbe.pkcs7.detached")) {
			t.Errorf("the holder's page: %d bytes, %v", len(pdf), err)
		}
		for _, stranger := range []identity.Person{s.students[1], s.lu, s.jiang, s.admin} {
			if _, err := s.engine.Certify(ctx, tx, stranger, a.PublicID); errs.KindOf(err) != errs.Forbidden {
				t.Errorf("%s reads it: %v", stranger.Name, err)
			}
		}
		c, err := s.engine.Verify(ctx, tx, strings.ToLower(a.Certificate.Code[:8])+"-"+a.Certificate.Code[8:])
		if err != nil || !c.Valid(tx.Now()) || c.Holder != "张**" || c.Number != a.Number {
			t.Errorf("checked: %+v, %v", c, err)
		}
		if _, err := s.engine.Verify(ctx, tx, "0000000000000000"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("an invented code: %v", err)
		}
		return nil
	})
	s.must(func(ctx context.Context, tx *store.Tx) (request.Application, error) {
		return s.engine.Revoke(ctx, tx, s.he, a.PublicID, "信息有误")
	})
	s.update(func(ctx context.Context, tx *store.Tx) error {
		c, err := s.engine.Verify(ctx, tx, a.Certificate.Code)
		if err != nil || c.Valid(tx.Now()) {
			t.Errorf("revoked: %+v, %v", c, err)
		}
		if _, err := s.engine.Certify(ctx, tx, s.students[0], a.PublicID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("a revoked one is still handed out: %v", err)
		}
		own, err := s.engine.Get(ctx, tx, s.students[0], a.PublicID)
		if err != nil || len(own.Certificate.Checks) != 2 {
			t.Errorf("the holder sees %d checks of two, %v", len(own.Certificate.Checks), err)
		}
		return nil
	})
	s.sound()
}
