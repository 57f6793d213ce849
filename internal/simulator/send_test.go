package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func repeat(n int, o object) []object {
	list := make([]object, n)
	for i := range list {
		list[i] = with(o, "key", fmt.Sprint("k", i), "id", fmt.Sprint("o", i), "question_key", fmt.Sprint("q", i))
	}
	return list
}

func TestSendChecks(t *testing.T) {
	t.Parallel()
	text := func(pairs ...any) object {
		return with(object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": "你好"}}, pairs...)
	}
	of := func(kind string, body object) object { return text("msgtype", kind, "text", nil, kind, body) }
	card := func(c object) object { return of("template_card", c) }
	menu := func(keys ...string) object {
		list := []object{}
		for _, k := range keys {
			list = append(list, object{"text": "项", "key": k})
		}
		return object{"desc": "更多", "action_list": list}
	}
	option := object{"id": "1", "text": "选项"}
	tests := []struct {
		name string
		body any
		want int
	}{
		{"not_json", "{", 40058},
		{"a_wrong_type", text("safe", "1"), 40058},
		{"no_agentid", text("agentid", nil), 40056},
		{"agentid_is_text", text("agentid", "1000002"), 40056},
		{"another_app", text("agentid", 1000003), 301002},
		{"no_recipient", text("touser", nil), 82001},
		{"too_many_users", text("touser", strings.Repeat("s01|", 1001)), 40032},
		{"too_many_parties", text("toparty", strings.Repeat("1|", 101)), 82002},
		{"too_many_tags", text("totag", strings.Repeat("7|", 101)), 82003},
		{"nobody_valid", text("touser", "ghost|out|off"), 81013},
		{"only_without_licence", text("touser", "nolicence"), 81013},
		{"unknown_type", of("poem", object{}), 40008},
		{"type_withdrawn", of("taskcard", object{}), 40008},
		{"empty_text", text("text", object{"content": ""}), 44004},
		{"text", text(), 0},
		{"everyone", text("touser", "@all"), 0},
		{"a_department", text("touser", nil, "toparty", "2"), 0},
		{"a_tag", text("touser", nil, "totag", "7"), 0},
		{"long_markdown", of("markdown", object{"content": strings.Repeat("字", 683)}), 45002},
		{"no_media_id", of("image", object{}), 41006},
		{"unknown_media", of("file", object{"media_id": "x"}), 40007},
		{"textcard_without_title", of("textcard", object{"description": "d", "url": "https://a.cn"}), 41016},
		{"textcard_without_description", of("textcard", object{"title": "t", "url": "https://a.cn"}), 41033},
		{"textcard_without_scheme", of("textcard", object{"title": "t", "description": "d", "url": "a.cn/x"}), 45034},
		{"textcard_long_url", of("textcard", object{"title": "t", "description": "d", "url": "https://a.cn/" + strings.Repeat("x", 2048)}), 40039},
		{"textcard", of("textcard", object{"title": "t", "description": "d", "url": "https://a.cn"}), 0},
		{"nine_articles", of("news", object{"articles": repeat(9, object{"title": "t", "url": "https://a.cn"})}), 45008},
		{"news_confidential", with(of("news", object{"articles": []object{{"title": "t", "url": "https://a.cn"}}}), "safe", 1), 40074},
		{"news_to_mini_program", of("news", object{"articles": []object{{"title": "t", "appid": "wx1", "pagepath": "p"}}}), 0},
		{"mini_program_to_all", with(of("miniprogram_notice", object{"appid": "wx1", "title": "会议通知"}), "touser", "@all"), 40058},
		{"mini_program_without_agentid", with(of("miniprogram_notice", object{"appid": "wx1", "title": "会议通知"}), "agentid", nil), 0},

		{"card_missing", card(nil), 40058},
		{"card_type", card(with(notice1(), "card_type", "poem")), 42031},
		{"notice", card(notice1()), 0},
		{"notice_without_title", card(with(notice1(), "main_title", nil)), 41016},
		{"notice_with_subtitle_only", card(with(notice1(), "main_title", nil, "sub_title_text", "s")), 0},
		{"notice_without_action", card(with(notice1(), "card_action", nil)), 42045},
		{"notice_action_none", card(with(notice1(), "card_action", object{"type": 0})), 42045},
		{"action_without_url", card(with(notice1(), "card_action", object{"type": 1})), 42028},
		{"action_without_appid", card(with(notice1(), "card_action", object{"type": 2})), 42030},
		{"menu_needs_task", card(with(notice1(), "action_menu", menu("a"))), 42014},
		{"menu_keys_collide", card(with(notice1(), "task_id", "m1", "action_menu", menu("a", "a"))), 42051},
		{"menu_of_four", card(with(notice1(), "task_id", "m2", "action_menu", menu("a", "b", "c", "d"))), 40058},
		{"seven_rows", card(with(notice1(), "horizontal_content_list", repeat(7, object{"keyname": "k"}))), 42035},
		{"row_without_key", card(with(notice1(), "horizontal_content_list", []object{{"value": "v"}})), 42027},
		{"row_without_url", card(with(notice1(), "horizontal_content_list", []object{{"keyname": "k", "type": 1}})), 42028},
		{"row_without_media", card(with(notice1(), "horizontal_content_list", []object{{"keyname": "k", "type": 2}})), 42029},
		{"row_with_ghost", card(with(notice1(), "horizontal_content_list", []object{{"keyname": "k", "type": 3, "userid": "ghost"}})), 42050},
		{"four_jumps", card(with(notice1(), "jump_list", repeat(4, object{"title": "t"}))), 42042},
		{"jump_without_title", card(with(notice1(), "jump_list", []object{{"type": 0}})), 42033},
		{"news", card(newsCard()), 0},
		{"news_without_picture", card(with(newsCard(), "card_image", nil)), 42044},
		{"five_vertical", card(with(newsCard(), "vertical_content_list", repeat(5, object{"title": "t"}))), 42036},
		{"vertical_without_title", card(with(newsCard(), "vertical_content_list", []object{{"desc": "d"}})), 42033},
		{"buttons_without_task", card(buttons("")), 42014},
		{"task_with_space", card(buttons("a b")), 42014},
		{"task_too_long", card(buttons(strings.Repeat("a", 129))), 42014},
		{"no_buttons", card(with(buttons("b1"), "button_list", nil)), 40058},
		{"seven_buttons", card(with(buttons("b2"), "button_list", repeat(7, object{"text": "t"}))), 40058},
		{"button_without_text", card(with(buttons("b3"), "button_list", []object{{"key": "k"}})), 42038},
		{"button_without_key", card(with(buttons("b4"), "button_list", []object{{"text": "t"}})), 42039},
		{"button_without_url", card(with(buttons("b5"), "button_list", []object{{"text": "t", "type": 1}})), 42028},
		{"selection_of_eleven", card(with(buttons("b6"), "button_selection", object{"question_key": "q", "option_list": repeat(11, option)})), 42037},
		{"vote_without_submit", card(with(vote("v1"), "submit_button", nil)), 42046},
		{"vote_without_question", card(with(vote("v2"), "checkbox", nil)), 42043},
		{"vote_of_21", card(with(vote("v3"), "checkbox", object{"question_key": "q", "option_list": repeat(21, option)})), 42037},
		{"options_collide", card(with(vote("v4"), "checkbox", object{"question_key": "q", "option_list": []object{option, option}})), 42040},
		{"option_without_text", card(with(vote("v5"), "checkbox", object{"question_key": "q", "option_list": []object{{"id": "1"}}})), 42041},
		{"four_selectors", card(with(multiple("x1"), "select_list", repeat(4, object{"option_list": []object{option}}))), 42047},
		{"selectors_collide", card(with(multiple("x2"), "select_list", []object{{"question_key": "q", "option_list": []object{option}}, {"question_key": "q", "option_list": []object{option}}})), 42043},
		{"buttons", card(buttons("ok-1@x_y")), 0},
		{"vote", card(vote("ok2")), 0},
		{"multiple", card(multiple("ok3")), 0},
	}
	p := openPlatform(t)
	p.SetSwitches(func() Switches { s := DefaultSwitches(); s.RateLimits = false; return s }())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := *p
			q.t = t
			q.code(tt.want, q.call("message/send", tt.body))
		})
	}
}

func TestCheckOrder(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	get := func(query string) object { return p.get("/cgi-bin/user/get?" + query) }
	p.code(41001, get("userid=s01"))
	p.code(40014, get("userid=s01&access_token=forged"))
	p.code(41001, p.do(http.MethodPost, "/cgi-bin/message/send", "application/json", []byte(`{"access_token":"`+p.access+`"}`)))
	sw := p.Switches()
	sw.TrustedIPs, sw.AppDisabled = []string{"203.0.113.9"}, true
	p.SetSwitches(sw)
	p.code(60020, p.call("message/send", "{"))
	sw.TrustedIPs = nil
	p.SetSwitches(sw)
	p.code(50003, p.call("message/send", "{"))
	sw.AppDisabled = false
	p.SetSwitches(sw)
	p.code(40058, p.call("message/send", "{"))
	p.code(48002, p.call("user/list_id", object{}))
	p.code(40058, p.read("message/send"))
	p.later(2 * time.Hour)
	p.code(42001, p.read("user/get?userid=s01"))
	sw.ExpiredAs = 40014
	p.SetSwitches(sw)
	p.code(40014, p.read("user/get?userid=s01"))
}

func TestErrorsLookLikeTheirs(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	res := p.raw(http.MethodGet, "/cgi-bin/"+p.withToken("user/get?userid=ghost"), "", nil)
	defer res.Body.Close()
	var m object
	if err := json.NewDecoder(res.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Error-Code") != "60111" || res.Header.Get("Error-Msg") != "userid not found" {
		t.Errorf("status %d, headers %v", res.StatusCode, res.Header)
	}
	if msg := m["errmsg"].(string); !strings.HasPrefix(msg, "userid not found, hint: [1791957600") || !strings.HasSuffix(msg, "/devtool/query?e=60111") {
		t.Errorf("errmsg = %q", msg)
	}
	if _, kept := m["department"]; !kept {
		t.Error("the zero-valued department is gone")
	}
}

func TestGetToken(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	ask := func(corp, secret string) object {
		return p.get("/cgi-bin/gettoken?corpid=" + corp + "&corpsecret=" + secret)
	}
	p.code(41002, ask("", "secret"))
	p.code(41004, ask("ww6a112864f8022910", ""))
	p.code(40013, ask("ww0", "secret"))
	p.code(40001, ask("ww6a112864f8022910", "guess"))
	p.later(time.Hour)
	again := ask("ww6a112864f8022910", "secret")
	if again["access_token"] != p.access || again["expires_in"].(float64) != 3600 {
		t.Errorf("a second ask got %v for %v s, want the same token for 3600 s", again["access_token"], again["expires_in"])
	}
	if err := p.Arm(Fault{Kind: FaultExpiredToken}); err != nil {
		t.Fatal(err)
	}
	p.code(42001, p.read("agent/list"))
	if ask("ww6a112864f8022910", "secret")["access_token"] == p.access {
		t.Error("an ended token was handed out again")
	}
	for range maxWrongSecrets + 1 {
		ask("ww6a112864f8022910", "guess")
	}
	p.code(45009, ask("ww6a112864f8022910", "secret"))
	contact := openPlatform(t)
	contact.access = contact.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=contact")["access_token"].(string)
	contact.code(0, contact.call("user/list_id", object{"limit": 2}))
	contact.code(48002, contact.read("agent/list"))
}

func TestSendListsTheRest(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	m := p.call("message/send", object{"touser": "s01|GHOST|Out|nolicence|S01", "toparty": "2|99", "totag": "7|8", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}})
	p.code(0, m)
	want := object{"invaliduser": "ghost|out", "invalidparty": "99", "invalidtag": "8", "unlicenseduser": "nolicence"}
	got := object{}
	for k := range want {
		got[k] = m[k]
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for user, n := range map[string]int{"s01": 1, "s02": 1, "t01": 1, "out": 0} {
		if got := len(p.Messages(user, 0)); got != n {
			t.Errorf("%s got %d messages, want %d", user, got, n)
		}
	}
}

func TestTextIsCutAtACharacter(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.code(0, p.call("message/send", object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": strings.Repeat("字", 700)}}))
	var body struct{ Text textBody }
	if err := json.Unmarshal(p.Messages("s01", 0)[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	if body.Text.Content != strings.Repeat("字", 682) {
		t.Errorf("%d bytes arrived, want 2046", len(body.Text.Content))
	}
}

func TestATextcardIsCutByCharacters(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.code(0, p.call("message/send", object{"touser": "s01", "msgtype": "textcard", "agentid": 1000002, "textcard": object{
		"title": strings.Repeat("题", 200), "description": strings.Repeat("述", 600), "url": "https://example.com/", "btntxt": "看",
	}}))
	var body struct {
		TextCard textCardBody `json:"textcard"`
	}
	if err := json.Unmarshal(p.Messages("s01", 0)[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	want := textCardBody{Title: strings.Repeat("题", 128), Description: strings.Repeat("述", 512), URL: "https://example.com/", BtnTxt: "看"}
	if d := cmp.Diff(want, body.TextCard); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestDebugModeIsFiveCallsAMinute(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	for range 5 {
		p.code(0, p.read("agent/list?debug=1"))
	}
	p.code(45009, p.read("agent/list?debug=1"))
	p.code(0, p.read("agent/list"))
}

func TestDuplicateCheck(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	send := func(text string) object {
		m := p.call("message/send", object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": text}, "enable_duplicate_check": 1, "duplicate_check_interval": 600})
		p.code(0, m)
		return m
	}
	first := send("一")
	if again := send("一"); again["msgid"] == nil || again["msgid"] != first["msgid"] {
		t.Errorf("the suppressed call answered msgid %v, want %v", again["msgid"], first["msgid"])
	}
	send("二")
	if n := len(p.Messages("s01", 0)); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	p.later(600 * time.Second)
	send("一")
	if n := len(p.Messages("s01", 0)); n != 3 {
		t.Errorf("after the interval %d messages, want 3", n)
	}
}

func TestSilentDrop(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	send := func() {
		p.code(0, p.call("message/send", object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}}))
	}
	for range 31 {
		send()
	}
	list := p.Messages("s01", 0)
	if !list[29].Shown || list[30].Shown {
		t.Errorf("the 30th is shown %v, the 31st %v; want true, false", list[29].Shown, list[30].Shown)
	}
	p.later(time.Minute)
	send()
	if list = p.Messages("s01", 0); !list[31].Shown {
		t.Error("a minute later a message was dropped")
	}
	if err := p.Arm(Fault{Kind: FaultSilentDrop, User: "s01"}); err != nil {
		t.Fatal(err)
	}
	send()
	if list = p.Messages("s01", 0); list[32].Shown {
		t.Error("the fault did not drop the message")
	}
}

func TestDailyQuota(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	sw := p.Switches()
	sw.DailyQuota = 3
	p.SetSwitches(sw)
	send := func() object {
		return p.call("message/send", object{"touser": "s01|s02", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}})
	}
	p.code(0, send())
	p.code(45009, send())
	p.later(24 * time.Hour)
	p.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=secret")
	p.access = p.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=secret")["access_token"].(string)
	p.code(0, send())
}

func TestRecall(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	send := func() string {
		return p.call("message/send", object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}})["msgid"].(string)
	}
	id, late := send(), send()
	p.code(0, p.call("message/recall", object{"msgid": id}))
	p.code(40058, p.call("message/recall", object{"msgid": "ghost"}))
	for _, m := range p.Messages("s01", 0) {
		if m.Shown != (m.MsgID == late) {
			t.Errorf("%s shown = %v", m.MsgID, m.Shown)
		}
	}
	p.later(25 * time.Hour)
	p.access = p.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=secret")["access_token"].(string)
	p.code(42052, p.call("message/recall", object{"msgid": late}))
}

func TestIDTranslation(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.call("message/send", object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "enable_id_trans": 1, "text": object{"content": "$userName=t01$ 在 $departmentName=3$，$userName=ghost$"}})
	if body := string(p.Messages("s01", 0)[0].Body); !strings.Contains(body, "陈静 在 学工处，$userName=ghost$") {
		t.Errorf("body = %s", body)
	}
}

// Any body of message/send is answered with JSON that has an errcode, and never panics.
func FuzzSendBody(f *testing.F) {
	for _, seed := range []object{buttons("t"), vote("t"), multiple("t"), notice1(), newsCard()} {
		f.Add([]byte(mustJSON(object{"touser": "s01", "msgtype": "template_card", "agentid": 1, "template_card": seed})))
	}
	f.Add([]byte(`{"touser":"s01|@all","msgtype":"news","agentid":1,"news":{"articles":[null]}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := New(Config{CorpID: "ww1", AgentID: 1, Secret: "s", Token: "t", AESKey: testKey, CallbackURL: "http://127.0.0.1:1/"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.SetDirectory([]Department{{ID: 1}}, []User{{UserID: "s01", InRange: true}}, nil)
		s.mu.Lock()
		c := &call{path: "message/send", body: body, now: s.now()}
		res, err := s.sendMessage(c)
		s.mu.Unlock()
		var out struct {
			Code *int `json:"errcode"`
		}
		if e := json.Unmarshal(answerBody(c, res, err), &out); e != nil || out.Code == nil {
			t.Fatalf("answer %s: %v", answerBody(c, res, err), e)
		}
		if *out.Code == -1 {
			t.Errorf("an internal error: %v", err)
		}
		callTitle(c)
		if list := s.Messages("s01", 0); *out.Code == 0 && len(list) != 1 {
			t.Errorf("accepted, but %d messages arrived", len(list))
		}
	})
}
