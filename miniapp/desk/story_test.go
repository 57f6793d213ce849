package desk_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/miniapp/desk"
	"github.com/xuegong/xuegong/miniapp/page"
	"github.com/xuegong/xuegong/miniapp/static"
	"github.com/xuegong/xuegong/templates"
)

func renderer(t testing.TB) *page.Renderer {
	t.Helper()
	assets, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	r, err := page.NewRenderer(templates.FS, assets, storetest.Shanghai())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	postForm = regexp.MustCompile(`(?s)<form[^>]*method="post"[^>]*action="(/desk/[^"]*)".*?</form>`)
	idOf     = regexp.MustCompile(` id="([^"]+)"`)
	labelFor = regexp.MustCompile(`<label for="([^"]+)"`)
)

func TestStories(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	shown := map[string]bool{"desk/error": true} // the kit's own
	for _, s := range desk.Stories(storetest.Shanghai()) {
		shown[s.Page.Template()] = true
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			if err := r.Render(&b, s.Page); err != nil {
				t.Fatal(err)
			}
			html := b.String()
			for _, bad := range []string{"<no value>", "ZgotmplZ", "%!", "心理"} {
				if strings.Contains(html, bad) && !strings.HasSuffix(s.Name, "_refused") {
					t.Errorf("the page says %q", bad)
				}
			}
			for _, form := range postForm.FindAllStringSubmatch(html, -1) {
				if !strings.Contains(form[0], `name="once"`) && form[1] != "/desk/people/import" { // the preview acts on nothing
					t.Errorf("form %s has no one-time token", form[1])
				}
				if !strings.Contains(form[0], `type="submit"`) {
					t.Errorf("form %s cannot be sent without scripts", form[1])
				}
			}
			var ids []string
			for _, m := range idOf.FindAllStringSubmatch(html, -1) {
				if slices.Contains(ids, m[1]) {
					t.Errorf("id %s stands twice", m[1])
				}
				ids = append(ids, m[1])
			}
			for _, m := range labelFor.FindAllStringSubmatch(html, -1) {
				if !slices.Contains(ids, m[1]) {
					t.Errorf("a label is for %s, which is not there", m[1])
				}
			}
		})
	}
	for _, name := range r.Templates() {
		if strings.HasPrefix(name, "desk/") && !shown[name] {
			t.Errorf("no story shows %s", name)
		}
	}
}
