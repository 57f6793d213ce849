package wecom

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Limits of a send (sending.md sections 2 and 3).
const (
	MaxRecipients     = 1000        // userids in one send or update
	MaxTextBytes      = 2048        // of a text, beyond is cut off
	MaxTitleRunes     = 128         // of a text card
	MaxDescRunes      = 512         // of a text card
	MaxDuplicateCheck = 4 * 60 * 60 // seconds within which WeCom recognises a repeat
	MinDuplicateCheck = 3 * 60 * 60 // seconds, of ours: the hour between them tells equal texts apart
)

// sendBody is the JSON of message/send. The duplicate check is always on: the same bytes within
// the interval are delivered once, so a repeat after an unclear send is safe.
type sendBody struct {
	ToUser        string        `json:"touser"`
	MsgType       string        `json:"msgtype"`
	AgentID       int           `json:"agentid"`
	Text          *textBody     `json:"text,omitempty"`
	TextCard      *TextCard     `json:"textcard,omitempty"`
	TemplateCard  *TemplateCard `json:"template_card,omitempty"`
	Check         int           `json:"enable_duplicate_check"`
	CheckInterval int           `json:"duplicate_check_interval"` // seconds
}

type textBody struct {
	Content string `json:"content"`
}

// TextCard is information with a link.
type TextCard struct {
	Title       string `json:"title"`
	Description string `json:"description"` // plain, or with <div class="gray|highlight|normal"> and <br>
	URL         string `json:"url"`         // at most 2048 bytes, with scheme
	ButtonText  string `json:"btntxt,omitempty"`
}

// TextBody renders a text for up to MaxRecipients userids. It is cut at MaxTextBytes, never
// inside a character. The interval (seconds, at most MaxDuplicateCheck) is part of the bytes, so
// two equal texts that are both meant are sent with different ones.
func TextBody(toUser []string, agentID int, content string, dupInterval int) json.RawMessage {
	b := newSendBody(toUser, agentID, "text")
	b.Text = &textBody{TruncateBytes(content, MaxTextBytes)}
	b.CheckInterval = min(max(dupInterval, 1), MaxDuplicateCheck)
	return encode(b)
}

// TextCardBody renders a text card; title and description are cut to what WeCom accepts.
func TextCardBody(toUser []string, agentID int, card TextCard) json.RawMessage {
	b := newSendBody(toUser, agentID, "textcard")
	card.Title, card.Description = truncateRunes(card.Title, MaxTitleRunes), truncateRunes(card.Description, MaxDescRunes)
	b.TextCard = &card
	return encode(b)
}

// CardBody renders an interactive card. Its TaskID must be new: WeCom refuses a second use
// (CodeTaskIDUsed), which is what makes a repeat safe.
func CardBody(toUser []string, agentID int, card TemplateCard) json.RawMessage {
	b := newSendBody(toUser, agentID, "template_card")
	b.TemplateCard = &card
	return encode(b)
}

// ButtonsOf returns the buttons of a card's body, none of anything else.
func ButtonsOf(body []byte) []Button {
	var b sendBody
	if json.Unmarshal(body, &b) != nil || b.TemplateCard == nil {
		return nil
	}
	return b.TemplateCard.ButtonList
}

func newSendBody(toUser []string, agentID int, msgType string) sendBody {
	return sendBody{ToUser: strings.Join(toUser, "|"), MsgType: msgType, AgentID: agentID, Check: 1, CheckInterval: MaxDuplicateCheck}
}

// updateBody is the JSON of message/update_template_card.
type updateBody struct {
	UserIDs      []string       `json:"userids,omitempty"`
	AtAll        int            `json:"atall,omitempty"`
	AgentID      int            `json:"agentid"`
	ResponseCode string         `json:"response_code"`
	Button       *replaceButton `json:"button,omitempty"`
	TemplateCard *TemplateCard  `json:"template_card,omitempty"`
}

type replaceButton struct {
	ReplaceName string `json:"replace_name"`
}

// UpdateBody renders the replacement of a card for these userids, or for everyone who got it if
// there are none. The card keeps its first task id, so TaskID is left out.
func UpdateBody(userIDs []string, agentID int, responseCode string, card TemplateCard) json.RawMessage {
	b := newUpdateBody(userIDs, agentID, responseCode)
	card.TaskID = ""
	b.TemplateCard = &card
	return encode(b)
}

// ReplaceButtonBody renders the update that turns all buttons of a card into one grey label.
func ReplaceButtonBody(userIDs []string, agentID int, responseCode, replaceName string) json.RawMessage {
	b := newUpdateBody(userIDs, agentID, responseCode)
	b.Button = &replaceButton{replaceName}
	return encode(b)
}

func newUpdateBody(userIDs []string, agentID int, responseCode string) updateBody {
	b := updateBody{UserIDs: userIDs, AgentID: agentID, ResponseCode: responseCode}
	if len(userIDs) == 0 {
		b.AtAll = 1
	}
	return b
}

// TruncateBytes returns the longest start of s that has at most n bytes and ends with a whole
// character.
func TruncateBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n = max(n, 0)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func truncateRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
