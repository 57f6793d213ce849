package miniapp

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/miniapp/page"
)

// headers are the same on every answer: nothing but our own files runs on our pages, and
// nobody else keeps or frames them. Asset and hotline pages lift no-store.
func headers(public *url.URL, ancestors []string) map[string]string {
	h := map[string]string{
		"Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; " +
			"frame-ancestors " + strings.Join(append([]string{"'self'"}, ancestors...), " "),
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "same-origin",
		"Cache-Control":          "no-store",
	}
	if public.Scheme == "https" {
		h["Strict-Transport-Security"] = "max-age=31536000"
	}
	return h
}

// Wrap gives every request an id and every answer our headers.
func (s *Server) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range s.headers {
			w.Header().Set(name, value)
		}
		w.Header().Set(page.RequestIDHeader, rand.Text()[:12])
		h.ServeHTTP(w, r)
	})
}

// How many bytes a form may have: with the one file of 10 MB it may bring, and on the
// phone with the pictures a page without scripts sends all at once. The API takes as much,
// so that who sends a file that is too large reads so.
const (
	maxForm   = 12 << 20
	maxPhotos = 40 << 20
)

// sameOrigin refuses acts that another site's page began.
func (s *Server) sameOrigin(face page.Face) gin.HandlerFunc {
	return func(g *gin.Context) {
		if err := s.origin.Check(g.Request); err != nil {
			s.kit.Fail(g, face, errs.Wrap(err, errs.Forbidden, "这个请求来自别的网站，没有执行。请从学工里重新打开这一页。"))
			return
		}
		most := int64(maxForm)
		if face == page.Phone || face == page.API {
			most = maxPhotos
		}
		g.Request.Body = http.MaxBytesReader(g.Writer, g.Request.Body, most)
	}
}
