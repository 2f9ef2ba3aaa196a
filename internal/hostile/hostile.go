// SPDX-License-Identifier: Apache-2.0

// Package hostile checks the requirements that every reader of files must meet. A
// checkpoint, a picture or a profile may come from any source, be truncated, or be
// malicious. For any content a reader must return a value or a short error of one line.
// It must not panic, and it must allocate no more memory than the file's size
// justifies. A fuzz target calls its reader through [Read]:
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

// Allowance is the number of bytes that a reader may allocate in addition to twice the
// file.
const Allowance = 64 << 20

// maxError is the largest length of an error in bytes. An error may quote parts of the
// file.
const maxError = 2000

// Read calls a reader of a file of size bytes and returns its error. The test fails if
// the error has several lines or more than 2000 bytes. It also fails if the call
// allocated more than twice the file plus the [Allowance]. All bytes allocated on the
// heap during the call count, even if they are garbage at its end, so the memory in use
// was never more.
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
