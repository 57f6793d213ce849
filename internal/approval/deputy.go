package approval

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// Deputy decides for somebody from From until To.
type Deputy struct {
	PublicID  string
	Principal string // names
	Deputy    string
	From, To  time.Time
}

// maxDeputy is how long a deputy can be set for; longer is a role.
const maxDeputy = 366 * 24 * time.Hour

// SetDeputy has deputy decide what principal may, from from until to: the principal
// themself or an Admin sets it. A role the principal loses is lost to the deputy too; a
// deputy has no deputies. Students are no deputies of staff.
func SetDeputy(ctx context.Context, tx *store.Tx, who identity.Person, principal, deputy identity.ID, from, to time.Time) (string, error) {
	if who.ID != principal && !who.HasIn(0, identity.Admin) {
		return "", identity.ErrForbidden
	}
	persons, err := identity.Lock(ctx, tx, principal, deputy)
	if err != nil {
		return "", err
	}
	switch {
	case principal == deputy:
		return "", errs.Field("deputy", "请选另一位老师代办。")
	case len(persons) != 2 || !persons[1].Here() || persons[1].IsStudent():
		return "", errs.Field("deputy", "没有找到这位老师，或这位老师目前不在职。")
	case !to.After(from):
		return "", errs.Field("to", "结束时间要晚于开始时间。")
	case !to.After(tx.Now()):
		return "", errs.Field("to", "结束时间已经过去，请重新选择。")
	case to.Sub(from) > maxDeputy:
		return "", errs.Field("to", "代办最长一年，更久请由管理员授予角色。")
	}
	id := store.NewPublicID()
	if err := insertDeputy(ctx, tx, id, principal, deputy, from, to, who.ID); err != nil {
		return "", fmt.Errorf("set deputy: %w", err)
	}
	if from.After(tx.Now()) {
		err = job.Put(ctx, tx, DeputyJob, id, "school", from, nil)
	} else {
		err = handOver(ctx, tx, id)
	}
	if err != nil {
		return "", err
	}
	return id, audit.Append(ctx, tx, int64(who.ID), "deputy.set", "deputy/"+id,
		map[string]any{"principal": persons[0].PublicID, "deputy": persons[1].PublicID, "from": from.Unix(), "to": to.Unix()})
}

// HandedOver is what a deputy is told when the dates begin: KindHandedOver.
type HandedOver struct {
	Principal string    `json:"principal"`
	Until     time.Time `json:"until"`
	Waiting   int       `json:"waiting"` // tasks of the principal's roles
}

// begins hands over when the dates begin.
func (e *Engine) begins(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	return job.Result{}, handOver(ctx, tx, j.Key)
}

// handOver tells the deputy what waits, unless it ended before it began.
func handOver(ctx context.Context, tx *store.Tx, publicID string) error {
	d, err := lockDeputy(ctx, tx, publicID)
	if err != nil {
		return fmt.Errorf("lock deputy: %w", err)
	}
	if !d.To.After(tx.Now()) {
		return nil
	}
	principal, err := identity.Get(ctx, tx, d.Principal)
	if err != nil {
		return err
	}
	n, err := countQueue(ctx, tx, keysOf(principal), d.Deputy, nil) // what the deputy can decide of it
	if err != nil {
		return fmt.Errorf("count tasks: %w", err)
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{d.Deputy}, Kind: KindHandedOver, Class: outbox.Bulk,
		Scope: "school", Subject: "deputy/" + publicID,
		Args: HandedOver{Principal: principal.Name, Until: d.To, Waiting: n},
	})
}

// EndDeputy ends it now: the principal or an Admin. Ending what has ended changes nothing.
func EndDeputy(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) error {
	d, err := lockDeputy(ctx, tx, publicID)
	if store.Missing(err) || err == nil && d.Principal != who.ID && !who.HasIn(0, identity.Admin) {
		return identity.ErrForbidden
	}
	if err != nil {
		return fmt.Errorf("lock deputy: %w", err)
	}
	if err := endDeputy(ctx, tx, publicID); err != nil {
		return fmt.Errorf("end deputy: %w", err)
	}
	if err := outbox.Cancel(ctx, tx, "deputy/"+publicID, KindHandedOver); err != nil {
		return err
	}
	return audit.Append(ctx, tx, int64(who.ID), "deputy.end", "deputy/"+publicID, nil)
}

// Deputies lists those that count now or later: one's own on either side, an Admin's all.
func Deputies(ctx context.Context, tx *store.Tx, who identity.Person) ([]Deputy, error) {
	rows, err := selectDeputies(ctx, tx, who.ID, who.HasIn(0, identity.Admin), tx.Now())
	if err != nil {
		return nil, fmt.Errorf("list deputies: %w", err)
	}
	list := make([]Deputy, len(rows))
	for i, r := range rows {
		list[i] = Deputy{PublicID: r.PublicID, Principal: r.Names, Deputy: r.Name, From: r.From, To: r.To}
	}
	return list, nil
}
