package h5

import (
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// home shows the three modules with what works for this person (D-37).
func (f face) home(c *page.Context) (*page.Home, error) {
	p := &page.Home{Base: page.Base{Title: "学工"}}
	err := c.View(func(tx *store.Tx, who identity.Person) error {
		home, err := service.Home(c, tx, f.Home)
		if err != nil {
			return err
		}
		p.Modules = page.ModulesFor(home, who)
		p.Why, err = f.notFor(c, tx, who)
		return err
	})
	return p, err
}

// notFor says what services ask for that the student has not; how to get it stands on
// the page of the service (D-03).
func (f face) notFor(c *page.Context, tx *store.Tx, who identity.Person) (map[string]string, error) {
	if !who.IsStudent() {
		return nil, nil
	}
	offers, err := f.Requests.Services(c, tx, who)
	why := map[string]string{}
	for _, o := range offers {
		if o.Verdict.Refused() {
			why[o.Service.Code] = o.Verdict.Lacks()
		}
	}
	return why, err
}
