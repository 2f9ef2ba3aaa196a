// SPDX-License-Identifier: Apache-2.0

//go:build unix

package dataset

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// TestPipes: no reader waits for a named pipe that has the name of a picture or of a
// list.
func TestPipes(t *testing.T) {
	dir := imageFolder(t)
	pipe := func(name string) string {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		os.Remove(path)
		if err := syscall.Mkfifo(path, 0o666); err != nil {
			t.Skip(err)
		}
		return path
	}
	list := pipe("classes.txt")
	_, err := ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8), Words(list))
	wantError(t, err, list, "a named pipe")
	_, err = ImageNetVal(t.Context(), filepath.Join(dir, "val"), list, preprocess.Classification(8))
	wantError(t, err, list, "a named pipe")
	labels := pipe("labels.png")
	_, err = cityscapesCoding(cityLabelIDs).read(labels, 8, 8)
	wantError(t, err, labels, "a named pipe")
	_, err = hashFile(labels)
	wantError(t, err, labels, "a named pipe")
	picture := pipe("val/n01/y.png")
	_, err = ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8))
	wantError(t, err, picture, "a named pipe")
	_, err = FirstPicture(filepath.Join(dir, "val"))
	wantError(t, err, picture, "a named pipe")
}
