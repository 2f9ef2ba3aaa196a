// SPDX-License-Identifier: Apache-2.0

// Package cachetest gives a package's tests a cache of their own. They leave nothing in the
// user's cache, and no older result hides a change of the code:
//
//	func TestMain(m *testing.M) { os.Exit(cachetest.Run(m)) }
package cachetest

import (
	"fmt"
	"os"
	"testing"
)

// Run runs the tests with TRIOVIT_CACHE set to an empty folder, which it removes. It returns
// the exit status.
func Run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gotriovit")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Setenv("TRIOVIT_CACHE", dir)
	return m.Run()
}
