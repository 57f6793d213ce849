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
	for _, make := range []func(context.Context, *store.Tx, identity.Person) ([]Group, error){centreGroups, careGroup, workGroups(work), schoolGroup, machineGroup} {
		some, err := make(ctx, tx, who)
		if err != nil {
			return nil, err
		}
		groups = append(groups, some...)
	}
	groups = slices.DeleteFunc(groups, func(g Group) bool { return len(g.Items) == 0 })
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

// centreGroups are what a centre does every day, whom it looks after beyond the hour, and
// what it sets and counts.
func centreGroups(ctx context.Context, tx *store.Tx, who identity.Person) ([]Group, error) {
	centres := counselling.Centres(who)
	if len(centres) == 0 {
		return nil, nil
	}
	centre := slices.Min(centres)
	waiting, err := counselling.Waiting(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	queued, err := counselling.Queued(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	unsettled, err := counselling.UnsettledCount(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	day := Group{Name: "预约中心", Items: []Item{
		{Path: "/desk/counselling", Name: "预约", Detail: "确认新的预约，登记到访", Count: waiting},
		{Path: "/desk/counselling/checkin", Name: "今天到访", Detail: "前台签到，谁到了、谁没来"},
		{Path: "/desk/counselling/week", Name: "一周", Detail: "谁什么时候来，拖动改时间"},
		{Path: "/desk/counselling/waitlist", Name: "排队", Detail: "谁在等空位，空位给了谁", Count: queued},
		{Path: "/desk/counselling/unsettled", Name: "待安排", Detail: "时间有变动的，逐个改期或取消", Count: unsettled},
	}}
	if who.HasIn(centre, identity.CentreCounsellor) {
		day.Items = slices.Insert(day.Items, 0, Item{Path: "/desk/counselling/mine", Name: "我的今天", Detail: "今天谁来，哪些记录还没写"})
	}
	care, err := careItems(ctx, tx, who, centre)
	if err != nil {
		return nil, err
	}
	return []Group{day, {Name: "紧急与关注", Items: care}, {Name: "中心设置", Items: centreSettings(who, centre)}}, nil
}

// centreSettings are what is set once and looked up, the numbers last.
func centreSettings(who identity.Person, centre int64) []Item {
	list := []Item{
		{Path: "/desk/counselling/hours", Name: "排班", Detail: "每位老师什么时候接待"},
		{Path: "/desk/counselling/counsellors", Name: "老师", Detail: "学生看到的介绍和地点"},
	}
	if counselling.Runs(who, centre) {
		list = append(list,
			Item{Path: "/desk/counselling/notice", Name: "预约须知", Detail: "学生预约前读完并同意"},
			Item{Path: "/desk/counselling/care", Name: "问卷和值守", Detail: "预约前的问题，多久转给下一位"},
			Item{Path: "/desk/counselling/settings", Name: "规则", Detail: "时限、次数、提醒和理由"},
			Item{Path: "/desk/counselling/figures", Name: "数据", Detail: "等待、接待和到访，不含姓名"})
	}
	if counselling.Cares(who, centre) {
		list = append(list, Item{Path: "/desk/counselling/said", Name: "反馈", Detail: "满五位同学才合在一起显示"})
	}
	if who.HasIn(centre, identity.CentreHead) {
		list = append(list, Item{Path: "/desk/counselling/list", Name: "导出名单", Detail: "写明用途，记入审计"})
	}
	return list
}

// careGroup is what reaches beyond the centre: what a 辅导员 writes to it, and what was
// opened to somebody for a time.
func careGroup(ctx context.Context, tx *store.Tx, who identity.Person) ([]Group, error) {
	g := Group{Name: "同学的事"}
	if who.Has(identity.ClassCounsellor) {
		g.Items = append(g.Items, Item{Path: "/desk/concerns", Name: "关注同学", Detail: "把担心的同学告诉中心"})
	}
	if who.IsStudent() {
		return []Group{g}, nil
	}
	given, err := counselling.GivenToMe(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	if len(given) > 0 {
		g.Items = append(g.Items, Item{Path: "/desk/given", Name: "授权查看", Detail: "授权给您、限时查看的内容"})
	}
	return []Group{g}, nil
}

// schoolGroup is who belongs to the school and when it works.
func schoolGroup(ctx context.Context, tx *store.Tx, who identity.Person) ([]Group, error) {
	g := Group{Name: "学校与人员"}
	if seesPeople(who) {
		g.Items = append(g.Items, Item{Path: "/desk/people", Name: "人员", Detail: "学籍和账号，绑定企业微信"})
	}
	if isAdmin(who) {
		g.Items = append(g.Items, Item{Path: "/desk/people/import", Name: "导入名单", Detail: "用表格更新师生名单"})
	}
	if seesRoles(who) {
		waiting, err := proposalsFor(ctx, tx, who)
		if err != nil {
			return nil, err
		}
		g.Items = append(g.Items, Item{Path: "/desk/roles", Name: "角色", Detail: "谁能办理什么，由谁授予", Count: waiting})
	}
	if seesCalendar(who) {
		g.Items = append(g.Items, Item{Path: "/desk/calendar", Name: "校历", Detail: "放假和调休，排班按它算"})
	}
	if isAdmin(who) {
		g.Items = append(g.Items, Item{Path: "/desk/school", Name: "学校名称", Detail: "印在证明上的名称"})
	}
	return []Group{g}, nil
}

func machineGroup(ctx context.Context, tx *store.Tx, who identity.Person) ([]Group, error) {
	if len(who.Roles) == 0 {
		return nil, nil
	}
	letters, err := outbox.Letters(ctx, tx, scopesOf(who), maxLetters)
	if err != nil {
		return nil, err
	}
	g := Group{Name: "系统", Items: []Item{
		{Path: "/desk/letters", Name: "未送达", Detail: "没有送到的消息，可以再发", Count: len(letters)},
	}}
	if isAdmin(who) || len(counselling.Centres(who)) > 0 {
		g.Items = append(g.Items, Item{Path: "/desk/tokens", Name: "接口令牌", Detail: "给别的系统的钥匙，可以停用"})
	}
	return []Group{g}, nil
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
