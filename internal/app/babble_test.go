package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// nonsense are sentences that ask for nothing this office does: chatter, fragments,
// other people's business, keyboards under cats, and what looks like an attack.
const nonsense = `今天天气真好|哈哈哈哈哈|asdfghjkl|啊啊啊啊|床前明月光|1234567890|0|-1|999999999999|3.1415926|😀😀😀|🐱|……|。|！|，，，|、|“”|（）|【】
食堂几点关门|图书馆怎么走|快递到哪了|晚饭吃什么|校车时刻表|帮我写作业|讲个笑话|你多大了|你喜欢我吗|今天股票涨了吗|世界杯谁赢了|明天会下雨吗|外卖到了|洗衣机坏了|宿舍停电了
WiFi连不上|密码忘了|我的电动车丢了|谁捡到我的水杯|出二手自行车|拼车去机场|求高数笔记|四六级成绩|考研报名|选课系统崩了|绩点怎么算|补考什么时候|挂科了|毕业论文题目|体测跑步
SELECT * FROM users|'; drop table booking; --|<script>alert(1)</script>|<a href="x">y</a>|{{.Name}}|${jndi:ldap://x}|../../etc/passwd|%s%s%n|\x00|null|undefined|NaN|true|{}|[]
约|约约|约约约约约约|预|心|理|老|师|取|消|我|你|他|的|了|吗|是不是|对不对|为什么|凭什么
一二三四五|七上八下|三心二意|十全十美|一点点|半斤八两|百分之百|第一|第零个|第一百个|负三|零点五|1/3|2的10次方|上上下下|左左右右|东南西北|天天向上|日日夜夜|周而复始
星期八|周九|十三月|八月四十号|0月0日|99点99分|24:61|昨天的昨天|去年今日|公元前三年|一万年以后|从前有座山|很久很久以前|改天吧|哪天再说|有缘再见|下辈子|永远|瞬间|此刻
王者荣耀|开黑吗|上分|吃鸡|原神启动|yyds|绝绝子|emo|awsl|xswl|nbcs|hhhh|2333|666|888|520|9527|007|110室|404
Bonjour|Hola|Привет|こんにちは|안녕하세요|مرحبا|שלום|สวัสดี|Xin chào|Γειά|ñandú|Zażółć|ﬁ|①②③|㊙|㍿|𝓗𝓮𝓵𝓵𝓸|ＡＢＣ|½|²
老师老师老师|同学们好|各位家长|尊敬的领导|此致敬礼|收到请回复|群公告|接龙|已阅|转发|@所有人|[图片]|[表情]|[语音]|撤回了一条消息|拍了拍你|红包|转账|砍一刀|点赞
张三丰|李白|诸葛亮|孙悟空|哪吒|白雪公主|奥特曼|马里奥|喜羊羊|光头强|猪八戒|葫芦娃|蜡笔小新|柯南|皮卡丘|机器猫|灰太狼|武大郎|林黛玉|福尔摩斯|钢铁侠`

// TestNonsenseBooksNothing: whatever is said, every sentence is answered with a help, a
// question or a kind word, nobody is booked, and nothing is apologised for.
func TestNonsenseBooksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sentences := strings.FieldsFunc(nonsense, func(r rune) bool { return r == '|' || r == '\n' })
	if len(sentences) < 200 {
		t.Fatalf("only %d sentences", len(sentences))
	}
	before := w.bookings()
	const students = 20
	for n := range students {
		user := fmt.Sprintf("s%d", 100+n)
		w.agree(w.browser(user))
		for i := n; i < len(sentences); i += students {
			w.must(w.control("/sim/text", map[string]any{"user": user, "text": sentences[i]}))
			got := w.next(user).text()
			if got == "" || strings.Contains(got, errs.Apology) || strings.Contains(got, "已为你留下") {
				t.Errorf("%q is answered with %q", sentences[i], got)
			}
			w.calm()
			for _, m := range w.messages(user, 0) {
				w.after[user] = m.Seq
			}
		}
	}
	if after := w.bookings(); after != before {
		t.Errorf("%d bookings before, %d after", before, after)
	}
	w.sound()
}

// bookings counts the open ones.
func (w *world) bookings() (n int) {
	w.t.Helper()
	w.must(w.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.GetContext(context.Background(), &n, `select count(*) from booking where state in ('pending', 'confirmed')`)
	}))
	return n
}

// calm waits until everything due is done.
func (w *world) calm() {
	w.t.Helper()
	w.must(w.control("/sim/clock", map[string]any{"advance": "6s"})) // as people write: WeCom takes 25 messages a minute
}

// sentences are what a walk says: each steers somewhere else, or nowhere.
func sentences() []string {
	return []string{
		"我想约", "约苏老师", "下周三下午三点", "后天", "三点", "周四上午", "都可以", "第一个", "2", "最后一个", "更多", "好的", "确认", "不对", "修改", "返回",
		"取消", "算了", "帮助", "？", "在吗", "谢谢", "我的预约", "取消预约", "我来不了了", "改到周五下午", "改时间", "换个老师", "有空吗", "下周一有空吗",
		"排队", "不排了", "什么时候轮到我", "谁能办", "人工", "好难受", "除了周五都行", "昨天下午", "2月30日", "不要男老师", "呵呵", "😭", "book tomorrow 3pm", "周日晚上苏老师", "元旦", "越快越好", "不要苏老师", "接着来", "哈哈哈", "周六",
	}
}

// FuzzConversation walks at random through what a student can say and press. Whatever
// they do, every act is done once and answered, they have one open booking at most, and
// the audit finds nothing. All walks of a process are in one school, of one student after
// the other, since a school takes longer to open than a walk. A walk is short: Go takes a
// run of ten seconds for a deadlock while it fuzzes.
func FuzzConversation(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	w := newWorld(f)
	walks, acts := 0, map[string]int{}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w.t = t
		user := fmt.Sprintf("s%02d", 20+walks%walkers)
		walks++
		if acts[user] == 0 {
			w.agree(w.browser(user))
		}
		walk := rand.New(rand.NewPCG(seed, 7))
		var card shown
		for range 10 {
			var err error
			said := pick(walk, sentences())
			if buttons := pressable(card); len(buttons) > 0 && walk.IntN(3) == 0 {
				said = "[" + str(pick(walk, buttons)["text"]) + "]"
				err = w.press(user, card, strings.Trim(said, "[]"), "")
			} else {
				err = w.control("/sim/text", map[string]any{"user": user, "text": said})
			}
			w.must(err)
			acts[user]++
			first := w.next(user)
			w.must(w.control("/sim/clock", map[string]any{"advance": "15s"})) // as people write: WeCom takes 25 messages a minute
			for _, m := range append([]shown{first}, w.messages(user, 0)...) {
				w.after[user] = m.Seq
				if got := m.text(); got == "" || strings.Contains(got, errs.Apology) {
					t.Fatalf("seed %d: %q is answered with %q", seed, said, got)
				}
				w.neutral(user, m)
				if m.Card != nil {
					card = m
				}
			}
			w.actsDone(user, acts[user])
			if n := w.openBookings(user); n > 1 {
				t.Fatalf("seed %d: %d open bookings after %q", seed, n, said)
			}
		}
		w.sound()
	})
}

// walkers are how many students of the sample walk in turn.
const walkers = 100

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// pressable are the buttons of a card that was not greyed and that send an event.
func pressable(m shown) []map[string]any {
	if m.Card == nil || str(m.Card["replace_text"]) != "" {
		return nil
	}
	return slices.DeleteFunc(list(m.Card["button_list"]), func(b map[string]any) bool { return str(b["key"]) == "" })
}

// actsDone fails unless the person's n acts were each taken once and done.
func (w *world) actsDone(user string, n int) {
	w.t.Helper()
	var kept, done int
	w.must(w.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRowContext(context.Background(), `select count(*), count(*) filter (where state = 'done') from inbox where lower(sender) = $1`, user).Scan(&kept, &done)
	}))
	if kept != n || done != n {
		w.t.Fatalf("%d acts of %s: %d kept, %d done", n, user, kept, done)
	}
}

func (w *world) openBookings(user string) (n int) {
	w.t.Helper()
	w.must(w.db.Update(context.Background(), func(tx *store.Tx) error {
		who, err := identity.Resolve(context.Background(), tx, user, identity.ByHand)
		if err != nil {
			return err
		}
		mine, err := counselling.Mine(context.Background(), tx, who)
		for _, b := range mine {
			if b.State.Open() {
				n++
			}
		}
		return err
	}))
	return n
}
