// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package kernel

import (
	"slices"
	"testing"
)

// A memory holds the buffers of a test, between elements that are known. See that of
// Linux, which also finds reads.
type memory struct{ intact []func() bool }

// guard is the number of known elements on each side of a buffer.
const guard = 2 * Slack

func newMemory(testing.TB) *memory { return &memory{} }

func alloc[T byte | int8 | int32](m *memory, n int) []T {
	known := slices.Repeat([]T{0x5a}, guard)
	all := slices.Concat(known, make([]T, n), known)
	m.intact = append(m.intact, func() bool {
		return slices.Equal(all[:guard], known) && slices.Equal(all[guard+n:], known)
	})
	return all[guard:][:n:n]
}

// check fails where an element beside a buffer has changed.
func (m *memory) check(t testing.TB, what string) {
	for _, intact := range m.intact {
		if !intact() {
			t.Errorf("%s writes beside a buffer", what)
		}
	}
}
