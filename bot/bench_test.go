package bot_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/bot"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/inbox"
)

// What a callback costs us beyond what any answer over gin costs (performance.md C2):
// compare the two by cpu-ns/op, the server's own processor time.
func BenchmarkReceive(b *testing.B)  { measure(b, receiving(b)) }
func BenchmarkEmptyGin(b *testing.B) { measure(b, empty()) }

// receiving opens, decodes and hands on to a Keep that does nothing.
func receiving(b *testing.B) http.Handler {
	r := &bot.Receiver{
		Codec: newCodec(b, token, corp), Clock: clock.NewFixed(monday()), Log: slog.New(slog.DiscardHandler),
		Keep: func(context.Context, inbox.Act) error { return nil },
	}
	return engine(r.Register)
}

// empty reads the query and the body, as any handler of a POST, and looks at neither.
func empty() http.Handler {
	return engine(func(g gin.IRoutes) {
		g.POST("/wecom/callback", func(c *gin.Context) {
			if _, err := io.Copy(io.Discard, c.Request.Body); err != nil || c.Query("nonce") == "" {
				c.Status(http.StatusBadRequest)
			}
		})
	})
}

func measure(b *testing.B, h http.Handler) {
	b.Run("loopback", func(b *testing.B) { overLoopback(b, h) })
	b.Run("handler", func(b *testing.B) { inProcess(b, h) })
}

// callbacks are text messages of about half a kilobyte, all different.
func callbacks(b *testing.B) []request {
	c := newCodec(b, token, corp)
	all := make([]request, 256)
	for i := range all {
		all[i] = post(c, text(fmt.Sprintf("第%d次问，我想约周三下午或者周四上午的时间", i)), monday())
	}
	return all
}

// overLoopback has another process send, so that only the server's time is counted.
func overLoopback(b *testing.B, h http.Handler) {
	srv := httptest.NewServer(h)
	defer srv.Close()
	addr := strings.TrimPrefix(srv.URL, "http://")
	var wire bytes.Buffer
	for _, r := range callbacks(b) {
		fmt.Fprintf(&wire, "POST /wecom/callback?%s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s\x00",
			r.query.Encode(), addr, len(r.body), r.body)
	}
	sender := exec.Command(os.Args[0])
	sender.Env = append(os.Environ(), sendTo+"="+addr, sendCount+"="+strconv.Itoa(b.N))
	sender.Stdin, sender.Stderr = &wire, os.Stderr
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu()
	if err := sender.Run(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op")
}

// cpu is the processor time this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The environment that makes the test binary a sender.
const (
	sendTo    = "XUEGONG_BENCH_SEND_TO"
	sendCount = "XUEGONG_BENCH_SEND_COUNT"
)

func TestMain(m *testing.M) {
	addr := os.Getenv(sendTo)
	if addr == "" {
		os.Exit(m.Run())
	}
	n, err := strconv.ParseInt(os.Getenv(sendCount), 10, 64)
	if err == nil {
		err = load(addr, n)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// load sends n of the requests on stdin over a few kept-alive connections.
func load(addr string, n int64) error {
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	wire := bytes.Split(bytes.TrimSuffix(in, []byte{0}), []byte{0})
	var left atomic.Int64
	left.Store(n)
	const connections = 16
	failed := make(chan error, connections)
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			if err := send(addr, wire, &left); err != nil {
				failed <- err
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

func send(addr string, wire [][]byte, left *atomic.Int64) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	answers := bufio.NewReader(conn)
	for i := left.Add(-1); i >= 0; i = left.Add(-1) {
		if _, err := conn.Write(wire[i%int64(len(wire))]); err != nil {
			return err
		}
		if err := accepted(answers); err != nil {
			return err
		}
	}
	return nil
}

// accepted reads one empty answer with status 200.
func accepted(answers *bufio.Reader) error {
	for first := true; ; first = false {
		line, err := answers.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case first && !bytes.Contains(line, []byte(" 200 ")):
			return fmt.Errorf("answered %q", line)
		case len(bytes.TrimSpace(line)) == 0:
			return nil
		}
	}
}

func inProcess(b *testing.B, h http.Handler) {
	all := callbacks(b)
	requests := make([]*http.Request, len(all))
	for i, r := range all {
		requests[i] = httptest.NewRequest(http.MethodPost, "/wecom/callback?"+r.query.Encode(), nil)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		r := requests[i%len(requests)]
		r.Body = io.NopCloser(strings.NewReader(all[i%len(all)].body))
		res := httptest.NewRecorder()
		h.ServeHTTP(res, r)
		if res.Code != http.StatusOK {
			b.Fatalf("answered %d", res.Code)
		}
	}
}
