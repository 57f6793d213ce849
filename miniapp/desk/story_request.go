package desk

import (
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/miniapp/page"
)

// subsidy is a made-up service with everything a service can have.
func (teller) subsidy() service.Version {
	return service.Version{ID: 7, Hash: "0123456789abcdef", Definition: service.Definition{
		Code: "internship-subsidy", Title: "暑期实习补贴", Chat: "实习补贴", Detail: "补贴往返车票和住宿", Department: "勤工助学中心",
		Place: "东校区 3 号楼 102 室", Hours: "工作日 8:30–17:00", Contacts: []service.Contact{{Campus: "东校区", Name: "勤工助学中心", Phone: "021-5550 1102"}},
		Notice: service.Notice{Attention: "1. 如实填写。", Process: "1. 填写、交材料、审核、放款。"},
		Window: service.Window{Opens: "09-15", Closes: "10-31"},
		Form: form.Form{Fields: []form.Field{
			{Name: "tier", Label: "认定等级", Kind: form.Text, ReadOnly: true, Source: "tier"},
			{Name: "place", Label: "实习单位", Kind: form.Text, Required: true, Help: "写全称"},
			{Name: "span", Label: "实习时间", Kind: form.Range, Required: true},
			{Name: "trips", Label: "车票明细", Kind: form.Rows, Columns: []form.Field{{Name: "way", Label: "行程", Kind: form.Text}, {Name: "cost", Label: "票价", Kind: form.Money}}},
			{Name: "ticket", Label: "车票照片", Kind: form.Photo, Required: true},
		}},
		Rules:     []rule.Rule{{Code: "tier", Text: "本学年认定为特困或困难", Fact: "tier", In: []string{"特困", "困难"}, Otherwise: "请先联系辅导员。"}},
		Limits:    service.Limits{PerYear: 1, OpenAtOnce: 1},
		Materials: []service.Material{{Code: "proof", Name: "实习证明原件", Note: "盖公章", Required: true, Paper: true, DeadlineDays: 7}, {Code: "slip", Name: "车票原件", Required: true, Paper: true, DeadlineDays: 7}},
		Stages: []approval.Stage{{
			Code: "office", Title: "中心审核", Role: identity.Office, Scope: approval.OfDepartment, LimitHours: 72, EscalateTo: identity.Office,
			MayReturn: true, MayReject: true, Opinion: true, Reasons: []string{"照片看不清，请重拍", "实习时间和证明不一致"},
		}},
		Outcome: service.Outcome{Kind: service.Payout}, Appeal: service.Appeal{Text: "10 天内可以向学生申诉处理委员会提出。", Days: 10},
		Texts: service.Texts{"approved": "补贴审核通过了。"},
	}}
}

func (s teller) proof() service.Version {
	v := s.subsidy()
	v.Code, v.Title, v.Chat, v.Detail = "award-certificate", "奖助贷证明", "奖助贷证明", "证明在校期间的奖助项目"
	v.Outcome, v.Materials = service.Outcome{Kind: service.Certificate}, nil
	return v
}

func (s teller) item(id, name string, v service.Version, state request.State) request.Item {
	return request.Item{
		PublicID: id, Number: "26000" + id[1:] + "18", Service: v, State: state, Amount: 12850, SubmittedAt: s.now.Add(-26 * time.Hour),
		Student: request.Student{Name: name, Number: "20241105", College: "文学院", ClassName: "文学2401", Campus: "东校区"},
	}
}

func (s teller) entry(id, name string, v service.Version, due time.Duration) Entry {
	i := s.item(id, name, v, request.Submitted)
	i.Task = approval.Task{PublicID: "t" + id, Stage: v.Stages[0], Due: s.now.Add(due), Late: due < 0}
	return Entry{i}
}

func (s teller) opened(v service.Version, state request.State) *Opened {
	item := s.item("a1", "欧阳思远", v, state)
	a := request.Application{
		PublicID: "a1", Number: item.Number, Service: v, State: state, Student: item.Student, Amount: 12850, Applied: 12850, Due: s.at(3, 0), SubmittedAt: item.SubmittedAt,
		Answers: form.Answers{
			"tier": {Text: "困难", Source: "学校名单 2026 学年", At: "2026-09-20", Dispute: "我今年重新认定过，应该是特困。"}, "place": {Text: "云岭县图书馆"},
			"span": {From: "2026-07-10", Until: "2026-08-20"}, "ticket": {List: []string{"f1", "f2"}},
			"trips": {Rows: []form.Answers{{"way": {Text: "昆明 到 云岭"}, "cost": {Number: 6425}}, {"way": {Text: "云岭 到 昆明"}, "cost": {Number: 6425}}}},
		},
		Changes: []form.Change{{Name: "place", Label: "实习单位", Before: "县图书馆", After: "云岭县图书馆"}},
		Verdict: rule.Verdict{Findings: []rule.Finding{
			{Text: "学籍在籍", Label: "学籍", Value: "在籍", Source: "学籍", At: s.at(-40, 0), Result: rule.Pass},
			{Text: "本学年认定为特困或困难", Label: "困难等级", Value: "困难", Source: "学校名单 2026 学年", At: s.at(-22, 0), Result: rule.Pass},
			{Text: "没有挂科", Label: "上学年成绩", Result: rule.Manual},
		}},
		History: []request.Event{{At: item.SubmittedAt, State: request.Submitted, Action: "state", By: "欧阳思远", Student: true}},
		Review: approval.Review{
			State: approval.Open, Stages: v.Stages, Task: "t1", Due: s.at(1, 17),
			History: []approval.Event{{At: item.SubmittedAt, Action: "open", Stage: "中心审核"}},
		},
		Asks: []request.Ask{{PublicID: "k1", Application: "a1", Field: "tier", Question: "我今年重新认定过，应该是特困。", AskedAt: item.SubmittedAt, Student: item.Student}},
	}
	for i, m := range v.Materials {
		p := request.Material{Code: m.Code, Name: m.Name, Required: m.Required}
		if i == 0 {
			p.ReceivedAt, p.ReceivedBy = s.now, "沈嘉木"
		}
		a.Materials = append(a.Materials, p)
	}
	return &Opened{View: request.View{Application: a, MayDecide: state == request.Submitted, Works: true}, Following: "a2", Zone: s.now.Location()}
}

func (s teller) applications(title string, open *Opened) *Applications {
	p := &Applications{Base: s.base(title, "/desk/applications"), Queue: title, Detail: "轮到您决定的申请，最早的在前", Open: open, Zone: s.now.Location()}
	p.Form = Form{}
	for i, name := range []string{"欧阳思远", "李想", "程一诺", "许知遥"} {
		v := s.subsidy()
		if i%2 == 1 {
			v = s.proof()
		}
		p.List = append(p.List, s.entry("a"+string(rune('1'+i)), name, v, time.Duration(i-1)*20*time.Hour))
	}
	return p
}

// crowded is a queue of long names, with the longest open.
func (s teller) crowded() *Applications {
	v := s.subsidy()
	v.Title, v.Chat = "家庭经济困难学生暑期社会实践与实习交通补贴（第二批）", "暑期社会实践与实习交通补贴"
	open := s.opened(v, request.Submitted)
	long := func(student *request.Student) {
		student.Name, student.Number = "阿卜杜热合曼·买买提依明", "202411050123"
		student.College, student.ClassName = "马克思主义学院（人文社会科学试验班）", "思想政治教育（师范）2024级本科1班"
	}
	long(&open.Student)
	p := s.applications("家庭经济困难学生暑期社会实践与实习交通补贴（第二批）", open)
	p.List = nil
	for i := range 20 {
		e := s.entry(fmt.Sprintf("a%d", i+1), "", v, 50*time.Hour)
		long(&e.Student)
		e.Amount = 123456789
		p.List = append(p.List, e)
	}
	p.More, p.waiting = "/desk/applications?after=x", 1284
	return p
}

func (s teller) requests() []page.Story {
	mine := s.applications("待我审核", s.opened(s.subsidy(), request.Submitted))
	mine.Open.Earlier = []Entry{{s.item("a9", "欧阳思远", s.proof(), request.Collected)}}
	ready := s.applications("待我审核", s.opened(s.proof(), request.Submitted))
	refused := s.applications("待我审核", s.opened(s.proof(), request.Submitted))
	refused.Base = s.refused(refused.Base, errs.Field("reason", "请选一个理由或写一句话，学生会看到。"))
	refused.Form, refused.Asking, refused.marked = Form{"opinion": "请看一下"}, "return", []string{"place"}
	queue := s.applications("奖助贷证明", nil)
	queue.place = place{Of: "award-certificate", State: request.Approved}
	queue.Chips = []Chip{{"/desk/applications/of/award-certificate", "全部", 52, false}, {"/desk/applications/of/award-certificate?state=approved", "已通过", 4, true}}
	queue.Prints, queue.More, queue.List = true, "/desk/applications/of/award-certificate?after=x", nil
	for _, name := range []string{"李想", "程一诺"} {
		queue.List = append(queue.List, Entry{s.item("a2", name, s.proof(), request.Approved)})
	}
	list := []page.Story{
		{Name: "applications", Page: mine},
		{Name: "applications_ready", Page: ready},
		{Name: "applications_refused", Page: refused},
		{Name: "applications_queue", Page: queue},
		{Name: "applications_crowded", Page: s.crowded()},
		{Name: "applications_none", Page: &Applications{Base: s.base("待我审核", "/desk/applications"), Queue: "待我审核", Zone: s.now.Location()}},
		{Name: "applications_nothing_found", Page: &Applications{Base: s.base("全部申请", "/desk/applications/of/all"), place: place{Of: everyService, Query: "没有"}, Queue: "全部申请", Zone: s.now.Location()}},
	}
	for _, state := range request.States() {
		v := s.proof()
		if state == request.ToPay || state == request.Paid || state == request.PayFailed {
			v = s.subsidy()
		}
		o := s.opened(v, state)
		o.Review.State, o.Review.Task = approval.Approved, ""
		if state == request.Printed {
			o.Certificate = &request.Certificate{Number: o.Number, Code: "0123456789ABCDEF", IssuedAt: s.now}
		}
		list = append(list, page.Story{Name: "application_" + string(state), Page: s.applications("待我审核", o)})
	}
	return append(list, s.offices()...)
}

func (s teller) offices() []page.Story {
	batch := func(done, failed int) *Batch {
		p := &Batch{Base: s.base("批量处理", "/desk/applications/batches/b1"), From: "/desk/applications"}
		p.Total, p.Done = 120, done
		for range failed {
			p.Failed++
			p.Left = append(p.Left, Failure{Entry{s.item("a3", "程一诺", s.subsidy(), request.Submitted)}, "还没有收到车票原件，收齐并登记后再通过。"})
		}
		return p
	}
	printed := &Batch{
		Base: s.base("打印证明", "/desk/applications/prints/b1"), From: "/desk/handout", Prints: true, PublicID: "b1", Done: 120, Total: 120, Failed: 1, Pages: 119,
		Left: []Failure{{Entry{s.item("a3", "程一诺", s.proof(), request.Approved)}, "“㛃”打印不出来，不能用别的字代替。请手工开具这份证明，盖章后交给学生。"}},
	}
	papers := func(state request.State) *Papers {
		p := &Papers{Base: s.base("收材料", "/desk/papers"), Query: "20241105", List: []*Opened{s.opened(s.subsidy(), state)}, Closed: []Entry{{s.item("a9", "欧阳思远", s.proof(), request.Collected)}}}
		p.Form = Form{}
		return p
	}
	late := papers(request.Overdue)
	late.Base, late.Refused = s.refused(late.Base, errs.Field("reason", "写明为什么延长，1 到 200 个字，会留下记录。")), "a1"
	late.Form = Form{"until": "2026-10-20"}
	noPapers := &Papers{Base: s.base("收材料", "/desk/papers"), Takes: []Choice{{"internship-subsidy", "暑期实习补贴"}}}
	handout := &Handout{Base: s.base("打印与发放", "/desk/handout"), Card: "20241105", Ready: 3, Make: []Entry{{s.item("a2", "李想", s.proof(), request.Approved)}}, More: true, Waits: 312}
	handout.Mine = []request.Application{s.opened(s.proof(), request.Printed).Application}
	l := request.List{
		PublicID: "l1", Service: "internship-subsidy", Title: "暑期实习补贴放款名单 10月12日（周一）09:00", CreatedAt: s.now, CreatedBy: "沈嘉木", Count: 3, Total: 38550, ExportedAt: s.now,
	}
	for i, state := range []string{"waiting", "paid", "failed"} {
		r := request.PayoutRow{Application: "a" + string(rune('1'+i)), Number: "26000118", Student: s.item("a1", "欧阳思远", s.subsidy(), request.ToPay).Student, Amount: 12850, State: state}
		if state != "waiting" {
			r.At, r.By, r.Card = s.now, "沈嘉木", "6021"
		}
		if state == "failed" {
			r.Reason = "卡号已注销"
		}
		l.Rows = append(l.Rows, r)
	}
	closed := l
	closed.ClosedAt = s.now
	queue := request.Service{Version: s.subsidy(), Offered: true, Counts: map[request.State]int{request.ToPay: 12, request.PayFailed: 1, request.Paid: 40}}
	asks := &Asks{Base: s.refused(s.base("学生提问", "/desk/asks"), errs.Field("answer", "回复写 2 到 300 个字，学生会看到。")), Asking: "k1", List: []Question{
		{Ask: s.opened(s.subsidy(), request.Submitted).Asks[0], Title: "暑期实习补贴", Label: "认定等级"},
		{Ask: request.Ask{PublicID: "k2", Student: s.item("a1", "李想", s.proof(), request.Draft).Student, Question: "休学期间能申请吗？", AskedAt: s.now}, Title: "奖助贷证明"},
	}}
	deputies := &Deputies{Base: s.base("代办", "/desk/deputies"), Others: true, List: []approval.Deputy{{PublicID: "d1", Principal: "沈嘉木", Deputy: "何静", From: s.at(0, 0), To: s.at(7, 0)}}}
	deputies.Form = Form{"from": "2026-10-12", "to": "2026-10-19"}
	old := s.subsidy()
	old.Hash = "fedcba9876543210"
	return []page.Story{
		{Name: "batch", Page: batch(120, 2)},
		{Name: "batch_under_way", Page: batch(50, 0)},
		{Name: "batch_printed", Page: printed},
		{Name: "papers", Page: papers(request.Submitted)},
		{Name: "papers_late_refused", Page: late},
		{Name: "papers_none", Page: noPapers},
		{Name: "papers_nothing_found", Page: &Papers{Base: s.base("收材料", "/desk/papers"), Query: "20249999"}},
		{Name: "handout", Page: handout},
		{Name: "handout_none", Page: &Handout{Base: s.base("打印与发放", "/desk/handout"), Card: "20241106"}},
		{Name: "payouts", Page: &Payouts{Base: s.base("放款", "/desk/payouts"), Services: []request.Service{queue}, Lists: []PayList{{l}, {closed}}}},
		{Name: "payouts_none", Page: &Payouts{Base: s.base("放款", "/desk/payouts")}},
		{Name: "payout", Page: &Payout{Base: s.base("放款名单", "/desk/payouts"), List: PayList{l}}},
		{Name: "asks", Page: asks},
		{Name: "asks_none", Page: &Asks{Base: s.base("学生提问", "/desk/asks")}},
		{Name: "deputies", Page: deputies},
		{Name: "deputies_none", Page: &Deputies{Base: s.base("代办", "/desk/deputies")}},
		{Name: "services", Page: &Services{
			Base: s.base("服务设置", "/desk/services"), List: []request.Service{queue, {Version: s.proof()}}, Open: &queue,
			Versions: []request.VersionUse{{Version: s.subsidy(), Active: true, Under: 13, All: 52}, {Version: old, Under: 1, All: 20}},
		}},
		{Name: "services_none", Page: &Services{Base: s.base("服务设置", "/desk/services")}},
	}
}
