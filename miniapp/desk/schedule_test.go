package desk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// scheduleOf is the address of a counsellor's schedule.
func (s *school) scheduleOf(name string) string {
	s.t.Helper()
	return "/desk/counselling/hours/of/" + s.counsellorID(name)
}

func (s *school) counsellorID(name string) (id string) {
	s.t.Helper()
	s.as(head, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		list, err := counselling.CentreCounsellors(ctx, tx, who, counselling.Centres(who)[0])
		for _, c := range list {
			if c.Name == name {
				id = c.PublicID
			}
		}
		return err
	})
	return id
}

func ruleValues(pairs ...string) []string {
	return append([]string{
		"weeks", "every", "from", "18:00", "to", "20:00", "length", "50", "buffer", "10", "campus", "east",
		"place", "东校区致远楼 305", "capacity", "1", "begins", "2026-10-12", "weekday:2", "on",
	}, pairs...)
}

func TestARuleIsLookedAtAndThenSaved(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	at := s.scheduleOf("苏晴")
	body := s.shown(frontDesk, at)
	has(t, body, "苏晴的排班", "周一、二、三、四、五 09:00–10:50", "看看会改什么")
	look := s.send(frontDesk, at, at+"/look", ruleValues()...)
	if look.status != http.StatusOK {
		t.Fatalf("look = %d\n%s", look.status, look.body)
	}
	has(t, look.body, "新开放：10月13日（周二）18:00", `formaction="`+at+`"`)
	hasNot(t, s.shown(frontDesk, at), "周二 18:00–20:00")
	if got := s.send(frontDesk, at, at, ruleValues()...); got.status != http.StatusSeeOther {
		t.Fatalf("save = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(frontDesk, at), "周二 18:00–20:00")
	wrong := s.send(frontDesk, at, at+"/look", ruleValues("weekday:2", "")...)
	if wrong.status != http.StatusOK {
		t.Errorf("the first value of weekday:2 counts, got %d", wrong.status)
	}
	bad := s.send(frontDesk, at, at, "from", "18:00", "to", "17:00")
	if bad.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong rule = %d, want 422", bad.status)
	}
	has(t, bad.body, "结束要在开始之后", "至少选一个周几")
}

func TestARuleThatEndsLeadsToTheBookingsThatStay(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.bookingOf("s05") // of 苏晴
	at := s.scheduleOf("苏晴")
	var rules []counselling.Rule
	s.as(head, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		sch, err := counselling.ScheduleOf(ctx, tx, who, s.counsellorIDIn(ctx, tx, who, "苏晴"), tx.Now(), tx.Now())
		rules = sch.Rules
		return err
	})
	stays := ""
	for _, r := range rules {
		if got := s.send(frontDesk, at+"?rule="+r.PublicID+"&way=end", at+"/end", "rule", r.PublicID); strings.Contains(got.location, "unsettled") {
			stays = got.location
		}
	}
	if stays == "" {
		t.Fatal("no rule led to the bookings that stay")
	}
	body := s.shown(frontDesk, stays)
	has(t, body, "条预约的时间不再开放", "许知遥", "改到最近的空位", "取消并告诉学生", "（换老师）")
	got := s.send(frontDesk, "/desk/counselling/unsettled", "/desk/counselling/unsettled", "to:"+b.PublicID, "next", "reason", "老师临时有事，很抱歉")
	if !strings.Contains(got.location, "said=resettled") {
		t.Errorf("resettle leads to %s %s", got.location, got.body)
	}
	if after := s.bookingOf("s05"); after.State != counselling.Confirmed || after.Slot.PublicID == b.Slot.PublicID {
		t.Errorf("the booking is %s at %s, want confirmed somewhere else", after.State, after.Slot.StartsAt)
	}
}

func (s *school) counsellorIDIn(ctx context.Context, tx *store.Tx, who identity.Person, name string) string {
	s.t.Helper()
	list, err := counselling.CentreCounsellors(ctx, tx, who, counselling.Centres(who)[0])
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range list {
		if c.Name == name {
			return c.PublicID
		}
	}
	s.t.Fatalf("no counsellor %s", name)
	return ""
}

func TestACounsellorWhoCannotCome(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	confirmed, pending := s.bookingOf("s05"), s.bookingOf("s06")
	span := "counsellor=" + s.counsellorID("苏晴") + "&why=ill&from_day=2026-10-12&from_time=00:00&to_day=2026-10-16&to_time=24:00"
	at := "/desk/counselling/hours/away?" + span
	body := s.shown(frontDesk, at)
	has(t, body, "2 条预约要安排", "许知遥", "程一诺", "停止这段预约并通知学生")
	if got := s.bookingOf("s05"); !got.Slot.Open {
		t.Error("looking closed the hour")
	}
	got := s.send(frontDesk, at, "/desk/counselling/hours/away", "counsellor", s.counsellorID("苏晴"), "why", "ill",
		"from_day", "2026-10-12", "from_time", "00:00", "to_day", "2026-10-16", "to_time", "24:00",
		"reason", "老师临时来不了，很抱歉", "all", "next", "to:"+confirmed.PublicID, "", "to:"+pending.PublicID, "cancel")
	if !strings.Contains(got.location, "said=resettled&n=2") && !strings.Contains(got.location, "n=2&said=resettled") {
		t.Fatalf("away leads to %q\n%s", got.location, got.body)
	}
	if b := s.bookingOf("s06"); b.State != counselling.Cancelled || b.Reason != "老师临时来不了，很抱歉" {
		t.Errorf("s06 is %s %q, want cancelled with the sentence", b.State, b.Reason)
	}
	if b := s.bookingOf("s05"); b.State != counselling.Confirmed || b.Slot.StartsAt.Before(s.clock.Now().AddDate(0, 0, 4)) {
		t.Errorf("s05 is %s at %s, want confirmed after the absence", b.State, b.Slot.StartsAt)
	}
	has(t, s.shown(frontDesk, "/desk/counselling/unsettled"), "没有要安排的预约")
}

func TestTheCalendarIsEditedWithAPreview(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	at := "/desk/calendar?year=2026"
	body := s.shown(office, at)
	has(t, body, "校历 2026 年", "国庆节调休", "按周三上课、排班", "加一天")
	look := s.send(office, at, "/desk/calendar/look", "day", "2026-10-14", "kind", "holiday", "name", "校庆")
	if look.status != http.StatusOK {
		t.Fatalf("look = %d\n%s", look.status, look.body)
	}
	has(t, look.body, "撤下：10月14日（周三）", "有人约的由中心安排")
	hasNot(t, look.body, "许知遥", "程一诺")
	if got := s.send(office, at, "/desk/calendar", "day", "2026-10-14", "kind", "holiday", "name", "校庆"); got.status != http.StatusSeeOther {
		t.Fatalf("save = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(office, at), "校庆")
	s.as(student, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		slots, err := counselling.Slots(ctx, tx, who, "", tx.Now(), tx.Now().AddDate(0, 0, 7))
		for _, slot := range slots {
			if slot.StartsAt.In(tx.Zone()).Day() == 14 {
				t.Errorf("%s has an hour on the holiday", slot.Name)
			}
		}
		return err
	})
	file := s.upload(office, "/desk/calendar/file/look", "days.csv", []byte("日期,类型,名称,按周几上班\n2026-10-17,调休上班,校庆调休,周三\n"), "once", s.once(office, at))
	has(t, file.body, "共 1 天", "导入 1 天")
	wrong := s.upload(office, "/desk/calendar/file/look", "days.csv", []byte("日期,类型,名称\n2026-10-17,上班,校庆调休\n"), "once", s.once(office, at))
	has(t, wrong.body, "有 1 处要改", "请选这一天按周几上班")
	if got := s.get(fudaoyuan, at); got.status != http.StatusForbidden {
		t.Errorf("a 辅导员 opens the calendar: %d, want 403", got.status)
	}
	has(t, s.shown(frontDesk, at), "校历由学校的管理员或学工部门维护")
	if got := s.post(frontDesk, "/desk/calendar", values("once", s.token(frontDesk), "day", "2026-10-15", "kind", "holiday", "name", "校庆")); got.status != http.StatusForbidden {
		t.Errorf("the centre edits the calendar: %d, want 403", got.status)
	}
	s.as(office, func(ctx context.Context, tx *store.Tx, _ identity.Person) error {
		days, err := calendar.Year(ctx, tx, 2026)
		for _, d := range days {
			if d.Name == "校庆调休" {
				t.Error("a preview wrote the day")
			}
		}
		return err
	})
}

func TestNobodyElseSeesTheSchedulePages(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, path := range []string{s.scheduleOf("苏晴"), "/desk/counselling/hours/of/0000000000", "/desk/counselling/hours/away", "/desk/counselling/unsettled"} {
		for _, userid := range []string{admin, office, fudaoyuan, student} {
			if got := s.get(userid, path); got.status != http.StatusForbidden {
				t.Errorf("%s opens %s: %d, want 403", userid, path, got.status)
			}
		}
	}
}
