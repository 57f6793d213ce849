package localdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// findRedisServer returns the redis-server (or valkey-server) of this machine: on
// PATH, or among the packages that scripts/need.sh unpacked.
func (m *machine) findRedisServer() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := m.lookPath(name); err == nil {
			return path, nil
		}
		unpacked := filepath.Join(m.cacheDir, "pkg", "bin", name)
		if _, err := os.Stat(unpacked); err == nil {
			return unpacked, nil
		}
	}
	return "", errors.New("no redis-server on this machine: install it (Debian, Ubuntu: apt-get install redis-server), or run scripts/need.sh redis")
}

// RedisServer is a real redis-server of our own, without persistence.
type RedisServer struct {
	socket string
	stop   func() error
}

// StartRedisServer runs redis-server on a unix socket in dir, which must exist, or in
// a short temporary folder if dir's path is too long for a socket. It dies with us.
func StartRedisServer(ctx context.Context, dir string) (*RedisServer, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	path, err := thisMachine().findRedisServer()
	if err != nil {
		return nil, err
	}
	home, remove, err := redisHome(dir)
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(home, "redis.sock")
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path,
		"--port", "0", "--unixsocket", socket, "--unixsocketperm", "700",
		"--save", "", "--appendonly", "no", "--daemonize", "no",
		"--dir", dir, "--logfile", "redis.log")
	cmd.SysProcAttr = processAttr(nil, diesWithUs)
	server, err := startProcess(cmd)
	if err != nil {
		remove()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	r := &RedisServer{socket: socket, stop: sync.OnceValue(func() error {
		defer remove()
		return server.stop()
	})}
	if err := r.awaitReady(ctx, server); err != nil {
		return nil, errors.Join(fmt.Errorf("redis-server in %s: %w", dir, err), r.Stop())
	}
	return r, nil
}

// URL returns the address for redis.ParseURL: unix:///path/redis.sock.
func (r *RedisServer) URL() string { return "unix://" + r.socket }

// Stop ends the server and waits for it. A second call does nothing and returns the same.
func (r *RedisServer) Stop() error { return r.stop() }

func (r *RedisServer) awaitReady(ctx context.Context, server *child) error {
	return poll(ctx, func() (bool, error) {
		select {
		case <-server.done:
			return false, errors.New("the server ended while starting, see its redis.log")
		default:
		}
		return answersPing(ctx, r.socket), nil
	})
}

func answersPing(ctx context.Context, socket string) bool {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return false
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok && conn.SetDeadline(deadline) != nil {
		return false
	}
	answer := make([]byte, len("+PONG"))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	_, err = io.ReadFull(conn, answer)
	return err == nil && string(answer) == "+PONG"
}

// redisHome is the folder of the socket, and how to clear it away if it is not dir itself.
func redisHome(dir string) (home string, remove func(), err error) {
	if len(filepath.Join(dir, "redis.sock")) <= maxSocketPath {
		return dir, func() {}, nil
	}
	home, err = shortTempDir()
	return home, func() { _ = os.Remove(home) }, err // nothing depends on an empty folder that stays
}
