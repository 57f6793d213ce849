package card_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/wecom"
)

var update = flag.Bool("update", false, "write the golden files anew")

const task = "01jb0000000000000000000000"

func maker() card.Maker {
	return card.Maker{BaseURL: "https://xg.example.edu.cn", Zone: zone()}
}

func zone() *time.Location { return time.FixedZone("CST", 8*60*60) }

func at(day, hour, minute int) time.Time { return time.Date(2026, 10, day, hour, minute, 0, 0, zone()) }

func facts() counselling.Facts {
	return counselling.Facts{
		Booking: "b1", Student: "张同学", Counsellor: "苏晴", StartsAt: at(14, 15, 0), EndsAt: at(14, 15, 50),
		Place: "东校区致远楼 305", Campus: "东校区", HeldUntil: at(13, 15, 0), State: counselling.Pending, Name: "成长预约",
		Reasons: []string{"这个时间老师临时有安排", "建议换一位更合适的老师"},
	}
}

// settled is the facts after someone of the centre, or with "" the student, acted.
func settled(s counselling.State, by, reason string) counselling.Facts {
	f := facts()
	f.State, f.By, f.Reason, f.At = s, by, reason, at(12, 16, 20)
	return f
}

// moved is the facts after someone of the centre, or with "" the student, moved it.
func moved(by string) counselling.Facts {
	f := settled(counselling.Pending, by, "")
	f.Was, f.Moves = &counselling.Hour{StartsAt: at(13, 10, 0), Counsellor: "叶知秋"}, 1
	if by != "" {
		f.State, f.Reason = counselling.Confirmed, "老师临时有安排"
	}
	return f
}

func strike(s counselling.StrikeState) counselling.StrikeFacts {
	f := counselling.StrikeFacts{
		Strike: "k1", Booking: "b1", Kind: counselling.ForMissing, Student: "张同学", Counsellor: "苏晴", StartsAt: at(14, 15, 0),
		State: s, Count: 3, Limit: 3, At: at(15, 9, 0), By: "何静", Name: "成长预约", Reasons: counselling.Defaults().KeepReasons,
	}
	if s == counselling.Kept {
		f.Reason = f.Reasons[1]
	}
	return f
}

func offered(s counselling.OfferState, moves time.Time) counselling.OfferFacts {
	return counselling.OfferFacts{
		Offer: "o1", Counsellor: "苏晴", StartsAt: at(14, 15, 0), EndsAt: at(14, 15, 50), Place: "东校区致远楼 305", Campus: "东校区",
		Until: at(13, 9, 30), State: s, Moves: moves, Name: "成长预约",
	}
}

func booking(s counselling.State) counselling.Booking {
	return counselling.Booking{PublicID: "b1", State: s, HeldUntil: at(13, 15, 0), Slot: counselling.Slot{
		Name:     "苏晴",
		StartsAt: at(14, 15, 0), EndsAt: at(14, 15, 50), Campus: "东校区", Place: "东校区致远楼 305",
	}}
}

func options(n int, disabled ...int) []dialogue.Option {
	list := make([]dialogue.Option, n)
	for i := range list {
		list[i] = dialogue.Option{Key: fmt.Sprintf("k%d", i+1), Label: fmt.Sprintf("14日周三 %02d:00", 9+i)}
	}
	for _, i := range disabled {
		list[i].Disabled = "这个时间人数已满。"
	}
	return list
}

func question(r dialogue.Reply) wecom.TemplateCard {
	c, _ := maker().Question(task, 3, r, card.Page{Label: "去读须知", Path: "/m/counselling/notice"})
	return c
}

func TestGolden(t *testing.T) {
	t.Parallel()
	m := maker()
	confirm := []dialogue.Button{{Key: "!yes", Label: "确认"}, {Key: "!no", Label: "修改"}, {Key: "!cancel", Label: "取消"}}
	counsellors := []dialogue.Option{
		{Key: "c1", Label: "苏晴老师", Detail: "东校区 · 最近 今天 14:00"},
		{Key: "c2", Label: "许明朗老师", Disabled: "最近没有空位"},
		{Key: "!any", Label: "哪位都可以"},
	}
	cards := map[string]wecom.TemplateCard{
		"requested":         m.Requested(task, facts()),
		"requested_moved":   m.Requested(task, moved("")),
		"moved_by_student":  m.Moved(moved("")),
		"moved_by_centre":   m.Moved(moved("何静")),
		"strike_appealed":   m.Appealed(task, strike(counselling.Appealed)),
		"strike_lifted":     m.StrikeSettled(strike(counselling.Lifted)),
		"strike_kept":       m.StrikeSettled(strike(counselling.Kept)),
		"offer":             m.Offer(task, offered(counselling.OfferOpen, time.Time{})),
		"offer_earlier":     m.Offer(task, offered(counselling.OfferOpen, at(20, 15, 0))),
		"offer_accepted":    m.OfferEnded(offered(counselling.OfferAccepted, time.Time{})),
		"offer_expired":     m.OfferEnded(offered(counselling.OfferExpired, time.Time{})),
		"wait_ask":          m.WaitAsk(task, counselling.WaitFacts{Place: 2, Says: "苏晴老师 · 下午", Since: at(12, 9, 0), Until: at(28, 9, 0), Name: "成长预约"}),
		"paged":             m.Paged(task, counselling.CaseFacts{Case: "case1"}),
		"paged_on":          m.PassedOn(counselling.CaseFacts{Case: "case1", At: at(14, 3, 10), Next: []string{"叶知秋"}}),
		"paged_again":       m.PassedOn(counselling.CaseFacts{Case: "case1", At: at(14, 4, 10)}),
		"settled_confirmed": m.Settled(settled(counselling.Confirmed, "苏晴", "")),
		"settled_rejected":  m.Settled(settled(counselling.Rejected, "顾远帆", "这个时间老师临时有安排")),
		"settled_expired":   m.Settled(settled(counselling.Expired, "", "")),
		"settled_cancelled": m.Settled(settled(counselling.Cancelled, "", "")),
		"settled_arrived":   m.Settled(settled(counselling.Arrived, "苏晴", "")),
		"settled_missed":    m.Settled(settled(counselling.Missed, "苏晴", "")),
		"mine_pending":      m.Mine(task, booking(counselling.Pending), "成长预约"),
		"mine_confirmed":    m.Mine(task, booking(counselling.Confirmed), "成长预约"),
		"ask_cancel":        m.AskCancel(task, booking(counselling.Confirmed), ""),
		"ask_cancel_late":   m.AskCancel(task, booking(counselling.Confirmed), "离开始不到 2 小时，现在取消会记一次临近取消，是这学期第 1 次，满 3 次会暂停预约 30 天。"),
		"question_few":      question(dialogue.Reply{Text: "想约哪位老师？", Options: counsellors}),
		"question_many": question(dialogue.Reply{
			Text: "哪个时间方便？", Options: options(6, 2),
			Buttons: []dialogue.Button{{Key: "!more", Label: "更多"}},
		}),
		"question_confirm": question(dialogue.Reply{
			Text: "这样约，可以吗？", Buttons: confirm,
			Rows: []dialogue.Row{{Label: "老师", Value: "苏晴老师"}, {Label: "时间", Value: "14日周三 15:00"}},
		}),
		"question_page": question(dialogue.Reply{Text: "第一次来，请先读预约须知\n读到最后点“同意”，我接着帮你选时间", Page: true}),
		"question_in_full": question(dialogue.Reply{
			Text:    "现在没有空位。" + strings.Repeat("过一两天再来看看，", 5) + "着急请直接联系中心。",
			Buttons: []dialogue.Button{{Key: "!back", Label: "返回"}},
		}),
		"choice": m.Choice(task, "想办的是哪一件？", "", nil, []wecom.Button{
			{Text: "约个时间", Key: card.Route(card.Go, "counselling.book")}, {Text: "都不是", Key: card.Route(card.Go, "help")},
		}),
	}
	for name, c := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, c)
			for _, broken := range broken(c) {
				t.Error(broken)
			}
		})
	}
}

func golden(t *testing.T, name string, c wecom.TemplateCard) {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(c); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-update writes it anew): %s", file, diff)
	}
}

// broken returns one line for each rule of sending.md section 4 the card breaks, and for
// each word that tells what the centre does.
func broken(c wecom.TemplateCard) (lines []string) {
	rule := func(ok bool, what string, args ...any) {
		if !ok {
			lines = append(lines, fmt.Sprintf(what, args...))
		}
	}
	text := func(what, s string, most int) {
		rule(strings.TrimSpace(s) != "" && len([]rune(s)) <= most, "%s %q: 1 to %d characters", what, s, most)
	}
	perhaps := func(what, s string, most int) {
		rule(len([]rune(s)) <= most, "%s %q: at most %d characters", what, s, most)
	}
	text("title", c.MainTitle.Title, 26)
	perhaps("desc", c.MainTitle.Desc, 30)
	perhaps("subtitle", c.SubTitleText, 112)
	perhaps("replace text", c.ReplaceText, 20)
	if c.Source != nil {
		perhaps("source", c.Source.Desc, 13)
	}
	rule(len(c.Rows) <= 6, "%d rows", len(c.Rows))
	for _, r := range c.Rows {
		text("key of a row", r.KeyName, 5)
		perhaps("row", r.Value, 30)
	}
	rule(len(c.ButtonList) >= 1 && len(c.ButtonList) <= 6, "%d buttons", len(c.ButtonList))
	keys := map[string]bool{}
	for _, b := range c.ButtonList {
		text("button", b.Text, 10)
		if b.Type == wecom.LinkURL {
			rule(strings.HasPrefix(b.URL, "https://"), "button %q leads to %q", b.Text, b.URL)
			continue
		}
		rule(b.Key != "" && len(b.Key) <= 1024 && !keys[b.Key], "key %q: 1 to 1024 bytes, once", b.Key)
		keys[b.Key] = true
	}
	if sel := c.ButtonSelection; sel != nil {
		text("question key", sel.QuestionKey, 1024)
		rule(len(sel.OptionList) >= 1 && len(sel.OptionList) <= 10, "%d options", len(sel.OptionList))
		ids := map[string]bool{}
		for _, o := range sel.OptionList {
			text("option", o.Text, 16)
			rule(o.ID != "" && len(o.ID) <= 128 && !ids[o.ID], "option id %q: 1 to 128 bytes, once", o.ID)
			ids[o.ID] = true
		}
		if sel.QuestionKey == card.ReasonKey {
			rule(sel.OptionList[0] == wecom.Option{ID: card.NoReason, Text: "请选择理由"},
				"an untouched selector sends its first option, %q", sel.OptionList[0].Text)
		}
	}
	b, _ := json.Marshal(c)
	rule(counselling.Neutral(string(b)), "the card says what the centre does: %s", b)
	return lines
}

// wild makes what people and schools write: nothing, much, line breaks, symbols, and the
// two words' characters, but never the words, which the desk does not take.
type wild struct{ *rand.Rand }

func (w wild) text() string {
	alphabet := []rune("苏晴欧阳心理咨询楼 305|\n\"<>&·…😀a￥")
	for {
		r := make([]rune, w.IntN(w.IntN(90)+1))
		for i := range r {
			r[i] = alphabet[w.IntN(len(alphabet))]
		}
		if counselling.Neutral(string(r)) {
			return string(r)
		}
	}
}

func (w wild) texts(most int) []string {
	list := make([]string, w.IntN(most+1))
	for i := range list {
		list[i] = w.text()
	}
	return list
}

func (w wild) time() time.Time {
	return at(1, 0, 0).Add(time.Duration(w.IntN(400*24*60)) * time.Minute)
}

func (w wild) facts() counselling.Facts {
	return counselling.Facts{
		Booking: task, Student: w.text(), Counsellor: w.text(), StartsAt: w.time(), EndsAt: w.time(), Place: w.text(),
		Campus: w.text(), HeldUntil: w.time(), At: w.time(), By: w.text(), Reason: w.text(), Reasons: w.texts(30), Name: w.text(),
		State: counselling.States()[w.IntN(len(counselling.States()))],
	}
}

func (w wild) booking() counselling.Booking {
	return counselling.Booking{PublicID: task, State: counselling.Pending, HeldUntil: w.time(), Slot: counselling.Slot{
		Name:     w.text(),
		StartsAt: w.time(), EndsAt: w.time(), Campus: w.text(), Place: w.text(),
	}}
}

func (w wild) reply() dialogue.Reply {
	r := dialogue.Reply{Text: w.text(), Page: w.IntN(3) == 0}
	for _, s := range w.texts(12) {
		r.Rows = append(r.Rows, dialogue.Row{Label: s, Value: w.text()})
	}
	for i, s := range w.texts(20) {
		o := dialogue.Option{Key: fmt.Sprintf("key-%d-%s", i, task), Label: s, Detail: w.text()}
		if w.IntN(4) == 0 {
			o.Disabled = w.text()
		}
		r.Options = append(r.Options, o)
	}
	for i, s := range w.texts(3) {
		r.Buttons = append(r.Buttons, dialogue.Button{Key: fmt.Sprintf("!%d", i), Label: s})
	}
	return r
}

func (w wild) choice() wecom.TemplateCard {
	var buttons []wecom.Button
	for i, s := range append(w.texts(8), "好") {
		buttons = append(buttons, wecom.Button{Text: s, Key: card.Route(card.Go, fmt.Sprint(i))})
	}
	return maker().Choice(task, w.text(), w.text(), nil, buttons)
}

// FuzzCards holds every card to the rules, whatever is on it.
func FuzzCards(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w, m := wild{rand.New(rand.NewPCG(seed, 0))}, maker()
		cards := map[string]wecom.TemplateCard{
			"requested": m.Requested(task, w.facts()), "settled": m.Settled(w.facts()), "mine": m.Mine(task, w.booking(), w.text()),
			"ask_cancel": m.AskCancel(task, w.booking(), ""), "ask_cancel_late": m.AskCancel(task, w.booking(), w.text()), "choice": w.choice(),
		}
		if c, ok := m.Question(task, w.IntN(99), w.reply(), card.Page{Label: w.text(), Path: "/m/x"}); ok {
			cards["question"] = c
		}
		for name, c := range cards {
			for _, line := range broken(c) {
				t.Errorf("%s: %s", name, line)
			}
		}
		if s := m.SettledText(w.facts()); !counselling.Neutral(s) {
			t.Errorf("the text says what the centre does: %s", s)
		}
	})
}

// What a button has no room for is chosen in a selector, in full.
func TestQuestionCutsNoOption(t *testing.T) {
	t.Parallel()
	tests := []struct {
		label string
		want  string // of the button, "" for a selector
	}{
		{"今天 14:00", "今天 14:00"},
		{"14日周三 15:00", "14日周三15:00"},
		{"11月12日 15:00", ""},
		{"欧阳晓燕老师", "欧阳晓燕老师"},
		{"信息学院学生工作办公室窗口", ""},
	}
	for _, tt := range tests {
		t.Run(tt.label, func(t *testing.T) {
			t.Parallel()
			c := question(dialogue.Reply{Text: "哪个？", Options: []dialogue.Option{{Key: "k1", Label: tt.label}}})
			switch sel := c.ButtonSelection; {
			case tt.want != "" && (sel != nil || c.ButtonList[0].Text != tt.want):
				t.Errorf("button %q, selector %v", c.ButtonList[0].Text, sel)
			case tt.want == "" && (sel == nil || sel.OptionList[0].Text != tt.label):
				t.Errorf("button %q, selector %v", c.ButtonList[0].Text, sel)
			}
		})
	}
}

// Nothing that can still be pressed is lost for want of room.
func TestQuestionShowsEveryPress(t *testing.T) {
	t.Parallel()
	for n := range 12 {
		for buttons := range 4 {
			for _, page := range []bool{false, true} {
				r := dialogue.Reply{Text: "哪个？", Options: options(n), Page: page}
				for i := range buttons {
					r.Buttons = append(r.Buttons, dialogue.Button{Key: fmt.Sprintf("!%d", i), Label: fmt.Sprint(i)})
				}
				c, ok := maker().Question(task, 1, r, card.Page{Label: "去页面", Path: "/m/x"})
				if !ok {
					if n+buttons > 0 || page {
						t.Errorf("%d options, %d buttons, page %v: no card", n, buttons, page)
					}
					continue
				}
				got, want := len(c.ButtonList), n+buttons
				if sel := c.ButtonSelection; sel != nil {
					got += len(sel.OptionList) - 1
					want = min(n, wecom.MaxCardOptions) + buttons
				}
				if page {
					want++
				}
				if got != want {
					t.Errorf("%d options, %d buttons, page %v: %d presses, want %d", n, buttons, page, got, want)
				}
			}
		}
	}
}

func TestQuestionWithoutAChoiceIsAText(t *testing.T) {
	t.Parallel()
	if _, ok := maker().Question(task, 1, dialogue.Reply{Text: "写下来发给我就行。"}, card.Page{}); ok {
		t.Error("a card without buttons is refused by WeCom")
	}
	if _, ok := maker().Question(task, 1, dialogue.Reply{Text: "哪个？", Options: options(1, 0)}, card.Page{}); ok {
		t.Error("a card of options nobody can choose has no buttons")
	}
}

func TestRoute(t *testing.T) {
	t.Parallel()
	tests := []struct {
		key  string
		want []string
	}{
		{card.Route(card.Talk, "3", "k"), []string{"talk", "3", "k"}},
		{card.Route(card.Confirm, "b1"), []string{"confirm", "b1", ""}},
		{"", []string{"", "", ""}},
		{"a|b|c|d", []string{"a", "b", "c", "d"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, card.Parse(tt.key)); diff != "" {
			t.Errorf("Parse(%q): %s", tt.key, diff)
		}
	}
}

// The key on every button of a question, and what its selector says, come back as the
// press it stands for.
func TestPress(t *testing.T) {
	t.Parallel()
	few := question(dialogue.Reply{Text: "哪个？", Options: options(2)})
	many := question(dialogue.Reply{Text: "哪个？", Options: options(8)})
	tests := []struct {
		name     string
		key      string
		selected map[string][]string
		want     dialogue.Press
	}{
		{"a_button", few.ButtonList[1].Key, nil, dialogue.Press{Seq: 3, Key: "k2"}},
		{"the_selected", many.ButtonList[0].Key, map[string][]string{card.OptionKey: {"k7"}}, dialogue.Press{Seq: 3, Key: "k7"}},
		{"another_selector", many.ButtonList[0].Key, map[string][]string{"reason": {"r1"}}, dialogue.Press{Seq: 3, Key: "!choose"}},
		{"no_number", "talk|x|k1", nil, dialogue.Press{Key: "k1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, card.Press(card.Parse(tt.key), tt.selected)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsTooLongForTheSelectorStandsInFullUnderItsNumber(t *testing.T) {
	t.Parallel()
	long := []dialogue.Option{
		{Key: "a", Label: "2026 校友捐赠新生入学励志奖学金（一等）"},
		{Key: "b", Label: "2026 校友捐赠新生入学励志奖学金（二等）"},
		{Key: "c", Label: "2025 国家助学金"},
	}
	c := question(dialogue.Reply{Text: "哪一项？", Options: long})
	var rows, chosen []string
	for _, r := range c.Rows {
		rows = append(rows, r.KeyName+" "+r.Value)
	}
	for _, o := range c.ButtonSelection.OptionList {
		chosen = append(chosen, o.Text)
	}
	if d := cmp.Diff([]string{"1 " + long[0].Label, "2 " + long[1].Label, "3 " + long[2].Label}, rows); d != "" {
		t.Errorf("rows (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"1 2026 校友捐赠新生入学…", "2 2026 校友捐赠新生入学…", "3 2025 国家助学金"}, chosen); d != "" {
		t.Errorf("selector (-want +got)\n%s", d)
	}
	if c := question(dialogue.Reply{Text: "哪一项？", Options: long[2:]}); len(c.Rows) != 0 {
		t.Errorf("short options need no rows: %v", c.Rows)
	}
}

func TestReasonOf(t *testing.T) {
	t.Parallel()
	reasons := []string{"临时有安排", "换一位老师"}
	for id, want := range map[string]string{card.NoReason: "", "r0": "临时有安排", "r1": "换一位老师", "r2": "", "": ""} {
		if got := card.ReasonOf(map[string][]string{card.ReasonKey: {id}}, reasons); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
	if got := card.ReasonOf(nil, reasons); got != "" {
		t.Errorf("nothing selected: %q", got)
	}
}

func TestSettledText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		facts counselling.Facts
		want  string
	}{
		{settled(counselling.Confirmed, "苏晴", ""), "10月14日（周三）15:00 的预约（张同学）已确认：苏晴老师，10月12日（周一）16:20。"},
		{settled(counselling.Cancelled, "", ""), "10月14日（周三）15:00 的预约（张同学）已取消：张同学，10月12日（周一）16:20。"},
		{settled(counselling.Cancelled, "顾远帆", "停电"), "10月14日（周三）15:00 的预约（张同学）已取消：顾远帆老师，10月12日（周一）16:20。"},
		{settled(counselling.Expired, "", ""), "10月14日（周三）15:00 的预约（张同学）已过期：超过时限，10月12日（周一）16:20。"},
	}
	for _, tt := range tests {
		t.Run(string(tt.facts.State)+"_by_"+tt.facts.By, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, maker().SettledText(tt.facts)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWordsToldBeforeAreOnTheCardThatFollowsIfTheyFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, told, own string
		want            bool
	}{
		{"nothing", "", "哪个时间方便？", false},
		{"short", "这个时间刚刚约满。", "哪个时间方便？", true},
		{"to the last character", strings.Repeat("满", 111-len([]rune("哪天？"))), "哪天？", true},
		{"one too many", strings.Repeat("满", 112-len([]rune("哪天？"))), "哪天？", false},
		{"a link works in a text only", `<a href="https://x/now">更多号码</a>`, "", false},
	} {
		if got := card.Leads(c.told, c.own); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	led := card.Lead(wecom.TemplateCard{SubTitleText: "哪天？"}, "约满了。")
	if led.SubTitleText != "约满了。\n哪天？" {
		t.Errorf("the card says %q", led.SubTitleText)
	}
	if plain := card.Lead(wecom.TemplateCard{SubTitleText: "哪天？"}, ""); plain.SubTitleText != "哪天？" {
		t.Errorf("without anything told it says %q", plain.SubTitleText)
	}
}
