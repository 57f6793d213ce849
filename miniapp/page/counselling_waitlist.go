package page

import (
	"slices"

	"github.com/xuegong/xuegong/internal/counselling"
)

// Queue is the student's place in the queue, or the form to take one (T2).
type Queue struct {
	Base
	Wait        *counselling.Wait // nil: the form
	Says        string            // what is waited for
	Open        *counselling.Booking
	Counsellors []counselling.Counsellor
	Campuses    []Campus

	// What was typed.
	Counsellor, Campus, From, To, Part string
	Except                             []string
}

// Template implements Page.
func (*Queue) Template() string { return "h5/counselling_wait" }

// Excepts tells whether a counsellor was ticked as one not to wait for.
func (p *Queue) Excepts(counsellor string) bool { return slices.Contains(p.Except, counsellor) }

// Parts are the parts of a day to choose from.
func (*Queue) Parts() []counselling.Part { return counselling.Parts() }

// Campus is one of the places counsellors receive at.
type Campus struct{ Code, Name string }

// CampusesOf lists the campuses of the counsellors, each once.
func CampusesOf(list []counselling.Counsellor) []Campus {
	var found []Campus
	seen := map[string]bool{}
	for _, c := range list {
		if !seen[c.CampusCode] {
			seen[c.CampusCode] = true
			found = append(found, Campus{c.CampusCode, c.Campus})
		}
	}
	return found
}
