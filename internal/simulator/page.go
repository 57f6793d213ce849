package simulator

import (
	"embed"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/miniapp/static"
)

//go:embed page
var pageFiles embed.FS

// pageRoutes are the two phones at / and what the page loads.
func (s *Server) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", s.pageCSP(r))
		w.Header().Set("Referrer-Policy", "no-referrer")
		serveAsset(w, "index.html")
	})
	mux.HandleFunc("GET /assets/tokens.css", func(w http.ResponseWriter, _ *http.Request) { serve(w, static.FS, "tokens.css") })
	mux.HandleFunc("GET /__wecom/notice.css", func(w http.ResponseWriter, _ *http.Request) { serveAsset(w, "notice.css") })
	for _, name := range []string{"page.css", "page.js", "card.js", "chat.js", "wire.js", "world.js", "icon.svg"} {
		mux.HandleFunc("GET /assets/"+name, func(w http.ResponseWriter, _ *http.Request) { serveAsset(w, name) })
	}
}

func serveAsset(w http.ResponseWriter, name string) { serve(w, pageFiles, "page/"+name) }

func serve(w http.ResponseWriter, files embed.FS, name string) {
	b, err := files.ReadFile(name)
	if err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	types := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
	h := w.Header()
	h.Set("Content-Type", types[path.Ext(name)]+"; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(b)
}

// pageCSP allows our own files, the frames of the phones and pictures of the app.
func (s *Server) pageCSP(r *http.Request) string {
	frames := strings.Join(s.phoneOrigins(r), " ")
	images := "'self' data:"
	if u, err := url.Parse(s.cfg.AppURL); err == nil && u.Host != "" {
		images += " " + u.Scheme + "://" + u.Host
	}
	if frames == "" {
		frames = "'none'"
	}
	return "default-src 'self'; img-src " + images + "; frame-src " + frames + "; base-uri 'none'; form-action 'self'"
}

// phoneOrigins are the phones under the host name the page was asked by.
func (s *Server) phoneOrigins(r *http.Request) []string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	var origins []string
	for _, listen := range s.cfg.PhoneListen {
		if _, port, err := net.SplitHostPort(listen); err == nil {
			origins = append(origins, "http://"+net.JoinHostPort(host, port))
		}
	}
	return origins
}

// notice is a page of the platform for a person: an error, a choice or a consent.
type notice struct {
	Title  string
	Text   string
	Agree  bool     // offers to agree to privateinfo
	People []choice // to sign in as
	Status int      // 0 = 200, as the platform shows its errors
	Again  string   // the address of this page, for the choice
	Fields url.Values
}

type choice struct {
	UserID, Name, Department, Href string
}

// choose lists who could hold the phone. The caller holds the lock.
func (s *Server) choose(title, text string) *notice {
	n := &notice{Title: title, Text: text}
	for _, u := range s.st.Users {
		if u.Status == active {
			n.People = append(n.People, choice{UserID: u.UserID, Name: u.Name, Department: u.Department})
		}
	}
	return n
}

func (s *Server) showNotice(w http.ResponseWriter, r *http.Request, n *notice) {
	q := r.URL.Query()
	n.Again, n.Fields = r.URL.Path, q
	for i := range n.People {
		q.Set("user", n.People[i].UserID)
		n.People[i].Href = r.URL.Path + "?" + q.Encode()
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'")
	h.Set("Cache-Control", "no-store")
	if n.Status != 0 {
		w.WriteHeader(n.Status)
	}
	if err := s.notice.Execute(w, n); err != nil {
		s.log.Error("notice not shown", slog.Any("error", err))
	}
}

func (s *Server) agentID() string { return strconv.Itoa(s.cfg.AgentID) }

func (s *Server) appView() reply {
	return reply{"name": s.st.App.Name, "home": s.st.App.HomeURL, "origin": originOf(s.cfg.AppURL), "description": s.st.App.Description}
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// workbenchViews is what each member with something of their own sees; "" is for the rest.
func (s *Server) workbenchViews() reply {
	v := reply{"": workbenchView(s.workbenchOf(""))}
	for id := range s.st.Workbench.Data {
		v[id] = workbenchView(s.workbenchOf(id))
	}
	return v
}

func workbenchView(d workbenchData) reply {
	if d.Object == nil {
		return reply{"type": "normal"}
	}
	return reply{"type": d.Type, "object": d.Object}
}

// ctlState is the whole picture a page starts from; what follows comes as events.
func (s *Server) ctlState(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages := []Message{}
	for id := range s.st.Messages {
		messages = append(messages, s.messages(id, 0, true)...)
	}
	users := s.st.Users
	if users == nil {
		users = []User{}
	}
	wire := s.wire
	if wire == nil {
		wire = []Entry{}
	}
	schedules := []reply{}
	for _, id := range sortedKeys(s.st.Schedules) {
		schedules = append(schedules, s.st.Schedules[id].view())
	}
	return reply{
		"users": users, "messages": messages, "log": wire, "faults": s.armed(), "switches": s.switches,
		"menu": s.menu(), "phones": s.st.Phones, "clock": clockView(s.now()), "app": s.appView(),
		"workbench": s.workbenchViews(), "schedules": schedules, "origins": s.phoneOrigins(r),
		"callback": s.cfg.CallbackURL != "",
	}, nil
}

// streamEvents tells an open page what changes, as server-sent events.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) {
	ch := make(chan event, 256)
	s.mu.Lock()
	s.watchers[ch] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.watchers, ch)
		s.mu.Unlock()
	}()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	send := func(name string, data []byte) bool {
		_, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, data)
		return err == nil && out.Flush() == nil
	}
	if !send("hello", mustJSON(clockView(s.now()))) {
		return
	}
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	for {
		select {
		case e, ok := <-ch:
			if !ok || !send(e.name, e.data) {
				return
			}
		case <-beat.C: // the clock may have been moved from outside
			if !send("clock", mustJSON(clockView(s.now()))) {
				return
			}
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		}
	}
}
