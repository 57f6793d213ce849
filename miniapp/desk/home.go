package desk

import (
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Home says what waits for this person.
type Home struct {
	Base
}

// Template implements page.Page.
func (*Home) Template() string { return "desk/home" }

// Waiting is how much waits in all queues together.
func (p *Home) Waiting() int {
	n := 0
	for _, g := range p.Nav {
		for _, i := range g.Items {
			n += i.Count
		}
	}
	return n
}

func home(c *page.Context) error {
	p := &Home{Base: Base{Base: page.Base{Title: "工作台"}}}
	if err := read(c, p, func(*store.Tx, identity.Person) error { return nil }); err != nil {
		return err
	}
	return answer(c, p, nil)
}
