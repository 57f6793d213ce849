package request

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/store"
)

// PersonalData is the code of the service by which a student asks to have data corrected,
// erased, explained or handed on.
const PersonalData = "personal-data"

// The field of PersonalData that says what is erased, and its values.
const (
	eraseField  = "erase"
	eraseDrafts = "drafts"
	eraseEnded  = "ended"
)

var errErased = errs.New(errs.Conflict, "填写的内容已按本人的要求删除，这份申请不能再接着办，需要时请学生重新申请。")

// EraseAsked is the Hook of PersonalData: what the office agreed to erase goes at once, and
// what can still be appealed against when that is over.
func (e *Engine) EraseAsked(ctx context.Context, tx *store.Tx, a Application) error {
	if a.State != Done || len(a.Answers[eraseField].List) == 0 {
		return nil
	}
	return job.Put(ctx, tx, EraseJob, a.PublicID, scope(a), tx.Now(), nil)
}

// erase does what the request of the job asks for, until nothing of it is left to wait for.
func (e *Engine) erase(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	asked, err := one(ctx, tx, j.Key)
	if err != nil {
		return job.Result{}, fmt.Errorf("load request: %w", err)
	}
	locked, err := identity.Lock(ctx, tx, asked.Student.ID)
	if err != nil {
		return job.Result{}, err
	}
	student := locked[0]
	list, err := erasable(ctx, tx, student.ID, asked)
	if err != nil {
		return job.Result{}, err
	}
	what := asked.Answers[eraseField].List
	var next time.Time
	for _, a := range list {
		switch until := a.appealUntil(); {
		case a.State == Draft && slices.Contains(what, eraseDrafts):
			err = e.Discard(ctx, tx, student, a.PublicID)
		case a.State == Draft || !slices.Contains(what, eraseEnded):
		case tx.Now().Before(until):
			if next.IsZero() || until.Before(next) {
				next = until
			}
		default:
			err = eraseContent(ctx, tx, a)
		}
		if err != nil {
			return job.Result{}, err
		}
	}
	return job.Result{Again: !next.IsZero(), At: next}, nil
}

// erasable locks the student's applications that came to nothing before the request was
// decided, and the drafts begun before it, in the order of their ids.
func erasable(ctx context.Context, tx *store.Tx, student identity.ID, asked Application) ([]Application, error) {
	ids, err := lockErasable(ctx, tx, student, asked.EndedAt)
	if err != nil {
		return nil, fmt.Errorf("lock what is erased: %w", err)
	}
	list := make([]Application, len(ids))
	for i, id := range ids {
		if list[i], err = one(ctx, tx, id); err != nil {
			return nil, fmt.Errorf("load what is erased: %w", err)
		}
	}
	return list, nil
}

// appealUntil is how long the student may have a refusal looked at again, for which what
// was written is needed; zero if there is nothing to appeal against.
func (a Application) appealUntil() time.Time {
	if a.State == Withdrawn {
		return time.Time{}
	}
	return a.EndedAt.AddDate(0, 0, a.Service.Appeal.Days)
}

// eraseContent leaves of an application that it was, what became of it and who decided.
func eraseContent(ctx context.Context, tx *store.Tx, a Application) error {
	answers, err := submissionsOf(ctx, tx, a)
	if err != nil {
		return err
	}
	for i := range answers {
		if err := emptyAnswers(ctx, tx, a, i+1, submission{answers: form.Answers{}, snapshot: rule.Snapshot{}}); err != nil {
			return fmt.Errorf("erase answers: %w", err)
		}
	}
	asks, err := deleteAsked(ctx, tx, a.id)
	if err != nil {
		return fmt.Errorf("erase questions: %w", err)
	}
	if err := setErased(ctx, tx, a.id); err != nil {
		return fmt.Errorf("mark as erased: %w", err)
	}
	if err := blob.Attach(ctx, tx, int64(a.Student.ID), Subject(a.PublicID), nil); err != nil {
		return err
	}
	if err := approval.Forget(ctx, tx, subject(a.PublicID)); err != nil {
		return err
	}
	said := []string{Subject(a.PublicID)}
	for _, id := range asks {
		said = append(said, askSubject(id))
	}
	if err := outbox.Forget(ctx, tx, said); err != nil {
		return err
	}
	return audit.Append(ctx, tx, 0, "application.erase", Subject(a.PublicID), nil)
}
