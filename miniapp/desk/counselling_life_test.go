package desk_test

import (
	"net/http"
	"regexp"
	"testing"
)

func TestDeskMovesABookingWithAReason(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.pending()
	panel := "/desk/counselling?booking=" + b.PublicID
	has(t, s.shown(frontDesk, panel), "改时间", "act=move")
	choose := panel + "&act=move"
	slot := regexp.MustCompile(`name="slot" value="([^"]+)"`).FindStringSubmatch(s.shown(frontDesk, choose))
	if slot == nil {
		t.Fatalf("no hour to move to:\n%s", s.shown(frontDesk, choose))
	}
	path := "/desk/counselling/bookings/" + b.PublicID + "/move"
	wrong := s.send(frontDesk, choose, path, "slot", slot[1], "reason", "心理老师有事")
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("= %d, want 422", wrong.status)
	}
	has(t, wrong.body, "请写一句 60 字以内的理由", `value="心理老师有事"`, slot[1])
	got := s.send(frontDesk, choose, path, "slot", slot[1], "reason", "老师临时有安排")
	if got.status != http.StatusSeeOther {
		t.Fatalf("move = %d\n%s", got.status, got.body)
	}
	after := s.shown(frontDesk, got.location)
	has(t, after, "已改到新的时间", "改到", "已确认", "老师临时有安排")
}
