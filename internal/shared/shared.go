// SPDX-License-Identifier: Apache-2.0

// Package shared finds the reference outputs, checkpoints and pictures that
// tests measure against and that are not part of the repository.
//
// They lie in the folder named by TRIOVIT_SHARED, or in a folder "shared"
// beside the checkout. A test that needs one of them calls [Path]: where the
// data is absent the test is skipped with a message, unless
// TRIOVIT_REQUIRE_SHARED=1 says that it must be there.
package shared

import (
	"archive/zip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Root returns the folder of the shared data and whether it exists.
func Root() (string, bool) {
	root := os.Getenv("TRIOVIT_SHARED")
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	}
	info, err := os.Stat(root)
	return root, err == nil && info.IsDir()
}

// Path returns the path of one shared file or folder, named relative to the
// shared folder with slashes. Without it the test is skipped, or failed where
// TRIOVIT_REQUIRE_SHARED=1.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	root, _ := Root()
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("TRIOVIT_REQUIRE_SHARED") == "1" {
			tb.Fatalf("shared data %s is required (TRIOVIT_REQUIRE_SHARED=1) but absent: set TRIOVIT_SHARED", name)
		}
		tb.Skipf("shared data %s is absent: set TRIOVIT_SHARED to its folder", name)
	}
	return path
}

// Unzipped unpacks a shared archive into a folder of the test, and returns the
// path of the one folder that it holds, of the archive's name.
func Unzipped(tb testing.TB, name string) string {
	tb.Helper()
	archive, err := zip.OpenReader(Path(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	defer archive.Close()
	dir := tb.TempDir()
	if err := os.CopyFS(dir, archive); err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(dir, strings.TrimSuffix(filepath.Base(name), ".zip"))
}
