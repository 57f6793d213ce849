package localdb

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMain lets the test binary be run again as another process that uses a server:
// it says "ready URL" or "error TEXT", and stops when its input ends.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LOCALDB_TEST_USER_OF"); dir != "" {
		useServer(Options{Dir: dir, Test: os.Getenv("LOCALDB_TEST_MODE") != ""})
		return
	}
	os.Exit(m.Run())
}

func useServer(o Options) {
	p, err := StartPostgres(context.Background(), o)
	if err != nil {
		fmt.Println("error", strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Println("ready", p.URL("postgres"))
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := p.Stop(); err != nil {
		fmt.Println("error", err)
	}
}

func TestDataSurvivesARestart(t *testing.T) {
	t.Parallel()
	o := Options{Dir: openDir(t)}
	p := start(t, o)
	if err := p.EnsureDatabase(t.Context(), "school"); err != nil {
		t.Fatal(err)
	}
	if err := p.EnsureDatabase(t.Context(), "school"); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	exec1(t, p.URL("school"), `create table person (name text)`)
	exec1(t, p.URL("school"), `insert into person values ('张晓雨')`)
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if query1(t, p.URL("school"), `select 1`) != "" {
		t.Error("the server still answers after Stop")
	}
	p = start(t, o)
	want := map[string]string{
		"data":               "张晓雨",
		"fsync":              "on",
		"synchronous_commit": "on",
		"listen_addresses":   "",
		"server_encoding":    "UTF8",
		"max_connections":    "200",
	}
	got := map[string]string{"data": query1(t, p.URL("school"), `select name from person`)}
	for name := range want {
		if name != "data" {
			got[name] = query1(t, p.URL("school"), `show `+name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the restart (-want +got):\n%s", diff)
	}
	info, err := os.Stat(p.socket)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("socket folder is %v, %v, want it closed to others", info, err)
	}
}

func TestSecondProcessJoinsAndLeaves(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	p := start(t, Options{Dir: dir})
	exec1(t, p.URL("postgres"), `create table seen as select 'the same server' as it`)
	other := spawn(t, dir, false, nil)
	if got := query1(t, other.url(t), `select it from seen`); got != "the same server" {
		t.Errorf("the second process sees %q", got)
	}
	other.leave(t)
	if got := query1(t, p.URL("postgres"), `select it from seen`); got != "the same server" {
		t.Errorf("after the second process stopped: %q, want our server untouched", got)
	}
}

func TestOwnerKilled(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	owner := spawn(t, dir, false, nil)
	exec1(t, owner.url(t), `create table kept as select 'before the kill' as it`)
	owner.kill(t)
	p := start(t, Options{Dir: dir})
	if got := query1(t, p.URL("postgres"), `select it from kept`); got != "before the kill" {
		t.Errorf("after kill -9 of the owner: %q", got)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("the next process must own the server: %v", err)
	}
	if query1(t, p.URL("postgres"), `select 1`) != "" {
		t.Error("the next process must own the server: it still answers after Stop")
	}
}

func TestOtherMajorVersionIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	root := openDir(t)
	data := filepath.Join(root, "postgres", "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"PG_VERSION": "11\n", "base": "years of work"} {
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := StartPostgres(t.Context(), Options{Dir: root})
	for _, want := range []string{"belongs to PostgreSQL 11", data, "nothing was changed"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to say %q", err, want)
		}
	}
	if b, err := os.ReadFile(filepath.Join(data, "base")); string(b) != "years of work" {
		t.Errorf("the old data is %q, %v", b, err)
	}
}

func TestLongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), strings.Repeat("一个很长的文件夹名字/", 8))
	endShared(t, dir)
	p := start(t, Options{Dir: dir, Test: true})
	if len(p.socket)+len("/.s.PGSQL.5432") > maxSocketPath {
		t.Errorf("socket folder %q is too long", p.socket)
	}
	if got := query1(t, p.URL("postgres"), `select 1`); got != "1" {
		t.Errorf("query over the short socket: %q", got)
	}
}

func TestSharedTestCluster(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	endShared(t, dir)
	first := spawn(t, dir, true, nil)
	second := spawn(t, dir, true, nil)
	exec1(t, first.url(t), `create table seen as select 'shared' as it`)
	if got := query1(t, second.url(t), `select it from seen`); got != "shared" {
		t.Fatalf("the second process sees %q", got)
	}
	if got := query1(t, second.url(t), `show fsync`); got != "off" {
		t.Errorf("fsync is %s in test mode", got)
	}
	first.kill(t)
	if got := query1(t, second.url(t), `select it from seen`); got != "shared" {
		t.Errorf("after kill -9 of the process that started it: %q, want the server to stay", got)
	}
	pids, err := filepath.Glob(filepath.Join(dir, "postgres", "*", "data", "postmaster.pid"))
	if err != nil || len(pids) != 1 {
		t.Fatalf("postmaster.pid: %v, %v", pids, err)
	}
	second.leave(t)
	if _, err := exec.LookPath("flock"); err != nil {
		return // without flock(1) the server is meant to stay
	}
	gone := poll(t.Context(), func() (bool, error) {
		_, err := os.Stat(pids[0])
		return os.IsNotExist(err), nil
	})
	if gone != nil {
		t.Errorf("the server outlived its last user: %v", gone)
	}
	third := spawn(t, dir, true, nil)
	if got := query1(t, third.url(t), `select it from seen`); got != "shared" {
		t.Errorf("the next run sees %q", got)
	}
}

func TestManyProcessesStartAtOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []bool{true, false} {
		t.Run(fmt.Sprintf("test_mode_%v", test), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t)
			if test {
				endShared(t, dir)
			}
			var all []*process
			for range 5 {
				all = append(all, spawn(t, dir, test, nil))
			}
			started := map[string]bool{}
			for _, p := range all {
				started[query1(t, p.url(t), `select pg_postmaster_start_time()`)] = true
			}
			if len(started) != 1 || started[""] {
				t.Errorf("the processes use servers started at %v, want one", started)
			}
		})
	}
}

// TestAsAnotherUser runs the same as a user without rights. Run by such a user, every
// test here is that test.
func TestAsAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return
	}
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		dir := openDir(t)
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		p := spawn(t, dir, false, &syscall.Credential{Uid: 65534, Gid: 65534})
		if got := query1(t, p.url(t), `select 1`); got != "1" {
			t.Errorf("query: %q", got)
		}
	})
	t.Run("without_passwd_entry", func(t *testing.T) {
		t.Parallel()
		dir := openDir(t)
		if err := os.Chown(dir, 54321, 54321); err != nil {
			t.Fatal(err)
		}
		p := spawn(t, dir, false, &syscall.Credential{Uid: 54321, Gid: 54321})
		if want := "user id 54321 has no entry in /etc/passwd"; !strings.Contains(p.says, want) {
			t.Errorf("it says %q, want %q", p.says, want)
		}
	})
}

func TestClosedParent(t *testing.T) {
	t.Parallel()
	stranger := &account{name: "stranger", uid: os.Geteuid() + 4242, gid: os.Getegid() + 4242}
	open, state := openDir(t), openDir(t)
	closed := filepath.Join(open, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	m := &machine{stateDir: state}
	tests := []struct {
		name, dir string
		account   *account
		want      string
	}{
		{"open_folder_is_used", filepath.Join(open, "postgres"), stranger, filepath.Join(open, "postgres")},
		{"closed_folder_moves", filepath.Join(closed, "a"), stranger, filepath.Join(state, shortHash(filepath.Join(closed, "a")))},
		{"each_folder_has_its_own_place", filepath.Join(closed, "b"), stranger, filepath.Join(state, shortHash(filepath.Join(closed, "b")))},
		{"our_own_user_needs_no_other", filepath.Join(closed, "c"), nil, filepath.Join(closed, "c")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := m.reachableDir(tt.dir, tt.account)
			if err != nil || got != tt.want {
				t.Errorf("reachableDir = %q, %v, want %q", got, err, tt.want)
			}
			if info, err := os.Stat(got); err != nil || !info.IsDir() {
				t.Errorf("it was not made: %v", err)
			}
		})
	}
}

func start(t *testing.T, o Options) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return p
}

// endShared stops the folder's test cluster when the test is over, without its usual
// patience, so that the folder can be removed.
func endShared(t *testing.T, dir string) {
	t.Helper()
	t.Cleanup(func() {
		dirs, err := filepath.Glob(filepath.Join(dir, "postgres", "[0-9]*"))
		if err != nil || len(dirs) != 1 {
			t.Fatalf("test clusters: %v, %v", dirs, err)
		}
		c := &cluster{dir: dirs[0]}
		if r, ok := c.pidFile(); ok {
			if err := interrupt(r.pid); err != nil {
				t.Errorf("stop the test cluster: %v", err)
			}
		}
		err = poll(context.Background(), func() (bool, error) {
			lock, err := tryLock(c.file("owner.lock"), exclusive)
			if lock == nil {
				return false, err
			}
			return true, lock.Close()
		})
		if err != nil {
			t.Errorf("the test cluster does not end: %v", err)
		}
	})
}

// openDir is a temporary folder that the user PostgreSQL runs as can enter too.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// process is this test binary run again by spawn.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	says  string
}

func spawn(t *testing.T, dir string, test bool, as *syscall.Credential) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if as != nil {
		exe = copyFile(t, exe, filepath.Join(openDir(t), "localdb.test"))
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), exe) // it leaves by itself below, and stops the server then
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LOCALDB_TEST_USER_OF="+dir)
	if test {
		cmd.Env = append(cmd.Env, "LOCALDB_TEST_MODE=1")
	}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, stdin: stdin}
	t.Cleanup(func() {
		_ = stdin.Close() // it may have left already
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the other process said %q: %v", line, err)
	}
	p.says = strings.TrimSpace(line)
	return p
}

func (p *process) url(t *testing.T) string {
	t.Helper()
	url, ok := strings.CutPrefix(p.says, "ready ")
	if !ok {
		t.Fatalf("the other process says %q", p.says)
	}
	return url
}

func (p *process) leave(t *testing.T) {
	t.Helper()
	_ = p.stdin.Close()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the other process: %v", err)
	}
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // "signal: killed", as asked
}

func copyFile(t *testing.T, from, to string) string {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return to
}

func exec1(t *testing.T, url, statement string) {
	t.Helper()
	err := withConn(url, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), statement)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// query1 returns the one value, or "" when the server does not answer.
func query1(t *testing.T, url, query string) (value string) {
	t.Helper()
	err := withConn(url, func(db *sql.DB) error {
		return db.QueryRowContext(t.Context(), query).Scan(&value)
	})
	if err != nil {
		t.Logf("%s: %v", query, err)
	}
	return value
}
