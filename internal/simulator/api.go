package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one request to the WeCom API, read whole before the lock is taken.
type call struct {
	path   string // below /cgi-bin/
	query  url.Values
	header http.Header
	body   []byte
	ip     string // of the caller
	base   string // scheme and host under which the caller reached us
	now    time.Time
}

// reply is the result of a call, without errcode and errmsg.
type reply map[string]any

// apiError is an errcode of WeCom; reply holds result fields that some errors keep.
type apiError struct {
	code  int
	msg   string
	reply reply
}

func (e *apiError) Error() string { return fmt.Sprintf("errcode %d: %s", e.code, e.msg) }

// fail is an errcode with the text the platform was seen to use, or a plain one.
func fail(code int, msg string) *apiError { return &apiError{code: code, msg: msg} }

// badField is 40058, which names the field.
func badField(name string) *apiError { return fail(40058, "invalid parameter: "+name) }

// maxBody is above the largest upload (20 MB); a larger body answers 40206.
const maxBody = 21 << 20

// endpoint is one call of the API. fn runs under the server's lock.
type endpoint struct {
	method string // POST calls refuse GET with 40058
	fn     func(*call) (reply, error)
	who    tokenKind // which token may call it
	log    string    // kind of its entry in the wire log
}

func (s *Server) endpoints() map[string]endpoint {
	get, post := http.MethodGet, http.MethodPost
	return map[string]endpoint{
		"gettoken":          {get, s.getToken, nobody, "api"},
		"get_jsapi_ticket":  {get, s.getJSTicket, appToken, "api"},
		"ticket/get":        {get, s.getAppTicket, appToken, "api"},
		"getcallbackip":     {get, s.getCallbackIP, anyToken, "api"},
		"get_api_domain_ip": {get, s.getDomainIP, anyToken, "api"},

		"message/send":                 {post, s.sendMessage, appToken, "send"},
		"message/recall":               {post, s.recall, appToken, "update"},
		"message/update_template_card": {post, s.updateCard, appToken, "update"},

		"auth/getuserinfo":   {get, s.getUserInfo, appToken, "api"},
		"user/getuserinfo":   {get, s.getUserInfoOld, appToken, "api"},
		"auth/getuserdetail": {post, s.getUserDetail, appToken, "api"},

		"user/get":              {get, s.getUser, anyToken, "api"},
		"user/simplelist":       {get, s.simpleList, anyToken, "api"},
		"user/list":             {get, s.listUsers, anyToken, "api"},
		"user/list_id":          {post, s.listIDs, contactToken, "api"},
		"user/create":           {post, s.createUser, contactToken, "api"},
		"user/update":           {post, s.updateUser, contactToken, "api"},
		"user/delete":           {get, s.deleteUser, contactToken, "api"},
		"user/getuserid":        {post, s.getUserID, anyToken, "api"},
		"department/list":       {get, s.listDepartments, anyToken, "api"},
		"department/simplelist": {get, s.listDepartmentIDs, anyToken, "api"},
		"department/get":        {get, s.getDepartment, anyToken, "api"},
		"tag/list":              {get, s.listTags, anyToken, "api"},
		"tag/get":               {get, s.getTag, anyToken, "api"},

		"agent/get":                      {get, s.getAgent, appToken, "api"},
		"agent/list":                     {get, s.listAgents, appToken, "api"},
		"agent/set":                      {post, s.setAgent, appToken, "api"},
		"agent/set_workbench_template":   {post, s.setWorkbenchTemplate, appToken, "api"},
		"agent/get_workbench_template":   {post, s.getWorkbenchTemplate, appToken, "api"},
		"agent/set_workbench_data":       {post, s.setWorkbenchData, appToken, "api"},
		"agent/batch_set_workbench_data": {post, s.batchSetWorkbenchData, appToken, "api"},
		"agent/get_workbench_data":       {post, s.getWorkbenchData, appToken, "api"},

		"oa/gettemplatedetail":     {post, s.getTemplate, appToken, "api"},
		"oa/applyevent":            {post, s.applyEvent, appToken, "api"},
		"oa/getapprovalinfo":       {post, s.getApprovals, appToken, "api"},
		"oa/getapprovaldetail":     {post, s.getApproval, appToken, "api"},
		"corp/getopenapprovaldata": {post, s.getOpenApproval, appToken, "api"},

		"batch/syncuser":     {post, s.startImport("sync_user", s.syncUsers), contactToken, "api"},
		"batch/replaceuser":  {post, s.startImport("replace_user", s.replaceUsers), contactToken, "api"},
		"batch/replaceparty": {post, s.startImport("replace_party", s.replaceParties), contactToken, "api"},
		"batch/getresult":    {get, s.getImport, contactToken, "api"},

		"school/user/get":              {get, s.getSchoolUser, appToken, "api"},
		"school/user/list":             {get, s.listStudents, appToken, "api"},
		"school/user/list_parent":      {get, s.listParents, appToken, "api"},
		"school/department/list":       {get, s.listSchoolDepartments, appToken, "api"},
		"school/getuserinfo":           {get, s.getSchoolUserInfo, appToken, "api"},
		"externalcontact/message/send": {post, s.sendSchoolNotice, appToken, "send"},

		"menu/create": {post, s.createMenu, appToken, "api"},
		"menu/get":    {get, s.getMenu, appToken, "api"},
		"menu/delete": {get, s.deleteMenu, appToken, "api"},

		"media/upload":                   {post, s.uploadMedia, appToken, "api"},
		"media/uploadimg":                {post, s.uploadImage, appToken, "api"},
		"media/upload_by_url":            {post, s.uploadByURL, appToken, "api"},
		"media/get_upload_by_url_result": {post, s.getUploadByURL, appToken, "api"},

		"appchat/create": {post, s.createChat, appToken, "api"},
		"appchat/update": {post, s.updateChat, appToken, "api"},
		"appchat/get":    {get, s.getChat, appToken, "api"},
		"appchat/send":   {post, s.sendChat, appToken, "send"},

		"webhook/send":         {post, s.sendWebhook, nobody, "send"},
		"webhook/upload_media": {post, s.uploadWebhook, nobody, "api"},

		"oa/calendar/add":    {post, s.addCalendar, appToken, "api"},
		"oa/calendar/update": {post, s.updateCalendar, appToken, "api"},
		"oa/calendar/get":    {post, s.getCalendars, appToken, "api"},
		"oa/calendar/del":    {post, s.deleteCalendar, appToken, "api"},
		"oa/schedule/add":    {post, s.addSchedule, appToken, "api"},
		"oa/schedule/update": {post, s.updateSchedule, appToken, "api"},
		"oa/schedule/get":    {post, s.getSchedules, appToken, "api"},
		"oa/schedule/get_by_calendar": {
			post, s.schedulesByCalendar, appToken, "api",
		},
		"oa/schedule/del":           {post, s.deleteSchedule, appToken, "api"},
		"oa/schedule/add_attendees": {post, s.addAttendees, appToken, "api"},
		"oa/schedule/del_attendees": {post, s.deleteAttendees, appToken, "api"},
	}
}

// apiHandler serves /cgi-bin/: the faults, the checks every call passes, then the call.
func (s *Server) apiHandler() http.Handler {
	table := s.endpoints()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.Trim(strings.TrimPrefix(r.URL.Path, "/cgi-bin/"), "/")
		c, err := newCall(w, r, path, s.now())
		if err != nil {
			s.answer(w, c, nil, err)
			return
		}
		faults := s.takeAPIFaults(path)
		if faults.reset {
			s.note(c, "api", nil, "连接被重置，没有执行")
			panic(http.ErrAbortHandler)
		}
		if faults.code != 0 {
			s.answerAndLog(w, c, table[path].log, nil, fail(faults.code, errText(faults.code)))
			return
		}
		if path == "media/get" {
			s.serveMedia(w, r, c)
			return
		}
		e, ok := table[path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		res, err := s.perform(e, r.Method, c)
		if faults.lost {
			s.note(c, e.log, err, "已执行，但没有回答")
			panic(http.ErrAbortHandler)
		}
		if faults.slow > 0 {
			sleep(r.Context(), faults.slow)
		}
		s.answerAndLog(w, c, e.log, res, err)
	})
}

func newCall(w http.ResponseWriter, r *http.Request, path string, now time.Time) (*call, error) {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = r.RemoteAddr
	}
	c := &call{path: path, query: r.URL.Query(), header: r.Header, ip: ip, base: "http://" + r.Host, now: now}
	c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
		return c, fail(40206, "request body too big")
	}
	if err != nil {
		return c, badField("body")
	}
	return c, nil
}

// perform checks in WeCom's order and does the call, all in one critical section.
func (s *Server) perform(e endpoint, method string, c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.who != nobody {
		if err := s.admit(e, c); err != nil {
			return nil, err
		}
	} else if c.path == "gettoken" && s.switches.TokenIP || c.path != "gettoken" && s.switches.WebhookIP {
		if err := s.checkIP(c); err != nil {
			return nil, err
		}
	}
	if e.method == http.MethodPost && method != http.MethodPost {
		return nil, fail(40058, "invalid Request Parameter, need POST")
	}
	return e.fn(c)
}

// admit is the part of the check order that does not look at the parameters: token, IP,
// app, rate, JSON, permission.
func (s *Server) admit(e endpoint, c *call) error {
	kind, err := s.checkToken(c)
	if err != nil {
		return err
	}
	if err := s.checkIP(c); err != nil {
		return err
	}
	if s.switches.AppDisabled {
		return fail(50003, "app disabled")
	}
	// An exchange with a good code is exempt from the limits.
	exempt := c.path == "auth/getuserinfo" && s.codeGood(c)
	if !exempt && !s.withinRate(c) {
		return fail(45009, "api freq out of limit")
	}
	if e.method == http.MethodPost && !isUpload(c.path) {
		if !json.Valid(c.body) {
			return fail(40058, "invalid Request Parameter, not a json object. Warning: wrong json format. ")
		}
		if s.switches.RefuseEscapes && bytes.Contains(c.body, []byte(`\u`)) {
			return fail(40033, "invalid charset. please check your request, if include \\uxxxx will create fail!")
		}
	}
	if e.who != anyToken && kind != e.who {
		return fail(48002, "api forbidden")
	}
	return nil
}

// isUpload says whether a call brings a file instead of JSON.
func isUpload(path string) bool { return path == "media/upload" || path == "media/uploadimg" }

// checkIP holds the list of trusted addresses; an empty one trusts all.
func (s *Server) checkIP(c *call) error {
	if ips := s.switches.TrustedIPs; len(ips) > 0 && !slices.Contains(ips, c.ip) {
		return fail(60020, "not allow to access from your ip")
	}
	return nil
}

// decode reads the JSON body into v; a wrong type is the platform's 40058.
func (c *call) decode(v any) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && t.Field != "" {
			return fail(40058, "invalid parameter: "+t.Field+". Warning: wrong json format. ")
		}
		return fail(40058, "invalid Request Parameter. Warning: wrong json format. ")
	}
	return nil
}

// answer writes HTTP 200 with errcode and errmsg first, as the platform does.
func (s *Server) answer(w http.ResponseWriter, c *call, res reply, err error) {
	b := answerBody(c, res, err)
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=UTF-8")
	if e, ok := errors.AsType[*apiError](err); ok {
		h.Set("Error-Code", strconv.Itoa(e.code))
		h.Set("Error-Msg", oneLine(e.msg))
	}
	_, _ = w.Write(b)
}

func (s *Server) answerAndLog(w http.ResponseWriter, c *call, kind string, res reply, err error) {
	s.logCall(c, kind, answerBody(c, res, err), err)
	s.answer(w, c, res, err)
}

func answerBody(c *call, res reply, err error) []byte {
	code, msg := 0, "ok"
	if err != nil {
		e, ok := errors.AsType[*apiError](err)
		if !ok {
			e = fail(-1, "system busy")
		}
		code, res = e.code, e.reply
		msg = fmt.Sprintf("%s, hint: [%s], from ip: %s, more info at https://open.work.weixin.qq.com/devtool/query?e=%d",
			e.msg, hint(c.now), c.ip, e.code)
	} else if m, ok := res["errmsg"].(string); ok {
		msg = m
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"errcode":%d,"errmsg":%s`, code, quoteJSON(msg))
	for _, k := range sortedKeys(res) {
		if k != "errmsg" {
			fmt.Fprintf(&b, ",%s:%s", quoteJSON(k), mustJSON(res[k]))
		}
	}
	b.WriteByte('}')
	return b.Bytes()
}

// hint is the 25-digit number in error texts, the epoch first.
func hint(now time.Time) string { return strconv.FormatInt(now.Unix(), 10) + randomDigits(15) }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// mustJSON encodes plain values, without escaping HTML as the platform does not either.
func mustJSON(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("simulator: encode %T: %v", v, err)) // only our own plain values come here
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func quoteJSON(s string) string { return string(mustJSON(s)) }

// errText is the text of codes that a fault injects.
func errText(code int) string {
	switch code {
	case -1:
		return "system busy"
	case 40001:
		return "invalid credential"
	case 40007:
		return "invalid media_id"
	case 40014:
		return "invalid access_token"
	case 40029:
		return "invalid code"
	case 40056:
		return "invalid agentid"
	case 42001:
		return "access_token expired"
	case 45009:
		return "api freq out of limit"
	case 45033:
		return "api concurrent out of limit"
	case 48002:
		return "api forbidden"
	case 40006:
		return "invalid media size"
	case 60011:
		return "no privilege to access/modify contact/party/agent"
	case 60020:
		return "not allow to access from your ip"
	case 60111:
		return "userid not found"
	case 60140:
		return "invalid response_code"
	case 81013:
		return "user & party & tag all invalid"
	case 301002:
		return "not allow operate another agent with this accesstoken"
	default:
		return "error " + strconv.Itoa(code)
	}
}

// sleep waits in real time, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Windows of the limits beside the minute and the hour: a day is a calendar day, a month 30
// of them (sending.md 7).
const (
	day   = 24 * time.Hour
	month = 30 * day
)

// limiter counts in a window; going over it blocks for one more window, a day's limit until
// the day ends.
type limiter struct {
	start, until time.Time
	n            int
}

func (l *limiter) allow(now time.Time, weight, limit int, window time.Duration) bool {
	if now.Before(l.until) {
		return false
	}
	if over(l.start, now, window) {
		l.start, l.n = now, 0
	}
	l.n += weight
	if l.n > limit {
		l.until = now.Add(window)
		if window == day {
			l.until = midnight(now)
		}
		return false
	}
	return true
}

func over(start, now time.Time, window time.Duration) bool {
	if window == day {
		return !now.Before(midnight(start))
	}
	return now.Sub(start) >= window
}

// midnight is the end of the platform's day.
func midnight(t time.Time) time.Time {
	y, m, d := t.In(china()).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, china())
}

func (s *Server) limit(key string, now time.Time, limit int, window time.Duration) bool {
	return s.limitMany(key, now, 1, limit, window)
}

// limitMany counts weight at once, as of the members of one call.
func (s *Server) limitMany(key string, now time.Time, weight, limit int, window time.Duration) bool {
	l := s.limits[key]
	if l == nil {
		l = &limiter{}
		s.limits[key] = l
	}
	return l.allow(now, weight, limit, window)
}

// withinRate holds the limits per API, per source IP, of the debug mode and of jsapi
// tickets (sending.md 1 and 7). Sending is not counted: it has the day's quota.
func (s *Server) withinRate(c *call) bool {
	if !s.switches.RateLimits {
		return true
	}
	ok := c.path == "message/send" || s.limit("m:"+c.path, c.now, 10_000, time.Minute) && s.limit("h:"+c.path, c.now, 150_000, time.Hour) &&
		s.limit("m:"+c.path+c.ip, c.now, 20_000, time.Minute) && s.limit("h:"+c.path+c.ip, c.now, 600_000, time.Hour)
	if c.query.Get("debug") == "1" {
		ok = ok && s.limit("debug", c.now, 5, time.Minute)
	}
	switch c.path {
	case "get_jsapi_ticket":
		ok = ok && s.limit("ticket", c.now, 400, time.Hour)
	case "ticket/get":
		ok = ok && s.limit("appticket", c.now, 100, time.Hour)
	}
	return ok
}
