package page

import (
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
)

// requestStories are the pages of applications in every state.
func (s sampler) requestStories(base func(title, back string) Base) []Story {
	subsidy := s.subsidy()
	offer := func(change func(*Offer)) *Offer {
		p := &Offer{
			Base: base("暑期实习补贴", "/m/"), Agreed: true, Contacts: subsidy.Contacts,
			Offer: request.Offer{Service: subsidy, Open: true, Window: "9月1日至11月30日开放申请", Verdict: s.verdict(rule.Pass)},
		}
		change(p)
		return p
	}
	stories := []Story{
		{"services", &Services{Base: base("办理事项", "/m/"), List: []request.Offer{
			offer(func(*Offer) {}).Offer, offer(func(p *Offer) { p.Draft = "0draft" }).Offer,
			offer(func(p *Offer) { p.Verdict = s.verdict(rule.Fail); p.Blocked = p.Verdict.Why() }).Offer,
			offer(func(p *Offer) {
				p.Open, p.Blocked = false, "暑期实习补贴现在不在申请时间：已于11月30日截止。"
			}).Offer,
			offer(func(p *Offer) {
				p.Blocked = "暑期实习补贴2026—2027 学年最多申请 1 份，你已有 1 份。"
			}).Offer,
		}}},
		{"services_none", &Services{Base: base("办理事项", "/m/")}},
		{"service_open", offer(func(*Offer) {})},
		{"service_notice_unread", offer(func(p *Offer) { p.Agreed = false })},
		{"service_begun", offer(func(p *Offer) { p.Draft = "0draft" })},
		{"service_not_eligible", offer(func(p *Offer) {
			p.Verdict = s.verdict(rule.Fail)
			p.Blocked, p.Asks = p.Verdict.Why(), []request.Ask{s.question("")}
		})},
		{"service_closed", offer(func(p *Offer) {
			p.Open, p.Window, p.Blocked = false, "已于11月30日截止", "暑期实习补贴现在不在申请时间：已于11月30日截止。"
		})},
		{"service_question_refused", offer(func(p *Offer) {
			p.refuse(errs.Field("question", "用 2 到 300 个字说说是什么情况。"))
			p.Asked = "？"
		})},
		{"service_notice", &ServiceNotice{Base: base("暑期实习补贴须知", subsidy.Path()), Service: subsidy.Definition, Next: subsidy.Path()}},
		{"service_notice_agreed", &ServiceNotice{Base: base("暑期实习补贴须知", subsidy.Path()), Service: subsidy.Definition, Next: subsidy.Path(), Agreed: true}},
		{"applications_none", &Applications{Base: base("我的申请", "/m/")}},
		{"question", &Question{Base: base("我的提问", "/m/applications"), Ask: s.question(""), About: "暑期实习补贴"}},
		{"question_answered", &Question{Base: base("我的提问", "/m/applications"), Ask: s.question("可以，把高铁票和大巴票放在同一张纸上拍就行。"), About: "暑期实习补贴"}},
		{"form_new", s.paper(base("暑期实习补贴", subsidy.Path()), form.Input{}, nil)},
		{"form_filled", s.paper(base("暑期实习补贴", subsidy.Path()), s.typed(), nil)},
		{"form_refused", s.refusedPaper(base("暑期实习补贴", subsidy.Path()))},
		{"form_notice_changed", s.paper(base("暑期实习补贴", subsidy.Path()), s.typed(), func(p *request.Paper) { p.Agreed = false })},
		{"form_closed_meanwhile", s.paper(base("暑期实习补贴", subsidy.Path()), s.typed(), func(p *request.Paper) {
			p.Blocked = "暑期实习补贴现在不在申请时间：已于11月30日截止。"
		})},
		{"form_returned", s.paper(base("补充暑期实习补贴", "/m/applications/0app"), s.typed(), func(p *request.Paper) {
			p.Returned, p.Reason, p.Marked = true, "车票照片看不清，请重拍", []string{"tickets"}
			p.Form = p.Form.Only("tickets")
		})},
		{"form_one_picture_again", s.paper(base("补充暑期实习补贴", "/m/applications/0app"), s.typed(), func(p *request.Paper) {
			p.Returned, p.Reason = true, "返程那张反光了"
			p.Form = p.Form.Only("tickets").Again(p.Answers, map[string][]string{"tickets": {"0000000000ticket2"}})
			p.Missing = []string{"tickets"}
		})},
		{"withdraw", &Withdraw{Base: base("撤回申请", "/m/applications/0app"), Application: s.application(request.Submitted)}},
		{"application_for_the_office", &Application{Base: base("暑期实习补贴", "/m/"), Application: s.application(request.Submitted)}},
	}
	long := s.application(request.Submitted)
	long.Service.Title = "家庭经济困难学生暑期社会实践与实习交通补贴（第二批）"
	long.Student.Name, long.Student.College = "阿卜杜热合曼·买买提依明", "马克思主义学院（人文社会科学试验班）"
	long.Materials[1].Name = "实习单位出具的盖章实习证明原件和劳动协议复印件"
	stories = append(stories,
		Story{"application_of_long_names", &Application{Base: base(long.Service.Title, "/m/applications"), Application: long, Contacts: subsidy.Contacts}},
		Story{"applications_many", &Applications{Base: base("我的申请", "/m/"), List: slices.Repeat([]request.Application{long}, 20)}})
	var all []request.Application
	for _, state := range request.States() {
		a := s.application(state)
		all = append(all, a)
		if state != request.Draft {
			stories = append(stories, Story{"application_" + string(state), &Application{
				Base: base("暑期实习补贴", "/m/applications"), Application: a, Own: true, Contacts: subsidy.Contacts,
			}})
		}
	}
	return append(stories, Story{"applications", &Applications{Base: base("我的申请", "/m/"), List: all, Asks: []request.Ask{s.question("")}}})
}

// subsidy is a service with a field of every kind.
func (s sampler) subsidy() service.Version {
	option := func(value, text string) form.Option { return form.Option{Value: value, Text: text} }
	return service.Version{ID: 1, Definition: service.Definition{
		Code: "internship-subsidy", Title: "暑期实习补贴", Chat: "暑期实习补贴", Detail: "暑假实习的交通和生活补助", Group: "事务办理",
		Department: "勤工助学中心", Place: "勤工助学中心（东校区 3 号楼 102 室）", Hours: "工作日 8:30–11:30、14:00–17:00",
		Contacts: []service.Contact{{Campus: "东校区", Name: "勤工助学中心", Phone: "021-5550 1102"}, {Campus: "西校区", Name: "学生事务中心（代收材料）", Phone: "021-5550 2204"}},
		Notice: service.Notice{
			Attention: "1. 面向本学年认定为特困或困难的在籍学生，每个暑假申请一次。\n2. 实习天数按工作日算（做五休二）。系统按起止日期给出上限。\n3. 来回车票和实习证明都要原件。",
			Process:   "1. 读完须知，填写实习单位、起止日期和天数，上传照片，提交。\n2. 十天内把车票和实习证明原件交到勤工助学中心。",
		},
		Window: service.Window{Opens: "09-01", Closes: "11-30"}, Limits: service.Limits{PerYear: 1, OpenAtOnce: 1},
		Materials: []service.Material{
			{Code: "tickets", Name: "来回车票原件", Note: "贴在 A4 纸上，写上姓名和学号", Required: true, Paper: true, Photo: "tickets", DeadlineDays: 10},
			{Code: "proof", Name: "实习证明原件", Note: "盖实习单位公章", Required: true, Paper: true, DeadlineDays: 10},
			{Code: "extra", Name: "其他说明", Paper: true},
		},
		Stages: []approval.Stage{
			{Code: "counsellor", Title: "辅导员初审", LimitHours: 72}, {Code: "office", Title: "中心复核", LimitHours: 72}, {Code: "head", Title: "负责人确认金额", LimitHours: 72},
		},
		Outcome: service.Outcome{Kind: service.Payout},
		Appeal:  service.Appeal{Text: "对结果有疑问，收到结果后 10 天内可以到勤工助学中心当面说明，也可以向学生申诉处理委员会提出书面申诉。", Days: 10},
		Form: form.Form{Fields: []form.Field{
			{Name: "home", Label: "生源地", Kind: form.Region, Help: "取自学校的记录，用来核对车票路线。", Source: "home", ReadOnly: true},
			{Name: "company", Label: "实习单位", Kind: form.Text, Help: "和公章上的名称一致。", Required: true, MaxLength: 60, Example: "杭州某科技有限公司"},
			{Name: "city", Label: "实习地区", Kind: form.Region, Required: true},
			{Name: "stay", Label: "实习起止日期", Kind: form.Range, Max: "today", Required: true},
			{Name: "workdays", Label: "可计的工作日", Kind: form.Computed, Unit: "天", Compute: &form.Compute{Workdays: "stay"}, Help: "做五休二，按校历去掉法定节假日。"},
			{Name: "days", Label: "实际实习天数", Kind: form.Integer, Unit: "天", AtMost: "workdays", Required: true},
			{Name: "route", Label: "车票路线", Kind: form.Choice, Required: true, Options: []form.Option{option("school", "学校与实习地之间"), option("both", "去程和返程不同")}},
			{Name: "route_note", Label: "路线说明", Kind: form.Text, Required: true, If: &form.If{Field: "route", In: []string{"both"}}},
			{Name: "kinds", Label: "补贴项目", Kind: form.Choices, Options: []form.Option{option("fare", "交通"), option("rent", "住宿")}},
			{Name: "began", Label: "签协议日期", Kind: form.Date, Max: "today"},
			{Name: "mentor", Label: "带队老师", Kind: form.Person},
			{Name: "story", Label: "实习收获", Kind: form.LongText, MaxLength: 500},
			{Name: "invoices", Label: "发票", Kind: form.Rows, MaxRows: 6, Help: "一张发票一行。", Columns: []form.Field{
				{Name: "number", Label: "发票号码", Kind: form.Text, Required: true}, {Name: "fee", Label: "金额", Kind: form.Money, Required: true},
			}},
			{Name: "total", Label: "发票合计", Kind: form.Computed, Compute: &form.Compute{Sum: "invoices.fee"}},
			{Name: "deposit", Label: "押金", Kind: form.Money},
			{Name: "tickets", Label: "来回车票", Kind: form.Photo, Help: "放在一张白色 A4 纸上，四个角都拍进来。", Required: true, Max: "4"},
			{Name: "plan", Label: "实习计划", Kind: form.File, Max: "1"},
			{Name: "statement", Label: "我确认以上内容和所交材料属实", Kind: form.Attestation, Required: true},
		}},
	}}
}

func (s sampler) verdict(tier rule.Result) rule.Verdict {
	f := rule.Finding{Rule: "tier", Text: "本学年认定为特困或困难", Label: "困难等级", Value: "困难", Source: "学校名单 2026 学年", At: s.at(-20, 9), Result: tier}
	if tier == rule.Fail {
		f.Value, f.Otherwise = "2026 学年没有认定", "家庭经济困难认定每学年秋季由班级辅导员受理，请先联系辅导员。"
	}
	return rule.Verdict{Findings: []rule.Finding{
		{Rule: "enrolled", Text: "学籍在籍", Label: "学籍", Value: "在籍", Source: "学校名单", At: s.at(-40, 9), Result: rule.Pass},
		f,
		{Rule: "grade", Text: "平均成绩不低于 60 分", Label: "成绩", Value: "还没有录入", Result: rule.Manual},
	}}
}

func (sampler) records(source string) (form.Record, bool) {
	if source != "home" {
		return form.Record{}, false
	}
	return form.Record{Value: form.Value{Text: "422802"}, Source: "学校名单"}, true
}

// typed is a form with everything filled in.
func (sampler) typed() form.Input {
	return form.Input{
		"home.dispute": {"去年搬到了武汉"}, "company": {"杭州远行科技有限公司"}, "city": {"330106"}, "stay.from": {"2026-07-06"}, "stay.until": {"2026-08-21"},
		"days": {"35"}, "route": {"both"}, "route_note": {"7月3日学校到杭州，8月22日杭州回家"}, "kinds": {"fare"}, "began": {"2026-06-20"}, "mentor": {"T0003"},
		"story": {"学会了把大问题拆小。"}, "invoices.0.number": {"31052201"}, "invoices.0.fee": {"128.50"}, "invoices.1.number": {"31052202"},
		"invoices.1.fee": {"71.50"}, "deposit": {"200"}, "tickets": {"0000000000ticket1", "0000000000ticket2"}, "plan": {"00000000000plan01"}, "statement": {"true"},
	}
}

func (s sampler) paper(b Base, in form.Input, change func(*request.Paper)) *Paper {
	v := s.subsidy()
	env := form.Env{Now: s.now, Records: s.records}
	answers, _ := v.Form.Draft(in, env)
	paper := request.Paper{
		PublicID: "0app", Service: v, Form: v.Form, Env: env, Answers: answers, Missing: v.Form.Missing(answers), Agreed: true,
		Verdict: s.verdict(rule.Pass), Updated: s.now,
	}
	if change != nil {
		change(&paper)
	}
	p := &Paper{Base: b, Contacts: v.Contacts}
	p.Fill(paper, in, s.now)
	return p
}

func (s sampler) refusedPaper(b Base) *Paper {
	in := s.typed()
	in["days"], in["invoices.1.fee"], in["tickets"] = []string{"60"}, []string{"12.345"}, nil
	b.refuse(&errs.Error{Kind: errs.Invalid, Message: "还有 3 处要补：实际实习天数、发票、来回车票。", Fields: map[string]string{
		"days": "最多填 35 天。", "invoices.1.fee": "金额写到分就够了，例如 128.50。", "tickets": "这个文件不是照片。请传 JPG、PNG 或 WebP 格式的照片，不要改扩展名。",
	}})
	return s.paper(b, in, nil)
}

func (s sampler) question(answer string) request.Ask {
	k := request.Ask{PublicID: "0ask", Service: "internship-subsidy", Question: "返程先坐大巴再转高铁，两张票都要拍吗？", AskedAt: s.at(-1, 16), Answer: answer}
	if answer != "" {
		k.AnsweredAt, k.AnsweredBy = s.now, "何静"
	}
	return k
}

// application is one of the student's in the state.
func (s sampler) application(state request.State) request.Application {
	v := s.subsidy()
	answers, _ := v.Form.Draft(s.typed(), form.Env{Now: s.now, Records: s.records})
	a := request.Application{
		PublicID: "0app", Service: v, State: state, Answers: answers, CreatedAt: s.at(-3, 10),
		Student: request.Student{ID: 1, Name: "张晓雨", Number: "2024010101", College: "文学院", Campus: "东校区"},
	}
	if state == request.Draft {
		return a
	}
	a.Number, a.SubmittedAt, a.Verdict, a.Applied, a.Due = "SX-2026-000123", s.at(-2, 11), s.verdict(rule.Pass), 105000, s.at(9, 0)
	a.Amount = a.Applied
	a.Review = approval.Review{State: approval.Open, Stages: v.Stages, Due: s.at(1, 17)}
	a.Materials = []request.Material{
		{Code: "tickets", Name: "来回车票原件", Required: true, ReceivedAt: s.at(-1, 9), ReceivedBy: "何静"},
		{Code: "proof", Name: "实习证明原件", Required: true},
		{Code: "extra", Name: "其他说明"},
	}
	a.History = []request.Event{
		{At: s.at(-2, 11), State: request.Submitted, Action: "state", By: "张晓雨", Student: true},
		{At: s.at(-1, 9), State: request.Submitted, Action: "receive", By: "何静", Words: "来回车票原件"},
	}
	if state == request.Submitted {
		return a
	}
	a.Materials[1].ReceivedAt, a.Materials[1].ReceivedBy = s.at(-1, 10), "何静"
	e := request.Event{At: s.at(-1, 15), State: state, Action: "state", By: "王若溪"}
	a.Review.Opinion = "路线和天数都核对过。"
	switch state {
	case request.Returned:
		e.Words, a.Review.Reason, a.Review.Marked = "车票照片看不清，请重拍", "车票照片看不清，请重拍", []string{"tickets"}
	case request.Rejected:
		e.Words, a.Review.Reason = "不在补贴范围内", "不在补贴范围内"
	case request.Withdrawn:
		e.By, e.Student, a.Review.Opinion = "张晓雨", true, ""
	case request.Overdue:
		e.By, a.Review.Opinion = "", ""
		a.Materials[1].ReceivedAt = time.Time{}
	case request.ToPay:
		a.Amount = 90000
	case request.PayFailed:
		e.Words = "卡号已注销"
	case request.Printed, request.Collected, request.Made:
		a.Service.Outcome, a.Materials, a.Amount = service.Outcome{Kind: service.Certificate}, nil, 0
		a.Certificate = &request.Certificate{Number: "JZD-2026-000045", Code: "K7QX2MPD94TR", IssuedAt: s.at(-1, 9), Checks: []time.Time{s.now, s.at(-1, 18)}}
	case request.Revoked:
		a.Certificate = &request.Certificate{Number: "JZD-2026-000045", Code: "K7QX2MPD94TR", IssuedAt: s.at(-1, 9), RevokedAt: s.now}
		e.Words = "证明上的项目录入有误"
	default:
	}
	a.History = append(a.History, e)
	return a
}
