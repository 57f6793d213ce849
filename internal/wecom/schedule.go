package wecom

import (
	"context"
	"strings"
	"time"
)

// Calendar is a calendar that belongs to the app.
type Calendar struct {
	Summary     string // 1 to 128 characters
	Color       string // "#RRGGBB"
	Description string
	Admins      []string // at most 3 userids
	Default     bool     // schedules without CalendarID go here
}

// AddCalendar makes a calendar and returns its id. An app may have 10 000.
func (c *Client) AddCalendar(ctx context.Context, cal Calendar) (calendarID string, err error) {
	in := map[string]any{"summary": cal.Summary, "color": cal.Color, "description": cal.Description, "set_as_default": flag(cal.Default)}
	if len(cal.Admins) > 0 {
		in["admins"] = cal.Admins
	}
	var out struct {
		CalID string `json:"cal_id"`
	}
	err = c.post(ctx, "oa/calendar/add", map[string]any{"calendar": in}, &out)
	return out.CalID, err
}

// Schedule is an entry in the attendees' WeCom calendars. They are invited by WeCom itself.
type Schedule struct {
	ID          string // set for UpdateSchedule
	CalendarID  string // "" is the app's default calendar; cannot be changed
	Start, End  time.Time
	WholeDay    bool
	Summary     string          // at most 128 characters
	Description string          // at most 1000 characters
	Location    string          // at most 128 characters
	Admins      []string        // at most 3 of Attendees
	Attendees   []string        // at most 1000 userids in the app's range
	RemindAhead []time.Duration // WeCom knows 0, 5 min, 15 min, 1 h and 1 day
}

type scheduleBody struct {
	ID          string     `json:"schedule_id,omitempty"`
	CalID       string     `json:"cal_id,omitempty"`
	Start       int64      `json:"start_time"`
	End         int64      `json:"end_time"`
	WholeDay    int        `json:"is_whole_day"`
	Summary     string     `json:"summary"`
	Description string     `json:"description"`
	Location    string     `json:"location"`
	Admins      []string   `json:"admins,omitempty"`
	Attendees   []attendee `json:"attendees"`
	Reminders   reminders  `json:"reminders"`
}

type attendee struct {
	UserID string `json:"userid"`
}

type reminders struct {
	IsRemind  int   `json:"is_remind"`
	TimeDiffs []int `json:"remind_time_diffs,omitempty"` // seconds, negative is before
}

func (s Schedule) body() scheduleBody {
	b := scheduleBody{
		ID: s.ID, CalID: s.CalendarID, Start: s.Start.Unix(), End: s.End.Unix(), WholeDay: flag(s.WholeDay),
		Summary: truncateRunes(s.Summary, 128), Description: truncateRunes(s.Description, 1000), Location: truncateRunes(s.Location, 128),
		Admins: s.Admins, Attendees: make([]attendee, len(s.Attendees)),
		Reminders: reminders{IsRemind: flag(len(s.RemindAhead) > 0)},
	}
	for i, id := range s.Attendees {
		b.Attendees[i] = attendee{id}
	}
	for _, ahead := range s.RemindAhead {
		b.Reminders.TimeDiffs = append(b.Reminders.TimeDiffs, -int(ahead.Seconds()))
	}
	return b
}

// AddSchedule makes an entry and returns its id. An app may make 20 000 a day. WeCom offers no
// key against doubles: after an unclear call look before repeating.
func (c *Client) AddSchedule(ctx context.Context, s Schedule) (scheduleID string, err error) {
	s.ID = ""
	return c.putSchedule(ctx, "oa/schedule/add", map[string]any{"schedule": s.body()})
}

// UpdateSchedule overwrites an entry of this app. Keep the returned id, WeCom may give a new one.
func (c *Client) UpdateSchedule(ctx context.Context, s Schedule) (scheduleID string, err error) {
	id, err := c.putSchedule(ctx, "oa/schedule/update", map[string]any{"skip_attendees": 0, "schedule": s.body()})
	if id == "" {
		id = s.ID
	}
	return id, err
}

func (c *Client) putSchedule(ctx context.Context, api string, in any) (string, error) {
	var out struct {
		ScheduleID string `json:"schedule_id"`
	}
	err := c.post(ctx, api, in, &out)
	return out.ScheduleID, err
}

// schedulePage is how many entries WeCom lists at once.
const schedulePage = 1000

// FindSchedule returns the id of the entry of a calendar whose description holds the mark,
// "" if none does. Cancelled entries do not count.
func (c *Client) FindSchedule(ctx context.Context, calendarID, mark string) (scheduleID string, err error) {
	for offset := 0; ; offset += schedulePage {
		var out struct {
			List []struct {
				ID          string `json:"schedule_id"`
				Description string `json:"description"`
				Status      int    `json:"status"`
			} `json:"schedule_list"`
		}
		in := map[string]any{"cal_id": calendarID, "offset": offset, "limit": schedulePage}
		if err := c.post(ctx, "oa/schedule/get_by_calendar", in, &out); err != nil {
			return "", err
		}
		for _, s := range out.List {
			if s.Status == 0 && strings.Contains(s.Description, mark) {
				return s.ID, nil
			}
		}
		if len(out.List) < schedulePage {
			return "", nil
		}
	}
}

// DeleteSchedule cancels an entry. One that is gone already is an error with ActionFinal.
func (c *Client) DeleteSchedule(ctx context.Context, scheduleID string) error {
	return c.post(ctx, "oa/schedule/del", map[string]string{"schedule_id": scheduleID}, nil)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
