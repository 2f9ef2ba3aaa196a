// SPDX-License-Identifier: Apache-2.0

//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cache

import (
	"os"
	"syscall"
)

// lock waits until no other process or goroutine holds the lock file at path
// and returns the function that releases it. The kernel releases the lock of a
// killed process. Where locking is impossible (a read-only folder, some network
// file systems) it returns at once: entries are written atomically, and the
// lock only saves computing a result twice.
func lock(path string) (unlock func()) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return func() {}
		}
		if err := flock(f, syscall.LOCK_EX); err != nil {
			f.Close()
			return func() {}
		}
		// The holder before may have removed this file, and another may hold
		// a lock on its successor: only the file now at path counts.
		if isAt(f, path) {
			return func() {
				os.Remove(path)
				f.Close()
			}
		}
		f.Close()
	}
}

// isAt reports whether f is the file that now has the name path.
func isAt(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(path)
	return err == nil && os.SameFile(mine, current)
}

// removeFreeLock removes a lock file that no process holds: a killed one left it.
func removeFreeLock(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	if flock(f, syscall.LOCK_EX|syscall.LOCK_NB) == nil && isAt(f, path) {
		os.Remove(path)
	}
}

// flock repeats the call when a signal of Go's scheduler interrupts it.
func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); err != syscall.EINTR {
			return err
		}
	}
}
