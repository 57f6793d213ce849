package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Version is a definition as it was in one state of its file, for ever.
type Version struct {
	ID   int64
	Hash string // of the file
	Definition
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// setHash tells two sets of files apart.
func setHash(files []File) string {
	h := sha256.New()
	for _, f := range files {
		h.Write([]byte(f.Hash + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ErrNoVersion is what an id nobody has leads to.
var ErrNoVersion = errs.New(errs.NotFound, "没有找到这个办理事项。")

// Applied is what Apply changed.
type Applied struct {
	Added, Changed, Removed []string // codes; what is left out stayed as it was
}

// Nothing tells whether the active set was like this already.
func (a Applied) Nothing() bool { return len(a.Added)+len(a.Changed)+len(a.Removed) == 0 }

// Apply makes the files the active set. Applications under way keep the version they were
// made by. Only an Admin, on the command line the Operator, may.
func Apply(ctx context.Context, tx *store.Tx, who identity.Person, files []File) (Applied, error) {
	if who.ID != 0 && !who.Has(identity.Admin) {
		return Applied{}, identity.ErrForbidden
	}
	before, err := lockSet(ctx, tx)
	if err != nil {
		return Applied{}, fmt.Errorf("load active services: %w", err)
	}
	ids, err := keep(ctx, tx, files)
	if err != nil {
		return Applied{}, err
	}
	changed := compare(before, files)
	if before != nil && slices.Equal(idsOf(before), ids) {
		return changed, nil
	}
	if err := writeSet(ctx, tx, ids, setHash(files), who.ID); err != nil {
		return Applied{}, fmt.Errorf("write active services: %w", err)
	}
	return changed, audit.Append(ctx, tx, int64(who.ID), "services.apply", "services", map[string]any{
		"added": changed.Added, "changed": changed.Changed, "removed": changed.Removed,
	})
}

// keep stores what of the files is new and returns the ids of all versions in their order.
func keep(ctx context.Context, tx *store.Tx, files []File) ([]int64, error) {
	ids := make([]int64, len(files))
	for i, f := range files {
		id, err := upsertVersion(ctx, tx, f)
		if err != nil {
			return nil, fmt.Errorf("keep service %s: %w", f.Definition.Code, err)
		}
		ids[i] = id
	}
	return ids, nil
}

func compare(before []versionRow, files []File) Applied {
	var a Applied
	was := map[string]string{}
	for _, v := range before {
		was[v.Code] = v.Hash
	}
	for _, f := range files {
		switch hash, there := was[f.Definition.Code]; {
		case !there:
			a.Added = append(a.Added, f.Definition.Code)
		case hash != f.Hash:
			a.Changed = append(a.Changed, f.Definition.Code)
		}
		delete(was, f.Definition.Code)
	}
	for _, v := range before {
		if _, gone := was[v.Code]; gone {
			a.Removed = append(a.Removed, v.Code)
		}
	}
	return a
}

// ApplyFirst makes the files the active set if there is none yet, as every start does;
// two processes that start together apply it once.
func ApplyFirst(ctx context.Context, tx *store.Tx, files []File) error {
	if _, err := lockSet(ctx, tx); err != nil {
		return fmt.Errorf("load active services: %w", err)
	}
	_, there, err := activeHash(ctx, tx)
	if err != nil {
		return fmt.Errorf("load active services: %w", err)
	}
	if there {
		return nil
	}
	_, err = Apply(ctx, tx, identity.Operator(), files)
	return err
}

// Differ says how the files of this process differ from the active set; "" is not at all.
func Differ(ctx context.Context, tx *store.Tx, files []File) (string, error) {
	hash, there, err := activeHash(ctx, tx)
	if err != nil {
		return "", fmt.Errorf("load active services: %w", err)
	}
	switch {
	case !there:
		return "no services are active: run xuegong templates apply", nil
	case hash != setHash(files):
		return "this process has other service files than the active ones: run xuegong templates apply with the files that should count, or bring those files here", nil
	}
	return "", nil
}

// Active returns what is offered now, in the order of the home page.
func Active(ctx context.Context, tx *store.Tx) ([]Version, error) {
	rows, err := selectActive(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("load active services: %w", err)
	}
	return read(ctx, tx, rows)
}

// ByCode returns the active version of a service, ErrNoVersion if it is not offered.
func ByCode(ctx context.Context, tx *store.Tx, code string) (Version, error) {
	active, err := Active(ctx, tx)
	if err != nil {
		return Version{}, err
	}
	for _, v := range active {
		if v.Code == code {
			return v, nil
		}
	}
	return Version{}, ErrNoVersion
}

// Get returns the version with the id, active or not.
func Get(ctx context.Context, tx *store.Tx, id int64) (Version, error) {
	row, err := selectVersion(ctx, tx, id)
	if store.Missing(err) {
		return Version{}, ErrNoVersion
	}
	if err != nil {
		return Version{}, fmt.Errorf("load service version: %w", err)
	}
	list, err := read(ctx, tx, []versionRow{row})
	if err != nil {
		return Version{}, err
	}
	return list[0], nil
}

// Versions returns the versions with the ids, each of which there must be, in one statement.
func Versions(ctx context.Context, tx *store.Tx, ids []int64) (map[int64]Version, error) {
	rows, err := selectVersions(ctx, tx, ids)
	if err != nil {
		return nil, fmt.Errorf("load service versions: %w", err)
	}
	list, err := read(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]Version, len(list))
	for _, v := range list {
		found[v.ID] = v
	}
	for _, id := range ids {
		if _, ok := found[id]; !ok {
			return nil, ErrNoVersion
		}
	}
	return found, nil
}

// parsed keeps the definitions by the hash of their files, read once a process: the
// content of a hash never changes.
//
//nolint:gochecknoglobals // immutable content by its hash, the same for every database
var parsed sync.Map

// read turns rows into versions, loading the content of those not yet parsed.
func read(ctx context.Context, tx *store.Tx, rows []versionRow) ([]Version, error) {
	list := make([]Version, len(rows))
	for i, r := range rows {
		d, ok := parsed.Load(r.Hash)
		if !ok {
			fresh, err := parseVersion(ctx, tx, r)
			if err != nil {
				return nil, err
			}
			d, _ = parsed.LoadOrStore(r.Hash, fresh)
		}
		list[i] = Version{ID: r.ID, Hash: r.Hash, Definition: d.(Definition)}
	}
	return list, nil
}

func parseVersion(ctx context.Context, tx *store.Tx, r versionRow) (Definition, error) {
	content, err := selectContent(ctx, tx, r.ID)
	if err != nil {
		return Definition{}, fmt.Errorf("load service %s: %w", r.Code, err)
	}
	d, err := Parse(r.Code+".yaml", content)
	if err != nil {
		return Definition{}, fmt.Errorf("service version %d: %w", r.ID, err)
	}
	return d, nil
}

// Agree records that the person has read the notice of the service to the end. version is
// the one that was shown; an older one is refused, so that nobody agrees to what they have
// not seen.
func Agree(ctx context.Context, tx *store.Tx, who identity.Person, d Definition, version string) error {
	if version != d.Notice.Version() {
		return errs.New(errs.Conflict, "须知刚刚更新过，请读完新的再确认。")
	}
	if err := insertConsent(ctx, tx, who.ID, d.Code, version); err != nil {
		return fmt.Errorf("record consent: %w", err)
	}
	return nil
}

// Agreed tells whether and when the person has read the notice as it stands now.
func Agreed(ctx context.Context, tx *store.Tx, who identity.Person, d Definition) (at time.Time, ok bool, err error) {
	at, err = selectConsent(ctx, tx, who.ID, d.Code, d.Notice.Version())
	if store.Missing(err) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("load consent: %w", err)
	}
	return at, true, nil
}

// Consent is a notice of a service that a person has read to the end.
type Consent struct {
	Code    string    `db:"code"` // of the service
	Version string    `db:"version"`
	At      time.Time `db:"agreed_at"`
}

// Consents lists what the person has agreed to, the newest first.
func Consents(ctx context.Context, tx *store.Tx, who identity.Person) ([]Consent, error) {
	list, err := selectConsents(ctx, tx, who.ID)
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	return list, nil
}
