package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Home says what waits for this person.
type Home struct {
	Base
	Due []DueGroup // the most urgent first
}

// DueGroup is a few of one kind that are to be done, each a link, and where the rest is.
type DueGroup struct {
	Name  string
	Lines []DueLine
	Path  string
	Rest  bool // there are more than are shown
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

// home shows what waits for the person at their centre and of applications, and the way
// to everything they work on.
func home(engine *request.Engine) page.Handler {
	return func(c *page.Context) error {
		p := &Home{Base: Base{Base: page.Base{Title: "首页"}}}
		if err := readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
			due, err := dueAtCentre(c, tx, who)
			if err != nil {
				return err
			}
			lying, err := approval.Unattended(c, tx, who)
			if err != nil {
				return err
			}
			reviews, err := dueReviews(c, engine, tx, who)
			p.Due = slices.Concat(due, lyingGroups(lying, c.Now(), c.Zone()), reviews)
			return err
		}); err != nil {
			return err
		}
		p.Due = append(p.Due, others(p.Nav, p.Due)...)
		return answer(c, p, nil)
	}
}

func dueAtCentre(c *page.Context, tx *store.Tx, who identity.Person) ([]DueGroup, error) {
	centres := counselling.Centres(who)
	if len(centres) == 0 {
		return nil, nil
	}
	due, err := counselling.LoadDue(c, tx, who, slices.Min(centres))
	return dueGroups(due, c.Now(), c.Zone()), err
}

// dueReviews are the applications that wait for the person's decision longest.
func dueReviews(c *page.Context, engine *request.Engine, tx *store.Tx, who identity.Person) ([]DueGroup, error) {
	if !seesReviews(who) {
		return nil, nil
	}
	list, next, err := engine.Assigned(c, tx, who, "", dueLines)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	g := DueGroup{Name: "待我审核", Path: place{}.root(), Rest: next != ""}
	for _, i := range list {
		g.Lines = append(g.Lines, reviewLine(Entry{i}, c.Now(), c.Zone()))
	}
	return []DueGroup{g}, nil
}

func reviewLine(e Entry, now time.Time, zone *time.Location) DueLine {
	what := e.Student.Name + " · " + e.Service.Chat
	if sum := e.Yuan(); sum != "" {
		what += " " + sum + " 元"
	}
	return DueLine{place{}.address("application", e.PublicID), what, strings.TrimSpace(e.Student.College + " " + e.Student.ClassName), urgent(e, now, zone)}
}

// others are the queues with something in them that no group told of yet.
func others(nav []Group, told []DueGroup) []DueGroup {
	g := DueGroup{Name: "其他待办"}
	for _, room := range nav {
		for _, i := range room.Items {
			if i.Count > 0 && !slices.ContainsFunc(told, func(t DueGroup) bool { return t.Path == i.Path }) {
				g.Lines = append(g.Lines, DueLine{i.Path, i.Name, i.Detail, page.NewBadge("wait", fmt.Sprintf("%d 件", i.Count))})
			}
		}
	}
	if len(g.Lines) == 0 {
		return nil
	}
	return []DueGroup{g}
}

// lyingGroups is what nobody can decide until somebody is given the role.
func lyingGroups(lying []approval.Lying, now time.Time, zone *time.Location) []DueGroup {
	if len(lying) == 0 {
		return nil
	}
	g := DueGroup{Name: "没有人能审的申请", Path: "/desk/people"}
	for _, l := range lying {
		g.Lines = append(g.Lines, DueLine{
			"/desk/people", fmt.Sprintf("%s：%d 份", l.Stage, l.Tasks),
			fmt.Sprintf("%s还没有在岗的%s，最早的从 %s 等起", cmp.Or(l.Unit, "全校"), l.Role.Label(), calendar.Near(l.Since, now, zone)),
			page.NewBadge("todo", "要登记角色"),
		})
	}
	return []DueGroup{g.short()}
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
	unsettled := DueGroup{Name: "待安排", Path: "/desk/counselling/unsettled"}
	if d.Unsettled > 0 {
		unsettled.Lines = append(unsettled.Lines, DueLine{unsettled.Path, fmt.Sprintf("%d 条预约的时间已经关闭", d.Unsettled), "逐个改期或取消", page.NewBadge("todo", "待安排")})
	}
	appeals := DueGroup{Name: "未到说明", Path: "/desk/counselling"}
	if d.Appeals > 0 {
		appeals.Lines = append(appeals.Lines, DueLine{"/desk/counselling", fmt.Sprintf("%d 位同学说明了未到的原因", d.Appeals), "看说明，撤销或维持", page.NewBadge("wait", "待答复")})
	}
	today := DueGroup{Name: "今天来的", Path: "/desk/counselling/checkin"}
	for _, b := range d.Today {
		today.Lines = append(today.Lines, bookingLine(b, page.BadgeOf(b.State), zone))
	}
	var groups []DueGroup
	for _, g := range []DueGroup{cases, pending, unrecorded, gaps, unsettled, appeals, today} {
		if len(g.Lines) > 0 {
			groups = append(groups, g.short())
		}
	}
	return groups
}

// dueLines is how many lines of a group are shown.
const dueLines = 5

func (g DueGroup) short() DueGroup {
	if len(g.Lines) > dueLines {
		g.Lines, g.Rest = g.Lines[:dueLines], true
	}
	return g
}

func bookingLine(b counselling.Booking, badge page.Badge, zone *time.Location) DueLine {
	return DueLine{
		address("/desk/counselling", "date", b.Slot.StartsAt.In(zone).Format(time.DateOnly), "booking", b.PublicID),
		calendar.When(b.Slot.StartsAt, zone) + " · " + b.Student.Name, b.Slot.Name + "老师 · " + b.Slot.Place, badge,
	}
}
