package identity

import (
	"context"

	"github.com/xuegong/xuegong/internal/store"
)

// unitBook finds units and campuses by the names people write in a list, and remembers
// those that are to be created (ID 0 until create).
type unitBook struct {
	open        bool // unknown names are created
	units       map[string]Unit
	keys        map[int64]string // of units
	campuses    map[string]Campus
	campusNames map[int64]string
	fresh       []string // keys of new units, a college before its classes
	freshSites  []string
}

func unitKey(kind UnitKind, name string) string { return string(kind) + "/" + name }

func classKey(college, name string) string { return string(Class) + "/" + college + "/" + name }

func loadUnitBook(ctx context.Context, tx *store.Tx, open bool) (unitBook, error) {
	b := unitBook{open: open, units: map[string]Unit{}, keys: map[int64]string{}, campuses: map[string]Campus{}, campusNames: map[int64]string{}}
	units, err := Units(ctx, tx)
	if err != nil {
		return b, err
	}
	for _, u := range units {
		key := unitKey(u.Kind, u.Name)
		if u.Kind == Class {
			key = classKey(u.ParentName, u.Name)
		}
		if b.has(key) { // of two with one name the first is meant; the other keeps its persons
			key += "/" + u.Code
		}
		b.units[key], b.keys[u.ID] = u, key
	}
	campuses, err := Campuses(ctx, tx)
	if err != nil {
		return b, err
	}
	for _, c := range campuses {
		b.campuses[c.Name], b.campusNames[c.ID] = c, c.Name
	}
	return b, nil
}

// find returns the key of a student's class or college, or of where staff work; else
// what to say.
func (b *unitBook) find(kind Kind, name, class string) (key, message string) {
	if kind == Staff {
		for _, k := range []UnitKind{Department, College, Centre, Programme, Organisation} {
			if key := unitKey(k, name); b.has(key) {
				return key, ""
			}
		}
		return b.add(unitKey(Department, name), Unit{Kind: Department, Code: name, Name: name}, "没有这个部门。")
	}
	college, message := b.add(unitKey(College, name), Unit{Kind: College, Code: name, Name: name}, "没有这个学院。")
	if message != "" || class == "" {
		return college, message
	}
	return b.add(classKey(name, class), Unit{Kind: Class, Code: name + "/" + class, Name: class, ParentName: name}, "这个学院没有这个班。")
}

func (b *unitBook) has(key string) bool {
	_, ok := b.units[key]
	return ok
}

func (b *unitBook) add(key string, u Unit, unknown string) (string, string) {
	switch {
	case b.has(key):
		return key, ""
	case !b.open:
		return "", unknown + "请核对名称，或先在工作台新建。"
	}
	b.units[key] = u
	b.fresh = append(b.fresh, key)
	return key, ""
}

// campus returns the name of a campus, or what to say.
func (b *unitBook) campus(name string) (string, string) {
	if _, ok := b.campuses[name]; ok {
		return name, ""
	}
	if !b.open {
		return "", "没有这个校区。请核对名称，或先在工作台新建。"
	}
	b.campuses[name] = Campus{Code: name, Name: name}
	b.freshSites = append(b.freshSites, name)
	return name, ""
}

// campusOf is where a unit is: its own campus, its college's, the school's only one, or "".
func (b *unitBook) campusOf(key string) string {
	u := b.units[key]
	if u.Campus == 0 {
		u = b.units[unitKey(College, u.ParentName)]
	}
	if u.Campus != 0 {
		return b.campusNames[u.Campus]
	}
	if len(b.campuses) == 1 {
		for name := range b.campuses {
			return name
		}
	}
	return ""
}

// created names what is new, in the order met.
func (b *unitBook) created() []string {
	var names []string
	for _, name := range b.freshSites {
		names = append(names, "校区 "+name)
	}
	for _, key := range b.fresh {
		u := b.units[key]
		names = append(names, u.Kind.Label()+" "+u.Name)
	}
	return names
}

// create stores what is new.
func (b *unitBook) create(ctx context.Context, tx *store.Tx, who Person) error {
	for _, name := range b.freshSites {
		c, err := SaveCampus(ctx, tx, who, name, name)
		if err != nil {
			return err
		}
		b.campuses[name] = c
	}
	for _, key := range b.fresh {
		u := b.units[key]
		if u.Kind == Class {
			u.Parent = b.units[unitKey(College, u.ParentName)].ID
		}
		saved, err := SaveUnit(ctx, tx, who, u)
		if err != nil {
			return err
		}
		b.units[key] = saved
	}
	return nil
}
