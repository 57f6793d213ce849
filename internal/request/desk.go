package request

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Filter chooses from a queue; the zero Filter is everything of the person's offices.
type Filter struct {
	Service string // code
	State   State
	Search  string // part of a name, begin of a student number or an application's number
}

// Item is an application in a list, without anything sealed.
type Item struct {
	PublicID    string
	Number      string
	Service     service.Version
	State       State
	Student     Student
	Missing     int // required papers not there yet
	Amount      int64
	Due         time.Time // of papers
	SubmittedAt time.Time
	Task        approval.Task // what the person can decide about it now; zero is nothing

	id int64
}

// StateLabel is the state as lists show it.
func (i Item) StateLabel() string {
	a := Application{State: i.State, Service: i.Service}
	if i.State == Submitted && i.Missing > 0 {
		return "待交材料"
	}
	return a.StateLabel()
}

// Queue lists the applications of the person's offices, the longest waiting first. after
// is what the page before returned as next; next "" is the end.
func (e *Engine) Queue(ctx context.Context, tx *store.Tx, who identity.Person, f Filter, after string, limit int) (list []Item, next string, err error) {
	units, all := offices(who)
	if len(units) == 0 && !all {
		return nil, "", identity.ErrForbidden
	}
	at, id, err := readAfter(after)
	if err != nil {
		return nil, "", err
	}
	if limit < 1 || limit > 100 {
		limit = 100
	}
	f.Search = strings.TrimSpace(f.Search)
	list, err = selectQueue(ctx, tx, units, all, f, at, id, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list applications: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = writeAfter(last.SubmittedAt, last.id)
	}
	return list, next, withTasks(ctx, tx, who, list)
}

// Counts counts the applications of the person's offices by service and state.
func (e *Engine) Counts(ctx context.Context, tx *store.Tx, who identity.Person) (map[string]map[State]int, error) {
	units, all := offices(who)
	if len(units) == 0 && !all {
		return nil, nil
	}
	counts, err := countQueue(ctx, tx, units, all)
	if err != nil {
		return nil, fmt.Errorf("count applications: %w", err)
	}
	return counts, nil
}

// View is an application as somebody of the staff sees it.
type View struct {
	Application
	MayDecide bool // Review.Task can be decided by the person now
	Works     bool // the person's office owns it: papers, hand-out, extension, payout
	Notes     []Note
}

// Open returns an application for the desk; the reading is audited.
func (e *Engine) Open(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (View, error) {
	a, err := e.Get(ctx, tx, who, publicID)
	if err != nil {
		return View{}, err
	}
	v := View{Application: a, Works: works(who, a)}
	if a.Student.ID == who.ID {
		return v, nil
	}
	if v.Notes, err = notesOf(ctx, tx, a.id); err != nil || a.Review.Task == "" {
		return v, err
	}
	v.MayDecide, err = approval.MayDecide(ctx, tx, who, a.Review.Task)
	return v, err
}

// offices are the units whose applications the person works; all for the whole school.
func offices(who identity.Person) (units []int64, all bool) {
	if !who.Here() {
		return nil, false
	}
	units = who.Units(identity.Office)
	return units, slices.Contains(units, 0)
}

// lockFor locks an application for the office that owns it; to everybody else it does not
// exist.
func lockFor(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Application, error) {
	if err := lockApplication(ctx, tx, publicID); err != nil && !store.Missing(err) {
		return Application{}, fmt.Errorf("lock application: %w", err)
	}
	a, err := one(ctx, tx, publicID)
	if store.Missing(err) || err == nil && (a.State == Draft || !works(who, a)) {
		return Application{}, ErrNotYours
	}
	if err != nil {
		return Application{}, fmt.Errorf("load application: %w", err)
	}
	return a, nil
}

// Receive ticks a paper that was handed in (D-20), or with here false takes the tick off
// again while nothing is decided. Ticking twice changes nothing.
func (e *Engine) Receive(ctx context.Context, tx *store.Tx, who identity.Person, publicID, material string, here bool) (Application, error) {
	a, err := lockFor(ctx, tx, who, publicID)
	if err != nil {
		return Application{}, err
	}
	i := slices.IndexFunc(a.Materials, func(m Material) bool { return m.Code == material })
	switch {
	case i < 0:
		return a, errs.Field("material", "这份申请不需要这项材料，请刷新再看。")
	case a.State == Overdue:
		return a, errs.New(errs.Conflict, "这份申请已经逾期。确实要收，先写明原因延长期限。")
	case a.State != Submitted && a.State != Returned:
		return a, errs.New(errs.Conflict, fmt.Sprintf("这份申请现在是“%s”，不用再收材料。", a.StateLabel()))
	case a.Student.ID == who.ID:
		return a, approval.ErrOwn
	}
	by, action := who.ID, actionReceive
	if !here {
		by, action = 0, actionUnreceive
	}
	changed, err := setMaterial(ctx, tx, a.id, material, by)
	if err != nil {
		return a, fmt.Errorf("tick material: %w", err)
	}
	if !changed {
		return e.Get(ctx, tx, who, publicID)
	}
	name := a.Materials[i].Name
	if err := record(ctx, tx, a, a.State, action, who.ID, name); err != nil {
		return a, err
	}
	if a, err = one(ctx, tx, publicID); err != nil {
		return a, fmt.Errorf("load application: %w", err)
	}
	if err := approval.Refresh(ctx, tx, subject(publicID), factsOf(a, tx.Now())); err != nil {
		return a, err
	}
	if here && len(a.Missing()) == 0 {
		if err := unwatchPapers(ctx, tx, a); err != nil {
			return a, err
		}
		if err := announce(ctx, tx, a, textReceived, said{Material: names(a.Materials)}); err != nil {
			return a, err
		}
	}
	if !here {
		if err := watchPapers(ctx, tx, a); err != nil {
			return a, err
		}
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "application."+action, Subject(publicID), map[string]any{"material": material}); err != nil {
		return a, err
	}
	return e.Get(ctx, tx, who, publicID)
}

const maxExtension = 90 * 24 * time.Hour

// checkExtension refuses a time or a reason that cannot be meant.
func checkExtension(tx *store.Tx, until time.Time, reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case !until.After(tx.Now()):
		return "", errs.Field("until", "新的期限要在现在之后。")
	case until.Sub(tx.Now()) > maxExtension:
		return "", errs.Field("until", "一次最多延长 90 天。")
	case reason == "" || len([]rune(reason)) > 200:
		return "", errs.Field("reason", "写明为什么延长，1 到 200 个字，会留下记录。")
	}
	return reason, nil
}

// Extend gives one application longer to hand in papers; one that is overdue goes back
// into the review, if the limits still leave room (D-49).
func (e *Engine) Extend(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, until time.Time, reason string) (Application, error) {
	a, err := lockFor(ctx, tx, who, publicID)
	if err != nil {
		return Application{}, err
	}
	if reason, err = checkExtension(tx, until, reason); err != nil {
		return a, err
	}
	switch {
	case a.Due.IsZero():
		return a, errs.New(errs.Conflict, "这份申请没有交材料的期限，不用延长。")
	case a.State != Submitted && a.State != Returned && a.State != Overdue:
		return a, errs.New(errs.Conflict, fmt.Sprintf("这份申请现在是“%s”，不用再延长。", a.StateLabel()))
	case !a.ErasedAt.IsZero():
		return a, errErased
	}
	if err := setDue(ctx, tx, a.id, until); err != nil {
		return a, fmt.Errorf("extend: %w", err)
	}
	a.Due = until
	if err := record(ctx, tx, a, a.State, actionExtend, who.ID, reason+"（到 "+calendar.When(until, tx.Zone())+"）"); err != nil {
		return a, err
	}
	if a.State == Overdue {
		if a, err = e.reopen(ctx, tx, who, a); err != nil {
			return a, err
		}
	}
	if err := watchPapers(ctx, tx, a); err != nil {
		return a, err
	}
	if err := announce(ctx, tx, a, textExtended, said{}); err != nil {
		return a, err
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "application.extend", Subject(publicID), map[string]any{"until": until.Unix()}); err != nil {
		return a, err
	}
	return e.Get(ctx, tx, who, publicID)
}

// reopen brings an overdue application back before its first stage.
func (e *Engine) reopen(ctx context.Context, tx *store.Tx, who identity.Person, a Application) (Application, error) {
	student, err := identity.Get(ctx, tx, a.Student.ID)
	if err != nil {
		return a, err
	}
	if err := takeSeats(ctx, tx, student, a); err != nil {
		return a, err
	}
	if err := outbox.Cancel(ctx, tx, Subject(a.PublicID), KindChanged); err != nil { // of its end, still to be told in the morning
		return a, err
	}
	if a, err = e.move(ctx, tx, who.ID, a, Submitted, ""); err != nil {
		return a, err
	}
	return a, e.review(ctx, tx, student, a)
}

// ExtendWindow takes applications of a service from one student longer, until until.
func (e *Engine) ExtendWindow(ctx context.Context, tx *store.Tx, who identity.Person, code, studentNumber string, until time.Time, reason string) error {
	v, err := service.ByCode(ctx, tx, code)
	if errors.Is(err, service.ErrNoVersion) {
		return identity.ErrForbidden
	}
	if err != nil {
		return err
	}
	department, err := departmentOf(ctx, tx, v.Definition)
	if err != nil {
		return err
	}
	if !who.Here() || !who.HasIn(department, identity.Office) {
		return identity.ErrForbidden
	}
	if reason, err = checkExtension(tx, until, reason); err != nil {
		return err
	}
	student, err := identity.Numbered(ctx, tx, strings.TrimSpace(studentNumber))
	if err != nil || !student.IsStudent() {
		return errs.Field("student", "没有找到这个学号，请核对。")
	}
	id := store.NewPublicID()
	if err := insertExtension(ctx, tx, id, student.ID, code, until, tx.Keys().Seal(extensionPlace(id), []byte(reason)), who.ID); err != nil {
		return fmt.Errorf("extend window: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "service.extend", "application_extension/"+id,
		map[string]any{"service": code, "student": student.PublicID, "until": until.Unix()})
}

func writeAfter(at time.Time, id int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at.UnixMicro(), 36) + "." + strconv.FormatInt(id, 36)))
}

func readAfter(after string) (at time.Time, id int64, err error) {
	if after == "" {
		return time.Time{}, 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(after)
	micros, number, _ := strings.Cut(string(b), ".")
	m, merr := strconv.ParseInt(micros, 36, 64)
	id, nerr := strconv.ParseInt(number, 36, 64)
	if err != nil || merr != nil || nerr != nil {
		return at, 0, errs.Field("after", "这一页的地址不完整，请从第一页开始。")
	}
	return time.UnixMicro(m), id, nil
}
