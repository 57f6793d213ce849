//go:build !unix

package localdb

import (
	"errors"
	"os"
	"syscall"
)

type lockMode int

const (
	shared lockMode = iota
	exclusive
)

var errNoUnix = errors.New("a private server needs a Unix system (on Windows: WSL), or set DATABASE_URL and REDIS_URL to servers you have")

func tryLock(string, lockMode) (*os.File, error)          { return nil, errNoUnix }
func interrupt(int) error                                 { return errNoUnix }
func alive(int) bool                                      { return false }
func ownerOf(os.FileInfo) (uid, gid int)                  { return -1, -1 }
func processAttr(*account, lifetime) *syscall.SysProcAttr { return nil }
