package desk_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"
)

func TestWeekMovesABookingThroughForms(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.pending()
	week := "/desk/counselling/week?week=" + b.Slot.StartsAt.In(s.db.Zone()).Format(time.DateOnly) + "&booking=" + b.PublicID
	has(t, s.shown(frontDesk, week), b.Student.Name, "待确认", "act=move", b.Slot.StartsAt.In(s.db.Zone()).Format("15:04"))
	to := regexp.MustCompile(`to=([a-z0-9]+)`).FindStringSubmatch(s.shown(frontDesk, week+"&act=move"))
	if to == nil {
		t.Fatalf("no hour to move to:\n%s", s.shown(frontDesk, week+"&act=move"))
	}
	ask := week + "&act=move&to=" + to[1]
	has(t, s.shown(frontDesk, ask), "马上会在企业微信收到", "您预约的事项改了时间", "改时间并通知")
	form := []string{"booking", b.PublicID, "to", to[1], "week", "2026-10-12"}
	wrong := s.send(frontDesk, ask, "/desk/counselling/week/move", append(form, "reason", "心理老师有事")...)
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("= %d, want 422", wrong.status)
	}
	has(t, wrong.body, "请写一句 60 字以内的理由", `value="心理老师有事"`, to[1])
	got := s.send(frontDesk, ask, "/desk/counselling/week/move", append(form, "reason", "老师临时有安排")...)
	if got.status != http.StatusSeeOther {
		t.Fatalf("move = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(frontDesk, got.location), "已改到新的时间", "已确认")
	if after := s.pending(); after.Slot.PublicID != to[1] || after.Moves != 1 {
		t.Errorf("after: %+v", after)
	}
	full := s.post(frontDesk, "/desk/counselling/week/move", values("once", s.token(frontDesk), "booking", s.bookingOf("s05").PublicID, "to", to[1], "week", "2026-10-12", "reason", "老师临时有安排"))
	if full.status != http.StatusConflict {
		t.Errorf("to a full hour = %d, want 409", full.status)
	}
	has(t, full.body, "刚刚约满", "一周")
}

func TestWeekIsTheCentresAlone(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id := s.pending().PublicID
	for _, userid := range []string{admin, office, fudaoyuan, student} {
		for _, path := range []string{"/desk/counselling/week", "/desk/counselling/week?booking=" + id, "/desk/counselling/week?booking=none"} {
			if a := s.get(userid, path); a.status != http.StatusForbidden {
				t.Errorf("GET %s as %s = %d, want 403", path, userid, a.status)
			}
		}
		if a := s.post(userid, "/desk/counselling/week/move", values("once", s.token(userid), "booking", id, "to", "x", "reason", "换一下")); a.status != http.StatusForbidden {
			t.Errorf("move as %s = %d, want 403", userid, a.status)
		}
	}
}
