package desk_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
)

func TestAnArrivalPressedByMistakeIsTakenBackOnTheList(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.bookingOf("s05") // confirmed
	const list = "/desk/counselling/checkin"
	at := list + "/" + b.PublicID
	if err := s.clock.MoveTo(b.Slot.StartsAt.Add(5 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	s.send(frontDesk, list, at+"/arrive")
	has(t, s.shown(frontDesk, list), at+"/unarrive", "撤回", "按错了可以撤回，到 09:15")
	if a := s.send(frontDesk, list, at+"/unarrive"); a.status != http.StatusSeeOther {
		t.Fatalf("unarrive = %d\n%s", a.status, a.body)
	}
	has(t, s.shown(frontDesk, list), at+"/arrive")
	if got := s.bookingOf("s05").State; got != counselling.Confirmed {
		t.Errorf("state = %s", got)
	}
}

func TestFrontDeskChecksInWithOnePress(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.bookingOf("s05") // confirmed
	const list = "/desk/counselling/checkin"
	at := list + "/" + b.PublicID
	if err := s.clock.MoveTo(b.Slot.StartsAt.Add(5 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	shown := s.shown(frontDesk, list+"?q="+b.Student.Number[:6])
	has(t, shown, b.Student.Name, at+"/arrive", "起可登记未到")
	hasNot(t, shown, at+"/miss")
	if a := s.send(frontDesk, list, at+"/miss"); a.status != http.StatusConflict { // before the setting's minutes
		t.Errorf("missed too early = %d", a.status)
	}
	hasNot(t, s.shown(frontDesk, list+"?q=没有这个人"), b.Student.Name)
	if err := s.clock.MoveTo(b.Slot.StartsAt.Add(20 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if a := s.send(frontDesk, list, at+"/miss"); a.status != http.StatusSeeOther {
		t.Fatalf("miss = %d\n%s", a.status, a.body)
	}
	has(t, s.shown(frontDesk, list), "后来到了")
	if a := s.send(frontDesk, list, at+"/arrive"); a.status != http.StatusSeeOther {
		t.Fatalf("arrive = %d\n%s", a.status, a.body)
	}
	hasNot(t, s.shown(frontDesk, list), at+"/unarrive") // it was missed before
	if got := s.bookingOf("s05").State; got != counselling.Arrived {
		t.Errorf("state = %s", got)
	}
	has(t, s.shown(counsellor, "/desk/counselling/mine"), b.Student.Name, "还没写记录", "/desk/counselling/records/"+b.PublicID)
	for _, userid := range []string{admin, office, fudaoyuan, student} {
		for _, path := range []string{list, "/desk/counselling/mine"} {
			if a := s.get(userid, path); a.status != http.StatusForbidden {
				t.Errorf("GET %s as %s = %d", path, userid, a.status)
			}
		}
	}
	if a := s.get(frontDesk, "/desk/counselling/mine"); a.status != http.StatusForbidden {
		t.Errorf("the front desk has no day of its own: %d", a.status)
	}
}
