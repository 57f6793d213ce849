package desk

import (
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Roles is who holds what, and what waits for a second person.
type Roles struct {
	Base
	List      []identity.RoleHeld
	Proposals []identity.Proposal
	More      string // address of the next page, "" at the end
}

// Template implements page.Page.
func (*Roles) Template() string { return "desk/roles" }

// CanAccept tells whether the proposal waits for the person's word.
func (p *Roles) CanAccept(x identity.Proposal) bool { return canAccept(p.Who, x) }

func canAccept(who identity.Person, p identity.Proposal) bool {
	return p.Person.PublicID != who.PublicID && p.By != who.Name
}

// CanRevoke tells whether the person is offered to take the role away.
func (p *Roles) CanRevoke(r identity.RoleHeld) bool {
	return isAdmin(p.Who) || r.Name.OfCentre() && p.Who.HasIn(r.Unit, identity.CentreHead)
}

// Where is the unit of a role, or the whole school.
func (p *Roles) Where(unit string) string {
	if unit == "" {
		return "全校"
	}
	return unit
}

func roles(c *page.Context) error {
	p := &Roles{}
	if err := loadRoles(c, p, c.Query("after")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// rolesPage is how many roles are listed at once.
const rolesPage = 50

func loadRoles(c *page.Context, p *Roles, after string) error {
	p.Title = "角色"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		list, next, err := identity.Roles(c, tx, who, after, rolesPage)
		if err != nil {
			return err
		}
		p.List, p.More = list, ""
		if next != "" {
			p.More = address("/desk/roles", "after", next)
		}
		p.Proposals, err = identity.Proposals(c, tx, who)
		return err
	})
}

// grant gives an ordinary role at once, and proposes one of the centre.
func grant(c *page.Context) error {
	form := typed(c, "person", "role", "unit")
	word := "granted"
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if !seesRoles(who) {
			return identity.ErrForbidden
		}
		x, err := identity.ByPublicID(c, tx, who, form["person"])
		if err != nil {
			return err
		}
		name, err := identity.ParseRole(form["role"])
		if err != nil {
			return err
		}
		unit, err := unitOf(c, tx, form["unit"])
		if err != nil {
			return err
		}
		if !name.OfCentre() {
			return identity.Grant(c, tx, who, x.ID, name, unit)
		}
		word = "proposed"
		_, err = identity.ProposeCentreRole(c, tx, who, x.ID, name, unit)
		return err
	})
	return toPerson(c, err, form, form["person"], word)
}

// unitOf returns the unit of a public id; "" is the whole school.
func unitOf(c *page.Context, tx *store.Tx, publicID string) (int64, error) {
	if publicID == "" {
		return 0, nil
	}
	units, err := identity.Units(c, tx)
	if err != nil {
		return 0, err
	}
	for _, u := range units {
		if u.PublicID == publicID {
			return u.ID, nil
		}
	}
	return 0, errs.Field("unit", "没有找到这个单位，请从列表里选。")
}

func revoke(c *page.Context) error {
	return changeRole(c, "revoked", func(tx *store.Tx, who identity.Person) error {
		if err := identity.Revoke(c, tx, who, c.Param("id")); err != nil {
			return err
		}
		return counselling.Departures(c, tx)
	})
}

// answerProposal is the word of the second person.
func answerProposal(c *page.Context) error {
	switch c.Param("act") {
	case "accept":
		return changeRole(c, "accepted", func(tx *store.Tx, who identity.Person) error {
			return identity.AcceptCentreRole(c, tx, who, c.Param("id"))
		})
	case "drop":
		return changeRole(c, "dropped", func(tx *store.Tx, who identity.Person) error {
			return identity.DropProposal(c, tx, who, c.Param("id"))
		})
	default:
		return changeRole(c, "", func(_ *store.Tx, who identity.Person) error {
			if !seesRoles(who) {
				return identity.ErrForbidden
			}
			return errs.New(errs.NotFound, "这个地址没有内容，可能是链接不完整。")
		})
	}
}

func changeRole(c *page.Context, word string, do fill) error {
	err := c.Act(do)
	return done(c, err, address("/desk/roles", "said", word), func(cause error) error {
		p := &Roles{}
		if err := loadRoles(c, p, ""); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}
