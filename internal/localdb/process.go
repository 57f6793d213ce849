package localdb

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

const stopTimeout = 30 * time.Second

// child is a server process of ours; done is closed when it has ended.
type child struct {
	process *os.Process
	done    chan struct{}
}

// startProcess forks from a thread that lives as long as the child, because Linux
// sends the parent-death signal when the forking thread ends, not the process.
func startProcess(cmd *exec.Cmd) (*child, error) {
	c := &child{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		c.process = cmd.Process
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // how it ended is in its log
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// stop asks the server to end without waiting for its clients, and insists after a while.
func (c *child) stop() error {
	select {
	case <-c.done:
		return nil
	default:
	}
	if err := interrupt(c.process.Pid); err != nil {
		return fmt.Errorf("stop server: %w", err)
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := c.process.Kill(); err != nil {
		return fmt.Errorf("kill server: %w", err)
	}
	<-c.done
	return fmt.Errorf("the server did not stop within %v and was killed", stopTimeout)
}

// startChild runs the server as our child: it dies when we do.
func (c *cluster) startChild(ctx context.Context, socket string, _ *os.File) (*child, error) {
	return c.start(ctx, c.bin.path("postgres"), c.serverArgs(socket), nil, diesWithUs)
}

// keeper runs the server ("$@", with its socket in $0) for everybody and stops it when
// nobody uses it any more.
// Descriptor 3 is the owner lock, held until the server has ended; descriptor 4 is
// users.lock, which processes hold shared while they use the server. Taking it alone
// means that all have left; those who come now wait until the shell is gone.
const keeper = `
"$@" 3>&- 4>&- &
server=$!
trap 'kill -INT $server' INT
if command -v flock >/dev/null 2>&1; then
	{ while flock -x 4 && flock -u 4 && sleep 5; do
		flock -n -x 4 && break
	  done
	  kill -INT $server
	} 3>&- >/dev/null 2>&1 &
fi
while kill -0 $server 2>/dev/null; do wait $server; done
rmdir "$0" 2>/dev/null
trap '' TERM
kill -TERM 0
`

// startShared runs the server under the keeper, detached from us.
func (c *cluster) startShared(ctx context.Context, socket string, owner *os.File) (*child, error) {
	users, err := os.OpenFile(c.file("users.lock"), os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	defer users.Close()
	args := append([]string{"-c", keeper, socket, c.bin.path("postgres")}, c.serverArgs(socket)...)
	return c.start(ctx, "/bin/sh", args, []*os.File{owner, users}, outlivesUs)
}

func (c *cluster) start(ctx context.Context, name string, args []string, files []*os.File, life lifetime) (*child, error) {
	log, err := c.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := c.command(context.WithoutCancel(ctx), name, args, life)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, files
	return startProcess(cmd)
}

// run waits for a program of the PostgreSQL installation and returns what it said.
func (c *cluster) run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := c.command(ctx, c.bin.path(name), args, diesWithUs).CombinedOutput()
	return string(out), err
}

// command runs in the cluster's folder, since the server's user may not be allowed
// into ours, and speaks English, since we read what it says.
func (c *cluster) command(ctx context.Context, name string, args []string, life lifetime) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+c.dir)
	cmd.SysProcAttr = processAttr(c.account, life)
	return cmd
}

// lifetime is how a child relates to our own end.
type lifetime int

const (
	diesWithUs lifetime = iota
	outlivesUs
)

// cacheDir is the project's own folder in the user's cache: unpacked packages and
// the test cluster.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("cache-%d", os.Geteuid()))
	}
	return filepath.Join(dir, "xuegong")
}
