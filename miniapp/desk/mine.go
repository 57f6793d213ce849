package desk

import (
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Mine is a counsellor's day: who comes, what waits for their word, what is to be written.
type Mine struct {
	Base
	counselling.MyDay
}

// Template implements page.Page.
func (*Mine) Template() string { return "desk/mine" }

// Nothing tells whether nothing is on today and nothing waits.
func (p *Mine) Nothing() bool {
	return len(p.Today)+len(p.Pending)+len(p.Unsettled)+len(p.Unwritten)+len(p.Offers)+len(p.Duty) == 0
}

func mine(c *page.Context) error {
	p := &Mine{Base: Base{Base: page.Base{Title: "我的今天"}}}
	err := readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		p.MyDay, err = counselling.LoadMyDay(c, tx, who, centre)
		return err
	})
	if err != nil {
		return err
	}
	return answer(c, p, nil)
}
