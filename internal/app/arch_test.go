package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/xuegong/xuegong"

// layers are the rooms of the product from the top down. A room imports only rooms
// of lower layers; neighbours never import each other. A room that is not here does
// not exist: a line of code knows where it belongs.
var layers = [][]string{
	{"."},
	{"internal/app"},
	{"internal/sample"},
	{"bot", "miniapp"},
	{"bot/dialogue", "bot/understand", "bot/card", "miniapp/h5", "miniapp/desk", "miniapp/api"},
	{"miniapp/page"},
	{"internal/counselling"},
	{"internal/request"},
	{"internal/service"},
	{"internal/approval"},
	{"internal/form"},
	{"internal/rule"},
	{"internal/calendar", "internal/setting", "internal/outbox", "internal/inbox", "internal/job"},
	{"internal/identity"},
	{"internal/audit", "internal/blob", "internal/session", "internal/alarm"},
	{"internal/store/storetest"},
	{"internal/store", "internal/wecom", "internal/simulator"},
	{"internal/sheet", "internal/photo", "internal/document"},
	{"miniapp/static", "templates", "migrations", "internal/localdb", "internal/config"},
	{"internal/clock", "internal/region"},
	{"internal/errs"},
}

// beside are the imports between neighbours that are meant, each with its reason.
var beside = map[string]string{
	"bot/card -> bot/dialogue": "a question's card is made of the dialogue's reply",
}

func TestLayers(t *testing.T) {
	t.Parallel()
	level := map[string]int{}
	for i, rooms := range layers {
		for _, r := range rooms {
			level[r] = i
		}
	}
	seen := map[string]bool{}
	eachFile(t, func(room, file string, f *ast.File) {
		seen[room] = true
		if _, ok := level[room]; !ok {
			t.Errorf("%s: the room %s is not in the table of layers", file, room)
			return
		}
		for _, imp := range imports(f) {
			to, ours := strings.CutPrefix(imp, module+"/")
			if !ours {
				continue
			}
			if beside[room+" -> "+to] == "" && level[to] <= level[room] {
				t.Errorf("%s: %s must not import %s, which is not below it", file, room, to)
			}
		}
	})
	for _, rooms := range layers {
		for _, r := range rooms {
			if !seen[r] {
				t.Errorf("the room %s is in the table and does not exist", r)
			}
		}
	}
}

// What only one room may do.
func TestRooms(t *testing.T) {
	t.Parallel()
	rules := []struct {
		why     string
		imports string   // prefix of an import path
		rooms   []string // who may
	}{
		{"the SDK has globals and leaks secrets in errors", "github.com/silenceper/wechat", []string{"internal/wecom"}},
		{
			"Redis is the alarm, the sessions and the shared token", "github.com/redis/go-redis",
			[]string{"internal/alarm", "internal/app", "internal/session", "internal/wecom", "miniapp", "internal/localdb"},
		},
		{
			"features know no faces", "github.com/gin-gonic/gin",
			[]string{"bot", "miniapp", "miniapp/page", "miniapp/h5", "miniapp/desk", "miniapp/api", "miniapp/static", "internal/app"},
		},
		{
			"the simulator is the platform, not our client", module + "/internal/wecom",
			[]string{"bot", "bot/card", "internal/app", "internal/outbox", "miniapp"},
		},
	}
	eachFile(t, func(room, file string, f *ast.File) {
		for _, imp := range imports(f) {
			for _, r := range rules {
				if strings.HasPrefix(imp, r.imports) && !slices.Contains(r.rooms, room) {
					t.Errorf("%s imports %s: %s", file, imp, r.why)
				}
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && n.Sel.Name == "Now" && room != "internal/clock" {
					t.Errorf("%s: time.Now is only in internal/clock", file)
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING && isSQL(n.Value) && !isSQLFile(file) && room != "internal/store" && room != "internal/store/storetest" {
					t.Errorf("%s: SQL is only in sql.go and sql_<subject>.go: %.60s", file, n.Value)
				}
			}
			return true
		})
	})
}

// isSQLFile tells whether a room keeps its statements in the file: a feature of many
// subjects has a file for each.
func isSQLFile(file string) bool {
	name := filepath.Base(file)
	return name == "sql.go" || strings.HasPrefix(name, "sql_")
}

func isSQL(literal string) bool {
	s, err := strconv.Unquote(literal)
	if err != nil {
		return false
	}
	words := strings.Fields(strings.ToLower(s))
	if len(words) < 3 {
		return false
	}
	switch words[0] {
	case "select":
		return slices.Contains(words, "from")
	case "insert":
		return words[1] == "into"
	case "update":
		return slices.Contains(words, "set")
	case "delete":
		return words[1] == "from"
	case "with":
		return slices.Contains(words, "as") && slices.Contains(words, "from")
	}
	return false
}

func imports(f *ast.File) []string {
	list := make([]string, len(f.Imports))
	for i, imp := range f.Imports {
		list[i], _ = strconv.Unquote(imp.Path.Value)
	}
	return list
}

// eachFile parses every source file of the product that is no test.
func eachFile(t *testing.T, fn func(room, file string, f *ast.File)) {
	t.Helper()
	root, err := filepath.Abs("../..")
	must(t, err)
	set := token.NewFileSet()
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		fn(filepath.ToSlash(filepath.Dir(rel)), filepath.ToSlash(rel), f)
		return nil
	}))
}
