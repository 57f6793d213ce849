package card

import (
	"fmt"
	"strings"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
)

// Digest is a counsellor's morning in one message (T17).
func (m Maker) Digest(f counselling.DigestFacts) string {
	var lines []string
	if f.Today > 0 {
		lines = append(lines, fmt.Sprintf("今天有 %d 位同学约好了，第一位 %s。", f.Today, f.First.In(m.Zone).Format("15:04")))
	}
	if f.Pending > 0 {
		lines = append(lines, fmt.Sprintf("%d 件等您确认，最早的请在 %s 前处理。", f.Pending, calendar.When(f.Deadline, m.Zone)))
	}
	if f.Unsettled > 0 {
		lines = append(lines, fmt.Sprintf("%d 件的时间已经关闭，要改期或取消。", f.Unsettled))
	}
	if f.Unwritten > 0 {
		lines = append(lines, fmt.Sprintf("%d 件还没写记录。", f.Unwritten))
	}
	return strings.Join(lines, "\n") + "\n" + m.Link("打开我的今天", "/desk/counselling/mine")
}
