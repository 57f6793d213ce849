package bot

import "github.com/xuegong/xuegong/bot/understand"

// otherTongues is how people ask in dialect, in English, in pinyin and in a temper.
func otherTongues() map[string][]string {
	return map[string][]string{
		intentBook: {
			"想聊聊", "给我约一个", "快给我约一个", "约上就行", "那天约", "见老师", "见见老师", "见一下老师", "见到老师", "预约咨商", "心理咨商", "想约个老师", "我想找老师倾诉",
			"book", "book a session", "book an appointment", "make an appointment", "see a counselor", "see a counsellor", "talk to a counselor", "talk to someone", "counseling", "counselling", "appointment",
		},
		intentFree: {
			"有空伐", "有空啵", "得空不", "得空吗", "有没有谁在", "有谁在", "谁有空", "有没有老师在", "有冇位", "有冇空", "还有位置吗", "别的时间都行", "其他时间都行", "其余时间都可以", "别的时间", "其他时间", "其余时间", "没课的时候",
			"现在可以过去吗", "现在能过去吗", "现在能去吗", "现在就去行吗", "随便哪个老师都行", "哪个老师都行", "哪个老师都可以", "哪位老师都可以",
			"any slots", "free slots", "available", "are you available", "any time available",
		},
		intentMove: {"换老师", "换个老师", "我要换老师", "延后", "延后半小时", "能不能延后", "reschedule", "change my appointment", "change the time", "gaishijian", "gaiqi"},
		intentTurn: {"排队到我了吗", "轮到我没有"},
		intentMine: {"my appointment", "my booking", "my bookings", "when is my appointment", "wodeyuyue"},
		intentCancel: {
			"不想去了", "我不想去了", "不想来了", "cancel my appointment", "cancel the appointment", "cancel appointment", "cancel my booking", "i cannot come", "cannot make it", "quxiaoyuyue", "qvxiaoyuyue",
		},
		intentLow: {
			"睡不好", "最近睡不好", "吵架了", "和室友吵架了", "和室友处不好", "很烦", "心烦", "好烦躁", "难过", "好难过", "伤心", "好委屈", "很迷茫", "不想上学", "学不进去", "想家", "emo了", "好emo",
			"i feel sad", "i am sad", "so stressed", "depressed", "cannot sleep",
		},
		intentAngry: {
			"垃圾系统", "什么破系统", "破系统", "真垃圾", "什么垃圾", "有病吧", "傻逼", "智障", "脑残", "呵呵", "呵呵呵", "无语", "真无语", "服了", "真服了", "太难用了", "难用", "没用的东西", "什么玩意", "去你的", "滚蛋", "滚开",
			"nmsl", "sb", "stupid", "shit", "fuck",
		},
		intentHelp:     {"what can you do", "help me"},
		intentHotlines: {"hotline", "emergency"},
	}
}

// angryIntent is a temper without a wish.
func angryIntent() understand.Intent { return understand.Intent{Name: intentAngry, Aside: true} }

// Beside what can be asked for.
const (
	intentAngry  = "angry"
	intentChat   = "chat"
	intentGender = "counselling.gender"
	intentQuiet  = "quiet"
)

// chatIntent is what people ask of anything that answers.
func chatIntent() understand.Intent {
	return understand.Intent{Name: intentChat, Aside: true, Phrases: []string{
		"天气怎么样", "天气如何", "天气预报", "会下雨吗", "会不会下雨", "外面冷不冷", "多少度", "气温多少", "现在几点了", "几点了现在", "今天几号", "今天是几号", "今天星期几", "今天周几", "今天礼拜几",
		"讲个笑话", "说个笑话", "唱首歌", "讲个故事", "你叫什么名字", "你叫什么", "你是谁", "你几岁", "你多大了", "你是男的女的", "你吃饭了吗", "吃饭了吗", "吃了没", "中午吃什么", "晚上吃什么", "你会聊天吗",
		"帮我写论文", "帮我写作业", "帮我写检讨", "帮我翻译", "翻译一下", "帮我查资料", "推荐个电影", "推荐一本书", "快递到了没", "快递在哪取", "今天有什么新闻", "股票", "彩票", "你喜欢我吗", "我喜欢你", "你真聪明", "测试一下", "测试测试",
		"tell me a joke", "who are you", "how is the weather",
	}}
}

// chat answers it.
func (t talk) chat() error {
	return t.say("这个我答不上来，我只办学工的事。\n想办什么写一句话就行，例如" + t.examples() + "；写“帮助”看能办的全部。")
}

// genderIntent is the wish for a man or a woman, which the centre does not record.
func genderIntent() understand.Intent {
	return understand.Intent{Name: intentGender, Phrases: []string{
		"不要男老师", "不想要男老师", "不要女老师", "只要女老师", "只要男老师", "想约女老师", "想约男老师", "要女老师", "要男老师", "有没有女老师", "有没有男老师", "有女老师吗", "有男老师吗",
		"换个女老师", "换个男老师", "女老师", "男老师", "老师是男的还是女的", "老师是男是女", "female counselor", "male counselor",
	}}
}

// byGender is what is said to it.
const byGender = "老师是男是女这里没有登记，每位老师的介绍在页面上，可以看过再选。"

// soothe answers a temper.
func (t talk) soothe() error {
	return t.say("没帮上忙，抱歉。说一句想办的事就行，例如" + t.examples() + "；想直接找人，写“人工”。")
}

// quietIntent is the wish not to be written to.
func quietIntent() understand.Intent {
	return understand.Intent{Name: intentQuiet, Phrases: []string{
		"别发消息了", "别再发了", "别发了", "别再发消息了", "不要再给我发消息", "不要给我发消息", "不要发消息了", "不要再发消息了", "不要再发了", "别给我发消息", "别再给我发消息了", "不想收到消息", "不想再收到消息",
		"别给我发提醒", "别发提醒了", "能不能别发提醒了", "不要提醒我", "别提醒我了", "关闭提醒", "关掉提醒", "怎么关提醒", "关闭通知", "关掉通知", "怎么关掉通知", "消息太多了", "退订", "td", "别打扰我", "不要打扰我",
		"为什么一直给我发消息", "怎么老给我发消息", "stop messaging me", "unsubscribe",
	}}
}

// quiet says what is sent and why, what ends it, and what can be turned off: the app's
// sound in WeCom, since a changed hour must reach who has booked it.
func (t talk) quiet() error {
	if !t.who.IsStudent() {
		return t.say("这里不群发。发给您的是回您的话、等您办的事、与您有关的变动，有事的日子还有一条早报。办完一件，就不再为它提醒。\n不想听到响声，在企业微信的这个对话里打开“消息免打扰”，消息还在，想看时再看。")
	}
	return t.say("明白，打扰到你了，抱歉。这里不群发，只回你写的话，和告诉你自己的事：预约、排队、申请有了变动，快到时间，或者有人看了你的信息。\n" +
		"这些单独关不掉，怕你白跑一趟；一件事办完或取消，就不再为它发。不想等了写“不排了”，不去了写“取消预约”，不办了写“撤回申请”。\n" +
		"只是不想听到响声，在企业微信的这个对话里打开“消息免打扰”就行。")
}
