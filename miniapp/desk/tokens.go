package desk

import (
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Tokens is the machines' ways in: an administrator's all, others' their own.
type Tokens struct {
	Base
	List   []identity.Token
	Scopes []Choice
	Secret string // of the token just made, shown once
	Others bool   // the person may make tokens that act as somebody else
}

// Template implements page.Page.
func (*Tokens) Template() string { return "desk/tokens" }

// Badge is the state of a token.
func (p *Tokens) Badge(t identity.Token) page.Badge {
	switch {
	case !t.RevokedAt.IsZero():
		return page.NewBadge("idle", "已停用")
	case !t.ExpiresAt.After(p.Now):
		return page.NewBadge("idle", "已过期")
	case t.ExpiresAt.Sub(p.Now) < 14*24*time.Hour:
		return page.NewBadge("wait", "快到期")
	default:
		return page.NewBadge("done", "可用")
	}
}

// Until is the last day of a token.
func (p *Tokens) Until(t identity.Token) time.Time { return t.ExpiresAt.Add(-time.Second) }

// Stands tells whether the token can still be used.
func (p *Tokens) Stands(t identity.Token) bool {
	return t.RevokedAt.IsZero() && t.ExpiresAt.After(p.Now)
}

// ScopeWord is a scope as people read it.
func (p *Tokens) ScopeWord(scope string) string {
	for _, s := range allScopes() {
		if s.Value == scope {
			return s.Label
		}
	}
	return scope
}

// Chosen tells whether the scope was ticked.
func (p *Tokens) Chosen(scope string) bool { return p.Form["scope:"+scope] == "on" }

func allScopes() []Choice {
	return []Choice{
		{"me:read", "读本人信息"},
		{"counselling:read", "读预约"},
		{"counselling:write", "办理预约"},
		{"services:read", "读能办的事"},
		{"services:write", "同意须知、开始申请、提问"},
		{"applications:read", "读申请"},
		{"applications:write", "填写和提交申请"},
		{"calendar:read", "读校历"},
		{"calendar:write", "改校历"},
		{identity.ScopeCentre, "中心的名单"},
	}
}

func tokens(c *page.Context) error {
	return show(c, &Tokens{Base: Base{Form: Form{"person": "", "expires": c.Now().In(c.Zone()).AddDate(0, 6, 0).Format(time.DateOnly), "scope:me:read": "on"}}}, loadTokens, nil)
}

func loadTokens(c *page.Context, p *Tokens) error {
	p.Title = "接口令牌"
	return read(c, p, func(tx *store.Tx, who identity.Person) (err error) {
		if !mayHaveTokens(who) {
			return identity.ErrForbidden
		}
		p.Others = isAdmin(who)
		p.Scopes = slices.DeleteFunc(allScopes(), func(s Choice) bool {
			return s.Value == identity.ScopeCentre && len(counselling.Centres(who)) == 0
		})
		p.List, err = identity.Tokens(c, tx, who)
		return err
	})
}

// mayHaveTokens: an administrator for anybody, the centre for itself.
func mayHaveTokens(who identity.Person) bool {
	return isAdmin(who) || len(counselling.Centres(who)) > 0
}

// makeToken shows the secret in its answer and nowhere else; loading the answer again
// leads to the list.
func makeToken(c *page.Context) error {
	form := typed(c, "name", "person", "expires")
	scopes := c.Gin.PostFormArray("scopes")
	for _, s := range scopes {
		form["scope:"+s] = "on"
	}
	p := &Tokens{Base: Base{Form: form}}
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if !mayHaveTokens(who) {
			return identity.ErrForbidden
		}
		holder, err := holderOf(c, tx, who, form["person"])
		if err != nil {
			return err
		}
		day, ok := form.date("expires", c.Zone())
		if !ok {
			return errs.Field("expires", "日期写成 2026-12-31 这样。")
		}
		p.Secret, err = identity.NewToken(c, tx, who, form["name"], holder, scopes, day.AddDate(0, 0, 1)) // to the end of the day
		return err
	})
	if err == nil {
		return show(c, p, loadTokens, nil)
	}
	p.Secret = ""
	return done(c, err, "/desk/tokens", again(c, p, loadTokens))
}

// holderOf returns as whom a token acts: who makes it, or, for an administrator, the
// person of a number.
func holderOf(c *page.Context, tx *store.Tx, who identity.Person, number string) (identity.ID, error) {
	if number == "" || number == who.Number {
		return who.ID, nil
	}
	if !isAdmin(who) {
		return 0, identity.ErrForbidden
	}
	p, err := identity.Numbered(c, tx, number)
	if errs.KindOf(err) == errs.NotFound && err != nil {
		return 0, errs.Field("person", errs.MessageOf(err))
	}
	return p.ID, err
}

func revokeToken(c *page.Context) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error { return identity.RevokeToken(c, tx, who, c.Param("id")) })
	return done(c, err, "/desk/tokens?said=stopped", func(cause error) error { return cause })
}
