package simulator

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// turned opens a platform with the switches changed.
func turned(t *testing.T, edit func(*Switches)) *platform {
	t.Helper()
	p := openPlatform(t)
	sw := DefaultSwitches()
	edit(&sw)
	p.SetSwitches(sw)
	return p
}

func TestAHugeDepartmentIsTooBigAnAnswer(t *testing.T) {
	t.Parallel()
	p := turned(t, func(s *Switches) { s.ListMax = 1 })
	p.code(45029, p.read("user/list?department_id=2"))
	p.code(0, p.read("user/simplelist?department_id=2"))
	p.code(45029, p.read("user/list?department_id=1&fetch_child=1"))
}

func TestSwitchOutOfRangeAs(t *testing.T) {
	t.Parallel()
	p := turned(t, func(s *Switches) { s.OutOfRangeAs = 60011 })
	p.code(60011, p.read("user/get?userid=out"))
	p.code(60111, p.read("user/get?userid=ghost"))
}

func TestSwitchesOfTheDoor(t *testing.T) {
	t.Parallel()
	p := turned(t, func(s *Switches) { s.TrustedIPs = []string{"203.0.113.9"} })
	token := "/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=secret"
	hook := "/cgi-bin/webhook/send?key=none"
	p.code(0, p.get(token))
	p.code(93000, p.do(http.MethodPost, hook, "application/json", []byte(`{}`)))
	sw := p.Switches()
	sw.TokenIP, sw.WebhookIP = true, true
	p.SetSwitches(sw)
	p.code(60020, p.get(token))
	p.code(60020, p.do(http.MethodPost, hook, "application/json", []byte(`{}`)))
}

func TestSwitchRefuseEscapes(t *testing.T) {
	t.Parallel()
	body := `{"touser":"s01","msgtype":"text","agentid":1000002,"text":{"content":"\u4f60"}}`
	p := openPlatform(t)
	p.code(0, p.call("message/send", body))
	sw := p.Switches()
	sw.RefuseEscapes = true
	p.SetSwitches(sw)
	p.code(40033, p.call("message/send", body))
}

func TestSwitchSameMsgID(t *testing.T) {
	t.Parallel()
	body := object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}, "enable_duplicate_check": 1}
	p := openPlatform(t)
	first := p.call("message/send", body)
	if again := p.call("message/send", body); again["msgid"] != first["msgid"] {
		t.Errorf("msgid %v, want %v", again["msgid"], first["msgid"])
	}
	sw := p.Switches()
	sw.SameMsgID = false
	p.SetSwitches(sw)
	again := p.call("message/send", body)
	p.code(0, again)
	if again["msgid"] != nil || len(p.Messages("s01", 0)) != 1 {
		t.Errorf("answer %v, %d messages", again, len(p.Messages("s01", 0)))
	}
}

func TestSwitchesOfCards(t *testing.T) {
	t.Parallel()
	press := func(p *platform, msgid string) int {
		status, _ := p.sim("press", object{"user": "s01", "msgid": msgid, "key": "ok"})
		return status
	}
	t.Run("strict_lengths", func(t *testing.T) {
		t.Parallel()
		p := turned(t, func(s *Switches) { s.StrictLengths = true })
		long := with(buttons("long"), "main_title", object{"title": strings.Repeat("长", 37)})
		send := object{"touser": "s01", "msgtype": "template_card", "agentid": 1000002, "template_card": long}
		p.code(40058, p.call("message/send", send))
		p.code(0, p.call("message/send", with(send, "template_card", buttons("short"))))
	})
	t.Run("codes_once", func(t *testing.T) {
		t.Parallel()
		p := turned(t, func(s *Switches) { s.CodesOnce = false })
		_, code := p.sendCard(buttons("once"))
		for range 2 {
			p.code(0, p.update(code, "button", object{"replace_name": "已处理"}))
		}
	})
	t.Run("list_strangers", func(t *testing.T) {
		t.Parallel()
		p := turned(t, func(s *Switches) { s.ListStrangers = true })
		_, code := p.sendCard(buttons("strangers"))
		m := p.update(code, "userids", []string{"S02"}, "atall", 0, "button", object{"replace_name": "已处理"})
		p.code(0, m)
		if got := m["invaliduser"].([]any); len(got) != 1 || got[0] != "s02" {
			t.Errorf("invaliduser = %v", got)
		}
	})
	t.Run("press_again", func(t *testing.T) {
		t.Parallel()
		p := turned(t, func(s *Switches) { s.PressAgain = false })
		msgid, _ := p.sendCard(buttons("again"))
		if first, second := press(p, msgid), press(p, msgid); first != http.StatusOK || second != http.StatusConflict {
			t.Errorf("%d then %d", first, second)
		}
		code := p.app.next().ResponseCode
		p.code(0, p.update(code, "template_card", with(buttons("x"), "task_id", nil)))
		if again := press(p, msgid); again != http.StatusOK {
			t.Errorf("after the update: %d", again)
		}
	})
	t.Run("press_replaced", func(t *testing.T) {
		t.Parallel()
		p := turned(t, func(s *Switches) { s.PressReplaced = false })
		msgid, code := p.sendCard(buttons("replaced"))
		p.code(0, p.update(code, "template_card", with(buttons("x"), "task_id", nil)))
		if status := press(p, msgid); status != http.StatusConflict {
			t.Errorf("status %d, want 409", status)
		}
	})
}

func TestSwitchFreshRepeat(t *testing.T) {
	t.Parallel()
	for _, fresh := range []bool{true, false} {
		p := turned(t, func(s *Switches) { s.FreshRepeat, s.Repeats = fresh, 1 })
		p.app.answer = func(w http.ResponseWriter, _ got) { w.WriteHeader(http.StatusBadGateway) }
		d, err := p.Text("s01", "你好")
		if accepted(t, d, err) {
			t.Fatal("accepted")
		}
		first, second := p.app.next(), p.app.next()
		if (first.Encrypt != second.Encrypt) != fresh || first.Plain != second.Plain {
			t.Errorf("fresh=%v: sealed alike %v", fresh, first.Encrypt == second.Encrypt)
		}
	}
}

func TestSwitchCodeErrors(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	code := func() string {
		res := p.raw(http.MethodGet, "/connect/oauth2/authorize?appid=ww6a112864f8022910&response_type=code&scope=snsapi_base&state=s&user=s01&redirect_uri=http%3A%2F%2Fapp%2F", "", nil)
		res.Body.Close()
		u, err := res.Location()
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("code")
	}
	used, ended := code(), code()
	p.code(0, p.read("auth/getuserinfo?code="+used))
	p.code(40029, p.read("auth/getuserinfo?code="+used))
	p.later(oauthCodeLife)
	p.code(40029, p.read("auth/getuserinfo?code="+ended))
	sw := p.Switches()
	sw.CodeErrors = true
	p.SetSwitches(sw)
	p.code(42022, p.read("auth/getuserinfo?code="+used))
	p.code(42003, p.read("auth/getuserinfo?code="+ended))
	p.code(40029, p.read("auth/getuserinfo?code=ghost"))
}

func TestADaysLimitEndsWithTheDay(t *testing.T) {
	t.Parallel()
	var l limiter
	at := time.Date(2026, 10, 14, 15, 0, 0, 0, time.UTC) // 23:00 on the platform
	if !l.allow(at, 1, 1, day) || l.allow(at, 1, 1, day) {
		t.Fatal("the limit is not one")
	}
	if l.allow(at.Add(59*time.Minute), 1, 1, day) {
		t.Error("it ended before midnight")
	}
	if !l.allow(at.Add(time.Hour), 1, 1, day) {
		t.Error("it went on after midnight")
	}
}

func TestSendingIsNotCountedInTheBaseLimit(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.mu.Lock()
	for range 10_001 {
		p.limit("m:message/send", p.now(), 10_000, time.Minute)
	}
	p.mu.Unlock()
	p.code(0, p.call("message/send", object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}}))
}

func TestFaultsThatEndThingsNow(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	_, code := p.sendCard(buttons("ends"))
	file := p.csv("a", "b")
	if err := p.Arm(Fault{Kind: FaultExpiredMedia}, Fault{Kind: FaultExpiredCode}); err != nil {
		t.Fatal(err)
	}
	p.code(40007, p.read("media/get?media_id="+file))
	p.code(60140, p.update(code, "button", object{"replace_name": "已处理"}))
}

func TestSwitchesOfAnOlderStateStandAsAtFirst(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, []byte(`{"Switches":{"repeats":1}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := openPlatform(t, func(c *Config) { c.StateFile = file })
	if sw := p.Switches(); sw.Repeats != 1 || !sw.CodesOnce || sw.ListMax != DefaultSwitches().ListMax {
		t.Errorf("switches %+v", sw)
	}
}

func TestEverySwitchIsOnThePage(t *testing.T) {
	t.Parallel()
	b, err := pageFiles.ReadFile("page/wire.js")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(mustJSON(DefaultSwitches()), &m); err != nil {
		t.Fatal(err)
	}
	lists := []string{"trusted_ips"} // set by the control API alone
	for name := range m {
		if !strings.Contains(string(b), `"`+name+`"`) && !slices.Contains(lists, name) {
			t.Errorf("the page has no switch %s", name)
		}
	}
}
