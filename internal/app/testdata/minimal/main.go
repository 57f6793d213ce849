// Command minimal is the smallest server of the same libraries: what a process of the
// product is measured beside.
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"
	"github.com/redis/go-redis/v9"
)

func main() {
	db := sqlx.MustConnect("postgres", os.Getenv("DATABASE_URL"))
	o, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		panic(err)
	}
	if err := redis.NewClient(o).Ping(context.Background()).Err(); err != nil {
		panic(err)
	}
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	g.GET("/healthz", func(c *gin.Context) {
		var one int
		if db.Get(&one, "select 1") != nil {
			c.Status(http.StatusInternalServerError)
			return
		}
		c.String(http.StatusOK, "ok\n")
	})
	panic(http.ListenAndServe(os.Getenv("XUEGONG_LISTEN"), g))
}
