package form_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
)

// everything has a field of every kind, put together as the service files do.
func everything() form.Form {
	return form.Form{Fields: []form.Field{
		{Name: "name", Label: "单位名称", Kind: form.Text, Required: true, MaxLength: 10},
		{Name: "why", Label: "办理原因", Kind: form.LongText, MaxLength: 20},
		{Name: "place", Label: "实习地点", Kind: form.Choice, Options: []form.Option{{Value: "home", Text: "生源地"}, {Value: "other", Text: "其他城市"}}},
		{Name: "city", Label: "所在地区", Kind: form.Region, Required: true, If: &form.If{Field: "place", In: []string{"other"}}},
		{Name: "items", Label: "资助项目", Kind: form.Choices, Source: "support", Max: "2"},
		{Name: "ready", Label: "交材料日期", Kind: form.Date, Min: "2026-07-01", Max: "today"},
		{Name: "stay", Label: "实习时间", Kind: form.Range},
		{Name: "workdays", Label: "可计天数", Kind: form.Computed, Unit: "天", Compute: &form.Compute{Workdays: "stay"}},
		{Name: "length", Label: "历时", Kind: form.Computed, Unit: "天", Compute: &form.Compute{Days: "stay"}},
		{Name: "days", Label: "实习天数", Kind: form.Integer, Unit: "天", Min: "1", Max: "60", AtMost: "workdays"},
		{Name: "amount", Label: "发票金额", Kind: form.Money, Min: "0.01", Max: "5000"},
		{Name: "tickets", Label: "车票", Kind: form.Photo, Min: "2", Max: "3"},
		{Name: "proof", Label: "实习证明", Kind: form.File},
		{Name: "invoices", Label: "发票", Kind: form.Rows, MaxRows: 3, Columns: []form.Field{
			{Name: "day", Label: "日期", Kind: form.Date, Required: true},
			{Name: "fee", Label: "金额", Kind: form.Money, Required: true},
		}},
		{Name: "total", Label: "合计", Kind: form.Computed, Compute: &form.Compute{Sum: "invoices.fee"}},
		{Name: "home", Label: "生源地", Kind: form.Region, Source: "home", ReadOnly: true},
		{Name: "witness", Label: "证明人", Kind: form.Person},
		{Name: "true_words", Label: "承诺", Kind: form.Attestation},
	}}
}

func env() form.Env {
	zone := time.FixedZone("CST", 8*3600)
	return form.Env{
		Now: time.Date(2026, 9, 10, 20, 0, 0, 0, zone),
		Records: func(source string) (form.Record, bool) {
			switch source {
			case "support":
				return form.Record{Options: []form.Option{{Value: "2025 国家助学金"}, {Value: "2026 国家励志奖学金"}, {Value: "2026 贷款"}}}, true
			case "home":
				return form.Record{Value: form.Value{Text: "420111"}, Source: "学校名单", At: time.Date(2026, 8, 31, 17, 0, 0, 0, time.UTC)}, true
			}
			return form.Record{}, false
		},
		Workday: func(_, _ time.Time) int { return 22 },
		Person:  func(number string) (string, bool) { return "苏晴", number == "100001" },
	}
}

// one reads input of a single field of everything and returns its value and sentence.
func one(name string, in form.Input) (form.Value, string) {
	f := everything()
	field, _ := f.Field(name)
	field.If, field.AtMost = nil, ""
	answers, err := form.Form{Fields: []form.Field{field}}.Draft(in, env())
	for _, sentence := range errs.FieldsOf(err) {
		return form.Value{}, sentence
	}
	return answers[name], ""
}

func TestParse_takes_what_people_type(t *testing.T) {
	t.Parallel()
	const (
		money   = "金额写到分就够了，例如 128.50。"
		integer = "请写整数，例如 12。"
		day     = "日期写成 2026-09-01 这样。"
	)
	for _, tt := range []struct {
		field, text string
		want        form.Value
		say         string
	}{
		{"amount", "12.34", form.Value{Number: 1234}, ""},
		{"amount", "12", form.Value{Number: 1200}, ""},
		{"amount", "12.5", form.Value{Number: 1250}, ""},
		{"amount", " １２８．５０ 元", form.Value{Number: 12850}, ""},
		{"amount", "￥128.5元整", form.Value{Number: 12850}, ""},
		{"amount", "128。50", form.Value{Number: 12850}, ""},
		{"amount", "5000.00", form.Value{Number: 500000}, ""},
		{"amount", "0.01", form.Value{Number: 1}, ""},
		{"amount", "12.345", form.Value{}, money},
		{"amount", "-1", form.Value{}, money},
		{"amount", "+1", form.Value{}, money},
		{"amount", "1e3", form.Value{}, money},
		{"amount", "12,3", form.Value{}, money},
		{"amount", "1，280", form.Value{}, money},
		{"amount", "12.", form.Value{}, money},
		{"amount", ".5", form.Value{}, money},
		{"amount", "十二", form.Value{}, money},
		{"amount", "9999999999", form.Value{}, money},
		{"amount", "NaN", form.Value{}, money},
		{"amount", "0", form.Value{}, "至少填 0.01 元。"},
		{"amount", "5000.01", form.Value{}, "最多填 5000.00 元。"},
		{"days", "20", form.Value{Number: 20}, ""},
		{"days", "２０ 天", form.Value{Number: 20}, ""},
		{"days", "20.0", form.Value{}, integer},
		{"days", "1e1", form.Value{}, integer},
		{"days", "0", form.Value{}, "至少填 1 天。"},
		{"days", "61", form.Value{}, "最多填 60 天。"},
		{"ready", "2026-09-01", form.Value{Text: "2026-09-01"}, ""},
		{"ready", "2026/9/1", form.Value{Text: "2026-09-01"}, ""},
		{"ready", "２０２６．９．１", form.Value{Text: "2026-09-01"}, ""},
		{"ready", "20260901", form.Value{Text: "2026-09-01"}, ""},
		{"ready", "2026年9月1日", form.Value{Text: "2026-09-01"}, ""},
		{"ready", "9月1号", form.Value{Text: "2026-09-01"}, ""},
		{"ready", "9-10", form.Value{Text: "2026-09-10"}, ""},
		{"ready", "2026-02-30", form.Value{}, day},
		{"ready", "2026-13-01", form.Value{}, day},
		{"ready", "26-09-01", form.Value{}, day},
		{"ready", "昨天", form.Value{}, day},
		{"ready", "2026-06-30", form.Value{}, "最早填2026年7月1日。"},
		{"ready", "2026-09-11", form.Value{}, "最晚填2026年9月10日。"},
		{"name", "  晨光 \n 书店 ", form.Value{Text: "晨光 书店"}, ""},
		{"name", "名\x00字\xff", form.Value{Text: "名字"}, ""},
		{"name", strings.Repeat("长", 11), form.Value{}, "最多写 10 个字，现在有 11 个。"},
		{"why", "一\r\n二", form.Value{Text: "一\n二"}, ""},
		{"place", "home", form.Value{Text: "home"}, ""},
		{"place", "生源地", form.Value{Text: "home"}, ""},
		{"place", "火星", form.Value{}, "请从给出的选项里选。"},
		{"city", "湖北 武汉 洪山", form.Value{Text: "420111"}, ""},
		{"city", "火星", form.Value{}, "地区要写到县或区，例如 湖北省武汉市洪山区。"},
		{"city", "湖北省武汉市", form.Value{}, "地区要写到县或区，例如 湖北省武汉市洪山区。"},
		{"city", "浙江", form.Value{}, "地区要写到县或区，例如 湖北省武汉市洪山区。"},
		{"city", "广东东莞", form.Value{Text: "441900"}, ""}, // a city without counties
		{"witness", "100001", form.Value{Text: "100001", Shown: "苏晴"}, ""},
		{"witness", "100002", form.Value{}, "没有这个学号或工号，请核对一下。"},
		{"witness", "苏晴", form.Value{}, "请写学号或工号。"},
		{"true_words", "true", form.Value{Text: "2026-09-10T20:00:00+08:00"}, ""},
		{"true_words", "false", form.Value{}, ""},
		{"proof", "../../etc/passwd", form.Value{}, "没有收到这个文件，请重新上传。"},
	} {
		t.Run(tt.field+"_"+tt.text, func(t *testing.T) {
			t.Parallel()
			v, say := one(tt.field, form.Input{tt.field: {tt.text}})
			if diff := cmp.Diff(tt.want, v); diff != "" || say != tt.say {
				t.Errorf("said %q, want %q; value (-want +got):\n%s", say, tt.say, diff)
			}
		})
	}
}

const (
	photo1 = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
	photo2 = "bbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func TestParse_reads_lists_and_ranges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, field string
		in          form.Input
		want        form.Value
		say         string
	}{
		{"two_photos", "tickets", form.Input{"tickets": {photo1, "", photo2, photo1}}, form.Value{List: []string{photo1, photo2}}, ""},
		{"own_awards_in_their_order", "items", form.Input{"items": {"2026 国家励志奖学金", "2025 国家助学金"}}, form.Value{List: []string{"2025 国家助学金", "2026 国家励志奖学金"}}, ""},
		{"an_award_of_others", "items", form.Input{"items": {"2026 国家奖学金"}}, form.Value{}, "请从给出的选项里选。"},
		{"too_many", "items", form.Input{"items": {"2025 国家助学金", "2026 国家励志奖学金", "2026 贷款"}}, form.Value{}, "最多 2 项，现在有 3 项。"},
		{"a_range", "stay", form.Input{"stay.from": {"2026/7/1"}, "stay.until": {"8月20日"}}, form.Value{From: "2026-07-01", Until: "2026-08-20"}, ""},
		{"one_day", "stay", form.Input{"stay.from": {"2026-07-01"}, "stay.until": {"2026-07-01"}}, form.Value{From: "2026-07-01", Until: "2026-07-01"}, ""},
		{"backwards", "stay", form.Input{"stay.from": {"2026-08-20"}, "stay.until": {"2026-07-01"}}, form.Value{}, "结束的日期在开始之前，请看一下是不是写反了。"},
		{"half_a_range", "stay", form.Input{"stay.from": {"2026-08-20"}}, form.Value{}, "开始和结束的日期都要填。"},
		{"a_century", "stay", form.Input{"stay.from": {"1926-08-20"}, "stay.until": {"2026-08-20"}}, form.Value{}, "开始和结束最多相隔十年。"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, say := one(tt.field, tt.in)
			if diff := cmp.Diff(tt.want, v); diff != "" || say != tt.say {
				t.Errorf("said %q, want %q; value (-want +got):\n%s", say, tt.say, diff)
			}
		})
	}
}

func filled() form.Input {
	return form.Input{
		"name": {"晨光书店"}, "place": {"other"}, "city": {"420106"}, "items": {"2026 贷款"}, "ready": {"2026-09-01"},
		"stay.from": {"2026-07-01"}, "stay.until": {"2026-07-31"}, "days": {"22"}, "amount": {"128.50"},
		"tickets": {photo1, photo2}, "invoices.0.day": {"2026-07-02"}, "invoices.0.fee": {"0.10"},
		"invoices.2.day": {"2026-07-03"}, "invoices.2.fee": {"0.20"}, "invoices.1.day": {" "},
		"home.dispute": {"去年搬到了武昌区"}, "witness": {"100001"}, "true_words": {"true"}, "someone": {"else"},
	}
}

func TestParse_of_everything(t *testing.T) {
	t.Parallel()
	got, err := everything().Parse(filled(), env())
	if err != nil {
		t.Fatal(err, errs.FieldsOf(err))
	}
	want := form.Answers{
		"name": {Text: "晨光书店"}, "place": {Text: "other"}, "city": {Text: "420106"}, "items": {List: []string{"2026 贷款"}}, "ready": {Text: "2026-09-01"},
		"stay": {From: "2026-07-01", Until: "2026-07-31"}, "workdays": {Number: 22}, "length": {Number: 31}, "days": {Number: 22}, "amount": {Number: 12850},
		"tickets": {List: []string{photo1, photo2}},
		"invoices": {Rows: []form.Answers{
			{"day": {Text: "2026-07-02"}, "fee": {Number: 10}}, {"day": {Text: "2026-07-03"}, "fee": {Number: 20}},
		}},
		"total": {Number: 30},
		"home":  {Text: "420111", Source: "学校名单", At: "2026-09-01", Dispute: "去年搬到了武昌区"}, "witness": {Text: "100001", Shown: "苏晴"},
		"true_words": {Text: "2026-09-10T20:00:00+08:00"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	var texts []string
	for _, r := range everything().Rows(got) {
		texts = append(texts, r.Label+"："+r.Text)
	}
	if diff := cmp.Diff([]string{
		"单位名称：晨光书店", "实习地点：其他城市", "所在地区：湖北省武汉市武昌区", "资助项目：2026 贷款", "交材料日期：2026年9月1日",
		"实习时间：2026年7月1日至2026年7月31日", "可计天数：22 天", "历时：31 天", "实习天数：22 天", "发票金额：128.50 元", "车票：2 张照片",
		"发票：2026年7月2日，0.10 元；2026年7月3日，0.20 元", "合计：0.30 元", "生源地：湖北省武汉市洪山区", "证明人：苏晴（100001）", "承诺：已确认，2026年9月10日 20:00",
	}, texts); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestParse_says_every_mistake_at_its_field(t *testing.T) {
	t.Parallel()
	in := filled()
	for name, text := range map[string]string{"name": "", "city": "", "days": "23", "amount": "12,3", "invoices.0.fee": "x", "invoices.2.day": ""} {
		in[name] = []string{text}
	}
	_, err := everything().Parse(in, env())
	want := map[string]string{
		"name": "请填写单位名称。", "city": "请填写所在地区。", "days": "最多填 22 天，这是系统算出的“可计天数”。",
		"amount": "金额写到分就够了，例如 128.50。", "invoices.0.fee": "金额写到分就够了，例如 128.50。", "invoices.2.day": "请填写日期。",
	}
	if diff := cmp.Diff(want, errs.FieldsOf(err)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got, want := errs.MessageOf(err), "还有 6 处要补：单位名称、所在地区、实习天数、发票金额、发票。"; got != want || errs.KindOf(err) != errs.Invalid {
		t.Errorf("message %q, want %q", got, want)
	}
}

func TestDraft_misses_nothing_but_refuses_what_is_wrong(t *testing.T) {
	t.Parallel()
	got, err := everything().Draft(form.Input{"amount": {"12,3"}, "days": {"3"}, "place": {"other"}}, env())
	if diff := cmp.Diff(map[string]string{"amount": "金额写到分就够了，例如 128.50。"}, errs.FieldsOf(err)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got["days"].Number != 3 {
		t.Error("what is right of a draft is not kept")
	}
	if diff := cmp.Diff([]string{"name", "city"}, everything().Missing(got)); diff != "" || everything().Complete(got) {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

// 提交 stays grey while one row lacks what every row needs (D-46).
func TestDraft_misses_the_field_of_which_a_row_is_half_filled_in(t *testing.T) {
	t.Parallel()
	invoices := form.Form{Fields: []form.Field{{Name: "invoices", Label: "发票", Kind: form.Rows, Required: true, Columns: []form.Field{
		{Name: "number", Label: "号码", Kind: form.Text, Required: true},
		{Name: "fee", Label: "金额", Kind: form.Money, Required: true},
		{Name: "note", Label: "说明", Kind: form.Text},
	}}}}
	in := form.Input{"invoices.0.number": {"1"}, "invoices.0.fee": {"12.30"}, "invoices.1.number": {"2"}}
	got, err := invoices.Draft(in, env())
	if err != nil || len(got["invoices"].Rows) != 2 || invoices.Complete(got) {
		t.Errorf("kept %v, complete %v, %v", got["invoices"].Rows, invoices.Complete(got), err)
	}
	in["invoices.1.fee"] = []string{"5"}
	if got, err = invoices.Draft(in, env()); err != nil || !invoices.Complete(got) {
		t.Errorf("filled in, and still missing %v, %v", invoices.Missing(got), err)
	}
}

// Two pictures come one after the other: the first alone is unfinished, not wrong.
func TestDraft_keeps_the_first_of_two_pictures(t *testing.T) {
	t.Parallel()
	two := form.Form{Fields: []form.Field{{Name: "tickets", Label: "车票", Kind: form.Photo, Required: true, Min: "2", Max: "3"}}}
	const photo = "0123456789abcdefghjkmnpqrs"
	got, err := two.Draft(form.Input{"tickets": {photo}}, env())
	if err != nil || len(got["tickets"].List) != 1 || two.Complete(got) {
		t.Errorf("kept %v, complete %v, %v", got["tickets"].List, two.Complete(got), err)
	}
	if _, err := two.Parse(form.Input{"tickets": {photo}}, env()); errs.MessageOf(err) != "至少要 2 张，现在有 1 张。" {
		t.Errorf("handed in with one: %v", err)
	}
}

func TestParse_of_more_rows_than_there_may_be(t *testing.T) {
	t.Parallel()
	in := form.Input{}
	for _, i := range []string{"0", "1", "2", "99999999"} {
		in["invoices."+i+".day"], in["invoices."+i+".fee"] = []string{"2026-07-02"}, []string{"1"}
	}
	_, err := everything().Draft(in, env())
	if got := errs.FieldsOf(err)["invoices"]; got != "最多填 3 行。" {
		t.Errorf("said %q", got)
	}
}

// A read-only value cannot be typed (T6), whatever is posted.
func TestParse_takes_a_record_and_nothing_typed(t *testing.T) {
	t.Parallel()
	got, err := everything().Draft(form.Input{"home": {"110101"}, "total": {"1"}}, env())
	if err != nil || got["home"].Text != "420111" || got["total"].Number != 0 {
		t.Errorf("home %+v, total %+v, %v", got["home"], got["total"], err)
	}
	nothing := env()
	nothing.Records = nil
	got, err = everything().Draft(form.Input{"home": {"110101"}}, nothing)
	if _, ok := got["home"]; ok || err != nil {
		t.Errorf("home %+v, %v; want no answer", got["home"], err)
	}
	rows := everything().Rows(got)
	if len(rows) != 1 || rows[0].Text != "学校没有记录，由老师核对" {
		t.Errorf("rows %+v", rows)
	}
}

func TestParse_offers_nothing_to_whom_the_school_knows_nothing_of(t *testing.T) {
	t.Parallel()
	f := form.Form{Fields: []form.Field{{Name: "items", Label: "资助项目", Kind: form.Choices, Source: "support", Required: true}}}
	_, err := f.Parse(form.Input{}, form.Env{})
	if got := errs.FieldsOf(err)["items"]; !strings.Contains(got, "学校还没有你的“资助项目”记录") {
		t.Errorf("said %q", got)
	}
}

func TestParseField_reads_chat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		field, text string
		want        form.Value
		say         string
	}{
		{"place", "2", form.Value{Text: "other"}, ""},
		{"place", "生源地", form.Value{Text: "home"}, ""},
		{"items", "1、３", form.Value{List: []string{"2025 国家助学金", "2026 贷款"}}, ""},
		{"items", "2025 国家助学金", form.Value{List: []string{"2025 国家助学金"}}, ""},
		{"stay", "7月1日到7月31日", form.Value{From: "2026-07-01", Until: "2026-07-31"}, ""},
		{"stay", "2026-07-01 ～ 2026-07-31", form.Value{From: "2026-07-01", Until: "2026-07-31"}, ""},
		{"stay", "7月", form.Value{}, "开始和结束的日期都要填。"},
		{"true_words", "确认", form.Value{Text: "2026-09-10T20:00:00+08:00"}, ""},
		{"tickets", photo1 + " " + photo2, form.Value{List: []string{photo1, photo2}}, ""},
		{"name", "", form.Value{}, "请填写单位名称。"},
		{"home", "北京", form.Value{}, "这一项不用填。"},
		{"nobody", "x", form.Value{}, "这一项不用填。"},
	} {
		t.Run(tt.field+"_"+tt.text, func(t *testing.T) {
			t.Parallel()
			v, err := everything().ParseField(tt.field, tt.text, env())
			if diff := cmp.Diff(tt.want, v); diff != "" || errs.FieldsOf(err)[tt.field] != tt.say {
				t.Errorf("said %v, want %q; value (-want +got):\n%s", err, tt.say, diff)
			}
		})
	}
}

func TestOnly_opens_what_was_marked_and_what_hangs_on_it(t *testing.T) {
	t.Parallel()
	before, err := everything().Parse(filled(), env())
	if err != nil {
		t.Fatal(err)
	}
	again := env()
	again.Before = before
	again.Workday = func(_, _ time.Time) int { return 3 }
	marked := everything().Only("stay", "amount")
	var open []string
	for _, f := range marked.Fields {
		if f.Open() {
			open = append(open, f.Name)
		}
	}
	if diff := cmp.Diff([]string{"stay", "days", "amount"}, open); diff != "" {
		t.Errorf("open (-want +got):\n%s", diff)
	}
	in := form.Input{"name": {"别的店"}, "stay.from": {"2026-07-01"}, "stay.until": {"2026-07-03"}, "days": {"3"}, "amount": {"9"}}
	after, err := marked.Parse(in, again)
	if err != nil {
		t.Fatal(err, errs.FieldsOf(err))
	}
	if after["name"].Text != "晨光书店" || after["true_words"].Text != before["true_words"].Text {
		t.Error("a closed field did not stay as it stood")
	}
	if diff := cmp.Diff([]form.Change{
		{Name: "stay", Label: "实习时间", Before: "2026年7月1日至2026年7月31日", After: "2026年7月1日至2026年7月3日"},
		{Name: "workdays", Label: "可计天数", Before: "22 天", After: "3 天"},
		{Name: "length", Label: "历时", Before: "31 天", After: "3 天"},
		{Name: "days", Label: "实习天数", Before: "22 天", After: "3 天"},
		{Name: "amount", Label: "发票金额", Before: "128.50 元", After: "9.00 元"},
	}, everything().Diff(before, after)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestDiff_shows_a_new_dispute(t *testing.T) {
	t.Parallel()
	f := everything()
	before, _ := f.Draft(form.Input{}, env())
	after, _ := f.Draft(form.Input{"home.dispute": {"搬到了武昌区"}}, env())
	want := []form.Change{{Name: "home", Label: "生源地", Before: "湖北省武汉市洪山区", After: "湖北省武汉市洪山区（本人说：搬到了武昌区）"}}
	if diff := cmp.Diff(want, f.Diff(before, after)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestFromJSON_means_what_a_page_means(t *testing.T) {
	t.Parallel()
	body := `{"name":"晨光书店","place":"other","city":"420106","items":["2026 贷款"],"ready":"2026-09-01","stay":{"from":"2026-07-01","until":"2026-07-31"},
		"days":22,"amount":"128.50","tickets":["` + photo1 + `","` + photo2 + `"],"invoices":[{"day":"2026-07-02","fee":"0.10"},{"day":"2026-07-03","fee":0.20}],
		"home":{"dispute":"去年搬到了武昌区"},"witness":"100001","true_words":true,"why":null}`
	in, err := everything().FromJSON([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	fromJSON, err := everything().Parse(in, env())
	if err != nil {
		t.Fatal(err, errs.FieldsOf(err))
	}
	fromPage, _ := everything().Parse(filled(), env())
	if diff := cmp.Diff(fromPage, fromJSON); diff != "" {
		t.Errorf("page and JSON differ (-page +json):\n%s", diff)
	}
	for body, want := range map[string]string{
		`{"height":1}`:         "表里没有这一项。",
		`{"name":[["x"]]}`:     "这一项的写法不对，请看接口说明。",
		`{"stay":{"a.b":"x"}}`: "这一项的写法不对，请看接口说明。",
		`[]`:                   "请求的内容不是一个 JSON 对象。",
		`{} {}`:                "请求的内容在 JSON 对象之后还有别的。",
		`{"amount":1e3`:        "请求的内容不是一个 JSON 对象。",
	} {
		if _, err := everything().FromJSON([]byte(body)); errs.MessageOf(err) != want {
			t.Errorf("FromJSON(%s) = %v, want %q", body, err, want)
		}
	}
	for body, name := range map[string]string{`{"amount":12.345}`: "amount", `{"amount":1e3}`: "amount", `{"days":1.5}`: "days"} {
		in, err := everything().FromJSON([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := everything().Draft(in, env()); errs.FieldsOf(err)[name] == "" {
			t.Errorf("%s passes", body)
		}
	}
}

func TestSchema_names_every_field_that_is_taken(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(everything().Schema())
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Properties map[string]struct {
			Type, Pattern, Title string
			Enum                 []string
		}
		Required             []string
		AdditionalProperties bool
	}
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	for _, f := range everything().Fields {
		p, ok := s.Properties[f.Name]
		if ok == (f.Kind == form.Computed) || ok && p.Title != f.Label {
			t.Errorf("%s: in the schema %v as %+v", f.Name, ok, p)
		}
	}
	if diff := cmp.Diff([]string{"name"}, s.Required); diff != "" || s.AdditionalProperties {
		t.Errorf("required (-want +got):\n%s", diff)
	}
	if s.Properties["amount"].Pattern == "" || len(s.Properties["place"].Enum) != 2 {
		t.Errorf("schema %s", b)
	}
}

func TestPrefill_fills_in_what_the_school_knows(t *testing.T) {
	t.Parallel()
	f := form.Form{Fields: []form.Field{{Name: "from", Label: "来自", Kind: form.Region, Source: "home"}, {Name: "to", Label: "去", Kind: form.Region}}}
	if diff := cmp.Diff(form.Input{"from": {"420111"}}, f.Prefill(env())); diff != "" {
		t.Errorf("prefill (-want +got):\n%s", diff)
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	a, err := everything().Parse(filled(), env())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		n       int64
		fen, ok bool
	}{"amount": {12850, true, true}, "total": {30, true, true}, "days": {22, false, true}, "name": {0, false, false}, "nobody": {0, false, false}} {
		if n, fen, ok := everything().Amount(a, name); n != want.n || fen != want.fen || ok != want.ok {
			t.Errorf("Amount(%s) = %d, %v, %v; want %+v", name, n, fen, ok, want)
		}
	}
}

// What was parsed can be shown for editing and is read back the same, and JSON keeps it.
func roundTrip(t *testing.T, in form.Input) {
	t.Helper()
	f := everything()
	first, err := f.Draft(in, env())
	if err != nil {
		if e, ok := errors.AsType[*errs.Error](err); !ok || e.Kind != errs.Invalid || len(e.Fields) == 0 {
			t.Fatalf("an error that is no sentence at a field: %v", err)
		}
	}
	again, err := f.Draft(f.Input(first), env())
	if err != nil {
		t.Fatalf("what was read is not read back: %v %v", err, errs.FieldsOf(err))
	}
	if diff := cmp.Diff(first, again, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("read back (-first +again):\n%s", diff)
	}
	b, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	kept := form.Answers{}
	if err := json.Unmarshal(b, &kept); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, kept, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("from JSON (-before +after):\n%s", diff)
	}
	if changes := f.Diff(first, kept); len(changes) != 0 {
		t.Fatalf("changes of nothing: %+v", changes)
	}
	f.Rows(first)
}

func TestAnswersRoundTrip(t *testing.T) {
	t.Parallel()
	roundTrip(t, filled())
	roundTrip(t, form.Input{})
}

func FuzzParse(f *testing.F) {
	f.Add("晨光书店", "128.50", "２２ 天", "2026年7月1日", "8-20", "湖北武汉", "1", "去年搬了")
	f.Add("\xff\x00", "12,3", "1e3", "20260230", "", "110101", "-0", "")
	f.Fuzz(func(t *testing.T, text, money, number, from, until, place, row, dispute string) {
		in := form.Input{
			"name": {text}, "why": {text}, "amount": {money}, "days": {number}, "ready": {from}, "stay.from": {from}, "stay.until": {until},
			"place": {"other", text}, "city": {place}, "items": {text, "2026 贷款"}, "tickets": {text, photo1, photo2}, "witness": {number},
			"invoices." + row + ".fee": {money}, "invoices." + row + ".day": {from}, "invoices.0.fee": {money}, "invoices.0.day": {until},
			"home.dispute": {dispute}, "true_words": {text},
		}
		roundTrip(t, in)
		for _, name := range []string{"name", "amount", "days", "ready", "stay", "place", "items", "tickets", "city"} {
			_, _ = everything().ParseField(name, text, env())
		}
		if n, ok := form.ParseYuan(money); ok {
			if back, ok := form.ParseYuan(form.Yuan(n)); !ok || back != n {
				t.Errorf("%q is %d fen, written and read %d", money, n, back)
			}
		}
	})
}

func FuzzFromJSON(f *testing.F) {
	f.Add([]byte(`{"name":"x","stay":{"from":"2026-07-01"},"invoices":[{"fee":1.5}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if in, err := everything().FromJSON(b); err == nil {
			roundTrip(t, in)
		}
	})
}

func TestA_single_picture_is_sent_anew_and_the_others_stay(t *testing.T) {
	t.Parallel()
	list := func(names string) (l []string) {
		for _, n := range strings.Fields(names) {
			l = append(l, strings.Repeat(n, 16))
		}
		return l
	}
	f := form.Form{Fields: []form.Field{{Name: "tickets", Label: "车票", Kind: form.Photo, Required: true, Max: "4"}}}
	before := form.Answers{"tickets": {List: list("a b c")}}
	for _, tt := range []struct{ name, marked, sent, want, wrong string }{
		{"nothing was sent", "b", "", "a b c", "车票第 2 张还没有重新上传。"},
		{"what stood was sent back", "b", "a b c", "a b c", "车票第 2 张还没有重新上传。"},
		{"one for one", "b", "d", "a d c", ""},
		{"among what stands", "b", "a d c", "a d c", ""},
		{"one of two", "a c", "d", "d b c", "车票第 3 张还没有重新上传。"},
		{"the last of two, in its place", "a c", "a b d", "a b d", "车票第 1 张还没有重新上传。"},
		{"two of two", "a c", "d e", "d b e", ""},
		{"one more than asked for", "b", "d e", "a d c e", ""},
		{"more than there may be", "b", "d e f", "", "最多 4 张，现在有 5 张。"},
		{"what was not marked is taken away", "b", "d c", "a d c", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			again := f.Only("tickets").Again(before, map[string][]string{"tickets": list(tt.marked)})
			got, err := again.Parse(form.Input{"tickets": list(tt.sent)}, form.Env{Before: before})
			if sentence := errs.FieldsOf(err)["tickets"]; sentence != tt.wrong {
				t.Errorf("says %q, want %q", sentence, tt.wrong)
			}
			kept, _ := again.Draft(form.Input{"tickets": list(tt.sent)}, form.Env{Before: before})
			if diff := cmp.Diff(list(tt.want), kept["tickets"].List); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			if err == nil && !again.Complete(got) {
				t.Error("something is missing")
			}
		})
	}
}
