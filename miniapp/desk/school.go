package desk

import (
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/setting"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// School is what the papers say of the school, for its administrator.
type School struct{ Base }

// Template implements page.Page.
func (*School) Template() string { return "desk/school" }

func school(c *page.Context) error {
	return show(c, &School{}, loadSchool, nil)
}

func loadSchool(c *page.Context, p *School) error {
	p.Title = "学校名称"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		if !isAdmin(who) {
			return identity.ErrForbidden
		}
		if p.Form != nil {
			return nil
		}
		s, err := setting.LoadSchool(c, tx)
		p.Form = Form{"name": s.Name}
		return err
	})
}

func saveSchool(c *page.Context) error {
	form := typed(c, "name")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		return setting.SaveSchool(c, tx, who, setting.School{Name: form["name"]})
	})
	return done(c, err, "/desk/school?said=saved", again(c, &School{Base: Base{Form: form}}, loadSchool))
}
