package simulator

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// oauthCode is what a code stands for: a member, once, for 5 minutes.
type oauthCode struct {
	User    string
	Private bool // snsapi_privateinfo, agreed to
	Until   time.Time
	Used    bool // kept to say so
}

type userTicket struct {
	User  string
	Until time.Time
}

const (
	oauthCodeLife  = 5 * time.Minute
	userTicketLife = 1800 * time.Second
	consentLife    = 30 * 24 * time.Hour
)

var stateShape = regexp.MustCompile(`^[0-9A-Za-z]{0,128}$`)

// outcome of an authorize request: back to the app, or a page for the person.
type outcome struct {
	location string
	notice   *notice
}

func refused(title, text string) outcome { return outcome{notice: &notice{Title: title, Text: text}} }

// checkAuthorize holds what both sign-ins ask: our company and app, a trusted host, a
// proper state. The caller holds the lock.
func (s *Server) checkAuthorize(q url.Values) (bad *notice) {
	if q.Get("appid") != s.cfg.CorpID {
		return &notice{Title: "appid 参数错误", Text: "这个链接不属于本企业。"}
	}
	if a := q.Get("agentid"); a != "" && a != s.agentID() {
		return &notice{Title: "agentid 参数错误", Text: "这个链接不属于本应用。"}
	}
	if !stateShape.MatchString(q.Get("state")) {
		return &notice{Title: "state 参数错误", Text: "state 只能是最多 128 个字母和数字。"}
	}
	u, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
		s.st.App.RedirectDomain != "" && u.Host != s.st.App.RedirectDomain {
		return &notice{Title: "redirect_uri 参数错误", Text: "返回地址的域名（含端口）要与应用的可信域名完全一致。"}
	}
	return nil
}

// authorize is the sign-in inside the client (identity.md 2) for the member who holds it.
func (s *Server) authorize(q url.Values, userid string) outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bad := s.checkAuthorize(q); bad != nil {
		return outcome{notice: bad}
	}
	if q.Get("response_type") != "code" {
		return refused("response_type 参数错误", "这里要写 code。")
	}
	scope := q.Get("scope")
	if scope != "snsapi_base" && scope != "snsapi_privateinfo" {
		return refused("scope 参数错误", "只有 snsapi_base 和 snsapi_privateinfo。")
	}
	u := s.user(userid)
	if u == nil || u.Status != active {
		return outcome{notice: s.choose("请在企业微信客户端打开链接", "或者选一个人，以他的身份打开。")}
	}
	// Without agentid privateinfo degrades to base.
	private := scope == "snsapi_privateinfo" && q.Get("agentid") != ""
	if private && !u.InRange {
		return refused("没有权限", "你不在这个应用的可见范围里。")
	}
	if private && !s.consented(u, q.Get("consent") == "1") {
		return outcome{notice: &notice{Title: s.st.App.Name + " 申请获取你的信息", Text: "姓名、头像、手机、邮箱。同意后 30 天内不再询问。", Agree: true}}
	}
	return outcome{location: s.backWithCode(q, oauthCode{User: u.UserID, Private: private})}
}

func (s *Server) consented(u *User, now bool) bool {
	if now {
		s.st.Consents[fold(u.UserID)] = s.now()
	}
	at, ok := s.st.Consents[fold(u.UserID)]
	return ok && s.now().Sub(at) < consentLife
}

func (s *Server) backWithCode(q url.Values, c oauthCode) string {
	return withQuery(q.Get("redirect_uri"), "code="+s.newOAuthCode(c)+"&state="+url.QueryEscape(q.Get("state")))
}

// newOAuthCode makes a code and forgets those that ended long ago.
func (s *Server) newOAuthCode(c oauthCode) string {
	now := s.now()
	for code, old := range s.st.OAuthCodes {
		if now.Sub(old.Until) >= time.Hour { // until then it can say why it is refused
			delete(s.st.OAuthCodes, code)
		}
	}
	c.Until = now.Add(oauthCodeLife)
	code := randomText(43)
	s.st.OAuthCodes[code] = c
	s.touch()
	return code
}

// authorizePage serves authorize outside the phones: who it is says &user=U, or the person
// chooses.
func (s *Server) authorizePage(w http.ResponseWriter, r *http.Request) {
	s.follow(w, r, s.authorize(r.URL.Query(), r.URL.Query().Get("user")))
}

func (s *Server) follow(w http.ResponseWriter, r *http.Request, o outcome) {
	if o.notice != nil {
		s.showNotice(w, r, o.notice)
		return
	}
	http.Redirect(w, r, o.location, http.StatusFound)
}

// webLoginPage is the desktop sign-in: choosing a person stands for scanning the code.
func (s *Server) webLoginPage(w http.ResponseWriter, r *http.Request) {
	s.follow(w, r, s.webLogin(r.URL.Query()))
}

func (s *Server) webLogin(q url.Values) outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := q.Get("login_type"); t != "" && t != "CorpApp" {
		return refused("login_type 参数错误", "自建应用用 CorpApp。")
	}
	if q.Get("agentid") == "" {
		return refused("agentid 参数错误", "登录链接要带 agentid。")
	}
	if bad := s.checkAuthorize(q); bad != nil {
		return outcome{notice: bad}
	}
	u := s.user(q.Get("user"))
	if u == nil {
		return outcome{notice: s.choose("企业微信登录", "请用企业微信扫码。在这里，点一个人就是用他的手机扫码。")}
	}
	if !u.canUse() {
		return refused("无法登录", u.Name+"不在这个应用的可见范围里。")
	}
	return outcome{location: s.backWithCode(q, oauthCode{User: u.UserID})}
}

// codeGood says whether a call brings a code that can be exchanged.
func (s *Server) codeGood(c *call) bool {
	o, ok := s.st.OAuthCodes[c.query.Get("code")]
	return ok && !o.Used && c.now.Before(o.Until)
}

// exchange spends a code.
func (s *Server) exchange(c *call) (oauthCode, error) {
	code := c.query.Get("code")
	if code == "" {
		return oauthCode{}, fail(41008, "missing code")
	}
	o, ok := s.st.OAuthCodes[code]
	ended := !c.now.Before(o.Until)
	switch {
	case ok && o.Used && s.switches.CodeErrors:
		return oauthCode{}, fail(42022, "code has been used")
	case ok && ended && s.switches.CodeErrors:
		return oauthCode{}, fail(42003, "code expired")
	case !ok || o.Used || ended:
		return oauthCode{}, fail(40029, "invalid code")
	}
	o.Used = true
	s.st.OAuthCodes[code] = o
	s.touch()
	return o, nil
}

func (s *Server) getUserInfo(c *call) (reply, error) {
	o, err := s.exchange(c)
	if err != nil {
		return nil, err
	}
	if r := s.parentInfo(o); r != nil {
		return r, nil
	}
	r := reply{"userid": o.User}
	if t := s.newUserTicket(o, c.now); t != "" {
		r["user_ticket"] = t
	}
	return r, nil
}

// getUserInfoOld is the old path with its capitalised fields.
func (s *Server) getUserInfoOld(c *call) (reply, error) {
	o, err := s.exchange(c)
	if err != nil {
		return nil, err
	}
	r := reply{"UserId": o.User, "DeviceId": ""}
	if t := s.newUserTicket(o, c.now); t != "" {
		r["user_ticket"], r["expires_in"] = t, int(userTicketLife.Seconds())
	}
	return r, nil
}

func (s *Server) newUserTicket(o oauthCode, now time.Time) string {
	if u := s.user(o.User); !o.Private || u == nil || !u.InRange {
		return ""
	}
	for t, old := range s.st.UserTickets {
		if now.Sub(old.Until) > 24*time.Hour {
			delete(s.st.UserTickets, t)
		}
	}
	t := randomText(128)
	s.st.UserTickets[t] = userTicket{User: o.User, Until: now.Add(userTicketLife)}
	return t
}

func (s *Server) getUserDetail(c *call) (reply, error) {
	var in struct {
		Ticket string `json:"user_ticket"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t, ok := s.st.UserTickets[in.Ticket]
	u := s.user(t.User)
	switch {
	case !ok || u == nil:
		return nil, fail(84015, "invalid user_ticket")
	case !c.now.Before(t.Until):
		return nil, fail(84014, "user_ticket expired")
	}
	// What the member has not, or has not agreed to, is missing; gender is then 0.
	r := reply{"userid": u.UserID, "gender": cmp.Or(u.Gender, "0"), "avatar": u.Avatar}
	for name, v := range map[string]string{"mobile": u.Mobile, "email": u.Email} {
		if v != "" {
			r[name] = v
		}
	}
	return r, nil
}
