package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/app"
)

// run calls the command line and returns what it printed.
func run(args ...string) (status int, out string) {
	var b strings.Builder
	status = app.Main(args, nil, &b, &b, "test")
	return status, b.String()
}

func TestTemplatesCheck_names_file_line_and_reason(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "services"), 0o700))
	if status, out := run("templates", "check", dir); status != 0 || !strings.Contains(out, "✓ mutual-aid 砺志互助基金") {
		t.Fatalf("ours alone: %d %s", status, out)
	}
	must(t, os.WriteFile(filepath.Join(dir, "services", "reading-fund.yaml"), []byte("code: reading-fund\ntitel: 阅读补助\n"), 0o600))
	status, out := run("templates", "check", dir)
	if status != 1 || !strings.Contains(out, "services/reading-fund.yaml:2: 没有 titel 这个键，看看是不是拼错了") {
		t.Errorf("a mistake: %d %s", status, out)
	}
}
