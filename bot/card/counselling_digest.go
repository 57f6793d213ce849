package card

import (
	"fmt"
	"strings"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
)

// Digest is the morning of a counsellor or the front desk in one message (T17). What waits
// for a decision is opened from it one by one.
func (m Maker) Digest(f counselling.DigestFacts) string {
	var lines []string
	if f.Today > 0 {
		lines = append(lines, fmt.Sprintf("今天有 %d 位同学约好了，第一位 %s。", f.Today, f.First.In(m.Zone).Format("15:04")))
	}
	if f.Pending > 0 {
		lines = append(lines, fmt.Sprintf("%d 件等您确认：", f.Pending))
		for _, a := range f.Asked {
			lines = append(lines, "· "+m.Link(calendar.When(a.StartsAt, m.Zone)+" "+a.Student, "/desk/counselling?booking="+a.Booking)+
				"，最晚 "+calendar.When(a.Until, m.Zone))
		}
		if more := f.Pending - len(f.Asked); more > 0 {
			lines = append(lines, fmt.Sprintf("· 还有 %d 件", more))
		}
	}
	if f.Appeals > 0 {
		lines = append(lines, fmt.Sprintf("%d 份未到说明等您处理。", f.Appeals))
	}
	if f.Unsettled > 0 {
		lines = append(lines, fmt.Sprintf("%d 件的时间已经关闭，要改期或取消。", f.Unsettled))
	}
	if f.Unwritten > 0 {
		lines = append(lines, fmt.Sprintf("%d 件还没写记录。", f.Unwritten))
	}
	last := m.Link("打开我的今天", "/desk/counselling/mine")
	if f.Desk {
		last = m.Link("打开工作台", "/desk/counselling")
	}
	return strings.Join(append(lines, last), "\n")
}
