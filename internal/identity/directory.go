package identity

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/store"
)

// maxPage is the most a list shows at once.
const maxPage = 100

func pageSize(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}

func writeAfter(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

func readAfter(after string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return "", errs.Field("after", "这一页的位置认不出来，请从第一页看起。")
	}
	return string(b), nil
}

func readAfterID(after string) (int64, error) {
	s, err := readAfter(after)
	if err != nil || s == "" {
		return 0, err
	}
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, errs.Field("after", "这一页的位置认不出来，请从第一页看起。")
	}
	return id, nil
}

// PeopleQuery asks for persons; the zero query is the first page of everybody in reach.
type PeopleQuery struct {
	Text  string // part of the name, or how the number begins
	Unit  int64  // of this class, college or department
	Kind  Kind
	After string // next of the page before
	Limit int    // at most 100
}

// People lists persons by number. Admins, the offices of departments, and the centre see
// everybody; the office of a college and a 辅导员 see those of their college or class.
// next "" is the end.
func People(ctx context.Context, tx *store.Tx, who Person, q PeopleQuery) (list []Person, next string, err error) {
	r, err := reachOf(ctx, tx, who)
	if err != nil {
		return nil, "", err
	}
	if q.After, err = readAfter(q.After); err != nil {
		return nil, "", err
	}
	q.Text, q.Limit = strings.TrimSpace(q.Text), pageSize(q.Limit)
	ids, err := searchPeople(ctx, tx, r, q)
	if err != nil {
		return nil, "", fmt.Errorf("search people: %w", err)
	}
	more := len(ids) > q.Limit
	if more {
		ids = ids[:q.Limit]
	}
	if list, err = Persons(ctx, tx, ids...); err != nil {
		return nil, "", err
	}
	if more {
		next = writeAfter(list[len(list)-1].Number)
	}
	return list, next, nil
}

// ByPublicID returns a person in the reach of who, for the desk.
func ByPublicID(ctx context.Context, tx *store.Tx, who Person, publicID string) (Person, error) {
	r, err := reachOf(ctx, tx, who)
	if err != nil {
		return Person{}, err
	}
	p, err := one(selectPersons(ctx, tx, "where public_id = $1", publicID))
	if store.Missing(err) || err == nil && !r.covers(p) {
		return Person{}, errs.New(errs.NotFound, "没有找到这个人，或不在您的办理范围内。")
	}
	if err != nil {
		return Person{}, fmt.Errorf("load person: %w", err)
	}
	return p, nil
}

// reach is whom a person may look up.
type reach struct {
	All   bool
	Units []int64 // classes and colleges
}

func (r reach) covers(p Person) bool {
	return r.All || slices.Contains(r.Units, p.Unit) || slices.Contains(r.Units, p.College)
}

func reachOf(ctx context.Context, tx *store.Tx, who Person) (reach, error) {
	if isAdmin(who) || who.Has(CentreHead, CentreCounsellor, CentreDesk) {
		return reach{All: true}, nil
	}
	units := who.Units(Office, ClassCounsellor)
	if len(units) == 0 {
		return reach{}, ErrForbidden
	}
	offices := who.Units(Office)
	if slices.Contains(offices, 0) {
		return reach{All: true}, nil
	}
	serving, err := anyDepartment(ctx, tx, offices)
	if err != nil {
		return reach{}, fmt.Errorf("load offices: %w", err)
	}
	return reach{All: serving, Units: units}, nil
}

// userIDShape is what WeCom allows as an account.
var userIDShape = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_\-@.]{0,63}$`)

// ErrCentreAccount protects the two persons' rule: who could give the head of a centre
// another account would read as the head.
var ErrCentreAccount = errs.New(errs.Forbidden,
	"这位老师承担中心的工作，账号不能直接改绑。先收回中心的角色，绑好后再由中心负责人提名、另一位确认。")

// BindByHand gives the person the account of a WeCom member whose identity was checked
// in person: an Admin, or the office or 辅导员 whose the person is. Whoever holds a role
// is bound by an Admin only, who holds one of the centre by nobody. An account that is
// another's is refused; what the person had before is closed.
func BindByHand(ctx context.Context, tx *store.Tx, who Person, person ID, userid string) error {
	if userid = strings.TrimSpace(userid); !userIDShape.MatchString(userid) {
		return errs.Field("userid", "请填企业微信的账号（userid），由字母、数字和 _ - @ . 组成。")
	}
	p, err := bindable(ctx, tx, who, person)
	if err != nil {
		return err
	}
	if strings.EqualFold(p.UserID, userid) {
		return nil
	}
	holder, err := one(selectPersons(ctx, tx, "where userid = lower($1)", userid))
	if err == nil {
		return takenBy(holder)
	}
	if !store.Missing(err) {
		return fmt.Errorf("load account: %w", err)
	}
	err = tx.Try(ctx, func() error { return bind(ctx, tx, person, userid, "staff") })
	if store.Constraint(err) != "" {
		return errs.New(errs.Conflict, "这个账号刚刚绑定给了别人，请刷新再看。")
	}
	if err != nil {
		return err
	}
	return audit.Append(ctx, tx, int64(who.ID), "account.bind", "person/"+p.PublicID, map[string]any{"userid": strings.ToLower(userid)})
}

// Unbind closes the account of the person, by those who may bind it. Closing what is
// closed changes nothing.
func Unbind(ctx context.Context, tx *store.Tx, who Person, person ID) error {
	p, err := bindable(ctx, tx, who, person)
	if err != nil || p.UserID == "" {
		return err
	}
	if err := closeAccountsOf(ctx, tx, person, tx.Now()); err != nil {
		return fmt.Errorf("close account: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "account.unbind", "person/"+p.PublicID, map[string]any{"userid": p.UserID})
}

// bindable locks the person and checks that who may change the account.
func bindable(ctx context.Context, tx *store.Tx, who Person, person ID) (Person, error) {
	locked, err := Lock(ctx, tx, person)
	if err != nil {
		return Person{}, err
	}
	r, err := reachOf(ctx, tx, who)
	if err != nil {
		return Person{}, err
	}
	if len(locked) == 0 || !r.covers(locked[0]) {
		return Person{}, errs.New(errs.NotFound, "没有找到这个人，或不在您的办理范围内。")
	}
	switch p := locked[0]; {
	case !isAdmin(who) && !who.Has(Office, ClassCounsellor), len(p.Roles) > 0 && !isAdmin(who):
		return Person{}, ErrForbidden
	case slices.ContainsFunc(p.Roles, func(r Role) bool { return r.Name.OfCentre() }):
		return Person{}, ErrCentreAccount
	default:
		return p, nil
	}
}

func takenBy(p Person) error {
	return errs.Field("userid", fmt.Sprintf("这个账号已绑定给 %s（%s），请先在那里解绑。", p.Name, p.Number))
}

// DirectoryMember is one person of WeCom's directory as far as the app sees it.
type DirectoryMember struct {
	UserID string
	Name   string
	Number string // from a directory attribute only administrators edit; "" if the school has none
}

// Directory is one reading of WeCom's directory, complete.
type Directory struct {
	Members []DirectoryMember
	ReadAt  time.Time // when the reading began; an account bound since is not judged by it
}

// DirectoryReport counts what a reading changed.
type DirectoryReport struct {
	Members int
	Closed  int // accounts of who is gone
	Bound   int // accounts proved by the attribute
}

// The guard of SyncDirectory: an answer that would close more accounts than both, or
// all there are, is taken for a fault of the directory or of the app's visible range.
const (
	guardAccounts = 20
	guardPercent  = 20
)

// ErrDirectoryShrank is what the nightly reading meets when too many are gone at once.
var ErrDirectoryShrank = errs.New(errs.Conflict,
	"企业微信通讯录比平时少了很多人，先没有停用任何账号。请检查应用的可见范围；确认无误后由系统管理员在服务器上强制同步（xuegong import directory --force）。")

// SyncDirectory closes the accounts of who is no longer in the directory, and binds
// whom the directory's attribute proves. It refuses with ErrDirectoryShrank, and changes
// nothing, when more than 20 accounts and 20 % would close, or all; force overrides.
func SyncDirectory(ctx context.Context, tx *store.Tx, d Directory, force bool) (DirectoryReport, error) {
	userids := make([]string, len(d.Members))
	for i, m := range d.Members {
		userids[i] = strings.ToLower(m.UserID)
	}
	gone, all, err := accountsGone(ctx, tx, userids, d.ReadAt)
	if err != nil {
		return DirectoryReport{}, fmt.Errorf("compare directory: %w", err)
	}
	tooMany := len(gone) > guardAccounts && len(gone)*100 > all*guardPercent
	if !force && len(gone) > 0 && (tooMany || len(gone) == all) {
		return DirectoryReport{}, ErrDirectoryShrank
	}
	for _, userid := range gone {
		if err := Leave(ctx, tx, userid); err != nil {
			return DirectoryReport{}, err
		}
	}
	bound, err := bindProved(ctx, tx, d.Members)
	if err != nil {
		return DirectoryReport{}, err
	}
	report := DirectoryReport{Members: len(d.Members), Closed: len(gone), Bound: bound}
	if len(gone) == 0 && bound == 0 {
		return report, nil
	}
	return report, audit.Append(ctx, tx, 0, "directory.sync", "directory",
		map[string]any{"members": report.Members, "closed": report.Closed, "bound": report.Bound, "forced": force})
}

// bindProved binds the members whose number the directory states.
func bindProved(ctx context.Context, tx *store.Tx, members []DirectoryMember) (int, error) {
	var numbers, userids []string
	for _, m := range members {
		if m.Number != "" && userIDShape.MatchString(m.UserID) {
			numbers, userids = append(numbers, m.Number), append(userids, strings.ToLower(m.UserID))
		}
	}
	if len(numbers) == 0 {
		return 0, nil
	}
	n, err := bindByAttribute(ctx, tx, numbers, userids)
	if err != nil {
		return 0, fmt.Errorf("bind by attribute: %w", err)
	}
	return int(n), nil
}

// Unbound returns the members nobody is bound to, for the desk's list. Admins, offices
// and 辅导员 may ask.
func Unbound(ctx context.Context, tx *store.Tx, who Person, members []DirectoryMember) ([]DirectoryMember, error) {
	if !isAdmin(who) && !who.Has(Office, ClassCounsellor) {
		return nil, ErrForbidden
	}
	userids := make([]string, len(members))
	for i, m := range members {
		userids[i] = strings.ToLower(m.UserID)
	}
	bound, err := boundUserIDs(ctx, tx, userids)
	if err != nil {
		return nil, fmt.Errorf("compare directory: %w", err)
	}
	var unbound []DirectoryMember
	for i, m := range members {
		if !bound[userids[i]] {
			unbound = append(unbound, m)
		}
	}
	return unbound, nil
}

// Broken returns one line for each row that breaks an invariant: one present enrolment
// a person, level and status that fit the kind, roles at units they are for, and two
// persons behind every role of a centre but its founding head's.
func Broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	lines, err := broken(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit identity: %w", err)
	}
	return lines, nil
}
