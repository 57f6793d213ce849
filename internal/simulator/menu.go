package simulator

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
)

// menuButton is one entry of the menu bar; with Sub it only opens those.
type menuButton struct {
	Type     string       `json:"type,omitempty"`
	Name     string       `json:"name"`
	Key      string       `json:"key,omitempty"`
	URL      string       `json:"url,omitempty"`
	PagePath string       `json:"pagepath,omitempty"`
	AppID    string       `json:"appid,omitempty"`
	Sub      []menuButton `json:"sub_button,omitempty"`
}

// menuLimits are the rules of one level with the errcodes of breaking them (app.md 1).
type menuLimits struct {
	name                              int // bytes
	badType, badName, badKey, longURL int
	badDomain                         int
}

func (s *Server) createMenu(c *call) (reply, error) {
	if err := s.checkAgentParam(c); err != nil {
		return nil, err
	}
	var in struct {
		Button []menuButton `json:"button"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if n := len(in.Button); n < 1 || n > 3 {
		return nil, fail(40016, "invalid button size")
	}
	first := menuLimits{name: 16, badType: 40017, badName: 40018, badKey: 40019, longURL: 40020, badDomain: 40055}
	sub := menuLimits{name: 40, badType: 40024, badName: 40025, badKey: 40026, longURL: 40027, badDomain: 40054}
	for _, b := range in.Button {
		if err := b.check(first); err != nil {
			return nil, err
		}
		if len(b.Sub) > 5 {
			return nil, fail(40023, "invalid sub button size")
		}
		for _, below := range b.Sub {
			if len(below.Sub) > 0 {
				return nil, fail(40022, "invalid button level")
			}
			if err := below.check(sub); err != nil {
				return nil, err
			}
		}
	}
	s.st.Menu = mustJSON(in.Button)
	s.touch()
	s.publish("menu", s.menu())
	return nil, nil
}

func (b *menuButton) check(l menuLimits) error {
	switch {
	case b.Name == "":
		return fail(41102, "missing button name")
	case len(b.Name) > l.name:
		return fail(l.badName, "invalid button name size")
	case len(b.Sub) > 0:
		return nil
	}
	switch b.Type {
	case "view":
		if b.URL == "" || len(b.URL) > 1024 {
			return fail(l.longURL, "invalid button url size")
		}
		if u, err := url.Parse(b.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return fail(l.badDomain, "invalid button url domain")
		}
	case "view_miniprogram":
		if b.AppID == "" || b.PagePath == "" {
			return badField("button.pagepath")
		}
	case "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		if b.Key == "" || len(b.Key) > 128 {
			return fail(l.badKey, "invalid button key size")
		}
	default:
		return fail(l.badType, "invalid button type")
	}
	return nil
}

func (s *Server) getMenu(c *call) (reply, error) {
	if err := s.checkAgentParam(c); err != nil {
		return nil, err
	}
	if s.st.Menu == nil {
		return nil, fail(46003, "menu no exist")
	}
	return reply{"button": s.st.Menu}, nil
}

func (s *Server) deleteMenu(c *call) (reply, error) {
	if err := s.checkAgentParam(c); err != nil {
		return nil, err
	}
	s.st.Menu = nil
	s.touch()
	s.publish("menu", s.menu())
	return nil, nil
}

// checkAgentParam accepts only our own agentid in the URL.
func (s *Server) checkAgentParam(c *call) error {
	id, err := strconv.Atoi(c.query.Get("agentid"))
	if err != nil {
		return fail(40056, "invalid agentid")
	}
	return s.ownAgent(id)
}

// menu is the menu the clients show, never nil.
func (s *Server) menu() []menuButton {
	buttons := []menuButton{}
	if s.st.Menu != nil {
		if err := json.Unmarshal(s.st.Menu, &buttons); err != nil {
			return []menuButton{}
		}
	}
	return buttons
}

// findButton looks for a key, then a URL, then a name, on both levels.
func findButton(buttons []menuButton, want string) *menuButton {
	all := slices.Clone(buttons)
	for _, b := range buttons {
		all = append(all, b.Sub...)
	}
	for _, same := range []func(menuButton) bool{
		func(b menuButton) bool { return b.Key == want },
		func(b menuButton) bool { return cmp.Or(b.URL, b.PagePath) == want },
		func(b menuButton) bool { return b.Name == want },
	} {
		if i := slices.IndexFunc(all, same); want != "" && i >= 0 {
			return &all[i]
		}
	}
	return nil
}
