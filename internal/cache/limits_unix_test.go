// SPDX-License-Identifier: Apache-2.0

//go:build darwin || linux

package cache

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() {
	limitedRoles["ordinary user"] = func(dir string) {
		if os.Getuid() == 0 { // permissions do not bind root
			if err := syscall.Setuid(65534); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
		report(dir)
	}
	limitedRoles["full disk"] = func(dir string) {
		signal.Ignore(syscall.SIGXFSZ) // a write beyond the limit then fails, as on a full disk
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		report(dir)
	}
}

// TestCacheThatCannotBeWritten: if nothing can be written, results are right and
// computed again, and entries stored before are found. The warning says why and what to
// do.
func TestCacheThatCannotBeWritten(t *testing.T) {
	for _, test := range []struct {
		role, why string
		mode      os.FileMode
	}{
		{"ordinary user", "permission denied", 0o555},
		{"full disk", "file too large", 0o777},
	} {
		t.Run(test.role, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "gotriovit-cache") // t.TempDir is in a folder for root only
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			if _, err := Do(t.Context(), Open(dir), "old", 1, nil, func() ([]byte, error) { return payload, nil }); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, test.mode); err != nil {
				t.Fatal(err)
			}
			out, err := process(t, test.role, dir).Output()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			lines := strings.Split(string(out), "\n")
			for i, want := range []string{
				fmt.Sprintf("old: %d bytes, computed 0 times, <nil>", len(payload)),
				fmt.Sprintf("new: %d bytes, computed 1 times, <nil>", len(payload)),
				fmt.Sprintf("new: %d bytes, computed 1 times, <nil>", len(payload)),
			} {
				if lines[i] != want {
					t.Errorf("line %d is %q, want %q", i, lines[i], want)
				}
			}
			for _, part := range []string{dir, test.why, "TRIOVIT_CACHE"} {
				if !strings.Contains(lines[3], part) {
					t.Errorf("warning %q lacks %q", lines[3], part)
				}
			}
			if files, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(files) != 1 || !strings.HasSuffix(files[0], suffix) {
				t.Errorf("the folder holds %v, %v, want one entry", files, err)
			}
		})
	}
}
