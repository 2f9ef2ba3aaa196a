// SPDX-License-Identifier: Apache-2.0

// Package regular opens files that a user names. Opening a named pipe waits for its
// writer, and a device may have no end. Both are refused before they are opened. A
// regular file is read up to a largest size.
//
//	data, err := regular.Read("grids.json", 16<<20)
package regular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Check returns an error of one line unless the file is a regular one.
func Check(path string, info fs.FileInfo) error {
	kind := "a special file"
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("%s: %s, allowed are regular files", path, kind)
}

// Open opens a regular file of at most most bytes. Its errors name the file.
func Open(path string, most int64) (*os.File, error) {
	info, err := os.Stat(path)
	if wrong, ok := errors.AsType[*fs.PathError](err); ok {
		wrong.Op = "open" // the operation that the caller asked for
	}
	if err != nil {
		return nil, err
	}
	if err := Check(path, info); err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, tooLong(path, most)
	}
	return os.Open(path)
}

// Read returns the content of a regular file of at most most bytes. Its errors name the
// file.
func Read(path string, most int64) ([]byte, error) {
	f, err := Open(path, most)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	data.Grow(int(min(info.Size(), most)) + bytes.MinRead)
	// A file of /proc has the size 0, and another file may grow during the read.
	if _, err := data.ReadFrom(io.LimitReader(f, most+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) > most {
		return nil, tooLong(path, most)
	}
	return data.Bytes(), nil
}

// Parse reads a regular file of at most most bytes and parses it. of names the kind of
// content, such as "survey", and maker names the function that writes such files. The
// error for a file with other content names both.
func Parse[T any](path string, most int64, of, maker string, parse func(data []byte) (T, error)) (T, error) {
	var none T
	data, err := Read(path, most)
	if err != nil {
		return none, fmt.Errorf("read %s: %w", of, err)
	}
	value, err := parse(data)
	if err != nil {
		return none, fmt.Errorf("read %s %s: not a file of %s: %w", of, path, maker, err)
	}
	return value, nil
}

func tooLong(path string, most int64) error {
	return fmt.Errorf("%s: more than the %d bytes that are allowed", path, most)
}
