package desk

import (
	"strconv"
	"strings"
)

// saying is the sentence a page begins with after an act. %d stands for how many; none
// is said where that is nobody and nothing.
type saying struct{ some, none string }

// said finds the sentence. The address carries a word and a number, never text, so that a
// link cannot put words into our mouth.
func said(word, number string) string {
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		n = 0
	}
	for _, all := range []map[string]saying{sayings(), sayingsOfApplications()} {
		if s, ok := all[word]; ok {
			return s.of(n)
		}
	}
	return ""
}

func (s saying) of(n int) string {
	if n == 0 && s.none != "" {
		return s.none
	}
	return strings.ReplaceAll(s.some, "%d", strconv.Itoa(n))
}

// sayings are those of the centre, of people and of the school.
func sayings() map[string]saying {
	return map[string]saying{
		"confirm":        {some: "已确认，学生马上会收到通知。"},
		"confirmed":      {some: "已确认 %d 条预约，学生马上会收到通知。", none: "选中的预约已经处理过了。"},
		"reject":         {some: "已婉拒，学生会看到理由，可以另选时间。"},
		"cancel":         {some: "已取消，学生会收到理由，时间已重新放出。"},
		"move":           {some: "已改到新的时间，学生马上会收到通知。"},
		"lift":           {some: "已撤销这次记录，学生马上会收到通知。"},
		"uphold":         {some: "已维持这次记录，学生会看到理由。"},
		"arrive":         {some: "已登记到访。"},
		"miss":           {some: "已登记未到。"},
		"taken":          {some: "已记下由您联系，其他老师会知道。联系之后请写一句再办结。"},
		"done":           {some: "已办结。"},
		"duty":           {some: "已加上 %d 班。", none: "这位老师在这些时间已经有班。"},
		"removed":        {some: "已撤下这一班。"},
		"second":         {some: "已提出，等第二位老师确认后生效。"},
		"replied":        {some: "已回复，辅导员马上会收到。"},
		"sent":           {some: "已交给中心，有回复会告诉您。"},
		"opened":         {some: "已开放 %d 个时间。", none: "这些时间已经开放过了。"},
		"closed":         {some: "已关闭，不再接受新的预约。还有 %d 个预约留在这个时间，请逐个联系或取消。", none: "已关闭，这个时间没有预约。"},
		"offered":        {some: "已给出，学生马上会收到，写明了留到几点。"},
		"stay":           {some: "已保存。有 %d 条预约的时间不再开放，都留在下面，请逐个改期或取消。"},
		"ended":          {some: "这条规则已停用，空着的时间已经撤下。"},
		"back":           {some: "已取消这段例外，规则里的时间重新开放。"},
		"away":           {some: "这段时间已停止预约，没有人约在里面。"},
		"resettled":      {some: "已安排 %d 条预约，学生马上会收到通知。", none: "这段时间已停止预约，里面的预约留在下面等您安排。"},
		"resettled_some": {some: "还有 %d 条没有安排上（没有空位，或刚被约走），留在下面。其余的学生马上会收到通知。"},
		"resettling":     {some: "正在安排 %d 条预约，可以离开这一页，进度在下面。"},
		"days":           {some: "已导入 %d 天，排班已经跟着调整。"},
		"saved":          {some: "已保存。"},
		"published":      {some: "已发布，所有人下次预约前会再读一遍。"},
		"same":           {some: "内容没有变化，还是原来的版本。"},
		"bound":          {some: "已绑定，本人重新打开就能用。"},
		"unbound":        {some: "已解绑，这个账号不再能办理。"},
		"imported":       {some: "已导入，%d 人有新增或更新。", none: "名单已导入，没有要新增或更新的。"},
		"granted":        {some: "已授予，马上生效。"},
		"proposed":       {some: "已提名，等另一位确认后生效。"},
		"revoked":        {some: "已收回，马上生效。"},
		"accepted":       {some: "已确认，角色马上生效。"},
		"dropped":        {some: "已退回这项提名。"},
		"again":          {some: "已重新排队，马上会再发一次。"},
		"stopped":        {some: "令牌已停用，用它的系统马上连不上。"},
	}
}
