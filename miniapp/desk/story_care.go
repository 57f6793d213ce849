package desk

import (
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/miniapp/page"
)

func (s teller) someCase(state counselling.CaseState, minor bool) counselling.Case {
	c := counselling.Case{
		PublicID: "k1", State: state, Source: counselling.SourceIntake, OpenedAt: s.at(0, 3), Class: "汉语言2024级1班", Minor: minor,
		Student: counselling.Student{Name: "张晓雨", Number: "20241101", College: "文学院"},
		Intake: &counselling.Intake{Level: counselling.Red, AnsweredAt: s.at(0, 3), Answers: []counselling.Answer{
			{Question: "最近两周，睡得怎么样？", Answer: "很差，白天也受影响", Level: counselling.Amber},
			{Question: "最近有没有不想活下去、或伤害自己的念头？", Answer: "现在有", Level: counselling.Red},
			{Question: "身边有没有可以说说话的人？", Answer: "有", Level: counselling.Normal},
		}},
		History: []counselling.CaseEvent{{At: s.at(0, 3), Kind: "opened", By: "张晓雨"}, {At: s.at(0, 3), Kind: "paged", By: "苏晴"}, {At: s.at(0, 3).Add(10 * time.Minute), Kind: "paged", By: "顾远帆"}},
	}
	if state != counselling.CaseOpen {
		c.TakenBy, c.TakenAt = "苏晴", s.at(0, 3).Add(12*time.Minute)
		c.History = append(c.History, counselling.CaseEvent{At: c.TakenAt, Kind: "taken", By: "苏晴"})
	}
	if state == counselling.CaseClosed {
		c.ClosedBy, c.ClosedAt, c.Outcome = "苏晴", s.at(0, 4), "已电话联系，本人在宿舍，室友陪着；约好上午十点见面。"
	}
	return c
}

func (s teller) casesPage(state counselling.CaseState, minor bool) *Cases {
	p := &Cases{Base: s.base("紧急联系", "/desk/counselling/cases")}
	p.Form = Form{}
	c := s.someCase(state, minor)
	older := s.someCase(counselling.CaseClosed, false)
	older.PublicID, older.Student.Name, older.OpenedAt = "k0", "陈一诺", s.at(-3, 21)
	p.List, p.Open = []counselling.Case{c, older}, &c
	return p
}

// care are the pages of care around the hour.
func (s teller) care() []page.Story {
	refused := s.casesPage(counselling.CaseTaken, true)
	refused.Open.Guardian = "母亲 周女士 139-0000-0000"
	refused.Base = s.refused(refused.Base, errs.Field("outcome", "写一句做了什么，5 到 500 个字，例如“已电话联系，本人安全，约好明天见面”。"))
	roster := func(may bool) *Duty {
		p := &Duty{Base: s.base("值班表", "/desk/counselling/duty"), May: may, Staff: []Choice{{"T1001", "苏晴"}, {"T1002", "顾远帆"}}}
		p.Form = Form{"from": "2026-10-12", "to": "2026-10-13", "start": "08:00", "end": "08:00", "position": "1", "weeks": "1"}
		turns := []counselling.Duty{
			{PublicID: "d1", Name: "苏晴", StartsAt: s.at(0, 8), EndsAt: s.at(1, 8), Position: 1},
			{PublicID: "d2", Name: "顾远帆", StartsAt: s.at(0, 8), EndsAt: s.at(1, 8), Position: 2},
			{PublicID: "d3", Name: "叶知秋", StartsAt: s.at(1, 8), EndsAt: s.at(2, 8), Position: 1},
		}
		for i := range 4 {
			p.Days = append(p.Days, dutyDay(s.at(i, 0), turns))
		}
		p.Gaps = []counselling.Gap{{From: s.at(2, 8), To: s.at(7, 9)}}
		return p
	}
	body := "最近两周，睡得怎么样？\n- 和平时差不多\n- 很差，白天也受影响【黄】\n\n最近有没有不想活下去的念头？\n- 没有\n- 现在有【红】"
	questions, _ := counselling.ParseForm(body)
	settings := func(b Base) *Care {
		p := &Care{Base: b, Questions: counselling.Form{Version: 2, Body: body, PublishedAt: s.at(-9, 10), Questions: questions}}
		p.Form = careForm(counselling.CareDefaults(), body, nil)
		return p
	}
	gap := settings(s.refused(s.base("问卷和值守", "/desk/counselling/care"), errs.Field("intake", "值班表还有空档：10月14日（周三）08:00 至 10月19日（周一）09:00。排满今后 7 天再打开，红色回答要有人接。")))
	gap.Gaps = []counselling.Gap{{From: s.at(2, 8), To: s.at(7, 9)}}
	none := &Care{Base: s.base("问卷和值守", "/desk/counselling/care")}
	none.Form = careForm(counselling.CareDefaults(), "", nil)
	return []page.Story{
		{Name: "cases_none", Page: &Cases{Base: s.base("紧急联系", "/desk/counselling/cases")}},
		{Name: "cases_open", Page: s.casesPage(counselling.CaseOpen, true)},
		{Name: "cases_taken", Page: refused},
		{Name: "cases_closed", Page: s.casesPage(counselling.CaseClosed, false)},
		{Name: "duty", Page: roster(true)},
		{Name: "duty_to_look_at", Page: roster(false)},
		{Name: "care", Page: settings(s.base("问卷和值守", "/desk/counselling/care"))},
		{Name: "care_with_a_gap", Page: gap},
		{Name: "care_none", Page: none},
	}
}

func (s teller) disclosure(state string) counselling.Disclosure {
	d := counselling.Disclosure{
		PublicID: "x" + state, State: state, Ground: counselling.Danger, Reason: "今晚联系不上，室友说情况不好，需要辅导员到宿舍找到本人。", Hours: 24,
		Fields:    []counselling.Field{counselling.FieldIdentity, counselling.FieldGuardian},
		Student:   counselling.Student{Name: "张晓雨", Number: "20241101", College: "文学院"},
		Recipient: "孙一凡", ProposedBy: "苏晴", ProposedAt: s.at(-1, 23),
	}
	if state == "open" {
		d.DecidedBy, d.DecidedAt, d.Until, d.ReviewAt = "郑岚", s.at(-1, 23), s.at(0, 23), s.at(6, 23)
	}
	return d
}

// vault are the pages of notes, disclosures, feedback and concerns.
func (s teller) vault() []page.Story {
	rec := func(mine bool) *Record {
		p := &Record{Base: s.base("记录", "/desk/counselling")}
		p.Mine, p.Booking, p.Intake = mine, s.booking("b1", "张晓雨", 0, 9, counselling.Arrived), s.someCase(counselling.CaseOpen, false).Intake
		p.Notes = []counselling.Note{{Version: 2, Body: "第一次来，聊了宿舍的事，约了下周。", WrittenAt: s.now, By: "苏晴"}, {Version: 1, Body: "第一次来，聊了宿舍的事。", WrittenAt: s.now.Add(-time.Hour), By: "苏晴"}}
		p.Referrals = []counselling.Referral{{Place: "市立医院门诊", On: s.at(3, 0), At: s.now, By: "苏晴"}}
		p.Version, p.Form = 2, Form{"body": p.Notes[0].Body, "on": "2026-10-12"}
		return p
	}
	ledger := &Disclosures{Base: s.base("破例披露", "/desk/counselling/disclosures"), Head: true}
	ledger.List, ledger.Form = []counselling.Disclosure{s.disclosure("proposed"), s.disclosure("open")}, Form{"hours": "24"}
	wrongOne := &Disclosures{Base: s.refused(s.base("破例披露", "/desk/counselling/disclosures"), wrong(map[string]string{"ground": "只有这三种情形可以破例，请选一种。", "fields": "只勾选必需的内容，至少一项。"}))}
	wrongOne.Form = Form{"hours": "24", "student": "20241101"}
	open := &Given{Base: s.base("授权查看", "/desk/given"), List: []counselling.Disclosure{s.disclosure("open")}}
	open.Open = &counselling.Given{Disclosure: s.disclosure("open"), Class: "汉语言2024级1班", Guardian: "母亲 周女士 139-0000-0000"}
	concern := func(id, answer, help string) counselling.Concern {
		return counselling.Concern{PublicID: id, Student: counselling.Student{Name: "张晓雨", Number: "20241101", College: "文学院"}, SentBy: "孙一凡", SentAt: s.at(-1, 16), Body: "最近两周常常缺课，宿舍同学说晚上睡不着，不太说话。", Answer: answer, Help: help, AnsweredAt: s.now}
	}
	list := []counselling.Concern{concern("n1", "", ""), concern("n2", counselling.NeedsHelp, "请今天到宿舍看看他"), concern("n3", counselling.Contacted, "")}
	refused := &Concerns{Base: s.refused(s.base("辅导员的关注", "/desk/counselling/concerns"), errs.Field("help", "写一句要辅导员做什么，4 到 60 个字，会推送出去。")), List: list, At: "n1"}
	refused.Form = Form{"answer": "help", "help": "看看"}
	mine := &MyConcerns{Base: s.base("关注同学", "/desk/concerns"), List: list}
	return []page.Story{
		{Name: "record", Page: rec(true)},
		{Name: "record_for_the_head", Page: rec(false)},
		{Name: "said_few", Page: &Said{Base: s.base("反馈", "/desk/counselling/said"), Head: true}},
		{Name: "said", Page: &Said{Base: s.base("反馈", "/desk/counselling/said"), Head: true, List: []counselling.SaidOf{{Name: "苏晴", Said: 15, Average: 4.6, Five: 10, Low: 1, Again: 13}}, Words: []string{"听得很认真。", "谢谢老师。"}}},
		{Name: "disclosures", Page: ledger},
		{Name: "disclosures_refused", Page: wrongOne},
		{Name: "given", Page: open},
		{Name: "given_none", Page: &Given{Base: s.base("授权查看", "/desk/given")}},
		{Name: "concerns", Page: refused},
		{Name: "concerns_none", Page: &Concerns{Base: s.base("辅导员的关注", "/desk/counselling/concerns")}},
		{Name: "my_concerns", Page: mine},
	}
}
