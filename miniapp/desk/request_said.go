package desk

import "fmt"

// saidOfApplications is what a page begins with after an act on applications.
func saidOfApplications(word string, n int) string {
	switch word {
	case "application_approve":
		return "已通过，学生马上会收到通知。"
	case "application_return":
		return "已退回，学生会看到要补充什么。"
	case "application_reject":
		return "已定为不通过，学生会看到理由和申诉的办法。"
	case "application_many":
		if n == 0 {
			return "选中的申请已经处理过了。"
		}
		return fmt.Sprintf("已处理 %d 份，学生马上会收到通知。", n)
	case "application_receive":
		return "已登记收到的材料。"
	case "application_unreceive":
		return "已取消登记，这项材料回到“还缺”。"
	case "application_note":
		return "已记下，只有经办的老师能看。"
	case "application_answer":
		return "已回复，学生马上会收到。"
	case "application_extend":
		return "期限已延长，学生马上会收到通知。"
	case "application_window":
		return "已为这位同学延长，到期前可以提交。"
	case "application_print":
		return "已登记，学生会收到来领取的通知。"
	case "application_printed":
		return fmt.Sprintf("已登记 %d 份，学生会收到来领取的通知。", n)
	case "application_handover":
		return "已发放，登记了时间和经办人。"
	case "application_requeue":
		return "已放回待放款，会进下一份名单。"
	case "application_revoke":
		return "已撤销，学生会看到理由；核验时显示已失效。"
	case "payout_built":
		return "名单已建好，合计和行数不再变化。"
	case "payout_paid":
		return fmt.Sprintf("已登记 %d 笔放款，学生马上会收到通知。", n)
	case "payout_failed":
		return "已登记未成功，学生会看到理由。"
	case "ask_answered":
		return "已回复，学生马上会收到。"
	case "deputy_set":
		return "已设好，到时自动生效，到期自动结束。"
	case "deputy_ended":
		return "已结束代办，马上生效。"
	}
	return ""
}
