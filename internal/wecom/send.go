package wecom

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/silenceper/wechat/v2/work/message"
)

// SendResult is what WeCom says about a send. Partial failure is no error: valid recipients got
// the message, the others are listed, in lower case.
type SendResult struct {
	MsgID        string   // for Recall
	ResponseCode string   // answerable cards: updates the card once, for 72 h
	Invalid      []string // userids that do not exist or are out of range
	Unlicensed   []string // userids in range without interface licence
}

// Send posts a body made by TextBody, TextCardBody or CardBody. A repeat must send identical
// bytes. The lists are filled also with an error (CodeNoRecipient).
//
// A member beyond 30 messages a minute or 1000 an hour is dropped by WeCom without a word.
func (c *Client) Send(ctx context.Context, body json.RawMessage) (SendResult, error) {
	var out message.SendResponse
	err := c.call(ctx, request{api: "message/send", body: body}, &out)
	return SendResult{
		MsgID: out.MsgID, ResponseCode: out.ResponseCode,
		Invalid: splitIDs(out.InvalidUser), Unlicensed: splitIDs(out.UnlicensedUser),
	}, err
}

// splitIDs reads a |-joined list; empty and absent are the same.
func splitIDs(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == '|' })
}

// UpdateResult lists who was not updated, in lower case. The response code is spent anyway.
type UpdateResult struct {
	Invalid []string `json:"invaliduser"`
}

// UpdateCard posts a body made by UpdateBody or ReplaceButtonBody.
func (c *Client) UpdateCard(ctx context.Context, body json.RawMessage) (UpdateResult, error) {
	var out UpdateResult
	err := c.call(ctx, request{api: "message/update_template_card", body: body}, &out)
	return out, err
}

// Recall takes a message back within 24 hours of its sending, in WeCom only, not in personal
// WeChat.
func (c *Client) Recall(ctx context.Context, msgID string) error {
	return c.post(ctx, "message/recall", map[string]string{"msgid": msgID}, nil)
}
