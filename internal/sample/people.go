package sample

import (
	"fmt"
	"strconv"

	"github.com/xuegong/xuegong/internal/sheet"
)

// Member is a person of the sample school's WeCom directory.
type Member struct {
	UserID     string
	Name       string
	Kind       string // student or teacher
	Department string // name of the college or department
}

// Part is one line of who is who.
type Part struct {
	UserID string
	Name   string
	Role   string // what to see with them, in Chinese
}

// person is a row of the school's list; who has a name in WeCom is in the directory.
type person struct {
	userid  string // in WeCom; "" if not there
	bound   bool   // the list proves the account
	number  string // "" if only in WeCom
	name    string
	student bool
	level   string
	status  string
	unit    string // college or department
	class   string
	gender  string
	born    string
	has     records
	part    string // in Cast
}

// Students is how many students s01, s02, … there are; Enrolled of them are 在籍.
const (
	Students = 300
	Enrolled = 280
)

// UserID returns the userid of the n-th student, from 1.
func UserID(n int) string { return fmt.Sprintf("s%02d", n) }

// Directory returns the members of the school's WeCom, the first student and the first
// teacher being those to begin a demo with.
func Directory() []Member {
	var members []Member
	for _, p := range people() {
		if p.userid == "" {
			continue
		}
		m := Member{UserID: p.userid, Name: p.name, Kind: "teacher", Department: p.unit}
		if p.student {
			m.Kind = "student"
		}
		members = append(members, m)
	}
	return members
}

// Cast returns who is who, in the order of the package's table.
func Cast() []Part {
	var cast []Part
	for _, p := range people() {
		if p.part != "" {
			cast = append(cast, Part{UserID: p.userid, Name: p.name, Role: p.part})
		}
	}
	return cast
}

func people() []person {
	list := students()
	list = append(list, staff()...)
	return append(list, special()...)
}

// class is a class of thirty.
type class struct {
	college, name, level string
	year                 int
}

func classes() []class {
	return []class{
		{literature, "汉语言2024级1班", "本科", 2024},
		{literature, "汉语言2023级1班", "本科", 2023},
		{literature, "新闻2024级1班", "本科", 2024},
		{literature, "新闻2025级1班", "本科", 2025},
		{literature, "中文研究生2025级", "硕士", 2025},
		{information, "计算机2023级1班", "本科", 2023},
		{information, "计算机2024级1班", "本科", 2024},
		{information, "软件2024级1班", "本科", 2024},
		{information, "软件2025级1班", "本科", 2025},
		{information, "信息研究生2025级", "硕士", 2025},
	}
}

func students() []person {
	parts := map[int]string{
		1: "学生，还没读预约须知，从这里开始", 2: "学生，已读须知，可直接预约", 3: "学生，已读须知，可直接预约", 4: "学生，已读须知，可直接预约",
		5: "学生，有一个已确认的预约", 6: "学生，有一个待确认的预约", 7: "学生，取消过一次预约", 8: "学生，有一次未被接受的预约",
		11: "学生，实习补贴等辅导员初审", 21: "学生，实习补贴退回补充，要重拍车票", 22: "学生，实习补贴还差实习证明原件",
		28: "学生，技能证书扶持已放款", 33: "学生，实习补贴的材料逾期未交", 49: "学生，困难认定证明打印好了，等本人来领",
		Enrolled + 1: "学生，休学中",
	}
	list := make([]person, 0, Students)
	for i := 1; i <= Students; i++ {
		c := classes()[(i-1)/30]
		p := person{userid: UserID(i), bound: true, student: true, unit: c.college, class: c.name, level: c.level, status: status(i), part: parts[i]}
		p.name, p.gender = studentName(i)
		if c.level == "硕士" && i%6 == 0 {
			p.level = "博士"
		}
		seat := (i-1)%30 + 1
		p.number = fmt.Sprintf("%d%02d%02d", c.year, (i-1)/30+11, seat)
		p.born = fmt.Sprintf("%d-%02d-%02d", c.year-age(p.level), i%12+1, i%28+1)
		p.has = recordsOf(i)
		list = append(list, p)
	}
	return list
}

func status(i int) string {
	switch {
	case i <= Enrolled:
		return "在籍"
	case i <= Enrolled+6:
		return "休学"
	case i <= Students-2:
		return "毕业"
	default:
		return "退学"
	}
}

func age(level string) int {
	switch level {
	case "硕士":
		return 22
	case "博士":
		return 25
	}
	return 18
}

// studentName gives the cast their names and everybody else one put together from lists.
func studentName(i int) (name, gender string) {
	cast := []string{"张晓雨", "李沐阳", "王思齐", "赵可心", "许知遥", "程一诺", "陶然", "梁予安"}
	if i <= len(cast) {
		return cast[i-1], []string{"女", "男"}[(i+1)%2]
	}
	surnames := []rune("陈杨黄周吴徐孙马朱胡郭何高林罗郑谢宋唐韩曹邓萧冯曾彭蔡潘袁董")
	female := []string{"雨桐", "诗涵", "语嫣", "梦洁", "婉清", "若溪", "静姝", "子墨", "芷晴", "念真", "书瑶"}
	male := []string{"浩然", "子轩", "宇航", "明哲", "景行", "逸飞", "承宇", "致远", "星河", "修远", "立言"}
	given, gender := female, "女"
	if i%2 == 0 {
		given, gender = male, "男"
	}
	return string(surnames[i%len(surnames)]) + given[i/len(surnames)%len(given)], gender
}

func staff() []person {
	list := []person{
		{name: "苏晴", unit: centre, part: "成长中心老师，东校区"},
		{name: "顾远帆", unit: centre, part: "成长中心老师，东校区"},
		{name: "叶知秋", unit: centre, part: "成长中心老师，西校区"},
		{name: "许明朗", unit: centre, part: "成长中心老师，西校区，每周一次小组"},
		{name: "林若谷", unit: centre, part: "成长中心负责人"},
		{name: "方小满", unit: centre, part: "成长中心前台"},
		{name: "周海宁", unit: affairs, part: "系统管理员"},
		{name: "陈立夏", unit: affairs, part: "学工处老师"},
		{name: "何秋白", unit: aid, part: "学生资助管理中心老师"},
		{name: "沈嘉木", unit: work, part: "勤工助学中心老师"},
		{name: "陆一舟", unit: matters, part: "学生事务中心老师"},
		{name: "宋清和", unit: literature, part: "文学院学工办老师"},
		{name: "唐予怀", unit: information, part: "信息学院学工办老师"},
	}
	names := []string{"江月明", "白慕言", "秦书宁", "丁一川", "范思源", "姜晚晴", "魏长河", "尹子默", "石若兰", "钟景和"}
	for i, c := range classes() {
		list = append(list, person{name: names[i], unit: c.college, part: c.name + "辅导员"})
	}
	list = append(list, person{name: "程景行", unit: work, part: "勤工助学中心负责人，确认补助的金额"})
	for i := range list {
		p := &list[i]
		p.userid, p.bound, p.number, p.status = fmt.Sprintf("t%02d", i+1), true, strconv.Itoa(100_001+i), "在职"
		p.gender, p.born = []string{"女", "男"}[i%2], fmt.Sprintf("%d-%02d-15", 1978+i%15, i%12+1)
	}
	return list
}

// special are the persons whose binding is worth looking at.
func special() []person {
	c := classes()[3]
	return []person{
		{userid: "u01", name: "吴桐", student: true, unit: c.college, part: "学生，在企业微信里，还没有绑定学籍"},
		{number: "20260302", name: "吴桐", student: true, level: c.level, status: "在籍", unit: c.college, class: c.name, gender: "男", born: "2007-05-20"},
		{
			userid: "20260301", number: "20260301", name: "秦朗", student: true, level: c.level, status: "在籍", unit: c.college, class: c.name,
			gender: "男", born: "2007-11-02", part: "学生，账号就是学号，第一次进入时自动绑定",
		},
		{
			userid: "g01", bound: true, number: "20220199", name: "罗锦程", student: true, level: "本科", status: "毕业", unit: c.college,
			class: "汉语言2022级1班", gender: "男", born: "2004-01-08", part: "已毕业的学生",
		},
	}
}

// list is the table a school would import in the school year.
func list(year int) sheet.Table {
	t := sheet.Table{Header: []string{
		"学号/工号", "姓名", "类别", "层次", "状态", "学院", "班级", "校区", "性别", "出生日期", "企业微信账号",
		"困难等级", "奖助项目", "资助项目", "助学贷款", "荣誉称号", "年份", "家庭所在地", "银行卡尾号",
	}}
	for _, p := range people() {
		if p.number == "" {
			continue
		}
		kind, account, when := "教职工", "", ""
		if p.student {
			kind = "学生"
		}
		if p.bound {
			account = p.userid
		}
		h := p.has
		if h.tier+h.awards+h.aid+h.loan+h.honours != "" {
			when = strconv.Itoa(year)
		}
		t.Rows = append(t.Rows, sheet.Row{Number: len(t.Rows) + 2, Cells: []string{
			p.number, p.name, kind, p.level, p.status, p.unit, p.class, "", p.gender, p.born, account,
			h.tier, h.awards, h.aid, h.loan, h.honours, when, h.home, h.bank,
		}})
	}
	return t
}
