package wecom

import "strings"

// Card types (sending.md section 4: which field each allows).
const (
	CardTextNotice  = "text_notice"
	CardNewsNotice  = "news_notice"
	CardButtons     = "button_interaction"
	CardVote        = "vote_interaction"
	CardMultiple    = "multiple_interaction"
	MaxCardButtons  = 6
	MaxCardRows     = 6 // horizontal_content_list
	MaxCardColumns  = 4 // vertical_content_list
	MaxCardJumps    = 3
	MaxCardSelects  = 3
	MaxCardOptions  = 10 // of a selector
	MaxVoteOptions  = 20
	MaxCardMenu     = 3
	MaxTaskIDLength = 128 // of [0-9A-Za-z_\-@]
)

// Button styles; anything else shows as ButtonBlue.
const (
	ButtonBlue  = 1
	ButtonGrey  = 2
	ButtonRed   = 3
	ButtonGreen = 4
)

// Colours of Source.Desc.
const (
	ColorGrey  = 0
	ColorBlack = 1
	ColorRed   = 2
	ColorGreen = 3
)

// Link kinds of CardAction, Jump, QuoteArea and ImageTextArea; Horizontal has two more.
const (
	LinkNone        = 0
	LinkURL         = 1
	LinkMiniprogram = 2
	RowAttachment   = 2 // Horizontal only
	RowMember       = 3 // Horizontal only
)

// TemplateCard is an interactive card as it is sent and as it replaces another. Lengths beyond
// what WeCom recommends are shortened on screen; list sizes, keys and required fields are
// enforced with errcodes.
type TemplateCard struct {
	CardType        string           `json:"card_type"`
	Source          *Source          `json:"source,omitempty"`
	ActionMenu      *ActionMenu      `json:"action_menu,omitempty"` // makes a notice answerable, then TaskID is required
	TaskID          string           `json:"task_id,omitempty"`     // unique per app, absent in updates
	MainTitle       *MainTitle       `json:"main_title,omitempty"`
	SubTitleText    string           `json:"sub_title_text,omitempty"`
	EmphasisContent *EmphasisContent `json:"emphasis_content,omitempty"`
	QuoteArea       *QuoteArea       `json:"quote_area,omitempty"`
	ImageTextArea   *ImageTextArea   `json:"image_text_area,omitempty"`
	CardImage       *CardImage       `json:"card_image,omitempty"`
	VerticalContent []Vertical       `json:"vertical_content_list,omitempty"`
	Rows            []Horizontal     `json:"horizontal_content_list,omitempty"`
	JumpList        []Jump           `json:"jump_list,omitempty"`
	CardAction      *CardAction      `json:"card_action,omitempty"`
	ButtonSelection *ButtonSelection `json:"button_selection,omitempty"`
	ButtonList      []Button         `json:"button_list,omitempty"`
	Checkbox        *Checkbox        `json:"checkbox,omitempty"`
	SelectList      []Select         `json:"select_list,omitempty"`
	SubmitButton    *SubmitButton    `json:"submit_button,omitempty"`
	ReplaceText     string           `json:"replace_text,omitempty"` // updates only: a grey label instead of the buttons
}

// Source is the small line above the title.
type Source struct {
	IconURL   string `json:"icon_url,omitempty"`
	Desc      string `json:"desc,omitempty"`
	DescColor int    `json:"desc_color,omitempty"`
}

// MainTitle is the title and the line under it.
type MainTitle struct {
	Title string `json:"title,omitempty"`
	Desc  string `json:"desc,omitempty"`
}

// ActionMenu is the menu at the top right.
type ActionMenu struct {
	Desc       string       `json:"desc,omitempty"`
	ActionList []MenuAction `json:"action_list"`
}

// MenuAction is an entry of ActionMenu; keys are unique.
type MenuAction struct {
	Text string `json:"text"`
	Key  string `json:"key"`
}

// EmphasisContent is the big figure of a text notice.
type EmphasisContent struct {
	Title string `json:"title,omitempty"`
	Desc  string `json:"desc,omitempty"`
}

// QuoteArea is the quotation of a card.
type QuoteArea struct {
	Type      int    `json:"type,omitempty"`
	URL       string `json:"url,omitempty"`
	AppID     string `json:"appid,omitempty"`
	PagePath  string `json:"pagepath,omitempty"`
	Title     string `json:"title,omitempty"`
	QuoteText string `json:"quote_text,omitempty"`
}

// ImageTextArea is a picture beside words.
type ImageTextArea struct {
	Type     int    `json:"type,omitempty"`
	URL      string `json:"url,omitempty"`
	AppID    string `json:"appid,omitempty"`
	PagePath string `json:"pagepath,omitempty"`
	Title    string `json:"title,omitempty"`
	Desc     string `json:"desc,omitempty"`
	ImageURL string `json:"image_url"`
}

// CardImage is a picture over the whole width; its ratio lies between 1.3 and 2.25.
type CardImage struct {
	URL         string  `json:"url"`
	AspectRatio float64 `json:"aspect_ratio,omitempty"`
}

// Vertical is a heading with a text under it.
type Vertical struct {
	Title string `json:"title"`
	Desc  string `json:"desc,omitempty"`
}

// Horizontal is a row of key and value.
type Horizontal struct {
	Type    int    `json:"type,omitempty"`
	KeyName string `json:"keyname"`
	Value   string `json:"value,omitempty"`
	URL     string `json:"url,omitempty"`
	MediaID string `json:"media_id,omitempty"`
	UserID  string `json:"userid,omitempty"`
}

// Jump is a link under the card.
type Jump struct {
	Type     int    `json:"type"`
	Title    string `json:"title"`
	URL      string `json:"url,omitempty"`
	AppID    string `json:"appid,omitempty"`
	PagePath string `json:"pagepath,omitempty"`
}

// CardAction is where a tap on the card leads.
type CardAction struct {
	Type     int    `json:"type"`
	URL      string `json:"url,omitempty"`
	AppID    string `json:"appid,omitempty"`
	PagePath string `json:"pagepath,omitempty"`
}

// Option is an answer to choose.
type Option struct {
	ID        string `json:"id"`
	Text      string `json:"text"`
	IsChecked bool   `json:"is_checked,omitempty"` // Checkbox only
}

// ButtonSelection is the selector above the buttons. Untouched it answers its first option.
type ButtonSelection struct {
	QuestionKey string   `json:"question_key"`
	Title       string   `json:"title,omitempty"`
	OptionList  []Option `json:"option_list"`
	SelectedID  string   `json:"selected_id,omitempty"`
	Disable     bool     `json:"disable,omitempty"` // updates only
}

// Button is pressed (Key) or, with Type LinkURL, followed (URL).
type Button struct {
	Type  int    `json:"type,omitempty"`
	Text  string `json:"text"`
	Style int    `json:"style,omitempty"`
	Key   string `json:"key,omitempty"` // unique on the card, at most 1024 bytes
	URL   string `json:"url,omitempty"`
}

// Checkbox is the question of a vote.
type Checkbox struct {
	QuestionKey string   `json:"question_key"`
	Mode        int      `json:"mode,omitempty"` // 0 one answer, 1 several
	Disable     bool     `json:"disable,omitempty"`
	OptionList  []Option `json:"option_list"`
}

// Select is one selector of a multiple card.
type Select struct {
	QuestionKey string   `json:"question_key"`
	Title       string   `json:"title,omitempty"`
	SelectedID  string   `json:"selected_id,omitempty"`
	Disable     bool     `json:"disable,omitempty"`
	OptionList  []Option `json:"option_list"`
}

// SubmitButton ends a vote or multiple card.
type SubmitButton struct {
	Text string `json:"text,omitempty"`
	Key  string `json:"key"`
}

// Answerable says whether the card can call back, and therefore be updated.
func (t *TemplateCard) Answerable() bool {
	switch t.CardType {
	case CardButtons, CardVote, CardMultiple:
		return true
	}
	return t.ActionMenu != nil && strings.HasSuffix(t.CardType, "_notice")
}
