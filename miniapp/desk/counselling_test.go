package desk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func (s *school) auditRows(verb string) (n int) {
	s.t.Helper()
	storetest.Update(s.t, s.db, func(tx *store.Tx) error {
		return tx.GetContext(s.t.Context(), &n, `select count(*) from audit where verb = $1`, verb)
	})
	return n
}

func TestDay(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.pending()
	body := s.shown(frontDesk, "/desk/counselling?booking="+b.PublicID)
	has(t, body, "待确认", "程一诺", "20241106", "文学院", "苏晴", "致远楼 305", "确认这个预约", "婉拒这个预约", "这个时间老师临时有安排")
	if s.auditRows("booking.list") == 0 || s.auditRows("booking.read") == 0 {
		t.Error("reading the list and the booking leaves no trace")
	}
	hasNot(t, s.shown(frontDesk, "/desk/counselling?q=没有这个人"), "程一诺")
	has(t, s.shown(frontDesk, "/desk/counselling?q=程一"), "程一诺")
	has(t, s.shown(frontDesk, "/desk/counselling?date=2026-10-14"), "10月14日（周三）", "许知遥") // the confirmed hour of s05
	has(t, s.shown(frontDesk, "/desk/counselling?date=nonsense"), "10月12日（周一）")
	if got := s.get(frontDesk, "/desk/counselling?booking=none"); got.status != http.StatusForbidden {
		t.Errorf("a booking that is not there: %d", got.status)
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id := s.pending().PublicID
	at, path := "/desk/counselling?booking="+id, "/desk/counselling/bookings/"+id+"/confirm"
	once := s.once(frontDesk, at)
	first := s.post(frontDesk, path, values("once", once, "date", "2026-10-12"))
	if first.status != http.StatusSeeOther || !strings.Contains(first.location, "said=confirm") {
		t.Fatalf("confirm = %d to %q\n%s", first.status, first.location, first.body)
	}
	has(t, s.shown(frontDesk, first.location), "已确认，学生马上会收到通知。")
	second := s.post(frontDesk, path, values("once", once, "date", "2026-10-12"))
	if second.status != http.StatusSeeOther || second.location != first.location {
		t.Errorf("the same form again = %d to %q, want the result page", second.status, second.location)
	}
	if n := s.auditRows("booking.confirmed"); n != 2 { // the sample school has one of its own
		t.Errorf("%d confirmations in the audit log, want 2", n)
	}
	late := s.send(counsellor, at, path)
	if late.status != http.StatusConflict {
		t.Errorf("a later decision = %d, want 409", late.status)
	}
	has(t, late.body, "方小满老师已在 10月12日（周一）09:00 处理：已确认，不用再处理。")
	if got := s.pending().State; got != counselling.Confirmed {
		t.Errorf("state = %s", got)
	}
	if got := s.post(frontDesk, path, values("date", "2026-10-12")); got.status != http.StatusConflict {
		t.Errorf("a form without a token = %d, want 409", got.status)
	}
	stolen := s.once(counsellor, "/desk/counselling/hours")
	if got := s.post(frontDesk, path, values("once", stolen)); got.status != http.StatusConflict {
		t.Errorf("a form with another's token = %d, want 409", got.status)
	}
}

func TestReject(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id := s.pending().PublicID
	at, path := "/desk/counselling?booking="+id, "/desk/counselling/bookings/"+id+"/reject"
	for _, tt := range []struct{ name, reason, own, says string }{
		{"without_a_reason", "", "", "请选一个理由或写一句话"},
		{"own_words_that_may_not_leave", "", "心理老师请假", `value="心理老师请假"`},
		{"too_long", "", strings.Repeat("长", 61), "理由最多 60 个字"},
	} {
		got := s.send(frontDesk, at, path, "reason", tt.reason, "own", tt.own)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", tt.name, got.status)
		}
		has(t, got.body, tt.says, `name="act" open`) // the form stands open
	}
	if got := s.send(frontDesk, at, path, "reason", counselling.Defaults().Reasons[1], "own", "老师周三外出，周四可以"); got.status != http.StatusSeeOther {
		t.Fatalf("reject = %d\n%s", got.status, got.body)
	}
	if b := s.pending(); b.State != counselling.Rejected || b.Reason != "老师周三外出，周四可以" {
		t.Errorf("booking = %s %q, own words count", b.State, b.Reason)
	}
}

func TestConfirmMany(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	a, b, c := s.pending(), s.book("s02", "叶知秋", ""), s.book("s03", "叶知秋", "")
	at, path := "/desk/counselling", "/desk/counselling/confirm"
	if got := s.send(frontDesk, at, path); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing chosen = %d, want 422", got.status)
	}
	got := s.send(frontDesk, at, path, "booking", a.PublicID, "booking", b.PublicID, "booking", a.PublicID)
	if got.status != http.StatusSeeOther {
		t.Fatalf("confirm two = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(frontDesk, got.location), "已确认 2 条预约")
	got = s.send(frontDesk, at, path, "booking", b.PublicID, "booking", c.PublicID)
	if got.status != http.StatusConflict {
		t.Errorf("one decided before = %d, want 409", got.status)
	}
	has(t, got.body, "确认了 1 条，1 条没有动", "方小满老师已在")
	for _, userid := range []string{"s02", "s03", "s06"} {
		if state := s.bookingOf(userid).State; state != counselling.Confirmed {
			t.Errorf("%s: %s", userid, state)
		}
	}
	mixed := s.post(frontDesk, path, values("once", s.token(frontDesk), "booking", c.PublicID, "booking", "none"))
	if mixed.status != http.StatusForbidden {
		t.Errorf("one that is not there = %d, want 403", mixed.status)
	}
}

func TestArriveAndMiss(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.bookingOf("s05") // confirmed
	at, path := "/desk/counselling?booking="+b.PublicID, "/desk/counselling/bookings/"+b.PublicID
	has(t, s.shown(counsellor, at), "开始前一小时起可以登记到访")
	early := s.send(counsellor, at, path+"/arrive")
	if early.status != http.StatusConflict {
		t.Errorf("two days early = %d, want 409", early.status)
	}
	has(t, early.body, "还没到预约的时间")
	if err := s.clock.MoveTo(b.Slot.StartsAt.Add(-30 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	page := s.shown(counsellor, at)
	has(t, page, "已经来了")
	hasNot(t, page, "登记未到")
	if got := s.send(counsellor, at, path+"/miss"); got.status != http.StatusConflict {
		t.Errorf("missed before the start = %d, want 409", got.status)
	}
	if got := s.send(counsellor, at, path+"/arrive"); got.status != http.StatusSeeOther {
		t.Errorf("arrive = %d", got.status)
	}
	if got := s.bookingOf("s05").State; got != counselling.Arrived {
		t.Errorf("state = %s", got)
	}
	has(t, s.shown(counsellor, at), "这条预约已到访，不用再处理。")
}

func TestCancelAtTheDesk(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.bookingOf("s05")
	at, path := "/desk/counselling?booking="+b.PublicID, "/desk/counselling/bookings/"+b.PublicID+"/cancel"
	empty := s.send(frontDesk, at, path)
	if empty.status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason = %d, want 422", empty.status)
	}
	has(t, empty.body, "请写一句 60 字以内的理由")
	if got := s.send(frontDesk, at, path, "reason", "老师临时外出"); got.status != http.StatusSeeOther {
		t.Errorf("cancel = %d", got.status)
	}
	if b = s.bookingOf("s05"); b.State != counselling.Cancelled || b.Reason != "老师临时外出" {
		t.Errorf("booking = %s %q", b.State, b.Reason)
	}
}

func TestPastItsDeadlineNothingIsOffered(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.pending()
	if err := s.clock.MoveTo(b.HeldUntil); err != nil {
		t.Fatal(err)
	}
	at := "/desk/counselling?booking=" + b.PublicID
	body := s.shown(frontDesk, at)
	has(t, body, "已过时限", "已过确认时限")
	hasNot(t, body, "确认这个预约")
	got := s.post(frontDesk, "/desk/counselling/bookings/"+b.PublicID+"/confirm", values("once", s.token(frontDesk)))
	if got.status != http.StatusConflict {
		t.Errorf("confirm = %d, want 409", got.status)
	}
	has(t, got.body, "已过确认时限，名额已放出")
}

// slotsOn are the hours of a day, closed ones too.
func (s *school) slotsOn(day string) (slots []counselling.Slot) {
	s.t.Helper()
	from, err := time.ParseInLocation(time.DateOnly, day, storetest.Shanghai())
	if err != nil {
		s.t.Fatal(err)
	}
	s.as(head, func(ctx context.Context, tx *store.Tx, who identity.Person) (err error) {
		slots, err = counselling.Hours(ctx, tx, who, counselling.Centres(who)[0], from, from.AddDate(0, 0, 1))
		return err
	})
	return slots
}

func TestHours(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	at := "/desk/counselling/hours"
	has(t, s.shown(frontDesk, at+"?week=2026-10-15"), "周一 10月12日", "周日 10月18日", "苏晴", "许明朗")
	su := s.slotsOn("2026-10-14")[0]
	if su.Name != "苏晴" {
		t.Fatalf("the first hour is of %s", su.Name)
	}
	t.Run("fields_keep_what_was_typed", func(t *testing.T) {
		got := s.send(frontDesk, at, at, "counsellor", su.Counsellor, "date", "2026-10-17", "start", "25:00", "end", "15:50", "capacity", "两个", "place", "三号楼", "weeks", "1")
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("= %d, want 422", got.status)
		}
		has(t, got.body, "时间写成 15:00 这样。", `value="25:00"`, `value="两个"`, `value="三号楼"`)
		got = s.send(frontDesk, at, at, "counsellor", su.Counsellor, "date", "2026-10-17", "start", "15:00", "end", "15:50", "capacity", "两个", "place", "心理中心", "weeks", "99")
		has(t, got.body, "名额填 1 到 50。", "重复填 1 到 20 周。", "地点会出现在推送里", `value="心理中心"`)
	})
	t.Run("opened_for_three_weeks_and_once_for_a_double_press", func(t *testing.T) {
		form := values("once", s.once(frontDesk, at), "counsellor", su.Counsellor, "date", "2026-10-17", "start", "15:00", "end", "15:50", "capacity", "2", "place", "", "weeks", "3")
		first, second := s.post(frontDesk, at, form), s.post(frontDesk, at, form)
		if first.status != http.StatusSeeOther || second.status != http.StatusSeeOther {
			t.Fatalf("= %d, %d", first.status, second.status)
		}
		has(t, s.shown(frontDesk, first.location), "已开放 3 个时间。")
		slots := s.slotsOn("2026-10-31")
		if len(slots) != 1 || slots[0].Capacity != 2 || slots[0].Place != su.Place {
			t.Errorf("the third week has %+v", slots)
		}
	})
	t.Run("what_overlaps_is_said", func(t *testing.T) {
		got := s.send(frontDesk, at, at, "counsellor", su.Counsellor, "date", "2026-10-17", "start", "15:20", "end", "16:00", "capacity", "1", "weeks", "1")
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("= %d, want 422", got.status)
		}
		has(t, got.body, "这些时间已经有安排")
	})
	t.Run("closing_names_who_stays", func(t *testing.T) {
		booked := s.pending().Slot
		open := at + "?week=2026-10-14&hour=" + booked.PublicID
		has(t, s.shown(frontDesk, open), "已有 1 个预约会留着", "关闭，保留 1 个预约")
		got := s.send(frontDesk, open, at+"/"+booked.PublicID+"/close", "week", "2026-10-12")
		if got.status != http.StatusSeeOther {
			t.Fatalf("close = %d", got.status)
		}
		has(t, s.shown(frontDesk, got.location), "还有 1 个预约留在这个时间", "已关闭")
		if state := s.pending().State; state != counselling.Pending {
			t.Errorf("the booking is %s", state)
		}
	})
	t.Run("a_counsellor_opens_and_closes_only_their_own", func(t *testing.T) {
		other := s.slotsOn("2026-10-15")
		for _, slot := range other {
			want := http.StatusForbidden
			if slot.Name == "苏晴" {
				want = http.StatusSeeOther
			}
			got := s.post(counsellor, at+"/"+slot.PublicID+"/close", values("once", s.token(counsellor)))
			if got.status != want {
				t.Errorf("closing an hour of %s = %d, want %d", slot.Name, got.status, want)
			}
		}
	})
}

func TestCounsellorIsEdited(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	var number string
	s.as(counsellor, func(_ context.Context, _ *store.Tx, who identity.Person) error { number = who.Number; return nil })
	at := "/desk/counselling/counsellors"
	open := at + "?counsellor=" + number
	has(t, s.shown(head, open), "听你慢慢说", `value="适应、情绪、睡眠"`)
	hasNot(t, s.shown(counsellor, open), `name="intro"`)
	wrong := s.send(head, open, at, "person", number, "intro", "短", "topics", "适应", "campus", "east", "place", "心理楼", "position", "x", "active", "on")
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("= %d, want 422", wrong.status)
	}
	has(t, wrong.body, "排序填 0 到 999", `>短</textarea>`, `value="心理楼"`)
	if got := s.send(head, open, at, "person", number, "intro", "喜欢在湖边走走再聊。", "topics", "适应、人际", "campus", "west", "place", "明德楼 101", "position", "7"); got.status != http.StatusSeeOther {
		t.Fatalf("save = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(head, open), "喜欢在湖边走走再聊。", "适应、人际", "明德楼 101", `value="7"`, "暂不接待")
	if got := s.send(head, open, at, "person", "none", "intro", "喜欢在湖边走走再聊。", "place", "明德楼 101", "campus", "west", "position", "1"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("somebody without the role = %d, want 422", got.status)
	}
}

func TestSettingsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	at := "/desk/counselling/settings"
	fill := func(hold, eve, reasons string) []string {
		return []string{
			"name", "成长中心", "hold_hours", hold, "hold_before", "120", "lead_minutes", "150", "horizon_days", "28", "cancel_minutes", "120",
			"eve_at", eve, "digest_at", "07:41", "before_minutes", "60", "quiet_from", "22:30", "quiet_to", "07:00", "contact", "前台", "reasons", reasons,
			"late_minutes", "15", "correct_days", "2", "term_limit", "6", "term_starts", "02-24\r\n08-30", "strike_limit", "3", "pause_days", "14", "keep_reasons", "请先来电",
			"offer_minutes", "20", "wait_days", "10",
		}
	}
	wrong := s.send(head, at, at, fill("很久", "八点", "心理老师请假")...)
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("= %d, want 422", wrong.status)
	}
	has(t, wrong.body, "保留时长填 1 到 168 小时。", `value="很久"`, "时间写成 19:52 这样。", `value="八点"`, ">心理老师请假</textarea>")
	if got := s.send(head, at, at, fill("12", "18:40", "老师外出\r\n\r\n请先来电\r\n")...); got.status != http.StatusSeeOther {
		t.Fatalf("save = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(head, at), `value="12"`, `value="18:40"`, `value="6"`, `value="20"`, `value="10"`, "02-24\n08-30</textarea>", "老师外出\n请先来电</textarea>")
	has(t, s.shown(frontDesk, "/desk/counselling?booking="+s.pending().PublicID), `value="老师外出"`)
}

func TestNoticeIsPublished(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	at := "/desk/counselling/notice"
	has(t, s.shown(head, at), "第 1 版", "都要把新版读到最后再确认一次")
	short := s.send(head, at, at, "body", "太短了")
	if short.status != http.StatusUnprocessableEntity {
		t.Errorf("= %d, want 422", short.status)
	}
	has(t, short.body, "须知写 50 到 5000 个字。", ">太短了</textarea>")
	text := strings.Repeat("请提前五分钟到，来不了请先取消，把时间留给别的同学。", 3)
	got := s.send(head, at, at, "body", text)
	if got.status != http.StatusSeeOther {
		t.Fatalf("publish = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(head, got.location), "第 2 版", "所有人下次预约前会再读一遍")
	again := s.send(head, at, at, "body", text)
	has(t, s.shown(head, again.location), "内容没有变化", "第 2 版")
}
