// SPDX-License-Identifier: Apache-2.0

package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWriteData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, want := range []string{"old and long", "new"} {
		if err := WriteData(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("holds %q, %v, want %q", got, err, want)
		}
	}
}

// TestWriteJSON: a line of the largest allowed size is written. A longer one writes
// nothing.
func TestWriteJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := WriteJSON(path, "abc", 6); err != nil {
		t.Fatal(err)
	}
	for most, value := range map[int]any{5: "abc", 100: func() {}} {
		if err := WriteJSON(path, value, most); err == nil {
			t.Errorf("%T is written in %d bytes", value, most)
		}
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "\"abc\"\n" {
		t.Errorf("it holds %q (%v)", data, err)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	full := errors.New("the disk is full")
	for _, step := range []struct {
		name, want string
		write      func(io.Writer) error
		err        error
	}{
		{"made", "old", text("old"), nil},
		{"replaced", "new", text("new"), nil},
		{"kept where the writing fails", "new", func(w io.Writer) error { text("ha")(w); return full }, full},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := Write(path, step.write); err != step.err {
				t.Errorf("error %v, want %v", err, step.err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != step.want {
				t.Errorf("holds %q, %v, want %q", got, err, step.want)
			}
			if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
				t.Errorf("the folder holds %v, %v, want one file", files, err)
			}
		})
	}
}

func TestWriteIsSeenWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	err := Write(path, func(w io.Writer) error {
		if _, err := os.Stat(path); err == nil {
			t.Error("the file is there before it is written")
		}
		files, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(files) != 1 || !Temporary(files[0].Name()) {
			t.Errorf("the folder holds %v, %v, want one temporary file", files, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if Temporary(filepath.Base(path)) {
		t.Errorf("%s counts as temporary", path)
	}
}

func TestWriteWithoutFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent", "file")
	if err := Write(path, text("x")); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path+":") {
		t.Errorf("error %v, want %v of %s", err, os.ErrNotExist, path)
	}
}
