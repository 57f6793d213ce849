package wecom

import (
	"context"
	"net/url"
)

// MenuButton is an entry of the app's menu: at most 3, each with at most 5 below it. A name has
// at most 16 bytes (40 below), a key 128, a url 1024.
type MenuButton struct {
	Type      string       `json:"type,omitempty"` // click, view, scancode_push, …; "" with SubButton
	Name      string       `json:"name"`
	Key       string       `json:"key,omitempty"`
	URL       string       `json:"url,omitempty"`
	AppID     string       `json:"appid,omitempty"`
	PagePath  string       `json:"pagepath,omitempty"`
	SubButton []MenuButton `json:"sub_button,omitempty"`
}

type menu struct {
	Button []MenuButton `json:"button"`
}

// SetMenu replaces the whole menu.
func (c *Client) SetMenu(ctx context.Context, buttons []MenuButton) error {
	return c.call(ctx, request{api: "menu/create", query: c.agentQuery(), body: encode(menu{buttons})}, nil)
}

// GetMenu returns the menu, nil if none is set.
func (c *Client) GetMenu(ctx context.Context) ([]MenuButton, error) {
	var out menu
	err := c.get(ctx, "menu/get", c.agentQuery(), &out)
	if CodeOf(err) == CodeNoMenu {
		return nil, nil
	}
	return out.Button, err
}

// Agent is the app as the admin console has it.
type Agent struct {
	Name           string `json:"name"`
	Closed         int    `json:"close"` // 1 disabled
	RedirectDomain string `json:"redirect_domain"`
	ReportEnter    int    `json:"isreportenter"` // 1 enter_agent events are sent
	HomeURL        string `json:"home_url"`
}

// Agent reads the app's settings.
func (c *Client) Agent(ctx context.Context) (Agent, error) {
	var out Agent
	err := c.get(ctx, "agent/get", c.agentQuery(), &out)
	return out, err
}

// Ping is one cheap business call. It proves what a token alone does not: the trusted IP
// (CodeUntrustedIP), the agent id and that the app is enabled.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.Agent(ctx)
	return err
}

// APIDomainIP lists the addresses of WeCom's API, for a firewall on the way out. They change;
// ask once a day.
func (c *Client) APIDomainIP(ctx context.Context) ([]string, error) {
	return c.ipList(ctx, "get_api_domain_ip")
}

// CallbackIP lists the addresses that callbacks come from, some with * for a range.
func (c *Client) CallbackIP(ctx context.Context) ([]string, error) {
	return c.ipList(ctx, "getcallbackip")
}

func (c *Client) ipList(ctx context.Context, api string) ([]string, error) {
	var out struct {
		IPList []string `json:"ip_list"`
	}
	err := c.get(ctx, api, url.Values{}, &out)
	return out.IPList, err
}
