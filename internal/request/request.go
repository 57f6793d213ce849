package request

import (
	"context"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/document"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Kind is the kind of subject an application is for package approval.
const Kind = "request"

// Engine has the verbs. It is a value that app builds and hands to the faces.
type Engine struct {
	Approval  *approval.Engine
	Hooks     map[string]Hook // by code of the service
	Press     *document.Press
	PublicURL string // before /verify/ on certificates
}

// Hook does what a service wants done when an application of it changed its state, in
// the same transaction.
type Hook func(ctx context.Context, tx *store.Tx, a Application) error

// State of an application.
type State string

// The states.
const (
	Draft     State = "draft"
	Submitted State = "submitted"
	Returned  State = "returned"
	Approved  State = "approved"
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn"
	Overdue   State = "overdue"
	Printed   State = "printed"
	Made      State = "made" // what is no paper
	Collected State = "collected"
	ToPay     State = "to_pay"
	Paid      State = "paid"
	PayFailed State = "pay_failed"
	Done      State = "done"
	Revoked   State = "revoked"
)

// States lists every state in the order of an application's life.
func States() []State {
	return []State{Draft, Submitted, Returned, Approved, Printed, Made, Collected, ToPay, PayFailed, Paid, Done, Rejected, Withdrawn, Overdue, Revoked}
}

// Next returns the states an application may go to from s.
func (s State) Next() []State {
	switch s {
	case Draft:
		return []State{Submitted}
	case Submitted:
		return []State{Returned, Approved, Rejected, Withdrawn, Overdue}
	case Returned:
		return []State{Submitted, Withdrawn, Overdue}
	case Overdue:
		return []State{Submitted}
	case Approved:
		return []State{Printed, Made, ToPay, Done, Revoked}
	case Printed, Made:
		return []State{Collected, Revoked}
	case ToPay:
		return []State{Paid, PayFailed, Revoked}
	case PayFailed:
		return []State{ToPay, Revoked}
	case Collected, Done:
		return []State{Revoked}
	default:
		return nil
	}
}

// Open tells whether the student still waits for something.
func (s State) Open() bool {
	switch s {
	case Draft, Submitted, Returned, Approved, Printed, Made, ToPay, PayFailed:
		return true
	default:
		return false
	}
}

// counts tells whether an application in the state uses up a limit.
func (s State) counts() bool { return s != Draft && s != Rejected && s != Withdrawn && s != Overdue }

// Label is the word people read.
func (s State) Label() string {
	switch s {
	case Draft:
		return "草稿"
	case Submitted:
		return "待审核"
	case Returned:
		return "退回补充"
	case Approved:
		return "已通过"
	case Rejected:
		return "不通过"
	case Withdrawn:
		return "已撤回"
	case Overdue:
		return "逾期"
	case Printed:
		return "已打印"
	case Made:
		return "已办好"
	case Collected:
		return "已领取"
	case ToPay:
		return "待放款"
	case Paid:
		return "已放款"
	case PayFailed:
		return "放款未成功"
	case Done:
		return "已办结"
	case Revoked:
		return "已撤销"
	}
	return string(s)
}

// Via says through which face an application came.
type Via string

// The faces.
const (
	ViaChat Via = "chat"
	ViaPage Via = "page"
	ViaAPI  Via = "api"
	ViaDesk Via = "desk"
)

// Student is who applies.
type Student struct {
	ID        identity.ID
	Name      string
	Number    string
	College   string
	ClassName string
	Campus    string
}

// Material is a paper on the checklist of an application (D-20).
type Material struct {
	Code       string
	Name       string
	Required   bool
	ReceivedAt time.Time // zero: not yet
	ReceivedBy string
}

// Received tells whether the paper is there.
func (m Material) Received() bool { return !m.ReceivedAt.IsZero() }

// Event is one step of an application.
type Event struct {
	At      time.Time
	State   State
	Action  string // "state", or receive, unreceive, extend, resubmit, stage, amount
	By      string // "" is the system
	Words   string // reason, opinion or the name of a paper
	Student bool   // the student did it
}

// Label is what happened, in a few words.
func (e Event) Label() string {
	switch e.Action {
	case actionState:
		if e.State == Submitted {
			return "提交申请"
		}
	case actionReceive:
		return "收到材料"
	case actionUnreceive:
		return "退还材料"
	case actionExtend:
		return "延长期限"
	case actionResubmit:
		return "重新提交"
	case actionStage:
		return "本环节通过"
	case actionAmount:
		return "核定金额"
	}
	return e.State.Label()
}

// Actions of events that are more than a state.
const (
	actionState     = "state"
	actionReceive   = "receive"
	actionUnreceive = "unreceive"
	actionExtend    = "extend"
	actionResubmit  = "resubmit"
	actionStage     = "stage"
	actionAmount    = "amount"
)

// Certificate is what was issued for an application.
type Certificate struct {
	Number    string
	Code      string // what a stranger checks
	IssuedAt  time.Time
	RevokedAt time.Time
	Checks    []time.Time // when strangers looked it up, the last ones first (T10)
}

// Application is one of a student to an office.
type Application struct {
	PublicID    string
	Number      string // what people call it; "" of a draft
	Service     service.Version
	State       State
	Student     Student
	Answers     form.Answers  // last submitted; of a draft what is written
	Changes     []form.Change // since the submission before, after a return
	Verdict     rule.Verdict  // of what was last submitted
	Materials   []Material
	Review      approval.Review // zero of a draft
	History     []Event
	Asks        []Ask
	Certificate *Certificate // nil if none was issued
	Amount      int64        // fen to be paid out
	Applied     int64        // fen the student applied for; less may be granted
	Due         time.Time    // papers are handed in before it; zero if none
	CreatedAt   time.Time
	SubmittedAt time.Time
	DecidedAt   time.Time
	EndedAt     time.Time
	ErasedAt    time.Time // what was written is gone at the student's wish; zero: it is there

	id         int64
	department int64
	no         int          // of the last submission
	before     form.Answers // of the submission before the last one, nil if there is none
	draft      []byte
	updated    time.Time
}

// Fresh tells whether an upload was not among those of the submission before.
func (a Application) Fresh(field, file string) bool {
	return a.before != nil && !slices.Contains(a.before[field].List, file)
}

// Missing are the required papers that are not there yet.
func (a Application) Missing() []Material {
	var missing []Material
	for _, m := range a.Materials {
		if m.Required && !m.Received() {
			missing = append(missing, m)
		}
	}
	return missing
}

// StateLabel is the state with what it waits for: 待交材料 or 已收材料 (D-17).
func (a Application) StateLabel() string {
	switch {
	case a.State == Submitted && len(a.Missing()) > 0:
		return "待交材料"
	case a.State == Submitted && len(a.Materials) > 0:
		return "已收材料，待审核"
	}
	for _, step := range a.Service.Outcome.Steps() {
		if step.Code == string(a.State) {
			return step.Title
		}
	}
	return a.State.Label()
}

// Rows are the answers as every face shows them.
func (a Application) Rows() []form.Row { return a.Service.Form.Rows(a.Answers) }

// Next is the step that comes now, who takes it and until when (T9); "" is the student.
func (a Application) Next() (step, office string, due time.Time) {
	switch a.State {
	case Submitted:
		if m := a.Missing(); len(m) > 0 {
			return "交材料：" + names(m), a.Service.Place, a.Due
		}
		return a.Review.Stage().Title, a.holder(a.Review.Stage()), a.Review.Due
	case Returned:
		return "补充标出的内容，再提交", "", a.Due
	case Approved:
		return "打印或制作", a.Service.Place, time.Time{}
	case Printed, Made:
		return "凭学生证领取", a.Service.Place, time.Time{}
	case ToPay:
		return "放款", a.Service.Place, time.Time{}
	case PayFailed:
		return "核对收款信息后再放款", a.Service.Place, time.Time{}
	default:
		return "", "", time.Time{}
	}
}

// holder is who decides in a stage, as people call them (T9).
func (a Application) holder(s approval.Stage) string {
	switch {
	case s.Role == identity.ClassCounsellor:
		return s.Role.Label()
	case s.Scope == approval.OfStudent:
		return a.Student.College + s.Role.Label()
	case s.Role == identity.OfficeHead:
		return a.Service.Department + "负责人"
	}
	return a.Service.Place
}

func names(list []Material) string {
	s := ""
	for i, m := range list {
		if i > 0 {
			s += "、"
		}
		s += m.Name
	}
	return s
}

// Subject is the outbox and audit subject of an application.
func Subject(publicID string) string { return "application/" + publicID }

// subject is the one of approval.
func subject(publicID string) approval.Subject {
	return approval.Subject{Kind: Kind, ID: publicID}
}

// What a person reads when a verb is refused.
var (
	ErrNotYours     = errs.New(errs.Forbidden, "这份申请只有本人和经办的老师能看。")
	ErrStudentsOnly = errs.New(errs.Forbidden, "这项申请面向在册学生。")
	ErrNotAgreed    = errs.New(errs.Conflict, "先把须知读到最后并确认，再提交。")
	ErrNotDraft     = errs.New(errs.Conflict, "这份申请已经提交，现在不能改；需要补充时老师会退回给你。")
	ErrNotReturned  = errs.New(errs.Conflict, "这份申请现在不用补充，请刷新再看。")
	ErrChanged      = errs.New(errs.Conflict, "这份申请刚刚有了变化，请刷新再看。")
)
