package service_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/templates"
)

// shipped are the codes of the services in the order of the home page.
func shipped() []string {
	return []string{
		"award-certificate", "honour-certificate", "hardship-certificate", "volunteer-card", "internship-subsidy", "skill-certificate", "mutual-aid",
		"personal-data",
	}
}

func load(t *testing.T, overlay string) []service.File {
	t.Helper()
	files, err := templates.Open(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list, err := service.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func codes(files []service.File) []string {
	var list []string
	for _, f := range files {
		list = append(list, f.Definition.Code)
	}
	return list
}

// What every shipped service owes its students, whatever it gives.
func TestShippedServices(t *testing.T) {
	t.Parallel()
	files := load(t, "")
	if diff := cmp.Diff(shipped(), codes(files)); diff != "" {
		t.Fatalf("services (-want +got):\n%s", diff)
	}
	home, err := templates.LoadHome(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(f.Definition.Code, func(t *testing.T) {
			t.Parallel()
			d := f.Definition
			if module := home.Modules[1].Name; d.Group != module && f.Definition.Code != "personal-data" {
				t.Errorf("stands in module %q", d.Group)
			}
			if len(d.Contacts) < 2 || !strings.Contains(d.Place, d.Department) {
				t.Errorf("place %q with %d contacts", d.Place, len(d.Contacts))
			}
			money := d.Outcome.Kind == service.Payout
			if money && (len(d.Stages) < 2 || d.Limits.PerYear == 0) {
				t.Error("money needs two stages and a limit")
			}
			for _, s := range d.Stages {
				if s.LimitHours == 0 || s.EscalateTo != identity.Office {
					t.Errorf("stage %s waits without limit", s.Code)
				}
			}
			if _, err := json.Marshal(d.Form.Schema()); err != nil {
				t.Error(err)
			}
			if strings.ContainsAny(string(f.Content), "！!") {
				t.Error("an exclamation mark")
			}
		})
	}
}

// A school adds, changes and takes away services by files alone.
func TestAnOverlayAddsChangesAndTakesAway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, "services"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "services", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ours, err := templates.FS.ReadFile("services/mutual-aid.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write("reading-fund.yaml", reading)
	write("mutual-aid.yaml", strings.Replace(string(ours), "title: 砺志互助基金", "title: 同舟互助基金", 1))
	write("volunteer-card.yaml", "")
	files := load(t, dir)
	if diff := cmp.Diff([]string{
		"award-certificate", "honour-certificate", "hardship-certificate", "internship-subsidy", "skill-certificate", "mutual-aid", "personal-data", "reading-fund",
	}, codes(files)); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	if got := files[5].Definition.Title; got != "同舟互助基金" {
		t.Errorf("the changed one is called %s", got)
	}
}

// The example a school copies from the docs is a file that works, and every key, kind,
// source and text is named there.
func TestDocs_are_complete_and_their_example_works(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/services.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	_, example, _ := strings.Cut(doc, "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if _, err := service.Parse("reading-fund.yaml", []byte(example)); err != nil {
		t.Errorf("example: %v", err)
	}
	words := service.Sources()
	for _, k := range form.Kinds() {
		words = append(words, "`"+string(k)+"`")
	}
	for _, k := range service.TextKeys() {
		words = append(words, k.Key)
	}
	for _, w := range words {
		if !strings.Contains(doc, w) {
			t.Errorf("%s is not in docs/services.md", w)
		}
	}
}
