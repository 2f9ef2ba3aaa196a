// SPDX-License-Identifier: Apache-2.0

package regular

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/hostile"
)

// TestRead: a file of at most the largest size is read completely. A longer file is
// refused, whatever size the system reports.
func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for size := range 5 {
		want := "text"[:size]
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		data, err := Read(path, 3)
		if size <= 3 && (err != nil || string(data) != want) {
			t.Errorf("of %q: %q, %v", want, data, err)
		}
		if size > 3 && (err == nil || err.Error() != path+": more than the 3 bytes that are allowed") {
			t.Errorf("of %q beyond the bound: %q, %v", want, data, err)
		}
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Fatal(err)
	}
	if err := hostile.Read(t, 0, func() error { _, err := Read(path, 1<<30); return err }); err == nil {
		t.Error("a terabyte is read to a bound of a gigabyte")
	}
}

// TestUntoldSize: a file of /proc is read, although its reported size is 0.
func TestUntoldSize(t *testing.T) {
	const path = "/proc/self/status"
	want, err := os.ReadFile(path)
	if err != nil {
		t.Skip(err)
	}
	if data, err := Read(path, 1<<20); err != nil || len(data) < len(want)/2 {
		t.Errorf("%d bytes, %v, want about %d", len(data), err, len(want))
	}
	if data, err := Read(path, 10); err == nil {
		t.Errorf("beyond the bound: %q", data)
	}
}

// TestMissing: the error of a missing file is the one of opening it.
func TestMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if _, err := Read(path, 3); err == nil || !strings.HasPrefix(err.Error(), "open "+path) {
		t.Errorf("without a file: %v", err)
	}
}

// info describes a file with a mode.
type info struct {
	fs.FileInfo
	mode fs.FileMode
}

func (i info) Mode() fs.FileMode { return i.mode }

func TestCheck(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{
		fs.ModeDir:                        "a folder",
		fs.ModeNamedPipe:                  "a named pipe",
		fs.ModeSocket:                     "a socket",
		fs.ModeDevice | fs.ModeCharDevice: "a device",
		fs.ModeIrregular:                  "a special file",
	} {
		if err := Check("f", info{mode: mode | 0o600}); err == nil || err.Error() != "f: "+want+", allowed are regular files" {
			t.Errorf("%v: %v, want %s", mode, err, want)
		}
	}
	if err := Check("f", info{mode: 0o600}); err != nil {
		t.Error(err)
	}
}
