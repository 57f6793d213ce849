package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/store"
)

// Binding says how a userid nobody has bound yet may prove whose it is.
type Binding string

// The ways of binding, a setting of the school.
const (
	ByNumber Binding = "number" // the userid equals the student or staff number
	ByHand   Binding = "hand"   // only imports and staff bind
)

// Resolve returns the person behind a userid and locks their row until the
// transaction ends, so that two acts of one person queue. An unknown userid that
// equals a number is bound to it first (ByNumber). The errors are ErrUnbound, ErrSuspended and ErrLeft.
func Resolve(ctx context.Context, tx *store.Tx, userid string, how Binding) (Person, error) {
	id, err := lockByUserID(ctx, tx, userid)
	if store.Missing(err) && how == ByNumber {
		id, err = bindByNumber(ctx, tx, userid)
	}
	if store.Missing(err) {
		return Person{}, ErrUnbound
	}
	if err != nil {
		return Person{}, fmt.Errorf("resolve account: %w", err)
	}
	p, err := one(selectPersons(ctx, tx, "where id = $1", id))
	if err != nil {
		return Person{}, fmt.Errorf("load person: %w", err)
	}
	if err := p.away(); err != nil {
		return Person{}, err
	}
	return p, nil
}

// Find returns the person behind a userid without locking or binding, for acts that
// only read. The errors are those of Resolve.
func Find(ctx context.Context, tx *store.Tx, userid string) (Person, error) {
	p, err := one(selectPersons(ctx, tx, "where userid = lower($1)", userid))
	if store.Missing(err) {
		return Person{}, ErrUnbound
	}
	if err != nil {
		return Person{}, fmt.Errorf("find person: %w", err)
	}
	if err := p.away(); err != nil {
		return Person{}, err
	}
	return p, nil
}

// bindByNumber binds a userid to the one person of that number who has no account yet.
func bindByNumber(ctx context.Context, tx *store.Tx, userid string) (ID, error) {
	p, err := one(selectPersons(ctx, tx, `
		where id in (select person_id from enrolment where lower(number) = lower($1)) and lower(number) = lower($1) and userid is null`, userid))
	if store.Missing(err) {
		return lockByUserID(ctx, tx, userid) // another act may have bound it since we looked
	}
	if err != nil {
		return 0, err
	}
	err = tx.Try(ctx, func() error { return bindAccount(ctx, tx, p.ID, userid, "number", tx.Now()) })
	if err != nil && store.Constraint(err) == "" {
		return 0, err
	}
	return lockByUserID(ctx, tx, userid) // also when another act bound it meanwhile
}

// Lock locks the persons in the order of their ids and returns them; the order is
// what keeps two acts on the same persons from waiting for each other in a circle.
func Lock(ctx context.Context, tx *store.Tx, ids ...ID) ([]Person, error) {
	keys := make([]int64, len(ids))
	for i, id := range ids {
		keys[i] = int64(id)
	}
	if err := lockPersons(ctx, tx, keys); err != nil {
		return nil, fmt.Errorf("lock persons: %w", err)
	}
	return Persons(ctx, tx, ids...)
}

// Persons returns the persons with the ids, in the order of the ids given; unknown ids are left out.
func Persons(ctx context.Context, tx *store.Tx, ids ...ID) ([]Person, error) {
	keys := make([]int64, len(ids))
	for i, id := range ids {
		keys[i] = int64(id)
	}
	found, err := selectPersons(ctx, tx, "where id = any($1)", int64Array(keys))
	if err != nil {
		return nil, fmt.Errorf("load persons: %w", err)
	}
	byID := make(map[ID]Person, len(found))
	for _, p := range found {
		byID[p.ID] = p
	}
	persons := make([]Person, 0, len(ids))
	for _, id := range ids {
		if p, ok := byID[id]; ok {
			persons = append(persons, p)
		}
	}
	return persons, nil
}

// Get returns the person with the id.
func Get(ctx context.Context, tx *store.Tx, id ID) (Person, error) {
	p, err := one(selectPersons(ctx, tx, "where id = $1", id))
	if store.Missing(err) {
		return Person{}, errs.New(errs.NotFound, "没有找到这个人。")
	}
	if err != nil {
		return Person{}, fmt.Errorf("load person: %w", err)
	}
	return p, nil
}

// Numbered returns the person of a student or staff number.
func Numbered(ctx context.Context, tx *store.Tx, number string) (Person, error) {
	p, err := one(selectPersons(ctx, tx, "where number = $1", number))
	if store.Missing(err) {
		return Person{}, errs.New(errs.NotFound, "没有这个学号或工号。")
	}
	if err != nil {
		return Person{}, fmt.Errorf("load person by number: %w", err)
	}
	return p, nil
}

// Holders returns who holds one of the roles for the unit or the whole school.
func Holders(ctx context.Context, tx *store.Tx, unit int64, names ...RoleName) ([]Person, error) {
	persons, err := selectHolders(ctx, tx, unit, names)
	if err != nil {
		return nil, fmt.Errorf("load role holders: %w", err)
	}
	return persons, nil
}

// HolderIDs is Holders without anything about them.
func HolderIDs(ctx context.Context, tx *store.Tx, unit int64, names ...RoleName) ([]ID, error) {
	ids, err := selectHolderIDs(ctx, tx, unit, names)
	if err != nil {
		return nil, fmt.Errorf("load role holders: %w", err)
	}
	return ids, nil
}

// Leave closes the account of a userid that left WeCom's visible range (unsubscribe
// or the nightly reading of the directory). An unknown userid changes nothing.
func Leave(ctx context.Context, tx *store.Tx, userid string) error {
	if err := closeAccounts(ctx, tx, userid, tx.Now()); err != nil {
		return fmt.Errorf("close account: %w", err)
	}
	return nil
}

// Rename follows a member to another userid: the same person, who keeps everything. An
// unknown userid changes nothing.
func Rename(ctx context.Context, tx *store.Tx, userid, to string) error {
	if strings.EqualFold(userid, to) || !userIDShape.MatchString(to) {
		return nil
	}
	person, err := lockByUserID(ctx, tx, userid)
	if store.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find account: %w", err)
	}
	p, err := Get(ctx, tx, person)
	if err != nil {
		return err
	}
	if err := bind(ctx, tx, person, to, "directory"); err != nil {
		return fmt.Errorf("rename account: %w", err)
	}
	return audit.Append(ctx, tx, 0, "account.rename", "person/"+p.PublicID, map[string]any{"userid": strings.ToLower(to)})
}

// bind gives the person the userid by the hand of staff or an import; what either
// had before is closed. who is audited by the caller.
func bind(ctx context.Context, tx *store.Tx, person ID, userid, how string) error {
	if userid == "" {
		return errs.Field("userid", "请填企业微信的账号（userid）。")
	}
	if err := closeAccounts(ctx, tx, userid, tx.Now()); err != nil {
		return fmt.Errorf("close account: %w", err)
	}
	if err := closeAccountsOf(ctx, tx, person, tx.Now()); err != nil {
		return fmt.Errorf("close account: %w", err)
	}
	return bindAccount(ctx, tx, person, userid, how, tx.Now())
}

// IsBindingError tells whether err is one a stranger gets: unbound or left.
func IsBindingError(err error) bool {
	return errors.Is(err, ErrUnbound) || errors.Is(err, ErrSuspended) || errors.Is(err, ErrLeft)
}
