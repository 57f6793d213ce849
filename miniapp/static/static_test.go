package static_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/miniapp/static"
)

func assets(t *testing.T) *static.Assets {
	t.Helper()
	a, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAssets_serve_by_content(t *testing.T) {
	t.Parallel()
	a := assets(t)
	url, err := a.URL("tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	want, err := fs.ReadFile(static.FS, "tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, encoding := range []string{"", "gzip, br"} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		req.Header.Set("Accept-Encoding", encoding)
		res := httptest.NewRecorder()
		a.ServeHTTP(res, req)
		var body io.Reader = res.Body
		if encoding != "" {
			if body, err = gzip.NewReader(res.Body); err != nil {
				t.Fatal(err)
			}
		}
		got, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if res.Code != http.StatusOK || string(got) != string(want) || !strings.HasPrefix(res.Header().Get("Content-Type"), "text/css") {
			t.Errorf("Accept-Encoding %q: %d, %d bytes, %s", encoding, res.Code, len(got), res.Header().Get("Content-Type"))
		}
	}
}

func TestAssets_a_sheet_goes_on_in_its_folder(t *testing.T) {
	t.Parallel()
	a := assets(t)
	for sheet, part := range map[string]string{"desk.css": "desk/request.css", "phone.css": "phone/request.css"} {
		url, err := a.URL(sheet)
		if err != nil {
			t.Fatal(err)
		}
		more, err := fs.ReadFile(static.FS, part)
		if err != nil {
			t.Fatal(err)
		}
		res := httptest.NewRecorder()
		a.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodGet, url, nil))
		if !strings.Contains(res.Body.String(), string(more)) {
			t.Errorf("%s is served without %s", sheet, part)
		}
		if url, err := a.URL(part); err == nil {
			t.Errorf("%s is served by itself at %s too", part, url)
		}
	}
}

func TestAssets_unknown_names(t *testing.T) {
	t.Parallel()
	a := assets(t)
	for _, name := range []string{"nothing.css", "vendor/VERSION", "vendor/weui.LICENSE", "static.go"} {
		if url, err := a.URL(name); err == nil {
			t.Errorf("%s is served at %s", name, url)
		}
	}
}

var versionLine = regexp.MustCompile(`(?m)^(\S+).*\n.*\n\s+file\s+sha256 ([0-9a-f]{64})$`)

// What others wrote is what VERSION says it is.
func TestVendor_is_what_VERSION_says(t *testing.T) {
	t.Parallel()
	version, err := fs.ReadFile(static.FS, "vendor/VERSION")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, m := range versionLine.FindAllStringSubmatch(string(version), -1) {
		said[m[1]] = m[2]
	}
	files, err := fs.Glob(static.FS, "vendor/*.min.*")
	if err != nil || len(files) == 0 {
		t.Fatalf("vendor: %v %v", files, err)
	}
	for _, file := range files {
		b, err := fs.ReadFile(static.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		name := strings.TrimPrefix(file, "vendor/")
		if said[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s has the sum %x, VERSION says %q", name, sum, said[name])
		}
		licence := "vendor/" + strings.SplitN(name, ".", 2)[0] + ".LICENSE"
		if _, err := fs.Stat(static.FS, licence); err != nil {
			t.Errorf("%s has no licence beside it", name)
		}
	}
}

// The web views of old phones know neither; the pages must not need them.
func TestPhone_styles_and_scripts_suit_old_web_views(t *testing.T) {
	t.Parallel()
	parts, err := fs.Glob(static.FS, "phone/*.css")
	if err != nil || len(parts) == 0 {
		t.Fatalf("parts of phone.css: %v %v", parts, err)
	}
	for _, name := range append(parts, "tokens.css", "phone.css", "phone.js", "form.js") {
		b, err := fs.ReadFile(static.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		code := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(b), "")
		for _, tooNew := range []string{":has(", "@layer", "@container", "\tgap:", " gap:", "inset:", "?.", "??", "color-mix("} {
			if strings.Contains(code, tooNew) {
				t.Errorf("%s uses %s", name, strings.TrimSpace(tooNew))
			}
		}
	}
}

var token = regexp.MustCompile(`(?m)^\t+--([a-z0-9-]+):\s*(#[0-9a-f]{6});`)

// What is read on what, and at least at which contrast (look.md: 4.5 to 1).
func TestTokens_have_contrast(t *testing.T) {
	t.Parallel()
	b, err := fs.ReadFile(static.FS, "tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(b), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("no dark colours")
	}
	colours := map[string]string{}
	for _, scheme := range []struct{ name, css string }{{"light", light}, {"dark", dark}} { // dark lies over light
		for _, m := range token.FindAllStringSubmatch(scheme.css, -1) {
			colours[m[1]] = m[2]
		}
		for _, pair := range [][2]string{
			{"ink", "ground"},
			{"ink", "surface"},
			{"ink-2", "surface"},
			{"ink-3", "ground"},
			{"brand-text", "surface"},
			{"brand-text", "ground"},
			{"brand-text", "brand-soft"},
			{"on-brand", "brand"},
			{"on-brand", "brand-press"},
			{"done-ink", "done-soft"},
			{"wait-ink", "wait-soft"},
			{"todo-ink", "todo-soft"},
			{"todo-ink", "surface"},
			{"idle-ink", "idle-soft"},
			{"idle-ink", "ground"},
			{"off-ink", "off"},
		} {
			if c := contrast(colours[pair[0]], colours[pair[1]]); c < 4.5 {
				t.Errorf("%s: %s on %s is %.2f to 1", scheme.name, pair[0], pair[1], c)
			}
		}
	}
}
