package simulator

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/xuegong/xuegong/internal/errs"
)

// member finds who acts. The caller holds the lock.
func (s *Server) member(userid string) (*User, error) {
	u := s.user(userid)
	if u == nil {
		return nil, errNoUser
	}
	if !u.canUse() {
		return nil, errs.New(errs.Conflict, "这个人现在看不到应用：不在可见范围里，或者已停用。")
	}
	return u, nil
}

// say puts what a member wrote into the chat and sends it to the app.
func (s *Server) say(u *User, msgType, title string, object any, elements string) *Delivery {
	s.st.MsgIDs++
	id := strconv.FormatUint(s.st.MsgIDs, 10)
	s.put(&Message{
		From: "user", User: u.UserID, MsgID: id, MsgType: msgType,
		Body: mustJSON(reply{"msgtype": msgType, msgType: object}), Shown: true, SentAt: s.now(),
	})
	s.touch()
	if !s.switches.UserMessages {
		return settled("")
	}
	plain := "<xml>" + s.envelope(u.UserID, msgType) + elements + "<MsgId>" + id + "</MsgId>" + s.agent() + "</xml>"
	d := s.enqueue(&callback{user: u.UserID, event: msgType, title: title, plain: []byte(plain)})
	d.MsgID = id
	return d
}

// Text writes a text as the member.
func (s *Server) Text(userid, text string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.member(userid)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(text) == "" {
		return nil, errs.Field("text", "先写点什么再发送。")
	}
	if len(text) > maxText {
		return nil, errs.Field("text", "一条消息最多 2048 字节，分两条发吧。")
	}
	return s.say(u, "text", text, textBody{text}, cdata("Content", text)), nil
}

// Image sends a picture as the member; pictures come under base, the address the platform
// is reached at.
func (s *Server) Image(userid, fileName string, content []byte, base string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.member(userid)
	if err != nil {
		return nil, err
	}
	f, err := s.storeMedia("image", fileName, content, s.now())
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "图片要是 JPG 或 PNG，不超过 10 MB。")
	}
	return s.say(u, "image", "[图片]", reply{"media_id": f.ID},
		cdata("PicUrl", base+"/files/"+f.ID)+cdata("MediaId", f.ID)), nil
}

// Place sends a location as the member.
func (s *Server) Place(userid string, latitude, longitude float64, label string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.member(userid)
	if err != nil {
		return nil, err
	}
	degrees := func(f float64) string { return strconv.FormatFloat(f, 'f', 6, 64) }
	return s.say(u, "location", "[位置] "+label, reply{"latitude": latitude, "longitude": longitude, "label": label},
		"<Location_X>"+degrees(latitude)+"</Location_X><Location_Y>"+degrees(longitude)+"</Location_Y>"+
			number("Scale", 15)+cdata("Label", label)+cdata("AppType", "wxwork")), nil
}

// Enter opens the chat as the member. The app hears of it if isreportenter is set, and of
// the place if report_location_flag is.
func (s *Server) Enter(userid string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.member(userid)
	if err != nil {
		return nil, err
	}
	d := settled("")
	if s.st.App.ReportEnter == 1 {
		d = s.event(u.UserID, "enter_agent", cdata("EventKey", ""))
	}
	if s.st.App.ReportLocation == 1 {
		d = s.event(u.UserID, "LOCATION", "<Latitude>30.512300</Latitude><Longitude>114.413100</Longitude>"+
			"<Precision>30.000000</Precision>"+cdata("AppType", "wxwork"))
	}
	return d, nil
}

// Menu presses the menu button with the key (or the URL, or the name) as the member. With
// force a button that is not in the menu is clicked, as an old client would.
func (s *Server) Menu(userid, key string, force bool) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.member(userid)
	if err != nil {
		return nil, err
	}
	b := findButton(s.menu(), key)
	if b == nil && !force {
		return nil, errs.New(errs.NotFound, "菜单里没有这一项。")
	}
	if b == nil {
		b = &menuButton{Type: "click", Key: key}
	}
	if len(b.Sub) > 0 {
		return settled(""), nil // opening a sub-menu tells nobody
	}
	open := ""
	eventKey := b.Key
	elements := ""
	switch b.Type {
	case "view":
		open, eventKey = b.URL, b.URL
	case "view_miniprogram":
		eventKey = b.PagePath
	case "scancode_push", "scancode_waitmsg":
		elements = "<ScanCodeInfo>" + cdata("ScanType", "qrcode") + cdata("ScanResult", "https://example.com/scan") + "</ScanCodeInfo>"
	case "location_select":
		elements = "<SendLocationInfo>" + cdata("Location_X", "30.512300") + cdata("Location_Y", "114.413100") +
			cdata("Scale", "15") + cdata("Label", "学校") + cdata("Poiname", "") + "</SendLocationInfo>" + cdata("AppType", "wxwork")
	case "pic_sysphoto", "pic_photo_or_album", "pic_weixin":
		elements = "<SendPicsInfo>" + number("Count", 0) + "<PicList></PicList></SendPicsInfo>"
	}
	if !s.switches.MenuEvents {
		return settled(open), nil
	}
	d := s.event(u.UserID, b.Type, cdata("EventKey", eventKey), elements)
	d.Open = open
	return d, nil
}

// Press clicks a button of a card as the member, with what was chosen before by question
// key. The client's rules hold: a greyed or replaced button cannot be pressed (Conflict).
// With force the press is sent as it could have been when the card was new: a press that
// was under way while the card changed.
func (s *Server) Press(userid, msgid, key string, selected map[string][]string, force bool) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.member(userid)
	if err != nil {
		return nil, err
	}
	m := s.message(userid, msgid)
	if m == nil || m.MsgType != "template_card" {
		return nil, errs.New(errs.NotFound, "这个人没有收到这张卡片。")
	}
	if !m.Shown && !force {
		return nil, errs.New(errs.Conflict, "这张卡片没有显示出来，或者已经撤回。")
	}
	p, err := m.press(key, selected, force)
	if err != nil {
		return nil, err
	}
	if p.open != "" {
		return settled(p.open), nil
	}
	if !force {
		if err := s.pressable(m, p); err != nil {
			return nil, err
		}
	}
	m.Pressed = true
	d := s.enqueue(&callback{user: u.UserID, event: p.event, title: "按下“" + p.label + "”", msgid: msgid, plain: s.pressXML(u, m, p)})
	return d, nil
}

// pressable holds what some clients may refuse and others not.
func (s *Server) pressable(m *Message, p press) error {
	switch {
	case m.Pressed && !s.switches.PressAgain:
		return errs.New(errs.Conflict, "这张卡片刚按过，等应用把它更新（平台开关：更新之前不能再按）。")
	case m.Replaced && !s.switches.PressReplaced && p.event == "template_card_event":
		return errs.New(errs.Conflict, "换过内容的卡片不能再按（平台开关）。")
	}
	return nil
}

func (m *Message) press(key string, selected map[string][]string, force bool) (press, error) {
	var now card
	if err := json.Unmarshal(m.Card, &now); err != nil {
		return press{}, err
	}
	p, err := now.pressed(key, selected)
	if err != nil && force {
		var first card
		if err := json.Unmarshal(field(m.Body, "template_card"), &first); err != nil {
			return press{}, err
		}
		p, err = first.pressed(key, selected)
		p.label = first.labelOf(key)
		return p, err
	}
	p.label = now.labelOf(key)
	return p, err
}

// labelOf is what is written on the button with the key.
func (c *card) labelOf(key string) string {
	for _, b := range c.ButtonList {
		if b.Key == key {
			return b.Text
		}
	}
	if c.ActionMenu != nil {
		for _, a := range c.ActionMenu.ActionList {
			if a.Key == key {
				return a.Text
			}
		}
	}
	if c.SubmitButton != nil && c.SubmitButton.Text != "" {
		return c.SubmitButton.Text
	}
	return "提交"
}

// pressXML is the card event (callback.md 9), with a fresh response code.
func (s *Server) pressXML(u *User, m *Message, p press) []byte {
	var b strings.Builder
	b.WriteString("<xml>" + s.envelope(u.UserID, "event") + cdata("Event", p.event) + cdata("EventKey", p.key) +
		cdata("TaskId", m.TaskID) + cdata("CardType", p.cardType) + cdata("ResponseCode", s.newCode(m.MsgID, s.now())) + s.agent())
	if len(p.answers) > 0 {
		b.WriteString("<SelectedItems>")
		for _, a := range p.answers {
			b.WriteString("<SelectedItem>" + cdata("QuestionKey", a.question) + "<OptionIds>")
			for _, id := range a.options {
				b.WriteString(cdata("OptionId", id))
			}
			b.WriteString("</OptionIds></SelectedItem>")
		}
		b.WriteString("</SelectedItems>")
	}
	b.WriteString("</xml>")
	return []byte(b.String())
}

// Event sends any event with flat elements, for those nobody can cause on a phone. From
// user "sys" it comes from the system.
func (s *Server) Event(userid, name string, fields map[string]string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "" {
		return nil, errs.Field("event", "是哪个事件？")
	}
	if userid != "sys" {
		if s.user(userid) == nil {
			return nil, errNoUser
		}
	}
	elements := ""
	for _, k := range sortedKeys(fields) {
		if !elementName.MatchString(k) {
			return nil, errs.Field("fields", "元素名只能是字母、数字和下划线："+k+"。")
		}
		elements += cdata(k, fields[k])
	}
	return s.event(userid, name, elements), nil
}
