package bot

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/wecom"
	"github.com/xuegong/xuegong/templates"
)

// What can be asked for. The names are also the keys of the app's menu.
const (
	intentBook     = "counselling.book"
	intentMine     = "counselling.mine"
	intentCancel   = "counselling.cancel"
	intentHotlines = "hotlines"
	intentDesk     = "desk"
	intentHelp     = "help"
	intentModule1  = "module.1"
	intentModule2  = "module.2"
	intentModule3  = "module.3"
)

// intents is how people say it.
func intents() []understand.Intent {
	return []understand.Intent{
		{Name: intentBook, Phrases: []string{
			"我想预约", "预约心理咨询", "心理咨询", "我想约心理咨询", "约心理老师", "想约老师聊聊", "成长预约", "我要预约",
			"预约咨询", "想找老师聊聊", "约个时间", "想做咨询", "预约老师", "约老师", "我想约老师", "心理辅导", "预约面谈", "想咨询一下老师",
		}},
		{Name: intentMine, Phrases: []string{"我的预约", "查预约", "看看我的预约", "我约了什么时候", "预约到哪一步了", "我的预约怎么样了", "我约的几点", "预约记录"}},
		{Name: intentCancel, Phrases: []string{"取消预约", "取消我的预约", "我来不了了", "老师我来不了了", "不去了", "退掉预约", "预约取消", "我不约了"}},
		{Name: intentHotlines, Phrases: []string{"求助热线", "热线电话", "心理热线", "值班电话"}},
		{Name: intentDesk, Phrases: []string{"工作台", "打开工作台", "管理后台"}},
		{Name: intentHelp, Phrases: []string{"帮助", "能办什么", "怎么用", "有什么功能", "你能做什么", "菜单"}},
	}
}

// crisisWords are taken at their word, never by likeness: 我想死 must be heard, and
// 我想约苏老师 must not be.
const crisisWords = `不想活 活不下去 活着没意思 活着没意义 想自杀 要自杀 自杀 轻生 自残 割腕 跳楼 想死 去死 不如死 结束生命 结束自己
	撑不下去 坚持不下去 活够了 救救我 遗书 安眠药`

// crisis tells whether a sentence holds such a word, whatever stands between its characters.
func crisis(text string) bool {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
	return slices.ContainsFunc(strings.Fields(crisisWords), func(w string) bool { return strings.Contains(plain, w) })
}

// hotlines gives the number to call first, before anything else and whoever asks.
func (t talk) hotlines() error {
	return t.say("如果你或身边的人现在有危险，请先打 120 或 110。\n想有人马上听你说，请打 12356（24 小时）。\n更多号码：" + t.Cards.URL("/now"))
}

func (t talk) welcome() error {
	return outbox.Put(t.ctx, t.tx, outbox.Message{
		To: []identity.ID{t.who.ID}, Kind: kindText, Class: outbox.Reply, Scope: "school",
		Key: "welcome", Args: words{Text: t.helpText(t.Home.Modules, t.who.Name+t.honour()+"，"+t.who.Call()+"好，这里是学工服务。")},
	})
}

func (t talk) honour() string {
	if t.who.IsStudent() {
		return "同学"
	}
	return "老师"
}

// help lists the three modules with what works in them (D-37).
func (t talk) help(first string) error { return t.say(t.helpText(t.Home.Modules, first)) }

func (t talk) module(intent string) error {
	i := int(intent[len(intent)-1] - '1')
	return t.say(t.helpText(t.Home.Modules[i:i+1], ""))
}

func (t talk) helpText(modules []templates.Module, first string) string {
	var b strings.Builder
	if first != "" {
		b.WriteString(first + "\n\n")
	}
	if len(modules) > 1 {
		b.WriteString("这里能办这些，写一句话就行：\n")
	}
	for _, m := range modules {
		fmt.Fprintf(&b, "\n【%s】\n", m.Name)
		n := 0
		for _, i := range m.Items {
			if !i.Shown(string(t.who.Kind)) {
				continue
			}
			n++
			fmt.Fprintf(&b, "· <a href=\"%s\">%s</a>", t.Cards.URL(i.Path), i.Chat)
			if i.Say != "" && i.Say != i.Chat {
				fmt.Fprintf(&b, "，可以写“%s”", i.Say)
			}
			b.WriteByte('\n')
		}
		if n == 0 {
			b.WriteString(m.Empty + "\n")
		}
	}
	return strings.TrimSpace(b.String())
}

func (t talk) desk() error {
	if t.who.IsStudent() {
		return t.help("工作台是老师用的。")
	}
	return t.say("工作台在电脑上打开：" + t.Cards.URL("/desk/"))
}

// offer asks which of a few things was meant, instead of guessing.
func (t talk) offer(alternatives []string) error {
	o := offer{Title: "想办的是哪一件？"}
	for _, intent := range alternatives {
		if label := t.label(intent); label != "" {
			o.Buttons = append(o.Buttons, wecom.Button{Text: label, Key: card.Route(card.Go, intent)})
		}
	}
	if len(o.Buttons) == 0 {
		return t.help("这句话我还没看懂。")
	}
	if len(o.Buttons) < 3 {
		o.Buttons = append(o.Buttons, wecom.Button{Text: "都不是", Key: card.Route(card.Go, intentHelp)})
	}
	if err := t.settleTalk("请看下一条"); err != nil {
		return err
	}
	return t.show(kindOffer, t.subject(), o)
}

// label is what the button to an intent says, "" if it is not for this person.
func (t talk) label(intent string) string {
	student := t.who.IsStudent()
	switch {
	case intent == intentHotlines:
		return "求助热线"
	case intent == intentDesk && !student:
		return "工作台"
	case intent == intentBook && student:
		return "约个时间"
	case intent == intentMine && student:
		return "我的预约"
	case intent == intentCancel && student:
		return "取消预约"
	}
	return ""
}

// Menu is the app's bottom menu: the three modules with what students can do in them.
func Menu(home templates.Home, baseURL string) []wecom.MenuButton {
	menu := make([]wecom.MenuButton, len(home.Modules))
	for i, m := range home.Modules {
		menu[i] = wecom.MenuButton{Name: wecom.TruncateBytes(m.Name, 16)}
		for _, item := range m.Items {
			if item.Shown("student") && len(menu[i].SubButton) < 5 {
				menu[i].SubButton = append(menu[i].SubButton, menuItem(item, baseURL))
			}
		}
		if len(menu[i].SubButton) == 0 {
			menu[i].Type, menu[i].Key = "click", fmt.Sprintf("module.%d", i+1)
		}
	}
	return menu
}

// menuItem starts in chat what chat can do, and opens the page of the rest.
func menuItem(i templates.Item, baseURL string) wecom.MenuButton {
	b := wecom.MenuButton{Name: wecom.TruncateBytes(i.Chat, 40)}
	switch i.Code {
	case "counselling":
		b.Type, b.Key = "click", intentBook
	case "my-bookings":
		b.Type, b.Key = "click", intentMine
	case "hotlines":
		b.Type, b.Key = "click", intentHotlines
	default:
		b.Type, b.URL = "view", baseURL+i.Path
	}
	return b
}
