package request

import (
	"slices"
	"strings"

	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/service"
)

// A mark names what a return asks to mend: a field, a paper, or one picture or file of a
// field (D-48).

// Picture is the mark of one upload of a field.
func Picture(field, file string) string { return field + ":" + file }

// marked tells what a mark of an application with the answers is: how people call it, the
// paper it is (nil: none), and whether it is anything at all.
func marked(d service.Definition, answers form.Answers, mark string) (label string, paper *service.Material, ok bool) {
	name, file, single := strings.Cut(mark, ":")
	if f, is := d.Form.Field(name); is {
		at := slices.Index(answers[name].List, file)
		switch {
		case !single:
			return f.Label, nil, true
		case f.Kind != form.Photo && f.Kind != form.File || at < 0:
			return f.Label, nil, false
		}
		return f.Numbered([]form.Retake{{File: file, No: at + 1}}), nil, true
	}
	i := slices.IndexFunc(d.Paper(), func(m service.Material) bool { return m.Code == mark })
	if i < 0 {
		return "", nil, false
	}
	m := d.Paper()[i]
	return m.Name, &m, true
}

// labels are the marks as people call them, each once.
func labels(d service.Definition, answers form.Answers, marks []string) []string {
	var list []string
	for _, mark := range marks {
		if label, _, _ := marked(d, answers, mark); label != "" && !slices.Contains(list, label) {
			list = append(list, label)
		}
	}
	return list
}

// MarkedLabels are what the last return asked to mend, as people call it: 来回车票第 2 张.
func (a Application) MarkedLabels() []string {
	return labels(a.Service.Definition, a.Answers, a.Review.Marked)
}

// MarkedLabels are what has to be mended, as people call it: 来回车票第 2 张.
func (p Paper) MarkedLabels() []string {
	return labels(p.Service.Definition, p.Env.Before, p.Marked)
}

// Marks tells whether the field, or a picture of it, has to be mended.
func (p Paper) Marks(field string) bool {
	return slices.ContainsFunc(p.Marked, func(mark string) bool {
		name, _, _ := strings.Cut(mark, ":")
		return name == field
	})
}

// onlyMarked opens what was marked alone; where nothing is marked, everything.
func onlyMarked(d service.Definition, before form.Answers, marks []string) form.Form {
	if len(marks) == 0 {
		return d.Form
	}
	var names []string
	single := map[string][]string{}
	for _, mark := range marks {
		name, file, one := strings.Cut(mark, ":")
		names = append(names, name)
		if one {
			single[name] = append(single[name], file)
		}
	}
	for name := range single {
		if slices.Contains(marks, name) { // the whole field is marked too
			delete(single, name)
		}
	}
	return d.Form.Only(names...).Again(before, single)
}
