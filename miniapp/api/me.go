package api

import (
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
	"github.com/xuegong/xuegong/templates"
)

type person struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Number  string `json:"number"`
	Level   string `json:"level"`
	Unit    string `json:"unit"`
	College string `json:"college"`
	Campus  string `json:"campus"`
}

func (f face) me(c *page.Context) error {
	return reply(c, c.View, func(_ *store.Tx, who identity.Person) (person, error) {
		return person{
			ID: who.PublicID, Name: who.Name, Kind: string(who.Kind), Number: who.Number, Level: who.Level,
			Unit: who.UnitName, College: who.CollegeName, Campus: who.CampusName,
		}, nil
	})
}

// copy is what the school keeps of who asks, to take along.
func (f face) copy(c *page.Context) error {
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (page.Copy, error) {
		return page.CopyOf(c, tx, who, f.Requests)
	})
}

type module struct {
	Name  string `json:"name"`
	Items []item `json:"items"`
}

type item struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Path   string `json:"path"`
}

// home returns the three modules with what works for this person (D-37).
func (f face) home(c *page.Context) error {
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (list[module], error) {
		home, err := service.Home(c, tx, f.Home)
		if err != nil {
			return list[module]{}, err
		}
		return pageOf(c, page.ModulesFor(home, who), func(m templates.Module) string { return m.Name }, moduleOut)
	})
}

func moduleOut(m templates.Module) module {
	items := listOf(m.Items, func(i templates.Item) item { return item{i.Code, i.Title, i.Detail, i.Path} })
	return module{m.Name, items}
}
