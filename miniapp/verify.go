package miniapp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// How often one address may look codes up in a minute: what guesses fails, so failures
// count much sooner. A code has 80 random bits.
const (
	checksPerMinute       = 60
	failedChecksPerMinute = 10
)

// registerVerify adds the page on which a stranger checks a certificate (T10): no sign-in,
// nothing a search engine may keep, and no more than the paper shows.
func (s *Server) registerVerify(r *gin.Engine) {
	r.GET("/verify", s.askCode)
	r.GET("/verify/:code", s.verify)
}

// askCode shows the form, and leads a code typed into it to its address.
func (s *Server) askCode(g *gin.Context) {
	if code := strings.TrimSpace(g.Query("code")); code != "" {
		g.Redirect(http.StatusSeeOther, "/verify/"+url.PathEscape(code))
		return
	}
	s.showCheck(g, http.StatusOK, &page.Verify{})
}

func (s *Server) verify(g *gin.Context) {
	address, failed := "verify:"+g.ClientIP(), "verify-failed:"+g.ClientIP()
	ctx := g.Request.Context()
	wait := s.limits.take(ctx, failed, failedChecksPerMinute, 0)
	if wait == 0 {
		wait = s.limits.take(ctx, address, checksPerMinute, 1)
	}
	if wait > 0 {
		s.tooMany(g, page.Phone, wait)
		return
	}
	p := &page.Verify{Code: g.Param("code")}
	err := s.deps.DB.Update(ctx, func(tx *store.Tx) (err error) {
		p.Check, err = s.deps.Requests.Verify(ctx, tx, p.Code)
		return err
	})
	switch {
	case errors.Is(err, request.ErrNoCertificate):
		s.limits.take(ctx, failed, failedChecksPerMinute, 1)
		p.Unknown = errs.MessageOf(err)
		s.showCheck(g, http.StatusNotFound, p)
	case err != nil:
		s.kit.Fail(g, page.Phone, fmt.Errorf("verify certificate: %w", err))
	default:
		s.showCheck(g, http.StatusOK, p)
	}
}

func (s *Server) showCheck(g *gin.Context, status int, p *page.Verify) {
	p.Title, p.Now = "证明核验", s.deps.DB.Clock().Now()
	g.Header("X-Robots-Tag", "noindex, nofollow")
	g.Header("Cache-Control", "no-store")
	s.kit.ShowTo(g, status, p)
}
