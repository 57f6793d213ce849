package desk

import (
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Home says what waits for this person.
type Home struct {
	Base
	Due []DueGroup // at their centre
}

// DueGroup is a few of one kind that are to be done, each a link, and where the rest is.
type DueGroup struct {
	Name  string
	Lines []DueLine
	Path  string
	More  int // are not shown
}

// DueLine is one thing to be done.
type DueLine struct {
	Path  string
	What  string
	More  string
	Badge page.Badge
}

// Template implements page.Page.
func (*Home) Template() string { return "desk/home" }

// Waiting is how much waits in all queues together.
func (p *Home) Waiting() int {
	n := 0
	for _, g := range p.Nav {
		for _, i := range g.Items {
			n += i.Count
		}
	}
	return n
}

func home(c *page.Context) error {
	p := &Home{Base: Base{Base: page.Base{Title: "工作台"}}}
	if err := readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centres := counselling.Centres(who)
		if len(centres) == 0 {
			return nil
		}
		due, err := counselling.LoadDue(c, tx, who, slices.Min(centres))
		p.Due = dueGroups(due, c.Now(), c.Zone())
		return err
	}); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// dueGroups arranges what is to be done, the most urgent first.
func dueGroups(d counselling.Due, now time.Time, zone *time.Location) []DueGroup {
	cases := DueGroup{Name: "需要马上联系", Path: "/desk/counselling/cases"}
	for _, k := range d.Cases {
		cases.Lines = append(cases.Lines, DueLine{
			"/desk/counselling/cases/" + k.PublicID, k.Student.Name + " · " + k.Student.College,
			calendar.Near(k.OpenedAt, now, zone) + " 起", caseBadge(k),
		})
	}
	pending := DueGroup{Name: "等待确认", Path: "/desk/counselling"}
	for _, b := range d.Pending {
		pending.Lines = append(pending.Lines, bookingLine(b, deadline(b, now, zone), zone))
	}
	unrecorded := DueGroup{Name: "还没登记到访", Path: "/desk/counselling"}
	for _, b := range d.Unrecorded {
		by := calendar.Near(b.RecordedBy(), now, zone) + " 起按已到访算"
		unrecorded.Lines = append(unrecorded.Lines, bookingLine(b, page.NewBadge("todo", by), zone))
	}
	gaps := DueGroup{Name: "值班空缺", Path: "/desk/counselling/duty"}
	for _, g := range d.Gaps {
		gaps.Lines = append(gaps.Lines, DueLine{"/desk/counselling/duty", g.String(zone), "没有人接紧急联系", page.NewBadge("todo", "要排班")})
	}
	rest := DueGroup{Name: "其他"}
	if d.Unsettled > 0 {
		rest.Lines = append(rest.Lines, DueLine{"/desk/counselling/unsettled", fmt.Sprintf("%d 条预约的时间已经关闭", d.Unsettled), "逐个改期或取消", page.NewBadge("todo", "待安排")})
	}
	if d.Appeals > 0 {
		rest.Lines = append(rest.Lines, DueLine{"/desk/counselling", fmt.Sprintf("%d 位同学说明了未到的原因", d.Appeals), "看说明，撤销或维持", page.NewBadge("wait", "待答复")})
	}
	today := DueGroup{Name: "今天来的", Path: "/desk/counselling/checkin"}
	for _, b := range d.Today {
		today.Lines = append(today.Lines, bookingLine(b, page.BadgeOf(b.State), zone))
	}
	var groups []DueGroup
	for _, g := range []DueGroup{cases, pending, unrecorded, gaps, rest, today} {
		if len(g.Lines) > 0 {
			groups = append(groups, g.short())
		}
	}
	return groups
}

// dueLines is how many lines of a group are shown.
const dueLines = 5

func (g DueGroup) short() DueGroup {
	if n := len(g.Lines); n > dueLines {
		g.Lines, g.More = g.Lines[:dueLines], n-dueLines
	}
	return g
}

func bookingLine(b counselling.Booking, badge page.Badge, zone *time.Location) DueLine {
	return DueLine{
		address("/desk/counselling", "date", b.Slot.StartsAt.In(zone).Format(time.DateOnly), "booking", b.PublicID),
		calendar.When(b.Slot.StartsAt, zone) + " · " + b.Student.Name, b.Slot.Name + "老师 · " + b.Slot.Place, badge,
	}
}
