package bot

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/bot/understand"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/wecom"
	"github.com/xuegong/xuegong/templates"
)

// What can be asked for. The names are also the keys of the app's menu.
const (
	intentBook     = "counselling.book"
	intentMine     = "counselling.mine"
	intentCancel   = "counselling.cancel"
	intentFree     = "counselling.free"
	intentMove     = "counselling.move"
	intentTurn     = "counselling.turn"
	intentLow      = "low"
	intentHarm     = "harm"
	intentWho      = "who"
	intentHuman    = "human"
	intentOutside  = "outside"
	intentHotlines = "hotlines"
	intentDesk     = "desk"
	intentHelp     = "help"
	intentModule1  = "module.1"
	intentModule2  = "module.2"
	intentModule3  = "module.3"
)

// intents is how people say it.
func intents() []understand.Intent {
	list := slices.Concat(waitIntents(), questionIntents(), plainIntents(), []understand.Intent{genderIntent(), angryIntent(), chatIntent(), quietIntent()})
	for i := range list {
		list[i].Phrases = append(list[i].Phrases, otherTongues()[list[i].Name]...)
	}
	return list
}

func plainIntents() []understand.Intent {
	return []understand.Intent{
		{Name: intentBook, Phrases: []string{
			"我想预约", "预约心理咨询", "心理咨询", "我想约心理咨询", "约心理老师", "想约老师聊聊", "成长预约", "我要预约",
			"预约咨询", "想找老师聊聊", "想做咨询", "预约老师", "约老师", "我想约老师", "心理辅导", "预约面谈", "想咨询一下老师",
			"我想约", "想约", "我要约", "帮我约", "约一下", "想约一下", "预约", "预约一下", "怎么预约", "聊一聊", "可以聊一聊吗", "想聊一聊", "唠唠", "在哪预约", "约时间", "想约时间", "约个时间", "我要看心理老师", "想找人聊聊",
			"想找个人说说话", "想和老师谈谈", "重新约", "再约一次", "又想去了", "我又想去了", "又想约了", "还是想去", "还是去吧", "想找人说说", "过去坐坐", "想过去坐坐", "过去聊聊", "xlzx", "yuyue", "xinlizixun", "woxiangyuyue", "woyaoyuyue",
		}},
		{Name: intentFree, Phrases: []string{
			"有空吗", "有空位吗", "还有空位吗", "有时间吗", "能约吗", "还能约吗", "可以约吗", "什么时候有空", "哪天有空", "什么时候能约",
			"什么时间可以约", "哪些时间可以约", "还有名额吗", "有名额吗", "有号吗", "还有号吗", "老师在不在", "有没有空位", "有没有时间", "最近什么时候可以约",
			"最近的空位", "空余时间", "看看空位", "可约时间", "能不能约", "老师有空不", "有空不", "有空没", "有人吗", "有人在吗", "开不开", "开门吗", "上班吗", "空着",
		}},
		{Name: intentMove, Phrases: []string{
			"改期", "改时间", "改约", "换个时间", "换时间", "预约改时间", "改一下时间", "改一下预约", "修改预约", "改到", "改成", "挪到", "换到",
			"调到", "调时间", "调整时间", "推迟", "推后", "延期", "往后挪", "往后挪一天", "提前一点", "能不能改时间", "时间改一下", "我想改预约", "更改预约", "改我的预约", "往后推", "往后推一天", "晚一天", "提前到", "推迟到", "可以提前吗", "约错人了", "约错了", "刚才约错了", "约错老师了", "约错时间了", "选错老师了", "还能再改吗", "能再改一次吗",
		}},
		{Name: intentTurn, Phrases: []string{
			"什么时候轮到我", "轮到我了吗", "还要等多久", "要等多久", "前面还有几个人", "什么时候有结果", "确认了吗", "老师确认了吗", "有消息了吗", "预约通过了吗", "预约成功了吗", "约上了吗",
			"约好了吗", "我排到第几了", "我排第几", "我现在排第几", "我的排队", "排到哪了", "排队排到哪了", "有回复吗", "老师回复了吗", "老师怎么还不回", "我的预约取消了吗", "预约取消了吗",
		}},
		{Name: intentLow, Aside: true, Phrases: []string{
			"心情不好", "压力好大", "压力很大", "睡不着", "失眠", "好难受", "很难过", "好焦虑", "很焦虑", "想哭", "情绪低落", "失恋了", "好累啊", "好崩溃", "快崩溃了", "很抑郁", "好孤独", "不开心", "心里难受", "没人理解我",
			"快疯了", "要疯了", "室友打游戏", "室友太吵", "室友好吵", "有点烦", "好烦", "烦死了", "心里烦", "好丧", "想家",
		}},
		{Name: intentHarm, Phrases: []string{
			"有人打我", "室友打我", "我被打了", "被欺负了", "有人欺负我", "被霸凌", "被骚扰", "有人骚扰我", "被跟踪", "有人跟踪我", "一直跟踪我", "跟踪我", "尾随我", "骚扰我", "威胁我", "被偷拍", "我被骗了", "被骗钱了", "被诈骗", "被威胁", "有人威胁我", "被勒索",
		}},
		// What students ask of a university and nobody here can do.
		{Name: intentOutside, Phrases: []string{
			"退学", "休学", "复学", "转专业", "请假", "请假条", "销假", "换宿舍", "调宿舍", "宿舍报修", "空调坏了", "选课", "选课系统", "成绩单", "查成绩", "查绩点", "在读证明", "在校证明", "成绩证明",
			"学生证丢了", "补学生证", "饭卡丢了", "校园卡丢了", "补校园卡", "图书馆", "补考", "重修", "四六级报名", "考试报名", "食堂", "校车", "校园网", "停水了", "停电了",
			"登录不了", "系统打不开", "系统进不去", "网页打不开", "入党", "档案", "毕业证",
		}},
		{Name: intentWho, Phrases: []string{"谁能办", "找谁办", "谁负责", "归谁管", "这事找谁", "该找谁", "问谁", "联系谁", "谁来办", "哪个部门办"}},
		{Name: intentHuman, Phrases: []string{
			"人工", "转人工", "人工服务", "人工客服", "找真人", "我要人工", "真人", "客服", "人工在吗", "不要机器人", "你是机器人吗", "有没有真人", "电话多少", "联系方式", "联系电话",
			"我要迟到了", "我会晚到一点", "我晚点到", "到了没人", "门口没人", "到门口了没人", "晚到一会", "跟老师说一声", "我会晚十分钟", "会晚几分钟", "晚十分钟到", "晚10分钟到", "晚五分钟到", "晚5分钟到", "可能会迟到", "路上堵车", "堵车了", "我来晚了", "睡过头了", "老师没有来", "约的老师没来", "门关着", "没有人开门", "可以线上吗", "能线上吗", "能打电话聊吗", "可以带朋友一起吗", "我要投诉", "投诉",
		}},
		{Name: intentMine, Phrases: []string{"我的预约", "查预约", "看看我的预约", "我约了什么时候", "预约到哪一步了", "我的预约怎么样了", "我约的几点", "预约记录", "看预约", "我约了吗", "我约了没", "我约的哪个老师", "在哪栋楼", "哪个房间", "我约的是哪天", "我约了谁", "几号来着", "哪天来着", "几点来着", "老师叫什么来着", "那个老师叫啥来着", "约的是哪位老师来着", "我的预约在哪", "在哪里见面", "预约地点", "在哪里", "地址在哪", "怎么走", "找不到地方", "咨询室在哪", "房间在哪", "wdyy"}},
		{Name: intentCancel, Phrases: []string{"取消预约", "取消我的预约", "我来不了了", "老师我来不了了", "不去了", "退掉预约", "预约取消", "我不约了", "我去不了了", "临时有事来不了", "有事去不了", "不能来了", "退约", "撤销预约", "预约不要了", "帮我取消", "我要取消", "取消明天的", "发烧了去不了", "发烧去不了", "生病去不了", "帮我退了", "退了吧", "退掉", "生病了去不了", "发烧了来不了", "明天来不了", "qxyy"}},
		{Name: intentHotlines, Phrases: []string{"求助热线", "热线电话", "心理热线", "值班电话"}},
		{Name: intentDesk, Phrases: []string{"工作台", "打开工作台", "管理后台"}},
		{Name: intentHelp, Phrases: []string{"帮助", "能办什么", "怎么用", "有什么功能", "你能做什么", "菜单"}},
	}
}

// crisisWords are taken at their word, never by likeness: 我想死 must be heard, and
// 我想约苏老师 must not be.
const crisisWords = `不想活 活不下去 活着没意思 活着没意义 想自杀 要自杀 自杀 轻生 自残 割腕 跳楼 想死 去死 不如死 结束生命 结束自己
	撑不下去 坚持不下去 活着好累 活着太累 想不开 想消失 结束这一切 活够了 救救我 遗书 安眠药
	活着没劲 活得没意思 活得好累 我撑不住 我扛不住 我熬不住 熬不下去 割手 割脉 划自己 伤害自己 自伤 不想醒 一了百了 死了算 死掉算 跳下去 寻死 寻短见 了结自己
	离开这个世界 不想存在 没有活下去`

// stress are words that say no more than how much: 活着真的好没意思.
const stress = "真的 实在 已经 好 很 太 了 都 再 也 又 就 啊 还"

// ear hears words of crisis.
type ear struct {
	letters func(string) string
	stress  *strings.Replacer
	words   []string
	bare    []string // the words without stress
}

func newEar() ear {
	e := ear{letters: understand.Letters(), words: strings.Fields(crisisWords)}
	var none []string
	for _, s := range strings.Fields(stress) {
		none = append(none, s, "")
	}
	e.stress = strings.NewReplacer(none...)
	for _, w := range e.words {
		e.bare = append(e.bare, e.stress.Replace(w))
	}
	return e
}

// crisis tells whether a sentence holds such a word, in whichever script, whatever signs
// stand between its characters and however much is laid on it.
func (e ear) crisis(text string) bool {
	plain := e.letters(text)
	bare := e.stress.Replace(plain)
	return slices.ContainsFunc(e.words, func(w string) bool { return strings.Contains(plain, w) }) ||
		slices.ContainsFunc(e.bare, func(w string) bool { return strings.Contains(bare, w) })
}

// hotlines gives the number to call first, before anything else and whoever asks.
func (t talk) hotlines() error { return t.say(t.numbers()) }

func (b *Bot) numbers() string {
	return "如果你或身边的人现在有危险，请先打 120 或 110。\n想有人马上听你说，请打 12356（24 小时）。\n更多号码：" + b.Cards.URL("/now")
}

func (t talk) welcome() error {
	modules, err := t.modules()
	if err != nil {
		return err
	}
	return outbox.Put(t.ctx, t.tx, outbox.Message{
		To: []identity.ID{t.who.ID}, Kind: kindText, Class: outbox.Reply, Scope: "school",
		Key: "welcome", Args: words{Text: t.helpText(modules, t.who.Name+t.honour()+"，"+t.who.Call()+"好，这里是学工服务。")},
	})
}

func (t talk) honour() string {
	if t.who.IsStudent() {
		return "同学"
	}
	return "老师"
}

// help lists the three modules with what works in them (D-37).
func (t talk) help(first string) error {
	modules, err := t.modules()
	if err != nil {
		return err
	}
	return t.say(t.helpText(modules, first))
}

// unclear answers a sentence that nothing is known for.
func (t talk) unclear() error {
	if !t.who.IsStudent() {
		return t.help("这句话我还没看懂。")
	}
	return t.say("这句话我还没看懂。换个说法试试，例如" + t.examples() + "。\n写“帮助”看能办的全部；想找人，写“人工”。")
}

// modules are those of the home page with the services offered now.
func (t talk) modules() ([]templates.Module, error) {
	home, err := service.Home(t.ctx, t.tx, t.Home)
	return home.Modules, err
}

func (t talk) module(intent string) error {
	i := int(intent[len(intent)-1] - '1')
	modules, err := t.modules()
	if err != nil {
		return err
	}
	return t.say(t.helpText(modules[i:i+1], ""))
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

// reply answers a word that steers a dialogue where none is under way.
func (t talk) reply(w understand.Word) error {
	switch w {
	case understand.Help:
		return t.help("")
	case understand.Hello:
		return t.say("在的。想办什么写一句话就行，例如" + t.examples() + "；写“帮助”看能办的全部。")
	case understand.Thanks:
		return t.say("不客气，需要时随时写给我。")
	case understand.Yes:
		return t.say("好的。现在没有等" + t.who.Call() + "确认的事，需要时随时写给我。")
	case understand.Cancel:
		return t.cancelMine()
	case understand.Pause:
		return t.say("好的，不急，想好了随时写给我。")
	case understand.Keep:
		return t.unchanged()
	default:
		return t.say("现在没有办到一半的事。想办什么写一句话就行，例如" + t.examples() + "。")
	}
}

// unchanged answers who takes back a wish that nothing was done for yet: what there is stays.
func (t talk) unchanged() error {
	b, open, err := t.openBooking()
	if err != nil {
		return err
	}
	if !open || b.Over(t.tx.Now()) {
		return t.say("好的，什么都没有改。")
	}
	return t.say("好的，没有改，还是 " + calendar.When(b.Slot.StartsAt, t.tx.Zone()) + "，" + b.Slot.Name + "老师。")
}

func (t talk) examples() string {
	if t.who.IsStudent() {
		return "“我想预约”“我的预约”"
	}
	return "“工作台”“求助热线”"
}

// turn answers when it is one's turn: the place in the queue, else the booking.
func (t talk) turn() error {
	if !t.who.IsStudent() {
		return t.desk()
	}
	w, err := counselling.MyWait(t.ctx, t.tx, t.who)
	switch {
	case err != nil:
		return err
	case w != nil:
		return t.say(t.standing(*w))
	}
	return t.myBookings()
}

// comfort answers who feels low and has not asked for anything.
func (t talk) comfort() error {
	return t.say("听起来不好受。愿意的话，可以约老师当面聊聊，写“我想预约”就行。\n想现在就有人听，请打 12356（24 小时）。")
}

// harm answers who says that somebody does them wrong.
func (t talk) harm() error {
	return t.say("你没有做错什么。现在有危险，请先打 110；受了伤，打 120。\n请尽快告诉你的辅导员。想有人马上听你说，请打 12356（24 小时）。\n更多号码：" + t.Cards.URL("/now"))
}

// outside answers what somebody else at the university does.
func (t talk) outside() error {
	return t.say("这件事不在这里办，请先问" + t.who.Call() + "的辅导员，或者办这件事的部门。\n这里能办的，写“帮助”就能看到。")
}

// people says who can be asked: the centre about bookings, the home page's list about
// the rest.
func (t talk) people(intent string) error {
	set, err := counselling.LoadSettings(t.ctx, t.tx)
	if err != nil {
		return err
	}
	contact := ""
	if set.Contact != "" && counselling.Neutral(set.Contact) {
		contact = "：" + set.Contact
	}
	if intent == intentWho {
		return t.say("预约由" + set.Name + "的老师办" + contact + "。\n其他事写“帮助”，每一项都写着在哪里办。")
	}
	return t.say("我是自动回复的，能办预约、改时间和取消。\n想找人，请联系" + set.Name + contact + "。\n着急的话，这里的号码随时有人：" + t.Cards.URL("/now"))
}

// offer asks which of a few things was meant, instead of guessing; w goes with the press.
func (t talk) offer(alternatives []string, w dialogue.Wish) error {
	o, neither := offer{Title: "想办的是哪一件？"}, "都不是"
	for _, intent := range alternatives {
		label, err := t.label(intent)
		if err != nil {
			return err
		}
		if label != "" {
			o.Buttons = append(o.Buttons, wecom.Button{Text: label, Key: card.Route(card.Go, intent, wishKey(w))})
		}
	}
	if len(o.Buttons) == 0 {
		return t.unclear()
	}
	if len(o.Buttons) == 1 {
		o.Title, neither = "想办的是这一件吗？", "不是"
	}
	if len(o.Buttons) < 3 {
		o.Buttons = append(o.Buttons, wecom.Button{Text: neither, Key: none()})
	}
	if err := t.settleTalk("请看下一条"); err != nil {
		return err
	}
	o.led = t.lead(o.Title)
	return t.show(kindOffer, t.subject(), o)
}

// label is what the button to an intent says, "" if it is not for this person.
func (t talk) label(intent string) (string, error) {
	if code, ok := strings.CutPrefix(intent, applyIntent); ok && t.who.IsStudent() {
		v, err := service.ByCode(t.ctx, t.tx, code)
		return v.Chat, err
	}
	labels := map[string]string{intentHotlines: "求助热线", intentWho: "该找谁", intentHuman: "联系中心"}
	if t.who.IsStudent() {
		maps.Copy(labels, map[string]string{
			intentBook: "约个时间", intentFree: "看看空位", intentMove: "改时间", intentMine: "我的预约",
			intentTurn: "到哪一步了", intentCancel: "取消预约", intentWait: "排队等空位", intentLeave: "不排了",
			intentMyPapers: "我的申请", intentLacking: "还差什么", intentMend: "补交材料", intentWhere: "在哪交材料", intentMoney: "什么时候放款",
			intentTakeBack: "撤回申请", intentServices: "能申请什么", intentWhy: "为什么没通过", intentUrge: "催一下", intentProof: "下载和核验",
			intentBank: "换了银行卡", intentMistake: "填错了", intentCollect: "领取带什么", intentPaper: "材料要求", intentTerms: "多久、几次", intentAgain: "撤回再申请",
			intentNotice: "看须知", intentSeen: "谁看过我的信息", intentStrikes: "未到与申诉", intentFeedback: "说说感受", intentOther: "替同学约",
		})
	} else {
		labels[intentDesk] = "工作台"
	}
	return labels[intent], nil
}

// maxSubButtons is how many WeCom shows under a button of the menu.
const maxSubButtons = 5

// Menu is the app's bottom menu: the three modules with what students can do in them;
// what does not fit is behind 全部, on the home page.
func Menu(home templates.Home, baseURL string) []wecom.MenuButton {
	menu := make([]wecom.MenuButton, len(home.Modules))
	for i, m := range home.Modules {
		menu[i] = wecom.MenuButton{Name: wecom.TruncateBytes(m.Name, 16)}
		for _, item := range m.Items {
			if item.Shown("student") {
				menu[i].SubButton = append(menu[i].SubButton, menuItem(item, baseURL))
			}
		}
		if sub := menu[i].SubButton; len(sub) > maxSubButtons {
			sub[maxSubButtons-1] = wecom.MenuButton{Name: "全部", Type: "view", URL: baseURL + "/m/"}
			menu[i].SubButton = sub[:maxSubButtons]
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
