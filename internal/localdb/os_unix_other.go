//go:build unix && !linux

package localdb

import "syscall"

// setParentDeath does nothing: only Linux has the signal. A server that outlived its
// process is found by its owner lock being free, and stopped before the next start.
func setParentDeath(*syscall.SysProcAttr) {}
