// SPDX-License-Identifier: Apache-2.0

//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package cache

// lock does nothing where there is no flock: two processes may compute the
// same result, and each writes it whole.
func lock(string) (unlock func()) { return func() {} }

// removeFreeLock does nothing where there are no lock files.
func removeFreeLock(string) {}
