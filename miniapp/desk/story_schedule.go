package desk

import (
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/miniapp/page"
)

func (s teller) rules() []counselling.Rule {
	weekly := counselling.Rule{
		PublicID: "r1", Weekdays: []time.Weekday{time.Monday, time.Wednesday, time.Friday}, Weeks: counselling.EveryWeek, From: 14 * 60, To: 17 * 60,
		Length: 50, Buffer: 10, Campus: "东校区", Code: "east", Place: "致远楼 305", Capacity: 1, Begins: s.at(-40, 0),
	}
	group := weekly
	group.PublicID, group.Weekdays, group.Weeks, group.Capacity, group.Shared, group.Ends = "r2", []time.Weekday{time.Tuesday}, counselling.OddWeeks, 3, true, s.at(90, 0)
	extra := weekly
	extra.PublicID, extra.Weekdays, extra.Begins, extra.Ends = "r3", nil, s.at(5, 0), s.at(5, 0)
	return []counselling.Rule{weekly, group, extra}
}

func (s teller) change() counselling.Change {
	open := func(days, hour int) counselling.Opening {
		return counselling.Opening{StartsAt: s.at(days, hour), EndsAt: s.at(days, hour).Add(50 * time.Minute), Place: "致远楼 305", Capacity: 1}
	}
	return counselling.Change{
		Added: []counselling.Opening{open(2, 15), open(2, 16), open(9, 15), open(9, 16), open(16, 15), open(16, 16), open(23, 15)}, Removed: []counselling.Opening{open(2, 14), open(9, 14)},
		Stay: []counselling.Booking{s.booking("b1", "张晓雨", 2, 14, counselling.Confirmed)}, Blocked: []counselling.Opening{open(3, 15)},
	}
}

func (s teller) stranded() []counselling.Stranded {
	other := s.slot(4, 10, 1, 0)
	other.Counsellor, other.Name, other.PublicID = "c2", "顾远帆", "slot-c2"
	return []counselling.Stranded{
		{Booking: s.booking("b1", "张晓雨", 2, 14, counselling.Confirmed), Near: []counselling.Slot{s.slot(2, 16, 1, 0), s.slot(3, 9, 1, 0), other}},
		{Booking: s.booking("b2", "欧阳思远", 2, 15, counselling.Pending)},
	}
}

func (s teller) schedule(rule, way string) *Schedule {
	p := &Schedule{Base: s.base("排班", "/desk/counselling/hours"), Monday: s.at(0, 0), Rule: rule, Way: way, Campuses: []Choice{{"east", "东校区"}, {"west", "西校区"}}}
	p.Schedule = counselling.Schedule{
		Counsellor: s.counsellors()[0], Rules: s.rules(), May: true,
		Slots: []counselling.Slot{s.slot(0, 14, 1, 1), s.slot(0, 15, 1, 0), s.slot(2, 14, 1, 0), s.slot(2, 15, 1, 1), s.slot(4, 16, 1, 0)},
		Offs:  []counselling.Off{{PublicID: "o1", From: s.at(3, 0), To: s.at(4, 0), Why: counselling.WhyIll}, {PublicID: "o2", From: s.at(8, 14), To: s.at(8, 15), Why: counselling.WhyClosed}},
	}
	p.Special = calendar.NewDays(calendar.Special{Day: s.at(5, 0), Kind: calendar.MakeUp, Name: "国庆节调休", Follows: time.Wednesday})
	p.Form = Form{"from": "14:00", "to": "17:00", "length": "50", "buffer": "10", "campus": "east", "place": "致远楼 305", "capacity": "1", "begins": "2026-09-02", "weeks": "every", "weekday:1": "on", "weekday:3": "on"}
	return p
}

func (s teller) schedules() []page.Story {
	looked := s.schedule("r1", "")
	looked.Look = &Look{Change: s.change()}
	refused := s.schedule("", "")
	refused.Form["length"], refused.Form["place"] = "300", "心理中心 301"
	refused.Base = s.refused(refused.Base, wrong(map[string]string{"length": "每次 10 到 240 分钟。", "weekdays": "至少选一个周几。", "place": "地点写 1 到 60 个字，会出现在推送里，请不要写“心理”“咨询”。"}))
	end := s.schedule("r1", "end")
	end.Look = &Look{Change: counselling.Change{Removed: s.change().Removed}}
	back := s.schedule("", "")
	back.Off, back.Look = "o1", &Look{}
	none := s.schedule("", "")
	none.Rules, none.Offs, none.Slots, none.May = nil, nil, nil, false

	unsettled := &Unsettled{Base: s.base("待安排", "/desk/counselling/unsettled"), List: s.stranded(), Zone: s.now.Location(), Running: []counselling.Progress{{Done: 40, Total: 120}, {}}}
	unsettled.Form = Form{"reason": sorry}
	away := func(chosen bool) *Away {
		p := &Away{Base: s.base("老师来不了", "/desk/counselling/hours"), May: []Choice{{"c1", "苏晴"}, {"c2", "顾远帆"}}, Zone: s.now.Location()}
		p.Form = Form{"counsellor": "c1", "from_day": "2026-10-14", "to_day": "2026-10-16", "from_time": "00:00", "to_time": "24:00", "why": "ill", "reason": sorry, "all": counselling.ToNext}
		if chosen {
			p.Look, p.List = &Look{Change: s.change()}, s.stranded()
		}
		return p
	}
	nobody := away(true)
	nobody.List = nil
	return []page.Story{
		{Name: "schedule", Page: s.schedule("", "")},
		{Name: "schedule_looked", Page: looked},
		{Name: "schedule_refused", Page: refused},
		{Name: "schedule_extra", Page: s.schedule("r3", "extra")},
		{Name: "schedule_end", Page: end},
		{Name: "schedule_back", Page: back},
		{Name: "schedule_none", Page: none},
		{Name: "unsettled", Page: unsettled},
		{Name: "unsettled_none", Page: &Unsettled{Base: s.base("待安排", "/desk/counselling/unsettled")}},
		{Name: "away", Page: away(false)},
		{Name: "away_looked", Page: away(true)},
		{Name: "away_nobody", Page: nobody},
	}
}

func (s teller) calendars() []page.Story {
	cal := func() *Calendar {
		p := &Calendar{Base: s.base("校历", "/desk/calendar"), Year: 2026, CanEdit: true, List: []calendar.Special{
			{Day: s.at(-11, 0), Kind: calendar.Holiday, Name: "国庆节"},
			{Day: s.at(-10, 0), Kind: calendar.Holiday, Name: "国庆节"},
			{Day: s.at(-2, 0), Kind: calendar.MakeUp, Name: "国庆节调休", Follows: time.Wednesday},
		}}
		p.Form = Form{"kind": "holiday"}
		return p
	}
	look := cal()
	look.Look, look.Form, look.Open = &Look{Change: s.change()}, Form{"day": "2026-10-14", "kind": "holiday", "name": "校庆"}, "2026-10-14"
	remove := cal()
	remove.Look, remove.Form, remove.Open = &Look{Remove: true, Secret: true, Change: s.change()}, Form{"day": "2026-10-02", "kind": "holiday", "name": "国庆节"}, "2026-10-02"
	file := cal()
	file.File, file.Content, file.Days, file.Look = "校历2027.xlsx", "UEsDBA==", file.List, &Look{}
	mend := cal()
	mend.File, mend.Mend = "校历2027.csv", []calendar.RowError{{Row: 3, Message: "类型写“放假”或“调休上班”。"}}
	none := cal()
	none.List, none.CanEdit = nil, false
	refused := cal()
	refused.Base = s.refused(refused.Base, errs.Field("name", "名称写 1 到 20 个字，例如 国庆节。"))
	return []page.Story{
		{Name: "calendar", Page: cal()},
		{Name: "calendar_looked", Page: look},
		{Name: "calendar_remove", Page: remove},
		{Name: "calendar_file", Page: file},
		{Name: "calendar_mend", Page: mend},
		{Name: "calendar_none", Page: none},
		{Name: "calendar_refused", Page: refused},
	}
}
