package wecom

import (
	"context"
	"net/url"
	"strconv"

	"github.com/silenceper/wechat/v2/work/addresslist"
)

// Member states.
const (
	MemberActive   = 1
	MemberDisabled = 2
	MemberInvited  = 4 // not activated
	MemberLeft     = 5
	RootDepartment = 1
)

// Member is a person of the address book, as far as the app may see. What WeCom withdrew from
// self-built apps in 2022 (mobile, e-mail, avatar, …) is not read.
type Member struct {
	UserID         string
	Name           string
	Department     []int // only those in the app's range
	MainDepartment int
	Leader         []int // departments of Department this member leads
	Position       string
	Alias          string
	Status         int
	Attributes     map[string]string // the company's own text fields, by name
}

// User reads one member. Unknown and out of range are the same error (ActionDrop).
func (c *Client) User(ctx context.Context, userID string) (Member, error) {
	var out addresslist.UserGetResponse
	if err := c.get(ctx, "user/get", url.Values{"userid": {userID}}, &out); err != nil {
		return Member{}, err
	}
	m := Member{
		UserID: out.UserID, Name: out.Name, Department: out.Department, MainDepartment: out.MainDepartment,
		Position: out.Position, Alias: out.Alias, Status: out.Status, Attributes: map[string]string{},
	}
	for i, leads := range out.IsLeaderInDept {
		if leads == 1 && i < len(out.Department) {
			m.Leader = append(m.Leader, out.Department[i])
		}
	}
	for _, a := range out.Extattr.Attrs {
		if a.Type == 0 {
			m.Attributes[a.Name] = a.Text.Value
		}
	}
	return m, nil
}

// SimpleList lists the direct members of a department: UserID, Name and Department.
func (c *Client) SimpleList(ctx context.Context, department int) ([]Member, error) {
	var out addresslist.UserSimpleListResponse
	if err := c.get(ctx, "user/simplelist", url.Values{"department_id": {strconv.Itoa(department)}}, &out); err != nil {
		return nil, err
	}
	members := make([]Member, len(out.UserList))
	for i, u := range out.UserList {
		members[i] = Member{UserID: u.UserID, Name: u.Name, Department: u.Department}
	}
	return members, nil
}

// Department is a node of the company's tree.
type Department struct {
	ID, ParentID, Order int
	Name                string
	Leaders             []string // userids
}

// Departments lists a department and all below it; below 1 all that the app may see. WeCom is
// slow at it.
func (c *Client) Departments(ctx context.Context, below int) ([]Department, error) {
	query := url.Values{}
	if below > 0 {
		query.Set("id", strconv.Itoa(below))
	}
	var out addresslist.DepartmentListResponse
	if err := c.get(ctx, "department/list", query, &out); err != nil {
		return nil, err
	}
	departments := make([]Department, len(out.Department))
	for i, d := range out.Department {
		departments[i] = Department{ID: d.ID, ParentID: d.ParentID, Order: d.Order, Name: d.Name, Leaders: d.DepartmentLeader}
	}
	return departments, nil
}
