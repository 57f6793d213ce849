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
