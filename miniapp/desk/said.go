package desk

import (
	"fmt"
	"strconv"
)

// said is the sentence a page begins with after an act. The address carries a word and a
// number, never text, so that a link cannot put words into our mouth.
func said(word, number string) string {
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		n = 0
	}
	switch word {
	case "confirm":
		return "已确认，学生马上会收到通知。"
	case "confirmed":
		if n == 0 {
			return "选中的预约已经处理过了。"
		}
		return fmt.Sprintf("已确认 %d 条预约，学生马上会收到通知。", n)
	case "reject":
		return "已拒绝，学生会看到理由，可以另选时间。"
	case "cancel":
		return "已取消，学生会收到理由，时间已重新放出。"
	case "move":
		return "已改到新的时间，学生马上会收到通知。"
	case "lift":
		return "已撤销这次记录，学生马上会收到通知。"
	case "uphold":
		return "已维持这次记录，学生会看到理由。"
	case "arrive":
		return "已登记到访。"
	case "miss":
		return "已登记未到。"
	case "taken":
		return "已记下由您联系，其他老师会知道。联系之后请写一句再办结。"
	case "done":
		return "已办结。"
	case "duty":
		if n == 0 {
			return "这位老师在这些时间已经有班。"
		}
		return fmt.Sprintf("已加上 %d 班。", n)
	case "removed":
		return "已撤下这一班。"
	case "second":
		return "已提出，等第二位老师确认后生效。"
	case "replied":
		return "已回复，辅导员马上会收到。"
	case "sent":
		return "已交给中心，有回复会告诉您。"
	case "opened":
		if n == 0 {
			return "这些时间已经开放过了。"
		}
		return fmt.Sprintf("已开放 %d 个时间。", n)
	case "closed":
		if n > 0 {
			return fmt.Sprintf("已关闭，不再接受新的预约。还有 %d 个预约留在这个时间，请逐个联系或取消。", n)
		}
		return "已关闭，这个时间没有预约。"
	case "offered":
		return "已给出，学生马上会收到，写明了留到几点。"
	case "stay":
		return fmt.Sprintf("已保存。有 %d 条预约的时间不再开放，都留在下面，请逐个改期或取消。", n)
	case "ended":
		return "这条规则已停用，空着的时间已经撤下。"
	case "back":
		return "已取消这段例外，规则里的时间重新开放。"
	case "away":
		return "这段时间已停止预约，没有人约在里面。"
	case "resettled":
		if n == 0 {
			return "这段时间已停止预约，里面的预约留在下面等您安排。"
		}
		return fmt.Sprintf("已安排 %d 条预约，学生马上会收到通知。", n)
	case "resettled_some":
		return fmt.Sprintf("还有 %d 条没有安排上（没有空位，或刚被约走），留在下面。其余的学生马上会收到通知。", n)
	case "resettling":
		return fmt.Sprintf("正在安排 %d 条预约，可以离开这一页，进度在下面。", n)
	case "days":
		return fmt.Sprintf("已导入 %d 天，排班已经跟着调整。", n)
	case "saved":
		return "已保存。"
	case "published":
		return "已发布，所有人下次预约前会再读一遍。"
	case "same":
		return "内容没有变化，还是原来的版本。"
	case "bound":
		return "已绑定，本人重新打开就能用。"
	case "unbound":
		return "已解绑，这个账号不再能办理。"
	case "imported":
		if n == 0 {
			return "名单已导入，没有要新增或更新的。"
		}
		return fmt.Sprintf("已导入，%d 人有新增或更新。", n)
	case "granted":
		return "已授予，马上生效。"
	case "proposed":
		return "已提名，等另一位确认后生效。"
	case "revoked":
		return "已收回，马上生效。"
	case "accepted":
		return "已确认，角色马上生效。"
	case "dropped":
		return "已退回这项提名。"
	case "again":
		return "已重新排队，马上会再发一次。"
	case "stopped":
		return "令牌已停用，用它的系统马上连不上。"
	}
	return saidOfApplications(word, n)
}
