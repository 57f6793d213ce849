package simulator

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"
)

// Entry is one line of the wire log: a callback with its attempts, or a call of the API.
type Entry struct {
	ID       int64     `json:"id"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"` // callback, send, update or api
	User     string    `json:"user,omitempty"`
	Title    string    `json:"title"`
	Path     string    `json:"path,omitempty"`
	OK       bool      `json:"ok"`
	Done     bool      `json:"done"` // false while a callback is on its way
	Code     int       `json:"code"` // errcode, or the HTTP status of the last attempt
	Note     string    `json:"note,omitempty"`
	Plain    string    `json:"plain,omitempty"`  // decrypted XML, or the JSON of the call
	Answer   string    `json:"answer,omitempty"` // decrypted passive reply, or the JSON answered
	Attempts []Attempt `json:"attempts,omitempty"`
}

// Attempt is one delivery of a callback.
type Attempt struct {
	At     time.Time `json:"at"`
	Status int       `json:"status,omitempty"`
	TookMS int64     `json:"took_ms"`
	Err    string    `json:"err,omitempty"`
	Fault  string    `json:"fault,omitempty"`
}

const maxEntries = 400

// Log returns the wire log after the given id, oldest first.
func (s *Server) Log(after int64) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Entry{}
	for _, e := range s.wire {
		if e.ID > after {
			list = append(list, e)
		}
	}
	return list
}

// addEntry puts a line into the log and returns its id. The caller holds the lock.
func (s *Server) addEntry(e Entry) int64 {
	s.wireSeq++
	e.ID = s.wireSeq
	s.wire = append(s.wire, e)
	if len(s.wire) > 2*maxEntries { // trimmed seldom, so that a line costs little
		s.wire = append([]Entry(nil), s.wire[len(s.wire)-maxEntries:]...)
	}
	s.publish("log", e)
	return e.ID
}

// editEntry changes a line that is still in the log.
func (s *Server) editEntry(id int64, edit func(*Entry)) {
	for i := range s.wire {
		if s.wire[i].ID == id {
			edit(&s.wire[i])
			s.publish("log", s.wire[i])
		}
	}
}

func (s *Server) logCall(c *call, kind string, answer []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addEntry(callEntry(c, kind, string(answer), err))
	s.touch()
}

// note logs a call whose answer never reached the app.
func (s *Server) note(c *call, kind string, err error, note string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := callEntry(c, kind, "", err)
	e.OK, e.Note = false, note
	s.addEntry(e)
	s.touch()
}

func callEntry(c *call, kind, answer string, err error) Entry {
	e := Entry{At: c.now, Kind: kind, Path: c.path, Title: callTitle(c), OK: err == nil, Done: true, Answer: answer}
	if kind == "" {
		e.Kind = "api"
	}
	if a, ok := errors.AsType[*apiError](err); ok {
		e.Code = a.code
	}
	if json.Valid(c.body) {
		e.Plain = string(c.body)
	}
	if c.path == "message/send" {
		var to struct {
			ToUser string `json:"touser"`
		}
		if json.Unmarshal(c.body, &to) == nil {
			e.User = to.ToUser
		}
	}
	if c.path == "gettoken" || strings.HasSuffix(c.path, "ticket") || c.path == "ticket/get" {
		e.Answer = "" // the log is shown on a page; secrets stay out of it
	}
	return e
}

// callTitle is a call in a few words.
func callTitle(c *call) string {
	switch c.path {
	case "message/send":
		var in sendRequest
		if json.Unmarshal(c.body, &in) == nil {
			return summary(in.MsgType, c.body)
		}
	case "message/update_template_card":
		var in updateRequest
		if json.Unmarshal(c.body, &in) == nil && in.Button != nil {
			return "按钮变为“" + in.Button.ReplaceName + "”"
		}
		var body struct {
			Card *card `json:"template_card"`
		}
		if json.Unmarshal(c.body, &body) == nil && body.Card != nil && body.Card.MainTitle != nil {
			return "卡片换成“" + body.Card.MainTitle.Title + "”"
		}
	case "message/recall":
		return "撤回消息"
	}
	return c.path
}

var tags = regexp.MustCompile(`<[^>]*>`)

// summary is the line under a chat in a list of chats.
func summary(msgType string, body []byte) string {
	var in sendRequest
	if json.Unmarshal(body, &in) != nil {
		return msgType
	}
	switch {
	case msgType == "text" && in.Text != nil:
		return tags.ReplaceAllString(in.Text.Content, "")
	case msgType == "markdown" && in.Markdown != nil:
		return tags.ReplaceAllString(in.Markdown.Content, "")
	case msgType == "textcard" && in.TextCard != nil:
		return in.TextCard.Title
	case msgType == "news" && in.News != nil && len(in.News.Articles) > 0:
		return in.News.Articles[0].Title
	case msgType == "template_card" && in.Card != nil && in.Card.MainTitle != nil:
		return in.Card.MainTitle.Title
	}
	return map[string]string{
		"image": "[图片]", "voice": "[语音]", "video": "[视频]", "file": "[文件]", "mpnews": "[图文]",
		"miniprogram_notice": "[小程序通知]", "template_card": "[卡片]",
	}[msgType]
}

// event is one thing the page is told about.
type event struct {
	name string
	data json.RawMessage
}

// publish tells the open pages. A page that cannot keep up is dropped and comes back for
// the whole picture. The caller holds the lock.
func (s *Server) publish(name string, v any) {
	if len(s.watchers) == 0 {
		return
	}
	e := event{name, mustJSON(v)}
	for ch := range s.watchers {
		select {
		case ch <- e:
		default:
			delete(s.watchers, ch)
			close(ch)
		}
	}
}
