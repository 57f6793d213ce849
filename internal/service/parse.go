package service

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Dir is where the files are among the templates.
const Dir = "services"

// Mistake is one thing wrong with a file.
type Mistake struct {
	File   string
	Line   int // 0 is the whole file
	Reason string
}

func (m Mistake) String() string {
	if m.Line == 0 {
		return m.File + ": " + m.Reason
	}
	return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Reason)
}

// FileErrors are everything wrong with the files, file by file.
type FileErrors []Mistake

func (m FileErrors) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Parse reads a file and checks it. The error is FileErrors, all of them at once.
func Parse(name string, b []byte) (Definition, error) {
	var root yaml.Node
	var d Definition
	if err := yaml.Load(b, &root); err != nil {
		return d, syntax(name, err)
	}
	if err := yaml.Load(b, &d, yaml.WithKnownFields()); err != nil {
		return d, syntax(name, err)
	}
	var mistakes FileErrors
	for _, w := range d.check(strings.TrimSuffix(path.Base(name), ".yaml")) {
		mistakes = append(mistakes, Mistake{File: name, Line: lineOf(&root, w.Path), Reason: w.Reason})
	}
	if len(mistakes) > 0 {
		slices.SortStableFunc(mistakes, func(a, b Mistake) int { return a.Line - b.Line })
		return d, mistakes
	}
	return d, nil
}

// syntax says what the reader of YAML found in the same way as we say ours.
func syntax(name string, err error) error {
	if many, ok := errors.AsType[*yaml.LoadErrors](err); ok {
		mistakes := make(FileErrors, len(many.Errors))
		for i, e := range many.Errors {
			mistakes[i] = Mistake{File: name, Line: e.Mark.Line, Reason: inOurWords(e.Message)}
		}
		return mistakes
	}
	if one, ok := errors.AsType[*yaml.LoadError](err); ok {
		return FileErrors{{File: name, Line: one.Mark.Line, Reason: "不是 YAML 的写法（" + one.Message + "），多半是缩进或冒号"}}
	}
	if errors.Is(err, io.EOF) {
		return FileErrors{{File: name, Reason: "文件是空的"}}
	}
	return FileErrors{{File: name, Reason: err.Error()}}
}

func inOurWords(message string) string {
	if rest, ok := strings.CutPrefix(message, "field "); ok {
		key, _, _ := strings.Cut(rest, " ")
		return "没有 " + key + " 这个键，看看是不是拼错了"
	}
	if rest, ok := strings.CutPrefix(message, "mapping key "); ok {
		key, rest, _ := strings.Cut(rest, " ")
		return strings.Trim(key, `"`) + " 写了两遍" + strings.TrimPrefix(rest, "already defined")
	}
	if strings.HasPrefix(message, "cannot construct") {
		return "值的类型不对（" + message + "）"
	}
	return message
}

// lineOf finds where a path of keys and numbers stands in the file; where the last part is
// not written it is the line of what it is missing from.
func lineOf(root *yaml.Node, dotted string) int {
	node := root
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	line := node.Line
	for _, key := range strings.Split(dotted, ".") {
		next := child(node, key)
		if next == nil {
			break
		}
		node, line = next.value, next.line
	}
	return line
}

type found struct {
	value *yaml.Node
	line  int
}

func child(node *yaml.Node, key string) *found {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				return &found{node.Content[i+1], node.Content[i].Line}
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(node.Content) {
			return &found{node.Content[i], node.Content[i].Line}
		}
	default:
	}
	return nil
}

// File is a definition with the bytes it was read from.
type File struct {
	Definition Definition
	Content    []byte
	Hash       string // of the content
}

// Load reads every file of Dir and returns the definitions in the order of the home page.
// The error is FileErrors, of all files at once. An empty file stands for no service: so an
// overlay takes one of ours away.
func Load(files fs.FS) ([]File, error) {
	entries, err := fs.ReadDir(files, Dir)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", Dir, err)
	}
	var list []File
	var mistakes FileErrors
	for _, e := range entries {
		if path.Ext(e.Name()) != ".yaml" {
			continue
		}
		name := path.Join(Dir, e.Name())
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if len(bytes.TrimSpace(b)) == 0 {
			continue
		}
		d, err := Parse(name, b)
		if wrong, ok := errors.AsType[FileErrors](err); ok {
			mistakes = append(mistakes, wrong...)
		}
		list = append(list, File{Definition: d, Content: b, Hash: hashOf(b)})
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	for _, f := range list {
		parsed.LoadOrStore(f.Hash, f.Definition) // most often these are the active ones
	}
	slices.SortStableFunc(list, func(a, b File) int { return inHomeOrder(a.Definition, b.Definition) })
	return list, nil
}

func inHomeOrder(a, b Definition) int {
	if a.Order != b.Order {
		return a.Order - b.Order
	}
	return strings.Compare(a.Code, b.Code)
}
