package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/xuegong/xuegong/internal/errs"
)

// The contact-sync assistant has a callback of its own, to which the platform tells what an
// administrator changes in the address book (callback.md 11). A self-built app never hears
// of it, and what the assistant changes itself is not echoed to it.

// assistant is where it listens.
type assistant struct {
	URL    string `json:"url"`
	Token  string `json:"token"`
	AESKey string `json:"encodingaeskey"`
}

// ctlAssistant sets the endpoint with {url,token,encodingaeskey}; an empty url takes it away.
func (s *Server) ctlAssistant(r *http.Request) (any, error) {
	var in assistant
	if err := read(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.receiverOf(in.URL, in.Token, in.AESKey); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "回调要有网址、Token（1 到 32 位字母数字）和 43 位的 EncodingAESKey。")
	}
	s.st.Assistant = nil
	if in.URL != "" {
		s.st.Assistant = &in
	}
	s.touch()
	return reply{"ok": true}, nil
}

// contactChanged tells the assistant, in the reduced form of endpoints made since 2022:
// ids only, and a changed member only when the departments changed.
func (s *Server) contactChanged(before, after *User) {
	if s.st.Assistant == nil {
		return
	}
	var kind, elements string
	switch {
	case after == nil:
		kind, elements = "delete_user", cdata("UserID", before.UserID)
	case before == nil:
		kind, elements = "create_user", cdata("UserID", after.UserID)+cdata("Department", parties(after))
	case !slices.Equal(before.Departments, after.Departments):
		kind, elements = "update_user", cdata("UserID", after.UserID)+cdata("Department", parties(after))
	default:
		return
	}
	to, err := s.receiverOf(s.st.Assistant.URL, s.st.Assistant.Token, s.st.Assistant.AESKey)
	if err != nil {
		return // it was good when it was set
	}
	plain := "<xml>" + s.envelope("sys", "event") + cdata("Event", "change_contact") + cdata("ChangeType", kind) + elements + "</xml>"
	s.enqueue(&callback{user: "sys", event: "change_contact", title: "通讯录有变化", plain: []byte(plain), to: to})
}

// parties are a member's departments as the event writes them: 1,2.
func parties(u *User) string {
	ids := make([]string, len(u.Departments))
	for i, id := range u.Departments {
		ids[i] = strconv.Itoa(id)
	}
	return strings.Join(ids, ",")
}
