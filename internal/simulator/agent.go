package simulator

import (
	"encoding/json"
	"net/url"
	"time"
	"unicode/utf8"
)

// china is the zone of the platform: its days, and the time in a phone's status bar.
func china() *time.Location { return time.FixedZone("CST", 8*60*60) }

// appSettings are what the app's page in the admin console holds.
type appSettings struct {
	Name           string
	Description    string
	HomeURL        string
	RedirectDomain string
	Logo           string
	ReportEnter    int
	ReportLocation int
	QuotaDay       string // day and deliveries counted against the account quota
	QuotaUsed      int
}

func defaultApp(cfg Config) appSettings {
	return appSettings{
		Name: cfg.AppName, Description: "学生事务，一处办好。", HomeURL: cfg.HomeURL,
		RedirectDomain: cfg.TrustedDomain, ReportEnter: 1,
	}
}

// follow takes over what the configuration says now; what agent/set changed gives way to it.
func (a *appSettings) follow(cfg Config) {
	if cfg.AppName != "" {
		a.Name = cfg.AppName
	}
	if cfg.HomeURL != "" {
		a.HomeURL = cfg.HomeURL
	}
	if cfg.TrustedDomain != "" {
		a.RedirectDomain = cfg.TrustedDomain
	}
}

func (s *Server) getAgent(c *call) (reply, error) {
	if err := s.checkAgentParam(c); err != nil {
		return nil, err
	}
	users := []reply{}
	for _, u := range s.st.Users {
		if u.InRange {
			users = append(users, reply{"userid": u.UserID})
		}
	}
	a := s.st.App
	closed := 0
	if s.switches.AppDisabled {
		closed = 1
	}
	return reply{
		"agentid": s.cfg.AgentID, "name": a.Name, "square_logo_url": a.Logo, "description": a.Description,
		"allow_userinfos": reply{"user": users}, "allow_partys": reply{"partyid": []int{}}, "allow_tags": reply{"tagid": []int{}},
		"close": closed, "redirect_domain": a.RedirectDomain, "report_location_flag": a.ReportLocation,
		"isreportenter": a.ReportEnter, "home_url": a.HomeURL,
	}, nil
}

func (s *Server) listAgents(*call) (reply, error) {
	return reply{"agentlist": []reply{{"agentid": s.cfg.AgentID, "name": s.st.App.Name, "square_logo_url": s.st.App.Logo}}}, nil
}

// setAgent changes the fields that are present.
func (s *Server) setAgent(c *call) (reply, error) {
	var in struct {
		AgentID        json.RawMessage `json:"agentid"`
		Name           *string         `json:"name"`
		Description    *string         `json:"description"`
		HomeURL        *string         `json:"home_url"`
		RedirectDomain *string         `json:"redirect_domain"`
		Logo           *string         `json:"logo_mediaid"`
		ReportEnter    *int            `json:"isreportenter"`
		ReportLocation *int            `json:"report_location_flag"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.AgentID == nil {
		return nil, fail(41011, "missing agentid")
	}
	if err := s.checkAgent(in.AgentID); err != nil {
		return nil, err
	}
	flag := func(p *int) bool { return p == nil || *p == 0 || *p == 1 }
	switch {
	case in.Name != nil && !between(*in.Name, 1, 32):
		return nil, fail(45022, "invalid name size")
	case in.Description != nil && !between(*in.Description, 4, 120):
		return nil, fail(45004, "invalid description size")
	case in.HomeURL != nil && !hasScheme(*in.HomeURL):
		return nil, fail(40094, "invalid home_url")
	case !flag(in.ReportLocation):
		return nil, fail(40059, "invalid report_location_flag")
	case !flag(in.ReportEnter):
		return nil, badField("isreportenter")
	case in.Logo != nil && s.mediaFile(*in.Logo, c.now) == nil:
		return nil, fail(40007, "invalid media_id")
	}
	a := &s.st.App
	if in.RedirectDomain != nil && *in.RedirectDomain != a.RedirectDomain &&
		s.switches.RateLimits && !s.limit("domain", c.now, 20, month) {
		return nil, fail(85004, "domain modify times out of limit")
	}
	assign(&a.Name, in.Name)
	assign(&a.Description, in.Description)
	assign(&a.HomeURL, in.HomeURL)
	assign(&a.RedirectDomain, in.RedirectDomain)
	assign(&a.Logo, in.Logo)
	assign(&a.ReportEnter, in.ReportEnter)
	assign(&a.ReportLocation, in.ReportLocation)
	s.touch()
	s.publish("app", s.appView())
	return nil, nil
}

func assign[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// workbench is the custom display of the app's tile: a template for all, data for some.
type workbench struct {
	Type   string
	Object json.RawMessage // what members without own data see
	Data   map[string]workbenchData
}

type workbenchData struct {
	Type   string
	Object json.RawMessage
}

type workbenchItem struct {
	Key     string `json:"key"`
	Data    string `json:"data"`
	Title   string `json:"title"`
	JumpURL string `json:"jump_url"`
}

type workbenchObject struct {
	Items  []workbenchItem `json:"items"`
	URL    string          `json:"url"`
	Height string          `json:"height"`
}

type workbenchRequest struct {
	AgentID json.RawMessage `json:"agentid"`
	UserID  string          `json:"userid"`
	UserIDs []string        `json:"userid_list"`
	Type    string          `json:"type"`
	Replace bool            `json:"replace_user_data"`
	Data    json.RawMessage `json:"data"`
}

func (s *Server) workbenchCall(c *call) (in workbenchRequest, err error) {
	if err = c.decode(&in); err != nil {
		return in, err
	}
	if err = s.checkAgent(in.AgentID); err != nil {
		return in, err
	}
	if !s.switches.Workbench {
		return in, fail(94000, "custom workbench is not enabled")
	}
	return in, nil
}

// checkWorkbench reads and checks the object named like its type.
func checkWorkbench(kind string, body json.RawMessage) (json.RawMessage, error) {
	raw := field(body, kind)
	var o workbenchObject
	if raw != nil && json.Unmarshal(raw, &o) != nil {
		return nil, badField(kind)
	}
	for _, i := range o.Items {
		if len(i.JumpURL) > 1024 {
			return nil, fail(40039, "jump_url too long")
		}
	}
	switch kind {
	case "normal":
		return nil, nil
	case "keydata":
		return raw, checkKeyData(o.Items)
	case "list":
		return raw, checkList(o.Items)
	case "image":
		if !hasScheme(o.URL) {
			return nil, fail(94013, "image url missing")
		}
	case "webview":
		if _, err := url.Parse(o.URL); err != nil || o.URL == "" {
			return nil, fail(94015, "webview url missing")
		}
		if o.Height != "" && o.Height != "single_row" && o.Height != "double_row" {
			return nil, fail(94011, "invalid height")
		}
	default:
		return nil, fail(94001, "invalid type")
	}
	return raw, nil
}

func checkKeyData(items []workbenchItem) error {
	switch n := len(items); {
	case n == 0:
		return fail(94002, "keydata missing")
	case n > 4:
		return fail(94003, "too many items")
	}
	for _, i := range items {
		if i.Data == "" || utf8.RuneCountInString(i.Data) > 64 || utf8.RuneCountInString(i.Key) > 64 {
			return fail(94012, "invalid keydata")
		}
	}
	return nil
}

func checkList(items []workbenchItem) error {
	switch n := len(items); {
	case n == 0:
		return fail(94005, "list missing")
	case n > 3:
		return fail(94006, "too many items")
	}
	for _, i := range items {
		if i.Title == "" || len(i.Title) > 128 {
			return fail(94014, "invalid list title")
		}
	}
	return nil
}

func (s *Server) setWorkbenchTemplate(c *call) (reply, error) {
	in, err := s.workbenchCall(c)
	if err != nil {
		return nil, err
	}
	object, err := checkWorkbench(in.Type, c.body)
	if err != nil {
		return nil, err
	}
	s.st.Workbench.Type, s.st.Workbench.Object = in.Type, object
	if in.Replace || in.Type == "normal" {
		s.st.Workbench.Data = map[string]workbenchData{}
	}
	s.workbenchChanged()
	return nil, nil
}

func (s *Server) workbenchChanged() {
	s.touch()
	s.publish("workbench", s.workbenchViews())
}

func (s *Server) getWorkbenchTemplate(c *call) (reply, error) {
	if _, err := s.workbenchCall(c); err != nil {
		return nil, err
	}
	w := s.st.Workbench
	if w.Type == "" {
		return nil, fail(94008, "no template")
	}
	r := reply{"type": w.Type, "replace_user_data": false}
	if w.Object != nil {
		r[w.Type] = w.Object
	}
	return r, nil
}

// putWorkbenchData checks one type and object against the template and stores it.
func (s *Server) putWorkbenchData(kind string, body json.RawMessage, ids []string) error {
	if s.st.Workbench.Type == "" || s.st.Workbench.Type == "normal" {
		return fail(94008, "no template")
	}
	if kind != s.st.Workbench.Type {
		return fail(94001, "invalid type")
	}
	object, err := checkWorkbench(kind, body)
	if err != nil {
		return err
	}
	if kind == "webview" && height(object) != height(s.st.Workbench.Object) {
		return fail(94016, "height differs from the template")
	}
	for _, id := range ids {
		u := s.user(id)
		if u == nil || !u.InRange {
			return fail(60111, "userid not found")
		}
		s.st.Workbench.Data[fold(id)] = workbenchData{Type: kind, Object: object}
	}
	s.workbenchChanged()
	return nil
}

func height(object json.RawMessage) string {
	var o workbenchObject
	if json.Unmarshal(object, &o) != nil || o.Height == "" {
		return "double_row"
	}
	return o.Height
}

func (s *Server) setWorkbenchData(c *call) (reply, error) {
	in, err := s.workbenchCall(c)
	if err != nil {
		return nil, err
	}
	if in.UserID == "" {
		return nil, fail(41009, "missing userid")
	}
	if s.switches.RateLimits && !s.limit("workbench:"+fold(in.UserID), c.now, 10, time.Minute) {
		return nil, fail(45009, "api freq out of limit")
	}
	return nil, s.putWorkbenchData(in.Type, c.body, []string{in.UserID})
}

func (s *Server) batchSetWorkbenchData(c *call) (reply, error) {
	in, err := s.workbenchCall(c)
	if err != nil {
		return nil, err
	}
	if len(in.UserIDs) == 0 || len(in.UserIDs) > 1000 {
		return nil, fail(40032, "userid list size out of limit")
	}
	var kind string
	if json.Unmarshal(field(in.Data, "type"), &kind) != nil {
		return nil, fail(94001, "invalid type")
	}
	if s.switches.RateLimits && !s.limitMany("workbench", c.now, len(in.UserIDs), 100_000, time.Minute) {
		return nil, fail(45009, "api freq out of limit")
	}
	return nil, s.putWorkbenchData(kind, in.Data, in.UserIDs)
}

func (s *Server) getWorkbenchData(c *call) (reply, error) {
	in, err := s.workbenchCall(c)
	if err != nil {
		return nil, err
	}
	u := s.user(in.UserID)
	if u == nil || !u.InRange {
		return nil, fail(60111, "userid not found")
	}
	d := s.workbenchOf(in.UserID)
	if d.Type == "" {
		return nil, fail(94008, "no template")
	}
	return reply{"data": reply{"type": d.Type, d.Type: d.Object}}, nil
}

// workbenchOf is what the member sees under the tile; Type "" is the plain icon.
func (s *Server) workbenchOf(userid string) workbenchData {
	if d, ok := s.st.Workbench.Data[fold(userid)]; ok {
		return d
	}
	if s.st.Workbench.Type == "normal" {
		return workbenchData{}
	}
	return workbenchData{Type: s.st.Workbench.Type, Object: s.st.Workbench.Object}
}
