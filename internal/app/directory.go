package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/setting"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// directorySetting keeps when the directory was last read, by any process.
const directorySetting = "directory"

type directoryState struct {
	ReadAt time.Time `json:"read_at"`
}

// keepDirectory reads WeCom's directory once a day, in whichever process comes first,
// and closes the accounts of who is gone.
func (a *App) keepDirectory(ctx context.Context) {
	every(ctx, time.Minute, func() {
		due, err := a.directoryDue(ctx)
		if err == nil && due {
			_, err = a.readDirectory(ctx, false)
		}
		if err != nil && ctx.Err() == nil {
			a.log.Warn("read directory", slog.Any("error", err))
		}
	})
}

// directoryDue takes the day's reading for this process.
func (a *App) directoryDue(ctx context.Context) (due bool, err error) {
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		st, err := setting.Load(ctx, tx, directorySetting, directoryState{})
		if err != nil {
			return err
		}
		local := tx.Now().In(tx.Zone())
		due = tx.Now().Sub(st.ReadAt) > 20*time.Hour && local.Hour() >= 3 && local.Hour() < 6
		if !due {
			return nil
		}
		return setting.Save(ctx, tx, directorySetting, directoryState{ReadAt: tx.Now()}, 0)
	})
	return due, err
}

func (a *App) readDirectory(ctx context.Context, force bool) (report identity.DirectoryReport, err error) {
	reading := identity.Directory{ReadAt: a.db.Clock().Now()}
	departments, err := a.wecom.Departments(ctx, wecom.RootDepartment)
	if err != nil {
		return report, fmt.Errorf("departments: %w", err)
	}
	for _, d := range departments {
		list, err := a.wecom.SimpleList(ctx, d.ID)
		if err != nil {
			return report, fmt.Errorf("members of department %d: %w", d.ID, err)
		}
		for _, m := range list {
			reading.Members = append(reading.Members, identity.DirectoryMember{UserID: m.UserID, Name: m.Name})
		}
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if report, err = identity.SyncDirectory(ctx, tx, reading, force); err != nil {
			return err
		}
		return counselling.Departures(ctx, tx)
	})
	return report, err
}
