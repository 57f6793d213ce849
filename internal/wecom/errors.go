package wecom

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// Action says what a failed call asks of the caller. What the client itself can do about it
// (a fresh token, two quick repeats) has been done by then.
type Action string

// The actions.
const (
	ActionDone    Action = ""        // no error
	ActionRetry   Action = "retry"   // again later, with backoff; the call had no effect
	ActionToken   Action = "token"   // a fresh token was refused as well; again later
	ActionWait    Action = "wait"    // not before APIError.Until
	ActionDrop    Action = "drop"    // this recipient or object is gone or out of reach: record it, go on
	ActionUpload  Action = "upload"  // the media expired: upload it again
	ActionConfig  Action = "config"  // an administrator must act, no retry
	ActionBug     Action = "bug"     // the request is wrong: log it, no retry
	ActionFinal   Action = "final"   // too late or already done: settled
	ActionUser    Action = "user"    // the person starts again, for example a new sign-in
	ActionUnclear Action = "unclear" // sent, but no answer came: it may have worked
)

// Codes that callers ask for by name.
const (
	CodeInvalidCode  = 40029 // OAuth code wrong, used or older than 5 minutes
	CodeTaskIDUsed   = 42014 // on a repeated send of a card: the first one worked
	CodeFrequency    = 45009
	CodeConcurrency  = 45033
	CodeNoRecipient  = 81013 // nobody valid among the recipients
	CodeResponseCode = 60140 // response_code unknown, expired or used
	CodeNoMenu       = 46003
	CodeUntrustedIP  = 60020
)

// APIError is an answer with an errcode. Its text holds no secret.
type APIError struct {
	API    string // path below /cgi-bin/
	Code   int
	Msg    string // WeCom's, informative only
	Action Action
	Until  time.Time // for ActionWait: when the API may be called again
}

func (e *APIError) Error() string {
	return fmt.Sprintf("wecom %s: errcode %d (%s): %s", e.API, e.Code, e.Action, e.Msg)
}

// TransportError is a call without a usable answer. Its text holds no secret.
type TransportError struct {
	API    string
	Sent   bool // the request may have reached WeCom
	Status int  // HTTP status if it was not 200, otherwise 0
	Err    error
}

func (e *TransportError) Error() string { return fmt.Sprintf("wecom %s: %v", e.API, e.Err) }

func (e *TransportError) Unwrap() error { return e.Err }

func (e *TransportError) action() Action {
	switch {
	case e.Status >= 400 && e.Status < 500:
		return ActionConfig // WeCom answers 200 to everything, so this is another server
	case e.Sent:
		return ActionUnclear
	default:
		return ActionRetry
	}
}

// ActionOf returns what err, from any call of this package, asks of the caller.
func ActionOf(err error) Action {
	if err == nil {
		return ActionDone
	}
	if e, ok := errors.AsType[*APIError](err); ok {
		return e.Action
	}
	if e, ok := errors.AsType[*TransportError](err); ok {
		return e.action()
	}
	return ActionUnclear
}

// CodeOf returns the errcode in err, or 0.
func CodeOf(err error) int {
	if e, ok := errors.AsType[*APIError](err); ok {
		return e.Code
	}
	return 0
}

// apiError reads errcode and errmsg out of an answer; nil if the answer is a success.
func (c *Client) apiError(api string, body []byte) error {
	err := util.DecodeWithCommonError(body, api)
	common, ok := errors.AsType[*util.CommonError](err)
	if !ok {
		return err
	}
	code := int(common.ErrCode)
	return &APIError{API: api, Code: code, Msg: c.redact(common.ErrMsg), Action: actionFor(api, code)}
}

// secretParameter finds what must not be seen in a URL, wherever it is quoted.
var secretParameter = regexp.MustCompile(`(?i)\b(corpsecret|secret|access_token|code|key|ticket|user_ticket)(=|%3D|"\s*:\s*"?)[^&\s"'\\]*`)

// redact takes secrets out of a text that is going to be logged.
func (c *Client) redact(s string) string {
	if c.cfg.Secret != "" {
		s = strings.ReplaceAll(s, c.cfg.Secret, "[redacted]")
	}
	return secretParameter.ReplaceAllString(s, "${1}${2}[redacted]")
}

// redactedError keeps what an error is and hides what its text might quote.
type redactedError struct {
	text  string
	cause error
}

func (e redactedError) Error() string        { return e.text }
func (e redactedError) Is(target error) bool { return errors.Is(e.cause, target) }

func (c *Client) redacted(err error) error {
	return redactedError{text: c.redact(err.Error()), cause: err}
}
