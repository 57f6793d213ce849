package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// FS holds the files by their plain names, for who serves them in a way of its own.
//
//go:embed *.css *.js *.svg desk phone vendor
var FS embed.FS

// Prefix is where the assets are served.
const Prefix = "/static/"

// Assets serves the files. Safe for concurrent use.
type Assets struct {
	urls  map[string]string // name to address
	files map[string]file   // address to file
}

type file struct {
	mime  string
	plain []byte
	small func() []byte // gzip, made when first asked for; nil where it saves nothing
}

// New reads and hashes every file.
func New() (*Assets, error) {
	a := &Assets{urls: map[string]string{}, files: map[string]file{}}
	err := fs.WalkDir(FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || mimeOf(name) == "" || isPart(name) {
			return err
		}
		b, err := read(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		url := Prefix + hex.EncodeToString(sum[:6]) + "/" + name
		a.urls[name] = url
		a.files[url] = file{mime: mimeOf(name), plain: b, small: sync.OnceValue(func() []byte { return compress(b) })}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	return a, nil
}

// isPart tells whether the file is served as part of a sheet, not by its own name.
func isPart(name string) bool {
	return path.Dir(name) != "." && path.Dir(name) != "vendor"
}

// read returns a file with what its folder adds to it: desk.css goes on in desk/, one
// file a topic, in the order of their names.
func read(name string) ([]byte, error) {
	b, err := fs.ReadFile(FS, name)
	if err != nil {
		return nil, err
	}
	parts, err := fs.Glob(FS, strings.TrimSuffix(name, path.Ext(name))+"/*"+path.Ext(name))
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		more, err := fs.ReadFile(FS, part)
		if err != nil {
			return nil, err
		}
		b = append(b, more...)
	}
	return b, nil
}

// mimeOf returns "" for what is not served, the licences.
func mimeOf(name string) string {
	switch path.Ext(name) {
	case ".css", ".js", ".svg":
		return mime.TypeByExtension(path.Ext(name))
	}
	return ""
}

func compress(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a valid one
	_, _ = w.Write(b)                                       // to memory
	_ = w.Close()
	if out.Len() >= len(b) {
		return nil
	}
	return out.Bytes()
}

// URL returns the address of a file. An unknown name is a mistake in a template and
// ends its rendering.
func (a *Assets) URL(name string) (string, error) {
	url, ok := a.urls[name]
	if !ok {
		return "", fmt.Errorf("no static file %q", name)
	}
	return url, nil
}

// ServeHTTP serves one file, to be kept for a year.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.mime)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if small := f.small(); small != nil {
			h.Set("Content-Encoding", "gzip")
			body = small
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a reader who left is nobody's error
	}
}
