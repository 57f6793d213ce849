package request

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/store"
)

// Mine is the first page of MineAfter.
func (e *Engine) Mine(ctx context.Context, tx *store.Tx, who identity.Person) ([]Application, error) {
	list, _, err := e.MineAfter(ctx, tx, who, store.Page{Limit: 100})
	return list, err
}

// MineAfter lists the student's own applications, drafts among them, the newest first,
// without history; those under way have their review, which knows what comes next (D-68).
func (e *Engine) MineAfter(ctx context.Context, tx *store.Tx, who identity.Person, p store.Page) (list []Application, next string, err error) {
	list, next, err = store.ReadPage(p, func(a Application) string { return a.PublicID },
		func(limit int) ([]Application, error) { return ownApplications(ctx, tx, who.ID, p.After, limit) },
		func() (bool, error) { return isOwn(ctx, tx, who.ID, p.After) })
	if err != nil {
		return nil, "", fmt.Errorf("list own applications: %w", err)
	}
	return list, next, withReviews(ctx, tx, list)
}

// withReviews adds to those under way their review.
func withReviews(ctx context.Context, tx *store.Tx, list []Application) error {
	var under []string
	for _, a := range list {
		if a.State == Submitted || a.State == Returned {
			under = append(under, a.PublicID)
		}
	}
	reviews, err := approval.Reviews(ctx, tx, Kind, under...)
	for i, a := range list {
		list[i].Review = reviews[a.PublicID]
	}
	return err
}

// Get returns an application with everything about it to its student, to the office that
// owns it and to whoever it was put before; ErrNotYours to everybody else, for ids nobody
// has too. A reading by others than the student is audited.
func (e *Engine) Get(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Application, error) {
	a, err := readable(ctx, tx, who, publicID)
	if err != nil {
		return Application{}, err
	}
	if a.State != Draft {
		if a.Review, err = approval.Get(ctx, tx, subject(publicID)); err != nil {
			return Application{}, err
		}
		if err := a.whole(ctx, tx); err != nil {
			return Application{}, err
		}
	}
	if a.Student.ID == who.ID {
		return a, nil
	}
	return a, audit.Append(ctx, tx, int64(who.ID), "application.read", Subject(publicID), nil)
}

// readable loads an application the person may read.
func readable(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Application, error) {
	a, err := one(ctx, tx, publicID)
	if store.Missing(err) {
		return Application{}, ErrNotYours
	}
	if err != nil {
		return Application{}, fmt.Errorf("load application: %w", err)
	}
	if a.Student.ID == who.ID || a.State != Draft && works(who, a) {
		return a, nil
	}
	before, err := approval.MayRead(ctx, tx, who, subject(publicID))
	if err != nil {
		return Application{}, err
	}
	if !before {
		return Application{}, ErrNotYours
	}
	return a, nil
}

// works tells whether the person works the queue of the application's office (D-16).
func works(who identity.Person, a Application) bool {
	return who.Here() && who.HasIn(a.department, identity.Office)
}

// whole adds history, questions, certificate and what changed since the submission before.
func (a *Application) whole(ctx context.Context, tx *store.Tx) error {
	var err error
	if a.History, err = history(ctx, tx, *a); err != nil {
		return err
	}
	if a.Asks, err = asksOf(ctx, tx, `where k.application_id = $1 order by k.id`, a.id); err != nil {
		return fmt.Errorf("load questions: %w", err)
	}
	if a.Certificate, err = certificateOf(ctx, tx, a.id); err != nil {
		return fmt.Errorf("load certificate: %w", err)
	}
	if a.no < 2 {
		return nil
	}
	all, err := submissionsOf(ctx, tx, *a)
	if err != nil {
		return err
	}
	a.before = all[len(all)-2]
	a.Changes = a.Service.Form.Diff(a.before, a.Answers)
	return nil
}

// File returns an upload of an application to whoever may read it, a loose one to its owner.
func (e *Engine) File(ctx context.Context, tx *store.Tx, who identity.Person, publicID, file string) (blob.Blob, error) {
	if _, err := readable(ctx, tx, who, publicID); err != nil {
		return blob.Blob{}, err
	}
	return blob.Of(ctx, tx, Subject(publicID), file)
}

// Thumb is File with a picture made small, where that was stored.
func (e *Engine) Thumb(ctx context.Context, tx *store.Tx, who identity.Person, publicID, file string) (blob.Blob, error) {
	if _, err := readable(ctx, tx, who, publicID); err != nil {
		return blob.Blob{}, err
	}
	return blob.ThumbOf(ctx, tx, Subject(publicID), file)
}

// Replay judges an application again by the snapshot it was submitted with: the same
// verdict, whatever the school knows by now (T5).
func Replay(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (rule.Verdict, error) {
	a, err := readable(ctx, tx, who, publicID)
	if err != nil {
		return rule.Verdict{}, err
	}
	if a.State == Draft {
		return rule.Verdict{}, errs.New(errs.Conflict, "还没有提交，提交时才核对条件。")
	}
	return a.Verdict, nil
}

// record writes one step of the history.
func record(ctx context.Context, tx *store.Tx, a Application, state State, action string, by identity.ID, words string) error {
	id := store.NewPublicID()
	var sealed []byte
	if words != "" {
		sealed = tx.Keys().Seal(eventPlace(id), []byte(words))
	}
	if err := insertEvent(ctx, tx, id, a.id, state, action, by, sealed); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}

func history(ctx context.Context, tx *store.Tx, a Application) ([]Event, error) {
	rows, err := eventsOf(ctx, tx, a.id)
	if err != nil {
		return nil, fmt.Errorf("load history: %w", err)
	}
	events := make([]Event, len(rows))
	for i, r := range rows {
		events[i] = Event{At: r.At, State: r.State, Action: r.Action, By: r.By, Student: r.Person == a.Student.ID}
		if r.Words == nil {
			continue
		}
		words, err := tx.Keys().Unseal(eventPlace(r.PublicID), r.Words)
		if err != nil {
			return nil, err
		}
		events[i].Words = string(words)
	}
	return events, nil
}

// written are the answers of a draft or a returned application, nil if there are none.
func (a Application) written(tx *store.Tx) (form.Answers, error) {
	if a.draft == nil {
		return nil, nil
	}
	var answers form.Answers
	return answers, unsealJSON(tx, draftPlace(a.PublicID), a.draft, &answers)
}

func draftPlace(application string) string { return "application/draft/" + application }
func eventPlace(event string) string       { return "application_event/words/" + event }
func askPlace(ask string) string           { return "application_ask/question/" + ask }
func answerPlace(ask string) string        { return "application_ask/answer/" + ask }
func extensionPlace(id string) string      { return "application_extension/reason/" + id }

func answersPlace(application int64, no int) string {
	return fmt.Sprintf("application_answers/answers/%d/%d", application, no)
}

func snapshotPlace(application int64, no int) string {
	return fmt.Sprintf("application_answers/snapshot/%d/%d", application, no)
}

func payoutPlace(list, application int64) string {
	return fmt.Sprintf("payout_row/reason/%d/%d", list, application)
}

func certificatePlace(application int64) string {
	return fmt.Sprintf("certificate/content/%d", application)
}

func sealJSON(tx *store.Tx, place string, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", place, err)
	}
	return tx.Keys().Seal(place, b), nil
}

func unsealJSON(tx *store.Tx, place string, sealed []byte, v any) error {
	b, err := tx.Keys().Unseal(place, sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %s: %w", place, err)
	}
	return nil
}
