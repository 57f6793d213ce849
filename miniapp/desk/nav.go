package desk

import (
	"context"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
)

// Group is some queues under a heading.
type Group struct {
	Name  string
	Items []Item
}

// Item is a queue or a list of this person.
type Item struct {
	Path   string
	Name   string
	Detail string // what it is for, said on the home page
	Count  int    // what waits there
	Under  int    // what is under way there, whoever it waits for
	Here   bool   // the page being looked at
}

// navOf lists what this person works on, with what waits; nothing for who has no role.
// work is what waits of applications, nil if it is to be counted.
func navOf(ctx context.Context, tx *store.Tx, who identity.Person, path string, work *request.Work) ([]Group, error) {
	var groups []Group
	for _, make := range []func(context.Context, *store.Tx, identity.Person) (Group, error){centreGroup, careGroup, workGroup(work), schoolGroup, peopleGroup, machineGroup} {
		g, err := make(ctx, tx, who)
		if err != nil {
			return nil, err
		}
		if len(g.Items) > 0 {
			groups = append(groups, g)
		}
	}
	mark(groups, path)
	return groups, nil
}

// mark finds the item of the page: the longest path that begins the address.
func mark(groups []Group, path string) {
	var best *Item
	for _, g := range groups {
		for i := range g.Items {
			item := &g.Items[i]
			if (path == item.Path || strings.HasPrefix(path, item.Path+"/")) && (best == nil || len(item.Path) > len(best.Path)) {
				best = item
			}
		}
	}
	if best != nil {
		best.Here = true
	}
}

func centreGroup(ctx context.Context, tx *store.Tx, who identity.Person) (Group, error) {
	centres := counselling.Centres(who)
	if len(centres) == 0 {
		return Group{}, nil
	}
	waiting, err := counselling.Waiting(ctx, tx, who)
	if err != nil {
		return Group{}, err
	}
	queued, err := counselling.Queued(ctx, tx, who)
	if err != nil {
		return Group{}, err
	}
	unsettled, err := counselling.UnsettledCount(ctx, tx, who)
	if err != nil {
		return Group{}, err
	}
	g := Group{Name: "预约中心", Items: []Item{
		{Path: "/desk/counselling", Name: "预约", Detail: "确认新的预约，登记今天到访", Count: waiting},
		{Path: "/desk/counselling/checkin", Name: "今天到访", Detail: "前台签到：谁到了，谁没来，一按就好"},
		{Path: "/desk/counselling/week", Name: "一周", Detail: "这一周谁在什么时候来，拖动就能改时间"},
		{Path: "/desk/counselling/waitlist", Name: "排队", Detail: "谁在等空位，空出来的给了谁", Count: queued},
		{Path: "/desk/counselling/unsettled", Name: "待安排", Detail: "时间有变动的预约，逐个改期或取消", Count: unsettled},
		{Path: "/desk/counselling/hours", Name: "排班", Detail: "每位老师什么时候接待，请假和例外"},
		{Path: "/desk/counselling/counsellors", Name: "老师", Detail: "学生看到的介绍、方向和地点"},
	}}
	if who.HasIn(slices.Min(centres), identity.CentreCounsellor) {
		g.Items = slices.Insert(g.Items, 0, Item{Path: "/desk/counselling/mine", Name: "我的今天", Detail: "今天谁来，什么等您确认，哪些记录还没写"})
	}
	care, err := careItems(ctx, tx, who, slices.Min(centres))
	if err != nil {
		return Group{}, err
	}
	g.Items = append(g.Items, care...)
	if counselling.Runs(who, centres[0]) {
		g.Items = append(g.Items,
			Item{Path: "/desk/counselling/figures", Name: "数据", Detail: "等待时间、接待量和到访，不含姓名"},
			Item{Path: "/desk/counselling/notice", Name: "预约须知", Detail: "学生预约前要读完并确认的内容"},
			Item{Path: "/desk/counselling/settings", Name: "规则", Detail: "时限、提醒、免打扰和拒绝理由"})
	}
	if who.HasIn(slices.Min(centres), identity.CentreHead) {
		g.Items = append(g.Items, Item{Path: "/desk/counselling/list", Name: "导出名单", Detail: "一段时间的预约，写明用途，记入审计日志"})
	}
	return g, nil
}

func schoolGroup(_ context.Context, _ *store.Tx, who identity.Person) (Group, error) {
	if !seesCalendar(who) {
		return Group{}, nil
	}
	return Group{Name: "学校", Items: []Item{{Path: "/desk/calendar", Name: "校历", Detail: "放假和调休，排班和天数都按它算"}}}, nil
}

// careGroup is what reaches beyond the centre: what a 辅导员 writes to it, and what was
// opened to somebody for a time.
func careGroup(ctx context.Context, tx *store.Tx, who identity.Person) (Group, error) {
	g := Group{Name: "同学的事"}
	if who.Has(identity.ClassCounsellor) {
		g.Items = append(g.Items, Item{Path: "/desk/concerns", Name: "关注同学", Detail: "把担心的同学告诉中心，看回复"})
	}
	if who.IsStudent() {
		return g, nil
	}
	given, err := counselling.GivenToMe(ctx, tx, who)
	if err != nil {
		return Group{}, err
	}
	if len(given) > 0 {
		g.Items = append(g.Items, Item{Path: "/desk/given", Name: "授权查看", Detail: "授权给您、限时查看的内容"})
	}
	return g, nil
}

func peopleGroup(ctx context.Context, tx *store.Tx, who identity.Person) (Group, error) {
	var g Group
	if seesPeople(who) {
		g.Items = append(g.Items, Item{Path: "/desk/people", Name: "人员", Detail: "查学籍和账号，绑定企业微信"})
	}
	if isAdmin(who) {
		g.Items = append(g.Items, Item{Path: "/desk/school", Name: "学校", Detail: "证明上印的学校名称"})
		g.Items = append(g.Items, Item{Path: "/desk/people/import", Name: "导入名单", Detail: "用表格更新师生名单"})
	}
	if seesRoles(who) {
		waiting, err := proposalsFor(ctx, tx, who)
		if err != nil {
			return Group{}, err
		}
		g.Items = append(g.Items, Item{Path: "/desk/roles", Name: "角色", Detail: "谁能办理什么，由谁授予", Count: waiting})
	}
	g.Name = "人员与角色"
	return g, nil
}

func machineGroup(ctx context.Context, tx *store.Tx, who identity.Person) (Group, error) {
	if len(who.Roles) == 0 {
		return Group{}, nil
	}
	letters, err := outbox.Letters(ctx, tx, scopesOf(who), maxLetters)
	if err != nil {
		return Group{}, err
	}
	g := Group{Name: "运行", Items: []Item{
		{Path: "/desk/letters", Name: "未送达", Detail: "没有送到的消息，可以再发一次", Count: len(letters)},
	}}
	if isAdmin(who) || len(counselling.Centres(who)) > 0 {
		g.Items = append(g.Items, Item{Path: "/desk/tokens", Name: "接口令牌", Detail: "给别的系统的钥匙，可以随时停用"})
	}
	return g, nil
}

func isAdmin(who identity.Person) bool { return who.HasIn(0, identity.Admin) }

func seesPeople(who identity.Person) bool {
	return isAdmin(who) || who.Has(identity.Office, identity.ClassCounsellor, identity.CentreHead, identity.CentreCounsellor, identity.CentreDesk)
}

func seesRoles(who identity.Person) bool { return isAdmin(who) || who.Has(identity.CentreHead) }

// proposalsFor counts the proposals that wait for this person's word, not for another's.
func proposalsFor(ctx context.Context, tx *store.Tx, who identity.Person) (int, error) {
	list, err := identity.Proposals(ctx, tx, who)
	n := 0
	for _, p := range list {
		if canAccept(who, p) {
			n++
		}
	}
	return n, err
}
