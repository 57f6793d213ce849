package desk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// openCase has somebody called for the student and returns the path of the case.
func (s *school) openCase(userid string) string {
	s.t.Helper()
	s.as(userid, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		return counselling.OpenCase(ctx, tx, who, counselling.SourceWords)
	})
	path := ""
	s.as(head, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		list, err := counselling.Cases(ctx, tx, who, counselling.Centres(who)[0])
		path = "/desk/counselling/cases/" + list[0].PublicID
		return err
	})
	return path
}

// Every page of care by every role: who has no business there reads 403 (D-10, T3).
func TestCare_pages_by_role(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.bookingOf("s05")
	kase := s.openCase("s02")
	for path, may := range map[string][]string{
		"/desk/counselling/cases":                 {counsellor, head, frontDesk},
		kase:                                      {counsellor, head},
		"/desk/counselling/cases/none":            {},
		"/desk/counselling/duty":                  {counsellor, head, frontDesk},
		"/desk/counselling/care":                  {head, frontDesk},
		"/desk/counselling/records/" + b.PublicID: {counsellor, head},
		"/desk/counselling/records/none":          {},
		"/desk/counselling/said":                  {counsellor, head},
		"/desk/counselling/disclosures":           {counsellor, head},
		"/desk/counselling/concerns":              {counsellor, head},
		"/desk/concerns":                          {fudaoyuan},
		"/desk/given/none":                        {},
	} {
		for _, userid := range []string{counsellor, head, frontDesk, admin, office, fudaoyuan, student} {
			want := http.StatusForbidden
			for _, m := range may {
				if m == userid {
					want = http.StatusOK
				}
			}
			if got := s.get(userid, path).status; got != want {
				t.Errorf("%s by %s = %d, want %d", path, userid, got, want)
			}
		}
	}
	if got := s.get("t02", "/desk/counselling/records/"+b.PublicID); got.status != http.StatusForbidden {
		t.Errorf("the record of another counsellor = %d", got.status)
	}
}

func TestCases_are_taken_and_closed_by_a_person(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	path := s.openCase("s02")
	has(t, s.shown(counsellor, path), "李", "我来联系", "等待联系")
	if got := s.send(counsellor, path, path+"/take"); got.status != http.StatusSeeOther {
		t.Fatalf("take = %d\n%s", got.status, got.body)
	}
	late := s.send(head, path, path+"/take")
	if late.status != http.StatusConflict {
		t.Errorf("another comes late = %d, want 409", late.status)
	}
	has(t, late.body, "苏晴老师已在")
	refused := s.send(counsellor, path, path+"/close", "outcome", "好")
	if refused.status != http.StatusUnprocessableEntity {
		t.Errorf("closed without a sentence = %d", refused.status)
	}
	if got := s.send(counsellor, path, path+"/close", "outcome", "已电话联系，本人平安。"); got.status != http.StatusSeeOther {
		t.Fatalf("close = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(head, path), "已办结", "已电话联系，本人平安。")
}

func TestDuty_is_edited_and_shows_its_gaps(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	page := "/desk/counselling/duty"
	hasNot(t, s.shown(frontDesk, page), "没有人值班。")
	hasNot(t, s.shown(counsellor, page), "夜里也会收到消息")
	got := s.send(frontDesk, page, page, "person", s.number(frontDesk), "from", "2026-10-14", "start", "22:00", "to", "2026-10-15", "end", "07:00", "position", "3", "weeks", "1")
	if got.status != http.StatusSeeOther {
		t.Fatalf("add = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(frontDesk, page), "第 3 位")
	wrong := s.send(frontDesk, page, page, "person", s.number(frontDesk), "from", "2026-10-14", "start", "22:00", "to", "2026-10-14", "end", "07:00", "position", "0", "weeks", "1")
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("ends before it begins = %d", wrong.status)
	}
	has(t, wrong.body, "1 最先联系", "一班 30 分钟到 31 天")
	if err := s.clock.MoveTo(s.clock.Now().AddDate(1, 2, 0)); err != nil { // the sample's roster ends
		t.Fatal(err)
	}
	has(t, s.shown(frontDesk, page), "没有人值班。这段时间的紧急联系会同时通知负责人和全体老师。")
	care := s.send(frontDesk, "/desk/counselling/care", "/desk/counselling/care", "intake", "on", "words", "ask", "escalate_minutes", "10", "review_days", "7")
	if care.status != http.StatusUnprocessableEntity {
		t.Errorf("switched on with a gap = %d", care.status)
	}
	has(t, care.body, "值班表还有空档")
}

func TestRecord_is_written_in_versions(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	b := s.bookingOf("s05")
	path := "/desk/counselling/records/" + b.PublicID
	if err := s.clock.MoveTo(b.Slot.StartsAt); err != nil {
		t.Fatal(err)
	}
	s.as(counsellor, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		_, err := counselling.Arrive(ctx, tx, who, b.PublicID)
		return err
	})
	for version, body := range map[string]string{"0": "第一次来，聊了宿舍的事。"} {
		if got := s.send(counsellor, path, path+"/note", "version", version, "body", body); got.status != http.StatusSeeOther {
			t.Fatalf("write = %d\n%s", got.status, got.body)
		}
	}
	old := s.send(counsellor, path, path+"/note", "version", "0", "body", "另一个窗口里的旧稿。")
	if old.status != http.StatusConflict || !strings.Contains(old.body, "另一个窗口里的旧稿。") {
		t.Errorf("an old draft = %d, and what was typed must stay", old.status)
	}
	has(t, s.shown(head, path), "聊了宿舍的事", "您可以阅读")
	has(t, s.shown(counsellor, "/desk/counselling?booking="+b.PublicID), path)
	hasNot(t, s.shown(frontDesk, "/desk/counselling?booking="+b.PublicID), path)
	refused := s.send(counsellor, path, path+"/referral", "place", "市立医院", "on", "2026-10-20")
	has(t, refused.body, "转介要先征得同学同意")
}

func TestDisclosure_goes_from_two_persons_to_a_third(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	page := "/desk/counselling/disclosures"
	got := s.send(counsellor, page, page, "student", "20241101", "recipient", s.number(fudaoyuan), "ground", "danger",
		"reason", "今晚联系不上，室友说情况不好，需要找到本人。", "field:identity", "on", "hours", "24")
	if got.status != http.StatusSeeOther {
		t.Fatalf("propose = %d\n%s", got.status, got.body)
	}
	hasNot(t, s.shown(counsellor, page), "同意披露")
	id := ""
	s.as(head, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		list, err := counselling.Disclosures(ctx, tx, who, counselling.Centres(who)[0])
		id = list[0].PublicID
		return err
	})
	if got := s.send(head, page, page+"/"+id+"/approve"); got.status != http.StatusSeeOther {
		t.Fatalf("approve = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(fudaoyuan, "/desk/"), "授权查看")
	body := s.shown(fudaoyuan, "/desk/given/"+id)
	has(t, body, "张晓雨", "20241101", "同学会看到")
	hasNot(t, body, "监护人", "预约前的回答")
	if got := s.get(office, "/desk/given/"+id); got.status != http.StatusForbidden {
		t.Errorf("another reads = %d", got.status)
	}
}

// number is the staff number of a person.
func (s *school) number(userid string) (n string) {
	s.t.Helper()
	s.as(userid, func(_ context.Context, _ *store.Tx, who identity.Person) error {
		n = who.Number
		return nil
	})
	return n
}

func TestConcern_comes_back_as_one_of_two_sentences(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	sent := s.send(fudaoyuan, "/desk/concerns", "/desk/concerns", "student", "20241101", "body", "最近两周常常缺课，宿舍同学说晚上睡不着。")
	if sent.status != http.StatusSeeOther {
		t.Fatalf("send = %d\n%s", sent.status, sent.body)
	}
	page := "/desk/counselling/concerns"
	has(t, s.shown(head, page), "常常缺课", "待回复")
	id := ""
	s.as(head, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		list, err := counselling.Concerns(ctx, tx, who, counselling.Centres(who)[0])
		id = list[0].PublicID
		return err
	})
	if got := s.send(head, page, page+"/"+id, "answer", "help", "help", "心理老师找"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("words that may not leave = %d", got.status)
	}
	if got := s.send(head, page, page+"/"+id, "answer", "contacted"); got.status != http.StatusSeeOther {
		t.Fatalf("answer = %d\n%s", got.status, got.body)
	}
	body := s.shown(fudaoyuan, "/desk/concerns")
	has(t, body, "已联系")
	hasNot(t, body, "预约中心")
}
