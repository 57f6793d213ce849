// Package templates holds what a school may reword or arrange without code, and the
// pages, embedded.
//
// home.yaml and the services can be overlaid: a file of the same name in the folder of
// XUEGONG_TEMPLATES takes the place of the embedded one, and one of a new name stands
// beside them. The pages under h5, desk and shared are embedded only.
package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// FS holds the embedded files.
//
//go:embed *.yaml h5 desk shared services
var FS embed.FS

// Open returns the embedded files with the overlay folder laid over them; "" is none.
func Open(overlay string) (fs.FS, error) {
	if overlay == "" {
		return FS, nil
	}
	if info, err := os.Stat(overlay); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("XUEGONG_TEMPLATES: %s is no folder", overlay)
	}
	return layered{over: os.DirFS(overlay), under: FS}, nil
}

type layered struct{ over, under fs.FS }

func (l layered) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".yaml") {
		f, err := l.over.Open(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return l.under.Open(name)
}

// ReadDir lists the files of both folders by name, each once.
func (l layered) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(l.under, name)
	if err != nil {
		return nil, err
	}
	over, err := fs.ReadDir(l.over, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range over {
		if strings.HasSuffix(e.Name(), ".yaml") && !slices.ContainsFunc(list, func(u fs.DirEntry) bool { return u.Name() == e.Name() }) {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// Home is the three modules of the home page, the app menu and 帮助 (D-37).
type Home struct {
	Modules []Module `yaml:"modules"`
}

// Module is one of the three groups.
type Module struct {
	Name  string `yaml:"name"`
	Empty string `yaml:"empty"` // said when the person sees no item of it
	Items []Item `yaml:"items"`
}

// Item is one function of a module.
type Item struct {
	Code   string   `yaml:"code"`
	Title  string   `yaml:"title"`  // on pages
	Chat   string   `yaml:"chat"`   // in the menu and in chat, where titles are neutral
	Detail string   `yaml:"detail"` // one line under the title
	Path   string   `yaml:"path"`   // the page
	Say    string   `yaml:"say"`    // what a student writes to start it in chat
	For    []string `yaml:"for"`    // student, staff; empty is everybody
}

// Shown tells whether the kind of person sees the item.
func (i Item) Shown(kind string) bool {
	if len(i.For) == 0 {
		return true
	}
	for _, k := range i.For {
		if k == kind {
			return true
		}
	}
	return false
}

// LoadHome reads home.yaml and reports what is wrong with it.
func LoadHome(files fs.FS) (Home, error) {
	b, err := fs.ReadFile(files, "home.yaml")
	if err != nil {
		return Home{}, fmt.Errorf("read home.yaml: %w", err)
	}
	var h Home
	dec := yaml.NewDecoder(strings.NewReader(string(b)))
	dec.KnownFields(true)
	if err := dec.Decode(&h); err != nil {
		return Home{}, fmt.Errorf("home.yaml: %w", err)
	}
	if len(h.Modules) != 3 {
		return Home{}, fmt.Errorf("home.yaml: has %d modules, the home page has 3", len(h.Modules))
	}
	seen := map[string]bool{}
	for _, m := range h.Modules {
		for _, i := range m.Items {
			switch {
			case i.Code == "" || i.Title == "" || i.Chat == "" || !strings.HasPrefix(i.Path, "/"):
				return Home{}, fmt.Errorf("home.yaml: %s: an item needs code, title, chat and a path", m.Name)
			case seen[i.Code]:
				return Home{}, fmt.Errorf("home.yaml: item %s stands twice", i.Code)
			case strings.Contains(i.Chat, "心理") || strings.Contains(i.Chat, "咨询"):
				return Home{}, fmt.Errorf("home.yaml: item %s: chat is read in pushes and must be neutral", i.Code)
			}
			seen[i.Code] = true
		}
	}
	return h, nil
}
