package page_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/miniapp/static"
)

func TestDump(t *testing.T) {
	render, stories := book(t)
	dir := "/tmp/stories"
	_ = os.RemoveAll(dir)
	a, _ := static.New()
	_ = fs.WalkDir(static.FS, ".", func(n string, d fs.DirEntry, err error) error {
		if u, err := a.URL(n); err == nil {
			b, _ := fs.ReadFile(static.FS, n)
			p := filepath.Join(dir, u)
			_ = os.MkdirAll(filepath.Dir(p), 0o755)
			_ = os.WriteFile(p, b, 0o644)
		}
		return nil
	})
	for _, s := range stories {
		var b bytes.Buffer
		_ = render.Render(&b, s.Page)
		_ = os.WriteFile(filepath.Join(dir, s.Name+".html"), []byte(strings.ReplaceAll(b.String(), `"/static/`, `"static/`)), 0o644)
	}
}
