package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/store"
)

// UnitKind says what a unit is.
type UnitKind string

// The kinds of units a role can be limited to.
const (
	College      UnitKind = "college"
	Class        UnitKind = "class" // belongs to a college
	Department   UnitKind = "department"
	Centre       UnitKind = "centre" // counselling
	Programme    UnitKind = "programme"
	Organisation UnitKind = "organisation"
)

// Label is the word people read.
func (k UnitKind) Label() string {
	switch k {
	case College:
		return "学院"
	case Class:
		return "班级"
	case Department:
		return "部门"
	case Centre:
		return "中心"
	case Programme:
		return "项目"
	case Organisation:
		return "组织"
	}
	return string(k)
}

// Unit is a part of the school.
type Unit struct {
	ID         int64
	PublicID   string
	Kind       UnitKind
	Code       string // unique in its kind
	Name       string
	Parent     int64 // 0 if none; a class has its college
	ParentName string
	Campus     int64 // 0 if unknown
}

// Campus is a place of the school.
type Campus struct {
	ID   int64
	Code string
	Name string
}

// Operator is who works at the machine itself: the program's installation, the sample
// school and the command line. It may what an Admin may and is audited as the system.
func Operator() Person {
	return Person{Name: "系统", Kind: Staff, Status: "employed", Roles: []Role{{Name: Admin}}}
}

// isAdmin tells whether the person administers the whole school.
func isAdmin(who Person) bool { return who.HasIn(0, Admin) }

// Units lists the units of the kinds, or all, by kind and code. A school has some
// hundreds, so there are no pages.
func Units(ctx context.Context, tx *store.Tx, kinds ...UnitKind) ([]Unit, error) {
	units, err := selectUnits(ctx, tx, kinds)
	if err != nil {
		return nil, fmt.Errorf("list units: %w", err)
	}
	return units, nil
}

// Campuses lists the campuses by code.
func Campuses(ctx context.Context, tx *store.Tx) ([]Campus, error) {
	campuses, err := selectCampuses(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list campuses: %w", err)
	}
	return campuses, nil
}

// SaveUnit creates the unit of this kind and code, or changes its name, parent and
// campus; it returns the unit as stored. Only an Admin may.
func SaveUnit(ctx context.Context, tx *store.Tx, who Person, u Unit) (Unit, error) {
	if !isAdmin(who) {
		return Unit{}, ErrForbidden
	}
	u.Code, u.Name = strings.TrimSpace(u.Code), strings.TrimSpace(u.Name)
	fields := map[string]string{}
	if !slices.Contains([]UnitKind{College, Class, Department, Centre, Programme, Organisation}, u.Kind) {
		fields["kind"] = "请选单位的类别。"
	}
	if n := len([]rune(u.Code)); n < 1 || n > 80 {
		fields["code"] = "代码写 1 到 80 个字。"
	}
	if n := len([]rune(u.Name)); n < 1 || n > 40 {
		fields["name"] = "名称写 1 到 40 个字。"
	}
	switch parent, err := unitKind(ctx, tx, u.Parent); {
	case err != nil && !store.Missing(err):
		return Unit{}, fmt.Errorf("load parent: %w", err)
	case err != nil:
		fields["parent"] = "没有这个上级单位，请重新选择。"
	case u.Kind == Class && parent != College:
		fields["parent"] = "班级要属于一个学院。"
	}
	if len(fields) > 0 {
		return Unit{}, &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
	}
	if err := upsertUnit(ctx, tx, &u); err != nil {
		return Unit{}, fmt.Errorf("save unit: %w", err)
	}
	return u, audit.Append(ctx, tx, int64(who.ID), "unit.save", "unit/"+u.PublicID, map[string]any{"kind": u.Kind, "code": u.Code})
}

// SaveCampus creates the campus of this code or changes its name. Only an Admin may.
func SaveCampus(ctx context.Context, tx *store.Tx, who Person, code, name string) (Campus, error) {
	if !isAdmin(who) {
		return Campus{}, ErrForbidden
	}
	c := Campus{Code: strings.TrimSpace(code), Name: strings.TrimSpace(name)}
	if c.Code == "" || c.Name == "" {
		return Campus{}, errs.Field("name", "请填校区的代码和名称。")
	}
	if err := upsertCampus(ctx, tx, &c); err != nil {
		return Campus{}, fmt.Errorf("save campus: %w", err)
	}
	return c, audit.Append(ctx, tx, int64(who.ID), "campus.save", "campus/"+c.Code, nil)
}
