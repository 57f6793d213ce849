package card

import (
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/wecom"
)

// Maker makes cards for one installation.
type Maker struct {
	BaseURL string // of the pages, no trailing slash
	Zone    *time.Location
}

// URL returns the address of a page.
func (m Maker) URL(path string) string { return m.BaseURL + path }

// Route joins the parts of a button's key; Parse takes it apart.
func Route(parts ...string) string { return strings.Join(parts, "|") }

// Parse returns the parts of a key, always at least three ("" where there are fewer).
func Parse(key string) []string {
	parts := strings.Split(key, "|")
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	return parts
}

// Verbs of routes.
const (
	Talk          = "talk"    // talk|seq|option: an answer in a dialogue
	Go            = "go"      // go|intent: start or show something
	Confirm       = "confirm" // confirm|booking
	Reject        = "reject"  // reject|booking, the reason is selected
	AskCancel     = "ask"     // ask|booking: may it be cancelled?
	Cancel        = "cancel"  // cancel|booking
	Keep          = "keep"    // keep|booking
	ReasonKey     = "reason"  // question of the selector on a request
	NoReason      = "none"    // its first option
	OptionKey     = "option"  // question of the selector in a dialogue
	chooseKey     = "!choose" // button that sends the selector's option
	maxAsButtons  = 5
	maxOptionList = wecom.MaxCardOptions
)

// clip shortens s to n characters with an ellipsis.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

func row(key, value string) wecom.Horizontal {
	return wecom.Horizontal{KeyName: clip(key, 5), Value: clip(value, 30)}
}

// Page is where a dialogue hands over what chat cannot ask.
type Page struct {
	Label string `json:"label"` // of the button
	Path  string `json:"path"`
}

// Question makes the card of a dialogue's question: a button for each option while
// there are few, a selector beyond. ok is false when a text says it all.
func (m Maker) Question(taskID string, seq int, r dialogue.Reply, page Page) (c wecom.TemplateCard, ok bool) {
	if len(r.Options) == 0 && len(r.Buttons) == 0 && !r.Page {
		return c, false
	}
	title, desc, _ := strings.Cut(r.Text, "\n")
	c = wecom.TemplateCard{CardType: wecom.CardButtons, TaskID: taskID,
		MainTitle: &wecom.MainTitle{Title: clip(title, 26), Desc: clip(strings.ReplaceAll(desc, "\n", " "), 30)}}
	if len([]rune(title)) > 26 || len([]rune(desc)) > 30 {
		c.MainTitle.Desc = ""
		c.SubTitleText = clip(r.Text, 112)
		c.MainTitle.Title = clip(title, 26)
	}
	for _, line := range r.Rows {
		c.Rows = append(c.Rows, row(line.Label, line.Value))
	}
	m.options(&c, seq, r.Options)
	for _, b := range r.Buttons {
		c.ButtonList = append(c.ButtonList, wecom.Button{Text: clip(b.Label, 10), Style: styleOf(len(c.ButtonList)), Key: talkKey(seq, b.Key)})
	}
	if r.Page {
		c.ButtonList = append([]wecom.Button{{Type: wecom.LinkURL, Text: page.Label, Style: wecom.ButtonBlue, URL: m.URL(page.Path)}}, c.ButtonList...)
	}
	if len(c.ButtonList) > wecom.MaxCardButtons {
		c.ButtonList = c.ButtonList[:wecom.MaxCardButtons]
	}
	if len(c.Rows) > wecom.MaxCardRows {
		c.Rows = c.Rows[:wecom.MaxCardRows]
	}
	return c, len(c.ButtonList) > 0
}

func (m Maker) options(c *wecom.TemplateCard, seq int, options []dialogue.Option) {
	enabled := 0
	for i, o := range options {
		detail := o.Detail
		if o.Disabled != "" {
			detail = o.Disabled
		}
		if detail != "" && len(c.Rows) < wecom.MaxCardRows {
			c.Rows = append(c.Rows, row(strconv.Itoa(i+1), o.Label+"，"+detail))
		}
		if o.Disabled == "" {
			enabled++
		}
	}
	if enabled > maxAsButtons {
		sel := &wecom.ButtonSelection{QuestionKey: OptionKey, Title: "选择"}
		for _, o := range options {
			if o.Disabled == "" && len(sel.OptionList) < maxOptionList {
				sel.OptionList = append(sel.OptionList, wecom.Option{ID: o.Key, Text: clip(o.Label, 16)})
			}
		}
		c.ButtonSelection = sel
		c.ButtonList = append(c.ButtonList, wecom.Button{Text: "就选这个", Style: wecom.ButtonBlue, Key: talkKey(seq, chooseKey)})
		return
	}
	for _, o := range options {
		if o.Disabled == "" {
			c.ButtonList = append(c.ButtonList, wecom.Button{Text: clip(o.Label, 10), Style: styleOf(len(c.ButtonList)), Key: talkKey(seq, o.Key)})
		}
	}
}

// styleOf makes the first button the main one.
func styleOf(i int) int {
	if i == 0 {
		return wecom.ButtonBlue
	}
	return wecom.ButtonGrey
}

func talkKey(seq int, key string) string { return Route(Talk, strconv.Itoa(seq), key) }

// Press reads a dialogue press; selected is what the card's selector says.
func Press(parts []string, selected map[string][]string) dialogue.Press {
	seq, _ := strconv.Atoi(parts[1])
	p := dialogue.Press{Seq: seq, Key: parts[2]}
	if p.Key == chooseKey && len(selected[OptionKey]) > 0 {
		p.Key = selected[OptionKey][0]
	}
	return p
}

// Answered makes what a question's card becomes once it is answered.
func (m Maker) Answered(question, answer string) wecom.TemplateCard {
	return wecom.TemplateCard{CardType: wecom.CardButtons,
		MainTitle:   &wecom.MainTitle{Title: clip(question, 26)},
		ButtonList:  []wecom.Button{{Text: "已回答", Key: Route(Talk, "0", ""), Style: wecom.ButtonGrey}},
		ReplaceText: clip(answer, 20)}
}

// Choice makes a card of plain choices outside a dialogue, each a route.
func (m Maker) Choice(taskID, title, desc string, rows []wecom.Horizontal, buttons []wecom.Button) wecom.TemplateCard {
	for i := range buttons {
		if buttons[i].Style == 0 {
			buttons[i].Style = styleOf(i)
		}
		buttons[i].Text = clip(buttons[i].Text, 10)
	}
	return wecom.TemplateCard{CardType: wecom.CardButtons, TaskID: taskID,
		MainTitle: &wecom.MainTitle{Title: clip(title, 26), Desc: clip(desc, 44)}, Rows: rows, ButtonList: buttons}
}
