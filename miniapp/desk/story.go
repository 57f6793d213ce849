package desk

import (
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Stories lists the desk's pages with made-up data in every state worth looking at, at a
// Monday morning in the zone.
func Stories(zone *time.Location) []page.Story {
	s := teller{now: time.Date(2026, 10, 12, 9, 0, 0, 0, zone)}
	var list []page.Story
	for _, part := range [][]page.Story{
		s.calendars(),
		s.care(),
		s.centre(),
		s.days(),
		s.diaries(),
		s.figures(),
		s.homes(),
		s.machines(),
		s.persons(),
		s.requests(),
		s.schedules(),
		s.schools(),
		s.vault(),
		s.weeks(),
	} {
		list = append(list, part...)
	}
	return list
}

// teller makes up data around a moment.
type teller struct{ now time.Time }

func (s teller) base(title, path string) Base {
	b := Base{Base: page.Base{Title: title, Path: path, Now: s.now, Once: "once", Who: identity.Person{
		Name: "何静", Kind: identity.Staff, Number: "T1006",
		Roles: []identity.Role{{Name: identity.Admin}},
	}}}
	b.Nav = []Group{
		{Name: "预约中心", Items: []Item{
			{Path: "/desk/counselling", Name: "预约", Detail: "确认新的预约，登记今天到访", Count: 3},
			{Path: "/desk/counselling/waitlist", Name: "排队", Count: 3},
			{Path: "/desk/counselling/hours", Name: "排班", Detail: "开放和关闭可预约的时间"},
			{Path: "/desk/counselling/counsellors", Name: "老师"},
			{Path: "/desk/counselling/notice", Name: "预约须知"},
			{Path: "/desk/counselling/settings", Name: "规则"},
		}},
		{Name: "学校与人员", Items: []Item{{Path: "/desk/people", Name: "人员"}, {Path: "/desk/people/import", Name: "导入名单"}, {Path: "/desk/roles", Name: "角色", Count: 1}}},
		{Name: "系统", Items: []Item{{Path: "/desk/letters", Name: "未送达", Count: 2}, {Path: "/desk/tokens", Name: "接口令牌"}}},
	}
	mark(b.Nav, path)
	return b
}

// refused marks a page as an act refused with err does.
func (s teller) refused(b Base, err error) Base {
	b.Problem, b.Fields = errs.MessageOf(err), errs.FieldsOf(err)
	return b
}

func (s teller) homes() []page.Story {
	nobody := Base{Base: page.Base{Title: "首页", Path: "/desk/", Now: s.now, Who: identity.Person{Name: "周启明", Kind: identity.Staff}}}
	centre := &Home{Base: s.base("首页", "/desk/")}
	d := counselling.Due{
		Cases:      []counselling.Case{{PublicID: "k1", State: counselling.CaseOpen, OpenedAt: s.now.Add(-20 * time.Minute), Student: counselling.Student{Name: "欧阳若瑜", College: "外国语学院"}}},
		Pending:    []counselling.Booking{s.booking("d1", "程一诺", 2, 10, counselling.Pending), s.booking("d2", "阿依古丽·麦麦提", 3, 14, counselling.Pending)},
		Unrecorded: []counselling.Booking{s.booking("d3", "周明远", -1, 15, counselling.Confirmed)},
		Gaps:       []counselling.Gap{{From: s.at(3, 22), To: s.at(4, 8)}},
		Unsettled:  2, Appeals: 1,
	}
	for hour := 9; hour < 17; hour++ {
		d.Today = append(d.Today, s.booking("t"+strconv.Itoa(hour), "赵子涵", 0, hour, counselling.Confirmed))
	}
	centre.Due = dueGroups(d, s.now, s.now.Location())
	office := &Home{Base: s.base("首页", "/desk/")}
	reviews := DueGroup{Name: "待我审核", Path: place{}.root(), Rest: true}
	for _, e := range s.crowded().List[:dueLines] {
		reviews.Lines = append(reviews.Lines, reviewLine(e, s.now, s.now.Location()))
	}
	office.Due = append([]DueGroup{reviews}, others(office.Nav, nil)...)
	admin := &Home{Base: s.base("首页", "/desk/"), Due: lyingGroups([]approval.Lying{
		{Nobody: approval.Nobody{Stage: "负责人确认金额", Role: identity.OfficeHead, Unit: "勤工助学中心"}, Tasks: 12, Since: s.at(-3, 10)},
		{Nobody: approval.Nobody{Stage: "辅导员初审", Role: identity.ClassCounsellor, Unit: "英语2302"}, Tasks: 1, Since: s.at(0, 8)},
	}, s.now, s.now.Location())}
	return []page.Story{
		{Name: "home", Page: &Home{Base: s.base("首页", "/desk/")}},
		{Name: "home_of_an_admin", Page: admin},
		{Name: "home_of_a_centre", Page: centre},
		{Name: "home_of_an_office", Page: office},
		{Name: "home_without_a_role", Page: &Home{Base: nobody}},
	}
}

func (s teller) at(days, hour int) time.Time {
	return time.Date(s.now.Year(), s.now.Month(), s.now.Day()+days, hour, 0, 0, 0, s.now.Location())
}

func (s teller) slot(days, hour, capacity, taken int) counselling.Slot {
	start := s.at(days, hour)
	return counselling.Slot{
		PublicID: "slot" + start.Format("0215"), Counsellor: "c1", Name: "苏晴", StartsAt: start, EndsAt: start.Add(50 * time.Minute),
		Place: "致远楼 305", Campus: "东校区", Open: true, Capacity: capacity, Taken: taken,
	}
}

func (s teller) booking(id, name string, days, hour int, state counselling.State) counselling.Booking {
	b := counselling.Booking{
		PublicID: id, State: state, Slot: s.slot(days, hour, 1, 1), HeldUntil: s.at(0, 20), CreatedAt: s.now.Add(-time.Hour),
		Wish:    "最近睡得不太好，想找个人聊聊。周三下午之前都有课。",
		Student: counselling.Student{Name: name, Number: "20241105", College: "文学院"},
		History: []counselling.Event{{At: s.now.Add(-time.Hour), State: counselling.Pending, By: name}},
	}
	if state != counselling.Pending {
		b.History = append(b.History, counselling.Event{At: s.now, State: state, By: "苏晴"})
	}
	return b
}

func (s teller) day(open *counselling.Booking) *Day {
	p := &Day{
		Base: s.base("预约", "/desk/counselling"), Date: s.at(0, 0), Reasons: counselling.Defaults().Reasons, Open: open,
		Pending: []counselling.Booking{s.booking("b1", "张晓雨", 2, 15, counselling.Pending), s.booking("b2", "欧阳思远", 3, 9, counselling.Pending), s.booking("b3", "陈一诺", 4, 10, counselling.Pending)},
	}
	p.Pending[0].HeldUntil = s.now.Add(90 * time.Minute)
	for i, state := range []counselling.State{counselling.Arrived, counselling.Confirmed, counselling.Missed, counselling.Cancelled} {
		b := s.booking("d"+string(rune('1'+i)), []string{"林一帆", "赵子涵", "周明远", "吴桐"}[i], 0, 9+i, state)
		p.Hours = append(p.Hours, Hour{Slot: s.slot(0, 9+i, 1, 1), Bookings: []counselling.Booking{b}})
	}
	p.Hours = append(p.Hours, Hour{Slot: s.slot(0, 14, 1, 0)}, Hour{Slot: s.slot(0, 16, 3, 1)})
	return p
}

func (s teller) days() []page.Story {
	pending := s.booking("b1", "张晓雨", 2, 15, counselling.Pending)
	list := []page.Story{{Name: "counselling", Page: s.day(nil)}}
	for _, state := range counselling.States() {
		b := s.booking("d2", "赵子涵", 0, 9, state)
		list = append(list, page.Story{Name: "counselling_" + string(state), Page: s.day(&b)})
	}
	reject := s.day(&pending)
	reject.Asking, reject.Form = "reject", Form{"reason": "找我心理咨询室的同事"}
	reject.Base = s.refused(reject.Base, errs.Field("reason", "理由会推送给学生，请不要写“心理”“咨询”。"))
	none := &Day{Base: s.base("预约", "/desk/counselling"), Date: s.at(5, 0)}
	list = append(list, s.lives()...)
	return append(list, page.Story{Name: "counselling_reject_refused", Page: reject}, page.Story{Name: "counselling_none", Page: none})
}

func (s teller) counsellors() []counselling.Counsellor {
	return []counselling.Counsellor{
		{PublicID: "c1", Number: "T1001", Name: "苏晴", Intro: "听你慢慢说，不着急给答案。", Topics: "适应、情绪、睡眠", Campus: "东校区", CampusCode: "east", Place: "致远楼 305", Active: true, Position: 1},
		{PublicID: "c2", Number: "T1002", Name: "顾远帆", Intro: "做过十年班主任，喜欢和你一起理出先后。", Topics: "学业、生涯", Campus: "西校区", CampusCode: "west", Place: "明德楼 212", Position: 2},
	}
}

func (s teller) week() *Week {
	p := &Week{Base: s.base("排班", "/desk/counselling/hours"), seven: seven{s.at(0, 0)}, May: []Choice{{"c1", "苏晴"}, {"c2", "顾远帆"}}}
	p.Form = Form{"date": "2026-10-13", "start": "15:00", "end": "15:50", "capacity": "1", "weeks": "1"}
	closed := s.slot(3, 15, 1, 1)
	closed.Open = false
	p.arrange(s.counsellors(), []counselling.Slot{s.slot(0, 8, 1, 1), s.slot(1, 14, 1, 0), s.slot(2, 15, 1, 1), s.slot(2, 16, 3, 1), closed}, "")
	return p
}

func (s teller) weeks() []page.Story {
	open := s.week()
	slot := s.slot(2, 16, 3, 1)
	open.Open = &slot
	wrongForm := s.week()
	wrongForm.Form["capacity"], wrongForm.Form["place"] = "90", "心理中心 301"
	wrongForm.Base = s.refused(wrongForm.Base, wrong(map[string]string{"capacity": "名额填 1 到 50。", "place": "地点会出现在推送里，请不要写“心理”“咨询”。"}))
	return []page.Story{
		{Name: "hours", Page: s.week()},
		{Name: "hours_open", Page: open},
		{Name: "hours_refused", Page: wrongForm},
		{Name: "hours_none", Page: &Week{Base: s.base("排班", "/desk/counselling/hours"), seven: seven{s.at(0, 0)}}},
	}
}

func (s teller) centre() []page.Story {
	counsellors := func(number string) *Counsellors {
		p := &Counsellors{Base: s.base("老师", "/desk/counselling/counsellors"), List: s.counsellors(), Campuses: []Choice{{"east", "东校区"}, {"west", "西校区"}}, CanEdit: true}
		p.open(number, []identity.Person{{Name: "叶知秋", Number: "T1003"}})
		return p
	}
	look := counsellors("T1001")
	look.CanEdit = false
	set := &Settings{Base: s.base("规则", "/desk/counselling/settings")}
	set.Form = settingsForm(counselling.Defaults())
	wrongSet := &Settings{Base: s.refused(s.base("规则", "/desk/counselling/settings"), wrong(map[string]string{"hold_hours": "保留时长填 1 到 168 小时。", "eve_at": "时间写成 19:52 这样。"}))}
	wrongSet.Form = settingsForm(counselling.Defaults())
	wrongSet.Form["hold_hours"] = "很久"
	body := "预约前请先读完这一页，大约需要两分钟。\n\n一、谁可以预约\n在册的本科生和研究生都可以预约，每次 50 分钟，不收费。\n\n二、保密\n谈话内容只有你和老师知道。"
	notice := &Notice{Base: s.base("预约须知", "/desk/counselling/notice"), Notice: counselling.Notice{Version: 3, Body: body, PublishedAt: s.now.AddDate(0, -1, 0)}}
	notice.Form = Form{"body": body}
	return []page.Story{
		{Name: "waitlist", Page: s.waitlist(nil)},
		{Name: "waitlist_refused", Page: s.waitlist(errs.Field("reason", "这不是顺序里的第一位，请写明为什么先给这位同学，会记入审计。"))},
		{Name: "waitlist_none", Page: &Waitlist{Base: s.base("排队", "/desk/counselling/waitlist")}},
		{Name: "counsellors", Page: counsellors("")},
		{Name: "counsellors_open", Page: counsellors("T1001")},
		{Name: "counsellors_to_look_at", Page: look},
		{Name: "counsellors_none", Page: &Counsellors{Base: s.base("老师", "/desk/counselling/counsellors"), CanEdit: true}},
		{Name: "settings", Page: set},
		{Name: "settings_refused", Page: wrongSet},
		{Name: "notice", Page: notice},
		{Name: "notice_none", Page: &Notice{Base: s.base("预约须知", "/desk/counselling/notice")}},
	}
}

func (s teller) persons() []page.Story {
	students := []identity.Person{
		{PublicID: "p1", Name: "张晓雨", Kind: identity.Student, Number: "20241101", Level: "bachelor", Status: "enrolled", UnitName: "汉语言2024级1班", CollegeName: "文学院", CampusName: "东校区", UserID: "s01"},
		{PublicID: "p2", Name: "欧阳思远", Kind: identity.Student, Number: "20241102", Level: "master", Status: "suspended", UnitName: "汉语言2024级1班", CollegeName: "文学院"},
		{PublicID: "p3", Name: "苏晴", Kind: identity.Staff, Number: "T1001", Level: "staff", Status: "employed", UnitName: "成长中心", UserID: "t01", Roles: []identity.Role{{Name: identity.CentreCounsellor, Unit: 7}}},
	}
	units := []identity.Unit{{ID: 7, PublicID: "u7", Kind: identity.Centre, Name: "成长中心"}, {ID: 8, PublicID: "u8", Kind: identity.College, Name: "文学院"}}
	people := func(open int) *People {
		p := &People{Base: s.base("人员", "/desk/people"), Query: "2024", More: "/desk/people?after=x"}
		for _, x := range students {
			p.List = append(p.List, Person{x})
		}
		if open >= 0 {
			p.open(p.Who, students[open], units)
		}
		return p
	}
	taken := people(1)
	taken.Form = Form{"userid": "S01"}
	taken.Base = s.refused(taken.Base, errs.Field("userid", "这个账号已绑定给 张晓雨（20241101），请先在那里解绑。"))
	roles := &Roles{
		Base: s.base("角色", "/desk/roles"), More: "/desk/roles?after=x",
		Proposals: []identity.Proposal{{PublicID: "o1", Person: identity.Brief{PublicID: "p9", Name: "叶知秋", Number: "T1003"}, Name: identity.CentreCounsellor, UnitName: "成长中心", By: "郑岚", At: s.now.AddDate(0, 0, -1)}},
		List: []identity.RoleHeld{
			{PublicID: "r1", Person: identity.Brief{Name: "周启明", Number: "T1007"}, Name: identity.Admin, Since: s.now.AddDate(-1, 0, 0)},
			{PublicID: "r2", Person: identity.Brief{Name: "苏晴", Number: "T1001"}, Name: identity.CentreCounsellor, UnitName: "成长中心", Since: s.now.AddDate(0, -2, 0), By: "郑岚", Second: "周启明"},
		},
	}
	return []page.Story{
		{Name: "people", Page: people(-1)},
		{Name: "people_student", Page: people(0)},
		{Name: "people_at_the_centre", Page: people(2)},
		{Name: "people_account_taken", Page: taken},
		{Name: "people_none", Page: &People{Base: s.base("人员", "/desk/people"), Query: "没有这个人"}},
		{Name: "roles", Page: roles},
		{Name: "import", Page: s.list(nil)},
		{Name: "import_preview", Page: s.list(&identity.ImportReport{Rows: 120, Created: 30, Changed: 2, Unchanged: 88, Bound: 30, Units: []string{"软件2026级1班"}, Ignored: []string{"备注"}})},
		{Name: "import_same", Page: s.list(&identity.ImportReport{Rows: 88, Unchanged: 88})},
		{Name: "import_wrong", Page: s.list(&identity.ImportReport{Rows: 120, Errors: []identity.RowError{{Row: 3, Column: "层次", Message: "请写博士、本科、硕士中的一个。"}, {Row: 17, Column: "学号/工号", Message: "和第 9 行重复了，请留一行。"}}})},
	}
}

func (s teller) list(r *identity.ImportReport) *Import {
	p := &Import{Base: s.base("导入名单", "/desk/people/import"), Columns: identity.ImportColumns(), Report: r}
	if p.Form = (Form{}); r != nil {
		p.File, p.Content = "新生名单.xlsx", "UEsDBA=="
	}
	return p
}

func (s teller) machines() []page.Story {
	letters := &Letters{Base: s.base("未送达", "/desk/letters"), Others: 3, Acts: 1, List: []Letter{
		{outbox.Letter{PublicID: "l1", Kind: counselling.KindDecided, State: "refused", Code: 81013, At: s.now.Add(-2 * time.Hour), To: "张晓雨"}},
		{outbox.Letter{PublicID: "l2", Kind: counselling.KindEve, State: "dead", At: s.now.Add(-14 * time.Hour), To: "欧阳思远"}},
	}}
	tokens := func(secret string) *Tokens {
		p := &Tokens{Base: s.base("接口令牌", "/desk/tokens"), Scopes: allScopes(), Others: true, Secret: secret, List: []identity.Token{
			{PublicID: "k1", Name: "校园门户", Person: identity.Brief{Name: "何静", Number: "T1006"}, Scopes: []string{"me:read", "counselling:read"}, CreatedAt: s.now, ExpiresAt: s.now.AddDate(0, 6, 0)},
			{PublicID: "k2", Name: "旧报表", Person: identity.Brief{Name: "何静", Number: "T1006"}, Scopes: []string{"counselling:read"}, CreatedAt: s.now.AddDate(0, -3, 0), ExpiresAt: s.now.AddDate(0, 0, 9)},
			{PublicID: "k3", Name: "试用", Person: identity.Brief{Name: "何静", Number: "T1006"}, Scopes: []string{"me:read"}, CreatedAt: s.now.AddDate(0, -3, 0), ExpiresAt: s.now.AddDate(0, 3, 0), RevokedAt: s.now},
		}}
		p.Form = Form{"expires": "2027-04-12", "scope:me:read": "on"}
		return p
	}
	wrongToken := tokens("")
	wrongToken.Base = s.refused(wrongToken.Base, wrong(map[string]string{"name": "给令牌起个 1 到 40 个字的名字，写明给谁用。", "scopes": "至少选一个范围，最多 20 个。"}))
	return []page.Story{
		{Name: "letters", Page: letters},
		{Name: "letters_none", Page: &Letters{Base: s.base("未送达", "/desk/letters")}},
		{Name: "tokens", Page: tokens("")},
		{Name: "tokens_made", Page: tokens("xg_0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk")},
		{Name: "tokens_refused", Page: wrongToken},
		{Name: "tokens_none", Page: &Tokens{Base: s.base("接口令牌", "/desk/tokens"), Scopes: allScopes()}},
	}
}

func (s teller) schools() []page.Story {
	p := &School{Base: s.base("学校", "/desk/school")}
	p.Form = Form{"name": "示例大学"}
	refused := &School{Base: s.refused(s.base("学校", "/desk/school"), errs.Field("name", "学校名称写 2 到 40 个字，会印在证明上。"))}
	refused.Form = Form{"name": "校"}
	return []page.Story{{Name: "school", Page: p}, {Name: "school_refused", Page: refused}}
}

func (s teller) figures() []page.Story {
	line := func(name string, weeks, requested, missed int) counselling.Line {
		l := counselling.Line{
			Name: name, Requested: counselling.Count{N: requested}, Arrived: counselling.Count{N: requested - missed - 6},
			Missed: counselling.Count{N: missed}, Cancelled: counselling.Count{N: 6}, WaitDays: 3.4, Seats: 40, Taken: 31,
		}
		if name == "" {
			l.From = s.at(7*weeks, 0)
		}
		return l
	}
	p := &Figures{Base: s.base("数据", "/desk/counselling/figures")}
	p.Form = Form{"from": "2026-08-24", "to": "2026-10-18", "by": "week"}
	p.By, p.Total = counselling.ByWeek, line("全部", 0, 214, 9)
	for i, n := range []int{18, 24, 31, 0, 42, 38, 33, 28} {
		l := line("", i-7, n, 0)
		if n == 0 {
			l.Requested, l.Arrived, l.Cancelled, l.WaitDays = counselling.Count{Hidden: true}, counselling.Count{Hidden: true}, counselling.Count{Hidden: true}, -1
		}
		p.Spans = append(p.Spans, l)
	}
	p.Counsellors = []counselling.Line{line("苏晴", 0, 88, 5), line("顾远帆", 0, 126, 9)}
	p.Campuses = []counselling.Line{line("东校区", 0, 150, 9), line("西校区", 0, 64, 5)}
	refused := &Figures{Base: s.refused(s.base("数据", "/desk/counselling/figures"), errs.Field("to", "请选两年以内的一段时间，结束要在开始之后。"))}
	refused.Form = Form{"from": "2026-10-18", "to": "2026-08-24", "by": "week"}
	none := &Figures{Base: s.base("数据", "/desk/counselling/figures")}
	none.Form = p.Form
	list := func() *List {
		l := &List{Base: s.base("导出名单", "/desk/counselling/list")}
		l.Form = Form{"from": "2026-10-01", "to": "2026-10-12"}
		return l
	}
	listRefused := list()
	listRefused.Base = s.refused(listRefused.Base, wrong(map[string]string{"to": "请选一年以内的一段时间，结束不早于开始。", "why": "请选导出的用途，会记在审计日志里。"}))
	listRefused.Form = Form{"from": "2024-10-01", "to": "2026-10-12"}
	return []page.Story{
		{Name: "list", Page: list()},
		{Name: "list_refused", Page: listRefused},
		{Name: "figures", Page: p},
		{Name: "figures_none", Page: none},
		{Name: "figures_refused", Page: refused},
	}
}

// lives are the panel with another hour to choose, and with the strikes of a student.
func (s teller) lives() []page.Story {
	confirmed := s.booking("d2", "赵子涵", 2, 9, counselling.Confirmed)
	moving := func() *Day {
		p := s.day(&confirmed)
		p.Asking = "move"
		p.Moving = &Moving{
			With: "c1", On: s.at(2, 0), Counsellors: []Choice{{"c1", "苏晴"}, {"c2", "顾远帆"}},
			Days: page.ByDay([]counselling.Slot{s.slot(2, 15, 1, 0), s.slot(2, 16, 1, 0), s.slot(4, 9, 1, 0)}, s.now.Location()),
		}
		return p
	}
	refused := moving()
	refused.Base = s.refused(refused.Base, errs.Field("reason", "请写一句 60 字以内的理由，学生会收到；不要写“心理”“咨询”。"))
	full := moving()
	full.Moving.Days = nil
	missed := s.booking("d3", "周明远", 0, 8, counselling.Missed)
	struck := s.day(&missed)
	strike := counselling.Strike{
		PublicID: "k1", Booking: "d3", Kind: counselling.ForMissing, StartsAt: s.at(0, 8), Counsellor: "苏晴", At: s.now, LapsesAt: s.at(130, 0),
		State: counselling.Appealed, Appeal: "那天在医院陪护，手机没电了，有病历可以带来。", AppealedAt: s.now, Student: missed.Student,
	}
	kept := strike
	kept.PublicID, kept.State, kept.StartsAt, kept.DecidedAt, kept.DecidedBy, kept.Reason = "k2", counselling.Kept, s.at(-7, 8), s.now, "何静", "请先来电说明情况"
	struck.Rules, struck.Appeals = counselling.Defaults(), []counselling.Strike{strike}
	struck.Strikes = counselling.Strikes{List: []counselling.Strike{strike, kept}, Count: 2, Limit: 3}
	return []page.Story{
		{Name: "counselling_moving", Page: moving()},
		{Name: "counselling_moving_refused", Page: refused},
		{Name: "counselling_moving_none", Page: full},
		{Name: "counselling_strikes", Page: struck},
	}
}
