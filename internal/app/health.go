package app

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/store"
)

// registerHealth mounts /healthz (the process lives), /readyz (it can work) and /metrics.
func (a *App) registerHealth(g gin.IRoutes) {
	g.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	g.GET("/readyz", a.ready)
	g.GET("/metrics", gin.WrapH(a.metrics.handler()))
}

// ready answers 200 when the database answers and this release works with its schema. Without Redis the process works, slower.
func (a *App) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 3*time.Second)
	defer cancel()
	status := gin.H{"database": "ok", "redis": "ok"}
	code := http.StatusOK
	have, newest, err := a.db.Schema(ctx)
	switch {
	case err != nil:
		status["database"], code = "unreachable", http.StatusServiceUnavailable
	case have < newest:
		status["database"], code = "schema is not migrated", http.StatusServiceUnavailable
	case !store.Fits(have, newest):
		status["database"], code = "schema is of a later release", http.StatusServiceUnavailable
	}
	status["schema"], status["newest"] = have, newest
	if code == http.StatusOK {
		status["services"] = "ok"
		if err := a.checkServices(ctx); err != nil { // applications read their own versions, so this process can work
			status["services"] = err.Error()
		}
	}
	if err := a.redis.Ping(ctx).Err(); err != nil {
		status["redis"] = "unreachable"
	}
	c.JSON(code, status)
}
