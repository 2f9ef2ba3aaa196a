// SPDX-License-Identifier: Apache-2.0

// Package atomicfile writes files atomically. It writes the content to a temporary file
// beside the target, flushes that file to the disk, and then renames it to the target.
// A reader therefore sees either the old content or the new content. A full disk or a
// killed process does not change the target.
//
//	err := atomicfile.Write("b0.profile", func(w io.Writer) error {
//		return gob.NewEncoder(w).Encode(profile)
//	})
package atomicfile

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// mark is part of the name of every temporary file.
const mark = ".writing-"

// Write makes or replaces the file at path with the output of write. After an error the
// file is unchanged and the temporary file is removed. A killed process leaves its
// temporary file behind: see [Temporary].
func Write(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path+mark+rand.Text(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if wrong, ok := errors.AsType[*fs.PathError](err); ok {
		wrong.Path = path // the path that the caller gave
	}
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// WriteData makes or replaces the file at path with data: see [Write].
func WriteData(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteJSON makes or replaces the file at path with one line of JSON: see [Write]. most
// is the largest size in bytes that the file's reader accepts. A longer line is an
// error.
func WriteJSON(path string, value any, most int) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if len(data) >= most {
		return fmt.Errorf("%d bytes: allowed are %d", len(data)+1, most)
	}
	return WriteData(path, append(data, '\n'))
}

// Temporary reports whether a file's name is that of a temporary file. Such a file is
// being written, or a killed process left it.
func Temporary(name string) bool { return strings.Contains(name, mark) }
