package page

import (
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/templates"
)

// Home is the first page: the three modules (D-37).
type Home struct {
	Base
	Modules []templates.Module
	Why     map[string]string // by code of a service: what it asks for that this person has not
}

// Template implements Page.
func (*Home) Template() string { return "h5/home" }

// NotFor marks what this person cannot apply for.
func (*Home) NotFor() Badge { return NewBadge(toneIdle, "暂不符合") }

// ModulesFor returns the modules with the items the person sees.
func ModulesFor(home templates.Home, who identity.Person) []templates.Module {
	modules := make([]templates.Module, len(home.Modules))
	for i, m := range home.Modules {
		modules[i] = templates.Module{Name: m.Name, Empty: m.Empty}
		for _, item := range m.Items {
			if item.Shown(string(who.Kind)) {
				modules[i].Items = append(modules[i].Items, item)
			}
		}
	}
	return modules
}
