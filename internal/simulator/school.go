package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/xuegong/xuegong/internal/errs"
)

// The home-school book (identity.md 8): classes, the children in them and their parents,
// who are no members of the company. The school keeps it in the admin console; here POST
// /sim/school does. Parents have no phone on the page: what they got is in GET /sim/school.

// schoolBook is the whole of it.
type schoolBook struct {
	Departments []schoolDepartment `json:"departments"`
	Students    []schoolStudent    `json:"students"`
	Parents     []schoolParent     `json:"parents"`
	Said        []webhookPost      `json:"said"` // notices to parents and students
}

type schoolDepartment struct {
	ID           int    `json:"id"`
	ParentID     int    `json:"parentid"`
	Name         string `json:"name"`
	Type         int    `json:"type"` // 1 class, 2 grade, 3 stage, 4 campus, 5 school
	RegisterYear int    `json:"register_year,omitempty"`
	Graduated    int    `json:"is_graduated"`
}

const classType = 1

type schoolStudent struct {
	UserID      string `json:"student_userid"`
	Name        string `json:"name"`
	Departments []int  `json:"department"` // classes, at most 20
}

type schoolParent struct {
	UserID     string        `json:"parent_userid"`
	Mobile     string        `json:"mobile"`
	Subscribed int           `json:"is_subscribe"`
	External   string        `json:"external_userid,omitempty"` // from the first subscription on
	Children   []schoolChild `json:"children"`
}

type schoolChild struct {
	Student  string `json:"student_userid"`
	Relation string `json:"relation"`
}

const (
	maxClasses  = 20
	noticeUsers = 1000
	noticeParty = 100
)

func (b *schoolBook) department(id int) *schoolDepartment {
	return find(b.Departments, func(d schoolDepartment) bool { return d.ID == id })
}

func (b *schoolBook) student(id string) *schoolStudent {
	return find(b.Students, func(s schoolStudent) bool { return fold(s.UserID) == fold(id) })
}

func (b *schoolBook) parent(id string) *schoolParent {
	return find(b.Parents, func(p schoolParent) bool { return fold(p.UserID) == fold(id) })
}

// find is the first that is meant, nil if none is.
func find[T any](list []T, meant func(T) bool) *T {
	if i := slices.IndexFunc(list, meant); i >= 0 {
		return &list[i]
	}
	return nil
}

// parentsOf are a student's parents, with the relation.
func (b *schoolBook) parentsOf(student string) []reply {
	list := []reply{}
	for _, p := range b.Parents {
		for _, c := range p.Children {
			if fold(c.Student) == fold(student) {
				v := reply{"parent_userid": p.UserID, "relation": c.Relation, "mobile": p.Mobile, "is_subscribe": p.Subscribed}
				if p.External != "" {
					v["external_userid"] = p.External
				}
				list = append(list, v)
			}
		}
	}
	return list
}

func (b *schoolBook) studentView(s *schoolStudent) reply {
	return reply{"student_userid": s.UserID, "name": s.Name, "department": s.Departments, "parents": b.parentsOf(s.UserID)}
}

func (b *schoolBook) parentView(p *schoolParent) reply {
	children := []reply{}
	for _, c := range p.Children {
		v := reply{"student_userid": c.Student, "relation": c.Relation}
		if s := b.student(c.Student); s != nil {
			v["name"] = s.Name
		}
		children = append(children, v)
	}
	v := reply{"parent_userid": p.UserID, "mobile": p.Mobile, "is_subscribe": p.Subscribed, "children": children}
	if p.External != "" {
		v["external_userid"] = p.External
	}
	return v
}

func (s *Server) schoolCall() error {
	if !s.switches.SchoolAPI {
		return fail(65022, "no permission for the home-school book")
	}
	return nil
}

func (s *Server) getSchoolUser(c *call) (reply, error) {
	if err := s.schoolCall(); err != nil {
		return nil, err
	}
	id, b := c.query.Get("userid"), &s.st.School
	if st := b.student(id); st != nil {
		return reply{"user_type": 1, "student": b.studentView(st)}, nil
	}
	if p := b.parent(id); p != nil {
		return reply{"user_type": 2, "parent": b.parentView(p)}, nil
	}
	return nil, fail(65010, "not a student or parent")
}

// classOf is the one class that the call asks for.
func (s *Server) classOf(c *call) (int, error) {
	if err := s.schoolCall(); err != nil {
		return 0, err
	}
	id, err := strconv.Atoi(c.query.Get("department_id"))
	if err != nil {
		return 0, fail(60123, "invalid department id")
	}
	if d := s.st.School.department(id); d == nil || d.Type != classType {
		return 0, fail(60003, "class not found")
	}
	return id, nil
}

func (s *Server) listStudents(c *call) (reply, error) {
	class, err := s.classOf(c)
	if err != nil {
		return nil, err
	}
	list := []reply{}
	for i := range s.st.School.Students {
		if st := &s.st.School.Students[i]; slices.Contains(st.Departments, class) {
			list = append(list, s.st.School.studentView(st))
		}
	}
	return reply{"students": list}, nil
}

func (s *Server) listParents(c *call) (reply, error) {
	class, err := s.classOf(c)
	if err != nil {
		return nil, err
	}
	list := []reply{}
	for i := range s.st.School.Parents {
		if p := &s.st.School.Parents[i]; s.st.School.inClass(p, class) {
			list = append(list, s.st.School.parentView(p))
		}
	}
	return reply{"parents": list}, nil
}

// inClass says whether one of the parent's children is in the class.
func (b *schoolBook) inClass(p *schoolParent, class int) bool {
	return slices.ContainsFunc(p.Children, func(c schoolChild) bool {
		st := b.student(c.Student)
		return st != nil && slices.Contains(st.Departments, class)
	})
}

func (s *Server) listSchoolDepartments(c *call) (reply, error) {
	if err := s.schoolCall(); err != nil {
		return nil, err
	}
	list := []schoolDepartment{}
	root := c.query.Get("id")
	for _, d := range s.st.School.Departments {
		if root == "" || s.st.School.below(d, root) {
			list = append(list, d)
		}
	}
	return reply{"departments": list}, nil
}

// below says whether the department is the root or under it.
func (b *schoolBook) below(d schoolDepartment, root string) bool {
	for range b.Departments { // a circle ends too
		if strconv.Itoa(d.ID) == root {
			return true
		}
		up := b.department(d.ParentID)
		if up == nil {
			return false
		}
		d = *up
	}
	return false
}

// getSchoolUserInfo spends the code of a parent or student (POST /sim/school, action code).
func (s *Server) getSchoolUserInfo(c *call) (reply, error) {
	if err := s.schoolCall(); err != nil {
		return nil, err
	}
	o, err := s.exchange(c)
	if err != nil {
		return nil, err
	}
	r := reply{"DeviceId": ""}
	switch {
	case s.st.School.parent(o.User) != nil:
		r["parent_userid"] = o.User
	case s.st.School.student(o.User) != nil:
		r["student_userid"] = o.User
	default:
		return nil, fail(65010, "not a student or parent")
	}
	return r, nil
}

// schoolNotice is externalcontact/message/send.
type schoolNotice struct {
	Scope    int      `json:"recv_scope"` // 0 parents, 1 students, 2 both
	Parents  []string `json:"to_parent_userid"`
	Students []string `json:"to_student_userid"`
	Parties  []string `json:"to_party"`
	All      int      `json:"toall"`
}

func (s *Server) sendSchoolNotice(c *call) (reply, error) {
	if err := s.schoolCall(); err != nil {
		return nil, err
	}
	var to schoolNotice
	if err := c.decode(&to); err != nil {
		return nil, err
	}
	var in sendRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := s.checkAgent(in.AgentID); err != nil {
		return nil, err
	}
	switch {
	case to.Scope < 0 || to.Scope > 2:
		return nil, badField("recv_scope")
	case len(to.Parents) > noticeUsers || len(to.Students) > noticeUsers:
		return nil, fail(40032, "userid list size out of limit")
	case len(to.Parties) > noticeParty:
		return nil, fail(82002, "to_party size out of limit")
	case to.All == 0 && len(to.Parents)+len(to.Students)+len(to.Parties) == 0:
		return nil, fail(82001, "no recipient")
	case slices.Contains([]string{"textcard", "markdown", "template_card", "miniprogram_notice"}, in.MsgType):
		return nil, fail(40008, "invalid message type")
	}
	if in.MsgType != "miniprogram" {
		if err := s.checkMessage(&in, c.now); err != nil {
			return nil, err
		}
	}
	b := &s.st.School
	bad := func(ids []string, known func(string) bool) []string {
		return append([]string{}, slices.DeleteFunc(slices.Clone(ids), known)...)
	}
	parents := bad(to.Parents, func(id string) bool { return b.parent(id) != nil })
	students := bad(to.Students, func(id string) bool { return b.student(id) != nil })
	parties := bad(to.Parties, func(id string) bool { n, err := strconv.Atoi(id); return err == nil && b.department(n) != nil })
	if to.All == 0 && len(parents)+len(students)+len(parties) == len(to.Parents)+len(to.Students)+len(to.Parties) {
		return nil, fail(81013, errText(81013))
	}
	b.Said = append(b.Said, webhookPost{At: c.now, MsgType: in.MsgType, Body: slices.Clone(c.body)})
	b.Said = b.Said[max(0, len(b.Said)-webhookKept):]
	s.touch()
	return reply{"invalid_parent_userid": parents, "invalid_student_userid": students, "invalid_party": parties}, nil
}

// schoolAct is one change of the book.
type schoolAct struct {
	Action     string            `json:"action"` // put, remove, subscribe, unsubscribe or code
	Department *schoolDepartment `json:"department"`
	Student    *schoolStudent    `json:"student"`
	Parent     *schoolParent     `json:"parent"`
	ID         json.RawMessage   `json:"id"` // of a department (a number), a student or a parent
}

func (s *Server) ctlSchool(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.st.School, nil
}

// ctlSetSchool changes the book and tells the app (change_school_contact).
func (s *Server) ctlSetSchool(r *http.Request) (any, error) {
	var in schoolAct
	if err := read(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch in.Action {
	case "put":
		return s.putSchool(in)
	case "remove":
		return s.removeSchool(in.id())
	case "subscribe", "unsubscribe":
		return s.subscribe(in.id(), in.Action)
	case "code":
		return reply{"code": s.newOAuthCode(oauthCode{User: in.id()})}, nil
	}
	return nil, errs.Field("action", "可以是 put、remove、subscribe、unsubscribe、code。")
}

func (in *schoolAct) id() string {
	var text string
	if json.Unmarshal(in.ID, &text) == nil {
		return text
	}
	return string(in.ID)
}

func (s *Server) schoolChanged(change, id string) (any, error) {
	s.touch()
	if s.switches.SchoolEvents {
		s.systemEvent("change_school_contact", s.cfg.AgentID, cdata("ChangeType", change)+cdata("Id", id))
	}
	return reply{"ok": true}, nil
}

// put replaces what is meant or adds it, and says which of both happened.
func put[T any](list *[]T, v T, meant func(T) bool) (change string) {
	if old := find(*list, meant); old != nil {
		*old = v
		return "update_"
	}
	*list = append(*list, v)
	return "create_"
}

func (s *Server) putSchool(in schoolAct) (any, error) {
	b := &s.st.School
	switch {
	case in.Department != nil:
		d := *in.Department
		return s.schoolChanged(put(&b.Departments, d, func(o schoolDepartment) bool { return o.ID == d.ID })+"department", strconv.Itoa(d.ID))
	case in.Student != nil && len(in.Student.Departments) <= maxClasses:
		st := *in.Student
		return s.schoolChanged(put(&b.Students, st, func(o schoolStudent) bool { return fold(o.UserID) == fold(st.UserID) })+"student", st.UserID)
	case in.Parent != nil:
		p := *in.Parent
		if old := b.parent(p.UserID); old != nil {
			p.External = old.External
		}
		return s.schoolChanged(put(&b.Parents, p, func(o schoolParent) bool { return fold(o.UserID) == fold(p.UserID) })+"parent", p.UserID)
	}
	return nil, errs.New(errs.Invalid, "要 department、student（最多 20 个班）或 parent。")
}

func (s *Server) removeSchool(id string) (any, error) {
	b := &s.st.School
	n, _ := strconv.Atoi(id) // 0 is no department
	var kind string
	switch {
	case b.department(n) != nil:
		kind = "department"
	case b.student(id) != nil:
		kind = "student"
	case b.parent(id) != nil:
		kind = "parent"
	default:
		return nil, errs.New(errs.NotFound, "家校通讯录里没有这一项。")
	}
	b.Departments = slices.DeleteFunc(b.Departments, func(d schoolDepartment) bool { return d.ID == n })
	b.Students = slices.DeleteFunc(b.Students, func(o schoolStudent) bool { return fold(o.UserID) == fold(id) })
	b.Parents = slices.DeleteFunc(b.Parents, func(o schoolParent) bool { return fold(o.UserID) == fold(id) })
	return s.schoolChanged("delete_"+kind, id)
}

func (s *Server) subscribe(id, change string) (any, error) {
	p := s.st.School.parent(id)
	if p == nil {
		return nil, errs.New(errs.NotFound, "家校通讯录里没有这位家长。")
	}
	p.Subscribed = 0
	if change == "subscribe" {
		p.Subscribed = 1
		if p.External == "" {
			p.External = "wm" + randomText(30)
		}
	}
	return s.schoolChanged(change, p.UserID)
}

// parentInfo is auth/getuserinfo for a parent, nil for anybody else.
func (s *Server) parentInfo(o oauthCode) reply {
	p := s.st.School.parent(o.User)
	if p == nil {
		return nil
	}
	r := reply{"parent_userid": p.UserID}
	if p.External != "" {
		r["external_userid"] = p.External
	}
	return r
}
