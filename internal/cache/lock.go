// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/gotriovit/gotriovit/internal/progress"
)

// longest is the longest pause between two attempts to take a lock.
const longest = 50 * time.Millisecond

// lock waits until no other process or goroutine holds the lock file at path. It
// returns the function that releases the lock. During the wait it shows the holder and
// the text does, which names the holder's action (computes this, removes that). If ctx
// ends first, lock returns an error that names the holder and its action.
//
// The system releases the lock of a killed process. If locking is impossible (a
// read-only folder, some network file systems), lock returns at once. This is safe
// because entries are written atomically; the lock only avoids computing a result
// twice.
func lock(ctx context.Context, path, does string) (unlock func(), err error) {
	over := progress.Waiting(func() string { return fmt.Sprintf("wait for %s, which %s", holder(path), does) })
	defer over()
	for pause := time.Millisecond; ; {
		l := lockFile(path)
		locked, err := l.TryLock()
		switch {
		case err != nil:
			return func() {}, nil
		case locked && isAt(l, path):
			sign(path)
			return func() { remove(l) }, nil
		case locked:
			l.Unlock()
			continue
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waited for %s, which %s: %w", holder(path), does, context.Cause(ctx))
		case <-time.After(pause):
			pause = min(2*pause, longest)
		}
	}
}

// sign writes the name of this process into a lock file. If this fails, as in a file of
// another user, waiting processes cannot show the holder.
func sign(path string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return
	}
	defer f.Close()
	host, _ := os.Hostname()
	fmt.Fprintf(f, "%d %s\n", os.Getpid(), host)
}

// holder returns the holder that a lock file names, in words.
func holder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return "another process"
	}
	defer f.Close()
	var pid int
	var host string
	own, _ := os.Hostname()
	fields, _ := fmt.Fscan(io.LimitReader(f, 300), &pid, &host)
	switch odd := func(r rune) bool { return !strconv.IsPrint(r) }; {
	case fields < 2 || pid <= 0 || strings.ContainsFunc(host, odd):
		return "another process"
	case host == own && pid == os.Getpid():
		return "another call of this process"
	case host == own:
		return fmt.Sprintf("process %d", pid)
	}
	return fmt.Sprintf("process %d on %s", pid, host)
}

// removeFreeLock removes a lock file that no process holds. A killed process may have
// left it.
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

// lockFile returns the lock at path. Its file may belong to another user of a shared
// folder, so all users may write it if the umask lets them.
func lockFile(path string) *flock.Flock { return flock.New(path, flock.SetPermissions(0o666)) }

// isAt reports whether the locked file is still the file at path. A previous holder may
// have removed the locked file, and another process may hold a lock on a new file at
// path. Only the current file at path counts.
func isAt(l *flock.Flock, path string) bool {
	mine, err := l.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(path)
	return err == nil && os.SameFile(mine, current)
}

// remove removes the file of a held lock, and then releases the lock. In this order no
// other process can hold the removed file. Windows cannot remove an open file. There
// the reverse order is used, which is as safe.
func remove(l *flock.Flock) {
	if runtime.GOOS != "windows" {
		os.Remove(l.Path())
	}
	l.Unlock()
	if runtime.GOOS == "windows" {
		os.Remove(l.Path())
	}
}
