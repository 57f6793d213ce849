package simulator

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Message is what one member sees in the app's chat: what the app sent, or what the
// member wrote (From "user").
type Message struct {
	Seq     int64           `json:"seq"`   // of the last change; grows over all members
	First   int64           `json:"first"` // Seq on arrival: the order in the chat
	From    string          `json:"from"`  // app or user
	User    string          `json:"user"`
	MsgID   string          `json:"msgid"`
	MsgType string          `json:"msgtype"`
	Body    json.RawMessage `json:"body"`           // as sent
	Card    json.RawMessage `json:"card,omitempty"` // a template card as it looks now
	TaskID  string          `json:"task_id,omitempty"`
	Shown   bool            `json:"shown"`          // false: dropped silently or recalled
	Note    string          `json:"note,omitempty"` // why it is not shown
	SentAt  time.Time       `json:"sent_at"`

	Replaced bool `json:"replaced,omitempty"` // the card is not the one that was sent
	Pressed  bool `json:"pressed,omitempty"`  // and not yet updated since
}

// sent is one message/send that was accepted.
type sent struct {
	SentAt     time.Time
	TaskID     string
	CardType   string
	Answerable bool     // a press on it calls back
	Greyable   bool     // its buttons can become a label
	To         []string // folded userids it was accepted for
}

// duplicate is a body sent with enable_duplicate_check.
type duplicate struct {
	until time.Time
	res   reply
}

// sendRequest is message/send; the object of the message type is read apart.
type sendRequest struct {
	ToUser  string          `json:"touser"`
	ToParty string          `json:"toparty"`
	ToTag   string          `json:"totag"`
	MsgType string          `json:"msgtype"`
	AgentID json.RawMessage `json:"agentid"`
	Safe    int             `json:"safe"`
	IDTrans int             `json:"enable_id_trans"`
	Check   int             `json:"enable_duplicate_check"`
	Every   int             `json:"duplicate_check_interval"`

	Text        *textBody     `json:"text"`
	Image       *mediaBody    `json:"image"`
	Voice       *mediaBody    `json:"voice"`
	File        *mediaBody    `json:"file"`
	Video       *mediaBody    `json:"video"`
	TextCard    *textCardBody `json:"textcard"`
	News        *newsBody     `json:"news"`
	MPNews      *newsBody     `json:"mpnews"`
	Markdown    *textBody     `json:"markdown"`
	MiniProgram *miniBody     `json:"miniprogram_notice"`
	Card        *card         `json:"template_card"`
}

type textBody struct {
	Content string `json:"content"`
}

type mediaBody struct {
	MediaID     string `json:"media_id"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

type textCardBody struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	BtnTxt      string `json:"btntxt"`
}

type newsBody struct {
	Articles []struct {
		Title        string `json:"title"`
		URL          string `json:"url"`
		AppID        string `json:"appid"`
		PagePath     string `json:"pagepath"`
		ThumbMediaID string `json:"thumb_media_id"`
		Content      string `json:"content"`
	} `json:"articles"`
}

type miniBody struct {
	AppID       string `json:"appid"`
	Page        string `json:"page"`
	Title       string `json:"title"`
	Description string `json:"description"`
	ContentItem []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"content_item"`
}

const (
	maxText      = 2048 // bytes of text and markdown
	maxURL       = 2048
	recallWithin = 24 * time.Hour
	codeLife     = 72 * time.Hour // of a response code
	perMinute    = 30             // messages to one member, more are dropped silently
	perHour      = 1000
)

// sendMessage is message/send (sending.md 2 to 4).
func (s *Server) sendMessage(c *call) (reply, error) {
	var in sendRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	// A miniprogram_notice may leave the agentid out, but not name a foreign one.
	if in.MsgType != "miniprogram_notice" || in.AgentID != nil {
		if err := s.checkAgent(in.AgentID); err != nil {
			return nil, err
		}
	}
	if err := s.checkMessage(&in, c.now); err != nil {
		return nil, err
	}
	to, lists, err := s.recipients(&in)
	if err != nil {
		return nil, err
	}
	digest := ""
	if in.Check == 1 {
		digest = string(sha256Sum(c.body))
		if d, ok := s.seen[digest]; ok && c.now.Before(d.until) {
			return s.heldBack(d), nil
		}
	}
	if !s.withinQuota(len(to), c.now) {
		return nil, fail(45009, "api freq out of limit")
	}
	res := s.deliver(&in, to, c)
	for k, v := range lists.reply(s.switches.OmitEmpty) {
		res[k] = v
	}
	if in.Check == 1 {
		s.remember(digest, in.Every, res, c.now)
	}
	return res, nil
}

// heldBack answers a body that was accepted and is not delivered a second time.
func (s *Server) heldBack(d duplicate) reply {
	res := maps.Clone(d.res)
	if !s.switches.SameMsgID {
		delete(res, "msgid")
	}
	return res
}

func sha256Sum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

func (s *Server) remember(digest string, interval int, res reply, now time.Time) {
	if interval <= 0 {
		interval = 1800
	}
	for k, d := range s.seen {
		if len(s.seen) > 10_000 && !now.Before(d.until) {
			delete(s.seen, k)
		}
	}
	s.seen[digest] = duplicate{until: now.Add(min(time.Duration(interval)*time.Second, 4*time.Hour)), res: res}
}

// checkAgent accepts only the integer that belongs to the token.
func (s *Server) checkAgent(raw json.RawMessage) error {
	id, err := strconv.Atoi(string(raw))
	if err != nil {
		return fail(40056, "invalid agentid")
	}
	return s.ownAgent(id)
}

func (s *Server) ownAgent(id int) error {
	if id != s.cfg.AgentID {
		return fail(301002, "not allow operate another agent with this accesstoken")
	}
	return nil
}

// invalid are the recipients a message could not go to.
type invalid struct{ users, parties, tags, unlicensed []string }

func (l invalid) reply(omitEmpty bool) reply {
	r := reply{}
	for name, list := range map[string][]string{
		"invaliduser": l.users, "invalidparty": l.parties, "invalidtag": l.tags, "unlicenseduser": l.unlicensed,
	} {
		if len(list) > 0 || !omitEmpty {
			r[name] = strings.Join(list, "|")
		}
	}
	return r
}

// recipients resolves the three lists to members, each once. Nobody valid is 81013.
func (s *Server) recipients(in *sendRequest) ([]*User, invalid, error) {
	users, parties, tags := splitIDs(in.ToUser), splitIDs(in.ToParty), splitIDs(in.ToTag)
	switch {
	case len(users)+len(parties)+len(tags) == 0:
		return nil, invalid{}, fail(82001, "touser, toparty and totag are all empty")
	case len(users) > 1000:
		return nil, invalid{}, fail(40032, "userid list size out of limit")
	case len(parties) > 100:
		return nil, invalid{}, fail(82002, "toparty size out of limit")
	case len(tags) > 100:
		return nil, invalid{}, fail(82003, "totag size out of limit")
	}
	a := audience{seen: map[*User]bool{}}
	if len(users) == 1 && users[0] == "@all" {
		for i := range s.st.Users {
			a.add(&s.st.Users[i])
		}
		users, parties, tags = nil, nil, nil
	}
	for _, id := range users {
		if u := s.user(id); u != nil && u.canUse() {
			a.add(u)
		} else if !slices.Contains(a.users, fold(id)) {
			a.users = append(a.users, fold(id))
		}
	}
	for _, id := range parties {
		n, err := strconv.Atoi(id)
		if err != nil || s.department(n) == nil || !a.addAll(s.inDepartment(n, true)) {
			a.parties = append(a.parties, id)
		}
	}
	for _, id := range tags {
		n, err := strconv.Atoi(id)
		if t := s.tag(n); err != nil || t == nil || !a.addAll(s.tagged(t)) {
			a.tags = append(a.tags, id)
		}
	}
	if len(a.to) == 0 {
		return nil, a.invalid, &apiError{code: 81013, msg: errText(81013), reply: a.reply(s.switches.OmitEmpty)}
	}
	return a.to, a.invalid, nil
}

// audience is who gets a message, each once, and whom of those named it does not reach.
type audience struct {
	invalid
	to   []*User
	seen map[*User]bool
}

func (a *audience) add(u *User) {
	switch {
	case a.seen[u] || !u.canUse():
	case u.Unlicensed:
		a.unlicensed = append(a.unlicensed, fold(u.UserID))
	default:
		a.to = append(a.to, u)
	}
	a.seen[u] = true
}

// addAll adds the members of a department or tag; false if it has none.
func (a *audience) addAll(members []*User) bool {
	for _, u := range members {
		a.add(u)
	}
	return len(members) > 0
}

func splitIDs(s string) []string {
	return slices.DeleteFunc(strings.Split(s, "|"), func(id string) bool { return id == "" })
}

// withinQuota counts deliveries of a day against head count x 200.
func (s *Server) withinQuota(n int, now time.Time) bool {
	if !s.switches.RateLimits {
		return true
	}
	quota := cmp.Or(s.switches.DailyQuota, len(s.st.Users)*200)
	day := now.In(china()).Format(time.DateOnly)
	if s.st.App.QuotaDay != day {
		s.st.App.QuotaDay, s.st.App.QuotaUsed = day, 0
	}
	if s.st.App.QuotaUsed+n > quota {
		return false
	}
	s.st.App.QuotaUsed += n
	return true
}

// deliver puts the message on the phones and returns msgid and response_code.
func (s *Server) deliver(in *sendRequest, to []*User, c *call) reply {
	msgid := randomText(64)
	record := &sent{SentAt: c.now}
	res := reply{"msgid": msgid}
	var card json.RawMessage
	if in.MsgType == "template_card" {
		card = field(c.body, "template_card")
		record.CardType, record.TaskID = in.Card.CardType, in.Card.TaskID
		record.Answerable, record.Greyable = in.Card.answerable(), in.Card.greyable()
		if record.TaskID != "" {
			s.st.Tasks[record.TaskID] = msgid
		}
		if record.Answerable {
			res["response_code"] = s.newCode(msgid, c.now)
		}
	}
	body := json.RawMessage(shownBody(in, c.body))
	if in.IDTrans == 1 {
		body, card = s.translateIDs(body), s.translateIDs(card)
	}
	for _, u := range to {
		record.To = append(record.To, fold(u.UserID))
		m := &Message{
			From: "app", User: u.UserID, MsgID: msgid, MsgType: in.MsgType, Body: body,
			Card: card, TaskID: record.TaskID, Shown: true, SentAt: c.now,
		}
		s.dropSilently(m)
		s.put(m)
	}
	s.st.Sends[msgid] = record
	s.touch()
	return res
}

// shownBody is the request as sent; what is longer than the platform keeps is cut at a
// character: a text by bytes, a textcard by characters, a video's words by bytes.
func shownBody(in *sendRequest, body []byte) []byte {
	cuts := map[string]string{}
	switch in.MsgType {
	case "text":
		cuts["content"] = cut(in.Text.Content, maxText)
	case "textcard":
		cuts["title"], cuts["description"] = first(in.TextCard.Title, 128), first(in.TextCard.Description, 512)
	case "video":
		cuts["title"], cuts["description"] = cut(in.Video.Title, 128), cut(in.Video.Description, 512)
	}
	object := field(body, in.MsgType)
	for name, kept := range cuts {
		if whole := field(object, name); whole != nil && string(whole) != string(mustJSON(kept)) {
			object = withField(object, name, kept)
		}
	}
	if object == nil {
		return bytes.Clone(body)
	}
	return withField(body, in.MsgType, object)
}

// first shortens s to at most n characters.
func first(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// dropSilently hides the message of a member who had too many, or when a fault asks so.
func (s *Server) dropSilently(m *Message) {
	id, now := fold(m.User), m.SentAt
	if s.takeFault(FaultSilentDrop, "", m.User) != nil {
		m.Shown, m.Note = false, "故障开关：悄悄丢弃"
		return
	}
	if !s.switches.RateLimits {
		return
	}
	times := slices.DeleteFunc(s.recent[id], func(t time.Time) bool { return now.Sub(t) >= time.Hour })
	lastMinute := 0
	for _, t := range times {
		if now.Sub(t) < time.Minute {
			lastMinute++
		}
	}
	switch {
	case lastMinute >= perMinute:
		m.Shown, m.Note = false, "一分钟内超过 30 条，被悄悄丢弃"
	case len(times) >= perHour:
		m.Shown, m.Note = false, "一小时内超过 1000 条，被悄悄丢弃"
	default:
		times = append(times, now)
	}
	s.recent[id] = times
}

// put adds a message to its member's phone.
func (s *Server) put(m *Message) {
	s.st.Seq++
	m.Seq, m.First = s.st.Seq, s.st.Seq
	id := fold(m.User)
	list := s.st.Messages[id]
	if list = append(list, m); len(list) > 2*maxKept {
		list = slices.Clone(list[len(list)-maxKept:])
	}
	s.st.Messages[id] = list
	s.publish("message", *m)
}

// changedMessage gives a message that looks different now a new seq.
func (s *Server) changedMessage(m *Message) {
	s.st.Seq++
	m.Seq = s.st.Seq
	s.publish("message", *m)
}

// messages returns copies with Seq beyond after, in the order of Seq.
func (s *Server) messages(user string, after int64, withOwn bool) []Message {
	list := []Message{}
	for _, m := range s.st.Messages[fold(user)] {
		if m.Seq > after && (withOwn || m.From == "app") {
			list = append(list, *m)
		}
	}
	slices.SortFunc(list, func(a, b Message) int { return cmp.Compare(a.Seq, b.Seq) })
	return list
}

// Messages returns what the app sent to the member and changed beyond seq after, in the
// order of the changes.
func (s *Server) Messages(user string, after int64) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages(user, after, false)
}

func (s *Server) message(user, msgid string) *Message {
	for _, m := range s.st.Messages[fold(user)] {
		if m.MsgID == msgid {
			return m
		}
	}
	return nil
}

// field returns one member of a JSON object, nil if there is none.
func field(object []byte, name string) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(object, &m) != nil {
		return nil
	}
	return m[name]
}

// recall is message/recall: within 24 h, from everyone's phone.
func (s *Server) recall(c *call) (reply, error) {
	var in struct {
		MsgID string `json:"msgid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	record := s.st.Sends[in.MsgID]
	if record == nil {
		return nil, badField("msgid")
	}
	if c.now.Sub(record.SentAt) > recallWithin {
		return nil, fail(42052, "msgid is expired")
	}
	for _, id := range record.To {
		if m := s.message(id, in.MsgID); m != nil && m.Shown {
			m.Shown, m.Note = false, "已撤回"
			s.changedMessage(m)
		}
	}
	s.touch()
	return nil, nil
}

// translateIDs replaces $userName=ID$ and its kin; an unknown id stays as written.
func (s *Server) translateIDs(b json.RawMessage) json.RawMessage {
	return idTrans.ReplaceAllFunc(b, func(match []byte) []byte {
		p := idTrans.FindSubmatch(match)
		text := ""
		if string(p[1]) == "departmentName" {
			id, _ := strconv.Atoi(string(p[2])) // not a number: department 0, which does not exist
			if d := s.department(id); d != nil {
				text = d.Name
			}
		} else if u := s.user(string(p[2])); u != nil {
			text = map[string]string{"userName": u.Name, "userAlias": u.Alias, "userAliasOrName": cmp.Or(u.Alias, u.Name)}[string(p[1])]
		}
		if text == "" {
			return match
		}
		q := mustJSON(text)
		return q[1 : len(q)-1]
	})
}
