package card_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/wecom"
)

func applicationFacts() request.Facts {
	return request.Facts{
		Application: "a1", Number: "SX2026-0007", Title: "暑期实习补贴", Student: "张同学", College: "文学院", Amount: "690.00",
		Rows: [][2]string{{"实习单位", "明理书店"}, {"实习天数", "23 天"}}, Missing: []string{"来回车票原件", "实习证明原件"}, SubmittedAt: at(12, 10, 0), At: at(12, 10, 0),
	}
}

func reviewCard() approval.Card {
	return approval.Card{
		Task: "k1", Subject: "a1", Stage: "辅导员初审", MayReturn: true, MayReject: true, Due: at(15, 10, 0),
		Reasons: []string{"车票照片看不清，请重拍", "实习证明没有公章或日期"},
	}
}

// reviewed is the card after somebody acted.
func reviewed(action approval.Action, by, principal, reason string) approval.Card {
	c := reviewCard()
	c.Action, c.By, c.For, c.Reason, c.At = action, by, principal, reason, at(12, 16, 20)
	return c
}

func myApplication(s request.State) request.Application {
	a := request.Application{
		PublicID: "a1", Number: "SX2026-0007", State: s, Due: at(23, 0, 0),
		Service: service.Version{Definition: service.Definition{Code: "internship-subsidy", Chat: "暑期实习补贴"}},
		Materials: []request.Material{
			{Code: "tickets", Name: "来回车票原件", Required: true},
			{Code: "proof", Name: "实习证明原件", Required: true, ReceivedAt: at(13, 9, 0)},
		},
	}
	if s == request.Draft {
		a.Number, a.Materials, a.Due = "", nil, time.Time{}
	}
	return a
}

func TestGolden_applications(t *testing.T) {
	t.Parallel()
	m := maker()
	late, again, manual := reviewCard(), applicationFacts(), applicationFacts()
	late.Late = true
	again.Again, again.Missing = true, nil
	manual.Manual, manual.Amount, manual.Missing = true, "", nil
	less := applicationFacts()
	less.Amount, less.Asked, less.Missing = "540.00", "690.00", nil
	plain := reviewCard()
	plain.MayReturn, plain.MayReject, plain.Due = false, false, time.Time{}
	cards := map[string]wecom.TemplateCard{
		"review":             m.Review(task, reviewCard(), applicationFacts()),
		"review_late":        m.Review(task, late, applicationFacts()),
		"review_again":       m.Review(task, reviewCard(), again),
		"review_less":        m.Review(task, reviewCard(), less),
		"reviewed_less":      m.Reviewed(reviewed(approval.Approve, "程景行", "", "有五天没有盖章"), less),
		"review_plain":       m.Review(task, plain, manual),
		"reviewed_passed":    m.Reviewed(reviewed(approval.Approve, "何静", "", ""), applicationFacts()),
		"reviewed_deputy":    m.Reviewed(reviewed(approval.Approve, "何静", "王若溪", ""), applicationFacts()),
		"reviewed_returned":  m.Reviewed(reviewed(approval.Return, "何静", "", "车票照片看不清，请重拍"), applicationFacts()),
		"reviewed_refused":   m.Reviewed(reviewed(approval.Reject, "何静", "", "不在补贴范围内"), applicationFacts()),
		"reviewed_withdrawn": m.Reviewed(reviewed("withdraw", "张晓雨", "", ""), applicationFacts()),
		"reviewed_overdue":   m.Reviewed(reviewed("withdraw", "系统", "", "材料逾期未交"), applicationFacts()),
		"my_draft":           m.MyApplication(task, myApplication(request.Draft), "填到一半，接着填完再提交。"),
		"my_submitted":       m.MyApplication(task, myApplication(request.Submitted), "还缺来回车票原件，最晚 10月22日（周四）交到勤工助学中心。"),
		"my_returned":        m.MyApplication(task, myApplication(request.Returned), "补好再提交，其他内容都还在。"),
		"my_paid":            m.MyApplication(task, myApplication(request.Paid), ""),
		"ask_withdraw":       m.AskWithdraw(task, myApplication(request.Submitted)),
	}
	for name, c := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, c)
			for _, line := range broken(c) {
				t.Error(line)
			}
		})
	}
}

func TestTextsOfApplications(t *testing.T) {
	t.Parallel()
	m := maker()
	tests := []struct{ name, got, want string }{
		{
			"a decision where the card cannot change", m.ReviewedText(reviewed(approval.Approve, "何静", "王若溪", ""), applicationFacts()),
			"暑期实习补贴（张同学，SX2026-0007）已通过：何静老师（代王若溪），10月12日（周一）16:20。",
		},
		{"returned", m.Changed(request.Notice{
			State: request.Returned, Text: "暑期实习补贴还差一步：车票照片看不清，请重拍。", Marked: []string{"来回车票", "实习证明"}, Opinion: "两张分开拍", Path: "/m/applications/a1",
		}), "暑期实习补贴还差一步：车票照片看不清，请重拍。\n老师的意见：两张分开拍\n要补的：来回车票、实习证明\n写“补交材料”，在这里就能接着改；也可以" +
			`<a href="https://xg.example.edu.cn/m/applications/a1">到页面上改</a>`},
		{
			"printed", m.Changed(request.Notice{State: request.Printed, Text: "奖助贷证明已打印。请带学生证到勤工助学中心领取。", Path: "/m/applications/a1"}),
			"奖助贷证明已打印。请带学生证到勤工助学中心领取。\n" + `<a href="https://xg.example.edu.cn/m/applications/a1">查看申请</a>`,
		},
		{
			"a question to the office", m.Asked(request.AskFacts{Ask: "q1", Title: "暑期实习补贴", Student: "张同学"}),
			"暑期实习补贴：张同学想请老师看一看。\n" + `<a href="https://xg.example.edu.cn/desk/asks?ask=q1">打开回复</a>`,
		},
		{
			"a deputy until midnight", m.HandedOver(approval.HandedOver{Principal: "程景行", Until: at(15, 0, 0), Waiting: 2}),
			"程景行老师请您代为审核，到 10月14日（周三）24:00 为止，现在有 2 份等您审核。新的申请也会推送给您，记录里写明是代办。\n" +
				`<a href="https://xg.example.edu.cn/desk/applications">打开工作台</a>`,
		},
		{
			"a stage nobody can decide", m.Unheld(approval.Nobody{Stage: "负责人确认金额", Role: identity.OfficeHead, Unit: "勤工助学中心"}),
			"有申请停在“负责人确认金额”，没有人能审：勤工助学中心还没有在岗的部门负责人。\n请在工作台的“角色”里为一位老师登记，登记后申请会推送给这位老师。\n" +
				`<a href="https://xg.example.edu.cn/desk/roles">打开角色</a>`,
		},
		{
			"a question about an application", m.Asked(request.AskFacts{Ask: "q1", Application: "a1", Title: "暑期实习补贴", Student: "张同学"}),
			"暑期实习补贴：张同学想请老师看一看。\n" + `<a href="https://xg.example.edu.cn/desk/applications/a1">打开回复</a>`,
		},
		{
			"a dispute", m.Asked(request.AskFacts{Ask: "q1", Title: "暑期实习补贴", Student: "张同学", Dispute: true}),
			"暑期实习补贴：张同学说学校的一项记录不对，请您核对。\n" + `<a href="https://xg.example.edu.cn/desk/asks?ask=q1">打开回复</a>`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.got != tt.want {
				t.Errorf("got  %q\nwant %q", tt.got, tt.want)
			}
		})
	}
}

func TestMissingOf_is_the_paper_selected(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"m:来回车票原件": "来回车票原件", "r1": "", card.NoReason: ""} {
		if got := card.MissingOf(map[string][]string{card.ReasonKey: {id}}); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

func (w wild) review() (approval.Card, request.Facts) {
	f := request.Facts{
		Application: task, Number: w.text(), Title: w.text(), Student: w.text(), College: w.text(), Amount: w.text(),
		Missing: w.texts(12), Manual: w.IntN(2) == 0, Again: w.IntN(2) == 0, SubmittedAt: w.time(),
	}
	for _, s := range w.texts(6) {
		f.Rows = append(f.Rows, [2]string{s, w.text()})
	}
	c := approval.Card{
		Task: task, Stage: w.text(), MayReturn: w.IntN(2) == 0, MayReject: w.IntN(2) == 0, Reasons: w.texts(12), Due: w.time(), Late: w.IntN(2) == 0,
		By: w.text(), For: w.text(), At: w.time(), Reason: w.text(), Action: []approval.Action{approval.Approve, approval.Return, approval.Reject, "withdraw"}[w.IntN(4)],
	}
	return c, f
}

// FuzzReviewCards holds the cards of reviews to the rules, whatever is on them.
func FuzzReviewCards(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w, m := wild{rand.New(rand.NewPCG(seed, 1))}, maker()
		c, facts := w.review()
		for name, made := range map[string]wecom.TemplateCard{"review": m.Review(task, c, facts), "reviewed": m.Reviewed(c, facts)} {
			for _, line := range broken(made) {
				t.Errorf("%s: %s", name, line)
			}
		}
		if s := m.ReviewedText(c, facts); strings.TrimSpace(s) == "" || !counselling.Neutral(s) {
			t.Errorf("the text says %q", s)
		}
	})
}
