package approval

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// Failure is a task a batch could not decide, with the sentence that says why.
type Failure struct {
	Task    string `db:"task"`
	Subject string `db:"subject"` // its public id, "" of a task nobody has
	Message string `db:"failure"`
}

// Batch is one decision for many tasks.
type Batch struct {
	PublicID string
	Done     int // decided or failed
	Total    int
	Failed   []Failure
}

// Finished tells whether nothing is left to do.
func (b Batch) Finished() bool { return b.Done == b.Total }

// MaxBatch is how many tasks a batch has at the most.
const MaxBatch = 5000

const chunk = 50

// DecideMany decides up to 5,000 tasks alike. Up to 50 are done at once; more are done
// by a job in chunks, as the person is then, judged by the time of this call. What
// cannot be decided is a Failure and stops nothing.
func (e *Engine) DecideMany(ctx context.Context, tx *store.Tx, who identity.Person, tasks []string, d Decision) (Batch, error) {
	if len(tasks) == 0 || len(tasks) > MaxBatch {
		return Batch{}, errs.Field("tasks", fmt.Sprintf("一次选 1 到 %d 份。", MaxBatch))
	}
	if d.Amount != 0 {
		return Batch{}, errs.Field("amount", "金额要一份一份地核定，请打开申请再改。")
	}
	id := store.NewPublicID()
	b, err := json.Marshal(d)
	if err != nil {
		return Batch{}, fmt.Errorf("decision of a batch: %w", err)
	}
	if err := insertBatch(ctx, tx, id, who.ID, tx.Keys().Seal(batchPlace(id), b), tasks); err != nil {
		return Batch{}, fmt.Errorf("write batch: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "review.batch", "review_batch/"+id, map[string]any{"action": d.Action, "tasks": len(tasks)}); err != nil {
		return Batch{}, err
	}
	if len(tasks) > chunk {
		if err := job.Put(ctx, tx, BatchJob, id, "school", tx.Now(), nil); err != nil {
			return Batch{}, err
		}
		return Batch{PublicID: id, Total: len(tasks)}, nil
	}
	if err := e.decideChunk(ctx, tx, who, id); err != nil {
		return Batch{}, err
	}
	return OneBatch(ctx, tx, who, id)
}

// batch decides the next chunk.
func (e *Engine) batch(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	b, err := selectBatch(ctx, tx, j.Key)
	if err != nil {
		return job.Result{}, fmt.Errorf("load batch: %w", err)
	}
	who, err := identity.Get(ctx, tx, b.Person)
	if err != nil {
		return job.Result{}, err
	}
	tx.SetReceivedAt(b.CreatedAt)
	if err := e.decideChunk(ctx, tx, who, j.Key); err != nil {
		return job.Result{}, err
	}
	done := min(b.Done+chunk, b.Total)
	return job.Result{Again: done < b.Total, Done: done, Total: b.Total}, nil
}

func (e *Engine) decideChunk(ctx context.Context, tx *store.Tx, who identity.Person, id string) error {
	b, err := selectBatch(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("load batch: %w", err)
	}
	plain, err := tx.Keys().Unseal(batchPlace(id), b.Decision)
	if err != nil {
		return err
	}
	var d Decision
	if err := json.Unmarshal(plain, &d); err != nil {
		return fmt.Errorf("read decision: %w", err)
	}
	items, err := nextItems(ctx, tx, b.ID, chunk)
	if err != nil {
		return fmt.Errorf("load batch items: %w", err)
	}
	for _, it := range items {
		failure, err := e.decideOne(ctx, tx, who, it.Task, d)
		if err != nil {
			return err
		}
		if err := endItem(ctx, tx, b.ID, it.Position, failure); err != nil {
			return fmt.Errorf("write batch item: %w", err)
		}
	}
	return nil
}

// decideOne returns the sentence of a refusal; what is no refusal stops the chunk.
func (e *Engine) decideOne(ctx context.Context, tx *store.Tx, who identity.Person, task string, d Decision) (string, error) {
	err := tx.Try(ctx, func() error {
		_, err := e.press(ctx, tx, who, task, d)
		return err
	})
	if err != nil && errs.KindOf(err) == errs.Internal {
		return "", err
	}
	if err != nil {
		return errs.MessageOf(err), nil
	}
	return "", nil
}

// OneBatch returns how far a batch is, to whoever began it.
func OneBatch(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Batch, error) {
	b, err := selectBatch(ctx, tx, publicID)
	if store.Missing(err) || err == nil && b.Person != who.ID {
		return Batch{}, ErrNotYours
	}
	if err != nil {
		return Batch{}, fmt.Errorf("load batch: %w", err)
	}
	failed, err := failedItems(ctx, tx, b.ID)
	if err != nil {
		return Batch{}, fmt.Errorf("load failures: %w", err)
	}
	return Batch{PublicID: publicID, Done: b.Done, Total: b.Total, Failed: failed}, nil
}
