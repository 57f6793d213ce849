package identity

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/store"
)

// ScopeCentre lets a token carry its person's roles of a counselling centre. Only the
// person who holds them puts it on a token of their own; without it a token has none,
// even if the person is given one later.
const ScopeCentre = "centre"

// maxTokenLife bounds how long a machine keeps its way in.
const maxTokenLife = 366 * 24 * time.Hour

// tokenPrefix lets scanners of code and logs recognise a token.
const tokenPrefix = "xg_"

var scopeShape = regexp.MustCompile(`^[a-z][a-z_]*([.:][a-z_]+)*$`)

// ErrToken is every refusal of a token: who holds none learns nothing about those there are.
var ErrToken = errs.New(errs.Unauthenticated, "这个令牌用不了：可能写错、过期或已停用。请找管理员换一个。")

// Token is a machine's way in as the desk lists it; the secret itself is not kept.
type Token struct {
	PublicID  string
	Name      string
	Person    Brief // acts as
	Scopes    []string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero if it stands
}

// NewToken makes a token that acts as the person within the scopes until expires, and
// returns the secret, which is shown once. An Admin makes it for anybody, others for
// themselves; ScopeCentre only its holder for themself.
func NewToken(ctx context.Context, tx *store.Tx, who Person, name string, person ID, scopes []string, expires time.Time) (string, error) {
	own := person == who.ID && who.ID != 0
	if !isAdmin(who) && (!own || len(who.Roles) == 0) {
		return "", ErrForbidden
	}
	if slices.Contains(scopes, ScopeCentre) && (!own || !who.Has(CentreHead, CentreCounsellor, CentreDesk)) {
		return "", ErrTwoPersons
	}
	p, err := Get(ctx, tx, person)
	if err != nil {
		return "", err
	}
	if name, err = checkToken(name, p, scopes, tx.Now(), expires); err != nil {
		return "", err
	}
	raw := tokenPrefix + store.NewPublicID() + store.NewPublicID() // 256 bits
	id, err := insertToken(ctx, tx, hashToken(raw), name, person, scopes, expires)
	if err != nil {
		return "", fmt.Errorf("make token: %w", err)
	}
	return raw, audit.Append(ctx, tx, int64(who.ID), "token.make", "token/"+id,
		map[string]any{"person": p.PublicID, "scopes": scopes, "expires": expires.Unix()})
}

func checkToken(name string, p Person, scopes []string, now, expires time.Time) (string, error) {
	fields := map[string]string{}
	name = strings.TrimSpace(name)
	if n := len([]rune(name)); n < 1 || n > 40 {
		fields["name"] = "给令牌起个 1 到 40 个字的名字，写明给谁用。"
	}
	if !p.Here() {
		fields["person"] = p.Name + "目前不在册，不能以此身份办理。"
	}
	if len(scopes) == 0 || len(scopes) > 20 || slices.ContainsFunc(scopes, func(s string) bool { return !scopeShape.MatchString(s) }) {
		fields["scopes"] = "至少选一个范围，最多 20 个。"
	}
	if !expires.After(now) || expires.Sub(now) > maxTokenLife {
		fields["expires"] = "有效期从现在起，最长一年。"
	}
	if len(fields) > 0 {
		return "", &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
	}
	return name, nil
}

// ByToken returns who a token acts as and its scopes. An unknown, expired or revoked
// token is ErrToken, one of a person who is not here ErrSuspended or ErrLeft. It locks nothing, so
// it also serves a read-only transaction; a verb that writes locks the person.
func ByToken(ctx context.Context, tx *store.Tx, raw string) (Person, []string, error) {
	if !strings.HasPrefix(raw, tokenPrefix) {
		return Person{}, nil, ErrToken
	}
	id, scopes, err := tokenByHash(ctx, tx, hashToken(raw))
	if store.Missing(err) {
		return Person{}, nil, ErrToken
	}
	if err != nil {
		return Person{}, nil, fmt.Errorf("load token: %w", err)
	}
	p, err := Get(ctx, tx, id)
	if err != nil {
		return Person{}, nil, err
	}
	if err := p.away(); err != nil {
		return Person{}, nil, err
	}
	if !slices.Contains(scopes, ScopeCentre) {
		p.Roles = slices.DeleteFunc(p.Roles, func(r Role) bool { return r.Name.OfCentre() })
	}
	return p, scopes, nil
}

// RevokeToken ends a token: an Admin any, others their own. Revoking twice changes nothing.
func RevokeToken(ctx context.Context, tx *store.Tx, who Person, publicID string) error {
	holder, err := tokenHolder(ctx, tx, publicID)
	if err != nil && !store.Missing(err) {
		return fmt.Errorf("load token: %w", err)
	}
	if !isAdmin(who) && (err != nil || holder != who.ID) {
		return ErrForbidden
	}
	if err != nil {
		return errs.New(errs.NotFound, "没有找到这个令牌。")
	}
	ended, err := endToken(ctx, tx, publicID)
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	if !ended {
		return nil
	}
	return audit.Append(ctx, tx, int64(who.ID), "token.revoke", "token/"+publicID, nil)
}

// Tokens lists the newest 100 tokens: an Admin all, others their own.
func Tokens(ctx context.Context, tx *store.Tx, who Person) ([]Token, error) {
	list, err := selectTokens(ctx, tx, isAdmin(who), who.ID)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return list, nil
}

func hashToken(raw string) []byte {
	h := sha256.Sum256([]byte(raw))
	return h[:]
}
