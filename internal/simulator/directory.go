package simulator

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/xuegong/xuegong/internal/errs"
)

// Department is one node of the address book; the root has ID 1.
type Department struct {
	ID       int    `json:"id"`
	ParentID int    `json:"parentid"`
	Name     string `json:"name"`
	Order    int    `json:"order"`
}

// User is a member of the company.
type User struct {
	UserID      string `json:"userid"` // 1 to 64 of [0-9A-Za-z_\-@.], unique ignoring case
	Name        string `json:"name"`
	Kind        string `json:"kind"`           // student or teacher, for the page
	Department  string `json:"department"`     // shown; a Department of this name is joined if Departments is empty
	Departments []int  `json:"department_ids"` // the first is the main one
	Position    string `json:"position,omitempty"`
	Alias       string `json:"alias,omitempty"`
	Gender      string `json:"gender,omitempty"` // 0, 1 or 2
	Mobile      string `json:"mobile,omitempty"`
	Email       string `json:"email,omitempty"`
	Avatar      string `json:"avatar,omitempty"`
	InRange     bool   `json:"in_range"`             // in the app's visible range
	Unlicensed  bool   `json:"unlicensed,omitempty"` // without an interface licence
	Status      int    `json:"status"`               // 1 active, 2 disabled, 4 not activated, 5 left; 0 becomes 1
}

// Tag is a list of members and departments.
type Tag struct {
	ID      int      `json:"tagid"`
	Name    string   `json:"tagname"`
	Users   []string `json:"users"`
	Parties []int    `json:"parties"`
}

const active = 1

// SetDirectory replaces the address book and sends no events. The first student and the
// first teacher get the phones if nobody of the new book holds them.
func (s *Server) SetDirectory(deps []Department, users []User, tags []Tag) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.Departments = slices.Clone(deps)
	s.st.Users = nil
	s.st.Tags = slices.Clone(tags)
	for _, u := range users {
		s.st.Users = append(s.st.Users, s.complete(u))
	}
	s.reindex()
	for i, kind := range [2]string{"student", "teacher"} {
		if s.user(s.st.Phones[i]) == nil {
			s.st.Phones[i] = s.firstOf(kind)
		}
	}
	s.touch()
	s.publish("people", s.st.Users)
	s.publish("phones", s.st.Phones)
}

func (s *Server) complete(u User) User {
	if u.Status == 0 {
		u.Status = active
	}
	if len(u.Departments) == 0 {
		u.Departments = []int{1}
		for _, d := range s.st.Departments {
			if d.Name == u.Department {
				u.Departments = []int{d.ID}
			}
		}
	}
	if u.Department == "" {
		if d := s.department(u.Departments[0]); d != nil {
			u.Department = d.Name
		}
	}
	return u
}

func (s *Server) firstOf(kind string) string {
	for _, u := range s.st.Users {
		if u.Kind == kind && u.Status == active {
			return u.UserID
		}
	}
	return ""
}

// Users returns the address book in its order.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.st.Users)
}

// PutUser adds or replaces a member and sends subscribe or unsubscribe if that changed
// whether the member can use the app.
func (s *Server) PutUser(u User) error {
	if !userIDShape.MatchString(u.UserID) {
		return errs.Field("userid", "账号用 1 到 64 个字母、数字、_ - @ .，以字母或数字开头。")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var before *User
	if old := s.user(u.UserID); old != nil {
		kept := *old
		before = &kept
	}
	s.putUser(u)
	s.contactChanged(before, s.user(u.UserID))
	return nil
}

func (s *Server) putUser(u User) {
	u = s.complete(u)
	before := false
	if old := s.user(u.UserID); old != nil {
		before = old.canUse()
		*old = u
	} else {
		s.st.Users = append(s.st.Users, u)
	}
	s.rangeChanged(u.UserID, before, u.canUse())
}

// RemoveUser takes a member out of the company and sends unsubscribe.
func (s *Server) RemoveUser(userid string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(userid)
	if u == nil {
		return errNoUser
	}
	gone := *u
	s.removeUser(u)
	s.contactChanged(&gone, nil)
	return nil
}

func (s *Server) removeUser(u *User) {
	before := u.canUse()
	id := u.UserID
	s.st.Users = slices.DeleteFunc(s.st.Users, func(u User) bool { return fold(u.UserID) == fold(id) })
	s.rangeChanged(id, before, false)
}

func (s *Server) rangeChanged(userid string, before, after bool) {
	s.reindex()
	if before != after && s.switches.RangeEvents {
		name := "unsubscribe"
		if after {
			name = "subscribe"
		}
		s.event(userid, name, cdata("EventKey", ""))
	}
	s.touch()
	s.publish("people", s.st.Users)
}

var errNoUser = errs.New(errs.NotFound, "通讯录里没有这个人。")

func (u *User) canUse() bool { return u.InRange && u.Status == active }

// user finds a member ignoring case, nil if there is none.
func (s *Server) user(userid string) *User {
	if i, ok := s.byID[fold(userid)]; ok {
		return &s.st.Users[i]
	}
	return nil
}

// reindex follows every change of the list of members.
func (s *Server) reindex() {
	s.byID = make(map[string]int, len(s.st.Users))
	for i, u := range s.st.Users {
		s.byID[fold(u.UserID)] = i
	}
}

func (s *Server) department(id int) *Department {
	for i := range s.st.Departments {
		if s.st.Departments[i].ID == id {
			return &s.st.Departments[i]
		}
	}
	return nil
}

// subtree returns the department and everything below it, parents first.
func (s *Server) subtree(root int) []Department {
	var all []Department
	ids := []int{root}
	seen := map[int]bool{}
	for len(ids) > 0 {
		id := ids[0]
		ids = ids[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		if d := s.department(id); d != nil {
			all = append(all, *d)
		}
		for _, d := range s.st.Departments {
			if d.ParentID == id {
				ids = append(ids, d.ID)
			}
		}
	}
	return all
}

// inDepartment returns the usable members of a department, with those below it if deep.
func (s *Server) inDepartment(id int, deep bool) []*User {
	ids := map[int]bool{id: true}
	if deep {
		for _, d := range s.subtree(id) {
			ids[d.ID] = true
		}
	}
	var users []*User
	for i := range s.st.Users {
		u := &s.st.Users[i]
		if u.InRange && slices.ContainsFunc(u.Departments, func(d int) bool { return ids[d] }) {
			users = append(users, u)
		}
	}
	return users
}

func (s *Server) tag(id int) *Tag {
	for i := range s.st.Tags {
		if s.st.Tags[i].ID == id {
			return &s.st.Tags[i]
		}
	}
	return nil
}

// tagged returns the members of a tag whom the app may see.
func (s *Server) tagged(t *Tag) []*User {
	var users []*User
	add := func(u *User) {
		if u != nil && u.InRange && !slices.Contains(users, u) {
			users = append(users, u)
		}
	}
	for _, id := range t.Users {
		add(s.user(id))
	}
	for _, id := range t.Parties {
		for _, u := range s.inDepartment(id, true) {
			add(u)
		}
	}
	return users
}

func (s *Server) getUser(c *call) (reply, error) {
	id := c.query.Get("userid")
	if id == "" {
		return nil, fail(41009, "missing userid")
	}
	u := s.user(id)
	if u == nil {
		return nil, &apiError{code: 60111, msg: errText(60111), reply: reply{"department": []int{}}}
	}
	if !u.InRange {
		code := s.switches.OutOfRangeAs
		return nil, &apiError{code: code, msg: errText(code), reply: reply{"department": []int{}}}
	}
	return s.fullUser(u), nil
}

// fullUser is user/get for an app created after 2022-06-20, unless the switch says older.
func (s *Server) fullUser(u *User) reply {
	zeros := make([]int, len(u.Departments))
	r := reply{
		"userid": u.UserID, "name": u.Name, "department": u.Departments, "order": zeros,
		"position": u.Position, "is_leader_in_dept": zeros, "direct_leader": []string{},
		"telephone": "", "alias": u.Alias, "main_department": u.Departments[0], "status": u.Status,
		"extattr": reply{"attrs": []any{}}, "external_position": "",
	}
	if s.switches.PrivateFields {
		r["mobile"], r["email"], r["gender"] = u.Mobile, u.Email, cmp.Or(u.Gender, "0")
		r["biz_mail"], r["avatar"], r["qr_code"], r["address"] = "", u.Avatar, "", ""
	}
	return r
}

func (s *Server) membersOf(c *call, each func(*User) reply) (reply, error) {
	id, err := s.departmentParam(c, "department_id")
	if err != nil {
		return nil, err
	}
	list := []reply{}
	for _, u := range s.inDepartment(id, c.query.Get("fetch_child") == "1") {
		list = append(list, each(u))
	}
	return reply{"userlist": list}, nil
}

func (s *Server) departmentParam(c *call, name string) (int, error) {
	id, err := strconv.Atoi(c.query.Get(name))
	if err != nil {
		return 0, fail(60123, "invalid department id")
	}
	if s.department(id) == nil {
		return 0, fail(60003, "department not found")
	}
	return id, nil
}

func (s *Server) simpleList(c *call) (reply, error) {
	return s.membersOf(c, func(u *User) reply {
		return reply{"userid": u.UserID, "name": u.Name, "department": u.Departments, "open_userid": ""}
	})
}

// listUsers refuses what would be too long an answer; simplelist never is.
func (s *Server) listUsers(c *call) (reply, error) {
	r, err := s.membersOf(c, s.fullUser)
	if most := s.switches.ListMax; err == nil && most > 0 && len(r["userlist"].([]reply)) > most {
		return nil, fail(45029, "response data size out of limit")
	}
	return r, err
}

// listIDs pages over one row for each member and department; the cursor is an offset.
func (s *Server) listIDs(c *call) (reply, error) {
	var in struct {
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Limit == 0 {
		in.Limit = 10_000
	}
	from := 0
	if in.Cursor != "" {
		var err error
		if from, err = strconv.Atoi(in.Cursor); err != nil || from < 0 {
			return nil, badField("cursor")
		}
	}
	if in.Limit < 1 || in.Limit > 10_000 {
		return nil, badField("limit")
	}
	rows := []reply{}
	for _, u := range s.st.Users {
		for _, d := range u.Departments {
			rows = append(rows, reply{"userid": u.UserID, "department": d})
		}
	}
	from = min(from, len(rows))
	to := min(from+in.Limit, len(rows))
	next := ""
	if to < len(rows) {
		next = strconv.Itoa(to)
	}
	return reply{"dept_user": rows[from:to], "next_cursor": next}, nil
}

func (s *Server) getUserID(c *call) (reply, error) {
	var in struct {
		Mobile string `json:"mobile"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Mobile == "" {
		return nil, fail(40063, "some parameters are empty: mobile")
	}
	if l := s.limits["mobile"]; s.switches.RateLimits && l != nil && c.now.Before(l.until) {
		return nil, fail(45009, "api freq out of limit")
	}
	for _, u := range s.st.Users {
		if u.InRange && u.Mobile == in.Mobile {
			return reply{"userid": u.UserID}, nil
		}
	}
	// Guessing numbers is stopped for a day: more wrong ones than a fifth of the members.
	s.limit("mobile", c.now, max(1, len(s.st.Users)/5), day)
	return nil, fail(46004, "user not exist")
}

func (s *Server) departmentsBelow(c *call) ([]Department, error) {
	if c.query.Get("id") == "" {
		return s.subtree(1), nil
	}
	id, err := s.departmentParam(c, "id")
	if err != nil {
		return nil, err
	}
	return s.subtree(id), nil
}

func fullDepartment(d Department) reply {
	return reply{"id": d.ID, "name": d.Name, "name_en": "", "department_leader": []string{}, "parentid": d.ParentID, "order": d.Order}
}

func (s *Server) listDepartments(c *call) (reply, error) {
	deps, err := s.departmentsBelow(c)
	if err != nil {
		return nil, err
	}
	list := []reply{}
	for _, d := range deps {
		list = append(list, fullDepartment(d))
	}
	return reply{"department": list}, nil
}

func (s *Server) listDepartmentIDs(c *call) (reply, error) {
	deps, err := s.departmentsBelow(c)
	if err != nil {
		return nil, err
	}
	list := []reply{}
	for _, d := range deps {
		list = append(list, reply{"id": d.ID, "parentid": d.ParentID, "order": d.Order})
	}
	return reply{"department_id": list}, nil
}

func (s *Server) getDepartment(c *call) (reply, error) {
	id, err := s.departmentParam(c, "id")
	if err != nil {
		return nil, err
	}
	return reply{"department": fullDepartment(*s.department(id))}, nil
}

func (s *Server) listTags(*call) (reply, error) {
	list := []reply{}
	for _, t := range s.st.Tags {
		list = append(list, reply{"tagid": t.ID, "tagname": t.Name})
	}
	return reply{"taglist": list}, nil
}

func (s *Server) getTag(c *call) (reply, error) {
	id, err := strconv.Atoi(c.query.Get("tagid"))
	t := s.tag(id)
	if err != nil || t == nil {
		return nil, fail(40068, "invalid tagid")
	}
	users := []reply{}
	for _, id := range t.Users {
		if u := s.user(id); u != nil && u.InRange {
			users = append(users, reply{"userid": u.UserID, "name": u.Name})
		}
	}
	parties := t.Parties
	if parties == nil {
		parties = []int{}
	}
	return reply{"tagname": t.Name, "userlist": users, "partylist": parties}, nil
}
