package localdb

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// account is the user a root process runs PostgreSQL as, which refuses to be root.
// A nil account is ourselves.
type account struct {
	name     string
	uid, gid int
}

func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(u.Uid)
		gid, errGID := strconv.Atoi(u.Gid)
		if errUID == nil && errGID == nil {
			return &account{name: name, uid: uid, gid: gid}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: run as another user, or set DATABASE_URL to a server you have")
}

// own gives a folder to the account.
func (a *account) own(dir string) error {
	if a == nil {
		return nil
	}
	if err := os.Chown(dir, a.uid, a.gid); err != nil {
		return fmt.Errorf("give %s to user %s: %w", dir, a.name, err)
	}
	return nil
}

// reachableDir makes dir, or its stand-in under the machine's state folder when the
// account cannot pass through one of dir's parents (/root is closed to others).
func (m *machine) reachableDir(dir string, a *account) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	if a == nil || a.canEnter(dir) {
		return dir, nil
	}
	standIn := filepath.Join(m.stateDir, shortHash(dir))
	if err := os.MkdirAll(standIn, 0o755); err != nil {
		return "", fmt.Errorf("user %s cannot enter %s, and no folder can be made instead: %w", a.name, dir, err)
	}
	if !a.canEnter(standIn) {
		return "", fmt.Errorf("user %s can enter neither %s nor %s: choose another data folder", a.name, dir, standIn)
	}
	return standIn, nil
}

// canEnter tells whether the account may pass through dir and all its parents.
func (a *account) canEnter(dir string) bool {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	for {
		info, err := os.Stat(dir)
		if err != nil || !a.mayPass(info) {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

func (a *account) mayPass(info os.FileInfo) bool {
	mode := info.Mode().Perm()
	uid, gid := ownerOf(info)
	switch {
	case uid == a.uid:
		return mode&0o100 != 0
	case gid == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}
