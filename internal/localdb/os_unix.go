//go:build unix

package localdb

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

type lockMode int

const (
	shared    lockMode = syscall.LOCK_SH
	exclusive lockMode = syscall.LOCK_EX
)

// tryLock returns the locked file, or nil when somebody else's lock is in the way.
// Closing the file, or the end of every process that has it, frees the lock.
func tryLock(name string, mode lockMode) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), int(mode)|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return nil, nil
	}
	return nil, fmt.Errorf("lock %s: %w", name, err)
}

// interrupt asks a PostgreSQL server for its fast shutdown; redis-server ends as well.
func interrupt(pid int) error {
	err := syscall.Kill(pid, syscall.SIGINT)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func ownerOf(info os.FileInfo) (uid, gid int) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid)
	}
	return -1, -1
}

// processAttr keeps the terminal's Ctrl-C from the child: we stop it ourselves, last.
func processAttr(a *account, life lifetime) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{}
	if life == outlivesUs {
		attr.Setsid = true
	} else {
		attr.Setpgid = true
		setParentDeath(attr)
	}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}
