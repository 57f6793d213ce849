package wecom_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/wecom"
)

const (
	corp   = "ww0123456789abcdef"
	agent  = 1000002
	secret = "secret-of-the-simulated-app"
	token  = "simToken2026"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// world is the client and the simulated platform, and what the platform posted to us.
type world struct {
	*wecom.Client
	sim       *simulator.Server
	clock     *clock.Fixed
	address   string
	callbacks chan wecom.Callback
}

// newWorld has one student s01, one teacher T01 and a member x01 out of the app's range.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: clock.NewFixed(time.Date(2026, 10, 14, 9, 0, 0, 0, time.UTC)), callbacks: make(chan wecom.Callback, 16)}
	codec, err := wecom.NewCodec(token, aesKey, corp)
	if err != nil {
		t.Fatal(err)
	}
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serve(t, codec, rw, r) }))
	t.Cleanup(app.Close)
	w.sim, err = simulator.New(simulator.Config{
		CorpID: corp, AgentID: agent, Secret: secret, Token: token, AESKey: aesKey, AppName: "学工", Clock: w.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sim.Close() })
	w.sim.SetDirectory(
		[]simulator.Department{{ID: 1, Name: "大学"}, {ID: 2, ParentID: 1, Name: "文学院", Order: 1}},
		[]simulator.User{
			{UserID: "s01", Name: "张晓雨", Kind: "student", Departments: []int{2}, InRange: true},
			{UserID: "T01", Name: "周明", Kind: "teacher", Departments: []int{2}, InRange: true},
			{UserID: "x01", Name: "外人", Kind: "student", Departments: []int{2}},
		}, nil)
	platform := httptest.NewServer(w.sim.Handler())
	t.Cleanup(platform.Close)
	w.address = platform.URL
	w.Client, err = wecom.New(wecom.Config{
		CorpID: corp, AgentID: agent, Secret: secret, APIURL: platform.URL, OAuthURL: platform.URL, Clock: w.clock,
		Limits: wecom.Limits{Budget: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if err := w.sim.SetCallback(t.Context(), app.URL+"/wecom/callback"); err != nil { // the URL check included
		t.Fatal(err)
	}
	return w
}

// serve is a callback address: verify, open, decode, answer empty.
func (w *world) serve(t *testing.T, codec *wecom.Codec, rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	sig, timestamp, nonce := q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce")
	if r.Method == http.MethodGet {
		echo, err := codec.Verify(sig, timestamp, nonce, q.Get("echostr"))
		if err != nil {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = rw.Write(echo)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
		return
	}
	plain, err := codec.Open(sig, timestamp, nonce, body)
	if err != nil {
		rw.WriteHeader(http.StatusUnauthorized)
		return
	}
	c, err := wecom.Decode(plain)
	if err != nil {
		t.Error(err)
	}
	w.callbacks <- c
}

func (w *world) next(t *testing.T) wecom.Callback {
	t.Helper()
	select {
	case c := <-w.callbacks:
		return c
	case <-t.Context().Done():
		t.Fatal("no callback came")
		return wecom.Callback{}
	}
}

// accept waits until the platform's callback was answered.
func accept(t *testing.T, d *simulator.Delivery, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := d.Wait(t.Context()); err != nil || !ok {
		t.Fatalf("the callback was not accepted: %v", err)
	}
}

// card is an approval with a reason to choose.
func card(taskID string) wecom.TemplateCard {
	return wecom.TemplateCard{
		CardType: wecom.CardButtons, TaskID: taskID, MainTitle: &wecom.MainTitle{Title: "请假审批", Desc: "张晓雨"},
		Rows:            []wecom.Horizontal{{KeyName: "时间", Value: "10月14日"}},
		ButtonSelection: &wecom.ButtonSelection{QuestionKey: "reason", OptionList: []wecom.Option{{ID: "none", Text: "请选择理由"}, {ID: "late", Text: "太晚"}}},
		ButtonList:      []wecom.Button{{Text: "同意", Style: wecom.ButtonBlue, Key: "ok"}, {Text: "驳回", Style: wecom.ButtonGrey, Key: "no"}},
	}
}

func TestACardIsPressedAndBecomesItsResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	sent, err := w.Send(ctx, wecom.CardBody([]string{"T01"}, agent, card("send-1")))
	if err != nil || sent.MsgID == "" || sent.ResponseCode == "" {
		t.Fatalf("Send = %+v, %v", sent, err)
	}
	if _, err := w.Send(ctx, wecom.CardBody([]string{"T01"}, agent, card("send-1"))); wecom.CodeOf(err) != wecom.CodeTaskIDUsed {
		t.Fatalf("a used task id: %v, want 42014", err)
	}
	d, err := w.sim.Press("T01", sent.MsgID, "no", map[string][]string{"reason": {"late"}}, false)
	accept(t, d, err)
	press := w.next(t)
	if press.Event != wecom.EventCard || press.EventKey != "no" || press.TaskID != "send-1" || press.ResponseCode == "" ||
		len(press.Selected["reason"]) != 1 || press.Selected["reason"][0] != "late" || !strings.EqualFold(press.FromUserName, "T01") {
		t.Fatalf("press = %+v", press)
	}
	done := wecom.UpdateBody(nil, agent, press.ResponseCode, wecom.TemplateCard{
		CardType: wecom.CardTextNotice, MainTitle: &wecom.MainTitle{Title: "已驳回"},
		CardAction: &wecom.CardAction{Type: wecom.LinkURL, URL: "https://app.example.com/"},
	})
	if _, err := w.UpdateCard(ctx, done); err != nil {
		t.Fatal(err)
	}
	shown := w.sim.Messages("T01", 0)
	if len(shown) != 1 || !strings.Contains(string(shown[0].Card), "已驳回") {
		t.Fatalf("the phone shows %+v", shown)
	}
	if _, err := w.UpdateCard(ctx, done); wecom.CodeOf(err) != wecom.CodeResponseCode || wecom.ActionOf(err) != wecom.ActionFinal {
		t.Errorf("a spent code: %v, want 60140, final", err)
	}
	if _, err := w.UpdateCard(ctx, wecom.ReplaceButtonBody([]string{"T01"}, agent, sent.ResponseCode, "已处理")); err != nil {
		t.Errorf("the send's own code is still good: %v", err)
	}
	if err := w.Recall(ctx, sent.MsgID); err != nil {
		t.Error(err)
	}
}

func TestWhoCannotBeReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	some, err := w.Send(t.Context(), wecom.TextBody([]string{"s01", "x01", "nobody"}, agent, "你好", 1800))
	if err != nil || len(some.Invalid) != 2 || some.MsgID == "" {
		t.Errorf("Send = %+v, %v, want two invalid", some, err)
	}
	none, err := w.Send(t.Context(), wecom.TextCardBody([]string{"nobody"}, agent, wecom.TextCard{Title: "t", Description: "d", URL: "https://app.example.com/"}))
	if wecom.CodeOf(err) != wecom.CodeNoRecipient || wecom.ActionOf(err) != wecom.ActionDrop {
		t.Errorf("Send = %+v, %v, want 81013", none, err)
	}
	if _, err := w.User(t.Context(), "nobody"); wecom.ActionOf(err) != wecom.ActionDrop {
		t.Errorf("User = %v, want drop", err)
	}
}

func TestARepeatedTextIsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.Ping(t.Context()); err != nil { // the token is there
		t.Fatal(err)
	}
	if err := w.sim.Arm(simulator.Fault{Kind: simulator.FaultLostAnswer, Path: "message/send"}); err != nil {
		t.Fatal(err)
	}
	body := wecom.TextBody([]string{"s01"}, agent, "明天 15:00 见", 1800)
	if _, err := w.Send(t.Context(), body); wecom.ActionOf(err) != wecom.ActionUnclear {
		t.Fatalf("a lost answer: %v, want unclear", err)
	}
	if _, err := w.Send(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	if n := len(w.sim.Messages("s01", 0)); n != 1 {
		t.Errorf("the phone shows %d messages, want 1", n)
	}
}

func TestFaultsOfThePlatform(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault simulator.Fault
		want  wecom.Action
	}{
		{"an_ended_token_is_replaced", simulator.Fault{Kind: simulator.FaultExpiredToken}, wecom.ActionDone},
		{"busy_once_is_repeated", simulator.Fault{Kind: simulator.FaultErrcode, Path: "agent/get", Code: -1}, wecom.ActionDone},
		{"busy_for_long", simulator.Fault{Kind: simulator.FaultErrcode, Path: "agent/get", Code: -1, Count: 9}, wecom.ActionRetry},
		{"rate_limit", simulator.Fault{Kind: simulator.FaultErrcode, Path: "agent/get", Code: 45009}, wecom.ActionWait},
		{"too_many_at_once", simulator.Fault{Kind: simulator.FaultErrcode, Path: "agent/get", Code: 45033}, wecom.ActionRetry},
		{"untrusted_ip", simulator.Fault{Kind: simulator.FaultErrcode, Path: "agent/get", Code: wecom.CodeUntrustedIP}, wecom.ActionConfig},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if err := w.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.sim.Arm(tt.fault); err != nil {
				t.Fatal(err)
			}
			if err := w.Ping(t.Context()); wecom.ActionOf(err) != tt.want {
				t.Errorf("Ping = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAMessageComesIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, err := w.sim.Text("s01", "我想约 <周三> & 周四")
	accept(t, d, err)
	if c := w.next(t); c.MsgType != wecom.TypeText || c.Content != "我想约 <周三> & 周四" || c.FromUserName != "s01" || c.MsgID <= 1<<53 || !c.Known || !c.At().Equal(w.clock.Now()) {
		t.Errorf("text = %+v", c)
	}
	d, err = w.sim.Place("s01", 31.05, 121.2, "图文楼")
	accept(t, d, err)
	if c := w.next(t); c.Location == nil || c.Location.Label != "图文楼" || c.Location.Latitude != 31.05 {
		t.Errorf("place = %+v", c)
	}
	var photo bytes.Buffer
	if err := png.Encode(&photo, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	d, err = w.sim.Image("s01", "a.png", photo.Bytes(), w.address)
	accept(t, d, err)
	c := w.next(t)
	got, mime, err := w.DownloadMedia(t.Context(), c.MediaID, 1<<20)
	if err != nil || mime != "image/png" || !bytes.Equal(got, photo.Bytes()) {
		t.Errorf("DownloadMedia = %d bytes of %q, %v", len(got), mime, err)
	}
	id, err := w.UploadMedia(t.Context(), wecom.MediaImage, "照片.png", photo.Bytes())
	if err != nil || id == "" {
		t.Errorf("UploadMedia = %q, %v", id, err)
	}
	if _, _, err := w.DownloadMedia(t.Context(), "unknown", 1<<20); wecom.ActionOf(err) != wecom.ActionUpload {
		t.Errorf("an unknown medium: %v", err)
	}
}

func TestMenuAndDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	if m, err := w.GetMenu(ctx); err != nil || m != nil {
		t.Errorf("GetMenu = %v, %v, want none", m, err)
	}
	if err := w.SetMenu(ctx, []wecom.MenuButton{{Type: "click", Name: "今日", Key: "TODAY"}}); err != nil {
		t.Fatal(err)
	}
	if m, err := w.GetMenu(ctx); err != nil || len(m) != 1 || m[0].Key != "TODAY" {
		t.Errorf("GetMenu = %v, %v", m, err)
	}
	d, err := w.sim.Menu("s01", "TODAY", false)
	accept(t, d, err)
	if c := w.next(t); c.Event != wecom.EventClick || c.EventKey != "TODAY" {
		t.Errorf("click = %+v", c)
	}
	if u, err := w.User(ctx, "s01"); err != nil || u.Name != "张晓雨" || u.Status != wecom.MemberActive || len(u.Department) != 1 {
		t.Errorf("User = %+v, %v", u, err)
	}
	if l, err := w.SimpleList(ctx, 2); err != nil || len(l) != 2 {
		t.Errorf("SimpleList = %+v, %v, want the two in range", l, err)
	}
	if l, err := w.Departments(ctx, 0); err != nil || len(l) == 0 {
		t.Errorf("Departments = %+v, %v", l, err)
	}
	for name, list := range map[string]func(context.Context) ([]string, error){"api": w.APIDomainIP, "callback": w.CallbackIP} {
		if l, err := list(ctx); err != nil || len(l) == 0 {
			t.Errorf("%s addresses = %v, %v", name, l, err)
		}
	}
}

func TestCalendarEntryLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	cal, err := w.AddCalendar(ctx, wecom.Calendar{Summary: "预约", Color: "#07C160"})
	if err != nil || cal == "" {
		t.Fatalf("AddCalendar = %q, %v", cal, err)
	}
	entry := wecom.Schedule{
		CalendarID: cal, Start: w.clock.Now().Add(24 * time.Hour), End: w.clock.Now().Add(25 * time.Hour),
		Summary: "您预约的事项", Description: "带学生证\n编号 k1", Attendees: []string{"s01"}, RemindAhead: []time.Duration{time.Hour},
	}
	if entry.ID, err = w.AddSchedule(ctx, entry); err != nil || entry.ID == "" {
		t.Fatalf("AddSchedule = %q, %v", entry.ID, err)
	}
	if id, err := w.FindSchedule(ctx, cal, "编号 k1"); err != nil || id != entry.ID {
		t.Errorf("FindSchedule = %q, %v, want %q", id, err, entry.ID)
	}
	entry.Location = "二楼"
	if entry.ID, err = w.UpdateSchedule(ctx, entry); err != nil {
		t.Fatal(err)
	}
	if err := w.DeleteSchedule(ctx, entry.ID); err != nil {
		t.Fatal(err)
	}
	if id, err := w.FindSchedule(ctx, cal, "编号 k1"); err != nil || id != "" {
		t.Errorf("FindSchedule = %q, %v after it was cancelled", id, err)
	}
	if err := w.DeleteSchedule(ctx, entry.ID); wecom.ActionOf(err) != wecom.ActionFinal {
		t.Errorf("deleting again: %v, want final", err)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	address := w.AuthorizeURL("https://app.example.com/m/back?to=1", "state1")
	address = strings.Replace(address, "#", "&user=s01#", 1) // who holds the phone
	res, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || back.Query().Get("state") != "state1" || back.Query().Get("to") != "1" {
		t.Fatalf("came back to %q, %v", res.Header.Get("Location"), err)
	}
	code := back.Query().Get("code")
	if who, err := w.UserInfo(t.Context(), code); err != nil || who.UserID != "s01" {
		t.Errorf("UserInfo = %+v, %v", who, err)
	}
	_, err = w.UserInfo(t.Context(), code)
	if wecom.ActionOf(err) != wecom.ActionUser || strings.Contains(err.Error(), code) {
		t.Errorf("a used code: %v, want user", err)
	}
	for name, sign := range map[string]func(context.Context, string) (wecom.JSSignature, error){"config": w.JSConfig, "agentConfig": w.AgentConfig} {
		if s, err := sign(t.Context(), "https://app.example.com/m/"); err != nil || len(s.Signature) != 40 {
			t.Errorf("%s = %+v, %v", name, s, err)
		}
	}
}

func TestAWrongSecretIsForTheAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := wecom.New(wecom.Config{CorpID: corp, AgentID: agent, Secret: "wrong", APIURL: w.address, Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Ping(t.Context()); wecom.ActionOf(err) != wecom.ActionConfig {
		t.Errorf("Ping = %v, want config", err)
	}
}
