package service

import (
	"context"
	"slices"

	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/templates"
)

// Home lays the active services into the modules of the home page, after what home.yaml
// puts there. The home page, the menu and 帮助 all show what it returns (D-02, D-37).
func Home(ctx context.Context, tx *store.Tx, fixed templates.Home) (templates.Home, error) {
	active, err := Active(ctx, tx)
	if err != nil {
		return templates.Home{}, err
	}
	return home(fixed, active), nil
}

func home(fixed templates.Home, active []Version) templates.Home {
	h := templates.Home{Modules: slices.Clone(fixed.Modules)}
	for i := range h.Modules {
		m := &h.Modules[i]
		m.Items = slices.Clone(m.Items)
		for _, v := range active {
			if v.Group == m.Name {
				m.Items = append(m.Items, v.item())
			}
		}
	}
	return h
}

// Path is the page of the service.
func (d Definition) Path() string { return "/m/services/" + d.Code }

func (d Definition) item() templates.Item {
	return templates.Item{
		Code: d.Code, Title: d.Title, Chat: d.Chat, Detail: d.Detail, Path: d.Path(), Say: d.StartSentence(), For: []string{"student"},
	}
}
