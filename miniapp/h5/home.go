package h5

import (
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// home shows the three modules with what works for this person (D-37).
func (f face) home(c *page.Context) error {
	p := &page.Home{Base: page.Base{Title: "学工"}}
	if err := c.View(func(tx *store.Tx, who identity.Person) error {
		home, err := service.Home(c, tx, f.Home)
		p.Modules = page.ModulesFor(home, who)
		return err
	}); err != nil {
		return err
	}
	return c.Show(p)
}
