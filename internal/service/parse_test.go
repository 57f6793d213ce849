package service_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/service"
)

// reading is a whole file: one of every thing that can go wrong stands in it once.
const reading = `code: reading-fund
title: 阅读补助
chat: 阅读补助
detail: 买专业书的补助
group: 事务办理
order: 90
department: 勤工助学中心
notice:
  attention: 发票要写学校名称。
  process: 提交，交发票，审核，放款。
window:
  opens: 09-01
  closes: 12-31
place: 勤工助学中心（东校区 3 号楼 102）
hours: 工作日 8:30–17:00
contacts:
  - {campus: 东校区, name: 勤工助学中心, phone: 8300 1102}
  - {campus: 西校区, name: 学生事务中心, phone: 8300 2204}
fields:
  - name: kind
    label: 书的种类
    kind: choice
    required: true
    options:
      - {value: textbook, text: 教材}
      - {value: other, text: 其他}
  - name: why
    label: 用来做什么
    kind: text
    if: {field: kind, in: [other]}
  - name: price
    label: 书价
    kind: money
    required: true
    min: "0.01"
    max: 500
rules:
  - code: tier
    text: 本学年认定为特困或困难
    fact: tier
    in: [特困, 困难]
    otherwise: 认定请找辅导员。
limits:
  per_year: 2
  open_at_once: 1
materials:
  - code: invoice
    name: 发票原件
    required: true
    paper: true
    deadline_days: 7
remind_days: 2
stages:
  - code: office
    title: 审核
    role: office
    scope: department
    limit_hours: 72
    remind_hours: 24
    escalate_to: office
    escalate_scope: school
    may_return: true
    may_reject: true
    reasons: [发票看不清]
outcome:
  kind: payout
  amount:
    field: price
    percent: 60
    at_most: "200"
appeal:
  text: 对结果有疑问，10 天内可以联系学工处。
  days: 10
texts:
  submitted: "{title}已收到，{number}。"
`

func TestParse_of_a_good_file(t *testing.T) {
	t.Parallel()
	d, err := service.Parse("reading-fund.yaml", []byte(reading))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Form.Fields) != 3 || d.Form.Fields[2].Max != "500" || d.Stages[0].Title != "审核" || d.Path() != "/m/services/reading-fund" {
		t.Errorf("definition %+v", d)
	}
}

// Every mistake is named with its line and what to write instead.
func TestParse_names_line_and_reason(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		old, new string // what is changed in the good file
		want     string
	}{
		{"a_misspelt_key", "title: 阅读补助", "titel: 阅读补助", "reading-fund.yaml:2: 没有 titel 这个键，看看是不是拼错了"},
		{"a_misspelt_key_inside", "    label: 书价", "    lable: 书价", "reading-fund.yaml:32: 没有 lable 这个键，看看是不是拼错了"},
		{"a_key_twice", "order: 90", "order: 90\norder: 91", `reading-fund.yaml:7: order 写了两遍 at line 6`},
		{"words_for_a_number", "order: 90", "order: 九十", "reading-fund.yaml:6: 值的类型不对（cannot construct !!str `九十` into int）"},
		{"broken_yaml", "fields:", "fields: [", "不是 YAML 的写法"},
		{"another_file_name", "code: reading-fund", "code: reading", "reading-fund.yaml:1: code 要和文件名一样：reading-fund"},
		{"no_title", "title: 阅读补助", "title: \"\"", "reading-fund.yaml:2: title 要填"},
		{"a_left_out_title", "title: 阅读补助\n", "", "reading-fund.yaml:1: title 要填"},
		{"a_word_that_must_not_be_pushed", "chat: 阅读补助", "chat: 心理阅读补助", "reading-fund.yaml:3: 推送里不能出现“心理”"},
		{"a_long_chat_title", "chat: 阅读补助", "chat: 阅读补助阅读补助阅读补助阅读补助", "reading-fund.yaml:3: chat 最多 13 个字，现在有 16 个"},
		{"no_process", "  process: 提交，交发票，审核，放款。\n", "", "reading-fund.yaml:8: notice.process 要填"},
		{"no_such_day", "opens: 09-01", "opens: 09-31", "reading-fund.yaml:12: 日期写成 2026-09-01，每年都有的写成 09-01"},
		{"half_a_year", "opens: 09-01", "opens: 2026-09-01", "reading-fund.yaml:13: opens 和 closes 要么都有年份，要么都没有"},
		{"no_contact", "contacts:\n  - {campus: 东校区, name: 勤工助学中心, phone: 8300 1102}\n  - {campus: 西校区, name: 学生事务中心, phone: 8300 2204}\n", "", "reading-fund.yaml:1: contacts 至少写一条"},
		{"a_contact_without_a_phone", ", phone: 8300 2204", "", "reading-fund.yaml:18: 联系方式要有 name 和 phone"},
		{"an_unknown_kind_of_field", "    kind: money", "    kind: yuan", `reading-fund.yaml:33: 没有 "yuan" 这种字段`},
		{"a_bound_of_half_a_fen", "max: 500", "max: 500.005", "reading-fund.yaml:36: 金额写到分，例如 128.50"},
		{"a_condition_on_nothing", "if: {field: kind,", "if: {field: kid,", `reading-fund.yaml:30: if 要看前面的一道选择题，没有找到 "kid"`},
		{"an_unknown_fact", "    fact: tier", "    fact: height", `reading-fund.yaml:40: 学校没有 "height" 这种记录`},
		{"a_rule_without_advice", "    otherwise: 认定请找辅导员。\n", "", "reading-fund.yaml:38: otherwise 要填"},
		{"a_rule_without_a_comparison", "    in: [特困, 困难]\n", "", "reading-fund.yaml:38: 一条规则只写一种比较：in、not_in、has，或 at_least 和 at_most"},
		{"a_limit_below_nothing", "per_year: 2", "per_year: -1", "reading-fund.yaml:44: 写 0 到 1000 的整数"},
		{"a_material_nobody_can_hand_in", "    paper: true\n", "", "reading-fund.yaml:47: 材料要么 paper: true，要么写 photo"},
		{"a_material_named_as_a_field", "  - code: invoice\n", "  - code: price\n", "reading-fund.yaml:47: price 已经是一个字段，退回时分不清要补的是哪一个"},
		{"a_photo_the_form_does_not_have", "    paper: true\n", "    photo: invoice\n", `reading-fund.yaml:50: 表里没有照片 "invoice"`},
		{"a_role_nobody_has", "    role: office\n", "    role: boss\n", `reading-fund.yaml:54: 没有 "boss" 这个角色`},
		{"no_reason_to_give", "    reasons: [发票看不清]\n", "", "reading-fund.yaml:54: 可以退回或不通过，就要写 reasons"},
		{"a_mark_on_nothing", "    reasons: [发票看不清]\n", "    reasons: [发票看不清]\n    marks: {发票看不清: [bill]}\n", `reading-fund.yaml:65: "bill" 不是这项服务的内容或材料`},
		{"a_mark_for_no_reason", "    reasons: [发票看不清]\n", "    reasons: [发票看不清]\n    marks: {票不对: [price]}\n", `reading-fund.yaml:54: marks 里的 "票不对" 不是这一步退回的理由`},
		{"money_nobody_looked_at", reading[strings.Index(reading, "stages:"):strings.Index(reading, "outcome:")], "", "reading-fund.yaml:1: 至少要有一个审核环节，没有人看过就不会通过"},
		{"an_unknown_outcome", "kind: payout", "kind: pay", "reading-fund.yaml:66: kind 写 certificate、collect、payout 或 none"},
		{"a_payout_of_nothing", "  amount:\n    field: price\n    percent: 60\n    at_most: \"200\"\n", "", "reading-fund.yaml:65: 放款要写 amount，别的不写"},
		{"a_sum_of_words", "    field: price\n", "    field: why\n", `reading-fund.yaml:68: 表里没有金额或数 "why"`},
		{"no_appeal", "  text: 对结果有疑问，10 天内可以联系学工处。\n", "", "reading-fund.yaml:71: appeal.text 要填"},
		{"an_unknown_text", "  submitted:", "  sent:", "reading-fund.yaml:75: 没有 sent 这一条"},
		{"an_unknown_placeholder", "{number}。", "{nummer}。", "reading-fund.yaml:75: {nummer} 不能用在这里"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(reading, tt.old, tt.new, 1)
			if changed == reading {
				t.Fatalf("%q is not in the file", tt.old)
			}
			_, err := service.Parse("reading-fund.yaml", []byte(changed))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestLoad_names_all_mistakes_of_all_files_at_once(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"services/reading-fund.yaml": {Data: []byte(strings.NewReplacer("max: 500", "max: x", "role: office\n", "role: boss\n").Replace(reading))},
		"services/b.yaml":            {Data: []byte("code: b\ntitel: 乙\nhurs: 丙\n")},
		"services/away.yaml":         {Data: []byte(" \n")},
		"services/README":            {Data: []byte("not ours")},
	}
	_, err := service.Load(files)
	want := "services/b.yaml:2: 没有 titel 这个键，看看是不是拼错了\nservices/b.yaml:3: 没有 hurs 这个键，看看是不是拼错了\n" +
		"services/reading-fund.yaml:36: 金额写到分，例如 128.50\nservices/reading-fund.yaml:54: 没有 \"boss\" 这个角色"
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(reading))
	f.Add([]byte("fields: [{compute: {sum: a}, kind: computed}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := service.Parse("reading-fund.yaml", b); err == nil && d.Code != "reading-fund" {
			t.Errorf("a file of code %q passes", d.Code)
		}
	})
}
