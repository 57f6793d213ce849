package request

import (
	"context"
	"fmt"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/store"
)

// Broken returns one line for each row that breaks an invariant of the package.
func Broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	var pairs []string
	for _, s := range States() {
		for _, n := range s.Next() {
			pairs = append(pairs, string(s)+">"+string(n))
		}
	}
	lines, err := broken(ctx, tx, pairs)
	if err != nil {
		return nil, fmt.Errorf("audit applications: %w", err)
	}
	reviews, err := approval.UnderWay(ctx, tx, Kind)
	if err != nil {
		return nil, err
	}
	states, err := underWay(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit applications: %w", err)
	}
	for id, s := range states {
		if want := map[State]approval.State{Submitted: approval.Open, Returned: approval.Returned}[s]; reviews[id] != want {
			lines = append(lines, fmt.Sprintf("request: application %s is %s and its review is %q", id, s, reviews[id]))
		}
		delete(reviews, id)
	}
	for id, s := range reviews {
		lines = append(lines, fmt.Sprintf("request: application %s has ended and its review is %s", id, s))
	}
	return lines, nil
}
