package simulator

import "time"

// Switches are the facts about which the sources disagree or are silent, and what an
// administrator or bad luck sets on the platform.
type Switches struct {
	RetryOnStatus  bool     `json:"retry_on_status"`  // [!] a non-200 answer to a callback is repeated, not only a timeout
	Repeats        int      `json:"repeats"`          // [!] repeats after the first attempt of a callback
	RepeatAfter    Duration `json:"repeat_after"`     // [i] real time before a repeat; 0 = at once
	FreshRepeat    bool     `json:"fresh_repeat"`     // [i] a repeat is sealed afresh, not sent byte for byte
	ApplyCardReply bool     `json:"apply_card_reply"` // [!] a passive reply to template_card_event changes the card
	ReplyMenuMax   int      `json:"reply_menu_max"`   // [!] entries of an action_menu in a passive reply: 10 or 3
	SameToken      bool     `json:"same_token"`       // [!] gettoken answers the same token until it ends
	ExpiredAs      int      `json:"expired_as"`       // [!] 42001 or 40014 for an ended token
	CodeErrors     bool     `json:"code_errors"`      // [i] an OAuth code answers 42022 when used and 42003 when ended, not 40029
	TokenIP        bool     `json:"token_ip"`         // [i] gettoken, too, is refused with 60020 from a strange IP
	WebhookIP      bool     `json:"webhook_ip"`       // [i] so is a webhook
	RefuseEscapes  bool     `json:"refuse_escapes"`   // [i] a body with \u sequences answers 40033
	OmitEmpty      bool     `json:"omit_empty"`       // [!] empty invalid lists are left out of the answer
	OutOfRangeAs   int      `json:"out_of_range_as"`  // [!] 60111 or 60011 for a member out of range
	SameMsgID      bool     `json:"same_msgid"`       // [i] what the duplicate check holds back answers the first msgid, not none
	UniqueTasks    bool     `json:"unique_tasks"`     // [i] a used task_id answers 42014
	StrictLengths  bool     `json:"strict_lengths"`   // [i] over-long texts of a card answer 40058 instead of being shortened
	CodesOnce      bool     `json:"codes_once"`       // [i] a used response code answers 60140
	ListStrangers  bool     `json:"list_strangers"`   // [i] an update whose targets never got the card is errcode 0 with a list, not 82102
	PressAgain     bool     `json:"press_again"`      // [i] a card can be pressed again before it is updated
	PressReplaced  bool     `json:"press_replaced"`   // [i] the buttons of a replaced card work
	ImageMax       int      `json:"image_max"`        // [!] MB of an uploaded image: 10, 5 or 2
	AnyPart        bool     `json:"any_part"`         // [i] uploadimg takes a part of any name
	ListMax        int      `json:"list_max"`         // [i] members user/list can answer before 45029; 0 = any number
	EmptyCursor    bool     `json:"empty_cursor"`     // [i] the last page of getapprovalinfo has an empty new_next_cursor, not none
	OldApprovalXML bool     `json:"old_approval_xml"` // [!] open_approval_change spells ItemUserid, ApproverStep and OpenSpstatus
	JobDelay       Duration `json:"job_delay"`        // [i] real time that an import or a fetch takes
	PrivateFields  bool     `json:"private_fields"`   // user/get shows mobile, e-mail …, as to apps created before 2022-06-20
	Workbench      bool     `json:"workbench"`        // custom workbench switched on, otherwise 94000
	CalendarAPI    bool     `json:"calendar_api"`     // the app may call calendars, otherwise 48002
	SchoolAPI      bool     `json:"school_api"`       // the app may read the home-school book, otherwise 65022
	ApprovalAPI    bool     `json:"approval_api"`     // the app may call the approval app, otherwise 301055
	RateLimits     bool     `json:"rate_limits"`      // 45009 and the silent drop
	DailyQuota     int      `json:"daily_quota"`      // deliveries a day; 0 = 200 for each member
	TrustedIPs     []string `json:"trusted_ips"`      // empty = any
	AppDisabled    bool     `json:"app_disabled"`     // 50003, and 40001 on gettoken
	UserMessages   bool     `json:"user_messages"`    // what members write is sent to the app
	MenuEvents     bool     `json:"menu_events"`      // click, view and the like are sent to the app
	RangeEvents    bool     `json:"range_events"`     // subscribe and unsubscribe are sent to the app
	ApprovalEvents bool     `json:"approval_events"`  // so are changes of approvals
	SchoolEvents   bool     `json:"school_events"`    // and changes of the home-school book
	JobEvents      bool     `json:"job_events"`       // and ends of imports that name no callback of their own
}

// DefaultSwitches is the platform as it is most likely today.
func DefaultSwitches() Switches {
	return Switches{
		RetryOnStatus: true, Repeats: 3, FreshRepeat: true, ApplyCardReply: true, ReplyMenuMax: 10,
		SameToken: true, ExpiredAs: 42001, OutOfRangeAs: 60111, SameMsgID: true, UniqueTasks: true,
		CodesOnce: true, PressAgain: true, PressReplaced: true, ImageMax: 10, AnyPart: true, ListMax: 10_000,
		JobDelay: Duration(time.Second), Workbench: true, CalendarAPI: true, SchoolAPI: true, ApprovalAPI: true, RateLimits: true,
		UserMessages: true, MenuEvents: true, RangeEvents: true, ApprovalEvents: true, SchoolEvents: true, JobEvents: true,
	}
}

// Switches returns how the switches stand.
func (s *Server) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// SetSwitches puts the switches; values the platform does not know become the usual ones.
func (s *Server) SetSwitches(sw Switches) {
	if sw.ExpiredAs != 40014 {
		sw.ExpiredAs = 42001
	}
	if sw.OutOfRangeAs != 60011 {
		sw.OutOfRangeAs = 60111
	}
	if sw.ReplyMenuMax != 3 {
		sw.ReplyMenuMax = 10
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
