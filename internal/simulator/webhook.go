package simulator

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A group webhook (app.md 7) needs no token: its key is the only secret. Every key of the
// state works; POST /sim/webhook makes and removes one.

// webhook is one robot of a group and what it said.
type webhook struct {
	Key  string        `json:"key"`
	Said []webhookPost `json:"said"`
}

type webhookPost struct {
	At      time.Time       `json:"at"`
	MsgType string          `json:"msgtype"`
	Body    json.RawMessage `json:"body"`
}

const (
	webhookPerMinute = 20
	webhookKept      = 200     // posts a robot remembers
	webhookImage     = 2 << 20 // bytes
)

// webhookRequest is webhook/send; template_card is read as everywhere.
type webhookRequest struct {
	MsgType string `json:"msgtype"`
	Text    *struct {
		Content string `json:"content"`
	} `json:"text"`
	Markdown   *textBody `json:"markdown"`
	MarkdownV2 *textBody `json:"markdown_v2"`
	Image      *struct {
		Base64 string `json:"base64"`
		MD5    string `json:"md5"`
	} `json:"image"`
	News  *newsBody  `json:"news"`
	File  *mediaBody `json:"file"`
	Voice *mediaBody `json:"voice"`
	Card  *card      `json:"template_card"`
}

// robot finds the webhook of the key in the URL.
func (s *Server) robot(c *call) (*webhook, error) {
	for _, w := range s.st.Webhooks {
		if w.Key == c.query.Get("key") {
			return w, nil
		}
	}
	return nil, fail(93000, "invalid webhook url")
}

func (s *Server) sendWebhook(c *call) (reply, error) {
	w, err := s.robot(c)
	if err != nil {
		return nil, err
	}
	var in webhookRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := s.checkWebhook(w, &in, c.now); err != nil {
		return nil, err
	}
	if s.switches.RateLimits && !s.limit("webhook:"+w.Key, c.now, webhookPerMinute, time.Minute) {
		return nil, fail(45009, "api freq out of limit")
	}
	w.Said = append(w.Said, webhookPost{At: c.now, MsgType: in.MsgType, Body: slices.Clone(c.body)})
	w.Said = w.Said[max(0, len(w.Said)-webhookKept):]
	s.touch()
	return nil, nil
}

func (s *Server) checkWebhook(w *webhook, in *webhookRequest, now time.Time) error {
	switch in.MsgType {
	case "text":
		if in.Text == nil || in.Text.Content == "" {
			return fail(44004, "empty content")
		}
		return atMost(in.Text.Content, 2048)
	case "markdown":
		if err := checkText(in.Markdown); err != nil {
			return err
		}
		return atMost(in.Markdown.Content, 4096)
	case "markdown_v2":
		if err := checkText(in.MarkdownV2); err != nil {
			return err
		}
		return atMost(in.MarkdownV2.Content, 4096)
	case "image":
		return in.checkImage()
	case "news":
		return checkNews(in.News, 0)
	case "file":
		return s.checkWebhookMedia(w, in.File, "file", now)
	case "voice":
		return s.checkWebhookMedia(w, in.Voice, "voice", now)
	case "template_card":
		if in.Card == nil {
			return badField("template_card")
		}
		if in.Card.answerable() {
			return fail(42031, "invalid card_type") // nobody could press it
		}
		return s.checkCard(in.Card, asNew)
	}
	return fail(40008, "invalid message type")
}

func atMost(text string, bytes int) error {
	if len(text) > bytes {
		return fail(40058, "content exceed max length")
	}
	return nil
}

func (in *webhookRequest) checkImage() error {
	if in.Image == nil || in.Image.Base64 == "" {
		return badField("image.base64")
	}
	raw, err := base64.StdEncoding.DecodeString(in.Image.Base64)
	if err != nil || strings.ContainsAny(in.Image.Base64, "\r\n") {
		return badField("image.base64")
	}
	sum := md5.Sum(raw)
	switch kind := http.DetectContentType(raw); {
	case len(raw) > webhookImage:
		return fail(93018, "image too big")
	case kind != "image/jpeg" && kind != "image/png":
		return fail(40123, "invalid image format, only jpg or png")
	case !strings.EqualFold(hex.EncodeToString(sum[:]), in.Image.MD5):
		return fail(301019, "md5 does not match")
	}
	return nil
}

// checkWebhookMedia takes only what was uploaded for this robot.
func (s *Server) checkWebhookMedia(w *webhook, m *mediaBody, kind string, now time.Time) error {
	if m == nil || m.MediaID == "" {
		return fail(41006, "missing media_id")
	}
	if f := s.mediaFor(w.Key, m.MediaID, now); f == nil || f.Type != kind {
		return fail(40007, "invalid media_id")
	}
	return nil
}

func (s *Server) uploadWebhook(c *call) (reply, error) {
	w, err := s.robot(c)
	if err != nil {
		return nil, err
	}
	kind := c.query.Get("type")
	if kind != "file" && kind != "voice" {
		return nil, fail(40005, "invalid type parameter")
	}
	name, content, err := filePart(c, "media")
	if err != nil {
		return nil, err
	}
	f, err := s.storeMedia(kind, name, content, c.now)
	if err != nil {
		return nil, err
	}
	f.Webhook = w.Key
	return reply{"type": kind, "media_id": f.ID, "created_at": strconv.FormatInt(c.now.Unix(), 10)}, nil
}

// ctlWebhooks shows the robots and what they said, with what is left of the minute.
func (s *Server) ctlWebhooks(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []reply{}
	for _, w := range s.st.Webhooks {
		lately := 0
		for _, p := range w.Said {
			if s.now().Sub(p.At) < time.Minute {
				lately++
			}
		}
		list = append(list, reply{"key": w.Key, "said": append([]webhookPost{}, w.Said...), "last_minute": lately, "per_minute": webhookPerMinute})
	}
	return list, nil
}

// ctlWebhook makes a robot with {action:"put", key}, or removes it with {action:"remove", key}.
func (s *Server) ctlWebhook(r *http.Request) (any, error) {
	var in struct {
		Action string `json:"action"`
		Key    string `json:"key"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Key == "" {
		in.Key = randomText(36)
	}
	s.st.Webhooks = slices.DeleteFunc(s.st.Webhooks, func(w *webhook) bool { return w.Key == in.Key })
	if in.Action != "remove" {
		s.st.Webhooks = append(s.st.Webhooks, &webhook{Key: in.Key})
	}
	s.touch()
	return reply{"key": in.Key}, nil
}
