package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/clock"
)

const prefix = "session:"

// redisStore is what scs keeps its sessions in.
type redisStore struct{ rdb redis.UniversalClient }

func (s redisStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	b, err := s.rdb.Get(ctx, prefix+token).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read session: %w", err)
	}
	return b, true, nil
}

func (s redisStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	ttl := expiry.Sub(clock.Wall())
	if ttl <= 0 {
		return s.DeleteCtx(ctx, token)
	}
	if err := s.rdb.Set(ctx, prefix+token, b, ttl).Err(); err != nil {
		return fmt.Errorf("write session: %w", err)
	}
	return nil
}

func (s redisStore) DeleteCtx(ctx context.Context, token string) error {
	if err := s.rdb.Del(ctx, prefix+token).Err(); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// The forms without a context are asked for by scs's interface and used by none of its calls here.

func (s redisStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

func (s redisStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

func (s redisStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
