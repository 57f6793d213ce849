package simulator

// Switches are the facts about which the sources disagree or are silent, and what an
// administrator or bad luck sets on the platform.
type Switches struct {
	RetryOnStatus  bool     `json:"retry_on_status"`  // [!] a non-200 answer to a callback is repeated, not only a timeout
	Repeats        int      `json:"repeats"`          // [!] repeats after the first attempt of a callback
	ApplyCardReply bool     `json:"apply_card_reply"` // [!] a passive reply to template_card_event changes the card
	SameToken      bool     `json:"same_token"`       // [!] gettoken answers the same token until it ends
	ExpiredAs      int      `json:"expired_as"`       // [!] 42001 or 40014 for an ended token
	OmitEmpty      bool     `json:"omit_empty"`       // [!] empty invalid lists are left out of the answer
	UniqueTasks    bool     `json:"unique_tasks"`     // [i] a used task_id answers 42014
	ImageMax       int      `json:"image_max"`        // [!] MB of an uploaded image: 10, 5 or 2
	PrivateFields  bool     `json:"private_fields"`   // user/get shows mobile, e-mail …, as to apps created before 2022-06-20
	Workbench      bool     `json:"workbench"`        // custom workbench switched on, otherwise 94000
	CalendarAPI    bool     `json:"calendar_api"`     // the app may call calendars, otherwise 48002
	RateLimits     bool     `json:"rate_limits"`      // 45009 and the silent drop
	DailyQuota     int      `json:"daily_quota"`      // deliveries a day; 0 = 200 for each member
	TrustedIPs     []string `json:"trusted_ips"`      // empty = any
	AppDisabled    bool     `json:"app_disabled"`     // 50003, and 40001 on gettoken
	UserMessages   bool     `json:"user_messages"`    // what members write is sent to the app
	MenuEvents     bool     `json:"menu_events"`      // click, view and the like are sent to the app
	RangeEvents    bool     `json:"range_events"`     // subscribe and unsubscribe are sent to the app
}

// DefaultSwitches is the platform as it is most likely today.
func DefaultSwitches() Switches {
	return Switches{
		RetryOnStatus: true, Repeats: 3, ApplyCardReply: true, SameToken: true, ExpiredAs: 42001,
		UniqueTasks: true, ImageMax: 10, Workbench: true, CalendarAPI: true, RateLimits: true,
		UserMessages: true, MenuEvents: true, RangeEvents: true,
	}
}

// Switches returns how the switches stand.
func (s *Server) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// SetSwitches puts the switches; unknown values of ExpiredAs become 42001.
func (s *Server) SetSwitches(sw Switches) {
	if sw.ExpiredAs != 40014 {
		sw.ExpiredAs = 42001
	}
	if sw.ImageMax <= 0 {
		sw.ImageMax = 10
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switches = sw
	s.touch()
	s.publish("switches", sw)
}
