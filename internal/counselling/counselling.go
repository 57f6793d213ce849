package counselling

import (
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
)

// State of a booking.
type State string

// The states (D-08).
const (
	Pending   State = "pending"
	Confirmed State = "confirmed"
	Arrived   State = "arrived"
	Missed    State = "missed"
	Cancelled State = "cancelled"
	Rejected  State = "rejected"
	Expired   State = "expired"
)

// States lists every state in the order of a booking's life.
func States() []State {
	return []State{Pending, Confirmed, Arrived, Missed, Cancelled, Rejected, Expired}
}

// Next returns the states a booking may go to from s.
func (s State) Next() []State {
	switch s {
	case Pending:
		return []State{Confirmed, Rejected, Cancelled, Expired}
	case Confirmed:
		return []State{Arrived, Missed, Cancelled}
	case Missed: // came late after all
		return []State{Arrived}
	case Arrived: // a slip, taken back at once
		return []State{Confirmed}
	default:
		return nil
	}
}

// steps lists every step of Next as the audit reads it: pending>confirmed.
func steps() []string {
	var list []string
	for _, s := range States() {
		for _, n := range s.Next() {
			list = append(list, string(s)+">"+string(n))
		}
	}
	return list
}

// Open tells whether the booking still waits for something.
func (s State) Open() bool { return s == Pending || s == Confirmed }

// Label is the word people read.
func (s State) Label() string {
	switch s {
	case Pending:
		return "待确认"
	case Confirmed:
		return "已确认"
	case Arrived:
		return "已到访"
	case Missed:
		return "未到"
	case Cancelled:
		return "已取消"
	case Rejected:
		return "已婉拒"
	case Expired:
		return "已过期"
	}
	return string(s)
}

// Via says through which face a booking was made.
type Via string

// The faces.
const (
	ViaChat Via = "chat"
	ViaPage Via = "page"
	ViaAPI  Via = "api"
	ViaDesk Via = "desk"
)

// Counsellor is somebody one can book an hour with (D-41).
type Counsellor struct {
	PublicID string
	Name     string
	Intro    string
	Topics   string
	Campus   string
	Place    string
	Active   bool
	NextFree *Slot // nil if nothing is free within the horizon

	Number     string // the counsellor's staff number, for the desk
	CampusCode string
	Position   int // in the list, the smallest first

	id     int64
	centre int64
	person identity.ID
}

// Slot is an hour of a counsellor with its places.
type Slot struct {
	PublicID   string
	Counsellor string // public id
	Name       string // the counsellor's
	StartsAt   time.Time
	EndsAt     time.Time
	Place      string
	Campus     string
	Open       bool
	Capacity   int
	Taken      int
	TooSoon    bool // starts before a booking could still be confirmed

	id         int64
	counsellor int64
	centre     int64
	person     identity.ID
}

// Free is how many places are left.
func (s Slot) Free() int { return max(0, s.Capacity-s.Taken) }

// Bookable tells whether the slot can be chosen.
func (s Slot) Bookable() bool { return s.Open && s.Free() > 0 && !s.TooSoon }

// Booking is a place taken in an hour.
type Booking struct {
	PublicID  string
	State     State
	Slot      Slot
	Via       Via
	HeldUntil time.Time
	CreatedAt time.Time
	DecidedAt time.Time
	DecidedBy string
	Reason    string
	Wish      string // only for the centre and the student
	Student   Student
	History   []Event
	Moves     int // how often it was moved

	id   int64
	term string
}

// Over tells whether the hour has passed and the centre has not written down yet whether
// the student came.
func (b Booking) Over(now time.Time) bool { return b.State == Confirmed && !b.Slot.EndsAt.After(now) }

// Student is who comes, as the centre sees it.
type Student struct {
	ID      identity.ID
	Name    string
	Number  string
	College string
}

// Event is one step of a booking's history.
type Event struct {
	At     time.Time
	State  State
	By     string // "" is the system
	Reason string
	From   *Hour // the hour it left, if this was a move
	To     *Hour // the hour it went to
}

// Settings of the centre, edited on the desk.
type Settings struct {
	Name          string   `json:"name"`           // neutral name used in chat and pushes
	HoldHours     int      `json:"hold_hours"`     // a pending booking is held so long
	HoldBefore    int      `json:"hold_before"`    // and at most until so many minutes before its start
	LeadMinutes   int      `json:"lead_minutes"`   // a booking is made at least so long before its start
	HorizonDays   int      `json:"horizon_days"`   // and at most so far ahead
	CancelMinutes int      `json:"cancel_minutes"` // a student moves or cancels a confirmed hour up to so long before
	MoveConfirms  bool     `json:"move_confirms"`  // a move to another hour of the same counsellor is confirmed again
	LateMinutes   int      `json:"late_minutes"`   // after the start, until a student may be marked as missed
	CorrectDays   int      `json:"correct_days"`   // after the day of an hour, until a missed one is put right at the desk
	TermStarts    []string `json:"term_starts"`    // of every year: 02-20
	TermLimit     int      `json:"term_limit"`     // hours of a student in a term
	StrikeLimit   int      `json:"strike_limit"`   // so many strikes in a term pause booking; 0 never
	PauseDays     int      `json:"pause_days"`     // for so long
	LateCancel    bool     `json:"late_cancel"`    // a student may cancel after the cut-off, as a strike
	EveAt         string   `json:"eve_at"`         // reminder on the day before
	BeforeMinutes int      `json:"before_minutes"` // reminder before the start
	Calendar      bool     `json:"calendar"`       // confirmed hours stand in the WeCom calendars of both sides
	DigestAt      string   `json:"digest_at"`      // the counsellors' morning in one message
	QuietFrom     string   `json:"quiet_from"`     // nobody is disturbed from
	QuietTo       string   `json:"quiet_to"`       // to
	Contact       string   `json:"contact"`        // how to reach the centre, shown on its pages
	Reasons       []string `json:"reasons"`        // of a rejection, offered on card and desk
	KeepReasons   []string `json:"keep_reasons"`   // of a strike that stays, offered on card and desk
	OfferMinutes  int      `json:"offer_minutes"`  // a place offered to who waits is held so long, quiet hours not counted
	WaitDays      int      `json:"wait_days"`      // after so many days a wait is asked about
}

// settingKey is where the settings are stored.
const settingKey = "counselling"

// Defaults returns the settings of a school that changed nothing.
func Defaults() Settings {
	return Settings{
		Name: "成长中心", HoldHours: 24, HoldBefore: 120, LeadMinutes: 150, HorizonDays: 28, CancelMinutes: 120,
		MoveConfirms: true, LateMinutes: 15, CorrectDays: 1, TermStarts: []string{"02-20", "08-20"}, TermLimit: 8, StrikeLimit: 3, PauseDays: 30,
		EveAt: "19:52", BeforeMinutes: 60, Calendar: true, DigestAt: "07:52", QuietFrom: "22:30", QuietTo: "07:00",
		Contact:      "工作日 9:00–17:00，电话 021-5550-0101（示例）",
		Reasons:      []string{"这个时间老师临时有安排", "更适合另一位老师，请重新选择", "信息不全，请先来电说明"},
		KeepReasons:  []string{"说明里的情况可以提前取消", "请先来电说明情况"},
		OfferMinutes: 30, WaitDays: 14,
	}
}

// Check returns what is wrong with edited settings, by field.
func (s Settings) Check() error {
	fields := map[string]string{}
	within := func(name string, v, from, to int, sentence string) {
		if v < from || v > to {
			fields[name] = sentence
		}
	}
	within("hold_hours", s.HoldHours, 1, 168, "保留时长填 1 到 168 小时。")
	within("hold_before", s.HoldBefore, 0, 1440, "最晚确认时间填开始前 0 到 1440 分钟。")
	within("lead_minutes", s.LeadMinutes, s.HoldBefore+10, 10080, "最短提前预约时间要比最晚确认时间至少多 10 分钟。")
	within("horizon_days", s.HorizonDays, 1, 120, "开放预约天数填 1 到 120。")
	within("cancel_minutes", s.CancelMinutes, 0, 10080, "学生可取消时间填开始前 0 到 10080 分钟。")
	within("late_minutes", s.LateMinutes, 0, 120, "迟到多久记未到填 0 到 120 分钟。")
	within("correct_days", s.CorrectDays, 0, 14, "几天内可改到访填 0 到 14 天。")
	within("term_limit", s.TermLimit, 1, 50, "每学期次数填 1 到 50。")
	within("strike_limit", s.StrikeLimit, 0, 20, "几次后暂停填 0 到 20，0 是不暂停。")
	within("pause_days", s.PauseDays, 1, 180, "暂停天数填 1 到 180。")
	if n := len(s.TermStarts); n < 1 || n > 4 || slices.ContainsFunc(s.TermStarts, wrongTermStart) {
		fields["term_starts"] = "学期开始日期写 1 到 4 个，每行一个，像 02-20。"
	}
	within("before_minutes", s.BeforeMinutes, 10, 1440, "提前提醒填 10 到 1440 分钟。")
	within("offer_minutes", s.OfferMinutes, 5, 1440, "空位保留时长填 5 到 1440 分钟。")
	within("wait_days", s.WaitDays, 1, 120, "排队多久后询问填 1 到 120 天。")
	for name, v := range map[string]string{"eve_at": s.EveAt, "digest_at": s.DigestAt, "quiet_from": s.QuietFrom, "quiet_to": s.QuietTo} {
		if _, err := time.Parse("15:04", v); err != nil {
			fields[name] = "时间写成 19:52 这样。"
		}
	}
	if strings.TrimSpace(s.Name) == "" || !Neutral(s.Name) {
		fields["name"] = "请填一个中性的名称，不出现“心理”“咨询”。"
	}
	for name, reasons := range map[string][]string{"reasons": s.Reasons, "keep_reasons": s.KeepReasons} {
		if sentence := wrongReasons(reasons); sentence != "" {
			fields[name] = sentence
		}
	}
	if len(fields) > 0 {
		return &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
	}
	return nil
}

// wrongReasons says what is wrong with reasons that are offered to choose from.
func wrongReasons(reasons []string) string {
	for _, r := range reasons {
		if strings.TrimSpace(r) == "" || !Neutral(r) || len([]rune(r)) > 40 {
			return "每条理由 1 到 40 个字，不出现“心理”“咨询”，因为会推送给学生。"
		}
	}
	if len(reasons) == 0 || len(reasons) > 9 {
		return "理由写 1 到 9 条。"
	}
	return ""
}

// Neutral tells whether a text may leave through WeCom.
func Neutral(s string) bool { return !strings.Contains(s, "心理") && !strings.Contains(s, "咨询") }

func (s Settings) quiet(zone *time.Location) outbox.Quiet {
	return outbox.Quiet{From: s.QuietFrom, To: s.QuietTo, Zone: zone}
}

// heldUntil is when a booking made at now for start is freed if nobody decides.
func (s Settings) heldUntil(now, start time.Time) time.Time {
	until := now.Add(time.Duration(s.HoldHours) * time.Hour)
	if latest := start.Add(-time.Duration(s.HoldBefore) * time.Minute); latest.Before(until) {
		return latest
	}
	return until
}

// firstBookable is the earliest start one may still book at now.
func (s Settings) firstBookable(now time.Time) time.Time {
	return now.Add(time.Duration(s.LeadMinutes) * time.Minute)
}

// horizon is the latest start one may book at now.
func (s Settings) horizon(now time.Time) time.Time { return now.AddDate(0, 0, s.HorizonDays) }

// What a person reads when a verb is refused.
var (
	ErrConfidential  = errs.New(errs.Forbidden, "这里的内容只有本人和中心的老师能看。")
	ErrStudentsOnly  = errs.New(errs.Forbidden, "这项预约面向在册学生。您如果想为学生了解情况，请直接联系中心。")
	ErrNotAgreed     = errs.New(errs.Conflict, "先把预约须知读到最后并确认，再选时间。")
	errNoNotice      = errs.New(errs.Unavailable, "中心还没有发布预约须知，暂时不能预约。")
	ErrNotAsked      = errs.New(errs.Conflict, "先回答几个简短的问题，再选时间。每学期只问一次。")
	ErrHaveOpen      = errs.New(errs.Conflict, "你已经有一个进行中的预约。先在“我的预约”里处理它，再约新的时间。")
	ErrTooSoon       = errs.New(errs.Conflict, "这个时间太近，来不及确认了。请选晚一点的时间；着急请直接联系中心。")
	ErrTooFar        = errs.New(errs.Conflict, "这个时间还没有开放预约，请选近一些的日期。")
	ErrTooLate       = errs.New(errs.Conflict, "离开始太近，已不能在线取消。来不了请直接电话告诉中心。")
	ErrCounts        = errs.New(errs.Conflict, "现在取消会记一次临近取消，要取消请再确认一次。")
	ErrTooLateToMove = errs.New(errs.Conflict, "离开始太近，已不能在线改时间。来不了请直接电话告诉中心。")
	ErrTermFull      = errs.New(errs.Conflict, "这学期的次数已经约满。着急请直接联系中心。")
	ErrPaused        = errs.New(errs.Conflict, "预约现在暂停。着急请直接联系中心。")
	ErrNotYet        = errs.New(errs.Conflict, "还没到预约的时间，到时再登记。")
	ErrStaleNotice   = errs.New(errs.Conflict, "须知刚刚更新了，请把新版读到最后再确认。")
)

// role of the centre: who may see its bookings and decide.
func atCentre(who identity.Person, centre int64) bool {
	return who.HasIn(centre, identity.CentreHead, identity.CentreCounsellor, identity.CentreDesk)
}

// runsCentre tells who may change counsellors, hours, notice and settings.
func runsCentre(who identity.Person, centre int64) bool {
	return who.HasIn(centre, identity.CentreHead, identity.CentreDesk)
}

// Centres returns the centres whose desk the person works at.
func Centres(who identity.Person) []int64 {
	return slices.DeleteFunc(who.Units(identity.CentreHead, identity.CentreCounsellor, identity.CentreDesk),
		func(u int64) bool { return u == 0 })
}
