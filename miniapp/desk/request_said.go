package desk

// sayingsOfApplications are those after an act on applications.
func sayingsOfApplications() map[string]saying {
	return map[string]saying{
		"application_approve":   {some: "已通过，学生马上会收到通知。"},
		"application_return":    {some: "已退回，学生会看到要补充什么。"},
		"application_reject":    {some: "已定为不通过，学生会看到理由和申诉的办法。"},
		"application_many":      {some: "已处理 %d 份，学生马上会收到通知。", none: "选中的申请已经处理过了。"},
		"application_receive":   {some: "已登记收到的材料。"},
		"application_unreceive": {some: "已取消登记，这项材料回到“还缺”。"},
		"application_note":      {some: "已记下，只有经办的老师能看。"},
		"application_answer":    {some: "已回复，学生马上会收到。"},
		"application_extend":    {some: "期限已延长，学生马上会收到通知。"},
		"application_window":    {some: "已为这位同学延长，到期前可以提交。"},
		"application_print":     {some: "已登记，学生会收到来领取的通知。"},
		"application_printed":   {some: "已登记 %d 份，学生会收到来领取的通知。", none: "一份都没有登记，原因在下面。"},
		"application_handover":  {some: "已发放，登记了时间和经办人。"},
		"application_requeue":   {some: "已放回待放款，会进下一份名单。"},
		"application_revoke":    {some: "已撤销，学生会看到理由；核验时显示已失效。"},
		"payout_built":          {some: "名单已建好，合计和行数不再变化。"},
		"payout_paid":           {some: "已登记 %d 笔放款，学生马上会收到通知。"},
		"payout_failed":         {some: "已登记未成功，学生会看到理由。"},
		"ask_answered":          {some: "已回复，学生马上会收到。"},
		"deputy_set":            {some: "已设好，到时自动生效，到期自动结束。"},
		"deputy_ended":          {some: "已结束代办，马上生效。"},
	}
}
