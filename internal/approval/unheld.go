package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// Unheld are the stages that wait for somebody nobody is: their role for the department,
// or for the school, is held by no one there. Those of a student's unit are left out, since
// they differ from student to student.
func Unheld(ctx context.Context, tx *store.Tx, department int64, stages []Stage) ([]Stage, error) {
	var list []Stage
	for _, s := range stages {
		unit := map[Scope]int64{OfDepartment: department}[s.Scope]
		if s.Scope == OfStudent {
			continue
		}
		holders, err := identity.HolderIDs(ctx, tx, unit, s.Role)
		if err != nil {
			return nil, err
		}
		if len(holders) == 0 {
			list = append(list, s)
		}
	}
	return list, nil
}

// KindUnheld is the message to the school's administrators that something waits for
// nobody: Nobody.
const KindUnheld = "approval.unheld"

// Nobody says which role has to be given so that what waits is decided.
type Nobody struct {
	Stage string            `json:"stage"`
	Role  identity.RoleName `json:"role"`
	Unit  string            `json:"unit"` // its name, "" the whole school
}

// lookAgain is how long a task lies before it is seen whether somebody can decide it now.
const lookAgain = 4 * time.Hour

// lie has a task that nobody can decide wait for somebody who can, and tells who can give
// the role.
func lie(ctx context.Context, tx *store.Tx, r reviewRow, t taskRow, s Stage) error {
	if err := job.Put(ctx, tx, UnheldJob, t.PublicID, r.Scope, tx.Now().Add(lookAgain), nil); err != nil {
		return err
	}
	return alarm(ctx, tx, r, s)
}

// unheld sends the card once somebody can decide the task.
func (e *Engine) unheld(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	v, open, err := lockDue(ctx, tx, j.Key)
	if err != nil || !open {
		return job.Result{}, err
	}
	to, err := v.deciders(ctx, tx)
	if err != nil {
		return job.Result{}, err
	}
	if len(to) > 0 {
		return job.Result{}, announce(ctx, tx, v.review, v.task, v.stage(), to)
	}
	return job.Result{Again: true, At: tx.Now().Add(lookAgain)}, alarm(ctx, tx, v.review, v.stage())
}

// alarm tells the school's administrators, once a day for a role and unit however much
// waits for it.
func alarm(ctx context.Context, tx *store.Tx, r reviewRow, s Stage) error {
	admins, err := identity.HolderIDs(ctx, tx, 0, identity.Admin)
	if err != nil {
		return err
	}
	unit := r.unitFor(s)
	names, err := unitNames(ctx, tx)
	if err != nil {
		return err
	}
	subject := "approval/unheld/" + key(s.Role, unit)
	return outbox.Put(ctx, tx, outbox.Message{
		To: admins, Kind: KindUnheld, Class: outbox.Bulk,
		Scope: "school", Subject: subject, Key: subject + "/" + tx.Now().In(tx.Zone()).Format(time.DateOnly),
		Args: Nobody{Stage: s.Title, Role: s.Role, Unit: names[unit]},
	})
}

// unitFor is where the role of a stage has to be given: a 辅导员 has a class, the others of
// a student's a college.
func (r reviewRow) unitFor(s Stage) int64 {
	units := r.unitsOf(s.Scope)
	if s.Role == identity.ClassCounsellor && len(units) > 1 {
		return units[1]
	}
	return units[len(units)-1]
}

// Lying is what waits for a role that nobody holds.
type Lying struct {
	Nobody
	Tasks int
	Since time.Time // of the oldest
}

// Unattended lists what waits and nobody can decide, for who can give the roles, the oldest
// first; for everybody else it is empty.
func Unattended(ctx context.Context, tx *store.Tx, who identity.Person) ([]Lying, error) {
	if !who.HasIn(0, identity.Admin) {
		return nil, nil
	}
	rows, err := selectUnattended(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list what nobody can decide: %w", err)
	}
	names, err := unitNames(ctx, tx)
	if err != nil {
		return nil, err
	}
	var list []Lying
	for _, row := range rows {
		var s Stage
		if err := json.Unmarshal(row.Stage, &s); err != nil {
			return nil, fmt.Errorf("read stage: %w", err)
		}
		unit := reviewRow{Units: row.Units, Department: row.Department}.unitFor(s)
		n := Nobody{Stage: s.Title, Role: s.Role, Unit: names[unit]}
		i := slices.IndexFunc(list, func(l Lying) bool { return l.Nobody == n })
		if i < 0 {
			i, list = len(list), append(list, Lying{Nobody: n, Since: row.Since})
		}
		list[i].Tasks += row.Tasks
	}
	return list, nil
}

// unitNames are the names of all units; 0, the whole school, has none.
func unitNames(ctx context.Context, tx *store.Tx) (map[int64]string, error) {
	units, err := identity.Units(ctx, tx)
	if err != nil {
		return nil, err
	}
	names := make(map[int64]string, len(units))
	for _, u := range units {
		names[u.ID] = u.Name
	}
	return names, nil
}
