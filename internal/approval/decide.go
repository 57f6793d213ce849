package approval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Decide ends a task, or in a stage of all adds a voice to it. The first decision
// counts; a later or a second press is a Conflict that says who decided what and when.
// A stranger gets ErrNotYours for real and invented ids alike.
func (e *Engine) Decide(ctx context.Context, tx *store.Tx, who identity.Person, task string, d Decision) (Review, error) {
	s, err := e.press(ctx, tx, who, task, d)
	if err != nil {
		return Review{}, err
	}
	return Get(ctx, tx, s)
}

// press is Decide without reading the review again.
func (e *Engine) press(ctx context.Context, tx *store.Tx, who identity.Person, task string, d Decision) (Subject, error) {
	v, err := e.lock(ctx, tx, who, task)
	if err != nil {
		return Subject{}, err
	}
	if v.task.State != Open {
		return Subject{}, decidedBefore(who, v.task, tx)
	}
	if d, err = d.check(v.stage()); err != nil {
		return Subject{}, err
	}
	if allow := v.outcome.Allow; allow != nil {
		if err := allow(ctx, tx, v.review.Subject, d, v.stage(), v.task.Stage == len(v.stages)-1); err != nil {
			return Subject{}, err
		}
	}
	return Subject{v.review.Kind, v.review.Subject}, e.decide(ctx, tx, v, d)
}

// view is what a decision needs to know, locked.
type view struct {
	review  reviewRow
	stages  []Stage
	task    taskRow
	outcome Outcome
	who     identity.Person
	voice   identity.Person // who, or whose deputy who is
}

func (v view) stage() Stage { return v.stages[v.task.Stage] }

// principal is 0 unless a deputy acts.
func (v view) principal() identity.ID {
	if v.voice.ID == v.who.ID {
		return 0
	}
	return v.voice.ID
}

func (v view) forName() string {
	if v.principal() == 0 {
		return ""
	}
	return v.voice.Name
}

// lock locks the subject, then the review, and asks for permission.
func (e *Engine) lock(ctx context.Context, tx *store.Tx, who identity.Person, task string) (v view, err error) {
	s, review, err := subjectOfTask(ctx, tx, task)
	if store.Missing(err) {
		return v, ErrNotYours
	}
	if err != nil {
		return v, fmt.Errorf("find task: %w", err)
	}
	if v.outcome, err = e.outcome(s.Kind); err != nil {
		return v, err
	}
	if err := v.outcome.Lock(ctx, tx, s.ID); err != nil {
		return v, fmt.Errorf("lock subject: %w", err)
	}
	if v.review, err = lockReview(ctx, tx, review); err != nil {
		return v, fmt.Errorf("lock review: %w", err)
	}
	if v.stages, err = decodeStages(v.review.Stages); err != nil {
		return v, fmt.Errorf("read stages: %w", err)
	}
	if v.task, err = taskByPublicID(ctx, tx, task); err != nil {
		return v, fmt.Errorf("load task: %w", err)
	}
	v.who = who
	voices, err := voicesOf(ctx, tx, who)
	if err != nil {
		return v, err
	}
	i := slices.IndexFunc(voices, func(p identity.Person) bool { return opens(p, v.task.Keys) && v.mayVote(p) })
	switch {
	case i < 0:
		return v, ErrNotYours
	case who.ID == v.review.Applicant || voices[i].ID == v.review.Applicant:
		return v, ErrOwn
	}
	v.voice = voices[i]
	barred, err := barredFrom(ctx, tx, v.task, v.stage())
	if slices.Contains(barred, who.ID) {
		err = ErrAnother
	}
	return v, err
}

// barredFrom are who may not decide the task, since they approved an earlier stage.
func barredFrom(ctx context.Context, tx *store.Tx, t taskRow, s Stage) ([]identity.ID, error) {
	if !s.Another {
		return nil, nil
	}
	ids, err := approversBefore(ctx, tx, t.Review, t.Stage)
	if err != nil {
		return nil, fmt.Errorf("load earlier approvals: %w", err)
	}
	return ids, nil
}

// mayVote tells whether the person's voice counts: in a stage of all that of a voter,
// and once the limit is past also of those it went to.
func (v view) mayVote(p identity.Person) bool {
	return len(v.task.Voters) == 0 || v.task.Escalated.Valid || slices.Contains(v.task.Voters, int64(p.ID))
}

// voicesOf returns the person and for whom the person is a deputy when the act reached
// us, each with the roles of now.
func voicesOf(ctx context.Context, tx *store.Tx, who identity.Person) ([]identity.Person, error) {
	ids, err := principalsOf(ctx, tx, who.ID, tx.ReceivedAt())
	if err != nil {
		return nil, fmt.Errorf("load principals: %w", err)
	}
	voices := []identity.Person{who}
	if len(ids) == 0 || !who.Here() {
		return voices, nil
	}
	principals, err := identity.Persons(ctx, tx, ids...)
	return append(voices, principals...), err
}

const (
	maxReason  = 200
	maxOpinion = 500
)

// check refuses a decision the stage does not know or that says too little.
func (d Decision) check(s Stage) (Decision, error) {
	d.Reason, d.Opinion = strings.TrimSpace(d.Reason), strings.TrimSpace(d.Opinion)
	switch {
	case d.Action.state() == "":
		return d, errs.Field("action", "请选择通过、退回或不通过。")
	case d.Action == Return && !s.MayReturn:
		return d, errs.Field("action", "这一步不能退回，请选择通过或不通过。")
	case d.Action == Reject && !s.MayReject:
		return d, errs.Field("action", "这一步不能直接不通过，需要时请退回补充。")
	case d.Action != Approve && d.Reason == "":
		return d, errs.Field("reason", "请选一个理由或写一句话，学生会看到。")
	case d.Amount < 0:
		return d, errs.Field("amount", "金额要大于 0。不同意发放，请选退回或不通过。")
	case d.Action == Approve && d.Amount > 0 && d.Reason == "":
		return d, errs.Field("reason", "写明为什么改金额，学生会看到。")
	case len([]rune(d.Reason)) > maxReason:
		return d, errs.Field("reason", fmt.Sprintf("理由最多 %d 个字。", maxReason))
	case len([]rune(d.Opinion)) > maxOpinion:
		return d, errs.Field("opinion", fmt.Sprintf("意见最多 %d 个字。", maxOpinion))
	}
	switch {
	case d.Action != Return:
		d.Marked = nil
	case len(d.Marked) == 0:
		d.Marked = s.Marks[d.Reason]
	}
	if d.Action != Approve {
		d.Amount = 0
	}
	if d.Action == Approve && d.Amount == 0 {
		d.Reason = ""
	}
	return d, nil
}

// decide writes the decision and what follows from it.
func (e *Engine) decide(ctx context.Context, tx *store.Tx, v view, d Decision) error {
	done, err := v.vote(ctx, tx, d)
	if err != nil {
		return err
	}
	if err := record(ctx, tx, v, d); err != nil {
		return err
	}
	res := Result{
		Subject: Subject{v.review.Kind, v.review.Subject}, State: Open, Action: d.Action, Stage: v.stage(), Next: v.stage(),
		By: v.who, For: v.forName(), Reason: d.Reason, Opinion: d.Opinion, Marked: d.Marked, Amount: d.Amount,
	}
	if !done {
		return v.outcome.Decided(ctx, tx, res)
	}
	ended, err := endTask(ctx, tx, v.task.ID, d.Action.state(), v.who.ID, v.principal())
	if err != nil {
		return fmt.Errorf("end task: %w", err)
	}
	if !ended {
		return ErrNotOpen
	}
	at := v.task.Stage
	if next := at + 1; d.Action == Approve && next < len(v.stages) {
		at, res.Next = next, v.stages[next]
	} else {
		res.State, res.Next = d.Action.state(), Stage{}
	}
	if err := setReview(ctx, tx, v.review.ID, res.State, at); err != nil {
		return fmt.Errorf("move review: %w", err)
	}
	if err := v.outcome.Decided(ctx, tx, res); err != nil {
		return err
	}
	if res.State == Open || d.Amount != 0 {
		if v.review.Facts, err = v.facts(ctx, tx); err != nil {
			return err
		}
	}
	if err := settle(ctx, tx, v.review, v.task, Card{
		Stage: v.stage().Title, Action: d.Action, By: v.who.Name, For: v.forName(), Reason: d.Reason,
	}); err != nil || res.State != Open {
		return err
	}
	return e.begin(ctx, tx, v.review, at)
}

// facts are those the cards show after the decision, sealed.
func (v view) facts(ctx context.Context, tx *store.Tx) ([]byte, error) {
	if v.outcome.Facts == nil {
		return v.review.Facts, nil
	}
	facts, err := v.outcome.Facts(ctx, tx, v.review.Subject)
	if err != nil {
		return nil, err
	}
	sealed, err := sealFacts(tx, v.review.PublicID, facts)
	if err != nil {
		return nil, err
	}
	if err := setFacts(ctx, tx, v.review.ID, sealed); err != nil {
		return nil, fmt.Errorf("keep facts: %w", err)
	}
	return sealed, nil
}

// vote tells whether the decision ends the stage: always, unless all must agree and
// somebody who still can has not.
func (v view) vote(ctx context.Context, tx *store.Tx, d Decision) (bool, error) {
	if len(v.task.Voters) == 0 || d.Action != Approve || !slices.Contains(v.task.Voters, int64(v.voice.ID)) {
		return true, nil
	}
	first, err := insertVote(ctx, tx, v.task.ID, v.voice.ID)
	if err != nil {
		return false, fmt.Errorf("write vote: %w", err)
	}
	if !first {
		return false, ErrVoted
	}
	agreed, err := votesOf(ctx, tx, v.task.ID)
	if err != nil {
		return false, fmt.Errorf("load votes: %w", err)
	}
	ids := make([]identity.ID, len(v.task.Voters))
	for i, id := range v.task.Voters {
		ids[i] = identity.ID(id)
	}
	voters, err := identity.Persons(ctx, tx, ids...)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(voters, func(p identity.Person) bool {
		return opens(p, v.task.Keys) && !slices.Contains(agreed, p.ID)
	}), nil
}

// record writes history and audit.
func record(ctx context.Context, tx *store.Tx, v view, d Decision) (err error) {
	ev := newEvent{
		PublicID: store.NewPublicID(), Review: v.review.ID, Stage: v.task.Stage, Action: d.Action,
		By: v.who.ID, For: v.principal(), Marked: d.Marked, Via: d.Via,
	}
	if ev.Words, err = sealWords(tx, ev.PublicID, words{Reason: d.Reason, Opinion: d.Opinion, Amount: d.Amount}); err != nil {
		return err
	}
	if err := insertEvent(ctx, tx, ev); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return audit.Append(ctx, tx, int64(v.who.ID), "review."+string(d.Action), v.review.Kind+"/"+v.review.Subject,
		map[string]any{"stage": v.stage().Code, "for": int64(v.principal()), "via": d.Via, "amount": d.Amount})
}

// decidedBefore tells who comes late what was decided, by whom and when.
func decidedBefore(who identity.Person, t taskRow, tx *store.Tx) error {
	when := calendar.When(t.DecidedAt.Time, tx.Zone())
	switch {
	case t.State == Withdrawn:
		return errs.New(errs.Conflict, fmt.Sprintf("申请人已在 %s 撤回，不用再处理。", when))
	case t.Decider.Int64 == int64(who.ID):
		return errs.New(errs.Conflict, fmt.Sprintf("您已在 %s 处理过：%s，不用再处理。", when, t.State.Label()))
	}
	return errs.New(errs.Conflict, fmt.Sprintf("%s老师已在 %s 处理：%s，不用再处理。", t.DecidedBy.String, when, t.State.Label()))
}
