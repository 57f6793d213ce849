package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Scope says for which unit the role of a stage must be held.
type Scope string

// The scopes.
const (
	OfStudent    Scope = "student"    // the applicant's class or college
	OfDepartment Scope = "department" // the one that owns the subject
	OfSchool     Scope = "school"     // the role for the whole school
)

// Mode says how many must agree.
type Mode string

// The modes.
const (
	AnyOne Mode = "any" // the default: whoever decides first
	All    Mode = "all" // everybody who held the role when the stage opened
)

// Stage is one step of a review, as a service file writes it.
type Stage struct {
	Code          string            `yaml:"code" json:"code"`   // unique in the review
	Title         string            `yaml:"title" json:"title"` // 初审, 复核
	Role          identity.RoleName `yaml:"role" json:"role"`
	Scope         Scope             `yaml:"scope" json:"scope"`
	Mode          Mode              `yaml:"mode" json:"mode,omitempty"`
	LimitHours    int               `yaml:"limit_hours" json:"limit_hours,omitempty"`   // 0: no limit
	RemindHours   int               `yaml:"remind_hours" json:"remind_hours,omitempty"` // before the limit; 0: no reminder
	EscalateTo    identity.RoleName `yaml:"escalate_to" json:"escalate_to,omitempty"`   // decides too, once the limit is past
	EscalateScope Scope             `yaml:"escalate_scope" json:"escalate_scope,omitempty"`
	MayReturn     bool              `yaml:"may_return" json:"may_return,omitempty"`
	MayReject     bool              `yaml:"may_reject" json:"may_reject,omitempty"`
	Reasons       []string          `yaml:"reasons" json:"reasons,omitempty"` // offered for a return or a rejection
	// Marks is what a return with one of Reasons opens when nothing else is marked: on a card
	// a reason can be chosen and nothing marked (T9).
	Marks   map[string][]string `yaml:"marks" json:"marks,omitempty"`
	Opinion bool                `yaml:"opinion" json:"opinion,omitempty"` // an opinion is asked for
	Another bool                `yaml:"another" json:"another,omitempty"` // than who approved an earlier stage
	Papers  bool                `yaml:"papers" json:"papers,omitempty"`   // approves when the owner's papers are there, as the last stage does
}

// CheckStages says in Chinese what is wrong with the stages of a file, nil if nothing.
func CheckStages(stages []Stage) []string {
	var wrong []string
	say := func(i int, format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("第 %d 个审核环节：", i+1)+fmt.Sprintf(format, args...))
	}
	seen := map[string]bool{}
	for i, s := range stages {
		if s.Code == "" || s.Title == "" {
			say(i, "code 和 title 都要填")
		}
		if seen[s.Code] {
			say(i, "code %q 重复了", s.Code)
		}
		seen[s.Code] = true
		if !slices.Contains(identity.RoleNames(), s.Role) {
			say(i, "没有 %q 这个角色", s.Role)
		}
		if !s.Scope.known() {
			say(i, "scope 写 student、department 或 school")
		}
		if s.Mode != "" && s.Mode != AnyOne && s.Mode != All {
			say(i, "mode 写 any 或 all")
		}
		if s.LimitHours < 0 || s.RemindHours < 0 || s.LimitHours == 0 && s.RemindHours > 0 || s.LimitHours > 0 && s.RemindHours >= s.LimitHours {
			say(i, "remind_hours 要小于 limit_hours，都不能是负数")
		}
		if s.LimitHours > 0 && s.EscalateTo == "" {
			say(i, "有时限就要写 escalate_to，过时才有人接手")
		}
		if s.EscalateTo != "" && !slices.Contains(identity.RoleNames(), s.EscalateTo) {
			say(i, "没有 %q 这个角色", s.EscalateTo)
		}
		if s.EscalateScope != "" && !s.EscalateScope.known() {
			say(i, "escalate_scope 写 student、department 或 school")
		}
		if (s.MayReturn || s.MayReject) && len(s.Reasons) == 0 {
			say(i, "可以退回或不通过，就要写 reasons")
		}
		for _, reason := range slices.Sorted(maps.Keys(s.Marks)) {
			if !s.MayReturn || !slices.Contains(s.Reasons, reason) {
				say(i, "marks 里的 %q 不是这一步退回的理由", reason)
			}
		}
	}
	return wrong
}

func (s Scope) known() bool { return s == OfStudent || s == OfDepartment || s == OfSchool }

// State of a review.
type State string

// The states.
const (
	Open      State = "open"
	Returned  State = "returned"
	Approved  State = "approved"
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn"
)

// Label is the word people read.
func (s State) Label() string {
	switch s {
	case Open:
		return "待审核"
	case Returned:
		return "退回补充"
	case Approved:
		return "已通过"
	case Rejected:
		return "不通过"
	case Withdrawn:
		return "已撤回"
	}
	return string(s)
}

// Action is what somebody does to a task.
type Action string

// The actions of a decision, and what else a history holds.
const (
	Approve Action = "approve"
	Return  Action = "return"
	Reject  Action = "reject"

	opened      Action = "open"
	withdrew    Action = "withdraw"
	resubmitted Action = "resubmit"
	reminded    Action = "remind"
	escalated   Action = "escalate"
)

// Label is the word people read.
func (a Action) Label() string {
	switch a {
	case Approve:
		return "通过"
	case Return:
		return "退回补充"
	case Reject:
		return "不通过"
	case opened:
		return "进入审核"
	case withdrew:
		return "撤回"
	case resubmitted:
		return "重新提交"
	case reminded:
		return "提醒"
	case escalated:
		return "超过时限，请上级一起处理"
	}
	return string(a)
}

func (a Action) state() State {
	switch a {
	case Approve:
		return Approved
	case Return:
		return Returned
	case Reject:
		return Rejected
	}
	return ""
}

// Subject is what is reviewed: a kind with an Outcome, and its public id.
type Subject struct {
	Kind string
	ID   string
}

// Case is what the owner of a subject opens a review with.
type Case struct {
	Subject    Subject
	Applicant  identity.Person // never decides the own case
	Department int64           // unit that owns the subject; 0 for none
	Scope      string          // of messages and jobs: who may see more than their count
	Stages     []Stage
	Cards      Cards
	Facts      any // what the owner's renderers need; sealed while the review lasts
}

// Cards names the owner's kinds of messages; their renderers read Card.
type Cards struct {
	Review   string `json:"review"`   // card to whoever can decide
	Reminder string `json:"reminder"` // message to them, before the limit and after it
	Settled  string `json:"settled"`  // the card becomes its result
}

// Card is the argument of the owner's renderers: the task with the owner's facts inside.
type Card struct {
	Task      string          `json:"task"` // what Decide takes
	Subject   string          `json:"subject"`
	Stage     string          `json:"stage"`
	MayReturn bool            `json:"may_return,omitempty"`
	MayReject bool            `json:"may_reject,omitempty"`
	Opinion   bool            `json:"opinion,omitempty"`
	Reasons   []string        `json:"reasons,omitempty"`
	Due       time.Time       `json:"due,omitzero"`
	Late      bool            `json:"late,omitempty"`   // the limit is past
	Action    Action          `json:"action,omitempty"` // of a settled card; "withdraw" is the applicant's
	By        string          `json:"by,omitempty"`
	For       string          `json:"for,omitempty"` // the principal of a deputy
	At        time.Time       `json:"at,omitzero"`
	Reason    string          `json:"reason,omitempty"`
	Facts     json.RawMessage `json:"facts"`
}

// Decision is what somebody decides.
type Decision struct {
	Action  Action   `json:"action"`
	Reason  string   `json:"reason,omitempty"`  // of a return or a rejection; the applicant reads it
	Opinion string   `json:"opinion,omitempty"` // the applicant reads it
	Marked  []string `json:"marked,omitempty"`  // of a return: fields and materials to mend
	Amount  int64    `json:"amount,omitempty"`  // fen, of an approval: less than what was asked, with a reason; 0 leaves it
	Via     string   `json:"via"`               // chat, desk, api
}

// Result is what a decision led to, for the Outcome.
type Result struct {
	Subject Subject
	State   State // of the review now; Open: the next stage waits, or others of this one
	Action  Action
	Stage   Stage // that decided
	Next    Stage // that waits, if State is Open
	Due     time.Time
	By      identity.Person
	For     string // name of the principal of a deputy
	Reason  string
	Opinion string
	Marked  []string
	Amount  int64 // fen granted instead of what was asked; 0 is what was asked
}

// Outcome is what a kind of subject adds to a decision.
type Outcome struct {
	// Lock locks the subject's row FOR NO KEY UPDATE.
	Lock func(ctx context.Context, tx *store.Tx, id string) error
	// Allow may refuse what the person may otherwise decide in the stage, for example the
	// last approval while a material is missing. nil allows everything.
	Allow func(ctx context.Context, tx *store.Tx, id string, d Decision, s Stage, last bool) error
	// Decided does what follows, in the transaction of the decision, before the cards
	// change and the next stage begins.
	Decided func(ctx context.Context, tx *store.Tx, r Result) error
	// Facts are those of Case as they are after a decision, for the cards that follow;
	// nil keeps the ones there are.
	Facts func(ctx context.Context, tx *store.Tx, id string) (any, error)
}

// Engine decides. Its zero fields have no outcome, so it knows no kind.
type Engine struct {
	Outcomes map[string]Outcome // by kind of subject
	// After returns the time so many hours after from; nil counts every hour, a
	// school that counts working hours gives its own.
	After func(ctx context.Context, tx *store.Tx, from time.Time, hours int) (time.Time, error)
}

// Ready refuses the start while a review waits whose kind nobody registered.
func (e *Engine) Ready(ctx context.Context, tx *store.Tx) error {
	kinds, err := openKinds(ctx, tx)
	if err != nil {
		return fmt.Errorf("list kinds under review: %w", err)
	}
	for _, k := range kinds {
		if _, err := e.outcome(k); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) outcome(kind string) (Outcome, error) {
	o, ok := e.Outcomes[kind]
	if !ok {
		return o, fmt.Errorf("approval: no outcome for kind %q", kind)
	}
	return o, nil
}

func (e *Engine) after(ctx context.Context, tx *store.Tx, from time.Time, hours int) (time.Time, error) {
	if e.After == nil {
		return from.Add(time.Duration(hours) * time.Hour), nil
	}
	return e.After(ctx, tx, from, hours)
}

// Event is one step of a review's history.
type Event struct {
	At      time.Time
	Action  Action
	Stage   string // title
	By      string // "" is the system
	For     string // principal, when By acted as a deputy (代)
	Reason  string
	Opinion string
	Marked  []string
	Amount  int64 // fen granted instead of what was asked; 0 is what was asked
	Via     string
}

// Who is how the history names who acted: 何静 or 何静（代王若溪）.
func (e Event) Who() string {
	if e.For != "" {
		return e.By + "（代" + e.For + "）"
	}
	return e.By
}

// Review is a subject under review with its history.
type Review struct {
	PublicID string
	Subject  Subject
	State    State
	Stages   []Stage
	At       int       // index of the present stage
	Task     string    // public id of the open task, "" if none
	Due      time.Time // of the open task, zero without a limit
	Late     bool      // the limit of the open task is past
	Marked   []string  // what a return asked to mend
	Reason   string    // of the last return or rejection
	Opinion  string    // last one given
	OpenedAt time.Time
	EndedAt  time.Time
	History  []Event
}

// Stage returns the present one, the last after the end.
func (r Review) Stage() Stage { return r.Stages[r.At] }

// TaskSubject is the outbox subject of a task's card.
func TaskSubject(task string) string { return "approval/" + task }

// What a person reads when a verb is refused.
var (
	ErrNotYours = errs.New(errs.Forbidden, "这一项不在您的办理范围内，或者已经转给别的老师。")
	ErrOwn      = errs.New(errs.Forbidden, "自己的申请要请别的老师来审。")
	ErrAnother  = errs.New(errs.Forbidden, "前面的环节是您通过的，这一步要请另一位老师来定。")
	ErrVoted    = errs.New(errs.Conflict, "您已经同意过这一项，还在等其他老师。")
	ErrNotOpen  = errs.New(errs.Conflict, "这份申请现在不在审核中，请刷新再看。")
)

// key opens the tasks of a role in a unit (0: the whole school).
func key(role identity.RoleName, unit int64) string {
	return string(role) + ":" + strconv.FormatInt(unit, 10)
}

// keysOf returns what the person's roles open.
func keysOf(p identity.Person) []string {
	keys := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		keys[i] = key(r.Name, r.Unit)
	}
	return keys
}

func opens(p identity.Person, keys []string) bool {
	return p.Here() && slices.ContainsFunc(keysOf(p), func(k string) bool { return slices.Contains(keys, k) })
}
