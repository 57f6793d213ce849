package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/store"
)

// keepHours asks for the nightly planning of hours, and asks again while the database
// does not answer.
func (a *App) keepHours(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, 5*time.Minute) {
		err := a.db.Update(ctx, func(tx *store.Tx) error { return counselling.Watch(ctx, tx) })
		if err == nil || ctx.Err() != nil {
			return
		}
		a.log.Warn("plan hours", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
