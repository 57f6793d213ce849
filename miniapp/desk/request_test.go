package desk_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func TestApplicationsAreForTheOfficeAndForWhoeverTheyArePutBefore(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	proof, subsidy := s.applied("s02", "proof"), s.applied("s01", "subsidy")
	people := []string{workOffice, fudaoyuan, "t15", office, "t12", counsellor, admin, student}
	for _, tt := range []struct{ path, seen string }{
		{"/desk/applications", "11111110"},
		{"/desk/applications?application=" + proof.PublicID, "10000000"},
		{"/desk/applications?application=" + subsidy.PublicID, "11000000"},
		{"/desk/applications?application=none", "00000000"},
		{"/desk/applications/of/all", "10011000"},
		{"/desk/applications/of/proof/export.xlsx", "10011000"},
		{"/desk/applications/" + proof.PublicID + "/certificate.pdf", "00000000"}, // there is none yet
		{"/desk/applications/" + proof.PublicID + "/files/none", "00000000"},
		{"/desk/papers", "10011000"},
		{"/desk/handout", "10011000"},
		{"/desk/payouts", "10011000"},
		{"/desk/payouts/none", "00000000"},
		{"/desk/asks", "10011000"},
		{"/desk/services", "10011000"},
		{"/desk/deputies", "11111110"},
	} {
		for i, userid := range people {
			got := s.get(userid, tt.path)
			if seen := got.status == http.StatusOK; seen != (tt.seen[i] == '1') {
				t.Errorf("GET %s as %s = %d", tt.path, userid, got.status)
			}
			if tt.seen[i] == '0' {
				hasNot(t, got.body, "李沐阳", "申请助学贷款")
			}
		}
	}
	hasNot(t, s.shown(office, "/desk/applications/of/all"), "李沐阳") // another office has its own queues only
	hasNot(t, s.shown(office, "/desk/papers?q=20241102"), "李沐阳")
	has(t, s.shown(workOffice, "/desk/applications"), "待我审核", "李沐阳", "收材料", "打印与发放")
	has(t, s.shown(fudaoyuan, "/desk/applications"), "张晓雨", "车票补贴")
	hasNot(t, s.shown(fudaoyuan, "/desk/applications"), "李沐阳", "收材料")
	hasNot(t, s.shown("t15", "/desk/applications"), "张晓雨")
}

func TestNobodyActsOnApplicationsOfAnotherOffice(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s02", "proof")
	for _, path := range []string{
		"/desk/applications/" + a.PublicID + "/approve", "/desk/applications/" + a.PublicID + "/receive", "/desk/applications/" + a.PublicID + "/extend",
		"/desk/applications/" + a.PublicID + "/print", "/desk/applications/" + a.PublicID + "/handover", "/desk/applications/" + a.PublicID + "/requeue",
		"/desk/applications/" + a.PublicID + "/revoke", "/desk/applications/" + a.PublicID + "/unknown", "/desk/applications/none/print",
		"/desk/papers/" + a.PublicID, "/desk/papers/" + a.PublicID + "/extend", "/desk/papers/window", "/desk/handout/" + a.PublicID, "/desk/payouts",
		"/desk/payouts/none/paid", "/desk/payouts/none/failed", "/desk/payouts/none/again", "/desk/asks/none", "/desk/deputies/none/end",
	} {
		for _, userid := range []string{office, fudaoyuan, counsellor, student} {
			got := s.post(userid, path, values("once", s.token(userid), "task", a.Review.Task, "material", "ticket", "until", "2026-10-20", "why", "出差",
				"reason", "出差", "card", "20241102", "service", "proof", "student", "20241102", "application", a.PublicID, "answer", "知道了"))
			if got.status != http.StatusForbidden {
				t.Errorf("POST %s as %s = %d, want 403\n%s", path, userid, got.status, got.body)
			}
		}
	}
	if got := s.application("s02", a.PublicID).State; got != request.Submitted {
		t.Errorf("the application is %s", got)
	}
}

func TestAfterADecisionTheNextApplicationOpens(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	first, second := s.applied("s02", "proof"), s.applied("s03", "proof")
	at, path := "/desk/applications?application="+first.PublicID, "/desk/applications/"+first.PublicID+"/approve"
	has(t, s.shown(workOffice, at), "李沐阳", "申请助学贷款", "这是最后一步", `name="next" value="`+second.PublicID+`"`)
	once := s.once(workOffice, at)
	form := values("once", once, "task", first.Review.Task, "next", second.PublicID, "opinion", "材料齐全")
	got := s.post(workOffice, path, form)
	if got.status != http.StatusSeeOther || got.location != "/desk/applications?application="+second.PublicID+"&said=application_approve" {
		t.Fatalf("approve = %d to %q\n%s", got.status, got.location, got.body)
	}
	has(t, s.shown(workOffice, got.location), "已通过，学生马上会收到通知。", "王思齐")
	if again := s.post(workOffice, path, form); again.location != got.location {
		t.Errorf("the same form again leads to %q", again.location)
	}
	late := s.post(workOffice, path, values("once", s.token(workOffice), "task", first.Review.Task))
	if late.status != http.StatusConflict {
		t.Errorf("a second decision = %d, want 409", late.status)
	}
	has(t, late.body, "您已在 10月12日（周一）09:00 处理过：已通过")
	if got := s.application("s02", first.PublicID).State; got != request.Approved {
		t.Errorf("the application is %s", got)
	}
}

func TestAReturnNeedsAReasonAndMarksWhatToMend(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s02", "proof")
	at, path := "/desk/applications?application="+a.PublicID, "/desk/applications/"+a.PublicID+"/return"
	got := s.send(workOffice, at, path, "task", a.Review.Task, "marked", "reason", "opinion", "写清用途")
	if got.status != http.StatusUnprocessableEntity {
		t.Fatalf("without a reason = %d, want 422", got.status)
	}
	has(t, got.body, "请选一个理由或写一句话", "写清用途</textarea>", `value="reason" checked`, `name="act" open`)
	got = s.send(workOffice, at, path, "task", a.Review.Task, "own", "原因再写细一点", "marked", "reason")
	if got.status != http.StatusSeeOther {
		t.Fatalf("return = %d\n%s", got.status, got.body)
	}
	r := s.application("s02", a.PublicID)
	if r.State != request.Returned || r.Review.Reason != "原因再写细一点" || r.Review.Opinion != "" {
		t.Errorf("returned: %s %q %q", r.State, r.Review.Reason, r.Review.Opinion)
	}
	if diff := cmp.Diff([]string{"reason"}, r.Review.Marked); diff != "" {
		t.Errorf("marked (-want +got):\n%s", diff)
	}
}

func TestABatchNamesWhatItCouldNotDecide(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	ready, lacking := s.applied("s02", "proof"), s.applied("s01", "subsidy")
	got := s.post(fudaoyuan, "/desk/applications/"+lacking.PublicID+"/approve", values("once", s.token(fudaoyuan), "task", lacking.Review.Task))
	if got.status != http.StatusSeeOther {
		t.Fatalf("first stage = %d\n%s", got.status, got.body)
	}
	lacking = s.application("s01", lacking.PublicID)
	const at, path = "/desk/applications", "/desk/applications/many"
	if got := s.send(workOffice, at, path, "act", "approve"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing chosen = %d, want 422", got.status)
	}
	if got := s.send(workOffice, at, path, "act", "reject", "task", ready.Review.Task); got.status != http.StatusUnprocessableEntity {
		t.Errorf("rejected without a reason = %d, want 422", got.status)
	}
	got = s.send(workOffice, at, path, "act", "approve", "task", ready.Review.Task, "task", lacking.Review.Task)
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.location, "/desk/applications/batches/") {
		t.Fatalf("batch = %d to %q\n%s", got.status, got.location, got.body)
	}
	has(t, s.shown(workOffice, got.location), "2 / 2", "没有办成的", "张晓雨", "还没有收到往返车票")
	if other := s.get(fudaoyuan, got.location); other.status != http.StatusForbidden {
		t.Errorf("another's batch = %d, want 403", other.status)
	}
	third := s.applied("s03", "proof")
	got = s.send(workOffice, at, path, "act", "return", "reason", "内容看不清", "task", third.Review.Task)
	has(t, s.shown(workOffice, got.location), "已处理 1 份")
}

func TestPapersAreTickedAtTheCounterAndLateOnesOnlyWithAReason(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s01", "subsidy")
	at, path := "/desk/papers?q=20241101", "/desk/papers/"+a.PublicID
	has(t, s.shown(workOffice, at), "张晓雨", "往返车票", "登记收到的材料")
	has(t, s.shown(workOffice, "/desk/papers?q="+a.Number), "张晓雨")
	has(t, s.shown(workOffice, "/desk/papers?q=29999999"), "没有找到")
	if got := s.send(workOffice, at, path, "q", "20241101"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing ticked = %d, want 422", got.status)
	}
	got := s.send(workOffice, at, path, "q", "20241101", "material", "ticket")
	has(t, s.shown(workOffice, got.location), "已登记收到的材料。", "必交的材料已收齐", "沈嘉木")
	if len(s.application("s01", a.PublicID).Missing()) > 0 {
		t.Error("the ticket is still missing")
	}

	got = s.send(workOffice, at, "/desk/applications/"+a.PublicID+"/unreceive", "material", "ticket")
	if got.status != http.StatusSeeOther {
		t.Fatalf("take the tick off = %d\n%s", got.status, got.body)
	}
	for _, tt := range []struct{ name, until, why, says string }{
		{"without a day", "", "住院", "请选一天"},
		{"without a reason", "2026-10-30", "", "写明为什么延长"},
		{"in the past", "2026-10-01", "住院", "新的期限要在现在之后"},
	} {
		got := s.send(workOffice, at, path+"/extend", "q", "20241101", "until", tt.until, "why", tt.why)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s = %d, want 422", tt.name, got.status)
		}
		has(t, got.body, tt.says)
	}
	got = s.send(workOffice, at, path+"/extend", "q", "20241101", "until", "2026-10-30", "why", "住院", "material", "ticket")
	if got.status != http.StatusSeeOther {
		t.Fatalf("extend = %d\n%s", got.status, got.body)
	}
	if a = s.application("s01", a.PublicID); len(a.Missing()) > 0 || a.Due.In(storetest.Shanghai()).Day() != 31 {
		t.Errorf("after the extension: due %s, missing %v", a.Due, a.Missing())
	}
	got = s.send(workOffice, "/desk/papers", "/desk/papers/window", "service", "subsidy", "student", "nobody", "until", "2026-10-30", "reason", "住院")
	has(t, got.body, "没有找到这个学号")
	got = s.send(workOffice, "/desk/papers", "/desk/papers/window", "service", "subsidy", "student", "20241103", "until", "2026-10-30", "reason", "住院")
	has(t, s.shown(workOffice, got.location), "已为这位同学延长")
}

func TestWhatWasPrintedIsHandedOnlyToItsStudent(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s02", "proof")
	s.post(workOffice, "/desk/applications/"+a.PublicID+"/approve", values("once", s.token(workOffice), "task", a.Review.Task))
	has(t, s.shown(workOffice, "/desk/handout"), "李沐阳", "待打印")
	got := s.send(workOffice, "/desk/handout", "/desk/applications/print", "of", "all", "print", a.PublicID)
	has(t, s.shown(workOffice, got.location), "已登记 1 份", "打印这 1 张证明")
	prints, _, _ := strings.Cut(got.location, "?")
	if all := s.get(workOffice, prints+"/certificates.pdf"); all.status != http.StatusOK || !strings.HasPrefix(all.body, "%PDF-") {
		t.Errorf("the stack of certificates: %d", all.status)
	}
	if all := s.get("t14", prints+"/certificates.pdf"); all.status != http.StatusForbidden {
		t.Errorf("somebody else takes the stack: %d", all.status)
	}
	pdf := s.get(workOffice, "/desk/applications/"+a.PublicID+"/certificate.pdf")
	if pdf.status != http.StatusOK || !strings.HasPrefix(pdf.body, "%PDF-") {
		t.Errorf("certificate = %d, %d bytes", pdf.status, len(pdf.body))
	}
	has(t, s.shown(workOffice, "/desk/handout?card=20241103"), "没有等领取的")
	wrong := s.post(workOffice, "/desk/handout/"+a.PublicID, values("once", s.token(workOffice), "card", "20241103"))
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("another student's card = %d, want 422", wrong.status)
	}
	has(t, wrong.body, "和这张学生证不一致，不能发放")
	has(t, s.shown(workOffice, "/desk/handout?card=20241102"), "李沐阳", "已交给本人")
	got = s.send(workOffice, "/desk/handout?card=20241102", "/desk/handout/"+a.PublicID, "card", "20241102")
	has(t, s.shown(workOffice, got.location), "已发放", "没有等领取的")
	if got := s.application("s02", a.PublicID).State; got != request.Collected {
		t.Errorf("the application is %s", got)
	}
	got = s.send(workOffice, "/desk/applications?application="+a.PublicID, "/desk/applications/"+a.PublicID+"/revoke", "why", "信息有误")
	if got.status != http.StatusSeeOther || s.application("s02", a.PublicID).State != request.Revoked {
		t.Errorf("revoke = %d\n%s", got.status, got.body)
	}
}

func TestAPayoutListIsExactAndWhatFailedIsPaidAgain(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	var ids []string
	for _, userid := range []string{"s01", "s02"} {
		a := s.applied(userid, "subsidy")
		ids = append(ids, a.PublicID)
		s.post(workOffice, "/desk/papers/"+a.PublicID, values("once", s.token(workOffice), "material", "ticket"))
		for _, decider := range []string{fudaoyuan, workOffice} {
			got := s.post(decider, "/desk/applications/"+a.PublicID+"/approve", values("once", s.token(decider), "task", s.application(userid, a.PublicID).Review.Task))
			if got.status != http.StatusSeeOther {
				t.Fatalf("approve by %s = %d\n%s", decider, got.status, got.body)
			}
		}
	}
	has(t, s.shown(workOffice, "/desk/payouts"), "车票补贴", "2 笔")
	built := s.send(workOffice, "/desk/payouts", "/desk/payouts", "service", "subsidy")
	if built.status != http.StatusSeeOther {
		t.Fatalf("build = %d\n%s", built.status, built.body)
	}
	list, _, _ := strings.Cut(built.location, "?")
	has(t, s.shown(workOffice, built.location), "名单已建好", "257.00", "收款卡尾号")
	table, err := sheet.Read(bytes.NewReader([]byte(s.shown(workOffice, list+"/list.xlsx"))))
	if err != nil {
		t.Fatal(err)
	}
	last := table.Rows[len(table.Rows)-1].Cells
	if !slices.Contains(last, "257.00") || last[0] != "合计" {
		t.Errorf("last row %v", last)
	}
	if got := s.send(workOffice, list, list+"/failed", "application", ids[0], "reason", ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("failed without a reason = %d, want 422", got.status)
	}
	s.send(workOffice, list, list+"/failed", "application", ids[0], "reason", "卡号已注销")
	got := s.send(workOffice, list, list+"/paid")
	has(t, s.shown(workOffice, got.location), "已登记 1 笔放款", "卡号已注销", "放回待放款")
	if a, b := s.application("s01", ids[0]).State, s.application("s02", ids[1]).State; a != request.PayFailed || b != request.Paid {
		t.Errorf("states %s and %s", a, b)
	}
	s.send(workOffice, list, list+"/again", "application", ids[0])
	built = s.send(workOffice, "/desk/payouts", "/desk/payouts", "service", "subsidy")
	has(t, s.shown(workOffice, built.location), "128.50", "张晓雨")
	if got := s.send(workOffice, "/desk/payouts", "/desk/payouts", "service", "subsidy"); got.status != http.StatusConflict {
		t.Errorf("a list of nothing = %d, want 409", got.status)
	}
}

func TestAQueueIsSearchedFilteredAndExported(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s02", "proof")
	s.applied("s01", "subsidy")
	const queue = "/desk/applications/of/proof"
	has(t, s.shown(workOffice, queue), "奖助证明", "李沐阳", "待审核", "导出")
	for _, q := range []string{"李沐", "20241102", a.Number} {
		has(t, s.shown(workOffice, queue+"?q="+q), "李沐阳")
	}
	has(t, s.shown(workOffice, queue+"?q=没有"), "没有找到")
	hasNot(t, s.shown(workOffice, queue+"?state=approved"), "李沐阳")
	if got := s.get(workOffice, queue+"?after=nonsense"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a broken page address = %d", got.status)
	}
	table, err := sheet.Read(bytes.NewReader([]byte(s.shown(workOffice, queue+"/export.xlsx"))))
	if err != nil {
		t.Fatal(err)
	}
	if i := table.Column("办理原因"); i < 0 || len(table.Rows) != 1 || table.Rows[0].Cells[i] != "申请助学贷款" {
		t.Errorf("exported %v", table)
	}
	if s.auditRows("application.export") != 1 {
		t.Error("the export left no trace")
	}
	if got := s.get(workOffice, "/desk/applications/"+a.PublicID); got.location != "/desk/applications?application="+a.PublicID {
		t.Errorf("a card leads to %q", got.location)
	}
}

func TestADeputyDecidesWhileTheDatesSaySo(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	a := s.applied("s02", "proof")
	const page = "/desk/deputies"
	for _, tt := range []struct{ name, deputy, from, to, says string }{
		{"nobody", "X", "2026-10-12", "2026-10-19", "没有找到这个工号"},
		{"a student", "20241103", "2026-10-12", "2026-10-19", "没有找到这个工号"},
		{"no day", s.number(counsellor), "2026-10-12", "", "请选一天"},
		{"backwards", s.number(counsellor), "2026-10-19", "2026-10-12", "结束时间要晚于开始时间"},
	} {
		got := s.send(workOffice, page, page, "deputy", tt.deputy, "from", tt.from, "to", tt.to)
		has(t, got.body, tt.says)
	}
	got := s.send(workOffice, page, page, "deputy", s.number(counsellor), "from", "2026-10-12", "to", "2026-10-19")
	has(t, s.shown(workOffice, got.location), "已设好", "沈嘉木", "苏晴", "10月19日（周一）24:00")
	has(t, s.shown(counsellor, "/desk/applications?application="+a.PublicID), "李沐阳", "通过")
	s.post(counsellor, "/desk/applications/"+a.PublicID+"/approve", values("once", s.token(counsellor), "task", a.Review.Task))
	has(t, s.shown(workOffice, "/desk/applications?application="+a.PublicID), "苏晴（代沈嘉木）")
	if err := s.clock.MoveTo(s.clock.Now().Add(8 * 24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	b := s.applied("s03", "proof")
	if got := s.get(counsellor, "/desk/applications?application="+b.PublicID); got.status != http.StatusForbidden {
		t.Errorf("after the last day = %d, want 403", got.status)
	}
}

func TestHomeListsWhatWaitsForTheDecision(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.offer()
	proof, subsidy := s.applied("s02", "proof"), s.applied("s01", "subsidy")
	has(t, s.shown(workOffice, "/desk/"), "李沐阳", "/desk/applications?application="+proof.PublicID)
	has(t, s.shown(fudaoyuan, "/desk/"), "张晓雨", "/desk/applications?application="+subsidy.PublicID)
	hasNot(t, s.shown(fudaoyuan, "/desk/"), "李沐阳")
	hasNot(t, s.shown(office, "/desk/"), "张晓雨", "李沐阳")
	s.asks("s02", proof.PublicID, "什么时候能好")
	has(t, s.shown(workOffice, "/desk/"), "其他待办", "1 件")
}
