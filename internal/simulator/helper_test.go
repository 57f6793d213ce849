package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
)

const testKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

// normalLines is what XML makes of line ends.
func normalLines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// platform is a simulator with an app that takes its callbacks.
type platform struct {
	*Server
	t      *testing.T
	clock  *clock.Fixed
	url    string
	app    *testApp
	access string
}

// testApp checks and opens callbacks as an app must, and answers what answer says.
type testApp struct {
	t      *testing.T
	crypto *crypto
	got    chan got
	answer func(w http.ResponseWriter, g got)
}

// got is one callback as the app read it.
type got struct {
	Query   map[string]string
	Err     string // why a careful app would refuse it
	Plain   string
	Encrypt string

	ToUserName, FromUserName, MsgType, Content, Event, EventKey, TaskId, CardType, ResponseCode, MediaId, PicUrl string
	CreateTime                                                                                                   int64
	MsgId                                                                                                        uint64
	AgentID                                                                                                      int
	Items                                                                                                        []struct {
		QuestionKey string
		OptionId    []string `xml:"OptionIds>OptionId"`
	} `xml:"SelectedItems>SelectedItem"`
}

func (a *testApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.Method == http.MethodGet {
		plain, err := a.crypto.decrypt(q.Get("echostr"))
		if err != nil || !a.crypto.signed(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), q.Get("echostr")) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Write(plain)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var env struct{ ToUserName, Encrypt, AgentID string }
	g := got{Query: map[string]string{"timestamp": q.Get("timestamp"), "nonce": q.Get("nonce"), "own": q.Get("own")}}
	if err := xml.Unmarshal(body, &env); err != nil {
		g.Err = err.Error()
	}
	g.Encrypt = env.Encrypt
	if !a.crypto.signed(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), env.Encrypt) {
		g.Err = "signature"
	} else if plain, err := a.crypto.decrypt(env.Encrypt); err != nil {
		g.Err = err.Error()
	} else {
		g.Plain = string(plain)
		if err := xml.Unmarshal(plain, &g); err != nil {
			g.Err = err.Error()
		}
	}
	a.got <- g
	switch {
	case a.answer != nil:
		a.answer(w, g)
	case g.Err != "":
		w.WriteHeader(http.StatusForbidden)
	}
}

// reply seals a passive reply.
func (a *testApp) reply(plain string) string {
	enc := a.crypto.encrypt(salt(), []byte(plain), a.crypto.receiveID)
	return "<xml>" + cdata("Encrypt", enc) + cdata("MsgSignature", a.crypto.sign("1700000001", "n", enc)) +
		"<TimeStamp>1700000001</TimeStamp>" + cdata("Nonce", "n") + "</xml>"
}

func (a *testApp) next() got {
	a.t.Helper()
	select {
	case g := <-a.got:
		return g
	case <-time.After(time.Minute):
		a.t.Fatal("no callback came")
		return got{}
	}
}

func openPlatform(t *testing.T, edits ...func(*Config)) *platform {
	t.Helper()
	app := &testApp{t: t, got: make(chan got, 64)}
	appServer := httptest.NewServer(app)
	t.Cleanup(appServer.Close)
	p := &platform{t: t, app: app, clock: clock.NewFixed(time.Date(2026, 10, 14, 6, 0, 0, 0, time.UTC))}
	cfg := Config{
		CorpID: "ww6a112864f8022910", AgentID: 1000002, Secret: "secret", ContactSecret: "contact", Token: "QDG6eK", AESKey: testKey,
		AppName: "学工", CallbackURL: appServer.URL + "/wecom/callback?own=1", HomeURL: appServer.URL + "/m/", AppURL: appServer.URL, Clock: p.clock,
	}
	for _, edit := range edits {
		edit(&cfg)
	}
	var err error
	if app.crypto, err = newCrypto("QDG6eK", testKey, "ww6a112864f8022910"); err != nil {
		t.Fatal(err)
	}
	if p.Server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	p.SetDirectory(
		[]Department{{ID: 1, Name: "学校"}, {ID: 2, ParentID: 1, Name: "文学院"}, {ID: 3, ParentID: 1, Name: "学工处"}},
		[]User{
			{UserID: "S01", Name: "张晓雨", Kind: "student", Department: "文学院", InRange: true, Mobile: "13800000001"},
			{UserID: "s02", Name: "李明哲", Kind: "student", Department: "文学院", InRange: true},
			{UserID: "t01", Name: "陈静", Kind: "teacher", Department: "学工处", InRange: true},
			{UserID: "out", Name: "范围外", Kind: "teacher", Department: "学工处"},
			{UserID: "nolicence", Name: "无许可", Kind: "teacher", Department: "学工处", InRange: true, Unlicensed: true},
			{UserID: "off", Name: "已停用", Kind: "teacher", Department: "学工处", InRange: true, Status: 2},
		},
		[]Tag{{ID: 7, Name: "辅导员", Users: []string{"t01"}}, {ID: 8, Name: "空"}})
	server := httptest.NewServer(p.Handler())
	p.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	p.access = p.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=secret")["access_token"].(string)
	return p
}

// later moves the clock of the platform on; a fixed clock has nothing to fail at.
func (p *platform) later(d time.Duration) { _ = p.clock.MoveTo(p.clock.Now().Add(d)) }

type object = map[string]any

func (p *platform) get(path string) object { return p.do(http.MethodGet, path, "", nil) }

func (p *platform) do(method, path, contentType string, body []byte) object {
	p.t.Helper()
	res := p.raw(method, path, contentType, body)
	defer res.Body.Close()
	var m object
	if err := json.NewDecoder(res.Body).Decode(&m); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
	return m
}

func (p *platform) raw(method, path, contentType string, body []byte) *http.Response {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
	return res
}

// call posts JSON to the API with the app's token.
func (p *platform) call(path string, body any) object {
	p.t.Helper()
	b, ok := body.(string)
	if !ok {
		b = string(mustJSON(body))
	}
	return p.do(http.MethodPost, "/cgi-bin/"+p.withToken(path), "application/json", []byte(b))
}

func (p *platform) read(path string) object { return p.get("/cgi-bin/" + p.withToken(path)) }

func (p *platform) withToken(path string) string { return withQuery(path, "access_token="+p.access) }

func (p *platform) code(want int, m object) {
	p.t.Helper()
	if got := int(m["errcode"].(float64)); got != want {
		p.t.Errorf("errcode %d (%s), want %d", got, m["errmsg"], want)
	}
}

// sendCard sends the card to s01 and t01 and returns msgid and response_code.
func (p *platform) sendCard(card object) (msgid, code string) {
	p.t.Helper()
	m := p.call("message/send", object{"touser": "s01|t01", "msgtype": "template_card", "agentid": 1000002, "template_card": card})
	p.code(0, m)
	code, _ = m["response_code"].(string)
	return m["msgid"].(string), code
}

// cardOf is the card as the member sees it now.
func (p *platform) cardOf(user, msgid string) object {
	p.t.Helper()
	for _, m := range p.Messages(user, 0) {
		if m.MsgID == msgid {
			var c object
			if err := json.Unmarshal(m.Card, &c); err != nil {
				p.t.Fatal(err)
			}
			return c
		}
	}
	p.t.Fatalf("%s has no message %s", user, msgid)
	return nil
}

func accepted(t *testing.T, d *Delivery, err error) bool {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ok, err := d.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// The smallest card of each type.
func notice1() object {
	return object{"card_type": "text_notice", "main_title": object{"title": "通知"}, "card_action": object{"type": 1, "url": "https://example.com/"}}
}

func newsCard() object {
	return with(notice1(), "card_type", "news_notice", "card_image", object{"url": "https://example.com/a.png"})
}

func buttons(task string) object {
	return object{
		"card_type": "button_interaction", "main_title": object{"title": "请假审批"}, "task_id": task,
		"button_list": []object{{"text": "同意", "style": 1, "key": "ok"}, {"text": "驳回", "style": 2, "key": "no"}},
	}
}

func vote(task string) object {
	return object{
		"card_type": "vote_interaction", "main_title": object{"title": "选时段"}, "task_id": task,
		"checkbox":      object{"question_key": "q1", "mode": 1, "option_list": []object{{"id": "a", "text": "周一"}, {"id": "b", "text": "周二"}, {"id": "c", "text": "周三"}}},
		"submit_button": object{"text": "提交", "key": "sub"},
	}
}

func multiple(task string) object {
	return object{
		"card_type": "multiple_interaction", "main_title": object{"title": "认定"}, "task_id": task,
		"select_list": []object{
			{"question_key": "level", "option_list": []object{{"id": "1", "text": "一般"}, {"id": "2", "text": "困难"}}},
			{"question_key": "why", "selected_id": "b", "option_list": []object{{"id": "a", "text": "请选择"}, {"id": "b", "text": "齐全"}}},
		},
		"submit_button": object{"text": "提交", "key": "sub"},
	}
}

// with returns a copy with members set; nil removes one.
func with(o object, pairs ...any) object {
	c := object{}
	for k, v := range o {
		c[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == nil {
			delete(c, pairs[i].(string))
		} else {
			c[pairs[i].(string)] = pairs[i+1]
		}
	}
	return c
}
