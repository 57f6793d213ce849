package request

import (
	"context"
	"fmt"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Offer is one service as Services lists it; one that nobody offers is service.ErrNoVersion.
func (e *Engine) Offer(ctx context.Context, tx *store.Tx, who identity.Person, code string) (Offer, error) {
	if !who.IsStudent() {
		return Offer{}, ErrStudentsOnly
	}
	v, err := service.ByCode(ctx, tx, code)
	if err != nil {
		return Offer{}, err
	}
	drafts, err := draftsOf(ctx, tx, who.ID)
	if err != nil {
		return Offer{}, fmt.Errorf("load drafts: %w", err)
	}
	o, err := e.offer(ctx, tx, who, v)
	o.Draft = drafts[code]
	return o, err
}
