package app_test

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/localdb"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// BenchmarkStart starts the program as `make build` makes it and the smallest server of
// the same libraries by turns (B1): medians from exec to the first 200, of the memory held
// when nothing happens, and the size of the program.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	minimal := filepath.Join(dir, "minimal")
	build(b, "make", "-C", "../..", "build")
	build(b, "go", "build", "-tags", "nomsgpack", "-trimpath", "-ldflags", "-s -w", "-o", minimal, "./testdata/minimal")
	red, err := localdb.StartRedisServer(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = red.Stop() }()
	env := append(os.Environ(), "DATABASE_URL="+storetest.Durable(b), "REDIS_URL="+red.URL(),
		"XUEGONG_PUBLIC_URL=http://127.0.0.1", "XUEGONG_DATA_KEY="+base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"WECOM_CORP_ID=ww0123456789abcdef", "WECOM_AGENT_ID=1000002", "WECOM_SECRET=secret", "WECOM_TOKEN=token",
		"WECOM_AES_KEY="+strings.Repeat("a", 43), "WECOM_API_URL=http://127.0.0.1:1")
	const rounds = 9
	for b.Loop() {
		var ours, limit [rounds]started
		for i := range rounds {
			ours[i] = start(b, env, "../../bin/xuegong", "serve")
			limit[i] = start(b, env, minimal)
		}
		ms, limitMS := median(ours[:], started.ms), median(limit[:], started.ms)
		mb, limitMB := median(ours[:], started.mb), median(limit[:], started.mb)
		b.ReportMetric(ms, "start_ms")
		b.ReportMetric(ms/limitMS, "start_x_minimal")
		b.ReportMetric(mb, "idle_MB")
		b.ReportMetric(mb/limitMB, "idle_x_minimal")
	}
	file, err := os.Stat("../../bin/xuegong")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(file.Size())/1e6, "file_MB")
}

// started is how one start went: until the first 200, and the resident memory after it.
type started struct {
	wait     time.Duration
	resident int // kB
}

func (s started) ms() float64 { return float64(s.wait.Microseconds()) / 1e3 }
func (s started) mb() float64 { return float64(s.resident) / 1e3 }

func median(of []started, figure func(started) float64) float64 {
	all := make([]float64, len(of))
	for i, s := range of {
		all[i] = figure(s)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func start(b *testing.B, env []string, program string, args ...string) (s started) {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := ln.Addr().String()
	_ = ln.Close()
	cmd := exec.Command(program, args...)
	cmd.Env = append(slices.Clone(env), "XUEGONG_LISTEN="+address)
	begin := clock.Wall()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for !healthy(address) {
		if clock.Wall().Sub(begin) > 30*time.Second {
			b.Fatalf("%s does not answer", program)
		}
		<-tick.C
	}
	s.wait = clock.Wall().Sub(begin)
	s.resident = settled(b, cmd.Process.Pid)
	return s
}

func healthy(address string) bool {
	res, err := http.Get("http://" + address + "/healthz")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// settled waits until a process holds as much memory as half a second before.
func settled(b *testing.B, pid int) (kB int) {
	b.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for before := -1; kB != before; {
		before = kB
		<-tick.C
		kB = resident(b, pid)
	}
	return kB
}

func resident(b *testing.B, pid int) (kB int) {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kB); err == nil {
			return kB
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

func build(b *testing.B, name string, args ...string) {
	b.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
}
