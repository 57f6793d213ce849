package request

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Ask is a student's question to a person, or a dispute of what the school has
// recorded (T6).
type Ask struct {
	PublicID    string
	Service     string // code
	Application string // public id, "" before there is one
	Field       string // of a dispute: name of the field; "" is a question
	Student     Student
	Question    string
	AskedAt     time.Time
	Answer      string
	AnsweredAt  time.Time
	AnsweredBy  string
}

// AskFacts is what the office is told of a question; the question itself stays on the desk.
type AskFacts struct {
	Ask         string `json:"ask"`
	Application string `json:"application,omitempty"` // public id; "" of a question about the service
	Title       string `json:"title"`
	Student     string `json:"student"`
	Dispute     bool   `json:"dispute"`
}

const maxQuestion = 300

var errAskedAlready = errs.New(errs.Conflict, "你问的这件事老师还没有回复，先等一等；着急请直接联系办理的老师。")

// Agree records that a student read the notice of a service as it stands now (D-38).
func (e *Engine) Agree(ctx context.Context, tx *store.Tx, who identity.Person, code, version string) error {
	if !who.IsStudent() {
		return ErrStudentsOnly
	}
	v, err := service.ByCode(ctx, tx, code)
	if err != nil {
		return err
	}
	return service.Agree(ctx, tx, who, v.Definition, version)
}

// AskPerson lets a student ask somebody of the office to look, also at a service the
// rules refuse: one open question a service.
func (e *Engine) AskPerson(ctx context.Context, tx *store.Tx, who identity.Person, code, question string) (Ask, error) {
	if !who.IsStudent() {
		return Ask{}, ErrStudentsOnly
	}
	v, err := service.ByCode(ctx, tx, code)
	if err != nil {
		return Ask{}, err
	}
	department, err := departmentOf(ctx, tx, v.Definition)
	if err != nil {
		return Ask{}, err
	}
	return ask(ctx, tx, who, newAsk{Service: v, Department: department, Question: question})
}

// AskAbout puts a question about the student's own application to whoever reviews it now,
// else to its office; with a field it says that what the school recorded there is wrong
// (T6). One question an application and field waits at a time.
func (e *Engine) AskAbout(ctx context.Context, tx *store.Tx, who identity.Person, publicID, field, question string) (Ask, error) {
	a, err := own(ctx, tx, who, publicID, true)
	if err != nil {
		return Ask{}, err
	}
	if f, ok := a.Service.Form.Field(field); field != "" && (!ok || f.Source == "") {
		return Ask{}, errs.Field("field", "请选一项学校记录的内容，或者选“进度、结果或别的”。")
	}
	to, err := approval.Deciders(ctx, tx, subject(publicID))
	if err != nil {
		return Ask{}, err
	}
	return ask(ctx, tx, who, newAsk{
		Service: a.Service, Department: a.department, Application: a.id, PublicApplication: publicID, Field: field, Question: question, To: to,
	})
}

func ask(ctx context.Context, tx *store.Tx, who identity.Person, n newAsk) (Ask, error) {
	n.Question = strings.TrimSpace(n.Question)
	if l := len([]rune(n.Question)); l < 2 || l > maxQuestion {
		return Ask{}, errs.Field("question", fmt.Sprintf("用 2 到 %d 个字说说是什么情况。", maxQuestion))
	}
	n.PublicID, n.Student = store.NewPublicID(), who.ID
	err := tx.Try(ctx, func() error { return insertAsk(ctx, tx, n) })
	if store.Constraint(err) == "a_student_asks_one_thing_at_a_time" {
		return Ask{}, errAskedAlready
	}
	if err != nil {
		return Ask{}, fmt.Errorf("write question: %w", err)
	}
	if len(n.To) == 0 {
		if n.To, err = identity.HolderIDs(ctx, tx, n.Department, identity.Office); err != nil {
			return Ask{}, err
		}
	}
	if err := outbox.Put(ctx, tx, outbox.Message{
		To: n.To, Kind: KindAsked, Class: outbox.Reply, Scope: unitScope(n.Department), Subject: askSubject(n.PublicID),
		Args: AskFacts{Ask: n.PublicID, Application: n.PublicApplication, Title: n.Service.Chat, Student: shortName(who.Name), Dispute: n.Field != ""},
	}); err != nil {
		return Ask{}, err
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "application.ask", askSubject(n.PublicID), map[string]any{"service": n.Service.Code, "field": n.Field}); err != nil {
		return Ask{}, err
	}
	return oneAsk(ctx, tx, n.PublicID)
}

// Answer answers a question: by the office that owns the service, one about an application
// also by whoever it was put before. The student is told.
func (e *Engine) Answer(ctx context.Context, tx *store.Tx, who identity.Person, askID, answer string) (Ask, error) {
	department, err := lockAsk(ctx, tx, askID)
	if err != nil && !store.Missing(err) {
		return Ask{}, fmt.Errorf("lock question: %w", err)
	}
	may, err := mayAnswer(ctx, tx, who, department, askID)
	if err != nil {
		return Ask{}, err
	}
	if !may {
		return Ask{}, ErrNotYours
	}
	answer = strings.TrimSpace(answer)
	if n := len([]rune(answer)); n < 2 || n > maxQuestion {
		return Ask{}, errs.Field("answer", fmt.Sprintf("回复写 2 到 %d 个字，学生会看到。", maxQuestion))
	}
	first, err := setAnswer(ctx, tx, askID, tx.Keys().Seal(answerPlace(askID), []byte(answer)), who.ID)
	if err != nil {
		return Ask{}, fmt.Errorf("write answer: %w", err)
	}
	k, err := oneAsk(ctx, tx, askID)
	if err != nil {
		return Ask{}, err
	}
	if !first {
		return Ask{}, errs.New(errs.Conflict, fmt.Sprintf("%s老师已经回复过了，不用再处理。", k.AnsweredBy))
	}
	v, err := service.ByCode(ctx, tx, k.Service)
	title := v.Chat
	if errors.Is(err, service.ErrNoVersion) {
		title, err = "你问的事", nil
	}
	if err != nil {
		return Ask{}, err
	}
	if err := outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{k.Student.ID}, Kind: KindAnswered, Class: outbox.Reply, Scope: unitScope(department), Subject: askSubject(askID),
		Args: Notice{Application: k.Application, Title: title, Text: title + "：老师回复了你的问题。\n" + answer, Path: "/m/applications/asks/" + askID},
	}); err != nil {
		return Ask{}, err
	}
	return k, audit.Append(ctx, tx, int64(who.ID), "application.answer", askSubject(askID), nil)
}

func mayAnswer(ctx context.Context, tx *store.Tx, who identity.Person, department int64, askID string) (bool, error) {
	k, err := oneAsk(ctx, tx, askID)
	if errors.Is(err, ErrNotYours) || err == nil && (k.Student.ID == who.ID || !who.Here()) {
		return false, nil
	}
	if err != nil || who.HasIn(department, identity.Office) || k.Application == "" {
		return who.HasIn(department, identity.Office), err
	}
	return approval.MayRead(ctx, tx, who, subject(k.Application))
}

// MyAsks lists the student's own questions with their answers, the newest first.
func (e *Engine) MyAsks(ctx context.Context, tx *store.Tx, who identity.Person) ([]Ask, error) {
	list, err := asksOf(ctx, tx, `where k.student_id = $1 order by k.id desc limit 100`, who.ID)
	if err != nil {
		return nil, fmt.Errorf("list own questions: %w", err)
	}
	return list, nil
}

// Asks lists the open questions of the person's offices, the oldest first, up to 100.
func (e *Engine) Asks(ctx context.Context, tx *store.Tx, who identity.Person) ([]Ask, error) {
	units, all := offices(who)
	if len(units) == 0 && !all {
		return nil, identity.ErrForbidden
	}
	list, err := asksOf(ctx, tx, `where k.answer is null and ($1 or k.department_id = any($2)) order by k.id limit 100`, all, int64Array(units))
	if err != nil {
		return nil, fmt.Errorf("list questions: %w", err)
	}
	return list, nil
}

func oneAsk(ctx context.Context, tx *store.Tx, publicID string) (Ask, error) {
	list, err := asksOf(ctx, tx, `where k.public_id = $1`, publicID)
	if err != nil {
		return Ask{}, fmt.Errorf("load question: %w", err)
	}
	if len(list) == 0 {
		return Ask{}, ErrNotYours
	}
	return list[0], nil
}

func askSubject(id string) string { return "application_ask/" + id }
