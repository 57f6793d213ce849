package approval

import (
	"context"

	"github.com/xuegong/xuegong/internal/identity"
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
