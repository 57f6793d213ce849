package identity

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/store"
)

// proposalLife is how long the second person has to accept a centre's role.
const proposalLife = 7 * 24 * time.Hour

// RoleNames lists the roles in the order the desk shows them.
func RoleNames() []RoleName {
	return []RoleName{Admin, Office, OfficeHead, ClassCounsellor, CentreHead, CentreCounsellor, CentreDesk, Publisher, Advisor}
}

// Label is the word people read.
func (n RoleName) Label() string {
	switch n {
	case Admin:
		return "系统管理员"
	case Office:
		return "学工老师"
	case OfficeHead:
		return "部门负责人"
	case ClassCounsellor:
		return "辅导员"
	case CentreHead:
		return "中心负责人"
	case CentreCounsellor:
		return "中心老师"
	case CentreDesk:
		return "中心前台"
	case Publisher:
		return "信息发布"
	case Advisor:
		return "指导老师"
	}
	return string(n)
}

// OfCentre tells whether the role opens what a counselling centre keeps confidential.
func (n RoleName) OfCentre() bool {
	return n == CentreHead || n == CentreCounsellor || n == CentreDesk
}

// at lists the kinds of units the role is held for; "" is the whole school.
func (n RoleName) at() []UnitKind {
	switch n {
	case Admin:
		return []UnitKind{""}
	case Office, OfficeHead:
		return []UnitKind{"", Department, College}
	case ClassCounsellor:
		return []UnitKind{Class, College}
	case CentreHead, CentreCounsellor, CentreDesk:
		return []UnitKind{Centre}
	case Publisher:
		return []UnitKind{Organisation, Department, College}
	case Advisor:
		return []UnitKind{Organisation}
	}
	return nil
}

// forStaff tells whether only staff may hold the role; a class may have a
// postgraduate as 辅导员, an organisation a student who publishes.
func (n RoleName) forStaff() bool { return n != ClassCounsellor && n != Publisher }

// What a person reads when a grant is refused.
var (
	ErrTwoPersons   = errs.New(errs.Forbidden, "中心的角色由中心负责人提名，再由另一位确认，不能直接授予。")
	ErrOwnRole      = errs.New(errs.Forbidden, "自己的角色要请另一位管理员来办。")
	ErrSecondPerson = errs.New(errs.Forbidden, "这一步要由提名人和本人之外的另一位确认。")
	ErrLastAdmin    = errs.New(errs.Conflict, "这是最后一位系统管理员，先授予另一位再收回。")
	ErrLastHead     = errs.New(errs.Conflict, "这是中心最后一位负责人，先提名另一位再收回。")
	ErrHasHead      = errs.New(errs.Conflict, "这个中心已有负责人，新的角色由负责人提名。")
	ErrStale        = errs.New(errs.Conflict, "这项提名已过 7 天，或提名人已不是中心负责人，请重新提名。")
)

// Grant gives an ordinary role for a unit (0: the whole school). Only an Admin may,
// never to themself; the centre's roles are ErrTwoPersons. A role already held
// changes nothing.
func Grant(ctx context.Context, tx *store.Tx, who Person, person ID, name RoleName, unit int64) error {
	switch {
	case !isAdmin(who):
		return ErrForbidden
	case name.OfCentre():
		return ErrTwoPersons
	case person == who.ID:
		return ErrOwnRole
	}
	p, err := receiver(ctx, tx, person, name, unit)
	if err != nil {
		return err
	}
	return grant(ctx, tx, p, Role{Name: name, Unit: unit}, who.ID, 0)
}

// Found gives a centre that has no head its first one, at installation and after the
// last head left the school. Only the Operator may: whoever administers the product
// from the desk cannot reach what the centre keeps confidential.
func Found(ctx context.Context, tx *store.Tx, who Person, person ID, centre int64) error {
	if who.ID != 0 || !isAdmin(who) {
		return ErrTwoPersons
	}
	p, err := receiver(ctx, tx, person, CentreHead, centre)
	if err != nil {
		return err
	}
	heads, err := lockHolders(ctx, tx, CentreHead, centre)
	if err != nil {
		return fmt.Errorf("lock heads: %w", err)
	}
	if slices.ContainsFunc(heads, func(h Person) bool { return h.Here() && h.ID != p.ID }) {
		return ErrHasHead
	}
	return grant(ctx, tx, p, Role{Name: CentreHead, Unit: centre}, 0, 0)
}

// receiver locks who is to get a role and checks that the role fits the person and the unit.
func receiver(ctx context.Context, tx *store.Tx, person ID, name RoleName, unit int64) (Person, error) {
	kind, err := unitKind(ctx, tx, unit)
	if err != nil && !store.Missing(err) {
		return Person{}, fmt.Errorf("load unit: %w", err)
	}
	if !slices.Contains(name.at(), kind) || unit != 0 && kind == "" {
		return Person{}, errs.Field("unit", "这个角色不能授予到所选的范围，请重新选择。")
	}
	locked, err := Lock(ctx, tx, person)
	if err != nil {
		return Person{}, err
	}
	if len(locked) == 0 {
		return Person{}, errs.New(errs.NotFound, "没有找到这个人。")
	}
	switch p := locked[0]; {
	case !p.Here():
		return Person{}, errs.Field("person", p.Name+"目前不在册，不能授予角色。")
	case name.forStaff() && p.IsStudent():
		return Person{}, errs.Field("person", "这个角色只能授予教职工。")
	default:
		return p, nil
	}
}

func grant(ctx context.Context, tx *store.Tx, p Person, r Role, first, second ID) error {
	if slices.Contains(p.Roles, r) {
		return nil
	}
	id, err := insertRole(ctx, tx, p.ID, r, first, second)
	if err != nil {
		return fmt.Errorf("grant role: %w", err)
	}
	by := first
	if second != 0 {
		by = second
	}
	return audit.Append(ctx, tx, int64(by), "role.grant", "role/"+id,
		map[string]any{"person": p.PublicID, "role": r.Name, "unit": r.Unit})
}

// Revoke takes a role away: an Admin any, the centre's head those of the centre. The
// last Admin stays; the last head of a centre goes only by an Admin, when the head has
// left. Taking away what is gone already changes nothing.
func Revoke(ctx context.Context, tx *store.Tx, who Person, publicID string) error {
	held, err := roleByPublicID(ctx, tx, publicID)
	if store.Missing(err) {
		return errs.New(errs.NotFound, "没有找到这个角色。")
	}
	if err != nil {
		return fmt.Errorf("load role: %w", err)
	}
	byHead := held.Name.OfCentre() && who.HasIn(held.Unit, CentreHead)
	if !isAdmin(who) && !byHead {
		return ErrForbidden
	}
	holders, err := lockHolders(ctx, tx, held.Name, held.Unit)
	if err != nil {
		return fmt.Errorf("lock holders: %w", err)
	}
	others := slices.ContainsFunc(holders, func(p Person) bool { return p.Here() && p.PublicID != held.Person.PublicID })
	switch {
	case held.Name == Admin && !others:
		return ErrLastAdmin
	case held.Name == CentreHead && !others && !isAdmin(who):
		return ErrLastHead
	}
	ended, err := endRole(ctx, tx, publicID)
	if err != nil || !ended {
		return err
	}
	return audit.Append(ctx, tx, int64(who.ID), "role.revoke", "role/"+publicID,
		map[string]any{"person": held.Person.PublicID, "role": held.Name, "unit": held.Unit})
}

// ProposeCentreRole is the first half of a centre's role: the head of the centre names
// a person. Naming again renews the proposal.
func ProposeCentreRole(ctx context.Context, tx *store.Tx, who Person, person ID, name RoleName, centre int64) (string, error) {
	if !name.OfCentre() {
		return "", errs.Field("role", "请选一个中心的角色。")
	}
	if !who.HasIn(centre, CentreHead) {
		return "", ErrForbidden
	}
	p, err := receiver(ctx, tx, person, name, centre)
	if err != nil {
		return "", err
	}
	id, err := upsertProposal(ctx, tx, p.ID, Role{Name: name, Unit: centre}, who.ID)
	if err != nil {
		return "", fmt.Errorf("propose role: %w", err)
	}
	return id, audit.Append(ctx, tx, int64(who.ID), "role.propose", "role_proposal/"+id,
		map[string]any{"person": p.PublicID, "role": name, "unit": centre})
}

// AcceptCentreRole is the second half: another head of the centre, or an Admin, who is
// neither the proposer nor the receiver, accepts, and the role is held.
func AcceptCentreRole(ctx context.Context, tx *store.Tx, who Person, proposalID string) error {
	pr, err := proposal(ctx, tx, who, proposalID)
	if err != nil {
		return err
	}
	if who.ID == 0 || who.ID == pr.by || who.ID == pr.person {
		return ErrSecondPerson
	}
	if _, err := Lock(ctx, tx, pr.by, pr.person); err != nil {
		return err
	}
	proposer, err := Get(ctx, tx, pr.by)
	if err != nil {
		return err
	}
	if !tx.ReceivedAt().Before(pr.At.Add(proposalLife)) || !proposer.Here() || !proposer.HasIn(pr.Unit, CentreHead) {
		return ErrStale
	}
	p, err := receiver(ctx, tx, pr.person, pr.Name, pr.Unit)
	if err != nil {
		return err
	}
	waited, err := deleteProposal(ctx, tx, proposalID)
	if err != nil {
		return fmt.Errorf("close proposal: %w", err)
	}
	if !waited {
		return errNoProposal
	}
	return grant(ctx, tx, p, Role{Name: pr.Name, Unit: pr.Unit}, pr.by, who.ID)
}

// DropProposal withdraws a proposal or declines it: a head of the centre or an Admin.
func DropProposal(ctx context.Context, tx *store.Tx, who Person, proposalID string) error {
	if _, err := proposal(ctx, tx, who, proposalID); err != nil {
		return err
	}
	waited, err := deleteProposal(ctx, tx, proposalID)
	if err != nil {
		return fmt.Errorf("drop proposal: %w", err)
	}
	if !waited {
		return errNoProposal
	}
	return audit.Append(ctx, tx, int64(who.ID), "role.drop", "role_proposal/"+proposalID, nil)
}

var errNoProposal = errs.New(errs.NotFound, "没有这项提名，可能已经处理过了。")

// proposal loads what waits, for those who may decide on it.
func proposal(ctx context.Context, tx *store.Tx, who Person, publicID string) (Proposal, error) {
	if !isAdmin(who) && len(who.Units(CentreHead)) == 0 {
		return Proposal{}, ErrForbidden
	}
	list, err := selectProposals(ctx, tx, `where r.public_id = $1`, publicID)
	if err != nil {
		return Proposal{}, fmt.Errorf("load proposal: %w", err)
	}
	if len(list) == 0 {
		return Proposal{}, errNoProposal
	}
	if !isAdmin(who) && !who.HasIn(list[0].Unit, CentreHead) {
		return Proposal{}, ErrForbidden
	}
	return list[0], nil
}

// Brief is a person as lists show one.
type Brief struct {
	PublicID string
	Name     string
	Number   string
}

// RoleHeld is a role as the desk lists it.
type RoleHeld struct {
	PublicID string
	Person   Brief
	Name     RoleName
	Unit     int64
	UnitName string // "" is the whole school
	Since    time.Time
	By       string // who granted it; "" is the system
	Second   string // who accepted it, of a centre's role

	id int64
}

func (r RoleHeld) cursor() string { return strconv.FormatInt(r.id, 10) }

// Proposal is a centre's role that waits for the second person.
type Proposal struct {
	PublicID string
	Person   Brief
	Name     RoleName
	Unit     int64
	UnitName string
	By       string
	At       time.Time

	by, person ID
}

// Roles lists who holds what, the newest first: an Admin everything, a head the
// centre's. after is what the page before returned as next; next "" is the end.
func Roles(ctx context.Context, tx *store.Tx, who Person, after string, limit int) (list []RoleHeld, next string, err error) {
	units, all, err := rolesReach(who)
	if err != nil {
		return nil, "", err
	}
	from, err := readAfterID(after)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	list, err = selectRoles(ctx, tx, all, units, from, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list roles: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		next = writeAfter(list[limit-1].cursor())
	}
	return list, next, nil
}

// Proposals lists what waits for a second person, the oldest first: an Admin
// everything, a head the centre's.
func Proposals(ctx context.Context, tx *store.Tx, who Person) ([]Proposal, error) {
	units, all, err := rolesReach(who)
	if err != nil {
		return nil, err
	}
	list, err := selectProposals(ctx, tx, `where $1 or r.unit_id = any($2) order by r.id limit 100`, all, int64Array(units))
	if err != nil {
		return nil, fmt.Errorf("list proposals: %w", err)
	}
	return list, nil
}

func rolesReach(who Person) (units []int64, all bool, err error) {
	all, units = isAdmin(who), who.Units(CentreHead)
	if !all && len(units) == 0 {
		return nil, false, ErrForbidden
	}
	return units, all, nil
}

// ParseRole returns the role of a name, for what comes from forms and command lines.
func ParseRole(s string) (RoleName, error) {
	n := RoleName(strings.TrimSpace(s))
	if !slices.Contains(RoleNames(), n) {
		return "", errs.Field("role", "没有这个角色，请从列表里选。")
	}
	return n, nil
}
