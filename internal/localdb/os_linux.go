package localdb

import "syscall"

// setParentDeath makes the kernel send a fast shutdown when we die, even by kill -9.
func setParentDeath(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
