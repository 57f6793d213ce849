package page

import (
	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
)

// Verify is what a stranger sees of a certificate (T10).
type Verify struct {
	Base
	Code    string // as it was typed, "" before a check
	Unknown string // why nothing was found, "" if something was
	Check   request.Check
}

// Template implements Page.
func (*Verify) Template() string { return "h5/verify" }

// Badge is whether the certificate counts now.
func (p *Verify) Badge() Badge {
	switch {
	case p.Unknown != "":
		return NewBadge("todo", "查不到")
	case !p.Check.RevokedAt.IsZero():
		return NewBadge("todo", "已撤销")
	case !p.Check.Valid(p.Now):
		return NewBadge("idle", "已过期")
	default:
		return NewBadge("done", "有效")
	}
}

// ShowTo answers somebody who is not signed in with the page.
func (k *Kit) ShowTo(g *gin.Context, status int, p Page) {
	if err := k.show(g, status, p); err != nil {
		k.Fail(g, Phone, err)
	}
}

// Printable loads a certificate for whoever may have it. An application without one is as
// one that is not there.
func Printable(c *Context, e *request.Engine, application string) (p request.Printable, err error) {
	err = c.Update(func(tx *store.Tx, who identity.Person) (err error) {
		if p, err = e.Printable(c, tx, who, application); errs.KindOf(err) == errs.NotFound {
			err = request.ErrNotYours
		}
		return err
	})
	return p, err
}

// Certificate prints a certificate after its transaction and sends it as a file.
func (c *Context) Certificate(p request.Printable) error {
	pdf, err := p.PDF()
	if err != nil {
		return err
	}
	return c.Attachment(p.FileName(), "application/pdf", pdf)
}
