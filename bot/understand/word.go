package understand

import (
	"slices"
	"strings"
)

// saying is a steering word and every way to say it, as a whole sentence without the
// polite words around it.
type saying struct {
	word    Word
	phrases string
}

func sayings() []saying {
	return []saying{
		{Yes, "是 是的 对 对的 好 好的 好滴 好呀 好哒 行 可以 可以的 嗯 嗯嗯 恩 要 要的 需要 确认 确定 提交 确认提交 没问题 没错 同意 我同意 已阅读 我已阅读 已读 知道了 明白 明白了 继续 接着 接着来 接着办 继续办 就这个 就这样 ok okay yes y 收到 办好了 填好了 传好了 完成了 读完了 看完了 传完了 好了 阔以 可 成 中 好嘞 嗯呐 妥 okk"},
		{No, "都不是 也不行 都不行 也不好 不太行 不 不是 不是的 不要 不用 不行 不对 不好 不可以 不同意 不需要 不确定 否 没有 错了 有误 修改 改 要改 改一下 no n nope 等等不对 不对不对 不对等等"},
		{Back, "返回 返回上一步 上一步 回上一步 退回 退回上一步 后退 回退 回去 重选 重新选 重新选择 选错了 back"},
		{Cancel, "取消 取消吧 算了 算了吧 不办了 不约了 不弄了 不申请了 不报了 不预约了 不填了 不想约了 不需要了 不用了 退出 结束 停止 放弃 终止 不想办了 不想弄了 不搞了 拉倒 quit exit cancel stop"},
		{Help, "帮助 帮忙 帮帮我 怎么用 怎么弄 怎么填 怎么选 怎么办 怎么操作 如何使用 如何操作 使用说明 说明 不会 不会用 不懂 看不懂 没看懂 不明白 什么意思 啥意思 你能做什么 你会什么 有什么功能 功能 help"},
		{More, "更多 还有吗 还有没有 还有别的吗 还有其他的吗 还有其他时间吗 有别的吗 换一批 换一些 换一换 换一个 换几个 没有合适的 都不合适 都不方便 下一页 下一批 晚一点的 晚点的 再晚一点 后面的 more"},
		{Any, "随便 随意 随便谁 随便谁都行 随便谁都可以 随便谁都成 谁都成 都成 随便哪天 随便哪天都行 哪天都行 哪天都可以 你推荐 你推荐一个 推荐一个 推荐一位 帮我选 帮我选一个 帮我挑一个 你帮我选 你看着办 听你的 随便哪个老师都行 哪个老师都行 哪位老师都行 都行 都可以 都好 都能 不限 任意 任意一位 哪个都行 哪个都可以 哪位都行 哪位都可以 哪位都好 谁都行 谁都可以 无所谓 没要求 没有要求 不挑 你定 你安排 听安排 服从安排 什么时候都行 什么时候都可以 any"},
		{Hello, "老师好 老师您好 老师你好 你好 您好 hello hi hey 喂 嗨 哈喽 在吗 在不在 在么 在嘛 老师在吗 有人吗 有人在吗 有没有人 没人吗 人呢 人在吗 说话 说话呀 回我 回复我 理我一下 怎么不理我 没人理我 怎么没人理我 怎么还没人理我 怎么不回 怎么没反应 没反应 快点 快一点 快快快 快 搞快点 能不能快点 快点啊 急 很急 急急急 催一下 好了没 好了吗 好慢 太慢了 怎么这么慢 怎么还没好 早上好 上午好 中午好 下午好 晚上好"},
		{Thanks, "谢谢 谢了 谢谢你 谢谢您 谢谢老师 谢谢机器人 谢谢你机器人 谢谢你啊机器人 多谢 感谢 非常感谢 辛苦了 辛苦 麻烦了 谢谢谢谢 thanks thx 3q 拜拜 再见 bye"},
		{Keep, "不改了 不想改了 不换了 不想换了 不挪了 不动了 不变了 不改时间了 不用改了 不用换了 别改了 先不改 先不改了 不改 还是原来的 原来的就行 原来的吧 就原来的 照旧 按原来的 按原来的来 还是按原来的 还是原来那个 还是原来的时间 原来的时间就行 保持原样 保持不变"},
		{Pause, "再想想 想一想 想一下 等等 等一下 等一等 等会 等会儿 稍等 稍等一下 等我一下 我先看看 我看看 先看看 看看再说 我先看看课表 先看看课表 我看看课表 看看课表 看下课表 看一下课表 我看下课表 查下课表 先别提交 先不提交 先别急 不急 不着急 我考虑一下 考虑一下 考虑考虑 再考虑一下 让我想想 让我看看 回头再说 一会再说 一会儿再说 待会再说 晚点再说 以后再说 改天再说"},
		{Left, "怎么还要填这么多 怎么要填这么多 要填这么多 要填这么多吗 填这么多 怎么填这么多 怎么这么多 怎么还这么多 这么多 这么多啊 好多啊 好多 太多了 怎么还有 还有多少 还有几步 还要几步 还差几步 还有几个 还剩几个 还剩多少 还有几个问题 还有多少问题 还有几题 还要填多久 还要填多少 还要填几个 要填到什么时候 好麻烦 好麻烦啊 太麻烦了 这么麻烦 怎么这么麻烦 麻烦死了 还没完 还没完吗 怎么还没完 有完没完 没完没了 问题好多 问题太多了 怎么这么多问题 这么多问题 怎么问这么多 问这么多 好繁琐 太繁琐了 好啰嗦 太啰嗦了"},
		{Skip, "跳过 略过 不填 先不填 没有要填的 下一步 skip"},
	}
}

// politeBefore and politeAfter may stand around a steering word and say nothing.
// Longer ones first.
func politeBefore() []string {
	return []string{"哎呀", "其实", "真的", "啊", "唉", "哦", "那个", "就是", "然后", "嗯", "呃", "额", "唔", "哎", "诶", "那么", "那就", "我还是", "还是", "麻烦您", "麻烦", "请问", "我想", "我要", "我", "请", "那", "就", "您好", "你好", "老师好", "老师"}
}

func politeAfter() []string {
	return []string{"谢谢老师", "谢谢您", "谢谢你", "谢谢", "多谢", "感谢", "麻烦老师了", "麻烦了", "一下", "老师", "可以吗", "吧", "呢", "啊", "哦", "噢", "呀", "叭", "呗", "哈", "啦", "嘛", "喔", "了", "的"}
}

// small are words that say nothing beside a time or a name: 周三可以吗, 苏老师吧.
func small() string {
	return "得唔得 可以不 行不 成不 好不 中不 之间 期间 那天 这天 喂 除了 其他 其它 别的 可不可以 怎么样 能不能 行不行 有没有 好不好 请问 老师 可以 方便 时间 那个 就是 然后 麻烦 谢谢 帮我 一下 时候 我 想 要 在 有 行 能 好 吗 嘛 么 吧 呢 啊 呀 哦 噢 哈 的 了 那 就 也 是 这 去 来 约 嗯 呃 额 唔 不对 不是 应该 还是 换成 换 都 改成 改到 改"
}

// steering finds the words by length, since a typed word is as long as the right one.
type steering struct {
	byLength      map[int][]steeringWord
	before, after [][]rune
	small         [][]rune
	longest       int
}

type steeringWord struct {
	word   Word
	glyphs []glyph
}

func newSteering(f folder) steering {
	s := steering{byLength: map[int][]steeringWord{}}
	for _, w := range sayings() {
		for _, p := range strings.Fields(w.phrases) {
			g := glyphs(f.words(p))
			s.byLength[len(g)] = append(s.byLength[len(g)], steeringWord{w.word, g})
			s.longest = max(s.longest, len(g))
		}
	}
	for _, p := range politeBefore() {
		s.before = append(s.before, []rune(p))
	}
	for _, p := range politeAfter() {
		s.after = append(s.after, []rune(p))
	}
	for _, p := range strings.Fields(small()) {
		s.small = append(s.small, []rune(p))
	}
	return s
}

// more counts the characters of rest that are no small words.
func (s steering) more(rest []glyph) int {
	n := 0
	for len(rest) > 0 {
		if cut := trim(rest, s.small, cutBefore); cut != nil {
			rest = cut
			continue
		}
		rest = rest[1:]
		n++
	}
	return n
}

// word reads rest, which is the whole sentence or, when a name or time was taken out
// of it, may only say Any.
func (s steering) word(sentence string, rest []glyph, whole bool) Word {
	if len(rest) == 0 {
		if t := strings.TrimSpace(sentence); t != "" && strings.Trim(t, "?？") == "" {
			return Help
		}
		return None
	}
	for b := rest; len(b) > 0; b = trim(b, s.before, cutBefore) {
		for a := b; len(a) > 0; a = trim(a, s.after, cutAfter) {
			if w := s.said(a); w != None {
				if whole || w == Any {
					return w
				}
				return None
			}
		}
	}
	return None
}

// said finds a word, or two that say the same (算了，不约了); 算了，不改了 keeps.
func (s steering) said(rest []glyph) Word {
	if w := s.exactly(rest); w != None || len(rest) > 2*s.longest {
		return w
	}
	for i := 1; i < len(rest); i++ {
		w := s.exactly(rest[i:])
		if before := s.exactly(rest[:i]); w != None && (before == w || before == Cancel && w == Keep) {
			return w
		}
	}
	return None
}

// exactly finds the word as written, else as it sounds (去消). One character must be
// as written, and 行 is not every xing.
func (s steering) exactly(rest []glyph) Word {
	best, word := float32(differs), None
	for _, w := range s.byLength[len(rest)] {
		cost, ok := sameSound(rest, w.glyphs)
		if ok && cost < best && (len(rest) > 1 || cost == 0) {
			best, word = cost, w.word
		}
	}
	return word
}

// trim takes one polite word off; nothing is left when there is none.
func trim(g []glyph, polite [][]rune, cut func(g []glyph, word []rune) []glyph) []glyph {
	for _, p := range polite {
		if rest := cut(g, p); rest != nil {
			return rest
		}
	}
	return nil
}

func cutBefore(g []glyph, word []rune) []glyph {
	if len(g) >= len(word) && slices.EqualFunc(g[:len(word)], word, isRune) {
		return g[len(word):]
	}
	return nil
}

func cutAfter(g []glyph, word []rune) []glyph {
	if n := len(g) - len(word); n >= 0 && slices.EqualFunc(g[n:], word, isRune) {
		return g[:n]
	}
	return nil
}

func isRune(g glyph, r rune) bool { return g.r == r }

// choice reads a numbered choice: 2, 选2, 第二个, 最后一个. A number in the middle of
// a sentence chooses only with 第, so that 我有3个问题 chooses nothing.
func choice(runes []rune) int {
	runes = slices.DeleteFunc(slices.Clone(runes), isMark)
	start := 0
	for _, p := range []string{"我要选", "我要", "我选", "选择", "选项", "选", "要", "就", "no"} {
		if prefix(runes, 0, p) {
			start = len([]rune(p))
			break
		}
	}
	if n, w := number(runes, start); w > 0 && n > 0 && n < 100 && onlyChoice(runes[start+w:]) {
		return n
	}
	for i := range runes {
		if prefix(runes, i, "最后一") && i+3 < len(runes) && isCounter(runes[i+3]) {
			return -1
		}
		if runes[i] != '第' {
			continue
		}
		n, w := number(runes, i+1)
		if end := i + 1 + w; w > 0 && n > 0 && n < 100 && (end == len(runes) || isCounter(runes[end])) {
			return n
		}
	}
	return 0
}

// onlyChoice reports whether nothing but a counter and polite words follow a number.
func onlyChoice(rest []rune) bool {
	switch strings.TrimRight(string(rest), "吧呢啊哦") {
	case "", "号", "个", "项", "位", "条", "种", "那个", "个时间", "号选项", "号老师":
		return true
	}
	return false
}

func isCounter(r rune) bool { return strings.ContainsRune("个位项条种张行排间场门", r) }
