package alarm

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/store"
)

// Alarm sets and pops due times.
type Alarm struct {
	redis redis.UniversalClient
	pop   *redis.Script
}

// New returns an alarm on the Redis given.
func New(r redis.UniversalClient) *Alarm { return &Alarm{redis: r, pop: redis.NewScript(popScript)} }

func key(queue string) string { return "xuegong:due:" + queue }

// Set adds due times, one pipeline for all.
func (a *Alarm) Set(ctx context.Context, due []store.Due) error {
	byQueue := map[string][]redis.Z{}
	for _, d := range due {
		byQueue[d.Queue] = append(byQueue[d.Queue], redis.Z{Score: float64(d.At.UnixMilli()), Member: d.ID})
	}
	pipe := a.redis.Pipeline()
	for queue, zs := range byQueue {
		pipe.ZAdd(ctx, key(queue), zs...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("set alarm: %w", err)
	}
	return nil
}

// popScript takes up to ARGV[2] members of KEYS[1] whose score is at most ARGV[1],
// earliest first, and returns them; another process never gets the same.
const popScript = `
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #ids > 0 then redis.call('ZREM', KEYS[1], unpack(ids)) end
return ids`

// Pop takes up to n ids of the queue that are due at now; n is at most 1000.
func (a *Alarm) Pop(ctx context.Context, queue string, now time.Time, n int) ([]int64, error) {
	members, err := a.pop.Run(ctx, a.redis, []string{key(queue)}, now.UnixMilli(), min(n, 1000)).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("pop alarm: %w", err)
	}
	ids := make([]int64, 0, len(members))
	for _, m := range members {
		if id, err := strconv.ParseInt(m, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
