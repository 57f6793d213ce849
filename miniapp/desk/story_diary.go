package desk

import (
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/miniapp/page"
)

func (s teller) diary() *Diary {
	p := &Diary{Base: s.base("一周", "/desk/counselling/week"), seven: seven{s.at(0, 0)}, Unsettled: 1}
	p.Form = Form{"reason": sorry}
	p.Special = calendar.NewDays(calendar.Special{Day: s.at(3, 0), Kind: calendar.Holiday, Name: "校运会"})
	w := counselling.Week{Slots: []counselling.Slot{s.slot(2, 9, 1, 0), s.slot(4, 10, 3, 0), s.slot(5, 14, 1, 1)}}
	for i, state := range []counselling.State{counselling.Arrived, counselling.Missed, counselling.Confirmed, counselling.Pending, counselling.Confirmed} {
		b := s.booking("w"+string(rune('1'+i)), []string{"林一帆", "周明远", "赵子涵", "欧阳思远", "吴桐"}[i], i, 15, state)
		b.Slot.Open = i != 4
		w.Slots, w.Bookings = append(w.Slots, b.Slot), append(w.Bookings, b)
	}
	p.arrange(s.counsellors(), w, "")
	return p
}

func (s teller) diaries() []page.Story {
	opened := func(state counselling.State) *Diary {
		p, b := s.diary(), s.booking("w3", "赵子涵", 2, 15, state)
		p.Open = &b
		return p
	}
	choosing := opened(counselling.Confirmed)
	choosing.Moving = true
	confirming := func() *Diary {
		p, to := opened(counselling.Confirmed), s.slot(4, 10, 3, 0)
		p.Moving, p.To = true, &to
		return p
	}
	refused := confirming()
	refused.Base = s.refused(refused.Base, errs.Field("reason", "请写一句 60 字以内的理由，学生会收到；不要写“心理”“咨询”。"))
	closed := opened(counselling.Pending)
	closed.Open.Slot.Open, closed.More = false, true
	here := &CheckIn{
		Base: s.base("今天到访", "/desk/counselling/checkin"), Rules: counselling.Defaults(), Undo: map[string]time.Time{"h1": s.at(0, 9)},
	}
	for i, state := range []counselling.State{counselling.Arrived, counselling.Missed, counselling.Confirmed, counselling.Confirmed, counselling.Pending} {
		here.List = append(here.List, s.booking("h"+string(rune('1'+i)), []string{"林一帆", "周明远", "赵子涵", "吴桐", "欧阳思远"}[i], 0, 7+i, state))
	}
	my := &Mine{Base: s.base("我的今天", "/desk/counselling/mine")}
	my.Today, my.Pending, my.Unwritten = here.List, []counselling.Booking{s.booking("m1", "张晓雨", 2, 15, counselling.Pending)}, here.List[:1]
	my.Unsettled, my.Offers = []counselling.Booking{s.booking("m2", "陈一诺", 3, 15, counselling.Confirmed)}, []counselling.Offer{{Slot: s.slot(1, 9, 1, 1), Until: s.at(0, 11)}}
	my.Duty = []counselling.Duty{{Name: "苏晴", StartsAt: s.at(0, 8), EndsAt: s.at(0, 20), Position: 1}}
	return []page.Story{
		{Name: "checkin", Page: here},
		{Name: "checkin_none", Page: &CheckIn{Base: s.base("今天到访", "/desk/counselling/checkin"), Query: "没有这个人"}},
		{Name: "mine", Page: my},
		{Name: "mine_none", Page: &Mine{Base: s.base("我的今天", "/desk/counselling/mine")}},
		{Name: "diary", Page: s.diary()},
		{Name: "diary_open", Page: opened(counselling.Confirmed)},
		{Name: "diary_over", Page: opened(counselling.Arrived)},
		{Name: "diary_closed_hour", Page: closed},
		{Name: "diary_choosing", Page: choosing},
		{Name: "diary_confirming", Page: confirming()},
		{Name: "diary_refused", Page: refused},
		{Name: "diary_none", Page: &Diary{Base: s.base("一周", "/desk/counselling/week"), seven: seven{s.at(0, 0)}}},
	}
}
