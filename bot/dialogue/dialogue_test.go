package dialogue_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/errs"
)

// booking is how a counselling hour is booked.
var booking = dialogue.Script{
	Name: "counselling.book", Version: 1,
	Steps: []dialogue.Question{
		{Name: "notice", Kind: dialogue.Notice, Prompt: "先看一下预约须知。"},
		{Name: "counsellor", Kind: dialogue.Choice, Label: "老师", Prompt: "想约哪位老师？", Any: "都可以"},
		{
			Name: "time", Kind: dialogue.Time, Label: "时间", Prompt: "约{counsellor}的哪个时间？", Empty: "这两周都约满了。",
			Instead: dialogue.Instead{Intent: "wait", Label: "排队"},
		},
		{Name: "confirm", Kind: dialogue.Confirm, Prompt: "确认一下，没问题就提交。"},
	},
}

// certificate has every other kind of question.
var certificate = dialogue.Script{
	Name: "certificate", Version: 1,
	Steps: []dialogue.Question{
		{Name: "kind", Kind: dialogue.Choice, Label: "项目", Prompt: "开哪一项的证明？"},
		{Name: "year", Kind: dialogue.Text, Label: "年份", Prompt: "哪一年的？", If: &dialogue.Condition{Name: "kind", In: []string{"g1"}}},
		{Name: "reason", Kind: dialogue.Text, Label: "原因", Prompt: "做什么用？", Optional: true},
		{Name: "proof", Kind: dialogue.Page, Label: "材料", Prompt: "材料请在页面上传。"},
		{Name: "confirm", Kind: dialogue.Confirm, Prompt: "确认一下。"},
	},
}

var shanghai = time.FixedZone("CST", 8*3600)

// at is an hour in October 2025; the 16th is a Thursday.
func at(day, hour int) time.Time { return time.Date(2025, 10, day, hour, 0, 0, 0, shanghai) }

// hours are the free hours by counsellor, in the order of time; those with a star are full.
var hours = map[string][]string{
	"wang":          {"16 10", "16 15", "16 16", "17 15", "20 9", "20 10", "21 9", "21 10"},
	"li":            {"16 15", "17 9", "20 14*"},
	"full":          {},
	dialogue.AnyKey: {"16 10", "16 15", "17 9"},
}

// whose are the hours of anybody.
var whose = map[string]string{"16 10": "wang", "16 15": "wang", "17 9": "li"}

func options(question string, answers map[string]dialogue.Answer) ([]dialogue.Option, error) {
	switch question {
	case "counsellor":
		return []dialogue.Option{{Key: "wang", Label: "王晓燕"}, {Key: "li", Label: "李沐"}, {Key: "full", Label: "曾一凡"}}, nil
	case "kind":
		return []dialogue.Option{
			{Key: "g1", Label: "国家奖学金"}, {Key: "g2", Label: "国家助学金", Words: []string{"助学金"}}, {Key: "l", Label: "助学贷款"},
		}, nil
	case "time":
		var out []dialogue.Option
		for _, h := range hours[answers["counsellor"].Value] {
			if who := whose[h]; answers["counsellor"].Value == dialogue.AnyKey && slices.Contains(answers["counsellor"].Not, who) {
				continue
			}
			o := dialogue.Option{Key: strings.TrimSuffix(h, "*")}
			var day, hour int
			fmt.Sscan(o.Key, &day, &hour)
			o.At, o.Label = at(day, hour), fmt.Sprintf("%d日%d点", day, hour)
			if strings.HasSuffix(h, "*") {
				o.Disabled = "20日14点刚刚约满。"
			}
			out = append(out, o)
		}
		return out, nil
	}
	return nil, errors.New("no options for " + question)
}

func check(question, text string, _ map[string]dialogue.Answer) (dialogue.Answer, error) {
	if question == "year" && len(text) != 4 {
		return dialogue.Answer{}, errs.Field("year", "年份写四位，例如 2025。")
	}
	return dialogue.Answer{Value: text, Label: text}, nil
}

var host = dialogue.Host{Options: options, Check: check}

// Inputs.
func word(w dialogue.Word) dialogue.Input { return dialogue.Input{Text: string(w), Word: w} }
func text(s string) dialogue.Input        { return dialogue.Input{Text: s} }
func number(n int) dialogue.Input         { return dialogue.Input{Text: fmt.Sprint(n), Choice: n} }
func intent(s string) dialogue.Input      { return dialogue.Input{Text: s, Intent: s} }
func press(seq int, key string) dialogue.Input {
	return dialogue.Input{Press: &dialogue.Press{Seq: seq, Key: key}}
}
func wish(w dialogue.Wish) dialogue.Input { return dialogue.Input{Text: "……", Wish: w} }
func who(keys ...string) map[string][]string {
	return map[string][]string{"counsellor": keys}
}

func when(day, from, to int) []dialogue.When {
	return []dialogue.When{{From: at(day, from), To: at(day, to)}}
}

func daily(from, to int) []dialogue.When {
	return []dialogue.When{{From: at(15, from), To: at(15, to), Every: 1}}
}

// heard is what came of an input, as the tables write it.
type heard struct {
	Step    string // the question asked, or done, cancelled, interrupted by …
	Answers string // by question, in order
	Said    string // before the question
	Options string
	Page    bool
}

func hear(s dialogue.Script, r dialogue.Result) heard {
	h := heard{Step: r.State.Step}
	var answers []string
	for _, q := range s.Steps {
		if a, ok := r.State.Answers[q.Name]; ok {
			answers = append(answers, strings.Join(append([]string{a.Value}, a.Not...), "-"))
		}
	}
	h.Answers = strings.Join(answers, ", ")
	say := r.Say
	switch {
	case r.Done:
		h.Step = "done"
	case r.Cancelled:
		h.Step = "cancelled"
	case r.Interrupted != "":
		h.Step = "interrupted by " + r.Interrupted
	case r.Instead != "":
		h.Step = fmt.Sprintf("left for %s of %s %d", r.Instead, strings.Join(r.Wish.Names["counsellor"], " "), len(r.Wish.Times))
	default:
		last := say[len(say)-1]
		h.Page = last.Page
		var labels []string
		for _, o := range last.Options {
			labels = append(labels, o.Label)
		}
		h.Options = strings.Join(labels, " ")
		say = say[:len(say)-1]
	}
	for _, reply := range say {
		h.Said += reply.Text
	}
	return h
}

const (
	everyone = "王晓燕 李沐 曾一凡 都可以"
	firstSix = "16日10点 16日15点 16日16点 17日15点 20日9点 20日10点"
	notSeen  = "这句我没看懂。"
	help     = "\n回“返回”到上一步，回“取消”就不办了。"
	lost     = "\n回“帮助”看说明，也可以在页面上办。"
	byNumber = "回数字选一个，也可以直接写名称。"
)

func TestConversations(t *testing.T) {
	t.Parallel()
	type line struct {
		in   dialogue.Input
		want heard
	}
	tests := []struct {
		name   string
		script dialogue.Script
		lines  []line
	}{
		{"one_thing_after_another", booking, []line{
			{intent("counselling.book"), heard{Step: "notice"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{number(1), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
			{number(2), heard{Step: "confirm", Answers: "yes, wang, 16 15"}},
			{word(dialogue.Yes), heard{Step: "done", Answers: "yes, wang, 16 15"}},
		}},
		{"one_sentence_answers_several", booking, []line{
			{wish(dialogue.Wish{Names: who("wang"), Times: when(16, 15, 16)}), heard{Step: "notice", Answers: "wang, 16 15"}},
			{word(dialogue.Yes), heard{Step: "confirm", Answers: "yes, wang, 16 15"}},
		}},
		{"a_time_waits_for_its_question", booking, []line{
			{wish(dialogue.Wish{Times: when(16, 15, 16)}), heard{Step: "notice"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{text("李沐"), heard{Step: "confirm", Answers: "yes, li, 16 15"}},
		}},
		{"said_early_is_remembered_and_said_so", booking, []line{
			{intent("counselling.book"), heard{Step: "notice"}},
			{wish(dialogue.Wish{Times: when(16, 0, 24)}), heard{Step: "notice", Said: "记下了，先把这一步办完。"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{number(1), heard{Step: "time", Answers: "yes, wang", Options: "16日10点 16日15点 16日16点"}},
			{wish(dialogue.Wish{Times: daily(15, 16)}), heard{Step: "confirm", Answers: "yes, wang, 16 15"}},
		}},
		{"several_fit_only_those_are_offered", booking, []line{
			{wish(dialogue.Wish{Names: who("wang", "li")}), heard{Step: "notice"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Options: "王晓燕 李沐"}},
			{number(-1), heard{Step: "time", Answers: "yes, li", Options: "16日15点 17日9点"}},
		}},
		{"a_page_of_options_is_not_a_narrowing", booking, []line{
			{wish(dialogue.Wish{Names: who("wang")}), heard{Step: "notice", Answers: "wang"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
			{wish(dialogue.Wish{Times: daily(9, 10)}), heard{Step: "time", Answers: "yes, wang", Options: "20日9点 21日9点"}},
			{wish(dialogue.Wish{Times: when(21, 0, 24)}), heard{Step: "confirm", Answers: "yes, wang, 21 9"}},
		}},
		{"more_turns_over_and_comes_round", booking, []line{
			{wish(dialogue.Wish{Names: who("wang")}), heard{Step: "notice", Answers: "wang"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
			{word(dialogue.More), heard{Step: "time", Answers: "yes, wang", Options: "21日9点 21日10点"}},
			{word(dialogue.More), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
			{wish(dialogue.Wish{Times: when(21, 0, 24)}), heard{Step: "time", Answers: "yes, wang", Options: "21日9点 21日10点"}},
			{word(dialogue.More), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
		}},
		{"nothing_at_that_time_shows_the_nearest", booking, []line{
			{wish(dialogue.Wish{Names: who("wang"), Times: when(21, 14, 18)}), heard{Step: "notice", Answers: "wang"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, wang", Said: "你说的时间没有空位，看看相近的。", Options: "16日16点 17日15点 20日9点 20日10点 21日9点 21日10点"}},
		}},
		{"where_nothing_fits_one_can_wait_for_it_instead", booking, []line{
			{wish(dialogue.Wish{Names: who("wang"), Times: when(21, 14, 18)}), heard{Step: "notice", Answers: "wang"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, wang", Said: "你说的时间没有空位，看看相近的。", Options: "16日16点 17日15点 20日9点 20日10点 21日9点 21日10点"}},
			{word(dialogue.More), heard{Step: "time", Answers: "yes, wang", Options: "21日9点 21日10点"}},
			{press(0, "!instead"), heard{Step: "left for wait of wang 1", Answers: "yes, wang"}},
		}},
		{"where_nobody_has_anything_too", booking, []line{
			{wish(dialogue.Wish{Names: who("full"), Times: when(21, 14, 18)}), heard{Step: "notice", Answers: "full"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, full", Page: true}},
			{press(0, "!instead"), heard{Step: "left for wait of full 1", Answers: "yes, full"}},
		}},
		{"asked_for_in_words_it_keeps_what_was_chosen", booking, []line{
			{wish(dialogue.Wish{Names: who("li")}), heard{Step: "notice", Answers: "li"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, li", Options: "16日15点 17日9点"}},
			{intent("wait"), heard{Step: "left for wait of li 0", Answers: "yes, li"}},
		}},
		{"a_full_hour_says_so", booking, []line{
			{wish(dialogue.Wish{Names: who("li"), Times: when(20, 14, 15)}), heard{Step: "notice", Answers: "li"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, li", Said: "20日14点刚刚约满。", Options: "16日15点 17日9点"}},
			{press(0, "20 14"), heard{Step: "time", Answers: "yes, li", Said: "20日14点刚刚约满。", Options: "16日15点 17日9点"}},
		}},
		{"excluded_days_are_not_offered", booking, []line{
			{wish(dialogue.Wish{Names: who("wang"), NotTimes: []dialogue.When{{From: at(9, 0), To: at(10, 0), Every: 7}}}), heard{Step: "notice", Answers: "wang"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, wang", Options: "17日15点 20日9点 20日10点 21日9点 21日10点"}},
		}},
		{"nobody_has_anything", booking, []line{
			{wish(dialogue.Wish{Names: who("full")}), heard{Step: "notice", Answers: "full"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, full", Page: true}},
			{word(dialogue.Back), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
		}},
		{"any_counsellor_as_soon_as_possible", booking, []line{
			{dialogue.Input{Text: "都行，越快越好", Word: dialogue.Any, Wish: dialogue.Wish{Soonest: true}}, heard{Step: "notice", Answers: "!any, 16 10"}},
			{word(dialogue.Yes), heard{Step: "confirm", Answers: "yes, !any, 16 10"}},
		}},
		{"any_is_an_option_too", booking, []line{
			{intent("counselling.book"), heard{Step: "notice"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{number(4), heard{Step: "time", Answers: "yes, !any", Options: "16日10点 16日15点 17日9点"}},
			{word(dialogue.Any), heard{Step: "confirm", Answers: "yes, !any, 16 10"}},
		}},
		{"not_this_counsellor", booking, []line{
			{wish(dialogue.Wish{NotNames: who("wang")}), heard{Step: "notice"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Options: "李沐 曾一凡 都可以"}},
		}},
		{"anybody_but_this_counsellor_and_then_that_one_neither", booking, []line{
			{wish(dialogue.Wish{Names: who(dialogue.AnyKey), NotNames: who("wang")}), heard{Step: "notice", Answers: "!any-wang"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, !any-wang", Options: "17日9点"}},
			{wish(dialogue.Wish{NotNames: who("li")}), heard{Step: "time", Answers: "yes, !any-wang-li", Page: true}},
			{wish(dialogue.Wish{Names: who("wang")}), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
		}},
		{"somebody_nobody_knows_is_said_so", booking, []line{
			{wish(dialogue.Wish{Names: who("赵老师")}), heard{Step: "notice"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Said: "没有找到你说的老师，看看有的。", Options: everyone}},
		}},
		{"changed_at_the_end_by_a_sentence", booking, []line{
			{wish(dialogue.Wish{Names: who("wang"), Times: when(16, 15, 16)}), heard{Step: "notice", Answers: "wang, 16 15"}},
			{word(dialogue.Yes), heard{Step: "confirm", Answers: "yes, wang, 16 15"}},
			{wish(dialogue.Wish{Times: when(17, 15, 16)}), heard{Step: "confirm", Answers: "yes, wang, 17 15"}},
			{wish(dialogue.Wish{Names: who("li")}), heard{Step: "time", Answers: "yes, li", Said: "换过之后，“17日15点”不能选了，请再选一次。", Options: "16日15点 17日9点"}},
		}},
		{"a_change_keeps_what_is_still_possible", booking, []line{
			{wish(dialogue.Wish{Names: who("wang"), Times: when(16, 15, 16)}), heard{Step: "notice", Answers: "wang, 16 15"}},
			{word(dialogue.Yes), heard{Step: "confirm", Answers: "yes, wang, 16 15"}},
			{wish(dialogue.Wish{Names: who("li")}), heard{Step: "confirm", Answers: "yes, li, 16 15"}},
		}},
		{"changed_at_the_end_by_question", booking, []line{
			{wish(dialogue.Wish{Names: who("wang"), Times: when(16, 15, 16)}), heard{Step: "notice", Answers: "wang, 16 15"}},
			{word(dialogue.Yes), heard{Step: "confirm", Answers: "yes, wang, 16 15"}},
			{word(dialogue.No), heard{Step: "confirm", Answers: "yes, wang, 16 15", Options: "老师 时间"}},
			{number(2), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
			{number(1), heard{Step: "confirm", Answers: "yes, wang, 16 10"}},
			{text("改一下时间"), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
		}},
		{"back_one_step_at_a_time", booking, []line{
			{intent("counselling.book"), heard{Step: "notice"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{number(1), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
			{word(dialogue.Back), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{word(dialogue.Back), heard{Step: "notice"}},
			{word(dialogue.Back), heard{Step: "notice", Said: "这已经是第一步了。不想办了可以回“取消”。"}},
		}},
		{"cancel_ends", booking, []line{
			{intent("counselling.book"), heard{Step: "notice"}},
			{word(dialogue.Cancel), heard{Step: "cancelled", Said: "好的，这次不办了，没有提交任何内容。需要时随时再说。"}},
		}},
		{"another_intent_interrupts_and_the_draft_waits", booking, []line{
			{intent("counselling.book"), heard{Step: "notice"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{intent("job"), heard{Step: "interrupted by job", Answers: "yes"}},
			{dialogue.Input{}, heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{intent("counselling.book"), heard{Step: "counsellor", Answers: "yes", Said: "正在办这个，接着下面这一步就好。", Options: everyone}},
		}},
		{"an_intent_with_a_time_is_still_an_interruption", booking, []line{
			{wish(dialogue.Wish{Names: who("wang")}), heard{Step: "notice", Answers: "wang"}},
			{word(dialogue.Yes), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
			{dialogue.Input{Text: "取消明天的预约", Intent: "counselling.cancel", Wish: dialogue.Wish{Times: when(16, 15, 16)}}, heard{Step: "interrupted by counselling.cancel", Answers: "yes, wang"}},
		}},
		{"not_understood_twice_shows_the_way_out", booking, []line{
			{intent("counselling.book"), heard{Step: "notice"}},
			{word(dialogue.Yes), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{text("啦啦啦"), heard{Step: "counsellor", Answers: "yes", Said: notSeen + byNumber, Options: everyone}},
			{number(9), heard{Step: "counsellor", Answers: "yes", Said: notSeen + byNumber + lost, Options: everyone, Page: true}},
			{word(dialogue.Help), heard{Step: "counsellor", Answers: "yes", Said: byNumber + help, Options: everyone}},
			{text("嗯哼"), heard{Step: "counsellor", Answers: "yes", Said: notSeen + byNumber, Options: everyone}},
		}},
		{"a_notice_is_not_agreed_to_by_accident", booking, []line{
			{word(dialogue.Yes), heard{Step: "notice"}},
			{number(1), heard{Step: "notice", Said: notSeen + "先看完上面的须知，同意就回“同意”。"}},
			{word(dialogue.No), heard{Step: "notice", Said: "同意须知之后才能办理。不想办了可以回“取消”。"}},
		}},
		{"an_old_button_changes_nothing", booking, []line{
			{intent("counselling.book"), heard{Step: "notice"}},
			{press(1, dialogue.Yes.Key()), heard{Step: "counsellor", Answers: "yes", Options: everyone}},
			{press(2, "wang"), heard{Step: "time", Answers: "yes, wang", Options: firstSix}},
			{press(2, "li"), heard{Step: "time", Answers: "yes, wang", Said: "这是前面一步的按钮，现在到这里了。", Options: firstSix}},
			{press(4, "gone"), heard{Step: "time", Answers: "yes, wang", Said: "这个选项已经不在了，看看现在有的。", Options: firstSix}},
		}},
		{"part_of_a_label_offers_what_has_it", certificate, []line{
			{intent("certificate"), heard{Step: "kind", Options: "国家奖学金 国家助学金 助学贷款"}},
			{text("国家"), heard{Step: "kind", Options: "国家奖学金 国家助学金"}},
			{word(dialogue.Help), heard{Step: "kind", Said: byNumber + help, Options: "国家奖学金 国家助学金"}},
			{text("贷款"), heard{Step: "reason", Answers: "l"}},
		}},
		{"the_same_words_in_other_writing", certificate, []line{
			{intent("certificate"), heard{Step: "kind", Options: "国家奖学金 国家助学金 助学贷款"}},
			{text("「助学金」"), heard{Step: "reason", Answers: "g2"}},
		}},
		{"text_is_text_whatever_it_says", certificate, []line{
			{intent("certificate"), heard{Step: "kind", Options: "国家奖学金 国家助学金 助学贷款"}},
			{number(3), heard{Step: "reason", Answers: "l"}},
			{dialogue.Input{Text: "明天去勤工助学面试", Intent: "job", Wish: dialogue.Wish{Times: when(16, 0, 24)}}, heard{Step: "proof", Answers: "l, 明天去勤工助学面试", Page: true}},
		}},
		{"asked_only_where_it_matters_and_checked", certificate, []line{
			{intent("certificate"), heard{Step: "kind", Options: "国家奖学金 国家助学金 助学贷款"}},
			{number(1), heard{Step: "year", Answers: "g1"}},
			{text("去年"), heard{Step: "year", Answers: "g1", Said: "年份写四位，例如 2025。"}},
			{text("前年"), heard{Step: "year", Answers: "g1", Said: "年份写四位，例如 2025。" + lost, Page: true}},
			{text("2025"), heard{Step: "reason", Answers: "g1, 2025"}},
			{word(dialogue.Skip), heard{Step: "proof", Answers: "g1, 2025, ", Page: true}},
			{word(dialogue.Yes), heard{Step: "proof", Answers: "g1, 2025, ", Said: "页面上这一步还没有完成，完成后会自动接着办。", Page: true}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var st dialogue.State
			for i, l := range tt.lines {
				r := step(t, tt.script, st, l.in)
				if diff := cmp.Diff(l.want, hear(tt.script, r)); diff != "" {
					t.Fatalf("line %d (-want +got):\n%s", i+1, diff)
				}
				st = r.State
			}
		})
	}
}

// step takes one input from a state that went through JSON, as a draft does.
func step(t *testing.T, s dialogue.Script, st dialogue.State, in dialogue.Input) dialogue.Result {
	t.Helper()
	b, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	var draft dialogue.State
	if err := json.Unmarshal(b, &draft); err != nil {
		t.Fatal(err)
	}
	r, err := dialogue.Step(s, draft, in, host)
	if err != nil {
		t.Fatal(err)
	}
	if r.State.Seq != st.Seq+1 {
		t.Fatalf("seq %d after %d", r.State.Seq, st.Seq)
	}
	return r
}

func TestConfirmReadsEverythingBack(t *testing.T) {
	t.Parallel()
	r := step(t, booking, dialogue.State{}, wish(dialogue.Wish{Names: who("wang"), Times: when(16, 15, 16)}))
	r = step(t, booking, r.State, word(dialogue.Yes))
	want := []dialogue.Reply{{
		Text:    "确认一下，没问题就提交。",
		Rows:    []dialogue.Row{{Label: "老师", Value: "王晓燕"}, {Label: "时间", Value: "16日15点"}},
		Buttons: []dialogue.Button{{Key: "!yes", Label: "确认"}, {Key: "!no", Label: "修改"}, {Key: "!cancel", Label: "取消"}},
	}}
	if diff := cmp.Diff(want, r.Say); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestThePageAnswersAndChatGoesOn(t *testing.T) {
	t.Parallel()
	r := step(t, certificate, dialogue.State{}, intent("certificate"))
	r = step(t, certificate, r.State, number(3))
	r = step(t, certificate, r.State, text("求职"))
	st := r.State
	st.Answers["proof"] = dialogue.Answer{Value: "blob1", Label: "1 个文件"}
	r = step(t, certificate, st, word(dialogue.Yes))
	if got := hear(certificate, r).Step; got != "confirm" {
		t.Fatalf("on to %s, want confirm: a yes to the page is not a yes to what was not read yet", got)
	}
	if r = step(t, certificate, r.State, word(dialogue.Yes)); !r.Done {
		t.Error("not done")
	}
}

func TestAChangedAnswerTakesItsQuestionsAway(t *testing.T) {
	t.Parallel()
	st := dialogue.State{Script: "certificate", Version: 1, Step: "confirm", Answers: map[string]dialogue.Answer{
		"kind": {Value: "l"}, "year": {Value: "2025"}, "reason": {}, "proof": {Value: "blob1"},
	}}
	r := step(t, certificate, st, word(dialogue.Yes))
	if _, kept := r.State.Answers["year"]; kept || !r.Done {
		t.Errorf("done %t, answers %v", r.Done, r.State.Answers)
	}
}

func TestANewVersionIsReadAgain(t *testing.T) {
	t.Parallel()
	r := step(t, booking, dialogue.State{}, wish(dialogue.Wish{Names: who("wang"), Times: when(16, 15, 16)}))
	r = step(t, booking, r.State, word(dialogue.Yes))
	newer := booking
	newer.Version = 2
	r = step(t, newer, r.State, word(dialogue.Yes))
	want := heard{Step: "notice", Answers: "wang, 16 15", Said: "办理的内容有更新，已经填的都还在。"}
	if diff := cmp.Diff(want, hear(newer, r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReopenAfterARefusal(t *testing.T) {
	t.Parallel()
	r := step(t, booking, dialogue.State{}, wish(dialogue.Wish{Names: who("li"), Times: when(16, 15, 16)}))
	r = step(t, booking, r.State, word(dialogue.Yes))
	r = step(t, booking, r.State, word(dialogue.Yes))
	again, err := dialogue.Reopen(booking, r.State, "time", "这个时间刚刚约满。", host)
	if err != nil {
		t.Fatal(err)
	}
	want := heard{Step: "time", Answers: "yes, li", Said: "这个时间刚刚约满。", Options: "16日15点 17日9点"}
	if diff := cmp.Diff(want, hear(booking, again)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again.State.Seq != r.State.Seq+1 {
		t.Errorf("seq %d after %d", again.State.Seq, r.State.Seq)
	}
}

func TestTheHostsErrorComesBack(t *testing.T) {
	t.Parallel()
	down := errors.New("database is down")
	broken := dialogue.Host{
		Options: func(string, map[string]dialogue.Answer) ([]dialogue.Option, error) { return nil, down },
		Check: func(string, string, map[string]dialogue.Answer) (dialogue.Answer, error) {
			return dialogue.Answer{}, down
		},
	}
	states := map[string]dialogue.State{
		"kind":   {},
		"reason": {Script: "certificate", Version: 1, Step: "reason", Answers: map[string]dialogue.Answer{"kind": {Value: "l"}}},
	}
	for question, st := range states {
		if _, err := dialogue.Step(certificate, st, text("求职"), broken); !errors.Is(err, down) {
			t.Errorf("%s: %v", question, err)
		}
	}
}

func TestStepLeavesTheGivenStateAlone(t *testing.T) {
	t.Parallel()
	r := step(t, booking, dialogue.State{}, wish(dialogue.Wish{Names: who("wang", "li")}))
	before, _ := json.Marshal(r.State)
	if _, err := dialogue.Step(booking, r.State, wish(dialogue.Wish{Names: who("li"), Times: when(16, 15, 16)}), host); err != nil {
		t.Fatal(err)
	}
	after, _ := json.Marshal(r.State)
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	ask := dialogue.Question{Name: "a", Kind: dialogue.Text, Prompt: "?"}
	end := dialogue.Question{Name: "end", Kind: dialogue.Confirm, Prompt: "?"}
	on := func(name string) dialogue.Question {
		return dialogue.Question{Name: "b", Kind: dialogue.Text, Prompt: "?", If: &dialogue.Condition{Name: name}}
	}
	tests := []struct {
		name  string
		steps []dialogue.Question
		ok    bool
	}{
		{"a_question_and_the_end", []dialogue.Question{ask, end}, true},
		{"a_condition_on_what_came_before", []dialogue.Question{ask, on("a"), end}, true},
		{"nothing", nil, false},
		{"no_end", []dialogue.Question{ask}, false},
		{"an_end_in_the_middle", []dialogue.Question{end, ask, end}, false},
		{"a_name_twice", []dialogue.Question{ask, ask, end}, false},
		{"an_unknown_kind", []dialogue.Question{{Name: "a", Kind: "video", Prompt: "?"}, end}, false},
		{"no_prompt", []dialogue.Question{{Name: "a", Kind: dialogue.Text}, end}, false},
		{"a_condition_on_what_comes_later", []dialogue.Question{on("a"), ask, end}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := (dialogue.Script{Name: "s", Steps: tt.steps}).Validate(); (err == nil) != tt.ok {
				t.Errorf("Validate = %v", err)
			}
		})
	}
	for _, s := range []dialogue.Script{booking, certificate} {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// fuzzHost serves every script.
var fuzzHost = dialogue.Host{
	Options: func(question string, answers map[string]dialogue.Answer) ([]dialogue.Option, error) {
		if question == "items" {
			return office.Options(question, answers)
		}
		return options(question, answers)
	},
	Check: check,
	Away:  func(string, dialogue.When, map[string]dialogue.Answer) (string, bool, error) { return "", true, nil },
}

func FuzzStep(f *testing.F) {
	words := []dialogue.Word{"", dialogue.Yes, dialogue.No, dialogue.Back, dialogue.Cancel, dialogue.Help, dialogue.More, dialogue.Any, dialogue.Skip, dialogue.Hello, dialogue.Thanks}
	f.Add(`{"script":"proof","version":3,"step":"items","picked":["aid","gone"]}`, "1 2 9", 0, 0, "", "!enough", 0, int64(0))
	f.Add(`{"script":"proof","version":3,"step":"amount","answers":{"notice":{"value":"yes"},"items":{"value":"aid"},"copies":{"value":"2"}}}`, "¥1,28O.5万", 0, 0, "", "", 0, int64(3))
	f.Add(`{"script":"proof","version":3,"step":"leave","answers":{"notice":{"value":"yes"},"items":{"value":"aid"},"copies":{"value":"1"},"born":{"value":"2005-03-02"}},"at":"2025-10-20T00:00:00Z"}`, "下周三", 0, 0, "", "", 0, int64(8))
	f.Add(`{"script":"counselling.book","version":1,"step":"time","answers":{"notice":{"value":"yes"},"counsellor":{"value":"full"}},"seq":1}`, "", 0, 0, "", "!instead", 1, int64(0))
	f.Add(`{}`, "你好", 0, 0, "", "", 0, int64(0))
	f.Add(`{"script":"counselling.book","version":1,"step":"time","answers":{"notice":{"value":"yes"},"counsellor":{"value":"wang"}},"offered":["16 10"],"few":true}`, "三点", 2, 1, "", "wang", 0, int64(1))
	f.Add(`{"script":"certificate","version":0,"step":"x","turned":-5,"seq":7}`, "国家", 5, -1, "job", "!cancel", 7, int64(7))
	f.Fuzz(func(t *testing.T, draft, said string, w, choice int, wanted, key string, seq int, period int64) {
		var st dialogue.State
		if json.Unmarshal([]byte(draft), &st) != nil {
			t.Skip()
		}
		in := dialogue.Input{Text: said, Word: words[uint(w)%uint(len(words))], Choice: choice, Intent: wanted}
		if key != "" {
			in.Press = &dialogue.Press{Seq: seq, Key: key}
		}
		if period > 0 {
			in.Times = []dialogue.When{{From: at(16, 0), To: at(16, 0).Add(time.Duration(period)), Every: int(period % 9)}}
			in.Names = who(key, "li")
		}
		for _, s := range []dialogue.Script{booking, certificate, proof} {
			r, err := dialogue.Step(s, st, in, fuzzHost)
			if err != nil {
				t.Fatal(err)
			}
			if r.State.Seq != st.Seq+1 {
				t.Fatalf("seq %d after %d", r.State.Seq, st.Seq)
			}
			if in.Press == nil && in.Word == dialogue.Cancel && !r.Cancelled {
				t.Fatalf("取消 did not end: %+v", r)
			}
			ended := r.Done || r.Cancelled || r.Interrupted != "" || r.Instead != ""
			if !ended && (len(r.Say) == 0 || !slices.ContainsFunc(s.Steps, func(q dialogue.Question) bool { return q.Name == r.State.Step })) {
				t.Fatalf("nothing is asked: %+v", r)
			}
			if r.Done && (st.Step != "confirm" || r.State.Script != s.Name) {
				t.Fatalf("done without reading back: %+v", r)
			}
		}
	})
}
