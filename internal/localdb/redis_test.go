package localdb

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuegong/xuegong/internal/clock"
)

func TestInProcessRedis(t *testing.T) {
	t.Parallel()
	r, err := StartRedis(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	client := redis.NewClient(&redis.Options{Addr: r.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })

	const life = 300 * time.Millisecond
	begun := clock.Wall()
	if err := client.Set(t.Context(), "session", "s01", life).Err(); err != nil {
		t.Fatal(err)
	}
	err = poll(t.Context(), func() (bool, error) {
		err := client.Get(t.Context(), "session").Err()
		if errors.Is(err, redis.Nil) {
			return true, nil
		}
		return false, err
	})
	if err != nil {
		t.Fatal(err)
	}
	// A tick may fall just after the key was set, so it may live one tick less, not two.
	if lived := clock.Wall().Sub(begun); lived < life-2*tickEvery {
		t.Errorf("the key lived %v, want about %v", lived, life)
	}

	r.Stop()
	r.Stop()
	var d net.Dialer
	if conn, err := d.DialContext(t.Context(), "tcp", r.Addr()); err == nil {
		_ = conn.Close() // only that it opened counts
		t.Error("the server still listens after Stop")
	}
}

func TestRedisServer(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{
		"in_its_folder":   "redis",
		"in_a_short_path": strings.Repeat("long/", 30),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), dir)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			r, err := StartRedisServer(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			o, err := redis.ParseURL(r.URL())
			if err != nil {
				t.Fatal(err)
			}
			client := redis.NewClient(o)
			defer client.Close()
			if got := client.ConfigGet(t.Context(), "save").Val()["save"]; got != "" {
				t.Errorf("save is %q, want no persistence", got)
			}
			if err := r.Stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
			if answersPing(t.Context(), o.Addr) {
				t.Error("the server still answers after Stop")
			}
		})
	}
}

func TestNoRedisServer(t *testing.T) {
	t.Parallel()
	m := &machine{getenv: func(string) string { return "" }, cacheDir: t.TempDir()}
	if _, err := m.findRedisServer(); err == nil || !strings.Contains(err.Error(), "scripts/need.sh redis") {
		t.Errorf("error %v, want what to do", err)
	}
	unpacked := filepath.Join(m.cacheDir, "pkg", "bin", "redis-server")
	script(t, unpacked, "#!/bin/sh\n")
	if got, err := m.findRedisServer(); err != nil || got != unpacked {
		t.Errorf("found %q, %v, want the unpacked one", got, err)
	}
}
