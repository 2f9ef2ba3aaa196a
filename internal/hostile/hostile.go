// SPDX-License-Identifier: Apache-2.0

// Package hostile holds the requirements of the tests on every reader of files. A
// checkpoint, a picture or a profile may come from anywhere, be cut off, or be made to do
// harm. For any content a reader returns a value or a short error of one line, does not
// panic, and allocates no more than the file's size justifies. A fuzz target calls its
// reader through [Read]:
//
//	f.Fuzz(func(t *testing.T, data []byte) {
//		var set Set
//		err := hostile.Read(t, len(data), func() (err error) { set, err = parse(data); return })
package hostile

import (
	"runtime"
	"strings"
	"testing"
)

// Allowance is the number of bytes that a reader may allocate beside twice the file.
const Allowance = 64 << 20

// maxError is the longest error in bytes; an error quotes parts of the file.
const maxError = 2000

// Read calls a reader of a file of size bytes and returns its error. The test fails where
// the error has several lines or more than 2000 bytes, and where the call allocated more
// than twice the file and the [Allowance]. All bytes allocated on the heap during the call
// count, also those already garbage at its end, so that the memory in use was never more.
func Read(t testing.TB, size int, read func() error) error {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := read()
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(2*size+Allowance); got > most {
		t.Errorf("%d bytes are allocated for a file of %d, allowed are %d", got, size, most)
	}
	if err != nil && len(err.Error()) > maxError {
		t.Errorf("the error has %d bytes, allowed are %d: %.40q", len(err.Error()), maxError, err)
	}
	if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("the error has several lines: %q", err)
	}
	return err
}
