package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// renderGone tells the centre's desk and head who waits after a counsellor left.
func (b *Bot) renderGone(_ context.Context, _ *store.Tx, o outbox.Outgoing, g counselling.Gone) (json.RawMessage, error) {
	s := fmt.Sprintf("%s老师已不在%s任职，之后的时间都已停止预约。", g.Counsellor, g.Name)
	if g.Waiting > 0 {
		s += fmt.Sprintf("还有 %d 位同学约了这些时间，请在工作台的“待安排”里逐个改期或取消：%s/desk/counselling/unsettled", g.Waiting, b.Cards.BaseURL)
	}
	return b.text(o, s), nil
}
