package bot

import "github.com/xuegong/xuegong/bot/understand"

// What is asked about counselling besides a booking.
const (
	intentNotice   = "counselling.notice"
	intentSeen     = "counselling.seen"
	intentStrikes  = "counselling.strikes"
	intentFeedback = "counselling.feedback"
	intentOther    = "counselling.other"
)

// questionIntents is how people ask.
func questionIntents() []understand.Intent {
	return []understand.Intent{
		{Name: intentNotice, Phrases: []string{
			"预约须知", "免费吗", "收费吗", "要钱吗", "要不要钱", "收不收费", "多少钱", "一次多少钱", "怎么收费",
			"保密吗", "会保密吗", "会告诉辅导员吗", "会告诉老师吗", "不要告诉老师", "不要告诉辅导员", "会告诉我爸妈吗", "会告诉家长吗", "会通知家长吗", "家长会知道吗", "我爸妈会知道吗", "爸妈会知道不", "父母会知道吗", "辅导员会知道吗",
			"会记档案吗", "会不会记档案", "会进档案吗", "会影响评奖吗", "会被记录吗", "会留记录吗", "隐私安全吗", "可以匿名吗", "能匿名吗", "我的隐私安全吗",
			"一次多久", "一次多长时间", "咨询一次多长时间", "聊多久", "谈多久", "迟到了怎么办", "迟到可以吗", "忘了去怎么办", "忘了去会怎样",
		}},
		{Name: intentSeen, Phrases: []string{
			"谁看过我的信息", "有谁看过我的信息", "谁看过我的资料", "谁看了我的记录", "谁能看到我的信息", "撤回同意", "我要撤回同意", "撤销同意", "我不同意了", "删除我的信息",
		}},
		{Name: intentStrikes, Phrases: []string{
			"我要申诉", "怎么申诉", "申诉", "爽约记录", "我没有爽约", "为什么说我爽约", "为什么不能约了", "我被限制预约了", "爽约", "误记了爽约", "我没有未到", "未到记录", "我被暂停了", "为什么暂停我预约", "我被拉黑了", "为啥约不了", "为什么约不了", "怎么约不了", "为什么约不上", "上次没去成", "没去成", "因为生病没去", "发烧没去", "说我没来", "凭什么说我没来", "我明明去了", "我明明来了", "我去了的",
		}},
		{Name: intentFeedback, Phrases: []string{"我要评价老师", "给老师评价一下", "我要评价", "怎么评价", "反馈", "我要反馈", "说说感受"}},
		{Name: intentOther, Phrases: []string{"帮室友约", "帮同学约", "帮朋友约", "替同学约", "替朋友约", "替室友约", "我朋友想约", "我室友想约", "我同学想约", "能帮别人约吗"}},
	}
}

// question points to the page that answers, since the words there are the centre's own.
func (t talk) question(intent string) error {
	if !t.who.IsStudent() {
		return t.desk()
	}
	switch intent {
	case intentNotice:
		return t.say("费用、保密、一次多久、迟到怎么办，预约须知里都写着，两分钟读完。\n" + t.Cards.Link("看须知", "/m/counselling/notice"))
	case intentSeen:
		return t.say("谁看过你的信息、为什么看、看了哪些内容，都记在这一页；要撤回同意，也在那里。\n" + t.Cards.Link("去看看", "/m/counselling/seen"))
	case intentStrikes:
		return t.say("记为未到的都在这一页。记得不对，或者当时有急事，就在那里写一句说明，老师会看。\n" + t.Cards.Link("去看看", "/m/counselling/strikes"))
	case intentFeedback:
		return t.say("见过面以后，在那一次的页面上可以说说感受，只有中心看得到。\n" + t.Cards.Link("看我的预约", "/m/counselling/mine"))
	default:
		return t.say("每个人的时间要自己来约：请同学在自己的学工里写“我想预约”。\n替同学担心、不知道怎么办时，写“求助热线”，有人可以商量。")
	}
}
