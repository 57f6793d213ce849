package simulator

import (
	"crypto/subtle"
	"time"
)

// tokenKind says for whom a token speaks.
type tokenKind string

const (
	nobody       tokenKind = ""        // the call needs no token
	anyToken     tokenKind = "any"     // app or contact sync
	appToken     tokenKind = "app"     // the app's secret
	contactToken tokenKind = "contact" // the contact-sync assistant's secret
)

const tokenLife = 7200 * time.Second

// accessToken is one token; it is kept after its end to answer 42001 rather than 40014.
type accessToken struct {
	Kind  tokenKind
	Until time.Time
}

type ticket struct {
	Value string
	Until time.Time
}

// maxWrongSecrets in an hour block the source IP for an hour; the platform names no number.
const maxWrongSecrets = 20

// getToken answers the same token until it ends, unless the switch says a new one each time.
func (s *Server) getToken(c *call) (reply, error) {
	corpid, secret := c.query.Get("corpid"), c.query.Get("corpsecret")
	switch {
	case corpid == "":
		return nil, fail(41002, "corpid missing")
	case secret == "":
		return nil, fail(41004, "corpsecret missing")
	case s.blocked(c):
		return nil, fail(45009, "api freq out of limit")
	case corpid != s.cfg.CorpID:
		return nil, fail(40013, "invalid corpid")
	}
	kind := s.kindOf(secret)
	if kind == nobody || s.switches.AppDisabled && kind == appToken {
		s.limit("secret:"+c.ip, c.now, maxWrongSecrets, time.Hour)
		return nil, fail(40001, "invalid credential")
	}
	token, t := s.currentToken(kind, c.now)
	if token == "" || !s.switches.SameToken {
		token, t = randomText(214), accessToken{Kind: kind, Until: c.now.Add(tokenLife)}
		s.st.Tokens[token] = t
		s.dropOldTokens(c.now)
		s.touch()
	}
	left := (t.Until.Sub(c.now) + time.Second - 1) / time.Second
	return reply{"access_token": token, "expires_in": int(left)}, nil
}

func (s *Server) blocked(c *call) bool {
	l := s.limits["secret:"+c.ip]
	return s.switches.RateLimits && l != nil && c.now.Before(l.until)
}

func (s *Server) kindOf(secret string) tokenKind {
	equal := func(a string) bool { return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(secret)) == 1 }
	switch {
	case equal(s.cfg.Secret):
		return appToken
	case equal(s.cfg.ContactSecret):
		return contactToken
	}
	return nobody
}

func (s *Server) currentToken(kind tokenKind, now time.Time) (string, accessToken) {
	for token, t := range s.st.Tokens {
		if t.Kind == kind && now.Before(t.Until) {
			return token, t
		}
	}
	return "", accessToken{}
}

// dropOldTokens forgets tokens that ended a week ago: they answer 40014 from then on.
func (s *Server) dropOldTokens(now time.Time) {
	for token, t := range s.st.Tokens {
		if now.Sub(t.Until) > 7*24*time.Hour {
			delete(s.st.Tokens, token)
		}
	}
}

// expireTokens ends all tokens before their time, as the platform may.
func (s *Server) expireTokens(now time.Time) {
	for token, t := range s.st.Tokens {
		if now.Before(t.Until) {
			t.Until = now
			s.st.Tokens[token] = t
		}
	}
}

func (s *Server) checkToken(c *call) (tokenKind, error) {
	token := c.query.Get("access_token")
	if token == "" {
		return nobody, fail(41001, "access_token missing")
	}
	t, ok := s.st.Tokens[token]
	if !ok {
		return nobody, fail(40014, "invalid access_token")
	}
	if !c.now.Before(t.Until) {
		return nobody, fail(s.switches.ExpiredAs, errText(s.switches.ExpiredAs))
	}
	return t.Kind, nil
}

func (s *Server) getJSTicket(c *call) (reply, error) { return s.ticket("jsapi", c), nil }

func (s *Server) getAppTicket(c *call) (reply, error) {
	if c.query.Get("type") != "agent_config" {
		return nil, fail(91040, "invalid ticket type")
	}
	return s.ticket("agent_config", c), nil
}

func (s *Server) ticket(kind string, c *call) reply {
	t := s.st.Tickets[kind]
	if !c.now.Before(t.Until) {
		t = ticket{Value: randomText(86), Until: c.now.Add(tokenLife)}
		s.st.Tickets[kind] = t
		s.touch()
	}
	return reply{"ticket": t.Value, "expires_in": int(t.Until.Sub(c.now).Seconds())}
}

func (s *Server) getCallbackIP(*call) (reply, error) {
	return reply{"ip_list": []string{"127.0.0.1"}}, nil
}

func (s *Server) getDomainIP(*call) (reply, error) {
	return reply{"ip_list": []string{"127.0.0.1"}}, nil
}
