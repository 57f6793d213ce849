package desk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
)

func TestList_is_for_the_head_alone_and_each_one_is_audited(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	const span = "?from=2026-10-12&to=2026-10-31&why=check"
	for _, path := range []string{"/desk/counselling/list.xlsx", "/desk/counselling/list.csv"} {
		got := s.get(head, path+span)
		if got.status != http.StatusOK {
			t.Fatalf("%s = %d\n%s", path, got.status, got.body)
		}
		table, err := sheet.Read(strings.NewReader(got.body))
		if err != nil {
			t.Fatal(err)
		}
		name := table.Column("姓名")
		found := false
		for _, r := range table.Rows {
			found = found || r.Cells[name] == "程一诺"
		}
		if !found || table.Column("状态") < 0 {
			t.Errorf("%s has %q and %d rows", path, table.Header, len(table.Rows))
		}
		hasNot(t, got.body, "睡不好")
	}
	if n := s.auditRows("booking.export"); n != 2 {
		t.Errorf("%d exports in the audit log, want 2", n)
	}
	for _, other := range []string{frontDesk, counsellor, admin, office, fudaoyuan, student} {
		for _, path := range []string{"/desk/counselling/list", "/desk/counselling/list.xlsx" + span, "/desk/counselling/list.csv" + span, "/desk/counselling/list.csv"} {
			if got := s.get(other, path); got.status != http.StatusForbidden {
				t.Errorf("%s at %s: %d, want 403", other, path, got.status)
			}
		}
		hasNot(t, s.get(other, "/desk/").body, "导出名单")
	}
	if n := s.auditRows("booking.export"); n != 2 {
		t.Errorf("who was refused left %d exports in the audit log", n-2)
	}
	has(t, s.shown(head, "/desk/"), "导出名单")
}

func TestList_asks_for_a_span_and_a_purpose(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	has(t, s.shown(head, "/desk/counselling/list"), `value="2026-10-01"`, `value="2026-10-12"`, "学年归档")
	for _, tt := range []struct{ query, says string }{
		{"?from=2026-10-12&to=2026-10-31", "请选导出的用途"},
		{"?from=2026-10-12&to=2026-10-31&why=fun", "请选导出的用途"},
		{"?from=2026-10-12&to=2026-10-11&why=check", "请选一年以内的一段时间"},
		{"?from=2024-10-12&to=2026-10-11&why=check", "请选一年以内的一段时间"},
		{"?from=&to=&why=check", "请选一年以内的一段时间"},
	} {
		got := s.get(head, "/desk/counselling/list.xlsx"+tt.query)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s = %d", tt.query, got.status)
		}
		has(t, got.body, tt.says)
	}
	if n := s.auditRows("booking.export"); n != 0 {
		t.Errorf("%d exports in the audit log", n)
	}
}

// A name that looks like a formula is a name.
func TestList_runs_nothing_in_a_spreadsheet(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.as(student, func(ctx context.Context, tx *store.Tx, _ identity.Person) error {
		_, err := tx.ExecContext(ctx, `update person set name = '=1+1' where name = '程一诺'`)
		return err
	})
	if got := s.get(head, "/desk/counselling/list.csv?from=2026-10-12&to=2026-10-31&why=archive"); !strings.Contains(got.body, ",'=1+1,") {
		t.Errorf("the cell stands as\n%s", got.body)
	}
}

func TestHome_of_a_centre_lists_what_is_to_be_done(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	pending, confirmed := s.pending(), s.bookingOf("s05")
	body := s.shown(frontDesk, "/desk/")
	has(t, body, "等待确认", "程一诺", "booking="+pending.PublicID, "前")
	hasNot(t, body, "还没登记到访")
	if s.auditRows("booking.list") == 0 {
		t.Error("reading who comes leaves no trace")
	}
	if err := s.clock.MoveTo(confirmed.Slot.EndsAt); err != nil {
		t.Fatal(err)
	}
	has(t, s.shown(frontDesk, "/desk/"), "还没登记到访", "许知遥", "booking="+confirmed.PublicID, "起按已到访算")
	for _, other := range []string{admin, office, fudaoyuan} {
		hasNot(t, s.get(other, "/desk/").body, "许知遥", "程一诺", "等待确认")
	}
	t.Run("a_counsellor_sees_their_own", func(t *testing.T) {
		has(t, s.shown("t01", "/desk/"), "许知遥")
		hasNot(t, s.shown("t02", "/desk/"), "许知遥", "程一诺")
	})
}
