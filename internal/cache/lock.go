// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"errors"
	"os"
	"runtime"
	"syscall"

	"github.com/gofrs/flock"
)

// lock waits until no other process or goroutine holds the lock file at path
// and returns the function that releases it. The system releases the lock of a
// killed process. Where locking is impossible (a read-only folder, some network
// file systems) it returns at once: entries are written atomically, and the
// lock only saves computing a result twice.
func lock(path string) (unlock func()) {
	for {
		l := lockFile(path)
		err := l.Lock()
		switch {
		case errors.Is(err, syscall.EINTR): // a signal of Go's scheduler
		case err != nil:
			return func() {}
		case isAt(l, path):
			return func() { remove(l) }
		default:
			l.Unlock()
		}
	}
}

// removeFreeLock removes a lock file that no process holds: a killed one left it.
func removeFreeLock(path string) {
	l := lockFile(path)
	switch ok, err := l.TryLock(); {
	case err != nil || !ok:
	case isAt(l, path):
		remove(l)
	default:
		l.Unlock()
	}
}

// lockFile may belong to another user of a shared folder.
func lockFile(path string) *flock.Flock { return flock.New(path, flock.SetPermissions(0o666)) }

// isAt reports whether the file that is locked still has the name path. The
// holder before may have removed it, and another may hold a lock on its
// successor: only the file now at path counts.
func isAt(l *flock.Flock, path string) bool {
	mine, err := l.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(path)
	return err == nil && os.SameFile(mine, current)
}

// remove removes the file of a lock that is held, and releases the lock. In
// this order nobody can hold the file that goes. Windows removes no open file,
// so that there the other order is as safe.
func remove(l *flock.Flock) {
	if runtime.GOOS != "windows" {
		os.Remove(l.Path())
	}
	l.Unlock()
	if runtime.GOOS == "windows" {
		os.Remove(l.Path())
	}
}
