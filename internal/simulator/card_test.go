package simulator

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/errs"
)

func (p *platform) update(code string, pairs ...any) object {
	p.t.Helper()
	return p.call("message/update_template_card", with(object{"agentid": 1000002, "response_code": code, "atall": 1}, pairs...))
}

func TestResponseCodes(t *testing.T) {
	t.Parallel()
	grey := object{"replace_name": "已处理"}
	p := openPlatform(t)
	tests := []struct {
		name string
		want int
		do   func(code string) object
	}{
		{"unknown", 60140, func(string) object { return p.update("ghost", "button", grey) }},
		{"works", 0, func(c string) object { return p.update(c, "button", grey) }},
		{"works_once", 60140, func(c string) object { p.update(c, "button", grey); return p.update(c, "button", grey) }},
		{"no_targets", 82101, func(c string) object { return p.update(c, "atall", 0, "button", grey) }},
		{"nobody_got_it", 82102, func(c string) object { return p.update(c, "atall", 0, "userids", []string{"s02"}, "button", grey) }},
		{"another_app", 301002, func(c string) object { return p.update(c, "agentid", 5, "button", grey) }},
		{"no_label", 42020, func(c string) object { return p.update(c, "button", object{}) }},
		{"neither_form", 40058, func(c string) object { return p.update(c) }},
		{"a_wrong_card", 42045, func(c string) object {
			return p.update(c, "template_card", with(notice1(), "card_action", nil))
		}},
		{"strings_for_arrays", 40058, func(c string) object { return p.update(c, "userids", "s01|t01", "button", grey) }},
	}
	for _, tt := range tests {
		_, code := p.sendCard(buttons("codes-" + tt.name))
		t.Run(tt.name, func(t *testing.T) { p.code(tt.want, tt.do(code)) })
	}
	_, code := p.sendCard(buttons("codes-late"))
	p.later(72 * time.Hour)
	p.access = p.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=secret")["access_token"].(string)
	p.code(60140, p.update(code, "button", grey))
}

func TestTaskIDIsUnique(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.sendCard(buttons("once"))
	again := object{"touser": "s01", "msgtype": "template_card", "agentid": 1000002, "template_card": buttons("once")}
	p.code(42014, p.call("message/send", again))
	sw := p.Switches()
	sw.UniqueTasks = false
	p.SetSwitches(sw)
	p.code(0, p.call("message/send", again))
}

func TestWhoGetsAResponseCode(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	menu := object{"desc": "更多", "action_list": []object{{"text": "静音", "key": "mute"}}}
	for name, tt := range map[string]struct {
		card object
		want bool
	}{
		"notice": {notice1(), false}, "news": {newsCard(), false}, "buttons": {buttons("w1"), true}, "vote": {vote("w2"), true},
		"multiple": {multiple("w3"), true}, "notice_with_menu": {with(notice1(), "action_menu", menu, "task_id", "w4"), true},
	} {
		if _, code := p.sendCard(tt.card); (code != "") != tt.want {
			t.Errorf("%s: response_code %q, want one: %v", name, code, tt.want)
		}
	}
}

func TestInteractiveCardsNeedACallback(t *testing.T) {
	t.Parallel()
	p := openPlatform(t, func(c *Config) { c.CallbackURL = "" })
	send := func(c object) object {
		return p.call("message/send", object{"touser": "s01", "msgtype": "template_card", "agentid": 1000002, "template_card": c})
	}
	p.code(43012, send(buttons("n1")))
	p.code(0, send(notice1()))
}

func TestPressSendsTheEvent(t *testing.T) {
	t.Parallel()
	menu := object{"action_list": []object{{"text": "静音", "key": "mute"}}}
	type answers = map[string][]string
	tests := []struct {
		name     string
		card     object
		key      string
		selected answers
		event    string
		want     answers // nil: no SelectedItems
	}{
		{"a_button", buttons("p1"), "ok", nil, "template_card_event", nil},
		{"vote_for_two", vote("p2"), "sub", answers{"q1": {"a", "c"}}, "template_card_event", answers{"q1": {"a", "c"}}},
		{"untouched_selectors_send_what_they_show", multiple("p3"), "sub", nil, "template_card_event", answers{"level": {"1"}, "why": {"b"}}},
		{"one_selector_changed", multiple("p4"), "sub", answers{"level": {"2"}}, "template_card_event", answers{"level": {"2"}, "why": {"b"}}},
		{"the_menu", with(notice1(), "action_menu", menu, "task_id", "p5"), "mute", nil, "template_card_menu_event", nil},
	}
	p := openPlatform(t)
	for _, tt := range tests {
		msgid, sendCode := p.sendCard(tt.card)
		t.Run(tt.name, func(t *testing.T) {
			d, err := p.Press("s01", msgid, tt.key, tt.selected, false)
			if !accepted(t, d, err) {
				t.Fatal("the press was not accepted")
			}
			g := p.app.next()
			if g.Err != "" || g.Event != tt.event || g.EventKey != tt.key || g.TaskId != tt.card["task_id"] ||
				g.CardType != tt.card["card_type"] || g.FromUserName != "S01" || g.AgentID != 1000002 {
				t.Errorf("the app read %s", g.Plain)
			}
			var selected answers
			for _, i := range g.Items {
				if selected == nil {
					selected = answers{}
				}
				selected[i.QuestionKey] = i.OptionId
			}
			if d := cmp.Diff(tt.want, selected); d != "" {
				t.Errorf("SelectedItems (-want +got)\n%s", d)
			}
			if g.ResponseCode == "" || g.ResponseCode == sendCode {
				t.Errorf("ResponseCode %q is not a new one", g.ResponseCode)
			}
			p.code(0, p.update(g.ResponseCode, "template_card", notice1()))
			p.code(0, p.update(sendCode, "template_card", notice1()))
		})
	}
}

func TestPressFollowsTheClient(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	greyed, code := p.sendCard(buttons("c1"))
	p.code(0, p.update(code, "button", object{"replace_name": "已处理"}))
	replaced, code := p.sendCard(buttons("c2"))
	p.code(0, p.update(code, "template_card", notice1()))
	swapped, code := p.sendCard(buttons("c3"))
	p.code(0, p.update(code, "template_card", with(buttons(""), "button_list", []object{{"text": "撤回", "key": "undo"}})))
	fresh, _ := p.sendCard(vote("c4"))
	radio, _ := p.sendCard(with(vote("c5"), "checkbox", object{"question_key": "q1", "option_list": []object{{"id": "a", "text": "一"}, {"id": "b", "text": "二"}}}))
	linked, _ := p.sendCard(with(buttons("c6"), "button_list", []object{{"text": "打开", "type": 1, "url": "https://example.com/x", "key": "open"}}))
	tests := []struct {
		name, user, msgid, key string
		selected               map[string][]string
		want                   errs.Kind
		force                  bool
	}{
		{"a_greyed_card", "s01", greyed, "ok", nil, errs.Conflict, false},
		{"a_greyed_card_late", "s01", greyed, "ok", nil, "", true},
		{"a_result", "s01", replaced, "ok", nil, errs.Conflict, false},
		{"an_old_button", "s01", swapped, "ok", nil, errs.Conflict, false},
		{"an_old_button_late", "s01", swapped, "ok", nil, "", true},
		{"the_new_button", "s01", swapped, "undo", nil, "", false},
		{"a_button_that_never_was", "s01", fresh, "ghost", nil, errs.Conflict, false},
		{"nothing_chosen", "s01", fresh, "sub", nil, errs.Invalid, false},
		{"no_such_option", "s01", fresh, "sub", map[string][]string{"q1": {"z"}}, errs.Invalid, false},
		{"no_such_question", "s01", fresh, "sub", map[string][]string{"q1": {"a"}, "q9": {"a"}}, errs.Invalid, false},
		{"two_of_one", "s01", radio, "sub", map[string][]string{"q1": {"a", "b"}}, errs.Invalid, false},
		{"who_did_not_get_it", "s02", fresh, "sub", nil, errs.NotFound, false},
		{"a_stranger", "ghost", fresh, "sub", nil, errs.NotFound, false},
		{"out_of_range", "out", fresh, "sub", nil, errs.Conflict, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := p.Press(tt.user, tt.msgid, tt.key, tt.selected, tt.force)
			if tt.want != "" {
				if errs.KindOf(err) != tt.want {
					t.Fatalf("err = %v, want %s", err, tt.want)
				}
				return
			}
			if !accepted(t, d, err) {
				t.Fatal("not accepted")
			}
			if g := p.app.next(); g.EventKey != tt.key || g.TaskId == "" {
				t.Errorf("the app read %s", g.Plain)
			}
		})
	}
	d, err := p.Press("s01", linked, "open", nil, false)
	if err != nil || d.Open != "https://example.com/x" {
		t.Errorf("a link button opened %v, %v", d, err)
	}
}

func TestUpdateReachesOnlyItsTargets(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	msgid, code := p.sendCard(buttons("u1"))
	before := p.Messages("t01", 0)[0].Seq
	m := p.update(code, "atall", 0, "userids", []string{"S01", "Ghost"}, "button", object{"replace_name": "已处理"})
	p.code(0, m)
	if d := cmp.Diff([]any{"ghost"}, m["invaliduser"]); d != "" {
		t.Errorf("invaliduser (-want +got)\n%s", d)
	}
	if c := p.cardOf("s01", msgid); c["replace_text"] != "已处理" {
		t.Errorf("s01 sees %v", c)
	}
	if c := p.cardOf("t01", msgid); c["replace_text"] != nil {
		t.Errorf("t01 sees %v", c)
	}
	if got := p.Messages("s01", before); len(got) != 1 || got[0].Seq <= before {
		t.Errorf("s01 has no change after seq %d: %v", before, got)
	}
	if got := p.Messages("t01", before); len(got) != 0 {
		t.Errorf("t01 has changes: %v", got)
	}
}

func TestAnUpdateNamesMembersByTheirIDs(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	msgid, code := p.sendCard(buttons("n1"))
	p.code(0, p.update(code, "enable_id_trans", 1, "template_card", with(notice1(), "main_title", object{"title": "$userName=t01$ 已接受"})))
	if got := p.cardOf("s01", msgid)["main_title"].(object)["title"]; got != "陈静 已接受" {
		t.Errorf("title = %v", got)
	}
}

func TestReplaceTextStandsForButtons(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	msgid, code := p.sendCard(buttons("r1"))
	p.code(0, p.update(code, "template_card", with(buttons(""), "button_list", nil, "task_id", nil, "replace_text", "陈静 已接受")))
	_, err := p.Press("s01", msgid, "ok", nil, false)
	if !errors.Is(err, errs.New(errs.Conflict, "这张卡片已经处理过，按钮是灰色的：“陈静 已接受”。")) {
		t.Errorf("err = %v", err)
	}
}
