package templates_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/xuegong/xuegong/templates"
)

const threeModules = "modules: [{name: 甲}, {name: 乙}, {name: 丙, items: [{code: a, title: 心理咨询, chat: 成长预约, path: /m/a, for: [student]}]}]"

func TestLoadHomeRefusesMistakes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, yaml, want string
	}{
		{"a_good_one", threeModules, ""},
		{"two_modules", "modules: [{name: 甲}, {name: 乙}]", "has 2 modules"},
		{"a_misspelt_key", strings.Replace(threeModules, "title", "titel", 1), "titel"},
		{"an_item_without_a_path", strings.Replace(threeModules, ", path: /m/a", "", 1), "needs code, title, chat and a path"},
		{"a_word_that_must_not_be_pushed", strings.Replace(threeModules, "成长预约", "心理咨询", 1), "must be neutral"},
		{"an_item_twice", strings.Replace(threeModules, "{name: 甲}", "{name: 甲, items: [{code: a, title: x, chat: x, path: /}]}", 1), "stands twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := templates.LoadHome(fstest.MapFS{"home.yaml": {Data: []byte(tt.yaml)}})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("LoadHome = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAnOverlayTakesThePlaceOfAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "home.yaml"), []byte(threeModules), 0o600); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{"": "信息查询", dir: "甲"} {
		files, err := templates.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		home, err := templates.LoadHome(files)
		if err != nil || home.Modules[0].Name != want {
			t.Errorf("overlay %q: %q, %v; want %q", folder, home.Modules[0].Name, err, want)
		}
	}
	if _, err := templates.Open(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there is a mistake")
	}
}
