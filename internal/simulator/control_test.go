package simulator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/clock"
)

// sim posts to the control API and returns the status and the answer.
func (p *platform) sim(path string, body any) (int, object) {
	p.t.Helper()
	res := p.raw(http.MethodPost, "/sim/"+path, "application/json", mustJSON(body))
	defer res.Body.Close()
	var m any
	if err := json.NewDecoder(res.Body).Decode(&m); err != nil {
		p.t.Fatal(err)
	}
	o, _ := m.(object)
	return res.StatusCode, o
}

func (p *platform) list(path string) []object {
	p.t.Helper()
	res := p.raw(http.MethodGet, path, "", nil)
	defer res.Body.Close()
	var l []object
	if err := json.NewDecoder(res.Body).Decode(&l); err != nil {
		p.t.Fatal(err)
	}
	return l
}

func TestControlUsers(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	got := object{}
	for _, k := range []string{"userid", "name", "kind", "department"} {
		got[k] = p.list("/sim/users")[0][k]
	}
	want := object{"userid": "S01", "name": "张晓雨", "kind": "student", "department": "文学院"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestControlRefusesWithASentence(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	msgid, code := p.sendCard(buttons("ctl"))
	p.code(0, p.update(code, "button", object{"replace_name": "已处理"}))
	tests := []struct {
		name, path string
		body       any
		status     int
	}{
		{"nobody", "text", object{"user": "ghost", "text": "你好"}, 404},
		{"nothing_said", "text", object{"user": "s01", "text": " "}, 422},
		{"too_long", "text", object{"user": "s01", "text": strings.Repeat("字", 700)}, 422},
		{"a_greyed_card", "press", object{"user": "s01", "msgid": msgid, "key": "ok"}, 409},
		{"a_greyed_card_forced", "press", object{"user": "s01", "msgid": msgid, "key": "ok", "force": true}, 200},
		{"no_menu", "menu", object{"user": "s01", "key": "X"}, 404},
		{"back_in_time", "clock", object{"advance": "-1h"}, 422},
		{"a_life_ahead", "clock", object{"advance": "100000d"}, 422},
		{"a_number_of_what", "clock", object{"advance": 5}, 422},
		{"no_duration", "clock", object{"advance": "soon"}, 422},
		{"no_fault", "faults", object{}, 422},
		{"unknown_fault", "faults", object{"kind": "fire"}, 422},
		{"errcode_without_code", "faults", object{"kind": "errcode"}, 422},
		{"no_such_phone", "phone", object{"phone": 2, "user": "s01"}, 422},
		{"not_an_object", "text", "x", 422},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, m := p.sim(tt.path, tt.body)
			if status != tt.status || tt.status != 200 && (m["message"] == "" || m["kind"] == "") {
				t.Errorf("%d %v, want %d with a sentence", status, m, tt.status)
			}
		})
	}
}

func TestControlIsForItsOwnPage(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/sim/text", strings.NewReader(`{"user":"s01","text":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://evil.example")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d, want 403", res.StatusCode)
	}
}

func TestMessagesWait(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	got := make(chan []object, 1)
	go func() { got <- p.list("/sim/messages?user=s01&after=0&wait=10s") }()
	p.call("message/send", object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}})
	list := <-got
	if len(list) != 1 || list[0]["msgtype"] != "text" || list[0]["shown"] != true {
		t.Errorf("got %v", list)
	}
	if rest := p.list("/sim/messages?user=s01&wait=10ms&after=" + string(mustJSON(list[0]["seq"]))); len(rest) != 0 {
		t.Errorf("nothing new, yet %v", rest)
	}
	d, err := p.Text("s01", "我写的")
	accepted(t, d, err)
	if all := p.list("/sim/messages?user=s01&all=1"); len(all) != 2 || all[1]["from"] != "user" {
		t.Errorf("with own words: %v", all)
	}
}

func TestControlClock(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	if got := p.get("/sim/clock")["now"]; got != "2026-10-14T14:00:00+08:00" {
		t.Errorf("now = %v", got)
	}
	if _, m := p.sim("clock", object{"advance": "1d1h"}); m["now"] != "2026-10-15T15:00:00+08:00" {
		t.Errorf("after 1d1h: %v", m)
	}
	if _, m := p.sim("clock", object{"to": "2026-10-16T08:00:00+08:00"}); m["now"] != "2026-10-16T08:00:00+08:00" {
		t.Errorf("to the morning: %v", m)
	}
	real := openPlatform(t, func(c *Config) { c.Clock = clock.System{} })
	if status, _ := real.sim("clock", object{"advance": "1h"}); status != http.StatusConflict {
		t.Errorf("the real clock moved: %d", status)
	}
}

func TestAPIFaults(t *testing.T) {
	t.Parallel()
	send := object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}}
	t.Run("errcode_by_path_and_count", func(t *testing.T) {
		t.Parallel()
		p := openPlatform(t)
		p.sim("faults", object{"faults": []object{{"kind": "errcode", "path": "/cgi-bin/message/send", "code": 45033, "count": 2}}})
		p.code(0, p.read("agent/list"))
		p.code(45033, p.call("message/send", send))
		p.code(45033, p.call("message/send", send))
		p.code(0, p.call("message/send", send))
		if n := len(p.Messages("s01", 0)); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
	})
	for kind, n := range map[FaultKind]int{FaultReset: 0, FaultLostAnswer: 1} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			p := openPlatform(t)
			if err := p.Arm(Fault{Kind: kind, Path: "message/send"}); err != nil {
				t.Fatal(err)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/cgi-bin/"+p.withToken("message/send"), bytes.NewReader(mustJSON(send)))
			if err != nil {
				t.Fatal(err)
			}
			req.Close = true
			if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
				res.Body.Close()
				t.Error("an answer came")
			}
			if got := len(p.Messages("s01", 0)); got != n {
				t.Errorf("%d messages, want %d", got, n)
			}
		})
	}
	t.Run("slow_after_the_work", func(t *testing.T) {
		t.Parallel()
		p := openPlatform(t)
		if err := p.Arm(Fault{Kind: FaultSlow, Delay: Duration(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		go func() {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/cgi-bin/"+p.withToken("message/send"), bytes.NewReader(mustJSON(send)))
			if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
				res.Body.Close()
				t.Error("an answer came at once")
			}
		}()
		if err := p.Wait(t.Context(), func(v View) bool { return len(v.Messages("s01")) == 1 }); err != nil {
			t.Error(err)
		}
	})
	t.Run("clear", func(t *testing.T) {
		t.Parallel()
		p := openPlatform(t)
		p.sim("faults", object{"kind": "errcode", "code": -1, "count": 5})
		p.sim("faults", object{"clear": true})
		if l := p.list("/sim/faults"); len(l) != 0 {
			t.Errorf("still armed: %v", l)
		}
		p.code(0, p.call("message/send", send))
	})
}

func TestWireLog(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	d, err := p.Text("s01", "我想预约")
	accepted(t, d, err)
	p.call("message/send", object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": "收到"}})
	if _, sw := p.sim("switches", object{"repeats": 1}); sw["repeats"].(float64) != 1 || sw["retry_on_status"] != true {
		t.Errorf("switches = %v", sw)
	}
	var kinds []string
	for _, e := range p.list("/sim/log") {
		kinds = append(kinds, e["kind"].(string)+" "+e["title"].(string))
		if strings.Contains(string(mustJSON(e)), p.access) || strings.Contains(string(mustJSON(e)), "secret") {
			t.Errorf("a secret in the log: %v", e)
		}
	}
	if d := cmp.Diff([]string{"api gettoken", "callback 我想预约", "send 收到"}, kinds); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	e := p.list("/sim/log?kind=callback")[0]
	if !strings.Contains(e["plain"].(string), "我想预约") || e["ok"] != true || len(e["attempts"].([]any)) != 1 {
		t.Errorf("entry = %v", e)
	}
}

func TestPageStream(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	res := p.raw(http.MethodGet, "/sim/events", "", nil)
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	wait := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("the stream ended before %q", want)
	}
	wait("event: hello")
	p.call("message/send", object{"touser": "s01", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}})
	wait("event: message")
	wait("event: log")
	if err := p.HandPhone(0, "s02"); err != nil {
		t.Fatal(err)
	}
	wait(`data: ["s02","t01"]`)
	state := p.get("/sim/state")
	if d := cmp.Diff([]any{"s02", "t01"}, state["phones"]); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestPageIsStrict(t *testing.T) {
	t.Parallel()
	p := openPlatform(t, func(c *Config) { c.PhoneListen = [2]string{"127.0.0.1:8082", "127.0.0.1:8083"} })
	res := p.raw(http.MethodGet, "/", "", nil)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	csp := res.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'self';") || !strings.Contains(csp, "frame-src http://127.0.0.1:8082 http://127.0.0.1:8083;") {
		t.Errorf("CSP = %s", csp)
	}
	for _, bad := range []string{"<style", " style=", "onclick=", "https://"} {
		if bytes.Contains(body, []byte(bad)) {
			t.Errorf("the page has %s", bad)
		}
	}
	for _, name := range []string{"/assets/page.css", "/assets/tokens.css", "/assets/page.js", "/assets/card.js", "/assets/chat.js", "/assets/wire.js", "/assets/world.js", "/assets/icon.svg", "/__wecom/notice.css"} {
		res := p.raw(http.MethodGet, name, "", nil)
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || len(b) < 100 || bytes.Contains(b, []byte("innerHTML")) {
			t.Errorf("%s: %d, %d bytes, %v", name, res.StatusCode, len(b), err)
		}
	}
}

func form(t *testing.T, name, file string, content []byte, fields ...string) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile(name, file)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

func TestImageMessage(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	kind, body := form(t, "media", "票.png", png, "user", "s01", "wait", "true")
	if m := p.do(http.MethodPost, "/sim/image", kind, body); m["delivered"] != true {
		t.Fatalf("answer %v", m)
	}
	g := p.app.next()
	if g.MsgType != "image" || g.MediaId == "" {
		t.Errorf("the app read %s", g.Plain)
	}
	for _, path := range []string{strings.TrimPrefix(g.PicUrl, p.url), "/cgi-bin/" + p.withToken("media/get?media_id="+g.MediaId)} {
		res := p.raw(http.MethodGet, path, "", nil)
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !bytes.Equal(b, png) || res.Header.Get("Content-Type") != "image/png" {
			t.Errorf("%s: %d bytes of %s, %v", path, len(b), res.Header.Get("Content-Type"), err)
		}
	}
	kind, body = form(t, "media", "a.txt", []byte("not a picture"), "user", "s01")
	if m := p.do(http.MethodPost, "/sim/image", kind, body); m["kind"] != "invalid" {
		t.Errorf("a text as a picture: %v", m)
	}
}

func TestStateOutlivesARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "simulator.json")
	keep := func(c *Config) { c.StateFile = file }
	p := openPlatform(t, keep)
	msgid, code := p.sendCard(buttons("kept"))
	p.code(0, p.call("menu/create?agentid=1000002", object{"button": []object{{"type": "click", "name": "今日", "key": "T"}}}))
	kind, body := form(t, "media", "a.png", png)
	media := p.do(http.MethodPost, "/cgi-bin/"+p.withToken("media/upload?type=image"), kind, body)["media_id"].(string)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	again := openPlatform(t, keep)
	if again.access != p.access {
		t.Error("the token is another one")
	}
	res := again.raw(http.MethodGet, "/cgi-bin/"+again.withToken("media/get?media_id="+media), "", nil)
	b, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || !bytes.Equal(b, png) {
		t.Errorf("the picture is gone: %d bytes, %v", len(b), err)
	}
	again.code(0, again.read("menu/get?agentid=1000002"))
	again.code(42014, again.call("message/send", object{"touser": "s01", "msgtype": "template_card", "agentid": 1000002, "template_card": buttons("kept")}))
	again.code(0, again.update(code, "button", object{"replace_name": "已处理"}))
	if c := again.cardOf("s01", msgid); c["replace_text"] != "已处理" {
		t.Errorf("card = %v", c)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := Config{CorpID: "ww1", AgentID: 1, Secret: "s", Token: "t", AESKey: testKey}
	for name, edit := range map[string]func(*Config){
		"no_corp":            func(c *Config) { c.CorpID = "" },
		"no_agent":           func(c *Config) { c.AgentID = 0 },
		"no_secret":          func(c *Config) { c.Secret = "" },
		"long_token":         func(c *Config) { c.Token = strings.Repeat("a", 33) },
		"short_key":          func(c *Config) { c.AESKey = "abc" },
		"callback_needs_key": func(c *Config) { c.AESKey, c.CallbackURL = "", "http://127.0.0.1/" },
		"app_is_an_address":  func(c *Config) { c.AppURL = "nowhere" },
	} {
		c := good
		edit(&c)
		if s, err := New(c); err == nil {
			t.Errorf("%s was accepted", name)
			s.Close()
		}
	}
	s, err := New(good)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
