package simulator

import (
	"net/http"
	"regexp"
	"slices"
	"time"
)

// Group chats made by the app (app.md 8). A group is known to the API and its posts are in
// GET /sim/chats; the phones show only the app's own session.

// chat is one group.
type chat struct {
	ID    string        `json:"chatid"`
	Name  string        `json:"name"`
	Owner string        `json:"owner"`
	Users []string      `json:"userlist"`
	Said  []webhookPost `json:"said"`
}

const maxChat = 2000 // members of a group

var chatIDShape = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)

type chatRequest struct {
	ChatID  string   `json:"chatid"`
	Name    string   `json:"name"`
	Owner   string   `json:"owner"`
	Users   []string `json:"userlist"`
	AddList []string `json:"add_user_list"`
	DelList []string `json:"del_user_list"`
}

// chatCall reads the body; only an app that the whole company sees may have groups.
func (s *Server) chatCall(c *call, in any) error {
	if slices.ContainsFunc(s.st.Users, func(u User) bool { return !u.InRange && u.Status == active }) {
		return fail(60011, "no privilege to access/modify contact/party/agent")
	}
	return c.decode(in)
}

func (s *Server) createChat(c *call) (reply, error) {
	var in chatRequest
	if err := s.chatCall(c, &in); err != nil {
		return nil, err
	}
	if in.ChatID != "" && !chatIDShape.MatchString(in.ChatID) {
		return nil, fail(86001, "invalid chatid")
	}
	if s.st.Chats[in.ChatID] != nil {
		return nil, fail(86215, "chatid existed")
	}
	if err := s.checkMembers(in.Users); err != nil {
		return nil, err
	}
	if in.Owner == "" && len(in.Users) > 0 {
		in.Owner = in.Users[0]
	}
	if !contains(in.Users, in.Owner) {
		return nil, fail(86216, "owner is not a member")
	}
	if s.switches.RateLimits && !s.limit("appchat/create", c.now, 1000, day) {
		return nil, fail(45009, "api freq out of limit")
	}
	if in.ChatID == "" {
		in.ChatID = newChatID()
	}
	s.st.Chats[in.ChatID] = &chat{ID: in.ChatID, Name: first(in.Name, 50), Owner: in.Owner, Users: in.Users}
	s.touch()
	return reply{"chatid": in.ChatID}, nil
}

func newChatID() string { return "CHAT" + randomDigits(20) }

// checkMembers holds the number of members and that each is one the app may see.
func (s *Server) checkMembers(users []string) error {
	if len(users) < 2 || len(users) > maxChat {
		return fail(86006, "invalid member count")
	}
	var bad []string
	for _, id := range users {
		if u := s.user(id); u == nil || !u.canUse() {
			bad = append(bad, fold(id))
		}
	}
	if len(bad) > 0 {
		return &apiError{code: 86216, msg: "illegal members", reply: reply{"invaliduser": bad}}
	}
	return nil
}

func contains(users []string, id string) bool {
	return slices.ContainsFunc(users, func(u string) bool { return fold(u) == fold(id) })
}

func (s *Server) chat(id string) (*chat, error) {
	if c := s.st.Chats[id]; c != nil {
		return c, nil
	}
	return nil, fail(86003, "chatid not found")
}

func (s *Server) updateChat(c *call) (reply, error) {
	var in chatRequest
	if err := s.chatCall(c, &in); err != nil {
		return nil, err
	}
	g, err := s.chat(in.ChatID)
	if err != nil {
		return nil, err
	}
	users := slices.DeleteFunc(slices.Clone(g.Users), func(id string) bool { return contains(in.DelList, id) })
	for _, id := range in.AddList {
		if !contains(users, id) {
			users = append(users, id)
		}
	}
	if err := s.checkMembers(users); err != nil {
		return nil, err
	}
	if in.Owner != "" && !contains(users, in.Owner) {
		return nil, fail(86216, "owner is not a member")
	}
	if s.switches.RateLimits && !s.limit("appchat/update", c.now, 1000, time.Hour) {
		return nil, fail(45009, "api freq out of limit")
	}
	g.Users = users
	if in.Owner != "" {
		g.Owner = in.Owner
	}
	if !contains(users, g.Owner) {
		g.Owner = users[0]
	}
	if in.Name != "" {
		g.Name = first(in.Name, 50)
	}
	s.touch()
	return nil, nil
}

func (s *Server) getChat(c *call) (reply, error) {
	g, err := s.chat(c.query.Get("chatid"))
	if err != nil {
		return nil, err
	}
	return reply{"chat_info": reply{"chatid": g.ID, "name": g.Name, "owner": g.Owner, "userlist": g.Users}}, nil
}

// sendChat is message/send to a group: no agentid, no cards, nothing comes back.
func (s *Server) sendChat(c *call) (reply, error) {
	var to struct {
		ChatID string `json:"chatid"`
	}
	if err := s.chatCall(c, &to); err != nil {
		return nil, err
	}
	var in sendRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	g, err := s.chat(to.ChatID)
	if err != nil {
		return nil, err
	}
	if in.MsgType == "template_card" || in.MsgType == "miniprogram_notice" {
		return nil, fail(40008, "invalid message type")
	}
	if err := s.checkMessage(&in, c.now); err != nil {
		return nil, err
	}
	if s.switches.RateLimits && (!s.limitMany("m:appchat", c.now, len(g.Users), 20_000, time.Minute) ||
		!s.limitMany("h:appchat", c.now, len(g.Users), 300_000, time.Hour)) {
		return nil, fail(45009, "api freq out of limit")
	}
	g.Said = append(g.Said, webhookPost{At: c.now, MsgType: in.MsgType, Body: slices.Clone(c.body)})
	g.Said = g.Said[max(0, len(g.Said)-webhookKept):]
	s.touch()
	return nil, nil
}

// ctlChats shows the groups and what was said in them.
func (s *Server) ctlChats(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []chat{}
	for _, id := range sortedKeys(s.st.Chats) {
		list = append(list, *s.st.Chats[id])
	}
	return list, nil
}
