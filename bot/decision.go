package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// queue is where the decisions of one kind are made together.
type queue struct {
	what string // what waits, after a number: 条预约等您确认
	path string // of the desk
}

// queues names them by the kind of the card; a kind that is not here is on the desk's
// first page.
func queues() map[string]queue {
	return map[string]queue{
		counselling.KindRequested: {what: "条预约等您确认", path: "/desk/counselling"},
		request.KindReview:        {what: "份申请等您审核", path: "/desk/applications"},
	}
}

// renderRenewed greys an old card out, its text readable; where that is not possible any
// more, both cards work.
func (b *Bot) renderRenewed(_ context.Context, _ *store.Tx, o outbox.Outgoing) (json.RawMessage, error) {
	if !o.Update {
		return nil, outbox.ErrObsolete
	}
	return wecom.ReplaceButtonBody(o.UserIDs(), b.AgentID, o.Code, "已换新卡片"), nil
}

// renderSummary counts what waits beyond the cards on the phone.
func (b *Bot) renderSummary(ctx context.Context, tx *store.Tx, o outbox.Outgoing, a outbox.SummaryArgs) (json.RawMessage, error) {
	cards, joined, err := outbox.Undecided(ctx, tx, o.To[0].ID, a.Kind)
	if err != nil {
		return nil, err
	}
	if joined == 0 {
		return nil, outbox.ErrObsolete
	}
	q, ok := queues()[a.Kind]
	if !ok {
		q = queue{what: "件事等您处理", path: "/desk/"}
	}
	return wecom.TextCardBody(o.UserIDs(), b.AgentID, wecom.TextCard{
		Title: fmt.Sprintf("一共有 %d %s", cards+joined, q.what),
		Description: fmt.Sprintf("<div class=\"normal\">卡片上有 %d 条，另外 %d 条不再单独推送。</div><div class=\"gray\">在电脑上打开工作台，可以一起处理</div>",
			cards, joined),
		URL: b.Cards.URL(q.path) + "?m=" + o.PublicID,
	}), nil
}
