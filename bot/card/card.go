package card

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/wecom"
)

// Maker makes cards for one installation.
type Maker struct {
	BaseURL string // of the pages, no trailing slash
	Zone    *time.Location
}

// URL returns the address of a page.
func (m Maker) URL(path string) string { return m.BaseURL + path }

// Link is a page in a text, under words: an address would say more than a shoulder
// should read.
func (m Maker) Link(words, path string) string {
	return `<a href="` + m.URL(path) + `">` + words + "</a>"
}

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
	Confirm       = "confirm" // confirm|booking|moves
	Reject        = "reject"  // reject|booking|moves, the reason is selected
	AskCancel     = "ask"     // ask|booking: may it be cancelled?
	Cancel        = "cancel"  // cancel|booking, or cancel|booking|warned: that it counts
	Warned        = "warned"
	Keep          = "keep"    // keep|booking
	LiftStrike    = "lift"    // lift|strike
	KeepStrike    = "stay"    // stay|strike, the reason is selected
	Take          = "take"    // take|case: 我来联系
	Call          = "call"    // call|yes or no: should somebody get in touch?
	ReasonKey     = "reason"  // question of the selector on a request
	NoReason      = "none"    // its first option
	OptionKey     = "option"  // question of the selector in a dialogue
	chooseKey     = "!choose" // button that sends the selector's option
	maxAsButtons  = 5
	maxButtonText = 10
	maxOptionList = wecom.MaxCardOptions
	maxOptionText = 16
	maxSubTitle   = 112
)

// clip shortens s to n characters with an ellipsis.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// label is clip for what WeCom refuses when it is empty.
func label(s string, n int) string {
	if strings.TrimSpace(s) == "" {
		return "–"
	}
	return clip(s, n)
}

// onButton is a label as a button has room for it: 14日周三 15:00 goes without its space,
// unless that makes a word of two that must not be read.
func onButton(s string) string {
	if short := strings.ReplaceAll(s, " ", ""); utf8.RuneCountInString(s) > maxButtonText && counselling.Neutral(short) {
		s = short
	}
	return label(s, maxButtonText)
}

// maxRow is how many characters of a value WeCom shows.
const maxRow = 30

func row(key, value string) wecom.Horizontal {
	return wecom.Horizontal{KeyName: label(key, 5), Value: clip(value, maxRow)}
}

func source(name string) *wecom.Source { return &wecom.Source{Desc: clip(name, 13)} }

// Leads reports whether words told before fit on a card beside its own. A link works
// in a text only.
func Leads(told, own string) bool {
	return told != "" && !strings.Contains(told, "://") && utf8.RuneCountInString(told)+1+utf8.RuneCountInString(own) <= maxSubTitle
}

// Lead puts words told before above what the card says below its title.
func Lead(c wecom.TemplateCard, told string) wecom.TemplateCard {
	c.SubTitleText = strings.TrimSpace(told + "\n" + c.SubTitleText)
	return c
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
	c = wecom.TemplateCard{
		CardType: wecom.CardButtons, TaskID: taskID,
		MainTitle: &wecom.MainTitle{Title: label(title, 26), Desc: strings.ReplaceAll(desc, "\n", " ")},
	}
	switch { // in full below the title
	case len([]rune(title)) > 26:
		c.MainTitle.Desc, c.SubTitleText = "", clip(r.Text, maxSubTitle)
	case len([]rune(desc)) > 30:
		c.MainTitle.Desc, c.SubTitleText = "", clip(desc, maxSubTitle)
	}
	for _, line := range r.Rows {
		c.Rows = append(c.Rows, row(line.Label, line.Value))
	}
	room, first := wecom.MaxCardButtons-len(r.Buttons), 0
	if r.Page {
		room, first = room-1, 1
	}
	m.options(&c, seq, r.Options, min(room, maxAsButtons))
	for _, b := range r.Buttons {
		c.ButtonList = append(c.ButtonList, wecom.Button{Text: onButton(b.Label), Style: styleOf(first + len(c.ButtonList)), Key: talkKey(seq, b.Key)})
	}
	if r.Page {
		c.ButtonList = append([]wecom.Button{{Type: wecom.LinkURL, Text: onButton(page.Label), Style: wecom.ButtonBlue, URL: m.URL(page.Path)}}, c.ButtonList...)
	}
	if len(c.ButtonList) > wecom.MaxCardButtons {
		c.ButtonList = c.ButtonList[:wecom.MaxCardButtons]
	}
	if len(c.Rows) > wecom.MaxCardRows {
		c.Rows = c.Rows[:wecom.MaxCardRows]
	}
	return c, len(c.ButtonList) > 0
}

// options adds the options as buttons if there is room for all and for what is written
// on each, else as a selector. What is too long for the selector stands in full in the
// rows, under the number that the selector then begins with.
func (m Maker) options(c *wecom.TemplateCard, seq int, options []dialogue.Option, room int) {
	enabled, fit := 0, true
	long := slices.ContainsFunc(options, func(o dialogue.Option) bool { return utf8.RuneCountInString(o.Label) > maxOptionText })
	for i, o := range options {
		full := o.Label
		if detail := cmp.Or(o.Disabled, o.Detail); detail != "" {
			full += "，" + detail
		}
		if (long || full != o.Label) && len(c.Rows) < wecom.MaxCardRows {
			c.Rows = append(c.Rows, row(strconv.Itoa(i+1), full))
		}
		if o.Disabled == "" {
			enabled++
			fit = fit && !strings.HasSuffix(shortOn(o), "…")
		}
	}
	if enabled > room || !fit {
		sel := &wecom.ButtonSelection{QuestionKey: OptionKey, Title: "选择"}
		for i, o := range options {
			text := o.Label
			if long {
				text = strconv.Itoa(i+1) + " " + text
			}
			if o.Disabled == "" && len(sel.OptionList) < maxOptionList {
				sel.OptionList = append(sel.OptionList, wecom.Option{ID: o.Key, Text: label(text, maxOptionText)})
			}
		}
		c.ButtonSelection = sel
		c.ButtonList = append(c.ButtonList, wecom.Button{Text: "就选这个", Style: wecom.ButtonBlue, Key: talkKey(seq, chooseKey)})
		return
	}
	for _, o := range options {
		if o.Disabled == "" {
			c.ButtonList = append(c.ButtonList, wecom.Button{Text: shortOn(o), Style: styleOf(len(c.ButtonList)), Key: talkKey(seq, o.Key)})
		}
	}
}

// shortOn is an option as a button has room for it.
func shortOn(o dialogue.Option) string { return onButton(cmp.Or(o.Short, o.Label)) }

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

// Choice makes a card of plain choices outside a dialogue, each a route.
func (m Maker) Choice(taskID, title, desc string, rows []wecom.Horizontal, buttons []wecom.Button) wecom.TemplateCard {
	buttons = slices.Clone(buttons[:min(len(buttons), wecom.MaxCardButtons)])
	for i := range buttons {
		if buttons[i].Style == 0 {
			buttons[i].Style = styleOf(i)
		}
		buttons[i].Text = onButton(buttons[i].Text)
	}
	return wecom.TemplateCard{
		CardType: wecom.CardButtons, TaskID: taskID,
		MainTitle: &wecom.MainTitle{Title: label(title, 26), Desc: clip(desc, 30)}, Rows: rows, ButtonList: buttons,
	}
}
