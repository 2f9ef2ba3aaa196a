// SPDX-License-Identifier: Apache-2.0

// Package shared finds reference outputs, checkpoints and pictures that tests compare
// with and that are not part of the repository.
//
// They are in the folder that TRIOVIT_SHARED names, or in a folder "shared" beside the
// checkout. A test that needs one of them calls [Path]. If the data is absent, the test
// is skipped with a message, or fails if TRIOVIT_REQUIRE_SHARED=1.
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

// Path returns the path of one shared file or folder. The name is relative to the
// shared folder, with slashes. If the file is absent, the test is skipped, or fails if
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

// Unzipped unpacks a shared archive into a folder of the test. The archive holds one
// folder, which has the archive's name. Unzipped returns the path of that folder.
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
