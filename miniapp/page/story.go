package page

import (
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/templates"
)

// Story is a page with made-up data, as somebody may meet it.
type Story struct {
	Name string
	Page Page
}

// Stories lists the phone's pages in every state worth looking at, at a Monday morning
// in the zone. The desk has a list of its own.
func Stories(home templates.Home, hotlines Hotlines, zone *time.Location) []Story {
	now := time.Date(2026, 10, 12, 9, 0, 0, 0, zone)
	student := identity.Person{Name: "张晓雨", Kind: identity.Student}
	teacher := identity.Person{Name: "林静怡", Kind: identity.Staff}
	contact := counselling.Defaults().Contact
	base := func(title, back string) Base {
		return Base{Title: title, Back: back, Contact: contact, Who: student, Now: now, Once: "once"}
	}
	s := sampler{now}
	refused := base("选时间", "/m/counselling")
	refused.Problem = "这个时间刚刚约满。最近的空位：周三 10:00、周四 14:00；也可以排队。"
	tooLong := base("确认预约", "/m/counselling")
	tooLong.refuse(errs.Field("wish", "想说的话最多 200 个字，其余见面再说。"))
	unsaid := base("未到记录", "/m/counselling/mine")
	unsaid.refuse(errs.Field("appeal", "用 5 到 200 个字说说那天的情况。"))
	booked := base("预约", "/m/counselling/mine")
	booked.Flash = "已为你留下 10月14日（周三）15:00，等待确认。"
	wrongBase := base("排队等空位", "/m/counselling")
	wrongBase.refuse(errs.Field("to", "最后一天不要早于第一天。"))
	wrongQueue := s.queue(wrongBase, false, false)
	wrongQueue.From, wrongQueue.To, wrongQueue.Part = "2026-10-16", "2026-10-14", "morning"
	wrongQueue.Except = []string{"0counsellor2"}
	asked := s.queue(base("排队等空位", "/m/counselling"), true, false)
	asked.Wait.AskedAt = now
	skipped := s.queue(base("排队等空位", "/m/counselling"), true, false)
	skipped.Wait.Skipped = "你的预约暂停到 11月12日（周四），在那之前空位先问后面的同学，你的位置不变。有特殊情况，可以在“我的预约”里说明。"
	stories := []Story{
		{"verify", &Verify{Base: Base{Title: "证明核验", Now: now}}},
		{"verify_valid", s.check(now, 0, time.Time{})},
		{"verify_expired", s.check(now.AddDate(0, -9, 0), 180, time.Time{})},
		{"verify_revoked", s.check(now.AddDate(0, -1, 0), 180, now.AddDate(0, 0, -3))},
		{"verify_unknown", &Verify{Base: Base{Title: "证明核验", Now: now}, Code: "0000000000000000", Unknown: errs.MessageOf(request.ErrNoCertificate)}},
		{"home_student", &Home{Base: base("学工", ""), Modules: ModulesFor(home, student)}},
		{"home_teacher", &Home{Base: Base{Title: "学工", Who: teacher, Now: now}, Modules: ModulesFor(home, teacher)}},
		{"notice", &Notice{Base: base("预约须知", "/m/"), Notice: s.notice()}},
		{"notice_agreed", &Notice{Base: base("预约须知", "/m/counselling"), Notice: s.notice(), Agreed: true}},
		{"counsellors", &Counsellors{Base: base("心理咨询预约", "/m/"), List: s.counsellors()}},
		{"counsellors_with_open_booking", &Counsellors{Base: base("心理咨询预约", "/m/"), List: s.counsellors(), Barred: s.haveOpen()}},
		{"counsellors_paused", &Counsellors{Base: base("心理咨询预约", "/m/"), List: s.counsellors(), Barred: s.paused()}},
		{"times_paused", &Times{Base: base("选时间", "/m/counselling"), Counsellor: s.counsellors()[0], Days: ByDay(s.slots(), zone), Barred: s.paused()}},
		{"counsellors_none", &Counsellors{Base: base("心理咨询预约", "/m/")}},
		{"times", &Times{Base: base("选时间", "/m/counselling"), Counsellor: s.counsellors()[0], Days: ByDay(s.slots(), zone)}},
		{"times_just_taken", &Times{Base: refused, Counsellor: s.counsellors()[0], Days: ByDay(s.slots(), zone)}},
		{"times_later", &Times{Base: base("选时间", "/m/counselling"), Counsellor: s.counsellors()[0], Days: ByDay(s.laterSlots(), zone)}},
		{"times_none", &Times{Base: base("选时间", "/m/counselling"), Counsellor: s.counsellors()[1]}},
		{"book", &Book{Base: base("确认预约", "/m/counselling"), Slot: s.slot(2, 15, 1, 0), HoldHours: 24}},
		{"book_refused", &Book{Base: tooLong, Slot: s.slot(2, 15, 1, 0), HoldHours: 24, Wish: "想聊聊最近的状态"}},
		{"mine", &Bookings{Base: base("我的预约", "/m/"), List: []counselling.Booking{s.booking(counselling.Confirmed), s.booking(counselling.Arrived), s.booking(counselling.Cancelled), s.booking(counselling.Missed)}}},
		{"wait_form", s.queue(base("排队等空位", "/m/counselling"), false, false)},
		{"wait_form_earlier", s.queue(base("排队等空位", "/m/counselling"), false, true)},
		{"wait_form_refused", wrongQueue},
		{"wait", s.queue(base("排队等空位", "/m/counselling"), true, false)},
		{"wait_offer", s.offered(base("排队等空位", "/m/counselling"), false)},
		{"wait_offer_earlier", s.offered(base("排队等空位", "/m/counselling"), true)},
		{"wait_asked", asked},
		{"wait_skipped", skipped},
		{"mine_waiting", &Bookings{Base: base("我的预约", "/m/"), Wait: asked.Wait, List: []counselling.Booking{s.booking(counselling.Cancelled)}}},
		{"mine_none", &Bookings{Base: base("我的预约", "/m/")}},
		{"booking_new", &Booking{Base: booked, Booking: s.booking(counselling.Pending), Own: true}},
		{"booking_for_the_centre", &Booking{Base: Base{Title: "预约", Who: teacher, Now: now}, Booking: s.booking(counselling.Pending)}},
		{"booking_over", &Booking{Base: base("预约", "/m/counselling/mine"), Booking: s.over(), Own: true}},
		{"mine_over", &Bookings{Base: base("我的预约", "/m/"), List: []counselling.Booking{s.over()}}},
		{"feedback_early", &Feedback{Base: base("说说感受", "/m/counselling/mine"), Booking: s.over()}},
		{"cancel", &Cancel{Base: base("取消预约", "/m/counselling/mine"), Booking: s.booking(counselling.Confirmed)}},
		{"move", &Move{Base: base("改时间", "/m/counselling/mine"), Booking: s.booking(counselling.Confirmed), Counsellors: s.counsellors(), With: s.counsellors()[0], Days: ByDay(s.slots(), zone)}},
		{"move_none", &Move{Base: base("改时间", "/m/counselling/mine"), Booking: s.booking(counselling.Confirmed), Counsellors: s.counsellors(), With: s.counsellors()[1]}},
		{"move_to", &MoveTo{Base: base("确认改时间", "/m/counselling/mine"), Booking: s.booking(counselling.Confirmed), To: s.slot(4, 14, 1, 0), HoldHours: 24}},
		{"move_to_at_once", &MoveTo{Base: base("确认改时间", "/m/counselling/mine"), Booking: s.booking(counselling.Confirmed), To: s.slot(4, 14, 1, 0), Confirmed: true}},
		{"booking_moved", &Booking{Base: base("预约", "/m/counselling/mine"), Booking: s.moved(), Own: true, CancelTill: now.Add(48 * time.Hour), MoveTill: now.Add(48 * time.Hour)}},
		{"strikes", &Strikes{Base: base("未到记录", "/m/counselling/mine"), Strikes: s.strikes(2)}},
		{"strikes_paused", &Strikes{Base: base("未到记录", "/m/counselling/mine"), Strikes: s.strikes(3)}},
		{"strikes_refused", &Strikes{Base: unsaid, Strikes: s.strikes(2), Asking: "0strike0", Typed: "生病"}},
		{"strikes_none", &Strikes{Base: base("未到记录", "/m/counselling/mine")}},
		{"mine_with_strikes", &Bookings{Base: base("我的预约", "/m/"), List: []counselling.Booking{s.booking(counselling.Confirmed), s.booking(counselling.Missed)}, Strikes: s.strikes(3)}},
		{"cancel_late", &Cancel{Base: base("取消预约", "/m/counselling/mine"), Booking: s.booking(counselling.Confirmed), Warning: "离开始不到 2 小时，现在取消会记一次临近取消，是这学期第 1 次，满 3 次会暂停预约 30 天。"}},
		{"now", &Now{Base: Base{Title: "求助热线", Back: "/m/"}, Hotlines: hotlines}},
		{"error_forbidden", &Error{Base: base("这一页看不了", ""), Face: Phone, Message: counselling.ErrConfidential.Message, Next: "/m/", Label: "回到首页"}},
		{"error_unbound", &Error{Base: Base{Title: "还差一步"}, Face: Phone, Message: identity.ErrUnbound.Message, Next: "/signin?to=%2Fm%2F", Label: "已经办好，重新进入"}},
		{"error_ours", &Error{Base: Base{Title: "没有完成"}, Face: Phone, Message: errs.Apology, Next: "/m/", Label: "回到首页", Request: "K7QX2M"}},
		{"error_desk", &Error{Base: Base{Title: "这一页看不了"}, Face: Desk, Message: counselling.ErrConfidential.Message, Next: "/desk/", Label: "回到工作台"}},
	}
	stories = append(stories, s.careStories(base, hotlines)...)
	stories = append(stories, s.requestStories(base)...)
	stories = append(stories, s.ownStories(base)...)
	for _, state := range counselling.States() {
		stories = append(stories, Story{"booking_" + string(state), &Booking{
			Base:    base("预约", "/m/counselling/mine"),
			Booking: s.booking(state), Own: true, CancelTill: now.Add(48 * time.Hour), MoveTill: now.Add(48 * time.Hour),
		}})
	}
	return stories
}

// sampler makes up data around a moment.
type sampler struct{ now time.Time }

func (s sampler) at(days, hour int) time.Time {
	return time.Date(s.now.Year(), s.now.Month(), s.now.Day()+days, hour, 0, 0, 0, s.now.Location())
}

func (s sampler) slot(days, hour, capacity, taken int) counselling.Slot {
	start := s.at(days, hour)
	return counselling.Slot{
		PublicID: "0slot" + start.Format("0215"), Counsellor: "0counsellor1", Name: "林静怡", StartsAt: start,
		EndsAt: start.Add(50 * time.Minute), Place: "A 座 301", Campus: "东校区", Open: true, Capacity: capacity, Taken: taken,
		TooSoon: start.Before(s.now.Add(150 * time.Minute)),
	}
}

func (s sampler) slots() []counselling.Slot {
	return []counselling.Slot{
		s.slot(0, 10, 1, 0), s.slot(0, 14, 1, 1), s.slot(0, 15, 1, 0), s.slot(2, 9, 1, 1), s.slot(2, 10, 1, 0),
		s.slot(2, 15, 8, 3), s.slot(2, 16, 1, 1), s.slot(4, 14, 1, 1), s.slot(7, 9, 1, 0),
	}
}

// laterSlots go on over weeks, the last of which has nothing to choose.
func (s sampler) laterSlots() []counselling.Slot {
	list := s.slots()
	for _, d := range []int{8, 9, 14, 15} {
		list = append(list, s.slot(d, 9, 1, 0), s.slot(d, 10, 1, 1))
	}
	return append(list, s.slot(21, 9, 1, 1))
}

func (s sampler) counsellors() []counselling.Counsellor {
	next := s.slot(2, 10, 1, 0)
	return []counselling.Counsellor{
		{PublicID: "0counsellor1", Name: "林静怡", Intro: "国家二级咨询师，陪伴大学生十二年。谈话不评判，也不急着给答案。", Topics: "适应、人际、情绪", Campus: "东校区", Place: "A 座 301", Active: true, NextFree: &next},
		{PublicID: "0counsellor2", Name: "周明远", Intro: "关注学业压力与生涯选择，喜欢和你一起把大问题拆小。", Topics: "学业、生涯", Campus: "西校区", Place: "图书馆 B1 小间", Active: true},
	}
}

func (s sampler) booking(state counselling.State) counselling.Booking {
	b := counselling.Booking{
		PublicID: "0booking1", State: state, Slot: s.slot(2, 15, 1, 1), Via: counselling.ViaPage,
		HeldUntil: s.now.Add(11 * time.Hour), CreatedAt: s.now, Wish: "最近睡得不太好，想找个人聊聊。",
		Student: counselling.Student{Name: "张晓雨", Number: "2024010101", College: "文学院"},
		History: []counselling.Event{{At: s.now, State: counselling.Pending, By: "张晓雨"}},
	}
	if state == counselling.Pending {
		return b
	}
	e := counselling.Event{At: s.now.Add(time.Hour), State: state, By: "林静怡"}
	switch state {
	case counselling.Rejected:
		e.Reason = "这个时间老师临时有安排"
	case counselling.Cancelled:
		e.By = "张晓雨"
	case counselling.Expired:
		e.By = ""
	}
	b.Reason, b.DecidedAt, b.DecidedBy = e.Reason, e.At, "林静怡"
	b.History = append(b.History, e)
	return b
}

func (s sampler) haveOpen() Barred {
	return Barred{
		Why:  "你约了 10月14日（周三）15:00 林静怡老师（待确认）。一次约一个：想换时间就改这一个，去完再约下一次。",
		Path: "/m/counselling/mine/0booking1", Link: "看这个预约，改时间或取消",
	}
}

func (s sampler) paused() Barred {
	return Barred{
		Why:  "这学期已有 3 次没有来，预约暂停到 11月12日（周四），那天起可以再约。有特殊情况，可以在“我的预约”里说明；着急请直接联系中心。",
		Path: "/m/counselling/strikes", Link: "看未到记录，说明情况",
	}
}

// moved is a booking that was moved by its student and then by the centre.
func (s sampler) moved() counselling.Booking {
	b := s.booking(counselling.Confirmed)
	first, second := counselling.Hour{StartsAt: s.at(1, 10), Counsellor: "林静怡"}, counselling.Hour{StartsAt: s.at(2, 9), Counsellor: "林静怡"}
	b.Moves = 2
	b.History = append(b.History,
		counselling.Event{At: s.now.Add(2 * time.Hour), State: counselling.Pending, By: "张晓雨", From: &first, To: &second},
		counselling.Event{At: s.now.Add(3 * time.Hour), State: counselling.Confirmed, By: "何静", Reason: "老师临时有安排", From: &second, To: &counselling.Hour{StartsAt: s.at(2, 15), Counsellor: "周明远"}})
	return b
}

// strikes are n that count, the newest still to be answered, and one that was lifted.
func (s sampler) strikes(n int) counselling.Strikes {
	list := counselling.Strikes{Count: n, Limit: 3}
	if n >= list.Limit {
		list.PausedUntil = s.at(31, 0)
	}
	for i := range n + 1 {
		k := counselling.Strike{
			PublicID: "0strike" + string(rune('0'+i)), Kind: counselling.ForMissing, Counsellor: "林静怡", StartsAt: s.at(-7*(i+1), 15),
			At: s.at(-7*(i+1), 16), LapsesAt: s.at(130, 0), State: counselling.Standing,
		}
		switch i {
		case 1:
			k.State, k.Appeal, k.AppealedAt = counselling.Appealed, "那天在医院陪护，手机没电了。", s.now
		case n:
			k.State, k.Appeal, k.AppealedAt, k.DecidedAt = counselling.Lifted, "那天有课程考试，改了时间。", s.now, s.now
		}
		list.List = append(list.List, k)
	}
	return list
}

func (s sampler) notice() counselling.Notice {
	return counselling.Notice{Version: 3, PublishedAt: s.at(-30, 9), Body: "预约前请先读完这一页，大约需要两分钟。\n\n" +
		"一、谁可以预约\n在册的本科生和研究生都可以预约，每次 50 分钟，不收费。\n\n" +
		"二、保密\n谈话内容只有你和老师知道。只有在你或他人有生命危险、或法律要求时，老师才会联系必要的人，并尽可能先告诉你。\n\n" +
		"三、时间\n提交后等待中心确认；未确认前也为你保留名额。来不了请至少提前 2 小时取消，把时间留给别的同学。\n\n" +
		"四、迟到与未到\n迟到 15 分钟以上，老师会和你另约时间。没有来也没关系，告诉我们一声就好。\n\n" +
		"五、紧急情况\n预约不能代替紧急求助。现在就需要帮助，请直接拨打 12356，或到“求助热线”里看值班电话。\n\n" +
		"六、联系\n对须知有疑问，可以在工作时间给中心打电话，号码在页面底部。"}
}

func ptr[T any](v T) *T { return &v }

// queue is the queue's page: of who waits, or the form; with a booking, for an earlier hour.
func (s sampler) queue(base Base, waits, earlier bool) *Queue {
	p := &Queue{Base: base, Counsellors: s.counsellors(), Campuses: []Campus{{"east", "东校区"}, {"west", "西校区"}}}
	if earlier {
		p.Open = ptr(s.booking(counselling.Confirmed))
	}
	if waits {
		p.Wait = &counselling.Wait{
			PublicID: "0wait1", State: counselling.InQueue, Name: "林静怡", Since: s.now.AddDate(0, 0, -3), Place: 2,
			Want: counselling.Want{Part: counselling.Afternoon, Earlier: earlier},
		}
		p.Says = p.Wait.Says(s.now.Location())
	}
	return p
}

func (s sampler) offered(base Base, earlier bool) *Queue {
	p := s.queue(base, true, earlier)
	p.Wait.Offer = &counselling.Offer{PublicID: "0offer1", State: counselling.OfferOpen, Slot: s.slot(1, 15, 1, 1), Until: s.now.Add(30 * time.Minute)}
	return p
}

// check is a stranger's look at a certificate issued at a time.
func (s sampler) check(issued time.Time, days int, revoked time.Time) *Verify {
	p := &Verify{Base: Base{Title: "证明核验", Now: s.now}, Code: "7K4M2QXW9TRBH3CD", Check: request.Check{
		Number: "XG2026000123", Title: "奖助贷证明", Holder: "张**", Issuer: "勤工助学中心", IssuedAt: issued, RevokedAt: revoked,
	}}
	if days > 0 {
		p.Check.ExpiresAt = issued.AddDate(0, 0, days)
	}
	return p
}

// over is a booking whose hour has passed, and nobody has written down who came.
func (s sampler) over() counselling.Booking {
	b := s.booking(counselling.Confirmed)
	b.Slot.StartsAt, b.Slot.EndsAt = s.now.Add(-24*time.Hour), s.now.Add(-23*time.Hour)
	return b
}
