// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"syscall"
	"testing"
	"unsafe"
)

// A memory holds the buffers of a test, each in pages of its own: behind its last
// element lies a page that faults, and the bytes before its first are known.
type memory struct {
	t     testing.TB
	pages []guarded
}

// A guarded buffer begins behind so many known bytes of its pages.
type guarded struct {
	pages []byte
	known int
}

const known = 0xa5

func newMemory(t testing.TB) *memory { return &memory{t: t} }

func alloc[T byte | int8 | int32](m *memory, n int) []T {
	m.t.Helper()
	page, size := syscall.Getpagesize(), n*int(unsafe.Sizeof(*new(T)))
	whole := (size + page - 1) / page * page
	pages, err := syscall.Mmap(-1, 0, whole+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err == nil {
		err = syscall.Mprotect(pages[whole:], syscall.PROT_NONE)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	before := whole - size
	for i := range before {
		pages[i] = known
	}
	m.pages = append(m.pages, guarded{pages, before})
	return unsafe.Slice((*T)(unsafe.Pointer(&pages[before])), n)
}

// check fails where a byte before a buffer has changed, and gives the memory back.
func (m *memory) check(t testing.TB, what string) {
	for _, g := range m.pages {
		for i, b := range g.pages[:g.known] {
			if b != known {
				t.Errorf("%s writes %d, %d bytes before a buffer", what, b, g.known-i)
				break
			}
		}
		if err := syscall.Munmap(g.pages); err != nil {
			t.Error(err)
		}
	}
}
