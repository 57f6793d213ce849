package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Get returns the latest review of a subject with the history of all of them. Who may
// read it is the owner's to ask. A subject never reviewed is NotFound.
func Get(ctx context.Context, tx *store.Tx, s Subject) (Review, error) {
	all, err := Reviews(ctx, tx, s.Kind, s.ID)
	if err != nil {
		return Review{}, err
	}
	r, ok := all[s.ID]
	if !ok {
		return Review{}, errs.New(errs.NotFound, "这份申请还没有进入审核。")
	}
	return r, nil
}

// Reviews is Get for many subjects of a kind, by their ids, in as many statements as for
// one; a subject never reviewed is left out.
func Reviews(ctx context.Context, tx *store.Tx, kind string, subjects ...string) (map[string]Review, error) {
	rows, err := reviewsOf(ctx, tx, kind, subjects)
	if err != nil {
		return nil, fmt.Errorf("load reviews: %w", err)
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	events, err := eventsOf(ctx, tx, ids)
	if err != nil {
		return nil, fmt.Errorf("load history: %w", err)
	}
	tasks, err := openTasks(ctx, tx, ids)
	if err != nil {
		return nil, fmt.Errorf("load tasks: %w", err)
	}
	all := make(map[string]Review, len(subjects))
	for _, row := range rows {
		r, err := reviewOf(tx, row, events[row.ID], tasks[row.ID])
		if err != nil {
			return nil, err
		}
		r.History = append(all[row.Subject].History, r.History...)
		all[row.Subject] = r
	}
	return all, nil
}

func reviewOf(tx *store.Tx, row reviewRow, events []eventRow, t taskRow) (Review, error) {
	r := Review{
		PublicID: row.PublicID, Subject: Subject{row.Kind, row.Subject}, State: row.State, At: row.Stage,
		OpenedAt: row.OpenedAt, EndedAt: row.EndedAt.Time, Task: t.PublicID, Due: t.DueAt.Time, Late: t.late(tx.Now()),
	}
	var err error
	if r.Stages, err = decodeStages(row.Stages); err != nil {
		return r, fmt.Errorf("read stages: %w", err)
	}
	for _, ev := range events {
		e, err := ev.event(tx, r.Stages)
		if err != nil {
			return r, err
		}
		r.History = append(r.History, e)
		switch e.Action {
		case Return, Reject:
			r.Reason, r.Opinion, r.Marked = e.Reason, e.Opinion, e.Marked
		case Approve:
			r.Reason, r.Opinion, r.Marked = "", e.Opinion, nil
		}
	}
	return r, nil
}

func (ev eventRow) event(tx *store.Tx, stages []Stage) (Event, error) {
	e := Event{
		At: ev.At, Action: ev.Action, Stage: stages[ev.Stage].Title, By: ev.By, For: ev.For, Marked: ev.Marked, Via: ev.Via,
	}
	if ev.Words == nil {
		return e, nil
	}
	plain, err := tx.Keys().Unseal(wordsPlace(ev.PublicID), ev.Words)
	if err != nil {
		return e, err
	}
	var w words
	if err := json.Unmarshal(plain, &w); err != nil {
		return e, fmt.Errorf("read words: %w", err)
	}
	e.Reason, e.Opinion, e.Amount = w.Reason, w.Opinion, w.Amount
	return e, nil
}

// Task is a review that waits for the person's decision.
type Task struct {
	PublicID  string // what Decide takes
	Subject   Subject
	Stage     Stage
	Applicant string
	OpenedAt  time.Time
	Due       time.Time // zero without a limit
	Late      bool
}

// Tasks lists what the person, or one for whom the person is a deputy, can decide now,
// the oldest first; kinds are those of the subjects, none is all. after is what the page
// before returned as next; next "" is the end.
func Tasks(ctx context.Context, tx *store.Tx, who identity.Person, after string, limit int, kinds ...string) (list []Task, next string, err error) {
	keys, err := allKeys(ctx, tx, who)
	if err != nil {
		return nil, "", err
	}
	from := int64(0)
	if after != "" {
		if from, err = strconv.ParseInt(after, 36, 64); err != nil {
			return nil, "", errs.Field("after", "这一页的地址不完整，请从第一页开始。")
		}
	}
	if limit < 1 || limit > 100 {
		limit = 100
	}
	rows, err := selectQueue(ctx, tx, keys, who.ID, kinds, from, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list tasks: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].ID, 36)
	}
	for _, r := range rows {
		t, err := r.asTask(tx)
		if err != nil {
			return nil, "", err
		}
		list = append(list, t)
	}
	return list, next, nil
}

func (r queueRow) asTask(tx *store.Tx) (Task, error) {
	stages, err := decodeStages(r.Stages)
	if err != nil {
		return Task{}, fmt.Errorf("read stages: %w", err)
	}
	return Task{
		PublicID: r.Task, Subject: Subject{r.Kind, r.Subject}, Stage: stages[r.Stage], Applicant: r.Applicant,
		OpenedAt: r.OpenedAt, Due: r.DueAt.Time, Late: r.Escalated.Valid || r.DueAt.Valid && !tx.Now().Before(r.DueAt.Time),
	}, nil
}

// TasksOf returns what the person can decide now about the subjects of a kind, by the id
// of the subject.
func TasksOf(ctx context.Context, tx *store.Tx, who identity.Person, kind string, subjects []string) (map[string]Task, error) {
	keys, err := allKeys(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	rows, err := selectTasksOf(ctx, tx, keys, who.ID, kind, subjects)
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	tasks := make(map[string]Task, len(rows))
	for _, r := range rows {
		if tasks[r.Subject], err = r.asTask(tx); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}

// Waiting counts what Tasks lists.
func Waiting(ctx context.Context, tx *store.Tx, who identity.Person, kinds ...string) (int, error) {
	keys, err := allKeys(ctx, tx, who)
	if err != nil {
		return 0, err
	}
	n, err := countQueue(ctx, tx, keys, who.ID, kinds)
	if err != nil {
		return 0, fmt.Errorf("count tasks: %w", err)
	}
	return n, nil
}

// MayDecide tells whether the person can decide the open task now.
func MayDecide(ctx context.Context, tx *store.Tx, who identity.Person, task string) (bool, error) {
	t, err := taskByPublicID(ctx, tx, task)
	if store.Missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("load task: %w", err)
	}
	voices, err := voicesOf(ctx, tx, who)
	if err != nil || t.State != Open {
		return false, err
	}
	twice, err := barredTwice(ctx, tx, t.ID, who.ID)
	if err != nil || twice {
		return false, err
	}
	return slices.ContainsFunc(voices, func(p identity.Person) bool {
		return opens(p, t.Keys) && view{task: t}.mayVote(p)
	}), nil
}

// Deciders are who can decide the subject's open task now, their deputies among them; none
// while nothing waits.
func Deciders(ctx context.Context, tx *store.Tx, s Subject) ([]identity.ID, error) {
	rows, err := reviewsOf(ctx, tx, s.Kind, []string{s.ID})
	if err != nil {
		return nil, fmt.Errorf("load review: %w", err)
	}
	if len(rows) == 0 || rows[len(rows)-1].State != Open {
		return nil, nil
	}
	v := view{review: rows[len(rows)-1]}
	if v.task, err = openTask(ctx, tx, v.review.ID); err != nil {
		return nil, fmt.Errorf("load task: %w", err)
	}
	if v.stages, err = decodeStages(v.review.Stages); err != nil {
		return nil, fmt.Errorf("read stages: %w", err)
	}
	return v.deciders(ctx, tx)
}

// MayRead tells whether the person holds, or is a deputy of somebody who holds, a role
// that some stage of the subject's reviews was put before.
func MayRead(ctx context.Context, tx *store.Tx, who identity.Person, s Subject) (bool, error) {
	keys, err := allKeys(ctx, tx, who)
	if err != nil || len(keys) == 0 {
		return false, err
	}
	ok, err := wasBefore(ctx, tx, s, keys)
	if err != nil {
		return false, fmt.Errorf("load tasks: %w", err)
	}
	return ok, nil
}

func allKeys(ctx context.Context, tx *store.Tx, who identity.Person) ([]string, error) {
	voices, err := voicesOf(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, p := range voices {
		if p.Here() {
			keys = append(keys, keysOf(p)...)
		}
	}
	return keys, nil
}

// UnderWay returns the state of every review of the kind that has not ended, by the id
// of its subject, for the owner's audit.
func UnderWay(ctx context.Context, tx *store.Tx, kind string) (map[string]State, error) {
	states, err := statesUnderWay(ctx, tx, kind)
	if err != nil {
		return nil, fmt.Errorf("list reviews under way: %w", err)
	}
	return states, nil
}

// Broken returns one line for each row that breaks an invariant of the package.
func Broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	lines, err := broken(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit reviews: %w", err)
	}
	return lines, nil
}
