package desk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
)

func TestTheSumIsCutByTheReviewerExactlyAndWithAReason(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s01", "subsidy")
	at, path := "/desk/applications?application="+a.PublicID, "/desk/applications/"+a.PublicID+"/approve"
	has(t, s.shown(fudaoyuan, at), "核定金额（元），不写就是 128.50", "最多 128.50")
	for _, tt := range []struct{ amount, why, says string }{
		{"12.345", "票面不清", "金额写到分就够了"},
		{"-1", "票面不清", "金额写到分就够了"},
		{"1e3", "票面不清", "金额写到分就够了"},
		{"12,3", "票面不清", "金额写到分就够了"},
		{"0", "票面不清", "金额写到分就够了"},
		{"128.51", "票面不清", "最多 128.50 元，不能超过学生申请的金额。"},
		{"100", "", "写明为什么改金额"},
	} {
		got := s.send(fudaoyuan, at, path, "task", a.Review.Task, "amount", tt.amount, "own", tt.why)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%q because %q = %d, want 422", tt.amount, tt.why, got.status)
		}
		has(t, got.body, tt.says, `name="amount" value="`+tt.amount+`"`)
	}
	if got := s.send(fudaoyuan, at, path, "task", a.Review.Task, "amount", "100.05", "own", "第二张票不在范围"); got.status != http.StatusSeeOther {
		t.Fatalf("granted = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(workOffice, at), "100.05 元", "（申请 128.50 元）", "核定金额", "第二张票不在范围")
	if a = s.application("s01", a.PublicID); a.Amount != 100_05 || a.Applied != 128_50 {
		t.Errorf("granted %d of %d", a.Amount, a.Applied)
	}
}

func TestANoteIsReadByTheStaffOfTheApplicationAlone(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s01", "subsidy")
	at, path := "/desk/applications?application="+a.PublicID, "/desk/applications/"+a.PublicID+"/note"
	has(t, s.shown(fudaoyuan, at), "内部备注", "学生看不到")
	if got := s.send(fudaoyuan, at, path, "note", " "); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "备注写 1 到 500 个字") {
		t.Errorf("an empty note = %d\n%s", got.status, got.body)
	}
	got := s.send(fudaoyuan, at, path, "note", "去年也交过同一张车票")
	has(t, s.shown(fudaoyuan, got.location), "已记下，只有经办的老师能看。", "去年也交过同一张车票")
	has(t, s.shown(workOffice, at), "去年也交过同一张车票")
	for _, userid := range []string{office, "t15", admin, student} {
		if got := s.post(userid, path, values("once", s.token(userid), "note", "看看")); got.status != http.StatusForbidden {
			t.Errorf("a note by %s = %d, want 403", userid, got.status)
		}
	}
}

func TestAQuestionIsAnsweredWhereTheApplicationIsDecided(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s01", "subsidy")
	k := s.asks("s01", a.PublicID, "回程车票丢了怎么办")
	at, path := "/desk/applications?application="+a.PublicID, "/desk/applications/"+a.PublicID+"/answer"
	has(t, s.shown(fudaoyuan, at), "学生提问", "回程车票丢了怎么办")
	if got := s.send(fudaoyuan, at, path, "ask", k, "answer", ""); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "回复写 2 到 300 个字") {
		t.Errorf("an empty answer = %d\n%s", got.status, got.body)
	}
	got := s.send(fudaoyuan, at, path, "ask", k, "answer", "用订单截图。")
	has(t, s.shown(fudaoyuan, got.location), "已回复，学生马上会收到。")
	hasNot(t, s.shown(fudaoyuan, at), "回复，学生会看到")
	if asks := s.application("s01", a.PublicID).Asks; len(asks) != 1 || asks[0].Answer != "用订单截图。" {
		t.Errorf("the student reads %v", asks)
	}
}

func TestOnePictureIsMarkedToBeTakenAgain(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s01", "subsidy")
	scans := a.Answers["scan"].List
	mark := request.Picture("scan", scans[1])
	at, path := "/desk/applications?application="+a.PublicID, "/desk/applications/"+a.PublicID+"/return"
	has(t, s.shown(fudaoyuan, at), `name="marked" value="`+mark+`"`)
	got := s.send(fudaoyuan, at, path, "task", a.Review.Task, "marked", mark)
	has(t, got.body, `name="marked" value="`+mark+`" checked`, "请选一个理由或写一句话")
	if got = s.send(fudaoyuan, at, path, "task", a.Review.Task, "reason", "内容看不清", "marked", mark); got.status != http.StatusSeeOther {
		t.Fatalf("returned = %d\n%s", got.status, got.body)
	}
	if labels := s.application("s01", a.PublicID).MarkedLabels(); len(labels) != 1 || labels[0] != "车票扫描第 2 张" {
		t.Errorf("the student reads %v", labels)
	}
}

func TestTheServicePageSaysWhichStageNobodyHolds(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	const note = "现在没有人担任，请管理员授予角色"
	s.ship()
	hasNot(t, s.shown(workOffice, "/desk/services?service=internship-subsidy"), note)
	s.as(admin, func(ctx context.Context, tx *store.Tx, _ identity.Person) error {
		_, err := tx.ExecContext(ctx, `update role set valid_to = $1 where name = 'office_head'`, tx.Now())
		return err
	})
	page := s.shown(workOffice, "/desk/services?service=internship-subsidy")
	has(t, page, note, "不能是前面环节通过的人")
	if strings.Count(page, note) != 1 {
		t.Error("other stages say so too")
	}
}

func TestOfWhatCameBackTheChangesStandFirst(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s02", "proof")
	at := "/desk/applications?application=" + a.PublicID
	hasNot(t, s.shown(workOffice, at), "改过的内容")
	s.send(workOffice, at, "/desk/applications/"+a.PublicID+"/return", "task", a.Review.Task, "reason", "原因不明确")
	s.as("s02", func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		_, err := s.requests.Resubmit(ctx, tx, who, a.PublicID, form.Input{"reason": {"申请校外奖学金"}, "note": {"两份"}})
		return err
	})
	page := s.shown(workOffice, at)
	has(t, page, "改过的内容", "申请校外奖学金", "改过，原来是：申请助学贷款", "改过，原来是：空")
	hasNot(t, page, "填写的内容")
}
