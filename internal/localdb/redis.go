package localdb

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/xuegong/xuegong/internal/clock"
)

// tickEvery is how exactly keys expire. miniredis could ask a clock for every command
// instead, but then every command walks all keys that expire.
const tickEvery = 100 * time.Millisecond

// Redis is an in-process Redis that keeps nothing.
type Redis struct {
	addr string
	stop func()
}

// StartRedis listens on a free port of the loopback address, in real time.
func StartRedis(o Options) (*Redis, error) {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start in-process Redis: %w", err)
	}
	quit, ticking := make(chan struct{}), sync.WaitGroup{}
	ticking.Go(func() { passTime(server, quit) })
	if o.Log != nil {
		o.Log.Debug("in-process Redis", slog.String("addr", server.Addr()))
	}
	return &Redis{addr: server.Addr(), stop: sync.OnceFunc(func() {
		close(quit)
		ticking.Wait()
		server.Close()
	})}, nil
}

// Addr returns host:port.
func (r *Redis) Addr() string { return r.addr }

// Stop ends the server and waits for it. A second call does nothing.
func (r *Redis) Stop() { r.stop() }

// passTime moves the server by what really passed, since ticks of a busy machine are lost.
func passTime(server *miniredis.Miniredis, quit <-chan struct{}) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	last := clock.Wall()
	for {
		select {
		case <-quit:
			return
		case <-tick.C:
			now := clock.Wall()
			server.FastForward(now.Sub(last))
			last = now
		}
	}
}
