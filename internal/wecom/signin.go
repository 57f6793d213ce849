package wecom

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/silenceper/wechat/v2/util"
	"github.com/silenceper/wechat/v2/work/oauth"
)

// AuthorizeURL is where the WeCom client signs a person in silently and comes back to redirect
// with code and state. The state is 1 to 128 letters and digits; bind it to the session.
func (c *Client) AuthorizeURL(redirect, state string) string {
	// In this order, and the fragment last: WeCom's client reads it so.
	return c.cfg.OAuthURL + "/connect/oauth2/authorize?appid=" + url.QueryEscape(c.cfg.CorpID) +
		"&redirect_uri=" + url.QueryEscape(redirect) +
		"&response_type=code&scope=snsapi_base&state=" + url.QueryEscape(state) +
		"&agentid=" + strconv.Itoa(c.cfg.AgentID) + "#wechat_redirect"
}

// LoginURL is where a person signs in at a desk, outside WeCom, by scanning a code.
func (c *Client) LoginURL(redirect, state string) string {
	return c.cfg.LoginURL + "/wwlogin/sso/login?login_type=CorpApp&appid=" + url.QueryEscape(c.cfg.CorpID) +
		"&agentid=" + strconv.Itoa(c.cfg.AgentID) +
		"&redirect_uri=" + url.QueryEscape(redirect) + "&state=" + url.QueryEscape(state) + "&lang=zh"
}

// Identity is who signed in: a member (UserID), or somebody from outside.
type Identity struct {
	UserID         string // "CorpId/userid" for a member of a linked company
	OpenID         string
	ExternalUserID string
}

// UserInfo exchanges the code of a sign-in, once and within 5 minutes. ActionUser means: start
// again, at most once. The code never appears in an error.
func (c *Client) UserInfo(ctx context.Context, code string) (Identity, error) {
	var out oauth.GetUserInfoResponse
	err := c.get(ctx, "auth/getuserinfo", url.Values{"code": {code}}, &out)
	return Identity{UserID: out.UserID, OpenID: out.OpenID, ExternalUserID: out.ExternalUserID}, err
}

// JSSignature is what a page hands to the JS-SDK, wx.config or ww.register.
type JSSignature struct {
	CorpID    string `json:"corpId"`
	AgentID   int    `json:"agentId"`
	Timestamp int64  `json:"timestamp"` // Unix seconds
	NonceStr  string `json:"nonceStr"`
	Signature string `json:"signature"`
}

// JSConfig signs a page for the company's JS-SDK (wx.config). The caller checks that the page is
// one of ours; a fragment is left out as WeCom wants it.
func (c *Client) JSConfig(ctx context.Context, pageURL string) (JSSignature, error) {
	return c.signPage(ctx, c.tickets.corp, pageURL)
}

// AgentConfig signs a page for the app's JS-SDK (wx.agentConfig, getAgentConfigSignature).
func (c *Client) AgentConfig(ctx context.Context, pageURL string) (JSSignature, error) {
	return c.signPage(ctx, c.tickets.agent, pageURL)
}

func (c *Client) signPage(ctx context.Context, ticket *lease, pageURL string) (JSSignature, error) {
	value, err := ticket.get(ctx)
	if err != nil {
		return JSSignature{}, err
	}
	s := JSSignature{CorpID: c.cfg.CorpID, AgentID: c.cfg.AgentID, Timestamp: c.cfg.Clock.Now().Unix(), NonceStr: rand.Text()}
	s.Signature = signPage(value, s.NonceStr, s.Timestamp, pageURL)
	return s, nil
}

// signPage is the JS-SDK's signature: fixed order, nothing encoded, no fragment.
func signPage(ticket, nonce string, timestamp int64, pageURL string) string {
	pageURL, _, _ = strings.Cut(pageURL, "#")
	return util.Signature(fmt.Sprintf("jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=%s", ticket, nonce, timestamp, pageURL))
}
