package desk

import (
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/miniapp/page"
)

// Form is the text of a form's inputs by name.
type Form map[string]string

// typed reads what was posted, so that a refused form shows it again.
func typed(c *page.Context, names ...string) Form {
	form := make(Form, len(names))
	for _, name := range names {
		form[name] = c.Form(name)
	}
	return form
}

// number reads a whole number; what is none becomes -1, which no rule of ours accepts.
func (f Form) number(name string) int {
	n, err := strconv.Atoi(f[name])
	if err != nil {
		return -1
	}
	return n
}

// date reads 2026-10-14 as the beginning of the day in the zone; false if it is none.
func (f Form) date(name string, zone *time.Location) (time.Time, bool) {
	t, err := time.ParseInLocation(time.DateOnly, f[name], zone)
	return t, err == nil
}

// clock reads 15:00 on the day.
func (f Form) clock(name string, day time.Time) (time.Time, bool) {
	t, err := time.Parse("15:04", f[name])
	if err != nil {
		return time.Time{}, false
	}
	return time.Date(day.Year(), day.Month(), day.Day(), t.Hour(), t.Minute(), 0, 0, day.Location()), true
}

// lines reads one entry a line and leaves out blank ones.
func (f Form) lines(name string) []string {
	var list []string
	for line := range strings.Lines(f[name]) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// Choice is an option of a select.
type Choice struct{ Value, Label string }

// Input is one labelled input as the templates show it.
type Input struct {
	Name, Label, Type, Value, Wrong, Hint string

	Rows    int
	Choices []Choice
}

// With adds a line that says what to write.
func (i Input) With(hint string) Input {
	i.Hint = hint
	return i
}

// Input returns an input of an HTML type.
func (b *Base) Input(name, label, kind string) Input {
	return Input{Name: name, Label: label, Type: kind, Value: b.Form[name], Wrong: b.Wrong(name)}
}

// Area returns an input of several lines.
func (b *Base) Area(name, label string, rows int) Input {
	i := b.Input(name, label, "area")
	i.Rows = rows
	return i
}

// Select returns a choice from a list.
func (b *Base) Select(name, label string, choices []Choice) Input {
	i := b.Input(name, label, "select")
	i.Choices = choices
	return i
}

// Check returns a box to tick; it is ticked when the form has "on".
func (b *Base) Check(name, label string) Input { return b.Input(name, label, "checkbox") }
