package counselling

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// Concern is what a 辅导员 tells the centre of a student of their class. Back goes
// one of two sentences, never whether the student comes.
type Concern struct {
	PublicID   string
	Student    Student
	SentBy     string
	SentAt     time.Time
	Body       string
	Answer     string // "", contacted, help
	Help       string
	AnsweredAt time.Time

	centre int64
	sender identity.ID
}

// The answers.
const (
	Contacted = "contacted"
	NeedsHelp = "help"
)

// Label is what the 辅导员 reads.
func (c Concern) Label() string {
	switch c.Answer {
	case Contacted:
		return "已联系"
	case NeedsHelp:
		return "需要您配合：" + c.Help
	}
	return "中心已收到"
}

// ErrNotYours is what a 辅导员 reads whose class the number is not of, real or not.
var ErrNotYours = errs.Field("student", "没有找到这位同学，或不在您带的班级。")

// SendConcern keeps a 辅导员's words about a student of their class, sealed, for the centre.
func SendConcern(ctx context.Context, tx *store.Tx, who identity.Person, number, body string) error {
	if !who.Has(identity.ClassCounsellor) {
		return identity.ErrForbidden
	}
	student, err := identity.Numbered(ctx, tx, strings.TrimSpace(number))
	if errs.KindOf(err) == errs.NotFound || err == nil && !leads(who, student) {
		return ErrNotYours
	}
	if err != nil {
		return err
	}
	body = strings.TrimSpace(body)
	if n := len([]rune(body)); n < 10 || n > 1000 {
		return errs.Field("body", "写看到了什么、从什么时候开始，10 到 1000 个字。")
	}
	centre, err := theCentre(ctx, tx)
	if err != nil {
		return err
	}
	id, err := insertConcern(ctx, tx, centre, student.ID, who.ID, body)
	if err != nil {
		return fmt.Errorf("send concern: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "concern.send", "concern/"+id, nil); err != nil {
		return err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	to, err := identity.HolderIDs(ctx, tx, centre, identity.CentreHead)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: to, Kind: KindConcern, Class: outbox.Bulk, DueAt: set.afterQuiet(tx.Now(), tx.Zone()), Scope: scope(centre),
		Subject: "concern/" + id, Key: KindConcern + "/" + id, Args: ConcernFacts{},
	})
}

// leads tells whether the student is of a class the person leads.
func leads(who, student identity.Person) bool {
	if !student.IsStudent() || student.ID == who.ID {
		return false
	}
	units := who.Units(identity.ClassCounsellor)
	for _, u := range units {
		if u != 0 && (u == student.Unit || u == student.College) {
			return true
		}
	}
	return false
}

// ConcernFacts is what messages about a concern know. They name nobody.
type ConcernFacts struct {
	Label string `json:"label,omitempty"`
}

// MyConcerns lists what the 辅导员 sent, with the answers.
func MyConcerns(ctx context.Context, tx *store.Tx, who identity.Person) ([]Concern, error) {
	if !who.Has(identity.ClassCounsellor) {
		return nil, identity.ErrForbidden
	}
	list, err := selectConcerns(ctx, tx, `where c.sent_by = $1 order by c.id desc limit 50`, who.ID)
	if err != nil {
		return nil, fmt.Errorf("list concerns: %w", err)
	}
	return list, nil
}

// Concerns lists what came to the centre, those without an answer first. Who looks after
// students there reads it, and that is audited.
func Concerns(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Concern, error) {
	if !caresAt(who, centre) {
		return nil, ErrConfidential
	}
	list, err := selectConcerns(ctx, tx, `where c.centre_id = $1 order by (c.answer is not null), c.id desc limit 100`, centre)
	if err != nil {
		return nil, fmt.Errorf("list concerns: %w", err)
	}
	return list, audit.Append(ctx, tx, int64(who.ID), "concern.list", fmt.Sprintf("unit/%d", centre), nil)
}

// AnswerConcern sends one of the two sentences back. An answer can be followed by
// another: first what is needed, in the end that the student was contacted.
func AnswerConcern(ctx context.Context, tx *store.Tx, who identity.Person, publicID, answer, help string) error {
	c, err := lockConcern(ctx, tx, publicID)
	if store.Missing(err) || err == nil && !caresAt(who, c.centre) {
		return ErrConfidential
	}
	if err != nil {
		return fmt.Errorf("lock concern: %w", err)
	}
	help = strings.TrimSpace(help)
	switch {
	case answer != Contacted && answer != NeedsHelp:
		return errs.Field("answer", "请选一种回复。")
	case answer == NeedsHelp && (len([]rune(help)) < 4 || len([]rune(help)) > 60 || !Neutral(help)):
		return errs.Field("help", "写一句要辅导员做什么，4 到 60 个字，会推送出去，不写“心理”“咨询”。")
	case answer == Contacted:
		help = ""
	}
	if err := answerConcern(ctx, tx, c, answer, help, who.ID); err != nil {
		return fmt.Errorf("answer concern: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "concern.answer", "concern/"+publicID, map[string]any{"answer": answer}); err != nil {
		return err
	}
	c.Answer, c.Help = answer, help
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{c.sender}, Kind: KindAnswered, Class: outbox.Reply, Scope: scope(c.centre),
		Subject: "concern/" + publicID, Args: ConcernFacts{Label: c.Label()},
	})
}

// ConcernsOpen counts what has no answer yet, for who looks after students.
func ConcernsOpen(ctx context.Context, tx *store.Tx, who identity.Person) (int, error) {
	centres := who.Units(identity.CentreHead, identity.CentreCounsellor)
	if len(centres) == 0 {
		return 0, nil
	}
	n, err := countConcerns(ctx, tx, centres)
	if err != nil {
		return 0, fmt.Errorf("count concerns: %w", err)
	}
	return n, nil
}

func concernPlace(column, publicID string) string { return "concern/" + column + "/" + publicID }

// Withdraw takes the student's consent back: what is to come is cancelled and both
// sides are told; what was stays as the record. Booking again begins with the notice.
func Withdraw(ctx context.Context, tx *store.Tx, who identity.Person) (cancelled int, err error) {
	if !who.IsStudent() {
		return 0, ErrStudentsOnly
	}
	had, err := withdrawConsent(ctx, tx, who.ID)
	if err != nil {
		return 0, fmt.Errorf("withdraw consent: %w", err)
	}
	if !had {
		return 0, nil
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "notice.withdraw", "person/"+who.PublicID, nil); err != nil {
		return 0, err
	}
	open, err := selectBookings(ctx, tx, `
		where b.student_id = $1 and b.state in ('pending', 'confirmed') order by b.id`, who.ID)
	if err != nil {
		return 0, fmt.Errorf("load open bookings: %w", err)
	}
	for _, b := range open {
		if !b.Slot.StartsAt.After(tx.Now()) {
			continue // it has begun: it is record
		}
		if err := cancelWithdrawn(ctx, tx, who, b.PublicID); err != nil {
			return cancelled, err
		}
		cancelled++
	}
	if err := Leave(ctx, tx, who); err != nil && !errors.Is(err, ErrNotWaiting) { // the queue is locked last
		return cancelled, err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil || cancelled == 0 {
		return cancelled, err
	}
	return cancelled, outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{who.ID}, Kind: KindWithdrawn, Class: outbox.Reply, Scope: "school", Args: Facts{Name: set.Name},
	})
}

func cancelWithdrawn(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) error {
	b, err := lockBooking(ctx, tx, publicID)
	if err != nil {
		return fmt.Errorf("lock booking: %w", err)
	}
	if !b.State.Open() {
		return nil
	}
	_, err = giveUp(ctx, tx, who, b, "")
	return err
}
