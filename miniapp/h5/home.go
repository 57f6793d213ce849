package h5

import (
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// home shows the three modules with what works for this person (D-37).
func (f face) home(c *page.Context) error {
	p := &page.Home{Base: page.Base{Title: "学工"}}
	if err := c.View(func(_ *store.Tx, who identity.Person) error {
		p.Modules = page.ModulesFor(f.Home, who)
		return nil
	}); err != nil {
		return err
	}
	return c.Show(p)
}
