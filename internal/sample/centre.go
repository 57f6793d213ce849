package sample

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// notice is 预约须知 in its first version.
//
//go:embed notice.txt
var notice string

// counsellor is one of the centre with the hours of every workday.
type counsellor struct {
	userid, name, campus, place, intro, topics string
	blocks                                     [][2]int // first and last hour of the day, on the hour
}

func counsellors() []counsellor {
	return []counsellor{
		{
			"t01", "苏晴", "east", "东校区致远楼 305", "听你慢慢说，不着急给答案。常和同学聊适应新环境、睡眠和考前的紧张。", "适应、情绪、睡眠",
			[][2]int{{9, 10}, {14, 15}},
		},
		{
			"t02", "顾远帆", "east", "东校区致远楼 307", "做过十年班主任，喜欢和你一起把乱成一团的事理出先后。", "学业、时间安排、生涯",
			[][2]int{{14, 16}},
		},
		{
			"t03", "叶知秋", "west", "西校区明德楼 212", "关心人和人之间的距离：室友、恋人、父母，都可以聊。", "人际、家庭、恋爱",
			[][2]int{{9, 10}, {15, 15}},
		},
		{
			"t04", "许明朗", "west", "西校区明德楼 214", "相信一小步也是进展。周三下午带一个三人小组，一起练习表达。", "自我认识、表达",
			[][2]int{{10, 10}, {14, 14}},
		},
	}
}

// The weekly hour that takes a group.
const (
	groupBy       = "t04"
	groupDay      = time.Wednesday
	groupHour     = 16
	groupCapacity = 3
)

// hourLength is in minutes; the rest of the hour is for notes.
const hourLength = 50

// foundCentre grants the centre's roles, each by its head and a second person, and
// publishes what students read.
func foundCentre(ctx context.Context, tx *store.Tx) error {
	units, err := identity.Units(ctx, tx, identity.Centre)
	if err != nil {
		return err
	}
	unit := units[0].ID
	who, err := load(ctx, tx, "t")
	if err != nil {
		return err
	}
	if err := identity.Found(ctx, tx, identity.Operator(), who["t05"].ID, unit); err != nil {
		return err
	}
	head, err := identity.Get(ctx, tx, who["t05"].ID)
	if err != nil {
		return err
	}
	grant := func(userid string, name identity.RoleName) error {
		proposal, err := identity.ProposeCentreRole(ctx, tx, head, who[userid].ID, name, unit)
		if err != nil {
			return err
		}
		return identity.AcceptCentreRole(ctx, tx, who["t07"], proposal)
	}
	if err := grant("t06", identity.CentreDesk); err != nil {
		return err
	}
	for i, c := range counsellors() {
		if err := grant(c.userid, identity.CentreCounsellor); err != nil {
			return err
		}
		if _, err := counselling.SaveCounsellor(ctx, tx, head, unit, counselling.CounsellorEdit{
			Person: who[c.userid].ID,
			Intro:  c.intro, Topics: c.topics, Campus: c.campus, Place: c.place, Active: true, Position: i + 1,
		}); err != nil {
			return err
		}
	}
	if err := counselling.PublishForm(ctx, tx, head, unit, questions); err != nil {
		return err
	}
	if err := counselling.PublishNotice(ctx, tx, head, unit, notice); err != nil {
		return err
	}
	return stayAwake(ctx, tx, head, unit)
}

// stayAwake switches the quiet hours off where the school is founded in them or shortly
// before: who tries the demo while it is night there is answered as by day.
func stayAwake(ctx context.Context, tx *store.Tx, head identity.Person, unit int64) error {
	set := counselling.Defaults()
	quiet := outbox.Quiet{From: set.QuietFrom, To: set.QuietTo, Zone: tx.Zone()}
	_, _, now := quiet.Bounds(tx.Now())
	_, _, soon := quiet.Bounds(tx.Now().Add(2 * time.Hour))
	if !now && !soon {
		return nil
	}
	set.QuietTo = set.QuietFrom
	return counselling.SaveSettings(ctx, tx, head, unit, set)
}

// planHours gives every counsellor the rules of their week if the centre has none, and
// plans what is missing up to the horizon. It does nothing in a school whose centre was
// changed beyond recognition.
func planHours(ctx context.Context, tx *store.Tx) error {
	units, err := identity.Units(ctx, tx, identity.Centre)
	if err != nil || len(units) == 0 {
		return err
	}
	staff, err := identity.Holders(ctx, tx, units[0].ID, identity.CentreDesk, identity.CentreHead)
	if err != nil || len(staff) == 0 {
		return err
	}
	known, err := counselling.CentreCounsellors(ctx, tx, staff[0], units[0].ID)
	if err != nil {
		return err
	}
	for _, k := range known {
		for _, c := range counsellors() {
			if c.name == k.Name && k.Active {
				if err := giveRules(ctx, tx, staff[0], k, c); err != nil {
					return err
				}
			}
		}
	}
	_, err = counselling.PlanAll(ctx, tx)
	return err
}

// giveRules writes the rules of a counsellor who has none.
func giveRules(ctx context.Context, tx *store.Tx, who identity.Person, k counselling.Counsellor, c counsellor) error {
	have, err := counselling.ScheduleOf(ctx, tx, who, k.PublicID, tx.Now(), tx.Now())
	if err != nil || len(have.Rules) > 0 {
		return err
	}
	workdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	rule := func(first, last, capacity int, days ...time.Weekday) error {
		_, err := counselling.SaveRule(ctx, tx, who, k.PublicID, counselling.Rule{
			Weekdays: days, Weeks: counselling.EveryWeek, From: first * 60, To: last*60 + hourLength, Length: hourLength, Buffer: 60 - hourLength,
			Code: c.campus, Place: c.place, Capacity: capacity, Begins: calendar.Midnight(tx.Now(), tx.Zone()),
		})
		return err
	}
	for _, block := range c.blocks {
		if err := rule(block[0], block[1], 1, workdays...); err != nil {
			return err
		}
	}
	if c.userid != groupBy {
		return nil
	}
	return rule(groupHour, groupHour, groupCapacity, groupDay)
}

// beginBookings has the cast agree and book, each to where the table says they stand.
func beginBookings(ctx context.Context, tx *store.Tx) error {
	who, err := load(ctx, tx, "s0")
	if err != nil {
		return err
	}
	staff, err := load(ctx, tx, "t0")
	if err != nil {
		return err
	}
	for n := 2; n <= 8; n++ {
		p := who[UserID(n)]
		current, _, err := counselling.CurrentNotice(ctx, tx, p)
		if err != nil {
			return err
		}
		if err := counselling.Agree(ctx, tx, p, current.Version); err != nil {
			return err
		}
	}
	confirmed, err1 := book(ctx, tx, who["s05"], "苏晴")
	_, err2 := book(ctx, tx, who["s06"], "苏晴")
	cancelled, err3 := book(ctx, tx, who["s07"], "叶知秋")
	declined, err4 := book(ctx, tx, who["s08"], "顾远帆")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	if _, err := counselling.Confirm(ctx, tx, staff["t01"], confirmed); err != nil {
		return err
	}
	if _, err := counselling.Cancel(ctx, tx, who["s07"], cancelled, ""); err != nil {
		return err
	}
	_, err = counselling.Reject(ctx, tx, staff["t02"], declined, counselling.Defaults().Reasons[0])
	return err
}

// book takes the counsellor's first free hour at least two days ahead.
func book(ctx context.Context, tx *store.Tx, p identity.Person, name string) (string, error) {
	slots, err := counselling.Slots(ctx, tx, p, "", tx.Now().AddDate(0, 0, 2), time.Time{})
	if err != nil {
		return "", err
	}
	for _, s := range slots {
		if s.Name == name && s.Bookable() {
			b, err := counselling.Book(ctx, tx, p, s.PublicID, "", counselling.ViaPage)
			return b.PublicID, err
		}
	}
	return "", fmt.Errorf("no free hour of %s", name)
}
