package identity

import (
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/errs"
)

// ID is a person's key, never shown.
type ID int64

// Kind of a person.
type Kind string

// The two kinds of persons.
const (
	Student Kind = "student"
	Staff   Kind = "staff"
)

// RoleName names what a person does at the school.
type RoleName string

// The roles. Each is held for a unit, or for the whole school where Unit is 0.
const (
	Admin            RoleName = "admin"             // settings, imports, roles; no business of any office
	Office           RoleName = "office"            // student-affairs office, of a department or college
	OfficeHead       RoleName = "office_head"       // leads an office and confirms what it pays
	ClassCounsellor  RoleName = "class_counsellor"  // 辅导员, of a class or college
	CentreHead       RoleName = "centre_head"       // leads a counselling centre
	CentreCounsellor RoleName = "centre_counsellor" // sees students there
	CentreDesk       RoleName = "centre_desk"       // front desk there
	Publisher        RoleName = "publisher"         // publishes for an organisation
	Advisor          RoleName = "advisor"           // guides an organisation
)

// Role is a name and the unit it is limited to; Unit 0 is the whole school.
type Role struct {
	Name RoleName
	Unit int64
}

// Person is who acts: what every rule needs to know, loaded once for the act.
type Person struct {
	ID       ID
	PublicID string
	Name     string
	Kind     Kind
	BornOn   *time.Time

	Number      string // student or staff number of the current enrolment
	Level       string // bachelor, master, doctor, staff
	Status      string // enrolled, suspended, graduated, withdrawn, employed, left
	Unit        int64  // class, or department of staff
	UnitName    string
	College     int64
	CollegeName string
	Campus      int64
	CampusName  string

	UserID string // WeCom userid the person acts with, "" if unbound
	Roles  []Role
}

// Has tells whether the person holds the role anywhere.
func (p Person) Has(names ...RoleName) bool {
	return slices.ContainsFunc(p.Roles, func(r Role) bool { return slices.Contains(names, r.Name) })
}

// HasIn tells whether the person holds one of the roles for the unit or the whole school.
func (p Person) HasIn(unit int64, names ...RoleName) bool {
	return slices.ContainsFunc(p.Roles, func(r Role) bool {
		return slices.Contains(names, r.Name) && (r.Unit == unit || r.Unit == 0)
	})
}

// Units returns the units for which the person holds one of the roles.
func (p Person) Units(names ...RoleName) []int64 {
	var units []int64
	for _, r := range p.Roles {
		if slices.Contains(names, r.Name) && !slices.Contains(units, r.Unit) {
			units = append(units, r.Unit)
		}
	}
	return units
}

// away is why the person cannot use what is for who is at the school now: ErrSuspended or
// ErrLeft; nil if they can.
func (p Person) away() error {
	switch {
	case p.Here():
		return nil
	case p.Status == "suspended":
		return ErrSuspended
	}
	return ErrLeft
}

// Here tells whether the person is at the school now: enrolled or employed.
func (p Person) Here() bool { return p.Status == "enrolled" || p.Status == "employed" }

// IsStudent tells whether the person acts as a student.
func (p Person) IsStudent() bool { return p.Kind == Student }

// Call is how we address the person: 你 for students, 您 for teachers.
func (p Person) Call() string {
	if p.IsStudent() {
		return "你"
	}
	return "您"
}

// What a person reads who cannot act.
var (
	ErrUnbound = errs.New(errs.Forbidden,
		"你的企业微信账号还没有和学籍对上。请带学生证（教职工带工作证）到学工办登记，或请辅导员在工作台为你绑定；绑定后回到这里就能用。")
	ErrSuspended = errs.New(errs.Forbidden,
		"你现在是休学，这里的服务复学后就能接着用，以前办的都还在。要开证明或已经复学，请联系学院学工办；求助热线照常可以打。")
	ErrLeft = errs.New(errs.Forbidden,
		"你的学籍（或任职）现在不在册，这里的服务用不了。要开证明、查以前的记录，或者觉得不对，请联系学工办。")
	ErrForbidden = errs.New(errs.Forbidden, "这一项不在办理范围内，可以把页面转给负责的老师。")
)
