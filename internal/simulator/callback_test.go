package simulator

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/errs"
)

func TestTextCallback(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	d, err := p.Text("s01", "我想]]>预约<b>")
	if !accepted(t, d, err) {
		t.Fatal("not accepted")
	}
	g := p.app.next()
	want := "<xml><ToUserName><![CDATA[ww6a112864f8022910]]></ToUserName><FromUserName><![CDATA[S01]]></FromUserName>" +
		"<CreateTime>1791957600</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[我想]]]]><![CDATA[>预约<b>]]></Content>" +
		"<MsgId>7300000000000000001</MsgId><AgentID>1000002</AgentID></xml>"
	if diff := cmp.Diff(want, g.Plain); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if g.Query["timestamp"] != "1791957600" || g.Query["own"] != "1" || d.MsgID != "7300000000000000001" {
		t.Errorf("query %v, MsgID %s", g.Query, d.MsgID)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	const refuse, hang, garbage = "refuse", "hang", "garbage"
	tests := []struct {
		name     string
		behave   []string // of each attempt; the rest accept
		switches func(*Switches)
		attempts int
		accepted bool
	}{
		{"accepted_at_once", nil, nil, 1, true},
		{"any_body_with_200_is_accepted", []string{garbage}, nil, 1, true},
		{"a_500_is_repeated", []string{refuse}, nil, 2, true},
		{"a_timeout_is_repeated", []string{hang}, nil, 2, true},
		{"three_repeats_then_given_up", []string{refuse, refuse, refuse, refuse}, nil, 4, false},
		{"repeats_are_a_switch", []string{refuse, refuse}, func(s *Switches) { s.Repeats = 1 }, 2, false},
		{"status_retry_is_a_switch", []string{refuse}, func(s *Switches) { s.RetryOnStatus = false }, 1, false},
		{"a_timeout_is_always_repeated", []string{hang}, func(s *Switches) { s.RetryOnStatus = false }, 2, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := openPlatform(t)
			if slices.Contains(tt.behave, hang) { // elsewhere a slow machine must not make it a repeat
				p.callbackDeadline = 3 * time.Second
			}
			var attempts atomic.Int64
			release := make(chan struct{})
			t.Cleanup(func() { close(release) })
			p.app.answer = func(w http.ResponseWriter, _ got) {
				n := int(attempts.Add(1))
				if n > len(tt.behave) {
					return
				}
				switch tt.behave[n-1] {
				case refuse:
					w.WriteHeader(http.StatusInternalServerError)
				case garbage:
					w.Write([]byte("<html>"))
				case hang:
					<-release
				}
			}
			if tt.switches != nil {
				sw := p.Switches()
				tt.switches(&sw)
				p.SetSwitches(sw)
			}
			d, err := p.Text("s01", "你好")
			if ok := accepted(t, d, err); ok != tt.accepted {
				t.Errorf("accepted = %v, want %v", ok, tt.accepted)
			}
			seen := map[string]bool{}
			first := p.app.next()
			seen[first.Encrypt] = true
			for range tt.attempts - 1 {
				g := p.app.next()
				if g.Plain != first.Plain {
					t.Errorf("a repeat says %s, the first said %s", g.Plain, first.Plain)
				}
				if seen[g.Encrypt] {
					t.Error("a repeat was not sealed afresh")
				}
				seen[g.Encrypt] = true
			}
			if len(p.app.got) > 0 {
				t.Errorf("%d attempts too many", len(p.app.got))
			}
		})
	}
}

func TestCallbackFaults(t *testing.T) {
	t.Parallel()
	arm := func(p *platform, f Fault) {
		p.t.Helper()
		if err := p.Arm(f); err != nil {
			p.t.Fatal(err)
		}
	}
	t.Run("drop", func(t *testing.T) {
		t.Parallel()
		p := openPlatform(t)
		arm(p, Fault{Kind: FaultDrop})
		d, err := p.Text("s01", "一")
		if accepted(t, d, err) {
			t.Error("a dropped callback was accepted")
		}
		d, err = p.Text("s01", "二")
		if !accepted(t, d, err) || p.app.next().Content != "二" {
			t.Error("the next one did not come")
		}
	})
	t.Run("for_one_person_only", func(t *testing.T) {
		t.Parallel()
		p := openPlatform(t)
		arm(p, Fault{Kind: FaultDrop, User: "t01"})
		if d, err := p.Text("s01", "一"); !accepted(t, d, err) {
			t.Error("somebody else's callback was dropped")
		}
	})
	t.Run("duplicate", func(t *testing.T) {
		t.Parallel()
		p := openPlatform(t)
		arm(p, Fault{Kind: FaultDuplicate})
		d, err := p.Text("s01", "一")
		accepted(t, d, err)
		a, b := p.app.next(), p.app.next()
		if a.Plain != b.Plain || a.Encrypt == b.Encrypt {
			t.Errorf("%s and %s", a.Plain, b.Plain)
		}
	})
	t.Run("reorder", func(t *testing.T) {
		t.Parallel()
		p := openPlatform(t)
		arm(p, Fault{Kind: FaultReorder})
		first, err := p.Text("s01", "一")
		if err != nil {
			t.Fatal(err)
		}
		second, err := p.Text("s01", "二")
		accepted(t, second, err)
		accepted(t, first, nil)
		if got := p.app.next().Content + p.app.next().Content; got != "二一" {
			t.Errorf("order %s, want 二一", got)
		}
	})
	t.Run("replay", func(t *testing.T) {
		t.Parallel()
		p := openPlatform(t)
		d, err := p.Text("s01", "一")
		accepted(t, d, err)
		arm(p, Fault{Kind: FaultReplay})
		d, err = p.Text("s01", "二")
		accepted(t, d, err)
		first, second, third := p.app.next(), p.app.next(), p.app.next()
		if second.Content != "二" || third.Encrypt != first.Encrypt {
			t.Errorf("%s, %s, %s", first.Plain, second.Plain, third.Plain)
		}
	})
	for kind, want := range map[FaultKind]string{FaultBadSignature: "signature", FaultWrongReceiveID: errReceiveID.Error()} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			p := openPlatform(t)
			arm(p, Fault{Kind: kind})
			d, err := p.Text("s01", "一")
			if !accepted(t, d, err) {
				t.Error("the repeat was not accepted")
			}
			if g := p.app.next(); g.Err != want {
				t.Errorf("the app found %q, want %q", g.Err, want)
			}
			if g := p.app.next(); g.Err != "" || g.Content != "一" {
				t.Errorf("the repeat: %q %s", g.Err, g.Plain)
			}
		})
	}
	t.Run("delay", func(t *testing.T) {
		t.Parallel()
		p := openPlatform(t)
		arm(p, Fault{Kind: FaultDelay, User: "s01", Delay: Duration(3 * time.Second)})
		late, err := p.Text("s01", "慢")
		if err != nil {
			t.Fatal(err)
		}
		quick, err := p.Text("t01", "快")
		accepted(t, quick, err)
		accepted(t, late, nil)
		if got := p.app.next().Content; got != "快" {
			t.Errorf("first came %s", got)
		}
	})
}

func TestOneMemberOneOrder(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	want := ""
	var last *Delivery
	for _, text := range strings.Split("一二三四五六七八", "") {
		var err error
		if last, err = p.Text("s01", text); err != nil {
			t.Fatal(err)
		}
		want += text
	}
	accepted(t, last, nil)
	got := ""
	for range 8 {
		got += p.app.next().Content
	}
	if got != want {
		t.Errorf("order %s, want %s", got, want)
	}
}

func TestPassiveReplies(t *testing.T) {
	t.Parallel()
	head := "<ToUserName><![CDATA[S01]]></ToUserName><FromUserName><![CDATA[ww6a112864f8022910]]></FromUserName><CreateTime>1</CreateTime>"
	text := "<xml>" + head + "<MsgType>text</MsgType><Content><![CDATA[好的]]></Content></xml>"
	grey := "<xml>" + head + "<MsgType>update_button</MsgType><Button><ReplaceName><![CDATA[已同意]]></ReplaceName></Button></xml>"
	card := "<xml>" + head + "<MsgType>update_template_card</MsgType><TemplateCard><CardType>text_notice</CardType>" +
		"<MainTitle><Title>已同意</Title></MainTitle><HorizontalContentList><KeyName>人</KeyName><Value>陈静</Value></HorizontalContentList>" +
		"<HorizontalContentList><KeyName>时间</KeyName><Value>今天</Value></HorizontalContentList>" +
		"<CardAction><Type>1</Type><Url>https://example.com/</Url></CardAction></TemplateCard></xml>"
	tests := []struct {
		name   string
		answer func(*testApp) string
		press  bool // press a button, otherwise write a text
		apply  bool
		look   func(card object, texts []string) bool
	}{
		{"a_text", func(a *testApp) string { return a.reply(text) }, false, true, func(_ object, texts []string) bool { return len(texts) == 1 }},
		{"success_is_no_reply", func(*testApp) string { return "success" }, false, true, func(_ object, texts []string) bool { return len(texts) == 0 }},
		{"plain_xml_is_ignored", func(*testApp) string { return text }, false, true, func(_ object, texts []string) bool { return len(texts) == 0 }},
		{"not_swapped_is_ignored", func(a *testApp) string {
			return a.reply(strings.ReplaceAll(text, "S01", "t01"))
		}, false, true, func(_ object, texts []string) bool { return len(texts) == 0 }},
		{"a_forged_signature_is_ignored", func(a *testApp) string {
			return strings.Replace(a.reply(text), "<Nonce><![CDATA[n]]>", "<Nonce><![CDATA[m]]>", 1)
		}, false, true, func(_ object, texts []string) bool { return len(texts) == 0 }},
		{"a_greyed_button", func(a *testApp) string { return a.reply(grey) }, true, true, func(c object, _ []string) bool { return c["replace_text"] == "已同意" }},
		{"a_new_card", func(a *testApp) string { return a.reply(card) }, true, true, func(c object, _ []string) bool {
			return c["card_type"] == "text_notice" && len(c["horizontal_content_list"].([]any)) == 2
		}},
		{"switched_off", func(a *testApp) string { return a.reply(grey) }, true, false, func(c object, _ []string) bool { return c["replace_text"] == nil }},
		{"no_card_to_change", func(a *testApp) string { return a.reply(grey) }, false, true, func(c object, _ []string) bool { return c["replace_text"] == nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := openPlatform(t)
			sw := p.Switches()
			sw.ApplyCardReply = tt.apply
			p.SetSwitches(sw)
			p.app.answer = func(w http.ResponseWriter, _ got) { w.Write([]byte(tt.answer(p.app))) }
			msgid, _ := p.sendCard(buttons("pr"))
			if tt.press {
				d, err := p.Press("s01", msgid, "ok", nil, false)
				accepted(t, d, err)
			} else {
				d, err := p.Text("s01", "你好")
				accepted(t, d, err)
			}
			var texts []string
			for _, m := range p.Messages("s01", 0) {
				if m.MsgType == "text" {
					texts = append(texts, string(m.Body))
				}
			}
			if c := p.cardOf("s01", msgid); !tt.look(c, texts) {
				t.Errorf("card %v, texts %v", c, texts)
			}
			if c := p.cardOf("t01", msgid); c["replace_text"] != nil || c["card_type"] != "button_interaction" {
				t.Errorf("the other member's card changed: %v", c)
			}
		})
	}
}

func TestVerifyCallback(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   errs.Kind
	}{
		"quoted":  {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`"1616140317555161061"`)) }, errs.Invalid},
		"refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, errs.Invalid},
		"slow":    {func(http.ResponseWriter, *http.Request) { <-hang }, errs.Invalid},
	} {
		app := httptest.NewServer(tt.answer)
		t.Cleanup(app.Close)
		p := openPlatform(t)
		p.verifyDeadline = 200 * time.Millisecond
		if err := p.SetCallback(t.Context(), app.URL); errs.KindOf(err) != tt.want || err == nil {
			t.Errorf("%s: err = %v, want %s", name, err, tt.want)
		}
	}
	close(hang)
	p := openPlatform(t)
	p.verifyDeadline = time.Minute
	if err := p.VerifyCallback(t.Context(), p.cfg.CallbackURL); err != nil {
		t.Errorf("a good app was refused: %v", err)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.code(0, p.call("menu/create?agentid=1000002", object{"button": []object{
		{"type": "click", "name": "今日", "key": "TODAY"},
		{"name": "更多", "sub_button": []object{{"type": "view", "name": "搜索", "url": "https://app.example.com/"}, {"type": "scancode_push", "name": "扫码", "key": "SCAN"}}},
	}}))
	tests := []struct {
		name  string
		do    func() (*Delivery, error)
		event string
		key   string
		part  string
	}{
		{"enter", func() (*Delivery, error) { return p.Enter("s01") }, "enter_agent", "", "<EventKey><![CDATA[]]></EventKey>"},
		{"click", func() (*Delivery, error) { return p.Menu("s01", "TODAY", false) }, "click", "TODAY", ""},
		{"view", func() (*Delivery, error) { return p.Menu("s01", "搜索", false) }, "view", "https://app.example.com/", ""},
		{"scan", func() (*Delivery, error) { return p.Menu("s01", "SCAN", false) }, "scancode_push", "SCAN", "<ScanType><![CDATA[qrcode]]></ScanType>"},
		{"an_old_menu", func() (*Delivery, error) { return p.Menu("s01", "OLD", true) }, "click", "OLD", ""},
		{"from_the_system", func() (*Delivery, error) {
			return p.Event("sys", "delete_calendar", map[string]string{"CalId": "wc1"})
		}, "delete_calendar", "", "<CalId><![CDATA[wc1]]></CalId>"},
		{"a_location", func() (*Delivery, error) { return p.Place("s01", 30.5, 114.4, "校门") }, "", "", "<Location_X>30.500000</Location_X>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := tt.do()
			if !accepted(t, d, err) {
				t.Fatal("not accepted")
			}
			if g := p.app.next(); g.Event != tt.event || g.EventKey != tt.key || !strings.Contains(g.Plain, tt.part) {
				t.Errorf("the app read %s", g.Plain)
			}
		})
	}
	if _, err := p.Menu("s01", "OLD", false); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a button that is not there: %v", err)
	}
	if d, err := p.Menu("s01", "更多", false); err != nil || !accepted(t, d, err) || len(p.app.got) != 0 {
		t.Error("opening a sub-menu told the app")
	}
	p.code(0, p.call("agent/set", object{"agentid": 1000002, "isreportenter": 0}))
	if d, err := p.Enter("s01"); err != nil || !accepted(t, d, err) || len(p.app.got) != 0 {
		t.Error("enter was reported although switched off")
	}
}

func TestRangeChangesAreEvents(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	put := func(u User) {
		t.Helper()
		if err := p.PutUser(u); err != nil {
			t.Fatal(err)
		}
	}
	put(User{UserID: "s09", Name: "新同学", Kind: "student", Department: "文学院", InRange: true})
	put(User{UserID: "s09", Name: "新同学", Kind: "student", Department: "文学院", InRange: true, Status: 2})
	put(User{UserID: "S09", Name: "新同学", Kind: "student", Department: "文学院", InRange: true})
	if err := p.RemoveUser("s09"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 4 {
		g := p.app.next()
		got = append(got, g.Event+" "+fold(g.FromUserName))
	}
	want := []string{"subscribe s09", "unsubscribe s09", "subscribe s09", "unsubscribe s09"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if err := p.PutUser(User{UserID: "-x"}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a userid that starts with a dash: %v", err)
	}
}

func TestCloseEndsWhatRuns(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	if err := p.Arm(Fault{Kind: FaultDelay, Delay: Duration(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	d, err := p.Text("s01", "一")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if accepted(t, d, nil) {
		t.Error("delivered after Close")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Wait(ctx, func(View) bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v", err)
	}
}
