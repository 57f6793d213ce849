package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/errs"
)

// controlRoutes are what tests and the page do to the platform: be a person, move the
// clock, break things. Errors have the product's shape {kind, message, fields}.
func (s *Server) controlRoutes(mux *http.ServeMux) {
	routes := map[string]func(*http.Request) (any, error){
		"GET /sim/users":      s.ctlUsers,
		"GET /sim/messages":   s.ctlMessages,
		"GET /sim/log":        s.ctlLog,
		"GET /sim/state":      s.ctlState,
		"GET /sim/clock":      s.ctlClock,
		"POST /sim/clock":     s.ctlAdvance,
		"GET /sim/faults":     s.ctlFaults,
		"POST /sim/faults":    s.ctlArm,
		"GET /sim/switches":   s.ctlSwitches,
		"POST /sim/switches":  s.ctlSetSwitches,
		"GET /sim/calendar":   s.ctlCalendar,
		"GET /sim/webhooks":   s.ctlWebhooks,
		"POST /sim/webhook":   s.ctlWebhook,
		"GET /sim/chats":      s.ctlChats,
		"GET /sim/approvals":  s.ctlApprovals,
		"POST /sim/approval":  s.ctlDecide,
		"POST /sim/template":  s.ctlTemplate,
		"POST /sim/assistant": s.ctlAssistant,
		"GET /sim/school":     s.ctlSchool,
		"POST /sim/school":    s.ctlSetSchool,
		"POST /sim/text":      s.ctlText,
		"POST /sim/image":     s.ctlImage,
		"POST /sim/location":  s.ctlPlace,
		"POST /sim/menu":      s.ctlMenu,
		"POST /sim/press":     s.ctlPress,
		"POST /sim/enter":     s.ctlEnter,
		"POST /sim/event":     s.ctlEvent,
		"POST /sim/respond":   s.ctlRespond,
		"POST /sim/phone":     s.ctlPhone,
		"POST /sim/directory": s.ctlDirectory,
		"POST /sim/callback":  s.ctlCallback,
	}
	for pattern, act := range routes {
		mux.Handle(pattern, s.control(act))
	}
	mux.HandleFunc("GET /sim/events", s.streamEvents)
}

func (s *Server) control(act func(*http.Request) (any, error)) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A page of another origin must not move the phones of whoever has it open.
		if err := protection.Check(r); err != nil {
			writeError(w, errs.Wrap(err, errs.Forbidden, "请在模拟器自己的页面上操作。"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		v, err := act(r)
		if err != nil {
			if errs.KindOf(err) == errs.Internal && r.Context().Err() == nil {
				s.log.Error("simulator control failed", slog.String("path", r.URL.Path), slog.Any("error", err))
			}
			writeError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, v)
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(mustJSON(v))
}

func writeError(w http.ResponseWriter, err error) {
	writeJSON(w, errs.Status(errs.KindOf(err)), struct {
		Kind    errs.Kind         `json:"kind"`
		Message string            `json:"message"`
		Fields  map[string]string `json:"fields,omitempty"`
	}{errs.KindOf(err), errs.MessageOf(err), errs.FieldsOf(err)})
}

// read decodes the JSON body of a control call.
func read(r *http.Request, v any) error {
	err := json.NewDecoder(r.Body).Decode(v)
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e
	}
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && t.Field != "" {
		return errs.Field(t.Field, t.Field+" 的类型不对，要的是 "+t.Type.String()+"。")
	}
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "请求要是一个 JSON 对象："+err.Error()+"。")
	}
	return nil
}

func (s *Server) ctlUsers(*http.Request) (any, error) {
	users := s.Users()
	if users == nil {
		users = []User{}
	}
	return users, nil
}

// ctlMessages answers at once, or with wait=10s when there is something new. all=1 adds
// what the member wrote.
func (s *Server) ctlMessages(r *http.Request) (any, error) {
	q := r.URL.Query()
	after, err := intParam(q.Get("after"), 0)
	if err != nil {
		return nil, errs.Field("after", "after 是上次看到的 seq，一个整数。")
	}
	user, own := q.Get("user"), q.Get("all") == "1"
	s.mu.Lock()
	known := s.user(user) != nil
	s.mu.Unlock()
	if !known {
		return nil, errNoUser
	}
	ctx, cancel, err := patience(r, q.Get("wait"))
	if err != nil {
		return nil, err
	}
	defer cancel()
	var list []Message
	err = s.Wait(ctx, func(View) bool {
		list = s.messages(user, after, own)
		return len(list) > 0 || q.Get("wait") == ""
	})
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	return list, nil
}

func intParam(text string, otherwise int64) (int64, error) {
	if text == "" {
		return otherwise, nil
	}
	return strconv.ParseInt(text, 10, 64)
}

// patience limits how long a call waits, at most a minute.
func patience(r *http.Request, wait string) (context.Context, context.CancelFunc, error) {
	d := time.Minute
	if wait != "" {
		var err error
		if d, err = parseDuration(wait); err != nil {
			return nil, nil, errs.Field("wait", "等多久？例如 10s。")
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), min(d, time.Minute))
	return ctx, cancel, nil
}

func (s *Server) ctlLog(r *http.Request) (any, error) {
	after, err := intParam(r.URL.Query().Get("after"), 0)
	if err != nil {
		return nil, errs.Field("after", "after 是上次看到的 id，一个整数。")
	}
	list := []Entry{}
	for _, e := range s.Log(after) {
		if k := r.URL.Query().Get("kind"); k == "" || k == e.Kind {
			list = append(list, e)
		}
	}
	return list, nil
}

func clockView(now time.Time) reply {
	return reply{"now": now.In(china()).Format("2006-01-02T15:04:05.999999Z07:00"), "unix_ms": now.UnixMilli()}
}

func (s *Server) ctlClock(*http.Request) (any, error) { return clockView(s.now()), nil }

// ctlAdvance moves by {advance:"23h"} or to {to:"2026-10-14T08:00:00+08:00"}.
func (s *Server) ctlAdvance(r *http.Request) (any, error) {
	var in struct {
		Advance string    `json:"advance"`
		To      time.Time `json:"to"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	d := in.To.Sub(s.now())
	if in.To.IsZero() {
		var err error
		if d, err = parseDuration(in.Advance); err != nil {
			return nil, errs.Field("advance", "走多久？例如 1h、23h 或 2d。")
		}
	}
	now, err := s.Advance(r.Context(), d)
	if err != nil {
		return nil, err
	}
	return clockView(now), nil
}

func (s *Server) ctlFaults(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.armed(), nil
}

// ctlArm takes one fault, {faults:[…]}, or {clear:true}; it answers what is armed now.
func (s *Server) ctlArm(r *http.Request) (any, error) {
	var in struct {
		Fault
		Faults []Fault `json:"faults"`
		Clear  bool    `json:"clear"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.Clear {
		s.ClearFaults()
	}
	if in.Kind != "" {
		in.Faults = append(in.Faults, in.Fault)
	}
	if len(in.Faults) == 0 && !in.Clear {
		return nil, errs.Field("kind", "要哪种故障？例如 drop、duplicate、errcode。")
	}
	if err := s.Arm(in.Faults...); err != nil {
		return nil, err
	}
	return s.ctlFaults(r)
}

func (s *Server) ctlSwitches(*http.Request) (any, error) { return s.Switches(), nil }

// ctlSetSwitches changes the switches that are named.
func (s *Server) ctlSetSwitches(r *http.Request) (any, error) {
	sw := s.Switches()
	if err := read(r, &sw); err != nil {
		return nil, err
	}
	s.SetSwitches(sw)
	return s.Switches(), nil
}

func (s *Server) ctlCalendar(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.schedulesOf(r.URL.Query().Get("user")), nil
}

// act is the body of what a person does. With wait the call answers when the app accepted
// the callback or it was given up.
type act struct {
	User     string              `json:"user"`
	Text     string              `json:"text"`
	Key      string              `json:"key"`
	MsgID    string              `json:"msgid"`
	Selected map[string][]string `json:"selected"`
	Force    bool                `json:"force"`
	Event    string              `json:"event"`
	Fields   map[string]string   `json:"fields"`
	Schedule string              `json:"schedule_id"`
	Status   int                 `json:"status"`
	Lat      float64             `json:"latitude"`
	Lon      float64             `json:"longitude"`
	Label    string              `json:"label"`
	Wait     bool                `json:"wait"`
}

func (s *Server) person(r *http.Request, do func(act) (*Delivery, error)) (any, error) {
	var in act
	if err := read(r, &in); err != nil {
		return nil, err
	}
	d, err := do(in)
	if err != nil {
		return nil, err
	}
	return deliveryView(r, d, in.Wait)
}

func deliveryView(r *http.Request, d *Delivery, wait bool) (any, error) {
	v := reply{"ok": true}
	if d.MsgID != "" {
		v["msgid"] = d.MsgID
	}
	if d.Open != "" {
		v["open"] = d.Open
	}
	if wait {
		accepted, err := d.Wait(r.Context())
		if err != nil {
			return nil, err
		}
		v["delivered"] = accepted
	}
	return v, nil
}

func (s *Server) ctlText(r *http.Request) (any, error) {
	return s.person(r, func(in act) (*Delivery, error) { return s.Text(in.User, in.Text) })
}

func (s *Server) ctlPlace(r *http.Request) (any, error) {
	return s.person(r, func(in act) (*Delivery, error) { return s.Place(in.User, in.Lat, in.Lon, in.Label) })
}

func (s *Server) ctlMenu(r *http.Request) (any, error) {
	return s.person(r, func(in act) (*Delivery, error) { return s.Menu(in.User, in.Key, in.Force) })
}

func (s *Server) ctlPress(r *http.Request) (any, error) {
	return s.person(r, func(in act) (*Delivery, error) {
		return s.Press(in.User, in.MsgID, in.Key, in.Selected, in.Force)
	})
}

func (s *Server) ctlEnter(r *http.Request) (any, error) {
	return s.person(r, func(in act) (*Delivery, error) { return s.Enter(in.User) })
}

func (s *Server) ctlEvent(r *http.Request) (any, error) {
	return s.person(r, func(in act) (*Delivery, error) { return s.Event(in.User, in.Event, in.Fields) })
}

func (s *Server) ctlRespond(r *http.Request) (any, error) {
	return s.person(r, func(in act) (*Delivery, error) { return s.Respond(in.User, in.Schedule, in.Status) })
}

// ctlImage takes a form with user and the file media.
func (s *Server) ctlImage(r *http.Request) (any, error) {
	f, head, err := r.FormFile("media")
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "请选一张图片。")
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "图片没有传完，再试一次。")
	}
	d, err := s.Image(r.FormValue("user"), head.Filename, content, "http://"+r.Host)
	if err != nil {
		return nil, err
	}
	return deliveryView(r, d, r.FormValue("wait") == "true")
}

// ctlPhone hands a phone to a person.
func (s *Server) ctlPhone(r *http.Request) (any, error) {
	var in struct {
		Phone int    `json:"phone"`
		User  string `json:"user"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if err := s.HandPhone(in.Phone, in.User); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.st.Phones, nil
}

// ctlDirectory takes {action:"put", user:{…}}, or remove, disable, enable, exclude (out of
// the visible range) or include with {userid}.
func (s *Server) ctlDirectory(r *http.Request) (any, error) {
	var in struct {
		Action string `json:"action"`
		UserID string `json:"userid"`
		User   *User  `json:"user"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.Action == "put" && in.User != nil {
		return in.User, s.PutUser(*in.User)
	}
	if in.Action == "remove" {
		return reply{"ok": true}, s.RemoveUser(in.UserID)
	}
	s.mu.Lock()
	found := s.user(in.UserID)
	var u User
	if found != nil {
		u = *found
	}
	s.mu.Unlock()
	if found == nil {
		return nil, errNoUser
	}
	switch in.Action {
	case "disable":
		u.Status = 2
	case "enable":
		u.Status = active
	case "exclude":
		u.InRange = false
	case "include":
		u.InRange = true
	default:
		return nil, errs.Field("action", "可以是 put、remove、disable、enable、exclude、include。")
	}
	return u, s.PutUser(u)
}

// ctlCallback saves the callback URL as the admin console does: only if the check passes.
func (s *Server) ctlCallback(r *http.Request) (any, error) {
	var in struct {
		URL string `json:"url"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	return reply{"ok": true}, s.SetCallback(r.Context(), in.URL)
}
