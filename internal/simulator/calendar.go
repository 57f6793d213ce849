package simulator

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/xuegong/xuegong/internal/errs"
)

// calendar is one of the app's calendars; Fields is what the app wrote.
type calendar struct {
	ID      string
	Fields  json.RawMessage
	Default bool
}

// schedule is an entry of a calendar. Cancelled ones are still returned.
type schedule struct {
	ID        string
	CalID     string
	Fields    map[string]json.RawMessage // as written, without attendees and ids
	Attendees []attendee
	Status    int // 0 normal, 1 cancelled
	Sequence  int // grows with every change
}

type attendee struct {
	UserID string `json:"userid"`
	Status int    `json:"response_status"` // 0 none, 1 tentative, 2 accepted, 4 declined
}

var colorShape = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

func (s *Server) calendarCall(c *call, in any) error {
	if !s.switches.CalendarAPI {
		return fail(48002, "api forbidden")
	}
	return c.decode(in)
}

type calendarFields struct {
	CalID   string   `json:"cal_id"`
	Summary string   `json:"summary"`
	Color   string   `json:"color"`
	Admins  []string `json:"admins"`
	Default int      `json:"set_as_default"`
	Desc    string   `json:"description"`
	Shares  []struct {
		UserID string `json:"userid"`
	} `json:"shares"`
}

func (f *calendarFields) check() error {
	switch {
	case !between(f.Summary, 1, 128):
		return badField("calendar.summary")
	case !colorShape.MatchString(f.Color):
		return fail(90473, "invalid color")
	case len(f.Admins) > 3:
		return badField("calendar.admins")
	case utf8.RuneCountInString(f.Desc) > 512:
		return badField("calendar.description")
	case len(f.Shares) > 2000:
		return badField("calendar.shares")
	}
	return nil
}

// failedShares names the members a calendar could not be shared with.
func (s *Server) failedShares(f *calendarFields) reply {
	failed := []reply{}
	for _, share := range f.Shares {
		if u := s.user(share.UserID); u == nil || !u.InRange {
			failed = append(failed, reply{"errcode": 60111, "errmsg": "userid not found", "userid": share.UserID})
		}
	}
	return reply{"shares": failed}
}

func (s *Server) addCalendar(c *call) (reply, error) {
	var in struct {
		Calendar calendarFields `json:"calendar"`
	}
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	if err := in.Calendar.check(); err != nil {
		return nil, err
	}
	id := "wc" + randomText(30)
	s.putCalendar(id, c, in.Calendar.Default == 1)
	return reply{"cal_id": id, "fail_result": s.failedShares(&in.Calendar)}, nil
}

func (s *Server) putCalendar(id string, c *call, isDefault bool) {
	if isDefault {
		for _, other := range s.st.Calendars {
			other.Default = false
		}
	}
	s.st.Calendars[id] = &calendar{ID: id, Fields: field(c.body, "calendar"), Default: isDefault}
	s.touch()
}

func (s *Server) updateCalendar(c *call) (reply, error) {
	var in struct {
		Calendar calendarFields `json:"calendar"`
	}
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	old := s.st.Calendars[in.Calendar.CalID]
	if old == nil {
		return nil, fail(90457, "invalid cal_id")
	}
	if err := in.Calendar.check(); err != nil {
		return nil, err
	}
	s.putCalendar(old.ID, c, old.Default || in.Calendar.Default == 1)
	return reply{"fail_result": s.failedShares(&in.Calendar)}, nil
}

func (s *Server) getCalendars(c *call) (reply, error) {
	var in struct {
		IDs []string `json:"cal_id_list"`
	}
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	list := []json.RawMessage{}
	for _, id := range in.IDs {
		cal := s.st.Calendars[id]
		if cal == nil {
			return nil, fail(90457, "invalid cal_id")
		}
		list = append(list, withField(cal.Fields, "cal_id", id))
	}
	return reply{"calendar_list": list}, nil
}

func (s *Server) deleteCalendar(c *call) (reply, error) {
	var in struct {
		ID string `json:"cal_id"`
	}
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	if s.st.Calendars[in.ID] == nil {
		return nil, fail(90457, "invalid cal_id")
	}
	delete(s.st.Calendars, in.ID)
	for id, sc := range s.st.Schedules {
		if sc.CalID == in.ID {
			delete(s.st.Schedules, id)
		}
	}
	s.touch()
	return nil, nil
}

// withField adds a member to a JSON object.
func withField(object json.RawMessage, name string, v any) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(object, &m) != nil || m == nil {
		m = map[string]json.RawMessage{}
	}
	m[name] = mustJSON(v)
	return mustJSON(m)
}

type scheduleFields struct {
	ID        string     `json:"schedule_id"`
	CalID     string     `json:"cal_id"`
	Start     int64      `json:"start_time"`
	End       int64      `json:"end_time"`
	Summary   string     `json:"summary"`
	Desc      string     `json:"description"`
	Location  string     `json:"location"`
	Admins    []string   `json:"admins"`
	Attendees []attendee `json:"attendees"`
	WholeDay  int        `json:"is_whole_day"`
	Reminders struct {
		Before     *int  `json:"remind_before_event_secs"`
		Diffs      []int `json:"remind_time_diffs"`
		IsRepeat   int   `json:"is_repeat"`
		RepeatType int   `json:"repeat_type"`
		Weekdays   []int `json:"repeat_day_of_week"`
		Days       []int `json:"repeat_day_of_month"`
		Timezone   *int  `json:"timezone"`
	} `json:"reminders"`
}

func (s *Server) checkSchedule(f *scheduleFields) error {
	switch {
	case f.Start <= 0:
		return badField("schedule.start_time")
	case f.End < f.Start:
		return badField("schedule.end_time")
	case utf8.RuneCountInString(f.Summary) > 128:
		return badField("schedule.summary")
	case utf8.RuneCountInString(f.Desc) > 1000:
		return badField("schedule.description")
	case utf8.RuneCountInString(f.Location) > 128:
		return badField("schedule.location")
	case len(f.Attendees) > 1000:
		return fail(90464, "too many attendees")
	case len(f.Admins) > 3:
		return badField("schedule.admins")
	}
	for _, id := range f.Admins {
		if !slices.ContainsFunc(f.Attendees, func(a attendee) bool { return fold(a.UserID) == fold(id) }) {
			return fail(90715, "admin is not an attendee")
		}
	}
	if err := s.checkAttendees(f.Attendees); err != nil {
		return err
	}
	return f.checkReminders()
}

func (s *Server) checkAttendees(list []attendee) error {
	for _, a := range list {
		if u := s.user(a.UserID); u == nil || !u.InRange {
			return fail(60111, "userid not found")
		}
	}
	return nil
}

func (f *scheduleFields) checkReminders() error {
	r := f.Reminders
	if r.Before != nil && !slices.Contains([]int{0, 300, 900, 3600, 86400}, *r.Before) {
		return fail(90471, "invalid remind time")
	}
	times := []int{0, -300, -900, -3600, -86400}
	if f.WholeDay == 1 {
		times = append(times, 32400, -172800, -604800)
	}
	for _, d := range r.Diffs {
		if !slices.Contains(times, d) {
			return fail(90704, "invalid remind_time_diffs")
		}
	}
	if r.IsRepeat == 1 && !slices.Contains([]int{0, 1, 2, 5, 7}, r.RepeatType) {
		return fail(90465, "invalid repeat type")
	}
	for _, d := range r.Weekdays {
		if d < 1 || d > 7 {
			return badField("repeat_day_of_week")
		}
	}
	for _, d := range r.Days {
		if d < 1 || d > 31 {
			return fail(90487, "invalid day of month")
		}
	}
	if r.Timezone != nil && (*r.Timezone < -12 || *r.Timezone > 12) {
		return fail(90480, "invalid timezone")
	}
	return nil
}

func (s *Server) addSchedule(c *call) (reply, error) {
	var in struct {
		Schedule scheduleFields `json:"schedule"`
	}
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	if in.Schedule.CalID != "" && s.st.Calendars[in.Schedule.CalID] == nil {
		return nil, fail(90457, "invalid cal_id")
	}
	if err := s.checkSchedule(&in.Schedule); err != nil {
		return nil, err
	}
	if s.switches.RateLimits && !s.limit("schedule", c.now, 20_000, day) {
		return nil, fail(45009, "api freq out of limit")
	}
	id := "17c7d2bd9f20d652840f72f59e796" + randomText(10)
	sc := &schedule{ID: id, CalID: in.Schedule.CalID}
	if sc.CalID == "" {
		for _, cal := range s.st.Calendars {
			if cal.Default {
				sc.CalID = cal.ID
			}
		}
	}
	sc.overwrite(c.body, in.Schedule.Attendees)
	s.st.Schedules[id] = sc
	s.scheduleChanged(sc)
	return reply{"schedule_id": id}, nil
}

func (sc *schedule) overwrite(body []byte, attendees []attendee) {
	sc.Fields = map[string]json.RawMessage{}
	var m map[string]json.RawMessage
	if json.Unmarshal(field(body, "schedule"), &m) == nil {
		for k, v := range m {
			if k != "schedule_id" && k != "cal_id" && k != "attendees" {
				sc.Fields[k] = v
			}
		}
	}
	if sc.Fields["summary"] == nil {
		sc.Fields["summary"] = mustJSON("新建事件")
	}
	old := sc.Attendees
	sc.Attendees = nil
	for _, a := range attendees {
		status := 0
		if i := indexAttendee(old, a.UserID); i >= 0 {
			status = old[i].Status
		}
		if indexAttendee(sc.Attendees, a.UserID) < 0 {
			sc.Attendees = append(sc.Attendees, attendee{a.UserID, status})
		}
	}
}

func indexAttendee(list []attendee, userid string) int {
	return slices.IndexFunc(list, func(a attendee) bool { return fold(a.UserID) == fold(userid) })
}

func (s *Server) scheduleChanged(sc *schedule) {
	sc.Sequence++
	s.touch()
	s.publish("schedule", sc.view())
}

// live finds a schedule that can be changed.
func (s *Server) live(id string) (*schedule, error) {
	sc := s.st.Schedules[id]
	if sc == nil {
		return nil, fail(90461, "invalid schedule_id")
	}
	if sc.Status == 1 {
		return nil, fail(90460, "schedule is deleted")
	}
	return sc, nil
}

// checkSeries refuses to touch one occurrence of what is not a series.
func (sc *schedule) checkSeries(mode int, start int64) error {
	switch {
	case mode < 0 || mode > 2:
		return fail(90485, "invalid op_mode")
	case mode == 0:
		return nil
	case start == 0:
		return fail(90482, "op_start_time missing")
	}
	var r struct {
		IsRepeat int `json:"is_repeat"`
	}
	if json.Unmarshal(sc.Fields["reminders"], &r) != nil || r.IsRepeat != 1 {
		return fail(90484, "not a repeated schedule")
	}
	return nil
}

func (s *Server) updateSchedule(c *call) (reply, error) {
	var in struct {
		Skip     int            `json:"skip_attendees"`
		Mode     int            `json:"op_mode"`
		Start    int64          `json:"op_start_time"`
		Schedule scheduleFields `json:"schedule"`
	}
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	sc, err := s.live(in.Schedule.ID)
	if err != nil {
		return nil, err
	}
	if err := sc.checkSeries(in.Mode, in.Start); err != nil {
		return nil, err
	}
	if in.Skip == 1 {
		in.Schedule.Attendees = sc.Attendees
	}
	if err := s.checkSchedule(&in.Schedule); err != nil {
		return nil, err
	}
	if in.Mode != 0 { // the series is split: the changed part becomes a schedule of its own
		part := &schedule{ID: randomText(39), CalID: sc.CalID, Attendees: sc.Attendees}
		part.overwrite(c.body, in.Schedule.Attendees)
		s.st.Schedules[part.ID] = part
		sc.exclude(in.Start)
		s.scheduleChanged(part)
		return reply{"schedule_id": part.ID}, nil
	}
	sc.overwrite(c.body, in.Schedule.Attendees)
	s.scheduleChanged(sc)
	return reply{"schedule_id": sc.ID}, nil
}

// exclude takes one occurrence out of a series.
func (sc *schedule) exclude(start int64) {
	var r map[string]json.RawMessage
	if json.Unmarshal(sc.Fields["reminders"], &r) != nil {
		return
	}
	var times []reply
	if r["exclude_time_list"] != nil && json.Unmarshal(r["exclude_time_list"], &times) != nil {
		return
	}
	r["exclude_time_list"] = mustJSON(append(times, reply{"start_time": start}))
	sc.Fields["reminders"] = mustJSON(r)
	sc.Sequence++
}

func (sc *schedule) view() reply {
	v := reply{}
	for k, f := range sc.Fields {
		v[k] = f
	}
	attendees := sc.Attendees
	if attendees == nil {
		attendees = []attendee{}
	}
	v["schedule_id"], v["cal_id"], v["attendees"], v["status"], v["sequence"] = sc.ID, sc.CalID, attendees, sc.Status, sc.Sequence
	return v
}

func (s *Server) getSchedules(c *call) (reply, error) {
	var in struct {
		IDs []string `json:"schedule_id_list"`
	}
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	if len(in.IDs) == 0 || len(in.IDs) > 1000 {
		return nil, badField("schedule_id_list")
	}
	list := []reply{}
	for _, id := range in.IDs {
		sc := s.st.Schedules[id]
		if sc == nil {
			return nil, fail(90461, "invalid schedule_id")
		}
		list = append(list, sc.view())
	}
	return reply{"schedule_list": list}, nil
}

func (s *Server) schedulesByCalendar(c *call) (reply, error) {
	var in struct {
		CalID  string `json:"cal_id"`
		Offset int    `json:"offset"`
		Limit  int    `json:"limit"`
	}
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	if s.st.Calendars[in.CalID] == nil {
		return nil, fail(90457, "invalid cal_id")
	}
	if in.Limit == 0 {
		in.Limit = 500
	}
	if in.Limit < 1 || in.Limit > 1000 || in.Offset < 0 {
		return nil, badField("limit")
	}
	list := []reply{}
	for _, id := range sortedKeys(s.st.Schedules) {
		if sc := s.st.Schedules[id]; sc.CalID == in.CalID {
			list = append(list, sc.view())
		}
	}
	from := min(in.Offset, len(list))
	return reply{"schedule_list": list[from:min(from+in.Limit, len(list))]}, nil
}

func (s *Server) deleteSchedule(c *call) (reply, error) {
	var in struct {
		ID    string `json:"schedule_id"`
		Mode  int    `json:"op_mode"`
		Start int64  `json:"op_start_time"`
	}
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	sc, err := s.live(in.ID)
	if err != nil {
		return nil, err
	}
	if err := sc.checkSeries(in.Mode, in.Start); err != nil {
		return nil, err
	}
	if in.Mode == 1 {
		sc.exclude(in.Start)
	} else {
		sc.Status = 1
	}
	s.scheduleChanged(sc)
	return nil, nil
}

type attendeesRequest struct {
	ID        string     `json:"schedule_id"`
	Attendees []attendee `json:"attendees"`
}

func (s *Server) addAttendees(c *call) (reply, error) {
	var in attendeesRequest
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	sc, err := s.live(in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.checkAttendees(in.Attendees); err != nil {
		return nil, err
	}
	if len(sc.Attendees)+len(in.Attendees) > 1000 {
		return nil, fail(90464, "too many attendees")
	}
	for _, a := range in.Attendees {
		if indexAttendee(sc.Attendees, a.UserID) < 0 {
			sc.Attendees = append(sc.Attendees, attendee{UserID: a.UserID})
		}
	}
	s.scheduleChanged(sc)
	return nil, nil
}

func (s *Server) deleteAttendees(c *call) (reply, error) {
	var in attendeesRequest
	if err := s.calendarCall(c, &in); err != nil {
		return nil, err
	}
	sc, err := s.live(in.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range in.Attendees {
		if i := indexAttendee(sc.Attendees, a.UserID); i >= 0 {
			sc.Attendees = slices.Delete(sc.Attendees, i, i+1)
		}
	}
	s.scheduleChanged(sc)
	return nil, nil
}

// Respond answers an invitation as the member: 1 tentative, 2 accept, 4 decline.
func (s *Server) Respond(userid, scheduleID string, status int) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.member(userid)
	if err != nil {
		return nil, err
	}
	sc := s.st.Schedules[scheduleID]
	if sc == nil || sc.Status == 1 || indexAttendee(sc.Attendees, userid) < 0 {
		return nil, errs.New(errs.NotFound, "这个人的日程里没有这一项，或者已经取消。")
	}
	if !slices.Contains([]int{1, 2, 4}, status) {
		return nil, errs.Field("status", "1 待定，2 接受，4 拒绝。")
	}
	sc.Attendees[indexAttendee(sc.Attendees, userid)].Status = status
	s.scheduleChanged(sc)
	return s.event(u.UserID, "respond_schedule", cdata("CalId", sc.CalID), cdata("ScheduleId", sc.ID)), nil
}

// schedulesOf are the live entries in a member's calendar, by start.
func (s *Server) schedulesOf(userid string) []reply {
	list := []*schedule{}
	for _, id := range sortedKeys(s.st.Schedules) {
		if sc := s.st.Schedules[id]; indexAttendee(sc.Attendees, userid) >= 0 {
			list = append(list, sc)
		}
	}
	slices.SortStableFunc(list, func(a, b *schedule) int { return int(a.start() - b.start()) })
	views := []reply{}
	for _, sc := range list {
		views = append(views, sc.view())
	}
	return views
}

func (sc *schedule) start() int64 {
	n, err := strconv.ParseInt(string(sc.Fields["start_time"]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
