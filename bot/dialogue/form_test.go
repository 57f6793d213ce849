package dialogue_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/errs"
)

// proof is a made-up certificate: every kind of question a form has, as a service's
// definition would give them.
var proof = dialogue.Script{
	Name: "proof", Version: 3, Cancelled: "好的，这份证明先不开了。",
	Steps: []dialogue.Question{
		{Name: "number", Kind: dialogue.Text, Label: "学号", Prompt: "学号", Fixed: true},
		{Name: "notice", Kind: dialogue.Notice, Prompt: "开证明须知：三个工作日内办好。"},
		{Name: "items", Kind: dialogue.Many, Label: "内容", Prompt: "证明里写哪几项？", Min: 1, Max: 2},
		{Name: "copies", Kind: dialogue.Number, Label: "份数", Prompt: "要几份？", Min: 1, Max: 5, Unit: "份"},
		{Name: "amount", Kind: dialogue.Money, Label: "金额", Prompt: "资助金额是多少？", Max: 1_000_000, If: &dialogue.Condition{Name: "copies", In: []string{"2"}}},
		{Name: "born", Kind: dialogue.Date, Label: "生日", Prompt: "出生日期？"},
		{Name: "leave", Kind: dialogue.Period, Label: "时间", Prompt: "哪几天用？"},
		{Name: "abroad", Kind: dialogue.Attest, Label: "国外用", Prompt: "在国外使用吗？"},
		{Name: "country", Kind: dialogue.Text, Label: "国家", Prompt: "哪个国家？", If: &dialogue.Condition{Name: "abroad", In: []string{"yes"}}},
		{Name: "why", Kind: dialogue.Long, Label: "用途", Prompt: "做什么用？", Min: 4, Max: 20},
		{Name: "phone", Kind: dialogue.Text, Label: "电话", Prompt: "联系电话？"},
		{Name: "remark", Kind: dialogue.Text, Label: "备注", Prompt: "还有要说的吗？", Optional: true},
		{Name: "scan", Kind: dialogue.Page, Label: "照片", Prompt: "在页面上传一张学生证照片。", Done: "传好了"},
		{Name: "confirm", Kind: dialogue.Confirm, Prompt: "都对吗？"},
	},
}

// office is the host of proof: the options come from its data, the phone is checked.
var office = dialogue.Host{
	Options: func(string, map[string]dialogue.Answer) ([]dialogue.Option, error) {
		return []dialogue.Option{{Key: "award", Label: "奖学金"}, {Key: "aid", Label: "助学金"}, {Key: "loan", Label: "贷款"}}, nil
	},
	Check: func(question, value string, _ map[string]dialogue.Answer) (dialogue.Answer, error) {
		if question == "phone" && len(value) != 11 {
			return dialogue.Answer{}, errs.Field("phone", "手机号是 11 位，例如 13800000000。")
		}
		return dialogue.Answer{Value: value}, nil // the engine's label is good
	},
}

// prefilled is how an application begins: what the school knows already.
func prefilled() dialogue.State {
	return dialogue.State{Script: "proof", Version: 3, Answers: map[string]dialogue.Answer{
		"number": {Value: "20241101", Label: "20241101"},
		"phone":  {Value: "13800000000", Label: "13800000000"},
	}}
}

func dates(from, to time.Time) dialogue.Wish {
	return dialogue.Wish{Times: []dialogue.When{{From: from, To: to}}}
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, shanghai) }

func TestACertificateIsAskedForByData(t *testing.T) {
	t.Parallel()
	if err := proof.Validate(); err != nil {
		t.Fatal(err)
	}
	st := prefilled()
	for i, l := range []struct {
		in   dialogue.Input
		step string // the question asked next
		said string // before it
	}{
		{dialogue.Input{Intent: "proof"}, "notice", ""},
		{word(dialogue.Yes), "items", ""},
		{text("看着办"), "items", "这句我没看懂。可以选几项：回数字就行，例如“1 3”，或者一项一项点，再点“选好了”。"},
		{text("全都要"), "items", "最多选 2 项，现在选了 3 项。\n回“帮助”看说明，也可以在页面上办。"},
		{text("1 2 3"), "items", "最多选 2 项，现在选了 3 项。\n回“帮助”看说明，也可以在页面上办。"},
		{text("奖学金和贷款"), "copies", ""},
		{text("8份"), "copies", "这里填 1 到 5 之间的数。"},
		{text("两份"), "amount", ""},
		{text("12.345"), "amount", "金额写到分就够了，例如 128.50。"},
		{text("¥1,280.5元"), "born", ""},
		{text("去年夏天"), "born", "这句我没看懂。日期写成“2026年10月14日”这样。"},
		{dialogue.Input{Text: "2005年3月2日", Wish: dates(day(2005, 3, 2), day(2005, 3, 3))}, "leave", ""},
		{dialogue.Input{Text: "10月14日到16日", Wish: dates(day(2026, 10, 14), day(2026, 10, 17))}, "abroad", ""},
		{text("可能吧"), "abroad", "这句我没看懂。回“是”或“不是”。"},
		{word(dialogue.Yes), "country", ""},
		{text("法国"), "why", ""},
		{text("用"), "why", "至少写 4 个字，再具体一点。"},
		{text(strings.Repeat("长", 21)), "why", "最多写 20 个字，现在有 21 个，删短一些再发一次。\n回“帮助”看说明，也可以在页面上办。"},
		{dialogue.Input{Text: "我的预约", Intent: "mine", Whole: true}, "interrupted by mine", ""},
		{dialogue.Input{}, "why", ""},
		{dialogue.Input{Text: "申请交换，想约老师看看", Intent: "book"}, "remark", ""}, // text, though it sounds like a wish
		{word(dialogue.Skip), "scan", ""},
		{word(dialogue.Yes), "scan", "页面上这一步还没有完成，完成后会自动接着办。"},
	} {
		r, err := dialogue.Step(proof, st, l.in, office)
		if err != nil {
			t.Fatal(err)
		}
		if got := hear(proof, r); got.Step != l.step || got.Said != l.said {
			t.Fatalf("line %d: asked %q after %q, want %q after %q", i+1, got.Step, got.Said, l.step, l.said)
		}
		st = r.State
	}

	st.Answers["scan"] = dialogue.Answer{Value: "blob1", Label: "1 张"} // the page did this
	r, err := dialogue.Step(proof, st, dialogue.Input{}, office)
	if err != nil {
		t.Fatal(err)
	}
	want := []dialogue.Row{
		{Label: "学号", Value: "20241101"},
		{Label: "内容", Value: "奖学金、贷款"},
		{Label: "份数", Value: "2 份"},
		{Label: "金额", Value: "1280.50 元"},
		{Label: "生日", Value: "2005年3月2日"},
		{Label: "时间", Value: "2026年10月14日–2026年10月16日"},
		{Label: "国外用", Value: "是"},
		{Label: "国家", Value: "法国"},
		{Label: "用途", Value: "申请交换，想约老师看看"},
		{Label: "电话", Value: "13800000000"},
		{Label: "备注", Value: "未填"},
		{Label: "照片", Value: "1 张"},
	}
	if diff := cmp.Diff(want, r.Say[len(r.Say)-1].Rows); diff != "" {
		t.Fatalf("read back (-want +got):\n%s", diff)
	}

	// What the school filled in can be changed, except what is fixed.
	r, err = dialogue.Step(proof, r.State, word(dialogue.No), office)
	if err != nil {
		t.Fatal(err)
	}
	if got := hear(proof, r).Options; strings.Contains(got, "学号") || !strings.Contains(got, "电话") {
		t.Fatalf("changeable: %s", got)
	}
	for _, in := range []dialogue.Input{press(r.State.Seq, "phone"), text("12345"), text("13911111111"), word(dialogue.Yes)} {
		if r, err = dialogue.Step(proof, r.State, in, office); err != nil {
			t.Fatal(err)
		}
	}
	if !r.Done {
		t.Fatalf("not done: %+v", r)
	}
	values := map[string]string{}
	for name, a := range r.State.Answers {
		values[name] = a.Value
	}
	if diff := cmp.Diff(map[string]string{
		"number": "20241101", "notice": "yes", "items": "award,loan", "copies": "2", "amount": "128050", "born": "2005-03-02",
		"leave": "2026-10-14/2026-10-16", "abroad": "yes", "country": "法国", "why": "申请交换，想约老师看看", "phone": "13911111111",
		"remark": "", "scan": "blob1",
	}, values); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestSeveralOptionsArePressedOneByOne(t *testing.T) {
	t.Parallel()
	st := prefilled()
	st.Answers["notice"] = dialogue.Answer{Value: "yes"}
	var said []string
	for _, key := range []string{"", "aid", "loan", "aid", "!enough"} {
		in := dialogue.Input{}
		if key != "" {
			in.Press = &dialogue.Press{Seq: st.Seq, Key: key}
		}
		r, err := dialogue.Step(proof, st, in, office)
		if err != nil {
			t.Fatal(err)
		}
		said, st = append(said, hear(proof, r).Options), r.State
	}
	want := []string{"奖学金 助学金 贷款", "奖学金 ✓ 助学金 贷款", "奖学金 ✓ 助学金 ✓ 贷款", "奖学金 助学金 ✓ 贷款", ""}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
	if st.Answers["items"].Value != "loan" || st.Step != "copies" {
		t.Errorf("answer %+v, asked %s", st.Answers["items"], st.Step)
	}
}

func TestNumbersAndAmounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind dialogue.Kind
		text string
		want string // "" is not understood or refused
	}{
		{dialogue.Number, "3", "3"},
		{dialogue.Number, "３门", "3"},
		{dialogue.Number, "十二", "12"},
		{dialogue.Number, "一百零五", "105"},
		{dialogue.Number, "二十五", "25"},
		{dialogue.Number, "两三个", ""},
		{dialogue.Number, "三个", "3"},
		{dialogue.Number, "-1", ""},
		{dialogue.Number, "3.5", ""},
		{dialogue.Number, "1,200", "1200"},
		{dialogue.Number, " 4 门 ", "4"},
		{dialogue.Number, "很多", ""},
		{dialogue.Number, "99999999999999999999", ""},
		{dialogue.Money, "128", "12800"},
		{dialogue.Money, "128.5", "12850"},
		{dialogue.Money, "128.05元", "12805"},
		{dialogue.Money, "￥1，280", "128000"},
		{dialogue.Money, "三千块", "300000"},
		{dialogue.Money, "一千五", "150000"},
		{dialogue.Money, "一千零五", "100500"},
		{dialogue.Money, "一百二十八块", "12800"},
		{dialogue.Money, "一万二", "1200000"},
		{dialogue.Money, "12,3", ""},
		{dialogue.Money, "1e3", ""},
		{dialogue.Money, "-1", ""},
		{dialogue.Money, "1.2.3", ""},
		{dialogue.Money, "128.505", ""},
		{dialogue.Money, "没多少", ""},
	} {
		t.Run(string(tt.kind)+"_"+tt.text, func(t *testing.T) {
			t.Parallel()
			s := dialogue.Script{Name: "s", Version: 1, Steps: []dialogue.Question{
				{Name: "n", Kind: tt.kind, Prompt: "多少？", Unit: "门"}, {Name: "end", Kind: dialogue.Confirm, Prompt: "对吗？"},
			}}
			r, err := dialogue.Step(s, dialogue.State{Script: "s", Version: 1, Step: "n"}, text(tt.text), dialogue.Host{})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.State.Answers["n"].Value; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTimesAddUp: what is named in turn belongs together, and a correction changes only
// what was said.
func TestTimesAddUp(t *testing.T) {
	t.Parallel()
	start := dialogue.State{Script: booking.Name, Version: 1, Step: "time", Answers: map[string]dialogue.Answer{
		"notice": {Value: "yes"}, "counsellor": {Value: "wang"},
	}}
	thursday := []dialogue.When{{From: at(16, 0), To: at(17, 0), Bare: true}}
	monday := []dialogue.When{{From: at(20, 0), To: at(21, 0)}}
	tuesday := []dialogue.When{{From: at(14, 0), To: at(15, 0), Bare: true}} // of this week, were it not spoken of the next
	for _, tt := range []struct {
		name  string
		times [][]dialogue.When
		want  string // the time answered
	}{
		{"a_day_then_an_hour", [][]dialogue.When{thursday, daily(15, 16)}, "16 15"},
		{"an_hour_then_a_day", [][]dialogue.When{daily(15, 16), thursday}, "16 15"},
		{"the_morning_then_an_hour_of_the_afternoon", [][]dialogue.When{when(16, 8, 12), daily(15, 16)}, "16 15"},
		{"a_weekday_of_the_week_spoken_of", [][]dialogue.When{monday, tuesday, daily(10, 11)}, "21 10"},
		{"another_day_keeps_the_hour", [][]dialogue.When{when(16, 15, 16), {{From: at(17, 0), To: at(18, 0)}}}, "17 15"},
		{"another_hour_keeps_the_day", [][]dialogue.When{when(20, 9, 10), daily(10, 11)}, "20 10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := start
			for _, times := range tt.times {
				st = step(t, booking, st, wish(dialogue.Wish{Times: times})).State
			}
			if got := st.Answers["time"].Value; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAPressOnAFinalQuestionIsTheYes(t *testing.T) {
	t.Parallel()
	final := booking
	final.Steps = append([]dialogue.Question(nil), booking.Steps...)
	final.Steps[2].Final = true
	st := dialogue.State{Script: booking.Name, Version: 1, Step: "time", Answers: map[string]dialogue.Answer{
		"notice": {Value: "yes"}, "counsellor": {Value: "wang"},
	}}
	if r := step(t, final, st, press(0, "16 10")); !r.Done || r.State.Answers["time"].Value != "16 10" {
		t.Errorf("pressed: %+v", r)
	}
	if r := step(t, final, st, wish(dialogue.Wish{Times: when(16, 10, 11)})); r.Done || r.State.Step != "confirm" {
		t.Errorf("written is read back first: %+v", r)
	}
}

func TestTheHostSaysWhyThereIsNothing(t *testing.T) {
	t.Parallel()
	away := host
	away.Away = func(string, dialogue.When, map[string]dialogue.Answer) (string, bool, error) {
		return "那天放假。", false, nil
	}
	st := dialogue.State{Script: booking.Name, Version: 1, Step: "time", Answers: map[string]dialogue.Answer{
		"notice": {Value: "yes"}, "counsellor": {Value: "li"},
	}}
	r, err := dialogue.Step(booking, st, wish(dialogue.Wish{Times: when(18, 9, 10)}), away)
	if err != nil {
		t.Fatal(err)
	}
	if got := hear(booking, r).Said; got != "那天放假。" {
		t.Errorf("said %q", got)
	}
}
