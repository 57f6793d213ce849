package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/app"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
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

func TestTemplatesApply_says_which_role_nobody_holds(t *testing.T) {
	t.Parallel()
	url := storetest.Loaded(t, "sample", sample.Load)
	_, env := settings(t, url, "127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:1")
	apply := func() string {
		var b strings.Builder
		if status := app.Main([]string{"templates", "apply"}, env, &b, &b, "test"); status != 0 {
			t.Fatalf("%d %s", status, b.String())
		}
		return b.String()
	}
	const line = "! internship-subsidy: nobody holds office_head for 负责人确认金额"
	if out := apply(); strings.Contains(out, line) || !strings.Contains(out, "services are active") {
		t.Errorf("with a head: %s", out)
	}
	db := storetest.Open(t, url, clock.NewFixed(storetest.Monday), store.Options{})
	storetest.Update(t, db, func(tx *store.Tx) error {
		_, err := tx.ExecContext(t.Context(), `update role set valid_to = greatest(valid_from, $1) where name = 'office_head'`, tx.Now())
		return err
	})
	if out := apply(); !strings.Contains(out, line) {
		t.Errorf("without one: %s", out)
	}
}
