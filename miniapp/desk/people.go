package desk

import (
	"slices"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// People is a search for persons and the one that is open.
type People struct {
	Base
	Query string
	Kind  string
	List  []Person
	More  string // address of the next page, "" at the end
	Open  *Person
	Roles []OwnRole
	Give  []Choice // roles this person may give to the open one
	Units []Choice // and for where

	CanBind bool
	Centre  bool // the open person works at a centre, whose account nobody changes
	Propose bool // what is given waits for a second person
}

// Person is a person in the words of the desk.
type Person struct{ identity.Person }

// OwnRole is a role as its holder's page lists it.
type OwnRole struct{ Name, Unit string }

// Template implements page.Page.
func (*People) Template() string { return "desk/people" }

// At is the address of this search with a person open.
func (p *People) At(person string) string {
	return address("/desk/people", "q", p.Query, "kind", p.Kind, "person", person)
}

// IsOpen tells whether the person is the one open.
func (p *People) IsOpen(x Person) bool { return p.Open != nil && p.Open.PublicID == x.PublicID }

// KindWord is 学生 or 教职工.
func (p Person) KindWord() string {
	if p.IsStudent() {
		return "学生"
	}
	return "教职工"
}

// LevelWord is the level of study, "" for staff.
func (p Person) LevelWord() string {
	return map[string]string{"bachelor": "本科", "master": "硕士", "doctor": "博士"}[p.Level]
}

// StatusBadge says whether the person is here.
func (p Person) StatusBadge() page.Badge {
	switch p.Status {
	case "enrolled":
		return page.NewBadge("done", "在籍")
	case "employed":
		return page.NewBadge("done", "在职")
	case "suspended":
		return page.NewBadge("wait", "休学")
	case "graduated":
		return page.NewBadge("idle", "已毕业")
	case "withdrawn":
		return page.NewBadge("idle", "已退学")
	case "left":
		return page.NewBadge("idle", "已离职")
	default:
		return page.NewBadge("todo", "没有学籍")
	}
}

// AccountBadge says whether the person can use the app.
func (p Person) AccountBadge() page.Badge {
	if p.UserID == "" {
		return page.NewBadge("todo", "未绑定")
	}
	return page.NewBadge("done", "已绑定")
}

// Place is class and college, or the department.
func (p Person) Place() string {
	if p.CollegeName == "" || p.CollegeName == p.UnitName {
		return p.UnitName
	}
	return p.CollegeName + " · " + p.UnitName
}

func people(c *page.Context) error {
	p := &People{}
	if err := loadPeople(c, p, c.Query("q"), c.Query("kind"), c.Query("after"), c.Query("person")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// peoplePage is how many persons are listed at once.
const peoplePage = 50

func loadPeople(c *page.Context, p *People, query, kind, after, open string) error {
	p.Title, p.Query, p.Kind = "人员", query, kind
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		list, next, err := identity.People(c, tx, who, identity.PeopleQuery{Text: query, Kind: identity.Kind(kind), After: after, Limit: peoplePage})
		if err != nil {
			return err
		}
		for _, x := range list {
			p.List = append(p.List, Person{x})
		}
		if next != "" {
			p.More = address("/desk/people", "q", query, "kind", kind, "after", next)
		}
		if open == "" {
			return nil
		}
		x, err := identity.ByPublicID(c, tx, who, open)
		if err != nil {
			return err
		}
		units, err := identity.Units(c, tx)
		if err != nil {
			return err
		}
		p.open(who, x, units)
		return nil
	})
}

// open shows a person with what who may do for them.
func (p *People) open(who, x identity.Person, units []identity.Unit) {
	p.Open = &Person{x}
	names := map[int64]string{0: "全校"}
	for _, u := range units {
		names[u.ID] = u.Name
	}
	for _, r := range x.Roles {
		p.Roles = append(p.Roles, OwnRole{r.Name.Label(), names[r.Unit]})
		p.Centre = p.Centre || r.Name.OfCentre()
	}
	p.CanBind = !p.Centre && (isAdmin(who) || who.Has(identity.Office, identity.ClassCounsellor) && len(x.Roles) == 0)
	heads := who.Units(identity.CentreHead)
	p.Propose = !isAdmin(who) && len(heads) > 0
	for _, name := range identity.RoleNames() {
		if name.OfCentre() && len(heads) > 0 || !name.OfCentre() && isAdmin(who) && x.ID != who.ID {
			p.Give = append(p.Give, Choice{string(name), name.Label()})
		}
	}
	if isAdmin(who) {
		p.Units = append(p.Units, Choice{"", "全校"})
	}
	for _, u := range units {
		if isAdmin(who) || slices.Contains(heads, u.ID) {
			p.Units = append(p.Units, Choice{u.PublicID, u.Kind.Label() + " · " + u.Name})
		}
	}
	if p.Form == nil {
		p.Form = Form{}
	}
}

func bind(c *page.Context) error {
	form := typed(c, "userid")
	return changeAccount(c, form, "bound", func(tx *store.Tx, who, x identity.Person) error {
		return identity.BindByHand(c, tx, who, x.ID, form["userid"])
	})
}

func unbind(c *page.Context) error {
	return changeAccount(c, nil, "unbound", func(tx *store.Tx, who, x identity.Person) error {
		return identity.Unbind(c, tx, who, x.ID)
	})
}

func changeAccount(c *page.Context, form Form, word string, do func(tx *store.Tx, who, x identity.Person) error) error {
	id := c.Param("id")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		x, err := identity.ByPublicID(c, tx, who, id)
		if err != nil {
			return err
		}
		return do(tx, who, x)
	})
	return toPerson(c, err, form, id, word)
}

// toPerson shows the person after an act, or why it was refused.
func toPerson(c *page.Context, err error, form Form, id, word string) error {
	next := address("/desk/people", "q", c.Form("q"), "kind", c.Form("kind"), "person", id, "said", word)
	return done(c, err, next, func(cause error) error {
		p := &People{Base: Base{Form: form}}
		if err := loadPeople(c, p, c.Form("q"), c.Form("kind"), "", id); err != nil {
			return err
		}
		return answer(c, p, cause)
	})
}
