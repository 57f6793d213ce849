package simulator

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/errs"
)

// callback is something a member did, on its way to the app.
type callback struct {
	user      string // FromUserName
	event     string // Event, or MsgType of a message
	title     string // for the log
	msgid     string // of the card that was pressed
	plain     []byte
	to        *receiver       // another endpoint than the app's, nil for the app
	sealed    *attemptRequest // the attempt before
	entry     int64
	delivery  *Delivery
	reordered bool
}

// receiver is an endpoint that a call named for its own result.
type receiver struct {
	url    string
	crypto *crypto
}

// Delivery is the fate of one callback.
type Delivery struct {
	MsgID    string // the MsgId of a message, "" for events
	Open     string // the URL the client opens instead of, or besides, calling back
	done     chan struct{}
	accepted bool
}

func newDelivery() *Delivery { return &Delivery{done: make(chan struct{})} }

// settled is the delivery of something that needs no callback.
func settled(open string) *Delivery {
	d := &Delivery{Open: open, done: make(chan struct{}), accepted: true}
	close(d.done)
	return d
}

// Wait returns whether the app accepted the callback, once it did or was given up.
func (d *Delivery) Wait(ctx context.Context) (accepted bool, err error) {
	select {
	case <-d.done:
		return d.accepted, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// lane keeps the callbacks of one member in order.
type lane struct {
	queue   []*callback
	running bool
	arrived chan struct{} // closed when something joins; nil if nobody waits
}

// heldFor is how long a reordered callback waits for one to come after, in real time.
const heldFor = 2 * time.Second

// enqueue puts a callback into its member's lane. The caller holds the lock.
func (s *Server) enqueue(cb *callback) *Delivery {
	cb.delivery = newDelivery()
	cb.entry = s.addEntry(Entry{At: s.now(), Kind: "callback", User: cb.user, Title: cb.title, Path: cb.event, Plain: string(cb.plain)})
	s.touch()
	if cb.to == nil && (s.cfg.CallbackURL == "" || s.crypto == nil) {
		s.finish(cb, false, "没有配置回调地址")
		return cb.delivery
	}
	if s.ctx.Err() != nil {
		s.finish(cb, false, "模拟器正在关闭")
		return cb.delivery
	}
	key := fold(cb.user)
	l := s.lanes[key]
	if l == nil {
		l = &lane{}
		s.lanes[key] = l
	}
	l.queue = append(l.queue, cb)
	if l.arrived != nil {
		close(l.arrived)
		l.arrived = nil
	}
	if !l.running {
		l.running = true
		s.work.Go(func() { s.runLane(key, l) })
	}
	return cb.delivery
}

func (s *Server) runLane(key string, l *lane) {
	for {
		s.mu.Lock()
		if len(l.queue) == 0 {
			l.running = false
			delete(s.lanes, key)
			s.mu.Unlock()
			return
		}
		cb := l.queue[0]
		l.queue = l.queue[1:]
		if !cb.reordered && s.takeFault(FaultReorder, "", cb.user) != nil {
			cb.reordered = true
			s.moveBehindNext(l, cb)
			s.mu.Unlock()
			continue
		}
		drop := s.takeFault(FaultDrop, "", cb.user) != nil
		delay := s.takeFault(FaultDelay, "", cb.user)
		twice := s.takeFault(FaultDuplicate, "", cb.user) != nil
		replay := s.takeFault(FaultReplay, "", cb.user) != nil
		old := s.lastPost
		if drop {
			s.finish(cb, false, "故障开关：没有送出")
		}
		s.mu.Unlock()
		if drop {
			continue
		}
		if delay != nil {
			sleep(s.ctx, time.Duration(delay.Delay))
		}
		s.deliverCallback(cb)
		if twice {
			s.attempt(cb, "重复送达")
		}
		if replay && old != nil {
			s.replay(cb, old)
		}
	}
}

// moveBehindNext puts cb after the next callback of its lane, for which it waits a while.
// Called and left with the lock held.
func (s *Server) moveBehindNext(l *lane, cb *callback) {
	if len(l.queue) == 0 {
		arrived := make(chan struct{})
		l.arrived = arrived
		s.mu.Unlock()
		wait := time.NewTimer(heldFor)
		select {
		case <-arrived:
		case <-wait.C:
		case <-s.ctx.Done():
		}
		wait.Stop()
		s.mu.Lock()
		l.arrived = nil
	}
	l.queue = slices.Insert(l.queue, min(1, len(l.queue)), cb)
}

// deliverCallback tries until the app accepts, at most 1 + Repeats times (callback.md 5).
func (s *Server) deliverCallback(cb *callback) {
	for n := 0; ; n++ {
		accepted, again := s.attempt(cb, "")
		if accepted || !again || n >= s.Switches().Repeats || s.ctx.Err() != nil {
			s.mu.Lock()
			s.finish(cb, accepted, "")
			s.mu.Unlock()
			return
		}
		sleep(s.ctx, time.Duration(s.Switches().RepeatAfter))
	}
}

// finish settles the fate of a callback. The caller holds the lock.
func (s *Server) finish(cb *callback, accepted bool, note string) {
	s.editEntry(cb.entry, func(e *Entry) {
		e.Done, e.OK = true, accepted
		if note != "" {
			e.Note = note
		}
	})
	cb.delivery.accepted = accepted
	close(cb.delivery.done)
	s.touch()
}

// attemptRequest is one sealed request.
type attemptRequest struct {
	url  string
	body []byte
}

// attempt sends once; again says whether the platform would repeat a refusal.
func (s *Server) attempt(cb *callback, fault string) (accepted, again bool) {
	s.mu.Lock()
	if cb.sealed == nil || s.switches.FreshRepeat {
		req, broken := s.seal(cb)
		if fault == "" {
			fault = broken
		}
		cb.sealed = &req
	}
	req := *cb.sealed
	s.lastPost = &req
	retryOnStatus := s.switches.RetryOnStatus
	s.mu.Unlock()

	at, begin := s.now(), clock.Wall()
	status, body, err := s.post(req)
	a := Attempt{At: at, Status: status, TookMS: clock.Wall().Sub(begin).Milliseconds(), Fault: fault}
	if err != nil {
		a.Err = shortError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.editEntry(cb.entry, func(e *Entry) {
		e.Attempts = append(slices.Clone(e.Attempts), a)
		e.Code = status
	})
	s.touch()
	if err != nil {
		return false, true
	}
	if status != http.StatusOK {
		return false, retryOnStatus
	}
	s.takeReply(cb, body)
	return true, false
}

// seal encrypts the callback afresh, as every attempt of the platform is.
func (s *Server) seal(cb *callback) (req attemptRequest, fault string) {
	receiverID := s.cfg.CorpID
	if s.takeFault(FaultWrongReceiveID, "", cb.user) != nil {
		receiverID, fault = "ww0000000000000000", "receive_id 不符"
	}
	address, seal, agent := s.cfg.CallbackURL, s.crypto, cdata("AgentID", strconv.Itoa(s.cfg.AgentID))
	if cb.to != nil {
		address, seal, agent = cb.to.url, cb.to.crypto, "" // not in an app's name
	}
	timestamp, nonce := strconv.FormatInt(s.now().Unix(), 10), randomDigits(10)
	enc := seal.encrypt(salt(), cb.plain, receiverID)
	sig := seal.sign(timestamp, nonce, enc)
	if s.takeFault(FaultBadSignature, "", cb.user) != nil {
		sig, fault = seal.sign(timestamp, nonce, enc+"x"), "签名错误"
	}
	return attemptRequest{
		url:  withQuery(address, "msg_signature="+sig+"&timestamp="+timestamp+"&nonce="+nonce),
		body: []byte("<xml>" + cdata("ToUserName", s.cfg.CorpID) + cdata("Encrypt", enc) + agent + "</xml>"),
	}, fault
}

func withQuery(u, query string) string {
	if strings.Contains(u, "?") {
		return u + "&" + query
	}
	return u + "?" + query
}

// post sends within the deadline; a redirect is not followed, it is a non-200.
func (s *Server) post(r attemptRequest) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.callbackDeadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(r.body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "text/xml")
	return s.roundTrip(req)
}

func (s *Server) roundTrip(req *http.Request) (status int, body []byte, err error) {
	req.Header.Set("User-Agent", "Mozilla/4.0")
	res, err := s.client.Transport.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return 0, nil, err
	}
	return res.StatusCode, body, nil
}

func callbackTransport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second}
}

// replay sends an old request byte for byte; whatever it is answered changes nothing.
func (s *Server) replay(cb *callback, old *attemptRequest) {
	at, begin := s.now(), clock.Wall()
	status, _, err := s.post(*old)
	a := Attempt{At: at, Status: status, TookMS: clock.Wall().Sub(begin).Milliseconds(), Fault: "重放旧请求"}
	if err != nil {
		a.Err = shortError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.editEntry(cb.entry, func(e *Entry) { e.Attempts = append(slices.Clone(e.Attempts), a) })
	s.touch()
}

// shortError leaves out the URL with its signature.
func shortError(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "超时，连接已断开"
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return err.Error()
}

// VerifyCallback checks the callback URL as the admin console does when it is saved: the
// decrypted echo, nothing else, within 1 s (callback.md 2).
func (s *Server) VerifyCallback(ctx context.Context, callbackURL string) error {
	if s.crypto == nil {
		return errs.Field("url", "先配置 Token 和 EncodingAESKey。")
	}
	echo := randomDigits(19)
	timestamp, nonce := strconv.FormatInt(s.now().Unix(), 10), randomDigits(10)
	enc := s.crypto.encrypt(salt(), []byte(echo), s.cfg.CorpID)
	u := withQuery(callbackURL, "msg_signature="+s.crypto.sign(timestamp, nonce, enc)+
		"&timestamp="+timestamp+"&nonce="+nonce+"&echostr="+url.QueryEscape(enc))
	ctx, cancel := context.WithTimeout(ctx, s.verifyDeadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "回调地址不是一个网址。")
	}
	status, body, err := s.roundTrip(req)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "openapi回调地址请求不通过：没有在 1 秒内回答。")
	}
	if status != http.StatusOK || string(body) != echo {
		return errs.New(errs.Invalid, fmt.Sprintf("openapi回调地址请求不通过：回答了 HTTP %d，内容不是解密后的 echostr。", status))
	}
	return nil
}

// SetCallback saves a callback URL if it passes VerifyCallback; "" switches callbacks off.
func (s *Server) SetCallback(ctx context.Context, callbackURL string) error {
	if callbackURL != "" {
		if err := s.VerifyCallback(ctx, callbackURL); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.CallbackURL = callbackURL
	s.touch()
	return nil
}

// passiveReply is the decrypted answer to a callback (callback.md 7).
type passiveReply struct {
	ToUserName   string
	FromUserName string
	MsgType      string
	Content      string
	Image        *xmlMedia
	Voice        *xmlMedia
	Video        *xmlMedia
	Articles     []struct {
		Title       string
		Description string
		URL         string `xml:"Url"`
		PicURL      string `xml:"PicUrl"`
	} `xml:"Articles>item"`
	Button       *struct{ ReplaceName string }
	TemplateCard *card
}

type xmlMedia struct {
	MediaID     string `xml:"MediaId"`
	Title       string
	Description string
}

// takeReply applies the passive reply in an accepted answer. What is wrong with it is
// noted in the log and otherwise ignored, as the client shows nothing either.
func (s *Server) takeReply(cb *callback, body []byte) {
	text := strings.TrimSpace(string(body))
	if text == "" || text == "success" {
		return
	}
	plain, note := s.openReply(body)
	if note == "" {
		note = s.applyReply(cb, plain)
	}
	s.editEntry(cb.entry, func(e *Entry) {
		e.Answer = string(plain)
		if note != "" {
			e.Note = note
		}
	})
}

func (s *Server) openReply(body []byte) (plain []byte, note string) {
	var env struct {
		Encrypt      string
		MsgSignature string
		TimeStamp    string
		Nonce        string
	}
	if err := xml.Unmarshal(body, &env); err != nil {
		return nil, "回答不是 XML，已忽略"
	}
	if env.Encrypt == "" || env.TimeStamp == "" || env.Nonce == "" {
		return nil, "回答缺 Encrypt、TimeStamp 或 Nonce，已忽略"
	}
	if !s.crypto.signed(env.MsgSignature, env.TimeStamp, env.Nonce, env.Encrypt) {
		return nil, "回答的签名不对，已忽略"
	}
	plain, err := s.crypto.decrypt(env.Encrypt)
	if err != nil {
		return nil, "回答解不开，已忽略"
	}
	return plain, ""
}

// repliable are the events that take a passive reply; every message does too.
func repliable(event string) bool {
	switch event {
	case "subscribe", "enter_agent", "LOCATION", "click", "view", "view_miniprogram", "scancode_waitmsg",
		"template_card_menu_event", "template_card_event",
		"text", "image", "voice", "video", "location", "link":
		return true
	}
	return false
}

func (s *Server) applyReply(cb *callback, plain []byte) (note string) {
	var r passiveReply
	if err := xml.Unmarshal(plain, &r); err != nil {
		return "回答的内容不是 XML，已忽略"
	}
	switch {
	case r.FromUserName != s.cfg.CorpID || fold(r.ToUserName) != fold(cb.user):
		return "回答的 ToUserName、FromUserName 没有对调，已忽略"
	case !repliable(cb.event):
		return "这种事件不接受被动回复，已忽略"
	case cb.event == "template_card_event" && !s.switches.ApplyCardReply:
		return "平台不理会对卡片事件的被动回复（开关已关）"
	}
	note = s.showReply(cb, &r)
	if note == "" && cb.event == "template_card_event" {
		note = "真实平台可能不理会对卡片事件的被动回复，请用 update_template_card"
	}
	return note
}

func (s *Server) showReply(cb *callback, r *passiveReply) (note string) {
	switch r.MsgType {
	case "text":
		if r.Content == "" {
			return "回复的文字是空的，已忽略"
		}
		return s.showAnswer(cb, "text", textBody{cut(r.Content, maxText)})
	case "image":
		return s.showMediaAnswer(cb, "image", r.Image)
	case "voice":
		return s.showMediaAnswer(cb, "voice", r.Voice)
	case "video":
		return s.showMediaAnswer(cb, "video", r.Video)
	case "news":
		articles := []reply{}
		for _, a := range r.Articles {
			articles = append(articles, reply{"title": cut(a.Title, 128), "description": cut(a.Description, 512), "url": a.URL, "picurl": a.PicURL})
		}
		if len(articles) == 0 {
			return "回复的图文是空的，已忽略"
		}
		return s.showAnswer(cb, "news", reply{"articles": articles})
	case "update_button", "update_template_card":
		return s.updateByReply(cb, r)
	}
	return "不认识的回复类型 " + r.MsgType + "，已忽略"
}

func (s *Server) showAnswer(cb *callback, msgType string, object any) string {
	body := mustJSON(reply{"msgtype": msgType, msgType: object})
	s.put(&Message{From: "app", User: cb.user, MsgID: randomText(64), MsgType: msgType, Body: body, Shown: true, SentAt: s.now()})
	s.touch()
	return ""
}

func (s *Server) showMediaAnswer(cb *callback, kind string, m *xmlMedia) string {
	if m == nil || s.mediaFile(m.MediaID, s.now()) == nil {
		return "回复的 MediaId 无效，已忽略"
	}
	return s.showAnswer(cb, kind, reply{"media_id": m.MediaID, "title": m.Title, "description": m.Description})
}

// updateByReply changes the card of the member who pressed, and only that one.
func (s *Server) updateByReply(cb *callback, r *passiveReply) string {
	m := s.message(cb.user, cb.msgid)
	record := s.st.Sends[cb.msgid]
	if m == nil || record == nil {
		return "没有可以更新的卡片，已忽略"
	}
	if r.MsgType == "update_button" {
		if r.Button == nil || r.Button.ReplaceName == "" || !record.Greyable {
			return "update_button 不适用于这张卡片，已忽略"
		}
		s.grey(m, r.Button.ReplaceName)
		s.touch()
		return ""
	}
	if r.TemplateCard == nil {
		return "回复里没有 TemplateCard，已忽略"
	}
	if err := s.checkCard(r.TemplateCard, asReply); err != nil {
		return "回复的卡片不合规则（" + err.Error() + "），已忽略"
	}
	s.replace(m, mustJSON(r.TemplateCard))
	s.touch()
	return ""
}

// cdata and number are one element of a callback.
func cdata(name, text string) string {
	return "<" + name + "><![CDATA[" + strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>") + "]]></" + name + ">"
}

func number(name string, n int64) string {
	return "<" + name + ">" + strconv.FormatInt(n, 10) + "</" + name + ">"
}

func (s *Server) envelope(user, msgType string) string {
	return cdata("ToUserName", s.cfg.CorpID) + cdata("FromUserName", user) +
		number("CreateTime", s.now().Unix()) + cdata("MsgType", msgType)
}

func (s *Server) agent() string { return number("AgentID", int64(s.cfg.AgentID)) }

// event sends an event with its own elements. The caller holds the lock.
func (s *Server) event(user, name string, elements ...string) *Delivery {
	plain := "<xml>" + s.envelope(user, "event") + cdata("Event", name) + strings.Join(elements, "") + s.agent() + "</xml>"
	return s.enqueue(&callback{user: user, event: name, title: eventTitle(name), plain: []byte(plain)})
}

// systemEvent is what the platform itself tells, in the name of the app agent.
func (s *Server) systemEvent(name string, agent int, elements string) *Delivery {
	plain := "<xml>" + s.envelope("sys", "event") + cdata("Event", name) + elements + number("AgentID", int64(agent)) + "</xml>"
	return s.enqueue(&callback{user: "sys", event: name, title: eventTitle(name), plain: []byte(plain)})
}

// element writes a tree as the platform does: a list is its element again and again.
func element(name string, v any) string {
	switch v := v.(type) {
	case reply:
		var b strings.Builder
		for _, k := range sortedKeys(v) {
			b.WriteString(element(k, v[k]))
		}
		return "<" + name + ">" + b.String() + "</" + name + ">"
	case []reply:
		var b strings.Builder
		for _, one := range v {
			b.WriteString(element(name, one))
		}
		return b.String()
	case int:
		return number(name, int64(v))
	case int64:
		return number(name, v)
	}
	return cdata(name, fmt.Sprint(v))
}

func eventTitle(name string) string {
	switch name {
	case "subscribe":
		return "可以使用应用了"
	case "unsubscribe":
		return "不再使用应用"
	case "enter_agent":
		return "打开了会话"
	case "click":
		return "点了菜单"
	case "view":
		return "从菜单打开网页"
	case "LOCATION":
		return "上报了位置"
	case "respond_schedule":
		return "答复了日程"
	case "sys_approval_change", "open_approval_change":
		return "审批有了变化"
	case "change_school_contact":
		return "家校通讯录有变化"
	case "batch_job_result":
		return "异步任务完成"
	case "upload_media_job_finish":
		return "按网址上传完成"
	}
	return name
}
