package simulator

import (
	"encoding/json"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/xuegong/xuegong/internal/errs"
)

var (
	taskIDShape = regexp.MustCompile(`^[0-9A-Za-z_\-@]{1,128}$`)
	userIDShape = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_\-@.]{0,63}$`)
	elementName = regexp.MustCompile(`^[A-Za-z_][0-9A-Za-z_]*$`)
	idTrans     = regexp.MustCompile(`\$(userName|userAlias|userAliasOrName|departmentName)=([^$"\\]+)\$`)
)

// The five card types.
const (
	textNotice   = "text_notice"
	newsNotice   = "news_notice"
	buttonCard   = "button_interaction"
	voteCard     = "vote_interaction"
	multipleCard = "multiple_interaction"
)

// card is a template card, in JSON as sent and in XML as a passive reply spells it.
type card struct {
	CardType string `json:"card_type" xml:"CardType"`
	Source   *struct {
		IconURL   string `json:"icon_url,omitempty" xml:"IconUrl"`
		Desc      string `json:"desc,omitempty" xml:"Desc"`
		DescColor int    `json:"desc_color,omitempty" xml:"DescColor"`
	} `json:"source,omitempty" xml:"Source"`
	ActionMenu *struct {
		Desc       string `json:"desc,omitempty" xml:"Desc"`
		ActionList []struct {
			Text string `json:"text" xml:"Text"`
			Key  string `json:"key" xml:"Key"`
		} `json:"action_list" xml:"ActionList"`
	} `json:"action_menu,omitempty" xml:"ActionMenu"`
	TaskID    string `json:"task_id,omitempty" xml:"TaskId"`
	MainTitle *struct {
		Title string `json:"title,omitempty" xml:"Title"`
		Desc  string `json:"desc,omitempty" xml:"Desc"`
	} `json:"main_title,omitempty" xml:"MainTitle"`
	SubTitleText    string `json:"sub_title_text,omitempty" xml:"SubTitleText"`
	EmphasisContent *struct {
		Title string `json:"title,omitempty" xml:"Title"`
		Desc  string `json:"desc,omitempty" xml:"Desc"`
	} `json:"emphasis_content,omitempty" xml:"EmphasisContent"`
	QuoteArea *struct {
		cardLink
		Title     string `json:"title,omitempty" xml:"Title"`
		QuoteText string `json:"quote_text,omitempty" xml:"QuoteText"`
	} `json:"quote_area,omitempty" xml:"QuoteArea"`
	ImageTextArea *struct {
		cardLink
		Title    string `json:"title,omitempty" xml:"Title"`
		Desc     string `json:"desc,omitempty" xml:"Desc"`
		ImageURL string `json:"image_url" xml:"ImageUrl"`
	} `json:"image_text_area,omitempty" xml:"ImageTextArea"`
	CardImage *struct {
		URL         string  `json:"url" xml:"Url"`
		AspectRatio float64 `json:"aspect_ratio,omitempty" xml:"AspectRatio"`
	} `json:"card_image,omitempty" xml:"CardImage"`
	Vertical []struct {
		Title string `json:"title" xml:"Title"`
		Desc  string `json:"desc,omitempty" xml:"Desc"`
	} `json:"vertical_content_list,omitempty" xml:"VerticalContentList"`
	Horizontal []struct {
		Type    int    `json:"type,omitempty" xml:"Type"`
		KeyName string `json:"keyname" xml:"KeyName"`
		Value   string `json:"value,omitempty" xml:"Value"`
		URL     string `json:"url,omitempty" xml:"Url"`
		MediaID string `json:"media_id,omitempty" xml:"MediaId"`
		UserID  string `json:"userid,omitempty" xml:"UserId"`
	} `json:"horizontal_content_list,omitempty" xml:"HorizontalContentList"`
	JumpList []struct {
		cardLink
		Title string `json:"title" xml:"Title"`
	} `json:"jump_list,omitempty" xml:"JumpList"`
	CardAction      *cardLink  `json:"card_action,omitempty" xml:"CardAction"`
	ButtonSelection *selection `json:"button_selection,omitempty" xml:"ButtonSelection"`
	ButtonList      []struct {
		Type  int    `json:"type,omitempty" xml:"Type"`
		Text  string `json:"text" xml:"Text"`
		Style int    `json:"style,omitempty" xml:"Style"`
		Key   string `json:"key,omitempty" xml:"Key"`
		URL   string `json:"url,omitempty" xml:"Url"`
	} `json:"button_list,omitempty" xml:"ButtonList"`
	Checkbox     *selection  `json:"checkbox,omitempty" xml:"CheckBox"`
	SelectList   []selection `json:"select_list,omitempty" xml:"SelectList"`
	SubmitButton *struct {
		Text string `json:"text,omitempty" xml:"Text"`
		Key  string `json:"key" xml:"Key"`
	} `json:"submit_button,omitempty" xml:"SubmitButton"`
	ReplaceText string `json:"replace_text,omitempty" xml:"ReplaceText"`
}

type cardLink struct {
	Type     int    `json:"type,omitempty" xml:"Type"` // 0 none, 1 url, 2 mini program
	URL      string `json:"url,omitempty" xml:"Url"`
	AppID    string `json:"appid,omitempty" xml:"AppId"`
	AppIDOld string `json:"-" xml:"Appid"` // quote and image areas spell it so
	PagePath string `json:"pagepath,omitempty" xml:"PagePath"`
}

// selection is a question: button_selection, checkbox and each of select_list.
type selection struct {
	QuestionKey string   `json:"question_key" xml:"QuestionKey"`
	Title       string   `json:"title,omitempty" xml:"Title"`
	SelectedID  string   `json:"selected_id,omitempty" xml:"SelectedId"`
	Disable     bool     `json:"disable,omitempty" xml:"Disable"`
	Mode        int      `json:"mode,omitempty" xml:"Mode"`
	OptionList  []option `json:"option_list" xml:"OptionList"`
}

type option struct {
	ID        string `json:"id" xml:"Id"`
	Text      string `json:"text" xml:"Text"`
	IsChecked bool   `json:"is_checked,omitempty" xml:"IsChecked"`
}

// greyable cards have buttons that can become a label.
func (c *card) greyable() bool {
	return c.CardType == buttonCard || c.CardType == voteCard || c.CardType == multipleCard
}

// answerable cards call back when pressed, so they can be updated.
func (c *card) answerable() bool { return c.greyable() || c.ActionMenu != nil }

// checkNewCard holds the rules for a card in message/send.
func (s *Server) checkNewCard(c *card) error {
	if c == nil {
		return badField("template_card")
	}
	if err := s.checkCard(c, asNew); err != nil {
		return err
	}
	if c.answerable() && (s.cfg.CallbackURL == "" || s.crypto == nil) {
		return fail(43012, "callback url is not set")
	}
	if c.answerable() || c.TaskID != "" {
		if !taskIDShape.MatchString(c.TaskID) {
			return fail(42014, "invalid task_id")
		}
		if _, used := s.st.Tasks[c.TaskID]; used && s.switches.UniqueTasks {
			return fail(42014, "task_id already exists")
		}
	}
	return nil
}

// cardUse is where a card stands: the rules differ a little.
type cardUse int

const (
	asNew    cardUse = iota // in message/send or a webhook
	asUpdate                // in update_template_card
	asReply                 // in a passive reply
)

// checkCard holds the rules of sending.md section 4. In an update a grey label may stand in
// for the buttons.
func (s *Server) checkCard(c *card, as cardUse) error {
	if !slices.Contains([]string{textNotice, newsNotice, buttonCard, voteCard, multipleCard}, c.CardType) {
		return fail(42031, "invalid card_type")
	}
	for _, check := range []func(*card, cardUse) error{
		checkTitle, s.checkLengths, s.checkMenuOfCard, checkAreas, s.checkRows, checkLinks, checkButtons, checkQuestions,
	} {
		if err := check(c, as); err != nil {
			return err
		}
	}
	return nil
}

func checkTitle(c *card, _ cardUse) error {
	title := c.MainTitle != nil && c.MainTitle.Title != ""
	if !title && (c.CardType != textNotice || c.SubTitleText == "") {
		return fail(41016, "missing main_title.title")
	}
	return nil
}

// checkLengths refuses texts beyond the sizes the platform recommends, if the switch says
// so; otherwise they are only shortened on screen.
func (s *Server) checkLengths(c *card, _ cardUse) error {
	if !s.switches.StrictLengths {
		return nil
	}
	for _, t := range c.texts() {
		if utf8.RuneCountInString(t.text) > t.most {
			return badField(t.name)
		}
	}
	return nil
}

type sizedText struct {
	name, text string
	most       int
}

func (c *card) texts() []sizedText {
	list := []sizedText{{"sub_title_text", c.SubTitleText, 160}}
	add := func(name, text string, most int) { list = append(list, sizedText{name, text, most}) }
	if c.Source != nil {
		add("source.desc", c.Source.Desc, 20)
	}
	if m := c.MainTitle; m != nil {
		title, desc := 36, 44
		switch c.CardType {
		case voteCard:
			title, desc = 16, 160
		case multipleCard:
			desc = 160
		}
		add("main_title.title", m.Title, title)
		add("main_title.desc", m.Desc, desc)
	}
	if e := c.EmphasisContent; e != nil {
		add("emphasis_content.title", e.Title, 14)
		add("emphasis_content.desc", e.Desc, 22)
	}
	for _, v := range c.Vertical {
		add("vertical_content_list.title", v.Title, 38)
		add("vertical_content_list.desc", v.Desc, 160)
	}
	for _, h := range c.Horizontal {
		add("horizontal_content_list.keyname", h.KeyName, 5)
		add("horizontal_content_list.value", h.Value, 30)
	}
	for _, j := range c.JumpList {
		add("jump_list.title", j.Title, 18)
	}
	for _, b := range c.ButtonList {
		add("button_list.text", b.Text, 10)
	}
	if c.SubmitButton != nil {
		add("submit_button.text", c.SubmitButton.Text, 10)
	}
	for _, q := range c.questions() {
		most := 16
		if c.CardType == voteCard {
			most = 17
		}
		for _, o := range q.OptionList {
			add("option_list.text", o.Text, most)
		}
	}
	return list
}

const maxKey = 1024 // bytes of button, menu and question keys

func (s *Server) checkMenuOfCard(c *card, as cardUse) error {
	if c.ActionMenu == nil {
		return nil
	}
	most := 3
	if as == asReply {
		most = s.switches.ReplyMenuMax
	}
	if n := len(c.ActionMenu.ActionList); n < 1 || n > most || c.CardType == voteCard || c.CardType == multipleCard {
		return badField("action_menu.action_list")
	}
	keys := map[string]bool{}
	for _, a := range c.ActionMenu.ActionList {
		switch {
		case a.Text == "":
			return fail(42038, "invalid action_list.text")
		case a.Key == "" || len(a.Key) > maxKey:
			return fail(42039, "invalid action_list.key")
		case keys[a.Key]:
			return fail(42051, "action_list.key is repeated")
		}
		keys[a.Key] = true
	}
	return nil
}

func checkAreas(c *card, _ cardUse) error {
	if c.QuoteArea != nil {
		if err := c.QuoteArea.check(0, 42028); err != nil {
			return err
		}
	}
	if c.CardType != newsNotice {
		return nil
	}
	if c.ImageTextArea != nil {
		if c.ImageTextArea.ImageURL == "" {
			return fail(42044, "image_text_area.image_url missing")
		}
		if err := c.ImageTextArea.check(0, 42028); err != nil {
			return err
		}
	}
	if c.CardImage == nil && c.ImageTextArea == nil || c.CardImage != nil && c.CardImage.URL == "" {
		return fail(42044, "card_image.url missing")
	}
	return nil
}

// check refuses a link whose type lacks its target; types below least answer wrongType.
func (l cardLink) check(least, wrongType int) error {
	switch {
	case l.Type < least || l.Type > 2:
		return fail(wrongType, "invalid type of link")
	case l.Type == 1 && l.URL == "":
		return fail(42028, "url missing")
	case l.Type == 2 && l.AppID == "" && l.AppIDOld == "":
		return fail(42030, "appid missing")
	}
	return nil
}

func (s *Server) checkRows(c *card, _ cardUse) error {
	if len(c.Vertical) > 4 {
		return fail(42036, "vertical_content_list size out of limit")
	}
	for _, v := range c.Vertical {
		if v.Title == "" {
			return fail(42033, "vertical_content_list.title missing")
		}
	}
	if len(c.Horizontal) > 6 {
		return fail(42035, "horizontal_content_list size out of limit")
	}
	for _, h := range c.Horizontal {
		switch {
		case h.KeyName == "":
			return fail(42027, "horizontal_content_list.keyname missing")
		case h.Type < 0 || h.Type > 3:
			return badField("horizontal_content_list.type")
		case h.Type == 1 && h.URL == "":
			return fail(42028, "horizontal_content_list.url missing")
		case h.Type == 2 && s.mediaFile(h.MediaID, s.now()) == nil:
			return fail(42029, "horizontal_content_list.media_id invalid")
		case h.Type == 3 && s.user(h.UserID) == nil:
			return fail(42050, "horizontal_content_list.userid invalid")
		}
	}
	return nil
}

func checkLinks(c *card, _ cardUse) error {
	if len(c.JumpList) > 3 {
		return fail(42042, "jump_list size out of limit")
	}
	for _, j := range c.JumpList {
		if j.Title == "" {
			return fail(42033, "jump_list.title missing")
		}
		if err := j.check(0, 42028); err != nil {
			return err
		}
	}
	switch c.CardType {
	case textNotice, newsNotice:
		if c.CardAction == nil {
			return fail(42045, "card_action missing")
		}
		return c.CardAction.check(1, 42045)
	case buttonCard:
		if c.CardAction != nil {
			return c.CardAction.check(0, 42045)
		}
	}
	return nil
}

func checkButtons(c *card, as cardUse) error {
	replaced := as != asNew && c.ReplaceText != ""
	switch c.CardType {
	case buttonCard:
		if n := len(c.ButtonList); n > 6 || n == 0 && !replaced {
			return badField("button_list")
		}
	case voteCard, multipleCard:
		if c.SubmitButton == nil && replaced {
			return nil
		}
		if c.SubmitButton == nil || c.SubmitButton.Key == "" || len(c.SubmitButton.Key) > maxKey {
			return fail(42046, "invalid submit_button.key")
		}
	}
	keys := map[string]bool{}
	for _, b := range c.ButtonList {
		switch {
		case b.Text == "":
			return fail(42038, "button_list.text missing")
		case b.Type == 1 && b.URL == "":
			return fail(42028, "button_list.url missing")
		case b.Type == 1:
		case b.Key == "" || len(b.Key) > maxKey || keys[b.Key]:
			return fail(42039, "invalid button_list.key")
		default:
			keys[b.Key] = true
		}
	}
	return nil
}

func checkQuestions(c *card, _ cardUse) error {
	switch c.CardType {
	case buttonCard:
		if c.ButtonSelection != nil {
			return c.ButtonSelection.check(10)
		}
	case voteCard:
		if c.Checkbox == nil {
			return fail(42043, "checkbox missing")
		}
		if c.Checkbox.Mode != 0 && c.Checkbox.Mode != 1 {
			return badField("checkbox.mode")
		}
		return c.Checkbox.check(20)
	case multipleCard:
		if n := len(c.SelectList); n < 1 || n > 3 {
			return fail(42047, "select_list size out of limit")
		}
		keys := map[string]bool{}
		for _, q := range c.SelectList {
			if keys[q.QuestionKey] {
				return fail(42043, "question_key is repeated")
			}
			keys[q.QuestionKey] = true
			if err := q.check(10); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *selection) check(most int) error {
	if q.QuestionKey == "" || len(q.QuestionKey) > maxKey {
		return fail(42043, "invalid question_key")
	}
	if n := len(q.OptionList); n < 1 || n > most {
		return fail(42037, "option_list size out of limit")
	}
	ids := map[string]bool{}
	for _, o := range q.OptionList {
		switch {
		case o.ID == "" || len(o.ID) > 128 || ids[o.ID]:
			return fail(42040, "invalid option_list.id")
		case o.Text == "":
			return fail(42041, "option_list.text missing")
		}
		ids[o.ID] = true
	}
	return nil
}

// responseCode permits one update of one send.
type responseCode struct {
	MsgID string
	Until time.Time
}

// newCode makes a response code for 72 h; ended ones are forgotten, they answer alike.
func (s *Server) newCode(msgid string, now time.Time) string {
	if len(s.st.Codes)%1000 == 999 {
		for code, c := range s.st.Codes {
			if !now.Before(c.Until) {
				delete(s.st.Codes, code)
			}
		}
	}
	code := randomText(43)
	s.st.Codes[code] = responseCode{MsgID: msgid, Until: now.Add(codeLife)}
	return code
}

type updateRequest struct {
	UserIDs      []string        `json:"userids"`
	PartyIDs     []int           `json:"partyids"`
	TagIDs       []int           `json:"tagids"`
	AtAll        int             `json:"atall"`
	AgentID      json.RawMessage `json:"agentid"`
	ResponseCode string          `json:"response_code"`
	IDTrans      int             `json:"enable_id_trans"`
	Button       *struct {
		ReplaceName string `json:"replace_name"`
	} `json:"button"`
	Card *card `json:"template_card"`
}

// updateCard is message/update_template_card in both forms (sending.md 5).
func (s *Server) updateCard(c *call) (reply, error) {
	var in updateRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := s.checkAgent(in.AgentID); err != nil {
		return nil, err
	}
	if err := s.checkUpdate(&in); err != nil {
		return nil, err
	}
	code, ok := s.st.Codes[in.ResponseCode]
	record := s.st.Sends[code.MsgID]
	if !ok || record == nil || !c.now.Before(code.Until) {
		return nil, fail(60140, "invalid response_code")
	}
	if in.Button != nil && !record.Greyable {
		return nil, badField("button")
	}
	to, bad := s.updateTargets(&in, record)
	if len(to) == 0 && !s.switches.ListStrangers {
		return nil, &apiError{code: 82102, msg: "targets did not receive the message", reply: reply{"invaliduser": bad}}
	}
	if s.switches.CodesOnce {
		delete(s.st.Codes, in.ResponseCode)
	}
	next := field(c.body, "template_card")
	if in.IDTrans == 1 {
		next = s.translateIDs(next)
	}
	for _, id := range to {
		if m := s.message(id, code.MsgID); m != nil {
			if in.Button != nil {
				s.grey(m, in.Button.ReplaceName)
			} else {
				s.replace(m, next)
			}
		}
	}
	s.touch()
	return reply{"invaliduser": bad}, nil
}

func (s *Server) checkUpdate(in *updateRequest) error {
	switch {
	case len(in.UserIDs)+len(in.PartyIDs)+len(in.TagIDs) == 0 && in.AtAll != 1:
		return fail(82101, "no target")
	case len(in.UserIDs) > 1000:
		return fail(40032, "userid list size out of limit")
	case len(in.PartyIDs) > 100:
		return fail(82002, "partyids size out of limit")
	case len(in.TagIDs) > 100:
		return fail(82003, "tagids size out of limit")
	case in.ResponseCode == "":
		return fail(60140, "invalid response_code")
	case in.Button == nil && in.Card == nil:
		return badField("button")
	case in.Button != nil && in.Button.ReplaceName == "":
		return fail(42020, "button.replace_name missing")
	case in.Button == nil:
		return s.checkCard(in.Card, asUpdate)
	}
	return nil
}

// updateTargets are the folded userids that got the card, and those named that did not.
func (s *Server) updateTargets(in *updateRequest, record *sent) (to, bad []string) {
	if in.AtAll == 1 {
		return record.To, []string{}
	}
	bad = []string{}
	add := func(id string, named bool) {
		switch {
		case !slices.Contains(record.To, id):
			if named && !slices.Contains(bad, id) {
				bad = append(bad, id)
			}
		case !slices.Contains(to, id):
			to = append(to, id)
		}
	}
	for _, id := range in.UserIDs {
		add(fold(id), true)
	}
	for _, id := range in.PartyIDs {
		for _, u := range s.inDepartment(id, true) {
			add(fold(u.UserID), false)
		}
	}
	for _, id := range in.TagIDs {
		if t := s.tag(id); t != nil {
			for _, u := range s.tagged(t) {
				add(fold(u.UserID), false)
			}
		}
	}
	return to, bad
}

// grey puts a label where the card's buttons are.
func (s *Server) grey(m *Message, label string) {
	var c map[string]json.RawMessage
	if json.Unmarshal(m.Card, &c) != nil {
		return
	}
	c["replace_text"] = mustJSON(label)
	m.Card = mustJSON(c)
	m.Pressed = false
	s.changedMessage(m)
}

// replace puts another card in its place; its buttons work, under the first task_id.
func (s *Server) replace(m *Message, next json.RawMessage) {
	m.Card, m.Replaced, m.Pressed = next, true, false
	s.changedMessage(m)
}

// press is what a click on a card tells the app.
type press struct {
	event    string // template_card_event or template_card_menu_event
	cardType string
	key      string
	answers  []answer
	label    string // what is written on the button
	open     string // a button with an URL opens it and calls nobody
}

type answer struct {
	question string
	options  []string
}

// pressed applies the rules of the client to a click on the card as it looks now.
func (c *card) pressed(key string, selected map[string][]string) (press, error) {
	p := press{event: "template_card_event", cardType: c.CardType, key: key}
	if c.ActionMenu != nil {
		for _, a := range c.ActionMenu.ActionList {
			if a.Key == key {
				p.event = "template_card_menu_event"
				return p, nil
			}
		}
	}
	if c.ReplaceText != "" {
		return p, errs.New(errs.Conflict, "这张卡片已经处理过，按钮是灰色的：“"+c.ReplaceText+"”。")
	}
	if !c.greyable() {
		return p, errs.New(errs.Conflict, "这张卡片现在只展示结果，没有可以按的按钮。")
	}
	for _, b := range c.ButtonList {
		if b.Type == 1 && (b.Key == key && key != "" || b.URL == key) {
			p.open = b.URL
			return p, nil
		}
	}
	if !c.hasButton(key) {
		return p, errs.New(errs.Conflict, "卡片上现在没有这个按钮，可能已经换成了新的内容。")
	}
	var err error
	p.answers, err = c.answers(selected)
	return p, err
}

func (c *card) hasButton(key string) bool {
	if c.SubmitButton != nil && c.CardType != buttonCard {
		return c.SubmitButton.Key == key
	}
	for _, b := range c.ButtonList {
		if b.Type == 0 && b.Key == key {
			return true
		}
	}
	return false
}

// answers are what the questions of the card stand at after the person's choices. A selector
// nobody touched answers its selected_id, or its first option.
func (c *card) answers(selected map[string][]string) ([]answer, error) {
	var all []answer
	for _, q := range c.questions() {
		a, err := q.answer(selected[q.QuestionKey], c.CardType == voteCard)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	for key := range selected {
		if !slices.ContainsFunc(all, func(a answer) bool { return a.question == key }) {
			return nil, errs.Field("selected", "卡片上没有这个问题："+key+"。")
		}
	}
	return all, nil
}

func (c *card) questions() []selection {
	switch {
	case c.CardType == voteCard && c.Checkbox != nil:
		return []selection{*c.Checkbox}
	case c.CardType == multipleCard:
		return c.SelectList
	case c.CardType == buttonCard && c.ButtonSelection != nil:
		return []selection{*c.ButtonSelection}
	}
	return nil
}

func (q *selection) answer(chosen []string, vote bool) (answer, error) {
	if q.Disable && chosen != nil {
		return answer{}, errs.New(errs.Conflict, "这个选项已经锁定，不能再改。")
	}
	if chosen == nil {
		chosen = q.preset(vote)
	}
	for _, id := range chosen {
		if !slices.ContainsFunc(q.OptionList, func(o option) bool { return o.ID == id }) {
			return answer{}, errs.Field("selected", "没有这个选项："+id+"。")
		}
	}
	switch {
	case len(chosen) == 0:
		return answer{}, errs.Field("selected", "请先选一项。")
	case len(chosen) > 1 && (!vote || q.Mode != 1):
		return answer{}, errs.Field("selected", "这里只能选一项。")
	}
	return answer{question: q.QuestionKey, options: chosen}, nil
}

func (q *selection) preset(vote bool) []string {
	var ids []string
	for _, o := range q.OptionList {
		if vote && o.IsChecked || !vote && o.ID == q.SelectedID {
			ids = append(ids, o.ID)
		}
	}
	if len(ids) == 0 && !vote && len(q.OptionList) > 0 {
		ids = []string{q.OptionList[0].ID}
	}
	return ids
}
