package request

import (
	"context"
	"fmt"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// standing is what of a student's applications decides whether another one is taken, for
// any number of services.
type standing struct {
	longer map[string]bool           // services kept open for the student now
	taken  map[string]map[string]int // seats, by service and period
}

func standingOf(ctx context.Context, tx *store.Tx, who identity.Person) (s standing, err error) {
	if s.longer, err = extensionsOf(ctx, tx, who.ID, tx.ReceivedAt()); err != nil {
		return s, fmt.Errorf("load extensions: %w", err)
	}
	if s.taken, err = seatsOf(ctx, tx, who.ID); err != nil {
		return s, fmt.Errorf("count seats: %w", err)
	}
	return s, nil
}

// closed is "" while applications of the service are taken from the student.
func (s standing) closed(tx *store.Tx, d service.Definition) string {
	if d.Window.Open(tx.ReceivedAt(), tx.Zone()) || s.longer[d.Code] {
		return ""
	}
	return fmt.Sprintf("%s现在不在申请时间：%s。", d.Title, d.Window.Text(tx.ReceivedAt(), tx.Zone()))
}

// blocked says in one sentence why the student cannot apply; "" if the student can.
func (s standing) blocked(tx *store.Tx, d service.Definition, v rule.Verdict) string {
	if why := s.closed(tx, d); why != "" {
		return why
	}
	if v.Refused() {
		return v.Why()
	}
	for _, l := range limitsOf(d, tx.ReceivedAt(), tx.Zone()) {
		if taken := s.taken[d.Code][l.period]; taken >= l.most {
			return l.full(d, taken)
		}
	}
	return ""
}
