package request

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Work is what one of the staff has to do with applications.
type Work struct {
	Reviews  int       // that wait for the person's decision
	Services []Service // of the person's offices: those offered, then old ones with applications
	Asks     int       // questions without an answer at the offices
	Office   bool      // the person works the queue of an office
}

// Service is a queue of an office.
type Service struct {
	Version service.Version
	Offered bool          // students can apply now as far as the file is concerned
	Counts  map[State]int // of applications, drafts left out
}

// Waiting is how many applications of the service the office has to do something with.
func (s Service) Waiting() int {
	return s.Counts[Submitted] + s.Counts[Approved] + s.Counts[Printed] + s.Counts[Made] + s.Counts[ToPay] + s.Counts[PayFailed]
}

// All is how many applications there are.
func (s Service) All() int {
	n := 0
	for _, c := range s.Counts {
		n += c
	}
	return n
}

// Count adds up a state over all services.
func (w Work) Count(states ...State) int {
	n := 0
	for _, s := range w.Services {
		for _, st := range states {
			n += s.Counts[st]
		}
	}
	return n
}

// WorkOf returns what the person has to do; for who has nothing to do with applications
// it is empty.
func WorkOf(ctx context.Context, tx *store.Tx, who identity.Person) (Work, error) {
	var w Work
	var err error
	if w.Reviews, err = approval.Waiting(ctx, tx, who, Kind); err != nil {
		return w, err
	}
	units, all := offices(who)
	if len(units) == 0 && !all {
		return w, nil
	}
	w.Office = true
	if w.Asks, err = countAsks(ctx, tx, units, all); err != nil {
		return w, fmt.Errorf("count questions: %w", err)
	}
	w.Services, err = servicesOf(ctx, tx, units, all)
	return w, err
}

// Reviews tells whether applications are put before the person at all: by a role whose work
// they are, or by what waits for them now.
func Reviews(ctx context.Context, tx *store.Tx, who identity.Person) (bool, error) {
	if who.Here() && who.Has(identity.Office, identity.OfficeHead, identity.ClassCounsellor) {
		return true, nil
	}
	n, err := approval.Waiting(ctx, tx, who, Kind)
	return n > 0, err
}

// servicesOf are the services the units own, and those that own applications of them.
func servicesOf(ctx context.Context, tx *store.Tx, units []int64, all bool) ([]Service, error) {
	counts, err := countQueue(ctx, tx, units, all)
	if err != nil {
		return nil, fmt.Errorf("count applications: %w", err)
	}
	active, err := service.Active(ctx, tx)
	if err != nil {
		return nil, err
	}
	departments, err := identity.Units(ctx, tx, identity.Department, identity.College)
	if err != nil {
		return nil, err
	}
	owns := func(v service.Version) bool {
		return all || slices.ContainsFunc(departments, func(u identity.Unit) bool { return u.Name == v.Department && slices.Contains(units, u.ID) })
	}
	var list []Service
	for _, v := range active {
		if owns(v) || counts[v.Code] != nil {
			list = append(list, Service{Version: v, Offered: true, Counts: counts[v.Code]})
			delete(counts, v.Code)
		}
	}
	old, err := latestVersions(ctx, tx, counts)
	if err != nil {
		return nil, err
	}
	for _, v := range old {
		list = append(list, Service{Version: v, Counts: counts[v.Code]})
	}
	return list, nil
}

// latestVersions are those of services that are not offered any more, by the newest
// application of each.
func latestVersions(ctx context.Context, tx *store.Tx, codes map[string]map[State]int) ([]service.Version, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	names := make([]string, 0, len(codes))
	for code := range codes {
		names = append(names, code)
	}
	ids, err := selectLatestVersions(ctx, tx, names)
	if err != nil {
		return nil, fmt.Errorf("find versions: %w", err)
	}
	var list []service.Version
	for _, id := range ids {
		v, err := service.Get(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Assigned lists the applications that wait for the person's decision, or for that of
// somebody whose deputy the person is, the oldest first; each has its Task.
func (e *Engine) Assigned(ctx context.Context, tx *store.Tx, who identity.Person, after string, limit int) (list []Item, next string, err error) {
	tasks, next, err := approval.Tasks(ctx, tx, who, after, limit, Kind)
	if err != nil {
		return nil, "", err
	}
	ids := make([]string, len(tasks))
	for i, t := range tasks {
		ids[i] = t.Subject.ID
	}
	found, err := itemsByID(ctx, tx, ids)
	if err != nil {
		return nil, "", err
	}
	for _, t := range tasks {
		if i, ok := found[t.Subject.ID]; ok {
			i.Task = t
			list = append(list, i)
		}
	}
	return list, next, nil
}

func itemsByID(ctx context.Context, tx *store.Tx, ids []string) (map[string]Item, error) {
	list, err := items(ctx, tx, `a.public_id = any($1)`, `id`, stringArray(ids))
	if err != nil {
		return nil, fmt.Errorf("load applications: %w", err)
	}
	found := make(map[string]Item, len(list))
	for _, i := range list {
		found[i.PublicID] = i
	}
	return found, nil
}

// withTasks adds to the submitted ones what the person can decide.
func withTasks(ctx context.Context, tx *store.Tx, who identity.Person, list []Item) error {
	var ids []string
	for _, i := range list {
		if i.State == Submitted {
			ids = append(ids, i.PublicID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	tasks, err := approval.TasksOf(ctx, tx, who, Kind, ids)
	for i := range list {
		list[i].Task = tasks[list[i].PublicID]
	}
	return err
}

// maxNamed bounds what Named looks up at once.
const maxNamed = 200

// Named returns list entries of the first 200 applications the person may read, by their
// public ids, for naming what a batch could not do.
func (e *Engine) Named(ctx context.Context, tx *store.Tx, who identity.Person, ids []string) (map[string]Item, error) {
	found, err := itemsByID(ctx, tx, ids[:min(len(ids), maxNamed)])
	if err != nil {
		return nil, err
	}
	for id := range found {
		_, err := readable(ctx, tx, who, id)
		if errors.Is(err, ErrNotYours) {
			delete(found, id)
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Earlier lists the other applications of an application's student, the newest first, up
// to 20: those of the person's offices, and those of the same service (D-14).
func (e *Engine) Earlier(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) ([]Item, error) {
	a, err := readable(ctx, tx, who, publicID)
	if err != nil {
		return nil, err
	}
	units, all := offices(who)
	list, err := items(ctx, tx, `a.student_id = $1 and a.id <> $2 and a.state <> 'draft' and ($3 or a.department_id = any($4) or a.service = $5)
		order by a.id desc limit 20`, `id desc`, a.Student.ID, a.id, all, int64Array(units), a.Service.Code)
	if err != nil {
		return nil, fmt.Errorf("list earlier applications: %w", err)
	}
	return list, nil
}

// Unheld returns, by the code of the service, the stages of what is offered now that nobody
// holds the role for.
func Unheld(ctx context.Context, tx *store.Tx) (map[string][]approval.Stage, error) {
	active, err := service.Active(ctx, tx)
	if err != nil {
		return nil, err
	}
	unheld := map[string][]approval.Stage{}
	for _, v := range active {
		department, err := departmentOf(ctx, tx, v.Definition)
		if errs.KindOf(err) == errs.Unavailable { // the service says so itself
			continue
		}
		if err != nil {
			return nil, err
		}
		stages, err := approval.Unheld(ctx, tx, department, v.Stages)
		if err != nil {
			return nil, err
		}
		if len(stages) > 0 {
			unheld[v.Code] = stages
		}
	}
	return unheld, nil
}

// VersionUse is a version of a service with how many applications go by it.
type VersionUse struct {
	service.Version
	Active     bool
	Under, All int // still under way, and all
}

// VersionsOf returns the versions of a service that applications of the person's offices
// go by, and the active one, the newest first (D-64).
func VersionsOf(ctx context.Context, tx *store.Tx, who identity.Person, code string) ([]VersionUse, error) {
	units, all := offices(who)
	if len(units) == 0 && !all {
		return nil, identity.ErrForbidden
	}
	uses, err := selectUses(ctx, tx, units, all, code)
	if err != nil {
		return nil, fmt.Errorf("count versions: %w", err)
	}
	active, err := service.ByCode(ctx, tx, code)
	if err != nil && !errors.Is(err, service.ErrNoVersion) {
		return nil, err
	}
	if active.ID != 0 && !slices.ContainsFunc(uses, func(u useRow) bool { return u.ID == active.ID }) {
		uses = slices.Insert(uses, 0, useRow{ID: active.ID})
	}
	list := make([]VersionUse, len(uses))
	for i, u := range uses {
		v, err := service.Get(ctx, tx, u.ID)
		if err != nil {
			return nil, err
		}
		list[i] = VersionUse{Version: v, Active: v.ID == active.ID, Under: u.Under, All: u.All}
	}
	return list, nil
}
