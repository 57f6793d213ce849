package understand_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/bot/understand"
)

// school is the vocabulary of the tests: the services of a small office, invented people.
var school = understand.Vocabulary{
	Intents: []understand.Intent{
		{Name: "counselling.book", Phrases: []string{"心理咨询", "预约心理咨询", "预约咨询", "约咨询", "约老师", "约心理老师", "想找老师聊聊", "心理辅导", "心理老师"}},
		{Name: "counselling.cancel", Phrases: []string{"取消预约", "取消咨询", "取消心理咨询", "不去咨询了", "退掉预约"}},
		{Name: "counselling.move", Phrases: []string{"改期", "改时间", "预约改时间", "改约", "换个时间"}},
		{Name: "counselling.mine", Phrases: []string{"我的预约", "查预约", "查看预约", "我约了什么时候"}},
		{Name: "certificate.aid", Phrases: []string{"奖助贷证明", "资助证明", "奖学金证明", "助学金证明", "贷款证明"}},
		{Name: "certificate.hardship", Phrases: []string{"困难认定证明", "贫困证明", "困难证明"}},
		{Name: "certificate.honour", Phrases: []string{"荣誉称号证明", "荣誉证明"}},
		{Name: "volunteer.card", Phrases: []string{"补办义工证", "义工证", "义工证丢了"}},
		{Name: "volunteer.hours", Phrases: []string{"义工时长", "志愿时长", "志愿服务时长", "志愿者时长"}},
		{Name: "job", Phrases: []string{"勤工助学", "勤工俭学", "兼职信息", "家教招聘", "找兼职", "校内岗位"}},
		{Name: "activity", Phrases: []string{"公益活动", "志愿活动", "报名活动"}},
		{Name: "course", Phrases: []string{"技能课程", "技能培训", "培训课程"}},
		{Name: "subsidy", Phrases: []string{"暑期实习补贴", "实习补贴"}},
		{Name: "departure", Phrases: []string{"离校清单", "离校手续", "办理离校", "毕业离校"}},
		{Name: "club.join", Phrases: []string{"加入社团", "参加社团", "社团报名"}},
		{Name: "club.leave", Phrases: []string{"退出社团", "退社"}},
		{Name: "signups", Phrases: []string{"我的报名", "我报了什么", "报名记录"}},
		{Name: "notice", Phrases: []string{"近期通知", "最新通知", "通知公告"}},
	},
	People: []understand.Name{
		{ID: "wang1", Name: "王晓燕"},
		{ID: "wang2", Name: "王志强"},
		{ID: "li", Name: "李沐", Aliases: []string{"木木老师"}},
		{ID: "zeng", Name: "曾一凡"},
		{ID: "ouyang", Name: "欧阳静怡"},
		{ID: "zhou", Name: "周天蓝"},
		{ID: "lin", Name: "林知夏"},
	},
	Places: []understand.Name{
		{ID: "songjiang", Name: "松江校区"},
		{ID: "yanan", Name: "延安路校区", Aliases: []string{"延安路"}},
		{ID: "centre", Name: "大学生活动中心", Aliases: []string{"大活"}},
	},
}

func TestIntents(t *testing.T) {
	t.Parallel()
	u := understand.New(school)
	tests := []struct{ sentence, want string }{ // want: the intent, "? a b" for alternatives
		{"心理咨询", "counselling.book"},
		{"我想预约心理咨询", "counselling.book"},
		{"你好，请问怎么预约心理咨询呀？", "counselling.book"},
		{"心里咨询", "counselling.book"},
		{"心理资询", "counselling.book"},
		{"心里资讯", "counselling.book"},
		{"心理的咨询", "counselling.book"},
		{"心咨询", "counselling.book"},
		{"心理咨咨询", "counselling.book"},
		{"心理询咨", "counselling.book"},
		{"心理諮詢", "counselling.book"},
		{"ＸＬ心 理 咨 询", "counselling.book"},
		{"心理咨询😭😭", "counselling.book"},
		{"预定心理咨询", "counselling.book"},
		{"玉约心理咨询", "counselling.book"},
		{"约王老师明天下午三点", "counselling.book"},
		{"明天下午三点约王老师", "counselling.book"},
		{"取消预约", "counselling.cancel"},
		{"取消预定", "counselling.cancel"},
		{"取消明天下午的预约", "counselling.cancel"},
		{"取消心理咨询", "counselling.cancel"},
		{"取消心理咨询预约", "counselling.cancel"},
		{"心理咨询取消一下", "? counselling.cancel counselling.book"},
		{"我想改时间", "counselling.move"},
		{"我的预约", "counselling.mine"},
		{"我的玉约", "counselling.mine"},
		{"奖助贷证明", "certificate.aid"},
		{"奖助代证明", "certificate.aid"},
		{"开个贫困证明", "certificate.hardship"},
		{"我要开一个困难认定的证明", "certificate.hardship"},
		{"荣誉证明怎么开", "certificate.honour"},
		{"补办义工证", "volunteer.card"},
		{"义工正丢了", "volunteer.card"},
		{"查义工时长", "volunteer.hours"},
		{"勤工助学", "job"},
		{"勤工住学", "job"},
		{"勤工学", "job"},
		{"禽工助学岗位有吗", "job"},
		{"有没有兼职", "? job"},
		{"公益活动", "activity"},
		{"公益互动", "? activity"},
		{"公义活动", "activity"},
		{"有什么技能课呈", "course"},
		{"暑期实习补贴什么时候发", "subsidy"},
		{"实习补帖", "subsidy"},
		{"离校手续怎么办", "departure"},
		{"離校手續", "departure"},
		{"我想加入社团", "club.join"},
		{"我想退出社团", "club.leave"},
		{"我要参加一个社团", "club.join"},
		{"最近通知", "? notice"},
		{"近期通知", "notice"},
		{"心理咨询和勤工助学", "? counselling.book job"},
		{"证明", "? certificate.aid certificate.hardship certificate.honour"},
		{"今天天气真好", ""},
		{"在吗", ""},
		{"学生证", ""},
		{"asdfgh", ""},
		{"", ""},
	}
	for _, tt := range tests {
		t.Run(name(tt.sentence), func(t *testing.T) {
			t.Parallel()
			m := u.Understand(tt.sentence, wednesday)
			got := m.Intent
			if len(m.Alternatives) > 0 {
				got = "? " + strings.Join(m.Alternatives, " ")
			}
			if got != tt.want {
				t.Errorf("got %q (%.2f), want %q", got, m.Score, tt.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	u := understand.New(school)
	tests := []struct{ sentence, people, not, places string }{
		{sentence: "约王晓燕老师", people: "wang1"},
		{sentence: "约王小燕老师", people: "wang1"},
		{sentence: "王小艳", people: "wang1"},
		{sentence: "王老师", people: "wang1 wang2"},
		{sentence: "汪老师", people: "wang1 wang2"},
		{sentence: "晓燕老师", people: "wang1"},
		{sentence: "李教授", people: "li"},
		{sentence: "李沐", people: "li"},
		{sentence: "木木老师在吗", people: "li"},
		{sentence: "曾老师", people: "zeng"},
		{sentence: "歐陽老師", people: "ouyang"},
		{sentence: "欧阳咨询师", people: "ouyang"},
		{sentence: "周老师", people: "zhou"},
		{sentence: "林老师", people: "lin"},
		{sentence: "王老师或李老师", people: "wang1 wang2 li"},
		{sentence: "李老师或王志强老师", people: "wang2 li"},
		{sentence: "不要王老师", not: "wang1 wang2"},
		{sentence: "除了李老师都可以", not: "li others"},
		{sentence: "不要李老师和曾老师", not: "li zeng"},
		{sentence: "除了王晓燕和李沐，别的老师都行", not: "wang1 li others"},
		{sentence: "不要李老师，有没有别的", not: "li"},
		{sentence: "老师好"},
		{sentence: "赵老师", people: "(赵老师)"},
		{sentence: "约上官老师", people: "(上官老师)"},
		{sentence: "奖学金老师"},
		{sentence: "明白老师"},
		{sentence: "周三"},
		{sentence: "松江校区", places: "songjiang"},
		{sentence: "去延安路", places: "yanan"},
		{sentence: "大学生活动中心", places: "centre"},
	}
	for _, tt := range tests {
		t.Run(name(tt.sentence), func(t *testing.T) {
			t.Parallel()
			m := u.Understand(tt.sentence, wednesday)
			for _, s := range m.Strangers {
				m.People = append(m.People, "("+s+")")
			}
			if m.Others {
				m.NotPeople = append(m.NotPeople, "others")
			}
			got := []string{strings.Join(m.People, " "), strings.Join(m.NotPeople, " "), strings.Join(m.Places, " ")}
			if diff := cmp.Diff([]string{tt.people, tt.not, tt.places}, got); diff != "" {
				t.Errorf("people, not, places (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWordsAndChoices(t *testing.T) {
	t.Parallel()
	u := understand.New(school)
	tests := []struct {
		sentence string
		word     understand.Word
		choice   int
	}{
		{sentence: "好的", word: understand.Yes},
		{sentence: "好的，谢谢老师", word: understand.Yes},
		{sentence: "确认。", word: understand.Yes},
		{sentence: "確認", word: understand.Yes},
		{sentence: "OK", word: understand.Yes},
		{sentence: "我同意", word: understand.Yes},
		{sentence: "不是的", word: understand.No},
		{sentence: "不对", word: understand.No},
		{sentence: "返回", word: understand.Back},
		{sentence: "反回", word: understand.Back},
		{sentence: "上一步吧", word: understand.Back},
		{sentence: "取消", word: understand.Cancel},
		{sentence: "去消", word: understand.Cancel},
		{sentence: "取 消 ！！", word: understand.Cancel},
		{sentence: "算了吧", word: understand.Cancel},
		{sentence: "那就算了", word: understand.Cancel},
		{sentence: "我不想约了", word: understand.Cancel},
		{sentence: "算了，不约了", word: understand.Cancel},
		{sentence: "好的好的", word: understand.Yes},
		{sentence: "嗯好的", word: understand.Yes},
		{sentence: "取消预约"},
		{sentence: "帮助", word: understand.Help},
		{sentence: "怎么用啊", word: understand.Help},
		{sentence: "？", word: understand.Help},
		{sentence: "？？", word: understand.Help},
		{sentence: "还有吗", word: understand.More},
		{sentence: "换一批", word: understand.More},
		{sentence: "都可以", word: understand.Any},
		{sentence: "都行，明天下午", word: understand.Any},
		{sentence: "明天下午都行"},
		{sentence: "除了周五都行"},
		{sentence: "周五不行"},
		{sentence: "跳过", word: understand.Skip},
		{sentence: "在吗", word: understand.Hello},
		{sentence: "再吗", word: understand.Hello},
		{sentence: "在吗？？？", word: understand.Hello},
		{sentence: "老师你好", word: understand.Hello},
		{sentence: "人呢！", word: understand.Hello},
		{sentence: "快点啊", word: understand.Hello},
		{sentence: "谢谢老师", word: understand.Thanks},
		{sentence: "谢谢🙏", word: understand.Thanks},
		{sentence: "好的谢谢", word: understand.Yes},
		{sentence: "嗯那个好的", word: understand.Yes},
		{sentence: "额…算了", word: understand.Cancel},
		{sentence: "接着来", word: understand.Yes},
		{sentence: "步行街", word: understand.None},

		{sentence: "2", choice: 2},
		{sentence: "２", choice: 2},
		{sentence: "②", choice: 2},
		{sentence: "2️⃣", choice: 2},
		{sentence: "2。", choice: 2},
		{sentence: "二", choice: 2},
		{sentence: "选2", choice: 2},
		{sentence: "选二吧", choice: 2},
		{sentence: "第二个", choice: 2},
		{sentence: "第2个吧", choice: 2},
		{sentence: "我要第三个", choice: 3},
		{sentence: "第一位老师", choice: 1},
		{sentence: "最后一个", choice: -1},
		{sentence: "12", choice: 12},
		{sentence: "2号", choice: 2},
		{sentence: "第三周"},
		{sentence: "我有3个问题"},
		{sentence: "20231014"},
		{sentence: "3点"},
	}
	for _, tt := range tests {
		t.Run(name(tt.sentence), func(t *testing.T) {
			t.Parallel()
			m := u.Understand(tt.sentence, wednesday)
			if m.Word != tt.word || m.Choice != tt.choice {
				t.Errorf("word %q choice %d, want %q %d", m.Word, m.Choice, tt.word, tt.choice)
			}
		})
	}
}

func TestOneSentenceSaysEverything(t *testing.T) {
	t.Parallel()
	const sentence = "老师好，我想约王晓燕老师做心里咨询，明天下午三点，松江校区可以吗"
	got := understand.New(school).Understand(sentence, wednesday)
	from := time.Date(2025, 10, 16, 15, 0, 0, 0, shanghai)
	start := strings.Index(sentence, "明天")
	want := understand.Meaning{
		Intent: "counselling.book", Score: got.Score,
		People: []string{"wang1"}, Places: []string{"songjiang"},
		Times: []understand.Span{{
			From: from, To: from.Add(time.Minute), Precision: understand.Instant,
			Text: "明天下午三点", Start: start, End: start + len("明天下午三点"),
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func name(sentence string) string {
	if sentence == "" {
		return "empty"
	}
	return strings.ReplaceAll(sentence, " ", "_")
}

func FuzzUnderstand(f *testing.F) {
	for _, tt := range times {
		f.Add(tt.sentence, int64(0))
	}
	f.Add("明天下午三点约王老师\xff除了周五", int64(1e9))
	u := understand.New(school)
	f.Fuzz(func(t *testing.T, sentence string, seconds int64) {
		now := wednesday.Add(time.Duration(seconds%(50*365*86400)) * time.Second)
		m := u.Understand(sentence, now)
		for _, spans := range [][]understand.Span{m.Times, m.NotTimes} {
			for i, s := range spans {
				if s.Start < 0 || s.Start >= s.End || s.End > len(sentence) || s.Text != sentence[s.Start:s.End] {
					t.Fatalf("span %d of %q is outside: %+v", i, sentence, s)
				}
				if !s.From.Before(s.To) || (i > 0 && s.Start < spans[i-1].Start) {
					t.Fatalf("span %d of %q is out of order: %+v", i, sentence, s)
				}
			}
		}
		if m.Score < 0 || m.Score > 1 || (m.Intent != "" && len(m.Alternatives) > 0) || len(m.Alternatives) > 3 {
			t.Fatalf("%q: %+v", sentence, m)
		}
	})
}

func BenchmarkUnderstand(b *testing.B) {
	u := understand.New(school)
	for _, sentence := range []string{"心里咨询", "明天下午三点约王老师", "你好，请问怎么预约心理咨询呀？除了周五下午都可以"} {
		b.Run(sentence, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				u.Understand(sentence, wednesday)
			}
		})
	}
}

// BenchmarkLargeSchool is a vocabulary of 60 intents and 200 members of staff.
func BenchmarkLargeSchool(b *testing.B) {
	large := school
	for _, i := range school.Intents {
		for n := range 3 {
			phrases := make([]string, len(i.Phrases))
			for k, p := range i.Phrases {
				phrases[k] = p + []string{"材料", "进度", "地点"}[n]
			}
			large.Intents = append(large.Intents, understand.Intent{Name: fmt.Sprint(i.Name, n), Phrases: phrases})
		}
	}
	large.Intents = large.Intents[:60]
	surnames, given := []rune("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"), []rune("安宁远舟清和雨晴言溪")
	for i := range 200 {
		large.People = append(large.People, understand.Name{
			ID: fmt.Sprint("p", i), Name: string([]rune{surnames[i%20], given[i/20], given[(i*7+3)%10]}),
		})
	}
	u := understand.New(large)
	for _, sentence := range []string{"心里咨询", "明天下午三点约王老师", "你好，请问怎么预约心理咨询呀？除了周五下午都可以"} {
		b.Run(sentence, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				u.Understand(sentence, wednesday)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		understand.New(school)
	}
}
