package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/bot"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
	"github.com/xuegong/xuegong/templates"
)

// offerServices makes the files of this process the active services of an installation
// that has none yet.
func (a *App) offerServices(ctx context.Context) error {
	if err := a.db.Update(ctx, func(tx *store.Tx) error { return service.ApplyFirst(ctx, tx, a.offered) }); err != nil {
		return fmt.Errorf("offer services: %w", err)
	}
	return nil
}

// checkServices says when this process has other service files than the active ones.
func (a *App) checkServices(ctx context.Context) error {
	differs := ""
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		differs, err = service.Differ(ctx, tx, a.offered)
		return err
	})
	if err == nil && differs != "" {
		err = errors.New(differs)
	}
	return err
}

// checkReviewers says which stages of what is offered nobody can decide: they go to whom
// they escalate to at once.
func (a *App) checkReviewers(ctx context.Context) error {
	var missing []string
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		missing, err = unheld(ctx, tx)
		return err
	})
	if err == nil && len(missing) > 0 {
		err = errors.New(strings.Join(missing, "; ") + ": grant the roles on the desk (人员)")
	}
	return err
}

// unheld is a line for each service with stages whose role nobody holds.
func unheld(ctx context.Context, tx *store.Tx) ([]string, error) {
	stages, err := request.Unheld(ctx, tx)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, code := range slices.Sorted(maps.Keys(stages)) {
		for _, s := range stages[code] {
			lines = append(lines, fmt.Sprintf("%s: nobody holds %s for %s", code, s.Role, s.Title))
		}
	}
	return lines, nil
}

// menu is what the app's menu in WeCom should be now.
func (a *App) menu(ctx context.Context) ([]wecom.MenuButton, error) {
	home := a.home
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		home, err = service.Home(ctx, tx, a.home)
		return err
	})
	return bot.Menu(home, a.cfg.PublicURL), err
}

type templatesCmd struct {
	Apply templatesApplyCmd `cmd:"" help:"Make the service files (XUEGONG_TEMPLATES over ours) the active ones."`
	Check templatesCheckCmd `cmd:"" help:"Check the service files of an overlay folder; changes nothing."`
}

type templatesApplyCmd struct{ dataFlag }

// Run makes the files count for every process; applications under way keep theirs.
func (c templatesApplyCmd) Run(e *environment) error {
	cfg, err := e.config()
	if err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	files, err := serviceFiles(cfg.Templates)
	if err != nil {
		return err
	}
	return c.withDB(e, func(db *store.DB) error {
		var changed service.Applied
		var missing []string
		if err := db.Update(e.ctx, func(tx *store.Tx) (err error) {
			if changed, err = service.Apply(e.ctx, tx, identity.Operator(), files); err != nil {
				return err
			}
			missing, err = unheld(e.ctx, tx)
			return err
		}); err != nil {
			return err
		}
		for _, line := range missing {
			fmt.Fprintln(e.stdout, "! "+line)
		}
		if changed.Nothing() {
			fmt.Fprintf(e.stdout, "nothing to change, %d services are active\n", len(files))
			return nil
		}
		for _, line := range []struct {
			word  string
			codes []string
		}{{"added", changed.Added}, {"changed", changed.Changed}, {"removed", changed.Removed}} {
			if len(line.codes) > 0 {
				fmt.Fprintf(e.stdout, "%s: %s\n", line.word, strings.Join(line.codes, ", "))
			}
		}
		fmt.Fprintf(e.stdout, "%d services are active\n", len(files))
		return nil
	})
}

type templatesCheckCmd struct {
	Dir string `arg:"" optional:"" type:"existingdir" help:"Folder laid over ours, as XUEGONG_TEMPLATES; none checks ours."`
}

// Run prints every mistake with file, line and reason.
func (c templatesCheckCmd) Run(e *environment) error {
	files, err := serviceFiles(c.Dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(e.stdout, "✓ %s %s\n", f.Definition.Code, f.Definition.Title)
	}
	return nil
}

func serviceFiles(overlay string) ([]service.File, error) {
	files, err := templates.Open(overlay)
	if err != nil {
		return nil, err
	}
	return service.Load(files)
}
