package miniapp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
	"github.com/xuegong/xuegong/miniapp/api"
	"github.com/xuegong/xuegong/miniapp/page"
)

// A round of signing in:
//
//	a page without a session ──> WeCom, with a state the session expects
//	WeCom ──> /signin?code&state ── state met? code exchanged? ──> signed in, back to the page
//	                                      └── no ──> a page that says so, with a link to begin again
//
// A round that failed never begins the next by itself, so that nobody is sent in circles.

// What a person reads who is not signed in.
var (
	errSignedOut = errs.New(errs.Unauthenticated, "登录过期了，刚才的没有提交。重新登录后回到这一页，再提交一次。")
	errRound     = errs.New(errs.Unauthenticated, "这次没有登录成功，可能是页面放久了。再试一次；还不行的话，退出企业微信重新打开。")
	errOutsider  = errs.New(errs.Forbidden, "这里只对本校企业微信里的师生开放。请用学校的企业微信账号打开；还没有加入的，请联系辅导员或学工办。")
	errWeComDown = errs.New(errs.Unavailable, "企业微信暂时没有回应，过一两分钟再试就好。着急找人请看求助热线，不用登录。")
	errNoToken   = errs.New(errs.Unauthenticated, "请先登录，或在 Authorization 里带上有效的令牌。")
)

// signedIn lets a page's request pass whose session knows its userid, and sends everybody
// else to sign in.
func (s *Server) signedIn(face page.Face) gin.HandlerFunc {
	return func(g *gin.Context) {
		if err := s.loadSession(g); err != nil {
			s.kit.Fail(g, face, err)
			return
		}
		userid := s.sessions.UserID(g.Request.Context())
		switch {
		case userid != "":
			page.SetActor(g, s.member(userid))
		case g.GetHeader("HX-Request") != "":
			g.Header("HX-Redirect", page.SignInPath(g))
			g.AbortWithStatus(http.StatusUnauthorized)
		case g.Request.Method == http.MethodGet:
			s.begin(g, face, g.Request.URL.RequestURI())
			g.Abort()
		default:
			s.kit.Fail(g, face, errSignedOut)
		}
	}
}

func (s *Server) loadSession(g *gin.Context) error {
	r, err := s.sessions.Load(g.Request)
	g.Request = r
	return err
}

// member is who acts by a session.
func (s *Server) member(userid string) page.Actor {
	return page.Actor{
		Key: "user:" + strings.ToLower(userid),
		Find: func(ctx context.Context, tx *store.Tx, lock bool) (identity.Person, error) {
			if lock {
				return identity.Resolve(ctx, tx, userid, s.deps.Binding)
			}
			return identity.Find(ctx, tx, userid)
		},
	}
}

// begin sends the browser to WeCom: silently inside its client, to a code to scan elsewhere.
func (s *Server) begin(g *gin.Context, face page.Face, to string) {
	state := rand.Text()
	s.sessions.Expect(g.Request.Context(), state, to)
	if err := s.sessions.Save(g.Request.Context(), g.Writer); err != nil {
		s.kit.Fail(g, face, err)
		return
	}
	back := s.deps.Config.PublicURL + "/signin"
	if strings.Contains(g.Request.UserAgent(), "wxwork") {
		g.Redirect(http.StatusFound, s.deps.WeCom.AuthorizeURL(back, state))
		return
	}
	g.Redirect(http.StatusFound, s.deps.WeCom.LoginURL(back, state))
}

// signIn begins a round (?to=), or ends it when WeCom sends the person back.
func (s *Server) signIn(g *gin.Context) {
	to := localPath(g.Query("to"))
	if err := s.loadSession(g); err != nil {
		s.kit.Fail(g, faceOf(to), err)
		return
	}
	if !g.Request.URL.Query().Has("state") && !g.Request.URL.Query().Has("code") {
		s.begin(g, faceOf(to), to)
		return
	}
	s.finish(g)
}

func (s *Server) finish(g *gin.Context) {
	ctx := g.Request.Context()
	to, expected := s.sessions.Meet(ctx, g.Query("state"))
	if !expected && s.sessions.UserID(ctx) != "" {
		g.Redirect(http.StatusFound, "/m/") // the back button: this round ended well before
		return
	}
	to = localPath(to)
	page.SetReturn(g, to)
	if wait := s.limits.take(ctx, "signin:"+g.ClientIP(), failedSignInsPerMinute, 0); wait > 0 {
		s.tooMany(g, faceOf(to), wait)
		return
	}
	if !expected || g.Query("code") == "" {
		s.failRound(g, faceOf(to), errRound)
		return
	}
	userid, err := s.exchange(ctx, g.Query("code"))
	if err != nil {
		s.failRound(g, faceOf(to), err)
		return
	}
	if err := s.enter(g, userid); err != nil {
		s.kit.Fail(g, faceOf(to), err)
		return
	}
	g.Redirect(http.StatusFound, to) // to an address without the code, which worked once
}

// failRound counts a round that failed and forgets its state, which works once.
func (s *Server) failRound(g *gin.Context, face page.Face, err error) {
	ctx := g.Request.Context()
	s.limits.take(ctx, "signin:"+g.ClientIP(), failedSignInsPerMinute, 1)
	if saveErr := s.sessions.Save(ctx, g.Writer); saveErr != nil {
		err = saveErr
	}
	s.kit.Fail(g, face, err)
}

// exchange asks WeCom, once, whose code it is.
func (s *Server) exchange(ctx context.Context, code string) (userid string, err error) {
	who, err := s.deps.WeCom.UserInfo(ctx, code)
	switch {
	case err != nil && wecom.ActionOf(err) == wecom.ActionUser:
		return "", errs.Wrap(err, errRound.Kind, errRound.Message)
	case err != nil:
		return "", errs.Wrap(err, errWeComDown.Kind, errWeComDown.Message)
	case who.UserID == "":
		return "", errOutsider
	}
	return who.UserID, nil
}

// enter makes the session that of the userid and binds it where its number proves whose
// it is. A stranger enters too, and reads on the next page what to do.
func (s *Server) enter(g *gin.Context, userid string) error {
	ctx := g.Request.Context()
	if err := s.sessions.SignIn(ctx, userid); err != nil {
		return err
	}
	if err := s.sessions.Save(ctx, g.Writer); err != nil {
		return err
	}
	err := s.deps.DB.Update(ctx, func(tx *store.Tx) error {
		_, err := identity.Resolve(ctx, tx, userid, s.deps.Binding)
		return err
	})
	if identity.IsBindingError(err) {
		return nil
	}
	return err
}

// signOut ends the session, on a PC that others use too.
func (s *Server) signOut(g *gin.Context) {
	err := s.loadSession(g)
	if err == nil {
		err = s.sessions.SignOut(g.Request.Context())
	}
	if err == nil {
		err = s.sessions.Save(g.Request.Context(), g.Writer)
	}
	if err != nil {
		s.kit.Fail(g, page.Desk, err)
		return
	}
	s.kit.Say(g, page.Desk, "已退出", "这台电脑上已经退出。要继续工作，再扫码登录一次。", "/signin?to=%2Fdesk%2F", "重新登录")
}

// localPath keeps a redirect on this site; anything else is the home page.
func localPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") || u.Path == "/signin" {
		return "/m/"
	}
	return to
}

// authenticated lets an API call pass that has a session or a token.
func (s *Server) authenticated(g *gin.Context) {
	if header := g.GetHeader("Authorization"); header != "" {
		raw, ok := strings.CutPrefix(header, "Bearer ")
		if !ok || s.deps.Token == nil {
			s.refuseToken(g)
			return
		}
		page.SetActor(g, s.machine(raw, api.Scope(g.Request.Method, g.FullPath())))
		return
	}
	if err := s.loadSession(g); err != nil {
		s.kit.Fail(g, page.API, err)
		return
	}
	userid := s.sessions.UserID(g.Request.Context())
	if userid == "" {
		s.refuseToken(g)
		return
	}
	page.SetActor(g, s.member(userid))
}

func (s *Server) refuseToken(g *gin.Context) {
	g.Header("WWW-Authenticate", "Bearer")
	s.kit.Fail(g, page.API, errNoToken)
}

// machine is who acts by a token that needs the scope.
func (s *Server) machine(raw, scope string) page.Actor {
	sum := sha256.Sum256([]byte(raw))
	return page.Actor{
		Key: "token:" + hex.EncodeToString(sum[:16]),
		Find: func(ctx context.Context, tx *store.Tx, lock bool) (identity.Person, error) {
			who, scopes, err := s.deps.Token(ctx, tx, raw)
			if err != nil {
				return identity.Person{}, err
			}
			if !api.Grants(scopes, scope) {
				return identity.Person{}, errs.New(errs.Forbidden, "这个令牌没有 "+scope+" 的权限。")
			}
			if lock {
				_, err = identity.Lock(ctx, tx, who.ID)
			}
			return who, err
		},
	}
}
