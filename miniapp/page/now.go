package page

import (
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Now is the page for an emergency: whom to call, first the number. It is rendered once
// at start and needs neither database nor sign-in.
type Now struct {
	Base
	Hotlines
}

// Template implements Page.
func (*Now) Template() string { return "h5/now" }

// Hotlines are the numbers to call.
type Hotlines struct {
	First  Hotline   `yaml:"first"`
	Danger []Hotline `yaml:"danger"`
	Others []Hotline `yaml:"others"`
}

// Hotline is a number to call.
type Hotline struct {
	Name   string `yaml:"name"`
	Number string `yaml:"number"`
	Detail string `yaml:"detail"`
}

// Dial is the number as a tel: link has it.
func (h Hotline) Dial() string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, h.Number)
}

// LoadHotlines reads shared/hotlines.yaml and reports what is wrong with it.
func LoadHotlines(files fs.FS) (Hotlines, error) {
	b, err := fs.ReadFile(files, "shared/hotlines.yaml")
	if err != nil {
		return Hotlines{}, fmt.Errorf("read hotlines.yaml: %w", err)
	}
	var h Hotlines
	dec := yaml.NewDecoder(strings.NewReader(string(b)))
	dec.KnownFields(true)
	if err := dec.Decode(&h); err != nil {
		return Hotlines{}, fmt.Errorf("hotlines.yaml: %w", err)
	}
	for _, l := range append(append([]Hotline{h.First}, h.Danger...), h.Others...) {
		if l.Name == "" || l.Dial() == "" {
			return Hotlines{}, fmt.Errorf("hotlines.yaml: a line needs a name and a number, one has %q and %q", l.Name, l.Number)
		}
	}
	return h, nil
}
