package miniapp

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/miniapp/page"
)

// How much one actor, or one address, may do in a minute. A whole campus may share one
// address, so there only sign-ins that failed are counted: what guesses codes fails.
const (
	actsPerMinute          = 60
	failedSignInsPerMinute = 30
)

// limits count in Redis, for all processes together.
type limits struct {
	rate *redis_rate.Limiter
	log  *slog.Logger
}

func newLimits(rdb redis.UniversalClient, log *slog.Logger) limits {
	return limits{rate: redis_rate.NewLimiter(rdb), log: log}
}

// take counts n acts of key and returns how long to wait, 0 for go on. Without Redis
// everybody may go on.
func (l limits) take(ctx context.Context, key string, perMinute, n int) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	res, err := l.rate.AllowN(ctx, key, redis_rate.PerMinute(perMinute), n)
	if err != nil {
		l.log.Warn("rate limit not counted", slog.Any("error", err))
		return 0
	}
	if n == 0 && res.Remaining == 0 {
		return res.ResetAfter / time.Duration(perMinute)
	}
	return max(0, res.RetryAfter)
}

// limitActs bounds what one actor does in a minute; reading is free.
func (s *Server) limitActs(face page.Face) gin.HandlerFunc {
	return func(g *gin.Context) {
		if g.Request.Method == http.MethodGet || g.Request.Method == http.MethodHead {
			return
		}
		if wait := s.limits.take(g.Request.Context(), "act:"+page.ActorKey(g), actsPerMinute, 1); wait > 0 {
			s.tooMany(g, face, wait)
		}
	}
}

// tooMany tells who acts faster than people do how long to wait.
func (s *Server) tooMany(g *gin.Context, face page.Face, wait time.Duration) {
	seconds := int(math.Ceil(wait.Seconds()))
	g.Header("Retry-After", strconv.Itoa(seconds))
	s.kit.Fail(g, face, errs.New(errs.TooMany, fmt.Sprintf("操作有点频繁，请过 %d 秒再试。", seconds)))
}
