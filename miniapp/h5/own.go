package h5

import (
	"encoding/json"
	"fmt"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

func registerOwn(r page.Routes, f face) {
	r.GET("/me", show(f.own))
	r.GET("/me/copy.json", f.takeCopy)
}

// own is 我的信息.
func (f face) own(c *page.Context) (*page.Own, error) {
	p := &page.Own{Base: page.Base{Title: "我的信息", Back: "/m/"}}
	err := c.View(func(tx *store.Tx, who identity.Person) (err error) {
		if p.Copy, err = page.CopyOf(c, tx, who, f.Requests); err != nil || !who.IsStudent() {
			return err
		}
		offered, err := service.Active(c, tx)
		if err != nil {
			return err
		}
		mine, err := f.Requests.Mine(c, tx, who)
		p.Asks = page.OwnAsks(offered, mine, tx.Zone())
		return err
	})
	return p, err
}

// takeCopy is the same as a file to take along.
func (f face) takeCopy(c *page.Context) error {
	p, err := f.own(c)
	if err != nil {
		return err
	}
	file, err := json.MarshalIndent(p.Copy, "", "  ")
	if err != nil {
		return fmt.Errorf("write the copy: %w", err)
	}
	return c.Attachment("我的信息.json", "application/json", file)
}
